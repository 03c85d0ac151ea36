use std::time::Duration;

use pathproof::model::{HttpAnswer, HttpFailure, TimeoutBy};
use pathproof::probe::http::get;
use rustls::version::TLS13;

use super::{BRIEF, PATIENT, client, connected, host, now};
use crate::loopback::pki::{Authority, Dates};
use crate::loopback::{Behaviour, Server, Talk, http, tls};

/// What a GET makes of `talk`, over a plain connection.
async fn answer_to(talk: Talk, timeout: Duration) -> Result<HttpAnswer, HttpFailure> {
    let server = Server::start(Behaviour::Plain(talk));
    let stream = connected(server.address).await;
    let outcome = get(stream, &host("we.example"), 80, timeout).await;
    outcome.map(|(answer, _)| answer).map_err(|(failure, _)| failure)
}

#[tokio::test]
async fn answers_are_kept_with_the_beginning_of_their_body() {
    let answer = answer_to(Talk::answer(http::relay_feed()), PATIENT).await.unwrap();
    assert_eq!((answer.status, answer.reason.as_str()), (200, "OK"));
    assert_eq!(answer.header("server"), Some("Microsoft-HTTPAPI/2.0"));
    assert!(answer.body.contains("Publicly Listed Services") && !answer.is_cut);

    let answer = answer_to(Talk::AnswerAndStay(http::relay_feed()), PATIENT).await.unwrap();
    assert!(!answer.is_cut, "a length ends a body, whether or not the stream ends");

    let interim = [&b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"[..], &http::block_page()];
    let answer = answer_to(Talk::answer(interim.concat()), PATIENT).await.unwrap();
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn chunks_are_decoded_wherever_the_stream_cuts_them() {
    let body = "0123456789".repeat(40);
    let pieces = http::chunked(&body, 7).chunks(101).map(<[u8]>::to_vec).collect();
    let answer = answer_to(Talk::Answer(pieces, Duration::from_millis(1)), PATIENT).await.unwrap();
    assert_eq!((answer.body, answer.is_cut), (body, false));

    let long = "x".repeat(2 * HttpAnswer::BODY_KEPT);
    let answer = answer_to(Talk::answer(http::chunked(&long, 1)), PATIENT).await.unwrap();
    assert_eq!((answer.body.len(), answer.is_cut), (HttpAnswer::BODY_KEPT, true));
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let fast = Talk::Endless(head.clone(), vec![b'x'; 1000]);
    let answer = answer_to(fast, PATIENT).await.unwrap();
    assert_eq!((answer.body.len(), answer.is_cut), (HttpAnswer::BODY_KEPT, true));

    let stalled = Talk::AnswerAndStay([&head[..], b"half a page"].concat());
    let answer = answer_to(stalled, BRIEF).await.unwrap();
    assert_eq!((answer.body.as_str(), answer.is_cut), ("half a page", true));

    // A chunk's extension is no body, and must not be read for ever either.
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;".to_vec();
    let server = Server::start(Behaviour::Plain(Talk::Endless(chunked, vec![b'x'; 1000])));
    let stream = connected(server.address).await;
    let (answer, took) = get(stream, &host("we.example"), 80, PATIENT).await.unwrap();
    assert_eq!((answer.body.as_str(), answer.is_cut), ("", true));
    assert!(took < PATIENT / 2, "it ends by its length, not by its time: {took:?}");
}

#[tokio::test]
async fn what_is_no_answer_fails_with_its_evidence() {
    let banner = b"220 mail.example ESMTP\r\n";
    for (talk, timeout, expected) in [
        (Talk::Close, PATIENT, HttpFailure::Closed { received: 0 }),
        (Talk::answer("HTTP/1.1 200 OK\r\n"), PATIENT, HttpFailure::Closed { received: 17 }),
        (
            Talk::Silence,
            BRIEF,
            HttpFailure::TimedOut { whose: TimeoutBy::Ours(BRIEF), received: 0 },
        ),
        (
            Talk::AnswerAndStay(b"HTTP/1.1 200 OK\r\n".to_vec()),
            BRIEF,
            HttpFailure::TimedOut { whose: TimeoutBy::Ours(BRIEF), received: 17 },
        ),
        (Talk::answer(banner), PATIENT, HttpFailure::NotHttp { first_bytes: banner.to_vec() }),
        (
            Talk::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"Again: and again\r\n".to_vec()),
            PATIENT,
            HttpFailure::HeadTooLong { limit: 32 * 1024 },
        ),
        (
            Talk::Endless(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
            PATIENT,
            HttpFailure::HeadTooLong { limit: 32 * 1024 },
        ),
    ] {
        assert_eq!(answer_to(talk, timeout).await, Err(expected));
    }
    assert!(matches!(answer_to(Talk::Reset, PATIENT).await, Err(HttpFailure::Reset(_))));
}

#[tokio::test]
async fn inside_tls_an_answer_is_read_and_a_late_alert_is_named() {
    let root = Authority::root("Public Root");
    let identity = root.issue(&["we.example"], Dates::Current);
    let client = client(&root, &[]);
    let we = host("we.example");

    let talk = Talk::answer(http::relay_feed());
    let server = Server::start(Behaviour::Tls(tls::server(&identity), talk));
    let stream = connected(server.address).await;
    let (stream, ..) = client.handshake(stream, &we, PATIENT, now()).await.unwrap();
    let (answer, _) = get(stream, &we, 443, PATIENT).await.unwrap();
    assert_eq!((answer.status, answer.is_cut), (200, false));

    // The end of a body that ends with the connection, without a close_notify before it.
    let vanishing = Talk::AnswerAndVanish(b"HTTP/1.0 200 OK\r\n\r\npage".to_vec());
    let server = Server::start(Behaviour::Tls(tls::server(&identity), vanishing));
    let stream = connected(server.address).await;
    let (stream, ..) = client.handshake(stream, &we, PATIENT, now()).await.unwrap();
    let (answer, _) = get(stream, &we, 443, PATIENT).await.unwrap();
    assert_eq!((answer.body.as_str(), answer.is_cut), ("page", false));

    // In TLS 1.3 the client is done before the server has seen that no certificate came.
    let insisting = tls::server_with_client_auth(&identity, &[&TLS13], &root);
    let server = Server::start(Behaviour::Tls(insisting, Talk::Close));
    let stream = connected(server.address).await;
    let (stream, ..) = client.handshake(stream, &we, PATIENT, now()).await.unwrap();
    match get(stream, &we, 443, PATIENT).await {
        Err((HttpFailure::Tls { detail }, _)) => {
            assert!(detail.contains("CertificateRequired"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
}
