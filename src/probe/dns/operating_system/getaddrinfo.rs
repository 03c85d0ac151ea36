//! `getaddrinfo` itself (POSIX.1-2017), for its codes: the standard library gives them as text.

use std::io;

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, SockType};

use super::SystemAnswer;
use crate::model::{Family, OsError};
use crate::probe::os_error::os_error;

/// Blocks until the system has answered.
pub(super) fn resolve(name: &str, families: &[Family]) -> SystemAnswer {
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        address: match families {
            [Family::V4] => AddrFamily::Inet.into(),
            [Family::V6] => AddrFamily::Inet6.into(),
            _ => libc::AF_UNSPEC,
        },
        ..AddrInfoHints::default()
    };
    let found = match dns_lookup::getaddrinfo(Some(name), None, Some(hints)) {
        Ok(found) => found,
        Err(error) => return failure(error),
    };
    let mut addresses = Vec::new();
    // What has no address of either family is an error, and of no use.
    for info in found.flatten() {
        let address = info.sockaddr.ip();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { SystemAnswer::NoData } else { SystemAnswer::Addresses(addresses) }
}

fn failure(error: LookupError) -> SystemAnswer {
    let code = error.error_num();
    let symbol = match code {
        libc::EAI_NONAME => return SystemAnswer::NoName,
        #[cfg(target_os = "linux")]
        libc::EAI_NODATA => return SystemAnswer::NoData,
        libc::EAI_SYSTEM => return SystemAnswer::Failed(os_error(&io::Error::from(error))),
        libc::EAI_AGAIN => "EAI_AGAIN",
        libc::EAI_FAIL => "EAI_FAIL",
        libc::EAI_FAMILY => "EAI_FAMILY",
        libc::EAI_MEMORY => "EAI_MEMORY",
        _ => "getaddrinfo",
    };
    SystemAnswer::Failed(OsError { code, symbol: symbol.to_owned() })
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
            let expected = SystemAnswer::Addresses(vec![expected.parse().unwrap()]);
            assert_eq!(resolve(name, families), expected, "{name}");
        }
        assert!(!matches!(resolve("192.0.2.7", &[Family::V6]), SystemAnswer::Addresses(_)));
    }

    #[test]
    fn codes_speak_of_the_name_or_of_the_system() {
        assert_eq!(failure(LookupError::new(libc::EAI_NONAME)), SystemAnswer::NoName);
        let again = OsError { code: libc::EAI_AGAIN, symbol: "EAI_AGAIN".to_owned() };
        assert_eq!(failure(LookupError::new(libc::EAI_AGAIN)), SystemAnswer::Failed(again));
    }
}
