use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::sample::{
    conclusion, found, passed, proxy, record, records, start, timeout, unassigned,
};
use super::fit::columns;
use super::page::NARROWEST;
use super::*;
use crate::archive::arbitrary;
use crate::model::{
    Cause, Certainty, Failure, Finding, HttpAnswer, Kind, NetworkAllows, OpenTrail, Owner,
    ProxyFailure, Record, Seen, Severity, Verdict,
};

const NARROW: Style = Style { width: 80, color: false };

fn shown(judged: Vec<(Record, Verdict)>, allows: NetworkAllows) -> String {
    let (seen, verdicts) = judged.into_iter().unzip();
    table(&records(seen), &conclusion(verdicts, allows), &NARROW)
}

fn healthy() -> Vec<(Record, Verdict)> {
    let mut judged = Vec::new();
    for (entry, host, addresses) in [
        ("control", "contoso.westeurope.datafactory.azure.net", &["10.10.2.4"][..]),
        ("download", "download.microsoft.com", &["2.16.0.1", "2.16.0.2"]),
        ("frontend", "we.frontend.clouddatahub.net", &["52.0.0.1"]),
        ("login", "login.microsoftonline.com", &["2603:1030::1"]),
        ("relay", "prod-weu-relay-1.servicebus.windows.net", &["40.0.0.1"]),
        ("relay", "prod-weu-relay-2.servicebus.windows.net", &["40.0.0.2"]),
    ] {
        let name = "alias.cloudapp.net";
        let seen = record(entry, host).resolved("10.0.0.53:53", name, addresses);
        judged.push((seen.reached(addresses), passed()));
    }
    for (deployment, n_assigned) in [("prod-by3-010", 12), ("prod-bn-vaz0001", 0)] {
        for series in ["g", "gv"] {
            for number in 0..128 {
                let host = format!("{series}{number}-{deployment}-sb.servicebus.windows.net");
                let seen = record("relay-gateway", &host);
                judged.push(if series == "g" && number < n_assigned {
                    (seen.reached(&["40.0.1.1"]), passed())
                } else {
                    (seen, found(unassigned()))
                });
            }
        }
    }
    judged
}

#[test]
fn a_healthy_run_is_less_than_a_screen() {
    let text = shown(healthy(), NetworkAllows::Online);
    assert_eq!(
        text,
        "\
PASS    All 5 required endpoints work: the network lets the runtime be online
        Not looked at: service state, authentication key

UNKNOWN gateways of prod-bn-vaz0001: none assigned yet, 256 not assigned yet

PASS    contoso.westeurope.datafactory.azure.net:443  10.10.2.4 private, 34 ms
PASS    download.microsoft.com:443                    2 addresses, 34 ms
PASS    login.microsoftonline.com:443                 1 address, 34 ms
PASS    prod-weu-relay-1.servicebus.windows.net:443   40.0.0.1, 34 ms
PASS    prod-weu-relay-2.servicebus.windows.net:443   40.0.0.2, 34 ms
PASS    we.frontend.clouddatahub.net:443              52.0.0.1, 34 ms
PASS    gateways of prod-by3-010: 12 of 12 reachable, 244 not assigned yet

18 pass
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
"
    );
    assert!(text.lines().count() <= 24);
}

#[test]
fn what_fails_comes_first_with_what_to_do() {
    let relay = "ns.servicebus.windows.net";
    let refused = Finding {
        cause: Cause::TlsNameMismatch,
        severity: Severity::Fail,
        certainty: Certainty::Proven,
        message: "the certificate is for proxy.contoso.com".into(),
        evidence: vec![],
        rivals: vec![],
        owner: Owner::Proxy,
        remedy: "Exempt we.frontend.clouddatahub.net from inspection.".into(),
    };
    let pattern = Finding {
        cause: Cause::NotTestable,
        severity: Severity::Unknown,
        certainty: Certainty::Proven,
        message: "its factory is not known".into(),
        evidence: vec![],
        rivals: vec![],
        owner: Owner::DataPlatform,
        remedy: "Add --factory NAME --region REGION.".into(),
    };
    let mut download = timeout("download.microsoft.com", "2.16.0.1");
    download.severity = Severity::Warn;
    let mut gateway = timeout("g3", "40.0.1.4");
    gateway.severity = Severity::Warn;
    let mut both = found(refused);
    let frontend = "we.frontend.clouddatahub.net";
    both.findings.push(timeout(frontend, "52.0.0.2"));
    let mut judged = vec![
        (record("control", "{factory}.{region}.datafactory.azure.net"), found(pattern)),
        (record("download", "download.microsoft.com").silent("2.16.0.1"), found(download)),
        (record("frontend", frontend).silent("52.0.0.2"), both),
        (record("relay", relay).silent("40.0.0.1"), found(timeout(relay, "40.0.0.1"))),
        (record("endpoint", "192.0.2.10").reached(&["192.0.2.10"]), passed()),
    ];
    for number in [0, 3, 4, 5, 8] {
        let host = format!("g{number}-prod-by3-010-sb.servicebus.windows.net");
        let seen = record("relay-gateway", &host);
        judged.push(match number {
            0 => (seen.reached(&["40.0.1.1"]), passed()),
            _ => (seen.silent("40.0.1.4"), found(gateway.clone())),
        });
    }
    let (seen, verdicts) = judged.into_iter().unzip();
    let mut conclusion = conclusion(verdicts, NetworkAllows::Limited);
    conclusion.prediction.consequences.push("interactive authoring fails".into());
    let text = table(&records(seen), &conclusion, &NARROW);
    assert_eq!(
        text,
        "\
FAIL    2 of 4 required endpoints fail: the runtime would be limited
        interactive authoring fails

What to do next
Firewall team
  - Allow TCP 443 out from 10.50.1.10 to ns.servicebus.windows.net (40.0.0.1).
  - Allow TCP 443 out from 10.50.1.10 to we.frontend.clouddatahub.net
    (52.0.0.2).
    Likewise for download.microsoft.com:443, 4 gateways of prod-by3-010.
Proxy team
  - Exempt we.frontend.clouddatahub.net from inspection.

FAIL    ns.servicebus.windows.net:443  tcp_timeout (likely)
        40.0.0.1:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Could also be tcp_local_denied, route_proxy_required
FAIL    we.frontend.clouddatahub.net:443  tls_name_mismatch
        the certificate is for proxy.contoso.com
        also tcp_timeout: 52.0.0.2:443 did not answer within 5s

WARN    download.microsoft.com:443  tcp_timeout (likely), not required
        2.16.0.1:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Could also be tcp_local_denied, route_proxy_required
WARN    gateways of prod-by3-010: 1 of 5 reachable
        tcp_timeout: g3-g5, g8: 40.0.1.4:443 did not answer within 5s

UNKNOWN {factory}.{region}.datafactory.azure.net:443  not_testable
        its factory is not known
        Next: Add --factory NAME --region REGION.

PASS    192.0.2.10:443  192.0.2.10, 30 ms

2 fail, 5 warn, 1 unknown, 2 pass
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
"
    );
}

#[test]
fn ways_through_a_proxy_are_told_with_both_legs() {
    let url = "http://10.0.0.8:3128";
    let by_proxy = |entry, host| record(entry, host).tunnelled(url, "10.0.0.8:3128");
    let mut refused = record("frontend", "we.frontend.clouddatahub.net");
    refused.route = by_proxy("frontend", "x").route;
    refused.route.alternate = Some(Route::Direct);
    let answer = HttpAnswer {
        status: 503,
        reason: "Service Unavailable".into(),
        headers: vec![("X-Squid-Error".into(), "ERR_DNS_FAIL 0".into())],
        body: String::new(),
        is_cut: false,
    };
    let failure = ProxyFailure::Answered { answer: Box::new(answer), with_credentials: false };
    let mut trail = OpenTrail::new(proxy(url), "10.0.0.8:3128".parse().unwrap(), start());
    trail.pass(Seen::Tcp, Duration::from_millis(1));
    refused.trails.push(trail.fail(Failure::Proxy(failure), Duration::from_millis(20)));
    let refused = refused.silent("52.0.0.1");
    let finding = Finding {
        cause: Cause::ProxyUpstreamDns,
        certainty: Certainty::Proven,
        message: "the proxy http://10.0.0.8:3128 says that it cannot resolve the name".into(),
        evidence: vec!["10.0.0.8:3128: HTTP 503".into()],
        rivals: vec![],
        owner: Owner::Proxy,
        remedy: "Mend it.".into(),
        ..timeout("x", "y")
    };
    let mut relay = by_proxy("relay", "ns.servicebus.windows.net");
    Arc::make_mut(&mut relay.endpoint).kind = Kind::Relay;
    let judged = vec![
        (refused, found(finding)),
        (relay, passed()),
        (record("control", "contoso.azure.net").reached(&["10.10.2.4"]), passed()),
    ];
    let (seen, verdicts) = judged.into_iter().unzip();
    let mut records = records(seen);
    records.run.vantage.proxy_source = "HTTPS_PROXY".into();
    records.run.vantage.proxy_url = Some(url.into());
    let text = table(&records, &conclusion(verdicts, NetworkAllows::Unknown), &NARROW);
    assert_eq!(
        text,
        "\
FAIL    1 of 3 required endpoints fails

What to do next
Proxy team
  - Mend it.

FAIL    we.frontend.clouddatahub.net:443  proxy_upstream_dns
        the proxy http://10.0.0.8:3128 says that it cannot resolve the name
        Seen: 10.0.0.8:3128: HTTP 503
        Route: intended any, configured http://10.0.0.8:3128 (HTTPS_PROXY),
        measured http://10.0.0.8:3128, direct
        To the proxy 10.0.0.8:3128: ok, 1.0 ms; beyond it: 503 ERR_DNS_FAIL

PASS    contoso.azure.net:443          10.10.2.4 private direct, 30 ms
PASS    ns.servicebus.windows.net:443  by proxy, 13 ms

Gateways of ns.servicebus.windows.net were not looked for: only the proxy
resolves the name
1 fail, 2 pass
Routes as configured: 2 by http://10.0.0.8:3128, 1 direct; taken from
HTTPS_PROXY
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
"
    );
}

#[test]
fn hundreds_of_failures_are_counted() {
    let judged = (0..300).map(|number| {
        let host = format!("node-{number:03}.contoso.com");
        let address = format!("10.0.{}.{}", number / 250, number % 250);
        (record("endpoint", &host).silent(&address), found(timeout(&host, &address)))
    });
    let text = shown(judged.collect(), NetworkAllows::Unknown);
    assert_eq!(
        text,
        "\
FAIL    300 of 300 required endpoints fail

What to do next
Firewall team
  - Allow TCP 443 out from 10.50.1.10 to node-000.contoso.com (10.0.0.0).
  - Allow TCP 443 out from 10.50.1.10 to node-001.contoso.com (10.0.0.1).
    Likewise for node-002.contoso.com:443, node-003.contoso.com:443,
    node-004.contoso.com:443 and 295 more.

FAIL    node-000.contoso.com:443  tcp_timeout (likely)
        10.0.0.0:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Could also be tcp_local_denied, route_proxy_required
FAIL    node-001.contoso.com:443  tcp_timeout (likely)
        10.0.0.1:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Could also be tcp_local_denied, route_proxy_required
FAIL    node-002.contoso.com:443  tcp_timeout (likely)
        10.0.0.2:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Could also be tcp_local_denied, route_proxy_required
        ... and 297 more with tcp_timeout (see --format json):
        node-003.contoso.com:443, node-004.contoso.com:443,
        node-005.contoso.com:443, node-006.contoso.com:443,
        node-007.contoso.com:443, node-008.contoso.com:443, ...

300 fail
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
"
    );
}

#[test]
fn thousands_of_passes_are_counted() {
    let judged = (0..2000).map(|number| {
        (record("endpoint", &format!("n{number}.contoso.com")).reached(&["10.0.0.1"]), passed())
    });
    let text = shown(judged.collect(), NetworkAllows::Unknown);
    assert!(text.contains("All 2000 required endpoints work\n"), "{text}");
    assert!(text.contains("... and 1960 more that pass (see --format json)\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("PASS    n")).count(), 40);
}

#[test]
fn the_headline_says_what_holds() {
    let fail = || found(timeout("a.contoso.com", "10.0.0.1"));
    let warn = || {
        let mut finding = timeout("a.contoso.com", "10.0.0.1");
        finding.severity = Severity::Warn;
        found(finding)
    };
    let unknown = || {
        let mut finding = unassigned();
        finding.cause = Cause::BudgetSpent;
        found(finding)
    };
    let required = || record("relay", "a.contoso.com");
    let optional = || record("download", "b.contoso.com");
    for (judged, expected) in [
        (vec![], "UNKNOWN Nothing was tested"),
        (vec![(required(), found(unassigned()))], "UNKNOWN Nothing was tested"),
        (vec![(required(), passed())], "PASS    The required endpoint works"),
        (vec![(required(), fail())], "FAIL    1 of 1 required endpoint fails"),
        (
            vec![(required(), fail()), (required(), unknown())],
            "FAIL    1 of 2 required endpoints fails",
        ),
        (
            vec![(required(), passed()), (required(), unknown())],
            "UNKNOWN 1 of 2 required endpoints could not be tested",
        ),
        (
            vec![(required(), passed()), (optional(), unknown())],
            "PASS    The required endpoint works",
        ),
        (
            vec![(required(), passed()), (optional(), warn())],
            "WARN    The required endpoint works, 1 warning",
        ),
        (vec![(optional(), passed())], "PASS    No endpoint is required; 1 of 1 pass"),
    ] {
        let text = shown(judged, NetworkAllows::Unknown);
        assert_eq!(text.lines().next(), Some(expected));
    }
}

#[test]
fn a_worse_outlook_than_the_verdict_gives_its_reason() {
    let mut conclusion = conclusion(vec![passed()], NetworkAllows::Limited);
    conclusion.prediction.because.push("the relay's IP filter refuses this host".into());
    let text = table(&records(vec![record("relay", "a.contoso.com")]), &conclusion, &NARROW);
    assert!(
        text.starts_with(
            "\
PASS    The required endpoint works, yet the runtime would be limited
        the relay's IP filter refuses this host

PASS    a.contoso.com"
        ),
        "{text}"
    );
}

#[test]
fn findings_of_the_run_stand_with_their_like() {
    let mut conclusion = conclusion(vec![passed()], NetworkAllows::Online);
    conclusion.findings.push(Finding {
        cause: Cause::DnsResolverDown,
        severity: Severity::Warn,
        certainty: Certainty::Proven,
        message: "name server 10.0.0.54 does not answer".into(),
        evidence: (1..6).map(|number| format!("10.0.0.54:53: fact {number}")).collect(),
        rivals: vec![],
        owner: Owner::Dns,
        remedy: "Mend 10.0.0.54.".into(),
    });
    let text = table(&records(vec![record("relay", "a.contoso.com")]), &conclusion, &NARROW);
    assert!(
        text.starts_with(
            "\
WARN    The required endpoint works, 1 warning: the network lets the runtime be
        online
        Not looked at: service state, authentication key

What to do next
DNS team
  - Mend 10.0.0.54.

WARN    the run as a whole  dns_resolver_down
        name server 10.0.0.54 does not answer
        Seen: 10.0.0.54:53: fact 1; fact 2; fact 3; ...

PASS    a.contoso.com:443"
        ),
        "{text}"
    );
}

#[test]
fn strangers_cannot_write_to_the_terminal() {
    let mut finding = timeout("a.contoso.com", "10.0.0.1");
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\r\nPASS    everything";
    finding.message = evil.into();
    finding.evidence = vec![evil.into()];
    finding.remedy = evil.into();
    let text =
        shown(vec![(record("relay", "a.contoso.com"), found(finding))], NetworkAllows::Unknown);
    assert!(text.contains("\\u001b]0;owned\\u0007\\u009b2J\\r\\nPASS"), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("PASS")), "{text}");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let judged = healthy()
        .into_iter()
        .chain([(record("relay", "a.contoso.com"), found(timeout("a.contoso.com", "10.0.0.1")))]);
    let (seen, verdicts) = judged.unzip();
    let (records, conclusion) = (records(seen), conclusion(verdicts, NetworkAllows::Offline));
    let colored = table(&records, &conclusion, &Style { color: true, ..NARROW });
    let plain = table(&records, &conclusion, &NARROW);
    assert!(colored.contains("\u{1b}[1;31mFAIL\u{1b}[0m    a.contoso.com"), "{colored}");
    assert_eq!(uncolored(&colored), plain);
}

fn uncolored(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap().to_owned();
    first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_line_is_too_wide_and_none_is_a_command(
        records in arbitrary::records(),
        findings in prop::collection::vec(arbitrary_finding(), 1..8),
        width in 0..140_usize,
        allows in prop::sample::select(vec![NetworkAllows::Online, NetworkAllows::Limited]),
    ) {
        let verdicts = (0..records.records.len()).map(|at| {
            let mut verdict = found(findings[at % findings.len()].clone());
            verdict.findings.extend(findings.iter().take(at).cloned());
            if at % 3 == 2 { passed() } else { verdict }
        });
        let mut conclusion = conclusion(verdicts.collect(), allows);
        conclusion.prediction.consequences.push(findings[0].message.clone());
        conclusion.prediction.not_looked_at.push(findings[0].remedy.clone());
        conclusion.findings = findings;
        let text = table(&records, &conclusion, &Style { width, color: false });
        for line in text.lines() {
            prop_assert!(columns(line) <= width.max(NARROWEST), "{width}: {line:?}");
            prop_assert_eq!(line.trim_end(), line);
        }
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{:?}", text);
        let colored = table(&records, &conclusion, &Style { width, color: true });
        prop_assert_eq!(uncolored(&colored), text);
    }
}

fn arbitrary_finding() -> BoxedStrategy<Finding> {
    let severities = vec![Severity::Fail, Severity::Warn, Severity::Unknown];
    let certainties = vec![Certainty::Possible, Certainty::Likely, Certainty::Proven];
    let words = (
        prop::sample::select(Cause::ALL),
        prop::sample::select(severities),
        prop::sample::select(certainties),
        prop::collection::vec(prop::sample::select(Cause::ALL), 0..4),
        prop::sample::select(Owner::ALL.to_vec()),
    );
    let evidence = prop::collection::vec(arbitrary::text(), 0..5);
    (words, arbitrary::text(), evidence, arbitrary::text())
        .prop_map(|((cause, severity, certainty, rivals, owner), message, evidence, remedy)| {
            Finding { cause, severity, certainty, message, evidence, rivals, owner, remedy }
        })
        .boxed()
}

#[test]
fn what_is_taken_as_private_is_said_of_what_passes() {
    let at = |alias: &str, address: &str| {
        let host = "myadf.eastus.datafactory.azure.net";
        let record = record("control", host).resolved("10.0.0.53:53", alias, &[address]);
        shown(vec![(record.reached(&[address]), passed())], NetworkAllows::Unknown)
    };
    let link = "myadf.eastus.privatelink.datafactory.azure.net";
    for (alias, address, expected) in [
        (link, "10.1.1.1", "10.1.1.1 private (by privatelink), "),
        ("myadf.contoso.com", "10.1.1.1", "10.1.1.1 private, "),
        (link, "40.1.1.1", "40.1.1.1, "),
    ] {
        let text = at(alias, address);
        assert!(text.contains(expected), "{alias} {address}\n{text}");
    }
}
