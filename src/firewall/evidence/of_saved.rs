//! Takes evidence from a saved report, or from the names that `resolve` wrote.

use std::net::IpAddr;

use super::{
    Approach, ConfiguredRoute, ConnectOutcome, Evidence, EvidenceError, EvidenceTarget, Identity,
    TrailSummary, proxies, short_of_proof, sightings,
};
use crate::firewall::scope::NamePattern;
use crate::model::{ChainTrust, Host, HostName, Kind, Origin, Role, proves};
use crate::report_v1::{Endpoint, Lookup, Report, Step, Trail};
use crate::route::ProxyUrl;

impl Evidence {
    /// Reads a JSON report, or the names that `resolve` wrote.
    ///
    /// # Errors
    /// [`EvidenceError`] with line and column.
    pub fn read(text: &str) -> Result<Self, EvidenceError> {
        Report::read_names_too(text).map(|saved| Self::of_saved(&saved))
    }

    #[must_use]
    pub fn of_saved(saved: &Report) -> Self {
        let vantage = &saved.run.vantage;
        Self {
            targets: saved.endpoints.iter().map(target).collect(),
            resolvers: vantage.resolvers.to_vec(),
            own_addresses: vantage.addresses.to_vec(),
            seen_at: saved.run.started_at,
        }
    }
}

fn target(saved: &Endpoint) -> EvidenceTarget {
    let host = Host::parse(&saved.host).ok();
    let (name, literal) = match &host {
        Some(Host::Address(address)) => (None, Some(*address)),
        Some(Host::Name(name)) => (Some(NamePattern::Name(name.clone())), None),
        None => (NamePattern::parse(&saved.host).ok(), None),
    };
    let origin = saved.origin.as_deref().and_then(Origin::parse);
    let configured = &*saved.route.configured;
    let walked: Vec<_> = saved
        .trails
        .iter()
        .filter(|trail| trail.route == DIRECT || trail.route == configured)
        .filter_map(|trail| walked(trail, host.as_ref()))
        .collect();
    let lookups = saved.lookups.iter().map(|lookup| (aliases(lookup), lookup.addresses.clone()));
    let kind = saved.kind.as_deref().and_then(Kind::parse);
    // Names of an older `resolve` have no kind, so that the role follows from the id.
    let role = saved.role.as_deref().and_then(Role::parse);
    let role = role.unwrap_or_else(|| Role::of_entry(&saved.entry, kind.unwrap_or(Kind::Https)));
    let mut target = EvidenceTarget {
        entry: saved.entry.clone().into_owned(),
        role,
        host: saved.host.clone().into_owned(),
        name,
        port: saved.port,
        kind,
        origin,
        // Files of an older `resolve` do not tell. Gateways from a relay's chain are not required.
        required: saved.required.unwrap_or(origin != Some(Origin::Gateway)),
        is_unassigned: false,
        way: match configured {
            "" | DIRECT => ConfiguredRoute::Direct,
            "unknown" => ConfiguredRoute::Unknown(saved.route.why.clone().into_owned()),
            url => ProxyUrl::parse_shown(url).map_or_else(
                |error| ConfiguredRoute::Unknown(error.to_string()),
                ConfiguredRoute::Proxy,
            ),
        },
        proxies: proxies(&walked),
        sightings: sightings(literal, lookups, &walked),
    };
    if saved.is_unassigned() || (target.is_gateway() && is_absent(saved)) {
        // A name server that answers for every name would give addresses to gateways that do not
        // exist.
        target.sightings.clear();
        target.required = false;
        target.is_unassigned = true;
    }
    target
}

/// The word in reports for the route without a proxy.
const DIRECT: &str = "direct";

/// Whether every resolver denies the name, in a file without a conclusion.
fn is_absent(saved: &Endpoint) -> bool {
    let is_absent = |lookup: &Lookup| {
        lookup.addresses.is_empty() && matches!(&*lookup.outcome, "" | "nxdomain" | "nodata")
    };
    saved.cause.is_none() && saved.trails.is_empty() && saved.lookups.iter().all(is_absent)
}

fn aliases(lookup: &Lookup) -> Vec<HostName> {
    let links = lookup.chain.iter().filter(|link| link.record_type == "CNAME");
    links.filter_map(|link| HostName::parse(&link.data).ok()).collect()
}

fn walked(trail: &Trail, host: Option<&Host>) -> Option<TrailSummary> {
    let local = trail.local.map(|local| local.ip());
    Some(TrailSummary {
        is_direct: trail.route == DIRECT,
        approach: Approach {
            address: trail.remote?.ip().to_canonical(),
            local: local.filter(|local: &IpAddr| !local.is_unspecified()),
            measured: connect(trail),
        },
        identity: host.map_or(Identity::NotAsked, |host| identity(trail, host)),
    })
}

/// The result of connecting. There is none where a limit of this host prevented the attempt.
fn connect(trail: &Trail) -> Option<ConnectOutcome> {
    let step = trail.steps.iter().find(|step| step.name == "tcp")?;
    match &*step.outcome {
        "ok" => Some(ConnectOutcome::Connected),
        outcome => ConnectOutcome::BLOCKED.into_iter().find(|own| own.as_str() == outcome),
    }
}

fn identity(trail: &Trail, host: &Host) -> Identity {
    let Some(step) = trail.steps.iter().find(|step| step.name == "tls") else {
        let blocked = connect(trail).filter(|measured| *measured != ConnectOutcome::Connected);
        return blocked.map_or(Identity::NotAsked, Identity::NotConnected);
    };
    match &*step.outcome {
        "ok" => shown(step, host),
        "timeout" => Identity::Silent,
        outcome => Identity::Broken(outcome.to_owned()),
    }
}

fn shown(step: &Step, host: &Host) -> Identity {
    let public = match &step.detail.trust {
        Some(trust) if trust.public.outcome == "trusted" => ChainTrust::Trusted,
        _ => ChainTrust::UnknownIssuer,
    };
    let leaf = step.detail.chain().first();
    let names = leaf.map(|leaf| leaf.names.to_vec()).unwrap_or_default();
    if proves(&public, &names, host) {
        return Identity::Proven;
    }
    let issuer = leaf.map(|leaf| leaf.issuer.clone().into_owned()).unwrap_or_default();
    short_of_proof(&public, names, issuer)
}
