//! What was seen where nothing connects: an attempt in full, the addresses that are like it, and how
//! far their packets come.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::direct;
use crate::diagnose::finding::{attempt, list};
use crate::diagnose::follow_up::located;
use crate::diagnose::tcp;
use crate::model::{Elapsed, End, Failure, Record, TcpFailure, Trail};

/// How many of the addresses are named.
const NAMED: usize = 4;

/// The evidence of one finding for all of `records`, which leave from the addresses `from`.
pub(super) fn facts<'a>(
    records: impl Iterator<Item = &'a Record> + Clone,
    from: &str,
) -> Vec<String> {
    let attempts: Vec<(&Trail, &TcpFailure, std::time::Duration)> =
        records.clone().flat_map(direct).filter_map(unconnected).collect();
    let Some((first, failure, took)) = attempts.first() else { return Vec::new() };
    let remotes: BTreeSet<SocketAddr> = attempts.iter().map(|(trail, ..)| trail.remote()).collect();
    let others = remotes.iter().filter(|remote| **remote != first.remote());
    let mut facts =
        vec![format!("{}: {}", attempt(first), tcp::fact(failure, *took, first.syns()))];
    if remotes.len() > 1 {
        facts.push(format!(
            "from {from} {}: alike at {}",
            span(&attempts),
            list(others, NAMED)
        ));
    }
    facts.extend(located::of_run(records));
    facts
}

fn unconnected(trail: &Trail) -> Option<(&Trail, &TcpFailure, std::time::Duration)> {
    match trail.end() {
        End::Failed { failure: Failure::Tcp(failure), took } => Some((trail, failure, *took)),
        _ => None,
    }
}

/// When the attempts were made, and how long the longest took.
fn span(attempts: &[(&Trail, &TcpFailure, std::time::Duration)]) -> String {
    let at = || attempts.iter().map(|(trail, ..)| trail.at());
    let longest = attempts.iter().map(|(.., took)| *took).max().unwrap_or_default();
    let clock = |at: Option<jiff::Timestamp>| {
        at.map(|at| at.strftime("%H:%M:%S").to_string()).unwrap_or_default()
    };
    let (first, last) = (clock(at().min()), clock(at().max()));
    let when =
        if first == last { format!("at {first} UTC") } else { format!("at {first} to {last} UTC") };
    format!("{when}, after at most {}", Elapsed(longest))
}
