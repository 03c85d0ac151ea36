//! One GET over a stream that is already there, with or without TLS.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::os_error::{Meaning, meaning, os_error};
use crate::model::{Host, HttpAnswer, HttpFailure, Whose};
use crate::wire::http::{Body, HEAD_LIMIT, Head, HeadRead, get_request, read_head};

/// How much of a body is read off the wire, bytes. Chunks of one byte take six.
const BODY_READ: usize = 8 * HttpAnswer::BODY_KEPT;
/// How much is read at a time, bytes: heads are mostly shorter.
const PIECE: usize = 2048;
/// How much of an answer that is no HTTP is kept, bytes.
const FIRST_BYTES_KEPT: usize = 256;

/// Asks `GET /` of `host` and reads the answer within `timeout`. Once its head has come, whatever
/// ends the body leaves an answer with as much of it as came. Ports 80 and 443 go without saying in
/// the Host field.
pub async fn get<S>(
    mut stream: S,
    host: &Host,
    port: u16,
    timeout: Duration,
) -> Result<(HttpAnswer, Duration), (HttpFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let request = get_request(&authority(host, port));
    let mut answer = Incoming::default();
    let outcome = timeout_at(began + timeout, converse(&mut stream, &request, &mut answer)).await;
    let took = began.elapsed();
    let stopped = match outcome {
        Ok(stopped) => stopped,
        Err(_) => Some(answer.silence(Whose::Ours(timeout))),
    };
    match (answer.head, stopped) {
        (Some((head, body)), _) => Ok((whole(head, body), took)),
        (None, Some(failure)) => Err((failure, took)),
        (None, None) => Err((HttpFailure::Closed { received: answer.received }, took)),
    }
}

/// RFC 9110 §7.2; an IPv6 address stands in brackets (RFC 3986 §3.2.2).
fn authority(host: &Host, port: u16) -> String {
    let name = match host {
        Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        host => host.to_string(),
    };
    if matches!(port, 80 | 443) { name } else { format!("{name}:{port}") }
}

/// What has come of an answer.
#[derive(Debug, Default)]
struct Incoming {
    received: usize,
    /// Bytes of a head that has not ended; interim answers are taken out.
    pending: Vec<u8>,
    /// Bytes of interim answers that were passed over.
    passed_over: usize,
    head: Option<(Head, Body)>,
}

/// Sends the request and reads until the answer is whole, or enough. `Some` is what stopped it; it
/// matters only where no head has come.
async fn converse<S>(stream: &mut S, request: &[u8], answer: &mut Incoming) -> Option<HttpFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let sent = async {
        stream.write_all(request).await?;
        stream.flush().await
    };
    // A server that refuses before it has read may have said why: its words are worth more than
    // the error of writing.
    let unsent = sent.await.err();
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        match stream.read_buf(&mut piece).await {
            Ok(0) => {
                answer.close();
                return unsent.map(|error| answer.failure(&error));
            }
            Ok(_) => match answer.push(&piece) {
                Progress::More => {}
                Progress::Enough => return None,
                Progress::Unusable(failure) => return Some(failure),
            },
            // TLS without a close_notify: an end all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                answer.close();
                return unsent.map(|error| answer.failure(&error));
            }
            Err(error) => return Some(answer.failure(unsent.as_ref().unwrap_or(&error))),
        }
    }
}

/// Whether to read on.
enum Progress {
    More,
    Enough,
    Unusable(HttpFailure),
}

impl Incoming {
    fn push(&mut self, piece: &[u8]) -> Progress {
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
            None => Progress::More,
            Some((_, body)) if body.wants_more() && self.received < HEAD_LIMIT + BODY_READ => {
                Progress::More
            }
            Some(_) => Progress::Enough,
        }
    }

    /// Reads heads off `pending`, interim ones and the last.
    fn read_heads(&mut self) -> Option<Progress> {
        loop {
            match read_head(&self.pending) {
                HeadRead::NotHttp => {
                    let kept = self.pending.len().min(FIRST_BYTES_KEPT);
                    let first_bytes = self.pending[..kept].to_vec();
                    return Some(Progress::Unusable(HttpFailure::NotHttp { first_bytes }));
                }
                HeadRead::Partial if self.passed_over + self.pending.len() >= HEAD_LIMIT => {
                    let failure = HttpFailure::HeadTooLong { limit: HEAD_LIMIT };
                    return Some(Progress::Unusable(failure));
                }
                HeadRead::Partial => return None,
                HeadRead::Done { head, length } if head.is_interim() => {
                    self.pending.drain(..length);
                    self.passed_over += length;
                }
                HeadRead::Done { head, length } => {
                    let mut body = Body::new(head.framing);
                    body.push(&self.pending[length..]);
                    self.pending = Vec::new();
                    self.head = Some((head, body));
                    return None;
                }
            }
        }
    }

    fn close(&mut self) {
        if let Some((_, body)) = &mut self.head {
            body.close();
        }
    }

    fn failure(&self, error: &io::Error) -> HttpFailure {
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            return HttpFailure::Tls { detail: error.to_string() };
        }
        let os = os_error(error);
        match meaning(error) {
            Meaning::Reset => HttpFailure::Reset(os),
            Meaning::TimedOut => self.silence(Whose::Kernel(os)),
            _ => HttpFailure::Other(os),
        }
    }

    const fn silence(&self, whose: Whose) -> HttpFailure {
        HttpFailure::TimedOut { whose, received: self.received }
    }
}

fn whole(head: Head, body: Body) -> HttpAnswer {
    let (body, is_cut) = body.finish();
    let Head { status, reason, headers, framing: _ } = head;
    HttpAnswer { status, reason, headers, body, is_cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_name_the_port_where_it_is_unusual() {
        for (host, port, expected) in [
            ("we.example", 443, "we.example"),
            ("we.example", 80, "we.example"),
            ("we.example", 8443, "we.example:8443"),
            ("::1", 443, "[::1]"),
            ("::1", 8443, "[::1]:8443"),
            ("127.0.0.1", 8080, "127.0.0.1:8080"),
        ] {
            assert_eq!(authority(&Host::parse(host).unwrap(), port), expected);
        }
    }
}
