//! Linux tells a connected UDP socket of ICMP port unreachable by itself, and of ICMP host and
//! network unreachable only where it is asked to (ip(7), `IP_RECVERR`).

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use socket2::Socket;

/// Asks for every ICMP error about packets to `remote`. The errors also queue up in the socket's
/// receive buffer, so a socket that met one is not to be used for long.
#[expect(unsafe_code, reason = "neither socket2 nor tokio wraps IP_RECVERR")]
pub(in crate::probe) fn report_every_icmp_error(
    socket: &Socket,
    remote: SocketAddr,
) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = match remote {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_RECVERR),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    };
    let length = size_of_val(&on).try_into().unwrap_or(libc::socklen_t::MAX);
    // SAFETY: the descriptor is open for as long as `socket` is borrowed, and the option's value
    // points to `length` bytes that outlive the call.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
