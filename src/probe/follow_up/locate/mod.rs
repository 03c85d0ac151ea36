//! Where on the way a silent address is blocked: connects to its real port whose packets live for
//! one hop, for two, and so on. Each router that drops one of them for its age says so by ICMP, as
//! far as packets of this kind come. No privileges are needed for it.

#[cfg(target_os = "linux")]
mod error_queue;
#[cfg(windows)]
mod icmp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::model::{Hop, HopAnswer, Located};
use crate::probe::os_error::{ErrorMeaning, meaning, os_error};
use crate::probe::shared::{RunShared, Settings};

/// How many hops are tried: paths to Azure have fewer.
const MOST_HOPS: u8 = 30;
/// ICMP errors come within a round trip; a SYN that was lost is repeated after a second.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A port where nobody listens, as traceroute uses it.
#[cfg(not(windows))]
const DATAGRAM_PORT: u16 = 33434;
/// Threads that only wait on a socket need little.
const STACK: usize = 128 * 1024;

/// Locates where the way to `remote` ends; `None` where the run was ended, or no thread was free.
pub(super) async fn locate(shared: &RunShared, remote: SocketAddr) -> Option<Located> {
    let Settings { timeout, source, .. } = shared.settings;
    let source = source.filter(|source| source.is_ipv4() == remote.is_ipv4());
    let wait = timeout.min(LONGEST_WAIT);
    let probe = tokio::task::spawn_blocking(move || probe_all(remote, source, wait));
    let hops = shared.stop.or(probe).await.ok()?.ok()?;
    Some(Located { remote, hops: telling(hops) })
}

/// Probes every time to live on a thread of its own: each only waits, and all wait equally long.
fn probe_all(remote: SocketAddr, source: Option<IpAddr>, wait: Duration) -> Vec<Hop> {
    let threads: Vec<_> = (1..=MOST_HOPS)
        .map_while(|ttl| {
            std::thread::Builder::new()
                .name(format!("hop {ttl}"))
                .stack_size(STACK)
                .spawn(move || probe(remote, source, ttl, wait))
                .ok()
        })
        .collect();
    threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
}

/// The hops up to the far end, or up to the first silent one after the last that answered.
fn telling(mut hops: Vec<Hop>) -> Vec<Hop> {
    let is_reached = |answer: &HopAnswer| matches!(answer, HopAnswer::Answered { .. });
    if let Some(end) = hops.iter().position(|hop| is_reached(&hop.tcp)) {
        hops.truncate(end + 1);
    }
    let is_silent = |hop: &Hop| hop.tcp == HopAnswer::Silence && hop.udp == HopAnswer::Silence;
    let told = hops.iter().rposition(|hop| !is_silent(hop)).map_or(0, |last| last + 1);
    // A far end that answers datagrams answers them from every later hop too.
    let answered = hops.iter().position(|hop| is_reached(&hop.udp)).map_or(told, |at| at + 1);
    hops.truncate((told.min(answered.max(1)) + 1).min(hops.len()));
    hops
}

fn probe(remote: SocketAddr, source: Option<IpAddr>, ttl: u8, wait: Duration) -> Hop {
    let datagram = datagram(remote, source, ttl, wait);
    let tcp = connect(remote, source, ttl, wait).unwrap_or_else(|error| not_sent(&error));
    Hop { ttl, tcp, udp: datagram.answer() }
}

fn not_sent(error: &io::Error) -> HopAnswer {
    HopAnswer::NotSent(os_error(error))
}

fn open(
    remote: SocketAddr,
    source: Option<IpAddr>,
    ttl: u8,
    kind: Type,
    protocol: Protocol,
) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(remote), kind, Some(protocol))?;
    match remote {
        SocketAddr::V4(_) => socket.set_ttl_v4(u32::from(ttl))?,
        SocketAddr::V6(_) => socket.set_unicast_hops_v6(u32::from(ttl))?,
    }
    #[cfg(target_os = "linux")]
    crate::probe::dns::report_every_icmp_error(&socket, remote)?;
    if let Some(source) = source {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    Ok(socket)
}

/// A connect whose packets live for `ttl` hops.
fn connect(
    remote: SocketAddr,
    source: Option<IpAddr>,
    ttl: u8,
    wait: Duration,
) -> io::Result<HopAnswer> {
    let socket = open(remote, source, ttl, Type::STREAM, Protocol::TCP)?;
    let Err(error) = socket.connect_timeout(&SockAddr::from(remote), wait) else {
        return Ok(HopAnswer::Answered { os: None, from: None });
    };
    #[cfg(target_os = "linux")]
    if let Some(told) = error_queue::read(&socket) {
        return Ok(told.answer(&error));
    }
    Ok(match meaning(&error) {
        ErrorMeaning::TimedOut => HopAnswer::Silence,
        // How a system reports "time exceeded" that does not tell who sent which error.
        ErrorMeaning::HostUnreachable => HopAnswer::Expired { from: None },
        _ => HopAnswer::Answered { os: Some(os_error(&error)), from: None },
    })
}

/// A datagram that is under way while the connect waits.
#[cfg(not(windows))]
struct UdpDatagram {
    sent: io::Result<Socket>,
}

#[cfg(not(windows))]
fn datagram(remote: SocketAddr, source: Option<IpAddr>, ttl: u8, wait: Duration) -> UdpDatagram {
    let send = || {
        let socket = open(remote, source, ttl, Type::DGRAM, Protocol::UDP)?;
        socket.connect(&SockAddr::from(SocketAddr::new(remote.ip(), DATAGRAM_PORT)))?;
        socket.set_read_timeout(Some(wait / 4))?;
        socket.send(&[])?;
        Ok(socket)
    };
    UdpDatagram { sent: send() }
}

#[cfg(not(windows))]
impl UdpDatagram {
    /// What came back of it while the connect waited, or comes now.
    fn answer(self) -> HopAnswer {
        let socket = match self.sent {
            Ok(socket) => socket,
            Err(error) => return not_sent(&error),
        };
        let mut nothing = [std::mem::MaybeUninit::uninit(); 1];
        let Err(error) = socket.recv(&mut nothing) else {
            return HopAnswer::Answered { os: None, from: None };
        };
        #[cfg(target_os = "linux")]
        if let Some(told) = error_queue::read(&socket) {
            return told.answer(&error);
        }
        match meaning(&error) {
            ErrorMeaning::HostUnreachable => HopAnswer::Expired { from: None },
            ErrorMeaning::Refused => HopAnswer::Answered { os: Some(os_error(&error)), from: None },
            _ => HopAnswer::Silence,
        }
    }
}

#[cfg(windows)]
use icmp::datagram;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OsError;

    fn hops(told: &[(char, char)]) -> Vec<Hop> {
        let answer = |word| match word {
            '.' => HopAnswer::Silence,
            'e' => HopAnswer::Expired { from: None },
            'a' => {
                let os = OsError { code: 111, symbol: "ECONNREFUSED".to_owned() };
                HopAnswer::Answered { os: Some(os), from: None }
            }
            _ => panic!("no such answer"),
        };
        let hop = |(ttl, (tcp, udp)): (u8, &(char, char))| Hop {
            ttl,
            tcp: answer(*tcp),
            udp: answer(*udp),
        };
        (1..).zip(told).map(hop).collect()
    }

    #[test]
    fn a_path_ends_after_the_last_hop_that_tells_something() {
        for (told, expected) in [
            (&[('e', 'e'), ('e', 'e'), ('.', '.'), ('.', '.'), ('.', '.')][..], 3),
            (&[('e', 'e'), ('.', '.'), ('e', '.'), ('.', '.'), ('.', '.')], 4),
            (&[('e', 'e'), ('.', 'e'), ('.', 'a'), ('.', 'a'), ('.', 'a')], 4),
            (&[('e', 'e'), ('a', '.'), ('a', '.')], 2),
            (&[('.', '.'), ('.', '.'), ('.', '.')], 1),
        ] {
            assert_eq!(telling(hops(told)).len(), expected, "{told:?}");
        }
    }

    #[test]
    fn the_far_end_is_one_hop_away_on_loopback() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let remote = listener.local_addr().unwrap();
        let hop = probe(remote, None, 1, Duration::from_secs(20));
        assert_eq!(hop.tcp, HopAnswer::Answered { os: None, from: None });
    }
}
