//! Verdicts that hold: what is said of a name, of its route and of the run is what was measured.

use pathproof::model::{
    Cause, Conclusion, ExceptionKind, Family, Finding, Kind, NetworkAllows, Obstacle, Origin,
    OsError, Owner, ResponseCode, Run, Status,
};

use super::{CONTROL, RELAY, SITE, refused, silent};
use crate::scene::{
    Ask, Probe, azure, conclude, errno, gives, page, proxy, records, routeless_control, run,
};

const PROXY: &str = "http://10.0.0.8:3128";

fn concluded(run: Run, probes: Vec<Probe>) -> Conclusion {
    conclude(&records(run, probes))
}

fn found(findings: &[Finding], cause: Cause) -> &Finding {
    let found = findings.iter().find(|finding| finding.cause == cause);
    found.unwrap_or_else(|| panic!("no {cause} in {findings:#?}"))
}

#[test]
fn what_leads_to_a_sinkhole_says_nothing_of_the_way_out() {
    for address in ["127.0.0.1", "0.0.0.0", "146.112.61.104"] {
        let of =
            |entry, host| Probe::of(entry, host).asks(gives(&[address])).goes(address, refused);
        let findings = concluded(run(), vec![of("relay", RELAY), of("control", CONTROL)]).findings;
        let blocked = findings.iter().find(|finding| finding.cause == Cause::TcpRefused);
        assert!(blocked.is_none(), "{address}: {blocked:?}");
    }
}

#[test]
fn a_service_that_refuses_where_it_was_asked_from_fails() {
    let filtered = || page(401, "Unauthorized", "Ip has been prevented to connect. TrackingId:1_G");
    let private = || page(403, "Forbidden", "Client IP address is not valid private ip");
    for (entry, host, answer, origin, owner) in [
        ("relay", RELAY, filtered(), Origin::ServiceUrls, Owner::Azure),
        ("relay", RELAY, filtered(), Origin::Option, Owner::DataPlatform),
        ("control", CONTROL, private(), Origin::List, Owner::DataPlatform),
    ] {
        let probe = Probe::of(entry, host)
            .with(|endpoint| endpoint.origin = origin)
            .asks(gives(&["40.1.1.1"]))
            .goes("40.1.1.1", |way| way.tcp().tls(azure(host)).http(answer).done());
        let verdict = probe.verdict();
        assert_eq!(verdict.status, Status::Fail, "{entry} {verdict:#?}");
        assert_eq!(found(&verdict.findings, Cause::HttpSourceRefused).owner, owner);
    }
}

/// A prediction that is worse than online never ends with 0.
#[test]
fn what_keeps_the_runtime_from_being_online_is_no_satisfaction() {
    let control = || Probe::of("control", CONTROL).works_at(&["40.1.1.2"]);
    let refusing = Probe::of("relay", RELAY).asks(gives(&["40.1.1.1"])).goes("40.1.1.1", |way| {
        way.tcp().tls(azure(RELAY)).http(page(401, "", "Ip has been prevented to connect")).done()
    });
    let conclusion = concluded(run(), vec![refusing, control()]);
    assert_eq!(conclusion.prediction.network_allows, NetworkAllows::Limited);
    assert_eq!(conclusion.ending.exit.code(), 1);
    let good = concluded(run(), vec![Probe::of("relay", RELAY).works_at(&["40.1.1.1"]), control()]);
    assert_eq!(good.ending.exit.code(), 0);
}

fn sent_past(probe: Probe, kind: ExceptionKind, why: &str) -> Probe {
    let mut probe = probe;
    probe.route.exception = Some(kind);
    why.clone_into(&mut probe.route.why);
    probe
}

fn run_by_proxy() -> Run {
    let mut run = run();
    run.vantage.proxy_url = Some(PROXY.to_owned());
    run
}

#[test]
fn the_rule_that_sends_a_name_past_the_proxy_is_named_with_its_owner() {
    for (kind, why, owner, words) in [
        (ExceptionKind::Environment, "rule 1 of NO_PROXY: windows.net", Owner::Host, "NO_PROXY"),
        (ExceptionKind::Option, "rule 1 of --no-proxy: a", Owner::DataPlatform, "--no-proxy"),
        (
            ExceptionKind::AgentFile,
            "bypass rule 2 of diahost.exe.config: windows",
            Owner::DataPlatform,
            "bypass rule 2 of diahost.exe.config",
        ),
        (ExceptionKind::Script, "answer of pac:http://w/p.pac", Owner::Proxy, "pac:http://w/p.pac"),
    ] {
        let blocked = |entry, host, address: &str| {
            let probe = Probe::of(entry, host).asks(gives(&[address])).goes(address, silent);
            sent_past(probe, kind, why)
        };
        // Not measured by the other way: the rule is the first thing to look at.
        let both =
            vec![blocked("relay", RELAY, "40.1.1.1"), blocked("control", CONTROL, "40.1.1.2")];
        let conclusion = concluded(run_by_proxy(), both);
        for findings in [&conclusion.verdicts[0].findings, &conclusion.findings] {
            let finding = found(findings, Cause::TcpTimeout);
            assert_eq!(finding.owner, owner, "{finding:#?}");
            assert!(finding.remedy.contains(words), "{finding:#?}");
            assert!(finding.rivals.contains(&Cause::RouteProxyRequired), "{finding:#?}");
        }
        // Measured: proven, and what is configured is not told to be configured.
        let measured = |entry, host, address| {
            blocked(entry, host, address).beside(proxy(PROXY)).goes_by(
                PROXY,
                "10.0.0.8:3128",
                |way| {
                    way.tcp()
                        .tunnel()
                        .tls(azure(host))
                        .http(page(200, "", "publicly listed services"))
                        .done()
                },
            )
        };
        let both =
            vec![measured("relay", RELAY, "40.1.1.1"), measured("control", CONTROL, "40.1.1.2")];
        let conclusion = concluded(run_by_proxy(), both);
        for findings in [&conclusion.verdicts[0].findings, &conclusion.findings] {
            let finding = found(findings, Cause::RouteProxyRequired);
            assert_eq!(finding.owner, owner, "{finding:#?}");
            assert!(finding.remedy.contains(words), "{finding:#?}");
            assert!(!finding.remedy.contains("Configure"), "{finding:#?}");
        }
        assert_eq!(conclusion.findings[0].cause, Cause::RouteProxyRequired);
        let blocked = conclusion.findings.iter().find(|one| one.cause == Cause::TcpTimeout);
        assert!(blocked.is_none(), "{blocked:?}");
    }
}

#[test]
fn a_second_way_that_was_measured_and_fails_is_no_rival_of_the_run() {
    let both = [("relay", RELAY, "40.1.1.1"), ("control", CONTROL, "40.1.1.2")];
    let probes = both.map(|(entry, host, address)| {
        let probe = Probe::of(entry, host).asks(gives(&[address])).goes(address, silent);
        probe.beside(proxy(PROXY)).goes_by(PROXY, "10.0.0.8:3128", refused)
    });
    let findings = concluded(run(), probes.into()).findings;
    let finding = found(&findings, Cause::TcpTimeout);
    assert!(!finding.rivals.contains(&Cause::RouteProxyRequired), "{finding:#?}");
    assert!(finding.evidence.iter().any(|line| line.contains(PROXY)), "{finding:#?}");
}

#[test]
fn one_name_that_a_server_keeps_from_us_is_told_from_a_server_that_does() {
    let good = || Probe::of("control", CONTROL).works_at(&["40.1.1.2"]);
    for (ask, cause, does) in [
        (Ask::code(ResponseCode::Refused), Cause::DnsRefused, "refuses"),
        (Ask::code(ResponseCode::ServFail), Cause::DnsServfail, "fails on"),
        (Ask::silence(), Cause::DnsTimeout, "keeps silent about"),
    ] {
        let asked = Probe::of("relay", RELAY).asks(ask);
        let conclusion = concluded(run(), vec![asked, good()]);
        let finding = found(&conclusion.verdicts[0].findings, cause);
        assert!(finding.message.contains(does), "{finding:#?}");
        assert!(finding.remedy.contains("while it answers for other names"), "{finding:#?}");
        // What people act on says the same.
        let actions: Vec<&str> = conclusion.actions.iter().map(|one| &*one.text).collect();
        assert_eq!(actions, [&*finding.remedy]);
        assert!(!finding.remedy.contains("is up, and that UDP"), "{finding:#?}");
        assert!(!finding.rivals.contains(&Cause::DnsResolverUnreachable), "{finding:#?}");
        let compared = |line: &String| line.contains(RELAY) && line.contains(CONTROL);
        assert!(finding.evidence.iter().any(compared), "{finding:#?}");
    }
    // Nobody was answered: the server itself may be down.
    let silent = |entry, host| Probe::of(entry, host).asks(Ask::silence());
    let conclusion = concluded(run(), vec![silent("relay", RELAY), silent("control", CONTROL)]);
    let finding = found(&conclusion.verdicts[0].findings, Cause::DnsTimeout);
    assert!(finding.remedy.contains("Check that the name server is up"), "{finding:#?}");
}

#[test]
fn a_family_that_was_not_asked_is_not_missing_from_dns() {
    for (family, words) in [
        (Family::V6, "IPv4 (A) was not asked, by -6"),
        (Family::V4, "IPv6 (AAAA) was not asked, by -4"),
    ] {
        let asked = || Ask::code(ResponseCode::NoError).only(family);
        let linked = "contoso-adf.westeurope.privatelink.datafactory.azure.net";
        let aliases = [linked];
        let probes = vec![
            Probe::of("control", CONTROL).asks(asked().via(&aliases)),
            Probe::of("relay", RELAY).asks(asked()),
        ];
        let conclusion = concluded(run(), probes);
        for verdict in &conclusion.verdicts {
            let finding = &verdict.findings[0];
            assert_eq!((finding.cause, finding.owner), (Cause::DnsNodata, Owner::Nobody));
            assert!(finding.message.contains(words), "{finding:#?}");
            assert!(!finding.remedy.contains("record"), "{finding:#?}");
        }
        assert_eq!(conclusion.prediction.network_allows, NetworkAllows::Unknown);
        let gateway = Probe::of("relay-gateway", "g0-prod-am3-010-sb.servicebus.windows.net");
        let verdict = gateway.optional().asks(asked()).verdict();
        let finding = found(&verdict.findings, Cause::RelayGatewayUnassigned);
        assert!(finding.message.contains("asked for (-4 or -6)"), "{finding:#?}");
    }
}

#[test]
fn a_public_address_in_a_private_ones_place_is_said_to_answer_or_not() {
    let relay = || Probe::of("relay", RELAY).works_at(&["40.1.1.1"]);
    let control = || Probe::of("control", CONTROL).private();
    let reached = control().works_at(&["40.1.1.2"]);
    let conclusion = concluded(run(), vec![relay(), reached]);
    let finding = &conclusion.verdicts[1].findings[0];
    assert_eq!(conclusion.verdicts[1].status, Status::Fail);
    assert!(finding.message.ends_with("which answers"), "{finding:#?}");
    let prediction = &conclusion.prediction;
    assert_eq!(prediction.network_allows, NetworkAllows::Online, "{prediction:#?}");
    assert!(prediction.consequences[0].contains("only while public network access is allowed"));
    let silent = control().asks(gives(&["40.1.1.2"])).goes("40.1.1.2", silent);
    let conclusion = concluded(run(), vec![relay(), silent]);
    let message = &conclusion.verdicts[1].findings[0].message;
    assert!(message.contains("does not answer"), "{message}");
    assert_eq!(conclusion.prediction.network_allows, NetworkAllows::Offline);
}

#[test]
fn a_host_without_a_way_out_is_told_what_to_do() {
    let cut_off = |entry, host| {
        let no_route = Obstacle::NoRoute(errno("ENETUNREACH"));
        Probe::of(entry, host)
            .asks(gives(&["40.1.1.1"]))
            .goes("40.1.1.1", |way| way.stops(no_route))
    };
    let control = || Probe::of("control", CONTROL);
    let conclude = |probes| {
        let mut run = run();
        run.control = Some(routeless_control());
        concluded(run, probes)
    };
    let unnamed = || Obstacle::NotTestable { hint: "add --factory".to_owned() };
    // The same host has one forecast, whatever was asked for.
    for probes in [
        vec![cut_off("relay", RELAY), cut_off("control", CONTROL)],
        vec![cut_off("updates", "download.microsoft.com"), control().stopped(unnamed())],
    ] {
        let conclusion = conclude(probes);
        let finding = found(&conclusion.findings, Cause::VantageBroken);
        assert_eq!(finding.owner, Owner::Host);
        assert!(finding.remedy.contains("Get-NetRoute"), "{finding:#?}");
        assert!(finding.remedy.contains("is offline"), "{finding:#?}");
        assert_eq!(conclusion.prediction.network_allows, NetworkAllows::Offline);
        assert_eq!(conclusion.ending.exit.code(), 3);
    }
    // A route of its own leads to the private endpoint of the control plane.
    let rest = cut_off("updates", "download.microsoft.com");
    let conclusion = conclude(vec![control().private().works_at(&["10.1.1.2"]), rest]);
    let finding = found(&conclusion.findings, Cause::VantageBroken);
    assert!(finding.remedy.contains("the others are reached"), "{finding:#?}");
    assert_ne!(conclusion.prediction.network_allows, NetworkAllows::Offline);
}

#[test]
fn a_relay_none_of_whose_gateways_is_reached_is_not_well() {
    let gateway = |number: u8, is_reached: bool| {
        let host = format!("g{number}-prod-am3-010-sb.servicebus.windows.net");
        let probe = Probe::of("relay-gateway", &host);
        if is_reached {
            return probe.works_at(&["40.1.1.3"]);
        }
        probe.asks(gives(&["40.1.1.3"])).goes("40.1.1.3", silent)
    };
    let rest = || {
        vec![
            Probe::of("relay", RELAY).works_at(&["40.1.1.1"]),
            Probe::of("control", CONTROL).works_at(&["40.1.1.2"]),
        ]
    };
    let says = |gateways: Vec<Probe>| {
        let all = rest().into_iter().chain(gateways).collect();
        let consequences = concluded(run(), all).prediction.consequences;
        consequences.iter().any(|line| line.contains("none of 2 gateways"))
    };
    assert!(says(vec![gateway(0, false), gateway(1, false)]));
    assert!(!says(vec![gateway(0, false), gateway(1, true)]));
    assert!(!says(Vec::new()));
}

/// The site is somebody's own: a proxy that is configured for it stays a rival where none is
/// excepted.
#[test]
fn names_that_no_rule_sends_past_a_proxy_keep_their_remedy() {
    let probe = Probe::of("endpoint", SITE).kind(Kind::Https);
    let verdict = probe.asks(gives(&["40.1.1.1"])).goes("40.1.1.1", silent).verdict();
    let finding = found(&verdict.findings, Cause::TcpTimeout);
    assert_eq!(finding.owner, Owner::Firewall);
    assert!(finding.remedy.starts_with("Allow TCP 443"), "{finding:#?}");
}

/// Windows has no limit of descriptors, and Linux no dynamic ports: the advice is in the words of
/// the system that ran out, wherever the records are replayed.
#[test]
fn a_host_that_runs_out_is_advised_in_its_systems_words() {
    let os = |code, symbol: &str| OsError { code, symbol: symbol.to_owned() };
    for (obstacle, advice, never) in [
        (Obstacle::DescriptorLimit(os(10055, "WSAENOBUFS")), "dynamicport", "ulimit"),
        (Obstacle::DescriptorLimit(os(10024, "WSAEMFILE")), "non-paged pool", "ulimit"),
        (Obstacle::PortLimit(os(10055, "WSAENOBUFS")), "dynamicport", "ephemeral port range"),
        (Obstacle::DescriptorLimit(errno("EMFILE")), "ulimit -n", "dynamicport"),
        (Obstacle::PortLimit(errno("EADDRNOTAVAIL")), "ephemeral port range", "dynamicport"),
    ] {
        let case = format!("{obstacle:?}");
        let probe = Probe::of("endpoint", SITE)
            .asks(gives(&["20.50.1.1"]))
            .goes("20.50.1.1", |way| way.stops(obstacle));
        let verdict = probe.verdict();
        let remedy = &found(&verdict.findings, Cause::VantageBroken).remedy;
        assert!(remedy.contains(advice) && !remedy.contains(never), "{case}: {remedy}");
    }
}
