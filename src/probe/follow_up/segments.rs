//! A handshake that met silence, begun again with small segments. Where large packets are lost on
//! the way without any ICMP error (a path MTU black hole, RFC 2923 section 2.1), small ones pass.
//!
//! One more goes without a limit: a server that was merely slow answers that one too, and says
//! nothing of packets.
//!
//! On direct ways only: what is lost beyond a proxy is lost on the proxy's own connection, whose
//! segments cannot be made smaller from here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::model::{Failure, Host, Rung, SegmentLadder, TcpFailure, TimeoutBy};
use crate::probe::os_error::os_error;
use crate::probe::shared::{RunShared, Settings};

/// The sizes that are tried: from what a tunnel in a tunnel leaves of 1,500 bytes down to what
/// every host takes (RFC 9293 section 3.7.1).
const SEGMENTS: [Option<u16>; 6] = [None, Some(1360), Some(1220), Some(1000), Some(768), Some(536)];

/// Tries all rungs at once, as one takes as long as another; `None` where the run was ended.
pub(super) async fn climb(
    shared: &RunShared,
    host: &Host,
    remote: SocketAddr,
) -> Option<SegmentLadder> {
    let rungs = SEGMENTS.map(|segment| step(shared, host, remote, segment));
    let rungs = shared.stop.or(futures_util::future::join_all(rungs)).await.ok()?;
    Some(SegmentLadder { remote, rungs })
}

async fn step(shared: &RunShared, host: &Host, remote: SocketAddr, segment: Option<u16>) -> Rung {
    let Settings { timeout, source, ref connector, .. } = shared.settings;
    // The semaphore is never closed: an error cannot occur, and would only unbound.
    let _socket = shared.sockets.acquire().await.ok();
    let began = Instant::now();
    let connecting = async {
        let remote =
            connector.address_of(remote).map_err(|error| TcpFailure::Other(os_error(&error)))?;
        connect(remote, source, segment, timeout).await
    };
    let failure = match connecting.await {
        Err(failure) => Some(Failure::Tcp(failure)),
        Ok(stream) => {
            let now = Timestamp::now();
            let handshake = shared.settings.tls.handshake(stream, host, timeout, now);
            Box::pin(handshake).await.err().map(|(failure, _)| Failure::Tls(failure))
        }
    };
    Rung { segment, failure, took: began.elapsed() }
}

async fn connect(
    remote: SocketAddr,
    source: Option<IpAddr>,
    segment: Option<u16>,
    timeout: Duration,
) -> Result<TcpStream, TcpFailure> {
    let socket = open(remote, source, segment).map_err(|error| TcpFailure::Other(os_error(&error)));
    match tokio::time::timeout(timeout, socket?.connect(remote)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(TcpFailure::Other(os_error(&error))),
        Err(_) => Err(TcpFailure::TimedOut(TimeoutBy::Ours(timeout))),
    }
}

/// A socket that neither sends nor is sent larger segments: on Unix by what it announces
/// (`TCP_MAXSEG`), on Windows, which has no such option, by a receive window of that size.
fn open(remote: SocketAddr, source: Option<IpAddr>, segment: Option<u16>) -> io::Result<TcpSocket> {
    let socket = Socket::new(Domain::for_address(remote), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if let Some(segment) = segment {
        #[cfg(unix)]
        socket.set_tcp_mss(u32::from(segment))?;
        #[cfg(not(unix))]
        socket.set_recv_buffer_size(usize::from(segment))?;
    }
    if let Some(source) = source.filter(|source| source.is_ipv4() == remote.is_ipv4()) {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    Ok(TcpSocket::from_std_stream(socket.into()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_sides_keep_to_the_segment_that_was_announced() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let remote = listener.local_addr().unwrap();
        let stream = connect(remote, None, Some(536), Duration::from_secs(20)).await.unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let ours = socket2::SockRef::from(&stream).tcp_mss().unwrap();
        let theirs = socket2::SockRef::from(&accepted).tcp_mss().unwrap();
        // Timestamps take 12 bytes of each segment.
        assert!((500..=536).contains(&ours) && (500..=536).contains(&theirs), "{ours} {theirs}");
    }
}
