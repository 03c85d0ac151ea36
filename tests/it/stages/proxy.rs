use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use pathproof::model::{
    ChainTrust, Failure, HttpAnswer, HttpFailure, ProxyFailure, ProxyReply, SignInScheme,
    TimeoutBy, TlsFailureKind, Tunnel,
};
use pathproof::probe::proxy::{self, Manner};
use pathproof::probe::sign_in::{NoPackages, SignInMeans};
use pathproof::probe::tls::TlsClient;
use pathproof::route::ProxyUrl;
use tokio::io::AsyncReadExt;

use super::{BRIEF, PATIENT, client, connected, host, now};
use crate::loopback::pki::{Authority, Dates, Identity};
use crate::loopback::script::{Say, Scripted};
use crate::loopback::{Behaviour, Server, Talk, http, tls};

const CONSENT: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// A proxy URL of `scheme` at `address`, with `user_info` and its `@`.
pub(super) fn url(scheme: &str, user_info: &str, address: SocketAddr) -> ProxyUrl {
    ProxyUrl::parse(&format!("{scheme}://{user_info}{address}")).expect("a proxy URL")
}

/// No account of the process, and what is learnt of the proxy.
pub(super) fn manner<'a>(
    proxy: &'a ProxyUrl,
    tls: &'a TlsClient,
    learnt: &'a OnceLock<SignInScheme>,
    timeout: Duration,
) -> Manner<'a> {
    let sign_in = SignInMeans { packages: &NoPackages, learnt };
    Manner { proxy, tls, sign_in, timeout, now: now() }
}

/// What asking for a tunnel to we.example:443 comes to, and the first `n_bytes` out of it.
pub(super) async fn tunnel(
    proxy: &ProxyUrl,
    address: SocketAddr,
    client: &TlsClient,
    timeout: Duration,
    n_bytes: usize,
) -> Result<(Tunnel, Vec<u8>), ProxyFailure> {
    let stream = connected(address).await;
    let learnt = OnceLock::new();
    let manner = manner(proxy, client, &learnt, timeout);
    let opened = proxy::open_tunnel(stream, manner, &host("we.example"), 443).await;
    let (mut stream, tunnel, _) = opened.map_err(|(failure, _)| failure)?;
    let mut first = vec![0; n_bytes];
    stream.read_exact(&mut first).await.expect("the far end's bytes");
    Ok((tunnel, first))
}

/// The same at an `http://` proxy that does this.
async fn tunnel_by(
    talk: Talk,
    timeout: Duration,
    n_bytes: usize,
) -> Result<(Tunnel, Vec<u8>), ProxyFailure> {
    let server = Server::start(Behaviour::Plain(talk));
    let client = client(&Authority::root("Public Root"), &[]);
    tunnel(&url("http", "", server.address), server.address, &client, timeout, n_bytes).await
}

fn connect_answer(tunnel: Tunnel) -> HttpAnswer {
    match tunnel.reply {
        ProxyReply::Connect(answer) => *answer,
        other @ ProxyReply::Socks { .. } => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_far_ends_first_bytes_are_the_tunnels() {
    // In one segment with the consent, byte by byte, and with an interim answer before.
    let whole = [CONSENT, b"hello"].concat();
    let bytes: Vec<Vec<u8>> = whole.iter().map(|byte| vec![*byte]).collect();
    let interim = [b"HTTP/1.1 100 Continue\r\n\r\n", &whole[..]].concat();
    for pieces in [vec![whole.clone()], bytes, vec![interim]] {
        let talk = Talk::Answer(pieces, Duration::from_millis(1));
        let (tunnel, first) = tunnel_by(talk, PATIENT, 5).await.unwrap();
        assert_eq!(first, b"hello");
        assert_eq!(tunnel.session, None);
        let answer = connect_answer(tunnel);
        assert_eq!((answer.status, answer.reason.as_str()), (200, "Connection established"));
    }
}

#[tokio::test]
async fn what_is_no_consent_is_kept_with_its_words() {
    let challenge = "Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\
                     Proxy-Authenticate: Basic realm=\"x\"\r\n";
    for (status, fields) in [
        ("407 Proxy Authentication Required", challenge),
        ("403 Forbidden", "Server: squid/6.10\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n"),
        ("502 Bad Gateway", "Proxy-Status: edge; error=connection_refused\r\n"),
        ("503 Service Unavailable", "X-Squid-Error: ERR_DNS_FAIL 0\r\n"),
        ("504 Gateway Timeout", "Via: 1.1 proxy\r\n"),
        // What is no proxy, but a web server.
        ("405 Method Not Allowed", "Allow: GET\r\n"),
        ("404 Not Found", "Server: nginx\r\n"),
        ("302 Found", "Location: http://login.example/\r\n"),
    ] {
        let page = http::page(status, fields, "<html>why</html>");
        let failure = tunnel_by(Talk::AnswerAndStay(page), PATIENT, 0).await.unwrap_err();
        let ProxyFailure::Answered { answer, with_credentials: false } = failure else {
            panic!("{status}: {failure:?}")
        };
        assert_eq!(format!("{} {}", answer.status, answer.reason), status);
        assert_eq!((answer.body.as_str(), answer.is_cut), ("<html>why</html>", false));
        let kept: Vec<String> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        assert!(kept.concat().starts_with(fields), "{kept:?}");
    }
}

#[tokio::test]
async fn no_usable_answer_says_how() {
    let silent = |received| ProxyFailure::TimedOut { whose: TimeoutBy::Ours(BRIEF), received };
    let not_proxy = |bytes: &[u8]| ProxyFailure::NotProxy { first_bytes: bytes.to_vec() };
    let stays = |bytes: &[u8]| Talk::AnswerAndStay(bytes.to_vec());
    for (talk, timeout, expected) in [
        (Talk::Silence, BRIEF, silent(0)),
        (stays(b"HTTP/1.1 200 OK\r\n"), BRIEF, silent(17)),
        (Talk::Close, PATIENT, ProxyFailure::Closed { received: 0 }),
        (Talk::answer("HTTP/1.1 200 OK\r\n"), PATIENT, ProxyFailure::Closed { received: 17 }),
        (Talk::answer(b"\x05\xff"), PATIENT, not_proxy(b"\x05\xff")),
        (stays(b"220 mail.example\r\n"), PATIENT, not_proxy(b"220 mail.example\r\n")),
        (stays(&tls::alert(80)), PATIENT, not_proxy(&tls::alert(80))),
        (
            Talk::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"Again: and again\r\n".to_vec()),
            PATIENT,
            ProxyFailure::HeadTooLong { limit: 32 * 1024 },
        ),
        // Consent that comes after the time-out.
        (
            Talk::Answer(vec![b"HTTP/1.1 ".to_vec(), b"200 OK\r\n\r\n".to_vec()], BRIEF * 4),
            BRIEF,
            silent(9),
        ),
    ] {
        assert_eq!(tunnel_by(talk, timeout, 0).await.unwrap_err(), expected);
    }
    let failure = tunnel_by(Talk::Reset, PATIENT, 0).await.unwrap_err();
    assert!(matches!(failure, ProxyFailure::Reset(_)), "{failure:?}");
}

#[tokio::test]
async fn credentials_are_sent_once_and_decoded() {
    let client = client(&Authority::root("Public Root"), &[]);
    let server = Scripted::start(|_, _| {
        Say::LastWords(http::page("407 No", "Proxy-Authenticate: Basic\r\n", ""))
    });
    let proxy = url("http", "us%40er:p%3Aa%20%C3%9F@", server.address);
    let failure = tunnel(&proxy, server.address, &client, PATIENT, 0).await.unwrap_err();
    assert!(matches!(failure, ProxyFailure::Answered { with_credentials: true, .. }));
    let heard = server.heard().concat();
    assert!(heard.starts_with("CONNECT we.example:443 HTTP/1.1\r\nHost: we.example:443\r\n"));
    // us@er:p:a ß
    let field = "Proxy-Authorization: Basic dXNAZXI6cDphIMOf\r\n";
    assert_eq!(heard.matches(field).count(), 1, "{heard}");
    assert!(!format!("{failure:?} {proxy:?}").contains("dXNAZXI6"));
}

#[tokio::test]
async fn an_https_proxy_is_spoken_to_inside_tls() {
    let root = Authority::root("Public Root");
    let known = root.issue(&["127.0.0.1"], Dates::Current);
    let client = client(&root, &[&root]);
    let said = [CONSENT, b"hello"].concat();
    let server = Server::start(Behaviour::Tls(tls::server(&known), Talk::AnswerAndStay(said)));
    let proxy = url("https", "user:pass@", server.address);
    let (tunnel, first) = tunnel(&proxy, server.address, &client, PATIENT, 5).await.unwrap();
    assert_eq!(first, b"hello");
    let session = tunnel.session.expect("a session with the proxy");
    assert_eq!(session.presented.trust.public, ChainTrust::Trusted);
}

#[tokio::test]
async fn a_proxy_that_proves_nothing_gets_no_password() {
    let root = Authority::root("Public Root");
    let stranger = Identity::self_signed(&["127.0.0.1"], false);
    let other_name = root.issue(&["other.example"], Dates::Current);
    let expired = root.issue(&["127.0.0.1"], Dates::Expired);
    let client = client(&root, &[&root]);
    for identity in [stranger, other_name, expired] {
        let server =
            Scripted::start_with(Some(tls::server(&identity)), |_, _| Say::Words(CONSENT.to_vec()));
        let with_password = url("https", "user:pass@", server.address);
        let failure =
            tunnel(&with_password, server.address, &client, PATIENT, 0).await.unwrap_err();
        let ProxyFailure::Tls(failure) = failure else { panic!("{failure:?}") };
        assert!(failure.presented.is_some(), "the chain is the evidence");
        assert_eq!(server.heard(), Vec::<String>::new());
        // Without one there is nothing to lose, and more to see.
        let without = url("https", "", server.address);
        assert!(tunnel(&without, server.address, &client, PATIENT, 0).await.is_ok());
    }
}

#[tokio::test]
async fn a_proxy_that_speaks_no_tls_fails_in_its_own_handshake() {
    let client = client(&Authority::root("Public Root"), &[]);
    for (talk, timeout, expected) in [
        (
            Talk::answer("HTTP/1.1 400 Bad Request\r\n\r\n"),
            PATIENT,
            TlsFailureKind::NotTls { first_bytes: b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec() },
        ),
        (Talk::Close, PATIENT, TlsFailureKind::Closed { received: 0 }),
        (
            Talk::Silence,
            BRIEF,
            TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(BRIEF), received: 0 },
        ),
    ] {
        let server = Server::start(Behaviour::Plain(talk));
        let proxy = url("https", "", server.address);
        let failure = tunnel(&proxy, server.address, &client, timeout, 0).await.unwrap_err();
        let ProxyFailure::Tls(failure) = failure else { panic!("{failure:?}") };
        assert_eq!((failure.kind, failure.presented), (expected, None));
    }
}

#[tokio::test]
async fn silence_inside_the_proxys_tls_ends_the_stage() {
    let root = Authority::root("Public Root");
    let known = root.issue(&["127.0.0.1"], Dates::Current);
    let server = Server::start(Behaviour::Tls(tls::server(&known), Talk::Silence));
    let proxy = url("https", "", server.address);
    let client = client(&root, &[]);
    let stream = connected(server.address).await;
    let learnt = OnceLock::new();
    let manner = manner(&proxy, &client, &learnt, BRIEF);
    let opened = proxy::open_tunnel(stream, manner, &host("we.example"), 443).await;
    let (failure, took) = opened.map(|_| ()).unwrap_err();
    assert_eq!(failure, ProxyFailure::TimedOut { whose: TimeoutBy::Ours(BRIEF), received: 0 });
    assert!(took >= BRIEF && took < BRIEF * 2, "{took:?}");
}

#[tokio::test]
async fn tls_with_the_far_end_runs_inside_the_tunnel() {
    let root = Authority::root("Public Root");
    let far_identity = root.issue(&["we.example"], Dates::Current);
    let far_end =
        Server::start(Behaviour::Tls(tls::server(&far_identity), Talk::answer(http::relay_feed())));
    let to = far_end.address;
    let own_identity = root.issue(&["127.0.0.1"], Dates::Current);
    let client = client(&root, &[]);
    for (scheme, config) in [("http", None), ("https", Some(tls::server(&own_identity)))] {
        let server = Scripted::start_with(config, move |_, _| Say::Tunnel(CONSENT.to_vec(), to));
        let proxy = url(scheme, "", server.address);
        let stream = connected(server.address).await;
        let learnt = OnceLock::new();
        let manner = manner(&proxy, &client, &learnt, PATIENT);
        let name = host("we.example");
        let (stream, tunnel, _) = proxy::open_tunnel(stream, manner, &name, 443).await.unwrap();
        assert_eq!(tunnel.session.is_some(), scheme == "https");
        let (stream, session, _) = client.handshake(stream, &name, PATIENT, now()).await.unwrap();
        assert_eq!(session.presented.chain[0].names, ["we.example"]);
        let (answer, _) = pathproof::probe::http::get(stream, &name, 443, PATIENT).await.unwrap();
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_tunnel_that_dies_fails_in_what_it_carries() {
    let client = client(&Authority::root("Public Root"), &[]);
    for (say, is_expected) in [
        (
            Say::LastWords(CONSENT.to_vec()),
            (|kind| matches!(kind, TlsFailureKind::Closed { received: 0 })) as fn(&_) -> bool,
        ),
        (Say::ResetAfter(CONSENT.to_vec()), |kind| matches!(kind, TlsFailureKind::Reset(_))),
    ] {
        let server = Scripted::start(move |_, _| say.clone());
        let proxy = url("http", "", server.address);
        let stream = connected(server.address).await;
        let learnt = OnceLock::new();
        let manner = manner(&proxy, &client, &learnt, PATIENT);
        let name = host("we.example");
        let (stream, _, _) = proxy::open_tunnel(stream, manner, &name, 443).await.unwrap();
        let (failure, _) =
            client.handshake(stream, &name, PATIENT, now()).await.map(|_| ()).unwrap_err();
        assert!(is_expected(&failure.kind), "{failure:?}");
    }
}

/// What asking the proxy for `http://we.example/` comes to, and what it heard.
async fn get_by(
    user_info: &str,
    say: Say,
    timeout: Duration,
) -> (Result<HttpAnswer, Failure>, Vec<String>) {
    let client = client(&Authority::root("Public Root"), &[]);
    let server = Scripted::start(move |_, _| say.clone());
    let proxy = url("http", user_info, server.address);
    let stream = connected(server.address).await;
    let learnt = OnceLock::new();
    let manner = manner(&proxy, &client, &learnt, timeout);
    let got = proxy::get(stream, None, manner, &host("we.example"), 80).await;
    (got.map(|(answer, _)| answer).map_err(|(failure, _)| failure), server.heard())
}

#[tokio::test]
async fn clear_text_is_fetched_by_the_proxy() {
    let page = http::page("503 Service Unavailable", "X-Squid-Error: ERR_DNS_FAIL 0\r\n", "why");
    let (got, heard) = get_by("u:p@", Say::LastWords(page), PATIENT).await;
    let answer = got.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (503, "why"));
    let [request] = &heard[..] else { panic!("{heard:?}") };
    assert!(request.starts_with("GET http://we.example/ HTTP/1.1\r\nHost: we.example\r\n"));
    assert_eq!(request.matches("Proxy-Authorization: Basic dTpw\r\n").count(), 1, "{request}");

    let challenge = http::page("407 No", "Proxy-Authenticate: NTLM\r\n", "");
    for (user_info, with) in [("", false), ("u:p@", true)] {
        let (got, _) = get_by(user_info, Say::LastWords(challenge.clone()), PATIENT).await;
        let Err(Failure::Proxy(ProxyFailure::Answered { with_credentials, .. })) = got else {
            panic!("{got:?}")
        };
        assert_eq!(with_credentials, with);
    }
    for (words, timeout, expected) in [
        (
            &b"SSH-2.0-x\r\n"[..],
            PATIENT,
            Failure::Proxy(ProxyFailure::NotProxy { first_bytes: b"SSH-2.0-x\r\n".to_vec() }),
        ),
        (b"HTTP/1.1", PATIENT, Failure::Http(HttpFailure::Closed { received: 8 })),
    ] {
        let (got, _) = get_by("", Say::LastWords(words.to_vec()), timeout).await;
        assert_eq!(got.unwrap_err(), expected);
    }
}
