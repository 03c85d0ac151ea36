//! What was seen where nothing connects: an attempt in full, the addresses that are like it, and how
//! far their packets come.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::judged::direct_trails;
use crate::diagnose::follow_up::located;
use crate::diagnose::tcp;
use crate::diagnose::words::{attempt, list};
use crate::model::{End, Failure, Record, Records, TcpFailure, Trail};

/// How many of the addresses are named.
const NAMED: usize = 4;

/// The evidence of one finding for all of `asked`, which leave from the addresses `from`.
pub(super) fn facts<'a>(
    records: &'a Records,
    asked: impl Iterator<Item = &'a Record> + Clone,
    from: &str,
) -> Vec<String> {
    let trails = asked.clone().flat_map(|record| direct_trails(records, record));
    let attempts: Vec<(&Trail, &TcpFailure, Duration)> = trails.filter_map(unconnected).collect();
    let Some((first, failure, took)) = attempts.first() else { return Vec::new() };
    let remotes: BTreeSet<SocketAddr> = attempts.iter().map(|(trail, ..)| trail.remote()).collect();
    let others = remotes.iter().filter(|remote| **remote != first.remote());
    let mut facts =
        vec![format!("{}: {}", attempt(first), tcp::fact(failure, *took, first.syns()))];
    if remotes.len() > 1 {
        let at = span(attempts.iter().map(|(trail, ..)| trail.at()));
        facts.push(format!("alike at {}, from {from} {at}", list(others, NAMED)));
    }
    facts.extend(located::of_run(asked));
    facts
}

fn unconnected(trail: &Trail) -> Option<(&Trail, &TcpFailure, Duration)> {
    match trail.end() {
        End::Failed { failure: Failure::Tcp(failure), took } => Some((trail, failure, *took)),
        _ => None,
    }
}

/// When the attempts were made.
fn span(at: impl Iterator<Item = Timestamp> + Clone) -> String {
    let clock = |at: Option<Timestamp>| {
        at.map(|at| at.strftime("%H:%M:%S").to_string()).unwrap_or_default()
    };
    let (first, last) = (clock(at.clone().min()), clock(at.max()));
    if first == last { format!("at {first} UTC") } else { format!("at {first} to {last} UTC") }
}
