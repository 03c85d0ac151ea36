//! One security rule, in every form in which Azure and its tools write it.

use super::node::Node;
use crate::arm_template::ArmValue;
use crate::firewall::missing::{Missing, Property};
use crate::firewall::port::{PortSet, ProtocolSet};
use crate::firewall::rule::{Access, Direction, MARKER, Onward, Rule};
use crate::firewall::scope::Scope;
use crate::model::AddressSet;

/// Reads a rule of Resource Manager (below `properties`), of az (flat), of PowerShell (lists in
/// place of single values) or of effective rules (expanded prefixes). A property that cannot be
/// read is unknown, with its path; none is skipped, because a skipped one would change a decision.
pub(super) fn read_rule(node: &Node<'_>) -> Rule {
    if let ArmValue::Unknown(unknown) = node.value {
        return Rule::unreadable(&node.path, &node.path, &unknown.into());
    }
    if !matches!(node.value, ArmValue::Object(_)) {
        let missing = node.missing(&format!("{} stands where a rule should", node.value.shown()));
        return Rule::unreadable(&node.path, &node.path, &missing);
    }
    let properties = node.properties();
    if let ArmValue::Unknown(unknown) = properties.value {
        return Rule::unreadable(&rule_name(node), &node.path, &unknown.into());
    }
    Rule {
        name: rule_name(node),
        location: node.path.clone(),
        priority: priority(&properties),
        direction: keyword(&properties, "direction", Direction::parse, "Inbound or Outbound"),
        access: keyword(&properties, "access", Access::parse, "Allow or Deny"),
        protocols: keyword(
            &properties,
            "protocol",
            ProtocolSet::parse,
            "Tcp, Udp, Icmp, Esp, Ah or *",
        ),
        source: scope(&properties, "source"),
        source_ports: ports(&properties, "source"),
        destination: scope(&properties, "destination"),
        destination_ports: ports(&properties, "destination"),
        is_kept: properties.text("description").is_some_and(|text| text.starts_with(MARKER)),
        onward: Onward::Next,
        doubt: None,
    }
}

/// The name without its parents: effective rules have names such as `securityRules/NAME` and
/// `defaultSecurityRules/NAME`, nested resources `NSG/NAME`.
fn rule_name(node: &Node<'_>) -> String {
    let name = node.text("name").or_else(|| node.value.get("properties")?.get("name")?.as_str());
    let name = name.map(|name| name.rsplit('/').next().unwrap_or(name));
    name.filter(|name| !name.is_empty()).map_or_else(|| node.path.clone(), str::to_owned)
}

pub(super) fn priority(properties: &Node<'_>) -> Property<u32> {
    let Some(node) = properties.get("priority") else {
        return Property::Unknown(absent(properties, "priority"));
    };
    let number = match node.value {
        ArmValue::Integer(number) => u32::try_from(*number).ok(),
        ArmValue::String(text) => text.trim().parse().ok(),
        ArmValue::Unknown(unknown) => return Property::Unknown(unknown.into()),
        _ => None,
    };
    number.map_or_else(
        || Property::Unknown(node.missing(&format!("{} is no priority", node.value.shown()))),
        Property::Known,
    )
}

pub(super) fn keyword<T>(
    properties: &Node<'_>,
    key: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Property<T> {
    let Some(node) = properties.get(key) else {
        return Property::Unknown(absent(properties, key));
    };
    match node.value {
        ArmValue::Unknown(unknown) => Property::Unknown(unknown.into()),
        value => value.as_str().and_then(parse).map_or_else(
            || {
                let why = format!("{}; expected {expected}", value.shown());
                Property::Unknown(node.missing(&why))
            },
            Property::Known,
        ),
    }
}

fn absent(properties: &Node<'_>, key: &str) -> Missing {
    properties.missing(&format!("the rule has no {key}"))
}

/// The union of a side's prefix, its prefixes and its application security groups, as Azure takes
/// it.
fn scope(properties: &Node<'_>, side: &str) -> Scope {
    let capital = capitalised(side);
    let mut scope = Scope::default();
    // Effective rules list the prefixes that a tag was expanded to, so that the tag itself need not
    // be known.
    let expanded = properties
        .get(&format!("expanded{capital}AddressPrefix"))
        .map(|node| node.elements())
        .filter(|elements| !elements.is_empty());
    for element in expanded.iter().flatten() {
        add_prefix(&mut scope, element);
    }
    for key in [format!("{side}AddressPrefix"), format!("{side}AddressPrefixes")] {
        for element in properties.get(&key).iter().flat_map(Node::elements) {
            let is_expanded_tag = expanded.is_some()
                && element.value.as_str().is_some_and(|text| AddressSet::parse(text).is_err());
            if !is_expanded_tag {
                add_prefix(&mut scope, &element);
            }
        }
    }
    let groups = properties.get(&format!("{side}ApplicationSecurityGroups"));
    for group in groups.iter().flat_map(Node::elements) {
        if let ArmValue::Unknown(unknown) = group.value {
            scope.unknown.push(unknown.into());
            continue;
        }
        let id = group.text("id").or_else(|| group.value.as_str()).unwrap_or(&group.path);
        scope.unknown.push(Missing::ApplicationGroup(id.into()));
    }
    if scope.is_empty() {
        scope.unknown.push(absent(properties, &format!("{side}AddressPrefix")));
    }
    scope
}

pub(super) fn add_prefix(scope: &mut Scope, element: &Node<'_>) {
    match element.value {
        ArmValue::String(text) if text.trim().is_empty() => {}
        ArmValue::String(text) => scope.add(text),
        ArmValue::Unknown(unknown) => scope.unknown.push(unknown.into()),
        other => {
            let why = format!("{}; expected an address prefix or a tag", other.shown());
            scope.unknown.push(element.missing(&why));
        }
    }
}

fn ports(properties: &Node<'_>, side: &str) -> Property<PortSet> {
    let keys = [format!("{side}PortRange"), format!("{side}PortRanges")];
    let elements: Vec<_> = keys
        .iter()
        .filter_map(|key| properties.get(key))
        .flat_map(|node| node.elements())
        .filter(|element| element.value.as_str().is_none_or(|text| !text.trim().is_empty()))
        .collect();
    if elements.is_empty() {
        return Property::Unknown(absent(properties, &keys[0]));
    }
    read_ports(&elements)
}

/// The union of these ports. It is unknown as soon as one of them cannot be read.
pub(super) fn read_ports(elements: &[Node<'_>]) -> Property<PortSet> {
    let mut all = PortSet::default();
    for element in elements {
        let read = match element.value {
            ArmValue::Unknown(unknown) => return Property::Unknown(unknown.into()),
            ArmValue::Integer(number) => PortSet::parse(&number.to_string()),
            ArmValue::String(text) => PortSet::parse(text),
            other => PortSet::parse(&other.shown()),
        };
        match read {
            Ok(ports) => all = all.union(&ports),
            Err(error) => return Property::Unknown(element.missing(&error.to_string())),
        }
    }
    Property::Known(all)
}

fn capitalised(side: &str) -> String {
    let (first, rest) = side.split_at(1);
    first.to_ascii_uppercase() + rest
}
