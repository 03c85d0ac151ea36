//! A handshake that was ended without an alert, begun again with an old ClientHello: a server that
//! speaks nothing newer than TLS 1.1 may close in place of an alert, and so does a filter that does
//! not want the server's name.
//!
//! On direct ways only, like the ladder of segments: beyond a proxy it would be one tunnel more for
//! each endpoint that a filter of the proxy's refuses.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::model::{
    End, Failure, Host, HostName, OldHello, OldHelloOutcome, TlsFailureKind, Trail,
};
use crate::probe::os_error::{ErrorMeaning, meaning, os_error};
use crate::probe::shared::{RunShared, Settings};
use crate::wire::old_hello::{OldHelloReply, reply, request};

/// A ServerHello begins within a few bytes; of anything longer no more is read.
const MOST_READ: usize = 1024;

/// Whether the trail gives reason to ask: the ClientHello was sent, and not a byte came back.
pub(super) fn is_asked_for(trail: &Trail) -> bool {
    match trail.end() {
        End::Failed { failure: Failure::Tls(failure), .. } => {
            failure.presented.is_none()
                && matches!(
                    failure.kind,
                    TlsFailureKind::Closed { received: 0 } | TlsFailureKind::Reset(_)
                )
        }
        _ => false,
    }
}

/// Sends the old ClientHello to `remote`; `None` where the run was ended. Connecting and the reply
/// together have one time-out: a filter that resets a connection may drop the next one, and a run
/// would wait for both steps of it.
pub(super) async fn ask(shared: &RunShared, host: &Host, remote: SocketAddr) -> Option<OldHello> {
    let Settings { timeout, source, ref connector, .. } = shared.settings;
    // The semaphore is never closed: an error cannot occur, and would only unbound.
    let _socket = shared.sockets.acquire().await.ok();
    let began = Instant::now();
    let outcome = async {
        match connector.connect(remote, source, timeout).await {
            Ok((stream, _)) => converse(stream, host.name(), began + timeout).await,
            Err(_) => OldHelloOutcome::NotConnected,
        }
    };
    let outcome = shared.stop.or(outcome).await.ok()?;
    Some(OldHello { remote, outcome, took: began.elapsed() })
}

async fn converse(
    mut stream: TcpStream,
    name: Option<&HostName>,
    deadline: Instant,
) -> OldHelloOutcome {
    let mut random = [0; 32];
    // Its quality protects nothing: no key is ever agreed.
    let _ = getrandom::fill(&mut random);
    let said = async {
        stream.write_all(&request(name.map(HostName::as_str), &random)).await?;
        let mut heard = Vec::new();
        loop {
            match reply(&heard) {
                OldHelloReply::Undecided if heard.len() < MOST_READ => {}
                said => return Ok(said),
            }
            if stream.read_buf(&mut heard).await? == 0 {
                return Ok(OldHelloReply::Undecided);
            }
        }
    };
    match timeout_at(deadline, said).await {
        Err(_) => OldHelloOutcome::Silence,
        Ok(Ok(OldHelloReply::Chosen(version))) => OldHelloOutcome::Chosen { version },
        Ok(Ok(OldHelloReply::Alert(name))) => OldHelloOutcome::Alert { name },
        Ok(Ok(OldHelloReply::Unreadable)) => OldHelloOutcome::Unreadable,
        Ok(Ok(OldHelloReply::Undecided)) => OldHelloOutcome::Closed,
        Ok(Err(error)) => match meaning(&error) {
            ErrorMeaning::Reset => OldHelloOutcome::Reset(os_error(&error)),
            ErrorMeaning::TimedOut => OldHelloOutcome::Silence,
            _ => OldHelloOutcome::Closed,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;

    /// What comes of a server that reads a ClientHello and says these bytes.
    async fn said(words: &'static [u8]) -> OldHelloOutcome {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_buf(&mut Vec::with_capacity(4096)).await.unwrap();
            stream.write_all(words).await.unwrap();
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        tokio::join!(converse(stream, None, deadline), serve).0
    }

    #[tokio::test]
    async fn every_reply_has_its_outcome() {
        let hello: &[u8] = &[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
        assert_eq!(said(hello).await, OldHelloOutcome::Chosen { version: 0x0302 });
        let alert: &[u8] = &[21, 3, 1, 0, 2, 2, 70];
        let name = "protocol_version".to_owned();
        assert_eq!(said(alert).await, OldHelloOutcome::Alert { name });
        assert_eq!(said(b"").await, OldHelloOutcome::Closed);
        assert_eq!(said(&[22, 3]).await, OldHelloOutcome::Closed);
        assert_eq!(said(b"HTTP/1.1 400 ").await, OldHelloOutcome::Unreadable);
    }
}
