//! What a host's ways to its endpoints are made of, and how each endpoint fared: all that is kept
//! of a report for finding out what the failures of many hosts share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::placeholders::OwnNames;
use crate::model::{GatewayName, HostName, Severity, Status};
use crate::plan::deployment_of;
use crate::report::verdict_line::CountedEndpoint;
use crate::report_v1::{Endpoint, Finding, Lookup, Report, Trail};

/// Something that the way from a host to an endpoint leads through, or is decided by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum WayPart {
    Resolver(IpAddr),
    /// `None` where the way is direct.
    Proxy(Option<String>),
    RouteRule(String),
    /// The address that the host leaves from.
    Source(IpAddr),
    RuntimeVersion(String),
    /// An endpoint as `host:port`.
    Name(String),
    Deployment(String),
    /// The address that the way leads to.
    Destination(IpAddr),
    Issuer(String),
}

/// What failed, wherever it did: endpoints of one role by one cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FailureKind {
    /// `relay`; empty where it is of the run.
    pub(super) role: String,
    pub(super) cause: String,
}

/// How endpoints of one role fared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fared {
    role: String,
    /// They work, though there may be something to look at. What fails and is not required does not
    /// work, whatever its status.
    is_sound: bool,
    /// Each cause with its owner, and how bad it is.
    causes: BTreeMap<String, (Severity, String)>,
    /// Causes that only follow from others: nobody counts them, and who has one is not without it.
    followed: BTreeSet<String>,
}

/// The parts of all endpoints that fared alike, by their places in [`HostFacts::parts`].
#[derive(Clone, Debug, Default)]
struct Alike {
    parts: BTreeSet<usize>,
    sample: Option<String>,
}

/// What is kept of one report: every part once, however many endpoints share it.
#[derive(Clone, Debug, Default)]
pub(super) struct HostFacts {
    parts: Vec<WayPart>,
    fared: BTreeMap<Fared, Alike>,
}

/// Those of a host's endpoints of one role that failed alike, or those that worked.
#[derive(Debug)]
pub(super) struct HostCase<'a> {
    pub(super) parts: BTreeSet<&'a WayPart>,
    /// One of the endpoints, as `--endpoint` takes it.
    pub(super) sample: Option<&'a str>,
}

impl HostFacts {
    /// Those of `report`; failures are what `counts` holds for. What `own` holds is in no other
    /// report, whatever it is called there, and is not known here.
    pub(super) fn of(report: &Report, own: &OwnNames, counts: impl Fn(&&Finding) -> bool) -> Self {
        let mut facts = Self::default();
        let shared = |parts: Vec<WayPart>| parts.into_iter().filter(|part| !own.hold(part));
        let mut places = BTreeMap::new();
        let fared = |role: &str, is_sound, findings: &[Finding]| {
            let is_failure =
                |one: &&Finding| matches!(one.severity, Severity::Fail | Severity::Warn);
            let (followed, own): (Vec<&Finding>, Vec<&Finding>) = findings
                .iter()
                .filter(is_failure)
                .partition(|finding| finding.explained_by.is_some());
            let own = own.into_iter().filter(&counts);
            Fared {
                role: role.to_owned(),
                is_sound,
                causes: own
                    .map(|one| (one.cause.to_string(), (one.severity, one.owner.to_string())))
                    .collect(),
                followed: followed.into_iter().map(|one| one.cause.to_string()).collect(),
            }
        };
        let of_run = fared("", true, &report.findings);
        facts.take(of_run, shared(of_host(report)), None, &mut places);
        for endpoint in report.endpoints.iter().filter(|endpoint| !endpoint.is_unassigned()) {
            let role = endpoint.role.as_deref().unwrap_or(&endpoint.entry);
            let is_sound = matches!(endpoint.status, Status::Pass | Status::Warn)
                && !CountedEndpoint::from(endpoint).is_failing;
            let fared = fared(role, is_sound, &endpoint.findings);
            let kind = endpoint.kind.as_deref().unwrap_or("https");
            let sample = format!("{kind}://{}", endpoint.host_port());
            facts.take(fared, shared(of_endpoint(report, endpoint)), Some(sample), &mut places);
        }
        facts
    }

    fn take(
        &mut self,
        fared: Fared,
        parts: impl Iterator<Item = WayPart>,
        sample: Option<String>,
        places: &mut BTreeMap<WayPart, usize>,
    ) {
        let alike = self.fared.entry(fared).or_default();
        alike.sample = alike.sample.take().or(sample);
        for part in parts {
            let place = *places.entry(part).or_insert_with_key(|part| {
                self.parts.push(part.clone());
                self.parts.len() - 1
            });
            alike.parts.insert(place);
        }
    }

    /// What failed on this host, how badly, and whose it is by the cause.
    pub(super) fn failures(&self) -> impl Iterator<Item = (FailureKind, Severity, &str)> {
        self.fared.keys().flat_map(|Fared { role, causes, .. }| {
            causes.iter().map(|(cause, (severity, owner))| {
                (FailureKind { role: role.clone(), cause: cause.clone() }, *severity, &**owner)
            })
        })
    }

    /// How bad `kind` is here at worst; `None` where it was not found.
    pub(super) fn severity(&self, kind: &FailureKind) -> Option<Severity> {
        let own = self.fared.keys().filter(|fared| fared.role == kind.role);
        own.filter_map(|fared| fared.causes.get(&kind.cause)).map(|(severity, _)| *severity).min()
    }

    /// Where `kind` was found here; `None` where it was not.
    pub(super) fn failing(&self, kind: &FailureKind) -> Option<HostCase<'_>> {
        self.case(kind, |fared| fared.causes.contains_key(&kind.cause))
    }

    /// What of the same role works and did not find it. What fails for another reason might hide it
    /// and says nothing.
    pub(super) fn healthy(&self, kind: &FailureKind) -> Option<HostCase<'_>> {
        self.case(kind, |fared| {
            fared.is_sound
                && !fared.causes.contains_key(&kind.cause)
                && !fared.followed.contains(&kind.cause)
        })
    }

    fn case(&self, kind: &FailureKind, belongs: impl Fn(&Fared) -> bool) -> Option<HostCase<'_>> {
        let own = self.fared.iter().filter(|(fared, _)| fared.role == kind.role && belongs(fared));
        let mut case: Option<HostCase> = None;
        for (_, alike) in own {
            let case = case.get_or_insert_with(|| HostCase {
                parts: BTreeSet::new(),
                sample: alike.sample.as_deref(),
            });
            case.parts.extend(alike.parts.iter().map(|place| &self.parts[*place]));
        }
        case
    }
}

/// What every way from the host has in common.
fn of_host(report: &Report) -> Vec<WayPart> {
    let vantage = &report.run.vantage;
    let mut parts = of_any_way(report);
    parts.extend(vantage.resolvers.iter().map(|one| WayPart::Resolver(one.ip())));
    // Without a source nothing is known of proxies.
    if let Some(url) = &vantage.proxy.url {
        parts.push(WayPart::Proxy(Some(url.to_string())));
    } else if !vantage.proxy.source.is_empty() {
        parts.push(WayPart::Proxy(None));
    }
    parts
}

/// The address that the host leaves from, and the runtime on it.
fn of_any_way(report: &Report) -> Vec<WayPart> {
    let run = &report.run;
    let version = run.runtime.as_ref().and_then(|runtime| runtime.version.as_deref());
    // The first is the one from which destinations are reached.
    let source = run.vantage.addresses.first().map(|one| WayPart::Source(*one));
    source.into_iter().chain(version.map(|it| WayPart::RuntimeVersion(it.to_owned()))).collect()
}

fn of_endpoint(report: &Report, endpoint: &Endpoint) -> Vec<WayPart> {
    let mut parts = of_any_way(report);
    let route = &endpoint.route;
    parts.push(WayPart::Name(endpoint.host_port()));
    parts.extend(resolvers(report, endpoint).into_iter().map(WayPart::Resolver));
    match &*route.configured {
        "" | "unknown" => {}
        "direct" => parts.push(WayPart::Proxy(None)),
        url => parts.push(WayPart::Proxy(Some(url.to_owned()))),
    }
    if !route.why.is_empty() {
        parts.push(WayPart::RouteRule(route.why.to_string()));
    }
    parts.extend(deployments(endpoint).into_iter().map(WayPart::Deployment));
    parts.extend(destinations(endpoint).into_iter().map(WayPart::Destination));
    parts.extend(endpoint.issuers().into_iter().map(|it| WayPart::Issuer(it.to_owned())));
    parts
}

/// The name servers that were asked for the endpoint or for its proxies. Where the operating system
/// was asked these are the host's, and where nobody was there are none.
fn resolvers(report: &Report, endpoint: &Endpoint) -> BTreeSet<IpAddr> {
    let of_proxies = endpoint.proxies.iter().flat_map(|proxy| &proxy.lookups);
    let lookups: Vec<&Lookup> = endpoint.lookups.iter().chain(of_proxies).collect();
    let asked = |one: &&Lookup| one.resolver.parse::<SocketAddr>().ok();
    let named: BTreeSet<IpAddr> = lookups.iter().filter_map(asked).map(|one| one.ip()).collect();
    if named.is_empty() && !lookups.is_empty() {
        report.run.vantage.resolvers.iter().map(SocketAddr::ip).collect()
    } else {
        named
    }
}

/// The deployments of the relay, by its chains or by the name of its gateway.
fn deployments(endpoint: &Endpoint) -> BTreeSet<String> {
    let Ok(name) = HostName::parse(&endpoint.host) else { return BTreeSet::new() };
    if let Some(gateway) = GatewayName::parse(&name) {
        return BTreeSet::from([gateway.deployment]);
    }
    let named = endpoint.lookups.iter().filter_map(|lookup| {
        let aliases = lookup.chain.iter().filter(|link| link.record_type == "CNAME");
        let aliases: Vec<HostName> =
            aliases.filter_map(|link| HostName::parse(&link.data).ok()).collect();
        deployment_of(&name, &aliases)
    });
    named.map(|deployment| deployment.as_str().to_owned()).collect()
}

/// Where the way leads if it is direct: of an endpoint that failed the addresses that did, since
/// others of it may work. By a proxy nobody here knows.
fn destinations(endpoint: &Endpoint) -> BTreeSet<IpAddr> {
    if endpoint.route.configured != "direct" {
        return BTreeSet::new();
    }
    let direct = endpoint.trails.iter().filter(|trail| trail.route == "direct");
    let is_broken = |trail: &&Trail| trail.steps.last().is_some_and(|last| last.outcome != "ok");
    let (broken, whole): (Vec<&Trail>, Vec<&Trail>) = direct.partition(is_broken);
    let decisive = if broken.is_empty() { whole } else { broken };
    let reached: BTreeSet<IpAddr> =
        decisive.iter().filter_map(|trail| trail.remote).map(|remote| remote.ip()).collect();
    if reached.is_empty() { endpoint.addresses().unwrap_or_default() } else { reached }
}
