//! The records of hosts at which two things are wrong at once, as they were first written. What is
//! wrong at each stands in `truth.json` beside the records.

use pathproof::model::{
    ChainTrust, Failure, HttpFailure, Kind, Presented, ProxyFailure, Records, ResponseCode, Route,
    Rung, SegmentBound, SegmentLadder, TcpFailure, TdsFailure, TimeoutBy, TlsFailure,
    TlsFailureKind, Trail, Validity,
};

use super::cases::{refused, silent};
use crate::scene::{
    Ask, Probe, Way, azure, chain, errno, gives, ms, page, proxy, records, relay_feed, run,
    self_signed, socket, with_header,
};

const AT: &str = "40.112.72.101";
const ELSEWHERE: &str = "40.112.72.9";
const URL: &str = "http://10.0.0.8:3128";
const PROXY: &str = "10.0.0.8:3128";

pub(super) fn all() -> Vec<(&'static str, Records)> {
    let on_the_way = names().into_iter().chain(paths()).chain(addresses());
    let beyond = certificates().into_iter().chain(inspected()).chain(hidden());
    vec![
        ("two-faults", records(run(), on_the_way.chain(beyond).collect())),
        ("two-faults-by-proxy", records(run(), by_proxy())),
    ]
}

fn host(name: &str) -> String {
    format!("{name}.servicebus.windows.net")
}

fn relay(name: &str) -> Probe {
    Probe::of("relay", &host(name))
}

fn storage(name: &str) -> Probe {
    Probe::of("storage", &format!("{name}.blob.core.windows.net"))
}

fn tls(kind: TlsFailureKind) -> Failure {
    Failure::Tls(TlsFailure { kind, presented: None })
}

fn mute() -> Failure {
    tls(TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 })
}

fn reset(way: Way) -> Trail {
    way.tcp().fails(tls(TlsFailureKind::Reset(errno("ECONNRESET"))), 13)
}

fn expired() -> Validity {
    Validity::Expired {
        subject: "CN=the leaf".to_owned(),
        not_after: "2026-02-27T23:59:59Z".parse().expect("a timestamp"),
    }
}

fn early() -> Validity {
    Validity::NotYet {
        subject: "CN=the leaf".to_owned(),
        not_before: "2026-03-04T00:00:00Z".parse().expect("a timestamp"),
    }
}

/// Of a public authority, for `name`.
fn public(name: &str, validity: Validity) -> Presented {
    let issuer = "C=US, O=Microsoft Corporation, CN=Microsoft Azure RSA TLS Issuing CA 04";
    chain(&[name], issuer, ChainTrust::Trusted, ChainTrust::Trusted, validity)
}

/// Of an authority of the company's own, which this host trusts or does not.
fn own(name: &str, host: ChainTrust, validity: Validity) -> Presented {
    let issuer = "O=Contoso, CN=Contoso Proxy CA 2";
    chain(&[name], issuer, ChainTrust::UnknownIssuer, host, validity)
}

fn opened(name: &str) -> Presented {
    own(name, ChainTrust::Trusted, Validity::Current)
}

fn shows(presented: Presented) -> impl FnOnce(Way) -> Trail {
    move |way| way.tcp().tls(presented).http(relay_feed()).done()
}

/// The wrong answer for a name, and a fault at the address it leads to.
fn names() -> Vec<Probe> {
    let overridden =
        |name: &str| relay(name).asks(gives(&[AT])).asks(gives(&[ELSEWHERE]).of_hosts_file());
    let ladder = SegmentLadder {
        remote: socket("40.112.72.9:443"),
        rungs: vec![
            Rung {
                segment: Some(1360),
                bound: SegmentBound::Both,
                failure: Some(mute()),
                took: ms(5_000),
            },
            Rung { segment: Some(1220), bound: SegmentBound::Both, failure: None, took: ms(38) },
        ],
    };
    let sql = Probe::of("sql", "hosts-and-tds.database.windows.net");
    vec![
        overridden("hosts-and-silence").goes(ELSEWHERE, silent),
        overridden("hosts-and-name")
            .goes(ELSEWHERE, shows(public("fw01.contoso.com", Validity::Current))),
        overridden("hosts-and-reset").goes(ELSEWHERE, reset),
        overridden("hosts-and-black-hole")
            .goes(ELSEWHERE, |way| way.tcp().fails(mute(), 5_000))
            .followed_up(|asked| asked.segments = vec![ladder]),
        sql.asks(gives(&["40.68.37.158"]))
            .asks(gives(&["40.68.37.9"]).of_hosts_file())
            .goes("40.68.37.9", |way| {
                way.tcp().fails(Failure::Tds(TdsFailure::Closed { received: 0 }), 17)
            }),
        relay("sinkhole-and-silence")
            .asks(gives(&["146.112.61.106"]).via(&["hit-block.opendns.com"]))
            .goes("146.112.61.106", silent),
        relay("private-and-refusal").asks(gives(&["10.9.9.9"])).goes("10.9.9.9", refused),
        relay("private-and-name")
            .asks(gives(&["10.9.9.9"]))
            .goes("10.9.9.9", shows(public("intranet.contoso.com", Validity::Current))),
    ]
}

/// A wrong path, and a fault at the end of it.
fn paths() -> Vec<Probe> {
    let link = "contoso.privatelink.blob.core.windows.net";
    let tds = Failure::Tds(TdsFailure::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 });
    vec![
        storage("absent-and-silence")
            .private()
            .asks(gives(&["20.60.222.1"]))
            .goes("20.60.222.1", silent),
        storage("unlinked-and-refusal")
            .private()
            .asks(gives(&["20.60.222.2"]).via(&[link]))
            .goes("20.60.222.2", refused),
        storage("unlinked-and-expired").private().asks(gives(&["20.60.222.3"]).via(&[link])).goes(
            "20.60.222.3",
            shows(public("unlinked-and-expired.blob.core.windows.net", expired())),
        ),
        storage("mixed-and-silence")
            .private()
            .asks(gives(&["10.10.2.4", "20.60.222.4"]).via(&[link]))
            .goes("10.10.2.4", silent)
            .goes("20.60.222.4", silent),
        Probe::of("sql", "unlinked-and-tds.database.windows.net")
            .private()
            .asks(gives(&["40.68.37.158"]).via(&["unlinked.privatelink.database.windows.net"]))
            .goes("40.68.37.158", |way| way.tcp().fails(tds, 5_000)),
        relay("elsewhere-and-silence").asks(gives(&["185.60.1.1"])).goes("185.60.1.1", silent),
        relay("elsewhere-and-inspection")
            .asks(gives(&["185.60.1.1"]))
            .goes("185.60.1.1", shows(opened("*.servicebus.windows.net"))),
    ]
}

/// A fault at one address, and another at the other.
fn addresses() -> Vec<Probe> {
    let (second, v6) = ("40.112.72.102", "2603:1030:a0b::10");
    let both = |name: &str| relay(name).asks(gives(&[AT, second]));
    let families = |name: &str| relay(name).asks(gives(&[AT, v6])).goes(v6, silent);
    vec![
        both("refusal-and-expired")
            .goes(AT, refused)
            .goes(second, shows(public("*.servicebus.windows.net", expired()))),
        both("silence-and-reset").goes(AT, silent).goes(second, reset),
        both("refusal-and-silence").goes(AT, refused).goes(second, silent),
        families("family-and-inspection").goes(AT, shows(opened("*.servicebus.windows.net"))),
        families("family-and-service").goes(AT, |way| {
            let error = page(500, "Internal Server Error", "<Error>TrackingId:77b1_G2</Error>");
            way.tcp().tls(azure(&host("family-and-service"))).http(error).done()
        }),
        families("family-and-name").goes(AT, shows(public("fw01.contoso.com", Validity::Current))),
    ]
}

/// Two things that one certificate shows.
fn certificates() -> Vec<Probe> {
    let wild = "*.servicebus.windows.net";
    let at = |name: &str, presented| relay(name).asks(gives(&[AT])).goes(AT, shows(presented));
    let alert = Failure::Tls(TlsFailure {
        kind: TlsFailureKind::Alert { name: "certificate_required".to_owned() },
        presented: Some(public("fw01.contoso.com", Validity::Current)),
    });
    vec![
        at("name-and-expired", public("fw01.contoso.com", expired())),
        at("name-and-early", public("fw01.contoso.com", early())),
        at("untrusted-and-expired", own(wild, ChainTrust::UnknownIssuer, expired())),
        at(
            "untrusted-and-name",
            own("fw01.contoso.com", ChainTrust::UnknownIssuer, Validity::Current),
        ),
        at("self-signed-and-name", self_signed("amsprod-test")),
        at("inspection-and-expired", own(wild, ChainTrust::Trusted, expired())),
        relay("name-and-alert").asks(gives(&[AT])).goes(AT, |way| way.tcp().fails(alert, 20)),
    ]
}

/// Behind TLS inspection.
fn inspected() -> Vec<Probe> {
    let at = |name: &str, end: &dyn Fn(Way) -> Trail| {
        relay(name)
            .asks(gives(&[AT]))
            .goes(AT, |way| end(way.tcp().tls(opened("*.servicebus.windows.net"))))
    };
    let kerio = "<body><p><b>This page has been blocked by Kerio Control!</b></p></body>";
    let whose = TimeoutBy::Ours(ms(5_000));
    let silence = Failure::Http(HttpFailure::TimedOut { whose, received: 0 });
    vec![
        at("inspection-and-block", &|way| way.http(page(200, "OK", kerio)).done()),
        at("inspection-and-portal", &|way| {
            let moved = page(302, "Found", "");
            way.http(with_header(moved, "Location", "https://portal.hotel.example/in")).done()
        }),
        at("inspection-and-silence", &|way| way.fails(silence.clone(), 5_000)),
        at("inspection-and-close", &|way| {
            way.fails(Failure::Http(HttpFailure::Closed { received: 0 }), 16)
        }),
        at("inspection-and-service", &|way| {
            let error = page(500, "Internal Server Error", "<Error>TrackingId:77b1_G2</Error>");
            way.http(error).done()
        }),
    ]
}

/// The first fault hides the second: the records are those of the first alone.
fn hidden() -> Vec<Probe> {
    vec![
        relay("absent-hides-block").asks(Ask::code(ResponseCode::NxDomain)),
        relay("mute-servers-hide-block").asks(Ask::silence()),
        relay("block-hides-inspection").asks(gives(&[AT])).goes(AT, silent),
        relay("refusal-hides-expired").asks(gives(&[AT])).goes(AT, refused),
        relay("reset-hides-inspection").asks(gives(&[AT])).goes(AT, reset),
    ]
}

/// On ways through a proxy.
fn by_proxy() -> Vec<Probe> {
    let proxied = |name: &str| relay(name).by(URL).asks(Ask::code(ResponseCode::NxDomain));
    let beyond = |name: &str, presented: Presented| {
        proxied(name)
            .goes_by(URL, PROXY, |way| way.tcp().tunnel().tls(presented).http(relay_feed()).done())
    };
    let denied = |way: Way| {
        let answer =
            with_header(page(403, "Forbidden", ""), "X-Squid-Error", "ERR_ACCESS_DENIED 0");
        way.refused_with(answer)
    };
    let sign_in = |way: Way| {
        let answer = page(407, "Proxy Authentication Required", "");
        let answer = with_header(answer, "Proxy-Authenticate", "Basic realm=\"proxy01\"");
        way.refused_with(answer)
    };
    let unavailable = with_header(page(503, "Service Unavailable", ""), "Server", "squid/6.6");
    let mute = ProxyFailure::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 };
    let refused_here = Failure::Tcp(TcpFailure::Refused(errno("ECONNREFUSED")));
    let private = |name: &str| {
        storage(name)
            .by(URL)
            .asks(gives(&["10.10.2.5"]).via(&["contoso.privatelink.blob.core.windows.net"]))
    };
    vec![
        beyond("tunnel-name-and-expired", public("fw01.contoso.com", expired())),
        beyond("tunnel-inspection-and-expired", {
            own("*.servicebus.windows.net", ChainTrust::Trusted, expired())
        }),
        proxied("tunnel-inspection-and-gateway").goes_by(URL, PROXY, |way| {
            let opened = opened("*.servicebus.windows.net");
            way.tcp().tunnel().tls(opened).http(unavailable).done()
        }),
        proxied("sign-in-hides-denial").goes_by(URL, PROXY, sign_in),
        proxied("mute-hides-inspection")
            .goes_by(URL, PROXY, |way| way.tcp().fails(Failure::Proxy(mute), 5_000)),
        proxied("refusal-hides-sign-in").goes_by(URL, PROXY, |way| way.fails(refused_here, 1)),
        relay("denied-and-direct-blocked")
            .by(URL)
            .beside(Route::Direct)
            .asks(gives(&[AT]))
            .goes_by(URL, PROXY, denied)
            .goes(AT, silent),
        relay("direct-blocked-and-inspection")
            .beside(proxy(URL))
            .asks(gives(&[AT]))
            .goes(AT, silent)
            .goes_by(URL, PROXY, |way| {
                let opened = opened("*.servicebus.windows.net");
                way.tcp().tunnel().tls(opened).http(relay_feed()).done()
            }),
        private("private-by-proxy-and-refusal").goes("10.10.2.5", refused),
        private("private-by-proxy-and-name")
            .goes("10.10.2.5", shows(public("fw01.contoso.com", Validity::Current))),
        Probe::of("endpoint", "tunnel-and-name.contoso.com")
            .kind(Kind::Tls)
            .by(URL)
            .asks(Ask::silence())
            .goes_by(URL, PROXY, |way| way.tcp().tunnel().tls(public("a.net", early())).done()),
    ]
}
