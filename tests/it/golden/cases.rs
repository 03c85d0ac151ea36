//! The records of the golden cases, as they were first written.

use pathproof::model::{
    ChainTrust, DnsFailure, Failure, HttpAnswer, HttpFailure, Kind, Obstacle, Records,
    ResponseCode, Run, TcpFailure, TdsFailure, TimeoutBy, TlsFailure, TlsFailureKind, Unreachable,
    Validity,
};

use crate::scene::{
    Ask, Probe, Way, accepted_control, azure, chain, errno, gives, ip, ms, page, records,
    relay_feed, routeless_control, run, self_signed, socket, with_header,
};

pub(super) const RELAY: &str = "amsprodwe.servicebus.windows.net";
pub(super) const CONTROL: &str = "contoso-adf.westeurope.datafactory.azure.net";
pub(super) const CONTROL_PRIVATE: &str = "contoso-adf.westeurope.privatelink.datafactory.azure.net";
pub(super) const DOWNLOAD: &str = "download.microsoft.com";

pub(super) fn all() -> Vec<(&'static str, Records)> {
    vec![
        ("healthy", healthy()),
        ("dns-codes", dns_codes()),
        ("dns-no-resolver-answers", no_resolver_answers()),
        ("dns-resolver-unreachable", resolver_unreachable()),
        ("dns-split-view", split_view()),
        ("path-private-endpoints", private_endpoints()),
        ("path-public-names", public_names()),
        ("tcp-failures", tcp_failures()),
        ("tcp-all-blocked", all_blocked()),
        ("tcp-middlebox", middlebox()),
        ("tls-chains", tls_chains()),
        ("tls-handshakes", tls_handshakes()),
        ("http-answers", http_answers()),
        ("tds-and-clear-text", tds_and_clear_text()),
        ("interrupted", interrupted()),
        ("no-way-out", no_way_out()),
        ("self-contained", self_contained()),
        ("gateways", gateways()),
        ("relay-ip-filter", relay_ip_filter()),
    ]
}

/// The control plane and the updates as they should be.
fn rest() -> Vec<Probe> {
    vec![
        Probe::of("control", CONTROL)
            .asks(gives(&["40.74.24.70"]).via(&[
                "we.frontend.clouddatahub.net",
                "tm-we-prod-adms-fe.trafficmanager.net",
                "aksfe-we-prod-adms.cloudapp.net",
            ]))
            .goes("40.74.24.70", |way| way.proven(Kind::Https, CONTROL)),
        Probe::of("download", DOWNLOAD)
            .asks(
                gives(&["23.38.106.11"])
                    .via(&["main.dl.ms.akadns.net", "e3673.dscg.akamaiedge.net"]),
            )
            .goes("23.38.106.11", |way| {
                way.tcp()
                    .tls(azure(DOWNLOAD))
                    .http(moved("https://www.microsoft.com/download"))
                    .done()
            }),
    ]
}

/// These and the rest.
pub(super) fn with_rest(probes: Vec<Probe>) -> Vec<Probe> {
    probes.into_iter().chain(rest()).collect()
}

fn healthy() -> Records {
    let relay = Probe::of("relay", RELAY)
        .asks(gives(&["40.112.72.101"]).via(&["ns-sb2-prod-am3-010.cloudapp.net"]))
        .goes("40.112.72.101", |way| way.proven(Kind::Relay, RELAY));
    records(run(), with_rest(vec![relay]))
}

fn gateways() -> Records {
    let gateway = |number: u8| {
        Probe::of("relay-gateway", &format!("g{number}-prod-am3-010-sb.servicebus.windows.net"))
    };
    let listed = |number: u8| {
        gateway(number).with(|endpoint| {
            endpoint.required = true;
            endpoint.origin = pathproof::model::Origin::ServiceUrls;
        })
    };
    let relay = Probe::of("relay", RELAY)
        .asks(gives(&["40.112.72.101"]).via(&["ns-sb2-prod-am3-010.cloudapp.net"]))
        .goes("40.112.72.101", |way| way.proven(Kind::Relay, RELAY));
    let probes = vec![
        relay,
        gateway(0).asks(gives(&["40.112.72.101"])).goes("40.112.72.101", |way| {
            way.tcp().tls(azure(RELAY)).http(page(404, "", "")).done()
        }),
        gateway(1).asks(Ask::code(ResponseCode::NxDomain)),
        gateway(2).asks(Ask::code(ResponseCode::NoError)),
        gateway(3).asks(Ask::code(ResponseCode::ServFail)),
        gateway(4).asks(gives(&["40.112.72.104"])).goes("40.112.72.104", silent),
        listed(5).asks(Ask::code(ResponseCode::NxDomain)),
        listed(6).asks(gives(&["40.112.72.106"])).goes("40.112.72.106", silent),
    ];
    records(run(), with_rest(probes))
}

fn relay_ip_filter() -> Records {
    let refused = page(
        401,
        "Unauthorized",
        "<Error><Code>401</Code><Detail>Ip has been prevented to connect to the endpoint. \
         TrackingId:5f1a_G4, Timestamp:2026-03-02T12:00:00</Detail></Error>",
    );
    let relay = Probe::of("relay", RELAY)
        .asks(gives(&["40.112.72.101"]))
        .goes("40.112.72.101", |way| way.tcp().tls(azure(RELAY)).http(refused).done());
    records(run(), with_rest(vec![relay]))
}

fn dns_codes() -> Records {
    let relay = |name: &str| Probe::of("relay", &format!("{name}.servicebus.windows.net"));
    let filter = "hit-block.opendns.com";
    let probes = vec![
        relay("nxdomain").asks(Ask::code(ResponseCode::NxDomain)),
        relay("dangling")
            .asks(Ask::code(ResponseCode::NxDomain).via(&["ns-sb2-prod-gone.cloudapp.net"])),
        relay("nodata").asks(Ask::code(ResponseCode::NoError)),
        relay("servfail").asks(Ask::code(ResponseCode::ServFail)),
        relay("notimp").asks(Ask::code(ResponseCode::Other(4))),
        relay("refused").asks(Ask::code(ResponseCode::Refused)),
        relay("loop").asks(Ask::looping(&["a.cloudapp.net", "b.cloudapp.net", "a.cloudapp.net"])),
        relay("malformed").asks(Ask::fails(DnsFailure::Malformed {
            detail: "record 2 ends after the message".to_owned(),
        })),
        relay("large").asks(Ask::fails(DnsFailure::TcpBlocked { os: None })),
        relay("larger")
            .asks(Ask::fails(DnsFailure::TcpBlocked { os: Some(errno("ECONNREFUSED")) })),
        relay("silent").asks(Ask::silence()),
        relay("zero").asks(gives(&["0.0.0.0"])).goes("0.0.0.0", refused),
        relay("umbrella")
            .asks(gives(&["146.112.61.106"]).via(&[filter]))
            .goes("146.112.61.106", |way| way.tcp().fails(reset_after_hello(), 9)),
        Probe::of("endpoint", "relay.localhost").works_at(&["127.0.0.1"]),
    ];
    records(run(), with_rest(probes))
}

fn no_resolver_answers() -> Records {
    let silent = |entry, host| Probe::of(entry, host).asks(Ask::silence());
    let probes =
        vec![silent("relay", RELAY), silent("control", CONTROL), silent("download", DOWNLOAD)];
    records(run(), probes)
}

fn resolver_unreachable() -> Records {
    let run = with_resolvers(&["10.0.0.53:53", "10.0.1.53:53"]);
    let unreachable = |entry, host| {
        Probe::of(entry, host)
            .asks(Ask::fails(DnsFailure::PortClosed(errno("ECONNREFUSED"))))
            .asks(Ask::fails(DnsFailure::Unreachable(errno("EHOSTUNREACH"))).at("10.0.1.53:53"))
    };
    records(run, vec![unreachable("relay", RELAY), unreachable("control", CONTROL)])
}

fn with_resolvers(resolvers: &[&str]) -> Run {
    let mut run = run();
    run.vantage.resolvers = resolvers.iter().map(|server| socket(server)).collect();
    run.is_resolver_given = true;
    run
}

fn split_view() -> Records {
    let (one, two, three) = ("10.0.0.53:53", "10.0.1.53:53", "10.0.2.53:53");
    let public = || gives(&["40.74.24.70"]);
    let probes = vec![
        // Existence.
        Probe::of("relay", RELAY)
            .asks(gives(&["40.112.72.101"]).at(one))
            .asks(Ask::code(ResponseCode::NxDomain).at(two))
            .asks(Ask::silence().at(three))
            .goes("40.112.72.101", |way| way.proven(Kind::Relay, RELAY)),
        // Class of address: not mixed, as each view is of one class.
        Probe::of("control", CONTROL)
            .private()
            .asks(gives(&["10.10.2.4"]).via(&[CONTROL_PRIVATE]).at(one))
            .asks(public().via(&[CONTROL_PRIVATE, "we.frontend.clouddatahub.net"]).at(two))
            .asks(Ask::silence().at(three))
            .goes("10.10.2.4", |way| way.proven(Kind::Https, CONTROL))
            .goes("40.74.24.70", |way| way.proven(Kind::Https, CONTROL)),
        // Different public addresses are no disagreement.
        Probe::of("download", DOWNLOAD)
            .asks(gives(&["23.38.106.11"]).at(one))
            .asks(gives(&["23.38.106.12"]).at(two))
            .asks(Ask::silence().at(three))
            .goes("23.38.106.11", |way| way.proven(Kind::Https, DOWNLOAD)),
    ];
    records(with_resolvers(&[one, two, three]), probes)
}

fn private_endpoints() -> Records {
    let blob = |name: &str| format!("{name}.blob.core.windows.net");
    let link = |name: &str| format!("{name}.privatelink.blob.core.windows.net");
    let public = "blob.ams09prdstr07a.store.core.windows.net";
    let storage = |name: &str| Probe::of("storage", &blob(name));
    let mut run = run();
    run.private_networks = vec!["10.10.0.0/16".parse().expect("a network")];
    let probes = vec![
        Probe::of("control", CONTROL)
            .private()
            .asks(gives(&["10.10.2.4"]).via(&[CONTROL_PRIVATE]))
            .goes("10.10.2.4", |way| way.proven(Kind::Https, CONTROL)),
        // Taken as private without being told.
        storage("told")
            .asks(gives(&["10.10.3.5"]).via(&[&link("told")]))
            .goes("10.10.3.5", |way| way.proven(Kind::Https, &blob("told"))),
        storage("absent")
            .private()
            .asks(gives(&["20.60.222.1"]).via(&[public]))
            .goes("20.60.222.1", |way| way.proven(Kind::Https, &blob("absent"))),
        storage("unlinked")
            .private()
            .asks(gives(&["20.60.222.2"]).via(&[&link("unlinked"), public]))
            .goes("20.60.222.2", |way| way.proven(Kind::Https, &blob("unlinked"))),
        storage("unlinked-unsaid")
            .asks(gives(&["20.60.222.3"]).via(&[&link("unlinked-unsaid"), public]))
            .goes("20.60.222.3", |way| way.proven(Kind::Https, &blob("unlinked-unsaid"))),
        storage("missing").asks(Ask::code(ResponseCode::NxDomain).via(&[&link("missing")])),
        storage("empty").asks(Ask::code(ResponseCode::NoError).via(&[&link("empty")])),
        storage("outside")
            .asks(gives(&["10.99.3.5"]).via(&[&link("outside")]))
            .goes("10.99.3.5", silent),
        storage("mixed")
            .asks(gives(&["10.10.3.6", "2603:1030:a0b::10"]).via(&[&link("mixed")]))
            .goes("10.10.3.6", |way| way.proven(Kind::Https, &blob("mixed")))
            .goes("2603:1030:a0b::10", |way| way.stops(Obstacle::NoRoute(errno("ENETUNREACH")))),
        Probe::of("endpoint", &link("asked"))
            .asks(gives(&["10.10.3.7"]))
            .goes("10.10.3.7", |way| {
                way.tcp().tls(azure(&blob("asked"))).http(page(400, "Bad Request", "")).done()
            }),
    ];
    records(run, probes)
}

fn public_names() -> Records {
    let probes = vec![
        Probe::of("relay", RELAY).asks(gives(&["10.10.2.9"])).goes("10.10.2.9", silent),
        Probe::of("control", CONTROL)
            .asks(gives(&["185.46.212.88"]))
            .goes("185.46.212.88", |way| way.proven(Kind::Https, CONTROL)),
        Probe::of("download", DOWNLOAD)
            .asks(gives(&["10.10.2.9"]))
            .goes("10.10.2.9", |way| way.proven(Kind::Https, DOWNLOAD)),
    ];
    records(run(), probes)
}

pub(super) fn tcp(failure: TcpFailure) -> Failure {
    Failure::Tcp(failure)
}

pub(super) fn silent(way: Way) -> pathproof::model::Trail {
    way.fails(tcp(TcpFailure::TimedOut(TimeoutBy::Ours(ms(5_000)))), 5_000)
}

pub(super) fn refused(way: Way) -> pathproof::model::Trail {
    way.fails(tcp(TcpFailure::Refused(errno("ECONNREFUSED"))), 1)
}

fn tcp_failures() -> Records {
    let relay = |name: &str| Probe::of("relay", &format!("{name}.servicebus.windows.net"));
    let host = |name: &str| format!("{name}.servicebus.windows.net");
    let unreachable = |kind, symbol| tcp(TcpFailure::Unreachable { kind, os: errno(symbol) });
    let at = "40.112.72.101";
    let fails = |name: &str, failure: Failure, millis| {
        relay(name).asks(gives(&[at])).goes(at, |way| way.fails(failure, millis))
    };
    let probes = vec![
        relay("refused").asks(gives(&[at])).goes(at, refused),
        relay("silent")
            .asks(gives(&[at, "40.112.72.102"]))
            .goes(at, silent)
            .goes("40.112.72.102", silent),
        fails("kernel", tcp(TcpFailure::TimedOut(TimeoutBy::Kernel(errno("ETIMEDOUT")))), 4_012),
        fails("prohibited", unreachable(Unreachable::Host, "EHOSTUNREACH"), 1),
        fails("no-arp", unreachable(Unreachable::Host, "EHOSTUNREACH"), 3_061),
        fails("net", unreachable(Unreachable::Network, "ENETUNREACH"), 2),
        fails("blackhole", unreachable(Unreachable::Blackhole, "EINVAL"), 0),
        fails("reset", tcp(TcpFailure::Reset(errno("ECONNRESET"))), 14),
        fails("denied", tcp(TcpFailure::Denied(errno("EACCES"))), 0),
        fails("odd", tcp(TcpFailure::Other(errno("EINVAL"))), 0),
        Probe::of("storage", "no-route.blob.core.windows.net")
            .asks(gives(&["10.200.0.4"]))
            .goes("10.200.0.4", |way| way.stops(Obstacle::NoRoute(errno("ENETUNREACH")))),
        relay("some")
            .asks(gives(&[at, "40.112.72.102", "40.112.72.103"]))
            .goes(at, |way| way.proven(Kind::Relay, &host("some")))
            .goes("40.112.72.102", silent)
            .goes("40.112.72.103", refused),
        relay("family")
            .asks(gives(&[at, "2603:1030:a0b::10"]))
            .goes(at, |way| way.proven(Kind::Relay, &host("family")))
            .goes("2603:1030:a0b::10", silent),
        relay("no-ipv6")
            .asks(gives(&[at, "2603:1030:a0b::10"]))
            .goes(at, |way| way.proven(Kind::Relay, &host("no-ipv6")))
            .goes("2603:1030:a0b::10", |way| way.stops(Obstacle::NoRoute(errno("ENETUNREACH")))),
        Probe::of("peer", "10.50.1.11").goes("10.50.1.11", refused),
        Probe::of("peer", "10.50.1.12").goes("10.50.1.12", |way| way.proven(Kind::Tcp, "")),
    ];
    records(run(), with_rest(probes))
}

fn all_blocked() -> Records {
    let blocked = |entry, host: &str, address| {
        Probe::of(entry, host).asks(gives(&[address])).goes(address, silent)
    };
    let probes = vec![
        blocked("relay", RELAY, "40.112.72.101"),
        blocked("control", CONTROL, "40.74.24.70"),
        blocked("download", DOWNLOAD, "23.38.106.11"),
    ];
    records(run(), probes)
}

fn middlebox() -> Records {
    let mut run = run();
    run.control = Some(accepted_control());
    let silent_tls =
        tls(TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 });
    let probes = vec![
        Probe::of("relay", RELAY)
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| way.tcp().fails(silent_tls, 5_000)),
        Probe::of("peer", "10.50.1.12").goes("10.50.1.12", |way| way.proven(Kind::Tcp, "")),
    ];
    records(run, with_rest(probes))
}

fn tls(kind: TlsFailureKind) -> Failure {
    Failure::Tls(TlsFailure { kind, presented: None })
}

fn reset_after_hello() -> Failure {
    tls(TlsFailureKind::Reset(errno("ECONNRESET")))
}

fn tls_chains() -> Records {
    let inspector = "C=US, ST=California, O=Zscaler Inc., CN=Zscaler Intermediate Root CA";
    let own = "O=Contoso, CN=Contoso Proxy CA 2";
    let issuer = "C=US, O=Microsoft Corporation, CN=Microsoft Azure RSA TLS Issuing CA 04";
    let (trusted, unknown) = (ChainTrust::Trusted, ChainTrust::UnknownIssuer);
    let name = |name: &str| format!("{name}.servicebus.windows.net");
    let relay = |host: &str, presented| {
        Probe::of("relay", host)
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| way.tcp().tls(presented).http(relay_feed()).done())
    };
    let wild = ["*.servicebus.windows.net"];
    let until = |text: &str| text.parse().expect("a timestamp");
    let expired = Validity::Expired {
        subject: "CN=*.servicebus.windows.net".to_owned(),
        not_after: until("2026-02-27T23:59:59Z"),
    };
    let early = Validity::NotYet {
        subject: "CN=*.servicebus.windows.net".to_owned(),
        not_before: until("2026-03-04T00:00:00Z"),
    };
    let make = |names: &[&str],
                issuer: &str,
                public: &ChainTrust,
                host: &ChainTrust,
                validity: &Validity| {
        chain(names, issuer, public.clone(), host.clone(), validity.clone())
    };
    let current = Validity::Current;
    let not_judged =
        ChainTrust::NotJudged { reason: "the system's certificate store is empty".to_owned() };
    let invalid = ChainTrust::Invalid { reason: "bad signature".to_owned() };
    let probes = vec![
        relay(&name("intercepted"), make(&wild, inspector, &unknown, &trusted, &current)),
        relay(&name("intercepted-too"), make(&wild, inspector, &unknown, &trusted, &current)),
        relay(&name("untrusted"), make(&wild, own, &unknown, &unknown, &current)),
        relay(&name("self-signed"), self_signed("amsprod-test")),
        relay(&name("unjudged"), make(&wild, own, &unknown, &not_judged, &current)),
        relay(&name("invalid"), make(&wild, issuer, &invalid, &invalid, &current)),
        relay(&name("misnamed"), make(&["fw01.contoso.com"], issuer, &trusted, &trusted, &current)),
        relay(&name("expired"), make(&wild, issuer, &trusted, &trusted, &expired)),
        relay(&name("early"), make(&wild, issuer, &trusted, &trusted, &early)),
        relay(&name("all"), make(&["fw01.contoso.com"], own, &unknown, &unknown, &expired)),
        Probe::of("endpoint", "40.112.72.101").kind(Kind::Tls).goes("40.112.72.101", |way| {
            way.tcp().tls(make(&wild, issuer, &trusted, &trusted, &current)).done()
        }),
    ];
    records(run(), with_rest(probes))
}

fn tls_handshakes() -> Records {
    let fails = |name: &str, failure, millis| {
        let host = format!("{name}.servicebus.windows.net");
        Probe::of("relay", &host)
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| way.tcp().fails(failure, millis))
    };
    let patience = || TimeoutBy::Ours(ms(5_000));
    let not_tls = |bytes: &[u8]| tls(TlsFailureKind::NotTls { first_bytes: bytes.to_vec() });
    let block_page =
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html><title>Web Page \
        Blocked!</title><p>FortiGuard Intrusion Prevention - Access Blocked</p></html>";
    let portal = b"HTTP/1.1 302 Found\r\nLocation: http://login.guest-wifi.example/start\r\n\r\n";
    let untrusted = Failure::Tls(TlsFailure {
        kind: TlsFailureKind::Alert { name: "handshake_failure".to_owned() },
        presented: Some(chain(
            &["*.servicebus.windows.net"],
            "O=Contoso, CN=Contoso Proxy CA 2",
            ChainTrust::UnknownIssuer,
            ChainTrust::UnknownIssuer,
            Validity::Current,
        )),
    });
    let probes = vec![
        fails("reset-at-once", tls(TlsFailureKind::ResetOnWrite(errno("ECONNRESET"))), 1),
        fails("reset", reset_after_hello(), 13),
        fails("closed", tls(TlsFailureKind::Closed { received: 0 }), 13),
        fails("silent", tls(TlsFailureKind::TimedOut { whose: patience(), received: 0 }), 5_000),
        fails("stuck", tls(TlsFailureKind::TimedOut { whose: patience(), received: 1_176 }), 5_000),
        fails("ssh", not_tls(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), 20),
        fails("block-page", not_tls(block_page), 20),
        fails("portal", not_tls(portal), 20),
        fails("plain-http", not_tls(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"), 20),
        fails(
            "old",
            tls(TlsFailureKind::Version { detail: "alert protocol_version".to_owned() }),
            20,
        ),
        fails("alert", tls(TlsFailureKind::Alert { name: "unrecognized_name".to_owned() }), 20),
        fails("alert-of-proxy", untrusted, 20),
        fails(
            "broken",
            tls(TlsFailureKind::Other { detail: "record of 40000 bytes".to_owned() }),
            20,
        ),
    ];
    records(run(), with_rest(probes))
}

fn moved(location: &str) -> HttpAnswer {
    with_header(page(302, "Found", ""), "Location", location)
}

fn http_answers() -> Records {
    let relay = |name: &str, answer| {
        let host = format!("{name}.servicebus.windows.net");
        let presented = azure(&host);
        Probe::of("relay", &host)
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", |way| way.tcp().tls(presented).http(answer).done())
    };
    let fails = |name: &str, failure, millis| {
        let host = format!("{name}.servicebus.windows.net");
        let presented = azure(&host);
        Probe::of("relay", &host).asks(gives(&["40.112.72.101"])).goes("40.112.72.101", |way| {
            way.tcp().tls(presented).fails(Failure::Http(failure), millis)
        })
    };
    let kerio = "<body><p><b>This page has been blocked by Kerio Control!</b></p></body>";
    let squid = with_header(
        with_header(page(503, "Service Unavailable", ""), "Server", "squid/6.6"),
        "X-Squid-Error",
        "ERR_CONNECT_FAIL 110",
    );
    let tracked = page(500, "Internal Server Error", "<Error>TrackingId:77b1_G2</Error>");
    let nginx =
        with_header(page(200, "OK", "<title>Welcome to nginx!</title>"), "Server", "nginx/1.22.1");
    let whose = TimeoutBy::Ours(ms(5_000));
    let probes = vec![
        fails("silent", HttpFailure::TimedOut { whose, received: 0 }, 5_000),
        fails("closed", HttpFailure::Closed { received: 0 }, 16),
        fails("reset", HttpFailure::Reset(errno("ECONNRESET")), 16),
        fails("not-http", HttpFailure::NotHttp { first_bytes: b"\x00\x01\x02".to_vec() }, 16),
        fails("endless", HttpFailure::HeadTooLong { limit: 32_768 }, 16),
        fails(
            "late-alert",
            HttpFailure::Tls { detail: "alert certificate_required".to_owned() },
            16,
        ),
        fails("odd", HttpFailure::Other(errno("EINVAL")), 16),
        relay("blocked", page(200, "OK", kerio)),
        relay("portal", moved("https://portal.hotel.example/welcome")),
        relay("sign-in", page(511, "Network Authentication Required", "")),
        relay("another", nginx),
        relay("gateway-error", squid),
        relay("service-error", tracked),
        relay("tracked", page(404, "Not Found", "<Detail>TrackingId:77b1_G2</Detail>")),
    ];
    records(run(), with_rest(probes))
}

fn tds_and_clear_text() -> Records {
    let sql = |name: &str| Probe::of("sql", &format!("{name}.database.windows.net"));
    let fails = |name: &str, failure, millis| {
        sql(name)
            .asks(gives(&["40.68.37.158"]))
            .goes("40.68.37.158", |way| way.tcp().fails(Failure::Tds(failure), millis))
    };
    let whose = TimeoutBy::Ours(ms(5_000));
    let crl = "crl3.digicert.com";
    let probes = vec![
        sql("well").works_at(&["40.68.37.158"]),
        fails("silent", TdsFailure::TimedOut { whose, received: 0 }, 5_000),
        fails("closed", TdsFailure::Closed { received: 0 }, 17),
        fails("reset", TdsFailure::Reset(errno("ECONNRESET")), 17),
        fails("ssh", TdsFailure::NotTds { first_bytes: b"SSH-2.0-OpenSSH_9.2\r\n".to_vec() }, 17),
        fails("odd", TdsFailure::Other(errno("EINVAL")), 17),
        Probe::of("revocation", crl).works_at(&["152.199.19.160"]),
        Probe::of("revocation", "ocsp.digicert.com")
            .asks(gives(&["152.199.19.161"]))
            .goes("152.199.19.161", |way| {
                way.tcp().http(moved("http://portal.contoso.com/login")).done()
            }),
    ];
    records(run(), probes)
}

fn interrupted() -> Records {
    let hint = "Give the relay's names: --service-urls FILE, with what the portal shows under \
                Nodes, View Service URLs.";
    let probes = vec![
        Probe::of("relay", "*.servicebus.windows.net")
            .stopped(Obstacle::NotTestable { hint: hint.to_owned() }),
        Probe::of("control", CONTROL).stopped(Obstacle::Cancelled),
        Probe::of("download", DOWNLOAD)
            .asks(gives(&["23.38.106.11"]))
            .goes("23.38.106.11", |way| way.tcp().stops(Obstacle::BudgetSpent)),
        Probe::of("endpoint", "a.contoso.com")
            .asks(gives(&["20.50.1.1"]))
            .goes("20.50.1.1", |way| way.stops(Obstacle::DescriptorLimit(errno("EMFILE")))),
        Probe::of("endpoint", "b.contoso.com")
            .asks(gives(&["20.50.1.2"]))
            .goes("20.50.1.2", |way| way.stops(Obstacle::PortLimit(errno("EADDRNOTAVAIL")))),
        Probe::of("endpoint", "c.contoso.com")
            .asks(gives(&["20.50.1.3"]))
            .goes("20.50.1.3", |way| way.stops(Obstacle::NoLocalAddress(errno("EADDRNOTAVAIL")))),
        Probe::of("endpoint", "d.contoso.com")
            .asks(Ask::fails(DnsFailure::NotAsked(Obstacle::Cancelled))),
    ];
    records(run(), probes)
}

fn no_way_out() -> Records {
    let mut run = run();
    run.control = Some(routeless_control());
    run.vantage.addresses = vec![ip("169.254.10.20")];
    let cut_off = |entry, host: &str, address| {
        Probe::of(entry, host)
            .asks(gives(&[address]))
            .goes(address, |way| way.stops(Obstacle::NoRoute(errno("ENETUNREACH"))))
    };
    let probes =
        vec![cut_off("relay", RELAY, "40.112.72.101"), cut_off("control", CONTROL, "40.74.24.70")];
    records(run, probes)
}

fn self_contained() -> Records {
    let mut run = run();
    run.is_self_contained = true;
    let relay = Probe::of("relay", RELAY)
        .optional()
        .asks(gives(&["40.112.72.101"]))
        .goes("40.112.72.101", silent);
    records(run, with_rest(vec![relay]))
}
