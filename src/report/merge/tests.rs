use serde_json::{Value, json};

use super::*;

/// A report of `hostname` that found each `severity cause host`.
fn host(hostname: &str, found: &[&str], owners: &[Owner]) -> MergedHost {
    let endpoints: Vec<Value> = found
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let owner = if words[1].starts_with("tls") { "proxy" } else { "firewall" };
            json!({"entry": "relay", "host": words[2], "port": 443, "required": true,
                "status": words[0], "cause": words[1],
                "findings": [{"cause": words[1], "severity": words[0], "owner": owner,
                    "message": format!("seen from {hostname}")}]})
        })
        .collect();
    let text = json!({"schema": "pathproof.report/1", "endpoints": endpoints,
        "run": {"vantage": {"hostname": hostname}}});
    MergedHost::of(&format!("{hostname}.json"), &Report::read(&text.to_string()).unwrap(), owners)
}

fn groups(merged: &Merged) -> Vec<(Vec<&str>, Vec<String>)> {
    let shown = |seen: &SharedFinding| {
        format!("{} {} {}", seen.severity.as_str(), seen.cause, seen.endpoint.as_deref().unwrap())
    };
    let group = |group: &Group| group.findings.iter().map(shown).collect();
    let hosts = |group| -> Vec<&str> {
        let Group { hosts, .. }: &Group = group;
        hosts.iter().map(|host| &*host.hostname).collect()
    };
    merged.groups.iter().map(|one| (hosts(one), group(one))).collect::<Vec<_>>()
}

#[test]
fn hosts_with_the_same_findings_stand_together_and_the_rarest_first() {
    let both = ["fail tcp_timeout a", "warn tls_intercepted b"];
    let merged = Merged::of(
        vec![host("n3", &both[1..], &[]), host("n2", &both, &[]), host("n1", &both[1..], &[])],
        vec![],
    );
    let expected: Vec<(Vec<&str>, Vec<String>)> = vec![
        (vec!["n2"], vec!["fail tcp_timeout relay a:443".to_owned()]),
        (vec!["n1", "n3"], vec![]),
    ];
    assert_eq!(groups(&merged), expected);
    let common: Vec<_> = merged.common.iter().map(|seen| &*seen.cause).collect();
    assert_eq!(common, ["tls_intercepted"]);
    assert!(merged.is_violated());
}

#[test]
fn what_ends_with_which_code() {
    for (found, violated, unknown) in [
        (&[][..], false, false),
        (&["warn tls_intercepted a"], false, false),
        (&["unknown budget_spent a"], false, true),
        (&["unknown relay_gateway_unassigned a"], false, false),
        (&["fail tcp_timeout a"], true, false),
    ] {
        let merged = Merged::of(vec![host("n", found, &[]), host("m", &[], &[])], vec![]);
        assert_eq!((merged.is_violated(), merged.is_unknown()), (violated, unknown), "{found:?}");
    }
}

#[test]
fn an_owner_sees_what_is_theirs() {
    let found = ["fail tcp_timeout a", "warn tls_intercepted b"];
    let merged = Merged::of(
        vec![host("n", &found, &[Owner::Proxy]), host("m", &found[1..], &[Owner::Proxy])],
        vec![],
    );
    assert_eq!(groups(&merged), [(vec!["m", "n"], vec![])]);
    assert!(!merged.is_violated());
}

#[test]
fn the_table_says_what_differs_first() {
    let found = ["fail tcp_timeout a", "warn tls_intercepted b"];
    let hosts =
        vec![host("n1", &found[1..], &[]), host("n2", &found, &[]), host("n3", &found[1..], &[])];
    let unreadable = vec![Unreadable { file: "x.json".into(), error: "no report".into() }];
    let shown = table(&Merged::of(hosts, unreadable), &Style { width: 80, color: false });
    let expected = "\
FAIL    3 reports, 2 different sets of findings
        Not read: x.json

1 of 3: n2
  - fail relay a:443: tcp_timeout (firewall)

2 of 3: n1, n3
    nothing but what all of them share

Found by all of them
  - warn relay b:443: tls_intercepted (proxy)
";
    assert_eq!(shown, expected);
}

#[test]
fn hundreds_of_hosts_are_counted() {
    let mut hosts: Vec<MergedHost> = (0..299).map(|at| host(&format!("n{at}"), &[], &[])).collect();
    hosts.push(host("odd", &["fail tcp_timeout a"], &[]));
    let shown = table(&Merged::of(hosts, vec![]), &Style { width: 80, color: false });
    assert!(shown.contains("1 of 300: odd"), "{shown}");
    assert!(shown.contains("287 more") && shown.lines().count() < 20, "{shown}");
}

#[test]
fn the_json_is_one_object() {
    let merged = Merged::of(vec![host("n", &["fail tcp_timeout a"], &[])], vec![]);
    let mut bytes = Vec::new();
    merged.json(&mut bytes).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["schema"], "pathproof.merge/1");
    assert_eq!(value["common"][0]["cause"], "tcp_timeout");
    assert_eq!(value["groups"][0]["hosts"][0]["hostname"], "n");
}
