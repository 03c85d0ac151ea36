//! The flows that must be let through, and the rules that do it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::flow::Flow;
use super::missing::Missing;
use super::port::{PortSet, Protocol, ProtocolSet};
use super::rule::{Access, Rule, RuleDialect, RuleSet};
use crate::model::AddressSet;
pub use crate::model::ConnectOutcome;

/// A flow that must be let through for an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    pub flow: Flow,
    /// The endpoint, such as `ns.servicebus.windows.net:443`.
    pub endpoint: String,
    /// The entry of the endpoint, such as `relay`.
    pub entry: String,
    /// Whether the endpoint is the control plane's, which has a service tag.
    pub is_control: bool,
    /// The result of connecting, where a run tried it.
    pub measured: Option<ConnectOutcome>,
    pub class: Class,
    /// The possible source addresses, where the flow itself names none. The flow must be let
    /// through from each of them.
    pub sources: Vec<IpAddr>,
    /// The fact that would decide whether this is the flow that is needed, where that is unknown.
    pub missing: Option<Missing>,
}

/// Whether a gap in the rules is a fault or a warning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The runtime does not work without the flow.
    Required,
    /// The flow leads to a gateway of this deployment, which was found from a relay's chain.
    Gateway(String),
}

impl Requirement {
    /// A required flow of which nothing else is known.
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

    /// The flow from each of its possible sources.
    pub(super) fn flows(&self) -> Vec<Flow> {
        let from = |source: &IpAddr| Flow { source: Some(*source), ..self.flow.clone() };
        match (&*self.sources, self.flow.source) {
            ([], _) | (_, Some(_)) => vec![self.flow.clone()],
            (sources, None) => sources.iter().map(from).collect(),
        }
    }
}

/// Addresses that need the same ports of the same protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub protocol: Protocol,
    pub ports: PortSet,
    pub addresses: AddressSet,
}

/// Groups the flows by ports, in as few groups as possible without giving an address a port that it
/// does not need. Flows without an address are left out, because rules for addresses cannot allow
/// them.
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

/// The smallest rule set that lets these flows through and nothing else.
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

/// The lowest priority that Azure takes.
const FIRST_PRIORITY: u32 = 100;
