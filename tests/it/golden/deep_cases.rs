//! The records of the golden cases that ask more than once: the operating system's own answer, the
//! controls, and what was asked again.

use std::net::SocketAddr;
use std::sync::Arc;

use pathproof::model::{
    ChainTrust, Failure, Held, HeldOutcome, HoldFailure, Hop, HopAnswer, Host, HostName,
    HttpFailure, Kind, Located, OldHello, OldHelloOutcome, OpenTrail, Records, ReportedNode,
    ResponseCode, RevocationHost, Route, Rung, Seen, SegmentBound, SegmentLadder, TcpFailure,
    TimeoutBy, TlsFailure, TlsFailureKind, Trail, Validity,
};

use super::cases::{CONTROL, DOWNLOAD, RELAY, refused, silent, with_rest};
use crate::scene::{
    Ask, Probe, Way, azure, chain, errno, gives, ip, ms, naming, noon, page, records, relay_feed,
    run, socket, with_header,
};

pub(super) fn all() -> Vec<(&'static str, Records)> {
    vec![
        ("dns-os-override", os_override()),
        ("dns-wildcard", wildcard()),
        ("host-clock-skew", clock_skew()),
        ("located", located()),
        ("segments", segments()),
        ("slow-once", slow_once()),
        ("idle-connections", idle_connections()),
        ("revocation", revocation()),
        ("inspected", inspected()),
        ("inspected-pages", inspected_pages()),
        ("tls-of-old", tls_of_old()),
        ("contradiction", contradiction()),
        ("reported-versions", reported_versions()),
        ("reported-expiry", reported_expiry()),
    ]
}

fn os_override() -> Records {
    let relay = |name: &str| Probe::of("relay", &format!("{name}.servicebus.windows.net"));
    let host = |name: &str| format!("{name}.servicebus.windows.net");
    let proven = |name: &str| {
        let host = host(name);
        move |way: Way| way.proven(Kind::Relay, &host)
    };
    let probes = vec![
        // A hosts file that was right last year.
        relay("stale")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["40.112.72.9"]).of_hosts_file())
            .goes("40.112.72.9", refused),
        // One that takes the name to somewhere else inside.
        relay("inside")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["10.1.1.1"]).of_hosts_file())
            .goes("10.1.1.1", proven("inside")),
        // One that is right.
        relay("right")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["40.112.72.101"]).of_hosts_file())
            .goes("40.112.72.101", proven("right")),
        // Another address of the same service, asked a moment later.
        relay("rotates")
            .asks(gives(&["40.112.72.101"]))
            .asks(gives(&["40.112.72.102"]).of_system())
            .goes("40.112.72.102", proven("rotates")),
        // A rule that keeps the name from being resolved.
        relay("ruled-out")
            .asks(gives(&["40.112.72.101"]))
            .asks(Ask::code(ResponseCode::NxDomain).of_system()),
        // The cache still knows what the name server does not say any more.
        relay("cached")
            .asks(Ask::silence())
            .asks(gives(&["40.112.72.101"]).of_system())
            .goes("40.112.72.101", proven("cached")),
    ];
    records(run(), with_rest(probes))
}

fn wildcard() -> Records {
    let mut run = run();
    let absent = |name: &str| {
        let label = "pathproof-asks-for-a-name-too-long-to-be-given-to-anybody";
        let name = HostName::parse(&format!("{label}.{name}")).expect("a name");
        Arc::new(gives(&["10.9.9.9"]).of(&name))
    };
    run.absent = vec![absent("invalid"), absent("servicebus.windows.net")];
    let probes = vec![
        Probe::of("relay", RELAY).asks(gives(&["10.9.9.9"])).goes("10.9.9.9", refused),
        Probe::of("relay-gateway", "g0-prod-am3-010-sb.servicebus.windows.net")
            .asks(gives(&["10.9.9.9"]))
            .goes("10.9.9.9", refused),
        Probe::of("control", CONTROL).works_at(&["40.74.24.70"]),
        Probe::of("download", DOWNLOAD).works_at(&["23.38.106.11"]),
    ];
    records(run, probes)
}

fn clock_skew() -> Records {
    let dated = |answer, date: &str| with_header(answer, "Date", date);
    let probes = vec![
        Probe::of("relay", RELAY).asks(gives(&["40.112.72.101"])).goes("40.112.72.101", |way| {
            let feed = dated(relay_feed(), "Mon, 02 Mar 2026 12:17:04 GMT");
            way.tcp().tls(azure(RELAY)).http(feed).done()
        }),
        Probe::of("control", CONTROL).asks(gives(&["40.74.24.70"])).goes("40.74.24.70", |way| {
            let answer = dated(page(404, "Not Found", ""), "Mon, 02 Mar 2026 12:17:05 GMT");
            way.tcp().tls(azure(CONTROL)).http(answer).done()
        }),
        Probe::of("download", DOWNLOAD).asks(gives(&["23.38.106.11"])).goes(
            "23.38.106.11",
            |way| {
                // From a cache: ten minutes old when it came.
                let answer = dated(page(200, "OK", ""), "Mon, 02 Mar 2026 12:07:05 GMT");
                way.tcp().tls(azure(DOWNLOAD)).http(with_header(answer, "Age", "600")).done()
            },
        ),
    ];
    records(run(), probes)
}

fn located() -> Records {
    let expired = |from: &str| HopAnswer::Expired { from: Some(ip(from)) };
    let hops = |answers: Vec<(HopAnswer, HopAnswer)>| Located {
        remote: socket("40.112.72.101:443"),
        hops: (1..)
            .zip(answers)
            .map(|(ttl, (tcp, udp))| Hop { ttl, tcp, udp, echo: HopAnswer::NotAsked })
            .collect(),
    };
    let relay = |name: &str, located| {
        Probe::of("relay", &format!("{name}.servicebus.windows.net"))
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", silent)
            .followed_up(|asked| asked.located = Some(located))
    };
    let (first, second) = (|| expired("10.50.1.1"), || expired("10.50.3.2"));
    let silence = || HopAnswer::Silence;
    let probes = vec![
        relay(
            "dropped",
            hops(vec![(first(), first()), (second(), second()), (silence(), silence())]),
        ),
        relay(
            "filtered",
            hops(vec![
                (first(), first()),
                (silence(), second()),
                (
                    silence(),
                    HopAnswer::Answered {
                        os: Some(errno("ECONNREFUSED")),
                        from: Some(ip("40.112.72.101")),
                    },
                ),
            ]),
        ),
        relay("mute", hops(vec![(silence(), silence())])),
        relay(
            "came-back",
            hops(vec![
                (first(), first()),
                (HopAnswer::Answered { os: None, from: None }, silence()),
            ]),
        ),
    ];
    records(run(), with_rest(probes))
}

fn mute() -> Failure {
    let kind = TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 };
    Failure::Tls(TlsFailure { kind, presented: None })
}

fn segments() -> Records {
    let relay = |name: &str, passes_at: u16| {
        let rung = |segment: u16| {
            let passes = segment <= passes_at;
            let took = if passes { ms(38) } else { ms(5_012) };
            let bound = SegmentBound::Both;
            Rung { segment: Some(segment), bound, failure: (!passes).then(mute), took }
        };
        let rungs = [1360, 1220, 1000, 768, 536].map(rung).to_vec();
        with_ladder(name, rungs)
    };
    records(run(), with_rest(vec![relay("black-hole", 1000), relay("filtered", 0)]))
}

/// Handshakes that met silence, and ladders that say nothing of the size of packets: all of the
/// second one's handshakes, the one without a limit included, were completed; of the third one's,
/// a larger one was and a smaller one was not.
fn slow_once() -> Records {
    let rung = |(segment, passes): (Option<u16>, bool)| {
        let took = if passes { ms(38) } else { ms(5_012) };
        let bound = SegmentBound::Both;
        Rung { segment, bound, failure: (!passes).then(mute), took }
    };
    let relay =
        |name: &str, rungs: [(Option<u16>, bool); 3]| with_ladder(name, rungs.map(rung).to_vec());
    let probes = vec![
        relay("lossy", [(None, false), (Some(1360), false), (Some(536), true)]),
        relay("slow-once", [(None, true), (Some(1360), true), (Some(536), true)]),
        relay("unsteady", [(None, false), (Some(1360), true), (Some(536), false)]),
    ];
    records(run(), with_rest(probes))
}

/// A relay whose handshake met silence.
fn with_ladder(name: &str, rungs: Vec<Rung>) -> Probe {
    let remote: SocketAddr = socket("40.112.72.101:443");
    Probe::of("relay", &format!("{name}.servicebus.windows.net"))
        .asks(gives(&["40.112.72.101"]))
        .goes("40.112.72.101", |way| way.tcp().fails(mute(), 5_000))
        .followed_up(|asked| asked.segments = vec![SegmentLadder { remote, rungs }])
}

/// A connection to a relay that was kept idle for some seconds.
fn held(host: &str, idle: u64, end: Result<HeldOutcome, HoldFailure>) -> Trail {
    let mut open = OpenTrail::new(Route::Direct, socket("40.112.72.101:443"), noon());
    open.leave_from(Some(socket("10.50.1.10:51520")));
    open.pass(Seen::Tcp, ms(12));
    let session = pathproof::model::TlsSession {
        version: "TLSv1_3".to_owned(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".to_owned(),
        presented: azure(host),
    };
    open.pass(Seen::Tls(Box::new(session)), ms(31));
    let idle = ms(idle * 1000);
    match end {
        Ok(outcome) => {
            open.pass(Seen::Hold(Held { idle, outcome }), idle);
            if outcome == HeldOutcome::Answered {
                open.pass(Seen::Http(Box::new(relay_feed())), ms(18));
            }
            open.complete()
        }
        Err(failure) => open.fail(Failure::Hold(failure), idle + ms(5_000)),
    }
}

fn upgraded(host: &str, answer: Result<(u16, &str), HttpFailure>) -> Trail {
    let mut open = OpenTrail::new(Route::Direct, socket("40.112.72.101:443"), noon());
    open.pass(Seen::Tcp, ms(12));
    let session = pathproof::model::TlsSession {
        version: "TLSv1_3".to_owned(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".to_owned(),
        presented: azure(host),
    };
    open.pass(Seen::Tls(Box::new(session)), ms(31));
    match answer {
        Ok((status, reason)) => {
            open.pass(Seen::Http(Box::new(page(status, reason, ""))), ms(18));
            open.complete()
        }
        Err(failure) => open.fail(Failure::Http(failure), ms(5_000)),
    }
}

fn idle_connections() -> Records {
    let silent = |idle: u64| HoldFailure::Silent {
        idle: ms(idle * 1000),
        whose: TimeoutBy::Ours(ms(5_000)),
    };
    let reset = |idle: u64| HoldFailure::Reset {
        idle: ms(idle * 1000),
        after: ms(61_000),
        os: errno("ECONNRESET"),
    };
    let missing = "MissingToken: Relay security token is required. TrackingId:8a2e_G12";
    let relay = |name: &str, holds: Vec<(u64, Result<HeldOutcome, HoldFailure>)>, upgrade| {
        let host = format!("{name}.servicebus.windows.net");
        let way = host.clone();
        Probe::of("relay", &host)
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |open| open.proven(Kind::Relay, &way))
            .followed_up(|asked| {
                let holds = holds.into_iter();
                asked.holds = holds.map(|(idle, end)| held(&host, idle, end)).collect();
                asked.upgrade = Some(upgraded(&host, upgrade));
            })
    };
    let alive = || Ok(HeldOutcome::Answered);
    let closed = || Ok(HeldOutcome::Closed { after: ms(120_020) });
    let probes = vec![
        relay(
            "forgotten",
            vec![(30, alive()), (60, alive()), (120, Err(silent(120))), (240, Err(silent(240)))],
            Ok((401, missing)),
        ),
        relay("reset", vec![(30, alive()), (120, Err(reset(120)))], Ok((401, missing))),
        // The far end closes in order: nothing is wrong.
        relay("closed", vec![(60, alive()), (240, closed())], Ok((401, missing))),
        relay("stripped", vec![(60, alive())], Ok((426, "Upgrade Required"))),
        relay(
            "swallowed",
            vec![(60, alive())],
            Err(HttpFailure::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 }),
        ),
    ];
    records(run(), with_rest(probes))
}

fn revocation() -> Records {
    let way = |address: &str| OpenTrail::new(Route::Direct, socket(address), noon());
    let host = |name: &str, trail: Trail| {
        let name = HostName::parse(name).expect("a name");
        Arc::new(RevocationHost {
            lookups: vec![Arc::new(gives(&["152.199.19.160"]).of(&name))],
            host: Host::Name(name),
            port: 80,
            path: Some("/DigiCertGlobalRootG2.crl".to_owned()),
            trails: vec![trail],
        })
    };
    let mut answered = way("152.199.19.160:80");
    answered.pass(Seen::Tcp, ms(9));
    answered.pass(Seen::Http(Box::new(page(404, "Not Found", ""))), ms(8));
    let silence = Failure::Tcp(TcpFailure::TimedOut(TimeoutBy::Ours(ms(5_000))));
    let silent = way("152.199.19.161:80").fail(silence, ms(5_000));
    let hosts =
        vec![host("crl3.digicert.com", answered.complete()), host("ocsp.digicert.com", silent)];
    let urls = ["http://crl3.digicert.com/DigiCertGlobalRootG2.crl", "http://ocsp.digicert.com"];
    let session = naming(azure(RELAY), &urls);
    let relay = Probe::of("relay", RELAY)
        .asks(gives(&["40.112.72.101"]))
        .goes("40.112.72.101", |way| way.tcp().tls(session).http(relay_feed()).done());
    records(run(), with_rest(vec![relay.followed_up(|asked| asked.revocation = hosts)]))
}

fn inspected() -> Records {
    let issuer = "C=US, ST=California, O=Zscaler Inc., CN=Zscaler Intermediate Root CA";
    let opened = |host: &str| {
        let (public, own) = (ChainTrust::UnknownIssuer, ChainTrust::Trusted);
        chain(&[host], issuer, public, own, Validity::Current)
    };
    let probes = vec![
        Probe::of("relay", RELAY).works_at(&["40.112.72.101"]),
        Probe::of("control", CONTROL).asks(gives(&["40.74.24.70"])).goes("40.74.24.70", |way| {
            way.tcp().tls(opened(CONTROL)).http(page(404, "Not Found", "")).done()
        }),
        Probe::of("download", DOWNLOAD)
            .asks(gives(&["23.38.106.11"]))
            .goes("23.38.106.11", |way| {
                way.tcp().tls(opened(DOWNLOAD)).http(page(200, "OK", "")).done()
            }),
    ];
    records(run(), probes)
}

fn inspected_pages() -> Records {
    let own = "C=US, ST=California, O=Zscaler Inc., CN=Zscaler Intermediate Root CA";
    let html = |status, reason: &str, body: &str| {
        let answer = with_header(page(status, reason, body), "Content-Type", "text/html");
        with_header(answer, "Server", "Contoso-GW")
    };
    let storage = |name: &str, answer| {
        let host = format!("{name}.blob.core.windows.net");
        let (public, trusted) = (ChainTrust::UnknownIssuer, ChainTrust::Trusted);
        let shown = chain(&[&host], own, public, trusted, Validity::Current);
        Probe::of("storage", &host)
            .asks(gives(&["20.60.1.4"]))
            .goes("20.60.1.4", |way| way.tcp().tls(shown).http(answer).done())
    };
    let gateway = "<html><title>Access Denied - Contoso Web Gateway</title>";
    let own_data = page(400, "Bad Request", "<?xml version=\"1.0\"?><Error>");
    let probes = vec![
        storage("words", html(403, "Forbidden", gateway)),
        storage("refuses", html(403, "Forbidden", "<html><title>Nein</title>")),
        storage("welcomes", html(200, "OK", "<html><title>Notice</title>")),
        storage("answers", with_header(own_data, "Content-Type", "application/xml")),
    ];
    records(run(), with_rest(probes))
}

/// Handshakes that were ended without a word, and what a ClientHello of old met there.
fn tls_of_old() -> Records {
    let closed = || TlsFailureKind::Closed { received: 0 };
    let relay = |name: &str, kind, outcome| {
        let remote = socket("40.112.72.101:443");
        let failure = Failure::Tls(TlsFailure { kind, presented: None });
        Probe::of("relay", &format!("{name}.servicebus.windows.net"))
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| way.tcp().fails(failure, 24))
            .followed_up(|asked| {
                asked.old_hellos = vec![OldHello { remote, outcome, took: ms(38) }];
            })
    };
    let alert = OldHelloOutcome::Alert { name: "protocol_version".to_owned() };
    let reset = || TlsFailureKind::Reset(errno("ECONNRESET"));
    let probes = vec![
        relay("old", closed(), OldHelloOutcome::Chosen { version: 0x0302 }),
        relay("older", reset(), OldHelloOutcome::Chosen { version: 0x0301 }),
        // A filter of names ends both alike.
        relay("filtered", closed(), OldHelloOutcome::Closed),
        relay("newer", closed(), alert),
    ];
    records(run(), with_rest(probes))
}

fn contradiction() -> Records {
    let mut run = run();
    let capabilities = [("serviceBusConnected", false), ("nodeEnabled", true)];
    run.nodes = vec![ReportedNode {
        name: "Node_1".to_owned(),
        machine: "SHIR-01".to_owned(),
        status: "Limited".to_owned(),
        capabilities: capabilities.map(|(name, can)| (name.to_owned(), can)).to_vec(),
        last_connected: "2026-03-02T09:15:00Z".parse().ok(),
        ..ReportedNode::default()
    }];
    let relay = Probe::of("relay", RELAY).works_at(&["40.112.72.101"]);
    records(run, with_rest(vec![relay]))
}

/// What the status JSON says of versions and credentials: the network is sound, the runtime is not.
fn reported_versions() -> Records {
    let mut run = run();
    let node = |name: &str, version: &str, status: &str| ReportedNode {
        name: name.to_owned(),
        machine: name.replace("Node_", "SHIR-0"),
        status: status.to_owned(),
        version: version.to_owned(),
        version_status: "UpToDate".to_owned(),
        latest_version: "5.50.9171.1".to_owned(),
        auto_update: Some(false),
        ..ReportedNode::default()
    };
    run.nodes = vec![
        ReportedNode {
            version_status: "Expired".to_owned(),
            expires: "2026-02-27T00:00:00Z".parse().ok(),
            last_connected: "2026-02-27T03:10:00Z".parse().ok(),
            ..node("Node_1", "5.38.8817.3", "Offline")
        },
        ReportedNode {
            capabilities: vec![("credentialInSync".to_owned(), false)],
            last_connected: "2026-03-02T11:59:00Z".parse().ok(),
            ..node("Node_2", "5.50.9171.1", "Online")
        },
    ];
    let relay = Probe::of("relay", RELAY).works_at(&["40.112.72.101"]);
    records(run, with_rest(vec![relay]))
}

/// One node alone, whose version expires within the notice.
fn reported_expiry() -> Records {
    let mut run = run();
    run.nodes = vec![ReportedNode {
        name: "Node_1".to_owned(),
        machine: "SHIR-01".to_owned(),
        status: "Online".to_owned(),
        version: "5.44.8984.1".to_owned(),
        version_status: "UpToDate".to_owned(),
        auto_update: Some(true),
        expires: "2026-04-11T00:00:00Z".parse().ok(),
        ..ReportedNode::default()
    }];
    let relay = Probe::of("relay", RELAY).works_at(&["40.112.72.101"]);
    records(run, with_rest(vec![relay]))
}
