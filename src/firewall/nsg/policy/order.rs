//! The order of a policy's rules, and what is not known of it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::group::may_meet;
use super::collections::{Policy, PolicyCollection, PolicyGroup, PolicyRule};
use super::{DnsProxy, NamedPolicy};
use crate::arm_template::UnknownValue;
use crate::firewall::missing::{Missing, Property};
use crate::firewall::rule::{Direction, Rule, RuleDialect, RuleSet};
use crate::firewall::scope::Scope;

/// Azure Firewall asks all network rules before all application rules, within these those of a base
/// policy before those of the policy that inherits them, then by the priority of the group, then of
/// the collection, then in the order of the file. A flow that no rule matches is denied.
#[derive(Debug, Default)]
pub(super) struct OrderedRules {
    rules: Vec<(Order, Rule)>,
    notes: Vec<String>,
}

/// The sort key of a rule: whether it is an application rule, its policy's generation with the
/// oldest first, the priorities of its group and of its collection. Rules of one key stay in the
/// order of the file. One of unknown priority stands first: it may come before all others.
type Order = (bool, usize, Option<u32>, Option<u32>);

impl OrderedRules {
    /// Joins a policy and its ancestors, of which the oldest comes last. Where one is absent, its
    /// rules would come before all others and could do anything.
    pub(super) fn inherited(lineage: &[&NamedPolicy], absent: Option<&str>) -> Self {
        let mut all = Self::default();
        if let Some(base) = absent {
            let missing = Missing::BasePolicy(base.into());
            let name = format!("base policy {base}");
            all.add_open(0, &name, &name, &missing);
        }
        for (age, own) in lineage.iter().rev().enumerate() {
            if let Some(missing) = &own.doubt {
                all.add_open(0, "(whether the policy is as here)", &own.file, missing);
            }
            for (group, missing) in own.absent_groups() {
                let name = format!("rule collection group {group}");
                all.add_open(age + 1, &name, &own.file, &missing);
            }
            all.add(&own.policy, age + 1);
            if own.is_named && !own.is_whole {
                all.notes.push(format!(
                    "the policy {} is not in {}: groups of it that are not here may decide first",
                    own.id.name, own.file
                ));
            }
        }
        // A policy takes the settings of its base policy where it has none.
        let unset = || {
            let is_here = absent.is_none() && lineage.iter().all(|own| own.path.is_some());
            let path = lineage.first().and_then(|own| own.path.as_deref());
            path.filter(|_| is_here).map(DnsProxy::unset)
        };
        let missing = match lineage.iter().find_map(|own| own.proxy.as_ref()) {
            Some(DnsProxy::On) => None,
            Some(DnsProxy::Doubtful(missing)) => Some(missing.clone()),
            None => unset(),
        };
        if let Some(missing) = missing {
            all.doubt_names(&missing);
        }
        all
    }

    /// Adds the rules of a policy of this generation.
    pub(super) fn add(&mut self, policy: &Policy, age: usize) {
        self.notes.extend(policy.notes.iter().cloned());
        let mut groups = policy.groups.clone();
        self.notes.extend(settle(&mut groups));
        for PolicyGroup { priority, collections, .. } in groups {
            let group = priority.known().copied();
            for PolicyCollection { priority, rules, .. } in collections {
                let collection = priority.known().copied();
                let placed = rules.into_iter().map(|PolicyRule { is_application, rule }| {
                    ((is_application, age, group, collection), rule)
                });
                self.rules.extend(placed);
            }
        }
    }

    /// Adds a rule before all others of this generation, which could do anything.
    fn add_open(&mut self, age: usize, name: &str, location: &str, missing: &Missing) {
        let mut rule = Rule::unreadable(name, location, missing);
        // Rules of a policy are about outbound flows, known or not.
        rule.direction = Direction::Outbound.into();
        self.rules.push(((false, age, None, None), rule));
    }

    /// Makes it unknown what network rules do with the flows whose names they match, which need the
    /// firewall's DNS proxy.
    pub(super) fn doubt_names(&mut self, missing: &Missing) {
        let all = std::mem::take(&mut self.rules);
        for (order, mut rule) in all {
            let (is_application, ..) = order;
            if is_application || rule.destination.names.is_empty() {
                self.rules.push((order, rule));
                continue;
            }
            let mut by_name = rule.clone();
            let names = std::mem::take(&mut rule.destination.names);
            by_name.destination = Scope { names, ..Scope::default() };
            doubt(&mut by_name, missing);
            // Its addresses match all the same.
            if !rule.destination.is_empty() {
                self.rules.push((order, rule));
            }
            self.rules.push((order, by_name));
        }
    }

    pub(super) fn into_set(mut self, name: &str, file: &str) -> RuleSet {
        self.rules.sort_by_key(|own| own.0);
        let rules = self.rules.into_iter().map(|(_, rule)| rule).collect();
        RuleSet::in_order(name, file, RuleDialect::AzureFirewall, rules).with_notes(self.notes)
    }
}

/// Makes it unknown what a rule does, where that is known.
fn doubt(rule: &mut Rule, missing: &Missing) {
    if rule.access.known().is_some() {
        rule.access = Property::Unknown(missing.clone());
    }
}

fn doubt_because(rule: &mut Rule, why: &str) {
    let missing = UnknownValue::new(&rule.location, why).into();
    doubt(rule, &missing);
}

/// Makes unknown what depends on an order of these groups that nothing says, and says so.
fn settle(groups: &mut [PolicyGroup]) -> Vec<String> {
    let mut notes = settle_doubles(groups);
    for group in groups.iter_mut() {
        let mut blocks: Vec<_> =
            group.collections.iter_mut().map(RuleBlock::of_collection).collect();
        notes.extend(settle_blocks(&mut blocks, "rule collection"));
    }
    let mut blocks: Vec<_> = groups.iter_mut().map(RuleBlock::of_group).collect();
    notes.extend(settle_blocks(&mut blocks, "rule collection group"));
    notes
}

/// Groups of one name with different rules, of which only one is in force.
fn settle_doubles(groups: &mut [PolicyGroup]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        if let Some(name) = group.name.as_ref().filter(|_| group.is_sure) {
            places.entry(name.clone()).or_default().push(at);
        }
    }
    let mut notes = Vec::new();
    for (name, places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
        let paths: Vec<_> = places.iter().map(|at| groups[*at].path.as_str()).collect();
        notes.push(format!(
            "the rule collection group {name} stands in {}, and the rules differ: what they do is \
             taken as unknown",
            paths.join(" and ")
        ));
        let why = format!(
            "the rule collection group {name} stands twice with different rules, and nothing says \
             which of them is in force: give one of the two"
        );
        for at in places {
            for own in groups[at].rules_mut() {
                doubt_because(&mut own.rule, &why);
            }
        }
    }
    notes
}

/// Rules that stand together: those of a group in its policy, or of a collection in its group.
struct RuleBlock<'a> {
    label: String,
    is_sure: bool,
    priority: &'a Property<u32>,
    rules: Vec<&'a mut PolicyRule>,
}

impl<'a> RuleBlock<'a> {
    fn of_group(group: &'a mut PolicyGroup) -> Self {
        let PolicyGroup { name, path, is_sure, priority, collections } = group;
        let label = name.as_ref().map_or_else(|| path.clone(), |name| format!("{name} ({path})"));
        let rules = collections.iter_mut().flat_map(|own| &mut own.rules).collect();
        Self { label, is_sure: *is_sure, priority, rules }
    }

    fn of_collection(collection: &'a mut PolicyCollection) -> Self {
        let PolicyCollection { path, priority, rules } = collection;
        Self { label: path.clone(), is_sure: true, priority, rules: rules.iter_mut().collect() }
    }

    fn holds(&self, is_application: bool) -> bool {
        self.rules.iter().any(|own| own.is_application == is_application)
    }
}

fn settle_blocks(blocks: &mut [RuleBlock<'_>], what: &str) -> Vec<String> {
    let n_of = |kind: bool| blocks.iter().filter(|block| block.holds(kind)).count();
    let (n_network, n_application) = (n_of(false), n_of(true));
    for block in blocks.iter_mut() {
        let Property::Unknown(missing) = block.priority else { continue };
        for own in &mut block.rules {
            let n_blocks = if own.is_application { n_application } else { n_network };
            // A block alone needs no priority.
            if n_blocks > 1 && own.rule.priority.known().is_some() {
                own.rule.priority = Property::Unknown(missing.clone());
            }
        }
    }
    let mut places: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, block) in blocks.iter().enumerate() {
        // Azure refuses one priority for two: a condition then chooses between them.
        if let Some(priority) = block.priority.known().filter(|_| block.is_sure) {
            places.entry(*priority).or_default().push(at);
        }
    }
    let mut notes = Vec::new();
    let mut doubts: Vec<(usize, usize, String)> = Vec::new();
    for (priority, places) in &places {
        for (number, first) in places.iter().enumerate() {
            for second in &places[number + 1..] {
                let (own, other) = (&blocks[*first], &blocks[*second]);
                let [left, right] = contradictions(own, other);
                if left.is_empty() {
                    continue;
                }
                notes.push(format!(
                    "the {what}s {} and {} both have priority {priority}: what those of their \
                     rules do that contradict each other is taken as unknown",
                    own.label, other.label
                ));
                let why = format!(
                    "another {what} has priority {priority} too, and a rule of it contradicts \
                     this one: either may come first"
                );
                doubts.extend(left.into_iter().map(|at| (*first, at, why.clone())));
                doubts.extend(right.into_iter().map(|at| (*second, at, why.clone())));
            }
        }
    }
    for (block, at, why) in doubts {
        doubt_because(&mut blocks[block].rules[at].rule, &why);
    }
    notes
}

/// The rules of each block that contradict one of the other: a flow may match both, and they do
/// different things.
fn contradictions(first: &RuleBlock<'_>, second: &RuleBlock<'_>) -> [BTreeSet<usize>; 2] {
    /// So many pairs are not looked into: their rules are taken to meet.
    const MANY: usize = 1_000_000;
    let is_many = first.rules.len().saturating_mul(second.rules.len()) > MANY;
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for (at, left) in first.rules.iter().enumerate() {
        for (number, right) in second.rules.iter().enumerate() {
            let (own, other) = (&left.rule.access, &right.rule.access);
            let is_contradicted = left.is_application == right.is_application
                && own != other
                && (own.known().is_some() || other.known().is_some())
                && (is_many || may_meet(&left.rule, &right.rule));
            if is_contradicted {
                found[0].insert(at);
                found[1].insert(number);
            }
        }
    }
    found
}
