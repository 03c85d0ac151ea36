//! Which block goes into which rule, and at which priority.

use serde_json::json;

use super::desired::{Block, Wanted};
use super::document::{Held, RuleDocument};
use super::guard::Refusal;
use super::live::{LiveGroup, LiveRule, numbered};
use super::{DESCRIPTION, Intent, PriorityChoice};

/// Where `auto` begins to look: the numbers before are left to rules that must come first.
const FIRST_AUTOMATIC: u32 = 200;
/// Azure's priorities.
const PRIORITIES: std::ops::RangeInclusive<u32> = 100..=4096;

/// The rules that should be there.
#[derive(Clone, Debug, Default)]
pub(super) struct Allotment<'a> {
    pub(super) rules: Vec<Allotted<'a>>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) notes: Vec<String>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Allotted<'a> {
    name: String,
    priority: u32,
    block: &'a Block,
}

impl Allotted<'_> {
    pub(super) fn document(&self, wanted: &Wanted) -> RuleDocument {
        let prefixes: Vec<String> = self.block.prefixes.iter().map(ToString::to_string).collect();
        let properties = json!({
            "description": DESCRIPTION,
            "protocol": "Tcp",
            "sourcePortRange": "*",
            "destinationPortRanges": self.block.ports.texts(),
            "sourceAddressPrefix": "*",
            "destinationAddressPrefixes": prefixes,
            "access": "Allow",
            "priority": self.priority,
            "direction": "Outbound",
        });
        let held = |net: &ipnet::IpNet| Held { prefix: net.to_string(), why: wanted.why(*net) };
        RuleDocument {
            name: self.name.clone(),
            properties,
            prefixes: self.block.prefixes.iter().map(held).collect(),
        }
    }
}

/// Gives each block a rule. A block stays where it is; what is new takes the first free number.
pub(super) fn allot<'a>(
    intent: &Intent,
    live: &LiveGroup,
    own: &[(u32, &LiveRule)],
    blocks: &'a [Block],
) -> Allotment<'a> {
    let mut allotment = Allotment::default();
    let numbers = numbers(own, blocks);
    let is_own = |rule: &&LiveRule| own.iter().any(|(_, own)| own.name == rule.name);
    let foreign: Vec<&LiveRule> = live.rules.iter().filter(|rule| !is_own(rule)).collect();
    let existing: Vec<Option<&LiveRule>> = numbers
        .iter()
        .map(|number| own.iter().find(|(own, _)| own == number).map(|(_, rule)| *rule))
        .collect();
    let priorities = priorities(intent, &foreign, &existing, blocks, &mut allotment.refusals);
    let rows = blocks.iter().zip(numbers).zip(existing).zip(priorities);
    for (((block, number), existing), priority) in rows {
        let name = match existing {
            Some(rule) => rule.name.clone(),
            None => numbered(&intent.rule_name, number),
        };
        if existing.is_none() && live.rule(&name).is_some() {
            allotment.refusals.push(Refusal::NameTaken { name: name.clone() });
        }
        if let Some(deny) = foreign.iter().find(|rule| {
            rule.meaning.priority < priority
                && rule.meaning.may_deny(&block.addresses(), &block.ports)
        }) {
            allotment.notes.push(format!(
                "{} (priority {}) comes before {name} (priority {priority}) and denies, or may \
                 deny, some of what it allows: --priority decides which comes first",
                deny.name, deny.meaning.priority
            ));
        }
        allotment.rules.push(Allotted { name, priority, block });
    }
    allotment.rules.sort_by_key(|rule| rule.priority);
    allotment
}

/// The number of each block's rule.
fn numbers(own: &[(u32, &LiveRule)], blocks: &[Block]) -> Vec<u32> {
    let mut numbers: Vec<Option<u32>> = vec![None; blocks.len()];
    for (place, block) in blocks.iter().enumerate() {
        let holds = |rule: &LiveRule| {
            let side = &rule.meaning.destination;
            let count = side.addresses.count();
            let is_of_family = if block.is_v6 { count.v6 > 0 } else { count.v4 > 0 };
            side.ports == block.ports && is_of_family
        };
        let free = |number: &u32| !numbers.contains(&Some(*number));
        let found = own
            .iter()
            .find(|(number, rule)| free(number) && holds(rule))
            .map(|(number, _)| *number);
        numbers[place] = found;
    }
    for place in 0..numbers.len() {
        if numbers[place].is_none() {
            numbers[place] = (1..=u32::MAX).find(|number| !numbers.contains(&Some(*number)));
        }
    }
    numbers.into_iter().flatten().collect()
}

/// The priority of each block's rule.
fn priorities(
    intent: &Intent,
    foreign: &[&LiveRule],
    existing: &[Option<&LiveRule>],
    blocks: &[Block],
    refusals: &mut Vec<Refusal>,
) -> Vec<u32> {
    let taken: Vec<(u32, &str)> = foreign
        .iter()
        .filter(|rule| rule.meaning.is_outbound())
        .map(|rule| (rule.meaning.priority, rule.name.as_str()))
        .collect();
    let own = |rule: Option<&LiveRule>| {
        rule.filter(|rule| rule.meaning.is_outbound()).map(|rule| rule.meaning.priority)
    };
    let mut given: Vec<Option<u32>> = existing.iter().copied().map(own).collect();
    match intent.priority {
        PriorityChoice::Auto => {
            for (place, block) in blocks.iter().enumerate() {
                if given[place].is_some() {
                    continue;
                }
                let deny = foreign
                    .iter()
                    .filter(|rule| rule.meaning.may_deny(&block.addresses(), &block.ports))
                    .min_by_key(|rule| rule.meaning.priority);
                let end = deny.map_or(*PRIORITIES.end() + 1, |rule| rule.meaning.priority);
                let is_free = |priority: &u32| {
                    !taken.iter().any(|(own, _)| own == priority)
                        && !given.contains(&Some(*priority))
                };
                let found = (FIRST_AUTOMATIC..end).find(is_free).or_else(|| {
                    (*PRIORITIES.start()..end.min(FIRST_AUTOMATIC)).rev().find(is_free)
                });
                if found.is_none() {
                    let before = deny.map(|rule| (rule.name.clone(), rule.meaning.priority));
                    refusals.push(Refusal::NoPriority { before });
                }
                given[place] = found.or(Some(0));
            }
        }
        PriorityChoice::At(first) => {
            let count = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
            let range = u32::from(first)..u32::from(first).saturating_add(count);
            // What stands within the range already stays where it is.
            for slot in &mut given {
                *slot = slot.filter(|priority| range.contains(priority));
            }
            for place in 0..given.len() {
                if given[place].is_none() {
                    given[place] = range.clone().find(|priority| !given.contains(&Some(*priority)));
                }
            }
            for priority in range {
                if let Some((_, by)) = taken.iter().find(|(own, _)| *own == priority) {
                    let is_free = |start: &u32| {
                        (*start..start + count).all(|own| !taken.iter().any(|(its, _)| *its == own))
                    };
                    let free = (FIRST_AUTOMATIC..=*PRIORITIES.end() - count).find(is_free);
                    refusals.push(Refusal::PriorityTaken { priority, by: (*by).to_owned(), free });
                } else if !PRIORITIES.contains(&priority) {
                    refusals.push(Refusal::NoPriority { before: None });
                }
            }
        }
    }
    given.into_iter().map(Option::unwrap_or_default).collect()
}
