//! The adapters of this host, asked of the IP helper.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, ERROR_SUCCESS};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_FRIENDLY_NAME, GAA_FLAG_SKIP_MULTICAST,
    GAA_FLAG_SKIP_UNICAST, GetAdaptersAddresses, IP_ADAPTER_ADDRESSES_LH,
};
use windows_sys::Win32::NetworkManagement::Ndis::IfOperStatusUp;
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_IN, SOCKADDR_IN6, SOCKET_ADDRESS,
};

use super::adapters::Adapter;

const DNS: u16 = 53;

/// The adapters that are up, with their name servers.
///
/// # Errors
/// The system's.
#[expect(unsafe_code, reason = "adapters are listed by a call of the system")]
pub(super) fn adapters() -> io::Result<Vec<Adapter>> {
    /// Adapters may come between two calls.
    const ATTEMPTS: usize = 4;
    let flags = GAA_FLAG_SKIP_UNICAST
        | GAA_FLAG_SKIP_ANYCAST
        | GAA_FLAG_SKIP_MULTICAST
        | GAA_FLAG_SKIP_FRIENDLY_NAME;
    let mut size = 16 * 1024_u32;
    for _ in 0..ATTEMPTS {
        // Words of 8 bytes, since the structures hold addresses.
        let mut words = vec![0_u64; usize::try_from(size).unwrap_or(0).div_ceil(8)];
        let first: *mut IP_ADAPTER_ADDRESSES_LH = words.as_mut_ptr().cast();
        // SAFETY: the buffer is live, aligned for the structure, and at least as large as said.
        let result = unsafe {
            GetAdaptersAddresses(u32::from(AF_UNSPEC), flags, ptr::null(), first, &raw mut size)
        };
        match result {
            ERROR_BUFFER_OVERFLOW => {}
            ERROR_NO_DATA => return Ok(Vec::new()),
            // SAFETY: the call succeeded, and the buffer that it filled is live.
            ERROR_SUCCESS => return Ok(unsafe { listed(first) }),
            code => return Err(io::Error::from_raw_os_error(code.cast_signed())),
        }
    }
    Err(io::Error::from_raw_os_error(ERROR_BUFFER_OVERFLOW.cast_signed()))
}

/// # Safety
/// `adapter` is null, or the first of a list that the system made and that is live.
#[expect(unsafe_code, reason = "the list is linked by addresses")]
unsafe fn listed(mut adapter: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<Adapter> {
    let mut adapters = Vec::new();
    // SAFETY: the caller's promise holds for each adapter and each server of the list.
    while let Some(own) = unsafe { adapter.as_ref() } {
        let mut servers = Vec::new();
        let mut server = own.FirstDnsServerAddress.cast_const();
        // SAFETY: as above.
        while let Some(one) = unsafe { server.as_ref() } {
            // SAFETY: as above.
            servers.extend(unsafe { socket_address(&one.Address) });
            server = one.Next;
        }
        if own.OperStatus == IfOperStatusUp {
            adapters.push(Adapter { metrics: [own.Ipv4Metric, own.Ipv6Metric], servers });
        }
        adapter = own.Next;
    }
    adapters
}

/// # Safety
/// `address` leads to a socket address of the length that it says.
#[expect(unsafe_code, reason = "the family says which structure it is")]
unsafe fn socket_address(address: &SOCKET_ADDRESS) -> Option<SocketAddr> {
    let length = usize::try_from(address.iSockaddrLength).ok()?;
    // SAFETY: the caller's promise; every socket address begins with its family.
    let family = unsafe { address.lpSockaddr.as_ref() }?.sa_family;
    if family == AF_INET && length >= size_of::<SOCKADDR_IN>() {
        // SAFETY: family and length say that it is one.
        let own = unsafe { address.lpSockaddr.cast::<SOCKADDR_IN>().read_unaligned() };
        // SAFETY: every part of the union is the same four bytes.
        let ip = Ipv4Addr::from(u32::from_be(unsafe { own.sin_addr.S_un.S_addr }));
        return Some(SocketAddrV4::new(ip, DNS).into());
    }
    if family == AF_INET6 && length >= size_of::<SOCKADDR_IN6>() {
        // SAFETY: family and length say that it is one.
        let own = unsafe { address.lpSockaddr.cast::<SOCKADDR_IN6>().read_unaligned() };
        // SAFETY: every part of the unions is plain bytes.
        let (bytes, scope) = unsafe { (own.sin6_addr.u.Byte, own.Anonymous.sin6_scope_id) };
        return Some(SocketAddrV6::new(Ipv6Addr::from(bytes), DNS, 0, scope).into());
    }
    None
}
