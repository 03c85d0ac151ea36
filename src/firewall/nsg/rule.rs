//! One security rule, in every form in which Azure and its tools write it.

use super::datum::{Datum, Node};
use crate::firewall::missing::{Missing, Setting};
use crate::firewall::port::{PortSet, ProtocolSet};
use crate::firewall::rule::{Access, Direction, MARKER, Rule};
use crate::firewall::scope::Scope;
use crate::model::AddressSet;

/// Reads a rule: ARM's (`properties`), az's (flat), PowerShell's (lists where ARM has single
/// values) and effective rules (expanded prefixes). What cannot be read is unknown, with its
/// path; nothing is skipped.
pub(super) fn read_rule(node: &Node<'_>) -> Rule {
    if let Datum::Unknown(missing) = node.datum {
        return Rule::unreadable(&node.path, &node.path, missing);
    }
    if !matches!(node.datum, Datum::Table(_)) {
        let missing = node.unknown(&format!("{} stands where a rule should", node.datum.shown()));
        return Rule::unreadable(&node.path, &node.path, &missing);
    }
    let properties = node.properties();
    Rule {
        name: rule_name(node),
        place: node.path.clone(),
        priority: priority(&properties),
        direction: word(&properties, "direction", Direction::parse, "Inbound or Outbound"),
        access: word(&properties, "access", Access::parse, "Allow or Deny"),
        protocols: word(
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
    }
}

/// Effective rules name themselves `securityRules/NAME` and `defaultSecurityRules/NAME`; nested
/// resources `NSG/NAME`.
fn rule_name(node: &Node<'_>) -> String {
    let name = node.text("name").or_else(|| node.datum.get("properties")?.get("name")?.text());
    let name = name.map(|name| name.rsplit('/').next().unwrap_or(name));
    name.filter(|name| !name.is_empty()).map_or_else(|| node.path.clone(), str::to_owned)
}

fn priority(properties: &Node<'_>) -> Setting<u32> {
    let Some(node) = properties.get("priority") else {
        return Setting::Unknown(absent(properties, "priority"));
    };
    let number = match node.datum {
        Datum::Integer(number) => u32::try_from(*number).ok(),
        Datum::Text(text) => text.trim().parse().ok(),
        Datum::Unknown(missing) => return Setting::Unknown(missing.clone()),
        _ => None,
    };
    number.map_or_else(
        || Setting::Unknown(node.unknown(&format!("{} is no priority", node.datum.shown()))),
        Setting::Known,
    )
}

fn word<T>(
    properties: &Node<'_>,
    key: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Setting<T> {
    let Some(node) = properties.get(key) else {
        return Setting::Unknown(absent(properties, key));
    };
    match node.datum {
        Datum::Unknown(missing) => Setting::Unknown(missing.clone()),
        datum => datum.text().and_then(parse).map_or_else(
            || {
                let why = format!("{}; expected {expected}", datum.shown());
                Setting::Unknown(node.unknown(&why))
            },
            Setting::Known,
        ),
    }
}

fn absent(properties: &Node<'_>, key: &str) -> Missing {
    properties.unknown(&format!("the rule has no {key}"))
}

/// Singular, plural and application security groups: Azure takes them together.
fn scope(properties: &Node<'_>, side: &str) -> Scope {
    let capital = capitalised(side);
    let mut scope = Scope::default();
    // Effective rules say what a tag was expanded to: then nothing about it is unknown.
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
                && element.datum.text().is_some_and(|text| AddressSet::parse(text).is_err());
            if !is_expanded_tag {
                add_prefix(&mut scope, &element);
            }
        }
    }
    let groups = properties.get(&format!("{side}ApplicationSecurityGroups"));
    for group in groups.iter().flat_map(Node::elements) {
        let id = group.text("id").or_else(|| group.datum.text()).unwrap_or(&group.path);
        scope.unknown.push(Missing::ApplicationGroup(id.into()));
    }
    if scope.is_empty() {
        scope.unknown.push(absent(properties, &format!("{side}AddressPrefix")));
    }
    scope
}

pub(super) fn add_prefix(scope: &mut Scope, element: &Node<'_>) {
    match element.datum {
        Datum::Text(text) if text.trim().is_empty() => {}
        Datum::Text(text) => scope.add(text),
        Datum::Unknown(missing) => scope.unknown.push(missing.clone()),
        other => {
            let why = format!("{}; expected an address prefix or a tag", other.shown());
            scope.unknown.push(element.unknown(&why));
        }
    }
}

fn ports(properties: &Node<'_>, side: &str) -> Setting<PortSet> {
    let keys = [format!("{side}PortRange"), format!("{side}PortRanges")];
    let elements: Vec<_> = keys
        .iter()
        .filter_map(|key| properties.get(key))
        .flat_map(|node| node.elements())
        .filter(|element| element.datum.text().is_none_or(|text| !text.trim().is_empty()))
        .collect();
    if elements.is_empty() {
        return Setting::Unknown(absent(properties, &keys[0]));
    }
    read_ports(&elements)
}

/// The union of these; one that cannot be read makes the whole unknown.
pub(super) fn read_ports(elements: &[Node<'_>]) -> Setting<PortSet> {
    let mut all = PortSet::default();
    for element in elements {
        let read = match element.datum {
            Datum::Unknown(missing) => return Setting::Unknown(missing.clone()),
            Datum::Integer(number) => PortSet::parse(&number.to_string()),
            Datum::Text(text) => PortSet::parse(text),
            other => PortSet::parse(&other.shown()),
        };
        match read {
            Ok(ports) => all = all.union(&ports),
            Err(error) => return Setting::Unknown(element.unknown(&error.to_string())),
        }
    }
    Setting::Known(all)
}

fn capitalised(side: &str) -> String {
    let (first, rest) = side.split_at(1);
    first.to_ascii_uppercase() + rest
}
