//! Records with their verdicts, and what several findings of a run ask about them.

use std::net::IpAddr;

use crate::diagnose::{absent, sinkhole};
use crate::model::{
    AddressClass, Cause, Destination, Reach, Record, Records, Route, Trail, Verdict, classify,
};

pub(super) type JudgedRecord<'a> = (&'a Record, &'a Verdict);

/// From how many endpoints on something is a finding of the run: what one endpoint alone has stays
/// its own.
pub(super) const SEVERAL: usize = 2;

/// The destinations of a verdict's findings of one cause.
pub(super) fn destinations_of(
    verdict: &Verdict,
    cause: Cause,
) -> impl Iterator<Item = Destination> {
    let alike = verdict.findings.iter().filter(move |finding| finding.cause == cause);
    alike.flat_map(|finding| finding.advice.destinations.iter().cloned())
}

/// The direct trails to addresses that may be the service's: what goes to a sinkhole, or to a
/// private address that stands for a public service, says nothing about the way out.
pub(super) fn direct_trails<'a>(
    records: &'a Records,
    record: &'a Record,
) -> impl Iterator<Item = &'a Trail> {
    let is_lie = |address| {
        let mut lookups = record.lookups.iter();
        lookups.any(|lookup| absent::is_lie_at(&records.run, lookup, address))
    };
    let may_be_the_service = move |address: IpAddr| match classify(address) {
        AddressClass::Public => !sinkhole::is_filter(address) && !is_lie(address),
        AddressClass::Private => record.endpoint.expect.reach != Reach::Public,
        AddressClass::NotRoutable => false,
    };
    let trails = record.trails.iter().filter(|trail| *trail.route() == Route::Direct);
    trails.filter(move |trail| may_be_the_service(trail.remote().ip()))
}
