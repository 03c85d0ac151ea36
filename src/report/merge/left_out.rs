//! What a merge for some teams (`--owner`) leaves out: it is counted, so that nobody takes silence
//! for health.

use serde::Serialize;

use super::MergedHost;
use crate::model::Status;
use crate::report::wording::{counted, team_in_sentence};

/// Whose findings are merged, and how much of others' there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MergedOnly {
    /// The words that `--owner` was given.
    pub owners: Vec<String>,
    /// What is not theirs.
    pub left_out: LeftOutOfMerge,
}

/// How much was found that is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftOutOfMerge {
    /// On how many hosts.
    pub hosts: usize,
    /// Findings of all of them.
    pub findings: usize,
}

impl MergedOnly {
    /// What was left out of `hosts`; `None` where everything was asked for.
    pub(super) fn of(hosts: &[MergedHost]) -> Option<Self> {
        let owners = &hosts.first()?.owners;
        if owners.is_empty() {
            return None;
        }
        let mut left_out = LeftOutOfMerge::default();
        for host in hosts.iter().filter(|host| host.n_left_out > 0) {
            left_out.hosts += 1;
            left_out.findings += host.n_left_out;
        }
        Some(Self { owners: owners.iter().map(|one| one.as_str().to_owned()).collect(), left_out })
    }

    /// What the hosts come to for these teams: never that all is well where something else was
    /// left out.
    pub(super) fn headline(&self, status: Status, words: String) -> (Status, String) {
        let LeftOutOfMerge { hosts, findings } = self.left_out;
        if findings == 0 {
            return (status, words);
        }
        let teams: Vec<&str> = self.owners.iter().map(|owner| team_in_sentence(owner)).collect();
        let teams = teams.join(" and ");
        let verb = if findings == 1 { "is" } else { "are" };
        let rest = format!(
            "{} of other teams on {} {verb} left out",
            counted(findings, "finding"),
            counted(hosts, "host")
        );
        if status == Status::Pass {
            (Status::Warn, format!("Nothing for {teams} in {words}; {rest}"))
        } else {
            (status, format!("For {teams}: {words}; {rest}"))
        }
    }
}
