//! What identifies this host and account in a report.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, Socket, Type};

use crate::host;
use crate::model::Vantage;
use crate::proxy_config::ProxyConfig;

/// Describes this host and its proxy configuration. What cannot be found out is left empty.
pub(super) fn describe(resolvers: Vec<SocketAddr>, proxy: &ProxyConfig) -> Vantage {
    Vantage {
        hostname: whoami::hostname().unwrap_or_default(),
        os: whoami::distro().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
        account: host::account().or_else(|| whoami::username().ok()).unwrap_or_default(),
        addresses: addresses(),
        resolvers,
        proxy_source: proxy.origin.to_string(),
        proxy_url: proxy.shown.clone(),
    }
}

/// Checks that this host can send from `source`, by binding a socket to it.
///
/// # Errors
/// This host has no such address.
pub(super) fn check_source(source: Option<IpAddr>) -> Result<()> {
    let Some(source) = source else { return Ok(()) };
    let domain = Domain::for_address(SocketAddr::new(source, 0));
    let bound = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))
        .and_then(|socket| socket.bind(&SocketAddr::new(source, 0).into()));
    match bound {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            let of_family = |own: &IpAddr| own.is_ipv4() == source.is_ipv4();
            let own: Vec<String> =
                addresses().iter().filter(|own| of_family(own)).map(ToString::to_string).collect();
            let has = if own.is_empty() { "none of its family".to_owned() } else { own.join(", ") };
            bail!("--source {source}: no interface of this host has this address (it has {has})")
        }
        Err(error) => Err(error).context(format!("--source {source}: cannot leave from it")),
    }
}

/// This host's own addresses. `source`, or else the address from which `towards` is reached, comes
/// first.
pub(super) fn leading_out(towards: Option<SocketAddr>, source: Option<IpAddr>) -> Vec<IpAddr> {
    let first = source.or_else(|| local_end(towards?));
    let mut all = addresses();
    if let Some(first) = first {
        all.retain(|address| *address != first);
        all.insert(0, first);
    }
    all
}

/// The address from which `towards` is reached. Connecting a UDP socket chooses it, and sends
/// nothing.
fn local_end(towards: SocketAddr) -> Option<IpAddr> {
    let unspecified = match towards {
        SocketAddr::V4(_) => IpAddr::from([0; 4]),
        SocketAddr::V6(_) => IpAddr::from([0; 16]),
    };
    let socket = UdpSocket::bind(SocketAddr::new(unspecified, 0)).ok()?;
    socket.connect(towards).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}

/// This host's own addresses; loopback and link-local ones say nothing about a vantage.
pub(super) fn addresses() -> Vec<IpAddr> {
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
