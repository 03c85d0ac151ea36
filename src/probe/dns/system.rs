//! The name servers this host is configured to ask.
//!
//! Of hickory-resolver only the reader of the system's configuration is used here: it asks nothing,
//! and its resolver, which would hide the steps of an exchange, is a second opinion in tests alone.

use std::net::SocketAddr;

#[cfg(any(not(windows), test))]
use hickory_resolver::config::ResolverConfig;
#[cfg(not(windows))]
use hickory_resolver::system_conf::read_system_conf;

/// Why the system's name servers are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SystemServersError {
    /// The configuration cannot be read.
    #[error("cannot read this host's name servers: {0}; name one with --resolver IP")]
    Unreadable(String),
    /// The configuration names no server.
    #[error("this host is configured with no name server; name one with --resolver IP")]
    None,
}

/// The system's name servers, each once, in the system's order: `/etc/resolv.conf` on Linux, those
/// of all adapters that are up on Windows, by the metrics of their interfaces (NRPT rules are not
/// in it).
///
/// # Errors
/// [`SystemServersError`] where the configuration cannot be read or names none.
pub fn system_servers() -> Result<Vec<SocketAddr>, SystemServersError> {
    let servers =
        configured().map_err(|error| SystemServersError::Unreadable(error.to_string()))?;
    if servers.is_empty() { Err(SystemServersError::None) } else { Ok(servers) }
}

#[cfg(windows)]
fn configured() -> std::io::Result<Vec<SocketAddr>> {
    Ok(super::adapters::in_order(&super::windows_adapters::adapters()?))
}

#[cfg(not(windows))]
fn configured() -> Result<Vec<SocketAddr>, impl std::fmt::Display> {
    read_system_conf().map(|(config, _)| servers(&config))
}

#[cfg(any(not(windows), test))]
fn servers(config: &ResolverConfig) -> Vec<SocketAddr> {
    const DNS: u16 = 53;
    let mut servers = Vec::new();
    for server in config.name_servers() {
        // UDP and TCP of one server share a port.
        let port = server.connections.first().map_or(DNS, |connection| connection.port);
        let address = SocketAddr::new(server.ip, port);
        if !servers.contains(&address) {
            servers.push(address);
        }
    }
    servers
}

#[cfg(test)]
mod tests {
    use hickory_resolver::config::NameServerConfig;

    use super::*;

    #[test]
    fn servers_are_kept_in_order_and_once() {
        let config = |texts: &[&str]| {
            let of = |text: &&str| NameServerConfig::udp_and_tcp(text.parse().unwrap());
            ResolverConfig::from_parts(None, Vec::new(), texts.iter().map(of).collect())
        };
        for (given, expected) in [
            (&["10.0.0.2", "10.0.0.1", "10.0.0.2"][..], &["10.0.0.2:53", "10.0.0.1:53"][..]),
            (&["fd00::53"], &["[fd00::53]:53"]),
            (&[], &[]),
        ] {
            let found: Vec<String> =
                servers(&config(given)).iter().map(SocketAddr::to_string).collect();
            assert_eq!(found, expected);
        }
    }
}
