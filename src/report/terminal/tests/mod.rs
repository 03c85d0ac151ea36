mod counts;
mod evidence;
mod safety;

use std::sync::Arc;
use std::time::Duration;

use super::super::sample::{
    conclusion, found, passed, proxy, record, records, start, timeout, unassigned,
};
use super::*;
use crate::model::{
    Advice, Cause, Certainty, Failure, Finding, HttpAnswer, Kind, NetworkAllows, OpenTrail, Owner,
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
fn a_healthy_run_is_short() {
    let text = shown(healthy(), NetworkAllows::Online);
    assert_eq!(
        text,
        "\
PASS    All 5 required endpoints work: the network lets the runtime be online

If the runtime has trouble all the same, look at this host next
  - service state: whether DIAHostService runs
  - authentication key

UNKNOWN gateways of prod-bn-vaz0001: none assigned yet, 256 not assigned yet

PASS    contoso.westeurope.datafactory.azure.net:443
        10.10.2.4 private (dns 4.0 ms, tcp 30.0 ms)
PASS    download.microsoft.com:443
        2.16.0.1, 2.16.0.2 (dns 4.0 ms, tcp 30.0 ms)
PASS    login.microsoftonline.com:443
        2603:1030::1 (dns 4.0 ms, tcp 30.0 ms)
PASS    prod-weu-relay-1.servicebus.windows.net:443
        40.0.0.1 (dns 4.0 ms, tcp 30.0 ms)
PASS    prod-weu-relay-2.servicebus.windows.net:443
        40.0.0.2 (dns 4.0 ms, tcp 30.0 ms)
PASS    we.frontend.clouddatahub.net:443
        52.0.0.1 (dns 4.0 ms, tcp 30.0 ms)
PASS    gateways of prod-by3-010: 12 of 12 reachable, 244 not assigned yet

18 pass
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
By pathproof VERSION
"
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
    );
    assert!(text.lines().count() <= 26);
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
        explained_by: None,
        advice: Advice::default(),
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
        explained_by: None,
        advice: Advice::default(),
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
  - Allow TCP 443 out from 10.50.1.10 to the 4 destinations below.
      2.16.0.1  443  download.microsoft.com
      40.0.1.4  443  g3
      40.0.0.1  443  ns.servicebus.windows.net
      52.0.0.2  443  we.frontend.clouddatahub.net
Proxy team
  - Exempt we.frontend.clouddatahub.net from inspection.
Data platform team
  - Add --factory NAME --region REGION.

FAIL    ns.servicebus.windows.net:443  tcp_timeout (likely)
        40.0.0.1:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Also possible: this host's own firewall (tcp_local_denied): try from a
        neighbour in the same subnet; a network that leaves by a proxy only
        (route_proxy_required): add --alternate-proxy URL
FAIL    we.frontend.clouddatahub.net:443  tls_name_mismatch
        the certificate is for proxy.contoso.com
        also tcp_timeout: 52.0.0.2:443 did not answer within 5s

WARN    download.microsoft.com:443  tcp_timeout (likely), not required
        2.16.0.1:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Also possible: this host's own firewall (tcp_local_denied): try from a
        neighbour in the same subnet; a network that leaves by a proxy only
        (route_proxy_required): add --alternate-proxy URL
WARN    gateways of prod-by3-010: 1 of 5 reachable
        tcp_timeout: g3-g5, g8: 40.0.1.4:443 did not answer within 5s

UNKNOWN {factory}.{region}.datafactory.azure.net:443  not_testable
        its factory is not known

PASS    192.0.2.10:443  192.0.2.10 (tcp 30.0 ms)

2 fail, 5 warn, 1 unknown, 2 pass
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
By pathproof VERSION
"
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
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
        advice: Advice::default(),
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
        To the proxy 10.0.0.8:3128: ok, 1.0 ms; it answers: 503 ERR_DNS_FAIL

PASS    contoso.azure.net:443          10.10.2.4 private direct (tcp 30.0 ms)
PASS    ns.servicebus.windows.net:443  by proxy (tcp 1.0 ms, proxy 12.0 ms)

Gateways of ns.servicebus.windows.net were not looked for: only the proxy
resolves the name
1 fail, 2 pass
Route: 2 by http://10.0.0.8:3128, 1 direct (taken from HTTPS_PROXY)
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
By pathproof VERSION
"
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
    );
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
        explained_by: None,
        advice: Advice::default(),
    });
    conclusion.actions = crate::diagnose::actions(&conclusion.verdicts, &conclusion.findings);
    let text = table(&records(vec![record("relay", "a.contoso.com")]), &conclusion, &NARROW);
    assert!(
        text.starts_with(
            "\
WARN    The required endpoint works, 1 warning: the network lets the runtime be
        online

What to do next
DNS team
  - Mend 10.0.0.54.

If the runtime has trouble all the same, look at this host next
  - service state: whether DIAHostService runs
  - authentication key

WARN    All endpoints  dns_resolver_down
        name server 10.0.0.54 does not answer
        Seen: 10.0.0.54:53: fact 1; fact 2; fact 3; ...

PASS    a.contoso.com:443"
        ),
        "{text}"
    );
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
        (link, "10.1.1.1", "10.1.1.1 private (by privatelink) (dns"),
        ("myadf.contoso.com", "10.1.1.1", "10.1.1.1 private (dns"),
        (link, "40.1.1.1", "40.1.1.1 (dns"),
    ] {
        let text = at(alias, address);
        assert!(text.contains(expected), "{alias} {address}\n{text}");
    }
}
