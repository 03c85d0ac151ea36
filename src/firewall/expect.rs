//! Holds what rules predict against what a run measured.

use std::net::IpAddr;

use super::decide::{Decision, RuleJudge};
use super::evidence::{ConfiguredRoute, Evidence, EvidenceTarget, Identity};
use super::requirement::{Class, Requirement};
use super::row::{is_admin, is_appliance, is_group};
use super::rule::{RuleDialect, RuleSet};
use super::verify::decide;
use crate::model::{
    Conclusion, ConnectOutcome, ExpectedFlow, Failure, FlowOutcome, Record, Records, RuleAgreement,
    RuleAnswer, Trail,
};

/// What the rule sets of `judges`, which flows pass in a row, predict of each record, beside what
/// was measured: of each address of the endpoint, or of the proxy that it goes by. `all[i]` belongs
/// to `records[i]`. Gateways that are not in use yet have no flows.
#[must_use]
pub fn expected_flows(
    records: &Records,
    conclusion: &Conclusion,
    judges: &[RuleJudge<'_>],
) -> Vec<Vec<ExpectedFlow>> {
    let evidence = Evidence::as_recorded(records, conclusion);
    // A device that applies a list sees the names themselves, not the proxy.
    let sees_names = judges.iter().all(|judge| judge.set().dialect == RuleDialect::List);
    let of_record = |(target, record): (&EvidenceTarget, &Record)| {
        if target.is_unassigned {
            return Vec::new();
        }
        let is_behind_proxy = sees_names && target.is_proxied();
        let flows = if is_behind_proxy {
            evidence.own_flows(target, &Class::Required)
        } else {
            evidence.flows_of_way(target, &Class::Required)
        };
        let of_flow = |requirement: &Requirement| {
            let (index, decision) = decide(judges, requirement)?;
            let set = judges[index].set();
            let measured = if is_behind_proxy {
                by_proxy(record)
            } else {
                let reads_names = is_appliance(set.dialect);
                measured(requirement, target, reads_names)
            };
            Some(compared(requirement, set, &decision, measured))
        };
        flows.iter().filter_map(of_flow).collect()
    };
    evidence.targets.iter().zip(&records.records).map(of_record).collect()
}

/// How far a flow came. An appliance may accept a connection before it reads the name in the
/// handshake; a group decides about the connection.
fn measured(
    requirement: &Requirement,
    target: &EvidenceTarget,
    reads_names: bool,
) -> Option<FlowOutcome> {
    let outcome = requirement.measured?;
    let is_cut = || {
        let identity = identity(target, requirement.flow.address?)?;
        Some(match identity {
            Identity::Silent => true,
            Identity::Broken(word) => {
                matches!(word.as_str(), "reset" | "reset_on_write" | "closed")
            }
            _ => false,
        })
    };
    if reads_names
        && outcome == ConnectOutcome::Connected
        && target.way == ConfiguredRoute::Direct
        && is_cut() == Some(true)
    {
        return Some(FlowOutcome::HandshakeCut);
    }
    Some(FlowOutcome::Connect(outcome))
}

fn identity(target: &EvidenceTarget, address: IpAddr) -> Option<&Identity> {
    let own = target.sightings.iter().find(|own| own.approach.address == address)?;
    Some(&own.identity)
}

/// What became of the name at the configured proxy.
fn by_proxy(record: &Record) -> Option<FlowOutcome> {
    let proxy = record.route.configured.as_ref().ok()?;
    let outcome = |trail: &Trail| {
        if trail.tunnel().is_some() || trail.http().is_some() {
            return Some(FlowOutcome::Connect(ConnectOutcome::Connected));
        }
        matches!(trail.failure()?, Failure::Proxy(_)).then_some(FlowOutcome::RefusedByProxy)
    };
    record.trails.iter().filter(|trail| trail.route() == proxy).find_map(outcome)
}

fn compared(
    requirement: &Requirement,
    set: &RuleSet,
    decision: &Decision<'_>,
    measured: Option<FlowOutcome>,
) -> ExpectedFlow {
    let (agreement, missing) = agreement(set.dialect, decision, measured);
    ExpectedFlow {
        address: requirement.flow.address,
        port: requirement.flow.port.unwrap_or_default(),
        decision: match decision {
            Decision::Allow { .. } => RuleAnswer::Allow,
            Decision::Deny { .. } => RuleAnswer::Deny,
            Decision::Undecided { .. } => RuleAnswer::Unknown,
        },
        rule: decision.by().name.clone(),
        set: set.name.clone(),
        measured,
        agreement,
        missing,
    }
}

/// Whether a decision and a measurement agree, and why that is unknown.
fn agreement(
    dialect: RuleDialect,
    decision: &Decision<'_>,
    measured: Option<FlowOutcome>,
) -> (RuleAgreement, Option<String>) {
    const LOCAL: FlowOutcome = FlowOutcome::Connect(ConnectOutcome::LocalDenied);
    const WORKS: FlowOutcome = FlowOutcome::Connect(ConnectOutcome::Connected);
    const REFUSED: FlowOutcome = FlowOutcome::Connect(ConnectOutcome::Refused);
    const RESET: FlowOutcome = FlowOutcome::Connect(ConnectOutcome::Reset);
    const UNREACHABLE: FlowOutcome = FlowOutcome::Connect(ConnectOutcome::Unreachable);
    let unknown = |why: &str| (RuleAgreement::Unknown, Some(why.to_owned()));
    match (decision, measured) {
        (Decision::Undecided { missing, .. }, _) => unknown(&missing.to_string()),
        (_, None) => unknown("no connection to it was measured"),
        (_, Some(LOCAL)) => {
            unknown("the policy of this host denied the connection before it met these rules")
        }
        (Decision::Allow { .. }, Some(WORKS)) => (RuleAgreement::WorksAsPredicted, None),
        (Decision::Allow { .. }, Some(_)) => (RuleAgreement::BlockedAlthoughAllowed, None),
        (Decision::Deny { .. }, Some(WORKS)) => (RuleAgreement::WorksAlthoughDenied, None),
        (Decision::Deny { .. }, Some(REFUSED | RESET | UNREACHABLE)) if drops(dialect) => unknown(
            "these rules drop in silence and never refuse: something else did, before them or in \
             place of them",
        ),
        (Decision::Deny { .. }, Some(_)) => (RuleAgreement::BlockedAsPredicted, None),
    }
}

/// Whether what rules of this kind deny gets no answer at all. An appliance may refuse.
const fn drops(dialect: RuleDialect) -> bool {
    is_admin(dialect) || is_group(dialect) || dialect.is_routes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::missing::Missing;
    use crate::firewall::rule::{Access, Rule};

    #[test]
    fn what_is_predicted_is_held_against_what_was_measured() {
        let rule = Rule::outbound("r", 100, Access::Allow);
        let by = &rule;
        let (allow, deny) = (Decision::Allow { by }, Decision::Deny { by });
        let undecided = Decision::Undecided { by, missing: Missing::Source };
        let connect = |outcome| Some(FlowOutcome::Connect(outcome));
        let works = connect(ConnectOutcome::Connected);
        let mut cases = vec![
            (&allow, works, RuleAgreement::WorksAsPredicted),
            (&deny, works, RuleAgreement::WorksAlthoughDenied),
            (&undecided, works, RuleAgreement::Unknown),
            (&allow, None, RuleAgreement::Unknown),
            (&deny, None, RuleAgreement::Unknown),
        ];
        let is_remote = |own: &ConnectOutcome| *own != ConnectOutcome::LocalDenied;
        let silent = [RuleDialect::Nsg, RuleDialect::Effective, RuleDialect::Admin]
            .into_iter()
            .chain([RuleDialect::Routes, RuleDialect::EffectiveRoutes])
            .chain([RuleDialect::ApplianceRoutes]);
        // What these rules deny gets no answer, so that an answer is another's.
        for dialect in silent {
            for outcome in ConnectOutcome::BLOCKED.into_iter().filter(is_remote) {
                let (found, missing) = agreement(dialect, &deny, connect(outcome));
                let is_silent = outcome == ConnectOutcome::TimedOut;
                assert_eq!(found == RuleAgreement::BlockedAsPredicted, is_silent, "{outcome:?}");
                assert_eq!(missing.is_none(), is_silent, "{outcome:?}");
                let (found, _) = agreement(dialect, &allow, connect(outcome));
                assert_eq!(found, RuleAgreement::BlockedAlthoughAllowed, "{outcome:?}");
            }
        }
        let blocked = ConnectOutcome::BLOCKED.into_iter().filter(is_remote).map(connect);
        let further = [Some(FlowOutcome::HandshakeCut), Some(FlowOutcome::RefusedByProxy)];
        for blocked in blocked.chain(further) {
            cases.push((&allow, blocked, RuleAgreement::BlockedAlthoughAllowed));
            cases.push((&deny, blocked, RuleAgreement::BlockedAsPredicted));
            cases.push((&undecided, blocked, RuleAgreement::Unknown));
        }
        // What never met the rules says nothing of them.
        let local = connect(ConnectOutcome::LocalDenied);
        cases.push((&allow, local, RuleAgreement::Unknown));
        cases.push((&deny, local, RuleAgreement::Unknown));
        for (decision, measured, expected) in cases {
            for dialect in [RuleDialect::AzureFirewall, RuleDialect::List] {
                let (found, missing) = agreement(dialect, decision, measured);
                assert_eq!(found, expected, "{} {measured:?}", decision.as_str());
                assert_eq!(missing.is_some(), expected == RuleAgreement::Unknown, "{measured:?}");
            }
        }
    }
}
