use proptest::prelude::*;

use super::*;

const LOGIN: Login<'_> = Login { user: "u", password: "pa" };
const LOGIN_MESSAGE: &[u8] = b"\x01\x01u\x02pa";

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

fn dialogue(login: Option<Login<'_>>) -> Dialogue {
    Dialogue::new(&host("we.example"), 443, login).0
}

const REQUEST: &[u8] = b"\x05\x01\x00\x03\x0awe.example\x01\xbb";

#[test]
fn the_greeting_offers_what_we_have() {
    let long = "x".repeat(256);
    for (login, expected) in [
        (None, &[5, 1, 0][..]),
        (Some(LOGIN), &[5, 2, 0, 2]),
        (Some(Login { user: &long, password: "" }), &[5, 1, 0]),
        (Some(Login { user: "u", password: &long }), &[5, 1, 0]),
    ] {
        let (dialogue, greeting) = Dialogue::new(&host("we.example"), 443, login);
        assert_eq!(greeting, expected);
        assert_eq!(dialogue.offers_login(), expected.len() == 4);
    }
}

#[test]
fn the_far_end_is_named_as_it_was_given() {
    for (name, expected) in [
        ("we.example", REQUEST),
        ("10.0.0.7", b"\x05\x01\x00\x01\x0a\x00\x00\x07\x01\xbb"),
        ("2001:db8::7", b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x01\xbb"),
    ] {
        let (mut dialogue, _) = Dialogue::new(&host(name), 443, None);
        assert_eq!(
            dialogue.push(&[5, 0]),
            SocksStep { send: expected.to_vec(), end: None },
            "{name}"
        );
    }
}

#[test]
fn tunnels_are_granted_with_what_came_behind_the_reply() {
    for (reply, bound) in [
        (&b"\x05\x00\x00\x01\x0a\x00\x00\x08\x9c\xb0"[..], "10.0.0.8:40112"),
        (b"\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50", "[::1]:80"),
        (b"\x05\x00\x00\x03\x03abc\x00\x50", "abc:80"),
        (b"\x05\x00\x00\x03\x04a\x00\xffb\x00\x50", "a\0\u{fffd}b:80"),
    ] {
        for login in [None, Some(LOGIN)] {
            let mut dialogue = dialogue(login);
            let first = if login.is_some() { &[5, 2, 1, 0][..] } else { &[5, 0] };
            let said = match login {
                Some(_) => [LOGIN_MESSAGE, REQUEST].concat(),
                None => REQUEST.to_vec(),
            };
            assert_eq!(dialogue.push(first), SocksStep { send: said, end: None });
            let turn = dialogue.push(&[reply, b"\x16hello"].concat());
            let granted = Granted { bound: bound.to_owned(), tunnelled: b"\x16hello".to_vec() };
            assert_eq!(turn, SocksStep { send: Vec::new(), end: Some(Ok(granted)) });
        }
    }
}

#[test]
fn refusals_are_told_apart() {
    for (login, bytes, expected) in [
        (None, &b"\x05\xff"[..], SocksRefusal::NoMethod),
        (Some(LOGIN), b"\x05\xff", SocksRefusal::NoMethod),
        (None, b"\x05\x02", SocksRefusal::NoMethod),
        // GSSAPI was not offered.
        (None, b"\x05\x01", SocksRefusal::NotSocks),
        (None, b"\x04\x5b", SocksRefusal::NotSocks),
        (None, b"HTTP/1.1 400 Bad Request\r\n", SocksRefusal::NotSocks),
        (None, b"H", SocksRefusal::NotSocks),
        (Some(LOGIN), b"\x05\x02\x01\x01", SocksRefusal::Rejected),
        (Some(LOGIN), b"\x05\x02\x05\xff", SocksRefusal::Rejected),
        (Some(LOGIN), b"\x05\x02\x05\x00\x05\x02", SocksRefusal::Reply(2)),
        (None, b"\x05\x00\x04", SocksRefusal::NotSocks),
        (None, b"\x05\x00\x05\x00\x00\x09", SocksRefusal::NotSocks),
    ] {
        let end = dialogue(login).push(bytes).end;
        assert_eq!(end, Some(Err(expected)), "{bytes:?}");
    }
    for code in 1..=u8::MAX {
        let end = dialogue(None).push(&[5, 0, 5, code, 0, 1]).end;
        assert_eq!(end, Some(Err(SocksRefusal::Reply(code))));
    }
}

#[test]
fn less_than_a_reply_is_waited_for() {
    let whole = b"\x05\x00\x05\x00\x00\x03\x03abc\x00\x50";
    for length in 0..whole.len() {
        assert_eq!(dialogue(None).push(&whole[..length]).end, None, "{length}");
    }
    assert!(dialogue(None).push(whole).end.is_some());
}

/// All that is said to a proxy that says `bytes` in these pieces, and how it ends. What comes
/// behind the end is the tunnel's.
fn conversation<'b>(
    has_login: bool,
    pieces: impl IntoIterator<Item = &'b [u8]>,
) -> (Vec<u8>, Option<Result<Granted, SocksRefusal>>) {
    let mut dialogue = dialogue(has_login.then_some(LOGIN));
    let mut said = Vec::new();
    let mut end: Option<Result<Granted, SocksRefusal>> = None;
    for piece in pieces {
        match &mut end {
            None => {
                let turn = dialogue.push(piece);
                said.extend(turn.send);
                end = turn.end;
            }
            Some(Ok(granted)) => granted.tunnelled.extend_from_slice(piece),
            Some(Err(_)) => {}
        }
    }
    (said, end)
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_end_alike(
        // Bytes that lead deep are drawn more often than others.
        bytes in prop::collection::vec(
            prop_oneof![3 => prop::sample::select(vec![0_u8, 1, 2, 3, 4, 5]), 1 => any::<u8>()],
            0..40,
        ),
        has_login: bool,
        size in 1_usize..8,
    ) {
        let whole = conversation(has_login, [&bytes[..]]);
        let pieces = conversation(has_login, bytes.chunks(size));
        prop_assert_eq!(whole, pieces);
    }
}
