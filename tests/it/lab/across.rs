//! What is told across endpoints: the authority that opens their TLS, this host's clock, and a host
//! of the certificates that nobody reaches.

use serde_json::Value;

use super::Lab;
use super::invocation::Report;
use super::situation::{AHEAD, REVOCATION, SITUATIONS, SPLIT, Situation};

fn rows<'a>(hosts: &'a [&str]) -> impl Iterator<Item = &'static Situation> + use<'a> {
    SITUATIONS.iter().filter(|row| hosts.contains(&row.host))
}

/// The finding of the run with this cause.
fn of_run<'a>(report: &'a Report, cause: &str) -> Option<&'a Value> {
    let mut all = report.value["findings"].as_array().into_iter().flatten();
    all.find(|finding| finding["cause"] == cause)
}

#[test]
fn one_authority_before_unrelated_names_is_one_finding() {
    let Some(lab) = Lab::shared() else { return };
    let inspected = ["inspected.servicebus.windows.net", "inspected.vault.azure.net"];
    let hosts = [inspected[0], inspected[1], SPLIT];
    let (report, _) = Report::of(&mut lab.check(rows(&hosts)));
    for row in rows(&hosts) {
        report.compare(row).unwrap_or_else(|error| panic!("{error}"));
    }
    let finding =
        of_run(&report, "tls_intercepted").unwrap_or_else(|| panic!("{:#}", report.value));
    // A service on a public root that is newer than the embedded ones would look the same.
    assert_eq!(finding["certainty"], "likely", "{finding:#}");
    assert_eq!(finding["owner"], "proxy", "{finding:#}");
    let evidence = finding["evidence"].to_string();
    let is_exempt = |host: &str| {
        let lines = finding["evidence"].as_array().into_iter().flatten().filter_map(Value::as_str);
        lines.filter(|line| line.starts_with("exempt already")).any(|line| line.contains(host))
    };
    for host in inspected {
        assert!(!is_exempt(host), "{host}: {finding:#}");
        assert!(finding["remedy"].to_string().contains(host), "{host}: {finding:#}");
    }
    assert!(is_exempt(SPLIT), "{finding:#}");
    assert!(evidence.contains("Contoso Inspection Root"), "{finding:#}");

    // One name alone is as likely a service with an authority of its own.
    let (report, _) = Report::of(&mut lab.check(rows(&[inspected[0], SPLIT])));
    assert!(of_run(&report, "tls_intercepted").is_none(), "{:#}", report.value["findings"]);
}

#[test]
fn a_clock_is_wrong_where_every_verified_answer_says_so() {
    let Some(lab) = Lab::shared() else { return };
    let (report, output) = Report::of(lab.check(rows(&AHEAD)).args(["--only", "relay"]));
    let finding =
        of_run(&report, "host_clock_skew").unwrap_or_else(|| panic!("{:#}", report.value));
    let message = finding["message"].to_string();
    assert!(message.contains("minutes behind"), "{finding:#}");
    assert_eq!(finding["certainty"], "proven", "{finding:#}");
    assert_eq!(output.status.code(), Some(0), "{}", report.stderr);

    // One whose clock is right is enough: then it is the others that are fast.
    let (report, _) =
        Report::of(lab.check(rows(&[AHEAD[0], AHEAD[1], SPLIT])).args(["--only", "relay"]));
    assert!(of_run(&report, "host_clock_skew").is_none(), "{:#}", report.value["findings"]);
}

#[test]
fn a_revocation_host_that_is_blocked_is_named_with_its_delay() {
    let Some(lab) = Lab::shared() else { return };
    let host = "revocable.servicebus.windows.net";
    let (report, output) = Report::of(&mut lab.check(rows(&[host])));
    report.expect(host, "warn", Some("tls_revocation_unreachable")).unwrap();
    let finding = report.endpoint(host).unwrap()["findings"][0].to_string();
    assert!(finding.contains(&format!("{REVOCATION}:80")), "{finding}");
    assert!(finding.contains("15 s"), "{finding}");
    let (report, _) = Report::of(lab.check(rows(&[host])).arg("--no-revocation"));
    report.expect(host, "pass", None).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", report.stderr);
}
