//! Policies of Azure Firewall: the rule collection groups of each, and those that it inherits.

mod collections;
mod ip_groups;
mod order;
mod rules;

pub(super) use self::collections::Policy;
pub(super) use self::ip_groups::IpGroups;
use self::order::OrderedRules;
use super::error::ReadError;
use super::node::Node;
use super::unknown_condition;
use crate::arm_template::{ArmValue, ResourcePlace, UnknownValue};
use crate::firewall::missing::Missing;
use crate::firewall::rule::RuleSet;

/// The types of a firewall, of a policy and its groups, and of an IP group in templates, in lower
/// case.
pub(super) const FIREWALL: &str = "microsoft.network/azurefirewalls";
pub(super) const POLICY: &str = "microsoft.network/firewallpolicies";
pub(super) const POLICY_GROUP: &str = "microsoft.network/firewallpolicies/rulecollectiongroups";
pub(super) const IP_GROUP: &str = "microsoft.network/ipgroups";

/// The name of a policy or an IP group, and where it is: names are unique in a resource group only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlacedName {
    /// In lower case.
    name: String,
    place: ResourcePlace,
}

impl PlacedName {
    pub(super) fn new(name: &str, place: ResourcePlace) -> Self {
        Self { name: name.to_ascii_lowercase(), place }
    }

    /// From a resource's id, of which the last segment is the name.
    pub(super) fn of_resource(id: &str) -> Self {
        Self::new(id.rsplit('/').next().unwrap_or(id), ResourcePlace::of_id(id))
    }

    /// Both are in the resource group of one name.
    fn is_near(&self, other: &Self) -> bool {
        self.name == other.name && self.place.is_near(&other.place)
    }

    /// Nothing that is known of them tells them apart.
    fn may_be(&self, other: &Self) -> bool {
        self.name == other.name && self.place.may_be(&other.place)
    }
}

/// The policies of all files. A policy inherits the groups of its base policy, which may be in
/// another file.
#[derive(Debug, Default)]
pub(super) struct Policies {
    policies: Vec<NamedPolicy>,
}

#[derive(Debug)]
struct NamedPolicy {
    /// Groups that do not name their policy are filed under their file.
    id: PlacedName,
    file: String,
    base: Option<PlacedName>,
    policy: Policy,
    /// Whether the file holds the policy, with all its groups.
    is_whole: bool,
    /// Whether a group says which policy it is of.
    is_named: bool,
    /// Why the policy may be another one than here.
    doubt: Option<Missing>,
    /// The names of its groups as the policy itself lists them, each with its JSON path.
    listed: Vec<(String, String)>,
    /// The DNS proxy, where the policy says anything of it.
    proxy: Option<DnsProxy>,
    /// The JSON path of the policy itself, where it is in a file.
    path: Option<String>,
}

/// The DNS proxy of a firewall, without which network rules do not match names.
#[derive(Debug)]
enum DnsProxy {
    On,
    /// It is off, or that is not known.
    Doubtful(Missing),
}

impl DnsProxy {
    /// Reads what a policy says in `dnsSettings`.
    fn of_policy(settings: &Node<'_>) -> Self {
        Self::of_switch(&settings.get("enableProxy").unwrap_or_else(|| settings.clone()))
    }

    /// Reads what a classic firewall says: among its additional properties, or where PowerShell
    /// prints it.
    fn of_firewall(properties: &Node<'_>) -> Self {
        let more = properties.get("additionalProperties");
        let own = more.and_then(|more| more.get("Network.DNS.EnableProxy"));
        let own = own.or_else(|| properties.get("DNSEnableProxy"));
        own.map_or_else(
            || Self::Doubtful(Self::unset(&properties.path)),
            |own| Self::of_switch(&own),
        )
    }

    /// Why the names of network rules are doubtful where nothing is said of the proxy
    /// (firewall/dns-settings: "By default, Azure Firewall uses Azure DNS and DNS Proxy is
    /// disabled").
    fn unset(path: &str) -> Missing {
        let why = "nothing turns the DNS proxy on, which is off by default, and without which \
                   network rules do not match names";
        UnknownValue::new(path, why).into()
    }

    fn of_switch(own: &Node<'_>) -> Self {
        match own.value {
            ArmValue::Bool(true) => Self::On,
            ArmValue::String(text) if text.eq_ignore_ascii_case("true") => Self::On,
            ArmValue::Unknown(unknown) => Self::Doubtful(unknown.into()),
            _ => Self::Doubtful(
                own.missing("the DNS proxy is off, without which network rules do not match names"),
            ),
        }
    }
}

impl NamedPolicy {
    /// The groups that the policy lists and that are in no file. A group that was read without a
    /// name may be any of them.
    fn absent_groups(&self) -> Vec<(&str, Missing)> {
        let groups = &self.policy.groups;
        let n_unnamed = groups.iter().filter(|own| own.name.is_none()).count();
        let is_absent = |name: &str| !groups.iter().any(|own| own.name.as_deref() == Some(name));
        let absent: Vec<_> = self.listed.iter().filter(|(name, _)| is_absent(name)).collect();
        if absent.len() <= n_unnamed {
            return Vec::new();
        }
        let missing = |name: &str, path: &str| {
            let why = format!(
                "the policy has the rule collection group {name}, which is in no file: give it \
                 (az network firewall policy rule-collection-group show)"
            );
            UnknownValue::new(path, &why).into()
        };
        absent.into_iter().map(|(name, path)| (name.as_str(), missing(name, path))).collect()
    }
}

impl Policies {
    fn of(&mut self, id: Option<&PlacedName>, file: &str) -> &mut NamedPolicy {
        let is_named = id.is_some();
        let id = id.cloned().unwrap_or_else(|| PlacedName::new(file, ResourcePlace::default()));
        let near = self.policies.iter().position(|own| own.id.is_near(&id));
        let index = near.or_else(|| self.policies.iter().position(|own| own.id.may_be(&id)));
        let index = index.unwrap_or_else(|| {
            self.policies.push(NamedPolicy {
                id: id.clone(),
                file: file.to_owned(),
                base: None,
                policy: Policy::default(),
                is_whole: false,
                is_named,
                doubt: None,
                listed: Vec::new(),
                proxy: None,
                path: None,
            });
            self.policies.len() - 1
        });
        let found = &mut self.policies[index];
        if found.id.place.names().len() < id.place.names().len() {
            found.id.place = id.place;
        }
        found
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Reads a policy itself: whether it inherits from another, and from which. `condition` is that
    /// of its resource.
    pub(super) fn add_policy(
        &mut self,
        node: &Node<'_>,
        id: Option<&PlacedName>,
        condition: Option<&ArmValue>,
        file: &str,
    ) {
        let policy = self.of(id, file);
        policy.is_whole = true;
        policy.path.get_or_insert_with(|| node.path.clone());
        if let Some(condition) = condition {
            policy.doubt = Some(unknown_condition(condition, &node.path));
        }
        let properties = node.properties();
        for group in properties.get("ruleCollectionGroups").iter().flat_map(Node::elements) {
            let id = ["id", "name"].into_iter().find_map(|key| group.text(key));
            let id = id.or_else(|| group.value.as_str()).unwrap_or_default();
            let name = id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase();
            if !name.is_empty() && policy.listed.iter().all(|(own, _)| *own != name) {
                policy.listed.push((name, group.path.clone()));
            }
        }
        if let Some(settings) = properties.get("dnsSettings") {
            policy.proxy = Some(DnsProxy::of_policy(&settings));
        }
        let base = properties.get("basePolicy");
        let Some(base) = base.filter(|base| !names_none(base)) else {
            return;
        };
        let id = base.text("id").or_else(|| base.value.as_str());
        // A base policy whose name is an expression has no name: it will be reported as missing.
        let unnamed = || PlacedName { name: base.path.clone(), place: ResourcePlace::default() };
        policy.base = Some(id.map_or_else(unnamed, PlacedName::of_resource));
    }

    /// Reads a rule collection group of this policy. `condition` is that of its resource.
    pub(super) fn add_group(
        &mut self,
        node: &Node<'_>,
        id: Option<&PlacedName>,
        condition: Option<&ArmValue>,
        file: &str,
        groups: &IpGroups,
    ) {
        self.of(id, file).policy.add_group(node, condition, groups);
    }

    /// Says that all groups of this policy are here.
    pub(super) fn set_whole(&mut self, id: Option<&PlacedName>, file: &str) {
        self.of(id, file).is_whole = true;
    }

    /// Says why this policy may be another one than here.
    pub(super) fn set_doubt(&mut self, id: Option<&PlacedName>, file: &str, missing: &Missing) {
        self.of(id, file).doubt.get_or_insert_with(|| missing.clone());
    }

    /// The policy with this id, of those whose rules are here.
    fn read(&self, id: &PlacedName) -> Option<&NamedPolicy> {
        let mut own =
            self.policies.iter().filter(|own| !own.policy.groups.is_empty() || own.is_whole);
        let near = own.clone().find(|own| own.id.is_near(id));
        near.or_else(|| own.find(|own| own.id.may_be(id)))
    }

    /// A policy and those that it inherits from, nearest first, and the name of one that is not
    /// here.
    ///
    /// # Errors
    /// [`ReadError`] where one of them is its own base policy.
    fn lineage<'a>(
        &'a self,
        own: &'a NamedPolicy,
    ) -> Result<(Vec<&'a NamedPolicy>, Option<&'a str>), ReadError> {
        let mut lineage = vec![own];
        let mut base = own.base.as_ref();
        while let Some(id) = base {
            let found = self.read(id);
            let again = found.and_then(|found| lineage.iter().position(|own| own.id == found.id));
            match (found, again) {
                (Some(found), None) => {
                    lineage.push(found);
                    base = found.base.as_ref();
                }
                (Some(found), Some(at)) if found.id.is_near(id) => {
                    return Err(circle(&lineage[at..]));
                }
                // Only the name is the same.
                _ => return Ok((lineage, Some(id.name.as_str()))),
            }
        }
        Ok((lineage, None))
    }

    /// A rule set for each policy that no other policy inherits from, with the rules that it
    /// inherits.
    ///
    /// # Errors
    /// [`ReadError`] where policies are each other's base policy.
    pub(super) fn into_sets(self) -> Result<Vec<RuleSet>, ReadError> {
        let is_base = |id: &PlacedName| {
            let is_it = |own: &PlacedName| own.may_be(id);
            self.policies.iter().any(|own| own.base.as_ref().is_some_and(is_it) && own.id != *id)
        };
        let is_shown = |own: &&NamedPolicy| !own.policy.groups.is_empty() || own.base.is_some();
        let n_of = |file: &str| {
            self.policies.iter().filter(is_shown).filter(|own| own.file == file).count()
        };
        let mut sets = Vec::new();
        for own in self.policies.iter().filter(is_shown) {
            let (lineage, absent) = self.lineage(own)?;
            if is_base(&own.id) {
                continue;
            }
            let mut set = OrderedRules::inherited(&lineage, absent)
                .into_set(&own.id.name, &own.file)
                .within(own.id.place.names());
            // A policy alone in its file has the file's name, as a group without a policy has.
            if n_of(&own.file) < 2 {
                set.name.clone_from(&own.file);
            }
            sets.push(set);
        }
        Ok(sets)
    }
}

/// Whether a reference to another resource is empty, as tools write one that is not there.
pub(super) fn names_none(reference: &Node<'_>) -> bool {
    let id = reference.text("id").or_else(|| reference.value.as_str());
    matches!(reference.value, ArmValue::Null) || id.is_some_and(str::is_empty)
}

/// The error about policies of which each inherits from the next, and the last from the first.
fn circle(policies: &[&NamedPolicy]) -> ReadError {
    let names: Vec<_> = policies.iter().map(|own| own.id.name.as_str()).collect();
    let found = match names[..] {
        [alone] => format!("the firewall policy {alone}, which is its own base policy"),
        _ => format!("firewall policies that are each other's base policy: {}", names.join(", ")),
    };
    ReadError {
        file: policies.first().map_or_else(String::new, |own| own.file.clone()),
        location: "basePolicy".to_owned(),
        found,
        expected: "a base policy that inherits from none of its own children (az network firewall \
                   policy show prints basePolicy)",
    }
}

#[cfg(test)]
mod doubt_tests;
#[cfg(test)]
mod tests;
