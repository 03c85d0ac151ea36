//! Three namespaces in a row, client, router and server, and the roads between them.
//!
//! None has a route out: the router's default route leads to the server, which answers for the
//! addresses of the table and forwards nothing. What is addressed to anybody else ends there in
//! silence, as on a network that filters.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::namespace::Namespace;
use super::situation::{Destination, Road, SITUATIONS, Situation};

/// The client's own addresses; from the second one every connection is answered by a middlebox, to
/// the third one large packets are lost in silence, and connections of the fourth one are forgotten
/// by the router's connection tracking.
pub(super) const CLIENT: &str = "10.50.1.10";
pub(super) const CLIENT_BEHIND_MIDDLEBOX: &str = "10.50.1.66";
pub(super) const CLIENT_BEHIND_BLACK_HOLE: &str = "10.50.1.67";
pub(super) const CLIENT_BEHIND_TRACKING: &str = "10.50.1.68";
/// How long the router remembers an idle connection, seconds.
pub(super) const REMEMBERED: u32 = 3;
/// What the middlebox passes connections to.
pub(super) const MIDDLEBOX: &str = "10.50.2.66";

/// The name servers of the lab: what listens at an address, and what the road does.
pub(super) mod resolver {
    /// unbound, as the client's `resolv.conf` says.
    pub(in crate::lab) const MAIN: &str = "10.50.2.53";
    /// nsd, with every zone.
    pub(in crate::lab) const AUTHORITATIVE: &str = "10.50.2.54";
    /// unbound with another view of one name.
    pub(in crate::lab) const OTHER_VIEW: &str = "10.50.2.55";
    /// unbound, where TCP is refused.
    pub(in crate::lab) const TCP_REFUSED: &str = "10.50.2.56";
    /// unbound, where TCP is dropped.
    pub(in crate::lab) const TCP_DROPPED: &str = "10.50.2.57";
    /// Nobody listens.
    pub(in crate::lab) const CLOSED: &str = "10.50.2.58";
    /// Everything is dropped.
    pub(in crate::lab) const SILENT: &str = "10.50.2.59";
    /// Answers that cannot be read.
    pub(in crate::lab) const MALFORMED: &str = "10.50.2.60";
    /// The router says that it cannot be reached.
    pub(in crate::lab) const UNREACHABLE: &str = "10.50.2.61";
    /// Answers every question with [`super::LIE`].
    pub(in crate::lab) const LIAR: &str = "10.50.2.63";
    /// Answers to another question.
    pub(in crate::lab) const OTHER_QUESTION: &str = "10.50.2.62";
}

/// What the lying name server says of every name, and nobody has.
pub(super) const LIE: [u8; 4] = [10, 9, 9, 9];

/// The three namespaces.
pub(super) struct Network {
    pub(super) client: Namespace,
    pub(super) server: Namespace,
    /// Held for its life only.
    _router: Namespace,
}

impl Network {
    /// Builds them, with links, addresses, routes and filters.
    pub(super) fn create(lab: &str) -> Result<Self, String> {
        let client = Namespace::create(lab, "client")?;
        let router = Namespace::create(lab, "router")?;
        let server = Namespace::create(lab, "server")?;
        for namespace in [&client, &router, &server] {
            // Duplicate address detection would keep IPv6 away for a second.
            namespace
                .set(&[("ipv6/conf/all/accept_dad", "0"), ("ipv6/conf/default/accept_dad", "0")])?;
        }
        // ICMP errors are limited to one a second and target: each must come.
        router.set(&[
            ("ipv4/ip_forward", "1"),
            ("ipv6/conf/all/forwarding", "1"),
            ("ipv4/icmp_ratelimit", "0"),
            ("ipv6/icmp/ratelimit", "0"),
        ])?;
        server.set(&[("ipv4/icmp_ratelimit", "0"), ("ipv6/icmp/ratelimit", "0")])?;
        client.ip(&client_link(&router))?;
        router.ip(&router_links(&server))?;
        server.ip(&server_addresses())?;
        client.ip(&client_routes())?;
        router.nft(&filter())?;
        // There only once a rule tracks connections. A packet in the middle of one that is not
        // known makes none.
        let remembered = REMEMBERED.to_string();
        router.set(&[
            ("netfilter/nf_conntrack_tcp_timeout_established", &remembered),
            ("netfilter/nf_conntrack_tcp_loose", "0"),
        ])?;
        Ok(Self { client, server, _router: router })
    }
}

fn client_link(router: &Namespace) -> String {
    format!(
        "link add uplink type veth peer name downlink netns {}\n\
         link set uplink up\n\
         address add {CLIENT}/24 dev uplink\n\
         address add {CLIENT_BEHIND_MIDDLEBOX}/24 dev uplink\n\
         address add {CLIENT_BEHIND_BLACK_HOLE}/24 dev uplink\n\
         address add {CLIENT_BEHIND_TRACKING}/24 dev uplink\n\
         address add fd50:1::10/64 dev uplink nodad\n",
        router.name()
    )
}

fn router_links(server: &Namespace) -> String {
    format!(
        "link set downlink up\n\
         address add 10.50.1.1/24 dev downlink\n\
         address add fd50:1::1/64 dev downlink nodad\n\
         link add uplink type veth peer name downlink netns {}\n\
         route add {CLIENT_BEHIND_BLACK_HOLE}/32 dev downlink mtu lock 900\n\
         link set uplink up\n\
         address add 10.50.2.1/24 dev uplink\n\
         address add fd50:2::1/64 dev uplink nodad\n\
         route add default via 10.50.2.2\n\
         route add {AZURE_V6} via fd50:2::2\n",
        server.name()
    )
}

/// The only IPv6 network that the client has a route to.
const AZURE_V6: &str = "2603::/16";

fn server_addresses() -> String {
    let mut lines = String::from(
        "link set downlink up\n\
         address add 10.50.2.2/24 dev downlink\n\
         address add fd50:2::2/64 dev downlink nodad\n\
         route add default via 10.50.2.1\n\
         route add fd50:1::/64 via fd50:2::1\n",
    );
    let resolvers = [
        resolver::MAIN,
        resolver::AUTHORITATIVE,
        resolver::OTHER_VIEW,
        resolver::TCP_REFUSED,
        resolver::TCP_DROPPED,
        resolver::CLOSED,
        resolver::MALFORMED,
        resolver::OTHER_QUESTION,
        resolver::LIAR,
        MIDDLEBOX,
    ];
    let mut addresses: Vec<&str> =
        destinations().map(|(_, destination)| destination.address).chain(resolvers).collect();
    addresses.sort_unstable();
    addresses.dedup();
    for address in addresses {
        let _infallible = writeln!(lines, "address add {address} dev lo");
    }
    lines
}

fn client_routes() -> String {
    let mut lines =
        format!("route add default via 10.50.1.1\nroute add {AZURE_V6} via fd50:1::1\n");
    for (_, destination) in destinations() {
        if let Road::Route(kind) = destination.road {
            let _infallible = writeln!(lines, "route add {kind} {}", destination.address);
        }
    }
    lines
}

fn filter() -> String {
    let mut rules = format!(
        "ip saddr {CLIENT_BEHIND_TRACKING} ct state established accept\n\
         ip daddr {CLIENT_BEHIND_TRACKING} ct state established accept\n\
         ip saddr {CLIENT_BEHIND_TRACKING} tcp flags & (syn | ack) != syn drop\n\
         ip daddr {} tcp dport 53 reject with tcp reset\n\
         ip daddr {} tcp dport 53 drop\n\
         ip daddr {} drop\n\
         ip daddr {} reject with icmp type host-unreachable\n",
        resolver::TCP_REFUSED,
        resolver::TCP_DROPPED,
        resolver::SILENT,
        resolver::UNREACHABLE,
    );
    for (situation, destination) in destinations() {
        let family = if is_v6(destination.address) { "ip6" } else { "ip" };
        let to = format!("{family} daddr {} tcp dport {}", destination.address, situation.port);
        let _infallible = match destination.road {
            Road::Open | Road::Route(_) => Ok(()),
            Road::Drop => writeln!(rules, "{to} drop"),
            Road::Reject(with) => writeln!(rules, "{to} reject {with}"),
            // The third packet of the handshake is the first without SYN.
            Road::ResetAfterConnect => {
                writeln!(rules, "{to} tcp flags & (syn | ack) == ack reject with tcp reset")
            }
        };
    }
    format!(
        "table inet roads {{\n\
         chain forward {{\ntype filter hook forward priority filter\n{rules}}}\n\
         chain output {{\ntype filter hook output priority filter\n\
         icmp type destination-unreachable icmp code frag-needed drop\n}}\n\
         chain prerouting {{\ntype nat hook prerouting priority dstnat\n\
         ip saddr {CLIENT_BEHIND_MIDDLEBOX} tcp dport 443 dnat ip to {MIDDLEBOX}:443\n}}\n}}\n"
    )
}

/// Every destination of the table, with its row.
pub(super) fn destinations() -> impl Iterator<Item = (&'static Situation, &'static Destination)> {
    SITUATIONS
        .iter()
        .flat_map(|row| row.destinations.iter().map(move |destination| (row, destination)))
}

/// Whether an address of the table is one of IPv6.
pub(super) fn is_v6(address: &str) -> bool {
    address.parse::<IpAddr>().expect("the table's addresses are literals").is_ipv6()
}
