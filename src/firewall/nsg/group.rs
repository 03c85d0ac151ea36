//! Network security groups and effective rules.

use std::collections::BTreeMap;

use super::node::Node;
use super::rule::read_rule;
use crate::arm_template::{ArmValue, ResourcePlace, UnknownValue};
use crate::firewall::missing::Property;
use crate::firewall::port::{PortSet, Protocol};
use crate::firewall::rule::{Access, Direction, Onward, Rule, RuleDialect, RuleSet};
use crate::firewall::scope::Scope;

/// Reads a group: `securityRules` and `defaultSecurityRules`, in `properties` or beside the name.
pub(super) fn read_group(node: &Node<'_>, file: &str) -> RuleSet {
    let properties = node.properties();
    let mut rules = read_rules(properties.get("securityRules").as_ref());
    let defaults = read_rules(properties.get("defaultSecurityRules").as_ref());
    // Azure never leaves them out, whatever a file says.
    rules.extend(if defaults.is_empty() { default_rules() } else { defaults });
    let name = node.text("name").map_or_else(|| node.path.clone(), str::to_owned);
    let mut place = node.text("id").map(ResourcePlace::of_id).unwrap_or_default();
    place.group = place.group.or_else(|| node.text("resourceGroup").map(str::to_owned));
    named(&name, file, &node.path, rules).within(place.names())
}

/// Reads a list of rules without a group around it, as `az network nsg rule list` writes it. It
/// lacks the default rules that Azure adds to every group.
pub(super) fn read_bare_rules(nodes: &[Node<'_>], file: &str) -> RuleSet {
    let mut rules: Vec<_> = nodes.iter().map(read_rule).collect();
    let holds_defaults =
        rules.iter().any(|rule| rule.priority.known().is_some_and(|own| *own >= FIRST_DEFAULT));
    if !holds_defaults {
        rules.extend(default_rules());
    }
    named(file, file, "$", rules)
}

/// Reads one entry of a network interface's effective rules.
pub(super) fn read_effective(node: &Node<'_>, file: &str) -> RuleSet {
    let location = format!("{file}: {}", node.path);
    let id = |value: Option<&ArmValue>| Some(value?.get("id")?.as_str()?.to_owned());
    let last = |id: &str| id.rsplit('/').next().unwrap_or(id).to_owned();
    let manager = node.value.get("association").and_then(|own| id(own.get("networkManager")));
    let has_group = node.get("networkSecurityGroup").is_some();
    if let Some(manager) = manager.filter(|_| !has_group) {
        let rules = node.get("effectiveSecurityRules");
        let rules = rules.iter().flat_map(Node::elements).map(|rule| read_effective_admin(&rule));
        let name = format!("admin rules of {}", last(&manager));
        return RuleSet::by_priority(&name, &location, RuleDialect::Admin, rules.collect())
            .with_passing_end("(no admin rule)", Onward::Next);
    }
    let rules = read_rules(node.get("effectiveSecurityRules").as_ref());
    let group = id(node.value.get("networkSecurityGroup"));
    let name = group.as_deref().map_or_else(|| node.path.clone(), last);
    let place = group.as_deref().map(ResourcePlace::of_id).unwrap_or_default();
    RuleSet::by_priority(&name, &location, RuleDialect::Effective, rules)
        .with_open_end()
        .within(place.names())
}

/// Reads an admin rule among effective rules, which has the shape of a group's rule.
fn read_effective_admin(node: &Node<'_>) -> Rule {
    let rule = read_rule(node);
    let access = node.properties().text("access").map(str::to_ascii_lowercase);
    if access.as_deref() == Some("alwaysallow") {
        return Rule { access: Access::Allow.into(), onward: Onward::PastGroups, ..rule };
    }
    // What is not known may be AlwaysAllow.
    let onward = if rule.access.known().is_some() { Onward::Next } else { Onward::PastGroups };
    Rule { onward, ..rule }
}

/// Makes a group of these rules.
pub(super) fn named(name: &str, file: &str, path: &str, mut rules: Vec<Rule>) -> RuleSet {
    let mut notes: Vec<String> = rules.iter().filter_map(refused_priority).collect();
    notes
        .extend(settle_equal_priorities(&mut rules, ": Azure refuses that (SecurityRuleConflict)"));
    RuleSet::by_priority(name, &format!("{file}: {path}"), RuleDialect::Nsg, rules)
        .with_notes(notes)
}

/// A note where a rule has a priority that Azure refuses.
fn refused_priority(rule: &Rule) -> Option<String> {
    let priority = rule.priority.known()?;
    let is_taken = (100..=4096).contains(priority) || *priority >= FIRST_DEFAULT;
    (!is_taken).then(|| {
        format!(
            "{} ({}) has priority {priority}: Azure refuses it, and takes 100 to 4096",
            rule.name, rule.location
        )
    })
}

/// Makes it unknown what rules of one priority do where they contradict each other, and says so:
/// nothing says which of them comes first. `refusal` says that Azure refuses all rules of one
/// priority, where it does.
pub(super) fn settle_equal_priorities(rules: &mut [Rule], refusal: &str) -> Vec<String> {
    let mut places: BTreeMap<(&str, u32), Vec<usize>> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        if let (Some(direction), Some(priority)) = (rule.direction.known(), rule.priority.known()) {
            places.entry((direction.as_str(), *priority)).or_default().push(at);
        }
    }
    let mut notes = Vec::new();
    let mut doubts: Vec<(usize, String)> = Vec::new();
    for ((_, priority), places) in places.iter().filter(|(_, places)| places.len() > 1) {
        for (number, first) in places.iter().enumerate() {
            for second in &places[number + 1..] {
                let (own, other) = (&rules[*first], &rules[*second]);
                let said = format!(
                    "{} ({}) and {} ({}) both have priority {priority}{refusal}",
                    own.name, own.location, other.name, other.location
                );
                let is_alike = own.access == other.access && own.onward == other.onward;
                if is_alike || !may_meet(own, other) {
                    notes.extend((!refusal.is_empty()).then_some(said));
                    continue;
                }
                let why = |name: &str| {
                    format!("{name} has priority {priority} too, so that either may come first")
                };
                doubts.push((*first, why(&other.name)));
                doubts.push((*second, why(&own.name)));
                notes.push(format!("{said}; what they do is taken as unknown"));
            }
        }
    }
    for (at, why) in doubts {
        let rule = &mut rules[at];
        if rule.access.known().is_some() {
            rule.access = Property::Unknown(UnknownValue::new(&rule.location, &why).into());
        }
    }
    notes
}

/// Whether a flow may match both rules, for all that is sure.
pub(super) fn may_meet(own: &Rule, other: &Rule) -> bool {
    let is_apart = |own: &Scope, other: &Scope| {
        let is_plain = |scope: &Scope| {
            scope.tags.is_empty() && scope.names.is_empty() && scope.unknown.is_empty()
        };
        is_plain(own) && is_plain(other) && own.addresses.is_disjoint(&other.addresses)
    };
    let has =
        |rule: &Rule, protocol| rule.protocols.known().is_none_or(|own| own.contains(protocol));
    let common = || Protocol::ALL.into_iter().filter(|one| has(own, *one) && has(other, *one));
    let is_apart_by_ports = match (&own.destination_ports, &other.destination_ports) {
        (Property::Known(own), Property::Known(other)) => {
            common().all(Protocol::has_ports) && own.ranges().is_disjoint(other.ranges())
        }
        _ => false,
    };
    common().next().is_some()
        && !is_apart_by_ports
        && !is_apart(&own.source, &other.source)
        && !is_apart(&own.destination, &other.destination)
}

pub(super) fn read_rules(node: Option<&Node<'_>>) -> Vec<Rule> {
    let Some(node) = node else { return Vec::new() };
    match node.value {
        ArmValue::Unknown(unknown) => {
            vec![Rule::unreadable(&node.path, &node.path, &unknown.into())]
        }
        _ => node.elements().iter().map(read_rule).collect(),
    }
}

/// The priority from which on rules are Azure's own: a user's end at 4096.
const FIRST_DEFAULT: u32 = 65_000;

/// The rules that every group ends with (network-security-groups-overview, Default security
/// rules).
pub(super) fn default_rules() -> Vec<Rule> {
    [
        (
            "AllowVnetInBound",
            65_000,
            Direction::Inbound,
            Access::Allow,
            "VirtualNetwork",
            "VirtualNetwork",
        ),
        (
            "AllowAzureLoadBalancerInBound",
            65_001,
            Direction::Inbound,
            Access::Allow,
            "AzureLoadBalancer",
            "*",
        ),
        ("DenyAllInBound", 65_500, Direction::Inbound, Access::Deny, "*", "*"),
        (
            "AllowVnetOutBound",
            65_000,
            Direction::Outbound,
            Access::Allow,
            "VirtualNetwork",
            "VirtualNetwork",
        ),
        ("AllowInternetOutBound", 65_001, Direction::Outbound, Access::Allow, "*", "Internet"),
        ("DenyAllOutBound", 65_500, Direction::Outbound, Access::Deny, "*", "*"),
    ]
    .into_iter()
    .map(|(name, priority, direction, access, source, destination)| {
        let scope = |text: &str| {
            let mut scope = Scope::default();
            scope.add(text);
            scope
        };
        Rule {
            location: "Azure's default rules".to_owned(),
            direction: direction.into(),
            source: scope(source),
            source_ports: PortSet::any().into(),
            destination: scope(destination),
            ..Rule::outbound(name, priority, access)
        }
    })
    .collect()
}
