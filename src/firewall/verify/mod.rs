//! Verifies that rules let through what is required, and finds what else they let through.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::correct::{Correction, CorrectionAdvice, corrections};
use super::decide::{Decision, RuleJudge};
use super::flow::Flow;
use super::missing::Missing;
use super::port::Protocol;
use super::reach::AllowedAddresses;
use super::requirement::{Class, ConnectOutcome, Requirement};
use super::row::{decide_in_a_row, is_appliance, leads_to_appliance, meets};
use super::rule::{Access, Direction, Onward, Rule, RuleDialect, RuleSet};
use super::scope::NamePattern;
use super::shadow::Shadowed;
use crate::model::{AddressCount, AddressSet};

/// The result of verifying rule sets in a row against requirements.
#[derive(Clone, Debug)]
pub struct Verification<'a> {
    pub n_required: usize,
    /// Required flows that are denied.
    pub gaps: Vec<Gap<'a>>,
    /// Required flows for which the decision is unknown.
    pub undecided: Vec<Gap<'a>>,
    /// The gateways that follow from a relay, by deployment. A gap there is only a warning.
    pub gateways: Vec<Gateways<'a>>,
    /// What single rules let through beyond what is required, sorted by the number of addresses.
    pub excess: Vec<Excess<'a>>,
    /// What all sets together let through beyond what is required, by port.
    pub beyond: Vec<Beyond>,
    /// Rules that no flow reaches, with the names of their sets.
    pub shadowed: Vec<(&'a str, Shadowed<'a>)>,
    /// Changes that close the gaps.
    pub corrections: Vec<Correction>,
    /// Flows for which a measurement contradicts the rules.
    pub contradictions: Vec<Contradiction<'a>>,
}

/// A flow for which a measurement contradicts the decision of the rules.
#[derive(Clone, Debug)]
pub struct Contradiction<'a> {
    pub requirement: Requirement,
    pub decision: Decision<'a>,
    pub measured: ConnectOutcome,
}

/// The decisions about the gateways of a deployment that are in use.
#[derive(Clone, Debug)]
pub struct Gateways<'a> {
    /// The deployment, such as `prod-by3-010`.
    pub deployment: String,
    pub n_allowed: usize,
    pub denied: Vec<Gap<'a>>,
    pub undecided: Vec<Gap<'a>>,
}

/// A required flow that is denied, or for which the decision is unknown.
#[derive(Clone, Debug)]
pub struct Gap<'a> {
    pub requirement: Requirement,
    /// The name of the deciding set.
    pub set: &'a str,
    pub decision: Decision<'a>,
}

/// What one rule lets through beyond what is required.
#[derive(Clone, Debug)]
pub struct Excess<'a> {
    /// The name of the set.
    pub set: &'a str,
    pub rule: &'a Rule,
    /// The required port on which the rule lets through most addresses, and its protocol.
    pub port: (Protocol, u16),
    /// The number of addresses beyond the required ones.
    pub beyond: AddressCount,
    /// The number of required addresses that the rule lets through on that port.
    pub required: AddressCount,
    pub breadth: Breadth,
}

/// The reason why a rule lets through more than is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// The destination is `*` or a prefix of length 0.
    Everything,
    /// The destination has tags, which may include `Internet`.
    Tags(Vec<String>),
    Wildcards(Vec<String>),
    /// The destination has addresses and prefixes.
    Addresses {
        /// The prefixes that no required flow goes to.
        unused: Vec<IpNet>,
    },
}

/// What all sets together let through on one port, beyond what is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The protocol and port.
    pub port: (Protocol, u16),
    /// The number of addresses that are let through and not required.
    pub addresses: AddressCount,
    /// The number of addresses that are required on that port.
    pub required: AddressCount,
}

/// Verifies the rule sets of `judges`, which flows pass in a row, against `requirements`.
#[must_use]
pub fn verify<'a>(
    judges: &'a [RuleJudge<'a>],
    requirements: &[Requirement],
    advice: CorrectionAdvice<'_>,
) -> Verification<'a> {
    let (mut gaps, mut undecided) = (Vec::new(), Vec::new());
    let mut gateways: BTreeMap<&str, Gateways<'a>> = BTreeMap::new();
    let mut contradictions = Vec::new();
    for requirement in requirements {
        let Some((index, decision)) = decide(judges, requirement) else { continue };
        contradictions.extend(contradiction(requirement, &decision));
        let gap = |decision| Gap {
            requirement: requirement.clone(),
            set: &judges[index].set().name,
            decision,
        };
        let (denied, unknown) = match &requirement.class {
            Class::Required => (&mut gaps, &mut undecided),
            Class::Gateway(deployment) => {
                let own = gateways.entry(deployment).or_insert_with(|| Gateways {
                    deployment: deployment.clone(),
                    n_allowed: 0,
                    denied: Vec::new(),
                    undecided: Vec::new(),
                });
                own.n_allowed += usize::from(matches!(decision, Decision::Allow { .. }));
                (&mut own.denied, &mut own.undecided)
            }
        };
        match decision {
            Decision::Allow { .. } => {}
            Decision::Deny { .. } => denied.push(gap(decision)),
            Decision::Undecided { .. } => unknown.push(gap(decision)),
        }
    }
    let ports: BTreeSet<_> = requirements
        .iter()
        .filter_map(|requirement| Some((requirement.flow.protocol, requirement.flow.port?)))
        .collect();
    let (mut excess, mut beyond) = (BTreeMap::new(), Vec::new());
    for port in ports {
        let required: AddressSet = requirements
            .iter()
            .filter(|own| (own.flow.protocol, own.flow.port) == (port.0, Some(port.1)))
            .filter_map(|own| own.flow.address)
            .collect();
        // Rules may be for one source only, so that a source of the requirements is used.
        let source = requirements.iter().find_map(|own| own.sources.first().copied());
        let mut stages = Stages::default();
        for (index, judge) in judges.iter().enumerate() {
            let reach = measure(judge, index, (port, source), &required, &mut excess);
            stages.pass(judge.set(), &reach);
        }
        let all = stages.admitted();
        beyond.push(Beyond {
            port,
            addresses: all.difference(&required).count(),
            required: required.count(),
        });
    }
    let mut excess: Vec<Excess<'_>> = excess.into_values().collect();
    excess.sort_by(|a, b| {
        let key = |excess: &Excess<'_>| std::cmp::Reverse((excess.beyond.v4, excess.beyond.v6));
        key(a).cmp(&key(b)).then_with(|| a.rule.name.cmp(&b.rule.name))
    });
    let corrections = judges
        .iter()
        .enumerate()
        .filter(|(_, judge)| admits(judge))
        .flat_map(|(index, judge)| {
            // Every set that a flow meets must allow, so that each needs a correction of its own.
            let alone = std::slice::from_ref(judge);
            let is_denied = |own: &&Requirement| {
                own.flows().iter().any(|flow| meets(judges, index, flow))
                    && matches!(decide(alone, own), Some((_, Decision::Deny { .. })))
            };
            let denied: Vec<_> = requirements.iter().filter(is_denied).collect();
            if denied.is_empty() { Vec::new() } else { corrections(judge, &denied, advice) }
        })
        .collect();
    let shadowed = judges
        .iter()
        .flat_map(|judge| {
            judge.shadowed().into_iter().map(|shadowed| (judge.set().name.as_str(), shadowed))
        })
        .collect();
    Verification {
        n_required: requirements.iter().filter(|own| own.class == Class::Required).count(),
        gaps,
        undecided,
        gateways: gateways.into_values().collect(),
        excess,
        beyond,
        shadowed,
        corrections,
        contradictions,
    }
}

/// What each stage of a row lets through. Admin rules may lead a flow past the groups, and a route
/// past the appliance.
struct Stages {
    admin: AddressSet,
    past_groups: AddressSet,
    groups: AddressSet,
    routes: AddressSet,
    past_appliance: AddressSet,
    appliances: AddressSet,
}

impl Default for Stages {
    fn default() -> Self {
        let everything = AddressSet::everything;
        Self {
            admin: everything(),
            past_groups: AddressSet::new(),
            groups: everything(),
            routes: everything(),
            past_appliance: AddressSet::new(),
            appliances: everything(),
        }
    }
}

impl Stages {
    fn pass(&mut self, set: &RuleSet, reach: &AllowedAddresses) {
        let leads = |onward: &Onward| -> AddressSet {
            let own = reach.by_rule.iter().filter(|(at, _)| set.rules()[*at].onward == *onward);
            own.map(|(_, addresses)| addresses).collect()
        };
        let stage = match set.dialect {
            RuleDialect::Admin => {
                self.past_groups = self.past_groups.union(&leads(&Onward::PastGroups));
                &mut self.admin
            }
            own if leads_to_appliance(own) => {
                self.past_appliance = self.past_appliance.union(&leads(&Onward::Direct));
                &mut self.routes
            }
            own if is_appliance(own) => &mut self.appliances,
            _ => &mut self.groups,
        };
        *stage = stage.intersection(&reach.surely);
    }

    fn admitted(&self) -> AddressSet {
        let by_groups = self.past_groups.union(&self.groups);
        let by_appliances = self.past_appliance.union(&self.appliances);
        self.admin.intersection(&by_groups).intersection(&self.routes).intersection(&by_appliances)
    }
}

/// Whether a set lists what is let through. Admin rules and routes only come before such a set.
fn admits(judge: &RuleJudge<'_>) -> bool {
    let dialect = judge.set().dialect;
    dialect != RuleDialect::Admin && !dialect.is_routes()
}

/// Decides about a requirement from each of its possible sources. The decision is unknown where the
/// rules treat the sources differently.
pub(super) fn decide<'a>(
    judges: &'a [RuleJudge<'a>],
    requirement: &Requirement,
) -> Option<(usize, Decision<'a>)> {
    let flow = &requirement.flow;
    let (index, decision) = match (&*requirement.sources, flow.source) {
        ([], _) | (_, Some(_)) => decide_in_a_row(judges, flow)?,
        (sources, None) => {
            let from = |source| Flow { source: Some(source), ..flow.clone() };
            let mut first = None;
            let mut differs = None;
            for source in sources {
                let (index, decision) = decide_in_a_row(judges, &from(*source))?;
                match &first {
                    None => first = Some((index, decision)),
                    Some((_, own)) if own.as_str() == decision.as_str() => {}
                    Some(_) => differs = Some(index),
                }
            }
            let (index, decision) = first?;
            match differs {
                None => (index, decision),
                Some(index) => {
                    let shown: Vec<_> = sources.iter().map(ToString::to_string).collect();
                    let missing = Missing::Sources(shown.join(" and ").into());
                    (index, Decision::Undecided { by: decision.by(), missing })
                }
            }
        }
    };
    let decision = match &requirement.missing {
        Some(missing) => Decision::Undecided { by: decision.by(), missing: missing.clone() },
        None => decision,
    };
    Some((index, decision))
}

fn contradiction<'a>(
    requirement: &Requirement,
    decision: &Decision<'a>,
) -> Option<Contradiction<'a>> {
    let measured = requirement.measured?;
    let is_contradicted = match decision {
        Decision::Allow { .. } => measured != ConnectOutcome::Connected,
        Decision::Deny { .. } => measured == ConnectOutcome::Connected,
        Decision::Undecided { .. } => false,
    };
    let found =
        || Contradiction { requirement: requirement.clone(), decision: decision.clone(), measured };
    is_contradicted.then(found)
}

/// What one set lets a port out to. What its rules let through beyond `required` is
/// added to `excess`, each rule once (by the indices of its set and of itself), with the port of
/// which it lets through most.
fn measure<'a>(
    judge: &RuleJudge<'a>,
    set_index: usize,
    (port, source): ((Protocol, u16), Option<IpAddr>),
    required: &AddressSet,
    excess: &mut BTreeMap<(usize, usize), Excess<'a>>,
) -> AllowedAddresses {
    let set = judge.set();
    let kind = Flow {
        name: None,
        address: None,
        port: Some(port.1),
        protocol: port.0,
        source,
        direction: Direction::Outbound,
    };
    let reach = judge.reach(&kind);
    // Of admin rules and routes only those that end the row let anything through by themselves.
    let ends_here = |rule: &Rule| admits(judge) || rule.onward == Onward::PastGroups;
    let mut add = |index: usize, beyond: AddressCount, served: AddressCount| {
        let rule = &set.rules()[index];
        let is_known = |own: &Excess<'_>| (own.beyond.v4, own.beyond.v6) >= (beyond.v4, beyond.v6);
        if !excess.get(&(set_index, index)).is_some_and(is_known) {
            let breadth = breadth(rule, required);
            let found = Excess { set: &set.name, rule, port, beyond, required: served, breadth };
            excess.insert((set_index, index), found);
        }
    };
    for (index, admitted) in &reach.by_rule {
        let beyond = admitted.difference(required);
        if !beyond.is_empty() && ends_here(&set.rules()[*index]) {
            add(*index, beyond.count(), admitted.intersection(required).count());
        }
    }
    // The addresses behind a wildcard cannot be counted.
    for (index, rule) in set.rules().iter().enumerate() {
        let has_port = rule.destination_ports.known().is_none_or(|ports| ports.contains(port.1));
        let is_wild = rule.destination.names.iter().any(NamePattern::is_wildcard);
        if rule.access.known() == Some(&Access::Allow) && has_port && is_wild {
            add(index, AddressCount::default(), AddressCount::default());
        }
    }
    reach
}

fn breadth(rule: &Rule, required: &AddressSet) -> Breadth {
    let scope = &rule.destination;
    if scope.addresses.v4().is_full() || scope.addresses.v6().is_full() {
        Breadth::Everything
    } else if !scope.tags.is_empty() {
        Breadth::Tags(scope.tags.iter().map(ToString::to_string).collect())
    } else if scope.names.iter().any(NamePattern::is_wildcard) {
        let wild = scope.names.iter().filter(|name| name.is_wildcard());
        Breadth::Wildcards(wild.map(ToString::to_string).collect())
    } else {
        let is_unused = |net: &IpNet| AddressSet::from(*net).intersection(required).is_empty();
        Breadth::Addresses {
            unused: scope.addresses.prefixes().into_iter().filter(is_unused).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
