//! What a run as a whole comes to.

use pathproof::model::{Cause, Kind, NetworkAllows, Obstacle, ResponseCode, Severity};

use super::{CONTROL, GATEWAY, RELAY, Walk, refused, reset_after_hello, silent};
use crate::scene::{Ask, Probe, Way, accepted_control, conclude, gives, records, run};

#[test]
fn the_run_says_once_what_many_share() {
    let codes = |run, probes| {
        let conclusion = conclude(&records(run, probes));
        conclusion.findings.iter().map(|finding| finding.cause.code()).collect::<Vec<_>>()
    };
    let relay = || Probe::of("relay", RELAY).asks(gives(&["40.1.1.1"]));
    let control = || Probe::of("control", CONTROL).asks(gives(&["40.1.1.2"]));
    let both = |one: Walk, other: Walk| {
        vec![relay().goes("40.1.1.1", one), control().goes("40.1.1.2", other)]
    };
    assert_eq!(codes(run(), both(silent, silent)), ["tcp_timeout"]);
    assert!(codes(run(), both(silent, refused)).is_empty());
    assert!(codes(run(), both(silent, reset_after_hello)).is_empty());
    assert!(codes(run(), vec![relay().goes("40.1.1.1", silent)]).is_empty());
    let half = relay().goes("40.1.1.1", silent).goes("40.1.1.3", reset_after_hello);
    assert!(codes(run(), vec![half, control().goes("40.1.1.2", silent)]).is_empty());
    let quiet = |entry, host| Probe::of(entry, host).asks(Ask::silence());
    let all = || vec![quiet("relay", RELAY), quiet("control", CONTROL)];
    assert_eq!(codes(run(), all()), ["dns_timeout"]);
    // An address that needs no name does not hide that no resolver answers.
    let peer = Probe::of("peer", "10.50.1.12").goes("10.50.1.12", |way| way.tcp().done());
    assert_eq!(codes(run(), all().into_iter().chain([peer]).collect()), ["dns_timeout"]);
    let one_answers = vec![quiet("relay", RELAY), control().goes("40.1.1.2", silent)];
    assert!(codes(run(), one_answers).is_empty());
    let mut middlebox = run();
    middlebox.control = Some(accepted_control());
    let healthy = vec![Probe::of("relay", RELAY).works_at(&["40.1.1.1"])];
    let conclusion = conclude(&records(middlebox, healthy));
    assert_eq!(conclusion.findings[0].cause, Cause::TcpAnsweredByMiddlebox);
    assert_eq!(conclusion.findings[0].severity, Severity::Warn);
}

#[test]
fn a_resolver_is_down_where_others_answer_what_it_does_not() {
    let two = "10.0.1.53:53";
    let asked = |ask: Ask<'_>| {
        Probe::of("relay", RELAY)
            .asks(gives(&["40.1.1.1"]))
            .asks(ask.at(two))
            .goes("40.1.1.1", |way| way.proven(Kind::Relay, RELAY))
    };
    let down = |probes| {
        let conclusion = conclude(&records(run(), probes));
        let down = conclusion.findings.into_iter().find(|f| f.cause == Cause::DnsResolverDown);
        down.map(|finding| (finding.message, finding.certainty.as_str()))
    };
    let (message, certainty) = down(vec![asked(Ask::silence())]).expect("a finding");
    assert!(message.contains("10.0.1.53 does not answer for 1 of 1 names"), "{message}");
    assert_eq!(certainty, "proven");
    let (message, certainty) =
        down(vec![asked(Ask::silence()), asked(gives(&["40.1.1.1"]))]).expect("a finding");
    assert!(message.contains("for 1 of 2 names"), "{message}");
    assert_eq!(certainty, "likely");
    assert_eq!(down(vec![asked(gives(&["40.1.1.1"]))]), None);
    let both_silent = Probe::of("relay", RELAY).asks(Ask::silence()).asks(Ask::silence().at(two));
    assert_eq!(down(vec![both_silent]), None);
}

#[test]
fn the_prediction_follows_from_control_and_relay() {
    let ok_relay: Walk = |way| way.proven(Kind::Relay, RELAY);
    let ok_control: Walk = |way| way.proven(Kind::Https, CONTROL);
    let cancelled: Walk = |way| way.stops(Obstacle::Cancelled);
    for (control, relay, is_self_contained, expected) in [
        (Some(ok_control), Some(ok_relay), false, NetworkAllows::Online),
        (Some(ok_control), Some(silent as Walk), false, NetworkAllows::Limited),
        (Some(ok_control), Some(silent), true, NetworkAllows::Online),
        (Some(ok_control), Some(cancelled), false, NetworkAllows::Unknown),
        (Some(ok_control), None, false, NetworkAllows::Unknown),
        (Some(ok_control), None, true, NetworkAllows::Online),
        (Some(silent), Some(ok_relay), false, NetworkAllows::Offline),
        (Some(silent), Some(silent), false, NetworkAllows::Offline),
        (Some(silent), Some(cancelled), false, NetworkAllows::Offline),
        (Some(cancelled), Some(silent), false, NetworkAllows::Unknown),
        (None, Some(ok_relay), false, NetworkAllows::Unknown),
    ] {
        let mut run = run();
        run.is_self_contained = is_self_contained;
        let control = control.map(|walk| {
            Probe::of("control", CONTROL).asks(gives(&["40.1.1.2"])).goes("40.1.1.2", walk)
        });
        let relay = relay.map(|walk| {
            Probe::of("relay", RELAY).asks(gives(&["40.1.1.1"])).goes("40.1.1.1", walk)
        });
        let prediction =
            conclude(&records(run, relay.into_iter().chain(control).collect())).prediction;
        assert_eq!(prediction.network_allows, expected, "{prediction:#?}");
        assert!(!prediction.because.is_empty() && !prediction.not_looked_at.is_empty());
        let has_consequences = matches!(expected, NetworkAllows::Offline | NetworkAllows::Limited);
        assert!(!has_consequences || !prediction.consequences.is_empty());
    }
}

/// What will not work is named, with the endpoints that lead there.
#[test]
fn consequences_name_the_endpoints_they_come_from() {
    const OFFLINE: &str = "the runtime goes offline: pipelines fail with no available node \
        (failing: contoso-adf.westeurope.datafactory.azure.net:443)";
    const REGISTERED: &str = "a new node cannot be registered";
    const LIMITED: &str = "scheduled copies run, test connection and data preview fail \
        (failing: amsprodwe.servicebus.windows.net:443)";
    const NOT_INTERACTIVE: &str = "test connection and data preview fail \
        (failing: amsprodwe.servicebus.windows.net:443)";
    const CREDENTIALS: &str = "credentials kept on the nodes cannot be pushed or synchronised";
    const NO_UPDATE: &str = "no auto-update: the version expires, a year after its release, and \
        the runtime goes offline (failing: download.microsoft.com:443)";
    let walks = |fails: bool, entry: &str, host: &'static str| {
        let probe = Probe::of(entry, host);
        let kind = probe.endpoint.kind;
        let walk = |way: Way| if fails { silent(way) } else { way.proven(kind, host) };
        probe.asks(gives(&["40.1.1.1"])).goes("40.1.1.1", walk)
    };
    // Whether control, relay and download fail, and whether the runtime needs a relay at all.
    for (control, relay, download, is_self_contained, allows, expected) in [
        (false, false, false, false, "online", &[][..]),
        (false, true, false, false, "limited", &[LIMITED, CREDENTIALS]),
        (false, false, true, false, "online", &[NO_UPDATE]),
        (false, true, true, false, "limited", &[LIMITED, CREDENTIALS, NO_UPDATE]),
        (true, false, false, false, "offline", &[OFFLINE, REGISTERED]),
        (true, true, false, false, "offline", &[OFFLINE, REGISTERED, NOT_INTERACTIVE, CREDENTIALS]),
        (true, false, true, false, "offline", &[OFFLINE, REGISTERED, NO_UPDATE]),
        (false, true, false, true, "online", &[]),
        (false, true, true, true, "online", &[NO_UPDATE]),
        (true, true, false, true, "offline", &[OFFLINE, REGISTERED]),
    ] {
        let mut run = run();
        run.is_self_contained = is_self_contained;
        let probes = vec![
            walks(relay, "relay", RELAY),
            walks(control, "control", CONTROL),
            walks(download, "download", "download.microsoft.com"),
        ];
        let prediction = conclude(&records(run, probes)).prediction;
        let case = (control, relay, download, is_self_contained);
        assert_eq!(prediction.network_allows.as_str(), allows, "{case:?}");
        assert_eq!(prediction.consequences, expected, "{case:?}");
    }
}

/// Many endpoints are counted, however many of them are kept by name.
#[test]
fn a_consequence_names_a_few_and_counts_the_rest() {
    for (relays, expected) in [
        (2, "(failing: r0.servicebus.windows.net:443 and r1.servicebus.windows.net:443)"),
        (4, "r2.servicebus.windows.net:443 and 1 more)"),
        (12, "r2.servicebus.windows.net:443 and 9 more)"),
    ] {
        let failing = (0..relays).map(|number| {
            let host = format!("r{number}.servicebus.windows.net");
            Probe::of("relay", &host).asks(gives(&["40.1.1.1"])).goes("40.1.1.1", silent)
        });
        let prediction = conclude(&records(run(), failing.collect())).prediction;
        let said = &prediction.consequences[0];
        assert!(said.ends_with(expected), "{said}");
    }
}

#[test]
fn the_summary_counts_all_but_gateways_to_come() {
    let probes = vec![
        Probe::of("relay", RELAY).works_at(&["40.1.1.1"]),
        Probe::of("relay-gateway", GATEWAY).asks(Ask::code(ResponseCode::NxDomain)),
        Probe::of("download", "download.microsoft.com").asks(Ask::silence()),
        Probe::of("control", CONTROL).asks(Ask::silence()),
        Probe::of("storage", "*.core.windows.net").stopped(Obstacle::Cancelled),
    ];
    let summary = conclude(&records(run(), probes)).summary;
    assert_eq!([summary.pass, summary.warn, summary.fail, summary.unknown], [1, 1, 1, 1]);
}
