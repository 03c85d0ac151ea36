//! One trail, judged on its own.

use std::net::IpAddr;
use std::time::Duration;

use crate::diagnose::blockpage::SessionTrust;
use crate::diagnose::case::Case;
use crate::diagnose::finding::Draft;
use crate::diagnose::{follow_up, http, proxy, reset, tcp, tds, tls};
use crate::model::{
    Cause, End, Failure, HttpAnswer, Kind, Obstacle, Proxied, Route, TlsSession, Trail,
};

/// One address by one route, judged on its own.
pub(super) struct JudgedTrail<'a> {
    pub(super) trail: &'a Trail,
    /// Their messages are predicates, whose subject, the address, is prefixed later.
    pub(super) drafts: Vec<Draft>,
    pub(super) outcome: TrailOutcome<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TrailOutcome<'a> {
    /// It holds the proof that its kind of endpoint asks for.
    Proven,
    /// It failed before the connection was accepted.
    Unconnected,
    /// It failed after the connection was accepted.
    Failed,
    /// It was not asked, or not to its end.
    Obstructed(&'a Obstacle),
    /// It ended well, but before its proof.
    Unfinished,
}

impl TrailOutcome<'_> {
    pub(super) fn is_failed(&self) -> bool {
        matches!(self, Self::Unconnected | Self::Failed)
    }

    /// Whether this host has no route, or no source address, for the address's family.
    pub(super) fn is_without_family(&self) -> bool {
        matches!(self, Self::Obstructed(Obstacle::NoRoute(_) | Obstacle::NoLocalAddress(_)))
    }
}

impl<'a> JudgedTrail<'a> {
    pub(super) fn of(case: &Case<'_>, trail: &'a Trail) -> Self {
        let endpoint = case.endpoint();
        let mut drafts = Vec::new();
        if let Route::Proxy(proxy) = trail.route()
            && let Some(with_proxy) = trail.proxy_session()
        {
            drafts.extend(proxy::judge_session(with_proxy, proxy));
        }
        let mut session = SessionTrust::Open;
        if let (Some(tls), Some(host)) = (trail.tls(), endpoint.subject.host()) {
            let of_chain = tls::judge_service(&tls.presented, host, endpoint);
            session = if tls.presented.proves(host) {
                SessionTrust::Verified
            } else if of_chain.iter().any(|draft| draft.cause == Cause::TlsIntercepted) {
                SessionTrust::Inspected
            } else {
                SessionTrust::Unverified
            };
            drafts.extend(of_chain);
        }
        let mut is_unproven = false;
        if let Some(answer) = trail.http() {
            let of_answer = answer_of_proxy(case, trail, answer)
                .or_else(|| http::judge(answer, endpoint, session));
            is_unproven = of_answer.is_none()
                && session == SessionTrust::Inspected
                && http::is_unproven(answer, endpoint);
            if let Some(tls) = trail.tls().filter(|_| is_unproven) {
                drafts = unproven_page(drafts, tls, answer);
            }
            drafts.extend(of_answer);
        }
        if let End::Failed { failure, took } = trail.end() {
            drafts.extend(match trail.route() {
                Route::Direct => {
                    let mut of_step = failed(case, trail, failure, *took);
                    reset::weigh(trail, failure, *took, &mut of_step);
                    of_step
                }
                Route::Proxy(proxy) => failed_by_proxy(case, trail, proxy, failure, *took),
            });
        }
        follow_up::segments::weigh(case, trail, &mut drafts);
        follow_up::old_hello::weigh(case, trail, &mut drafts);
        let outcome = outcome(case, trail, &drafts, is_unproven);
        Self { trail, drafts, outcome }
    }

    pub(super) fn address(&self) -> IpAddr {
        self.trail.remote().ip()
    }

    /// A client that cannot connect to one address of a proxy takes the next: slower, and it
    /// works.
    pub(super) fn lowered_if_unconnected(self) -> Self {
        if self.outcome != TrailOutcome::Unconnected {
            return self;
        }
        Self { drafts: self.drafts.into_iter().map(Draft::lowered).collect(), ..self }
    }
}

fn unproven_page(drafts: Vec<Draft>, session: &TlsSession, answer: &HttpAnswer) -> Vec<Draft> {
    let unproven = |draft| tls::unproven_page(draft, &session.presented, answer);
    drafts.into_iter().map(unproven).collect()
}

fn outcome<'a>(
    case: &Case<'_>,
    trail: &'a Trail,
    drafts: &[Draft],
    is_unproven: bool,
) -> TrailOutcome<'a> {
    let kind = case.endpoint().kind;
    let is_accepted_for_nothing = kind == Kind::Tcp
        && *trail.route() == Route::Direct
        && trail.is_connected()
        && case.is_control_accepted();
    // A proxy that only the account of the runtime's service may pass fails nothing, and proves
    // nothing either.
    let is_closed = |draft: &Draft| draft.cause == Cause::ProxyAuthRequired;
    if is_accepted_for_nothing || drafts.iter().any(|draft| draft.is_failure() || is_closed(draft))
    {
        return if trail.is_connected() { TrailOutcome::Failed } else { TrailOutcome::Unconnected };
    }
    match trail.end() {
        End::Stopped(obstacle) => TrailOutcome::Obstructed(obstacle),
        End::Complete | End::Failed { .. } if !is_unproven && has_proof(trail, kind) => {
            TrailOutcome::Proven
        }
        End::Complete | End::Failed { .. } => TrailOutcome::Unfinished,
    }
}

/// Whether a trail holds what proves an endpoint of this kind (contract, Status). The chain and the
/// answer themselves were judged before. A saved record may hold any steps, so a connection is
/// asked for too.
fn has_proof(trail: &Trail, kind: Kind) -> bool {
    let has_answer = match kind {
        Kind::Https | Kind::Relay => trail.tls().is_some() && trail.http().is_some(),
        Kind::Tls => trail.tls().is_some(),
        Kind::Tds => trail.tds().is_some(),
        Kind::Http => trail.http().is_some(),
        Kind::Tcp => trail.tunnel().is_some() || *trail.route() == Route::Direct,
    };
    trail.is_connected() && has_answer
}

/// What a step that failed on the direct route means.
fn failed(case: &Case<'_>, trail: &Trail, failure: &Failure, took: Duration) -> Vec<Draft> {
    match failure {
        Failure::Tcp(failure) => vec![tcp::failed(failure, took, trail.syns(), case.run)],
        Failure::Tls(failure) => tls::failed(failure, took, case.endpoint()),
        Failure::Http(failure) => vec![http::failed(failure, took)],
        Failure::Tds(failure) => vec![tds::failed(failure, took)],
        Failure::Hold(failure) => vec![follow_up::hold::failed(failure)],
        // Only a record that someone wrote by hand has a proxy's failure on a direct route.
        Failure::Proxy(failure) => {
            let proxy = Proxied { url: "of the record".into() };
            proxy::failed(failure, took, &proxy, case)
        }
    }
}

/// What a step that failed on the way through a proxy means: for the proxy, or for what is beyond.
fn failed_by_proxy(
    case: &Case<'_>,
    trail: &Trail,
    proxy: &Proxied,
    failure: &Failure,
    took: Duration,
) -> Vec<Draft> {
    let destination = case.endpoint().host_port();
    let of_proxy = match failure {
        Failure::Tcp(failure) => Some(proxy::unconnected(failure, took, trail.syns(), case.run)),
        Failure::Proxy(failure) => return proxy::failed(failure, took, proxy, case),
        Failure::Http(failure) if proxy::is_absolute_form(trail) => {
            proxy::unanswered(failure, took, &destination)
        }
        failure if trail.tunnel().is_some() && trail.tls().is_none() => {
            proxy::tunnel_closed(failure, took, &destination)
        }
        _ => None,
    };
    match of_proxy {
        Some(draft) => vec![draft.of_proxy(&proxy.url)],
        None => failed(case, trail, failure, took),
    }
}

/// What the proxy itself says in answer to a request in absolute form.
fn answer_of_proxy(case: &Case<'_>, trail: &Trail, answer: &HttpAnswer) -> Option<Draft> {
    let Route::Proxy(proxy) = trail.route() else { return None };
    if !proxy::is_absolute_form(trail) {
        return None;
    }
    let draft = proxy::in_place_of_the_service(answer, &case.endpoint().host_port())?;
    Some(draft.of_proxy(&proxy.url))
}
