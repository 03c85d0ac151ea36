//! The change request as a table to paste into a ticket.

use super::super::change_request::{ChangeRow, rows};
use super::super::wording::{counted, team_of};
use super::groups::{self, DestinationGroup, SINGLY};
use super::{StatusBadge, tasks};
use crate::report_v1::Report;

/// The table, and where it is long a short one before it.
pub(super) struct RequestTable {
    pub(super) lines: Vec<RequestLine>,
    pub(super) count: String,
    /// Where there are many: those that belong together, by team.
    pub(super) groups: Vec<(String, DestinationGroup)>,
    pub(super) has_documents: bool,
}

/// One flow as its cells show it.
pub(super) struct RequestLine {
    pub(super) badge: StatusBadge,
    pub(super) source: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) direction: &'static str,
    pub(super) route: String,
    pub(super) reason: String,
    pub(super) purpose: String,
    pub(super) team: String,
    pub(super) document: String,
    pub(super) since: String,
}

pub(super) fn of(report: &Report) -> RequestTable {
    let rows = rows(report, false);
    let mut groups = Vec::new();
    if rows.len() > SINGLY {
        let mut owners: Vec<&str> = Vec::new();
        for row in &rows {
            if !owners.contains(&&*row.owner) {
                owners.push(&row.owner);
            }
        }
        for owner in owners {
            let own = rows.iter().filter(|row| row.owner == owner);
            let own = groups::of(own.map(|row| (&*row.name, row.address, row.port)));
            groups.extend(own.into_iter().map(|group| (team_of(owner).to_owned(), group)));
        }
    }
    RequestTable {
        count: counted(rows.len(), "flow"),
        groups,
        has_documents: rows.iter().any(|row| !row.source_document.is_empty()),
        lines: rows.iter().map(line).collect(),
    }
}

fn line(row: &ChangeRow) -> RequestLine {
    let required = if row.required { "" } else { ", not required" };
    let certainty = match &*row.certainty {
        "" | "proven" => String::new(),
        certainty => format!(" ({certainty})"),
    };
    RequestLine {
        badge: StatusBadge::of_word(row.status),
        source: row.source.clone(),
        name: row.name.clone().into_owned(),
        address: match row.address {
            None if row.route.contains("://") => "the proxy resolves it".to_owned(),
            address => tasks::shown(address),
        },
        port: row.port,
        protocol: row.protocol.to_uppercase(),
        direction: ChangeRow::DIRECTION,
        route: row.route.clone().into_owned(),
        reason: format!("{}{certainty}", row.cause),
        purpose: format!("{}{required}", row.purpose),
        team: team_of(&row.owner).to_owned(),
        document: row.source_document.clone().into_owned(),
        since: row
            .first_seen
            .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
            .unwrap_or_default(),
    }
}
