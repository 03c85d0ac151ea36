use pathproof::model::{ProxyFailure, ProxyReply, TimeoutBy, Tunnel};

use super::proxy::{tunnel, url};
use super::{BRIEF, PATIENT, client};
use crate::loopback::pki::Authority;
use crate::loopback::script::{Say, Scripted};

const GRANTED: &[u8] = b"\x05\x00\x00\x01\x0a\x00\x00\x08\x9c\xb0";

/// What a proxy that says these one after the other makes of us, and what it heard.
async fn socks(
    scheme: &str,
    user_info: &str,
    answers: &'static [&'static [u8]],
    n_bytes: usize,
) -> (Result<(Tunnel, Vec<u8>), ProxyFailure>, Vec<String>) {
    let client = client(&Authority::root("Public Root"), &[]);
    let server = Scripted::start(move |_, n_before| match answers.get(n_before).copied() {
        Some([]) => Say::LastWords(Vec::new()),
        Some(words) => Say::Words(words.to_vec()),
        None => Say::Words(Vec::new()),
    });
    let proxy = url(scheme, user_info, server.address);
    // Silence is only met where it is expected.
    let timeout = if n_bytes == 0 && answers.is_empty() { BRIEF } else { PATIENT };
    (tunnel(&proxy, server.address, &client, timeout, n_bytes).await, server.heard())
}

#[tokio::test]
async fn the_proxy_gets_the_name_by_either_scheme() {
    for scheme in ["socks5", "socks5h"] {
        let (opened, heard) = socks(scheme, "", &[b"\x05\x00", GRANTED], 0).await;
        let reply = ProxyReply::Socks { bound: "10.0.0.8:40112".to_owned() };
        assert_eq!(opened.unwrap().0, Tunnel { session: None, reply, sign_in: None });
        assert_eq!(heard[0], "\x05\x01\x00");
        assert!(heard[1].contains("we.example"), "{heard:?}");
    }
}

#[tokio::test]
async fn a_login_is_sent_where_it_is_asked_for() {
    let answers: &[&[u8]] = &[b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\0\0\0\0\0\0hello"];
    let (opened, heard) = socks("socks5", "us%40er:p@", answers, 5).await;
    assert_eq!(opened.unwrap().1, b"hello");
    assert_eq!(heard[..2], ["\x05\x02\x00\x02", "\x01\x05us@er\x01p"]);

    let (opened, heard) = socks("socks5", "u:p@", &[b"\x05\x00", GRANTED], 0).await;
    assert!(opened.is_ok());
    assert!(!heard.concat().contains("u\x01p"), "nobody asked: {heard:?}");
}

#[tokio::test]
async fn every_refusal_is_told_apart() {
    let no_method = |with_credentials| ProxyFailure::SocksNoMethod { with_credentials };
    let not_proxy = |bytes: &[u8]| ProxyFailure::NotProxy { first_bytes: bytes.to_vec() };
    let checks: [(&str, &'static [&'static [u8]], ProxyFailure); 9] = [
        ("", &[b"\x05\xff"], no_method(false)),
        ("", &[b"\x05\x02"], no_method(false)),
        ("u:p@", &[b"\x05\xff"], no_method(true)),
        ("u:p@", &[b"\x05\x02", b"\x01\x01"], ProxyFailure::SocksRejected),
        ("", &[b"HTTP/1.1 400 Bad\r\n"], not_proxy(b"HTTP/1.1 400 Bad\r\n")),
        ("", &[b"\x05\x00", b"\x05\x00\x00\x07"], not_proxy(b"\x05\x00\x05\x00\x00\x07")),
        ("", &[b""], ProxyFailure::Closed { received: 0 }),
        ("", &[b"\x05\x00", b""], ProxyFailure::Closed { received: 2 }),
        ("", &[], ProxyFailure::TimedOut { whose: TimeoutBy::Ours(BRIEF), received: 0 }),
    ];
    for (user_info, answers, expected) in checks {
        let (opened, _) = socks("socks5h", user_info, answers, 0).await;
        assert_eq!(opened.unwrap_err(), expected, "{answers:?}");
    }
    // RFC 1928 §6.
    let replies: [&'static [&'static [u8]]; 8] = [
        &[b"\x05\x00", b"\x05\x01\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x02\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x03\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x04\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x05\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x06\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x07\x00\x01\0\0\0\0\0\0"],
        &[b"\x05\x00", b"\x05\x08\x00\x01\0\0\0\0\0\0"],
    ];
    for (answers, code) in replies.into_iter().zip(1..) {
        let (opened, _) = socks("socks5", "", answers, 0).await;
        assert_eq!(opened.unwrap_err(), ProxyFailure::SocksReply(code));
    }
}
