//! `getaddrinfo` itself (POSIX.1-2017), for its codes: the standard library gives them as text.

use std::ffi::CString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

use super::Told;
use crate::model::{Family, OsError};
use crate::probe::os_error::os_error;

/// Blocks until the system has answered.
#[expect(unsafe_code, reason = "the standard library hides the codes of getaddrinfo")]
pub(super) fn resolve(name: &str, families: &[Family]) -> Told {
    let Ok(node) = CString::new(name) else { return Told::NoName };
    // SAFETY: all-zero bytes are a valid `addrinfo`: numbers and null pointers.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_family = match families {
        [Family::V4] => libc::AF_INET,
        [Family::V6] => libc::AF_INET6,
        _ => libc::AF_UNSPEC,
    };
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: `node` ends in a null byte, `hints` is initialised, and both outlive the call; `list`
    // is read only where the call succeeds.
    let code =
        unsafe { libc::getaddrinfo(node.as_ptr(), ptr::null(), &raw const hints, &raw mut list) };
    if code != 0 {
        return failure(code);
    }
    let mut addresses = Vec::new();
    let mut next = list;
    while !next.is_null() {
        // SAFETY: the call succeeded, so `next` is a node of its list, which is not freed yet.
        let info = unsafe { &*next };
        // SAFETY: `ai_addr` is an address of the family that `ai_family` names, or null.
        if let Some(address) = unsafe { address(info) }
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
        next = info.ai_next;
    }
    // SAFETY: the call succeeded, and nothing refers to the list any more.
    unsafe { libc::freeaddrinfo(list) };
    if addresses.is_empty() { Told::NoData } else { Told::Addresses(addresses) }
}

/// The address that a node holds.
///
/// # Safety
/// `ai_addr` must be null or point to a socket address of the family `ai_family`.
#[expect(unsafe_code, reason = "getaddrinfo gives untyped socket addresses")]
unsafe fn address(info: &libc::addrinfo) -> Option<IpAddr> {
    if info.ai_addr.is_null() {
        return None;
    }
    match info.ai_family {
        libc::AF_INET => {
            // SAFETY: by this function's own contract; read unaligned, as nothing promises more.
            let v4 = unsafe { info.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { info.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

fn failure(code: libc::c_int) -> Told {
    let symbol = match code {
        libc::EAI_NONAME => return Told::NoName,
        #[cfg(target_os = "linux")]
        libc::EAI_NODATA => return Told::NoData,
        libc::EAI_SYSTEM => return Told::Failed(os_error(&io::Error::last_os_error())),
        libc::EAI_AGAIN => "EAI_AGAIN",
        libc::EAI_FAIL => "EAI_FAIL",
        libc::EAI_FAMILY => "EAI_FAMILY",
        libc::EAI_MEMORY => "EAI_MEMORY",
        _ => "getaddrinfo",
    };
    Told::Failed(OsError { code, symbol: symbol.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_its_own_answer() {
        for (name, families, expected) in [
            ("192.0.2.7", &[Family::V4, Family::V6][..], "192.0.2.7"),
            ("2001:db8::7", &[Family::V4, Family::V6], "2001:db8::7"),
            ("192.0.2.7", &[Family::V4], "192.0.2.7"),
        ] {
            let expected = Told::Addresses(vec![expected.parse().unwrap()]);
            assert_eq!(resolve(name, families), expected, "{name}");
        }
        assert!(!matches!(resolve("192.0.2.7", &[Family::V6]), Told::Addresses(_)));
    }

    #[test]
    fn codes_speak_of_the_name_or_of_the_system() {
        assert_eq!(failure(libc::EAI_NONAME), Told::NoName);
        let again = OsError { code: libc::EAI_AGAIN, symbol: "EAI_AGAIN".to_owned() };
        assert_eq!(failure(libc::EAI_AGAIN), Told::Failed(again));
    }
}
