//! The records of the golden cases of ways through proxies, as they were first written. Squid's and
//! tinyproxy's answers are those of squid 5.7 and tinyproxy 1.11.1.

use pathproof::model::{
    AccountSource, ChainTrust, Failure, HostRuntime, HttpAnswer, Kind, OsError, ProxyFailure,
    ProxyReply, Records, ResponseCode, Route, RouteFaultKind, Run, RuntimeService, ServiceState,
    SignIn, SignInProtocol, SignInScheme, StartType, TcpFailure, TimeoutBy, TlsFailure,
    TlsFailureKind, Trail, Unreachable, Validity,
};

use super::cases::{CONTROL, CONTROL_PRIVATE, DOWNLOAD, RELAY, silent};
use crate::scene::{
    Ask, Probe, Way, chain, errno, gives, ms, page, proxy, records, relay_feed, run, with_header,
};

const URL: &str = "http://10.0.0.8:3128";
const AT: &str = "10.0.0.8:3128";

pub(super) fn all() -> Vec<(&'static str, Records)> {
    vec![
        ("proxy-healthy", healthy()),
        ("proxy-leg-to-it", leg_to_it()),
        ("proxy-answers", answers()),
        ("proxy-sign-in", sign_in()),
        ("proxy-clear-text", clear_text()),
        ("proxy-ntlm", by_messages(run_by_proxy())),
        ("proxy-ntlm-as-the-service", by_messages(run_as_the_service())),
        ("proxy-socks", socks()),
        ("proxy-refuses-all", refuses_all()),
        ("route-judged", judged()),
        ("route-fallbacks", fallbacks()),
        ("route-faults", faults()),
    ]
}

/// A run whose proxy is set in the environment.
fn run_by_proxy() -> Run {
    let mut run = run();
    "HTTPS_PROXY".clone_into(&mut run.vantage.proxy_source);
    run.vantage.proxy_url = Some(URL.to_owned());
    run
}

fn relay(name: &str) -> Probe {
    Probe::of("relay", &format!("{name}.servicebus.windows.net"))
}

/// A relay on its way through the proxy; the local name servers know no public name.
fn proxied(name: &str, way: impl FnOnce(Way) -> Trail) -> Probe {
    relay(name).by(URL).asks(Ask::code(ResponseCode::NxDomain)).goes_by(URL, AT, way)
}

fn tcp(failure: TcpFailure) -> Failure {
    Failure::Tcp(failure)
}

fn tls(kind: TlsFailureKind) -> Failure {
    Failure::Tls(TlsFailure { kind, presented: None })
}

fn squid(status: u16, reason: &str, error: &str) -> HttpAnswer {
    let answer = with_header(page(status, reason, ""), "Server", "squid/5.7");
    with_header(answer, "X-Squid-Error", error)
}

fn healthy() -> Records {
    let host = DOWNLOAD;
    let inspected = chain(
        &[host],
        "O=Contoso, CN=Contoso Proxy CA 2",
        ChainTrust::UnknownIssuer,
        ChainTrust::Trusted,
        Validity::Current,
    );
    let probes = vec![
        Probe::of("relay", RELAY).by(URL).asks(Ask::code(ResponseCode::NxDomain)).goes_by(
            URL,
            AT,
            |way| way.proven_beyond(Kind::Relay, RELAY),
        ),
        Probe::of("control", CONTROL)
            .private()
            .asks(gives(&["10.10.2.4"]).via(&[CONTROL_PRIVATE]))
            .goes("10.10.2.4", |way| way.proven(Kind::Https, CONTROL)),
        Probe::of("download", host).by(URL).asks(Ask::silence()).goes_by(URL, AT, |way| {
            way.tcp().tunnel().tls(inspected).http(page(404, "Not Found", "")).done()
        }),
    ];
    records(run_by_proxy(), probes)
}

fn leg_to_it() -> Records {
    let named = "http://proxy.contoso.com:3128";
    let unreachable = |kind, symbol| tcp(TcpFailure::Unreachable { kind, os: errno(symbol) });
    let unresolved = |name: &str, ask: Ask<'_>| {
        relay(name).by(named).asks_for_proxy(named, "proxy.contoso.com", ask)
    };
    let probes = vec![
        unresolved("no-such-proxy", Ask::code(ResponseCode::NxDomain)),
        unresolved("nobody-says", Ask::silence()),
        proxied("refused", |way| way.fails(tcp(TcpFailure::Refused(errno("ECONNREFUSED"))), 1)),
        proxied("silent", silent),
        proxied("no-arp", |way| way.fails(unreachable(Unreachable::Host, "EHOSTUNREACH"), 3_061)),
        proxied("denied-here", |way| way.fails(tcp(TcpFailure::Denied(errno("EACCES"))), 0)),
        proxied("mute", |way| {
            let whose = TimeoutBy::Ours(ms(5_000));
            way.tcp().fails(Failure::Proxy(ProxyFailure::TimedOut { whose, received: 0 }), 5_000)
        }),
        // One of two addresses of the proxy works.
        relay("one-of-two")
            .by(named)
            .asks_for_proxy(named, "proxy.contoso.com", gives(&["10.0.0.9", "10.0.0.8"]))
            .goes_by(named, "10.0.0.9:3128", silent)
            .goes_by(named, AT, |way| {
                way.proven_beyond(Kind::Relay, "one-of-two.servicebus.windows.net")
            }),
    ];
    records(run_by_proxy(), probes)
}

fn answers() -> Records {
    let refuses = |name: &str, answer| proxied(name, |way| way.refused_with(answer));
    let fails =
        |name: &str, failure| proxied(name, |way| way.tcp().fails(Failure::Proxy(failure), 9));
    let dies = |name: &str, failure| proxied(name, |way| way.tcp().tunnel().fails(failure, 9));
    let zscaler = "<title>Internet Security by Zscaler</title><p>Not allowed";
    let status = |error: &str| {
        let answer = page(502, "Bad Gateway", "");
        with_header(answer, "Proxy-Status", &format!("gw.contoso.com; error={error}"))
    };
    let tiny = with_header(
        page(
            500,
            "Unable to connect",
            "<title>500 Unable to connect</title><p>Tinyproxy was unable to connect to the \
             remote web server.</p>",
        ),
        "Server",
        "tinyproxy/1.11.1",
    );
    let nginx = with_header(page(405, "Not Allowed", ""), "Server", "nginx/1.22.1");
    let probes = vec![
        refuses("squid-denies", squid(403, "Forbidden", "ERR_ACCESS_DENIED 0")),
        refuses("zscaler-denies", page(403, "Forbidden", zscaler)),
        refuses("squid-dns", squid(503, "Service Unavailable", "ERR_DNS_FAIL 0")),
        refuses("squid5-dns", squid(500, "Internal Server Error", "ERR_CANNOT_FORWARD 0")),
        refuses("squid-connect", squid(503, "Service Unavailable", "ERR_CONNECT_FAIL 111")),
        refuses("status-dns", status("dns_timeout")),
        refuses("status-connect", status("connection_refused")),
        refuses("status-denied", status("destination_ip_prohibited")),
        refuses("bare-504", page(504, "Gateway Timeout", "")),
        refuses("tinyproxy", tiny),
        refuses("web-server", nginx),
        fails(
            "garbage",
            ProxyFailure::NotProxy { first_bytes: b"SSH-2.0-OpenSSH_9.2\r\n".to_vec() },
        ),
        fails(
            "wants-tls",
            ProxyFailure::NotProxy { first_bytes: b"\x15\x03\x01\x00\x02\x02\x46".to_vec() },
        ),
        fails("endless", ProxyFailure::HeadTooLong { limit: 32_768 }),
        fails("hangs-up", ProxyFailure::Reset(errno("ECONNRESET"))),
        dies("tunnel-ends", tls(TlsFailureKind::Closed { received: 0 })),
        dies("tunnel-reset", tls(TlsFailureKind::Reset(errno("ECONNRESET")))),
        dies("beyond-closed", tls(TlsFailureKind::Closed { received: 93 })),
        dies(
            "beyond-silent",
            tls(TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received: 0 }),
        ),
    ];
    records(run_by_proxy(), probes)
}

fn sign_in() -> Records {
    let wants = |name: &str, schemes: &[&str], with_credentials| {
        let answer = page(407, "Proxy Authentication Required", "");
        let answer = schemes
            .iter()
            .fold(answer, |answer, scheme| with_header(answer, "Proxy-Authenticate", scheme));
        let failure = ProxyFailure::Answered { answer: Box::new(answer), with_credentials };
        proxied(name, |way| way.tcp().fails(Failure::Proxy(failure), 3))
    };
    let basic = "Basic realm=\"proxy01\"";
    let probes = vec![
        wants("basic", &[basic], false),
        wants("several", &["Negotiate", "NTLM", basic], false),
        wants("account-only", &["Negotiate, NTLM"], false),
        wants("wrong-password", &[basic], true),
        wants("wrong-scheme", &["NTLM"], true),
        wants("digest", &["Digest realm=\"a, b\", nonce=\"c\""], false),
    ];
    records(run_by_proxy(), probes)
}

/// A run by the account that the runtime's service on this host runs as.
fn run_as_the_service() -> Run {
    let mut run = run_by_proxy();
    run.runtime = Some(HostRuntime {
        installed: None,
        service: Some(RuntimeService {
            state: ServiceState::Running,
            start: StartType::Automatic,
            account: run.vantage.account.clone(),
        }),
        errors: Vec::new(),
        has_given_names: true,
    });
    run
}

/// Sign-ins by NTLM and Negotiate, and how they end.
fn by_messages(run: Run) -> Records {
    const TARGET: &str = "HTTP/10.0.0.8";
    let ntlm = |messages, challenges| SignIn {
        scheme: SignInScheme::Ntlm,
        protocol: Some(SignInProtocol::Ntlm),
        account: "CONTOSO\\svc-shir".to_owned(),
        source: AccountSource::Given,
        target: None,
        messages,
        challenges,
        refusal: None,
    };
    let process = |protocol, messages, challenges| SignIn {
        scheme: SignInScheme::Negotiate,
        protocol,
        account: "CONTOSO\\operator".to_owned(),
        source: AccountSource::Process,
        target: Some(TARGET.to_owned()),
        ..ntlm(messages, challenges)
    };
    let by_ntlm = Some(SignInProtocol::Ntlm);
    let by_kerberos = Some(SignInProtocol::Kerberos);
    let ends = |name: &str, sign_in: SignIn, failure: ProxyFailure| {
        let (sign_in, failure) = (Box::new(sign_in), Box::new(failure));
        let failure = Failure::Proxy(ProxyFailure::SignIn { sign_in, failure });
        proxied(name, |way| way.tcp().fails(failure, 31))
    };
    let answers = |status, reason: &str, offers: &[&str]| {
        let answer = offers.iter().fold(page(status, reason, ""), |answer, scheme| {
            with_header(answer, "Proxy-Authenticate", scheme)
        });
        ProxyFailure::Answered { answer: Box::new(answer), with_credentials: false }
    };
    let asks = |offers: &[&str]| answers(407, "Proxy Authentication Required", offers);
    let passes = |name: &str, sign_in: SignIn| {
        let host = format!("{name}.servicebus.windows.net");
        proxied(name, |way| {
            way.tcp().tunnel_for(sign_in).tls(crate::scene::azure(&host)).http(relay_feed()).done()
        })
    };
    let refused = |symbol: &str, code, sign_in: SignIn| SignIn {
        refusal: Some(OsError { code, symbol: symbol.to_owned() }),
        ..sign_in
    };
    let no_authority = -2_146_893_039;
    let silence = |received| ProxyFailure::TimedOut { whose: TimeoutBy::Ours(ms(5_000)), received };
    let probes = vec![
        passes("given-passes", ntlm(2, 1)),
        passes("process-passes", process(by_kerberos, 1, 0)),
        ends("given-rejected", ntlm(2, 1), asks(&["Negotiate", "NTLM"])),
        ends("process-rejected", process(by_ntlm, 2, 1), asks(&["Negotiate", "NTLM"])),
        ends(
            "process-rejected-basic-left",
            process(by_ntlm, 2, 1),
            asks(&["Negotiate", "Basic realm=\"proxy01\""]),
        ),
        ends("kerberos-rejected", process(by_kerberos, 1, 0), asks(&["Negotiate"])),
        ends("kerberos-only", process(by_ntlm, 1, 0), asks(&["Negotiate"])),
        ends("no-challenge", ntlm(1, 0), asks(&["NTLM"])),
        ends(
            "no-ticket",
            refused("SEC_E_NO_AUTHENTICATING_AUTHORITY", no_authority, process(None, 0, 0)),
            asks(&["Negotiate"]),
        ),
        ends(
            "no-challenge-of-ntlm",
            refused("SEC_E_INVALID_TOKEN", -2_146_893_048, ntlm(1, 1)),
            asks(&["NTLM ***"]),
        ),
        ends("challenge-closes", ntlm(1, 1), asks(&["NTLM ***"])),
        ends("end-closes", ntlm(2, 1), ProxyFailure::Closed { received: 0 }),
        ends("end-resets", ntlm(2, 1), ProxyFailure::Reset(errno("ECONNRESET"))),
        ends("silent-helper", ntlm(2, 1), silence(0)),
        ends("silent-controller", process(None, 0, 0), silence(0)),
        ends("signed-in-and-denied", ntlm(2, 1), answers(403, "Forbidden", &[])),
    ];
    records(run, probes)
}

/// Requests in absolute form: no tunnel.
fn clear_text() -> Records {
    let asks = |host: &str, answer| {
        Probe::of("revocation", host)
            .by(URL)
            .asks(Ask::silence())
            .goes_by(URL, AT, |way| way.tcp().http(answer).done())
    };
    let passed_on = |status| with_header(page(status, "", ""), "Via", "1.1 proxy01 (squid/5.7)");
    let probes = vec![
        asks("crl3.digicert.com", passed_on(200)),
        asks("crl4.digicert.com", passed_on(403)),
        asks("ocsp.digicert.com", squid(503, "Service Unavailable", "ERR_DNS_FAIL 0")),
        asks("oneocsp.microsoft.com", squid(403, "Forbidden", "ERR_ACCESS_DENIED 0")),
    ];
    records(run_by_proxy(), probes)
}

fn socks() -> Records {
    let url = "socks5://10.0.0.9:1080";
    let by = |name: &str, way: &dyn Fn(Way) -> Trail| {
        relay(name).by(url).asks(Ask::silence()).goes_by(url, "10.0.0.9:1080", way)
    };
    let fails = |name: &str, failure: ProxyFailure| {
        by(name, &|way| way.tcp().fails(Failure::Proxy(failure.clone()), 4))
    };
    let tunnel = |way: Way| {
        let reply = ProxyReply::Socks { bound: "10.0.0.9:40112".to_owned() };
        way.tcp().tunnel_of(None, reply)
    };
    let host = "well.servicebus.windows.net";
    let probes = vec![
        by("well", &|way| tunnel(way).tls(crate::scene::azure(host)).http(relay_feed()).done()),
        fails("not-allowed", ProxyFailure::SocksReply(2)),
        fails("unreachable", ProxyFailure::SocksReply(4)),
        fails("general", ProxyFailure::SocksReply(1)),
        fails("no-method", ProxyFailure::SocksNoMethod { with_credentials: false }),
        fails("other-method", ProxyFailure::SocksNoMethod { with_credentials: true }),
        fails("rejected", ProxyFailure::SocksRejected),
    ];
    let mut run = run_by_proxy();
    run.vantage.proxy_url = Some(url.to_owned());
    records(run, probes)
}

fn refuses_all() -> Records {
    let refused = |entry, host: &str| {
        Probe::of(entry, host).by(URL).asks(Ask::code(ResponseCode::NxDomain)).goes_by(
            URL,
            AT,
            |way| way.fails(tcp(TcpFailure::Refused(errno("ECONNREFUSED"))), 1),
        )
    };
    let probes =
        vec![refused("relay", RELAY), refused("control", CONTROL), refused("download", DOWNLOAD)];
    records(run_by_proxy(), probes)
}

fn judged() -> Records {
    let works = |host: &'static str| move |way: Way| way.proven_beyond(Kind::Relay, host);
    let denied = |way: Way| way.refused_with(squid(403, "Forbidden", "ERR_ACCESS_DENIED 0"));
    let (one, two) = ("one.servicebus.windows.net", "two.servicebus.windows.net");
    let mut run = run_by_proxy();
    run.agent_files_differ =
        vec!["diahost.exe.config names http://10.0.0.8:3128, diawp.exe.config none".to_owned()];
    let probes = vec![
        // Told, and taken as private.
        Probe::of("control", CONTROL)
            .private()
            .by(URL)
            .asks(gives(&["10.10.2.4"]).via(&[CONTROL_PRIVATE]))
            .goes("10.10.2.4", |way| way.proven(Kind::Https, CONTROL)),
        Probe::of("storage", "contoso.blob.core.windows.net")
            .by(URL)
            .asks(gives(&["10.10.2.5"]).via(&["contoso.privatelink.blob.core.windows.net"]))
            .goes("10.10.2.5", silent),
        relay("one")
            .beside(proxy(URL))
            .asks(gives(&["40.112.72.101"]))
            .goes("40.112.72.101", silent)
            .goes_by(URL, AT, works(one)),
        relay("two")
            .by(URL)
            .beside(Route::Direct)
            .asks(gives(&["40.112.72.101"]))
            .goes_by(URL, AT, denied)
            .goes("40.112.72.101", |way| way.proven(Kind::Relay, two)),
        relay("neither")
            .by(URL)
            .beside(Route::Direct)
            .asks(gives(&["40.112.72.101"]))
            .goes_by(URL, AT, denied)
            .goes("40.112.72.101", silent),
    ];
    records(run, probes)
}

fn fallbacks() -> Records {
    let second = "http://10.0.0.9:3128";
    let denied = |way: Way| way.refused_with(squid(403, "Forbidden", "ERR_ACCESS_DENIED 0"));
    let probes = vec![
        relay("silent-first").by(URL).else_by(&[proxy(second)]).goes_by(URL, AT, silent).goes_by(
            second,
            "10.0.0.9:3128",
            |way| way.proven_beyond(Kind::Relay, "silent-first.servicebus.windows.net"),
        ),
        // An answer, even a refusal, ends a client's search.
        relay("denied-first").by(URL).else_by(&[proxy(second)]).goes_by(URL, AT, denied).goes_by(
            second,
            "10.0.0.9:3128",
            |way| way.proven_beyond(Kind::Relay, "denied-first.servicebus.windows.net"),
        ),
        relay("denied-then-direct")
            .by(URL)
            .else_by(&[Route::Direct])
            .asks(gives(&["40.112.72.101"]))
            .goes_by(URL, AT, denied)
            .goes("40.112.72.101", |way| {
                way.proven(Kind::Relay, "denied-then-direct.servicebus.windows.net")
            }),
        relay("none-works")
            .by(URL)
            .else_by(&[Route::Direct])
            .asks(gives(&["40.112.72.101"]))
            .goes_by(URL, AT, silent)
            .goes("40.112.72.101", silent),
    ];
    records(run_by_proxy(), probes)
}

fn faults() -> Records {
    let throws = "wpad.dat, line 3: ReferenceError: dnsDomainIsX is not defined";
    let invalid = "diahost.exe.config cannot be used by .NET: line 12: *.contoso.com is no \
                   regular expression";
    let elsewhere = "diahost.exe.config leaves the decision to the user's settings: give the \
                     proxy with --proxy";
    let probes = vec![
        relay("one").faulty(RouteFaultKind::Script, throws),
        relay("two").faulty(RouteFaultKind::Script, throws),
        Probe::of("control", CONTROL).faulty(RouteFaultKind::Refused, invalid),
        Probe::of("download", DOWNLOAD).faulty(RouteFaultKind::Elsewhere, elsewhere),
    ];
    let private = Probe::of("storage", "contoso.blob.core.windows.net")
        .private()
        .faulty(RouteFaultKind::Refused, invalid)
        .works_at(&["10.10.2.5"]);
    records(run_by_proxy(), probes.into_iter().chain([private]).collect())
}
