//! A connect of limited life on Windows, with what routers say of it where the system tells.
//!
//! It is waited for by select: `WSAPoll` reports no connect that failed before Windows 10 2004 and
//! Server 2022.

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use socket2::Socket;
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, FD_SET, ICMP_ERROR_INFO, IPPROTO_TCP, SOCKADDR_INET, SOCKET_ERROR,
    TCP_ICMP_ERROR_INFO, TIMEVAL, WSAEWOULDBLOCK, getsockopt, select,
};

use super::windows_answers::{ConnectEnd, IcmpErrorInfo, ListenedTo};
use crate::probe::os_error::{meaning, os_error};
use crate::probe::tcp::{initial_rto, socket_option};

/// A connect that goes on in the background.
pub(super) struct LimitedConnect {
    socket: Socket,
    heard: ListenedTo,
    began: Instant,
    /// Where it ended at once.
    failed: Option<io::Error>,
}

impl LimitedConnect {
    /// Sends the SYN from `socket`, whose packets live as long as they shall.
    pub(super) fn begin(socket: Socket, remote: SocketAddr) -> io::Result<Self> {
        let heard = match socket_option::fail_connect_on_icmp_error(&socket) {
            Ok(()) => ListenedTo::Routers,
            Err(_) => ListenedTo::FarEndAlone,
        };
        // Best effort: a refusal that is repeated comes later, and is none the less one.
        let _ = initial_rto::switch_off_syn_repeats(&socket);
        socket.set_nonblocking(true)?;
        let began = Instant::now();
        let failed = match socket.connect(&remote.into()) {
            Err(error) if error.raw_os_error() != Some(WSAEWOULDBLOCK) => Some(error),
            Ok(()) | Err(_) => None,
        };
        Ok(Self { socket, heard, began, failed })
    }

    /// Whose words can end it.
    pub(super) const fn heard(&self) -> ListenedTo {
        self.heard
    }

    /// Waits for its end until `wait` after its beginning.
    pub(super) fn end(mut self, wait: Duration) -> io::Result<ConnectEnd> {
        let error = match self.failed.take() {
            Some(error) => error,
            None if !has_ended(&self.socket, wait.saturating_sub(self.began.elapsed()))? => {
                return Ok(ConnectEnd::Pending);
            }
            None => match self.socket.take_error()? {
                None => return Ok(ConnectEnd::Connected),
                Some(error) => error,
            },
        };
        let icmp = icmp_error_info(&self.socket).filter(|_| self.heard == ListenedTo::Routers);
        Ok(ConnectEnd::Failed { os: os_error(&error), meaning: meaning(&error), icmp })
    }
}

/// Whether the connect is made or has failed within `wait`.
#[expect(unsafe_code, reason = "no safe wrapper of select waits for a connect that fails")]
fn has_ended(socket: &Socket, wait: Duration) -> io::Result<bool> {
    let mut set = FD_SET { fd_count: 1, ..FD_SET::default() };
    set.fd_array[0] = socket_option::handle_of(socket)?;
    let (mut connected, mut failed) = (set, set);
    let wait = TIMEVAL {
        tv_sec: i32::try_from(wait.as_secs()).unwrap_or(i32::MAX),
        tv_usec: i32::try_from(wait.subsec_micros()).unwrap_or(0),
    };
    // SAFETY: the sets and the time are live, and hold one open socket; the first argument is
    // ignored.
    let n_ready =
        unsafe { select(0, null_mut(), &raw mut connected, &raw mut failed, &raw const wait) };
    if n_ready == SOCKET_ERROR { Err(socket_option::last_error()) } else { Ok(n_ready > 0) }
}

/// The ICMP error that ended the connect; `None` where none did.
#[expect(unsafe_code, reason = "WinSock writes the value of an option to an address")]
fn icmp_error_info(socket: &Socket) -> Option<IcmpErrorInfo> {
    let handle = socket_option::handle_of(socket).ok()?;
    let mut info = ICMP_ERROR_INFO::default();
    let mut length = i32::try_from(size_of::<ICMP_ERROR_INFO>()).ok()?;
    // SAFETY: the handle is open, and the structure is live and has the length given.
    let outcome = unsafe {
        getsockopt(
            handle,
            IPPROTO_TCP,
            TCP_ICMP_ERROR_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    (outcome != SOCKET_ERROR)
        .then(|| IcmpErrorInfo { from: address(&info.srcaddress), kind: info.r#type })
}

#[expect(unsafe_code, reason = "an address of either family is a union")]
fn address(address: &SOCKADDR_INET) -> Option<IpAddr> {
    // SAFETY: all members begin with the family, and it says which of them is filled; numbers of
    // any bits are valid.
    unsafe {
        match address.si_family {
            AF_INET => {
                let octets = address.Ipv4.sin_addr.S_un.S_addr.to_ne_bytes();
                Some(Ipv4Addr::from(octets).into())
            }
            AF_INET6 => Some(Ipv6Addr::from(address.Ipv6.sin6_addr.u.Byte).into()),
            _ => None,
        }
    }
}
