//! `route_*`: which ways decide over a name, and what they say of each other.
//!
//! The configured way decides. Ways that a client falls back to (a script may name several) count
//! where the client gets to them; a second way that was measured for comparison (the alternate) is
//! evidence only. A private name has one way alone: direct.

use super::compare::{self, Outcome};
use super::finding::{Draft, add, list, place};
use super::{Case, dns, exception, path};
use crate::model::{Cause, Proxied, Reach, Record, Route, RouteFault, RouteFaultKind, Severity};

/// Whether the name must go direct: by `--private`, or taken as private by its lookups.
pub(super) fn is_private(record: &Record) -> bool {
    record.endpoint.expect.reach == Reach::Private || path::taken_as_private(record).is_some()
}

/// Whether what the local name servers say of the name decides anything: a proxy resolves for
/// itself, and private names must be found here whatever is configured.
pub(super) fn is_resolved_here(record: &Record) -> bool {
    matches!(record.route.configured, Ok(Route::Direct)) || is_private(record)
}

/// Judges the ways and what they say of each other, and says whether the runtime gets through.
/// `drafts` holds what is to be said of the name and its addresses.
pub(super) fn judge(case: &Case<'_>, drafts: &mut Vec<Draft>) -> bool {
    let route = &case.record.route;
    if is_private(case.record) {
        let outcome = compare::judge(case, &Route::Direct, drafts);
        path::tell_of_public(case.record, outcome.is_proven, drafts);
        if let Some(proxy) = route.proxy() {
            drafts.push(private_via_proxy(case, proxy, &outcome));
        } else if let Err(fault) = &route.configured {
            drafts.push(fault_found(case, fault));
        }
        let is_proven = outcome.is_proven;
        add_all(drafts, outcome.drafts);
        return is_proven;
    }
    let configured = match &route.configured {
        Ok(configured) => configured,
        Err(fault) => {
            let others = alternates(case, drafts);
            drafts.push(with_others(fault_found(case, fault), &others));
            return false;
        }
    };
    let first = compare::judge(case, configured, drafts);
    if first.is_proven || !(first.is_failed() || drafts.iter().any(is_unresolved)) {
        let is_proven = first.is_proven;
        add_all(drafts, first.drafts);
        return is_proven;
    }
    let fallbacks: Vec<Outcome<'_>> =
        route.fallbacks.iter().map(|way| compare::judge(case, way, drafts)).collect();
    if first.is_left_behind()
        && let Some(at) = fallbacks.iter().position(|way| way.is_proven)
    {
        return fall_back(first, fallbacks, at, drafts);
    }
    let others: Vec<Outcome<'_>> =
        fallbacks.into_iter().chain(alternates(case, drafts)).filter(Outcome::is_told).collect();
    let misrouted = misrouted(case, configured, &first, &others, drafts);
    let mut own = drafts.split_off(0);
    add_all(&mut own, first.drafts);
    rule_out(&mut own, &others);
    // What the other ways came to stands with the cause that they were measured for.
    let at = own.iter().position(|draft| draft.is_failure() && is_of_way(draft.cause));
    if misrouted.is_none()
        && let Some(at) = at
    {
        let draft = own.remove(at);
        own.insert(at, exception::tell(case, with_others(draft, &others)));
    }
    drafts.extend(misrouted);
    drafts.extend(own);
    false
}

/// The alternate way, where it was measured and is not the configured one.
fn alternates<'a>(case: &Case<'a>, names: &[Draft]) -> Vec<Outcome<'a>> {
    let route = &case.record.route;
    let is_other =
        |way: &&Route| route.configured.as_ref() != Ok(*way) && !route.fallbacks.contains(way);
    let alternate = route.alternate.as_ref().filter(is_other);
    alternate.map(|way| compare::judge(case, way, names)).into_iter().collect()
}

fn add_all(drafts: &mut Vec<Draft>, more: Vec<Draft>) {
    for draft in more {
        add(drafts, draft);
    }
}

/// A client goes on to the next way where it cannot connect by the one before. An answer, even a
/// refusal, ends the search.
fn fall_back(
    first: Outcome<'_>,
    mut fallbacks: Vec<Outcome<'_>>,
    at: usize,
    drafts: &mut Vec<Draft>,
) -> bool {
    let found = fallbacks.swap_remove(at);
    let lowered: Vec<Draft> = drafts
        .drain(..)
        .chain(first.drafts)
        .map(|draft| {
            if !is_of_way(draft.cause) || !draft.is_failure() {
                return draft;
            }
            draft
                .lowered()
                .evidence(format!("by {}, which the client tries next, it works", found.route))
        })
        .collect();
    add_all(drafts, lowered);
    add_all(drafts, found.drafts);
    true
}

/// Whether a cause says that a way does not lead out, rather than that the name leads elsewhere.
fn is_of_way(cause: Cause) -> bool {
    !matches!(
        cause,
        Cause::DnsViewsDiffer
            | Cause::PathPrivateEndpointAbsent
            | Cause::PathPrivateZoneNotLinked
            | Cause::PathPrivateRecordMissing
            | Cause::PathPrivateOutsideNetwork
            | Cause::PathMixed
            | Cause::PathPublicExpected
            | Cause::PathNotAzure
    )
}

/// Whether a draft says that the name could not be resolved here.
fn is_unresolved(draft: &Draft) -> bool {
    draft.is_failure()
        && matches!(
            draft.cause,
            Cause::DnsNxdomain
                | Cause::DnsNodata
                | Cause::DnsServfail
                | Cause::DnsRefused
                | Cause::DnsTimeout
                | Cause::DnsResolverUnreachable
                | Cause::DnsTcpBlocked
                | Cause::DnsCnameLoop
                | Cause::DnsMalformed
        )
}

/// The configured way fails: does another one, measured in the same run, lead there?
fn misrouted(
    case: &Case<'_>,
    configured: &Route,
    first: &Outcome<'_>,
    others: &[Outcome<'_>],
    names: &[Draft],
) -> Option<Draft> {
    let place = place(case.endpoint());
    let worded = first.failure().or_else(|| names.iter().find(|draft| is_unresolved(draft)))?;
    let failing = of_way(configured, worded, "");
    let working = |is_it: fn(&Route) -> bool| {
        others.iter().find(|other| other.is_proven && is_it(other.route))
    };
    match configured {
        Route::Direct => {
            let by = working(|route| matches!(route, Route::Proxy(_)))?;
            let draft = Draft::new(
                Cause::RouteProxyRequired,
                format!(
                    "{place} is configured to go direct, and only the proxy {} leads there",
                    by.route
                ),
            );
            let draft = draft.fact("proxy", by.route.to_string());
            Some(match exception::of(case.record) {
                Some(kind) => draft
                    .owner(exception::owner(kind))
                    .template(exception::remedy(kind))
                    .without_further()
                    .fact("rule", &case.record.route.why),
                None => draft,
            })
        }
        Route::Proxy(proxy) => {
            working(|route| *route == Route::Direct)?;
            let draft = Draft::new(
                Cause::RouteDirectRequired,
                format!(
                    "{place} is configured to go by the proxy {}, and only direct works",
                    proxy.url
                ),
            );
            Some(draft.fact("proxy", &*proxy.url))
        }
    }
    .map(|draft| {
        let draft = draft.proven().evidence(failing).evidence(configured_by(case));
        with_others(draft, others)
    })
}

/// Rivals that the other ways, measured in the same run, leave no room for.
fn rule_out(drafts: &mut Vec<Draft>, others: &[Outcome<'_>]) {
    let is_measured = |is_it: fn(&Route) -> bool| others.iter().any(|other| is_it(other.route));
    let mut ruled_out = Vec::new();
    if is_measured(|route| matches!(route, Route::Proxy(_))) {
        ruled_out.push(Cause::RouteProxyRequired);
    }
    if is_measured(|route| *route == Route::Direct) {
        ruled_out.push(Cause::RouteDirectRequired);
    }
    *drafts = std::mem::take(drafts)
        .into_iter()
        .map(|draft| ruled_out.iter().fold(draft, |draft, cause| draft.without_rival(*cause)))
        .collect();
}

/// With what the other ways came to, a line each.
fn with_others(draft: Draft, others: &[Outcome<'_>]) -> Draft {
    draft.all_evidence(others.iter().filter(|other| other.is_told()).map(|other| {
        match other.failure() {
            _ if other.is_proven => format!("{}: works", other.route),
            Some(failure) => of_way(other.route, failure, "fails too: "),
            None => format!("{}: not measured to its end", other.route),
        }
    }))
}

/// What a way fails by; a proxy's words name it already.
fn of_way(way: &Route, failure: &Draft, fails: &str) -> String {
    let words = failure.words();
    match way {
        Route::Direct => format!("direct: {fails}{words} ({})", failure.cause),
        Route::Proxy(_) => format!("{fails}{words} ({})", failure.cause),
    }
}

fn configured_by(case: &Case<'_>) -> String {
    format!("configured by: {}", case.record.route.why)
}

/// Decided from the configuration, whether or not the proxy could carry it.
fn private_via_proxy(case: &Case<'_>, proxy: &Proxied, direct: &Outcome<'_>) -> Draft {
    let record = case.record;
    let place = place(case.endpoint());
    let why_private = match path::taken_as_private(record) {
        Some(alias) => format!("private, as its chain passes {alias}"),
        None => "private, by --private".to_owned(),
    };
    let draft = Draft::new(
        Cause::RoutePrivateViaProxy,
        format!("{place} is private, and is configured to go by the proxy {}", proxy.url),
    )
    .proven()
    .evidence(why_private)
    .evidence(configured_by(case))
    .all_evidence(dns::deciding(&record.lookups).map(dns::evidence))
    .fact("proxy", &*proxy.url)
    // As `agent lint` writes it: .NET looks for the expression anywhere in the URI.
    .fact(
        "pattern",
        format!("^https?://{}(:\\d+)?$", escaped(&case.endpoint().subject.to_string())),
    );
    match direct.failure() {
        _ if direct.is_proven => draft.evidence("direct: works"),
        Some(failure) => draft.evidence(of_way(&Route::Direct, failure, "fails too: ")),
        None => draft,
    }
}

/// A name as a part of a regular expression.
fn escaped(name: &str) -> String {
    name.replace('.', "\\.")
}

/// It is not known which way the name is configured to go.
fn fault_found(case: &Case<'_>, fault: &RouteFault) -> Draft {
    let place = place(case.endpoint());
    let asked = case.record.route.questions.iter().map(|question| {
        let addresses = match &*question.addresses {
            [] => "no address".to_owned(),
            addresses => list(addresses, 3),
        };
        format!("the script asked for {}: {addresses}", question.name)
    });
    match fault.kind {
        RouteFaultKind::Script => Draft::new(
            Cause::ProxyPacError,
            format!("which way {place} goes is not known: its script gives no answer"),
        )
        .proven()
        .evidence(fault.message.clone())
        .all_evidence(asked),
        RouteFaultKind::Refused => Draft::new(
            Cause::RouteConfigInvalid,
            format!("{place} cannot be reached: the runtime cannot use its own configuration"),
        )
        .proven()
        .evidence(fault.message.clone()),
        RouteFaultKind::Elsewhere => Draft::new(
            Cause::NotTestable,
            format!("which way {place} goes is decided where this program does not look"),
        )
        .proven()
        .severity(Severity::Unknown)
        .evidence(fault.message.clone())
        .remedy("Give the proxy that the runtime really uses: --proxy URL, or --proxy none."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_the_name_alone() {
        assert_eq!(
            escaped("contoso-adf.westeurope.azure.net"),
            r"contoso-adf\.westeurope\.azure\.net"
        );
    }
}
