//! From where a run is made: what identifies this host and account in a report.

use std::net::{IpAddr, SocketAddr};

use crate::model::Vantage;

/// Describes this host. What cannot be found out is left empty, never guessed.
pub(super) fn describe(resolvers: Vec<SocketAddr>) -> Vantage {
    Vantage {
        hostname: whoami::hostname().unwrap_or_default(),
        os: whoami::distro().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
        account: whoami::username().unwrap_or_default(),
        addresses: addresses(),
        resolvers,
        proxy_source: "none".to_owned(),
        proxy_url: None,
    }
}

/// This host's own addresses; loopback and link-local ones say nothing about a vantage.
fn addresses() -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
