//! What each team has to do, with everywhere it is to be done, and how to see that it helped.

use std::net::IpAddr;

use super::super::test_commands::{TestCommand, TestCommands};
use super::super::wording::{counted, listed, team_of};
use super::groups::{self, DestinationGroup, SINGLY};
use super::{StatusBadge, first_screen};
use crate::diagnose::catalogue;
use crate::model::{Cause, Severity};
use crate::report_v1::{Action, Destination, Finding, Report};

/// A team and its tasks.
pub(super) struct TeamTasks<'a> {
    pub(super) id: String,
    pub(super) name: &'a str,
    pub(super) count: String,
    pub(super) tasks: Vec<TeamTask<'a>>,
}

/// One thing to do.
pub(super) struct TeamTask<'a> {
    pub(super) badge: StatusBadge,
    pub(super) text: &'a str,
    pub(super) reasons: Vec<TaskReason<'a>>,
    /// What was seen, of the first finding behind it.
    pub(super) seen: &'a [String],
    /// From where, and since when it is known.
    pub(super) from: String,
    /// Where there are many: those that belong together.
    pub(super) groups: Vec<DestinationGroup>,
    pub(super) destinations: Vec<&'a Destination<'a>>,
    pub(super) count: String,
    pub(super) has_addresses: bool,
    pub(super) trials: Vec<TestCommand>,
}

/// Why something is to be done: the code, and what it means.
pub(super) struct TaskReason<'a> {
    pub(super) cause: &'a str,
    pub(super) sentence: &'static str,
}

/// Tasks by team, in the order of the report.
pub(super) fn of<'a>(report: &'a Report<'a>) -> Vec<TeamTasks<'a>> {
    let trials = TestCommands::of(report);
    let of_owner = report.actions.chunk_by(|left, right| left.owner == right.owner);
    of_owner
        .map(|actions| {
            let owner = &*actions[0].owner;
            TeamTasks {
                id: format!("team-{}", owner.replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
                name: team_of(owner),
                count: first_screen::tasks(actions.len()),
                tasks: actions.iter().map(|action| task(report, action, &trials)).collect(),
            }
        })
        .collect()
}

fn task<'a>(report: &'a Report<'a>, action: &'a Action<'a>, trials: &TestCommands) -> TeamTask<'a> {
    let destinations: Vec<&Destination> = action.destinations.iter().collect();
    let is_many = destinations.len() > SINGLY;
    let groups = if is_many {
        groups::of(destinations.iter().map(|one| (&*one.name, one.address, one.port)))
    } else {
        Vec::new()
    };
    let behind = behind(report, action);
    let worst = behind.iter().map(|finding| finding.severity).min().unwrap_or(Severity::Fail);
    let seen = behind.iter().find(|finding| finding.severity == worst);
    TeamTask {
        badge: StatusBadge::of_word(worst.as_str()),
        text: &action.text,
        reasons: action.causes.iter().map(|cause| reason(cause)).collect(),
        seen: seen.map(|finding| &*finding.evidence).unwrap_or_default(),
        from: from(report),
        groups,
        count: counted(destinations.len(), "destination"),
        has_addresses: destinations.iter().any(|one| one.address.is_some()),
        trials: trials.of_action(action),
        destinations,
    }
}

fn reason(cause: &str) -> TaskReason<'_> {
    let sentence = Cause::parse(cause).map_or("", |known| catalogue::entry(known).sentence);
    TaskReason { cause, sentence }
}

/// The findings that led to it: the team's own, or for a team that only helps another's, those of
/// the other team.
fn behind<'a>(report: &'a Report<'a>, action: &Action) -> Vec<&'a Finding<'a>> {
    let of_endpoints = report.endpoints.iter().flat_map(|endpoint| &endpoint.findings);
    let all = of_endpoints.chain(&report.findings);
    let all: Vec<_> = all.filter(|finding| action.causes.contains(&finding.cause)).collect();
    let own: Vec<_> = all.iter().copied().filter(|finding| finding.owner == action.owner).collect();
    if own.is_empty() { all } else { own }
}

/// `Outbound from 10.50.1.10 (shir-01), seen at 2026-03-02 12:00:00 UTC`.
fn from(report: &Report) -> String {
    let vantage = &report.run.vantage;
    let addresses = listed(&vantage.addresses, 4);
    let host = match &*addresses {
        "" => vantage.hostname.clone().into_owned(),
        addresses => format!("{addresses} ({})", vantage.hostname),
    };
    let at = report.run.started_at;
    let at = at.map(|at| at.strftime(", seen at %Y-%m-%d %H:%M:%S UTC").to_string());
    format!("Outbound from {host}{}", at.unwrap_or_default())
}

/// An address as a cell shows it.
pub(super) fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "not known here".to_owned(), |address| address.to_string())
}
