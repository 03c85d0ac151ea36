//! What the cloud reports about the runtime's nodes besides their connections. It decides as much
//! as the network does: a runtime whose version has expired stays offline.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::finding::Draft;
use super::words::{day, list};
use crate::model::{Cause, Records, ReportedNode};

/// How long before a version expires the finding begins, as Microsoft's own notice does (Microsoft,
/// self-hosted-integration-runtime-auto-update).
const NOTICE: SignedDuration = SignedDuration::from_hours(90 * 24);

pub(super) fn of_run(records: &Records) -> Vec<Draft> {
    // A replay judges by the time of the run, not by its own.
    let now = records.run.started_at;
    let nodes = &records.run.nodes;
    let drafts = [
        expired(nodes, now),
        expiring(nodes, now),
        versions_differ(nodes),
        credentials_unsynced(nodes),
    ];
    drafts.into_iter().flatten().collect()
}

/// Consequences for the runtime that are no fault of the network, for the prediction.
pub(super) fn consequences(records: &Records) -> Vec<String> {
    let nodes = &records.run.nodes;
    let mut consequences = Vec::new();
    if nodes.iter().any(|node| has_expired(node, records.run.started_at)) {
        consequences.push(
            "the runtime goes offline whatever the network allows: its version has expired"
                .to_owned(),
        );
    }
    if let [only] = &nodes[..]
        && !only.name.is_empty()
    {
        consequences.push(format!(
            "{} is the runtime's only node: while its host is down or updates, nothing runs (a \
             runtime takes up to four nodes, registered with the same key)",
            only.name
        ));
    }
    consequences
}

/// A node's last contact, which shows since when it is away.
pub(super) fn last_contact(node: &ReportedNode, now: Timestamp) -> Option<String> {
    let last = node.last_connected?;
    let is_away = !node.status.eq_ignore_ascii_case("Online");
    let hours = now.duration_since(last).as_hours();
    let ago = match hours {
        ..=0 => String::new(),
        1..48 => format!(", {hours} h before this run"),
        _ => format!(", {} days before this run", hours / 24),
    };
    let what = if is_away { "away since" } else { "last connected" };
    Some(format!("reported: {} {what} {last:.0}{ago}", name(node)))
}

fn name(node: &ReportedNode) -> &str {
    if node.name.is_empty() { "the runtime" } else { &node.name }
}

fn has_expired(node: &ReportedNode, now: Timestamp) -> bool {
    node.version_status.eq_ignore_ascii_case("Expired")
        || node.expires.is_some_and(|expires| expires <= now)
}

fn is_expiring(node: &ReportedNode, now: Timestamp) -> bool {
    !has_expired(node, now)
        && node.expires.is_some_and(|expires| expires.duration_since(now) <= NOTICE)
}

fn evidence(node: &ReportedNode, now: Timestamp) -> Vec<String> {
    let mut facts = Vec::new();
    if !node.version.is_empty() {
        facts.push(format!("version {}", node.version));
    }
    if !node.version_status.is_empty() {
        facts.push(format!("versionStatus {}", node.version_status));
    }
    if let Some(expires) = node.expires {
        facts.push(format!("expiryTime {}", day(expires)));
    }
    if !node.status.is_empty() {
        facts.push(format!("status {}", node.status));
    }
    let mut lines = vec![format!("reported: {}: {}", name(node), facts.join(", "))];
    lines.extend(last_contact(node, now));
    lines
}

/// The remedy that leads to a newer version, by what is reported about updates.
fn update(nodes: &[&ReportedNode]) -> String {
    let latest = nodes.iter().map(|node| &*node.latest_version).find(|text| !text.is_empty());
    let version =
        latest.map_or_else(|| "the current version".to_owned(), |v| format!("version {v}"));
    let off = nodes.iter().any(|node| node.auto_update == Some(false));
    let automatic = if off {
        " Auto-update is off: switch it on, or plan an update every few months."
    } else {
        " Auto-update is on and did not come through: look whether download.microsoft.com is \
         reached and when the update window is."
    };
    format!(
        "Install {version} of the runtime on {}, restart the service DIAHostService and check the \
         version in the portal under Nodes.{automatic}",
        list(nodes.iter().map(|node| name(node)), 4)
    )
}

fn expired(nodes: &[ReportedNode], now: Timestamp) -> Option<Draft> {
    let these: Vec<&ReportedNode> = nodes.iter().filter(|node| has_expired(node, now)).collect();
    let first = these.first()?;
    let since = first.expires.filter(|expires| *expires <= now);
    let since = since.map_or_else(String::new, |expires| format!(" on {}", day(expires)));
    let version =
        if first.version.is_empty() { String::new() } else { format!(" {}", first.version) };
    let who = list(these.iter().map(|node| name(node)), 4);
    Some(
        Draft::new(
            Cause::RuntimeVersionExpired,
            format!("the version{version} of {who} expired{since}: it goes offline whatever the network allows"),
        )
        .proven()
        .all_evidence(these.iter().flat_map(|node| evidence(node, now)))
        .remedy(update(&these)),
    )
}

fn expiring(nodes: &[ReportedNode], now: Timestamp) -> Option<Draft> {
    let these: Vec<&ReportedNode> = nodes.iter().filter(|node| is_expiring(node, now)).collect();
    let expires = these.iter().filter_map(|node| node.expires).min()?;
    let who = list(these.iter().map(|node| name(node)), 4);
    let days = expires.duration_since(now).as_hours() / 24;
    Some(
        Draft::new(
            Cause::RuntimeVersionExpiring,
            format!("the version of {who} expires on {}, {days} days after this run", day(expires)),
        )
        .proven()
        .all_evidence(these.iter().flat_map(|node| evidence(node, now)))
        .remedy(update(&these)),
    )
}

fn versions_differ(nodes: &[ReportedNode]) -> Option<Draft> {
    let versions: BTreeSet<&str> =
        nodes.iter().map(|node| &*node.version).filter(|version| !version.is_empty()).collect();
    if versions.len() < 2 {
        return None;
    }
    let with = |node: &ReportedNode| format!("reported: {}: version {}", name(node), node.version);
    let known = nodes.iter().filter(|node| !node.version.is_empty());
    Some(
        Draft::new(
            Cause::RuntimeVersionsDiffer,
            format!("the runtime's nodes run {} versions", versions.len()),
        )
        .proven()
        .all_evidence(known.map(with)),
    )
}

fn credentials_unsynced(nodes: &[ReportedNode]) -> Option<Draft> {
    let is_behind = |node: &&ReportedNode| node.can("credentialInSync") == Some(false);
    let these: Vec<&ReportedNode> = nodes.iter().filter(is_behind).collect();
    if these.is_empty() {
        return None;
    }
    let who = list(these.iter().map(|node| name(node)), 4);
    let lines =
        these.iter().map(|node| format!("reported: {}: credentialInSync False", name(node)));
    Some(
        Draft::new(
            Cause::RuntimeCredentialsUnsynced,
            format!("{who} does not hold the credentials that the other nodes hold"),
        )
        .proven()
        .all_evidence(lines),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn versions_expire_by_the_runs_time() {
        let now = at("2026-03-02T12:00:00Z");
        for (status, expires, expected) in [
            ("UpToDate", None, (false, false)),
            ("None", Some("2026-03-02T12:00:00Z"), (true, false)),
            ("UpToDate", Some("2026-02-01T00:00:00Z"), (true, false)),
            ("Expired", None, (true, false)),
            ("expired", Some("2027-02-01T00:00:00Z"), (true, false)),
            ("UpToDate", Some("2026-05-31T12:00:00Z"), (false, true)),
            ("UpToDate", Some("2026-05-31T13:00:00Z"), (false, false)),
        ] {
            let node = ReportedNode {
                version_status: status.to_owned(),
                expires: expires.map(at),
                ..ReportedNode::default()
            };
            let found = (has_expired(&node, now), is_expiring(&node, now));
            assert_eq!(found, expected, "{status} {expires:?}");
        }
    }

    #[test]
    fn an_outage_has_a_beginning() {
        let now = at("2026-03-02T12:00:00Z");
        for (status, last, expected) in [
            (
                "Offline",
                "2026-02-27T12:00:00Z",
                "away since 2026-02-27T12:00:00Z, 3 days before this run",
            ),
            (
                "Limited",
                "2026-03-02T09:30:00Z",
                "away since 2026-03-02T09:30:00Z, 2 h before this run",
            ),
            ("Online", "2026-03-02T11:59:00Z", "last connected 2026-03-02T11:59:00Z"),
            // The file may be newer than this host's clock.
            ("Online", "2026-03-02T13:00:00Z", "last connected 2026-03-02T13:00:00Z"),
        ] {
            let node = ReportedNode {
                name: "n".to_owned(),
                status: status.to_owned(),
                last_connected: Some(at(last)),
                ..ReportedNode::default()
            };
            assert_eq!(last_contact(&node, now), Some(format!("reported: n {expected}")));
        }
    }
}
