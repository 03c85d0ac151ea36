use proptest::prelude::*;

use super::*;
use crate::tags::diff;

fn file(tags: &[(&str, &[&str])]) -> String {
    let values: Vec<_> = tags
        .iter()
        .map(|(name, prefixes)| {
            serde_json::json!({"name": name, "id": name, "properties": {
                "changeNumber": 7, "region": "", "regionId": 0, "platform": "Azure",
                "systemService": "", "addressPrefixes": prefixes, "networkFeatures": ["NSG"],
            }})
        })
        .collect();
    serde_json::json!({"changeNumber": 376, "cloud": "Public", "values": values}).to_string()
}

fn names(tags: &ServiceTags, address: &str) -> Vec<String> {
    let ids = tags.holding(address.parse().unwrap());
    ids.iter().map(|id| tags.get(*id).unwrap().name.clone()).collect()
}

const NESTED: &[(&str, &[&str])] = &[
    ("AzureCloud", &["13.64.0.0/11", "2603:1030::/32", "0.0.0.0/8"]),
    ("AzureCloud.westeurope", &["13.69.0.0/17"]),
    ("Storage.WestEurope", &["13.69.40.16/28", "255.255.255.255/32"]),
];

#[test]
fn an_address_is_held_by_every_tag_around_it() {
    let tags = ServiceTags::parse(file(NESTED).as_bytes()).unwrap();
    for (address, expected) in [
        ("13.69.40.17", &["AzureCloud", "AzureCloud.westeurope", "Storage.WestEurope"][..]),
        ("13.69.40.15", &["AzureCloud", "AzureCloud.westeurope"]),
        ("13.69.40.32", &["AzureCloud", "AzureCloud.westeurope"]),
        ("13.69.128.0", &["AzureCloud"]),
        ("13.95.255.255", &["AzureCloud"]),
        ("13.96.0.0", &[]),
        ("0.0.0.0", &["AzureCloud"]),
        ("1.0.0.0", &[]),
        ("255.255.255.255", &["Storage.WestEurope"]),
        ("255.255.255.254", &[]),
        ("2603:1030::1", &["AzureCloud"]),
        ("2603:1031::", &[]),
        ("::ffff:13.69.40.17", &["AzureCloud", "AzureCloud.westeurope", "Storage.WestEurope"]),
    ] {
        assert_eq!(names(&tags, address), expected, "{address}");
    }
}

#[test]
fn names_are_found_whatever_their_case() {
    let tags = ServiceTags::parse(file(NESTED).as_bytes()).unwrap();
    assert_eq!(tags.tag("azurecloud.WestEurope").unwrap().name, "AzureCloud.westeurope");
    assert!(tags.tag("AzureCloud.mars").is_none());
}

#[test]
fn line_ends_marks_and_the_discovery_api_are_read() {
    let text = file(NESTED);
    let crlf =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&text).unwrap())
            .unwrap()
            .replace('\n', "\r\n");
    let discovery = text.replace("\"changeNumber\":376", "\"changeNumber\":\"376\"");
    for text in [crlf, format!("\u{feff}{text}"), discovery] {
        let tags = ServiceTags::parse(text.as_bytes()).unwrap();
        assert_eq!((tags.change_number(), tags.tags().len()), (376, 3));
    }
}

#[test]
fn what_is_no_tag_file_is_refused_with_its_position() {
    let good = file(NESTED);
    for (text, expected) in [
        ("", "line 1 column 0"),
        ("[]", "expected"),
        ("{\"cloud\": \"Public\", \"values\": []}", "no tags"),
        (&good[..good.len() / 2], "line 1 column"),
        (
            &good.replace("13.64.0.0/11", "13.64.0.0/40"),
            "\"13.64.0.0/40\", expected an address prefix",
        ),
        (
            &good.replace("\"changeNumber\":376", "\"changeNumber\":\"x\""),
            "expected a change number",
        ),
        (&good.replace("Storage.WestEurope", "azurecloud"), "values[0] and as values[2]"),
    ] {
        let error = ServiceTags::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn coverage_names_the_narrowest_tag_first() {
    let tags = ServiceTags::parse(file(NESTED).as_bytes()).unwrap();
    let asked = ["13.69.40.17", "13.69.0.1"].map(|text| AddressSet::parse(text).unwrap());
    let coverage = tags.coverage(&asked.iter().collect());
    let seen: Vec<_> =
        coverage.iter().map(|c| (c.tag.name.as_str(), c.covered.count().v4)).collect();
    assert_eq!(seen, [("AzureCloud.westeurope", 2), ("AzureCloud", 2), ("Storage.WestEurope", 1)]);
}

#[test]
fn a_diff_names_tags_and_prefixes_and_measures_addresses() {
    let old = ServiceTags::parse(file(NESTED).as_bytes()).unwrap();
    let new = ServiceTags::parse(
        file(&[
            ("azurecloud", &["13.64.0.0/12", "13.80.0.0/12", "2603:1030::/32"]),
            ("AzureCloud.westeurope", &["13.69.0.0/17"]),
            ("Sql", &["20.0.0.0/24"]),
        ])
        .as_bytes(),
    )
    .unwrap();
    let seen = diff(&old, &new);
    assert_eq!(seen.added[0].name, "Sql");
    assert_eq!(seen.removed[0].name, "Storage.WestEurope");
    let [change] = &seen.changed[..] else { panic!("{:?}", seen.changed) };
    let prefixes = |nets: &[IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(prefixes(&change.prefixes_added), ["13.64.0.0/12", "13.80.0.0/12"]);
    assert_eq!(prefixes(&change.prefixes_removed), ["0.0.0.0/8", "13.64.0.0/11"]);
    // One was only split: nothing is new, and 0.0.0.0/8 is gone.
    assert!(change.addresses_added.is_empty());
    assert_eq!(change.addresses_removed.count().v4, 1 << 24);
    assert!(diff(&new, &new).is_empty());
}

#[test]
fn microsofts_file_is_read_whole() {
    let bytes = include_bytes!("../../../tests/data/service-tags/public-2025-11-17.json");
    let tags = ServiceTags::parse(bytes).unwrap();
    assert_eq!((tags.tags().len(), tags.change_number(), tags.cloud()), (155, 376, "Public"));
    assert_eq!(tags.tags().iter().map(|tag| tag.prefixes.len()).sum::<usize>(), 574);
    // facts.md, section 0: a frontend's address, in both tags of the control plane.
    let held = names(&tags, "40.78.229.99");
    for tag in ["AzureCloud", "AzureCloud.eastus", "DataFactory.EastUS", "DataFactoryManagement"] {
        assert!(held.iter().any(|name| name == tag), "{tag}: {held:?}");
    }
    // The index agrees with the sets at the borders of every third run.
    for tag in tags.tags() {
        for (first, last) in tag.addresses.v4().runs().iter().step_by(3) {
            for bits in [first.saturating_sub(1), *first, *last, last.saturating_add(1)] {
                let address = IpAddr::V4(bits.into());
                let expected: Vec<_> = tags
                    .tags()
                    .iter()
                    .enumerate()
                    .filter(|(_, tag)| tag.addresses.contains(address))
                    .map(|(index, _)| index)
                    .collect();
                let held: Vec<_> = tags.holding(address).iter().map(|id| id.index()).collect();
                assert_eq!(held, expected, "{address}");
            }
        }
    }
}

#[test]
fn two_releases_can_differ_in_the_number_alone() {
    let old = include_bytes!("../../../tests/data/service-tags/public-2025-10-27.json");
    let new = include_bytes!("../../../tests/data/service-tags/public-2025-10-28.json");
    let (old, new) = (ServiceTags::parse(old).unwrap(), ServiceTags::parse(new).unwrap());
    assert!(old.change_number() < new.change_number());
    assert!(diff(&old, &new).is_empty());
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = ServiceTags::parse(&bytes);
    }

    /// The index agrees with asking every tag.
    #[test]
    fn the_index_agrees_with_the_sets(
        prefixes in proptest::collection::vec((0_u8..4, 0_u32..64, 26_u8..=32), 0..24),
        asked in proptest::collection::vec(0_u32..70, 8),
    ) {
        let tags = (0..4)
            .map(|tag| {
                let prefixes: Vec<IpNet> = prefixes
                    .iter()
                    .filter(|(of, ..)| *of == tag)
                    .map(|(_, bits, length)| format!("0.0.0.{bits}/{length}").parse().unwrap())
                    .collect();
                ServiceTag {
                    name: format!("Tag{tag}"),
                    change_number: 1,
                    region: String::new(),
                    system_service: String::new(),
                    addresses: prefixes.iter().copied().collect(),
                    prefixes,
                }
            })
            .collect();
        let tags = ServiceTags::new("Public".to_owned(), 1, tags).unwrap();
        for bits in asked {
            let address = IpAddr::V4(bits.into());
            let held: Vec<_> = tags.holding(address).iter().map(|id| id.index()).collect();
            let expected: Vec<_> =
                (0..4).filter(|index| tags.tags()[*index].addresses.contains(address)).collect();
            prop_assert_eq!(held, expected);
        }
    }
}
