//! Gateways of a relay's deployment that are not in use yet.

use super::finding::Draft;
use super::{absent, dns};
use crate::model::{Cause, LookupOutcome, Record, Records, Role, Run, Status, Verdict, deciding};

/// Whether the record is that of a gateway whose name does not exist or has no address. Other DNS
/// failures keep their causes.
pub(super) fn is_unassigned(record: &Record, run: &Run) -> bool {
    if record.endpoint.role != Role::Gateway {
        return false;
    }
    let mut is_absent = false;
    for lookup in deciding(&record.lookups) {
        match lookup.outcome() {
            // A name server that lies about every name has not said that this one exists.
            LookupOutcome::Addresses if absent::is_lie(run, lookup) => is_absent = true,
            LookupOutcome::Addresses => return false,
            LookupOutcome::NxDomain | LookupOutcome::NoData => is_absent = true,
            LookupOutcome::ServFail
            | LookupOutcome::Refused
            | LookupOutcome::OtherCode(_)
            | LookupOutcome::Loop
            | LookupOutcome::TimedOut
            | LookupOutcome::Unreachable
            | LookupOutcome::TcpBlocked
            | LookupOutcome::Malformed
            | LookupOutcome::NotAsked
            | LookupOutcome::SystemError => {}
        }
    }
    is_absent
}

/// The consequence where a relay can hand connections on to none of its gateways, as not one of
/// them was reached.
pub(super) fn none_reached(records: &Records, verdicts: &[Verdict]) -> Option<String> {
    let mut total = 0;
    for (record, verdict) in records.records.iter().zip(verdicts) {
        if record.endpoint.role != Role::Gateway || !verdict.counts {
            continue;
        }
        let is_failed = verdict.status == Status::Fail || verdict.is_lowered;
        if !is_failed {
            return None;
        }
        total += 1;
    }
    (total > 0).then(|| {
        format!(
            "none of {total} gateways of the relay can be reached: connections that it hands on to \
             them fail, and with them test connection and data preview"
        )
    })
}

/// Whether the record is that of a gateway whose name the proxy alone resolves, and the proxy says
/// that it cannot.
pub(super) fn is_unknown_to_proxy(record: &Record, drafts: &[Draft]) -> bool {
    let is_unknown = |draft: &Draft| draft.cause == Cause::ProxyUpstreamDns;
    record.endpoint.role == Role::Gateway && !drafts.is_empty() && drafts.iter().all(is_unknown)
}

pub(super) fn unassigned(record: &Record) -> Draft {
    let host_port = record.endpoint.host_port();
    let message = if dns::is_of_one_family(record) {
        format!(
            "{host_port} has no address of the one family that was asked for (-4 or -6): whether this \
             gateway is in use is not known"
        )
    } else {
        format!("{host_port} has no address: this gateway is not in use yet")
    };
    Draft::new(Cause::RelayGatewayUnassigned, message)
}

/// The same where the proxy that would carry the name is the one to say so.
pub(super) fn unassigned_beyond_proxy(record: &Record) -> Draft {
    unassigned(record).rivals(&[Cause::ProxyUpstreamDns])
}
