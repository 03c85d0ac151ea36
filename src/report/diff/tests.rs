use serde_json::{Value, json};

use super::*;
use crate::report::Style;

/// A report of these endpoints.
fn saved(hostname: &str, findings: &Value, endpoints: &[Value]) -> Report<'static> {
    let text = json!({
        "schema": "pathproof.report/1",
        "run": {"started_at": "2026-03-01T10:00:00Z", "vantage": {"hostname": hostname}},
        "findings": findings,
        "endpoints": endpoints,
        "prediction": {"network_allows": "online"},
    });
    Report::read(&text.to_string()).unwrap()
}

fn finding(cause: &str, severity: &str, owner: &str) -> Value {
    json!({"cause": cause, "severity": severity, "message": "m", "owner": owner, "remedy": "r"})
}

/// `"pass"`, or `"fail tcp_timeout tls_reset"`.
fn endpoint(host: &str, standing: &str) -> Value {
    let mut words = standing.split(' ');
    let status = words.next().unwrap();
    let causes: Vec<&str> = words.collect();
    let findings: Vec<Value> =
        causes.iter().map(|cause| finding(cause, status, "firewall")).collect();
    json!({"entry": "relay", "host": host, "port": 443, "required": true, "status": status,
        "cause": causes.first(), "findings": findings, "route": {"configured": "direct"}})
}

fn with(mut endpoint: Value, name: &str, value: Value) -> Value {
    endpoint[name] = value;
    endpoint
}

/// `kind` of each change, after the host.
fn kinds(diff: &Diff) -> Vec<String> {
    diff.changes
        .iter()
        .map(|change| {
            let json = serde_json::to_value(change).unwrap();
            let host = change.endpoint.as_ref().map_or("run", |endpoint| &endpoint.host);
            format!("{host} {}", json["kind"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_change_of_status_is_named_and_judged() {
    // before, after, kind, violated, unknown
    for (before, after, kind, violated, unknown) in [
        ("pass", "pass", "", false, false),
        ("pass", "warn tls_intercepted", "regression", true, false),
        ("pass", "fail tcp_timeout", "regression", true, false),
        ("warn tls_intercepted", "fail tcp_timeout", "regression", true, false),
        ("unknown budget_spent", "fail tcp_timeout", "regression", true, false),
        ("fail tcp_timeout", "pass", "recovery", false, false),
        ("fail tcp_timeout", "warn tls_intercepted", "recovery", false, false),
        ("warn tls_intercepted", "pass", "recovery", false, false),
        ("unknown budget_spent", "pass", "recovery", false, false),
        ("pass", "unknown budget_spent", "unknown_now", false, true),
        ("fail tcp_timeout", "unknown budget_spent", "unknown_now", false, true),
        ("fail tcp_timeout", "fail tcp_timeout", "", false, false),
        ("fail tcp_timeout", "fail tcp_reset", "other_cause", false, false),
        ("fail tcp_timeout", "fail tcp_timeout tls_reset", "other_cause", false, false),
        ("unknown budget_spent", "warn tls_intercepted", "other_cause", false, false),
    ] {
        let case = format!("{before} -> {after}");
        let (a, b) = (endpoint("h", before), endpoint("h", after));
        let (a, b) = (saved("n", &json!([]), &[a]), saved("n", &json!([]), &[b]));
        let diff = Diff::between(&a, &b);
        let expected: Vec<String> =
            [kind].iter().filter(|kind| !kind.is_empty()).map(|kind| format!("h {kind}")).collect();
        assert_eq!(kinds(&diff), expected, "{case}");
        assert_eq!((diff.is_violated(), diff.is_unknown()), (violated, unknown), "{case}");
    }
}

#[test]
fn endpoints_come_and_go() {
    let optional = |endpoint| with(endpoint, "required", json!(false));
    for (before, after, kind, violated, unknown) in [
        (vec![], vec![endpoint("h", "pass")], "h new_endpoint", false, false),
        (vec![], vec![endpoint("h", "fail tcp_timeout")], "h new_endpoint", true, false),
        (vec![], vec![endpoint("h", "unknown not_testable")], "h new_endpoint", false, true),
        (vec![endpoint("h", "pass")], vec![], "h gone_endpoint", false, true),
        (vec![optional(endpoint("h", "pass"))], vec![], "h gone_endpoint", false, false),
        // Azure put a gateway to use, or took it back: neither better nor worse.
        (
            vec![optional(endpoint("h", "unknown relay_gateway_unassigned"))],
            vec![optional(endpoint("h", "warn tcp_timeout"))],
            "h new_endpoint",
            false,
            false,
        ),
        (
            vec![optional(endpoint("h", "pass"))],
            vec![optional(endpoint("h", "unknown relay_gateway_unassigned"))],
            "h gone_endpoint",
            false,
            false,
        ),
    ] {
        let (a, b) = (saved("n", &json!([]), &before), saved("n", &json!([]), &after));
        let diff = Diff::between(&a, &b);
        assert_eq!(kinds(&diff), [kind]);
        assert_eq!((diff.is_violated(), diff.is_unknown()), (violated, unknown), "{after:?}");
    }
}

#[test]
fn findings_of_the_run_are_compared() {
    let skew = || json!([finding("host_clock_skew", "warn", "host")]);
    for (before, after, kind) in [
        (json!([]), skew(), "run regression"),
        (skew(), json!([]), "run recovery"),
        (json!([]), json!([finding("vantage_broken", "unknown", "host")]), "run unknown_now"),
    ] {
        let (a, b) = (saved("n", &before, &[]), saved("n", &after, &[]));
        assert_eq!(kinds(&Diff::between(&a, &b)), [kind]);
    }
    let (a, b) = (saved("n", &skew(), &[]), saved("n", &skew(), &[]));
    assert_eq!(kinds(&Diff::between(&a, &b)), <[&str; 0]>::default());
}

fn looked_up(outcome: &str, addresses: &[&str]) -> Value {
    with(
        endpoint("h", "pass"),
        "lookups",
        json!([{"outcome": outcome, "addresses": addresses}, {"outcome": "timeout"}]),
    )
}

fn shaken(route: &str, issuer: &str, tcp_ms: f64) -> Value {
    let chain = json!([{"issuer": issuer}, {"issuer": "CN=Root"}]);
    let steps = json!([
        {"step": "tcp", "outcome": "ok", "took_ms": tcp_ms, "detail": {}},
        {"step": "tls", "outcome": "ok", "took_ms": 3, "detail": {"chain": chain}},
    ]);
    let trails = json!([{"route": route, "steps": steps}]);
    let endpoint = with(endpoint("h", "pass"), "trails", trails);
    with(endpoint, "route", json!({"configured": route, "why": "HTTPS_PROXY"}))
}

#[test]
fn what_was_seen_of_an_endpoint_is_compared() {
    let proxy = "http://proxy:3128";
    let what = |before: &Value, after: &Value| {
        let (a, b) = (std::slice::from_ref(before), std::slice::from_ref(after));
        let (a, b) = (saved("n", &json!([]), a), saved("n", &json!([]), b));
        let changes = Diff::between(&a, &b).changes;
        changes.iter().map(|change| serde_json::to_value(&change.what).unwrap()).collect::<Vec<_>>()
    };
    let addresses =
        |new: Value, gone: Value| json!({"kind": "addresses", "new": new, "gone": gone});
    for (before, after, expected) in [
        (
            looked_up("ok", &["10.0.0.1", "10.0.0.2"]),
            looked_up("ok", &["10.0.0.2", "10.0.0.3"]),
            vec![addresses(json!(["10.0.0.3"]), json!(["10.0.0.1"]))],
        ),
        (
            looked_up("ok", &["10.0.0.1", "10.0.0.2"]),
            looked_up("ok", &["10.0.0.2", "10.0.0.1"]),
            vec![],
        ),
        (
            looked_up("ok", &["10.0.0.1"]),
            looked_up("nxdomain", &[]),
            vec![addresses(json!([]), json!(["10.0.0.1"]))],
        ),
        // Who was not answered does not know that an address is gone.
        (looked_up("ok", &["10.0.0.1"]), looked_up("servfail", &[]), vec![]),
        (
            shaken("direct", "CN=Microsoft", 12.0),
            shaken("direct", "CN=Zscaler", 12.0),
            vec![json!({"kind": "issuers", "before": ["CN=Microsoft"], "after": ["CN=Zscaler"]})],
        ),
        (shaken("direct", "CN=Microsoft", 12.0), endpoint("h", "pass"), vec![]),
        (
            shaken("direct", "CN=Microsoft", 12.0),
            shaken("direct", "CN=Microsoft", 212.5),
            vec![json!({"kind": "latency", "step": "tcp", "before_ms": 12.0, "after_ms": 212.5})],
        ),
        // Another way is another distance.
        (
            shaken("direct", "CN=Microsoft", 112.0),
            shaken(proxy, "CN=Microsoft", 1.0),
            vec![
                json!({"kind": "route", "before": "direct", "after": proxy, "why": "HTTPS_PROXY"}),
            ],
        ),
    ] {
        assert_eq!(what(&before, &after), expected, "{before} {after}");
    }
}

#[test]
fn an_owner_sees_what_is_theirs() {
    let before = saved(
        "n",
        &json!([]),
        &[endpoint("a", "pass"), endpoint("b", "fail tcp_timeout"), looked_up("ok", &["10.0.0.1"])],
    );
    let after = saved(
        "n",
        &json!([finding("host_clock_skew", "warn", "host")]),
        &[endpoint("a", "fail tcp_timeout"), endpoint("b", "pass"), looked_up("ok", &["10.0.0.2"])],
    );
    let all = Diff::between(&before, &after);
    assert_eq!(kinds(&all), ["run regression", "a regression", "b recovery", "h addresses"]);
    assert_eq!(kinds(&all.clone().only_owners(&[Owner::Firewall])), ["a regression", "b recovery"]);
    assert_eq!(kinds(&all.clone().only_owners(&[Owner::Host])), ["run regression"]);
    assert!(!all.only_owners(&[Owner::Dns]).is_violated());
}

#[test]
fn the_table_says_what_is_worse_first() {
    let before =
        saved("node-1", &json!([]), &[endpoint("a", "pass"), endpoint("b", "fail tcp_timeout")]);
    let after =
        saved("node-2", &json!([]), &[endpoint("b", "pass"), endpoint("a", "fail tcp_timeout")]);
    let shown = table(&Diff::between(&before, &after), &Style { width: 80, color: false });
    let expected = "\
FAIL    1 regression, 1 recovery, 0 other changes since 2026-03-01 10:00:00 UTC
        (node-1)
        Now: 2026-03-01 10:00:00 UTC (node-2)
        These are reports of two hosts: what differs may differ between them

Regressions
  - relay a:443: pass -> fail tcp_timeout
    m
    firewall: r

Recoveries
  - relay b:443: fail tcp_timeout -> pass
";
    assert_eq!(shown, expected);
}

#[test]
fn the_json_is_one_object() {
    let (before, after) = (endpoint("h", "pass"), endpoint("h", "warn tls_intercepted"));
    let (a, b) = (saved("n", &json!([]), &[before]), saved("m", &json!([]), &[after]));
    let mut bytes = Vec::new();
    Diff::between(&a, &b).json(&mut bytes).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["schema"], "pathproof.diff/1");
    assert_eq!(value["before"]["hostname"], "n");
    assert_eq!(value["after"]["hostname"], "m");
    let change = &value["changes"][0];
    assert_eq!(change["kind"], "regression");
    assert_eq!(change["endpoint"]["host"], "h");
    assert_eq!(change["before"]["status"], "pass");
    assert_eq!(change["after"]["findings"][0]["cause"], "tls_intercepted");
}
