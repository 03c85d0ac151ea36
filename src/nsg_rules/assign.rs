//! Assigns each block of prefixes a rule: its name, its source and its priority.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::desired::{Desired, PrefixBlock};
use super::document::{PrefixReason, RuleDocument};
use super::guard::GuardRefusal;
use super::left_out::{LeftOut, LeftOutReason};
use super::live::{LiveGroup, LiveRule, numbered};
use super::mark::Mark;
use super::rule::RuleSource;
use super::{Intent, PriorityChoice};

/// The first priority that `auto` tries: smaller ones are left to rules that must come first.
const FIRST_AUTOMATIC: u16 = 200;
/// The priorities that Azure takes.
pub(super) const PRIORITIES: RangeInclusive<u16> = 100..=4096;

/// The desired rules, and what was found out on the way to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Assignment<'a> {
    pub(super) rules: Vec<Assigned<'a>>,
    pub(super) refusals: Vec<GuardRefusal>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) notes: Vec<String>,
}

/// A desired rule.
#[derive(Clone, Debug)]
pub(super) struct Assigned<'a> {
    name: String,
    /// `None` where no priority is free, which is refused.
    priority: Option<u16>,
    source: RuleSource,
    description: String,
    block: &'a PrefixBlock,
}

impl Assigned<'_> {
    pub(super) fn document(&self, desired: &Desired) -> RuleDocument {
        let prefixes: Vec<String> = self.block.prefixes.iter().map(ToString::to_string).collect();
        let mut properties = json!({
            "description": self.description,
            "protocol": "Tcp",
            "destinationPortRanges": self.block.ports.texts(),
            "destinationAddressPrefixes": prefixes,
            "access": "Allow",
            "direction": "Outbound",
        });
        if let Some(priority) = self.priority {
            properties["priority"] = Value::from(priority);
        }
        self.source.write(&mut properties);
        let held = |net: &ipnet::IpNet| PrefixReason { prefix: *net, why: desired.why(*net) };
        RuleDocument {
            name: self.name.clone(),
            properties: properties.into(),
            prefixes: self.block.prefixes.iter().map(held).collect(),
        }
    }
}

/// Assigns each block a rule. A block stays in its live rule, and a new one takes the first free
/// number.
pub(super) fn assign<'a>(
    intent: &Intent,
    live: &LiveGroup,
    own: &[(u32, &LiveRule)],
    blocks: &'a [PrefixBlock],
) -> Assignment<'a> {
    let mut assignment = Assignment::default();
    let sourced = with_sources(intent, own, blocks, &mut assignment);
    let blocks: Vec<&PrefixBlock> = sourced.iter().map(|(block, _)| *block).collect();
    let numbers = numbers(intent, own, &blocks);
    let is_own = |rule: &&LiveRule| own.iter().any(|(_, own)| own.name == rule.name);
    let foreign: Vec<&LiveRule> = live.rules.iter().filter(|rule| !is_own(rule)).collect();
    let existing: Vec<Option<&LiveRule>> =
        numbers.iter().map(|number| find(own, *number)).collect();
    // A foreign rule of the name keeps its priority too, as --adopt would have it.
    let named = |number: &u32| live.rule(&numbered(&intent.rule_name, *number));
    let holders: Vec<Option<&LiveRule>> = existing
        .iter()
        .zip(&numbers)
        .map(|(rule, number)| rule.or_else(|| named(number)))
        .collect();
    let priorities = priorities(intent, &foreign, &holders, &blocks, &mut assignment.refusals);
    let rows = sourced.into_iter().zip(numbers).zip(existing).zip(priorities);
    for ((((block, source), number), existing), priority) in rows {
        let name = match existing {
            Some(rule) => rule.name.clone(),
            None => numbered(&intent.rule_name, number),
        };
        if existing.is_none() && live.rule(&name).is_some() {
            assignment.refusals.push(GuardRefusal::NameTaken { name: name.clone() });
        }
        assignment.notes.extend(order_notes(&name, priority, block, &foreign));
        let source = source.unwrap_or_else(|| {
            assignment.notes.push(format!(
                "{name} allows every source (*): --rule-source narrows it to the runtime's hosts"
            ));
            RuleSource::any()
        });
        let (description, refusal) = describe(intent, &name, existing, block);
        assignment.refusals.extend(refusal);
        assignment.rules.push(Assigned { name, priority, source, description, block });
    }
    assignment.rules.sort_by_key(|rule| rule.priority);
    assignment
}

fn find<'a>(own: &[(u32, &'a LiveRule)], number: u32) -> Option<&'a LiveRule> {
    own.iter().find(|(own, _)| *own == number).map(|(_, rule)| *rule)
}

/// Each block with the source of its rule: the one asked for, else the live rule's, else that of
/// the first rule; `None` where there is no live rule either.
fn with_sources<'a>(
    intent: &Intent,
    own: &[(u32, &LiveRule)],
    blocks: &'a [PrefixBlock],
    assignment: &mut Assignment<'a>,
) -> Vec<(&'a PrefixBlock, Option<RuleSource>)> {
    let all: Vec<&PrefixBlock> = blocks.iter().collect();
    let numbers = numbers(intent, own, &all);
    let mut sourced = Vec::new();
    for (block, number) in blocks.iter().zip(numbers) {
        let live = find(own, number).or_else(|| own.first().map(|(_, rule)| *rule));
        let live = live.map(|rule| RuleSource::of(&rule.properties));
        match intent.source.clone().or(live) {
            None => sourced.push((block, None)),
            Some(source) => match source.of_family(block.is_v6) {
                Some(source) => sourced.push((block, Some(source))),
                None => assignment.left_out.extend(block.prefixes.iter().map(|net| LeftOut {
                    name: intent.rule_name.clone(),
                    address: Some(net.to_string()),
                    reason: LeftOutReason::NoSource,
                })),
            },
        }
    }
    sourced
}

/// The description with the mark of the jobs that write the rule from now on: this job beside the
/// others, or alone where it takes the rule over.
fn describe(
    intent: &Intent,
    name: &str,
    existing: Option<&LiveRule>,
    block: &PrefixBlock,
) -> (String, Option<GuardRefusal>) {
    let live = existing.map(|rule| rule.properties.description());
    let mut jobs: BTreeSet<String> = match existing.and_then(|rule| rule.properties.mark()) {
        Some(mark) if !intent.adopt => mark.jobs,
        _ => BTreeSet::new(),
    };
    jobs.insert(intent.job.clone());
    if let Some(text) = Mark::new(jobs, &block.ports).describe(live) {
        return (text, None);
    }
    let alone = Mark::new([intent.job.clone()].into(), &block.ports);
    let refusal = GuardRefusal::TooManyJobs { rule: name.to_owned() };
    (alone.describe(live).unwrap_or_default(), Some(refusal))
}

/// Notes on foreign rules that deny some of the block, before and after this rule.
fn order_notes(
    name: &str,
    priority: Option<u16>,
    block: &PrefixBlock,
    foreign: &[&LiveRule],
) -> Vec<String> {
    let Some(priority) = priority else { return Vec::new() };
    let mut denies: Vec<(u16, &str)> = foreign
        .iter()
        .filter(|rule| rule.meaning().may_deny(&block.addresses(), &block.ports))
        .filter_map(|rule| Some((rule.meaning().priority?, rule.name.as_str())))
        .collect();
    denies.sort_unstable();
    let before = denies.iter().find(|(own, _)| *own < priority);
    let behind = denies.iter().find(|(own, _)| *own > priority);
    let mut notes = Vec::new();
    if let Some((own, deny)) = before {
        notes.push(format!(
            "{deny} (priority {own}) comes before {name} (priority {priority}) and denies, or may \
             deny, some of what it allows: --priority decides which comes first"
        ));
    }
    if let Some((own, deny)) = behind {
        notes.push(format!(
            "{name} (priority {priority}) comes before {deny} (priority {own}), which would deny, \
             or might deny, some of what it allows"
        ));
    }
    notes
}

/// The number of each block's rule. Of several live rules that hold a block, the one whose priority
/// is already right keeps it. If that one were removed to make room, its addresses would be in no
/// rule for a moment, and a run that is killed then would lose them.
fn numbers(intent: &Intent, own: &[(u32, &LiveRule)], blocks: &[&PrefixBlock]) -> Vec<u32> {
    let stays = |rule: &LiveRule| match (intent.priority, rule.meaning().priority) {
        (PriorityChoice::At(first), Some(priority)) => {
            usize::from(priority).checked_sub(first.into()).is_some_and(|at| at < blocks.len())
        }
        _ => true,
    };
    let mut numbers: Vec<Option<u32>> = vec![None; blocks.len()];
    for (index, block) in blocks.iter().enumerate() {
        let holds = |rule: &LiveRule| {
            let side = &rule.meaning().destination;
            let count = side.addresses.count();
            let is_of_family = if block.is_v6 { count.v6 > 0 } else { count.v4 > 0 };
            side.ports == block.ports && is_of_family
        };
        let free = |number: &u32| !numbers.contains(&Some(*number));
        let found = own
            .iter()
            .filter(|(number, rule)| free(number) && holds(rule))
            .min_by_key(|(number, rule)| (!stays(rule), *number))
            .map(|(number, _)| *number);
        numbers[index] = found;
    }
    for index in 0..numbers.len() {
        if numbers[index].is_none() {
            numbers[index] = (1..=u32::MAX).find(|number| !numbers.contains(&Some(*number)));
        }
    }
    numbers.into_iter().flatten().collect()
}

/// The priority of each block's rule; `None` where none is free, which is refused.
fn priorities(
    intent: &Intent,
    foreign: &[&LiveRule],
    existing: &[Option<&LiveRule>],
    blocks: &[&PrefixBlock],
    refusals: &mut Vec<GuardRefusal>,
) -> Vec<Option<u16>> {
    let taken: Vec<(u16, &str)> = foreign
        .iter()
        .filter(|rule| rule.meaning().is_outbound())
        .filter_map(|rule| Some((rule.meaning().priority?, rule.name.as_str())))
        .collect();
    let own = |rule: Option<&LiveRule>| {
        rule.filter(|rule| rule.meaning().is_outbound()).and_then(|rule| rule.meaning().priority)
    };
    let mut given: Vec<Option<u16>> = existing.iter().copied().map(own).collect();
    match intent.priority {
        PriorityChoice::Auto => {
            for (index, block) in blocks.iter().enumerate() {
                if given[index].is_some() {
                    continue;
                }
                let deny = foreign
                    .iter()
                    .filter(|rule| rule.meaning().may_deny(&block.addresses(), &block.ports))
                    .filter_map(|rule| Some((rule.meaning().priority?, rule.name.clone())))
                    .min();
                let end = deny.as_ref().map_or(*PRIORITIES.end() + 1, |(priority, _)| *priority);
                let is_free = |priority: &u16| {
                    !taken.iter().any(|(own, _)| own == priority)
                        && !given.contains(&Some(*priority))
                };
                let found = (FIRST_AUTOMATIC..end).find(is_free).or_else(|| {
                    (*PRIORITIES.start()..end.min(FIRST_AUTOMATIC)).rev().find(is_free)
                });
                if found.is_none() {
                    let before = deny.map(|(priority, name)| (name, priority));
                    refusals.push(GuardRefusal::NoPriority { before });
                }
                given[index] = found;
            }
        }
        PriorityChoice::At(first) => {
            let count = u16::try_from(blocks.len()).unwrap_or(u16::MAX);
            let range = first..first.saturating_add(count);
            // A rule that is within the range already keeps its priority.
            for slot in &mut given {
                *slot = slot.filter(|priority| range.contains(priority));
            }
            for index in 0..given.len() {
                if given[index].is_none() {
                    given[index] = range.clone().find(|priority| !given.contains(&Some(*priority)));
                }
            }
            for priority in range {
                if let Some((_, by)) = taken.iter().find(|(own, _)| *own == priority) {
                    let is_free = |start: &u16| {
                        let mut all = *start..start.saturating_add(count);
                        all.all(|own| !taken.iter().any(|(its, _)| *its == own))
                    };
                    let last = PRIORITIES.end().saturating_sub(count);
                    let free = (FIRST_AUTOMATIC..=last).find(is_free);
                    refusals.push(GuardRefusal::PriorityTaken {
                        priority,
                        by: (*by).to_owned(),
                        free,
                    });
                } else if !PRIORITIES.contains(&priority) {
                    refusals.push(GuardRefusal::NoPriority { before: None });
                }
            }
        }
    }
    given
}
