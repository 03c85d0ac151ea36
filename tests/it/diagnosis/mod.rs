//! What records come to, rule by rule; whole reports stand in the golden cases.

mod actions;
mod block_pages;
mod routes;
mod run;
mod verdicts;

use pathproof::diagnose;
use pathproof::model::{
    Cause, ChainTrust, DnsFailure, Exchange, Failure, Family, Kind, Lookup, Obstacle, Owner,
    ResponseCode, Severity, Status, TcpFailure, TimeoutBy, TlsFailure, TlsFailureKind, Trail,
    Transport, Validity, Verdict,
};

use crate::scene::{
    Ask, Probe, Way, accepted_control, azure, chain, errno, gives, ip, ms, page, relay_feed,
    routeless_control, run, with_header,
};

const RELAY: &str = "amsprodwe.servicebus.windows.net";
const CONTROL: &str = "contoso-adf.westeurope.datafactory.azure.net";
const LINK: &str = "contoso-adf.westeurope.privatelink.datafactory.azure.net";
const GATEWAY: &str = "g0-prod-am3-010-sb.servicebus.windows.net";
const SITE: &str = "www.contoso.com";

/// What happens on the way to one address.
type Walk = fn(Way) -> Trail;

fn silent(way: Way) -> Trail {
    way.fails(Failure::Tcp(TcpFailure::TimedOut(TimeoutBy::Ours(ms(5_000)))), 5_000)
}

fn refused(way: Way) -> Trail {
    way.fails(Failure::Tcp(TcpFailure::Refused(errno("ECONNREFUSED"))), 1)
}

fn no_route(way: Way) -> Trail {
    way.stops(Obstacle::NoRoute(errno("ENETUNREACH")))
}

fn reset_after_hello(way: Way) -> Trail {
    let kind = TlsFailureKind::Reset(errno("ECONNRESET"));
    way.tcp().fails(Failure::Tls(TlsFailure { kind, presented: None }), 9)
}

/// The status and the codes of all findings, the own cause first.
fn came_to(verdict: &Verdict) -> (Status, Vec<&'static str>) {
    let codes: Vec<_> = verdict.findings.iter().map(|finding| finding.cause.code()).collect();
    assert_eq!(verdict.cause.map(Cause::code), codes.first().copied());
    (verdict.status, codes)
}

#[track_caller]
fn check(verdict: &Verdict, status: Status, codes: &[&str]) {
    assert_eq!(came_to(verdict), (status, codes.to_vec()), "{:#?}", verdict.findings);
}

#[test]
fn a_pass_needs_the_proof_of_its_kind() {
    let tcp: Walk = |way| way.tcp().done();
    let tls: Walk = |way| way.tcp().tls(azure(SITE)).done();
    let https: Walk = |way| way.tcp().tls(azure(SITE)).http(page(200, "OK", "")).done();
    let relay: Walk = |way| way.tcp().tls(azure(SITE)).http(relay_feed()).done();
    let http: Walk = |way| way.tcp().http(page(200, "OK", "")).done();
    let tds: Walk = |way| way.tcp().tds().done();
    for (kind, walk, is_proof) in [
        (Kind::Https, https, true),
        (Kind::Https, tls, false),
        (Kind::Https, http, false),
        (Kind::Https, tcp, false),
        (Kind::Relay, relay, true),
        (Kind::Relay, tls, false),
        (Kind::Tls, tls, true),
        (Kind::Tls, tcp, false),
        (Kind::Tds, tds, true),
        (Kind::Tds, tcp, false),
        (Kind::Http, http, true),
        (Kind::Http, tcp, false),
        (Kind::Tcp, tcp, true),
    ] {
        let verdict = Probe::of("endpoint", SITE)
            .kind(kind)
            .asks(gives(&["20.50.1.1"]))
            .goes("20.50.1.1", walk)
            .verdict();
        if is_proof {
            check(&verdict, Status::Pass, &[]);
        } else {
            check(&verdict, Status::Unknown, &["not_run"]);
        }
    }
    check(&Probe::of("endpoint", SITE).verdict(), Status::Unknown, &["not_run"]);
}

#[test]
fn what_is_not_required_makes_at_most_a_warning() {
    let failing = || Probe::of("relay", RELAY).asks(gives(&["40.1.1.1"])).goes("40.1.1.1", silent);
    check(&failing().verdict(), Status::Fail, &["tcp_timeout"]);
    check(&failing().optional().verdict(), Status::Warn, &["tcp_timeout"]);
    let unknown = || Probe::of("relay", RELAY).stopped(Obstacle::Cancelled);
    check(&unknown().optional().verdict(), Status::Unknown, &["not_run"]);
}

#[test]
fn the_own_cause_is_the_worst_then_the_earliest_layer() {
    // A warning of an earlier layer stands behind a failure of a later one.
    let verdict = Probe::of("control", CONTROL)
        .asks(gives(&["185.46.212.88"]))
        .goes("185.46.212.88", reset_after_hello)
        .verdict();
    check(&verdict, Status::Fail, &["tls_reset", "path_not_azure"]);
    // An unknown stands behind a warning, which without proof is none.
    let verdict = Probe::of("control", CONTROL)
        .asks(gives(&["185.46.212.88"]))
        .goes("185.46.212.88", |way| way.tcp().stops(Obstacle::BudgetSpent))
        .verdict();
    check(&verdict, Status::Unknown, &["path_not_azure", "budget_spent"]);
    assert_eq!(verdict.findings[1].severity, Severity::Unknown);
}

#[test]
fn resolvers_that_say_more_decide() {
    let two = "10.0.1.53:53";
    let relay = || Probe::of("relay", RELAY);
    let works = |probe: Probe| probe.goes("40.1.1.1", |way| way.proven(Kind::Relay, RELAY));
    for bad in [
        Ask::silence(),
        Ask::code(ResponseCode::ServFail),
        Ask::code(ResponseCode::Refused),
        Ask::fails(DnsFailure::PortClosed(errno("ECONNREFUSED"))),
    ] {
        let probe = works(relay().asks(gives(&["40.1.1.1"])).asks(bad.at(two)));
        check(&probe.verdict(), Status::Pass, &[]);
    }
    let probe = relay().asks(Ask::silence()).asks(Ask::code(ResponseCode::Refused).at(two));
    check(&probe.verdict(), Status::Fail, &["dns_refused"]);
    let probe = relay()
        .asks(Ask::code(ResponseCode::Refused))
        .asks(Ask::code(ResponseCode::NxDomain).at(two));
    check(&probe.verdict(), Status::Fail, &["dns_nxdomain"]);
    let probe = relay()
        .asks(Ask::silence())
        .asks(Ask::fails(DnsFailure::PortClosed(errno("ECONNREFUSED"))).at(two));
    check(&probe.verdict(), Status::Fail, &["dns_timeout", "dns_resolver_unreachable"]);
}

#[test]
fn views_differ_by_existence_and_class_only() {
    let two = "10.0.1.53:53";
    let verdict = |one: Ask<'_>, other: Ask<'_>| {
        Probe::of("endpoint", SITE)
            .asks(one)
            .asks(other.at(two))
            .goes("20.50.1.1", |way| way.proven(Kind::Https, SITE))
            .verdict()
    };
    let public = || gives(&["20.50.1.1"]);
    for (other, does_differ) in [
        (gives(&["20.50.1.2"]), false),
        (gives(&["20.50.1.1", "2603:1030::1"]), false),
        (gives(&["10.1.1.1"]), true),
        (gives(&["20.50.1.1", "10.1.1.1"]), true),
        (Ask::code(ResponseCode::NxDomain), true),
        (Ask::code(ResponseCode::NoError), true),
        (Ask::code(ResponseCode::ServFail), false),
        (Ask::silence(), false),
    ] {
        let verdict = verdict(public(), other);
        let found = verdict.cause == Some(Cause::DnsViewsDiffer);
        assert_eq!(found, does_differ, "{:#?}", verdict.findings);
    }
}

/// Where the odd view is what fails, no firewall is to be opened for it.
#[test]
fn an_address_of_one_view_only_is_the_name_servers_matter() {
    let found = |one: &[&str], other: &[&str], fails: &str, works: &str| {
        let probe = Probe::of("endpoint", SITE).asks(gives(one));
        let probe = probe.asks(gives(other).at("10.0.1.53:53")).goes(fails, silent);
        let verdict = probe.goes(works, |way| way.proven(Kind::Https, SITE)).verdict();
        let mut all = verdict.findings.into_iter();
        let finding = all.find(|finding| finding.cause == Cause::TcpSomeAddresses);
        finding.map(|finding| (finding.owner, finding.remedy))
    };
    for (one, other, fails, works, owner) in [
        (&["20.50.1.1"][..], &["10.1.1.1"][..], "10.1.1.1", "20.50.1.1", Owner::Dns),
        (&["20.50.1.1"], &["10.1.1.1"], "20.50.1.1", "10.1.1.1", Owner::Dns),
        // The same view: an address that the rules forgot.
        (&["20.50.1.1"], &["20.50.1.2"], "20.50.1.2", "20.50.1.1", Owner::Firewall),
        // The views differ, and yet what fails is of the kind that works.
        (&["20.50.1.1", "20.50.1.2"], &["10.1.1.1"], "20.50.1.2", "20.50.1.1", Owner::Firewall),
    ] {
        let (seen, remedy) = found(one, other, fails, works).expect("some addresses fail");
        assert_eq!(seen, owner, "{one:?} {other:?}: {remedy}");
        assert_eq!(remedy.contains("dns_views_differ"), owner == Owner::Dns, "{remedy}");
    }
}

#[test]
fn the_operating_systems_answer_decides_where_it_was_asked() {
    let verdict = Probe::of("relay", RELAY)
        .asks(Ask::code(ResponseCode::NxDomain))
        .asks(gives(&["40.1.1.1"]).of_system())
        .goes("40.1.1.1", |way| way.proven(Kind::Relay, RELAY))
        .verdict();
    check(&verdict, Status::Warn, &["dns_os_override"]);
    let verdict = Probe::of("relay", RELAY)
        .asks(gives(&["40.1.1.1"]))
        .asks(Ask::fails(DnsFailure::System(errno("EINVAL"))).of_system())
        .goes("40.1.1.1", |way| way.proven(Kind::Relay, RELAY))
        .verdict();
    check(&verdict, Status::Pass, &[]);
}

#[test]
fn a_silent_aaaa_beside_an_a_is_no_failure() {
    let probe = Probe::of("relay", RELAY).works_at(&["40.1.1.1"]);
    let mut record = probe.record();
    let lookup = &*record.lookups[0];
    let silent = Exchange {
        family: Family::V6,
        result: Err(DnsFailure::TimedOut { asked: 3 }),
        transport: Transport::Udp,
        took: ms(5_000),
    };
    let exchanges = vec![lookup.exchanges[0].clone(), silent];
    record.lookups = vec![Lookup { exchanges, ..lookup.clone() }.into()];
    check(&diagnose::verdict(&record, &run(), &diagnose::ranges_unknown), Status::Pass, &[]);
}

#[test]
fn an_address_that_proves_itself_is_no_sinkhole() {
    let at = |kind: Kind, address: &str, walk: Walk| {
        Probe::of("endpoint", SITE).kind(kind).asks(gives(&[address])).goes(address, walk).verdict()
    };
    let proven = |way: Way| way.proven(Kind::Https, SITE);
    check(&at(Kind::Https, "127.0.0.1", proven), Status::Pass, &[]);
    check(&at(Kind::Https, "192.0.2.7", proven), Status::Pass, &[]);
    check(&at(Kind::Tds, "127.0.0.1", |way| way.proven(Kind::Tds, "")), Status::Pass, &[]);
    let expired = |way: Way| {
        let validity =
            Validity::Expired { subject: "CN=a".into(), not_after: crate::scene::noon() };
        let shown = chain(&[SITE], "CN=CA", ChainTrust::Trusted, ChainTrust::Trusted, validity);
        way.tcp().tls(shown).http(page(200, "OK", "")).done()
    };
    check(&at(Kind::Https, "127.0.0.1", expired), Status::Fail, &["tls_expired"]);
    // These prove nobody's identity.
    let page = |way: Way| way.proven(Kind::Http, "");
    check(&at(Kind::Http, "127.0.0.1", page), Status::Fail, &["dns_sinkhole"]);
    let connected = |way: Way| way.proven(Kind::Tcp, "");
    check(&at(Kind::Tcp, "127.0.0.1", connected), Status::Fail, &["dns_sinkhole"]);
    let inspected = |way: Way| {
        let (public, host) = (ChainTrust::UnknownIssuer, ChainTrust::Trusted);
        let shown = chain(&[SITE], "CN=Filter", public, host, Validity::Current);
        way.tcp().tls(shown).http(page_of_filter()).done()
    };
    let verdict = at(Kind::Https, "146.112.61.106", inspected);
    check(&verdict, Status::Fail, &["dns_sinkhole", "http_block_page", "tls_intercepted"]);
}

fn page_of_filter() -> pathproof::model::HttpAnswer {
    page(403, "Forbidden", "<p>This site was blocked by the web filter</p>")
}

#[test]
fn the_ladder_of_private_endpoints() {
    let control = || Probe::of("control", CONTROL);
    let verdict = |probe: Probe, aliases: &[&str], address: &str| {
        let probe = probe.asks(gives(&[address]).via(aliases));
        probe.goes(address, |way| way.proven(Kind::Https, CONTROL)).verdict()
    };
    let (private, public) = ("10.10.2.4", "40.74.24.70");
    check(&verdict(control(), &[], public), Status::Pass, &[]);
    check(&verdict(control(), &[LINK], private), Status::Pass, &[]);
    check(&verdict(control(), &[], private), Status::Pass, &[]);
    check(&verdict(control().private(), &[LINK], private), Status::Pass, &[]);
    check(&verdict(control().private(), &[], private), Status::Pass, &[]);
    let absent = verdict(control().private(), &[], public);
    check(&absent, Status::Fail, &["path_private_endpoint_absent"]);
    let unlinked = verdict(control(), &[LINK], public);
    check(&unlinked, Status::Warn, &["path_private_zone_not_linked"]);
    let unlinked = verdict(control().private(), &[LINK], public);
    check(&unlinked, Status::Fail, &["path_private_zone_not_linked"]);
    assert!(unlinked.findings[0].remedy.contains("zone privatelink.datafactory.azure.net to"));
    // A relay is public, whatever private endpoints others have beside it.
    let relay = Probe::of("relay", RELAY)
        .asks(gives(&["40.1.1.1"]).via(&["amsprodwe.privatelink.servicebus.windows.net"]))
        .goes("40.1.1.1", |way| way.proven(Kind::Relay, RELAY));
    check(&relay.verdict(), Status::Pass, &[]);
}

#[test]
fn private_addresses_are_measured_against_the_networks_given() {
    let mut run = run();
    run.private_networks = vec!["10.10.0.0/16".parse().unwrap()];
    let at = |address: &str, aliases: &[&str]| {
        Probe::of("control", CONTROL)
            .asks(gives(&[address]).via(aliases))
            .goes(address, |way| way.proven(Kind::Https, CONTROL))
            .verdict_in(&run)
    };
    check(&at("10.10.2.4", &[LINK]), Status::Pass, &[]);
    check(&at("10.11.2.4", &[LINK]), Status::Fail, &["path_private_outside_network"]);
    // Without a privatelink name and unsaid, it is some private host, no private endpoint.
    check(&at("10.11.2.4", &[]), Status::Pass, &[]);
}

#[test]
fn what_is_taken_as_private_is_told() {
    let told = |probe: Probe| {
        diagnose::taken_as_private(&probe.record()).map(|name| name.as_str().to_owned())
    };
    let control = || Probe::of("control", CONTROL);
    assert_eq!(told(control().asks(gives(&["10.1.1.1"]).via(&[LINK]))).as_deref(), Some(LINK));
    assert_eq!(told(control().asks(gives(&["40.1.1.1"]).via(&[LINK]))), None);
    assert_eq!(told(control().asks(gives(&["10.1.1.1", "2603::1"]).via(&[LINK]))), None);
    assert_eq!(told(control().asks(gives(&["10.1.1.1"]))), None);
    assert_eq!(told(control().private().asks(gives(&["10.1.1.1"]).via(&[LINK]))), None);
    assert_eq!(told(control()), None);
}

#[test]
fn gateways_without_an_address_are_not_assigned_yet() {
    let gateway = || Probe::of("relay-gateway", GATEWAY);
    for code in [ResponseCode::NxDomain, ResponseCode::NoError] {
        let verdict = gateway().with(|endpoint| endpoint.required = true).asks(Ask::code(code));
        let verdict = verdict.verdict();
        check(&verdict, Status::Unknown, &["relay_gateway_unassigned"]);
        assert!(!verdict.counts);
    }
    let elsewhere = gateway()
        .asks(Ask::code(ResponseCode::NxDomain))
        .asks(gives(&["40.1.1.1"]).at("10.0.1.53:53"));
    let verdict = elsewhere.goes("40.1.1.1", |way| way.proven(Kind::Relay, GATEWAY)).verdict();
    check(&verdict, Status::Warn, &["dns_views_differ"]);
    assert!(verdict.counts);
    let silent = gateway().asks(Ask::silence()).verdict();
    check(&silent, Status::Warn, &["dns_timeout"]);
    // The namespace itself is another matter.
    let relay = Probe::of("relay", RELAY).asks(Ask::code(ResponseCode::NxDomain)).verdict();
    check(&relay, Status::Fail, &["dns_nxdomain"]);
    // A gateway is known by TLS alone: any answer will do.
    let answered = gateway().asks(gives(&["40.1.1.1"])).goes("40.1.1.1", |way| {
        way.tcp().tls(azure(GATEWAY)).http(page(401, "Unauthorized", "")).done()
    });
    check(&answered.verdict(), Status::Pass, &[]);
}

#[test]
fn addresses_and_families_are_compared() {
    let (four, other, six) = ("40.1.1.1", "40.1.1.2", "2603:1030::1");
    let works = |way: Way| way.proven(Kind::Relay, RELAY);
    let verdict = |walks: &[(&str, Walk)]| {
        let addresses: Vec<&str> = walks.iter().map(|(address, _)| *address).collect();
        let probe = Probe::of("relay", RELAY).asks(gives(&addresses));
        walks.iter().fold(probe, |probe, (address, walk)| probe.goes(address, walk)).verdict()
    };
    check(&verdict(&[(four, works), (six, no_route)]), Status::Pass, &[]);
    check(&verdict(&[(four, works), (six, silent)]), Status::Warn, &["tcp_family"]);
    check(&verdict(&[(four, refused), (six, works)]), Status::Warn, &["tcp_family"]);
    check(&verdict(&[(four, works), (other, silent)]), Status::Fail, &["tcp_some_addresses"]);
    check(
        &verdict(&[(four, works), (other, silent), (six, silent)]),
        Status::Fail,
        &["tcp_some_addresses", "tcp_family"],
    );
    check(
        &verdict(&[(four, works), (other, reset_after_hello)]),
        Status::Fail,
        &["tcp_some_addresses", "tls_reset"],
    );
    // A family that connects and fails later is no matter of families.
    check(
        &verdict(&[(four, works), (six, reset_after_hello)]),
        Status::Fail,
        &["tcp_some_addresses", "tls_reset"],
    );
    check(&verdict(&[(four, silent), (six, no_route)]), Status::Fail, &["tcp_timeout"]);
    check(
        &verdict(&[(four, silent), (other, refused)]),
        Status::Fail,
        &["tcp_refused", "tcp_timeout"],
    );
    let cancelled = |way: Way| way.stops(Obstacle::Cancelled);
    check(&verdict(&[(four, works), (other, cancelled)]), Status::Unknown, &["not_run"]);
}

#[test]
fn no_route_is_the_hosts_matter_only_where_nothing_leads_out() {
    let nowhere =
        |address: &str| Probe::of("endpoint", SITE).asks(gives(&[address])).goes(address, no_route);
    check(&nowhere("20.50.1.1").verdict(), Status::Fail, &["tcp_unreachable"]);
    let mut cut_off = run();
    cut_off.control = Some(routeless_control());
    check(&nowhere("20.50.1.1").verdict_in(&cut_off), Status::Unknown, &["vantage_broken"]);
    // A private network may lie behind a route of its own.
    check(&nowhere("10.200.0.4").verdict_in(&cut_off), Status::Fail, &["tcp_unreachable"]);
    // A host with IPv6 only misses IPv4, and is not cut off.
    cut_off.vantage.addresses = vec![ip("2001:470::10")];
    check(&nowhere("20.50.1.1").verdict_in(&cut_off), Status::Fail, &["tcp_unreachable"]);
    check(&nowhere("2603:1030::1").verdict_in(&cut_off), Status::Unknown, &["vantage_broken"]);
}

#[test]
fn an_accepted_control_address_makes_connections_worthless() {
    let mut run = run();
    let peer = || Probe::of("peer", "10.50.1.12").goes("10.50.1.12", |way| way.tcp().done());
    check(&peer().verdict_in(&run), Status::Pass, &[]);
    run.control = None;
    check(&peer().verdict_in(&run), Status::Pass, &[]);
    let reset = || Probe::of("endpoint", "20.50.1.1").goes("20.50.1.1", reset_after_hello);
    let rivals = |verdict: &Verdict| verdict.findings[0].rivals.clone();
    let open = [Cause::TcpAnsweredByMiddlebox, Cause::HttpServiceError];
    assert_eq!(rivals(&reset().verdict_in(&run)), open);

    run.control = Some(accepted_control());
    check(&peer().verdict_in(&run), Status::Fail, &["tcp_answered_by_middlebox"]);
    check(&reset().verdict_in(&run), Status::Fail, &["tcp_answered_by_middlebox", "tls_reset"]);
    // What proves itself, and what was never accepted, is not touched by it.
    let works = Probe::of("relay", RELAY).works_at(&["40.1.1.1"]);
    check(&works.verdict_in(&run), Status::Pass, &[]);
    let silent = Probe::of("relay", RELAY).asks(gives(&["40.1.1.1"])).goes("40.1.1.1", silent);
    check(&silent.verdict_in(&run), Status::Fail, &["tcp_timeout"]);
}

#[test]
fn chains_are_judged_by_trust_name_and_dates() {
    use ChainTrust::{Trusted, UnknownIssuer};
    let expired = || Validity::Expired { subject: "CN=a".into(), not_after: crate::scene::noon() };
    let unknown = || ChainTrust::NotJudged { reason: "no store".into() };
    let invalid = || ChainTrust::Invalid { reason: "bad signature".into() };
    let cases: [(&str, ChainTrust, ChainTrust, Validity, &[&str]); 9] = [
        (SITE, Trusted, Trusted, Validity::Current, &[]),
        // The public roots decide, as the contract has it.
        (SITE, Trusted, UnknownIssuer, Validity::Current, &[]),
        (SITE, Trusted, unknown(), Validity::Current, &[]),
        (SITE, UnknownIssuer, Trusted, Validity::Current, &["tls_intercepted"]),
        (SITE, UnknownIssuer, unknown(), Validity::Current, &["tls_untrusted"]),
        (SITE, invalid(), Trusted, Validity::Current, &["tls_untrusted"]),
        (SITE, unknown(), Trusted, Validity::Current, &["vantage_broken"]),
        (
            "fw.contoso.com",
            UnknownIssuer,
            Trusted,
            Validity::Current,
            &["tls_name_mismatch", "tls_intercepted"],
        ),
        (
            "fw.contoso.com",
            UnknownIssuer,
            UnknownIssuer,
            expired(),
            &["tls_untrusted", "tls_name_mismatch", "tls_expired"],
        ),
    ];
    for (name, public, host, validity, codes) in cases {
        let shown = chain(&[name], "CN=Issuer", public, host, validity);
        let verdict = Probe::of("endpoint", SITE)
            .kind(Kind::Tls)
            .asks(gives(&["20.50.1.1"]))
            .goes("20.50.1.1", |way| way.tcp().tls(shown).done())
            .verdict();
        assert_eq!(came_to(&verdict).1, codes, "{name}");
    }
}

#[test]
fn redirects_out_of_the_services_domains_are_portals() {
    let redirected = |entry: &str, host: &str, location: &str| {
        let answer = with_header(page(302, "Found", ""), "Location", location);
        Probe::of(entry, host)
            .asks(gives(&["40.1.1.1"]))
            .goes("40.1.1.1", |way| way.tcp().tls(azure(host)).http(answer).done())
            .verdict()
    };
    for (entry, host, location, is_portal) in [
        ("control", CONTROL, "https://we.datafactory.azure.net/x", false),
        ("control", CONTROL, "/relative", false),
        ("control", CONTROL, "https://login.microsoftonline.com/common", false),
        ("control", CONTROL, "https://portal.hotel.example/", true),
        ("control", CONTROL, "http://10.0.0.1/login", true),
        // Of these only the name is known: who proved to be it may send clients on by TLS.
        ("endpoint", SITE, "https://login.fabrikam.com/", false),
        ("endpoint", SITE, "https://contoso.com/", false),
        ("endpoint", SITE, "http://contoso.com/", false),
        ("endpoint", SITE, "http://portal.hotel.example/", true),
        ("endpoint", SITE, "https://10.0.0.1/login", true),
    ] {
        let verdict = redirected(entry, host, location);
        let codes = if is_portal { &["http_captive_portal"][..] } else { &[] };
        assert_eq!(came_to(&verdict).1, codes, "{host} to {location}");
    }
}

#[test]
fn errors_of_the_service_and_of_gateways_are_told_apart() {
    let answered = |entry: &str, host: &str, answer| {
        Probe::of(entry, host)
            .asks(gives(&["40.1.1.1"]))
            .goes("40.1.1.1", |way| way.tcp().tls(azure(host)).http(answer).done())
            .verdict()
    };
    let via = |status, via| with_header(page(status, "", ""), "Via", via);
    for (entry, host, answer, code) in [
        ("control", CONTROL, page(500, "", ""), Some("http_service_error")),
        ("control", CONTROL, page(503, "", ""), Some("http_service_error")),
        ("control", CONTROL, page(403, "", "Access Denied"), None),
        ("control", CONTROL, via(502, "1.1 proxy01 (squid)"), Some("http_not_the_service")),
        ("control", CONTROL, via(502, "1.1 varnish"), Some("http_service_error")),
        ("control", CONTROL, via(200, "1.1 proxy01 (squid)"), None),
        ("relay", RELAY, page(500, "", "TrackingId:1"), Some("http_service_error")),
        ("relay", RELAY, page(404, "", "TrackingId:1"), None),
        ("relay", RELAY, page(401, "", "<html>"), Some("http_not_the_service")),
        ("relay", RELAY, page(503, "", "<html>"), Some("http_not_the_service")),
    ] {
        let verdict = answered(entry, host, answer.clone());
        assert_eq!(verdict.cause.map(Cause::code), code, "{host}: {answer:?}");
    }
}

#[test]
fn remedies_fit_what_the_address_is() {
    let remedy = |probe: Probe| {
        let finding = probe.verdict().findings.into_iter().next_back().expect("a finding");
        (finding.owner, finding.remedy)
    };
    let (owner, text) = remedy(Probe::of("peer", "10.50.1.12").goes("10.50.1.12", refused));
    assert_eq!(owner, Owner::Firewall);
    assert!(text.contains("TCP 8060 from 10.50.1.10 to 10.50.1.12"), "{text}");
    let blocked = |host, address: &str| {
        Probe::of("control", host).asks(gives(&[address])).goes(address, silent)
    };
    let (_, text) = remedy(blocked(CONTROL, "40.1.1.1"));
    assert!(text.contains("service tag DataFactoryManagement"), "{text}");
    let (_, text) = remedy(blocked(CONTROL, "10.10.2.4"));
    assert!(text.contains("10.10.2.4") && !text.contains("service tag"), "{text}");
    let (owner, text) = remedy(blocked(CONTROL, "0.0.0.0"));
    assert_eq!(owner, Owner::Dns);
    assert!(text.contains("dns_sinkhole"), "{text}");
}

/// Nobody typed a name of the embedded lists, nor one that a certificate or a chain gave.
#[test]
fn only_names_that_were_typed_may_be_misspelt() {
    for (entry, host, is_typed) in [
        ("control", CONTROL, true),
        ("endpoint", SITE, true),
        ("download", "download.microsoft.com", false),
        ("revocation", "crl.microsoft.com", false),
    ] {
        let verdict = Probe::of(entry, host).asks(Ask::code(ResponseCode::NxDomain)).verdict();
        let remedy = &verdict.findings[0].remedy;
        assert_eq!(remedy.contains("spelling"), is_typed, "{host}: {remedy}");
        assert!(remedy.contains(host) && remedy.contains("private zone"), "{remedy}");
    }
}
