//! HTTP/1.1 (RFC 9112) as far as one GET needs it: a request, a head, the beginning of a body.

mod incoming;

use crate::model::HttpAnswer;

pub use self::incoming::{AnswerProgress, HttpReply, Incoming, Method};

/// How long a head may be, bytes; interim answers before it count.
pub const HEAD_LIMIT: usize = 32 * 1024;
/// How many header fields are kept.
const HEADERS_KEPT: usize = 128;
/// No head within [`HEAD_LIMIT`] holds more fields: `a:` and a line feed is the shortest.
const HEADERS_POSSIBLE: usize = HEAD_LIMIT / 3;

/// The request `GET` of `target`, a path and query without blanks, for `authority` (RFC 9110 §7.2:
/// a host, with its port where that is not the default).
#[must_use]
pub fn get_request(target: &str, authority: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: pathproof/{version}\r\n\
         Accept: */*\r\nConnection: close\r\n\r\n",
        version = env!("CARGO_PKG_VERSION"),
    )
    .into_bytes()
}

/// The upgrade to a WebSocket (RFC 6455 §4.1) that a listener of Azure Relay asks for. The key
/// proves nothing without a token, so it is the same each time.
#[must_use]
pub fn upgrade_request(authority: &str) -> Vec<u8> {
    format!(
        "GET /$hc/pathproof?sb-hc-action=listen HTTP/1.1\r\nHost: {authority}\r\n\
         User-Agent: pathproof/{version}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGF0aHByb29mLWNoZWNrIQ==\r\n\r\n",
        version = env!("CARGO_PKG_VERSION"),
    )
    .into_bytes()
}

/// What the bytes received so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadRead {
    /// Nothing against a head, but its end has not come.
    Partial,
    /// A head of `length` bytes; what follows is body.
    Done {
        /// The head, read.
        head: HttpHead,
        /// How many bytes the head takes.
        length: usize,
    },
    /// The bytes are not an answer by HTTP/1.
    NotHttp,
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpHead {
    /// The status code.
    pub status: u16,
    /// The reason phrase, which may be empty.
    pub reason: String,
    /// The first fields, names as sent.
    pub headers: Vec<(String, String)>,
    /// How the body ends.
    pub framing: Framing,
}

/// How a body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// The body ends after this many bytes.
    Length(u64),
    /// The body ends with its last chunk.
    Chunked,
    /// The body ends with the connection.
    UntilClose,
}

impl HttpHead {
    /// Whether another answer follows this one (RFC 9110 §15.2). 101 is final: it ends HTTP.
    #[must_use]
    pub const fn is_interim(&self) -> bool {
        matches!(self.status, 100..=199) && self.status != 101
    }
}

/// Reads a head out of what has come, leniently: middleboxes write loose HTTP, and what they say is
/// the evidence.
#[must_use]
pub fn read_head(bytes: &[u8]) -> HeadRead {
    const START: &[u8] = b"HTTP/1.";
    let common = bytes.len().min(START.len());
    if bytes[..common] != START[..common] {
        return HeadRead::NotHttp;
    }
    if !has_head_end(bytes) {
        return HeadRead::Partial;
    }
    let mut few = [httparse::EMPTY_HEADER; HEADERS_KEPT];
    match parse(bytes, &mut few) {
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![httparse::EMPTY_HEADER; HEADERS_POSSIBLE];
            parse(bytes, &mut many).unwrap_or(HeadRead::NotHttp)
        }
        read => read.unwrap_or(HeadRead::NotHttp),
    }
}

/// The end is looked for before the head is parsed, so that one which dribbles in is parsed once.
fn has_head_end(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|end| end == b"\n\r\n")
}

fn parse<'b>(
    bytes: &'b [u8],
    fields: &mut [httparse::Header<'b>],
) -> Result<HeadRead, httparse::Error> {
    let mut config = httparse::ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    let mut response = httparse::Response::new(fields);
    let httparse::Status::Complete(length) = config.parse_response(&mut response, bytes)? else {
        return Ok(HeadRead::Partial);
    };
    let status = response.code.unwrap_or_default();
    let framing = framing(status, response.headers);
    let headers = response
        .headers
        .iter()
        .take(HEADERS_KEPT)
        .map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned()))
        .collect();
    let reason = response.reason.unwrap_or_default().to_owned();
    Ok(HeadRead::Done { head: HttpHead { status, reason, headers, framing }, length })
}

/// RFC 9112 §6.3. A length that cannot be read, or two that differ, is none: the body is read for
/// its words, and no second answer follows it.
fn framing(status: u16, fields: &[httparse::Header<'_>]) -> Framing {
    if matches!(status, 100..=199 | 204 | 304) {
        return Framing::Empty;
    }
    let values = |name: &'static str| {
        fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    };
    let is_chunked = values("transfer-encoding")
        .any(|value| value.to_ascii_lowercase().trim_ascii().ends_with(b"chunked"));
    if is_chunked {
        return Framing::Chunked;
    }
    let mut lengths =
        values("content-length").map(|value| str::from_utf8(value).ok()?.trim().parse().ok());
    match lengths.next() {
        Some(Some(length)) if lengths.all(|other| other == Some(length)) => Framing::Length(length),
        _ => Framing::UntilClose,
    }
}

/// The beginning of a body, decoded as it comes.
#[derive(Debug)]
pub struct HttpBody {
    kept: Vec<u8>,
    /// How many bytes are kept at most.
    room: usize,
    rest: Rest,
    has_overflowed: bool,
}

/// What is still to come.
#[derive(Debug)]
enum Rest {
    Nothing,
    Bytes(u64),
    UntilClose,
    Chunks(Chunk),
    /// Chunks that cannot be read: what came before them is kept.
    Broken,
}

/// Where in the chunked coding the next byte stands (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug)]
enum Chunk {
    Size { value: u64, digits: u8 },
    Extension { size: u64 },
    Data { left: u64 },
    DataEnd,
    Trailer { line: usize },
}

const CHUNK_START: Chunk = Chunk::Size { value: 0, digits: 0 };

impl HttpBody {
    /// A body of which nothing has come.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self::with_room(framing, HttpAnswer::BODY_KEPT)
    }

    /// A body of which nothing has come, and at most `room` bytes will be kept.
    #[must_use]
    pub const fn with_room(framing: Framing, room: usize) -> Self {
        let rest = match framing {
            Framing::Empty | Framing::Length(0) => Rest::Nothing,
            Framing::Length(length) => Rest::Bytes(length),
            Framing::Chunked => Rest::Chunks(CHUNK_START),
            Framing::UntilClose => Rest::UntilClose,
        };
        Self { kept: Vec::new(), room, rest, has_overflowed: false }
    }

    /// Whether more of it is of use.
    #[must_use]
    pub const fn wants_more(&self) -> bool {
        !self.has_overflowed && !matches!(self.rest, Rest::Nothing | Rest::Broken)
    }

    /// Takes bytes that have come.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.rest {
            Rest::Nothing | Rest::Broken => {}
            Rest::UntilClose => self.keep(bytes),
            Rest::Bytes(left) => {
                let (taken, left) = take(bytes, left);
                self.keep(taken);
                self.rest = if left == 0 { Rest::Nothing } else { Rest::Bytes(left) };
            }
            Rest::Chunks(chunk) => self.push_chunked(chunk, bytes),
        }
    }

    /// Takes note that the stream has ended.
    pub fn close(&mut self) {
        if matches!(self.rest, Rest::UntilClose) {
            self.rest = Rest::Nothing;
        }
    }

    /// What was kept, and whether there was or would have been more.
    #[must_use]
    pub fn finish(self) -> (String, bool) {
        let is_cut = self.has_overflowed || !self.is_whole();
        (String::from_utf8_lossy(&self.kept).into_owned(), is_cut)
    }

    /// Whether nothing more of it can be read.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.rest, Rest::Nothing | Rest::Broken)
    }

    /// Whether its end has come.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self.rest, Rest::Nothing)
    }

    /// Whether there was more than is kept.
    #[must_use]
    pub const fn has_overflowed(&self) -> bool {
        self.has_overflowed
    }

    /// The bytes that were kept.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.kept
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.room - self.kept.len();
        self.has_overflowed |= bytes.len() > room;
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn push_chunked(&mut self, mut chunk: Chunk, mut bytes: &[u8]) {
        while let [byte, after @ ..] = bytes {
            let next = match (chunk, *byte) {
                (Chunk::Data { left }, _) => {
                    let (taken, left) = take(bytes, left);
                    self.keep(taken);
                    bytes = &bytes[taken.len()..];
                    chunk = if left == 0 { Chunk::DataEnd } else { Chunk::Data { left } };
                    continue;
                }
                (Chunk::Size { value, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F')
                    if digits < 15 =>
                {
                    // 15 hexadecimal digits fit into 64 bits.
                    let digit = char::from(*byte).to_digit(16).map_or(0, u64::from);
                    Some(Chunk::Size { value: value * 16 + digit, digits: digits + 1 })
                }
                (Chunk::Size { value, digits: 1.. }, b'\n') => Some(after_size(value)),
                (Chunk::Size { value, digits: 1.. }, b'\r' | b' ' | b'\t' | b';') => {
                    Some(Chunk::Extension { size: value })
                }
                (Chunk::Size { .. }, _) => None,
                (Chunk::Extension { size }, b'\n') => Some(after_size(size)),
                (Chunk::Extension { size }, _) => Some(Chunk::Extension { size }),
                (Chunk::DataEnd, b'\r') => Some(Chunk::DataEnd),
                (Chunk::DataEnd, b'\n') => Some(CHUNK_START),
                (Chunk::DataEnd, _) => None,
                (Chunk::Trailer { line: 0 }, b'\n') => {
                    self.rest = Rest::Nothing;
                    return;
                }
                (Chunk::Trailer { .. }, b'\n') => Some(Chunk::Trailer { line: 0 }),
                (Chunk::Trailer { line }, b'\r') => Some(Chunk::Trailer { line }),
                (Chunk::Trailer { line }, _) => Some(Chunk::Trailer { line: line + 1 }),
            };
            let Some(next) = next else {
                self.rest = Rest::Broken;
                return;
            };
            chunk = next;
            bytes = after;
        }
        self.rest = Rest::Chunks(chunk);
    }
}

/// A chunk of size 0 is the last; trailer lines follow it.
const fn after_size(size: u64) -> Chunk {
    if size == 0 { Chunk::Trailer { line: 0 } } else { Chunk::Data { left: size } }
}

/// The first `wanted` of `bytes`, and how many are still wanted after them.
fn take(bytes: &[u8], wanted: u64) -> (&[u8], u64) {
    let taken = usize::try_from(wanted).map_or(bytes.len(), |wanted| wanted.min(bytes.len()));
    (&bytes[..taken], wanted - taken as u64)
}

#[cfg(test)]
mod tests;
