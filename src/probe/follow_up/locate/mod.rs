//! Where on the way a silent address is blocked: connects to its real port whose packets live for
//! one hop, for two, and so on. Each router that drops one of them for its age says so by ICMP, as
//! far as packets of this kind come. No privileges are needed for it.
//!
//! Beside each SYN goes another packet: a datagram, or on Windows an echo request, which its ICMP
//! API sends without privileges. Windows before 10 2004 and Server 2022 reports nothing of what
//! routers say of a SYN; there a hop is [`HopAnswer::Unheard`], never silent.

#[cfg(not(windows))]
mod by_datagram;
#[cfg(target_os = "linux")]
mod error_queue;
#[cfg(windows)]
mod icmp;
#[cfg(windows)]
mod limited_connect;
#[cfg(any(windows, test))]
mod windows_answers;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::model::{Hop, HopAnswer, Located};
use crate::probe::os_error::os_error;
use crate::probe::shared::{RunShared, Settings};

#[cfg(not(windows))]
use by_datagram::probe;

/// How many hops are tried: paths to Azure have fewer.
const MOST_HOPS: u8 = 30;
/// ICMP errors come within a round trip; a SYN that was lost is repeated after a second.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
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
    let told = hops.iter().rposition(|hop| !hop.is_silent()).map_or(0, |last| last + 1);
    // A far end that answers other packets answers them from every later hop too.
    let answered = hops.iter().position(|hop| is_reached(hop.beside()));
    let answered = answered.map_or(told, |at| at + 1);
    hops.truncate((told.min(answered.max(1)) + 1).min(hops.len()));
    hops
}

#[cfg(windows)]
fn probe(remote: SocketAddr, source: Option<IpAddr>, ttl: u8, wait: Duration) -> Hop {
    use windows_answers::{of_connect, of_echo};
    let connect = open(remote, source, ttl, Type::STREAM, Protocol::TCP)
        .and_then(|socket| limited_connect::LimitedConnect::begin(socket, remote));
    // While the connect goes on.
    let echo = of_echo(icmp::echo(remote, source, ttl, wait));
    let tcp = connect.and_then(|connect| {
        let heard = connect.heard();
        Ok(of_connect(remote.is_ipv4(), heard, connect.end(wait)?))
    });
    let tcp = tcp.unwrap_or_else(|error| not_sent(&error));
    Hop { ttl, tcp, udp: HopAnswer::NotAsked, echo }
}

/// One hop of the way to an address of this host.
pub(super) fn self_probe(remote: SocketAddr, wait: Duration) -> Hop {
    probe(remote, None, 1, wait)
}

/// What `--locate` does where a connect is not told what routers say.
pub(super) const WITHOUT_ROUTERS: &str = "--locate goes by ICMP echo, and says so";

/// Has a connect of this socket, of IPv4, told what routers say.
///
/// # Errors
/// The system cannot do that.
pub(super) fn hear_routers(socket: &Socket) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return crate::probe::dns::report_every_icmp_error(
        socket,
        SocketAddr::from(([127, 0, 0, 1], 0)),
    );
    #[cfg(windows)]
    return crate::probe::tcp::socket_option::fail_connect_on_icmp_error(socket);
    #[cfg(not(any(target_os = "linux", windows)))]
    {
        let _ = socket;
        Err(io::ErrorKind::Unsupported.into())
    }
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
            echo: HopAnswer::NotAsked,
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

    /// A path on Windows without the option: only echo requests tell something.
    #[test]
    fn what_is_not_listened_to_makes_no_path_longer() {
        let hop =
            |(ttl, echo)| Hop { ttl, tcp: HopAnswer::Unheard, udp: HopAnswer::NotAsked, echo };
        let expired = || HopAnswer::Expired { from: None };
        let answered = || HopAnswer::Answered { os: None, from: None };
        for (echoes, expected) in [
            (vec![expired(), answered(), answered(), answered()], 3),
            (vec![expired(), HopAnswer::Silence, HopAnswer::Silence], 2),
            (vec![HopAnswer::Silence, HopAnswer::Silence], 1),
        ] {
            let hops = (1..).zip(echoes).map(hop).collect();
            assert_eq!(telling(hops).len(), expected);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_this_host_does_not_send_is_no_answer() {
        let remote = "127.0.0.1:9".parse().unwrap();
        // TEST-NET-1 is no address of this host.
        let source = "192.0.2.1".parse().ok();
        let hop = probe(remote, source, 1, Duration::from_secs(20));
        assert!(matches!(hop.tcp, HopAnswer::NotSent(_)), "{hop:?}");
    }
}
