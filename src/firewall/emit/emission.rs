//! The content of the output, before it is written in a format.

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

/// The content of an output, which every format takes its part of.
#[derive(Clone, Debug)]
pub struct Emission {
    /// The name of the first rule. The others have numbers from 2 behind it.
    pub name: String,
    /// The priority of the first rule, from which the others count up.
    pub priority: u32,
    /// A few words on the source of the addresses, without a time, for descriptions.
    pub origin: String,
    pub permits: Vec<Permit>,
    /// The sorted names, for formats that hold names.
    pub names: Vec<NamePattern>,
    /// The sorted names that application rules of a firewall can match.
    pub applications: Vec<Application>,
    /// The sorted pairs of name and address, for a request to the owner of a firewall.
    pub requests: Vec<AccessRequest>,
}

/// Names on one port that a firewall can read from a TLS handshake or an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Whether the port is used without TLS.
    pub is_clear: bool,
    pub port: u16,
    pub names: BTreeSet<NamePattern>,
}

impl Application {
    /// Groups the names by port. Only TLS and HTTP show a name, so that others are left out.
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

    /// Whether an application rule can match the name of an endpoint of this kind.
    #[must_use]
    pub const fn can_tell(kind: Kind) -> bool {
        kind.speaks_tls() || matches!(kind, Kind::Http)
    }
}

/// A name and one of its addresses, or a name alone, to which access is requested.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRequest {
    /// The name, which is empty where only addresses were given.
    pub name: String,
    /// The address, or the prefix that stands for it; `None` for a name that nobody resolved.
    pub address: Option<IpNet>,
    /// The address that flows leave from, where it is known.
    pub source: Option<IpAddr>,
    /// The ports in the notation of Azure.
    pub ports: String,
    pub protocol: Protocol,
    /// The entry that needs the address.
    pub entry: String,
    /// The proof that the address belongs to the name.
    pub proof: String,
}

impl AccessRequest {
    /// One request for each name and address, as wide as the rules are. `own` are the host's
    /// addresses. If there is only one of a family, flows leave from it.
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
                address: Some(aggregation.around(one.address)),
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

    /// The requests for prefixes that were given.
    #[must_use]
    pub fn given(permits: &[Permit]) -> Vec<Self> {
        let of = |permit: &Permit| {
            let (ports, protocol) = (permit.ports.texts().join(" "), permit.protocol);
            let request = |prefix: &ProvenPrefix| Self {
                name: String::new(),
                address: Some(prefix.net),
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

    /// The requests for names that were given, whose addresses nobody looked up.
    #[must_use]
    pub fn named(names: &[(NamePattern, PortSet)], origin: &str) -> Vec<Self> {
        let mut requests: Vec<_> = names
            .iter()
            .map(|(name, ports)| Self {
                name: name.to_string(),
                address: None,
                source: None,
                ports: ports.texts().join(" "),
                protocol: Protocol::Tcp,
                entry: String::new(),
                proof: one_line(&format!("given in {origin}")),
            })
            .collect();
        requests.sort();
        requests.dedup();
        requests
    }

    /// Whether it is one flow, as files of flows list them: neither a prefix, nor a pattern, nor
    /// several ports.
    #[must_use]
    pub fn is_flow(&self) -> bool {
        let is_one = match self.address {
            Some(net) => net.prefix_len() == net.max_prefix_len(),
            None => !self.name.starts_with('*'),
        };
        is_one && self.ports.parse::<u16>().is_ok()
    }
}

/// Prefixes that are allowed on the same ports.
#[derive(Clone, Debug)]
pub struct Permit {
    pub protocol: Protocol,
    pub ports: PortSet,
    /// A service tag that holds all of the addresses, for formats that know tags.
    pub tag: Option<String>,
    /// The prefixes in ascending order.
    pub prefixes: Vec<ProvenPrefix>,
}

/// A prefix and the reason to allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenPrefix {
    pub net: IpNet,
    /// The names that need it, with the proof.
    pub why: String,
}

/// The way in which addresses are combined into prefixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// The fewest prefixes that hold the addresses and no others.
    #[default]
    Exact,
    /// IPv4 prefixes that are no longer than this, without the addresses that are not public.
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

    /// The description of the rules, which Azure limits to 140 characters.
    pub(super) fn description(&self) -> String {
        one_line(&format!("{MARKER} from {}", self.origin)).chars().take(140).collect()
    }
}

impl Permit {
    /// The permits for these addresses, one for all that need the same ports.
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

    /// The permit for prefixes that were given and not resolved.
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

/// The names behind a prefix, grouped by their proof. `proven` must be sorted by address.
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

/// Makes a text safe for a comment or a quoted string. Names of files and tags come from outside,
/// and must not begin a line nor end a string. Only ASCII is kept: `PowerShell` takes typographic
/// quotes for quotes, and the one of Windows reads a script in the code page of the machine, in
/// which the bytes of any other letter may become such quotes.
pub(super) fn one_line(text: &str) -> String {
    let keep = |c: char| match c {
        ' '..='~' => c,
        _ if c.is_control() => ' ',
        _ => '?',
    };
    let line: String = text.chars().map(keep).collect();
    // Some readers continue a comment on the next line after a backslash.
    line.trim_end_matches('\\').to_owned()
}
