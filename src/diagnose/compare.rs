//! The trails of one name by one way against each other: what works, what does not, and what that
//! says.

use std::net::SocketAddr;
use std::time::Duration;

use super::blockpage::Session;
use super::finding::{Draft, add, attempt, destination, list, place};
use super::{Case, follow_up, http, obstacle, proxy, reset, sinkhole, tcp, tds, tls};
use crate::model::{
    AddressClass, Cause, Destination, End, Failure, Family, Host, HttpAnswer, Kind, Obstacle,
    Owner, Proxied, Role, Route, Subject, Trail, classify,
};

/// What a name came to by one way.
pub(super) struct Outcome<'a> {
    pub(super) route: &'a Route,
    /// What is to be said of it.
    pub(super) drafts: Vec<Draft>,
    /// At least one address holds its proof.
    pub(super) is_proven: bool,
    /// No connection was made, to the far end or to the proxy.
    is_unconnected: bool,
}

impl Outcome<'_> {
    /// The first of what makes it fail.
    pub(super) fn failure(&self) -> Option<&Draft> {
        self.drafts.iter().find(|draft| draft.is_failure())
    }

    pub(super) fn is_failed(&self) -> bool {
        !self.is_proven && self.failure().is_some()
    }

    /// Whether a client that has another way goes on to it: it could not connect by this one.
    pub(super) fn is_left_behind(&self) -> bool {
        let is_silent = || self.drafts.iter().any(|draft| draft.cause == Cause::ProxyTimeout);
        !self.is_proven && (self.is_unconnected || is_silent())
    }

    /// Whether it was measured at all.
    pub(super) fn is_told(&self) -> bool {
        self.is_proven || !self.drafts.is_empty()
    }
}

/// One address, judged on its own.
struct Judged<'a> {
    trail: &'a Trail,
    /// What is to be said of it: each message begins after the address.
    drafts: Vec<Draft>,
    fate: Fate<'a>,
}

/// What an address came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate<'a> {
    /// It holds the proof that its kind asks for.
    Proven,
    /// It failed before the connection was accepted.
    Unconnected,
    /// It failed after that.
    Failed,
    /// It was not asked, or not to its end.
    Obstructed(&'a Obstacle),
    /// It ended well before its proof.
    Unfinished,
}

/// Judges the trails by `route`. `names` is what is to be said of the name itself.
pub(super) fn judge<'a>(case: &Case<'a>, route: &'a Route, names: &[Draft]) -> Outcome<'a> {
    let trails = case.record.trails.iter().filter(|trail| trail.route() == route);
    let mut judged: Vec<Judged<'_>> = trails.map(|trail| judge_trail(case, trail)).collect();
    let is_proven = judged.iter().any(|one| one.fate == Fate::Proven);
    let is_unconnected = judged.iter().all(|one| one.fate == Fate::Unconnected);
    let mut drafts = Vec::new();
    if let Route::Proxy(proxy) = route
        && judged.is_empty()
    {
        drafts = proxy::unresolvable(case, proxy);
    }
    if judged.iter().all(|one| one.fate == Fate::Proven && one.drafts.is_empty()) {
        return Outcome { route, drafts, is_proven, is_unconnected };
    }
    judge_obstacles(case, route, &judged, &mut drafts);
    match route {
        Route::Direct => {
            if is_proven {
                judge_differences(case, names, &mut judged, &mut drafts);
            }
            if case.is_control_accepted() && judged.iter().any(|one| one.fate == Fate::Failed) {
                let failed = judged.iter().filter(|one| one.fate == Fate::Failed);
                let to = failed.map(|one| whereto(case, one.trail));
                drafts.push(middlebox(case).at(to));
            }
        }
        Route::Proxy(_) if is_proven => lower_unconnected(&mut judged),
        Route::Proxy(_) => {}
    }
    group(case, route, judged, names, &mut drafts);
    Outcome { route, drafts, is_proven, is_unconnected }
}

fn judge_trail<'a>(case: &Case<'_>, trail: &'a Trail) -> Judged<'a> {
    let endpoint = case.endpoint();
    let mut drafts = Vec::new();
    let mut session = Session::Open;
    if let Route::Proxy(proxy) = trail.route()
        && let Some(own) = trail.proxy_session()
    {
        drafts.extend(proxy::judge_session(own, proxy));
    }
    if let (Some(tls), Some(host)) = (trail.tls(), endpoint.subject.host()) {
        let of_chain = tls::judge(&tls.presented, host);
        session = if tls.presented.proves(host) {
            Session::Verified
        } else if of_chain.iter().any(|draft| draft.cause == Cause::TlsIntercepted) {
            Session::Inspected
        } else {
            Session::Unverified
        };
        drafts.extend(of_chain);
    }
    let mut is_unproven = false;
    if let Some(answer) = trail.http() {
        let of_proxy = words_of_proxy(case, trail, answer);
        let of_answer = of_proxy.or_else(|| http::judge(answer, endpoint, session));
        is_unproven = of_answer.is_none()
            && session == Session::Inspected
            && http::is_unproven(answer, endpoint);
        if let Some(tls) = trail.tls().filter(|_| is_unproven) {
            let unproven = |draft| tls::unproven_page(draft, &tls.presented, answer);
            drafts = drafts.into_iter().map(unproven).collect();
        }
        drafts.extend(of_answer);
    }
    if let End::Failed { failure, took } = trail.end() {
        match trail.route() {
            Route::Direct => {
                let mut of_step = failed(case, trail, failure, *took);
                reset::weigh(trail, failure, *took, &mut of_step);
                drafts.extend(of_step);
            }
            Route::Proxy(proxy) => {
                drafts.extend(failed_by_proxy(case, trail, proxy, failure, *took));
            }
        }
    }
    follow_up::segments::weigh(case, trail, &mut drafts);
    follow_up::old_hello::weigh(case, trail, &mut drafts);
    let is_direct = *trail.route() == Route::Direct;
    let is_hollow = endpoint.kind == Kind::Tcp
        && is_direct
        && trail.is_connected()
        && case.is_control_accepted();
    let fate = if is_hollow || drafts.iter().any(|draft| draft.is_failure() || is_closed(draft)) {
        if trail.is_connected() { Fate::Failed } else { Fate::Unconnected }
    } else {
        match trail.end() {
            End::Stopped(obstacle) => Fate::Obstructed(obstacle),
            End::Complete | End::Failed { .. }
                if !is_unproven && has_proof(trail, endpoint.kind) =>
            {
                Fate::Proven
            }
            End::Complete | End::Failed { .. } => Fate::Unfinished,
        }
    };
    Judged { trail, drafts, fate }
}

/// A proxy that only the runtime's own account may pass: not a failure, and no proof.
fn is_closed(draft: &Draft) -> bool {
    draft.cause == Cause::ProxyAuthRequired
}

/// What a step that failed on the direct way means.
fn failed(case: &Case<'_>, trail: &Trail, failure: &Failure, took: Duration) -> Vec<Draft> {
    match failure {
        Failure::Tcp(failure) => vec![tcp::failed(failure, took, trail.syns())],
        Failure::Tls(failure) => tls::failed(failure, took, case.endpoint()),
        Failure::Http(failure) => vec![http::failed(failure, took)],
        Failure::Tds(failure) => vec![tds::failed(failure, took)],
        Failure::Hold(failure) => vec![follow_up::hold::failed(failure)],
        // Only a record that someone wrote by hand has a proxy's failure on a direct way.
        Failure::Proxy(failure) => {
            let proxy = Proxied { url: "of the record".into() };
            proxy::failed(failure, took, &proxy, &place(case.endpoint()))
        }
    }
}

/// What a step that failed on the way through a proxy means: of the proxy, or of what is beyond.
fn failed_by_proxy(
    case: &Case<'_>,
    trail: &Trail,
    proxy: &Proxied,
    failure: &Failure,
    took: Duration,
) -> Vec<Draft> {
    let place = place(case.endpoint());
    let of_proxy = match failure {
        Failure::Tcp(failure) => Some(proxy::unconnected(failure, took, trail.syns())),
        Failure::Proxy(failure) => return proxy::failed(failure, took, proxy, &place),
        Failure::Http(failure) if proxy::is_absolute_form(trail) => {
            proxy::unanswered(failure, took, &place)
        }
        failure if trail.tunnel().is_some() && trail.tls().is_none() => {
            proxy::tunnel_closed(failure, took, &place)
        }
        _ => None,
    };
    match of_proxy {
        Some(draft) => vec![draft.of_proxy(&proxy.url)],
        None => failed(case, trail, failure, took),
    }
}

/// What the proxy itself says in answer to a request in absolute form.
fn words_of_proxy(case: &Case<'_>, trail: &Trail, answer: &HttpAnswer) -> Option<Draft> {
    let Route::Proxy(proxy) = trail.route() else { return None };
    if !proxy::is_absolute_form(trail) {
        return None;
    }
    let draft = proxy::in_place_of_the_service(answer, &place(case.endpoint()))?;
    Some(draft.of_proxy(&proxy.url))
}

/// Of a proxy's addresses a client takes the next where it cannot connect: slower, and it works.
fn lower_unconnected(judged: &mut [Judged<'_>]) {
    for one in judged.iter_mut().filter(|one| one.fate == Fate::Unconnected) {
        one.drafts = std::mem::take(&mut one.drafts).into_iter().map(Draft::lowered).collect();
    }
}

/// What proves an endpoint of this kind (contract, Status); that the chain and the answer are any
/// good was judged before. Saved records may be anything: without a connection there is no proof.
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

/// What kept addresses from being asked. A family without a route (or out of reach of `--source`)
/// is no failure as long as another one was asked.
fn judge_obstacles(case: &Case<'_>, route: &Route, judged: &[Judged<'_>], drafts: &mut Vec<Draft>) {
    let is_of_family = |obstacle: &Obstacle| {
        matches!(obstacle, Obstacle::NoRoute(_) | Obstacle::NoLocalAddress(_))
    };
    let all_of_family = judged
        .iter()
        .all(|judged| matches!(judged.fate, Fate::Obstructed(obstacle) if is_of_family(obstacle)));
    for one in judged {
        let Fate::Obstructed(obstacle) = one.fate else { continue };
        if is_of_family(obstacle) && !all_of_family {
            continue;
        }
        let draft = match obstacle {
            Obstacle::NoRoute(os) if !is_host_cut_off(case, judged) => {
                no_route(case, route, judged)
                    .evidence(format!("{}: no route, {os}", one.trail.remote()))
            }
            Obstacle::Cancelled | Obstacle::BudgetSpent => {
                obstacle::ended(obstacle, one.trail, case.endpoint())
            }
            other => obstacle::draft(other, case.endpoint()).seen_at(one.trail.remote()),
        };
        add(drafts, draft);
    }
}

fn no_route(case: &Case<'_>, route: &Route, judged: &[Judged<'_>]) -> Draft {
    let draft = match route {
        Route::Direct => Draft::new(
            Cause::TcpUnreachable,
            format!("{}: this host has no route to any of its addresses", place(case.endpoint())),
        ),
        Route::Proxy(proxy) => Draft::new(
            Cause::ProxyUnreachable,
            format!("the proxy {}: this host has no route to any of its addresses", proxy.url),
        )
        .fact("proxy", &*proxy.url),
    };
    let to = judged.iter().map(|one| whereto(case, one.trail));
    draft.proven().fact("addresses", addresses(judged)).at(to)
}

/// Without a route for a public address, and none for the control address either, this host has
/// no way out at all: what is wrong is the host's, not the name's.
fn is_host_cut_off(case: &Case<'_>, judged: &[Judged<'_>]) -> bool {
    let control_family = Family::V4;
    let has_no_way_out = case
        .run
        .control
        .as_ref()
        .is_some_and(|control| matches!(control.end(), End::Stopped(Obstacle::NoRoute(_))));
    let addresses = &case.run.vantage.addresses;
    // A host of the other family only, before a name without addresses of it, is not cut off.
    let is_other_family_up = addresses.iter().any(|address| Family::of(*address) != control_family);
    let misses_control_family_only =
        judged.iter().all(|one| Family::of(one.trail.remote().ip()) == control_family);
    has_no_way_out
        && judged.iter().all(|one| classify(one.trail.remote().ip()) == AddressClass::Public)
        && !(is_other_family_up && misses_control_family_only)
}

/// Some addresses work: those that do not are one finding, of the family or of the addresses.
fn judge_differences(
    case: &Case<'_>,
    names: &[Draft],
    judged: &mut [Judged<'_>],
    drafts: &mut Vec<Draft>,
) {
    for family in [Family::V4, Family::V6] {
        let is_of = |one: &Judged<'_>| Family::of(one.trail.remote().ip()) == family;
        let is_asked = |one: &Judged<'_>| {
            !matches!(
                one.fate,
                Fate::Obstructed(Obstacle::NoRoute(_) | Obstacle::NoLocalAddress(_))
            )
        };
        let mut asked = judged.iter().filter(|one| is_of(one) && is_asked(one)).peekable();
        if asked.peek().is_some() && asked.all(|one| one.fate == Fate::Unconnected) {
            drafts.push(family_fails(case, family, judged));
            for one in judged.iter_mut().filter(|one| is_of(one)) {
                one.drafts.clear();
                one.fate = Fate::Unfinished;
            }
        }
    }
    let is_failed = |one: &&Judged<'_>| matches!(one.fate, Fate::Unconnected | Fate::Failed);
    if judged.iter().any(|one| is_failed(&one)) {
        drafts.push(some_addresses_fail(case, names, judged));
        // What failed after the connect keeps its own cause beside this one.
        for one in judged.iter_mut().filter(|one| one.fate == Fate::Unconnected) {
            one.drafts.clear();
        }
    }
}

fn family_fails(case: &Case<'_>, family: Family, judged: &[Judged<'_>]) -> Draft {
    let (name, other) = match family {
        Family::V4 => ("IPv4", "IPv6"),
        Family::V6 => ("IPv6", "IPv4"),
    };
    let failed: Vec<&Judged<'_>> = judged
        .iter()
        .filter(|one| {
            one.fate == Fate::Unconnected && Family::of(one.trail.remote().ip()) == family
        })
        .collect();
    let remotes = list(failed.iter().map(|one| one.trail.remote().ip()), 2);
    let own: Vec<_> =
        case.run.vantage.addresses.iter().filter(|own| Family::of(**own) == family).collect();
    let from = if own.is_empty() { "this host".to_owned() } else { list(own, 3) };
    Draft::new(
        Cause::TcpFamily,
        format!("{} works by {other}, and not by {name} ({remotes})", place(case.endpoint())),
    )
    .all_evidence(failed.iter().map(|one| in_short(one)))
    .fact("addresses", remotes)
    .fact("from", from)
    .at(failed.iter().map(|one| whereto(case, one.trail)))
}

fn some_addresses_fail(case: &Case<'_>, names: &[Draft], judged: &[Judged<'_>]) -> Draft {
    let is_failed = |one: &&&Judged<'_>| matches!(one.fate, Fate::Unconnected | Fate::Failed);
    let told: Vec<&Judged<'_>> = judged
        .iter()
        .filter(|one| matches!(one.fate, Fate::Proven | Fate::Unconnected | Fate::Failed))
        .collect();
    let failing: Vec<Destination> =
        told.iter().filter(is_failed).map(|one| whereto(case, one.trail)).collect();
    let failed = list(told.iter().filter(is_failed).map(|one| one.trail.remote().ip()), 3);
    let working = told.iter().filter(|one| one.fate == Fate::Proven);
    let draft = Draft::new(
        Cause::TcpSomeAddresses,
        format!(
            "{} works at {}, and not at {failed}",
            place(case.endpoint()),
            list(working.map(|one| one.trail.remote().ip()), 2)
        ),
    )
    .proven()
    .all_evidence(told.iter().map(|one| in_short(one)))
    .fact("addresses", failed)
    .fact("tags", tags(case, judged))
    .at(failing);
    let is_split = names.iter().any(|draft| draft.cause == Cause::DnsViewsDiffer);
    if is_split && are_of_different_classes(&told) {
        // To open the firewall for an address that only an odd name server gives would be wrong.
        draft.owner(Owner::Dns).explained_by(Cause::DnsViewsDiffer)
    } else {
        draft
    }
}

/// Whether what fails is private and what works public, or the other way round.
fn are_of_different_classes(told: &[&Judged<'_>]) -> bool {
    let class = |one: &Judged<'_>| classify(one.trail.remote().ip());
    let (working, failed): (Vec<&Judged<'_>>, Vec<_>) =
        told.iter().copied().partition(|one| one.fate == Fate::Proven);
    failed.iter().all(|failed| working.iter().all(|working| class(working) != class(failed)))
}

/// One line on one address.
fn in_short(one: &Judged<'_>) -> String {
    match (one.drafts.first(), one.trail.failure()) {
        (Some(draft), Some(_)) => {
            format!("{}: {} ({})", attempt(one.trail), draft.words(), draft.cause)
        }
        (Some(draft), None) => {
            format!("{}: {} ({})", one.trail.remote(), draft.words(), draft.cause)
        }
        (None, _) => format!("{}: works", one.trail.remote()),
    }
}

fn middlebox(case: &Case<'_>) -> Draft {
    let control = case
        .run
        .control
        .as_ref()
        .map_or("192.0.2.1".to_owned(), |control| control.remote().to_string());
    Draft::new(
        Cause::TcpAnsweredByMiddlebox,
        format!(
            "{}: a middlebox accepts every connection, so the accepted one proves nothing",
            place(case.endpoint())
        ),
    )
    .evidence(format!("{control}, where nothing can answer, is accepted too"))
}

/// Joins what several addresses say alike: one finding a cause, with all their evidence.
fn group(
    case: &Case<'_>,
    route: &Route,
    judged: Vec<Judged<'_>>,
    names: &[Draft],
    drafts: &mut Vec<Draft>,
) {
    let mut groups: Vec<(Draft, Vec<SocketAddr>)> = Vec::new();
    let is_to_open = |one: &Judged<'_>| *route == Route::Direct || one.fate == Fate::Unconnected;
    for one in judged {
        let remote = one.trail.remote();
        let has_failed = one.trail.failure().is_some();
        let to = is_to_open(&one).then(|| whereto(case, one.trail));
        for draft in one.drafts {
            let draft = if has_failed { draft.seen_in(one.trail) } else { draft.seen_at(remote) };
            let draft = draft.at(to.clone());
            match groups.iter_mut().find(|(first, _)| first.cause == draft.cause) {
                Some((first, remotes)) => {
                    first.join(draft);
                    if !remotes.contains(&remote) {
                        remotes.push(remote);
                    }
                }
                None => groups.push((draft, vec![remote])),
            }
        }
    }
    let is_control_refused = case.run.control.is_some() && !case.is_control_accepted();
    for (draft, remotes) in groups {
        let draft = match route {
            Route::Direct => advise(case, draft, &remotes, names)
                .said_of(&subject(case, &remotes))
                .fact("tags", tags_for(case, &remotes)),
            Route::Proxy(proxy) => by_proxy(case, draft, proxy),
        };
        let mut draft = draft.fact("addresses", list(remotes.iter().map(SocketAddr::ip), 4));
        if is_control_refused {
            draft = draft.without_rival(Cause::TcpAnsweredByMiddlebox);
        }
        add(drafts, draft);
    }
}

/// Beyond a proxy it is the proxy that asks, of an address that it alone knows.
fn by_proxy(case: &Case<'_>, draft: Draft, proxy: &Proxied) -> Draft {
    let url = &*proxy.url;
    let draft = draft.without_rival(Cause::TcpAnsweredByMiddlebox);
    let draft = if draft.is_of_proxy() {
        draft
    } else {
        draft
            .fact("from", format!("the proxy {url}"))
            .fact("addresses", format!("the address that the proxy {url} goes to"))
    };
    let place = place(case.endpoint());
    draft
        .said_of(&format!("{place} by the proxy {url}"))
        .fact("proxy", url)
        .fact("configured", proxy::configured_in(case.run))
}

/// What to do about addresses that are not the ordinary public ones: what follows from a wrong
/// address is mended with the address, and private ones are not behind the way to the internet.
fn advise(case: &Case<'_>, draft: Draft, remotes: &[SocketAddr], names: &[Draft]) -> Draft {
    let all = |class| remotes.iter().all(|remote| classify(remote.ip()) == class);
    let is_filter = remotes.iter().all(|remote| sinkhole::is_filter(remote.ip()));
    let found = |cause| names.iter().any(|draft: &Draft| draft.cause == cause);
    let wrong_address = [
        (Cause::DnsSinkhole, is_filter || all(AddressClass::NotRoutable)),
        (Cause::DnsOsOverride, true),
        (Cause::PathPublicExpected, all(AddressClass::Private)),
        (Cause::PathPrivateOutsideNetwork, all(AddressClass::Private)),
    ];
    if let Some((cause, _)) =
        wrong_address.into_iter().find(|(cause, is_there)| *is_there && found(*cause))
    {
        return draft.owner(Owner::Dns).explained_by(cause);
    }
    let is_blocked =
        matches!(draft.cause, Cause::TcpTimeout | Cause::TcpRefused | Cause::TcpUnreachable);
    if !is_blocked || !all(AddressClass::Private) {
        return draft;
    }
    let draft = draft.without_rival(Cause::RouteProxyRequired);
    if case.endpoint().role == Role::Peer {
        draft.template(
            "Allow TCP {port} from {from} to {destinations}, in the Windows Firewall of both \
             nodes too, and enable remote access from intranet there.",
        )
    } else {
        draft.template(
            "Allow TCP {port} from {from} to {destinations} in the NSGs, firewalls and routes \
             between the two networks. If the private endpoint was made anew, correct its record \
             first.",
        )
    }
}

/// `host:port at address`, or the address alone where that is what was asked for.
fn subject(case: &Case<'_>, remotes: &[SocketAddr]) -> String {
    let place = place(case.endpoint());
    match &case.endpoint().subject {
        Subject::Host(Host::Address(_)) => place,
        Subject::Host(Host::Name(_)) | Subject::Pattern(_) => {
            format!("{place} at {}", list(remotes.iter().map(SocketAddr::ip), 2))
        }
    }
}

fn addresses(judged: &[Judged<'_>]) -> String {
    list(judged.iter().map(|one| one.trail.remote().ip()), 4)
}

fn tags(case: &Case<'_>, judged: &[Judged<'_>]) -> String {
    let remotes: Vec<SocketAddr> = judged.iter().map(|one| one.trail.remote()).collect();
    tags_for(case, &remotes)
}

/// Where a trail was to lead: to the endpoint, or to the proxy on the way.
fn whereto(case: &Case<'_>, trail: &Trail) -> Destination {
    let remote = trail.remote();
    match trail.route() {
        Route::Direct => destination(case.endpoint(), Some(remote.ip())),
        Route::Proxy(proxy) => Destination {
            name: proxy::host(&proxy.url).to_owned(),
            address: Some(remote.ip()),
            port: remote.port(),
            protocol: "tcp",
        },
    }
}

/// Which service tags an NSG rule may use: for public addresses only, as tags hold no others.
fn tags_for(case: &Case<'_>, remotes: &[SocketAddr]) -> String {
    let tags = &case.endpoint().expect.service_tags;
    let is_public = |remote: &SocketAddr| classify(remote.ip()) == AddressClass::Public;
    if tags.is_empty() || !remotes.iter().all(is_public) {
        return String::new();
    }
    tags.join(" or ")
}
