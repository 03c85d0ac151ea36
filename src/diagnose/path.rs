//! `path_*`: private and public addresses. Each resolver is judged on its own, so that views that
//! differ between resolvers are not taken for mixed addresses.

use std::net::IpAddr;

use super::case::Case;
use super::finding::Draft;
use super::words::{last_name, list, lookup_evidence, resolver_name};
use super::{dns, sinkhole, system};
use crate::model::{
    AddressClass, Answer, Cause, End, Finding, HostName, Lookup, LookupOutcome, Reach, Record,
    Resolver, Route, Severity, Status, Trail, Verdict, classify, deciding,
};
use crate::plan;

/// The privatelink name that makes a record count as private where no option says so.
#[must_use]
pub fn taken_as_private(record: &Record) -> Option<&HostName> {
    plan::taken_as_private(&record.endpoint, &record.lookups)
}

const PRIVATELINK: &str = "privatelink";

pub(super) fn judge(case: &Case<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for lookup in deciding(&case.record.lookups) {
        match lookup.outcome() {
            LookupOutcome::Addresses => {
                let own = judge_addresses(case, lookup);
                drafts.extend(match explanation(case, lookup) {
                    None => own,
                    Some(other) => own.into_iter().map(|draft| draft.follows_from(other)).collect(),
                });
            }
            LookupOutcome::NxDomain | LookupOutcome::NoData
                if dns::ends_at_privatelink(lookup) && dns::only_family(lookup).is_none() =>
            {
                drafts.push(record_missing(lookup));
            }
            LookupOutcome::NxDomain
            | LookupOutcome::NoData
            | LookupOutcome::ServFail
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
    // Drafts of one cause are joined to the first of them: what a name server says for reasons of
    // its own still has to be fixed.
    drafts.sort_by_key(Draft::is_explained);
    drafts
}

/// The finding that explains every address of `lookup`: what this host's own settings say of the
/// name is in no zone, and neither is what a name server says of every name.
fn explanation(case: &Case<'_>, lookup: &Lookup) -> Option<Cause> {
    let is_lie = |address: &IpAddr| sinkhole::is_lie(case, lookup, *address);
    if lookup.resolver == Resolver::System && system::overriding(case).is_some() {
        Some(Cause::DnsOsOverride)
    } else if lookup.addresses().iter().all(is_lie) {
        Some(Cause::DnsSinkhole)
    } else {
        None
    }
}

fn judge_addresses(case: &Case<'_>, lookup: &Lookup) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let expect = &case.endpoint().expect;
    let classes = Classes::of(lookup);
    let name = &lookup.name;
    let mut find = |draft: Draft| {
        let draft = draft
            .evidence(lookup_evidence(lookup))
            .fact("resolvers", resolver_name(lookup.resolver));
        drafts.push(draft);
    };

    if classes.private && classes.public {
        let (private, public) =
            (of(lookup, AddressClass::Private), of(lookup, AddressClass::Public));
        find(
            Draft::new(
                Cause::PathMixed,
                format!(
                    "{name} has private ({}) and public ({}) addresses at once",
                    list(private, 2),
                    list(public, 2)
                ),
            )
            .proven(),
        );
    }
    if classes.private && expect.reach == Reach::Public {
        let private = list(of(lookup, AddressClass::Private), 2);
        find(
            Draft::new(
                Cause::PathPublicExpected,
                format!("{name} must be public, and resolves to the private {private}"),
            )
            .fact("addresses", private),
        );
    }
    if classes.public && !classes.private {
        judge_public(case, lookup, &mut find);
    }
    let is_private_path = match expect.reach {
        Reach::Private => true,
        Reach::Any => lookup.privatelink().is_some(),
        Reach::Public => false,
    };
    if classes.private && is_private_path {
        let networks = &case.run.private_networks;
        let outside: Vec<IpAddr> = of(lookup, AddressClass::Private)
            .filter(|address| {
                !networks.is_empty() && !networks.iter().any(|network| network.contains(address))
            })
            .collect();
        if !outside.is_empty() {
            let (outside, networks) = (list(outside, 3), list(networks, 3));
            find(with_zone(
                Draft::new(
                    Cause::PathPrivateOutsideNetwork,
                    format!("{name} resolves to {outside}, outside {networks}"),
                )
                .proven()
                .fact("addresses", outside)
                .fact("networks", networks),
                lookup,
            ));
        }
    }
    let not_azure: Vec<IpAddr> = if expect.service_tags.is_empty() {
        Vec::new()
    } else {
        of(lookup, AddressClass::Public)
            .filter(|address| case.is_azure.holds(*address) == Some(false))
            .filter(|address| !sinkhole::is_filter(*address))
            .collect()
    };
    if !not_azure.is_empty() {
        let addresses = list(not_azure, 3);
        find(
            Draft::new(
                Cause::PathNotAzure,
                format!("{name} resolves to {addresses}, outside Azure's published ranges"),
            )
            .all_evidence(case.is_azure.source().map(|source| format!("judged by {source}")))
            .fact("addresses", addresses),
        );
    }
    drafts
}

/// Whether a record fails only because it leads to public addresses where private ones were meant,
/// and these public addresses work.
pub(super) fn is_reached_in_public(record: &Record, verdict: &Verdict) -> bool {
    let mut failing = verdict.findings.iter().filter(|one| one.severity == Severity::Fail);
    let is_of_private = |finding: &Finding| {
        matches!(finding.cause, Cause::PathPrivateEndpointAbsent | Cause::PathPrivateZoneNotLinked)
    };
    failing.all(is_of_private) && verdict.status == Status::Fail && public_proof(record).is_some()
}

/// A trail on which a public address proved to be the endpoint.
fn public_proof(record: &Record) -> Option<&Trail> {
    let host = record.endpoint.subject.host()?;
    record.trails.iter().find(|trail| {
        classify(trail.remote().ip()) == AddressClass::Public
            && *trail.route() == Route::Direct
            && *trail.end() == End::Complete
            && trail.tls().is_some_and(|session| session.presented.proves(host))
    })
}

/// Says of a name that leads to public addresses, where private ones were meant, whether those
/// answer. `is_proven` is whether a trail proved the endpoint.
pub(super) fn with_public_reach(
    record: &Record,
    is_proven: bool,
    mut of_name: Vec<Draft>,
) -> Vec<Draft> {
    let of_private = of_name.iter_mut().filter(|draft| {
        matches!(draft.cause, Cause::PathPrivateEndpointAbsent | Cause::PathPrivateZoneNotLinked)
    });
    for draft in of_private {
        match public_proof(record).filter(|_| is_proven) {
            Some(trail) => {
                let remote = trail.remote().ip();
                let status = trail.http().map(|answer| format!(", HTTP {}", answer.status));
                draft.set_message(format!("{}, which answers", draft.message()));
                draft.add_evidence(format!(
                    "the public address {remote} answers: TLS verified{}; the runtime stays online \
                     only while public network access is allowed there",
                    status.unwrap_or_default()
                ));
            }
            None if record.trails.iter().any(is_tried) => {
                draft.set_message(format!(
                    "{}, which does not answer as it should",
                    draft.message()
                ));
            }
            None => {}
        }
    }
    of_name
}

fn is_tried(trail: &Trail) -> bool {
    classify(trail.remote().ip()) == AddressClass::Public && trail.failure().is_some()
}

/// What it means that a name has public addresses only.
fn judge_public(case: &Case<'_>, lookup: &Lookup, find: &mut impl FnMut(Draft)) {
    let reach = case.endpoint().expect.reach;
    let name = &lookup.name;
    let public = || list(of(lookup, AddressClass::Public), 2);
    match (lookup.privatelink(), reach) {
        // The name is meant to be public. A private endpoint that somebody else has changes
        // nothing.
        (_, Reach::Public) | (None, Reach::Any) => {}
        (None, Reach::Private) => find(Draft::new(
            Cause::PathPrivateEndpointAbsent,
            format!("{name} is to be private, and resolves to the public {}", public()),
        )),
        (Some(alias), Reach::Private | Reach::Any) => {
            let severity = if reach == Reach::Private { Severity::Fail } else { Severity::Warn };
            find(with_zone(
                Draft::new(
                    Cause::PathPrivateZoneNotLinked,
                    format!("{name} passes {alias}, yet resolves to the public {}", public()),
                )
                .severity(severity),
                lookup,
            ));
        }
    }
}

fn record_missing(lookup: &Lookup) -> Draft {
    let end = last_name(lookup);
    with_zone(
        Draft::new(
            Cause::PathPrivateRecordMissing,
            format!("{} ends at {end}, for which the private zone has no record", lookup.name),
        )
        .proven()
        .evidence(lookup_evidence(lookup))
        .fact("alias", end)
        .fact("resolvers", resolver_name(lookup.resolver)),
        lookup,
    )
}

/// States the zone that the chain itself shows, which is more certain than that of the list.
fn with_zone(draft: Draft, lookup: &Lookup) -> Draft {
    match lookup.privatelink().and_then(|alias| zone_of(alias)) {
        Some(zone) => draft.fact("zone", zone),
        None => draft,
    }
}

/// The zone of a privatelink name: `privatelink.datafactory.azure.net` for
/// `df.eastus.privatelink.datafactory.azure.net`.
fn zone_of(alias: &HostName) -> Option<&str> {
    let text = alias.as_str();
    let starts = std::iter::once(0).chain(text.match_indices('.').map(|(dot, _)| dot + 1));
    starts
        .map(|start| &text[start..])
        .find(|rest| rest.strip_prefix(PRIVATELINK).is_some_and(|after| after.starts_with('.')))
}

#[derive(Clone, Copy, Default)]
struct Classes {
    private: bool,
    public: bool,
}

impl Classes {
    fn of(lookup: &Lookup) -> Self {
        let mut classes = Self::default();
        for address in lookup.answers().flat_map(Answer::addresses) {
            match classify(address) {
                AddressClass::Private => classes.private = true,
                AddressClass::Public => classes.public = true,
                // `sinkhole` judges these.
                AddressClass::NotRoutable => {}
            }
        }
        classes
    }
}

fn of(lookup: &Lookup, class: AddressClass) -> impl Iterator<Item = IpAddr> {
    lookup.answers().flat_map(Answer::addresses).filter(move |address| classify(*address) == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_begins_at_the_privatelink_label() {
        for (alias, expected) in [
            (
                "df.eastus.privatelink.datafactory.azure.net",
                Some("privatelink.datafactory.azure.net"),
            ),
            ("privatelink.blob.core.windows.net", Some("privatelink.blob.core.windows.net")),
            ("xprivatelink.blob.core.windows.net", None),
            ("privatelinkx.blob.core.windows.net", None),
        ] {
            assert_eq!(zone_of(&HostName::parse(alias).unwrap()), expected, "{alias}");
        }
    }
}
