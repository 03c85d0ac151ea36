//! Linux tells a connected UDP socket of ICMP port unreachable by itself, and of ICMP host and
//! network unreachable only where it is asked to (ip(7), `IP_RECVERR`).

use std::io;
use std::net::SocketAddr;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use socket2::Socket;

/// Asks for every ICMP error about packets to `remote`. The errors also queue up in the socket's
/// receive buffer, so a socket that met one is not to be used for long.
pub(in crate::probe) fn report_every_icmp_error(
    socket: &Socket,
    remote: SocketAddr,
) -> io::Result<()> {
    match remote {
        SocketAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, Ipv6RecvErr, &true)?,
    }
    Ok(())
}
