//! The order in which Azure asks rule sets, and how one set passes a flow on to the next.

use super::decide::{Decision, RuleJudge};
use super::flow::Flow;
use super::missing::{Missing, Property};
use super::rule::{Onward, RuleDialect, RuleSet};

/// Puts sets into Azure's order: admin rules, groups, routes, the appliance that routes lead to.
/// Groups and appliances keep their order among themselves. Where no rules of an appliance are
/// given, what a route sends to one is not known.
#[must_use]
pub fn in_azures_order(mut sets: Vec<RuleSet>) -> Vec<RuleSet> {
    sets.sort_by_key(|set| place(set.dialect));
    let has_appliance = sets.iter().any(|set| is_appliance(set.dialect));
    if has_appliance {
        return sets;
    }
    sets.into_iter()
        .map(|set| {
            if set.dialect != RuleDialect::Routes {
                return set;
            }
            set.map_rules(|rule| {
                if let Onward::Appliance(address) = &rule.onward {
                    rule.access = Property::Unknown(Missing::Appliance(address.clone()));
                }
            })
        })
        .collect()
}

const fn place(dialect: RuleDialect) -> u8 {
    match dialect {
        RuleDialect::Admin => 0,
        RuleDialect::Nsg | RuleDialect::Effective => 1,
        RuleDialect::Routes => 2,
        RuleDialect::AzureFirewall | RuleDialect::List => 3,
    }
}

pub(super) const fn is_group(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::Nsg | RuleDialect::Effective)
}

pub(super) const fn is_appliance(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::AzureFirewall | RuleDialect::List)
}

/// Decides about a flow that passes several sets in a row (admin rules, subnet, network interface,
/// routes, appliance): all that it meets must allow, so that one that denies decides, whatever is
/// unknown of the others. An admin rule may lead it past the groups, and a route past the
/// appliance. The index is that of the deciding set, or of the last set where all allow.
#[must_use]
pub fn decide_in_a_row<'a>(
    judges: &'a [RuleJudge<'a>],
    flow: &Flow,
) -> Option<(usize, Decision<'a>)> {
    let mut decisions: Vec<_> = judges.iter().map(|judge| judge.decide(flow)).enumerate().collect();
    let dialect = |index: usize| judges[index].set().dialect;
    let leads_past = |of: RuleDialect, onward: &Onward| {
        decisions.iter().any(|(index, decision)| {
            dialect(*index) == of
                && matches!(decision, Decision::Allow { by } if by.onward == *onward)
        })
    };
    let may_lead_past = |of: RuleDialect, onward: &Onward| {
        decisions.iter().any(|(index, decision)| {
            dialect(*index) == of
                && matches!(decision, Decision::Undecided { .. })
                && judges[*index].set().rules().iter().any(|rule| rule.onward == *onward)
        })
    };
    let past_groups = leads_past(RuleDialect::Admin, &Onward::PastGroups);
    let past_appliance = leads_past(RuleDialect::Routes, &Onward::Direct);
    let may_pass_groups = may_lead_past(RuleDialect::Admin, &Onward::PastGroups);
    let may_pass_appliance = may_lead_past(RuleDialect::Routes, &Onward::Direct);
    let is_met = |index: usize| match dialect(index) {
        own if is_group(own) => !past_groups,
        own if is_appliance(own) => !past_appliance,
        _ => true,
    };
    let is_met_for_sure = |index: usize| match dialect(index) {
        own if is_group(own) => !may_pass_groups,
        own if is_appliance(own) => !may_pass_appliance,
        _ => true,
    };
    let denies = |(index, decision): &&(usize, Decision<'_>)| {
        matches!(decision, Decision::Deny { .. }) && is_met_for_sure(*index)
    };
    let met = || decisions.iter().filter(|(index, _)| is_met(*index));
    let (index, _) = met()
        .find(denies)
        .or_else(|| met().find(|(_, own)| matches!(own, Decision::Undecided { .. })))
        .or_else(|| met().next_back())?;
    let index = *index;
    Some(decisions.swap_remove(index))
}
