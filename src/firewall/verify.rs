//! Whether rules let through what is required, and what else they let through.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::correct::{Correction, corrections};
use super::decide::{Decision, Judge, decide_in_a_row};
use super::flow::Flow;
use super::port::Protocol;
use super::requirement::{Measured, Requirement};
use super::rule::{Access, Rule};
use super::shadow::Shadowed;
use crate::model::{AddressCount, AddressSet};

/// What came of holding requirements against rule sets in a row.
#[derive(Clone, Debug)]
pub struct Verification<'a> {
    /// How many flows are required.
    pub n_required: usize,
    /// Required flows that are denied.
    pub gaps: Vec<Gap<'a>>,
    /// Required flows of which it is not known.
    pub undecided: Vec<Gap<'a>>,
    /// What each set's rules let through beyond what is required, most first.
    pub excess: Vec<Excess<'a>>,
    /// What all sets together let through beyond what is required, by port.
    pub beyond: Vec<Beyond>,
    /// Rules that no flow reaches, with their sets.
    pub shadowed: Vec<(&'a str, Shadowed<'a>)>,
    /// What would close the gaps.
    pub corrections: Vec<Correction>,
    /// Flows of which a run saw another thing than the rules say.
    pub contradictions: Vec<Contradiction<'a>>,
}

/// A flow that the rules decide and a run measured otherwise.
#[derive(Clone, Debug)]
pub struct Contradiction<'a> {
    /// The flow, with what was measured.
    pub requirement: Requirement,
    /// What the rules say.
    pub decision: Decision<'a>,
    /// How the measurement ended, in the words of its step; `None` where it connected.
    pub blocked: Option<String>,
}

/// A required flow that is not let through, or of which that is not known.
#[derive(Clone, Debug)]
pub struct Gap<'a> {
    /// The flow and its endpoint.
    pub requirement: Requirement,
    /// The set that decides.
    pub set: &'a str,
    /// Its decision.
    pub decision: Decision<'a>,
}

/// What one rule lets through beyond what is required.
#[derive(Clone, Debug)]
pub struct Excess<'a> {
    /// The set.
    pub set: &'a str,
    /// The rule.
    pub rule: &'a Rule,
    /// The required port of which most is let through, and its protocol.
    pub port: (Protocol, u16),
    /// How many addresses beyond the required ones.
    pub beyond: AddressCount,
    /// How many required addresses it serves on that port.
    pub required: AddressCount,
    /// What makes it wide.
    pub breadth: Breadth,
}

/// What makes a rule wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// `*`, or a prefix of length 0.
    Everything,
    /// Tags, `Internet` among them.
    Tags(Vec<String>),
    /// Names with wildcards.
    Wildcards(Vec<String>),
    /// Addresses and prefixes; those that no required flow goes to any more.
    Addresses {
        /// The unused ones.
        unused: Vec<IpNet>,
    },
}

/// What all sets together let through on one port, beyond what is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The protocol and port.
    pub port: (Protocol, u16),
    /// Addresses let through that nothing required goes to.
    pub addresses: AddressCount,
    /// Addresses that are required on that port.
    pub required: AddressCount,
}

/// Holds `requirements` against the sets of `judges`, which flows pass in a row.
#[must_use]
pub fn verify<'a>(judges: &'a [Judge<'a>], requirements: &[Requirement]) -> Verification<'a> {
    let (mut gaps, mut undecided) = (Vec::new(), Vec::new());
    let mut contradictions = Vec::new();
    for requirement in requirements {
        let Some((place, decision)) = decide_in_a_row(judges, &requirement.flow) else { continue };
        contradictions.extend(contradiction(requirement, &decision));
        let gap = |decision| Gap {
            requirement: requirement.clone(),
            set: &judges[place].set().name,
            decision,
        };
        match decision {
            Decision::Allow { .. } => {}
            Decision::Deny { .. } => gaps.push(gap(decision)),
            Decision::Undecided { .. } => undecided.push(gap(decision)),
        }
    }
    let ports: BTreeSet<_> = requirements
        .iter()
        .filter_map(|requirement| Some((requirement.flow.protocol, requirement.flow.port?)))
        .collect();
    let (mut excess, mut beyond) = (Vec::new(), Vec::new());
    for port in ports {
        let required: AddressSet = requirements
            .iter()
            .filter(|own| (own.flow.protocol, own.flow.port) == (port.0, Some(port.1)))
            .filter_map(|own| own.flow.address)
            .collect();
        let mut all = AddressSet::everything();
        for judge in judges {
            all = all.intersection(&measure(judge, port, &required, &mut excess));
        }
        beyond.push(Beyond {
            port,
            addresses: all.difference(&required).count(),
            required: required.count(),
        });
    }
    excess.sort_by(|a, b| {
        let key = |excess: &Excess<'_>| std::cmp::Reverse((excess.beyond.v4, excess.beyond.v6));
        key(a).cmp(&key(b)).then_with(|| a.rule.name.cmp(&b.rule.name))
    });
    let corrections = judges
        .iter()
        .flat_map(|judge| {
            // In a row each set must allow: one may deny what another has denied already.
            let denied: Vec<_> = requirements
                .iter()
                .map(|requirement| &requirement.flow)
                .filter(|flow| matches!(judge.decide(flow), Decision::Deny { .. }))
                .collect();
            if denied.is_empty() { Vec::new() } else { corrections(judge, &denied) }
        })
        .collect();
    let shadowed = judges
        .iter()
        .flat_map(|judge| {
            judge.shadowed().into_iter().map(|shadowed| (judge.set().name.as_str(), shadowed))
        })
        .collect();
    Verification {
        n_required: requirements.len(),
        gaps,
        undecided,
        excess,
        beyond,
        shadowed,
        corrections,
        contradictions,
    }
}

fn contradiction<'a>(
    requirement: &Requirement,
    decision: &Decision<'a>,
) -> Option<Contradiction<'a>> {
    let blocked = match (decision, requirement.measured.as_ref()?) {
        (Decision::Allow { .. }, Measured::Blocked { outcome }) => Some(outcome.clone()),
        (Decision::Deny { .. }, Measured::Connected) => None,
        _ => return None,
    };
    Some(Contradiction { requirement: requirement.clone(), decision: decision.clone(), blocked })
}

/// Where one set lets a port out to; what its rules let through beyond `required` goes to
/// `excess`, each rule once, with the port of which it lets through most.
fn measure<'a>(
    judge: &Judge<'a>,
    port: (Protocol, u16),
    required: &AddressSet,
    excess: &mut Vec<Excess<'a>>,
) -> AddressSet {
    let set = judge.set();
    let kind =
        Flow { name: None, address: None, port: Some(port.1), protocol: port.0, source: None };
    let reach = judge.reach(&kind);
    for (place, admitted) in &reach.by_rule {
        let rule = &set.rules()[*place];
        let beyond = admitted.difference(required);
        if beyond.is_empty() {
            continue;
        }
        let found = Excess {
            set: &set.name,
            rule,
            port,
            beyond: beyond.count(),
            required: admitted.intersection(required).count(),
            breadth: breadth(rule, required),
        };
        match excess.iter_mut().find(|own| std::ptr::eq(own.rule, rule)) {
            Some(own) if (own.beyond.v4, own.beyond.v6) < (found.beyond.v4, found.beyond.v6) => {
                *own = found;
            }
            Some(_) => {}
            None => excess.push(found),
        }
    }
    for rule in set.rules() {
        let is_wild = |rule: &Rule| matches!(breadth(rule, required), Breadth::Wildcards(_));
        let is_new = !excess.iter().any(|own| std::ptr::eq(own.rule, rule));
        let has_port = rule.destination_ports.known().is_none_or(|ports| ports.contains(port.1));
        if rule.access.known() == Some(&Access::Allow) && has_port && is_new && is_wild(rule) {
            let none = AddressCount::default();
            let breadth = breadth(rule, required);
            excess.push(Excess {
                set: &set.name,
                rule,
                port,
                beyond: none,
                required: none,
                breadth,
            });
        }
    }
    reach.surely
}

fn breadth(rule: &Rule, required: &AddressSet) -> Breadth {
    let scope = &rule.destination;
    let is_wild =
        |name: &&super::scope::NamePattern| matches!(name, super::scope::NamePattern::Ending(_));
    if scope.addresses.v4().is_full() || scope.addresses.v6().is_full() {
        Breadth::Everything
    } else if !scope.tags.is_empty() {
        Breadth::Tags(scope.tags.iter().map(ToString::to_string).collect())
    } else if scope.names.iter().any(|name| is_wild(&name)) {
        Breadth::Wildcards(scope.names.iter().filter(is_wild).map(ToString::to_string).collect())
    } else {
        let is_unused = |net: &IpNet| AddressSet::from(*net).intersection(required).is_empty();
        Breadth::Addresses {
            unused: scope.addresses.prefixes().into_iter().filter(is_unused).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
