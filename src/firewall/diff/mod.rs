//! Compares what rules did before a change with what they do after it: required flows, and the
//! whole space of addresses, ports and protocols.
//!
//! Rules that match names are left out of the space, which has only addresses.

mod fate;
mod slice;

use std::collections::BTreeSet;

use self::fate::{Fates, are_same, missing_of};
use self::slice::{FlowKind, Sides};
use super::decide::{Decision, RuleJudge};
use super::missing::{Missing, Property};
use super::port::{PortSet, ProtocolSet};
use super::requirement::Requirement;
use super::rule::{Direction, Rule, RuleSet};
use super::scope::Scope;
use super::verify::decide;
use crate::model::AddressSet;

/// What a change of rules does.
#[derive(Clone, Debug)]
pub struct RulesDiff<'a> {
    /// The required flows, in their order.
    pub required: Vec<RequiredChange<'a>>,
    /// What was denied for sure and is allowed for sure.
    pub admitted: Vec<ChangedSpace<'a>>,
    /// What was allowed for sure and is denied for sure.
    pub no_longer_admitted: Vec<ChangedSpace<'a>>,
    /// What may have another fate than before, by facts that are not known.
    pub undecided: Vec<ChangedSpace<'a>>,
    /// Rules that differ and decide about none of the flows above.
    pub without_effect: Vec<ChangedRule<'a>>,
}

/// A required flow on both sides.
#[derive(Clone, Debug)]
pub struct RequiredChange<'a> {
    pub requirement: Requirement,
    pub before: SideDecision<'a>,
    pub after: SideDecision<'a>,
    pub change: FlowChange,
    /// The rules that differ and may decide, where the change is not known.
    pub touched_by: Vec<ChangedRule<'a>>,
}

/// A decision, and the set that it was made by.
#[derive(Clone, Debug)]
pub struct SideDecision<'a> {
    pub set: &'a str,
    pub decision: Decision<'a>,
}

/// What a change does to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowChange {
    /// It was allowed and is denied.
    Lost,
    /// It was denied and is allowed.
    Gained,
    Same,
    /// A fact is not known that decides.
    Unknown,
}

impl FlowChange {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Gained => "gained",
            Self::Same => "same",
            Self::Unknown => "unknown",
        }
    }
}

/// Flows of one kind that have another fate than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedSpace<'a> {
    pub direction: Direction,
    pub protocols: ProtocolSet,
    /// The destination ports; any where the protocols have none.
    pub ports: PortSet,
    /// The addresses of this host for which it holds.
    pub own: AddressSet,
    /// The addresses at the other end: the destinations of outbound flows, the sources of inbound
    /// ones.
    pub peers: AddressSet,
    /// The rules that decide before the change, in their order.
    pub before: Vec<&'a Rule>,
    /// The rules that decide after it.
    pub after: Vec<&'a Rule>,
    /// The facts that would decide, where the change is not known.
    pub missing: Vec<Missing>,
}

/// A rule that is not the same on both sides.
#[derive(Clone, Copy, Debug)]
pub struct ChangedRule<'a> {
    /// The rule, after the change where it is still there.
    pub rule: &'a Rule,
    /// The name of its set.
    pub set: &'a str,
    pub edit: RuleEdit,
}

/// The difference of a rule between both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleEdit {
    Added,
    Removed,
    Modified,
}

impl RuleEdit {
    /// The word in sentences.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
        }
    }
}

impl RequiredChange<'_> {
    /// Whether the flow was let through for all that is known, and may not be any more.
    #[must_use]
    pub fn may_be_lost(&self) -> bool {
        self.change == FlowChange::Unknown
            && !matches!(self.before.decision, Decision::Deny { .. })
            && !matches!(self.after.decision, Decision::Allow { .. })
    }
}

impl ChangedSpace<'_> {
    /// Whether the flow is one of these, or may be.
    fn may_hold(&self, requirement: &Requirement) -> bool {
        let flow = &requirement.flow;
        let sources = || requirement.sources.iter().chain(&flow.source);
        let (peer, own): (_, Vec<_>) = match flow.direction {
            Direction::Outbound => (flow.address, sources().copied().collect()),
            Direction::Inbound => (flow.source, flow.address.into_iter().collect()),
        };
        flow.direction == self.direction
            && self.protocols.contains(flow.protocol)
            && flow.port.is_none_or(|port| self.ports.contains(port))
            && peer.is_none_or(|peer| self.peers.contains(peer))
            && (own.is_empty() || own.iter().any(|address| self.own.contains(*address)))
    }
}

/// Compares two rows of rule sets. `own` are the addresses of this host, where they are known.
#[must_use]
pub fn diff<'a>(
    before: &'a [RuleJudge<'a>],
    after: &'a [RuleJudge<'a>],
    requirements: &[Requirement],
    own: Option<&AddressSet>,
) -> RulesDiff<'a> {
    let sides = Sides::new(before, after, own);
    let mut spaces = ChangedSpaces::default();
    sides.each_slice(|kind, fates| spaces.add(kind, &fates));
    let [admitted, no_longer_admitted, undecided] =
        [spaces.admitted, spaces.no_longer, spaces.undecided].map(joined);
    let all = || admitted.iter().chain(&no_longer_admitted).chain(&undecided);
    let has_names = before
        .iter()
        .chain(after)
        .any(|judge| judge.set().rules().iter().any(|rule| !rule.destination.names.is_empty()));
    // Where neither side has rules of names, the space says all.
    let is_alike = |own: &Requirement| !has_names && !all().any(|space| space.may_hold(own));
    let changed = changed_rules(before, after);
    let touching = |own: &Requirement| -> Vec<ChangedRule<'a>> {
        let spaces: Vec<_> = undecided.iter().filter(|space| space.may_hold(own)).collect();
        let decides = |rule: &Rule| {
            spaces
                .iter()
                .flat_map(|space| space.before.iter().chain(&space.after))
                .any(|own| std::ptr::eq(*own, rule))
        };
        let touches = |sides: &[Option<&Rule>; 2]| sides.iter().flatten().any(|rule| decides(rule));
        changed.iter().filter(|(_, sides)| touches(sides)).map(|(own, _)| *own).collect()
    };
    let required = requirements
        .iter()
        .filter_map(|own| compare(before, after, own, is_alike))
        .map(|own| match own.change {
            FlowChange::Unknown => RequiredChange { touched_by: touching(&own.requirement), ..own },
            _ => own,
        })
        .collect();
    let deciding: BTreeSet<*const Rule> = all()
        .flat_map(|space| space.before.iter().chain(&space.after))
        .map(|rule| std::ptr::from_ref::<Rule>(rule))
        .collect();
    let without_effect = changed
        .into_iter()
        .filter(|(_, rules)| {
            !rules.iter().flatten().any(|rule| deciding.contains(&std::ptr::from_ref(*rule)))
                // What a rule does with names is not in the space.
                && rules.iter().flatten().all(|rule| rule.destination.names.is_empty())
        })
        .map(|(changed, _)| changed)
        .collect();
    RulesDiff { required, admitted, no_longer_admitted, undecided, without_effect }
}

fn compare<'a>(
    before: &'a [RuleJudge<'a>],
    after: &'a [RuleJudge<'a>],
    requirement: &Requirement,
    is_alike: impl Fn(&Requirement) -> bool,
) -> Option<RequiredChange<'a>> {
    let (before_set, was) = decide(before, requirement)?;
    let (after_set, is) = decide(after, requirement)?;
    let change = match (&was, &is) {
        (Decision::Allow { .. }, Decision::Allow { .. })
        | (Decision::Deny { .. }, Decision::Deny { .. }) => FlowChange::Same,
        (Decision::Allow { .. }, Decision::Deny { .. }) => FlowChange::Lost,
        (Decision::Deny { .. }, Decision::Allow { .. }) => FlowChange::Gained,
        (Decision::Undecided { .. }, _) | (_, Decision::Undecided { .. }) => {
            if is_alike(requirement) { FlowChange::Same } else { FlowChange::Unknown }
        }
    };
    Some(RequiredChange {
        requirement: requirement.clone(),
        before: SideDecision { set: &before[before_set].set().name, decision: was },
        after: SideDecision { set: &after[after_set].set().name, decision: is },
        change,
        touched_by: Vec::new(),
    })
}

/// The differences of single slices.
#[derive(Default)]
struct ChangedSpaces<'a> {
    admitted: Vec<ChangedSpace<'a>>,
    no_longer: Vec<ChangedSpace<'a>>,
    undecided: Vec<ChangedSpace<'a>>,
}

impl<'a> ChangedSpaces<'a> {
    fn add(&mut self, kind: &FlowKind, [before, after]: &[Fates<'a>; 2]) {
        let admitted = after.allowed.intersection(&before.denied);
        let no_longer = before.allowed.intersection(&after.denied);
        let space = |peers: AddressSet, missing| ChangedSpace {
            direction: kind.direction,
            protocols: kind.protocols,
            ports: kind.ports.clone(),
            own: kind.own.clone(),
            before: deciding(before, &peers),
            after: deciding(after, &peers),
            peers,
            missing,
        };
        if !admitted.is_empty() {
            self.admitted.push(space(admitted, Vec::new()));
        }
        if !no_longer.is_empty() {
            self.no_longer.push(space(no_longer, Vec::new()));
        }
        let open = |fates: &Fates<'_>| fates.open.iter().map(|(_, within)| within).collect();
        let mut rest: AddressSet = AddressSet::union(&open(before), &open(after));
        for (doubts, within) in &before.open {
            for (others, also) in &after.open {
                if are_same(doubts, others) {
                    rest = rest.difference(&within.intersection(also));
                }
            }
        }
        // By the facts that decide: each has its own addresses.
        for (doubts, within) in before.open.iter().chain(&after.open) {
            let own = rest.intersection(within);
            if own.is_empty() {
                continue;
            }
            rest = rest.difference(&own);
            // A fact of the other side decides too, about a part of them at least.
            let other = after.open.iter().filter(|(_, also)| !also.is_disjoint(&own));
            let all = std::iter::once(doubts).chain(other.map(|(others, _)| others));
            let mut missing: Vec<Missing> = all.flat_map(|doubts| missing_of(doubts)).collect();
            missing.sort();
            missing.dedup();
            self.undecided.push(space(own, missing));
        }
    }
}

/// The rules that decide about some of these addresses.
fn deciding<'a>(fates: &Fates<'a>, peers: &AddressSet) -> Vec<&'a Rule> {
    let mut rules: Vec<&Rule> = Vec::new();
    let mut add = |rule: &'a Rule| {
        if !rules.iter().any(|own| std::ptr::eq(*own, rule)) {
            rules.push(rule);
        }
    };
    for (rule, addresses) in &fates.by_rule {
        if !addresses.is_disjoint(peers) {
            add(rule);
        }
    }
    for (doubts, addresses) in &fates.open {
        if !addresses.is_disjoint(peers) {
            doubts.iter().flat_map(fate::OpenFate::rules).for_each(&mut add);
        }
    }
    rules
}

/// Joins spaces that differ in one dimension only, so that each is said once.
fn joined(spaces: Vec<ChangedSpace<'_>>) -> Vec<ChangedSpace<'_>> {
    let spaces = join_by(
        spaces,
        |a, b| a.protocols == b.protocols && a.ports == b.ports && a.peers == b.peers,
        |a, b| a.own = a.own.union(&b.own),
    );
    let spaces = join_by(
        spaces,
        |a, b| a.protocols == b.protocols && a.own == b.own && a.peers == b.peers,
        |a, b| a.ports = a.ports.union(&b.ports),
    );
    let mut spaces = join_by(
        spaces,
        |a, b| a.ports == b.ports && a.own == b.own && a.peers == b.peers,
        |a, b| a.protocols = a.protocols.union(b.protocols),
    );
    spaces.sort_by(|a, b| {
        let key = |own: &ChangedSpace<'_>| {
            let count = own.peers.count();
            (own.direction == Direction::Inbound, std::cmp::Reverse((count.v4, count.v6)))
        };
        key(a).cmp(&key(b)).then_with(|| a.ports.texts().cmp(&b.ports.texts()))
    });
    spaces
}

fn join_by<'a>(
    spaces: Vec<ChangedSpace<'a>>,
    is_alike: impl Fn(&ChangedSpace<'a>, &ChangedSpace<'a>) -> bool,
    join: impl Fn(&mut ChangedSpace<'a>, &ChangedSpace<'a>),
) -> Vec<ChangedSpace<'a>> {
    let mut all: Vec<ChangedSpace<'a>> = Vec::with_capacity(spaces.len());
    // Spaces of different size are never alike in their peers.
    let mut by_size: std::collections::HashMap<(u128, u128), Vec<usize>> =
        std::collections::HashMap::new();
    for space in spaces {
        let count = space.peers.count();
        let group = by_size.entry((count.v4, count.v6)).or_default();
        let same = group.iter().copied().find(|index| {
            let own = &all[*index];
            own.direction == space.direction
                && own.missing == space.missing
                && is_alike(own, &space)
        });
        if let Some(index) = same {
            let own = &mut all[index];
            join(own, &space);
            merge_rules(&mut own.before, &space.before);
            merge_rules(&mut own.after, &space.after);
        } else {
            group.push(all.len());
            all.push(space);
        }
    }
    all
}

fn merge_rules<'a>(own: &mut Vec<&'a Rule>, more: &[&'a Rule]) {
    for rule in more {
        if !own.iter().any(|known| std::ptr::eq(*known, *rule)) {
            own.push(rule);
        }
    }
}

/// Whether a set before the change and one after it belong together.
type PartnerTest = fn(&RuleSet, &RuleSet) -> bool;

/// The rules that differ, each with what it is before and after. Sets are paired by their names,
/// and those that are left by their order among the sets of their kind.
fn changed_rules<'a>(
    before: &'a [RuleJudge<'a>],
    after: &'a [RuleJudge<'a>],
) -> Vec<(ChangedRule<'a>, [Option<&'a Rule>; 2])> {
    let mut changed = Vec::new();
    let mut paired = vec![false; before.len()];
    let mut partners: Vec<Option<usize>> = vec![None; after.len()];
    // All names come first: a set that is new would take the partner of one that is there.
    let ways: [PartnerTest; 2] =
        [|was, is| was.name == is.name, |was, is| was.dialect == is.dialect];
    for is_partner in ways {
        for (judge, partner) in after.iter().zip(&mut partners).filter(|(_, own)| own.is_none()) {
            let is_free = |at: &usize| !paired[*at] && is_partner(before[*at].set(), judge.set());
            *partner = (0..before.len()).find(is_free);
            if let Some(at) = *partner {
                paired[at] = true;
            }
        }
    }
    for (judge, partner) in after.iter().zip(partners) {
        let old = partner.map(|index| before[index].set());
        compare_sets(old, Some(judge.set()), &mut changed);
    }
    for (_, judge) in before.iter().enumerate().filter(|(index, _)| !paired[*index]) {
        compare_sets(Some(judge.set()), None, &mut changed);
    }
    changed
}

fn compare_sets<'a>(
    before: Option<&'a RuleSet>,
    after: Option<&'a RuleSet>,
    changed: &mut Vec<(ChangedRule<'a>, [Option<&'a Rule>; 2])>,
) {
    use std::collections::HashMap;
    let key = |rule: &Rule| {
        let direction = rule.direction.known().map(|own| own.as_str());
        (rule.name.to_ascii_lowercase(), direction)
    };
    let rules = |set: Option<&'a RuleSet>| set.map(RuleSet::rules).unwrap_or_default();
    let mut old: HashMap<_, Vec<&'a Rule>> = HashMap::new();
    for rule in rules(before).iter().rev() {
        old.entry(key(rule)).or_default().push(rule);
    }
    let mut push = |rule, set: Option<&'a RuleSet>, edit, sides| {
        let set = set.map_or("", |set| set.name.as_str());
        changed.push((ChangedRule { rule, set, edit }, sides));
    };
    for rule in rules(after) {
        match old.get_mut(&key(rule)).and_then(Vec::pop) {
            None => push(rule, after, RuleEdit::Added, [None, Some(rule)]),
            Some(was) if content(was) == content(rule) && was.priority == rule.priority => {}
            Some(was) => push(rule, after, RuleEdit::Modified, [Some(was), Some(rule)]),
        }
    }
    for rule in rules(before) {
        let is_left =
            old.get(&key(rule)).is_some_and(|rest| rest.iter().any(|own| std::ptr::eq(*own, rule)));
        if is_left {
            push(rule, before, RuleEdit::Removed, [Some(rule), None]);
        }
    }
}

/// A property in which `own` says what fact a missing one is.
fn property<T: Clone>(property: &Property<T>, own: impl Fn(&Missing) -> Missing) -> Property<T> {
    match property {
        Property::Known(value) => Property::Known(value.clone()),
        Property::Unknown(missing) => Property::Unknown(own(missing)),
    }
}

/// What a rule says, without where it stands in its file.
fn content(rule: &Rule) -> Rule {
    let own = |missing: &Missing| fate::fact(missing, rule);
    let scope =
        |scope: &Scope| Scope { unknown: scope.unknown.iter().map(own).collect(), ..scope.clone() };
    Rule {
        name: rule.name.clone(),
        location: String::new(),
        // Only the order counts, which the list has.
        priority: property(&rule.priority, own)
            .known()
            .map_or_else(|| property(&rule.priority, own), |_| Property::Known(0)),
        direction: property(&rule.direction, own),
        access: property(&rule.access, own),
        protocols: property(&rule.protocols, own),
        source: scope(&rule.source),
        source_ports: property(&rule.source_ports, own),
        destination: scope(&rule.destination),
        destination_ports: property(&rule.destination_ports, own),
        is_kept: false,
        onward: rule.onward.clone(),
        doubt: rule.doubt.as_ref().map(own),
    }
}

#[cfg(test)]
mod tests;
