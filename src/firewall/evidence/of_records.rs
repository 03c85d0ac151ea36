//! Takes evidence from records and their conclusion.

use std::net::IpAddr;

use super::{
    Approach, ConfiguredRoute, ConnectOutcome, Evidence, EvidenceTarget, Identity, TrailSummary,
    proxies, sightings,
};
use crate::firewall::scope::NamePattern;
use crate::model::{
    Cause, Conclusion, Failure, Host, HostName, LinkData, Lookup, Presented, Record, Records,
    Route, Subject, TcpFailure, TlsFailureKind, Trail, Verdict,
};
use crate::route::ProxyUrl;

impl Evidence {
    /// Takes evidence from `records`. The conclusion tells whether an endpoint counts.
    #[must_use]
    pub fn of(records: &Records, conclusion: &Conclusion) -> Self {
        // A report has the endpoints in this order, and evidence from both must be equal.
        let mut judged: Vec<_> = records.records.iter().zip(&conclusion.verdicts).collect();
        judged.sort_by_cached_key(|(record, _)| {
            let endpoint = &record.endpoint;
            (endpoint.order, endpoint.subject.to_string(), endpoint.port)
        });
        Self::of_judged(records, judged)
    }

    /// The same in the order of the records.
    pub(in crate::firewall) fn as_recorded(records: &Records, conclusion: &Conclusion) -> Self {
        Self::of_judged(records, records.records.iter().zip(&conclusion.verdicts).collect())
    }

    fn of_judged(records: &Records, judged: Vec<(&Record, &Verdict)>) -> Self {
        let vantage = &records.run.vantage;
        Self {
            targets: judged.into_iter().map(|(record, verdict)| target(record, verdict)).collect(),
            resolvers: vantage.resolvers.clone(),
            own_addresses: vantage.addresses.clone(),
            seen_at: Some(records.run.started_at),
        }
    }
}

fn target(record: &Record, verdict: &Verdict) -> EvidenceTarget {
    let endpoint = &*record.endpoint;
    let (name, literal) = match &endpoint.subject {
        Subject::Host(Host::Address(address)) => (None, Some(*address)),
        Subject::Host(Host::Name(name)) => (Some(NamePattern::Name(name.clone())), None),
        Subject::Pattern(pattern) => (NamePattern::parse(pattern).ok(), None),
    };
    let is_unassigned = verdict.cause == Some(Cause::RelayGatewayUnassigned);
    let trails = record.trails.iter().chain(&record.follow_ups.holds);
    let configured = record.route.configured.as_ref().ok();
    let walked: Vec<_> = trails
        .filter(|trail| *trail.route() == Route::Direct || configured == Some(trail.route()))
        .map(|trail| walked(trail, endpoint.subject.host()))
        .collect();
    let lookups = record.lookups.iter().map(|lookup| (aliases(lookup), lookup.addresses()));
    EvidenceTarget {
        entry: endpoint.entry.clone(),
        role: endpoint.role,
        host: endpoint.subject.to_string(),
        name,
        port: Some(endpoint.port),
        kind: Some(endpoint.kind),
        origin: Some(endpoint.origin),
        required: endpoint.required && verdict.counts,
        is_unassigned,
        way: match &record.route.configured {
            Ok(Route::Direct) => ConfiguredRoute::Direct,
            Ok(Route::Proxy(proxy)) => ProxyUrl::parse_shown(&proxy.url).map_or_else(
                |error| ConfiguredRoute::Unknown(error.to_string()),
                ConfiguredRoute::Proxy,
            ),
            Err(fault) => ConfiguredRoute::Unknown(fault.message.clone()),
        },
        proxies: proxies(&walked),
        // A name server that answers for every name would give addresses to gateways that do not
        // exist.
        sightings: if is_unassigned { Vec::new() } else { sightings(literal, lookups, &walked) },
    }
}

fn aliases(lookup: &Lookup) -> Vec<HostName> {
    let alias = |data: &LinkData| match data {
        LinkData::Alias(name) => Some(name.clone()),
        LinkData::Address(_) => None,
    };
    lookup.chain().iter().filter_map(|link| alias(&link.data)).collect()
}

fn walked(trail: &Trail, host: Option<&Host>) -> TrailSummary {
    let measured = connect(trail);
    TrailSummary {
        is_direct: *trail.route() == Route::Direct,
        approach: Approach {
            address: trail.remote().ip().to_canonical(),
            local: trail.local().map(|local| local.ip()).filter(|local| !is_unset(*local)),
            measured,
        },
        identity: host.map_or(Identity::NotAsked, |host| identity(trail, host)),
    }
}

/// A socket has this address before it is connected.
fn is_unset(address: IpAddr) -> bool {
    address.is_unspecified()
}

/// The result of connecting. There is none where a limit of this host prevented the attempt.
fn connect(trail: &Trail) -> Option<ConnectOutcome> {
    if trail.is_connected() {
        return Some(ConnectOutcome::Connected);
    }
    match trail.failure()? {
        Failure::Tcp(TcpFailure::Refused(_)) => Some(ConnectOutcome::Refused),
        Failure::Tcp(TcpFailure::TimedOut(_)) => Some(ConnectOutcome::TimedOut),
        Failure::Tcp(TcpFailure::Unreachable { .. }) => Some(ConnectOutcome::Unreachable),
        Failure::Tcp(TcpFailure::Reset(_)) => Some(ConnectOutcome::Reset),
        Failure::Tcp(TcpFailure::Denied(_)) => Some(ConnectOutcome::LocalDenied),
        _ => None,
    }
}

fn identity(trail: &Trail, host: &Host) -> Identity {
    if let Some(session) = trail.tls() {
        return shown(&session.presented, host);
    }
    match trail.failure() {
        Some(Failure::Tcp(_)) => connect(trail).map_or(Identity::NotAsked, Identity::NotConnected),
        Some(Failure::Tls(failure)) => match &failure.kind {
            TlsFailureKind::TimedOut { .. } => Identity::Silent,
            kind => Identity::Broken(word(kind).to_owned()),
        },
        _ => Identity::NotAsked,
    }
}

fn shown(presented: &Presented, host: &Host) -> Identity {
    if presented.proves(host) {
        return Identity::Proven;
    }
    let leaf = presented.chain.first();
    let names = leaf.map(|leaf| leaf.names.clone()).unwrap_or_default();
    let issuer = leaf.map(|leaf| leaf.issuer.clone()).unwrap_or_default();
    super::short_of_proof(&presented.trust.public, names, issuer)
}

/// The word for a failure in the JSON report.
const fn word(kind: &TlsFailureKind) -> &'static str {
    match kind {
        TlsFailureKind::ResetOnWrite(_) => "reset_on_write",
        TlsFailureKind::Reset(_) => "reset",
        TlsFailureKind::Closed { .. } => "closed",
        TlsFailureKind::TimedOut { .. } => "timeout",
        TlsFailureKind::NotTls { .. } => "not_tls",
        TlsFailureKind::Version { .. } => "version",
        TlsFailureKind::Alert { .. } => "alert",
        TlsFailureKind::Other { .. } => "error",
    }
}
