//! The trails of one name against each other: what works, what does not, and what that says.

use std::net::SocketAddr;

use super::blockpage::Session;
use super::finding::{Draft, add, list, place};
use super::{Case, http, obstacle, proxy, sinkhole, tcp, tds, tls};
use crate::model::{
    AddressClass, Cause, End, Failure, Family, Host, Kind, Obstacle, Owner, Subject, Trail,
    classify,
};

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

/// Judges the trails, and says whether at least one address holds its proof.
pub(super) fn judge(case: &Case<'_>, drafts: &mut Vec<Draft>) -> bool {
    let mut judged: Vec<Judged<'_>> =
        case.record.trails.iter().map(|trail| judge_trail(case, trail)).collect();
    let has_proof = judged.iter().any(|one| one.fate == Fate::Proven);
    if judged.iter().all(|one| one.fate == Fate::Proven && one.drafts.is_empty()) {
        return has_proof;
    }
    judge_obstacles(case, &judged, drafts);
    if has_proof {
        judge_differences(case, &mut judged, drafts);
    }
    if case.is_control_accepted() && judged.iter().any(|one| one.fate == Fate::Failed) {
        drafts.push(middlebox(case));
    }
    group(case, judged, drafts);
    has_proof
}

fn judge_trail<'a>(case: &Case<'_>, trail: &'a Trail) -> Judged<'a> {
    let endpoint = case.endpoint();
    let mut drafts = Vec::new();
    let mut session = Session::Open;
    if let (Some(tls), Some(host)) = (trail.tls(), endpoint.subject.host()) {
        drafts = tls::judge(&tls.presented, host);
        session =
            if tls::proves(&tls.presented, host) { Session::Verified } else { Session::Unverified };
    }
    if let Some(answer) = trail.http() {
        drafts.extend(http::judge(answer, endpoint, session));
    }
    if let End::Failed { failure, took } = trail.end() {
        match failure {
            Failure::Tcp(failure) => drafts.push(tcp::failed(failure, *took)),
            Failure::Proxy(failure) => drafts.push(proxy::failed(failure, *took)),
            Failure::Tls(failure) => drafts.extend(tls::failed(failure, *took, endpoint)),
            Failure::Http(failure) => drafts.push(http::failed(failure, *took)),
            Failure::Tds(failure) => drafts.push(tds::failed(failure, *took)),
        }
    }
    let is_hollow =
        endpoint.kind == Kind::Tcp && trail.is_connected() && case.is_control_accepted();
    let fate = if is_hollow || drafts.iter().any(Draft::is_failure) {
        if trail.is_connected() { Fate::Failed } else { Fate::Unconnected }
    } else {
        match trail.end() {
            End::Stopped(obstacle) => Fate::Obstructed(obstacle),
            End::Complete | End::Failed { .. } if has_proof(trail, endpoint.kind) => Fate::Proven,
            End::Complete | End::Failed { .. } => Fate::Unfinished,
        }
    };
    Judged { trail, drafts, fate }
}

/// What proves an endpoint of this kind (contract, Status); that the chain and the answer are any
/// good was judged before. Saved records may be anything: without a connection there is no proof.
fn has_proof(trail: &Trail, kind: Kind) -> bool {
    let has_answer = match kind {
        Kind::Https | Kind::Relay => trail.tls().is_some() && trail.http().is_some(),
        Kind::Tls => trail.tls().is_some(),
        Kind::Tds => trail.tds().is_some(),
        Kind::Http => trail.http().is_some(),
        Kind::Tcp => true,
    };
    trail.is_connected() && has_answer
}

/// What kept addresses from being asked. A family without a route (or out of reach of `--source`)
/// is no failure as long as another one was asked.
fn judge_obstacles(case: &Case<'_>, judged: &[Judged<'_>], drafts: &mut Vec<Draft>) {
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
            Obstacle::NoRoute(os) if !is_host_cut_off(case, judged) => Draft::new(
                Cause::TcpUnreachable,
                format!(
                    "{}: this host has no route to any of its addresses",
                    place(case.endpoint())
                ),
            )
            .evidence(format!("{}: no route, {os}", one.trail.remote()))
            .proven()
            .fact("addresses", addresses(judged)),
            other => obstacle::draft(other, case.endpoint()).seen_at(one.trail.remote()),
        };
        add(drafts, draft);
    }
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
fn judge_differences(case: &Case<'_>, judged: &mut [Judged<'_>], drafts: &mut Vec<Draft>) {
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
        drafts.push(some_addresses_fail(case, judged));
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
}

fn some_addresses_fail(case: &Case<'_>, judged: &[Judged<'_>]) -> Draft {
    let is_failed = |one: &&&Judged<'_>| matches!(one.fate, Fate::Unconnected | Fate::Failed);
    let told: Vec<&Judged<'_>> = judged
        .iter()
        .filter(|one| matches!(one.fate, Fate::Proven | Fate::Unconnected | Fate::Failed))
        .collect();
    let failed = list(told.iter().filter(is_failed).map(|one| one.trail.remote().ip()), 3);
    let working = told.iter().filter(|one| one.fate == Fate::Proven);
    Draft::new(
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
}

/// One line on one address.
fn in_short(one: &Judged<'_>) -> String {
    let remote = one.trail.remote();
    match one.drafts.first() {
        Some(draft) => format!("{remote}: {} ({})", draft.words(), draft.cause),
        None => format!("{remote}: works"),
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
fn group(case: &Case<'_>, judged: Vec<Judged<'_>>, drafts: &mut Vec<Draft>) {
    let mut groups: Vec<(Draft, Vec<SocketAddr>)> = Vec::new();
    for one in judged {
        let remote = one.trail.remote();
        for draft in one.drafts {
            let draft = draft.seen_at(remote);
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
        let subject = subject(case, &remotes);
        let mut draft = advise(case, draft, &remotes, drafts)
            .said_of(&subject)
            .fact("addresses", list(remotes.iter().map(SocketAddr::ip), 4))
            .fact("tags", tags_for(case, &remotes));
        if is_control_refused {
            draft = draft.without_rival(Cause::TcpAnsweredByMiddlebox);
        }
        add(drafts, draft);
    }
}

/// What to do about addresses that are not the ordinary public ones: what follows from a wrong
/// address is mended with the address, and private ones are not behind the way to the internet.
fn advise(case: &Case<'_>, draft: Draft, remotes: &[SocketAddr], names: &[Draft]) -> Draft {
    let all = |class| remotes.iter().all(|remote| classify(remote.ip()) == class);
    let is_filter = remotes.iter().all(|remote| sinkhole::is_filter(remote.ip()));
    let found = |cause| names.iter().any(|draft: &Draft| draft.cause == cause);
    let wrong_address = [
        (Cause::DnsSinkhole, is_filter || all(AddressClass::NotRoutable)),
        (Cause::PathPublicExpected, all(AddressClass::Private)),
        (Cause::PathPrivateOutsideNetwork, all(AddressClass::Private)),
    ];
    if let Some((cause, _)) =
        wrong_address.into_iter().find(|(cause, is_there)| *is_there && found(*cause))
    {
        return draft.owner(Owner::Dns).remedy(format!(
            "Mend {cause} first: this follows from the address that the name resolves to."
        ));
    }
    let is_blocked =
        matches!(draft.cause, Cause::TcpTimeout | Cause::TcpRefused | Cause::TcpUnreachable);
    if !is_blocked || !all(AddressClass::Private) {
        return draft;
    }
    let draft = draft.without_rival(Cause::RouteProxyRequired);
    if case.endpoint().entry == "peer" {
        draft.template(
            "Allow TCP {port} from {from} to {host}, in the Windows Firewall of both nodes too, \
             and enable remote access from intranet there.",
        )
    } else {
        draft.template(
            "Allow TCP {port} from {from} to {addresses} in the NSGs, firewalls and routes \
             between the two networks. If the private endpoint was made anew, correct the record \
             of {host} first.",
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

/// Which service tag an NSG rule may use: for public addresses only, as tags hold no others.
fn tags_for(case: &Case<'_>, remotes: &[SocketAddr]) -> String {
    let tags = &case.endpoint().expect.service_tags;
    let is_public = |remote: &SocketAddr| classify(remote.ip()) == AddressClass::Public;
    if tags.is_empty() || !remotes.iter().all(is_public) {
        return String::new();
    }
    format!("; in an NSG, the service tag {} covers it", tags.join(" or "))
}
