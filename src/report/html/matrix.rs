//! Several hosts side by side as a page: endpoints by hosts, a cell each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use askama::Template;

use super::super::merge::told::{self, ToldStatement};
use super::super::merge::{Merged, SharedFinding, Unreadable};
use super::super::wording::{counted, team_of};
use super::page::HtmlPage;
use super::{Guarded, StatusBadge};
use crate::model::Severity;

/// How many hosts have a column each; where there are more, those with the same findings share one.
const HOSTS: usize = 16;

#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix<'a> {
    badge: StatusBadge,
    headline: String,
    told_heading: &'static str,
    told: Vec<ToldStatement<'a>>,
    columns: Vec<MatrixColumn>,
    rows: Vec<MatrixRow<'a>>,
    unreadable: &'a [Unreadable],
    notes: Vec<String>,
    sets: Vec<FindingSet<'a>>,
}

/// A host, or several with the same findings.
struct MatrixColumn {
    title: String,
    /// What the network allows them.
    allows: String,
}

/// An endpoint, and what each host found of it.
struct MatrixRow<'a> {
    endpoint: &'a str,
    cells: Vec<Option<MatrixCell<'a>>>,
}

/// What a host found of an endpoint.
struct MatrixCell<'a> {
    badge: StatusBadge,
    causes: Vec<&'a str>,
}

/// Hosts with the same findings, and these.
struct FindingSet<'a> {
    title: String,
    hosts: Vec<String>,
    findings: Vec<SetLine<'a>>,
}

/// A finding of such a set.
struct SetLine<'a> {
    badge: StatusBadge,
    endpoint: &'a str,
    cause: &'a str,
    team: &'a str,
}

/// Writes the hosts as a page.
///
/// # Errors
/// What `out` returns.
pub fn merged(merged: &Merged, out: &mut impl Write) -> io::Result<()> {
    let (status, headline) = merged.headline();
    let columns = columns(merged);
    let matrix = Matrix {
        badge: StatusBadge::of(status),
        told_heading: told::heading(merged),
        told: told::statements(merged),
        rows: rows(merged, &columns),
        columns: columns.into_iter().map(|(column, _)| column).collect(),
        unreadable: &merged.unreadable,
        notes: merged.notes(),
        sets: sets(merged),
        headline,
    };
    let title = format!("{}: {}", matrix.badge.word, matrix.headline);
    let mut guarded = Guarded::new(out);
    HtmlPage::new(title, "pathproof report merge".to_owned(), matrix).write(&mut guarded)?;
    guarded.finish().map(drop)
}

/// Every column with what its hosts found beyond what all found.
fn columns(merged: &Merged) -> Vec<(MatrixColumn, &BTreeSet<SharedFinding>)> {
    let mut columns = Vec::new();
    for (at, group) in merged.groups.iter().enumerate() {
        if merged.n_hosts() <= HOSTS {
            columns.extend(group.hosts.iter().map(|host| {
                let title = merged.name_of(host);
                (MatrixColumn { title, allows: host.network_allows.clone() }, &group.findings)
            }));
        } else {
            let title = format!("{} (set {})", counted(group.hosts.len(), "host"), at + 1);
            let allows: BTreeSet<&str> =
                group.hosts.iter().map(|host| &*host.network_allows).collect();
            let allows = allows.into_iter().collect::<Vec<_>>().join(", ");
            columns.push((MatrixColumn { title, allows }, &group.findings));
        }
    }
    columns
}

fn rows<'a>(
    merged: &'a Merged,
    columns: &[(MatrixColumn, &'a BTreeSet<SharedFinding>)],
) -> Vec<MatrixRow<'a>> {
    // What is worst anywhere comes first.
    let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
    let of_columns = columns.iter().flat_map(|(_, findings)| findings.iter());
    for seen in merged.common.iter().chain(of_columns) {
        let known = worst.entry(endpoint_of(seen)).or_insert(seen.severity);
        *known = seen.severity.min(*known);
    }
    let mut endpoints: Vec<(&str, Severity)> = worst.into_iter().collect();
    endpoints.sort_by_key(|(_, severity)| *severity);
    let cell = |of: &str, findings: &'a BTreeSet<SharedFinding>| {
        let own: Vec<&SharedFinding> =
            merged.common.iter().chain(findings).filter(|seen| endpoint_of(seen) == of).collect();
        let severity = own.iter().map(|seen| seen.severity).min()?;
        let badge = StatusBadge::of_word(severity.as_str());
        Some(MatrixCell { badge, causes: own.iter().map(|seen| &*seen.cause).collect() })
    };
    let row = |(endpoint, _)| MatrixRow {
        endpoint,
        cells: columns.iter().map(|(_, findings)| cell(endpoint, findings)).collect(),
    };
    endpoints.into_iter().map(row).collect()
}

fn endpoint_of(seen: &SharedFinding) -> &str {
    seen.endpoint.as_deref().unwrap_or("the run as a whole")
}

fn sets(merged: &Merged) -> Vec<FindingSet<'_>> {
    let n_hosts = merged.n_hosts();
    let mut sets: Vec<FindingSet> = merged
        .groups
        .iter()
        .enumerate()
        .map(|(at, group)| FindingSet {
            title: format!("Set {}: {} of {n_hosts}", at + 1, counted(group.hosts.len(), "host")),
            hosts: group.hosts.iter().map(|host| merged.name_of(host)).collect(),
            findings: lines(&group.findings),
        })
        .collect();
    sets.push(FindingSet {
        title: "Found by all of them".to_owned(),
        hosts: Vec::new(),
        findings: lines(&merged.common),
    });
    sets
}

fn lines(findings: &BTreeSet<SharedFinding>) -> Vec<SetLine<'_>> {
    findings
        .iter()
        .map(|seen| SetLine {
            badge: StatusBadge::of_word(seen.severity.as_str()),
            endpoint: endpoint_of(seen),
            cause: &seen.cause,
            team: team_of(&seen.owner),
        })
        .collect()
}
