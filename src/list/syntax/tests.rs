use proptest::prelude::*;

use super::*;
use crate::model::Reach;

const SMALLEST: &str = "id = \"mine\"\n[[entry]]\nid = \"a\"\nhost = \"a.contoso.com\"\n";

#[test]
fn a_small_list_has_defaults() {
    let list = parse(SMALLEST, "mine.toml").unwrap();
    assert_eq!((list.id.as_str(), list.title.as_str(), list.cloud), ("mine", "mine", None));
    let entry = &list.entries[0];
    assert_eq!(
        (entry.kind, entry.ports.as_slice(), entry.required),
        (Kind::Https, &[443][..], true)
    );
    assert_eq!((entry.expect.reach, entry.expect.fingerprint), (Reach::Any, Fingerprint::None));
}

#[test]
fn every_field_is_read() {
    let text = r#"
        id = "mine"
        title = "Mine"
        cloud = "usgov"
        [[entry]]
        id = "relay"
        host = "*.servicebus.usgovcloudapi.net"
        ports = [443, 0x1BB8]
        kind = "relay"
        purpose = "for"
        required = false
        group = "extra"
        instead-of = "other"
        reach = "public"
        private-link-zones = ["privatelink.servicebus.usgovcloudapi.net"]
        service-domains = ["ServiceBus.usgovcloudapi.net"]
        service-tags = ["AzureCloud"]
        source = "a document"
        date = 2026-11-21
        note = "a note"
        [[entry]]
        id = "other"
        host = "10.0.0.1"
        kind = "tcp"
        ports = [8060]
    "#;
    let list = parse(text, "mine.toml").unwrap();
    assert_eq!((list.title.as_str(), list.cloud), ("Mine", Some(Cloud::UsGov)));
    let relay = list.entry("relay").unwrap();
    assert_eq!(
        relay,
        &ListEntry {
            id: "relay".into(),
            role: Role::Relay,
            host: HostPattern::parse("*.servicebus.usgovcloudapi.net").unwrap(),
            ports: vec![443, 7096],
            kind: Kind::Relay,
            purpose: "for".into(),
            required: false,
            group: Some("extra".into()),
            instead_of: Some("other".into()),
            expect: Expectation {
                reach: Reach::Public,
                private_zones: vec!["privatelink.servicebus.usgovcloudapi.net".into()],
                service_domains: vec!["servicebus.usgovcloudapi.net".into()],
                fingerprint: Fingerprint::RelayNamespace,
                service_tags: vec!["AzureCloud".into()],
            },
            source: "a document".into(),
            date: "2026-11-21".into(),
            note: "a note".into(),
        }
    );
    assert_eq!(list.groups(), ["extra"]);
}

#[test]
fn a_role_is_what_the_list_says_before_what_the_entry_speaks_of() {
    let role = |lines: &str| {
        let text = SMALLEST.replace("host = \"a.contoso.com\"", lines);
        let list = parse(&text, "mine.toml").unwrap_or_else(|errors| panic!("{errors}"));
        let entry = &list.entries[0];
        (entry.role, entry.expect.fingerprint)
    };
    let host = "host = \"*.servicebus.windows.net\"\nkind = \"relay\"";
    assert_eq!(role(host), (Role::Relay, Fingerprint::RelayNamespace));
    for (word, fingerprint) in
        [("other", Fingerprint::RelayNamespace), ("gateway", Fingerprint::None)]
    {
        let said = format!("{host}\nrole = \"{word}\"");
        assert_eq!(role(&said), (Role::parse(word).unwrap(), fingerprint), "{word}");
    }
    check(
        "host = \"a.contoso.com\"",
        "host = \"a.contoso.com\"\nrole = \"relais\"",
        "mine.toml:5:8: 'role' is 'relais' (did you mean 'relay'?); expected one of relay, \
         gateway, control, frontend, download, peer, data-store, key-vault, login, revocation, \
         portal, other",
    );
}

/// `replace` in the smallest list, and the one error that this must give.
fn check(find: &str, replace: &str, expected: &str) {
    assert!(SMALLEST.contains(find), "{find}");
    let text = SMALLEST.replace(find, replace);
    let errors = parse(&text, "mine.toml").expect_err(replace);
    assert_eq!(errors.to_string(), expected, "{replace}");
}

#[test]
fn errors_name_place_and_expectation() {
    const HOST: &str = "host = \"a.contoso.com\"";
    let with = |line: &str, expected: &str| {
        check(HOST, &format!("{HOST}\n{line}"), &format!("mine.toml:5:{expected}"));
    };
    check("id = \"mine\"\n", "", "mine.toml:1:1: the list has no 'id'");
    check(
        "[[entry]]",
        "[[entry]]\n[[entry]]",
        concat!("mine.toml:2:1: the entry has no 'id'\n", "mine.toml:2:1: the entry has no 'host'"),
    );
    check(
        HOST,
        "host = \"a b\"",
        concat!(
            "mine.toml:4:8: 'host' is 'a b'; expected a name, a *.wildcard or a {template}: ",
            "'a b' holds ' ', which no host name may hold"
        ),
    );
    check(
        "\"a\"",
        "\"A\"",
        "mine.toml:3:6: 'id' is 'A'; expected lower-case letters, digits and hyphens",
    );
    check(
        "\"a\"",
        "\"peer\"",
        concat!(
            "mine.toml:3:6: 'id' is 'peer'; ",
            "expected an id that is not reserved for endpoints of no list"
        ),
    );
    check("\"a\"", "1", "mine.toml:3:6: 'id' is of type integer; expected a string");
    with(
        "kind = \"htpps\"",
        concat!(
            "8: 'kind' is 'htpps' (did you mean 'https'?); ",
            "expected one of https, relay, tls, tds, http, tcp"
        ),
    );
    with("ports = 443", "9: 'ports' is of type integer; expected an array of ports, as [443]");
    with("ports = [443, 0]", "15: 'ports' is 0; expected ports from 1 to 65535");
    with("ports = [65536]", "10: 'ports' is 65536; expected ports from 1 to 65535");
    with("ports = [-1]", "10: 'ports' is -1; expected ports from 1 to 65535");
    with("ports = [1, 1]", "13: 'ports' is 1; expected each port once");
    with("ports = []", "9: 'ports' is empty; expected at least one port");
    with(
        "ports = [\"443\"]",
        "10: 'ports' is of type string; expected an array of ports, as [443]",
    );
    with("required = \"yes\"", "12: 'required' is of type string; expected true or false");
    with("reach = \"private\"", "9: 'reach' is 'private'; expected one of any, public");
    with(
        "date = \"2026-11-21\"",
        "8: 'date' is of type string; expected a date without quotes, as 2026-11-21",
    );
    with("service-tags = [\" \"]", "17: 'service-tags' is an empty string; expected some text");
    with(
        "instead-of = \"b\"",
        "14: 'instead-of' is 'b'; expected the id of another entry of this list",
    );
    with(
        "fingerprint = \"relay-namespace\"",
        "15: 'fingerprint' is 'relay-namespace'; expected none, as the entry's kind is not relay",
    );
}

#[test]
fn what_only_whole_files_get_wrong() {
    for (text, expected) in [
        ("", "l:1:1: the list has no 'id'\nl:1:1: the list has no 'entry'"),
        ("id = \"x\"\nentry = []", "l:2:9: 'entry' is of type array; expected [[entry]] tables"),
        ("id = \"x\"\n[entry]", "l:2:1: 'entry' is of type table; expected [[entry]] tables"),
        ("{\"json\": 1}", "l:1:1: not TOML"),
        ("id = \"x", "l:1:8: not TOML"),
        ("id = \"x\"\nid = \"y\"", "l:2:1: not TOML"),
    ] {
        let message = parse(text, "l").unwrap_err().to_string();
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}

#[test]
fn all_errors_of_a_file_come_at_once() {
    let text = "
id = \"mine\"
[[entry]]
id = \"a\"
hots = \"a.contoso.com\"
kind = \"tcp\"
[[entry]]
id = \"b\"
host = \"b.contoso.com\"
[[entry]]
id = \"b\"
host = \"b.contoso.com\"
";
    assert_eq!(
        parse(text, "l").unwrap_err().to_string().lines().collect::<Vec<_>>(),
        [
            "l:3:1: the entry has no 'host'",
            "l:3:1: the entry has no 'ports'",
            concat!(
                "l:5:1: unknown key 'hots' (did you mean 'host'?); expected one of id, role, host, ports, ",
                "kind, purpose, required, group, instead-of, reach, fingerprint, ",
                "private-link-zones, service-domains, service-tags, source, date, note"
            ),
            "l:11:6: the id 'b' stands already on line 8",
            "l:11:6: b.contoso.com port 443 stands already on line 8",
        ]
    );
}

#[test]
fn thousands_of_errors_are_cut() {
    let text = format!("id = \"x\"\n{}", "[[entry]]\n".repeat(10_000));
    let errors = parse(&text, "l").unwrap_err();
    assert_eq!((errors.errors.len(), errors.n_more), (50, 19_950));
    assert!(errors.to_string().ends_with("\nand 19950 more"));
}

#[test]
fn deep_nesting_and_size_are_refused() {
    let deep = format!("id = {}", "[".repeat(100_000));
    assert!(parse(&deep, "l").is_err());
    let large = " ".repeat(MAX_LIST_BYTES + 1);
    assert_eq!(parse(&large, "l").unwrap_err().errors[0].problem, ListProblem::TooLarge);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        let _ = parse(&text, "l");
    }

    #[test]
    fn no_list_like_text_makes_it_panic(
        lines in prop::collection::vec(
            "(id|host|kind|ports|date|reach|entry|group) = \
             (\"\\PC{0,9}\"|\\[[0-9, ]{0,9}\\]|[-0-9.:]{1,9}|true)|\\[\\[?entry\\]?\\]",
            0..12,
        ),
    ) {
        if let Ok(list) = parse(&lines.join("\n"), "l") {
            prop_assert!(!list.entries.is_empty());
            prop_assert!(list.entries.iter().all(|entry| !entry.ports.contains(&0)));
        }
    }
}
