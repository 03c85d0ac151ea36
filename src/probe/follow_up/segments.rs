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

use crate::model::{Failure, Host, Rung, SegmentBound, SegmentLadder, TcpFailure, TimeoutBy};
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
    let (bound, failure) = match connecting.await {
        Err(failure) => (SegmentBound::Both, Some(Failure::Tcp(failure))),
        Ok((stream, bound)) => {
            let now = Timestamp::now();
            let handshake = shared.settings.tls.handshake(stream, host, timeout, now);
            let failed = Box::pin(handshake).await.err();
            (bound, failed.map(|(failure, _)| Failure::Tls(failure)))
        }
    };
    Rung { segment, bound, failure, took: began.elapsed() }
}

pub(super) async fn connect(
    remote: SocketAddr,
    source: Option<IpAddr>,
    segment: Option<u16>,
    timeout: Duration,
) -> Result<(TcpStream, SegmentBound), TcpFailure> {
    let opened = open(remote, source, segment);
    let (socket, bound) = opened.map_err(|error| TcpFailure::Other(os_error(&error)))?;
    match tokio::time::timeout(timeout, socket.connect(remote)).await {
        Ok(Ok(stream)) => Ok((stream, bound)),
        Ok(Err(error)) => Err(TcpFailure::Other(os_error(&error))),
        Err(_) => Err(TcpFailure::TimedOut(TimeoutBy::Ours(timeout))),
    }
}

/// A socket that neither sends nor is sent larger segments, as far as the system can do that.
fn open(
    remote: SocketAddr,
    source: Option<IpAddr>,
    segment: Option<u16>,
) -> io::Result<(TcpSocket, SegmentBound)> {
    let socket = Socket::new(Domain::for_address(remote), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    let bound = match segment {
        Some(segment) => bind_segments(&socket, remote, segment)?,
        None => SegmentBound::Both,
    };
    if let Some(source) = source.filter(|source| source.is_ipv4() == remote.is_ipv4()) {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    Ok((TcpSocket::from_std_stream(socket.into()), bound))
}

/// By what it announces and sends: `TCP_MAXSEG`.
#[cfg(unix)]
fn bind_segments(socket: &Socket, _remote: SocketAddr, segment: u16) -> io::Result<SegmentBound> {
    socket.set_tcp_mss(u32::from(segment)).map(|()| SegmentBound::Both)
}

/// By `IP_USER_MTU`, from which Windows takes what it announces and sends; where it has no such
/// option, or not for so few bytes, by a receive window of that size, which bounds what comes.
#[cfg(windows)]
fn bind_segments(socket: &Socket, remote: SocketAddr, segment: u16) -> io::Result<SegmentBound> {
    let bytes = packet_of(remote, segment);
    if crate::probe::tcp::socket_option::bound_packets(socket, remote, bytes).is_ok() {
        return Ok(SegmentBound::Both);
    }
    socket.set_recv_buffer_size(usize::from(segment)).map(|()| SegmentBound::Incoming)
}

/// The length of a packet that holds a segment: with the headers of TCP and of IPv4 or IPv6.
#[cfg(any(windows, test))]
fn packet_of(remote: SocketAddr, segment: u16) -> u32 {
    let headers = if remote.is_ipv4() { 20 + 20 } else { 40 + 20 };
    u32::from(segment) + headers
}

#[cfg(test)]
mod packets {
    use super::*;

    /// The smallest packet that every host takes is one of the smallest segment (RFC 9293 section
    /// 3.7.1: 576 bytes less 40).
    #[test]
    fn a_packet_is_its_segment_and_two_headers() {
        for (remote, segment, expected) in [
            ("192.0.2.1:443", 536, 576),
            ("192.0.2.1:443", 1360, 1400),
            ("[2001:db8::1]:443", 1220, 1280),
        ] {
            assert_eq!(packet_of(remote.parse().unwrap(), segment), expected, "{remote}");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_sides_keep_to_the_segment_that_was_announced() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let remote = listener.local_addr().unwrap();
        let connected = connect(remote, None, Some(536), Duration::from_secs(20)).await;
        let (stream, bound) = connected.unwrap();
        assert_eq!(bound, SegmentBound::Both);
        let (accepted, _) = listener.accept().unwrap();
        let ours = socket2::SockRef::from(&stream).tcp_mss().unwrap();
        let theirs = socket2::SockRef::from(&accepted).tcp_mss().unwrap();
        // Timestamps take 12 bytes of each segment.
        assert!((500..=536).contains(&ours) && (500..=536).contains(&theirs), "{ours} {theirs}");
    }
}
