//! Azure Firewall: rule collection groups of a policy, and the collections of a classic firewall.

use std::collections::HashMap;

use super::node::Node;
use super::rule::{add_prefix, read_ports};
use crate::arm_template::ArmValue;
use crate::firewall::missing::{Missing, Property};
use crate::firewall::port::{PortSet, Protocol, ProtocolSet};
use crate::firewall::rule::{Access, Direction, Rule, RuleDialect, RuleSet};
use crate::firewall::scope::{NamePattern, Scope};
use crate::model::AddressSet;

/// IP groups by the last segment of their id, in lower case.
pub(super) type IpGroups = HashMap<String, Scope>;

/// Reads an IP group (`Microsoft.Network/ipGroups`) into `groups`.
pub(super) fn read_ip_group(node: &Node<'_>, groups: &mut IpGroups) {
    let id = node.text("id").or_else(|| node.text("name")).unwrap_or_default();
    let mut scope = Scope::default();
    for element in node.properties().get("ipAddresses").iter().flat_map(Node::elements) {
        add_prefix(&mut scope, &element);
    }
    groups.insert(last_segment(id), scope);
}

fn last_segment(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase()
}

/// The policies of all files. A policy inherits the groups of its base policy, which may be in
/// another file.
#[derive(Debug, Default)]
pub(super) struct Policies {
    policies: Vec<NamedPolicy>,
}

#[derive(Debug)]
struct NamedPolicy {
    /// The name of the policy in lower case. Groups that do not name their policy are filed under
    /// their file.
    key: String,
    file: String,
    base: Option<String>,
    policy: Policy,
}

impl Policies {
    fn of(&mut self, name: Option<&str>, file: &str) -> &mut NamedPolicy {
        let key = name.map_or_else(|| file.to_owned(), str::to_ascii_lowercase);
        let index = self.policies.iter().position(|own| own.key == key);
        let index = index.unwrap_or_else(|| {
            let policy = Policy::default();
            self.policies.push(NamedPolicy { key, file: file.to_owned(), base: None, policy });
            self.policies.len() - 1
        });
        &mut self.policies[index]
    }

    pub(super) const fn len(&self) -> usize {
        self.policies.len()
    }

    /// Reads a policy itself: whether it inherits from another, and from which.
    pub(super) fn add_policy(&mut self, node: &Node<'_>, name: Option<&str>, file: &str) -> bool {
        let properties = node.properties();
        let base = properties.get("basePolicy");
        let Some(base) = base.filter(|base| !matches!(base.value, ArmValue::Null)) else {
            return false;
        };
        let id = base.text("id").or_else(|| base.value.as_str());
        // A base policy whose name is an expression has no name: it will be reported as missing.
        let base = id.map_or_else(|| base.path.clone(), last_segment);
        self.of(name, file).base = Some(base);
        true
    }

    /// Reads a rule collection group of the policy of this name.
    pub(super) fn add_group(
        &mut self,
        node: &Node<'_>,
        name: Option<&str>,
        file: &str,
        groups: &IpGroups,
    ) {
        self.of(name, file).policy.add_group(node, groups);
    }

    /// A rule set for each policy that no other policy inherits from, with the rules that it
    /// inherits.
    pub(super) fn into_sets(self) -> Vec<RuleSet> {
        let is_base = |key: &str| {
            self.policies.iter().any(|own| own.base.as_deref() == Some(key) && own.key != key)
        };
        let n_of = |file: &str| self.policies.iter().filter(|own| own.file == file).count();
        let ends = self.policies.iter().filter(|own| !is_base(&own.key));
        ends.filter(|own| own.policy.is_read || own.base.is_some())
            .map(|own| {
                let mut lineage = vec![own];
                let mut base = own.base.as_deref();
                let mut absent = None;
                while let Some(key) = base {
                    let found = self.policies.iter().find(|own| own.key == key);
                    match found.filter(|found| found.policy.is_read) {
                        // A policy cannot be its own base, whatever the file says.
                        Some(found) if lineage.iter().any(|own| own.key == found.key) => break,
                        Some(found) => {
                            lineage.push(found);
                            base = found.base.as_deref();
                        }
                        None => {
                            absent = Some(key);
                            break;
                        }
                    }
                }
                // A policy alone in its file has the file's name, as a group without a policy has.
                let name = if n_of(&own.file) > 1 { &own.key } else { &own.file };
                Policy::inherited(&lineage, absent).into_set(name, &own.file)
            })
            .collect()
    }
}

/// Azure Firewall asks all network rules before all application rules, within these those of a base
/// policy before those of the policy that inherits them, then by the priority of the group, then of
/// the collection, then in the order of the file. A flow that no rule matches is denied.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy {
    rules: Vec<(Order, Rule)>,
    notes: Vec<String>,
    is_read: bool,
}

/// The sort key of a rule: whether it is an application rule, its policy's generation with the
/// oldest first, the priorities of its group and of its collection, its position in the file.
type Order = (bool, usize, Option<u32>, Option<u32>, usize);

impl Policy {
    /// Reads a rule collection group.
    fn add_group(&mut self, node: &Node<'_>, groups: &IpGroups) {
        self.is_read = true;
        let properties = node.properties();
        let priority = number(&properties);
        let Some(collections) = properties.get("ruleCollections") else { return };
        if let ArmValue::Unknown(unknown) = collections.value {
            self.add_unreadable(priority, &collections, &unknown.into());
        }
        for collection in collections.elements() {
            self.add_collection(priority, &collection, groups, None);
        }
    }

    /// Reads a classic firewall, whose rules are its own: `None` for a firewall that has a policy,
    /// which holds the rules then.
    pub(super) fn of_firewall(node: &Node<'_>, groups: &IpGroups) -> Option<Self> {
        let properties = node.properties();
        if properties.get("firewallPolicy").is_some() {
            return None;
        }
        let mut policy = Self { is_read: true, ..Self::default() };
        for (key, kind) in [
            ("networkRuleCollections", RuleKind::Network),
            ("applicationRuleCollections", RuleKind::Application),
        ] {
            for collection in properties.get(key).iter().flat_map(Node::elements) {
                policy.add_collection(None, &collection, groups, Some(kind));
            }
        }
        Some(policy)
    }

    /// Joins a policy and its ancestors, of which the oldest comes last. Where one is absent, its
    /// rules would come before all others and could do anything.
    fn inherited(lineage: &[&NamedPolicy], absent: Option<&str>) -> Self {
        let mut all = Self { is_read: true, ..Self::default() };
        if let Some(base) = absent {
            let missing = Missing::BasePolicy(base.into());
            let location = format!("base policy {base}");
            let mut rule = Rule::unreadable(&location, &location, &missing);
            // Rules of a policy are about outbound flows, known or not.
            rule.direction = Direction::Outbound.into();
            all.rules.push(((false, 0, None, None, 0), rule));
        }
        for (age, own) in lineage.iter().rev().enumerate() {
            let aged = own.policy.rules.iter().cloned().map(|(mut order, rule)| {
                order.1 = age + 1;
                (order, rule)
            });
            all.rules.extend(aged);
            all.notes.extend(own.policy.notes.iter().cloned());
        }
        all
    }

    pub(super) fn into_set(mut self, name: &str, file: &str) -> RuleSet {
        self.rules.sort_by_key(|a| a.0);
        let rules = self.rules.into_iter().map(|(_, rule)| rule).collect();
        RuleSet::in_order(name, file, RuleDialect::AzureFirewall, rules).with_notes(self.notes)
    }

    fn add_unreadable(&mut self, priority: Option<u32>, node: &Node<'_>, missing: &Missing) {
        let rule = Rule::unreadable(&node.path, &node.path, missing);
        self.rules.push(((false, 0, priority, None, self.rules.len()), rule));
    }

    fn add_collection(
        &mut self,
        group: Option<u32>,
        node: &Node<'_>,
        groups: &IpGroups,
        classic: Option<RuleKind>,
    ) {
        if let ArmValue::Unknown(unknown) = node.value {
            return self.add_unreadable(group, node, &unknown.into());
        }
        let properties = node.properties();
        let priority = number(&properties);
        let collection_type = properties.text("ruleCollectionType").unwrap_or_default();
        if collection_type.eq_ignore_ascii_case("FirewallPolicyNatRuleCollection") {
            // Destination translation is for flows that come in.
            self.notes
                .push(format!("{}: a NAT collection, which no outbound flow meets", node.path));
            return;
        }
        let access = access(&properties);
        let Some(rules) = properties.get("rules") else { return };
        if let ArmValue::Unknown(unknown) = rules.value {
            return self.add_unreadable(group, &rules, &unknown.into());
        }
        for rule in rules.elements() {
            let kind = classic.or_else(|| RuleKind::of(&rule));
            let read = match kind {
                Some(RuleKind::Network) => network_rule(&rule, &access, groups),
                Some(RuleKind::Application) => application_rule(&rule, &access, groups),
                None => {
                    let missing =
                        rule.missing("a rule that is neither NetworkRule nor ApplicationRule");
                    Rule::unreadable(&rule.path, &rule.path, &missing)
                }
            };
            let is_late = kind == Some(RuleKind::Application);
            self.rules.push(((is_late, 0, group, priority, self.rules.len()), read));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleKind {
    Network,
    Application,
}

impl RuleKind {
    fn of(rule: &Node<'_>) -> Option<Self> {
        let word = rule.text("ruleType")?;
        [("NetworkRule", Self::Network), ("ApplicationRule", Self::Application)]
            .into_iter()
            .find_map(|(own, kind)| word.eq_ignore_ascii_case(own).then_some(kind))
    }
}

fn number(properties: &Node<'_>) -> Option<u32> {
    match properties.value.get("priority")? {
        ArmValue::Integer(number) => u32::try_from(*number).ok(),
        ArmValue::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn access(properties: &Node<'_>) -> Property<Access> {
    let Some(action) = properties.get("action") else {
        return Property::Unknown(properties.missing("the collection has no action"));
    };
    let node = action.get("type").unwrap_or(action);
    match node.value {
        ArmValue::Unknown(unknown) => Property::Unknown(unknown.into()),
        value => value.as_str().and_then(Access::parse).map_or_else(
            || {
                Property::Unknown(
                    node.missing(&format!("{}; expected Allow or Deny", value.shown())),
                )
            },
            Property::Known,
        ),
    }
}

fn base(node: &Node<'_>, access: &Property<Access>, groups: &IpGroups) -> Rule {
    Rule {
        name: node.text("name").map_or_else(|| node.path.clone(), str::to_owned),
        location: node.path.clone(),
        direction: Direction::Outbound.into(),
        access: access.clone(),
        source: sides(node, "source", groups),
        ..Rule::outbound("", 0, Access::Deny)
    }
}

fn network_rule(node: &Node<'_>, access: &Property<Access>, groups: &IpGroups) -> Rule {
    let mut rule = base(node, access, groups);
    rule.protocols = protocols(node);
    rule.destination = sides(node, "destination", groups);
    for fqdn in node.get("destinationFqdns").iter().flat_map(Node::elements) {
        add_name(&mut rule.destination, &fqdn);
    }
    if rule.destination.is_empty() {
        rule.destination.unknown.push(node.missing("the rule has no destination"));
    }
    rule.destination_ports = match node.get("destinationPorts") {
        Some(ports) => read_ports(&ports.elements()),
        None => Property::Unknown(node.missing("the rule has no destinationPorts")),
    };
    rule
}

/// Reads a rule that matches the name in a TLS handshake or an HTTP request.
fn application_rule(node: &Node<'_>, access: &Property<Access>, groups: &IpGroups) -> Rule {
    let mut rule = base(node, access, groups);
    rule.protocols = ProtocolSet::from(Protocol::Tcp).into();
    rule.destination = Scope::default();
    for fqdn in node.get("targetFqdns").iter().flat_map(Node::elements) {
        add_name(&mut rule.destination, &fqdn);
    }
    for (key, what) in
        [("fqdnTags", "FQDN tag"), ("webCategories", "web category"), ("targetUrls", "target URL")]
    {
        for element in node.get(key).iter().flat_map(Node::elements) {
            let name = format!("{what} {}", element.value.as_str().unwrap_or(&element.path));
            rule.destination.unknown.push(Missing::NameGroup(name.into()));
        }
    }
    for element in node.get("destinationAddresses").iter().flat_map(Node::elements) {
        add_prefix(&mut rule.destination, &element);
    }
    rule.destination_ports = application_ports(node);
    rule
}

fn application_ports(node: &Node<'_>) -> Property<PortSet> {
    let mut all = PortSet::default();
    for element in node.get("protocols").iter().flat_map(Node::elements) {
        // A classic rule may have `https:443` or only the type.
        let word =
            element.text("protocolType").or_else(|| element.value.as_str()).unwrap_or_default();
        let usual = match word.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            "mssql" => 1433,
            _ => {
                return Property::Unknown(
                    element.missing("a protocol that is not Http, Https or Mssql"),
                );
            }
        };
        let ports = match element.get("port") {
            Some(port) => match read_ports(&[port]) {
                Property::Known(ports) if ports.is_subset(&PortSet::from(0)) => {
                    PortSet::from(usual)
                }
                Property::Known(ports) => ports,
                unknown @ Property::Unknown(_) => return unknown,
            },
            None => PortSet::from(usual),
        };
        all = all.union(&ports);
    }
    Property::Known(all)
}

fn protocols(node: &Node<'_>) -> Property<ProtocolSet> {
    let mut all = ProtocolSet::default();
    for element in node.get_any(&["ipProtocols", "protocols"]).iter().flat_map(Node::elements) {
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

/// The addresses and IP groups of one side. A rule without any source matches every source.
fn sides(node: &Node<'_>, side: &str, groups: &IpGroups) -> Scope {
    let mut scope = Scope::default();
    for element in node.get(&format!("{side}Addresses")).iter().flat_map(Node::elements) {
        add_prefix(&mut scope, &element);
    }
    let key = if side == "source" { "sourceIpGroups" } else { "destinationIpGroups" };
    for element in node.get(key).iter().flat_map(Node::elements) {
        let id = element.text("id").or_else(|| element.value.as_str());
        match (element.value, id.and_then(|id| groups.get(&last_segment(id)))) {
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
    if scope.is_empty() && side == "source" {
        scope.addresses = AddressSet::everything();
    }
    scope
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
