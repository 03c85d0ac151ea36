//! Endpoints that pass: what was proven, where, what was not asked and why, and what the time is
//! made of.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::super::assemble::Judged;
use super::super::wording::{counted_as, listed};
use super::fit::{columns, visible};
use super::page::{Page, padded};
use crate::diagnose::taken_as_private;
use crate::model::{
    AddressClass, Elapsed, End, Family, HeldOutcome, Obstacle, Record, Seen, Status, Trail,
    classify,
};

/// How many endpoints that pass are shown.
const PASSES: usize = 12;
/// How many addresses of one are named.
const ADDRESSES: usize = 3;

/// A line each where all of them fit, else a line for the name and what follows for the rest: a
/// name that is cut cannot be searched for.
pub(super) fn write_passes(page: &mut Page, passes: &[Judged], has_proxies: bool) {
    let rows: Vec<(String, String)> = passes
        .iter()
        .take(PASSES)
        .map(|(record, _)| {
            let host_port = visible(&record.endpoint.host_port()).into_owned();
            (host_port, how_reached(record, has_proxies))
        })
        .collect();
    let widest = |column: fn(&(String, String)) -> &str| {
        rows.iter().map(|row| columns(column(row))).max().unwrap_or(0)
    };
    let left = widest(|(host_port, _)| host_port);
    let is_one_line = left + 2 + widest(|(_, how)| how) <= page.room();
    for (host_port, how) in &rows {
        if is_one_line {
            page.status(Status::Pass, &format!("{}  {how}", padded(host_port, left)));
        } else {
            page.status(Status::Pass, host_port);
            page.under(how);
        }
    }
    if passes.len() > PASSES {
        let rest = passes.len() - PASSES;
        page.under(&format!("... and {rest} more that pass (see --format json)"));
    }
}

/// `40.0.0.1, 40.0.0.2 (dns 2.0 ms, tcp 0.1 ms, tls 30.0 ms, http 20.0 ms)`, and what was not
/// asked.
fn how_reached(record: &Record, has_proxies: bool) -> String {
    let own: Vec<&Trail> = record
        .trails
        .iter()
        .filter(|trail| Ok(trail.route()) == record.route.configured.as_ref())
        .collect();
    let proven = own.iter().copied().filter(|trail| *trail.end() == End::Complete);
    let server = if record.route.proxy().is_some() {
        "by proxy".to_owned()
    } else {
        format!("{}{}", addresses(record, proven.clone()), if has_proxies { " direct" } else { "" })
    };
    let mut text = format!("{server} ({})", times(record, proven));
    let held = record.follow_ups.holds.iter().filter_map(survived).max();
    if let Some(idle) = held {
        // Writing to a String cannot fail.
        let _ = write!(text, "; still usable after {} idle", Elapsed(idle));
    }
    let skipped = own.iter().filter_map(|trail| Some((trail.remote().ip(), not_asked(trail)?)));
    for (address, why) in skipped.take(ADDRESSES) {
        let _ = write!(text, "; {address} not asked: {why}");
    }
    text
}

fn addresses<'a>(record: &Record, proven: impl Iterator<Item = &'a Trail>) -> String {
    let mut addresses: Vec<IpAddr> = proven.map(|trail| trail.remote().ip()).collect();
    addresses.dedup();
    let is_private = !addresses.is_empty()
        && addresses.iter().all(|one| classify(*one) == AddressClass::Private);
    let private = match taken_as_private(record) {
        Some(_) => " private (by privatelink)",
        None if is_private => " private",
        None => "",
    };
    let shown = match addresses.len() {
        0 => counted_as(0, "address", "addresses"),
        _ => listed(&addresses, ADDRESSES),
    };
    format!("{shown}{private}")
}

/// What the time from the first question to the proof is made of, at the slowest address: a second
/// way is measured beside it.
fn times<'a>(record: &Record, proven: impl Iterator<Item = &'a Trail>) -> String {
    let went = |trail: &&Trail| trail.passed().iter().map(|step| step.took).sum::<Duration>();
    let lookups = match record.route.proxy() {
        Some(proxy) => {
            record.proxies.iter().find(|asked| asked.proxy == *proxy).map(|it| &it.lookups)
        }
        None => Some(&record.lookups),
    };
    let asked = lookups.into_iter().flatten().map(|lookup| lookup.took()).max();
    let asked = asked.map(|took| format!("dns {}", Elapsed(took)));
    let slowest = proven.max_by_key(went);
    let steps = slowest.into_iter().flat_map(Trail::passed);
    let steps = steps.map(|step| format!("{} {}", step.seen.step(), Elapsed(step.took)));
    let parts: Vec<String> = asked.into_iter().chain(steps).collect();
    parts.join(", ")
}

/// How long a connection was idle that still worked after it.
fn survived(trail: &Trail) -> Option<Duration> {
    trail.passed().iter().find_map(|step| match &step.seen {
        Seen::Hold(held) if held.outcome == HeldOutcome::Answered => Some(held.idle),
        _ => None,
    })
}

/// Why an address beside the proven ones was not asked.
fn not_asked(trail: &Trail) -> Option<String> {
    let End::Stopped(obstacle) = trail.end() else { return None };
    let family = match Family::of(trail.remote().ip()) {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    Some(match obstacle {
        Obstacle::NoRoute(os) => format!("this host has no {family} route ({})", os.symbol),
        Obstacle::NoLocalAddress(os) => {
            format!("the source address is not for {family} ({})", os.symbol)
        }
        Obstacle::DescriptorLimit(os) | Obstacle::PortLimit(os) => {
            format!("a limit of this host ({})", os.symbol)
        }
        Obstacle::Cancelled => "the run was interrupted".to_owned(),
        Obstacle::BudgetSpent => "the run's deadline passed".to_owned(),
        Obstacle::NotTestable { hint } => hint.clone(),
    })
}
