//! Hosts side by side as a handout, for a ticket.

use std::collections::BTreeSet;

use super::told::{self, ToldStatement};
use super::{Group, Merged, SharedFinding, Unreadable};
use crate::report::handout::{Handout, HandoutSection};
use crate::report::wording::{counted, team_of};

/// The hosts for someone who was not there: what the failures share first, then who found what.
#[must_use]
pub fn handout(merged: &Merged) -> Handout {
    let (status, headline) = merged.headline();
    let heading = told::heading(merged);
    let told = told::statements(merged).into_iter();
    let mut sections: Vec<HandoutSection> = told.map(|one| section(heading, one)).collect();
    for group in &merged.groups {
        sections.push(of_group(merged, group));
    }
    sections.push(of_findings("Found by all of them", &merged.common));
    let not_read = merged
        .unreadable
        .iter()
        .map(|Unreadable { file, error }| format!("Not read: {file}: {error}"));
    Handout {
        status,
        headline,
        lines: not_read.chain(merged.notes()).collect(),
        sections,
        from: "pathproof report merge".to_owned(),
    }
}

fn section(heading: &str, told: ToldStatement) -> HandoutSection {
    let heading = format!("{heading}: {}", told.title);
    let rows = told.tests.iter().map(|test| vec![test.says.clone(), test.command.to_owned()]);
    let mut section = HandoutSection::of_table(&heading, &["Test", "Command"], rows.collect());
    if section.rows.is_empty() {
        section.columns.clear();
    }
    section.lines = told.lines;
    section
}

fn of_group(merged: &Merged, group: &Group) -> HandoutSection {
    let n_hosts = merged.n_hosts();
    let heading = format!("Found by {} of {}", group.hosts.len(), counted(n_hosts, "host"));
    let mut section = of_findings(&heading, &group.findings);
    let names: Vec<String> = group.hosts.iter().map(|host| merged.name_of(host)).collect();
    section.lines.insert(0, format!("Hosts: {}.", names.join(", ")));
    section
}

fn of_findings(heading: &str, findings: &BTreeSet<SharedFinding>) -> HandoutSection {
    if findings.is_empty() {
        return HandoutSection::of_lines(heading, ["Nothing more was found.".to_owned()]);
    }
    let row = |found: &SharedFinding| {
        vec![
            found.severity.as_str().to_owned(),
            found.endpoint.clone().unwrap_or_else(|| "the run as a whole".to_owned()),
            found.cause.clone(),
            team_of(&found.owner).to_owned(),
        ]
    };
    let columns = ["Severity", "Endpoint", "Cause", "Who can fix it"];
    HandoutSection::of_table(heading, &columns, findings.iter().map(row).collect())
}
