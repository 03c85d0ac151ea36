//! The rule sets of a template's resources.

use std::collections::BTreeMap;

use super::error::ReadError;
use super::node::Node;
use super::policy::{FIREWALL, IP_GROUP, IpGroups, POLICY, PlacedName, Policies};
use super::unread::Unread;
use super::whole::{GROUP, PartOwner, WHOLES, owner_of, wholes_elsewhere};
use super::{admin, group, make_conditional, read_firewall, route, rule, unknown_condition};
use crate::arm_template::{ArmValue, Resource, Template, UnknownValue};
use crate::firewall::missing::Missing;
use crate::firewall::rule::{Direction, Rule, RuleSet};

/// A part of a group or of a route table that is a resource of its own.
pub(super) struct WholePart<'a> {
    pub(super) resource: &'a Resource,
    /// Why it may not belong here.
    doubt: Option<ArmValue>,
}

impl WholePart<'_> {
    /// Makes what the part's rule does unknown where it may not be there.
    pub(super) fn make_conditional(&self, rule: &mut Rule) {
        make_conditional(rule, self.resource.condition.as_ref());
        make_conditional(rule, self.doubt.as_ref());
    }
}

pub(super) fn sets_of_template(
    file: &str,
    template: Template,
    groups: &IpGroups,
    policies: &mut Policies,
) -> Result<Vec<RuleSet>, ReadError> {
    let Template { mut resources, notes, unread } = template;
    let elsewhere = wholes_elsewhere(&resources.iter().collect::<Vec<_>>());
    resources.extend(elsewhere);
    for unread in unread.iter().map(|own| Unread::rules(&own.path, &own.why)) {
        for own in resources.iter_mut().filter(|own| unread.touches(own, None, false)) {
            unread.make_unknown(own);
        }
    }
    let mut sets = Vec::new();
    let mut n_policies = 0;
    let parts = parts_of_wholes(&resources);
    for (at, resource) in resources.iter().enumerate() {
        let parts = parts.get(&at).map(Vec::as_slice).unwrap_or_default();
        let node = Node::root(&resource.body, &resource.path);
        match resource.kind.as_str() {
            GROUP => sets.push(template_group(resource, parts, file)),
            route::TABLE => {
                let set = route::read_template_table(resource, parts, file);
                sets.push(completed(set, resource, "route table"));
            }
            // A template that refers to a firewall says nothing of its rules.
            FIREWALL if !resource.is_existing => {
                let set = read_firewall(&node, file, groups);
                sets.extend(set.map(|set| completed(set, resource, "firewall")));
            }
            POLICY => {
                let id = PlacedName::new(resource.own_name(), resource.place.clone());
                let condition = resource.condition.as_ref();
                if !resource.is_existing {
                    policies.add_policy(&node, Some(&id), condition, file);
                    n_policies += 1;
                }
            }
            kind if kind.contains("/firewallpolicies/") && !resource.is_existing => {
                let id = resource.parent();
                let id = id.map(|name| PlacedName::new(name, resource.place.clone()));
                let condition = resource.condition.as_ref();
                policies.add_group(&node, id.as_ref(), condition, file, groups);
                n_policies += 1;
            }
            _ => {}
        }
    }
    let admin_rules: Vec<_> = resources.iter().filter(|own| own.kind == admin::KIND).collect();
    if !admin_rules.is_empty() {
        sets.push(admin::read_template_rules(&admin_rules, file));
    }
    let holds_ip_groups = resources.iter().any(|own| own.kind == IP_GROUP);
    if sets.is_empty() && !holds_ip_groups && n_policies == 0 {
        let found = match notes.first() {
            Some(note) => format!("a template without rules ({note})"),
            None => "a template without rules".to_owned(),
        };
        return Err(ReadError {
            file: file.to_owned(),
            location: "$.resources".to_owned(),
            found,
            expected: "a resource of type Microsoft.Network/networkSecurityGroups, routeTables or \
                       firewallPolicies/ruleCollectionGroups",
        });
    }
    for set in &mut sets {
        set.file_notes.clone_from(&notes);
    }
    Ok(sets)
}

/// The parts that belong to each whole, or may, by its index among `resources`.
fn parts_of_wholes(resources: &[Resource]) -> BTreeMap<usize, Vec<WholePart<'_>>> {
    let mut parts: BTreeMap<usize, Vec<WholePart<'_>>> = BTreeMap::new();
    for (kind, part, _) in WHOLES {
        let places: Vec<usize> =
            (0..resources.len()).filter(|at| resources[*at].kind == kind).collect();
        let wholes: Vec<&Resource> = places.iter().map(|at| &resources[*at]).collect();
        for resource in resources.iter().filter(|own| own.kind == part && !own.is_existing) {
            match owner_of(resource, &wholes) {
                PartOwner::Known(owner) => {
                    let own = parts.entry(places[owner]).or_default();
                    own.push(WholePart { resource, doubt: None });
                }
                PartOwner::Perhaps(owners) => {
                    for owner in owners {
                        let why =
                            format!("whether it belongs to {} is not known", wholes[owner].name);
                        let doubt = ArmValue::Unknown(UnknownValue::new(&resource.path, &why));
                        let own = parts.entry(places[owner]).or_default();
                        own.push(WholePart { resource, doubt: Some(doubt) });
                    }
                }
                PartOwner::Elsewhere => {}
            }
        }
    }
    parts
}

fn template_group(resource: &Resource, parts: &[WholePart<'_>], file: &str) -> RuleSet {
    let node = Node::root(&resource.body, &resource.path);
    let properties = node.properties();
    let mut rules = group::read_rules(properties.get("securityRules").as_ref());
    for part in parts {
        let child = part.resource;
        let mut rule = rule::read_rule(&Node::root(&child.body, &child.path));
        child.own_name().clone_into(&mut rule.name);
        part.make_conditional(&mut rule);
        rules.push(rule);
    }
    rules.extend(group::default_rules());
    let set = group::named(&resource.name, file, &resource.path, rules);
    completed(set, resource, "group")
}

/// The set with what is said of its resource as a whole.
fn completed(set: RuleSet, resource: &Resource, what: &str) -> RuleSet {
    let mut set = set.within(resource.place.names());
    if resource.is_existing {
        let why = format!("the {what} {} is not in this file", resource.own_name());
        let missing = Missing::from(UnknownValue::new(&resource.path, &why));
        set.notes.push(format!("{missing}: what other rules of it do is not known"));
        set.rest = Some(missing);
    }
    let Some(condition) = &resource.condition else { return set };
    let path = format!("{}.condition", resource.path);
    let missing = unknown_condition(condition, &path);
    set.notes.push(format!("{}: whether it is as here depends on {missing}", resource.path));
    let name = format!("(whether the {what} is as here)");
    [Direction::Outbound, Direction::Inbound].into_iter().fold(set, |set, direction| {
        let mut first = Rule::unreadable(&name, &path, &missing);
        first.direction = direction.into();
        set.with_first(first)
    })
}
