//! The smallest change that closes a gap, and that stays closed: nothing is said to be added to a
//! rule that `rules apply` keeps right, and no address that `rules emit` would not write.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::decide::{Decision, RuleJudge};
use super::flow::Flow;
use super::missing::Property;
use super::prove::{Doubt, Refused};
use super::requirement::{Need, Requirement, needs};
use super::rule::{Access, Direction, Rule, RuleDialect};
use super::scope::is_platform;
use crate::model::{AddressClass, AddressSet, classify};

/// What is known of the addresses of gaps.
#[derive(Clone, Copy, Debug, Default)]
pub struct CorrectionAdvice<'a> {
    /// Addresses that no rule of ours would hold, and why.
    pub refused: &'a [Refused],
    /// The control plane's service tag, where its prefixes are known.
    pub control: Option<(&'a str, &'a AddressSet)>,
}

/// A change to one rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which set.
    pub set: String,
    /// What to do.
    pub change: RuleChange,
}

/// What closes a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleChange {
    /// A rule that comes early enough and has the ports: its destinations grow.
    Extend {
        /// The rule.
        rule: String,
        /// What it lacks.
        need: Need,
    },
    /// A new rule with a service tag before the one that denies.
    InsertTag {
        /// A priority that is free and early enough.
        priority: u32,
        /// The rule that denies.
        before: String,
        /// The tag, which holds all of them.
        tag: String,
        /// What it must let through.
        need: Need,
    },
    /// A new rule before the one that denies.
    Insert {
        /// A priority that is free and early enough.
        priority: u32,
        /// The rule that denies.
        before: String,
        /// What it must let through.
        need: Need,
    },
    /// No priority is free before the rule that denies.
    Renumber {
        /// The rule that denies.
        before: String,
        /// What a rule before it must let through.
        need: Need,
    },
    /// Private addresses, which no rule of ours holds: a rule of the user's own is needed.
    Private {
        /// The rule that denies.
        before: String,
        /// What must be let through.
        need: Need,
    },
    /// An address that is not proven to be the service's: a rule for it would be out of date soon,
    /// or open the way to somebody else.
    Unproven {
        /// The flow.
        flow: Flow,
        /// What speaks against it.
        reason: Doubt,
    },
    /// Azure lets these through by itself where no rule names their tag.
    Release {
        /// The rule that does.
        rule: String,
        /// The flow.
        flow: Flow,
    },
    /// An entry of a list, or a rule of a firewall policy.
    Add {
        /// What is to be let through: names where they decide.
        flows: Vec<Flow>,
    },
}

/// The changes to `judge`'s set that let `denied` through: flows that it denies.
pub(super) fn corrections(
    judge: &RuleJudge<'_>,
    denied: &[&Requirement],
    advice: CorrectionAdvice<'_>,
) -> Vec<Correction> {
    let set = judge.set();
    let correction = |change| Correction { set: set.name.clone(), change };
    if matches!(set.dialect, RuleDialect::List | RuleDialect::AzureFirewall) {
        let flows = denied.iter().map(|own| own.flow.clone()).collect();
        return vec![correction(RuleChange::Add { flows })];
    }
    let mut changes = Vec::new();
    let mut groups: BTreeMap<AllowBy, Vec<&Flow>> = BTreeMap::new();
    for own in denied.iter().filter(|own| own.flow.port.is_some() || !own.flow.protocol.has_ports())
    {
        let flow = &own.flow;
        match remedy(own, advice) {
            Ok(remedy) => groups.entry(remedy).or_default().push(flow),
            Err(change) => changes.push(match *change {
                RuleChange::Release { flow, .. } => {
                    RuleChange::Release { rule: denier(judge, own).1.name.clone(), flow }
                }
                other => other,
            }),
        }
    }
    let mut taken: HashSet<u32> = set
        .rules()
        .iter()
        .filter(|rule| rule.may_look(Direction::Outbound))
        .filter_map(|rule| rule.priority.known().copied())
        .collect();
    for (remedy, flows) in groups {
        for need in needs(flows) {
            // One rule before the first that denies any of them does for all.
            let is_needed = |own: &&&Requirement| {
                own.flow.protocol == need.protocol
                    && own.flow.address.is_some_and(|address| need.addresses.contains(address))
            };
            let first = denied.iter().filter(is_needed).map(|own| denier(judge, own));
            let Some((_, first)) = first.min_by_key(|(index, _)| *index) else { continue };
            let before = first.name.clone();
            let extended = match remedy {
                AllowBy::Addresses => extendable(set.rules(), first, &need),
                AllowBy::Private | AllowBy::ControlTag => None,
            };
            if remedy == AllowBy::Private {
                changes.push(RuleChange::Private { before, need });
            } else if let Some(rule) = extended {
                changes.push(RuleChange::Extend { rule: rule.name.clone(), need });
            } else if let Some(priority) = free_priority(first, &taken) {
                taken.insert(priority);
                changes.push(match (remedy, advice.control) {
                    (AllowBy::ControlTag, Some((tag, _))) => {
                        RuleChange::InsertTag { priority, before, tag: tag.to_owned(), need }
                    }
                    _ => RuleChange::Insert { priority, before, need },
                });
            } else {
                changes.push(RuleChange::Renumber { before, need });
            }
        }
    }
    changes.into_iter().map(correction).collect()
}

/// What lets a flow through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum AllowBy {
    Addresses,
    ControlTag,
    Private,
}

/// What would let a flow through, or what is to be done instead.
fn remedy(own: &Requirement, advice: CorrectionAdvice<'_>) -> Result<AllowBy, Box<RuleChange>> {
    let Some(address) = own.flow.address else { return Ok(AllowBy::Addresses) };
    if is_platform(address) {
        return Err(Box::new(RuleChange::Release { rule: String::new(), flow: own.flow.clone() }));
    }
    if classify(address) != AddressClass::Public {
        return Ok(AllowBy::Private);
    }
    let of_flow =
        |refused: &&Refused| refused.address == address && refused.endpoint == own.endpoint;
    if let Some(refused) = advice.refused.iter().find(of_flow) {
        let reason = refused.reason.clone();
        return Err(Box::new(RuleChange::Unproven { flow: own.flow.clone(), reason }));
    }
    let is_held = advice.control.is_some_and(|(_, addresses)| addresses.contains(address));
    Ok(if own.is_control && is_held { AllowBy::ControlTag } else { AllowBy::Addresses })
}

/// The rule that denies the flow, and its index in the set.
fn denier<'a>(judge: &RuleJudge<'a>, own: &Requirement) -> (usize, &'a Rule) {
    let from = |source| Flow { source: Some(source), ..own.flow.clone() };
    let decision = match (&*own.sources, own.flow.source) {
        ([source, ..], None) => judge.decide(&from(*source)),
        _ => judge.decide(&own.flow),
    };
    let by = match decision {
        Decision::Allow { by } | Decision::Deny { by } | Decision::Undecided { by, .. } => by,
    };
    let index = judge.set().rules().iter().position(|rule| std::ptr::eq(rule, by));
    (index.unwrap_or(usize::MAX), by)
}

/// A rule of literal addresses that allows just these ports and comes before `denier`.
fn extendable<'a>(rules: &'a [Rule], denier: &Rule, need: &Need) -> Option<&'a Rule> {
    rules.iter().take_while(|rule| !std::ptr::eq(*rule, denier)).find(|rule| {
        // What a hand adds to a rule that is kept right goes with the next run.
        !rule.is_kept
            && rule.access == Property::Known(Access::Allow)
            && rule.direction == Property::Known(Direction::Outbound)
            && rule.priority.known().is_some()
            && rule.protocols.known().is_some_and(|own| *own == need.protocol.into())
            && rule.destination_ports.known() == Some(&need.ports)
            && rule.source.addresses.is_everything()
            // One service tag a rule, and not beside prefixes.
            && rule.destination.tags.is_empty()
            && rule.destination.unknown.is_empty()
            && !rule.destination.addresses.is_empty()
            && !rule.destination.addresses.is_everything()
    })
}

/// Just before the rule that denies, so that what is denied before stays so.
fn free_priority(denier: &Rule, taken: &HashSet<u32>) -> Option<u32> {
    let own = denier.priority.known().copied().unwrap_or(u32::MAX);
    (100..=own.saturating_sub(1).min(4096)).rev().find(|priority| !taken.contains(priority))
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = &self.set;
        match &self.change {
            RuleChange::Extend { rule, need } => {
                write!(f, "{set}: add to the destinations of {rule}: {}", prefixes(need))
            }
            RuleChange::InsertTag { priority, before, tag, need } => write!(
                f,
                "{set}: add an outbound rule with priority {priority}, before {before}, that allows \
                 {} {} to the tag {tag}, which holds {}",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            RuleChange::Private { before, need } => write!(
                f,
                "{set}: {} {} to {} is denied by {before}: allow the private network by a rule of \
                 your own (rules emit and apply write no private addresses)",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            RuleChange::Unproven { flow, reason } => write!(
                f,
                "{set}: {flow}: no rule for that address would last ({reason}): allow the name where \
                 names can be allowed, or the port to any address"
            ),
            RuleChange::Release { rule, flow } => write!(
                f,
                "{set}: {flow}: Azure lets it through unless a rule names its tag: change {rule}"
            ),
            RuleChange::Insert { priority, before, need } => write!(
                f,
                "{set}: add an outbound rule with priority {priority}, before {before}, that allows \
                 {} {} to {}",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            RuleChange::Renumber { before, need } => write!(
                f,
                "{set}: no priority from 100 is free before {before}: give it a higher number, then \
                 allow {} {} to {} before it",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            RuleChange::Add { flows } => {
                let flows: Vec<_> = flows.iter().map(ToString::to_string).collect();
                write!(f, "{set}: allow {}", flows.join(", "))
            }
        }
    }
}

fn prefixes(need: &Need) -> String {
    need.addresses.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
