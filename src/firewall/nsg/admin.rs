//! Security admin rules of a network manager, which Azure asks before any group.

use super::group::settle_equal_priorities;
use super::make_conditional;
use super::node::Node;
use super::rule::{add_prefix, keyword, priority, read_ports};
use crate::arm_template::{ArmValue, Resource};
use crate::firewall::missing::Property;
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

/// Reads the admin rules of a template.
pub(super) fn read_template_rules(resources: &[&Resource], file: &str) -> RuleSet {
    let rules = resources.iter().map(|resource| {
        let mut rule = read_admin_rule(&Node::root(&resource.body, &resource.path));
        make_conditional(&mut rule, resource.condition.as_ref());
        rule
    });
    in_order(rules.collect(), &format!("{file}: {}", resources[0].path))
}

/// Reads admin rules. A flow that none of them matches goes on to the groups.
pub(super) fn read_admin_rules(nodes: &[Node<'_>], file: &str) -> RuleSet {
    in_order(nodes.iter().map(read_admin_rule).collect(), &format!("{file}: $"))
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
