//! Echo requests of limited life by the ICMP API of Windows, which wants no privileges. They stand
//! where a datagram stands elsewhere.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ptr::{from_ref, null, null_mut};
use std::time::Duration;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH, IP_OPTION_INFORMATION, Icmp6CreateFile, Icmp6SendEcho2,
    IcmpCloseHandle, IcmpCreateFile, IcmpSendEcho2Ex,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET6, SOCKADDR_IN6};

use super::windows_answers::EchoEnd;

/// What is sent: some routers drop echo requests without data.
const DATA: [u8; 32] = *b"pathproof: which hop is this one";
/// Room for a reply, its data, the 8 bytes of an ICMP error and the status block that the API wants
/// room for, in words that align it.
type ReplyRoom = [u64; 64];

/// Sends an echo request that lives for `ttl` hops, and waits.
pub(super) fn echo(remote: SocketAddr, source: Option<IpAddr>, ttl: u8, wait: Duration) -> EchoEnd {
    let options = IP_OPTION_INFORMATION { Ttl: ttl, ..IP_OPTION_INFORMATION::default() };
    let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
    let ended = match remote {
        SocketAddr::V4(remote) => {
            let source = match source {
                Some(IpAddr::V4(source)) => source,
                _ => Ipv4Addr::UNSPECIFIED,
            };
            echo_v4(*remote.ip(), source, &options, wait)
        }
        SocketAddr::V6(remote) => {
            let source = match source {
                Some(IpAddr::V6(source)) => source,
                _ => Ipv6Addr::UNSPECIFIED,
            };
            let remote = socket_address(*remote.ip(), remote.scope_id());
            echo_v6(&remote, &socket_address(source, 0), &options, wait)
        }
    };
    ended.unwrap_or_else(|error| EchoEnd::NoReply {
        code: error.raw_os_error().and_then(|code| u32::try_from(code).ok()).unwrap_or_default(),
    })
}

/// A handle of the ICMP API, closed when it is dropped.
struct IcmpHandle(HANDLE);

impl IcmpHandle {
    fn of(handle: HANDLE) -> io::Result<Self> {
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(handle))
    }
}

impl Drop for IcmpHandle {
    #[expect(unsafe_code, reason = "a handle of the system is given back to it")]
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else closes it.
        unsafe { IcmpCloseHandle(self.0) };
    }
}

const DATA_LENGTH: u16 = 32;
const ROOM_LENGTH: u32 = 512;
const _: () = assert!(DATA.len() == DATA_LENGTH as usize);
const _: () = assert!(size_of::<ReplyRoom>() == ROOM_LENGTH as usize);

#[expect(unsafe_code, reason = "the ICMP API has no safe wrapper")]
fn echo_v4(
    remote: Ipv4Addr,
    source: Ipv4Addr,
    options: &IP_OPTION_INFORMATION,
    wait: u32,
) -> io::Result<EchoEnd> {
    // SAFETY: takes no arguments.
    let handle = IcmpHandle::of(unsafe { IcmpCreateFile() })?;
    let mut room: ReplyRoom = [0; 64];
    // SAFETY: the handle is open; data, options and room are live and have the lengths given; with
    // neither an event nor a routine the call waits.
    let n_replies = unsafe {
        IcmpSendEcho2Ex(
            handle.0,
            null_mut(),
            None,
            null(),
            u32::from_ne_bytes(source.octets()),
            u32::from_ne_bytes(remote.octets()),
            DATA.as_ptr().cast(),
            DATA_LENGTH,
            options,
            room.as_mut_ptr().cast(),
            ROOM_LENGTH,
            wait,
        )
    };
    if n_replies == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a reply stands at the beginning of the room, which is larger and aligned for it.
    let reply = unsafe { room.as_ptr().cast::<ICMP_ECHO_REPLY>().read() };
    let from = Ipv4Addr::from(reply.Address.to_ne_bytes()).into();
    Ok(EchoEnd::Reply { status: reply.Status, from })
}

#[expect(unsafe_code, reason = "the ICMP API has no safe wrapper")]
fn echo_v6(
    remote: &SOCKADDR_IN6,
    source: &SOCKADDR_IN6,
    options: &IP_OPTION_INFORMATION,
    wait: u32,
) -> io::Result<EchoEnd> {
    // SAFETY: takes no arguments.
    let handle = IcmpHandle::of(unsafe { Icmp6CreateFile() })?;
    let mut room: ReplyRoom = [0; 64];
    // SAFETY: the handle is open; addresses, data, options and room are live and have the lengths
    // given; with neither an event nor a routine the call waits.
    let n_replies = unsafe {
        Icmp6SendEcho2(
            handle.0,
            null_mut(),
            None,
            null(),
            from_ref(source),
            from_ref(remote),
            DATA.as_ptr().cast(),
            DATA_LENGTH,
            options,
            room.as_mut_ptr().cast(),
            ROOM_LENGTH,
            wait,
        )
    };
    if n_replies == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above.
    let reply = unsafe { room.as_ptr().cast::<ICMPV6_ECHO_REPLY_LH>().read() };
    // Eight words in the order of the network.
    let words = reply.Address.sin6_addr;
    let from = Ipv6Addr::from(words.map(u16::from_be)).into();
    Ok(EchoEnd::Reply { status: reply.Status, from })
}

fn socket_address(address: Ipv6Addr, scope: u32) -> SOCKADDR_IN6 {
    let mut socket = SOCKADDR_IN6 { sin6_family: AF_INET6, ..SOCKADDR_IN6::default() };
    socket.sin6_addr.u.Byte = address.octets();
    socket.Anonymous.sin6_scope_id = scope;
    socket
}
