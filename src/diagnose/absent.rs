//! Name servers that answer for names that cannot exist. Every address that such an answer holds is
//! a lie, also where the server gives it for a name of Azure's.

use std::net::IpAddr;

use super::finding::Draft;
use super::words::{endpoints_that, list, resolver_name};
use crate::model::{Cause, Lookup, Record, Records, Run, Severity, Status, Verdict};

/// Whether `address` is one that the resolver of `lookup` gives for names that cannot exist. The
/// operating system asks the same servers, so their lies are its lies too.
pub(super) fn is_lie_at(run: &Run, lookup: &Lookup, address: IpAddr) -> bool {
    let is_of = |absent: &Lookup| {
        absent.resolver == lookup.resolver || lookup.resolver == crate::model::Resolver::System
    };
    run.absent.iter().any(|absent| is_of(absent) && absent.addresses().contains(&address))
}

/// Whether `lookup` has addresses, and all of them are lies.
pub(super) fn is_lie(run: &Run, lookup: &Lookup) -> bool {
    let addresses = lookup.addresses();
    !addresses.is_empty() && addresses.iter().all(|address| is_lie_at(run, lookup, *address))
}

/// One finding of the run for each name server that lies.
pub(super) fn of_run(records: &Records, verdicts: &[Verdict]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut resolvers = Vec::new();
    for absent in records.run.absent.iter().filter(|absent| !absent.addresses().is_empty()) {
        if resolvers.contains(&absent.resolver) {
            continue;
        }
        resolvers.push(absent.resolver);
        let server = resolver_name(absent.resolver);
        let addresses = list(absent.addresses(), 3);
        let parent = absent.name.as_str().split_once('.').map_or("", |(_, parent)| parent);
        let has_sinkhole = |verdict: &&Verdict| {
            verdict.findings.iter().any(|finding| finding.cause == Cause::DnsSinkhole)
        };
        let hit: Vec<&Verdict> = verdicts.iter().filter(has_sinkhole).collect();
        let judged = records.records.iter().zip(verdicts);
        let is_lied_to =
            |record: &Record| record.lookups.iter().any(|lookup| is_lie(&records.run, lookup));
        let to = judged
            .filter(|(record, _)| is_lied_to(record))
            .flat_map(|(_, verdict)| &verdict.findings)
            .filter(|finding| finding.cause == Cause::DnsSinkhole)
            .flat_map(|finding| finding.advice.destinations.iter().cloned());
        let is_fail = hit.iter().any(|verdict| verdict.status == Status::Fail);
        drafts.push(
            Draft::new(
                Cause::DnsSinkhole,
                format!("name server {server} answers {addresses} for names that cannot exist"),
            )
            .proven()
            .severity(if is_fail { Severity::Fail } else { Severity::Warn })
            .evidence(format!("asked for a name below {parent} that is too long to be given"))
            .evidence(endpoints_that(
                hit.len(),
                "leads to such an address",
                "lead to such an address",
            ))
            .destinations(to)
            .remedy(format!(
                "Take the wildcard, the redirect of unknown names or the captive portal off the \
                 name server {server}: a name that does not exist must be answered with NXDOMAIN."
            )),
        );
    }
    drafts
}
