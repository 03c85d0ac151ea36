//! Sets of which a file holds only some rules: the others are somewhere, and may decide.
//!
//! A rule of the others may stand wherever a priority is free. Rules that are not known stand for
//! them, so that a flow is decided for sure only by what no other rule can come before. Where the
//! same set is on both sides of a change, the others are the same on both, so that the change is
//! known to do nothing where the rules that it touches do not come in.

use super::missing::{Missing, Property};
use super::port::ProtocolSet;
use super::rule::{Access, Direction, Rule, RuleDialect, RuleSet};

/// The priorities that a user's rules may have.
const FIRST: u32 = 100;
const LAST: u32 = 4096;

/// Adds to each set what stands for its rules that are not here.
pub(super) fn add_rests(sets: &mut [RuleSet]) {
    for set in sets.iter_mut().filter(|set| set.rest.is_some()) {
        *set = with_rest(set, None);
    }
}

/// The same for both sides of a change, in which the rules that are not here are the same.
pub fn align_rests(before: &mut [RuleSet], after: &mut [RuleSet]) {
    let partner = |set: &RuleSet, at: usize, row: &[RuleSet]| {
        let is_alike = |other: &&RuleSet| other.dialect == set.dialect && other.rest.is_some();
        let named = row.iter().find(|own| own.name.eq_ignore_ascii_case(&set.name));
        named.filter(is_alike).or_else(|| row.get(at).filter(is_alike)).cloned()
    };
    let filled = |row: &[RuleSet], other: &[RuleSet]| -> Vec<(usize, RuleSet)> {
        let open = row.iter().enumerate().filter(|(_, set)| set.rest.is_some());
        open.map(|(at, set)| (at, with_rest(set, partner(set, at, other).as_ref()))).collect()
    };
    let (new_before, new_after) = (filled(before, after), filled(after, before));
    for (row, new) in [(before, new_before), (after, new_after)] {
        for (at, set) in new {
            row[at] = set;
        }
    }
}

fn with_rest(set: &RuleSet, other: Option<&RuleSet>) -> RuleSet {
    let Some(missing) = &set.rest else { return set.clone() };
    let own = known_rules(set);
    let others = other.map(known_rules).unwrap_or_default();
    if set.dialect == RuleDialect::Routes {
        // A route of a longer prefix may come first, one of a shorter prefix last.
        let at = |place: &str| stand_in(place, 0, Direction::Outbound, missing);
        let all = [vec![at("longer prefixes")], own, vec![at("shorter prefixes")]].concat();
        return set.clone().with_rules(all);
    }
    let mut all = own.clone();
    for direction in [Direction::Outbound, Direction::Inbound] {
        let places = free_places(&own, &others, direction);
        all.extend(places.into_iter().map(|priority| {
            stand_in(&format!("priority {priority} and later"), priority, direction, missing)
        }));
    }
    all.sort_by_key(|rule| rule.priority.known().copied());
    set.clone().with_rules(all)
}

/// The rules of a set that its file holds, and Azure's own.
fn known_rules(set: &RuleSet) -> Vec<Rule> {
    let (_, rules) = set.rules().split_last().unzip();
    let is_known = |rule: &&Rule| {
        !set.rest.as_ref().is_some_and(|missing| {
            let unknown = Property::Unknown(missing.clone());
            rule.access == unknown && rule.protocols == Property::Unknown(missing.clone())
        })
    };
    rules.unwrap_or_default().iter().filter(is_known).cloned().collect()
}

/// The first free priority of each run of rules that both sides have alike: there it does not
/// matter where exactly another rule stands.
fn free_places(own: &[Rule], others: &[Rule], direction: Direction) -> Vec<u32> {
    let priority = |rule: &Rule| {
        let number = rule.priority.known().copied().filter(|number| *number <= LAST);
        number.filter(|_| rule.direction.known() == Some(&direction))
    };
    let taken: Vec<u32> = own.iter().chain(others).filter_map(priority).collect();
    let lacks = |rules: &[Rule], rule: &Rule| !rules.iter().any(|own| is_same(own, rule));
    // Where there is no other side, nothing changes.
    let changed = |rules: &[Rule], than: &[Rule]| -> Vec<u32> {
        rules.iter().filter(|rule| lacks(than, rule)).filter_map(priority).collect()
    };
    let mut ends = if others.is_empty() {
        Vec::new()
    } else {
        [changed(own, others), changed(others, own)].concat()
    };
    ends.push(LAST + 1);
    ends.sort_unstable();
    ends.dedup();
    let mut start = FIRST;
    let mut places = Vec::new();
    for end in ends {
        places.extend((start..end).find(|number| !taken.contains(number)));
        start = end + 1;
    }
    places
}

/// Whether a rule is the same on both sides, wherever it stands in its file.
fn is_same(own: &Rule, other: &Rule) -> bool {
    let at = |rule: &Rule| Rule { location: String::new(), ..rule.clone() };
    own.priority == other.priority
        && own.name.eq_ignore_ascii_case(&other.name)
        && at(own) == at(other)
}

fn stand_in(place: &str, priority: u32, direction: Direction, missing: &Missing) -> Rule {
    Rule {
        location: "not in this file".to_owned(),
        direction: direction.into(),
        access: Property::Unknown(missing.clone()),
        // Whether it matches is not known either.
        protocols: Property::<ProtocolSet>::Unknown(missing.clone()),
        ..Rule::outbound(&format!("(rules not in this file, {place})"), priority, Access::Deny)
    }
}
