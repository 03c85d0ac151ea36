//! Network security groups and effective rules.

use super::node::Node;
use super::rule::read_rule;
use crate::arm_template::ArmValue;
use crate::firewall::port::PortSet;
use crate::firewall::rule::{Access, Direction, Rule, RuleDialect, RuleSet};
use crate::firewall::scope::Scope;

/// Reads a group: `securityRules` and `defaultSecurityRules`, in `properties` or beside the name.
pub(super) fn read_group(node: &Node<'_>, file: &str) -> RuleSet {
    let properties = node.properties();
    let mut rules = read_rules(properties.get("securityRules").as_ref());
    match properties.get("defaultSecurityRules") {
        Some(defaults) => rules.extend(read_rules(Some(&defaults))),
        None => rules.extend(default_rules()),
    }
    let name = node.text("name").map_or_else(|| node.path.clone(), str::to_owned);
    named(&name, file, &node.path, rules)
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
    let rules = read_rules(node.get("effectiveSecurityRules").as_ref());
    let last = |key: &str, value: &ArmValue| {
        let id = value.get(key)?.get("id")?.as_str()?;
        Some(id.rsplit('/').next().unwrap_or(id).to_owned())
    };
    let name = last("networkSecurityGroup", node.value).unwrap_or_else(|| node.path.clone());
    RuleSet::by_priority(&name, &format!("{file}: {}", node.path), RuleDialect::Effective, rules)
        .with_open_end()
}

/// Makes a group of these rules.
pub(super) fn named(name: &str, file: &str, path: &str, rules: Vec<Rule>) -> RuleSet {
    let notes = [Direction::Outbound, Direction::Inbound]
        .iter()
        .filter_map(|direction| equal_priorities(&rules, *direction))
        .collect();
    RuleSet::by_priority(name, &format!("{file}: {path}"), RuleDialect::Nsg, rules)
        .with_notes(notes)
}

/// A note where two rules have one priority: Azure refuses them, and does not define which of them
/// comes first.
fn equal_priorities(rules: &[Rule], direction: Direction) -> Option<String> {
    let mut seen = std::collections::HashMap::new();
    rules
        .iter()
        .filter(|rule| rule.direction.known() == Some(&direction))
        .filter_map(|rule| Some((*rule.priority.known()?, rule)))
        .find_map(|(priority, rule)| {
            let other: &Rule = seen.insert(priority, rule)?;
            Some(format!(
                "{} and {} both have priority {priority}: Azure refuses that \
                 (SecurityRuleConflict); taken in the order of the file",
                other.name, rule.name
            ))
        })
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
