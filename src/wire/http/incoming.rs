//! An answer as it comes in, piece by piece, wherever the stream cuts it.
//!
//! The parent re-exports this file, whose limits and types of a head it shares.

use super::{Framing, HEAD_LIMIT, HeadRead, HttpBody, HttpHead, read_head};
use data_encoding::BASE64;

use crate::model::{HttpAnswer, SignInScheme};

/// How much of a body is read off the wire, bytes. Chunks of one byte take six.
const BODY_READ: usize = 8 * HttpAnswer::BODY_KEPT;
/// How much of an answer that is not HTTP is kept, bytes.
const FIRST_BYTES_KEPT: usize = 256;

/// What the answer is to: it decides where the answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A body follows the head.
    Get,
    /// After a head of 2xx the stream is the far end's, whatever the head says of a body (RFC 9110
    /// §9.3.6).
    Connect,
}

/// What has come of an answer.
#[derive(Debug)]
pub struct Incoming {
    method: Method,
    received: usize,
    /// Bytes of a head that has not ended; interim answers are taken out.
    pending: Vec<u8>,
    /// Bytes of interim answers that were passed over.
    passed_over: usize,
    head: Option<(HttpHead, HttpBody)>,
    /// The far end's first bytes, where a tunnel was opened.
    tunnelled: Option<Vec<u8>>,
}

/// Whether to read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerProgress {
    /// More is to come.
    More,
    /// The answer is whole, or as much of it has come as is kept.
    Enough,
    /// The bytes are not HTTP.
    NotHttp {
        /// What came, at most 256 bytes.
        first_bytes: Vec<u8>,
    },
    /// The head did not end within `limit` bytes.
    HeadTooLong {
        /// How much was read.
        limit: usize,
    },
}

/// An answer, and whether the stream is the far end's from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The answer with as much of its body as is kept.
    pub answer: HttpAnswer,
    /// The tunnel's first bytes, where one was opened; they came with the head.
    pub tunnelled: Option<Vec<u8>>,
    /// The messages of a sign-in to a proxy, which the answer itself no longer holds.
    pub messages: Vec<(SignInScheme, Vec<u8>)>,
    /// Whether the connection takes another request: the answer is whole, and says nothing else.
    pub is_open: bool,
}

impl Incoming {
    /// An answer of which nothing has come.
    #[must_use]
    pub const fn new(method: Method) -> Self {
        Self {
            method,
            received: 0,
            pending: Vec::new(),
            passed_over: 0,
            head: None,
            tunnelled: None,
        }
    }

    /// How many bytes have come.
    #[must_use]
    pub const fn received(&self) -> usize {
        self.received
    }

    /// Takes bytes that have come. After anything but [`AnswerProgress::More`] no more are taken.
    pub fn push(&mut self, piece: &[u8]) -> AnswerProgress {
        self.received += piece.len();
        if let Some((_, body)) = &mut self.head {
            body.push(piece);
        } else {
            self.pending.extend_from_slice(piece);
            if let Some(stop) = self.read_heads() {
                return stop;
            }
        }
        match &self.head {
            None => AnswerProgress::More,
            Some((head, body))
                if (body.wants_more() || is_read_out(head, body))
                    && self.received < HEAD_LIMIT + BODY_READ =>
            {
                AnswerProgress::More
            }
            Some(_) => AnswerProgress::Enough,
        }
    }

    /// Reads heads off `pending`, interim ones and the last.
    fn read_heads(&mut self) -> Option<AnswerProgress> {
        loop {
            match read_head(&self.pending) {
                HeadRead::NotHttp => {
                    let kept = self.pending.len().min(FIRST_BYTES_KEPT);
                    let first_bytes = self.pending[..kept].to_vec();
                    return Some(AnswerProgress::NotHttp { first_bytes });
                }
                HeadRead::Partial if self.passed_over + self.pending.len() >= HEAD_LIMIT => {
                    return Some(AnswerProgress::HeadTooLong { limit: HEAD_LIMIT });
                }
                HeadRead::Partial => return None,
                HeadRead::Done { head, length } if head.is_interim() => {
                    self.pending.drain(..length);
                    self.passed_over += length;
                }
                HeadRead::Done { head, length } => {
                    let rest = self.pending.split_off(length);
                    self.pending = Vec::new();
                    self.begin_body(head, rest);
                    return None;
                }
            }
        }
    }

    fn begin_body(&mut self, head: HttpHead, rest: Vec<u8>) {
        let is_tunnel = self.method == Method::Connect && matches!(head.status, 200..=299);
        let mut body = HttpBody::new(if is_tunnel { Framing::Empty } else { head.framing });
        if is_tunnel {
            self.tunnelled = Some(rest);
        } else {
            body.push(&rest);
        }
        self.head = Some((head, body));
    }

    /// Takes note that the stream has ended.
    pub fn close(&mut self) {
        if let Some((_, body)) = &mut self.head {
            body.close();
        }
    }

    /// The answer, if its head has come: with as much of its body as came.
    #[must_use]
    pub fn finish(self) -> Option<HttpReply> {
        let (head, body) = self.head?;
        let is_open = body.is_whole() && head.framing != Framing::UntilClose && !is_last(&head);
        let (body, is_cut) = body.finish();
        let HttpHead { status, reason, headers, framing: _ } = head;
        let answer = HttpAnswer { status, reason, headers, body, is_cut };
        let messages = messages(&answer);
        let answer = answer.without_secrets();
        Some(HttpReply { answer, tunnelled: self.tunnelled, messages, is_open })
    }
}

/// Whether a body is read to its end though no more of it is kept: a sign-in goes on behind it.
fn is_read_out(head: &HttpHead, body: &HttpBody) -> bool {
    const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;
    head.status == PROXY_AUTHENTICATION_REQUIRED
        && head.framing != Framing::UntilClose
        && !body.is_over()
}

/// Whether the far end says that it ends the connection behind this answer.
fn is_last(head: &HttpHead) -> bool {
    head.headers.iter().any(|(name, value)| {
        let is_of_connection = ["Connection", "Proxy-Connection"]
            .iter()
            .any(|of_connection| name.eq_ignore_ascii_case(of_connection));
        is_of_connection && value.split(',').any(|word| word.trim().eq_ignore_ascii_case("close"))
    })
}

fn messages(answer: &HttpAnswer) -> Vec<(SignInScheme, Vec<u8>)> {
    let decoded = answer.proxy_challenges().filter_map(|challenge| {
        let scheme = SignInScheme::of_name(challenge.scheme)?;
        Some((scheme, BASE64.decode(challenge.token?.as_bytes()).ok()?))
    });
    decoded.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of `pieces`, and what was left over for the tunnel.
    fn read(method: Method, pieces: &[&[u8]]) -> (AnswerProgress, Option<HttpReply>) {
        let mut incoming = Incoming::new(method);
        let mut pieces = pieces.iter();
        let mut progress = AnswerProgress::More;
        while progress == AnswerProgress::More
            && let Some(piece) = pieces.next()
        {
            progress = incoming.push(piece);
        }
        let mut reply = incoming.finish();
        // Pieces that were not read belong to the next reader of the stream.
        if let Some(tunnelled) = reply.as_mut().and_then(|reply| reply.tunnelled.as_mut()) {
            pieces.for_each(|piece| tunnelled.extend_from_slice(piece));
        }
        (progress, reply)
    }

    fn reply(method: Method, bytes: &str) -> HttpReply {
        read(method, &[bytes.as_bytes()]).1.unwrap()
    }

    #[test]
    fn after_consent_the_stream_is_the_far_ends() {
        for (head, tunnelled) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", "\x16\x03\x03"),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"),
            ("HTTP/1.1 204 Fine\r\nTransfer-Encoding: chunked\r\n\r\n", ""),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 Odd\r\n\r\n", "HTTP/1.1 500 x\r\n\r\n"),
        ] {
            let reply = reply(Method::Connect, &format!("{head}{tunnelled}"));
            assert_eq!(reply.tunnelled.as_deref(), Some(tunnelled.as_bytes()), "{head}");
            assert_eq!((reply.answer.body.as_str(), reply.answer.is_cut), ("", false), "{head}");
        }
    }

    #[test]
    fn anything_else_is_an_answer_with_its_body() {
        for (method, status) in [
            (Method::Get, "200 OK"),
            (Method::Connect, "101 Switching Protocols"),
            (Method::Connect, "302 Found"),
            (Method::Connect, "407 Proxy Authentication Required"),
            (Method::Connect, "503 Service Unavailable"),
        ] {
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nwords");
            let reply = reply(method, &answer);
            assert_eq!(reply.tunnelled, None, "{status}");
            let body = if status.starts_with("101") { "" } else { "words" };
            assert_eq!(reply.answer.body, body, "{status}");
        }
    }

    #[test]
    fn what_is_no_head_says_so() {
        let long = format!("HTTP/1.1 200 OK\r\n{}", "A: b\r\n".repeat(HEAD_LIMIT / 6));
        for (bytes, expected) in [
            ("", AnswerProgress::More),
            ("HTTP/1.1 200 OK\r\n", AnswerProgress::More),
            ("220 mail\r\n", AnswerProgress::NotHttp { first_bytes: b"220 mail\r\n".to_vec() }),
            (&long, AnswerProgress::HeadTooLong { limit: HEAD_LIMIT }),
        ] {
            let (progress, reply) = read(Method::Connect, &[bytes.as_bytes()]);
            assert_eq!((progress, reply), (expected, None));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>, connects: bool) {
            let method = if connects { Method::Connect } else { Method::Get };
            read(method, &[&bytes]);
            read(method, &[b"HTTP/1.1 200 OK\r\n", &bytes, b"\r\n\r\n", &bytes]);
        }

        #[test]
        fn any_split_gives_the_same_answer(
            status in prop::sample::select(vec![200, 201, 403, 407, 503]),
            field in "[A-Za-z-]{1,12}: [ -~]{0,40}",
            rest: Vec<u8>,
            cuts in prop::collection::vec(0_usize..400, 0..12),
            connects: bool,
        ) {
            let method = if connects { Method::Connect } else { Method::Get };
            let mut bytes = format!(
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 {status} Words\r\n{field}\r\n\r\n"
            ).into_bytes();
            bytes.extend(rest);
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut at = 0;
            for cut in cuts {
                pieces.push(&bytes[at..cut]);
                at = cut;
            }
            pieces.push(&bytes[at..]);
            prop_assert_eq!(read(method, &pieces).1, read(method, &[&bytes]).1);
        }
    }
}
