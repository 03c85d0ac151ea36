//! The order in which Azure asks rule sets, and how one set passes a flow on to the next.

mod system_routes;

use ipnet::IpNet;
use thiserror::Error;

use self::system_routes::with_system_routes;
use super::decide::{Decision, RuleJudge};
use super::flow::Flow;
use super::missing::{Missing, Property};
use super::rule::{Onward, RuleDialect, RuleSet};
use super::scope::UserRoutes;

/// Sets that are in no row of Azure's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowError {
    /// Which of them leads flows of the node cannot be guessed: any could lead them past the
    /// appliance.
    #[error(
        "{0} are in one row, and a subnet has one route table: give that of the node's subnet \
         alone, or the effective routes alone (--group NAME takes one of a file; the table of \
         AzureFirewallSubnet is known by its `subnets`, as az network route-table show prints them)"
    )]
    SeveralTables(String),
}

/// Puts sets into Azure's order: admin rules, groups, routes, the appliance that routes lead to,
/// the routes of the appliance's subnet. Groups and appliances keep their order among themselves.
/// Where no rules of an appliance are given, what a route sends to one is not known.
///
/// A route table is given Azure's own routes to `network`, the prefixes of the virtual network.
/// Where there are none, it is not known what a table does with private addresses.
///
/// # Errors
/// [`RowError`] where several route tables could be the node's.
pub fn in_azures_order(
    mut sets: Vec<RuleSet>,
    network: &[IpNet],
) -> Result<Vec<RuleSet>, RowError> {
    for is_of_one_subnet in [leads_to_appliance, is_behind_appliance] {
        let tables: Vec<_> = sets
            .iter()
            .filter(|set| is_of_one_subnet(set.dialect))
            .map(|set| format!("{} ({})", set.name, set.file()))
            .collect();
        if tables.len() > 1 {
            return Err(RowError::SeveralTables(tables.join(" and ")));
        }
    }
    sets.sort_by_key(|set| place(set.dialect));
    let has_appliance =
        sets.iter().any(|set| is_appliance(set.dialect) && !is_behind_appliance(set.dialect));
    let complete = |set: RuleSet| {
        let set = match set.dialect {
            RuleDialect::Routes | RuleDialect::ApplianceRoutes => with_system_routes(set, network),
            _ => set,
        };
        // The rules of a second appliance would be taken for those of the first.
        let is_followed = leads_to_appliance(set.dialect) && has_appliance;
        if is_followed || !set.dialect.is_routes() {
            return set;
        }
        set.map_rules(|rule| {
            if let Onward::Appliance(address) = &rule.onward {
                rule.access = Property::Unknown(Missing::Appliance(address.clone()));
            }
        })
    };
    Ok(sets.into_iter().map(complete).collect())
}

/// What the user-defined routes of the node's subnet name.
#[must_use]
pub fn user_routes(sets: &[RuleSet]) -> UserRoutes {
    let tables = sets.iter().filter(|set| leads_to_appliance(set.dialect));
    tables.map(|set| set.user_routes.clone()).next().unwrap_or_default()
}

const fn place(dialect: RuleDialect) -> u8 {
    match dialect {
        RuleDialect::Admin => 0,
        RuleDialect::Nsg | RuleDialect::Effective => 1,
        RuleDialect::Routes | RuleDialect::EffectiveRoutes => 2,
        RuleDialect::AzureFirewall | RuleDialect::List => 3,
        RuleDialect::ApplianceRoutes => 4,
    }
}

pub(super) const fn is_admin(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::Admin)
}

pub(super) const fn is_group(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::Nsg | RuleDialect::Effective)
}

/// Whether a set holds the node's own routes, which may lead to an appliance or past it.
pub(super) const fn leads_to_appliance(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::Routes | RuleDialect::EffectiveRoutes)
}

/// Whether only flows to an appliance meet a set: the appliance, and the routes behind it.
pub(super) const fn is_appliance(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::AzureFirewall | RuleDialect::List)
        || is_behind_appliance(dialect)
}

const fn is_behind_appliance(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::ApplianceRoutes)
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
    let mut passage = Passage::new(judges, flow);
    let index = passage.deciding()?;
    Some((index, passage.decisions.swap_remove(index)))
}

/// Whether a flow surely meets the set at `index`.
pub(super) fn meets(judges: &[RuleJudge<'_>], index: usize, flow: &Flow) -> bool {
    Passage::new(judges, flow).meets_for_sure(index)
}

/// What the sets of a row decide about a flow, each by itself, and which of them it meets.
struct Passage<'a> {
    judges: &'a [RuleJudge<'a>],
    decisions: Vec<Decision<'a>>,
    is_led_past_groups: bool,
    is_led_past_appliance: bool,
    may_be_led_past_groups: bool,
    may_be_led_past_appliance: bool,
}

impl<'a> Passage<'a> {
    fn new(judges: &'a [RuleJudge<'a>], flow: &Flow) -> Self {
        let decisions: Vec<_> = judges.iter().map(|judge| judge.decide(flow)).collect();
        let leads_past = |is_gate: fn(RuleDialect) -> bool, onward: &Onward| {
            judges.iter().zip(&decisions).any(|(judge, decision)| {
                is_gate(judge.set().dialect)
                    && matches!(decision, Decision::Allow { by } if by.onward == *onward)
            })
        };
        let may_lead_past = |is_gate: fn(RuleDialect) -> bool, onward: &Onward| {
            judges.iter().zip(&decisions).any(|(judge, decision)| {
                is_gate(judge.set().dialect)
                    && matches!(decision, Decision::Undecided { .. })
                    && judge.set().rules().iter().any(|rule| rule.onward == *onward)
            })
        };
        Self {
            is_led_past_groups: leads_past(is_admin, &Onward::PastGroups),
            is_led_past_appliance: leads_past(leads_to_appliance, &Onward::Direct),
            may_be_led_past_groups: may_lead_past(is_admin, &Onward::PastGroups),
            may_be_led_past_appliance: may_lead_past(leads_to_appliance, &Onward::Direct),
            judges,
            decisions,
        }
    }

    fn may_meet(&self, index: usize) -> bool {
        match self.judges[index].set().dialect {
            own if is_group(own) => !self.is_led_past_groups,
            own if is_appliance(own) => !self.is_led_past_appliance,
            _ => true,
        }
    }

    fn meets_for_sure(&self, index: usize) -> bool {
        self.may_meet(index)
            && match self.judges[index].set().dialect {
                own if is_group(own) => !self.may_be_led_past_groups,
                own if is_appliance(own) => !self.may_be_led_past_appliance,
                _ => true,
            }
    }

    /// The index of the set that decides.
    fn deciding(&self) -> Option<usize> {
        let met = || (0..self.decisions.len()).filter(|index| self.may_meet(*index));
        let denies = |index: &usize| {
            matches!(self.decisions[*index], Decision::Deny { .. }) && self.meets_for_sure(*index)
        };
        let is_open = |index: &usize| matches!(self.decisions[*index], Decision::Undecided { .. });
        met().find(denies).or_else(|| met().find(is_open)).or_else(|| met().next_back())
    }
}

#[cfg(test)]
mod tests;
