use proptest::prelude::*;

use super::*;
use crate::model::classify;

fn set(texts: &[&str]) -> AddressSet {
    texts.iter().map(|text| AddressSet::parse(text).unwrap()).collect::<Vec<_>>().iter().collect()
}

#[test]
fn texts_are_read_as_people_write_them() {
    for (text, prefixes) in [
        ("13.66.60.119", &["13.66.60.119/32"][..]),
        (" 13.66.60.119/24 ", &["13.66.60.0/24"]),
        ("10.0.0.1-10.0.0.4", &["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"]),
        ("::ffff:10.0.0.1", &["10.0.0.1/32"]),
        ("2603:1030::/32", &["2603:1030::/32"]),
        ("0.0.0.0/0", &["0.0.0.0/0"]),
        ("::/0", &["::/0"]),
    ] {
        let read: Vec<_> =
            AddressSet::parse(text).unwrap().prefixes().iter().map(ToString::to_string).collect();
        assert_eq!(read, prefixes, "{text}");
    }
    for text in ["", "10.0.0.4-10.0.0.1", "10.0.0.1-::1", "10.0.0.0/33", "Internet", "10.0.0"] {
        let error = AddressSet::parse(text).unwrap_err();
        assert!(error.to_string().contains("expected"), "{text}: {error}");
    }
}

#[test]
fn every_prefix_of_the_tables_is_read() {
    for table in [PRIVATE, PUBLIC_V6, NOT_ROUTABLE] {
        for text in table {
            assert_eq!(text.parse::<IpNet>().unwrap().trunc().to_string(), *text);
        }
    }
}

/// Both say the same on each side of each border of each class.
#[test]
fn classes_agree_with_classify_at_every_border() {
    let classes = [AddressClass::Private, AddressClass::Public, AddressClass::NotRoutable];
    for class in classes {
        let held = AddressSet::of_class(class);
        for other in classes {
            let border = AddressSet::of_class(other);
            let v4 = border.v4().runs().iter().flat_map(|(first, last)| {
                [*first, *last].map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
            });
            let v6 = border.v6().runs().iter().flat_map(|(first, last)| {
                [*first, *last].map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
            });
            for address in v4.chain(v6) {
                assert_eq!(held.contains(address), classify(address) == class, "{address}");
            }
        }
    }
    let all: AddressSet = classes.map(AddressSet::of_class).iter().collect();
    assert!(all.is_everything());
}

#[test]
fn counts_keep_the_families_apart() {
    for (texts, expected) in [
        (&["0.0.0.0/0"][..], "4,294,967,296"),
        (&["10.0.0.1", "10.0.0.1/32"], "1"),
        (&["2603:1030::/32"], "about 2^96 IPv6"),
        (&["10.0.0.0/22", "2603:1030::1"], "1,024 IPv4 and 1 IPv6"),
        (&["::/0"], "about 2^128 IPv6"),
        (&[], "0"),
    ] {
        assert_eq!(set(texts).count().to_string(), expected, "{texts:?}");
    }
}

#[test]
fn widening_takes_what_lies_around_and_leaves_what_is_wide() {
    let wide = set(&["13.66.60.119", "13.66.61.1", "20.0.0.0/8", "2603:1030::1"]).widened(24);
    assert_eq!(wide, set(&["13.66.60.0/23", "20.0.0.0/8", "2603:1030::1"]));
    assert_eq!(set(&["1.2.3.4"]).widened(0), set(&["0.0.0.0/0"]));
    assert_eq!(set(&["1.2.3.4"]).widened(32), set(&["1.2.3.4"]));
}

proptest! {
    #[test]
    fn parsing_never_panics(text in ".{0,60}") {
        let _ = AddressSet::parse(&text);
    }

    /// Prefixes hold the very set, are the fewest, and are aligned.
    #[test]
    fn prefixes_hold_the_exact_set(
        v4 in proptest::collection::vec((any::<u32>(), 0_u32..5000), 0..20),
        v6 in proptest::collection::vec((any::<u128>(), any::<u64>()), 0..5),
    ) {
        let set = AddressSet::from_ranges(
            v4.iter().map(|(first, more)| (*first, first.saturating_add(*more))).collect(),
            v6.iter().map(|(first, more)| (*first, first.saturating_add((*more).into()))).collect(),
        );
        let prefixes = set.prefixes();
        prop_assert_eq!(&prefixes.iter().copied().collect::<AddressSet>(), &set);
        prop_assert!(prefixes.iter().all(|net| net.addr() == net.network()));
        prop_assert_eq!(IpNet::aggregate(&prefixes).len(), prefixes.len());
    }
}
