//! Runs that ask name servers of their own: broken ones, blocked ones, two that disagree.

use super::Lab;
use super::dns::SPLIT_ADDRESS;
use super::invocation::{Report, TIMEOUT};
use super::network::resolver;
use super::situation::{LONG_CHAIN, SITUATIONS, SPLIT, Situation};

fn row(host: &str) -> impl Iterator<Item = &'static Situation> {
    SITUATIONS.iter().filter(move |row| row.host == host)
}

/// What one name is worth where every question goes to `servers`.
fn check(host: &str, servers: &[&str], expected: (&str, Option<&str>)) {
    let Some(lab) = Lab::shared() else { return };
    let mut command = lab.check(row(host));
    command.args(servers.iter().flat_map(|server| ["--resolver", server]));
    let (report, _) = Report::of(&mut command);
    let took = report.took();
    report
        .expect(host, expected.0, expected.1)
        .unwrap_or_else(|error| panic!("{servers:?}: {error}"));
    // UDP, then TCP, are two steps, and so are the name and then its gateways; a third for a busy
    // machine.
    assert!(took < 3 * TIMEOUT, "{servers:?}: took {took:?}");
}

#[test]
fn silence() {
    check(SPLIT, &[resolver::SILENT], ("fail", Some("dns_timeout")));
}

#[test]
fn closed_port() {
    check(SPLIT, &[resolver::CLOSED], ("fail", Some("dns_resolver_unreachable")));
}

#[test]
fn unreachable() {
    check(SPLIT, &[resolver::UNREACHABLE], ("fail", Some("dns_resolver_unreachable")));
}

#[test]
fn an_answer_that_cannot_be_read() {
    check(SPLIT, &[resolver::MALFORMED], ("fail", Some("dns_malformed")));
}

/// It is no answer, however long one waits; that something came is told apart from silence.
#[test]
fn an_answer_to_another_question() {
    check(SPLIT, &[resolver::OTHER_QUESTION], ("fail", Some("dns_malformed")));
}

#[test]
fn truncated_and_tcp_is_refused() {
    check(LONG_CHAIN, &[resolver::TCP_REFUSED], ("fail", Some("dns_tcp_blocked")));
}

#[test]
fn truncated_and_tcp_is_dropped() {
    check(LONG_CHAIN, &[resolver::TCP_DROPPED], ("fail", Some("dns_tcp_blocked")));
}

/// What fits into a datagram needs no TCP.
#[test]
fn not_truncated_and_tcp_is_refused() {
    check(SPLIT, &[resolver::TCP_REFUSED], ("pass", None));
}

#[test]
fn one_of_two_is_silent() {
    check(SPLIT, &[resolver::SILENT, resolver::MAIN], ("pass", None));
    let Some(lab) = Lab::shared() else { return };
    let mut command = lab.check(row(SPLIT));
    let (report, output) =
        Report::of(command.args(["--resolver", resolver::SILENT, "--resolver", resolver::MAIN]));
    let down = report.value["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|finding| finding["cause"] == "dns_resolver_down")
        .unwrap_or_else(|| panic!("not named: {}", report.value["findings"]));
    assert!(down.to_string().contains(resolver::SILENT), "{down}");
    assert!(!down["message"].to_string().contains(resolver::MAIN), "{down}");
    assert_eq!(output.status.code(), Some(0), "{}", report.stderr);
}

#[test]
fn two_views() {
    check(SPLIT, &[resolver::MAIN, resolver::OTHER_VIEW], ("fail", Some("dns_views_differ")));
    let Some(lab) = Lab::shared() else { return };
    let (report, _) = Report::of(lab.check(row(SPLIT)).args([
        "--resolver",
        resolver::MAIN,
        "--resolver",
        resolver::OTHER_VIEW,
    ]));
    let lookups = &report.endpoint(SPLIT).unwrap()["lookups"];
    let of = |server: &str| {
        let name = format!("{server}:53");
        let mut lookups = lookups.as_array().into_iter().flatten();
        lookups.find(|lookup| lookup["resolver"] == *name).unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(of(resolver::OTHER_VIEW)["addresses"][0], SPLIT_ADDRESS);
    assert_eq!(of(resolver::MAIN)["addresses"][0], "40.112.72.101");
}
