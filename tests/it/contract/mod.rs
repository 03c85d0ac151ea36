//! The JSON report as the contract has it, declared once more by hand: a field that is renamed,
//! dropped or added, or a word that changes, fails here and nowhere in the program.

mod sample;

use std::time::Duration;

use pathproof::model;
use pathproof::report::json;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use sample::{sample, start};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    schema: String,
    tool: Tool,
    run: Run,
    summary: Summary,
    findings: Vec<Finding>,
    actions: Vec<Action>,
    endpoints: Vec<Endpoint>,
    prediction: Prediction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    owner: String,
    text: String,
    causes: Vec<String>,
    destinations: Vec<Destination>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Destination {
    name: String,
    address: Option<String>,
    port: u16,
    protocol: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    name: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    started_at: String,
    took_ms: Option<f64>,
    options: Vec<String>,
    vantage: Vantage,
    exit: Option<u8>,
    fail_on: Option<String>,
    runtime: Option<HostRuntime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostRuntime {
    installed: Option<InstalledRuntime>,
    version: Option<String>,
    service: Option<RuntimeService>,
    errors: Vec<LoggedError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstalledRuntime {
    path: String,
    found_by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuntimeService {
    state: String,
    start: String,
    account: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoggedError {
    at: Option<String>,
    text: String,
    explained: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sighting {
    seen_in: String,
    seen_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vantage {
    hostname: String,
    os: String,
    account: String,
    addresses: Vec<String>,
    resolvers: Vec<String>,
    proxy: Proxy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proxy {
    source: String,
    url: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    pass: u64,
    warn: u64,
    fail: u64,
    unknown: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    cause: String,
    severity: String,
    certainty: String,
    message: String,
    evidence: Vec<String>,
    rivals: Vec<String>,
    owner: String,
    remedy: String,
    explained_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    entry: String,
    role: String,
    host: String,
    port: u16,
    kind: String,
    purpose: String,
    source_document: Option<String>,
    required: bool,
    origin: String,
    discovered: Option<Sighting>,
    status: String,
    cause: Option<String>,
    route: RouteChoice,
    findings: Vec<Finding>,
    lookups: Vec<Lookup>,
    #[serde(default)]
    proxies: Vec<ProxyLookup>,
    trails: Vec<Trail>,
    gateways_skipped: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteChoice {
    intended: String,
    configured: String,
    why: String,
    measured: Vec<String>,
    #[serde(default)]
    fallbacks: Vec<String>,
    alternate: Option<String>,
    #[serde(default)]
    questions: Vec<Question>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    name: String,
    addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyLookup {
    proxy: String,
    lookups: Vec<Lookup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    resolver: String,
    outcome: String,
    chain: Vec<ChainLink>,
    addresses: Vec<String>,
    took_ms: f64,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainLink {
    name: String,
    r#type: String,
    ttl: u32,
    data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trail {
    route: String,
    local: Option<String>,
    remote: String,
    at: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(rename = "step")]
    name: String,
    outcome: String,
    took_ms: f64,
    detail: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prediction {
    network_allows: String,
    because: Vec<String>,
    consequences: Vec<String>,
    not_looked_at: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event<T> {
    r#type: String,
    data: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    schema: String,
    tool: Tool,
    run: Run,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    took_ms: f64,
    exit: u8,
    fail_on: String,
    summary: Summary,
    findings: Vec<Finding>,
    actions: Vec<Action>,
    prediction: Prediction,
}

#[test]
fn the_report_is_as_the_contract_has_it() {
    let (records, conclusion) = sample();
    let mut bytes = Vec::new();
    json::report(&records, &conclusion, None, &mut bytes).unwrap();
    let report: Report = serde_json::from_slice(&bytes).unwrap();

    assert_eq!(report.schema, "pathproof.report/1");
    assert_eq!(report.tool.name, "pathproof");
    assert_eq!(report.tool.version, env!("CARGO_PKG_VERSION"));
    check_run(&report.run);
    assert_eq!((report.run.exit, report.run.fail_on.as_deref()), (Some(0), Some("warn")));
    assert_eq!(report.run.took_ms, Some(5012.3));
    assert_eq!(report.summary, Summary { pass: 1, warn: 0, fail: 1, unknown: 0 });
    check_finding(&report.findings[0]);
    check_actions(&report.actions);
    check_prediction(&report.prediction);

    let hosts: Vec<_> = report.endpoints.iter().map(|one| (&*one.host, one.port)).collect();
    assert_eq!(hosts, [("a.servicebus.windows.net", 443), ("b.servicebus.windows.net", 443)]);
    let [passed, failed] = &report.endpoints[..] else { panic!("two endpoints") };
    assert_eq!((&*passed.status, &passed.cause), ("pass", &None));
    assert_eq!((&*failed.status, failed.cause.as_deref()), ("fail", Some("tcp_timeout")));
    check_endpoint(passed);
    check_finding(&failed.findings[0]);
    let steps: Vec<_> =
        passed.trails[0].steps.iter().map(|step| (&*step.name, &*step.outcome)).collect();
    assert_eq!(steps, [("tcp", "ok"), ("tls", "ok"), ("http", "ok")]);
    let last = &failed.trails[0].steps[0];
    assert_eq!((&*last.name, &*last.outcome, last.took_ms), ("tcp", "timeout", 5000.0));
    assert_eq!(last.detail, serde_json::json!({"limit_ms": 5000}));
    let mut again = Vec::new();
    json::report(&records, &conclusion, None, &mut again).unwrap();
    assert_eq!(again, bytes, "the same inputs give the same bytes");
}

#[test]
fn the_stream_is_a_line_an_event() {
    let (records, conclusion) = sample();
    let mut bytes = Vec::new();
    json::begin(&records.run, &mut bytes).unwrap();
    json::endpoint(&records.records[1], &conclusion.verdicts[1], &mut bytes).unwrap();
    json::end(&records.run, &conclusion, None, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let [begin, endpoint, end] = lines[..] else { panic!("{} lines", lines.len()) };

    let begin: Begin = data(begin, "begin");
    assert_eq!((&*begin.schema, &*begin.tool.name), ("pathproof.report/1", "pathproof"));
    check_run(&begin.run);
    assert_eq!(begin.run.took_ms, None, "not yet known");
    let endpoint: Endpoint = data(endpoint, "endpoint");
    check_endpoint(&endpoint);
    let end: End = data(end, "end");
    assert_eq!((end.exit, &*end.fail_on), (0, "warn"));
    assert_eq!(end.summary, Summary { pass: 1, warn: 0, fail: 1, unknown: 0 });
    assert!((end.took_ms - 5012.3).abs() < 1e-9);
    check_finding(&end.findings[0]);
    check_actions(&end.actions);
    check_prediction(&end.prediction);
}

/// The way through a proxy: what the ordinary report leaves out.
#[test]
fn the_way_through_a_proxy_is_as_the_contract_has_it() {
    let (records, conclusion) = sample();
    let proxied = |url: &str| model::Route::Proxy(model::Proxied { url: url.into() });
    let first = "http://proxy.contoso.com:3128";
    let mut record = records.records[1].clone();
    record.route.configured = Ok(proxied(first));
    record.route.fallbacks = vec![proxied("socks5://10.0.0.9:1080"), model::Route::Direct];
    record.route.alternate = Some(model::Route::Direct);
    let addresses = vec!["10.1.1.1".parse().unwrap()];
    record.route.questions = vec![model::PacQuestion { name: "intranet".into(), addresses }];
    record.proxies = vec![model::ProxyLookup {
        proxy: model::Proxied { url: first.into() },
        lookups: record.lookups.clone(),
    }];
    record.lookups.clear();
    let answer = |status, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let (reason, body) = ("R".to_owned(), String::new());
        Box::new(model::HttpAnswer { status, reason, headers, body, is_cut: false })
    };
    let open = |url: &str| {
        let mut open =
            model::OpenTrail::new(proxied(url), "10.0.0.8:3128".parse().unwrap(), start());
        open.pass(model::Seen::Tcp, Duration::from_millis(1));
        open
    };
    let mut tunnel = open(first);
    let reply = model::ProxyReply::Connect(answer(200, &[("Via", "1.1 p")]));
    let session = None;
    tunnel.pass(
        model::Seen::Proxy(Box::new(model::Tunnel { session, reply, sign_in: None })),
        Duration::from_millis(2),
    );
    let refused = model::ProxyFailure::Answered {
        answer: answer(407, &[("Proxy-Authenticate", "NTLM"), ("Proxy-Authenticate", "Basic")]),
        with_credentials: true,
    };
    let socks = model::Failure::Proxy(model::ProxyFailure::SocksReply(4));
    record.trails = vec![
        tunnel.complete(),
        open(first).fail(model::Failure::Proxy(refused), Duration::from_millis(3)),
        open("socks5://10.0.0.9:1080").fail(socks, Duration::from_millis(3)),
    ];
    let mut bytes = Vec::new();
    json::endpoint(&record, &conclusion.verdicts[0], &mut bytes).unwrap();
    let endpoint: Endpoint = data(std::str::from_utf8(&bytes).unwrap(), "endpoint");

    assert_eq!(endpoint.route.configured, first);
    assert_eq!(endpoint.route.measured, [first, "socks5://10.0.0.9:1080"]);
    assert_eq!(endpoint.route.fallbacks, ["socks5://10.0.0.9:1080", "direct"]);
    assert_eq!(endpoint.route.alternate.as_deref(), Some("direct"));
    let asked = Question { name: "intranet".into(), addresses: vec!["10.1.1.1".into()] };
    assert_eq!(endpoint.route.questions, [asked]);
    assert_eq!(endpoint.proxies[0].proxy, first);
    assert_eq!(endpoint.proxies[0].lookups[0].outcome, "ok");
    let skipped = Some("only the proxy resolves the name");
    assert_eq!(endpoint.gateways_skipped.as_deref(), skipped);
    let last = |trail: &Trail| {
        let step = trail.steps.last().unwrap();
        (step.name.clone(), step.outcome.clone(), step.detail.clone())
    };
    let seen: Vec<_> = endpoint.trails.iter().map(last).collect();
    let expected = [
        ("ok", serde_json::json!({"answer": {"status": 200, "reason": "R", "via": "1.1 p"}})),
        (
            "answered",
            serde_json::json!({
                "answer": {"status": 407, "reason": "R", "proxy_authenticate": "NTLM, Basic"},
                "with_credentials": true,
            }),
        ),
        ("socks_reply", serde_json::json!({"socks_reply": 4})),
    ];
    let expected = expected.map(|(outcome, detail)| ("proxy".into(), outcome.into(), detail));
    assert_eq!(seen, expected);
}

fn data<T: DeserializeOwned>(line: &str, kind: &str) -> T {
    let event: Event<T> = serde_json::from_str(line).unwrap();
    assert_eq!(event.r#type, kind);
    event.data
}

fn check_run(run: &Run) {
    assert_eq!(run.started_at, "2026-03-01T10:00:00Z");
    assert_eq!(run.options, ["--set", "factory=contoso"]);
    let vantage = &run.vantage;
    assert_eq!((&*vantage.hostname, &*vantage.os), ("ir-node-1", "Windows Server 2022"));
    assert_eq!(vantage.account, "CONTOSO\\svc");
    assert_eq!(vantage.addresses, ["10.50.1.10"]);
    assert_eq!(vantage.resolvers, ["10.0.0.53:53"]);
    assert_eq!((&*vantage.proxy.source, &vantage.proxy.url), ("none", &None));
    let runtime = run.runtime.as_ref().unwrap();
    let installed = runtime.installed.as_ref().unwrap();
    assert_eq!((&*installed.path, &*installed.found_by), ("D:\\IR", "program-files"));
    assert_eq!(runtime.version.as_deref(), Some("5.44.8984.1"));
    let service = runtime.service.as_ref().unwrap();
    assert_eq!((&*service.state, &*service.start), ("running", "manual"));
    assert_eq!(service.account, "CONTOSO\\ir");
    let [error, other] = &runtime.errors[..] else { panic!("two errors") };
    assert_eq!(
        (error.at.as_deref(), &*error.text),
        (Some("2026-03-01T10:00:00Z"), "UnexpectedFault")
    );
    assert!(error.explained.as_deref().unwrap().contains("network"), "{:?}", error.explained);
    assert_eq!((&other.at, &*other.text, &other.explained), (&None, "zzz", &None));
}

fn check_finding(finding: &Finding) {
    assert_eq!(finding.cause, "tcp_timeout");
    assert_eq!((&*finding.severity, &*finding.certainty), ("fail", "likely"));
    assert_eq!(finding.message, "m");
    assert_eq!(finding.evidence, ["e"]);
    assert_eq!(finding.rivals, ["tcp_local_denied"]);
    assert_eq!((&*finding.owner, &*finding.remedy), ("data-platform", "r"));
    assert_eq!(finding.explained_by.as_deref(), Some("dns_sinkhole"));
}

fn check_actions(actions: &[Action]) {
    let [action] = actions else { panic!("{} actions", actions.len()) };
    assert_eq!((&*action.owner, &*action.text), ("firewall", "t"));
    assert_eq!(action.causes, ["tcp_timeout"]);
    let destination = |name: &str, address: Option<&str>| Destination {
        name: name.to_owned(),
        address: address.map(str::to_owned),
        port: 443,
        protocol: "tcp".to_owned(),
    };
    let known = destination("b.servicebus.windows.net", Some("40.112.72.101"));
    assert_eq!(action.destinations, [known, destination("c.servicebus.windows.net", None)]);
}

fn check_prediction(prediction: &Prediction) {
    assert_eq!(prediction.network_allows, "limited");
    assert_eq!(prediction.because, ["b.servicebus.windows.net:443"]);
    assert_eq!(prediction.consequences, ["c"]);
    assert_eq!(prediction.not_looked_at, ["service state"]);
}

/// What stands in the endpoint that passes.
fn check_endpoint(endpoint: &Endpoint) {
    assert_eq!((&*endpoint.entry, &*endpoint.role, &*endpoint.kind), ("relay", "relay", "relay"));
    assert_eq!((&*endpoint.purpose, endpoint.required), ("interactive authoring", true));
    assert_eq!(endpoint.source_document.as_deref(), Some("Ports and firewalls (2025-03-31)"));
    assert_eq!(endpoint.origin, "service-urls");
    let discovered = endpoint.discovered.as_ref().unwrap();
    assert_eq!(
        (&*discovered.seen_in, discovered.seen_at.as_deref()),
        ("a log", Some("2026-03-01T10:00:00Z"))
    );
    assert!(endpoint.findings.is_empty());
    let route = &endpoint.route;
    assert_eq!((&*route.intended, &*route.configured, &*route.why), ("any", "direct", "w"));
    assert_eq!(route.measured, ["direct"]);
    assert!(route.fallbacks.is_empty() && route.questions.is_empty());
    assert_eq!((&route.alternate, &endpoint.gateways_skipped), (&None, &None));
    assert!(endpoint.proxies.is_empty());
    let lookup = &endpoint.lookups[0];
    assert_eq!((&*lookup.resolver, &*lookup.outcome), ("10.0.0.53:53", "ok"));
    assert!((lookup.took_ms - 0.4).abs() < 1e-9);
    assert_eq!(lookup.addresses, ["40.112.72.101", "2603:1030::1"]);
    let link = |name: &str, kind: &str, ttl, data: &str| ChainLink {
        name: name.into(),
        r#type: kind.into(),
        ttl,
        data: data.into(),
    };
    assert_eq!(
        lookup.chain,
        [
            link("a.servicebus.windows.net", "CNAME", 30, "ns-sb2-prod-by3-010.cloudapp.net"),
            link("ns-sb2-prod-by3-010.cloudapp.net", "A", 10, "40.112.72.101"),
            link("ns-sb2-prod-by3-010.cloudapp.net", "AAAA", 10, "2603:1030::1"),
        ]
    );
    let trail = &endpoint.trails[0];
    assert_eq!((&*trail.route, &*trail.remote), ("direct", "40.112.72.101:443"));
    assert_eq!(trail.local.as_deref(), Some("10.50.1.10:51514"));
    assert_eq!(trail.at, "2026-03-01T10:00:00.5Z");
    let [tcp, tls, http] = &trail.steps[..] else { panic!("three steps") };
    assert_eq!(tcp.detail, serde_json::json!({}));
    assert_eq!(
        tls.detail,
        serde_json::json!({
            "version": "TLSv1_3",
            "cipher": "TLS13_AES_256_GCM_SHA384",
            "chain": [{
                "subject": "CN=servicebus.windows.net",
                "issuer": "CN=Microsoft Azure RSA TLS Issuing CA 03",
                "sha256": "ab".repeat(32),
                "not_before": "1970-01-01T00:00:00Z",
                "not_after": "2026-03-01T10:00:00Z",
                "names": ["*.servicebus.windows.net"],
            }],
            "trust": {
                "public": {"outcome": "trusted"},
                "host": {"outcome": "not_judged", "reason": "the store cannot be read"},
                "validity": {"outcome": "current"},
            },
        })
    );
    assert_eq!(
        http.detail,
        serde_json::json!({"status": 200, "reason": "OK", "server": "Microsoft-HTTPAPI/2.0"})
    );
}
