//! The standard library's `getaddrinfo` keeps Windows's codes as they are.

use std::net::{IpAddr, ToSocketAddrs as _};

use windows_sys::Win32::Networking::WinSock::{WSAHOST_NOT_FOUND, WSANO_DATA};

use super::SystemAnswer;
use crate::model::Family;
use crate::probe::os_error::os_error;

/// Blocks until the system has answered.
pub(super) fn resolve(name: &str, families: &[Family]) -> SystemAnswer {
    match (name, 0_u16).to_socket_addrs() {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found.map(|one| one.ip()) {
                if families.contains(&Family::of(address)) && !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() {
                SystemAnswer::NoData
            } else {
                SystemAnswer::Addresses(addresses)
            }
        }
        Err(error) => match error.raw_os_error() {
            Some(WSAHOST_NOT_FOUND) => SystemAnswer::NoName,
            Some(WSANO_DATA) => SystemAnswer::NoData,
            _ => SystemAnswer::Failed(os_error(&error)),
        },
    }
}
