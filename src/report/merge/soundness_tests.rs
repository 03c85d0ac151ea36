//! Who counts as healthy, and who as failing: what is not required is broken all the same.

use serde_json::json;

use super::failure_tests::{Host, hosts, report, said, shown};
use super::*;

/// Merges reports of hosts with what `change` makes of each.
fn merged(hosts: &[Host], change: impl Fn(usize, &mut serde_json::Value)) -> Merged {
    let read = |host: &Host| {
        let mut report = report(host);
        change(host.number, &mut report);
        let file = format!("{}.json", host.number);
        MergedHost::of(&file, &Report::read(&report.to_string()).unwrap(), &[])
    };
    Merged::of(hosts.iter().map(read).collect(), vec![])
}

/// As it is where the endpoint is not required.
fn lower(report: &mut serde_json::Value) {
    report["endpoints"][0]["required"] = json!(false);
    report["endpoints"][0]["status"] = json!("warn");
    report["endpoints"][0]["findings"][0]["severity"] = json!("warn");
}

/// Twelve hosts of one subnet and twelve of another, each with another fault.
fn two_faults() -> Vec<Host> {
    hosts(24, |number, host| {
        let (subnet, cause) = match number {
            0..12 => (1, ("tcp_timeout", "firewall")),
            _ => (2, ("dns_nxdomain", "dns")),
        };
        host.source = format!("10.{subnet}.0.{number}");
        host.found = vec![("download", Some(cause))];
    })
}

#[test]
fn what_fails_and_is_not_required_is_not_healthy() {
    let merged = merged(&two_faults(), |_, report| lower(report));
    for statement in &merged.failures {
        assert_eq!(statement.outcome, Explained::NoHealthyHost, "{statement:?}");
        assert_eq!(statement.failed[0].healthy, 0, "{statement:?}");
    }
    assert_eq!((merged.failures.len(), shown(&merged)), (2, String::new()));
}

#[test]
fn who_has_a_cause_that_follows_from_another_is_not_without_it() {
    let all = hosts(24, |number, host| {
        host.source = format!("10.{}.0.{number}", 1 + number / 12);
        host.found = vec![("download", Some(("dns_resolver_down", "dns")))];
    });
    let merged = merged(&all, |number, report| {
        lower(report);
        if number >= 12 {
            report["endpoints"][0]["findings"][0]["explained_by"] = json!("dns_sinkhole");
        }
    });
    assert_eq!(said(&merged).len(), 1);
    let failed = &merged.failures[0].failed[0];
    assert_eq!((failed.failing, failed.healthy), (12, 0));
}

#[test]
fn hosts_that_fail_and_hosts_that_warn_are_counted_apart() {
    let all = hosts(60, |number, host| {
        if number < 20 {
            host.source = format!("10.60.0.{number}");
            host.found = vec![("relay", Some(("tcp_timeout", "firewall")))];
        }
    });
    let merged = merged(&all, |number, report| {
        if (1..20).contains(&number) {
            lower(report);
        }
    });
    let failed = &merged.failures[0].failed[0];
    assert_eq!((failed.failing, failed.warning, failed.healthy), (20, 19, 40));
    let shown = shown(&merged);
    for words in [
        "relay tcp_timeout: 1 host fails, 19 warn, 40 do not",
        "All 20 affected hosts leave from 10.60.0.0/24; none of 40 healthy ones",
        "which fails or warns now:",
    ] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }
}
