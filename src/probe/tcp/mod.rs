//! One TCP connect to one address, and what its error means.

#[cfg(windows)]
pub(super) mod initial_rto;
#[cfg(target_os = "linux")]
mod retransmissions;
#[cfg(windows)]
pub(super) mod socket_option;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use super::os_error::{ErrorMeaning, meaning, os_error};
use crate::model::{Obstacle, TcpFailure, TimeoutBy, Unreachable};

/// A connect that made no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotConnected {
    /// The network or the far end refused, or gave no answer, after this long.
    Failed(TcpFailure, Duration),
    /// This host could not ask.
    Obstacle(Obstacle),
}

/// What is known of a connect from its first SYN on, also where it fails or is given up: a firewall
/// log is searched by address and port.
#[derive(Debug, Default)]
pub struct Attempt {
    at: OnceLock<Timestamp>,
    local: OnceLock<SocketAddr>,
    syns: AtomicU32,
}

impl Attempt {
    /// When its first SYN left.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.at.get().copied()
    }

    /// The local address; of several attempts, the first one's.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.local.get().copied()
    }

    /// How many SYNs were sent, where the system says so.
    #[must_use]
    pub fn syns(&self) -> Option<u32> {
        Some(self.syns.load(Ordering::Relaxed)).filter(|syns| *syns > 0)
    }

    /// Takes note of where the socket that connects is bound.
    fn leaves_from(&self, socket: &Socket, remote: SocketAddr, source: Option<IpAddr>) {
        self.at.get_or_init(Timestamp::now);
        let bound = socket.local_addr().ok().and_then(|local| local.as_socket());
        let Some(mut local) = bound.filter(|local| local.port() != 0) else { return };
        if local.ip().is_unspecified() {
            // Windows chooses the port at once and says the address once connected: until then the
            // routing table says it.
            let Ok(routed) = routed(remote, source) else { return };
            local.set_ip(routed.ip());
        }
        let _ = self.local.set(local);
    }

    fn sent(&self, syns: u32) {
        self.syns.fetch_add(syns, Ordering::Relaxed);
    }
}

/// Connects to `remote`, from `source` where one is given, within `timeout`. The duration is from
/// the SYN to the answer.
pub async fn connect(
    remote: SocketAddr,
    source: Option<IpAddr>,
    timeout: Duration,
) -> Result<(TcpStream, Duration), NotConnected> {
    connect_noting(remote, source, timeout, &Attempt::default()).await
}

/// Connects like [`connect`], and notes in `attempt` what becomes known on the way: it stays where
/// the caller gives up.
pub async fn connect_noting(
    remote: SocketAddr,
    source: Option<IpAddr>,
    timeout: Duration,
    attempt: &Attempt,
) -> Result<(TcpStream, Duration), NotConnected> {
    let began = Instant::now();
    let connecting = connect_repeating_lost_syns(remote, source, attempt);
    match tokio::time::timeout(timeout, connecting).await {
        Ok(Ok(stream)) => Ok((stream, began.elapsed())),
        Ok(Err(error)) => Err(error.classify(remote, source, began.elapsed())),
        Err(_) => Err(NotConnected::Failed(
            TcpFailure::TimedOut(TimeoutBy::Ours(timeout)),
            began.elapsed(),
        )),
    }
}

/// Where the socket calls failed: the same code means different things at each.
#[derive(Debug)]
enum ConnectError {
    Create(io::Error),
    Bind(io::Error),
    Connect(io::Error),
}

/// On Windows the kernel's own SYN retransmissions are off ([`initial_rto`]), because they also
/// repeat a SYN that was refused. A SYN that was lost must still be repeated, so a connect that the
/// kernel gave up is begun anew until the caller's deadline.
async fn connect_repeating_lost_syns(
    remote: SocketAddr,
    source: Option<IpAddr>,
    attempt: &Attempt,
) -> Result<TcpStream, ConnectError> {
    loop {
        match connect_once(remote, source, attempt).await {
            Err(ConnectError::Connect(error))
                if cfg!(windows) && meaning(&error) == ErrorMeaning::TimedOut => {}
            outcome => return outcome,
        }
    }
}

async fn connect_once(
    remote: SocketAddr,
    source: Option<IpAddr>,
    attempt: &Attempt,
) -> Result<TcpStream, ConnectError> {
    let socket = open(remote).map_err(ConnectError::Create)?;
    // Best effort: without these the measurement is slower, not wrong.
    let _ = socket.set_tcp_nodelay(true);
    #[cfg(windows)]
    let is_one_syn = initial_rto::switch_off_syn_repeats(&socket).is_ok();
    if let Some(source) = source {
        socket.bind(&SocketAddr::new(source, 0).into()).map_err(ConnectError::Bind)?;
    }
    // By hand and not by `TcpSocket`, which keeps the socket to itself until it is connected.
    match socket.connect(&remote.into()) {
        Err(error) if error.raw_os_error() != Some(UNDER_WAY) => {
            return Err(ConnectError::Connect(error));
        }
        Ok(()) | Err(_) => attempt.leaves_from(&socket, remote, source),
    }
    #[cfg(windows)]
    if is_one_syn {
        attempt.sent(1);
    }
    let stream = TcpStream::from_std(socket.into()).map_err(ConnectError::Create)?;
    let syns = Syns { stream: &stream, attempt };
    let connected = match stream.writable().await {
        Ok(()) => stream.take_error().and_then(|error| error.map_or(Ok(()), Err)),
        Err(error) => Err(error),
    };
    drop(syns);
    connected.map(|()| stream).map_err(ConnectError::Connect)
}

fn open(remote: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(remote), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The error of a connect that goes on in the background.
#[cfg(unix)]
const UNDER_WAY: i32 = libc::EINPROGRESS;
#[cfg(windows)]
const UNDER_WAY: i32 = windows_sys::Win32::Networking::WinSock::WSAEWOULDBLOCK;

/// Counts SYNs when the waiting ends, however it ends: the future of a connect that runs out of
/// time is dropped.
struct Syns<'connect> {
    stream: &'connect TcpStream,
    attempt: &'connect Attempt,
}

impl Drop for Syns<'_> {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(repeated) = retransmissions::of(self.stream) {
            self.attempt.sent(repeated + 1);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (self.stream, self.attempt);
    }
}

impl ConnectError {
    fn classify(self, remote: SocketAddr, source: Option<IpAddr>, took: Duration) -> NotConnected {
        match self {
            Self::Create(error) => classify_create(&error, took),
            Self::Bind(error) => classify_bind(&error, took),
            Self::Connect(error) => {
                classify_connect(&error, remote, took, || route_error(remote, source))
            }
        }
    }
}

fn classify_create(error: &io::Error, took: Duration) -> NotConnected {
    let os = os_error(error);
    match meaning(error) {
        ErrorMeaning::NoFamily => NotConnected::Obstacle(Obstacle::NoRoute(os)),
        ErrorMeaning::NoResources => NotConnected::Obstacle(Obstacle::DescriptorLimit(os)),
        ErrorMeaning::Denied => NotConnected::Failed(TcpFailure::Denied(os), took),
        _ => NotConnected::Failed(TcpFailure::Other(os), took),
    }
}

/// A bind is only made to a given source address, with any port.
fn classify_bind(error: &io::Error, took: Duration) -> NotConnected {
    let os = os_error(error);
    match meaning(error) {
        ErrorMeaning::NoResources => NotConnected::Obstacle(Obstacle::DescriptorLimit(os)),
        ErrorMeaning::Denied => NotConnected::Failed(TcpFailure::Denied(os), took),
        _ if error.kind() == io::ErrorKind::AddrInUse => {
            NotConnected::Obstacle(Obstacle::PortLimit(os))
        }
        _ => NotConnected::Obstacle(Obstacle::NoLocalAddress(os)),
    }
}

/// `route_error` asks the routing table, which decides between an answer of the network and the
/// lack of a way out.
fn classify_connect(
    error: &io::Error,
    remote: SocketAddr,
    took: Duration,
    route_error: impl FnOnce() -> Option<ErrorMeaning>,
) -> NotConnected {
    let os = os_error(error);
    let failure = match meaning(error) {
        ErrorMeaning::Refused => TcpFailure::Refused(os),
        ErrorMeaning::Reset => TcpFailure::Reset(os),
        ErrorMeaning::TimedOut => TcpFailure::TimedOut(TimeoutBy::Kernel(os)),
        ErrorMeaning::Denied => TcpFailure::Denied(os),
        ErrorMeaning::NoFamily => return NotConnected::Obstacle(Obstacle::NoRoute(os)),
        ErrorMeaning::NoResources => return NotConnected::Obstacle(Obstacle::DescriptorLimit(os)),
        ErrorMeaning::NetworkUnreachable => match route_error() {
            // Linux answers a TCP connect and a route lookup alike where the table has no way.
            Some(
                ErrorMeaning::NetworkUnreachable
                | ErrorMeaning::NoFamily
                | ErrorMeaning::NoLocalEnd,
            ) => {
                return NotConnected::Obstacle(Obstacle::NoRoute(os));
            }
            _ => TcpFailure::Unreachable { kind: Unreachable::Network, os },
        },
        ErrorMeaning::HostUnreachable => TcpFailure::Unreachable { kind: Unreachable::Host, os },
        ErrorMeaning::NoLocalEnd if is_address_at_fault(remote) => TcpFailure::Other(os),
        // An IPv6 destination on a host without an IPv6 address of its own reads like one on a
        // host whose ports are spent; only the latter can still look up a route.
        ErrorMeaning::NoLocalEnd => {
            return NotConnected::Obstacle(match route_error() {
                Some(_) => Obstacle::NoRoute(os),
                None => Obstacle::PortLimit(os),
            });
        }
        ErrorMeaning::InvalidArgument
            if cfg!(target_os = "linux") && !is_address_at_fault(remote) =>
        {
            TcpFailure::Unreachable { kind: Unreachable::Blackhole, os }
        }
        ErrorMeaning::InvalidArgument | ErrorMeaning::Other => TcpFailure::Other(os),
    };
    NotConnected::Failed(failure, took)
}

/// Whether it is an address that no connect can be made to: unspecified (`WSAEADDRNOTAVAIL`), and
/// IPv6 link-local without a scope (`EINVAL`).
const fn is_address_at_fault(remote: SocketAddr) -> bool {
    match remote {
        SocketAddr::V4(remote) => remote.ip().is_unspecified(),
        SocketAddr::V6(remote) => {
            remote.ip().is_unspecified()
                || (remote.ip().is_unicast_link_local() && remote.scope_id() == 0)
        }
    }
}

/// Why this host has no route, if it has none.
fn route_error(remote: SocketAddr, source: Option<IpAddr>) -> Option<ErrorMeaning> {
    routed(remote, source).err().map(|error| meaning(&error))
}

/// The local end that the routing table gives: connecting a UDP socket looks it up and sends
/// nothing.
fn routed(remote: SocketAddr, source: Option<IpAddr>) -> io::Result<SocketAddr> {
    let unspecified = match remote {
        SocketAddr::V4(_) => IpAddr::from([0; 4]),
        SocketAddr::V6(_) => IpAddr::from([0; 16]),
    };
    let socket = UdpSocket::bind(SocketAddr::new(source.unwrap_or(unspecified), 0))?;
    socket.connect(remote)?;
    socket.local_addr()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// What a connect that ended in `errno` is taken for, where the routing table says `route`.
    fn classified(errno: i32, remote: &str, route: Option<ErrorMeaning>) -> NotConnected {
        let error = io::Error::from_raw_os_error(errno);
        classify_connect(&error, remote.parse().unwrap(), Duration::ZERO, || route)
    }

    #[test]
    fn codes_are_failures_of_the_path_or_obstacles_of_this_host() {
        const V4: &str = "203.0.113.1:443";
        const V6: &str = "[2001:db8::1]:443";
        let os = |errno| os_error(&io::Error::from_raw_os_error(errno));
        let failed = |failure| NotConnected::Failed(failure, Duration::ZERO);
        let unreachable = |kind, errno| failed(TcpFailure::Unreachable { kind, os: os(errno) });
        let no_way = Some(ErrorMeaning::NetworkUnreachable);
        for (errno, remote, route, expected) in [
            (111, V4, None, failed(TcpFailure::Refused(os(111)))),
            (104, V4, None, failed(TcpFailure::Reset(os(104)))),
            (110, V4, None, failed(TcpFailure::TimedOut(TimeoutBy::Kernel(os(110))))),
            (13, V4, None, failed(TcpFailure::Denied(os(13)))),
            (1, V4, None, failed(TcpFailure::Denied(os(1)))),
            (101, V4, None, unreachable(Unreachable::Network, 101)),
            (101, V6, no_way, NotConnected::Obstacle(Obstacle::NoRoute(os(101)))),
            (97, V6, None, NotConnected::Obstacle(Obstacle::NoRoute(os(97)))),
            (113, V4, None, unreachable(Unreachable::Host, 113)),
            (22, V4, None, unreachable(Unreachable::Blackhole, 22)),
            (22, "[fe80::1]:443", None, failed(TcpFailure::Other(os(22)))),
            (99, V4, None, NotConnected::Obstacle(Obstacle::PortLimit(os(99)))),
            (99, V6, no_way, NotConnected::Obstacle(Obstacle::NoRoute(os(99)))),
            (24, V4, None, NotConnected::Obstacle(Obstacle::DescriptorLimit(os(24)))),
            (105, V4, None, NotConnected::Obstacle(Obstacle::DescriptorLimit(os(105)))),
            (18, V4, None, failed(TcpFailure::Other(os(18)))),
        ] {
            assert_eq!(classified(errno, remote, route), expected, "{errno} {remote} {route:?}");
        }
    }

    #[test]
    fn loopback_has_a_route() {
        assert_eq!(route_error("127.0.0.1:9".parse().unwrap(), None), None);
    }
}
