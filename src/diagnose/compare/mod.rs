//! The trails of one name by one route, weighed against each other: which addresses work, which do
//! not, and what the difference means.

mod trail;

use std::net::SocketAddr;

use super::case::{Case, is_control_without_route};
use super::finding::{Draft, destination, settle};
use super::words::{attempt, list};
use super::{absent, obstacle, proxy, sinkhole, tcp};
use crate::model::{
    AddressClass, Cause, Destination, Family, Host, Obstacle, Owner, Proxied, Reach, Role, Route,
    Subject, Trail, classify,
};
use trail::{JudgedTrail, TrailOutcome};

/// What the trails of a name by one route mean together.
pub(super) struct RouteOutcome<'a> {
    pub(super) route: &'a Route,
    pub(super) drafts: Vec<Draft>,
    /// At least one address proved to be the endpoint.
    pub(super) is_proven: bool,
    /// No connection was made, to the far end or to the proxy.
    is_unconnected: bool,
}

impl RouteOutcome<'_> {
    /// The first draft that fails the route.
    pub(super) fn failure(&self) -> Option<&Draft> {
        self.drafts.iter().find(|draft| draft.is_failure())
    }

    pub(super) fn is_failed(&self) -> bool {
        !self.is_proven && self.failure().is_some()
    }

    /// Whether a client that has another route goes on to it: it could not connect by this one.
    pub(super) fn is_left_behind(&self) -> bool {
        let is_silent = || self.drafts.iter().any(|draft| draft.cause == Cause::ProxyTimeout);
        !self.is_proven && (self.is_unconnected || is_silent())
    }

    pub(super) fn is_measured(&self) -> bool {
        self.is_proven || !self.drafts.is_empty()
    }
}

/// Judges the trails by `route`. `of_name` are the drafts about the name and its addresses.
pub(super) fn judge<'a>(case: &Case<'a>, route: &'a Route, of_name: &[Draft]) -> RouteOutcome<'a> {
    let trails = case.record.trails.iter().filter(|trail| trail.route() == route);
    let trails: Vec<JudgedTrail<'_>> = trails.map(|trail| JudgedTrail::of(case, trail)).collect();
    let is_proven = trails.iter().any(|one| one.outcome == TrailOutcome::Proven);
    let is_unconnected = trails.iter().all(|one| one.outcome == TrailOutcome::Unconnected);
    let is_clean =
        |one: &JudgedTrail<'_>| one.outcome == TrailOutcome::Proven && one.drafts.is_empty();
    let drafts = match route {
        Route::Proxy(proxy) if trails.is_empty() => proxy::unresolvable(case, proxy),
        _ if trails.iter().all(is_clean) => Vec::new(),
        _ => Comparison { case, route, of_name, is_proven }.drafts(trails),
    };
    RouteOutcome { route, drafts, is_proven, is_unconnected }
}

/// What the trails of one route are compared with.
struct Comparison<'c, 'a> {
    case: &'c Case<'a>,
    route: &'c Route,
    /// The drafts about the name and its addresses.
    of_name: &'c [Draft],
    is_proven: bool,
}

impl Comparison<'_, '_> {
    fn drafts(&self, mut trails: Vec<JudgedTrail<'_>>) -> Vec<Draft> {
        let mut all = self.obstacles(&trails);
        match self.route {
            Route::Direct => {
                if self.is_proven {
                    let (differences, others) = self.differences(trails);
                    all.extend(differences);
                    trails = others;
                }
                all.extend(self.middlebox(&trails));
            }
            Route::Proxy(_) if self.is_proven => {
                trails = trails.into_iter().map(JudgedTrail::lowered_if_unconnected).collect();
            }
            Route::Proxy(_) => {}
        }
        all.extend(self.by_cause(trails));
        settle(all)
    }

    /// One draft for each obstacle that kept addresses from being asked. A family without a route
    /// (or out of reach of `--source`) is no failure as long as an address of the other one was
    /// asked.
    fn obstacles(&self, trails: &[JudgedTrail<'_>]) -> Vec<Draft> {
        let is_any_asked = !trails.iter().all(|one| one.outcome.is_without_family());
        let obstructed = trails.iter().filter_map(|one| match one.outcome {
            TrailOutcome::Obstructed(obstacle) => Some((one, obstacle)),
            _ => None,
        });
        let weighed =
            obstructed.filter(|(one, _)| !(is_any_asked && one.outcome.is_without_family()));
        let draft = |(one, obstacle): (&JudgedTrail<'_>, &Obstacle)| match obstacle {
            Obstacle::NoRoute(os) if !self.is_host_cut_off(trails) => {
                self.no_route(trails).evidence(format!("{}: no route, {os}", one.trail.remote()))
            }
            Obstacle::Cancelled | Obstacle::BudgetSpent => {
                obstacle::ended(obstacle, one.trail, self.case.endpoint())
            }
            other => obstacle::draft(other, self.case.endpoint()).seen_at(one.trail.remote()),
        };
        weighed.map(draft).collect()
    }

    fn no_route(&self, trails: &[JudgedTrail<'_>]) -> Draft {
        let draft = match self.route {
            Route::Direct => Draft::new(
                Cause::TcpUnreachable,
                format!(
                    "{}: this host has no route to any of its addresses",
                    self.case.endpoint().host_port()
                ),
            ),
            Route::Proxy(proxy) => Draft::new(
                Cause::ProxyUnreachable,
                format!("the proxy {}: this host has no route to any of its addresses", proxy.url),
            )
            .fact("proxy", &*proxy.url),
        };
        draft
            .proven()
            .owner(Owner::Host)
            .template(tcp::own_route_remedy(self.case.run))
            .fact("addresses", list(trails.iter().map(JudgedTrail::address), 4))
            .destinations(trails.iter().map(|one| self.destination_of(one.trail)))
    }

    /// Without a route for a public address, and none for the control address either, this host has
    /// no way out at all: the fault is the host's and not the name's.
    fn is_host_cut_off(&self, trails: &[JudgedTrail<'_>]) -> bool {
        let control_family = Family::V4;
        let run = self.case.run;
        // A host of the other family alone is not cut off where the name has no address of that
        // family.
        let is_other_family_up =
            run.vantage.addresses.iter().any(|own| Family::of(*own) != control_family);
        let misses_control_family_only =
            trails.iter().all(|one| Family::of(one.address()) == control_family);
        is_control_without_route(run)
            && trails.iter().all(|one| classify(one.address()) == AddressClass::Public)
            && !(is_other_family_up && misses_control_family_only)
    }

    /// Some addresses work: a family that fails as a whole is one finding, and the other addresses
    /// that fail are another. Returned with them are the trails that these findings do not speak
    /// for; what failed after the connect keeps its own cause beside them.
    fn differences<'t>(&self, trails: Vec<JudgedTrail<'t>>) -> (Vec<Draft>, Vec<JudgedTrail<'t>>) {
        let is_failing = |family: &Family| {
            let of_family = trails.iter().filter(|one| Family::of(one.address()) == *family);
            let mut asked = of_family.filter(|one| !one.outcome.is_without_family()).peekable();
            asked.peek().is_some() && asked.all(|one| one.outcome == TrailOutcome::Unconnected)
        };
        let failing: Vec<Family> =
            [Family::V4, Family::V6].into_iter().filter(is_failing).collect();
        let mut drafts: Vec<Draft> =
            failing.iter().map(|family| self.family_fails(*family, &trails)).collect();
        let tags = self.tags(&trails.iter().map(|one| one.trail.remote()).collect::<Vec<_>>());
        let mut others = trails;
        others.retain(|one| !failing.contains(&Family::of(one.address())));
        if others.iter().any(|one| one.outcome.is_failed()) {
            drafts.push(self.some_addresses_fail(&others, tags));
            others.retain(|one| one.outcome != TrailOutcome::Unconnected);
        }
        (drafts, others)
    }

    fn family_fails(&self, family: Family, trails: &[JudgedTrail<'_>]) -> Draft {
        let (name, other) = match family {
            Family::V4 => ("IPv4", "IPv6"),
            Family::V6 => ("IPv6", "IPv4"),
        };
        let failed: Vec<&JudgedTrail<'_>> = trails
            .iter()
            .filter(|one| one.outcome == TrailOutcome::Unconnected)
            .filter(|one| Family::of(one.address()) == family)
            .collect();
        let remotes = list(failed.iter().map(|one| one.address()), 2);
        let own_addresses = &self.case.run.vantage.addresses;
        let own: Vec<_> = own_addresses.iter().filter(|own| Family::of(**own) == family).collect();
        let from = if own.is_empty() { "this host".to_owned() } else { list(own, 3) };
        let host_port = self.case.endpoint().host_port();
        Draft::new(
            Cause::TcpFamily,
            format!("{host_port} works by {other}, and not by {name} ({remotes})"),
        )
        .all_evidence(failed.iter().map(|one| summary(one)))
        .fact("addresses", remotes)
        .fact("from", from)
        .destinations(failed.iter().map(|one| self.destination_of(one.trail)))
    }

    fn some_addresses_fail(&self, trails: &[JudgedTrail<'_>], tags: String) -> Draft {
        let decided: Vec<&JudgedTrail<'_>> = trails
            .iter()
            .filter(|one| one.outcome == TrailOutcome::Proven || one.outcome.is_failed())
            .collect();
        let failed: Vec<_> = decided.iter().filter(|one| one.outcome.is_failed()).collect();
        let working = decided.iter().filter(|one| one.outcome == TrailOutcome::Proven);
        let failed_addresses = list(failed.iter().map(|one| one.address()), 3);
        let draft = Draft::new(
            Cause::TcpSomeAddresses,
            format!(
                "{} works at {}, and not at {failed_addresses}",
                self.case.endpoint().host_port(),
                list(working.map(|one| one.address()), 2)
            ),
        )
        .proven()
        .all_evidence(decided.iter().map(|one| summary(one)))
        .fact("addresses", failed_addresses)
        .fact("tags", tags)
        .destinations(failed.iter().map(|one| self.destination_of(one.trail)));
        if self.is_found(Cause::DnsViewsDiffer) && are_of_different_classes(&decided) {
            // To open the firewall for an address that only an odd name server gives would be
            // wrong.
            draft.owner(Owner::Dns).explained_by(Cause::DnsViewsDiffer)
        } else {
            draft
        }
    }

    /// A middlebox that accepts every connection, where trails failed after they were accepted.
    fn middlebox(&self, trails: &[JudgedTrail<'_>]) -> Option<Draft> {
        let failed = trails.iter().filter(|one| one.outcome == TrailOutcome::Failed);
        let destinations: Vec<_> = failed.map(|one| self.destination_of(one.trail)).collect();
        let control = self.case.run.control.as_ref().filter(|control| control.is_connected())?;
        if destinations.is_empty() {
            return None;
        }
        let host_port = self.case.endpoint().host_port();
        let draft = Draft::new(
            Cause::TcpAnsweredByMiddlebox,
            format!(
                "{host_port}: a middlebox accepts every connection, so the accepted one proves \
                 nothing"
            ),
        );
        let evidence = format!("{}, where nothing can answer, is accepted too", control.remote());
        Some(draft.evidence(evidence).destinations(destinations))
    }

    /// One draft for each cause, with the evidence of every address that has it.
    fn by_cause(&self, trails: Vec<JudgedTrail<'_>>) -> Vec<Draft> {
        let mut groups: Vec<(Draft, Vec<SocketAddr>)> = Vec::new();
        for one in trails {
            let remote = one.trail.remote();
            let has_failed = one.trail.failure().is_some();
            let is_to_open =
                *self.route == Route::Direct || one.outcome == TrailOutcome::Unconnected;
            let destination = is_to_open.then(|| self.destination_of(one.trail));
            for draft in one.drafts {
                let draft =
                    if has_failed { draft.seen_in(one.trail) } else { draft.seen_at(remote) };
                let draft = draft.destinations(destination.clone());
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
        groups.into_iter().map(|(draft, remotes)| self.complete(draft, &remotes)).collect()
    }

    /// Adds the subject and what the remedy needs to a draft that was seen at `remotes`.
    fn complete(&self, draft: Draft, remotes: &[SocketAddr]) -> Draft {
        let draft = match self.route {
            Route::Direct => self
                .advise(draft, remotes)
                .prefix_subject(&self.subject(remotes))
                .fact("tags", self.tags(remotes)),
            Route::Proxy(proxy) => self.complete_by_proxy(draft, proxy),
        };
        let draft = draft.fact("addresses", list(remotes.iter().map(SocketAddr::ip), 4));
        let is_control_refused =
            self.case.run.control.is_some() && !self.case.is_control_accepted();
        if is_control_refused { draft.without_rival(Cause::TcpAnsweredByMiddlebox) } else { draft }
    }

    /// Beyond a proxy it is the proxy that connects, to an address that it alone knows.
    fn complete_by_proxy(&self, draft: Draft, proxy: &Proxied) -> Draft {
        let url = &*proxy.url;
        let draft = draft.without_rival(Cause::TcpAnsweredByMiddlebox);
        let draft = if draft.is_of_proxy() {
            draft
        } else {
            draft
                .fact("from", format!("the proxy {url}"))
                .fact("addresses", format!("the address that the proxy {url} goes to"))
        };
        draft
            .prefix_subject(&format!("{} by the proxy {url}", self.case.endpoint().host_port()))
            .fact("proxy", url)
            .fact("configured", proxy::configured_in(self.case.run))
    }

    /// Changes the remedy for addresses that are not the ordinary public ones: a failure that a
    /// wrong address explains is fixed with that address, and no firewall to the internet stands
    /// before a private one.
    fn advise(&self, draft: Draft, remotes: &[SocketAddr]) -> Draft {
        let all = |class| remotes.iter().all(|remote| classify(remote.ip()) == class);
        let is_filter = remotes.iter().all(|remote| sinkhole::is_filter(remote.ip()));
        let is_lie = |remote: &SocketAddr| {
            let mut lookups = self.case.record.lookups.iter();
            lookups.any(|lookup| absent::is_lie_at(self.case.run, lookup, remote.ip()))
        };
        let is_sinkhole = is_filter || all(AddressClass::NotRoutable) || remotes.iter().all(is_lie);
        let is_blocked =
            matches!(draft.cause, Cause::TcpTimeout | Cause::TcpRefused | Cause::TcpUnreachable);
        // Nobody opens a firewall to the public addresses of a name that is to be private.
        let is_to_stay_closed = is_blocked
            && all(AddressClass::Public)
            && self.case.endpoint().expect.reach == Reach::Private;
        let wrong_address = [
            (Cause::DnsSinkhole, is_sinkhole),
            (Cause::DnsOsOverride, true),
            (Cause::PathPublicExpected, all(AddressClass::Private)),
            (Cause::PathPrivateOutsideNetwork, all(AddressClass::Private)),
            (Cause::PathPrivateEndpointAbsent, is_to_stay_closed),
            (Cause::PathPrivateZoneNotLinked, is_to_stay_closed),
        ];
        let explaining = wrong_address
            .into_iter()
            .find(|(cause, may_explain)| *may_explain && self.is_found(*cause));
        if let Some((cause, _)) = explaining {
            return draft.follows_from(cause);
        }
        // What this host itself does not let out reaches no firewall.
        if !is_blocked || draft.is_of(Owner::Host) || !all(AddressClass::Private) {
            return draft;
        }
        let draft = draft.without_rival(Cause::RouteProxyRequired);
        if self.case.endpoint().role == Role::Peer {
            draft.template(
                "Allow TCP {port} from {from} to {destinations}, in the Windows Firewall of both \
                 nodes too, and enable remote access from intranet there.",
            )
        } else {
            draft.template(
                "Allow TCP {port} from {from} to {destinations} in the NSGs, firewalls and routes \
                 between the two networks. If the private endpoint was made anew, correct its \
                 record first.",
            )
        }
    }

    /// Whether the name was found to have `cause`.
    fn is_found(&self, cause: Cause) -> bool {
        self.of_name.iter().any(|draft| draft.cause == cause)
    }

    /// `host:port at address`, or the address alone where the endpoint is given by its address.
    fn subject(&self, remotes: &[SocketAddr]) -> String {
        let host_port = self.case.endpoint().host_port();
        match &self.case.endpoint().subject {
            Subject::Host(Host::Address(_)) => host_port,
            Subject::Host(Host::Name(_)) | Subject::Pattern(_) => {
                format!("{host_port} at {}", list(remotes.iter().map(SocketAddr::ip), 2))
            }
        }
    }

    /// Where a trail was to lead: to the endpoint, or to the proxy on the way.
    fn destination_of(&self, trail: &Trail) -> Destination {
        let remote = trail.remote();
        match trail.route() {
            Route::Direct => destination(self.case.endpoint(), Some(remote.ip())),
            Route::Proxy(proxy) => Destination {
                name: proxy::host(&proxy.url).to_owned(),
                address: Some(remote.ip()),
                port: remote.port(),
                protocol: "tcp",
            },
        }
    }

    /// The service tags that an NSG rule may name for `remotes`: none where one of them is not
    /// known to be the cloud's, as tags hold no other addresses.
    fn tags(&self, remotes: &[SocketAddr]) -> String {
        let tags = &self.case.endpoint().expect.service_tags;
        let is_held = |remote: &SocketAddr| self.case.is_azure.holds(remote.ip()) == Some(true);
        if tags.is_empty() || !remotes.iter().all(is_held) {
            return String::new();
        }
        tags.join(" or ")
    }
}

/// Whether what fails is private and what works public, or the other way round.
fn are_of_different_classes(decided: &[&JudgedTrail<'_>]) -> bool {
    let class = |one: &JudgedTrail<'_>| classify(one.address());
    let (working, failed): (Vec<&JudgedTrail<'_>>, Vec<_>) =
        decided.iter().copied().partition(|one| one.outcome == TrailOutcome::Proven);
    failed.iter().all(|failed| working.iter().all(|working| class(working) != class(failed)))
}

/// One line of evidence about one address.
fn summary(one: &JudgedTrail<'_>) -> String {
    let remote = one.trail.remote();
    match (one.drafts.first(), one.trail.failure()) {
        (Some(draft), Some(_)) => {
            format!("{}: {} ({})", attempt(one.trail), draft.message(), draft.cause)
        }
        (Some(draft), None) => format!("{remote}: {} ({})", draft.message(), draft.cause),
        (None, _) => format!("{remote}: works"),
    }
}
