//! The collections of Azure Firewall: those of a policy's groups, and those of a classic firewall.

use super::super::make_conditional;
use super::super::node::Node;
use super::super::rule::priority;
use super::ip_groups::IpGroups;
use super::order::OrderedRules;
use super::rules::read_policy_rule;
use super::{DnsProxy, names_none};
use crate::arm_template::ArmValue;
use crate::firewall::missing::{Missing, Property};
use crate::firewall::rule::{Access, Rule, RuleSet};

/// The rules of a policy without those that it inherits, or of a classic firewall.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Policy {
    pub(super) groups: Vec<PolicyGroup>,
    pub(super) notes: Vec<String>,
    /// Why a classic firewall may not match the names of its network rules.
    doubt_of_names: Option<Missing>,
}

/// A rule collection group.
#[derive(Clone, Debug)]
pub(super) struct PolicyGroup {
    /// Its own name in lower case, where the file says it.
    pub(super) name: Option<String>,
    pub(super) path: String,
    /// Whether it is surely there, and of this policy.
    pub(super) is_sure: bool,
    pub(super) priority: Property<u32>,
    pub(super) collections: Vec<PolicyCollection>,
}

/// A rule collection.
#[derive(Clone, Debug)]
pub(super) struct PolicyCollection {
    pub(super) path: String,
    pub(super) priority: Property<u32>,
    pub(super) rules: Vec<PolicyRule>,
}

/// A rule of a collection.
#[derive(Clone, Debug)]
pub(super) struct PolicyRule {
    /// Azure asks application rules after all network rules.
    pub(super) is_application: bool,
    pub(super) rule: Rule,
}

impl PolicyGroup {
    pub(super) fn rules_mut(&mut self) -> impl Iterator<Item = &mut PolicyRule> {
        self.collections.iter_mut().flat_map(|own| &mut own.rules)
    }

    /// Whether both are the same group with the same rules, wherever these stand.
    fn is_same(&self, other: &Self) -> bool {
        let unplaced = |own: &PolicyRule| {
            let rule = Rule { location: String::new(), ..own.rule.clone() };
            (own.is_application, rule)
        };
        self.name.is_some()
            && self.name == other.name
            && self.priority == other.priority
            && self.collections.len() == other.collections.len()
            && self.collections.iter().zip(&other.collections).all(|(own, other)| {
                own.priority == other.priority
                    && own.rules.iter().map(unplaced).eq(other.rules.iter().map(unplaced))
            })
    }
}

impl PolicyCollection {
    /// A collection that cannot be read, which may hold any rules.
    fn unreadable(path: &str, missing: &Missing) -> Self {
        let rule = Rule::unreadable(path, path, missing);
        Self {
            path: path.to_owned(),
            priority: Property::Unknown(missing.clone()),
            rules: vec![PolicyRule { is_application: false, rule }],
        }
    }
}

impl Policy {
    /// Reads a rule collection group, whose rules may not be there where its condition is not
    /// known.
    pub(super) fn add_group(
        &mut self,
        node: &Node<'_>,
        condition: Option<&ArmValue>,
        groups: &IpGroups,
    ) {
        let mut group = self.read_group(node, groups);
        group.is_sure = condition.is_none();
        for own in group.rules_mut() {
            make_conditional(&mut own.rule, condition);
        }
        // A group that stands twice, as in two exports, counts once.
        if !self.groups.iter().any(|own| own.is_same(&group)) {
            self.groups.push(group);
        }
    }

    fn read_group(&mut self, node: &Node<'_>, groups: &IpGroups) -> PolicyGroup {
        let properties = node.properties();
        let name = node.text("id").or_else(|| node.text("name"));
        let name = name.and_then(|name| name.rsplit('/').next()).filter(|name| !name.is_empty());
        let collections: Vec<_> = match properties.get("ruleCollections") {
            Some(collections) => collections
                .elements()
                .iter()
                .filter_map(|collection| self.read_collection(collection, groups, None))
                .collect(),
            None => unread(&properties).into_iter().collect(),
        };
        PolicyGroup {
            name: name.map(str::to_ascii_lowercase),
            path: node.path.clone(),
            is_sure: true,
            priority: number(&properties),
            collections,
        }
    }

    /// Reads a classic firewall, whose rules are its own: `None` for a firewall that has a policy,
    /// which holds the rules then.
    pub(in super::super) fn of_firewall(node: &Node<'_>, groups: &IpGroups) -> Option<Self> {
        let properties = node.properties();
        let lists = [
            ("networkRuleCollections", RuleKind::Network),
            ("applicationRuleCollections", RuleKind::Application),
        ];
        let mut policy = Self::default();
        let mut collections = Vec::new();
        if let DnsProxy::Doubtful(missing) = DnsProxy::of_firewall(&properties) {
            policy.doubt_of_names = Some(missing);
        }
        let referred = properties.get("firewallPolicy").filter(|own| !names_none(own));
        if let Some(referred) = referred.filter(|_| properties.has("firewallPolicy")) {
            let has_rules = lists.iter().any(|(key, _)| properties.has(key));
            match referred.value {
                // Whether it has one is not known.
                ArmValue::Unknown(unknown) if has_rules => {
                    collections.push(PolicyCollection::unreadable(&referred.path, &unknown.into()));
                }
                _ => return None,
            }
        }
        for (key, kind) in lists {
            for collection in properties.get(key).iter().flat_map(Node::elements) {
                collections.extend(policy.read_collection(&collection, groups, Some(kind)));
            }
        }
        policy.groups.push(PolicyGroup {
            name: None,
            path: node.path.clone(),
            is_sure: true,
            priority: 0.into(),
            collections,
        });
        Some(policy)
    }

    /// The rules of a classic firewall.
    pub(in super::super) fn into_set(self, name: &str, file: &str) -> RuleSet {
        let mut all = OrderedRules::default();
        all.add(&self, 1);
        if let Some(missing) = &self.doubt_of_names {
            all.doubt_names(missing);
        }
        all.into_set(name, file)
    }

    /// Reads a collection: `None` for one that no outbound flow meets.
    fn read_collection(
        &mut self,
        node: &Node<'_>,
        groups: &IpGroups,
        classic: Option<RuleKind>,
    ) -> Option<PolicyCollection> {
        let properties = node.properties();
        if let ArmValue::Unknown(unknown) = properties.value {
            return Some(PolicyCollection::unreadable(&node.path, &unknown.into()));
        }
        let collection_type = properties.text("ruleCollectionType").unwrap_or_default();
        if collection_type.eq_ignore_ascii_case("FirewallPolicyNatRuleCollection") {
            // Destination translation is for flows that come in.
            self.notes
                .push(format!("{}: a NAT collection, which no outbound flow meets", node.path));
            return None;
        }
        let access = access(&properties);
        let rules = properties.get("rules")?;
        let priority = number(&properties);
        if let ArmValue::Unknown(unknown) = rules.value {
            return Some(PolicyCollection::unreadable(&rules.path, &unknown.into()));
        }
        let rules = rules.elements().into_iter().flat_map(|rule| {
            let kind = classic.or_else(|| RuleKind::of(&rule));
            read_policy_rule(&rule, kind, &access, groups)
        });
        Some(PolicyCollection { path: node.path.clone(), priority, rules: rules.collect() })
    }
}

/// What stands for the rules of a group without `ruleCollections` that may hold some all the same.
fn unread(properties: &Node<'_>) -> Option<PolicyCollection> {
    let rules = properties.get("rules")?;
    let missing = rules.missing("rules in the form of an old version of the API are not read");
    Some(PolicyCollection::unreadable(&rules.path, &missing))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleKind {
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

/// The priority of a group or of a collection.
fn number(properties: &Node<'_>) -> Property<u32> {
    match properties.get("priority") {
        Some(_) => priority(properties),
        None => Property::Unknown(properties.missing("it has no priority")),
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
