//! Finds the smallest change that closes a gap for good: it adds nothing to a rule that `rules
//! apply` would overwrite, and no address that `rules emit` would not write.

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

/// Facts about the addresses of gaps.
#[derive(Clone, Copy, Debug, Default)]
pub struct CorrectionAdvice<'a> {
    /// The addresses that `rules emit` would leave out, with the reasons.
    pub refused: &'a [Refused],
    /// The service tag of the control plane, where its prefixes are known.
    pub control: Option<(&'a str, &'a AddressSet)>,
}

/// A change to one rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub set: String,
    pub change: CorrectionChange,
}

/// The ways to close a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectionChange {
    /// Add destinations to a rule that comes early enough and has just these ports.
    Extend { rule: String, need: Need },
    /// Add a rule with a service tag before the rule that denies.
    InsertTag {
        /// A free priority before that of the rule that denies.
        priority: u32,
        /// The name of the rule that denies.
        before: String,
        /// A tag that holds all the addresses.
        tag: String,
        need: Need,
    },
    /// Add a rule before the rule that denies.
    Insert {
        /// A free priority before that of the rule that denies.
        priority: u32,
        /// The name of the rule that denies.
        before: String,
        need: Need,
    },
    /// Renumber the rule that denies, because no priority before it is free.
    Renumber {
        /// The name of the rule that denies.
        before: String,
        need: Need,
    },
    /// Let the user write a rule for private addresses, which `rules emit` does not write.
    Private {
        /// The name of the rule that denies.
        before: String,
        need: Need,
    },
    /// Use a rule by name, because the address is not proven to be the service's: a rule for it
    /// would soon be out of date, or let through somebody else.
    Unproven { flow: Flow, reason: Doubt },
    /// Change the rule that names the tag of a platform address, which Azure lets through
    /// otherwise.
    Release { rule: String, flow: Flow },
    /// Add an entry to a list, or a rule to a firewall policy.
    Add { flows: Vec<Flow> },
}

/// The changes to a rule set that let through the flows that it denies.
pub(super) fn corrections(
    judge: &RuleJudge<'_>,
    denied: &[&Requirement],
    advice: CorrectionAdvice<'_>,
) -> Vec<Correction> {
    let set = judge.set();
    let correction = |change| Correction { set: set.name.clone(), change };
    if matches!(set.dialect, RuleDialect::List | RuleDialect::AzureFirewall) {
        let flows = denied.iter().map(|own| own.flow.clone()).collect();
        return vec![correction(CorrectionChange::Add { flows })];
    }
    let mut changes = Vec::new();
    let mut groups: BTreeMap<AllowBy, Vec<&Flow>> = BTreeMap::new();
    for own in denied.iter().filter(|own| own.flow.port.is_some() || !own.flow.protocol.has_ports())
    {
        let flow = &own.flow;
        match remedy(own, advice) {
            Ok(remedy) => groups.entry(remedy).or_default().push(flow),
            Err(change) => changes.push(match *change {
                CorrectionChange::Release { flow, .. } => {
                    CorrectionChange::Release { rule: denier(judge, own).1.name.clone(), flow }
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
            // A rule before the first rule that denies one of the flows lets all of them through.
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
                changes.push(CorrectionChange::Private { before, need });
            } else if let Some(rule) = extended {
                changes.push(CorrectionChange::Extend { rule: rule.name.clone(), need });
            } else if let Some(priority) = free_priority(first, &taken) {
                taken.insert(priority);
                changes.push(match (remedy, advice.control) {
                    (AllowBy::ControlTag, Some((tag, _))) => {
                        CorrectionChange::InsertTag { priority, before, tag: tag.to_owned(), need }
                    }
                    _ => CorrectionChange::Insert { priority, before, need },
                });
            } else {
                changes.push(CorrectionChange::Renumber { before, need });
            }
        }
    }
    changes.into_iter().map(correction).collect()
}

/// The kind of rule that can let a flow through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum AllowBy {
    Addresses,
    ControlTag,
    Private,
}

/// The kind of rule that can let a flow through, or the change to make instead.
fn remedy(
    own: &Requirement,
    advice: CorrectionAdvice<'_>,
) -> Result<AllowBy, Box<CorrectionChange>> {
    let Some(address) = own.flow.address else { return Ok(AllowBy::Addresses) };
    if is_platform(address) {
        return Err(Box::new(CorrectionChange::Release {
            rule: String::new(),
            flow: own.flow.clone(),
        }));
    }
    if classify(address) != AddressClass::Public {
        return Ok(AllowBy::Private);
    }
    let of_flow =
        |refused: &&Refused| refused.address == address && refused.endpoint == own.endpoint;
    if let Some(refused) = advice.refused.iter().find(of_flow) {
        let reason = refused.reason.clone();
        return Err(Box::new(CorrectionChange::Unproven { flow: own.flow.clone(), reason }));
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

/// A rule before `denier` that allows literal addresses on just these ports.
fn extendable<'a>(rules: &'a [Rule], denier: &Rule, need: &Need) -> Option<&'a Rule> {
    rules.iter().take_while(|rule| !std::ptr::eq(*rule, denier)).find(|rule| {
        // The next `rules apply` would remove the addition from a rule that it keeps.
        !rule.is_kept
            && rule.access == Property::Known(Access::Allow)
            && rule.direction == Property::Known(Direction::Outbound)
            && rule.priority.known().is_some()
            && rule.doubt.is_none()
            && rule.protocols.known().is_some_and(|own| *own == need.protocol.into())
            && rule.destination_ports.known() == Some(&need.ports)
            && rule.source.addresses.is_everything()
            // Azure takes one service tag in a rule, and no prefixes beside it.
            && rule.destination.tags.is_empty()
            && rule.destination.unknown.is_empty()
            && !rule.destination.addresses.is_empty()
            && !rule.destination.addresses.is_everything()
    })
}

/// The last free priority before the rule that denies, so that earlier denials stay in force.
fn free_priority(denier: &Rule, taken: &HashSet<u32>) -> Option<u32> {
    let own = denier.priority.known().copied().unwrap_or(u32::MAX);
    (100..=own.saturating_sub(1).min(4096)).rev().find(|priority| !taken.contains(priority))
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = &self.set;
        match &self.change {
            CorrectionChange::Extend { rule, need } => {
                write!(f, "{set}: add to the destinations of {rule}: {}", prefixes(need))
            }
            CorrectionChange::InsertTag { priority, before, tag, need } => write!(
                f,
                "{set}: add an outbound rule with priority {priority}, before {before}, that allows \
                 {} {} to the tag {tag}, which holds {}",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            CorrectionChange::Private { before, need } => write!(
                f,
                "{set}: {} {} to {} is denied by {before}: allow the private network by a rule of \
                 your own (rules emit and apply write no private addresses)",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            CorrectionChange::Unproven { flow, reason } => write!(
                f,
                "{set}: {flow}: no rule for that address would last ({reason}): allow the name where \
                 names can be allowed, or the port to any address"
            ),
            CorrectionChange::Release { rule, flow } => write!(
                f,
                "{set}: {flow}: Azure lets it through unless a rule names its tag: change {rule}"
            ),
            CorrectionChange::Insert { priority, before, need } => write!(
                f,
                "{set}: add an outbound rule with priority {priority}, before {before}, that allows \
                 {} {} to {}",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            CorrectionChange::Renumber { before, need } => write!(
                f,
                "{set}: no priority from 100 is free before {before}: give it a higher number, then \
                 allow {} {} to {} before it",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            CorrectionChange::Add { flows } => {
                let flows: Vec<_> = flows.iter().map(ToString::to_string).collect();
                write!(f, "{set}: allow {}", flows.join(", "))
            }
        }
    }
}

fn prefixes(need: &Need) -> String {
    need.addresses.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
