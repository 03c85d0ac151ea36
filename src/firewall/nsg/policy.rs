//! Azure Firewall: rule collection groups of a policy, and the collections of a classic firewall.

use std::collections::HashMap;

use super::datum::{Datum, Node};
use super::rule::{add_prefix, read_ports};
use crate::firewall::missing::{Missing, Setting};
use crate::firewall::port::{PortSet, Protocol, ProtocolSet};
use crate::firewall::rule::{Access, Dialect, Direction, Rule, RuleSet};
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

/// Azure Firewall asks all network rules before all application rules, and within these by the
/// priority of the group, then of the collection, then by place. What nothing matches is denied.
#[derive(Debug, Default)]
pub(super) struct Policy {
    rules: Vec<(Order, Rule)>,
    notes: Vec<String>,
    is_read: bool,
}

type Order = (bool, Option<u32>, Option<u32>, usize);

impl Policy {
    /// Reads a rule collection group.
    pub(super) fn add_group(&mut self, node: &Node<'_>, groups: &IpGroups) {
        self.is_read = true;
        let properties = node.properties();
        let priority = number(&properties);
        let Some(collections) = properties.get("ruleCollections") else { return };
        if let Datum::Unknown(missing) = collections.datum {
            self.add_unreadable(priority, &collections, missing);
        }
        for collection in collections.elements() {
            self.add_collection(priority, &collection, groups, None);
        }
    }

    /// Reads a classic firewall, whose rules are its own. One that has a policy has them there.
    pub(super) fn of_firewall(node: &Node<'_>, groups: &IpGroups) -> Option<Self> {
        let properties = node.properties();
        if properties.get("firewallPolicy").is_some() {
            return None;
        }
        let mut policy = Self { is_read: true, ..Self::default() };
        for (key, kind) in [
            ("networkRuleCollections", Kind::Network),
            ("applicationRuleCollections", Kind::Application),
        ] {
            for collection in properties.get(key).iter().flat_map(Node::elements) {
                policy.add_collection(None, &collection, groups, Some(kind));
            }
        }
        Some(policy)
    }

    /// Whether any group was read, even one without rules: that denies everything.
    pub(super) const fn is_read(&self) -> bool {
        self.is_read
    }

    /// The set, named as its file or firewall.
    pub(super) fn into_set(mut self, name: &str, file: &str) -> RuleSet {
        self.rules.sort_by_key(|a| a.0);
        let rules = self.rules.into_iter().map(|(_, rule)| rule).collect();
        RuleSet::in_order(name, file, Dialect::AzureFirewall, rules).with_notes(self.notes)
    }

    fn add_unreadable(&mut self, priority: Option<u32>, node: &Node<'_>, missing: &Missing) {
        let rule = Rule::unreadable(&node.path, &node.path, missing);
        self.rules.push(((false, priority, None, self.rules.len()), rule));
    }

    fn add_collection(
        &mut self,
        group: Option<u32>,
        node: &Node<'_>,
        groups: &IpGroups,
        classic: Option<Kind>,
    ) {
        if let Datum::Unknown(missing) = node.datum {
            return self.add_unreadable(group, node, missing);
        }
        let properties = node.properties();
        let priority = number(&properties);
        let collection_type = properties.text("ruleCollectionType").unwrap_or_default();
        if collection_type.eq_ignore_ascii_case("FirewallPolicyNatRuleCollection") {
            // Destination translation concerns what comes in.
            self.notes
                .push(format!("{}: a NAT collection, which no outbound flow meets", node.path));
            return;
        }
        let access = access(&properties);
        let Some(rules) = properties.get("rules") else { return };
        if let Datum::Unknown(missing) = rules.datum {
            return self.add_unreadable(group, &rules, missing);
        }
        for rule in rules.elements() {
            let kind = classic.or_else(|| Kind::of(&rule));
            let read = match kind {
                Some(Kind::Network) => network_rule(&rule, &access, groups),
                Some(Kind::Application) => application_rule(&rule, &access, groups),
                None => {
                    let missing =
                        rule.unknown("a rule that is neither NetworkRule nor ApplicationRule");
                    Rule::unreadable(&rule.path, &rule.path, &missing)
                }
            };
            let is_late = kind == Some(Kind::Application);
            self.rules.push(((is_late, group, priority, self.rules.len()), read));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Network,
    Application,
}

impl Kind {
    fn of(rule: &Node<'_>) -> Option<Self> {
        let word = rule.text("ruleType")?;
        [("NetworkRule", Self::Network), ("ApplicationRule", Self::Application)]
            .into_iter()
            .find_map(|(own, kind)| word.eq_ignore_ascii_case(own).then_some(kind))
    }
}

fn number(properties: &Node<'_>) -> Option<u32> {
    match properties.datum.get("priority")? {
        Datum::Integer(number) => u32::try_from(*number).ok(),
        Datum::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn access(properties: &Node<'_>) -> Setting<Access> {
    let Some(action) = properties.get("action") else {
        return Setting::Unknown(properties.unknown("the collection has no action"));
    };
    let node = action.get("type").unwrap_or(action);
    match node.datum {
        Datum::Unknown(missing) => Setting::Unknown(missing.clone()),
        datum => datum.text().and_then(Access::parse).map_or_else(
            || {
                Setting::Unknown(
                    node.unknown(&format!("{}; expected Allow or Deny", datum.shown())),
                )
            },
            Setting::Known,
        ),
    }
}

fn base(node: &Node<'_>, access: &Setting<Access>, groups: &IpGroups) -> Rule {
    Rule {
        name: node.text("name").map_or_else(|| node.path.clone(), str::to_owned),
        place: node.path.clone(),
        direction: Direction::Outbound.into(),
        access: access.clone(),
        source: sides(node, "source", groups),
        ..Rule::outbound("", 0, Access::Deny)
    }
}

fn network_rule(node: &Node<'_>, access: &Setting<Access>, groups: &IpGroups) -> Rule {
    let mut rule = base(node, access, groups);
    rule.protocols = protocols(node);
    rule.destination = sides(node, "destination", groups);
    for fqdn in node.get("destinationFqdns").iter().flat_map(Node::elements) {
        add_name(&mut rule.destination, &fqdn);
    }
    if rule.destination.is_empty() {
        rule.destination.unknown.push(node.unknown("the rule has no destination"));
    }
    rule.destination_ports = match node.get("destinationPorts") {
        Some(ports) => read_ports(&ports.elements()),
        None => Setting::Unknown(node.unknown("the rule has no destinationPorts")),
    };
    rule
}

/// Application rules look at the name of the TLS handshake or the HTTP request.
fn application_rule(node: &Node<'_>, access: &Setting<Access>, groups: &IpGroups) -> Rule {
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
            let name = format!("{what} {}", element.datum.text().unwrap_or(&element.path));
            rule.destination.unknown.push(Missing::NameGroup(name.into()));
        }
    }
    for element in node.get("destinationAddresses").iter().flat_map(Node::elements) {
        add_prefix(&mut rule.destination, &element);
    }
    rule.destination_ports = application_ports(node);
    rule
}

fn application_ports(node: &Node<'_>) -> Setting<PortSet> {
    let mut all = PortSet::default();
    for element in node.get("protocols").iter().flat_map(Node::elements) {
        // A classic rule may say `https:443` or only the type.
        let word =
            element.text("protocolType").or_else(|| element.datum.text()).unwrap_or_default();
        let usual = match word.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            "mssql" => 1433,
            _ => {
                return Setting::Unknown(
                    element.unknown("a protocol that is not Http, Https or Mssql"),
                );
            }
        };
        let ports = match element.get("port") {
            Some(port) => match read_ports(&[port]) {
                Setting::Known(ports) if ports.is_subset(&PortSet::from(0)) => PortSet::from(usual),
                Setting::Known(ports) => ports,
                unknown @ Setting::Unknown(_) => return unknown,
            },
            None => PortSet::from(usual),
        };
        all = all.union(&ports);
    }
    Setting::Known(all)
}

fn protocols(node: &Node<'_>) -> Setting<ProtocolSet> {
    let mut all = ProtocolSet::default();
    for element in node.get_any(&["ipProtocols", "protocols"]).iter().flat_map(Node::elements) {
        match (element.datum, element.datum.text().and_then(ProtocolSet::parse)) {
            (Datum::Unknown(missing), _) => return Setting::Unknown(missing.clone()),
            (_, Some(protocols)) => all = all.union(protocols),
            (other, None) => {
                let why = format!("{}; expected TCP, UDP, ICMP or Any", other.shown());
                return Setting::Unknown(element.unknown(&why));
            }
        }
    }
    Setting::Known(all)
}

/// Addresses and IP groups. Without any of its own a rule's source is everything.
fn sides(node: &Node<'_>, side: &str, groups: &IpGroups) -> Scope {
    let mut scope = Scope::default();
    for element in node.get(&format!("{side}Addresses")).iter().flat_map(Node::elements) {
        add_prefix(&mut scope, &element);
    }
    let capital = if side == "source" { "sourceIpGroups" } else { "destinationIpGroups" };
    for element in node.get(capital).iter().flat_map(Node::elements) {
        let id = element.text("id").or_else(|| element.datum.text());
        match (element.datum, id.and_then(|id| groups.get(&last_segment(id)))) {
            (Datum::Unknown(missing), _) => scope.unknown.push(missing.clone()),
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
    match element.datum {
        Datum::Unknown(missing) => scope.unknown.push(missing.clone()),
        datum => match datum.text().map(NamePattern::parse) {
            Some(Ok(pattern)) => scope.names.push(pattern),
            Some(Err(error)) => scope.unknown.push(element.unknown(&error.to_string())),
            None => scope.unknown.push(element.unknown("expected a name")),
        },
    }
}
