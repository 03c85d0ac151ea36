//! `route_*`: which route decides about a name, and what the other routes add.
//!
//! The configured route decides. Routes that a client falls back to (a script may return several)
//! count where the client gets to them. A route that was measured for comparison (the alternate) is
//! evidence only. A private name has one route: direct.

use super::case::Case;
use super::compare::{self, RouteOutcome};
use super::finding::{Draft, settle};
use super::words::{list, lookup_evidence};
use super::{exception, path};
use crate::model::{
    Cause, Proxied, Reach, Record, Route, RouteFault, RouteFaultKind, Severity, deciding,
};

/// Whether the name must go direct, because `--private` or its lookups say that it is private.
pub(super) fn is_private(record: &Record) -> bool {
    record.endpoint.expect.reach == Reach::Private || path::taken_as_private(record).is_some()
}

/// Whether the answers of the local name servers decide about the name. A proxy resolves names for
/// itself, but private names must resolve here whatever is configured.
pub(super) fn is_resolved_here(record: &Record) -> bool {
    matches!(record.route.configured, Ok(Route::Direct)) || is_private(record)
}

/// What the routes of a name mean together.
pub(super) struct Judgement {
    /// The drafts about the name and those about its routes.
    pub(super) drafts: Vec<Draft>,
    /// Whether the runtime gets through.
    pub(super) is_proven: bool,
}

/// Judges the routes of a name. `of_name` are the drafts about the name and its addresses.
pub(super) fn judge(case: &Case<'_>, of_name: Vec<Draft>) -> Judgement {
    if is_private(case.record) {
        return judge_private(case, of_name);
    }
    let route = &case.record.route;
    let configured = match &route.configured {
        Ok(configured) => configured,
        Err(fault) => {
            let others = alternates(case, &of_name);
            let unknown = with_others(fault_found(case, fault), &others);
            return Judgement { drafts: join(of_name, [unknown]), is_proven: false };
        }
    };
    let first = compare::judge(case, configured, &of_name);
    if first.is_proven || !(first.is_failed() || of_name.iter().any(is_unresolved)) {
        return Judgement { is_proven: first.is_proven, drafts: join(of_name, first.drafts) };
    }
    let mut fallbacks: Vec<RouteOutcome<'_>> =
        route.fallbacks.iter().map(|way| compare::judge(case, way, &of_name)).collect();
    if first.is_left_behind()
        && let Some(index) = fallbacks.iter().position(|way| way.is_proven)
    {
        let drafts = fall_back(of_name, first, fallbacks.swap_remove(index));
        return Judgement { drafts, is_proven: true };
    }
    let others: Vec<RouteOutcome<'_>> = fallbacks
        .into_iter()
        .chain(alternates(case, &of_name))
        .filter(RouteOutcome::is_measured)
        .collect();
    let misrouted = misrouted(case, configured, &first, &others, &of_name);
    let mut drafts = without_measured_rivals(join(of_name, first.drafts), &others);
    // What the other routes showed belongs to the cause that they were measured for.
    let blocked = drafts.iter().position(|draft| draft.is_failure() && is_about_route(draft.cause));
    if misrouted.is_none()
        && let Some(index) = blocked
    {
        let draft = with_others(drafts.remove(index), &others);
        drafts.insert(index, exception::suspect(case, draft));
    }
    Judgement { drafts: misrouted.into_iter().chain(drafts).collect(), is_proven: false }
}

/// A private name has one route, direct, whatever is configured.
fn judge_private(case: &Case<'_>, of_name: Vec<Draft>) -> Judgement {
    let route = &case.record.route;
    let direct = compare::judge(case, &Route::Direct, &of_name);
    let of_name = path::with_public_reach(case.record, direct.is_proven, of_name);
    let of_route = match (&route.configured, route.proxy()) {
        (_, Some(proxy)) => Some(private_via_proxy(case, proxy, &direct)),
        (Err(fault), None) => Some(fault_found(case, fault)),
        (Ok(_), None) => None,
    };
    let of_trails = of_route.into_iter().chain(direct.drafts);
    Judgement { is_proven: direct.is_proven, drafts: join(of_name, of_trails) }
}

fn join(of_name: Vec<Draft>, others: impl IntoIterator<Item = Draft>) -> Vec<Draft> {
    settle(of_name.into_iter().chain(others))
}

/// The alternate route, where it was measured and is neither configured nor a fallback.
fn alternates<'a>(case: &Case<'a>, names: &[Draft]) -> Vec<RouteOutcome<'a>> {
    let route = &case.record.route;
    let is_other =
        |way: &&Route| route.configured.as_ref() != Ok(*way) && !route.fallbacks.contains(way);
    let alternate = route.alternate.as_ref().filter(is_other);
    alternate.map(|way| compare::judge(case, way, names)).into_iter().collect()
}

/// A client goes on to the next route where it cannot connect by the one before. An answer, even a
/// refusal, ends the search.
fn fall_back(of_name: Vec<Draft>, first: RouteOutcome<'_>, next: RouteOutcome<'_>) -> Vec<Draft> {
    let works = format!("by {}, which the client tries next, it works", next.route);
    let lowered = of_name.into_iter().chain(first.drafts).map(|draft| {
        if is_about_route(draft.cause) && draft.is_failure() {
            draft.lowered().evidence(&*works)
        } else {
            draft
        }
    });
    settle(lowered.chain(next.drafts))
}

/// Whether a cause says that a route does not lead out, rather than that the name leads elsewhere.
fn is_about_route(cause: Cause) -> bool {
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

/// The draft for a configured route that fails while another route, measured in the same run,
/// works.
fn misrouted(
    case: &Case<'_>,
    configured: &Route,
    first: &RouteOutcome<'_>,
    others: &[RouteOutcome<'_>],
    names: &[Draft],
) -> Option<Draft> {
    let host_port = case.endpoint().host_port();
    let worded = first.failure().or_else(|| names.iter().find(|draft| is_unresolved(draft)))?;
    let failing = failure_by(configured, worded, "");
    let working = |is_it: fn(&Route) -> bool| {
        others.iter().find(|other| other.is_proven && is_it(other.route))
    };
    match configured {
        Route::Direct => {
            let by = working(|route| matches!(route, Route::Proxy(_)))?;
            let draft = Draft::new(
                Cause::RouteProxyRequired,
                format!(
                    "{host_port} is configured to go direct, and only the proxy {} leads there",
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
                    "{host_port} is configured to go by the proxy {}, and only direct works",
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

/// Without the rivals that the other routes, measured in the same run, leave no room for.
fn without_measured_rivals(drafts: Vec<Draft>, others: &[RouteOutcome<'_>]) -> Vec<Draft> {
    let is_measured = |is_it: fn(&Route) -> bool| others.iter().any(|other| is_it(other.route));
    let mut ruled_out = Vec::new();
    if is_measured(|route| matches!(route, Route::Proxy(_))) {
        ruled_out.push(Cause::RouteProxyRequired);
    }
    if is_measured(|route| *route == Route::Direct) {
        ruled_out.push(Cause::RouteDirectRequired);
    }
    let without =
        |draft| ruled_out.iter().fold(draft, |draft: Draft, cause| draft.without_rival(*cause));
    drafts.into_iter().map(without).collect()
}

/// Adds a line of evidence for each of the other routes.
fn with_others(draft: Draft, others: &[RouteOutcome<'_>]) -> Draft {
    draft.all_evidence(others.iter().filter(|other| other.is_measured()).map(|other| {
        match other.failure() {
            _ if other.is_proven => format!("{}: works", other.route),
            Some(failure) => failure_by(other.route, failure, "fails too: "),
            None => format!("{}: not measured to its end", other.route),
        }
    }))
}

/// A route and its failure. The message about a proxy names the proxy already.
fn failure_by(way: &Route, failure: &Draft, fails: &str) -> String {
    let words = failure.message();
    match way {
        Route::Direct => format!("direct: {fails}{words} ({})", failure.cause),
        Route::Proxy(_) => format!("{fails}{words} ({})", failure.cause),
    }
}

fn configured_by(case: &Case<'_>) -> String {
    format!("configured by: {}", case.record.route.why)
}

/// A private name that is configured to go by a proxy, which is wrong even where the proxy could
/// carry it.
fn private_via_proxy(case: &Case<'_>, proxy: &Proxied, direct: &RouteOutcome<'_>) -> Draft {
    let record = case.record;
    let host_port = case.endpoint().host_port();
    let why_private = match path::taken_as_private(record) {
        Some(alias) => format!("private, as its chain passes {alias}"),
        None => "private, by --private".to_owned(),
    };
    let draft = Draft::new(
        Cause::RoutePrivateViaProxy,
        format!("{host_port} is private, and is configured to go by the proxy {}", proxy.url),
    )
    .proven()
    .evidence(why_private)
    .evidence(configured_by(case))
    .all_evidence(deciding(&record.lookups).map(lookup_evidence))
    .fact("proxy", &*proxy.url)
    // `agent lint` writes the same expression: .NET looks for it anywhere in the URI.
    .fact(
        "pattern",
        format!("^https?://{}(:\\d+)?$", escaped(&case.endpoint().subject.to_string())),
    );
    match direct.failure() {
        _ if direct.is_proven => draft.evidence("direct: works"),
        Some(failure) => draft.evidence(failure_by(&Route::Direct, failure, "fails too: ")),
        None => draft,
    }
}

/// `name` as a part of a regular expression.
fn escaped(name: &str) -> String {
    name.replace('.', "\\.")
}

/// The draft for a name whose configured route is not known.
fn fault_found(case: &Case<'_>, fault: &RouteFault) -> Draft {
    let host_port = case.endpoint().host_port();
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
            format!("which way {host_port} goes is not known: its script gives no answer"),
        )
        .proven()
        .evidence(fault.message.clone())
        .all_evidence(asked),
        RouteFaultKind::Refused => Draft::new(
            Cause::RouteConfigInvalid,
            format!("{host_port} cannot be reached: the runtime cannot use its own configuration"),
        )
        .proven()
        .evidence(fault.message.clone()),
        RouteFaultKind::Elsewhere => Draft::new(
            Cause::NotTestable,
            format!("which way {host_port} goes is decided where this program does not look"),
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
