//! Obstacles, which kept something from being asked: their status is `unknown`, never `fail`.

use super::case::Case;
use super::finding::Draft;
use super::words::{duration, syns_sent};
use crate::model::{
    Awaited, Cause, DnsFailure, End, Endpoint, Obstacle, OsError, Pending, Record, Trail, deciding,
};

/// Obstacles of the record as a whole and of its lookups, where these decide; those of trails are
/// weighed in [`super::compare`].
pub(super) fn judge(case: &Case<'_>, is_resolved_here: bool) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let Some(obstacle) = &case.record.obstacle
        && !is_told_by_trails(case.record, obstacle)
    {
        drafts.push(match &case.record.pending {
            Some(pending) => awaited(obstacle, pending, case.endpoint()),
            None => draft(obstacle, case.endpoint()),
        });
    }
    if !is_resolved_here {
        return drafts;
    }
    for lookup in deciding(&case.record.lookups) {
        for exchange in &lookup.exchanges {
            if let Err(DnsFailure::NotAsked(obstacle)) = &exchange.result {
                let question =
                    format!("{} {} not asked", lookup.name, exchange.family.record_type());
                drafts.push(draft(obstacle, case.endpoint()).evidence(question));
            }
        }
    }
    drafts
}

/// Whether a trail of the configured route was stopped by the same obstacle. It also knows which
/// step was pending.
fn is_told_by_trails(record: &Record, obstacle: &Obstacle) -> bool {
    record.trails.iter().any(|trail| {
        record.route.configured.as_ref() == Ok(trail.route())
            && matches!(trail.end(), End::Stopped(own) if own == obstacle)
    })
}

/// The cause of a run that ended early, the words for it, and the remedy.
const fn end_of_run(obstacle: &Obstacle) -> (Cause, &'static str, &'static str) {
    match obstacle {
        Obstacle::BudgetSpent => (
            Cause::BudgetSpent,
            "the run's deadline passed",
            "Give a longer --deadline than that, or fewer endpoints by --only: a step ends by itself \
             after --timeout.",
        ),
        _ => (
            Cause::NotRun,
            "the run was interrupted",
            "Run the check again and let it end: a step ends by itself after --timeout, and then its \
             cause is known.",
        ),
    }
}

/// Whether Windows gave the error: records are also read on other systems than they were made on.
fn is_of_windows(os: &OsError) -> bool {
    os.symbol.starts_with("WSA")
}

/// What ran out. Windows has no limit of descriptors: what it says so is ports or memory.
fn resource(os: &OsError) -> &'static str {
    if is_of_windows(os) { "dynamic ports or non-paged memory" } else { "descriptors" }
}

/// The draft for a trail that the end of the run stopped: which step was pending, and for how long.
pub(super) fn ended(obstacle: &Obstacle, trail: &Trail, endpoint: &Endpoint) -> Draft {
    let (cause, end, remedy) = end_of_run(obstacle);
    let Some(waited) = trail.waited() else {
        if trail.passed().is_empty() {
            return draft(obstacle, endpoint).evidence("not asked").seen_at(trail.remote());
        }
        let next = trail.next_step(endpoint.kind);
        return Draft::new(cause, format!("{} was not finished: {end}", endpoint.host_port()))
            .evidence(format!("connected, and stopped before {next}"))
            .seen_in(trail)
            .proven()
            .remedy(remedy);
    };
    let doing = match trail.next_step(endpoint.kind) {
        "tcp" => "still connecting",
        "proxy" => "still waiting for the proxy to answer",
        "tls" => "still in the TLS handshake",
        "tds" => "still waiting for SQL Server's answer",
        _ => "still waiting for the HTTP answer",
    };
    let syns = trail.syns().map(|syns| format!(" ({})", syns_sent(syns))).unwrap_or_default();
    Draft::new(
        cause,
        format!(
            "{} was not finished: {} was {doing} after {} when {end}",
            endpoint.host_port(),
            trail.remote().ip(),
            duration(waited)
        ),
    )
    .evidence(format!("{doing} after {}{syns}", duration(waited)))
    .seen_in(trail)
    .proven()
    .remedy(remedy)
}

/// The draft for a record that the end of the run stopped before there was an address to connect
/// to.
fn awaited(obstacle: &Obstacle, pending: &Pending, endpoint: &Endpoint) -> Draft {
    let (cause, end, remedy) = end_of_run(obstacle);
    let doing = match pending.awaited {
        Awaited::Lookup => "its name was still being looked up",
        Awaited::Route => "the way to it was still being decided by a script",
        Awaited::ProxyLookup => "the name of its proxy was still being looked up",
    };
    let took = duration(pending.took);
    Draft::new(
        cause,
        format!("{} was not finished: {doing} after {took} when {end}", endpoint.host_port()),
    )
    .proven()
    .remedy(remedy)
}

pub(super) fn draft(obstacle: &Obstacle, endpoint: &Endpoint) -> Draft {
    let host_port = endpoint.host_port();
    match obstacle {
        Obstacle::NotTestable { hint } => {
            let draft = Draft::new(
                Cause::NotTestable,
                format!("{host_port} cannot be tested until a concrete name is known"),
            );
            if hint.is_empty() { draft } else { draft.remedy(hint.clone()) }
        }
        Obstacle::Cancelled => {
            Draft::new(Cause::NotRun, format!("{host_port} was not asked: the run was interrupted"))
        }
        Obstacle::BudgetSpent => Draft::new(
            Cause::BudgetSpent,
            format!("{host_port} was not asked within the run's deadline"),
        ),
        Obstacle::NoRoute(os) => {
            Draft::new(Cause::VantageBroken, format!("{host_port}: this host has no route for it"))
                .evidence(os.to_string())
                .remedy(if is_of_windows(os) {
                    "Give this host an address and a default route (ipconfig /all, route print)."
                } else {
                    "Give this host an address and a default route (ip address, ip route)."
                })
        }
        Obstacle::NoLocalAddress(os) => Draft::new(
            Cause::VantageBroken,
            format!("{host_port}: the source address cannot be used for it"),
        )
        .evidence(os.to_string())
        .remedy(
            "Give --source an address of this host, of the family that the endpoint's addresses \
             have.",
        ),
        Obstacle::DescriptorLimit(os) => Draft::new(
            Cause::VantageBroken,
            format!("{host_port}: this host ran out of {}", resource(os)),
        )
        .evidence(os.to_string())
        .remedy(if is_of_windows(os) {
            "Widen the range of dynamic ports (netsh int ipv4 show dynamicport tcp, then set \
             dynamicport), look for a program that uses up the non-paged pool, or give a lower \
             --concurrency."
        } else {
            "Raise the limit of open files (ulimit -n), or give a lower --concurrency."
        }),
        Obstacle::PortLimit(os) => Draft::new(
            Cause::VantageBroken,
            format!("{host_port}: this host ran out of ephemeral ports"),
        )
        .evidence(os.to_string())
        .remedy(if is_of_windows(os) {
            "Widen the range of dynamic ports (netsh int ipv4 show dynamicport tcp, then set \
             dynamicport), or give a lower --concurrency."
        } else {
            "Widen the ephemeral port range of this host, or give a lower --concurrency."
        }),
    }
    .proven()
}

/// The draft for a record that holds neither proof nor failure nor obstacle.
pub(super) fn nothing_asked(record: &Record) -> Draft {
    Draft::new(Cause::NotRun, format!("{} was not probed", record.endpoint.host_port())).proven()
}
