//! A hop asked by a SYN and a datagram, on systems whose sockets report the ICMP errors of both.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Protocol, SockAddr, Socket, Type};

#[cfg(target_os = "linux")]
use super::error_queue;
use super::{not_sent, open};
use crate::model::{Hop, HopAnswer};
use crate::probe::os_error::{ErrorMeaning, meaning, os_error};

/// A port where nobody listens, as traceroute uses it.
const DATAGRAM_PORT: u16 = 33434;

/// What comes back of both, sent with this time to live.
pub(super) fn probe(remote: SocketAddr, source: Option<IpAddr>, ttl: u8, wait: Duration) -> Hop {
    let datagram = datagram(remote, source, ttl, wait);
    let tcp = connect(remote, source, ttl, wait).unwrap_or_else(|error| not_sent(&error));
    Hop { ttl, tcp, udp: datagram.answer(), echo: HopAnswer::NotAsked }
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
        ErrorMeaning::Refused | ErrorMeaning::Reset => {
            HopAnswer::Answered { os: Some(os_error(&error)), from: None }
        }
        // This host's own words: no route, no such source, not allowed.
        _ => not_sent(&error),
    })
}

/// A datagram that is under way while the connect waits.
struct UdpDatagram {
    sent: io::Result<Socket>,
}

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
