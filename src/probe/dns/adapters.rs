//! In which order Windows asks the name servers of its adapters.

use std::net::{IpAddr, SocketAddr};

/// An adapter that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adapter {
    /// The metric of its interface for IPv4 and for IPv6: the lower one is asked first.
    pub(super) metrics: [u32; 2],
    /// The name servers that it is configured with, in their order; link-local ones with their
    /// scope.
    pub(super) servers: Vec<SocketAddr>,
}

/// The name servers of all adapters by the metric of their interface, each once (Microsoft, How
/// the DNS client orders name servers). The site-local addresses that Windows puts where nothing is
/// configured (`fec0:0:0:ffff::1` to `::3`) are no servers.
pub(super) fn in_order(adapters: &[Adapter]) -> Vec<SocketAddr> {
    let mut all: Vec<(u32, SocketAddr)> = Vec::new();
    for adapter in adapters {
        for server in adapter.servers.iter().filter(|server| !is_placeholder(server.ip())) {
            let metric = adapter.metrics[usize::from(server.is_ipv6())];
            if !all.iter().any(|(_, known)| known == server) {
                all.push((metric, *server));
            }
        }
    }
    // Stable: servers of one adapter keep their order.
    all.sort_by_key(|(metric, _)| *metric);
    all.into_iter().map(|(_, server)| server).collect()
}

fn is_placeholder(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(own) if own.segments()[..4] == [0xfec0, 0, 0, 0xffff])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_metric_is_asked_first() {
        let adapter = |metrics, servers: &[&str]| Adapter {
            metrics,
            servers: servers.iter().map(|server| server.parse().unwrap()).collect(),
        };
        let adapters = [
            adapter([50, 5], &["10.9.0.1:53", "[fe80::1%7]:53"]),
            adapter([25, 25], &["10.0.0.53:53", "10.0.0.54:53", "[fec0:0:0:ffff::1]:53"]),
            adapter([10, 10], &["10.0.0.54:53"]),
        ];
        let order: Vec<String> = in_order(&adapters).iter().map(ToString::to_string).collect();
        assert_eq!(order, ["[fe80::1%7]:53", "10.0.0.53:53", "10.0.0.54:53", "10.9.0.1:53"]);
        assert_eq!(in_order(&[]), []);
    }
}
