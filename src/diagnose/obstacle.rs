//! What could not be asked: `unknown`, never `fail`.

use super::finding::{Draft, add, place};
use super::{Case, dns};
use crate::model::{Cause, DnsFailure, Endpoint, Obstacle, Record};

/// Obstacles of the record as a whole and of its lookups, where these decide; those of trails are
/// weighed in [`super::compare`].
pub(super) fn judge(case: &Case<'_>, is_resolved_here: bool, drafts: &mut Vec<Draft>) {
    if let Some(obstacle) = &case.record.obstacle {
        add(drafts, draft(obstacle, case.endpoint()));
    }
    if !is_resolved_here {
        return;
    }
    for lookup in dns::deciding(&case.record.lookups) {
        for exchange in &lookup.exchanges {
            if let Err(DnsFailure::NotAsked(obstacle)) = &exchange.result {
                let question =
                    format!("{} {} not asked", lookup.name, exchange.family.record_type());
                add(drafts, draft(obstacle, case.endpoint()).evidence(question));
            }
        }
    }
}

/// What `obstacle` means for `endpoint`.
pub(super) fn draft(obstacle: &Obstacle, endpoint: &Endpoint) -> Draft {
    let place = place(endpoint);
    match obstacle {
        Obstacle::NotTestable { hint } => {
            let draft = Draft::new(
                Cause::NotTestable,
                format!("{place} cannot be tested until a concrete name is known"),
            );
            if hint.is_empty() { draft } else { draft.remedy(hint.clone()) }
        }
        Obstacle::Cancelled => {
            Draft::new(Cause::NotRun, format!("{place} was not reached: the run was interrupted"))
        }
        Obstacle::BudgetSpent => Draft::new(
            Cause::BudgetSpent,
            format!("{place} was not finished within the run's deadline"),
        ),
        Obstacle::NoRoute(os) => {
            Draft::new(Cause::VantageBroken, format!("{place}: this host has no route for it"))
                .evidence(os.to_string())
                .remedy("Give this host an address and a default route (ipconfig, ip route).")
        }
        Obstacle::NoLocalAddress(os) => Draft::new(
            Cause::VantageBroken,
            format!("{place}: the source address cannot be used for it"),
        )
        .evidence(os.to_string())
        .remedy(
            "Give --source an address of this host, of the family that the endpoint's addresses \
             have.",
        ),
        Obstacle::DescriptorLimit(os) => {
            Draft::new(Cause::VantageBroken, format!("{place}: this host ran out of descriptors"))
                .evidence(os.to_string())
                .remedy("Raise the limit of open files (ulimit -n), or give a lower --concurrency.")
        }
        Obstacle::PortLimit(os) => Draft::new(
            Cause::VantageBroken,
            format!("{place}: this host ran out of ephemeral ports"),
        )
        .evidence(os.to_string())
        .remedy("Widen the ephemeral port range of this host, or give a lower --concurrency."),
    }
    .proven()
}

/// A record that holds neither proof nor failure nor obstacle: nothing was asked.
pub(super) fn nothing_asked(record: &Record) -> Draft {
    Draft::new(Cause::NotRun, format!("{} was not probed", place(&record.endpoint))).proven()
}
