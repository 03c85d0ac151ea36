use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pathproof::model::{ChainTrust, HttpAnswer, TimeoutBy, TlsFailure, TlsFailureKind, TlsSession};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{BRIEF, PATIENT, client, connected, host, now};
use crate::loopback::pki::{Authority, Dates, Identity};
use crate::loopback::{Behaviour, Server, Talk, http, tls};

/// What a handshake for `name` makes of a server, where `root` is the public web.
async fn handshake(
    behaviour: Behaviour,
    root: &Authority,
    name: &str,
    timeout: Duration,
) -> Result<TlsSession, TlsFailure> {
    let server = Server::start(behaviour);
    let stream = connected(server.address).await;
    let outcome = client(root, &[]).handshake(stream, &host(name), timeout, now()).await;
    outcome.map(|(_, session, _)| session).map_err(|(failure, _)| failure)
}

#[tokio::test]
async fn both_versions_are_spoken_for_names_and_addresses() {
    let root = Authority::root("Public Root");
    let identity = root.issue(&["we.example", "127.0.0.1"], Dates::Current);
    for (version, expected, suite) in
        [(&TLS12, "TLSv1_2", "TLS_ECDHE_ECDSA_WITH_"), (&TLS13, "TLSv1_3", "TLS_AES_")]
    {
        for name in ["we.example", "127.0.0.1"] {
            let server = Behaviour::Tls(tls::server_of(&identity, &[version]), Talk::Silence);
            let session = handshake(server, &root, name, PATIENT).await.unwrap();
            assert_eq!(session.version, expected);
            assert!(session.cipher_suite.starts_with(suite), "{}", session.cipher_suite);
            assert_eq!(session.presented.trust.public, ChainTrust::Trusted);
            assert_eq!(session.presented.chain[0].names, ["we.example", "127.0.0.1"]);
        }
    }
}

#[tokio::test]
async fn a_bad_chain_is_no_failed_handshake() {
    let root = Authority::root("Public Root");
    let stranger = Identity::self_signed(&["other.example"], false);
    let server = Behaviour::Tls(tls::server(&stranger), Talk::Silence);
    let session = handshake(server, &root, "we.example", PATIENT).await.unwrap();
    assert_eq!(session.presented.trust.public, ChainTrust::UnknownIssuer);
}

#[tokio::test]
async fn a_handshake_that_dies_says_how() {
    let root = Authority::root("Public Root");
    let part = b"\x16\x03\x03\x00\x7a\x02".to_vec();
    let version = |detail: &str| TlsFailureKind::Version { detail: detail.to_owned() };
    let alert = |name: &str| TlsFailureKind::Alert { name: name.to_owned() };
    let silent = |received| TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(BRIEF), received };
    for (talk, timeout, expected) in [
        (Talk::Close, PATIENT, TlsFailureKind::Closed { received: 0 }),
        (Talk::answer(part.clone()), PATIENT, TlsFailureKind::Closed { received: 6 }),
        (Talk::Silence, BRIEF, silent(0)),
        (Talk::AnswerAndStay(part), BRIEF, silent(6)),
        (Talk::answer(tls::alert(70)), PATIENT, version("alert protocol_version")),
        (Talk::answer(tls::server_hello_1_1()), PATIENT, version("a ServerHello below TLS 1.2")),
        (Talk::answer(tls::alert(40)), PATIENT, alert("handshake_failure")),
        (Talk::answer(tls::alert(49)), PATIENT, alert("access_denied")),
        (Talk::answer(tls::alert(112)), PATIENT, alert("unrecognized_name")),
        (Talk::answer(tls::alert(200)), PATIENT, alert("alert_200")),
    ] {
        let outcome = handshake(Behaviour::Plain(talk), &root, "we.example", timeout).await;
        assert_eq!(outcome, Err(TlsFailure { kind: expected, presented: None }));
    }
}

#[tokio::test]
async fn resets_are_told_from_closes() {
    let root = Authority::root("Public Root");
    let after_hello = Behaviour::Plain(Talk::Reset);
    let failure = handshake(after_hello, &root, "we.example", PATIENT).await.unwrap_err();
    assert!(matches!(failure.kind, TlsFailureKind::Reset(_)), "{failure:?}");

    // The reset is there before the ClientHello is written. (One that comes at once is the
    // connect's own.)
    let server = Server::start(Behaviour::ResetAfter(Duration::from_millis(50)));
    let stream = connected(server.address).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    let client = client(&root, &[]);
    let outcome = client.handshake(stream, &host("we.example"), PATIENT, now()).await;
    let (failure, _) = outcome.unwrap_err();
    assert!(matches!(failure.kind, TlsFailureKind::ResetOnWrite(_)), "{failure:?}");
}

#[tokio::test]
async fn plain_text_is_kept_whole_however_it_comes() {
    let root = Authority::root("Public Root");
    let page = http::block_page();
    let (first, second) = page.split_at(3);
    let pause = Duration::from_millis(50);
    for talk in [
        Talk::answer(page.clone()),
        Talk::AnswerAndStay(page.clone()),
        Talk::Answer(vec![first.to_vec(), second.to_vec()], pause),
    ] {
        let outcome = handshake(Behaviour::Plain(talk), &root, "we.example", PATIENT).await;
        let kind = TlsFailureKind::NotTls { first_bytes: page.clone() };
        assert_eq!(outcome, Err(TlsFailure { kind, presented: None }));
    }

    let endless = Talk::Endless(page.clone(), vec![b'x'; 1000]);
    let outcome = handshake(Behaviour::Plain(endless), &root, "we.example", PATIENT).await;
    match outcome.unwrap_err().kind {
        TlsFailureKind::NotTls { first_bytes } => {
            assert_eq!(first_bytes.len(), HttpAnswer::BODY_KEPT);
        }
        other => panic!("{other:?}"),
    }

    // Three bytes and silence: no TLS begins like this.
    let stalled = Talk::AnswerAndStay(first.to_vec());
    let outcome = handshake(Behaviour::Plain(stalled), &root, "we.example", BRIEF).await;
    let kind = TlsFailureKind::NotTls { first_bytes: first.to_vec() };
    assert_eq!(outcome, Err(TlsFailure { kind, presented: None }));
}

#[tokio::test]
async fn records_that_break_the_protocol_are_told_in_words() {
    let root = Authority::root("Public Root");
    let broken = Talk::answer(b"\x16\x03\x03\x00\x04\x63\x00\x00\x00".to_vec());
    let outcome = handshake(Behaviour::Plain(broken), &root, "we.example", PATIENT).await;
    match outcome.unwrap_err().kind {
        TlsFailureKind::Other { detail } => assert!(!detail.is_empty()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_chain_outlives_a_handshake_that_dies_after_it() {
    let root = Authority::root("Public Root");
    let identity = root.issue(&["we.example"], Dates::Current);
    let insisting = tls::server_with_client_auth(&identity, &[&TLS12], &root);
    let server = Behaviour::Tls(insisting, Talk::Silence);
    let failure = handshake(server, &root, "we.example", PATIENT).await.unwrap_err();
    assert!(
        matches!(&failure.kind, TlsFailureKind::Alert { name } if name == "certificate_required"),
        "{failure:?}"
    );
    let presented = failure.presented.expect("the server had shown its chain");
    assert_eq!(presented.trust.public, ChainTrust::Trusted);
    assert_eq!(presented.chain.len(), 1);
}

/// A connection that was reset, with what had come before the reset still to be read.
struct Gone(&'static [u8]);

impl AsyncRead for Gone {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buf.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gone {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn an_alert_before_a_reset_is_heard() {
    let root = Authority::root("Public Root");
    let client = client(&root, &[]);
    let alert = |name: &str| TlsFailureKind::Alert { name: name.to_owned() };
    for (words, expected) in
        [(&b"\x15\x03\x03\x00\x02\x02\x31"[..], Some(alert("access_denied"))), (b"", None)]
    {
        let outcome = client.handshake(Gone(words), &host("we.example"), PATIENT, now()).await;
        let (failure, _) = outcome.err().expect("nothing can be written");
        match expected {
            Some(expected) => assert_eq!(failure.kind, expected),
            None => assert!(matches!(failure.kind, TlsFailureKind::ResetOnWrite(_))),
        }
    }
}
