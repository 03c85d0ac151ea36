//! A question over TCP, after a truncated answer (RFC 7766): a step with a time-out of its own.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::ids::random_id;
use super::server::Server;
use crate::model::{Answer, DnsFailure, OsError, TcpFailure, TimeoutBy};
use crate::probe::os_error::{ErrorMeaning, meaning, os_error};
use crate::probe::tcp::NotConnected;
use crate::wire::dns::{DnsQuestion, Extension};

/// Connects, asks and reads one message, at most 64 KiB.
pub(super) async fn ask(
    server: &Server,
    question: &DnsQuestion,
    extension: Extension,
) -> Result<Answer, DnsFailure> {
    let deadline = Instant::now() + server.timeout();
    let id = random_id()?;
    let (mut stream, _) = server.connect().await.map_err(stopped)?;
    let message = timeout_at(deadline, exchange(&mut stream, &question.packet(id, extension)))
        .await
        .map_err(|_| DnsFailure::TcpBlocked { os: None })??;
    let malformed = |detail: String| DnsFailure::Malformed { detail };
    let response = question
        .response(id, &message)
        .map_err(|mismatch| malformed(format!("over TCP came {mismatch}")))?;
    response.read().map_err(|error| malformed(error.to_string()))
}

/// Each message is preceded by its length (RFC 1035 §4.2.2); both go in one segment, as RFC 7766
/// §8 asks.
async fn exchange(stream: &mut TcpStream, packet: &[u8]) -> Result<Vec<u8>, DnsFailure> {
    // A question has 512 bytes at most.
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
    let framed = [&length.to_be_bytes(), packet].concat();
    stream.write_all(&framed).await.map_err(|error| broken(&error))?;
    let length = stream.read_u16().await.map_err(|error| broken(&error))?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await.map_err(|error| broken(&error))?;
    Ok(message)
}

fn broken(error: &io::Error) -> DnsFailure {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let detail = "the TCP connection was closed before the end of the answer".to_owned();
        return DnsFailure::Malformed { detail };
    }
    let os = os_error(error);
    // The kernel gave up on a segment: that is silence too.
    let os = (meaning(error) != ErrorMeaning::TimedOut).then_some(os);
    DnsFailure::TcpBlocked { os }
}

fn stopped(stopped: NotConnected) -> DnsFailure {
    match stopped {
        NotConnected::Failed(failure, _) => DnsFailure::TcpBlocked { os: system_error(failure) },
        NotConnected::Obstacle(obstacle) => DnsFailure::NotAsked(obstacle),
    }
}

fn system_error(failure: TcpFailure) -> Option<OsError> {
    match failure {
        TcpFailure::Refused(os)
        | TcpFailure::Unreachable { os, .. }
        | TcpFailure::Reset(os)
        | TcpFailure::Denied(os)
        | TcpFailure::Other(os) => Some(os),
        TcpFailure::TimedOut(TimeoutBy::Ours(_) | TimeoutBy::Kernel(_)) => None,
    }
}
