//! One GET over a stream that is already there, with or without TLS.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::os_error::{ErrorMeaning, meaning, os_error};
use crate::model::{Host, HttpAnswer, HttpFailure, TimeoutBy};
use crate::wire::connect::bracketed;
use crate::wire::http::{
    AnswerProgress, HttpReply, Incoming, Method, get_request, upgrade_request,
};

/// How much is read at a time, bytes: heads are mostly shorter.
const PIECE: usize = 2048;

/// Asks `GET /` of `host` and reads the answer within `timeout`. Once its head has come, whatever
/// ends the body leaves an answer with as much of it as came. Ports 80 and 443 go without saying in
/// the Host field.
pub async fn get<S>(
    stream: S,
    host: &Host,
    port: u16,
    timeout: Duration,
) -> Result<(HttpAnswer, Duration), (HttpFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fetch(stream, host, port, "/", timeout).await
}

/// Asks like [`get`], for another path and query, which hold no blanks.
pub async fn fetch<S>(
    mut stream: S,
    host: &Host,
    port: u16,
    path: &str,
    timeout: Duration,
) -> Result<(HttpAnswer, Duration), (HttpFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    answer_to(&mut stream, &get_request(path, &authority(host, port)), timeout).await
}

/// Asks for a WebSocket on a path of the relay's, as a listener does (Microsoft,
/// relay-hybrid-connections-protocol), but without a token, and reads the answer.
pub async fn upgrade<S>(
    mut stream: S,
    host: &Host,
    port: u16,
    timeout: Duration,
) -> Result<(HttpAnswer, Duration), (HttpFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    answer_to(&mut stream, &upgrade_request(&authority(host, port)), timeout).await
}

async fn answer_to<S>(
    stream: &mut S,
    request: &[u8],
    timeout: Duration,
) -> Result<(HttpAnswer, Duration), (HttpFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let reply = ask(stream, request, Method::Get, began, timeout).await;
    let took = began.elapsed();
    match reply {
        Ok(reply) => Ok((reply.answer, took)),
        Err(failure) => Err((failure, took)),
    }
}

/// The Host field's value (RFC 9110 §7.2).
fn authority(host: &Host, port: u16) -> String {
    let name = bracketed(host);
    if matches!(port, 80 | 443) { name } else { format!("{name}:{port}") }
}

/// Sends `request` and reads the answer, until `timeout` after `began`.
pub(super) async fn ask<S>(
    stream: &mut S,
    request: &[u8],
    method: Method,
    began: Instant,
    timeout: Duration,
) -> Result<HttpReply, HttpFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut incoming = Incoming::new(method);
    let conversation = converse(stream, request, &mut incoming);
    let stopped = match timeout_at(began + timeout, conversation).await {
        Ok(stopped) => stopped,
        Err(_) => Some(silence(&incoming, TimeoutBy::Ours(timeout))),
    };
    let received = incoming.received();
    // What ended the stream behind an answer's head takes nothing from the answer.
    incoming.finish().ok_or_else(|| stopped.unwrap_or(HttpFailure::Closed { received }))
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
    // A server that refuses before it has read may have sent its reason: that is worth more than
    // the error of writing.
    let unsent = sent.await.err();
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        match stream.read_buf(&mut piece).await {
            Ok(0) => {
                answer.close();
                return unsent.map(|error| failure(answer, &error));
            }
            Ok(_) => match answer.push(&piece) {
                AnswerProgress::More => {}
                AnswerProgress::Enough => return None,
                AnswerProgress::NotHttp { first_bytes } => {
                    return Some(HttpFailure::NotHttp { first_bytes });
                }
                AnswerProgress::HeadTooLong { limit } => {
                    return Some(HttpFailure::HeadTooLong { limit });
                }
            },
            // TLS without a close_notify: an end all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                answer.close();
                return unsent.map(|error| failure(answer, &error));
            }
            Err(error) => return Some(failure(answer, unsent.as_ref().unwrap_or(&error))),
        }
    }
}

fn failure(answer: &Incoming, error: &io::Error) -> HttpFailure {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return HttpFailure::Tls { detail: error.to_string() };
    }
    let os = os_error(error);
    match meaning(error) {
        ErrorMeaning::Reset => HttpFailure::Reset(os),
        ErrorMeaning::TimedOut => silence(answer, TimeoutBy::Kernel(os)),
        _ => HttpFailure::Other(os),
    }
}

const fn silence(answer: &Incoming, whose: TimeoutBy) -> HttpFailure {
    HttpFailure::TimedOut { whose, received: answer.received() }
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
