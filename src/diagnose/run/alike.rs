//! The evidence where nothing connects: one attempt in full, the addresses that failed like it, and
//! how far their packets get.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::judged::direct_trails;
use crate::diagnose::follow_up::located;
use crate::diagnose::tcp;
use crate::diagnose::words::{attempt, list};
use crate::model::{End, Failure, Record, Records, TcpFailure, Trail};

/// How many of the addresses a line holds.
const NAMED: usize = 4;

/// The evidence for one finding about all records in `asked`, which were probed from the addresses
/// `from`.
pub(super) fn evidence<'a>(
    records: &'a Records,
    asked: impl Iterator<Item = &'a Record> + Clone,
    from: &str,
) -> Vec<String> {
    let trails = asked.clone().flat_map(|record| direct_trails(records, record));
    let attempts: Vec<(&Trail, &TcpFailure, Duration)> = trails.filter_map(unconnected).collect();
    let Some((first, failure, took)) = attempts.first() else { return Vec::new() };
    let remotes: BTreeSet<SocketAddr> = attempts.iter().map(|(trail, ..)| trail.remote()).collect();
    let others = remotes.iter().filter(|remote| **remote != first.remote());
    let mut lines =
        vec![format!("{}: {}", attempt(first), tcp::fact(failure, *took, first.syns()))];
    if remotes.len() > 1 {
        let when = span(attempts.iter().map(|(trail, ..)| trail.at()));
        lines.push(format!("alike at {}, from {from} {when}", list(others, NAMED)));
    }
    lines.extend(located::of_run(asked));
    lines
}

fn unconnected(trail: &Trail) -> Option<(&Trail, &TcpFailure, Duration)> {
    match trail.end() {
        End::Failed { failure: Failure::Tcp(failure), took } => Some((trail, failure, *took)),
        _ => None,
    }
}

/// From when to when the attempts were made.
fn span(at: impl Iterator<Item = Timestamp> + Clone) -> String {
    let clock = |at: Option<Timestamp>| {
        at.map(|at| at.strftime("%H:%M:%S").to_string()).unwrap_or_default()
    };
    let (first, last) = (clock(at.clone().min()), clock(at.max()));
    if first == last { format!("at {first} UTC") } else { format!("at {first} to {last} UTC") }
}
