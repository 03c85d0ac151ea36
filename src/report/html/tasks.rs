//! What each team has to do, with everywhere it is to be done, and how to see that it helped.

use std::borrow::Cow;
use std::net::IpAddr;

use super::super::wording::{counted, team_of};
use super::groups::{self, Group, SINGLY};
use super::trials::{self, Trials};
use super::{Badge, first_screen};
use crate::model::Severity;
use crate::report_v1::{Action, Destination, Report};

/// A team and its tasks.
pub(super) struct Team<'a> {
    pub(super) id: String,
    pub(super) name: &'a str,
    pub(super) count: String,
    pub(super) tasks: Vec<Task<'a>>,
}

/// One thing to do.
pub(super) struct Task<'a> {
    pub(super) badge: Badge,
    pub(super) text: &'a str,
    pub(super) causes: &'a [Cow<'a, str>],
    /// What `explain` is asked.
    pub(super) first_cause: &'a str,
    /// Where there are many: those that belong together.
    pub(super) groups: Vec<Group>,
    pub(super) places: Vec<&'a Destination<'a>>,
    pub(super) count: String,
    pub(super) has_addresses: bool,
    pub(super) trials: Vec<trials::Trial>,
}

/// Tasks by team, in the order of the report.
pub(super) fn of<'a>(report: &'a Report<'a>) -> Vec<Team<'a>> {
    let trials = Trials::of(report);
    let of_owner = report.actions.chunk_by(|left, right| left.owner == right.owner);
    of_owner
        .map(|actions| {
            let owner = &*actions[0].owner;
            Team {
                id: format!("team-{}", owner.replace(|c: char| !c.is_ascii_alphanumeric(), "-")),
                name: team_of(owner),
                count: first_screen::tasks(actions.len()),
                tasks: actions.iter().map(|action| task(report, action, &trials)).collect(),
            }
        })
        .collect()
}

fn task<'a>(report: &'a Report<'a>, action: &'a Action<'a>, trials: &Trials) -> Task<'a> {
    let places: Vec<&Destination> = action.destinations.iter().collect();
    let is_many = places.len() > SINGLY;
    let groups = if is_many {
        groups::of(places.iter().map(|one| (&*one.name, one.address, one.port)))
    } else {
        Vec::new()
    };
    Task {
        badge: badge(report, action),
        text: &action.text,
        causes: &action.causes,
        first_cause: action.causes.first().map(|cause| &**cause).unwrap_or_default(),
        groups,
        count: counted(places.len(), "destination"),
        has_addresses: places.iter().any(|one| one.address.is_some()),
        trials: trials.of_action(action),
        places,
    }
}

/// That of the worst finding behind it.
fn badge(report: &Report, action: &Action) -> Badge {
    let of_endpoints = report.endpoints.iter().flat_map(|endpoint| &endpoint.findings);
    let all = report.findings.iter().chain(of_endpoints);
    let own = all.filter(|it| it.owner == action.owner && action.causes.contains(&it.cause));
    let worst = own.map(|finding| finding.severity).min().unwrap_or(Severity::Fail);
    Badge::of_word(worst.as_str())
}

/// An address as a cell shows it.
pub(super) fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "not known here".to_owned(), |address| address.to_string())
}
