//! `--expect`: what rules predict beside what was measured.

use std::path::Path;

use serde_json::{Value, json};

use super::handouts::{EVIL, read_markdown};
use super::{Folder, rule, run, shown};

fn records(case: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case);
    shown(&folder.join("records.jsonl")).to_owned()
}

fn group(rules: &[Value]) -> String {
    json!({"name": "nsg", "securityRules": rules}).to_string()
}

/// `host address agreement by RULE` of every flow of a replayed report.
fn agreements(case: &str, arguments: &[&str]) -> Vec<String> {
    let records = records(case);
    let all = [&["replay", &records, "--format", "json"], arguments].concat();
    let ended = run(&all);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    assert!(crate::schema::faults(&report).is_empty(), "{:?}", crate::schema::faults(&report));
    let endpoints = report["endpoints"].as_array().unwrap();
    let of_endpoint = |endpoint: &Value| {
        let host = endpoint["host"].as_str().unwrap().to_owned();
        let flows = endpoint["expected"].as_array().cloned().unwrap_or_default();
        flows.into_iter().map(move |flow| {
            let text = |key: &str| flow[key].as_str().unwrap_or("-").to_owned();
            let (first, _) = host.split_once('.').unwrap_or((&host, ""));
            format!("{first} {} {} {}", text("address"), text("agreement"), text("rule"))
        })
    };
    endpoints.iter().flat_map(of_endpoint).collect()
}

#[test]
fn each_endpoint_says_whether_rules_and_measurement_agree() {
    let folder = Folder::new();
    let relay = rule("relay", 100, "Allow", "40.112.72.0/24", "443");
    let deny = rule("deny", 4000, "Deny", "*", "*");
    let rules = folder.put("nsg.json", group(&[relay.clone(), deny.clone()]));
    assert_eq!(
        agreements("gateways", &["--expect", &rules]),
        [
            "amsprodwe 40.112.72.101 works_as_predicted relay",
            "g0-prod-am3-010-sb 40.112.72.101 works_as_predicted relay",
            // Its lookup failed: its address is not known. Those not in use have no flow.
            "g3-prod-am3-010-sb - unknown relay",
            "g4-prod-am3-010-sb 40.112.72.104 blocked_although_allowed relay",
            "g6-prod-am3-010-sb 40.112.72.106 blocked_although_allowed relay",
            "contoso-adf 40.74.24.70 works_although_denied deny",
            "download 23.38.106.11 works_although_denied deny",
        ]
    );
    // Several are in a row: one that denies decides.
    let strict = rule("strict", 100, "Deny", "40.112.72.104", "*");
    let second = folder.put("nic.json", group(&[strict]));
    let row = agreements("gateways", &["--expect", &rules, "--expect", &second]);
    assert!(
        row.contains(&"g4-prod-am3-010-sb 40.112.72.104 blocked_as_predicted strict".to_owned()),
        "{row:?}"
    );
    // A proxied name needs its proxy, and no more.
    let proxy = rule("proxy", 100, "Allow", "10.0.0.8", "3128");
    let rules = folder.put("proxy.json", group(&[proxy, deny]));
    assert_eq!(
        agreements("proxy-healthy", &["--expect", &rules, "--vnet", "10.0.0.0/8"]),
        [
            "amsprodwe 10.0.0.8 works_as_predicted proxy",
            "contoso-adf 10.10.2.4 works_although_denied deny",
            "download 10.0.0.8 works_as_predicted proxy",
        ]
    );
    // What this host's own policy denied never met these rules.
    let rules = folder.put("all.json", group(&[relay]));
    let all = agreements("tcp-failures", &["--expect", &rules]);
    assert!(all.contains(&"denied 40.112.72.101 unknown relay".to_owned()), "{all:?}");
    assert!(all.contains(&"kernel 40.112.72.101 blocked_although_allowed relay".to_owned()));
    assert_eq!(agreements("gateways", &[]), [""; 0]);
}

/// An appliance that applies names accepts a connection before it reads the name.
#[test]
fn a_list_of_names_is_held_against_the_handshake() {
    let folder = Folder::new();
    let names = folder.put("names.txt", "*.datafactory.azure.net\ndownload.microsoft.com\n");
    let all = agreements("tcp-middlebox", &["--expect", &names]);
    assert!(
        all.iter().any(|own| own.starts_with("amsprodwe 40.112.72.101 blocked_as_predicted")),
        "{all:?}"
    );
    assert!(all.iter().any(|own| own.starts_with("contoso-adf 40.74.24.70 works_as_predicted")));
    // Behind a proxy, the proxy's list is asked for the name itself.
    let all = agreements("proxy-healthy", &["--expect", &names]);
    assert!(all.iter().any(|own| own.starts_with("amsprodwe - works_although_denied")), "{all:?}");
}

#[test]
fn every_format_for_people_shows_what_differs() {
    let folder = Folder::new();
    let relay = rule(EVIL, 100, "Allow", "40.112.72.0/24", "443");
    let rules = folder.put("nsg.json", group(&[relay, rule("deny", 4000, "Deny", "*", "*")]));
    let shown = |format: &str| {
        run(&["replay", &records("gateways"), "--quiet", "--format", format, "--expect", &rules])
    };
    let table = shown("table");
    // The exit code is that of the report without rules.
    let without = run(&["replay", &records("gateways"), "--quiet"]);
    assert_eq!(table.code, without.code);
    for words in [
        "Rules beside what was measured",
        "Blocked although allowed: look beyond these rules",
        "Works although denied: another rule set is in force",
        "2 flows blocked although allowed, 2 flows working although denied, 1 flow",
    ] {
        assert!(table.stdout.contains(words), "no {words:?} in\n{}", table.stdout);
    }
    // What is not known is named as such; a measurement that is not there is a reason.
    let words_in_order = table.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words_in_order.contains("of nsg, for want of the address of the flow's name"),
        "{words_in_order}"
    );
    assert!(!without.stdout.contains("Rules beside"));
    let markdown = shown("markdown").stdout;
    assert!(markdown.contains("### Works although denied: another rule set is in force"));
    read_markdown(&markdown);
    let html = shown("html").stdout;
    assert!(html.contains("<section id=\"rules\">") && !html.contains("<script>alert"));
}

#[test]
fn what_cannot_be_held_against_a_run_is_refused() {
    let folder = Folder::new();
    let records = records("gateways");
    let rules = folder.put("main.bicep", "param a string");
    run(&["replay", &records, "--expect", &rules]).refuses(&["az bicep build"]);
    run(&["replay", &records, "--expect", &rules, "--redact"]).refuses(&["--redact"]);
    run(&["replay", &records, "--vnet", "10.0.0.0/8"]).refuses(&["--expect"]);
    // A saved report is redacted with its rules.
    let rules = folder.put("nsg.json", group(&[rule("contoso-rule", 100, "Deny", "*", "*")]));
    let saved = run(&["replay", &records, "--expect", &rules, "--format", "json"]).stdout;
    let saved = folder.put("run.json", saved);
    let redacted = run(&["report", "render", &saved, "--redact", "--format", "json"]).stdout;
    assert!(redacted.contains("works_although_denied"), "{redacted}");
    assert!(!redacted.contains("contoso-rule"), "{redacted}");
}
