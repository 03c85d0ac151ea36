//! `pathproof check` of the table.

use std::time::Instant;

use super::Lab;
use super::invocation::{Report, TIMEOUT};
use super::network::{CLIENT, CLIENT_BEHIND_MIDDLEBOX};
use super::situation::{Given, LONG_CHAIN, SITUATIONS, SPLIT};

#[test]
fn each_name_gets_its_own_cause() {
    let Some(lab) = Lab::shared() else { return };
    let begun = Instant::now();
    let (report, output) = Report::of(&mut lab.check(SITUATIONS));
    let took = begun.elapsed();

    let wrong: Vec<String> =
        SITUATIONS.iter().filter_map(|row| report.compare(row).err()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} concluded otherwise than the table says:\n{}\n{}",
        wrong.len(),
        SITUATIONS.len(),
        wrong.join("\n"),
        report.stderr
    );
    assert_eq!(output.status.code(), Some(1), "a violated expectation ends with 1");
    // No endpoint here waits for more than two steps: a silent handshake, and the same with small
    // segments. In a row it would be ten at least: what lies between pays for a busy machine.
    assert!(took < 6 * TIMEOUT, "took {took:?}: blocked endpoints wait for each other");
}

#[test]
fn a_healthy_network_passes() {
    let Some(lab) = Lab::shared() else { return };
    let healthy =
        || SITUATIONS.iter().filter(|row| row.status == "pass" && row.given != Given::Gateway);
    let (report, output) = Report::of(&mut lab.check(healthy()));
    for row in healthy() {
        report.compare(row).unwrap_or_else(|error| panic!("{error}\n{}", report.stderr));
    }
    // The gateway that is refused was found, not listed: it makes a warning.
    assert_eq!(output.status.code(), Some(0), "{}", report.stderr);
    assert_eq!(report.value["prediction"]["network_allows"], "online");
}

#[test]
fn nothing_but_the_default_list_is_needed() {
    let Some(lab) = Lab::shared() else { return };
    let mut command = lab.pathproof("check");
    command.args(["--format", "json", "--public-roots"]).arg(lab.pki.public_roots());
    command.arg("--ca-file").arg(lab.pki.host_roots());
    let (report, output) = Report::of(&mut command);
    report.expect("download.microsoft.com", "pass", None).unwrap();
    report.expect("*.servicebus.windows.net", "unknown", Some("not_testable")).unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", report.stderr);
    assert!(report.stderr.contains("--factory"), "no hint at what to add: {}", report.stderr);
}

/// A middlebox that accepts every connection from one of this host's addresses: also those to the
/// control address, where nobody can be.
#[test]
fn a_middlebox_that_accepts_everything_is_named() {
    let Some(lab) = Lab::shared() else { return };
    let rows = || SITUATIONS.iter().filter(|row| [SPLIT, LONG_CHAIN].contains(&row.host));
    let (report, _) = Report::of(lab.check(rows()).args(["--source", CLIENT_BEHIND_MIDDLEBOX]));
    for row in rows() {
        report.expect(row.host, "fail", Some("tcp_answered_by_middlebox")).unwrap();
    }
    let of_the_run: Vec<_> = report.value["findings"].as_array().into_iter().flatten().collect();
    assert!(
        of_the_run.iter().any(|finding| finding["cause"] == "tcp_answered_by_middlebox"),
        "{of_the_run:?}"
    );

    let (report, _) = Report::of(lab.check(rows()).args(["--source", CLIENT]));
    for row in rows() {
        report.compare(row).unwrap();
    }
}
