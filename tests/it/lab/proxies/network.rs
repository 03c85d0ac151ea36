//! Client, proxies and the world, around a router that lets the client through to its own company
//! and to its proxies, and to little else. None of the namespaces has a route out.

use super::super::namespace::Namespace;

/// The client's resolver: it knows the company's own names and private endpoints.
pub(super) const RESOLVER: &str = "10.50.2.53";
/// The proxies' resolver, which the client cannot ask: it knows public names.
pub(super) const PROXIES_RESOLVER: &str = "10.50.2.55";
/// The company's web server: a PAC on port 80, nothing that proxies on port 8080.
pub(super) const INTRANET: &str = "10.50.2.80";

/// squid.
pub(super) const SQUID: &str = "10.50.3.10";
/// tinyproxy.
pub(super) const TINYPROXY: &str = "10.50.3.11";
/// Where a proxy would be, were its packets not dropped.
pub(super) const PROXY_DROPPED: &str = "10.50.3.20";
/// Where a proxy would be, did the router not say that it cannot be reached.
pub(super) const PROXY_UNREACHABLE: &str = "10.50.3.21";

/// The world's web servers. What differs is the road: to this one the proxies get, and the client's
/// packets are dropped.
pub(super) const WEB: &str = "52.166.10.1";
/// The same, and the client's packets are rejected.
pub(super) const WEB_REJECTED: &str = "52.166.30.1";
/// The client may go there itself.
pub(super) const WEB_OPEN: &str = "52.166.40.1";
/// The company's private endpoints, which the client reaches.
pub(super) const PRIVATE: [&str; 2] = ["10.10.2.4", "10.10.2.5"];
/// Nobody gets there: reset, silence, an ICMP error.
pub(super) const RESET: &str = "52.166.20.2";
pub(super) const DROPPED: &str = "52.166.20.5";
pub(super) const UNREACHABLE: &str = "52.166.20.6";

/// The namespaces.
pub(super) struct Network {
    pub(super) client: Namespace,
    pub(super) proxies: Namespace,
    pub(super) server: Namespace,
    /// Held for its life only.
    _router: Namespace,
}

impl Network {
    /// Builds them, with links, addresses, routes and filters.
    pub(super) fn create(lab: &str) -> Result<Self, String> {
        let client = Namespace::create(lab, "client")?;
        let router = Namespace::create(lab, "router")?;
        let proxies = Namespace::create(lab, "proxies")?;
        let server = Namespace::create(lab, "server")?;
        router.set(&[("ipv4/ip_forward", "1"), ("ipv4/icmp_ratelimit", "0")])?;
        // tinyproxy has no time-out of its own for a connect: two SYNs are three seconds.
        proxies.set(&[("ipv4/tcp_syn_retries", "1")])?;
        for (namespace, network, addresses) in [
            (&client, 1, &["10.50.1.10"][..]),
            (&proxies, 3, &[SQUID, TINYPROXY]),
            (&server, 2, &["10.50.2.2"]),
        ] {
            let link = format!("link{network}");
            router.ip(&format!(
                "link add {link} type veth peer name uplink netns {}\n\
                 link set {link} up\n\
                 address add 10.50.{network}.1/24 dev {link}\n",
                namespace.name()
            ))?;
            let addresses = addresses.iter().map(|address| format!("address add {address}/24"));
            namespace.ip(&format!(
                "link set uplink up\n{}route add default via 10.50.{network}.1\n",
                addresses.map(|line| format!("{line} dev uplink\n")).collect::<Vec<_>>().concat()
            ))?;
        }
        let here = [RESOLVER, PROXIES_RESOLVER, INTRANET, WEB, WEB_REJECTED, WEB_OPEN].iter();
        let lines = here.chain(&PRIVATE).map(|address| format!("address add {address} dev lo\n"));
        server.ip(&lines.collect::<Vec<_>>().concat())?;
        // What the table names and nobody has goes to the server, which forwards nothing.
        router.ip("route add default via 10.50.2.2\n")?;
        router.nft(&filter())?;
        client.etc("resolv.conf", &format!("nameserver {RESOLVER}\n"))?;
        proxies.etc(
            "resolv.conf",
            &format!("nameserver {PROXIES_RESOLVER}\noptions timeout:1 attempts:1\n"),
        )?;
        Ok(Self { client, proxies, server, _router: router })
    }
}

fn filter() -> String {
    format!(
        "table ip roads {{\nchain forward {{\ntype filter hook forward priority filter\n\
         ip daddr {RESET} reject with tcp reset\n\
         ip daddr {DROPPED} drop\n\
         ip daddr {UNREACHABLE} reject with icmp type host-unreachable\n\
         iifname != \"link1\" accept\n\
         ip daddr {PROXIES_RESOLVER} drop\n\
         ip daddr {PROXY_DROPPED} drop\n\
         ip daddr {PROXY_UNREACHABLE} reject with icmp type host-unreachable\n\
         ip daddr {{ 10.50.0.0/16, 10.10.0.0/16, {WEB_OPEN} }} accept\n\
         ip daddr {WEB_REJECTED} reject with icmp type admin-prohibited\n\
         drop\n}}\n}}\n"
    )
}
