//! Security admin rules of a network manager, which Azure asks before any group.

use super::group::settle_equal_priorities;
use super::make_conditional;
use super::node::Node;
use super::rule::{add_prefix, keyword, priority, read_ports};
use crate::arm_template::{ArmValue, Resource, UnknownValue};
use crate::firewall::missing::{Missing, Property};
use crate::firewall::port::{PortSet, ProtocolSet};
use crate::firewall::rule::{Access, Direction, Onward, Rule, RuleDialect, RuleSet};
use crate::firewall::scope::Scope;

/// Whether a node is an admin rule, of a configuration or effective.
pub(super) fn is_admin_rule(node: &Node<'_>) -> bool {
    let properties = node.properties();
    let is_of = |key: &str, word: &str| {
        node.text(key).is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    let is_list =
        |key: &str| properties.get(key).is_some_and(|own| matches!(own.value, ArmValue::Array(_)));
    is_of("id", "/securityadminconfigurations/")
        || is_of("type", "/securityadminconfigurations")
        || properties.text("access").is_some_and(|own| own.eq_ignore_ascii_case("AlwaysAllow"))
        || node.get("ruleCollectionAppliesToGroups").is_some()
        || (is_list("sources") && is_list("destinations") && properties.get("access").is_some())
}

/// The type of an admin rule in templates, in lower case.
pub(super) const KIND: &str =
    "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules";

/// The member of a resource that says why it is not known whether a change leaves its rule in
/// force. Resource Manager has no member of this name.
const IN_FORCE: &str = "(in force)";

/// Reads the admin rules of a template. It writes them, and does not put them in force.
pub(super) fn read_template_rules(resources: &[&Resource], file: &str) -> RuleSet {
    let rules = resources.iter().map(|resource| {
        let mut rule = read_admin_rule(&Node::root(&resource.body, &resource.path));
        resource.own_name().clone_into(&mut rule.name);
        rule.doubt = Some(match resource.body.get(IN_FORCE) {
            Some(ArmValue::Unknown(reason)) => reason.into(),
            _ => not_in_force_for_sure(&resource.path),
        });
        if let Some(condition) = &resource.condition {
            make_conditional(&mut rule, Some(condition));
            // What is not known may be AlwaysAllow.
            rule.onward = Onward::PastGroups;
        }
        rule
    });
    in_order(rules.collect(), &format!("{file}: {}", resources[0].path))
}

/// Reads admin rules. A flow that none of them matches goes on to the groups.
pub(super) fn read_admin_rules(nodes: &[Node<'_>], file: &str) -> RuleSet {
    let rules = nodes.iter().map(|node| {
        let doubt = (!is_effective(node)).then(|| not_in_force_for_sure(&node.path));
        Rule { doubt, ..read_admin_rule(node) }
    });
    in_order(rules.collect(), &format!("{file}: $"))
}

/// Whether an admin rule is one of those that are effective for a network. Those of a configuration
/// are resources with a type, and those that are active in a region say since when.
fn is_effective(node: &Node<'_>) -> bool {
    let is_resource = || ["type", "etag", "systemData"].iter().any(|key| node.has(key));
    !node.has("commitTime") && (node.has("ruleCollectionAppliesToGroups") || !is_resource())
}

fn not_in_force_for_sure(path: &str) -> Missing {
    let why = "in force only where its configuration is deployed, and for members of its network \
               groups: effective admin rules say it (az network manager \
               list-effective-security-admin-rule)";
    UnknownValue::new(path, why).into()
}

/// What a written or deleted resource does to which admin rules are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AdminEffect {
    /// It deploys configurations to regions, or takes them away, whatever file their rules are in.
    Deploys,
    /// It says for which networks a configuration that is deployed counts.
    Addresses,
}

impl AdminEffect {
    /// The effect of a resource of this type of Terraform, or of Resource Manager in lower case.
    pub(super) fn of(kind: &str) -> Option<Self> {
        const MANAGER: &str = "microsoft.network/networkmanagers/";
        match kind.strip_prefix(MANAGER).unwrap_or(kind) {
            "azurerm_network_manager_deployment" | "commit" | "commits" => Some(Self::Deploys),
            "azurerm_network_manager_admin_rule_collection"
            | "azurerm_network_manager_static_member"
            | "securityadminconfigurations/rulecollections"
            | "networkgroups/staticmembers" => Some(Self::Addresses),
            _ => None,
        }
    }
}

/// Makes it unknown whether an admin rule is in force.
pub(super) fn doubt(rule: &mut Resource, reason: &UnknownValue) {
    if let ArmValue::Object(members) = &mut rule.body {
        members.push((IN_FORCE.to_owned(), ArmValue::Unknown(reason.clone())));
    }
}

fn in_order(mut rules: Vec<Rule>, location: &str) -> RuleSet {
    let notes = settle_equal_priorities(&mut rules, "");
    RuleSet::by_priority("admin rules", location, RuleDialect::Admin, rules)
        .with_notes(notes)
        .with_passing_end("(no admin rule)", Onward::Next)
}

fn read_admin_rule(node: &Node<'_>) -> Rule {
    let properties = node.properties();
    let name = node.text("name").or_else(|| node.text("id")?.rsplit('/').next());
    let is_always =
        properties.text("access").is_some_and(|own| own.eq_ignore_ascii_case("AlwaysAllow"));
    let parse = |text: &str| {
        if text.eq_ignore_ascii_case("AlwaysAllow") {
            Some(Access::Allow)
        } else {
            Access::parse(text)
        }
    };
    let access = keyword(&properties, "access", parse, "Allow, Deny or AlwaysAllow");
    // What is not known may be AlwaysAllow.
    let may_pass = is_always || access.known().is_none();
    Rule {
        name: name.filter(|name| !name.is_empty()).unwrap_or(&node.path).to_owned(),
        location: node.path.clone(),
        priority: priority(&properties),
        direction: keyword(&properties, "direction", Direction::parse, "Inbound or Outbound"),
        access,
        protocols: keyword(&properties, "protocol", ProtocolSet::parse, "Tcp, Udp, Icmp or Any"),
        source: addresses(&properties, "sources"),
        source_ports: ports(&properties, "sourcePortRanges"),
        destination: addresses(&properties, "destinations"),
        destination_ports: ports(&properties, "destinationPortRanges"),
        is_kept: false,
        onward: if may_pass { Onward::PastGroups } else { Onward::Next },
        doubt: None,
    }
}

/// The prefixes and tags of one side, of which none stands for any.
fn addresses(properties: &Node<'_>, key: &str) -> Scope {
    let elements = properties.get(key).map(|own| own.elements()).unwrap_or_default();
    if elements.is_empty() {
        return Scope::any();
    }
    let mut scope = Scope::default();
    for element in &elements {
        match element.get("addressPrefix") {
            Some(prefix) => add_prefix(&mut scope, &prefix),
            None => add_prefix(&mut scope, element),
        }
    }
    scope
}

/// The union of these ranges, of which none stands for any port.
fn ports(properties: &Node<'_>, key: &str) -> Property<PortSet> {
    let elements = properties.get(key).map(|own| own.elements()).unwrap_or_default();
    if elements.is_empty() { PortSet::any().into() } else { read_ports(&elements) }
}
