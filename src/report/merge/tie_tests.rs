//! Which team is named, and by which command the parts of a tie are told apart.

use serde_json::json;

use super::failure_tests::{Host, SERVFAIL, SILENT, hosts, merged, report, said, shown};
use super::*;

/// The sentences in one line, as they are wrapped for a terminal.
fn words(merged: &Merged) -> String {
    shown(merged).replace("\n    ", " ")
}

#[track_caller]
fn says(merged: &Merged, expected: &[&str]) {
    let words = words(merged);
    for expected in expected {
        assert!(words.contains(expected), "{expected:?} in {}", shown(merged));
    }
}

/// Five sites of eight hosts, each with a name server and a subnet of its own.
fn sites(change: impl Fn(usize, &mut Host)) -> Vec<Host> {
    const RESOLVERS: [&str; 5] = ["10.0.0.53", "10.1.0.53", "10.2.0.53", "10.3.0.53", "10.4.0.53"];
    hosts(40, |number, host| {
        let site = number % 5;
        host.resolver = RESOLVERS[site];
        host.source = format!("10.{site}.0.{}", 10 + number / 5);
        change(site, host);
    })
}

#[test]
fn a_name_server_that_answers_like_all_others_is_not_to_blame() {
    let merged = merged(&sites(|site, host| {
        if site == 4 {
            host.found = vec![("relay", SILENT)];
        }
    }));
    assert_eq!(said(&merged), ["Explained [relay tcp_timeout 8/32]: 10.4.0.0/24 8/0"]);
    says(&merged, &["Who can fix it: Firewall team."]);
    assert!(!words(&merged).contains("--resolver"), "{}", shown(&merged));
}

#[test]
fn a_name_server_that_answers_otherwise_may_be_to_blame() {
    // One of them works by chance, and at the wrong address.
    let merged = merged(&hosts(40, |number, host| {
        if number < 8 {
            host.resolver = "10.0.0.54";
            host.address = "40.99.0.9";
        }
        if number < 7 {
            host.found = vec![("relay", SILENT)];
        }
    }));
    let expected = "Explained [relay tcp_timeout 7/33]: 40.99.0.9 7/1 = 10.0.0.54 7/1";
    assert_eq!(said(&merged), [expected]);
    says(
        &merged,
        &[
            "Who can fix it: Firewall team, or DNS team.",
            "If it is the resolver 10.0.0.54, this passes on n00, which fails now:",
            "--resolver 10.0.0.53",
            "If it is the resolver 10.0.0.54, this fails on n08, which works now:",
        ],
    );
}

/// Who goes by a proxy asks no name server and shows nothing of them.
#[test]
fn a_direct_way_that_is_blocked_is_not_the_name_servers_fault() {
    let merged = merged(&hosts(26, |number, host| {
        if number < 6 {
            host.found = vec![("relay", SILENT)];
        } else {
            host.proxy = Some("http://proxy.corp.example:3128");
        }
    }));
    let alternatives = &merged.failures[0].parts[0].alternatives;
    assert_eq!(alternatives[0].part.value, "direct");
    assert!(alternatives.iter().all(|one| one.part.kind != PartKind::Resolver), "{alternatives:?}");
    let check = "pathproof check --endpoint relay://ns.servicebus.windows.net:443";
    says(
        &merged,
        &[
            "Who can fix it: Firewall team.",
            "If it is the direct way, this passes on n00, which fails now:",
            &format!("{check} --proxy http://proxy.corp.example:3128"),
            "If it is the direct way, this fails on n06, which works now:",
            &format!("{check} --proxy none"),
        ],
    );
}

#[test]
fn what_is_near_and_what_is_far_is_told_by_a_host_that_works() {
    let merged = merged(&hosts(40, |number, host| {
        if number < 8 {
            host.source = format!("10.60.0.{number}");
            host.address = "40.99.0.9";
            host.found = vec![("relay", SILENT)];
        }
    }));
    let expected = "Explained [relay tcp_timeout 8/32]: 40.99.0.9 8/0 = 10.60.0.0/24 8/0";
    assert_eq!(said(&merged), [expected]);
    says(&merged, &["If it is the way to 40.99.0.9, this fails too on n08, which works now:"]);
    assert_eq!(merged.failures[0].tests.len(), 1);
}

#[test]
fn every_team_of_a_tie_is_named() {
    let tie = |cause: &'static str| {
        merged(&sites(|site, host| {
            if site == 4 {
                host.found = vec![("relay", Some((cause, "dns")))];
            }
        }))
    };
    // Silence may be of the server or of the way to it; an answer is the server's.
    says(&tie("dns_timeout"), &["Who can fix it: DNS team, or Firewall team."]);
    says(&tie("dns_servfail"), &["Who can fix it: DNS team."]);
    let json = serde_json::to_value(tie("dns_timeout").failures).unwrap();
    let owner = |at: usize| json[0]["parts"][0]["alternatives"][at]["owner"].clone();
    assert_eq!((owner(0), owner(1)), (json!("dns"), json!("firewall")));
}

/// A site behind an inspecting proxy: its certificates come first, not its subnet, whoever owns it.
#[test]
fn what_the_cause_speaks_of_comes_first() {
    let read = |host: &Host| {
        let mut report = report(host);
        let issuer = if host.number < 8 { "CN=Inspection" } else { "CN=Azure" };
        report["endpoints"][0]["trails"] = json!([{"route": "direct", "steps": [
            {"step": "tls", "outcome": "ok", "detail": {"chain": [
                {"subject": "CN=x", "issuer": issuer, "sha256": "0".repeat(64)}]}}]}]);
        MergedHost::of(
            &format!("{}.json", host.number),
            &Report::read(&report.to_string()).unwrap(),
            &[],
        )
    };
    let all = hosts(40, |number, host| {
        if number < 8 {
            host.source = format!("10.60.0.{number}");
            host.found = vec![("relay", Some(("tls_untrusted", "host")))];
        }
    });
    let merged = Merged::of(all.iter().map(read).collect(), vec![]);
    assert_eq!(
        said(&merged),
        ["Explained [relay tls_untrusted 8/32]: CN=Inspection 8/0 = 10.60.0.0/24 8/0"]
    );
}

/// Every host has a relay that fails and one that works.
#[test]
fn hosts_that_fail_and_work_are_spoken_of_by_their_endpoints() {
    let read = |host: &Host| {
        let mut both = report(host);
        let mut other = both["endpoints"][0].clone();
        other["host"] = json!("b.servicebus.windows.net");
        other["lookups"][0]["addresses"] = json!(["40.2.2.2"]);
        other["status"] = json!("pass");
        other["findings"] = json!([]);
        both["endpoints"].as_array_mut().unwrap().push(other);
        let report = Report::read(&both.to_string()).unwrap();
        MergedHost::of(&format!("{}.json", host.number), &report, &[])
    };
    let all = hosts(8, |_, host| host.found = vec![("relay", SILENT)]);
    let merged = Merged::of(all.iter().map(read).collect(), vec![]);
    assert_eq!(merged.failures[0].failed[0].both, 8);
    says(
        &merged,
        &[
            "relay tcp_timeout: endpoints fail on 8 hosts and work on 8; 8 hosts have both",
            "On all 8 hosts with failing endpoints these are at 40.112.72.101; on none of 8 hosts \
             with working ones.",
            "The very same endpoints are ns.servicebus.windows.net:443: these cannot be told \
             apart.",
            "this fails on n00, where this endpoint fails now: \
             \x20 pathproof check --endpoint relay://ns.servicebus.windows.net:443",
            "this passes on n00, where this endpoint works now: \
             \x20 pathproof check --endpoint relay://b.servicebus.windows.net:443",
        ],
    );
    for wrong in ["hosts fail", "do not", "which works now", "healthy"] {
        assert!(!words(&merged).contains(wrong), "{wrong:?} in {}", shown(&merged));
    }
}

/// A warning leaves the exit code alone: what a command decides stands in its report.
#[test]
fn a_warning_is_looked_for_in_the_report() {
    let warned = |cause: &'static str| {
        let all = hosts(26, |number, host| {
            if number < 6 {
                host.resolver = "10.0.0.99";
                host.found = vec![("relay", Some((cause, "dns")))];
            }
        });
        let read = |host: &Host| {
            let mut report = report(host);
            if host.number < 6 {
                report["endpoints"][0]["status"] = json!("warn");
                report["endpoints"][0]["findings"][0]["severity"] = json!("warn");
                report["endpoints"][0]["lookups"][0]["addresses"] = json!(["40.112.72.101"]);
            }
            MergedHost::of("n.json", &Report::read(&report.to_string()).unwrap(), &[])
        };
        Merged::of(all.iter().map(read).collect(), vec![])
    };
    let merged = warned("dns_resolver_down");
    let text = table(&merged, &Style { width: 80, color: false });
    assert!(text.contains("What the hosts with warnings share\n"), "{text}");
    says(
        &merged,
        &[
            "this does not show dns_resolver_down on n00, which warns now:",
            "this shows dns_resolver_down on n06, which does not warn now:",
        ],
    );
    for wrong in ["fails", "works", "passes"] {
        assert!(!words(&merged).contains(wrong), "{wrong:?} in {}", shown(&merged));
    }
    // With --resolver nothing is compared with the operating system.
    says(
        &warned("dns_os_override"),
        &[
            "this says what the operating system uses on n00, which warns now:",
            "pathproof resolve ns.servicebus.windows.net --resolver 10.0.0.53",
        ],
    );
}

#[test]
fn warnings_beside_failures_stand_under_the_failures() {
    let merged = merged(&hosts(40, |number, host| {
        if number < 8 {
            host.resolver = "10.0.0.54";
            host.found = vec![("relay", SERVFAIL)];
        }
    }));
    assert!(table(&merged, &Style { width: 80, color: false }).contains("failing hosts share\n"));
}
