//! Options of sockets that Windows alone has, and that socket2 does not know.

use std::io;
use std::mem::size_of;
use std::net::SocketAddr;
use std::os::windows::io::AsRawSocket;

use socket2::Socket;
use windows_sys::Win32::Networking::WinSock::{
    IP_USER_MTU, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOCKET, SOCKET_ERROR,
    TCP_FAIL_CONNECT_ON_ICMP_ERROR, WSAGetLastError, setsockopt,
};

/// `IPV6_USER_MTU` of ws2ipdef.h, which has the number of its namesake.
const IPV6_USER_MTU: i32 = IP_USER_MTU;

/// Lets ICMP errors end the connect of this socket (Windows 10 2004 and Server 2022 onwards).
///
/// # Errors
/// `WSAENOPROTOOPT` where the system does not know the option.
pub(in crate::probe) fn fail_connect_on_icmp_error(socket: &Socket) -> io::Result<()> {
    set(socket, IPPROTO_TCP, TCP_FAIL_CONNECT_ON_ICMP_ERROR, 1)
}

/// Bounds the packets of this socket in both directions (Windows 10 2004 and Server 2022 onwards).
///
/// # Errors
/// `WSAENOPROTOOPT` where the system does not know the option, `WSAEINVAL` for fewer bytes than the
/// family has to take.
pub(in crate::probe) fn bound_packets(
    socket: &Socket,
    remote: SocketAddr,
    bytes: u32,
) -> io::Result<()> {
    match remote {
        SocketAddr::V4(_) => set(socket, IPPROTO_IP, IP_USER_MTU, bytes),
        SocketAddr::V6(_) => set(socket, IPPROTO_IPV6, IPV6_USER_MTU, bytes),
    }
}

#[expect(unsafe_code, reason = "WinSock takes the value of an option by its address")]
fn set(socket: &Socket, level: i32, option: i32, value: u32) -> io::Result<()> {
    /// Bytes of a DWORD.
    const LENGTH: i32 = 4;
    const _: () = assert!(size_of::<u32>() == LENGTH as usize);
    let handle = handle_of(socket)?;
    // SAFETY: the handle is open for as long as `socket` is borrowed, and the value is live and has
    // the length given.
    let outcome = unsafe { setsockopt(handle, level, option, (&raw const value).cast(), LENGTH) };
    if outcome == SOCKET_ERROR { Err(last_error()) } else { Ok(()) }
}

/// The handle that `WinSock` knows the socket by.
pub(in crate::probe) fn handle_of(socket: &Socket) -> io::Result<SOCKET> {
    usize::try_from(socket.as_raw_socket()).map_err(io::Error::other)
}

/// Why the last call of this thread failed.
#[expect(unsafe_code, reason = "WinSock keeps the code of an error behind a call")]
pub(in crate::probe) fn last_error() -> io::Error {
    // SAFETY: it reads a value of this thread.
    io::Error::from_raw_os_error(unsafe { WSAGetLastError() })
}
