use proptest::prelude::*;

use super::*;

fn head_of(text: &str) -> HttpHead {
    match read_head(text.as_bytes()) {
        HeadRead::Done { head, length } => {
            assert_eq!(length, text.len(), "{text:?}");
            head
        }
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn heads_are_read_as_middleboxes_write_them() {
    let head = head_of(
        "HTTP/1.1 403 Access Denied\r\nServer: squid/5.7\r\nX-Odd : yes\r\nbroken line\r\n\
         Via: 1.1 bl\u{fc}e\r\n\r\n",
    );
    assert_eq!((head.status, head.reason.as_str()), (403, "Access Denied"));
    assert_eq!(
        head.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect::<Vec<_>>(),
        [("Server", "squid/5.7"), ("X-Odd", "yes"), ("Via", "1.1 bl\u{fc}e")],
    );
    assert_eq!(head_of("HTTP/1.0 200\n\n").reason, "");
}

#[test]
fn a_value_that_is_no_utf8_keeps_the_rest() {
    let HeadRead::Done { head, .. } = read_head(b"HTTP/1.1 200 OK\r\nA: b\xffc\r\n\r\n") else {
        panic!("no head")
    };
    assert_eq!(head.headers[0].1, "b\u{fffd}c");
}

#[test]
fn a_head_is_partial_until_its_end_and_nothing_else_is_one() {
    for (bytes, expected) in [
        (&b""[..], HeadRead::Partial),
        (b"HTT", HeadRead::Partial),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", HeadRead::Partial),
        (b"SSH-2.0-x\r\n", HeadRead::NotHttp),
        (b"HTTP/2 200\r\n\r\n", HeadRead::NotHttp),
        (b"HTTP/1.1 abc\r\n\r\n", HeadRead::NotHttp),
        (b"\x16\x03\x01", HeadRead::NotHttp),
        (b"\0\0\x12\x04", HeadRead::NotHttp),
    ] {
        assert_eq!(read_head(bytes), expected, "{bytes:?}");
    }
}

#[test]
fn hundreds_of_fields_are_read_and_the_first_kept() {
    let fields = "field: value\r\n".repeat(1000);
    let head = head_of(&format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 7\r\n\r\n"));
    assert_eq!(head.headers.len(), HEADERS_KEPT);
    assert_eq!(head.framing, Framing::Length(7), "framing looks beyond what is kept");
}

#[test]
fn framing_follows_the_rfc() {
    for (status, fields, expected) in [
        (200, "", Framing::UntilClose),
        (200, "Content-Length: 12\r\n", Framing::Length(12)),
        (200, "Content-Length: 12\r\nTransfer-Encoding: gzip, Chunked\r\n", Framing::Chunked),
        (200, "Content-Length: 1\r\nContent-Length: 2\r\n", Framing::UntilClose),
        (200, "Content-Length: -1\r\n", Framing::UntilClose),
        (204, "Content-Length: 12\r\n", Framing::Empty),
        (304, "", Framing::Empty),
        (100, "", Framing::Empty),
    ] {
        let head = head_of(&format!("HTTP/1.1 {status} x\r\n{fields}\r\n"));
        assert_eq!(head.framing, expected, "{status} {fields}");
    }
}

#[test]
fn interim_answers_are_not_the_last_word() {
    for (status, expected) in [(100, true), (103, true), (101, false), (200, false)] {
        assert_eq!(head_of(&format!("HTTP/1.1 {status} x\r\n\r\n")).is_interim(), expected);
    }
}

/// `pieces` as they come, then the end of the stream.
fn body_of(framing: Framing, pieces: &[&[u8]]) -> (String, bool) {
    let mut body = HttpBody::new(framing);
    for piece in pieces {
        body.push(piece);
    }
    body.close();
    body.finish()
}

#[test]
fn bodies_end_as_their_framing_says() {
    let cases: [(Framing, &[&[u8]], &str, bool); 13] = [
        (Framing::Empty, &[b"junk"], "", false),
        (Framing::Length(4), &[b"pa", b"geXX"], "page", false),
        (Framing::Length(9), &[b"page"], "page", true),
        (Framing::UntilClose, &[b"pa", b"ge"], "page", false),
        (Framing::Chunked, &[b"2\r\npa\r\n", b"2;x=y\r\nge\r\n0\r\n\r\n"], "page", false),
        (Framing::Chunked, &[b"2\npa\n0\nT: x\n\n"], "pa", false),
        (Framing::Chunked, &[b"0\r\nTrailer: 1\r\n\r\n"], "", false),
        (Framing::Chunked, &[b"00004\r\npage\r\n0\r\n\r\n"], "page", false),
        (Framing::Chunked, &[b"4\r\npage\r\n"], "page", true),
        (Framing::Chunked, &[b"4\r\npageX"], "page", true),
        (Framing::Chunked, &[b"zz\r\n"], "", true),
        (Framing::Chunked, &[b"\r\n"], "", true),
        (Framing::Chunked, &[b"ffffffffffffffffffff\r\nx"], "", true),
    ];
    for (framing, pieces, text, is_cut) in cases {
        assert_eq!(body_of(framing, pieces), (text.to_owned(), is_cut), "{framing:?} {pieces:?}");
    }
}

#[test]
fn a_long_body_is_cut_where_it_is_full() {
    let full = vec![b'x'; HttpAnswer::BODY_KEPT];
    let (kept, is_cut) = body_of(Framing::UntilClose, &[&full]);
    assert_eq!((kept.len(), is_cut), (HttpAnswer::BODY_KEPT, false));

    let mut body = HttpBody::new(Framing::UntilClose);
    body.push(&full);
    assert!(body.wants_more(), "its end has not been seen");
    body.push(b"x");
    assert!(!body.wants_more());
    let (kept, is_cut) = body.finish();
    assert_eq!((kept.len(), is_cut), (HttpAnswer::BODY_KEPT, true));
}

#[test]
fn requests_carry_what_a_server_needs() {
    let request = String::from_utf8(get_request("/", "we.example:8443")).unwrap();
    assert!(
        request.starts_with("GET / HTTP/1.1\r\nHost: we.example:8443\r\nUser-Agent: pathproof/")
    );
    assert!(request.ends_with("Connection: close\r\n\r\n"));
}

proptest! {
    #[test]
    fn arbitrary_heads_are_read_without_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..256),
        is_begun: bool,
        is_ended: bool,
    ) {
        let mut text = if is_begun { b"HTTP/1.1 200 OK\r\n".to_vec() } else { Vec::new() };
        text.extend(bytes);
        if is_ended {
            text.extend(b"\r\n\r\n");
        }
        if let HeadRead::Done { length, .. } = read_head(&text) {
            prop_assert!(length <= text.len());
        }
    }

    #[test]
    fn chunks_decode_the_same_however_they_are_cut(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
        cut in 1_usize..9,
    ) {
        let mut coded = Vec::new();
        for chunk in &chunks {
            coded.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            coded.extend(chunk);
            coded.extend(b"\r\n");
        }
        coded.extend(b"0\r\n\r\n");
        let plain = chunks.concat();
        let pieces: Vec<&[u8]> = coded.chunks(cut).collect();
        let expected = (String::from_utf8_lossy(&plain).into_owned(), false);
        prop_assert_eq!(body_of(Framing::Chunked, &pieces), expected);
    }

    #[test]
    fn arbitrary_chunks_are_read_without_panic(
        bytes in prop::collection::vec(prop::sample::select(b"09af;x \r\n\xff".to_vec()), 0..64),
    ) {
        let (kept, _) = body_of(Framing::Chunked, &[&bytes]);
        prop_assert!(kept.len() <= bytes.len() * 3);
    }
}
