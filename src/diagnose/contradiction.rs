//! `runtime_contradiction`: what the cloud reports about a node, compared with what was measured
//! here.

use super::finding::Draft;
use super::reported;
use crate::model::{Cause, Record, Records, ReportedNode, Role, Status, Trail, Verdict};

/// Whether one part of the runtime was reached in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MeasuredReach {
    Reached,
    NotReached,
    NotKnown,
}

/// A statement of the cloud about a node that this run contradicts.
struct Claim {
    says: &'static str,
    contradicts: &'static str,
    remedy: &'static str,
}

pub(super) fn of_run(records: &Records, judged: &[(&Record, &Verdict)]) -> Vec<Draft> {
    let Some((node, is_this_host)) = this_node(records) else { return Vec::new() };
    let relay = measured(judged, Role::is_relay);
    let control = measured(judged, Role::is_control_plane);
    let claims = claims(node, relay, control);
    let name = if node.name.is_empty() { "the runtime" } else { &node.name };
    claims
        .into_iter()
        .map(|claim| {
            let draft = Draft::new(
                Cause::RuntimeContradiction,
                format!("the cloud says of {name} that {}, {}", claim.says, claim.contradicts),
            )
            .all_evidence(reported_of(node))
            .all_evidence(reported::last_contact(node, records.run.started_at))
            .evidence(if is_this_host {
                format!("the node's machine is this host, {}", records.run.vantage.hostname)
            } else {
                "the only node; whether its machine is this host is not known".to_owned()
            })
            .remedy(claim.remedy);
            if is_this_host { draft } else { draft.possible() }
        })
        .reduce(|mut first, next| {
            first.join(next);
            first
        })
        .into_iter()
        .collect()
}

/// The node whose machine this is, and true; or the only node there is, and false.
fn this_node(records: &Records) -> Option<(&ReportedNode, bool)> {
    let own = first_label(&records.run.vantage.hostname);
    let nodes = &records.run.nodes;
    let is_own = |node: &&ReportedNode| {
        let named = |name: &str| !own.is_empty() && first_label(name) == own;
        named(&node.machine) || named(&node.name)
    };
    if let Some(node) = nodes.iter().find(is_own) {
        return Some((node, true));
    }
    match &nodes[..] {
        [only] => Some((only, false)),
        _ => None,
    }
}

fn first_label(name: &str) -> String {
    name.split('.').next().unwrap_or_default().to_ascii_lowercase()
}

fn reported_of(node: &ReportedNode) -> impl Iterator<Item = String> {
    let status = (!node.status.is_empty()).then(|| format!("reported: status {}", node.status));
    let capabilities = node
        .capabilities
        .iter()
        .filter(|(name, _)| {
            ["serviceBusConnected", "connectedToResourceManager"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
        .map(|(name, can)| format!("reported: {name} {can}"));
    status.into_iter().chain(capabilities)
}

fn claims(node: &ReportedNode, relay: MeasuredReach, control: MeasuredReach) -> Vec<Claim> {
    const AGENT: &str = "Compare the proxy settings and the account of the runtime's service \
        (diahost.exe.config, NT SERVICE\\DIAHostService) with those of this run: this host's network \
        is not what keeps it away.";
    const LATER: &str = "Ask for the runtime's status again: the network may have changed since it \
        was reported, or the runtime leaves by another way than this run (pathproof agent lint).";
    let relay_is_connected = node.can("serviceBusConnected");
    let control_is_connected = node.can("connectedToResourceManager");
    let is_offline = node.status.eq_ignore_ascii_case("Offline");
    let is_online = node.status.eq_ignore_ascii_case("Online");
    let table = [
        (
            relay_is_connected == Some(false) && relay == MeasuredReach::Reached,
            Claim {
                says: "relay is not connected",
                contradicts: "this host reaches it: look at the agent's proxy or account",
                remedy: AGENT,
            },
        ),
        (
            relay_is_connected == Some(true) && relay == MeasuredReach::NotReached,
            Claim {
                says: "relay is connected",
                contradicts: "this host does not reach it",
                remedy: LATER,
            },
        ),
        (
            (control_is_connected == Some(false) || is_offline)
                && control == MeasuredReach::Reached,
            Claim {
                says: "it is not connected to its service",
                contradicts: "this host reaches the control plane: look at the service, its \
                              account and its proxy",
                remedy: "Look whether DIAHostService runs (Get-Service DIAHostService), then at its \
                         account and its proxy settings, then at the key it is registered with: \
                         this host's network is not what keeps it away.",
            },
        ),
        (
            is_online && control == MeasuredReach::NotReached,
            Claim {
                says: "it is online",
                contradicts: "this host does not reach the control plane",
                remedy: LATER,
            },
        ),
    ];
    table.into_iter().filter_map(|(holds, claim)| holds.then_some(claim)).collect()
}

/// Whether the required endpoints of these roles were reached.
fn measured(judged: &[(&Record, &Verdict)], is_meant: fn(Role) -> bool) -> MeasuredReach {
    let mut all = judged
        .iter()
        .filter(|(record, verdict)| {
            record.endpoint.required && verdict.counts && is_meant(record.endpoint.role)
        })
        .peekable();
    if all.peek().is_none() {
        return MeasuredReach::NotKnown;
    }
    let mut result = MeasuredReach::Reached;
    for (record, verdict) in all {
        match verdict.status {
            Status::Fail => return MeasuredReach::NotReached,
            Status::Pass => {}
            Status::Warn if is_proven(record) => {}
            Status::Warn | Status::Unknown => result = MeasuredReach::NotKnown,
        }
    }
    result
}

fn is_proven(record: &Record) -> bool {
    let Some(host) = record.endpoint.subject.host() else { return false };
    let proves = |trail: &Trail| trail.tls().is_some_and(|tls| tls.presented.proves(host));
    record.trails.iter().any(proves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_contradicts_is_said() {
        use MeasuredReach::{NotKnown, NotReached, Reached};
        let node = |status: &str, relay: Option<bool>| ReportedNode {
            name: "n".to_owned(),
            machine: "m".to_owned(),
            status: status.to_owned(),
            capabilities: relay
                .map(|is_there| ("serviceBusConnected".to_owned(), is_there))
                .into_iter()
                .collect(),
            ..ReportedNode::default()
        };
        for (status, connected, relay, control, expected) in [
            ("Limited", Some(false), Reached, Reached, &["relay is not connected"][..]),
            ("Limited", Some(false), NotReached, Reached, &[]),
            ("Limited", Some(false), NotKnown, Reached, &[]),
            ("Online", Some(true), Reached, Reached, &[]),
            ("Online", Some(true), NotReached, Reached, &["relay is connected"]),
            ("Online", None, NotReached, NotReached, &["it is online"]),
            ("Offline", None, Reached, Reached, &["it is not connected to its service"]),
            ("Offline", None, Reached, NotReached, &[]),
        ] {
            let found: Vec<_> = claims(&node(status, connected), relay, control)
                .iter()
                .map(|claim| claim.says)
                .collect();
            assert_eq!(found, expected, "{status} {connected:?} {relay:?} {control:?}");
        }
    }
}
