//! Hop names on Windows: its ICMP API sends echo requests without privileges. They stand where a
//! datagram's answer stands elsewhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ICMP_ECHO_REPLY, IP_OPTION_INFORMATION, IP_SUCCESS, IP_TTL_EXPIRED_TRANSIT, IcmpCloseHandle,
    IcmpCreateFile, IcmpSendEcho,
};

use crate::model::HopAnswer;

/// An echo request that was answered, or not.
pub(super) struct EchoRequest(HopAnswer);

impl EchoRequest {
    pub(super) fn answer(self) -> HopAnswer {
        self.0
    }
}

/// Sends an echo request that lives for `ttl` hops, and waits. IPv6 hops stay without a name.
pub(super) fn datagram(
    remote: SocketAddr,
    _source: Option<IpAddr>,
    ttl: u8,
    wait: Duration,
) -> EchoRequest {
    EchoRequest(match remote.ip() {
        IpAddr::V4(address) => echo(address, ttl, wait),
        IpAddr::V6(_) => HopAnswer::Silence,
    })
}

#[expect(unsafe_code, reason = "the ICMP API has no safe wrapper")]
fn echo(address: Ipv4Addr, ttl: u8, wait: Duration) -> HopAnswer {
    /// A reply, and the 8 bytes of an ICMP error that the API wants room for.
    #[repr(C)]
    struct Room {
        reply: ICMP_ECHO_REPLY,
        error: [u8; 8],
    }
    // SAFETY: takes no arguments.
    let handle = unsafe { IcmpCreateFile() };
    if handle == INVALID_HANDLE_VALUE {
        return HopAnswer::Silence;
    }
    let options = IP_OPTION_INFORMATION {
        Ttl: ttl,
        Tos: 0,
        Flags: 0,
        OptionsSize: 0,
        OptionsData: std::ptr::null_mut(),
    };
    // SAFETY: all-zero bytes are a valid `ICMP_ECHO_REPLY`: numbers and null pointers.
    let mut room: Room = unsafe { std::mem::zeroed() };
    let size = u32::try_from(size_of::<Room>()).unwrap_or(u32::MAX);
    let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
    // SAFETY: the handle is open; no data is sent; `options` and `room` outlive the call, and
    // `size` is the true size of `room`.
    let replies = unsafe {
        IcmpSendEcho(
            handle,
            u32::from_ne_bytes(address.octets()),
            std::ptr::null(),
            0,
            &raw const options,
            (&raw mut room).cast(),
            size,
            wait,
        )
    };
    // SAFETY: the handle is open, and not used any more.
    unsafe { IcmpCloseHandle(handle) };
    if replies == 0 {
        return HopAnswer::Silence;
    }
    let from = Some(IpAddr::V4(Ipv4Addr::from(room.reply.Address.to_ne_bytes())));
    match room.reply.Status {
        IP_TTL_EXPIRED_TRANSIT => HopAnswer::Expired { from },
        IP_SUCCESS => HopAnswer::Answered { os: None, from },
        _ => HopAnswer::Silence,
    }
}
