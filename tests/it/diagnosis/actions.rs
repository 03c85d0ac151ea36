//! What to do next: nothing that is to be done is missing, and nothing is said twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use pathproof::model::{
    Action, Cause, ChainTrust, Conclusion, Failure, HostName, Owner, Records, Run, TcpFailure,
    Trail, Unreachable, Validity,
};
use pathproof::report::{Style, table};

use super::{CONTROL, GATEWAY, RELAY, Walk, no_route, refused, reset_after_hello, silent};
use crate::scene::{
    Ask, Probe, Way, accepted_control, azure, chain, conclude, errno, gives, page, proxy, records,
    relay_feed, run, with_header,
};

const PROXY: &str = "http://10.0.0.8:3128";
const BLOB: &str = "contoso.blob.core.windows.net";

fn concluded(run: Run, probes: Vec<Probe>) -> (Records, Conclusion) {
    let records = records(run, probes);
    let conclusion = conclude(&records);
    (records, conclusion)
}

fn text((records, conclusion): &(Records, Conclusion)) -> String {
    table(records, conclusion, &Style { width: 80, color: false })
}

/// `owner: text`, a line each.
fn said(actions: &[Action]) -> Vec<String> {
    actions.iter().map(|action| format!("{}: {}", action.owner.as_str(), action.text)).collect()
}

fn addresses(action: &Action) -> BTreeSet<String> {
    action.destinations.iter().filter_map(|one| Some(one.address?.to_string())).collect()
}

fn to(entry: &str, host: &str, address: &str, walk: Walk) -> Probe {
    Probe::of(entry, host).asks(gives(&[address])).goes(address, walk)
}

fn works(entry: &str, host: &'static str, address: &str) -> Probe {
    let probe = Probe::of(entry, host).asks(gives(&[address]));
    let kind = probe.endpoint.kind;
    probe.goes(address, |way| way.proven(kind, host))
}

/// A gateway of one deployment, at 40.113.0.N or 40.113.1.N.
fn gateway(number: u16, walk: Walk) -> Probe {
    let (series, octet) = if number < 128 { ("g", 0) } else { ("gv", 1) };
    let number = number % 128;
    let host = format!("{series}{number}-prod-am3-010-sb.servicebus.windows.net");
    to("relay-gateway", &host, &format!("40.113.{octet}.{number}"), walk).optional()
}

fn answers(way: Way) -> Trail {
    way.tcp().tls(azure(GATEWAY)).http(page(404, "", "")).done()
}

fn stopped_by_a_blackhole(way: Way) -> Trail {
    let failure = TcpFailure::Unreachable { kind: Unreachable::Blackhole, os: errno("EINVAL") };
    way.fails(Failure::Tcp(failure), 0)
}

/// No packet left this host, so no firewall can have anything to do with it.
#[test]
fn a_route_that_this_host_lacks_is_for_whoever_administers_it() {
    let relay = |address, walk| to("relay", RELAY, address, walk);
    let control = |walk| to("control", CONTROL, "40.1.1.2", walk);
    let by_proxy =
        |entry, host| Probe::of(entry, host).by(PROXY).goes_by(PROXY, "10.0.0.8:3128", no_route);
    for (probes, meant) in [
        (vec![relay("40.1.1.1", no_route)], "amsprodwe.servicebus.windows.net (40.1.1.1)"),
        (vec![to("storage", BLOB, "10.200.0.4", no_route)], BLOB),
        (vec![to("storage", BLOB, "10.200.0.4", stopped_by_a_blackhole)], BLOB),
        (vec![relay("40.1.1.1", no_route), control(no_route)], "the 2 destinations below"),
        (
            vec![relay("40.1.1.1", stopped_by_a_blackhole), control(stopped_by_a_blackhole)],
            "the 2 destinations below",
        ),
        (vec![by_proxy("relay", RELAY)], "10.0.0.8"),
        (vec![by_proxy("relay", RELAY), by_proxy("control", CONTROL)], "10.0.0.8"),
    ] {
        let (_, conclusion) = concluded(run(), probes);
        let [said] = &*said(&conclusion.actions) else { panic!("{:#?}", conclusion.actions) };
        let expected = format!("host: Add or correct the route of this host to {meant}");
        assert!(said.starts_with(&expected), "{said}");
        assert!(said.contains("Find-NetRoute -RemoteIPAddress ADDRESS"), "{said}");
    }
}

/// What one name server says of every name does not hide what another has in a zone of its own.
#[test]
fn a_private_zone_is_still_to_be_changed_where_another_server_lies() {
    let mut lied_to = run();
    let absent = HostName::parse("a-name-that-cannot-exist.invalid").expect("a name");
    lied_to.absent = vec![Arc::new(gives(&["10.9.9.9"]).of(&absent))];
    let probe = Probe::of("relay", RELAY)
        .asks(gives(&["10.9.9.9"]))
        .asks(gives(&["10.1.1.1"]).at("10.0.1.53:53"))
        .goes("10.1.1.1", refused);
    let (_, conclusion) = concluded(lied_to, vec![probe]);
    let said = said(&conclusion.actions);
    let zone = format!("dns: Take {RELAY} out of the private zone on 10.0.1.53: ");
    assert!(said.iter().any(|one| one.starts_with(&zone)), "{said:#?}");
}

#[test]
fn six_relays_that_are_dropped_are_six_addresses_in_one_action() {
    let relay = |number: u8| {
        let host = format!("relay-{number}.servicebus.windows.net");
        to("relay", &host, &format!("40.112.72.10{number}"), silent)
    };
    let probes = (1..=6).map(relay).chain([works("control", CONTROL, "40.74.24.70")]).collect();
    let run = concluded(run(), probes);
    let [action] = &*run.1.actions else { panic!("{:#?}", run.1.actions) };
    assert_eq!(action.owner, Owner::Firewall);
    assert_eq!(action.causes, [Cause::TcpTimeout]);
    assert_eq!(action.destinations.len(), 6);
    let text = text(&run);
    let expected = "\
What to do next
Firewall team
  - Allow TCP 443 out from 10.50.1.10 to the 6 destinations below; in an NSG,
    the service tag AzureCloud covers them.
      40.112.72.101  443  relay-1.servicebus.windows.net
      40.112.72.102  443  relay-2.servicebus.windows.net
      40.112.72.103  443  relay-3.servicebus.windows.net
      40.112.72.104  443  relay-4.servicebus.windows.net
      40.112.72.105  443  relay-5.servicebus.windows.net
      40.112.72.106  443  relay-6.servicebus.windows.net

";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn all_names_that_are_blocked_are_said_once_with_their_addresses() {
    let probes = vec![
        to("relay", RELAY, "40.1.1.1", silent),
        to("control", CONTROL, "40.1.1.2", silent),
        to("login", "login.microsoftonline.com", "40.1.1.3", silent),
        to("download", "download.microsoft.com", "40.1.1.4", silent).optional(),
    ];
    let run = concluded(run(), probes);
    let [firewall, platform] = &*run.1.actions else { panic!("{:#?}", run.1.actions) };
    assert_eq!((firewall.owner, platform.owner), (Owner::Firewall, Owner::DataPlatform));
    assert_eq!(addresses(firewall).len(), 4);
    let text = text(&run);
    for row in [
        "      40.1.1.1  443  amsprodwe.servicebus.windows.net\n",
        "      40.1.1.2  443  contoso-adf.westeurope.datafactory.azure.net\n",
        "      40.1.1.3  443  login.microsoftonline.com\n",
        "      40.1.1.4  443  download.microsoft.com\n",
    ] {
        assert_eq!(text.matches(row).count(), 1, "{row}{text}");
    }
    assert_eq!(text.matches("Allow TCP").count(), 1, "{text}");
}

#[test]
fn gateways_that_fail_are_all_named_three_or_all_of_them() {
    let with_relay = |gateways: Vec<Probe>| {
        let relay = works("relay", RELAY, "40.112.72.101");
        let control = works("control", CONTROL, "40.74.24.70");
        concluded(run(), [relay, control].into_iter().chain(gateways).collect())
    };
    let walk = |number: u16| match number {
        5 | 77 => silent as Walk,
        200 => reset_after_hello,
        _ => answers,
    };
    let three = with_relay((0..256).map(|number| gateway(number, walk(number))).collect());
    let shown = text(&three);
    for row in ["40.113.0.5 ", "40.113.0.77", "40.113.1.72"] {
        assert_eq!(shown.matches(&format!("      {row}  443  g")).count(), 1, "{row}\n{shown}");
    }
    assert_eq!(said(&three.1.actions).len(), 2, "{:#?}", three.1.actions);

    let all = with_relay((0..256).map(|number| gateway(number, silent)).collect());
    let [action] = &*all.1.actions else { panic!("{:#?}", all.1.actions) };
    assert_eq!(addresses(action).len(), 256);
    let shown = text(&all);
    // Nothing but what was seen: a /24 instead of two /25 would let in 128 others.
    let expected = "\
  - Allow TCP 443 out from 10.50.1.10 to the 256 destinations below; in an NSG,
    the service tag AzureCloud covers them.
      40.113.0.0/25  443  128 addresses
      40.113.1.0/25  443  128 addresses
      of 256 names: g0-prod-am3-010-sb.servicebus.windows.net,
        g1-prod-am3-010-sb.servicebus.windows.net,
        g10-prod-am3-010-sb.servicebus.windows.net and 253 more
    As a list:
      pathproof rules emit --only relay --proof resolved --format csv
";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn what_follows_from_something_else_is_no_action() {
    // A sinkhole that refuses, and a block page's address that resets.
    let sunk = |host: &str, address: &str, walk| to("relay", host, address, walk);
    let probes = vec![
        sunk("null.servicebus.windows.net", "0.0.0.0", refused),
        sunk("umbrella.servicebus.windows.net", "146.112.61.104", reset_after_hello),
        works("control", CONTROL, "40.74.24.70"),
    ];
    let run = concluded(run(), probes);
    let [action] = &*run.1.actions else { panic!("{:#?}", run.1.actions) };
    assert_eq!((action.owner, &*action.causes), (Owner::Dns, &[Cause::DnsSinkhole][..]));
    let explained = |at: usize| run.1.verdicts[at].findings[1].explained_by;
    assert_eq!((explained(0), explained(1)), (Some(Cause::DnsSinkhole), Some(Cause::DnsSinkhole)));
    let text = text(&run);
    assert_eq!(text.matches("(explained by dns_sinkhole)").count(), 2, "{text}");
    assert!(!text.contains(" first: "), "{text}");
}

/// What is to be private is mended by its zone or its private endpoint; a firewall that keeps its
/// public addresses closed is right.
#[test]
fn nobody_is_asked_to_open_the_public_addresses_of_a_private_name() {
    const LINK: &str = "df.eastus.privatelink.datafactory.azure.net";
    let control = || Probe::of("control", CONTROL).private();
    let public = "40.78.229.99";
    for (probe, owner, cause) in [
        (control().asks(gives(&[public])), Owner::DataPlatform, Cause::PathPrivateEndpointAbsent),
        (
            control().asks(gives(&[public]).via(&[LINK])),
            Owner::Dns,
            Cause::PathPrivateZoneNotLinked,
        ),
    ] {
        let other = works("relay", "ns.servicebus.windows.net", "40.112.72.101");
        let run = concluded(run(), vec![probe.goes(public, silent), other]);
        let [action] = &*run.1.actions else { panic!("{:#?}", run.1.actions) };
        assert_eq!((action.owner, &*action.causes), (owner, &[cause][..]));
        let followed = &run.1.verdicts[0].findings[1];
        assert_eq!((followed.cause, followed.explained_by), (Cause::TcpTimeout, Some(cause)));
    }
}

#[test]
fn a_way_that_works_explains_the_one_that_does_not() {
    let misrouted = |entry: &str, host: &'static str| {
        let probe = Probe::of(entry, host).asks(gives(&["40.1.1.1"]));
        let kind = probe.endpoint.kind;
        probe
            .goes("40.1.1.1", silent)
            .beside(proxy(PROXY))
            .goes_by(PROXY, "10.0.0.8:3128", |way| way.proven_beyond(kind, host))
    };
    let run =
        concluded(run(), vec![misrouted("relay", RELAY), works("control", CONTROL, "40.1.1.2")]);
    let actions = &run.1.actions;
    assert!(actions.iter().all(|one| one.causes == [Cause::RouteProxyRequired]), "{actions:#?}");
    // What two teams may do is said to each of them.
    let owners: Vec<Owner> = actions.iter().map(|action| action.owner).collect();
    assert_eq!(owners, [Owner::DataPlatform, Owner::Firewall], "{actions:#?}");
    assert!(actions[1].text.contains("is meant to go direct, allow TCP 443"), "{actions:#?}");
    assert!(!actions[0].text.contains("TCP 443"), "{actions:#?}");
    let blocked = run.1.verdicts[0].findings.iter().find(|one| one.cause == Cause::TcpTimeout);
    assert_eq!(blocked.expect("the timeout").explained_by, Some(Cause::RouteProxyRequired));
}

#[test]
fn a_defective_chain_is_no_reason_to_trust_its_root() {
    let defective: Walk = |way| {
        let public = ChainTrust::Invalid { reason: "bad signature".to_owned() };
        let chain = chain(&[RELAY], "CN=Issuer", public, ChainTrust::Trusted, Validity::Current);
        way.tcp().tls(chain).done()
    };
    let (_, conclusion) = concluded(run(), vec![to("relay", RELAY, "40.1.1.1", defective)]);
    let [action] = &*conclusion.actions else { panic!("{:#?}", conclusion.actions) };
    assert_eq!(action.owner, Owner::Proxy, "{action:#?}");
    assert!(action.text.contains("its chain is defective"), "{action:#?}");
}

#[test]
fn certificate_dates_begin_with_this_hosts_clock() {
    let expired: Walk = |way| {
        let validity = Validity::Expired {
            subject: format!("CN={RELAY}"),
            not_after: "2026-02-27T23:59:59Z".parse().expect("a timestamp"),
        };
        let (public, host) = (ChainTrust::Trusted, ChainTrust::Trusted);
        let presented = chain(&[RELAY], "CN=Microsoft TLS", public, host, validity);
        way.tcp().tls(presented).http(relay_feed()).done()
    };
    let (_, conclusion) = concluded(run(), vec![to("relay", RELAY, "40.1.1.1", expired)]);
    let owners: Vec<Owner> = conclusion.actions.iter().map(|action| action.owner).collect();
    assert_eq!(owners, [Owner::Host, Owner::Azure], "{:#?}", conclusion.actions);
    assert_eq!(conclusion.verdicts[0].findings[0].owner, Owner::Host);
}

#[test]
fn one_fact_about_all_names_is_one_finding_and_one_remedy() {
    let unsigned = |scheme: &str| {
        let answer = with_header(
            page(407, "Proxy Authentication Required", ""),
            "Proxy-Authenticate",
            scheme,
        );
        move |entry: &str, host: &str| {
            let answer = answer.clone();
            Probe::of(entry, host)
                .by(PROXY)
                .goes_by(PROXY, "10.0.0.8:3128", |way| way.tcp().refused_with(answer))
        }
    };
    let four = |probe: &dyn Fn(&str, &str) -> Probe| {
        vec![
            probe("relay", RELAY),
            probe("control", CONTROL),
            probe("login", "login.microsoftonline.com"),
            probe("download", "download.microsoft.com").optional(),
        ]
    };
    let inspected = |entry: &str, host: &str| {
        let (public, own) = (ChainTrust::UnknownIssuer, ChainTrust::Trusted);
        let presented = chain(&[host], "CN=Contoso Inspection", public, own, Validity::Current);
        let answer = if entry == "relay" { relay_feed() } else { page(404, "", "") };
        Probe::of(entry, host)
            .asks(gives(&["40.1.1.1"]))
            .goes("40.1.1.1", |way| way.tcp().tls(presented).http(answer).done())
    };
    let silent = |entry: &str, host: &str| Probe::of(entry, host).asks(Ask::silence());
    // What is to be opened to a silent name server is the way to that server.
    for (name, probes, owner, n_destinations) in [
        ("basic", four(&unsigned("Basic realm=\"x\"")), Owner::DataPlatform, 4),
        ("ntlm", four(&unsigned("NTLM")), Owner::DataPlatform, 4),
        ("inspection", four(&inspected), Owner::Proxy, 4),
        ("silent", four(&silent), Owner::Dns, 1),
    ] {
        let run = concluded(run(), probes);
        assert_eq!(run.1.actions[0].owner, owner, "{name}: {:#?}", run.1.actions);
        let first = &run.1.actions[0];
        let alike = run.1.actions.iter().filter(|one| one.owner == owner).count();
        assert_eq!(alike, 1, "{name}: {:#?}", run.1.actions);
        let names: BTreeSet<&str> = first.destinations.iter().map(|one| &*one.name).collect();
        assert_eq!(names.len(), n_destinations, "{name}: {first:#?}");
        let text = text(&run);
        let n_lines = text.lines().count();
        assert!(n_lines <= 40, "{name}: {n_lines} lines\n{text}");
        assert_eq!(text.matches("All endpoints  ").count(), 1, "{name}\n{text}");
    }
}

#[test]
fn a_middlebox_that_harms_nothing_is_a_note() {
    let mut run = run();
    run.control = Some(accepted_control());
    let probes = vec![works("relay", RELAY, "40.1.1.1"), works("control", CONTROL, "40.1.1.2")];
    let run = concluded(run, probes);
    assert!(run.1.actions.is_empty(), "{:#?}", run.1.actions);
    assert!(run.1.findings[0].is_note());
    let text = text(&run);
    assert!(text.starts_with("PASS    All 2 required endpoints work: "), "{text}");
    assert!(!text.contains("WARN"), "{text}");
    assert!(text.contains("\nNote: a middlebox accepts every connection: "), "{text}");
}

#[test]
fn a_healthy_run_of_hundreds_says_what_to_look_at_next_in_25_lines() {
    let gateways = (0..256).map(|number| gateway(number, answers));
    let rest = [
        works("relay", RELAY, "40.112.72.101"),
        works("control", CONTROL, "40.74.24.70"),
        works("download", "download.microsoft.com", "23.38.106.11"),
    ];
    let run = concluded(run(), rest.into_iter().chain(gateways).collect());
    assert_eq!(run.0.records.len(), 259);
    let text = text(&run);
    let n_lines = text.lines().count();
    assert!(text.starts_with("PASS") && n_lines <= 25, "{n_lines} lines\n{text}");
    assert!(text.contains("(Get-Service DIAHostService)"), "{text}");
}
