//! What the ways of a name come to beside each other.

use pathproof::model::{
    Cause, Certainty, Failure, HttpAnswer, Kind, NetworkAllows, Obstacle, Owner, ProxyFailure,
    ResponseCode, Route, Severity, Status, TimeoutBy, Trail, Verdict,
};

use super::{CONTROL, GATEWAY, LINK, RELAY, check, refused, silent};
use crate::scene::{
    Ask, Probe, Way, accepted_control, conclude, errno, gives, ms, page, proxy, records, run,
    with_header,
};

const URL: &str = "http://10.0.0.8:3128";
const AT: &str = "10.0.0.8:3128";
const SECOND: &str = "http://10.0.0.9:3128";

fn works(way: Way) -> Trail {
    way.proven_beyond(Kind::Relay, RELAY)
}

fn denied(way: Way) -> Trail {
    way.refused_with(squid(403, "ERR_ACCESS_DENIED 0"))
}

fn unknown_name(way: Way) -> Trail {
    way.refused_with(squid(503, "ERR_DNS_FAIL 0"))
}

fn squid(status: u16, error: &str) -> HttpAnswer {
    with_header(page(status, "", ""), "X-Squid-Error", error)
}

fn relay() -> Probe {
    Probe::of("relay", RELAY)
}

fn proxied() -> Probe {
    relay().by(URL)
}

#[test]
fn what_the_proxy_resolves_needs_no_local_answer() {
    for ask in [
        Ask::silence(),
        Ask::code(ResponseCode::NxDomain),
        Ask::code(ResponseCode::ServFail),
        // Where the local view leads is not where the proxy goes.
        gives(&["0.0.0.0"]),
        gives(&["10.1.1.1"]),
    ] {
        let verdict = proxied().asks(ask).goes_by(URL, AT, works).verdict();
        check(&verdict, Status::Pass, &[]);
    }
    let views = proxied()
        .asks(gives(&["40.1.1.1"]))
        .asks(Ask::code(ResponseCode::NxDomain).at("10.0.1.53:53"))
        .goes_by(URL, AT, works);
    check(&views.verdict(), Status::Pass, &[]);
    let quiet = proxied().asks(Ask::silence()).goes_by(URL, AT, denied);
    check(&quiet.verdict(), Status::Fail, &["proxy_denied"]);
    // Private names must be found here.
    let private = Probe::of("control", CONTROL).private().by(URL).asks(Ask::silence());
    check(&private.verdict(), Status::Fail, &["route_private_via_proxy", "dns_timeout"]);
}

#[test]
fn a_private_name_by_the_proxy_is_wrong_whatever_works() {
    let control = || Probe::of("control", CONTROL).by(URL);
    let direct = |way: Way| way.proven(Kind::Https, CONTROL);
    let private = gives(&["10.10.2.4"]);
    let told = control().private().asks(private).goes("10.10.2.4", direct).verdict();
    check(&told, Status::Fail, &["route_private_via_proxy"]);
    assert_eq!(told.findings[0].certainty, Certainty::Proven);
    assert!(told.findings[0].remedy.contains(r"contoso-adf\.westeurope\.datafactory\.azure\.net"));
    let taken = || control().asks(gives(&["10.10.2.4"]).via(&[LINK]));
    let verdict = taken().goes("10.10.2.4", direct).verdict();
    check(&verdict, Status::Fail, &["route_private_via_proxy"]);
    let verdict = taken().goes("10.10.2.4", silent).verdict();
    check(&verdict, Status::Fail, &["route_private_via_proxy", "tcp_timeout"]);
    // A private address alone makes no private endpoint.
    let other = control()
        .asks(gives(&["10.10.2.4"]))
        .goes_by(URL, AT, |way| way.proven_beyond(Kind::Https, CONTROL));
    check(&other.verdict(), Status::Pass, &[]);
    let mut rightly = taken().goes("10.10.2.4", direct);
    rightly.route.configured = Ok(Route::Direct);
    check(&rightly.verdict(), Status::Pass, &[]);
}

#[test]
fn the_way_that_works_is_told_from_the_one_configured() {
    let address = gives(&["40.1.1.1"]);
    let direct_fails = |probe: Probe| probe.goes("40.1.1.1", silent);
    let direct = relay().beside(proxy(URL)).asks(address);
    let verdict = direct_fails(direct).goes_by(URL, AT, works).verdict();
    check(&verdict, Status::Fail, &["route_proxy_required", "tcp_timeout"]);
    assert_eq!(verdict.findings[0].owner, Owner::DataPlatform);
    let has = |verdict: &Verdict, cause| {
        verdict.findings.iter().any(|finding| finding.rivals.contains(&cause))
    };
    assert!(!has(&verdict, Cause::RouteProxyRequired));
    // Only the proxy can resolve it.
    let unresolved = relay().beside(proxy(URL)).asks(Ask::code(ResponseCode::NxDomain));
    let verdict = unresolved.goes_by(URL, AT, works).verdict();
    check(&verdict, Status::Fail, &["route_proxy_required", "dns_nxdomain"]);
    // Neither works; without a second way that stays a rival.
    let neither = direct_fails(relay().beside(proxy(URL)).asks(gives(&["40.1.1.1"])));
    let verdict = neither.goes_by(URL, AT, denied).verdict();
    check(&verdict, Status::Fail, &["tcp_timeout"]);
    assert!(!has(&verdict, Cause::RouteProxyRequired));
    let shown = &verdict.findings[0].evidence;
    assert!(shown.iter().any(|line| line.contains("fails too") && line.contains("proxy_denied")));
    let alone = direct_fails(relay().asks(gives(&["40.1.1.1"]))).verdict();
    assert!(has(&alone, Cause::RouteProxyRequired));

    let ok: fn(Way) -> Trail = |way| way.proven(Kind::Relay, RELAY);
    let by_proxy = || proxied().beside(Route::Direct).asks(gives(&["40.1.1.1"]));
    let verdict = by_proxy().goes_by(URL, AT, denied).goes("40.1.1.1", ok).verdict();
    check(&verdict, Status::Fail, &["route_direct_required", "proxy_denied"]);
    let verdict = by_proxy().goes_by(URL, AT, denied).goes("40.1.1.1", silent).verdict();
    check(&verdict, Status::Fail, &["proxy_denied"]);
    // The alternate is evidence only.
    let verdict = by_proxy().goes_by(URL, AT, works).goes("40.1.1.1", silent).verdict();
    check(&verdict, Status::Pass, &[]);
    let works_direct = relay().beside(proxy(URL)).asks(gives(&["40.1.1.1"]));
    let verdict = works_direct.goes("40.1.1.1", ok).goes_by(URL, AT, denied).verdict();
    check(&verdict, Status::Pass, &[]);
    let stopped = by_proxy().goes_by(URL, AT, |way| way.tcp().stops(Obstacle::BudgetSpent));
    let verdict = stopped.goes("40.1.1.1", ok).verdict();
    check(&verdict, Status::Unknown, &["budget_spent"]);
}

#[test]
fn a_client_falls_back_where_it_cannot_connect() {
    let pac = |first: fn(Way) -> Trail, second: fn(Way) -> Trail| {
        proxied()
            .else_by(&[proxy(SECOND)])
            .goes_by(URL, AT, first)
            .goes_by(SECOND, "10.0.0.9:3128", second)
            .verdict()
    };
    let warned = pac(silent, works);
    check(&warned, Status::Warn, &["proxy_timeout"]);
    assert!(warned.findings[0].evidence.iter().any(|line| line.contains(SECOND)));
    check(&pac(refused, works), Status::Warn, &["proxy_refused"]);
    check(&pac(works, refused), Status::Pass, &[]);
    check(&pac(denied, works), Status::Fail, &["proxy_denied"]);
    check(&pac(silent, denied), Status::Fail, &["proxy_timeout"]);
    let mut direct = relay().else_by(&[proxy(URL)]).asks(Ask::silence());
    direct.route.configured = Ok(Route::Direct);
    check(&direct.goes_by(URL, AT, works).verdict(), Status::Warn, &["dns_timeout"]);
}

#[test]
fn some_addresses_of_a_proxy_are_enough() {
    let two = |first: fn(Way) -> Trail, second: fn(Way) -> Trail| {
        proxied().goes_by(URL, "10.0.0.9:3128", first).goes_by(URL, AT, second).verdict()
    };
    check(&two(refused, works), Status::Warn, &["proxy_refused"]);
    check(&two(refused, silent), Status::Fail, &["proxy_refused", "proxy_timeout"]);
    check(&two(refused, denied), Status::Fail, &["proxy_refused", "proxy_denied"]);
    // What a middlebox answers on the direct way says nothing of a proxy.
    let mut run = run();
    run.control = Some(accepted_control());
    let verdict = proxied().goes_by(URL, AT, denied).verdict_in(&run);
    check(&verdict, Status::Fail, &["proxy_denied"]);
    let tcp = proxied().kind(Kind::Tcp).goes_by(URL, AT, |way| way.tcp().tunnel().done());
    check(&tcp.verdict_in(&run), Status::Pass, &[]);
    let tcp = proxied().kind(Kind::Tcp).goes_by(URL, AT, |way| way.tcp().done());
    check(&tcp.verdict_in(&run), Status::Unknown, &["not_run"]);
}

#[test]
fn a_proxys_own_certificate_needs_this_hosts_trust_only() {
    use pathproof::model::{ChainTrust, ProxyReply, Validity};
    type By<'b> = &'b dyn Fn(&str, ChainTrust) -> Verdict;
    let url = "https://proxy.contoso.com:8443";
    let own = |name: &str, host: ChainTrust| {
        crate::scene::chain(
            &[name],
            "CN=Contoso CA",
            ChainTrust::UnknownIssuer,
            host,
            Validity::Current,
        )
    };
    let tunnelled = |name: &str, host: ChainTrust| {
        let reply = ProxyReply::Connect(Box::new(page(200, "", "")));
        let probe = relay().by(url).goes_by(url, "10.0.0.8:8443", |way| {
            way.tcp()
                .tunnel_of(Some(own(name, host)), reply)
                .tls(crate::scene::azure(RELAY))
                .http(crate::scene::relay_feed())
                .done()
        });
        probe.verdict()
    };
    let fetched = |name: &str, host: ChainTrust| {
        let probe = relay().kind(Kind::Http).by(url).goes_by(url, "10.0.0.8:8443", |way| {
            way.tcp().proxy_session(own(name, host)).http(page(200, "OK", "")).done()
        });
        probe.verdict()
    };
    for by in [&tunnelled as By<'_>, &fetched] {
        check(&by("proxy.contoso.com", ChainTrust::Trusted), Status::Pass, &[]);
        let untrusted = by("proxy.contoso.com", ChainTrust::UnknownIssuer);
        check(&untrusted, Status::Fail, &["tls_untrusted"]);
        assert_eq!(untrusted.findings[0].owner, Owner::Proxy);
        let other = by("other.contoso.com", ChainTrust::Trusted);
        check(&other, Status::Fail, &["tls_name_mismatch"]);
        assert!(other.findings[0].message.starts_with("the proxy https://proxy.contoso.com:8443"));
    }
}

#[test]
fn gateways_that_the_proxy_does_not_know_are_not_assigned_yet() {
    let gateway =
        || Probe::of("relay-gateway", GATEWAY).by(URL).asks(Ask::code(ResponseCode::NxDomain));
    let verdict = gateway().goes_by(URL, AT, unknown_name).verdict();
    check(&verdict, Status::Unknown, &["relay_gateway_unassigned"]);
    assert!(!verdict.counts);
    let verdict =
        gateway().goes_by(URL, AT, |way| way.proven_beyond(Kind::Relay, GATEWAY)).verdict();
    check(&verdict, Status::Pass, &[]);
    check(&gateway().goes_by(URL, AT, denied).verdict(), Status::Warn, &["proxy_denied"]);
}

#[test]
fn the_run_says_once_what_one_proxy_does_to_all() {
    let control = || Probe::of("control", CONTROL).by(URL).asks(Ask::silence());
    let found = |probes| {
        let findings = conclude(&records(run(), probes)).findings;
        findings.iter().map(|it| (it.cause.code(), it.severity)).collect::<Vec<_>>()
    };
    let both = |one: fn(Way) -> Trail, other: fn(Way) -> Trail| {
        vec![
            proxied().asks(Ask::silence()).goes_by(URL, AT, one),
            control().goes_by(URL, AT, other),
        ]
    };
    // Silent name servers are no finding where a proxy has every name.
    assert_eq!(found(both(refused, refused)), [("proxy_refused", Severity::Fail)]);
    assert_eq!(found(both(refused, silent)), []);
    assert_eq!(found(both(denied, works)), []);
    assert_eq!(found(vec![proxied().goes_by(URL, AT, refused)]), []);
    // Those who go another way do not matter, and a private name is not sent to the proxy.
    let direct = Probe::of("download", "download.microsoft.com").works_at(&["20.50.1.1"]);
    let private = Probe::of("storage", "contoso.blob.core.windows.net").private().by(URL);
    let private = private.works_at(&["10.1.1.1"]);
    let all = both(refused, refused).into_iter().chain([direct, private]).collect();
    assert_eq!(found(all), [("proxy_refused", Severity::Fail)]);
    let ntlm: fn(Way) -> Trail =
        |way| way.refused_with(with_header(page(407, "", ""), "Proxy-Authenticate", "NTLM"));
    assert_eq!(found(both(ntlm, ntlm)), [("proxy_auth_required", Severity::Unknown)]);
    let mut differing = run();
    differing.agent_files_differ = vec!["one names a proxy, the other none".to_owned()];
    let healthy = vec![Probe::of("relay", RELAY).works_at(&["40.1.1.1"])];
    let findings = conclude(&records(differing, healthy)).findings;
    assert_eq!(findings[0].cause, Cause::RouteConfigMismatch);
}

#[test]
fn the_prediction_follows_the_way_configured() {
    let control = |first: fn(Way) -> Trail| {
        Probe::of("control", CONTROL)
            .by(URL)
            .else_by(&[proxy(SECOND)])
            .goes_by(URL, AT, first)
            .goes_by(SECOND, "10.0.0.9:3128", |way| way.proven_beyond(Kind::Https, CONTROL))
    };
    let updates = || {
        let host = "download.microsoft.com";
        Probe::of("download", host)
            .by(URL)
            .else_by(&[proxy(SECOND)])
            .goes_by(URL, AT, silent)
            .goes_by(SECOND, "10.0.0.9:3128", |way| way.proven_beyond(Kind::Https, host))
    };
    let predict = |probes| conclude(&records(run(), probes)).prediction;
    let by_proxy = || proxied().goes_by(URL, AT, works);
    let prediction = predict(vec![control(silent), by_proxy(), updates()]);
    assert_eq!(prediction.network_allows, NetworkAllows::Online);
    assert!(prediction.consequences.is_empty(), "{:?}", prediction.consequences);
    let prediction = predict(vec![control(denied), by_proxy()]);
    assert_eq!(prediction.network_allows, NetworkAllows::Offline);
    let relay_denied = proxied().goes_by(URL, AT, denied);
    let prediction = predict(vec![control(silent), relay_denied]);
    assert_eq!(prediction.network_allows, NetworkAllows::Limited);
}

#[test]
fn silence_behind_an_accepted_connection_names_its_rivals() {
    let mute: fn(Way) -> Trail = |way| {
        let whose = TimeoutBy::Ours(ms(5_000));
        way.tcp().fails(Failure::Proxy(ProxyFailure::TimedOut { whose, received: 0 }), 5_000)
    };
    let verdict = proxied().goes_by(URL, AT, mute).verdict();
    check(&verdict, Status::Fail, &["proxy_timeout"]);
    let finding = &verdict.findings[0];
    assert_eq!(finding.certainty, Certainty::Possible);
    assert_eq!(finding.rivals, [Cause::ProxyUpstreamUnreachable, Cause::ProxyUpstreamDns]);
    let hangs_up: fn(Way) -> Trail =
        |way| way.tcp().fails(Failure::Proxy(ProxyFailure::Reset(errno("ECONNRESET"))), 1);
    let verdict = proxied().goes_by(URL, AT, hangs_up).verdict();
    check(&verdict, Status::Fail, &["proxy_not_a_proxy"]);
    assert_eq!(verdict.findings[0].certainty, Certainty::Possible);
}
