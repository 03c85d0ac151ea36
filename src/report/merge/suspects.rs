//! The parts that could explain a failure, and which cases have them.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;
use serde::Serialize;

use super::cover::CaseSet;
use super::facts::WayPart;

/// What kind of thing hosts share. Of parts that cannot be told apart, and that are equally near to
/// the cause, the first is named first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// A name server that was asked.
    Resolver,
    /// The proxy that carries the endpoint, or `direct`.
    Proxy,
    /// The deployment of a relay's gateways.
    Deployment,
    /// An address that was connected to, or a network of such.
    Destination,
    /// A network that the hosts leave from.
    Source,
    /// Who issued the certificates that were presented.
    Issuer,
    /// What decided the route.
    RouteRule,
    /// The version of the runtime.
    RuntimeVersion,
    /// The name and port that is required.
    Endpoint,
}

impl PartKind {
    /// Whether `cause` itself speaks of such parts.
    pub(super) fn is_meant_by(self, cause: &str) -> bool {
        let layer = cause.split('_').next().unwrap_or_default();
        matches!(
            (self, layer),
            (Self::Resolver, "dns" | "path")
                | (Self::Proxy, "proxy")
                | (Self::Issuer, "tls")
                | (Self::RouteRule, "route")
                | (Self::RuntimeVersion, "runtime")
        )
    }
}

/// Something that several hosts have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SharedPart {
    /// What kind of thing it is.
    pub kind: PartKind,
    /// Which one, as the reports write it; networks in CIDR notation.
    pub value: String,
}

/// Fewer hosts than this share nothing that could be said.
const LEAST: usize = 3;

/// A part before it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Suspect {
    Text(PartKind, String),
    Network(PartKind, IpNet),
}

/// The parts that may be named, those of the same cases together.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// The cases of each.
    pub(super) cases: Vec<CaseSet>,
    /// What these cases share.
    pub(super) parts: Vec<Vec<SharedPart>>,
    /// Of which cases something is known of each kind.
    known: BTreeMap<PartKind, CaseSet>,
}

impl Suspects {
    /// Those among `parts` that may have led to `cause`, of `n_cases` in all.
    pub(super) fn of(parts: &BTreeMap<&WayPart, CaseSet>, n_cases: usize, cause: &str) -> Self {
        let mut known: BTreeMap<PartKind, CaseSet> = BTreeMap::new();
        let mut all: BTreeMap<Suspect, CaseSet> = BTreeMap::new();
        for (part, cases) in parts {
            let kind = kind_of(part);
            if may_cause(kind, cause) {
                known.entry(kind).or_default().add(cases);
                for suspect in suspects(part) {
                    all.entry(suspect).or_default().add(cases);
                }
            }
        }
        let mut places: HashMap<CaseSet, usize> = HashMap::new();
        let (mut distinct, mut alike): (Vec<CaseSet>, Vec<Vec<Suspect>>) = <_>::default();
        // What all have makes no difference.
        let may_tell = |cases: &CaseSet| (LEAST..n_cases).contains(&cases.len());
        for (suspect, cases) in all.into_iter().filter(|(_, cases)| may_tell(cases)) {
            let place = *places.entry(cases).or_insert_with_key(|cases| {
                distinct.push(cases.clone());
                alike.push(Vec::new());
                alike.len() - 1
            });
            alike[place].push(suspect);
        }
        Self {
            cases: distinct,
            parts: alike.into_iter().map(|alike| written(&alike)).collect(),
            known,
        }
    }

    /// What every one of `n_cases` has, although it tells none from another.
    pub(super) fn of_all(
        parts: &BTreeMap<&WayPart, CaseSet>,
        n_cases: usize,
        cause: &str,
    ) -> Vec<SharedPart> {
        let mut all: BTreeMap<Suspect, CaseSet> = BTreeMap::new();
        for (part, cases) in parts.iter().filter(|(part, _)| may_cause(kind_of(part), cause)) {
            for suspect in suspects(part) {
                all.entry(suspect).or_default().add(cases);
            }
        }
        let by_all = all.into_iter().filter(|(_, cases)| cases.len() == n_cases);
        written(&by_all.map(|(suspect, _)| suspect).collect::<Vec<_>>())
    }

    /// Of how many of `cases` nothing of this kind is known.
    pub(super) fn n_not_known(&self, kind: PartKind, cases: &CaseSet) -> usize {
        let n_known = self.known.get(&kind).map_or(0, |known| known.shared(cases));
        cases.len() - n_known
    }
}

const fn kind_of(part: &WayPart) -> PartKind {
    match part {
        WayPart::Resolver(_) => PartKind::Resolver,
        WayPart::Proxy(_) => PartKind::Proxy,
        WayPart::RouteRule(_) => PartKind::RouteRule,
        WayPart::Source(_) => PartKind::Source,
        WayPart::RuntimeVersion(_) => PartKind::RuntimeVersion,
        WayPart::Name(_) => PartKind::Endpoint,
        WayPart::Deployment(_) => PartKind::Deployment,
        WayPart::Destination(_) => PartKind::Destination,
        WayPart::Issuer(_) => PartKind::Issuer,
    }
}

/// Whether the way comes past the part before it fails by `cause`: what an address or certificate
/// is follows from a wrong answer of DNS, and does not lead to it.
fn may_cause(kind: PartKind, cause: &str) -> bool {
    let layer = cause.split('_').next().unwrap_or_default();
    match kind {
        PartKind::Deployment | PartKind::Destination => {
            !["dns", "path", "route", "runtime", "host"].contains(&layer)
        }
        PartKind::Issuer => ["tls", "http", "tds", "hold"].contains(&layer),
        _ => true,
    }
}

/// The part, or each network that an address may stand for.
fn suspects(part: &WayPart) -> Vec<Suspect> {
    let kind = kind_of(part);
    let text = |value: &str| vec![Suspect::Text(kind, value.to_owned())];
    match part {
        WayPart::Resolver(address) => text(&address.to_string()),
        WayPart::Proxy(url) => text(url.as_deref().unwrap_or("direct")),
        WayPart::RouteRule(value)
        | WayPart::RuntimeVersion(value)
        | WayPart::Name(value)
        | WayPart::Deployment(value)
        | WayPart::Issuer(value) => text(value),
        WayPart::Source(address) | WayPart::Destination(address) => {
            let network = |length| Some(IpNet::new(*address, length).ok()?.trunc());
            let networks = lengths(kind, *address).filter_map(network);
            networks.map(|network| Suspect::Network(kind, network)).collect()
        }
    }
}

/// Reports know no prefix lengths: those that subnets and published ranges have. One address that
/// several hosts leave from is theirs behind a translator, and no subnet.
const fn lengths(kind: PartKind, address: IpAddr) -> RangeInclusive<u8> {
    match (kind, address) {
        (PartKind::Source, IpAddr::V4(_)) => 16..=29,
        (PartKind::Source, IpAddr::V6(_)) => 48..=64,
        (_, IpAddr::V4(_)) => 12..=32,
        (_, IpAddr::V6(_)) => 32..=128,
    }
}

/// The parts that the same cases share; of networks within each other the one that people would
/// name.
fn written(alike: &[Suspect]) -> Vec<SharedPart> {
    let is_named = |suspect: &&Suspect| {
        let Suspect::Network(kind, network) = suspect else { return true };
        !alike.iter().any(|other| match other {
            Suspect::Network(other_kind, other) => {
                other_kind == kind
                    && (other.contains(network) || network.contains(other))
                    && strangeness(*kind, other) < strangeness(*kind, network)
            }
            Suspect::Text(..) => false,
        })
    };
    alike.iter().filter(is_named).map(shared).collect()
}

/// How far a network is from what it would be called: a subnet mostly is a /24, and of addresses
/// that were connected to nothing is said beyond them.
fn strangeness(kind: PartKind, network: &IpNet) -> u8 {
    let usual = match (kind, network) {
        (PartKind::Source, IpNet::V4(_)) => 24,
        _ => network.max_prefix_len(),
    };
    2 * network.prefix_len().abs_diff(usual) + u8::from(network.prefix_len() > usual)
}

fn shared(suspect: &Suspect) -> SharedPart {
    match suspect {
        Suspect::Text(kind, value) => SharedPart { kind: *kind, value: value.clone() },
        Suspect::Network(kind, network) => {
            let is_address = network.prefix_len() == network.max_prefix_len();
            let value = if is_address { network.addr().to_string() } else { network.to_string() };
            SharedPart { kind: *kind, value }
        }
    }
}

impl SharedPart {
    /// Whether both are networks and one holds the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let network = |part: &Self| {
            let address = || part.value.parse::<IpAddr>().ok().map(IpNet::from);
            part.value.parse::<IpNet>().ok().or_else(address)
        };
        let is_network = matches!(self.kind, PartKind::Source | PartKind::Destination)
            && self.kind == other.kind;
        is_network
            && network(self)
                .zip(network(other))
                .is_some_and(|(one, other)| one.contains(&other) || other.contains(&one))
    }
}
