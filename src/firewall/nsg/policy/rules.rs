//! The rules of Azure Firewall in its collections: network rules and application rules.

use super::super::node::Node;
use super::super::rule::{add_prefix, read_ports};
use super::collections::{PolicyRule, RuleKind};
use super::ip_groups::IpGroups;
use crate::arm_template::ArmValue;
use crate::firewall::missing::{Missing, Property};
use crate::firewall::port::{PortSet, Protocol, ProtocolSet};
use crate::firewall::rule::{Access, Direction, Rule};
use crate::firewall::scope::{NamePattern, Scope};

/// Reads a rule of this kind. An application rule may be two: what it does on ports where its
/// protocol is not the usual one is not known.
pub(super) fn read_policy_rule(
    node: &Node<'_>,
    kind: Option<RuleKind>,
    access: &Property<Access>,
    groups: &IpGroups,
) -> Vec<PolicyRule> {
    let rules = match kind {
        Some(RuleKind::Network) => vec![network_rule(node, access, groups)],
        Some(RuleKind::Application) => application_rules(node, access, groups),
        None => {
            let missing = node.missing("a rule that is neither NetworkRule nor ApplicationRule");
            vec![Rule::unreadable(&node.path, &node.path, &missing)]
        }
    };
    let is_application = kind == Some(RuleKind::Application);
    rules.into_iter().map(|rule| PolicyRule { is_application, rule }).collect()
}

fn base(node: &Node<'_>, access: &Property<Access>, groups: &IpGroups) -> Rule {
    let mut source = Scope::default();
    let is_given = add_side(&mut source, node, "source", groups);
    Rule {
        name: node.text("name").map_or_else(|| node.path.clone(), str::to_owned),
        location: node.path.clone(),
        direction: Direction::Outbound.into(),
        access: access.clone(),
        // A rule without any source matches every source; one of an empty IP group matches none.
        source: if is_given { source } else { Scope::any() },
        ..Rule::outbound("", 0, Access::Deny)
    }
}

fn network_rule(node: &Node<'_>, access: &Property<Access>, groups: &IpGroups) -> Rule {
    let mut rule = base(node, access, groups);
    rule.protocols = protocols(node);
    rule.destination = Scope::default();
    let has_addresses = add_side(&mut rule.destination, node, "destination", groups);
    let fqdns = elements(node, "destinationFqdns");
    for fqdn in &fqdns {
        add_exact_name(&mut rule.destination, fqdn);
    }
    if !has_addresses && fqdns.is_empty() {
        rule.destination.unknown.push(node.missing("the rule has no destination"));
    }
    let ports = elements(node, "destinationPorts");
    rule.destination_ports = if ports.is_empty() {
        Property::Unknown(node.missing("the rule has no destinationPorts"))
    } else {
        read_ports(&ports)
    };
    rule
}

/// Reads a rule that matches the name in a TLS handshake or an HTTP request.
fn application_rules(node: &Node<'_>, access: &Property<Access>, groups: &IpGroups) -> Vec<Rule> {
    let mut rule = base(node, access, groups);
    rule.protocols = ProtocolSet::from(Protocol::Tcp).into();
    rule.destination = Scope::default();
    for fqdn in elements(node, "targetFqdns") {
        add_name(&mut rule.destination, &fqdn);
    }
    for (key, what) in
        [("fqdnTags", "FQDN tag"), ("webCategories", "web category"), ("targetUrls", "target URL")]
    {
        for element in elements(node, key) {
            let name = format!("{what} {}", element.value.as_str().unwrap_or(&element.path));
            rule.destination.unknown.push(Missing::NameGroup(name.into()));
        }
    }
    for element in elements(node, "destinationAddresses") {
        add_prefix(&mut rule.destination, &element);
    }
    if rule.destination.is_empty() {
        rule.destination.unknown.push(node.missing("the rule has no targetFqdns"));
    }
    let ApplicationPorts { usual, doubtful } = match application_ports(node) {
        Ok(ports) => ports,
        Err(missing) => {
            rule.destination_ports = Property::Unknown(missing);
            return vec![rule];
        }
    };
    let doubted = doubtful.into_iter().map(|(ports, missing)| {
        let mut own = rule.clone();
        own.destination_ports = Property::Known(ports);
        own.access = Property::Unknown(missing);
        own
    });
    let doubted: Vec<_> = doubted.collect();
    rule.destination_ports = Property::Known(usual);
    let is_doubted_alone = rule.destination_ports == Property::Known(PortSet::default());
    let sure = (!is_doubted_alone).then_some(rule);
    sure.into_iter().chain(doubted).collect()
}

/// The ports of an application rule.
#[derive(Default)]
struct ApplicationPorts {
    /// Those where flows are of the rule's protocol.
    usual: PortSet,
    /// Those where flows may be of another protocol, which the rule does not match then.
    doubtful: Vec<(PortSet, Missing)>,
}

fn application_ports(node: &Node<'_>) -> Result<ApplicationPorts, Missing> {
    let mut all = ApplicationPorts::default();
    let protocols = elements(node, "protocols");
    if protocols.is_empty() {
        return Err(node.missing("the rule has no protocols"));
    }
    for element in protocols {
        // A classic rule may have `https:443` or only the type.
        let word =
            element.text("protocolType").or_else(|| element.value.as_str()).unwrap_or_default();
        // What the rule looks at in protocols that a TLS handshake on another port is not of.
        let (usual, looks_at) = match word.to_ascii_lowercase().as_str() {
            "http" => (80, Some("the HTTP request")),
            "https" => (443, None),
            "mssql" => (1433, Some("SQL Server's own protocol")),
            _ => return Err(element.missing("a protocol that is not Http, Https or Mssql")),
        };
        let ports = match element.get("port") {
            Some(port) => match read_ports(&[port]) {
                Property::Known(ports) if ports.is_subset(&PortSet::from(0)) => {
                    PortSet::from(usual)
                }
                Property::Known(ports) => ports,
                Property::Unknown(missing) => return Err(missing),
            },
            None => PortSet::from(usual),
        };
        match looks_at.filter(|_| !ports.is_subset(&PortSet::from(usual))) {
            None => all.usual = all.usual.union(&ports),
            Some(looks_at) => {
                let why = format!(
                    "{word} on port {} matches by {looks_at}: whether a flow to that port has one \
                     is not known, and one of TLS has none",
                    ports.texts().join(", ")
                );
                all.doubtful.push((ports, element.missing(&why)));
            }
        }
    }
    Ok(all)
}

fn protocols(node: &Node<'_>) -> Property<ProtocolSet> {
    let mut all = ProtocolSet::default();
    let elements =
        node.get_any(&["ipProtocols", "protocols"]).map(|own| own.elements()).unwrap_or_default();
    if elements.is_empty() {
        return Property::Unknown(node.missing("the rule has no ipProtocols"));
    }
    for element in elements {
        match (element.value, element.value.as_str().and_then(ProtocolSet::parse)) {
            (ArmValue::Unknown(unknown), _) => return Property::Unknown(unknown.into()),
            (_, Some(protocols)) => all = all.union(protocols),
            (other, None) => {
                let why = format!("{}; expected TCP, UDP, ICMP or Any", other.shown());
                return Property::Unknown(element.missing(&why));
            }
        }
    }
    Property::Known(all)
}

/// Adds the addresses and IP groups of one side, and returns whether the rule names any: an IP
/// group may be empty.
fn add_side(scope: &mut Scope, node: &Node<'_>, side: &str, groups: &IpGroups) -> bool {
    let is_blank =
        |element: &Node<'_>| element.value.as_str().is_some_and(|text| text.trim().is_empty());
    let mut addresses = elements(node, &format!("{side}Addresses"));
    addresses.retain(|element| !is_blank(element));
    for element in &addresses {
        add_prefix(scope, element);
    }
    let named = elements(node, &format!("{side}IpGroups"));
    for element in &named {
        let id = element.text("id").or_else(|| element.value.as_str());
        match (element.value, id.and_then(|id| groups.get(id))) {
            (ArmValue::Unknown(unknown), _) => scope.unknown.push(unknown.into()),
            (_, Some(group)) => {
                scope.addresses = scope.addresses.union(&group.addresses);
                scope.tags.extend_from_slice(&group.tags);
                scope.unknown.extend_from_slice(&group.unknown);
            }
            (_, None) => {
                scope.unknown.push(Missing::IpGroup(id.unwrap_or(&element.path).into()));
            }
        }
    }
    !addresses.is_empty() || !named.is_empty()
}

fn elements<'a>(node: &Node<'a>, key: &str) -> Vec<Node<'a>> {
    node.get(key).map(|own| own.elements()).unwrap_or_default()
}

fn add_name(scope: &mut Scope, element: &Node<'_>) {
    match element.value {
        ArmValue::Unknown(unknown) => scope.unknown.push(unknown.into()),
        value => match value.as_str().map(NamePattern::parse) {
            Some(Ok(pattern)) => scope.names.push(pattern),
            Some(Err(error)) => scope.unknown.push(element.missing(&error.to_string())),
            None => scope.unknown.push(element.missing("expected a name")),
        },
    }
}

/// Adds a name of a network rule, which takes no wildcards.
fn add_exact_name(scope: &mut Scope, element: &Node<'_>) {
    let text = element.value.as_str().unwrap_or_default();
    if text.contains('*') {
        let why =
            format!("'{text}' is a wildcard, which Azure Firewall takes in application rules only");
        scope.unknown.push(element.missing(&why));
    } else {
        add_name(scope, element);
    }
}
