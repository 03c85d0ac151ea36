//! What is to be written, whatever the format.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::firewall::flow::Flow;
use crate::firewall::port::{PortSet, Protocol};
use crate::firewall::prove::Proven;
use crate::firewall::requirement::needs;
use crate::firewall::rule::MARKER;
use crate::firewall::scope::NamePattern;
use crate::model::{AddressClass, AddressSet, Host, Kind};

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Emission {
    /// The first rule's name; others are numbered from 2.
    pub name: String,
    /// The first rule's priority; others count up.
    pub priority: u32,
    /// Where it comes from, in a few words without a time: for descriptions and heads.
    pub origin: String,
    /// What is allowed.
    pub permits: Vec<Permit>,
    /// The names, for formats of names; sorted.
    pub names: Vec<NamePattern>,
    /// The names that application rules of a firewall can tell; sorted.
    pub applications: Vec<Application>,
    /// Each name and address by itself, for a request to whoever keeps the rules; sorted.
    pub requests: Vec<AccessRequest>,
}

/// Names behind one port that a firewall can read from the handshake or the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Whether they are asked in clear text.
    pub is_clear: bool,
    /// The port.
    pub port: u16,
    /// The names and wildcards.
    pub names: BTreeSet<NamePattern>,
}

impl Application {
    /// Those of these names that speak TLS or HTTP, by port. What else speaks shows no name.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = (NamePattern, Kind, u16)>) -> Vec<Self> {
        let mut by_port: BTreeMap<(bool, u16), BTreeSet<NamePattern>> = BTreeMap::new();
        for (name, kind, port) in names {
            if Self::can_tell(kind) {
                by_port.entry((kind == Kind::Http, port)).or_default().insert(name);
            }
        }
        let application = |((is_clear, port), names)| Self { is_clear, port, names };
        by_port.into_iter().map(application).collect()
    }

    /// Whether an application rule can tell the name behind an endpoint of this kind.
    #[must_use]
    pub const fn can_tell(kind: Kind) -> bool {
        kind.speaks_tls() || matches!(kind, Kind::Http)
    }
}

/// A name and an address that it needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRequest {
    /// The name; empty where only addresses were given.
    pub name: String,
    /// The address, or the prefix that stands for it.
    pub address: IpNet,
    /// From where, where that is known.
    pub source: Option<IpAddr>,
    /// The ports, as Azure writes them.
    pub ports: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The entry it is needed for.
    pub entry: String,
    /// How it was proven.
    pub proof: String,
}

impl AccessRequest {
    /// One for each name and address, as wide as the rules are. `own` are the host's addresses: one
    /// that has no other of its family is where flows leave from.
    #[must_use]
    pub fn of(proven: &[Proven], aggregation: Aggregation, own: &[IpAddr]) -> Vec<Self> {
        let only = |is_v4: bool| {
            let mut of_family = own.iter().filter(|own| own.is_ipv4() == is_v4);
            of_family.next().filter(|_| of_family.next().is_none()).copied()
        };
        let mut requests: Vec<_> = proven
            .iter()
            .map(|one| Self {
                name: one.name.clone(),
                address: aggregation.around(one.address),
                source: one.local.or_else(|| only(one.address.is_ipv4())),
                ports: one.port.to_string(),
                protocol: Protocol::Tcp,
                entry: one.entry.clone(),
                proof: one.how.clone(),
            })
            .collect();
        requests.sort();
        requests.dedup();
        requests
    }

    /// Those of prefixes that were given.
    #[must_use]
    pub fn given(permits: &[Permit]) -> Vec<Self> {
        let of = |permit: &Permit| {
            let (ports, protocol) = (permit.ports.texts().join(" "), permit.protocol);
            let request = |prefix: &ProvenPrefix| Self {
                name: String::new(),
                address: prefix.net,
                source: None,
                ports: ports.clone(),
                protocol,
                entry: String::new(),
                proof: prefix.why.clone(),
            };
            permit.prefixes.iter().map(request).collect::<Vec<_>>()
        };
        permits.iter().flat_map(of).collect()
    }
}

/// Addresses that are allowed the same ports.
#[derive(Clone, Debug)]
pub struct Permit {
    /// The protocol.
    pub protocol: Protocol,
    /// The ports.
    pub ports: PortSet,
    /// A service tag that holds all of the addresses, for formats that know tags.
    pub tag: Option<String>,
    /// The addresses, ascending.
    pub prefixes: Vec<ProvenPrefix>,
}

/// A prefix and why it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenPrefix {
    /// The prefix.
    pub net: IpNet,
    /// For whom, and how proven.
    pub why: String,
}

/// How addresses become prefixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// The fewest prefixes that hold just the set.
    #[default]
    Exact,
    /// IPv4 prefixes no longer than this; what is not public stays out.
    Widened(u8),
}

impl Aggregation {
    fn of(self, addresses: AddressSet) -> AddressSet {
        match self {
            Self::Exact => addresses,
            Self::Widened(length) => {
                addresses.widened(length).intersection(&AddressSet::of_class(AddressClass::Public))
            }
        }
    }

    /// The prefix that stands for one address.
    fn around(self, address: IpAddr) -> IpNet {
        let own = IpNet::from(address);
        match (self, own) {
            (Self::Widened(length), IpNet::V4(net)) => {
                Ipv4Net::new(net.addr(), length).map_or(own, |wide| IpNet::V4(wide.trunc()))
            }
            _ => own,
        }
    }
}

impl Emission {
    pub(super) fn numbered(&self, number: usize) -> String {
        if number == 0 { self.name.clone() } else { format!("{}-{}", self.name, number + 1) }
    }

    /// Azure takes 140 characters.
    pub(super) fn description(&self) -> String {
        one_line(&format!("{MARKER} from {}", self.origin)).chars().take(140).collect()
    }
}

impl Permit {
    /// The permits of these addresses: those that need the same ports together.
    #[must_use]
    pub fn of(proven: &[Proven], aggregation: Aggregation) -> Vec<Self> {
        let flows: Vec<_> = proven
            .iter()
            .map(|proven| Flow::tcp(Host::Address(proven.address), proven.port))
            .collect();
        needs(&flows)
            .into_iter()
            .map(|need| {
                let wide = aggregation.of(need.addresses);
                let prefixes = wide
                    .prefixes()
                    .into_iter()
                    .map(|net| ProvenPrefix { net, why: why(net, proven, &need.ports) })
                    .collect();
                Self { protocol: need.protocol, ports: need.ports, tag: None, prefixes }
            })
            .collect()
    }

    /// The permit of prefixes that were given, not resolved.
    #[must_use]
    pub fn given(
        addresses: AddressSet,
        aggregation: Aggregation,
        ports: PortSet,
        origin: &str,
    ) -> Self {
        let prefixes = aggregation
            .of(addresses)
            .prefixes()
            .into_iter()
            .map(|net| ProvenPrefix { net, why: one_line(&format!("given in {origin}")) })
            .collect();
        Self { protocol: Protocol::Tcp, ports, tag: None, prefixes }
    }
}

/// The names behind a prefix and how each was proven, those with the same proof together.
/// `proven` is sorted by address.
fn why(net: IpNet, proven: &[Proven], ports: &PortSet) -> String {
    const NAMES_SHOWN: usize = 2;
    let from = proven.partition_point(|proven| proven.address < net.network());
    let to = proven.partition_point(|proven| proven.address <= net.broadcast());
    let mut by_proof: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for own in proven[from..to].iter().filter(|own| ports.contains(own.port)) {
        by_proof.entry(&own.how).or_default().insert(&own.name);
    }
    let groups = by_proof.into_iter().map(|(how, names)| {
        let more = match names.len().saturating_sub(NAMES_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let names: Vec<_> = names.into_iter().take(NAMES_SHOWN).collect();
        format!("{}{more}, {how}", names.join(" "))
    });
    one_line(&groups.collect::<Vec<_>>().join("; "))
}

impl Permit {
    /// The prefixes of each family that has any.
    pub(super) fn families(&self) -> Vec<Vec<&ProvenPrefix>> {
        let (v4, v6): (Vec<_>, Vec<_>) =
            self.prefixes.iter().partition(|prefix| matches!(prefix.net, IpNet::V4(_)));
        [v4, v6].into_iter().filter(|family| !family.is_empty()).collect()
    }
}

/// Names of files and of tags come from outside: they must not begin a line, nor end a text.
/// Only ASCII is kept: to `PowerShell` typographic quotes are quotes, and Windows's own reads a
/// script in the code page of the machine, where parts of any other letter become such quotes.
pub(super) fn one_line(text: &str) -> String {
    let keep = |c: char| match c {
        ' '..='~' => c,
        _ if c.is_control() => ' ',
        _ => '?',
    };
    let line: String = text.chars().map(keep).collect();
    // To some readers a backslash there continues a comment.
    line.trim_end_matches('\\').to_owned()
}
