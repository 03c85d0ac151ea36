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

/// Whoever has nothing to do is not told that all is well.
#[test]
fn what_an_owner_is_not_shown_is_counted() {
    let of = |found: &[&str], owners: &[Owner]| {
        Merged::of(vec![host("n", found, owners), host("m", &[], owners)], vec![])
    };
    let found = ["fail tcp_timeout a", "warn tls_intercepted b"];
    for (found, owners, expected) in [
        (
            &found[..1],
            &[Owner::Proxy][..],
            (
                Status::Warn,
                "Nothing for the proxy team in 2 reports, all with the same findings; 1 finding \
                 of other teams on 1 host is left out",
            ),
        ),
        (
            &found,
            &[Owner::Proxy],
            (
                Status::Warn,
                "For the proxy team: 2 reports, 2 different sets of findings; 1 finding of other \
                 teams on 1 host is left out",
            ),
        ),
        (&[], &[Owner::Proxy], (Status::Pass, "2 reports, all with the same findings")),
        (&found[..1], &[], (Status::Fail, "2 reports, 2 different sets of findings")),
    ] {
        let (status, words) = of(found, owners).headline();
        assert_eq!((status, &*words), expected);
    }
    let json = |owners: &[Owner]| {
        let mut bytes = Vec::new();
        of(&found, owners).json(&mut bytes).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["only"].clone()
    };
    let left_out = json!({"hosts": 1, "findings": 1});
    assert_eq!(json(&[Owner::Proxy]), json!({"owners": ["proxy"], "left_out": left_out}));
    assert_eq!(json(&[]), Value::Null);
}

#[test]
fn reports_of_different_times_are_said_to_be_that() {
    let at = |hostname: &str, time: &str| {
        let report = json!({"schema": "pathproof.report/1", "endpoints": [],
            "run": {"started_at": time, "vantage": {"hostname": hostname}}});
        let report = Report::read(&report.to_string()).unwrap();
        MergedHost::of(&format!("{hostname}.json"), &report, &[])
    };
    let notes = |times: &[&str]| {
        let hosts = times.iter().enumerate().map(|(number, time)| at(&format!("n{number}"), time));
        Merged::of(hosts.collect(), vec![]).at("2026-03-02T18:00:00Z".parse().unwrap()).notes()
    };
    assert_eq!(notes(&["2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"]), [""; 0]);
    assert_eq!(
        notes(&["2026-03-02T12:00:00Z", "2025-01-01T00:00:00Z"]),
        ["The reports were not made at one time: that of n1 is of 2025-01-01 00:00:00 UTC, that \
          of n0 of 2026-03-02 12:00:00 UTC. What is said of a host was so when it was measured, \
          and need not be so now."]
    );
    // One host whose clock was wrong hides what it measured since.
    let hidden = vec![at("a", "2026-03-02T12:00:00Z"), at("a", "2099-01-01T00:00:00Z")];
    let merged = Merged::of(hidden, vec![]).at("2026-03-02T18:00:00Z".parse().unwrap());
    assert_eq!(
        merged.notes()[1],
        "By the clock of this computer 1 report was made in the future: a.json (2099-01-01 \
         00:00:00 UTC). A wrong clock hides reports of the same host that are newer; see which \
         were left out."
    );
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
