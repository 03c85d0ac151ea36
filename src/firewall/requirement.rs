//! What must be let through.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::flow::Flow;
use super::missing::Missing;
use super::port::{PortSet, Protocol, ProtocolSet};
use super::rule::{Access, Rule, RuleDialect, RuleSet};
use crate::model::AddressSet;

/// A flow that must be let through, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The flow.
    pub flow: Flow,
    /// The endpoint it belongs to, as `ns.servicebus.windows.net:443`.
    pub endpoint: String,
    /// The endpoint's entry, as `relay`.
    pub entry: String,
    /// Whether it is the control plane's, which has a service tag.
    pub is_control: bool,
    /// What a run saw of the flow, where one did.
    pub measured: Option<ConnectOutcome>,
    /// Whether a gap is a fault or a warning.
    pub class: Class,
    /// The addresses it may leave from, where the flow itself names none: all must be let through.
    pub sources: Vec<IpAddr>,
    /// What keeps it from being known whether this is the flow that is needed.
    pub missing: Option<Missing>,
}

/// How much a flow matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The runtime does not work without it.
    Required,
    /// It leads to a gateway of this deployment that was found from a relay's chain: it should be
    /// let through.
    Gateway(String),
}

impl Requirement {
    /// A flow that the runtime does not work without, of which no more is known.
    #[must_use]
    pub fn new(flow: Flow, endpoint: String, entry: &str) -> Self {
        Self {
            flow,
            endpoint,
            entry: entry.to_owned(),
            is_control: false,
            measured: None,
            class: Class::Required,
            sources: Vec::new(),
            missing: None,
        }
    }
}

/// What a run saw of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectOutcome {
    /// The connection was accepted: by the far end, or by something on the way that answers for
    /// it.
    Connected,
    /// It was answered with a reset, or with ICMP port unreachable.
    Refused,
    /// Silence.
    TimedOut,
    /// ICMP, or no route.
    Unreachable,
    /// Reset in the connect.
    Reset,
    /// This host's own policy.
    LocalDenied,
}

impl ConnectOutcome {
    /// Every way in which a connection is not accepted.
    pub const BLOCKED: [Self; 5] =
        [Self::Refused, Self::TimedOut, Self::Unreachable, Self::Reset, Self::LocalDenied];

    /// The word of the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Refused => "refused",
            Self::TimedOut => "timeout",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::LocalDenied => "local_denied",
        }
    }
}

/// Addresses that need the same ports of the same protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The protocol.
    pub protocol: Protocol,
    /// The ports.
    pub ports: PortSet,
    /// The addresses.
    pub addresses: AddressSet,
}

/// What these flows need: as few groups as can be without letting an address have a port that it
/// does not need. Flows without an address need what no address rule can give.
#[must_use]
pub fn needs<'a>(flows: impl IntoIterator<Item = &'a Flow>) -> Vec<Need> {
    let mut ports: BTreeMap<(Protocol, IpAddr), Vec<u16>> = BTreeMap::new();
    for flow in flows {
        if let Some(address) = flow.address {
            let ports = ports.entry((flow.protocol, address.to_canonical())).or_default();
            ports.extend(flow.port);
        }
    }
    let mut groups: BTreeMap<(Protocol, Vec<u16>), Vec<IpAddr>> = BTreeMap::new();
    for ((protocol, address), mut ports) in ports {
        ports.sort_unstable();
        ports.dedup();
        groups.entry((protocol, ports)).or_default().push(address);
    }
    groups
        .into_iter()
        .map(|((protocol, ports), addresses)| Need {
            protocol,
            ports: if protocol.has_ports() { ports.into_iter().collect() } else { PortSet::any() },
            addresses: addresses.into_iter().collect(),
        })
        .collect()
}

/// The least rules that let these flows through: one per need, and nothing else is.
#[must_use]
pub fn synthesize(name: &str, requirements: &[Requirement]) -> RuleSet {
    let rules = needs(requirements.iter().map(|requirement| &requirement.flow))
        .into_iter()
        .zip(FIRST_PRIORITY..)
        .map(|(need, priority)| Rule {
            protocols: ProtocolSet::from(need.protocol).into(),
            destination: need.addresses.into(),
            destination_ports: need.ports.into(),
            ..Rule::outbound(&format!("{name}-{priority}"), priority, Access::Allow)
        })
        .collect();
    RuleSet::by_priority(name, "synthesized", RuleDialect::Nsg, rules)
}

/// Azure's least priority.
const FIRST_PRIORITY: u32 = 100;
