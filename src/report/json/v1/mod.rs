//! Version 1 of the JSON report, field by field as the contract has it. Fields may be added; what
//! is here keeps its name and meaning.

mod action;
mod follow_up;
mod step;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::diagnose::taken_as_private;
use crate::model;
use crate::report::diff::{Change, Diff, Source};
use crate::report::route;
use action::Action;
pub(super) use action::actions;
pub(super) use step::Chains;
use step::Step;

pub(super) const SCHEMA: &str = "pathproof.report/1";
/// What `resolve` writes.
pub(super) const NAMES_SCHEMA: &str = "pathproof.names/1";
pub(super) const TOOL: Tool =
    Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

/// The program that concluded; [`Run`] is of the one that measured.
#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// A line of the JSON Lines form.
#[derive(Serialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    Begin(Begin<'a>),
    Endpoint(Box<Endpoint<'a>>),
    End(End<'a>),
}

#[derive(Serialize)]
pub(super) struct Begin<'a> {
    schema: &'static str,
    tool: Tool,
    run: Run<'a>,
}

impl<'a> Begin<'a> {
    pub(super) fn new(run: &'a model::Run) -> Self {
        Self { schema: SCHEMA, tool: TOOL, run: Run::begun(run) }
    }
}

#[derive(Serialize)]
pub(super) struct End<'a> {
    took_ms: Milliseconds,
    exit: u8,
    fail_on: &'static str,
    summary: Summary,
    findings: Vec<Finding<'a>>,
    actions: Vec<Action<'a>>,
    prediction: Prediction<'a>,
    /// `--baseline`: the earlier report, and what changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Source<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a [Change<'a>]>,
}

impl<'a> End<'a> {
    pub(super) fn new(
        run: &model::Run,
        conclusion: &'a model::Conclusion,
        since: Option<&'a Diff<'a>>,
    ) -> Self {
        Self {
            took_ms: run.took.into(),
            exit: conclusion.ending.exit.code(),
            fail_on: conclusion.ending.fail_on.as_str(),
            summary: conclusion.summary.into(),
            findings: findings(&conclusion.findings),
            actions: actions(&conclusion.actions),
            prediction: (&conclusion.prediction).into(),
            baseline: since.map(|diff| diff.before),
            changes: since.map(|diff| &*diff.changes),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Run<'a> {
    started_at: Timestamp,
    /// Not yet known when a stream begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<Milliseconds>,
    options: &'a [String],
    vantage: Vantage<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_on: Option<&'static str>,
}

impl<'a> Run<'a> {
    pub(super) fn finished(run: &'a model::Run) -> Self {
        Self { took_ms: Some(run.took.into()), ..Self::begun(run) }
    }

    /// The same, with how it ended.
    pub(super) fn ended(run: &'a model::Run, ending: &model::Ending) -> Self {
        Self {
            exit: Some(ending.exit.code()),
            fail_on: Some(ending.fail_on.as_str()),
            ..Self::finished(run)
        }
    }

    fn begun(run: &'a model::Run) -> Self {
        Self {
            started_at: run.started_at,
            took_ms: None,
            options: &run.options,
            vantage: (&run.vantage).into(),
            exit: None,
            fail_on: None,
        }
    }
}

#[derive(Serialize)]
struct Vantage<'a> {
    hostname: &'a str,
    os: &'a str,
    account: &'a str,
    addresses: &'a [IpAddr],
    resolvers: &'a [SocketAddr],
    proxy: Proxy<'a>,
}

#[derive(Serialize)]
struct Proxy<'a> {
    source: &'a str,
    url: Option<&'a str>,
}

impl<'a> From<&'a model::Vantage> for Vantage<'a> {
    fn from(vantage: &'a model::Vantage) -> Self {
        Self {
            hostname: &vantage.hostname,
            os: &vantage.os,
            account: &vantage.account,
            addresses: &vantage.addresses,
            resolvers: &vantage.resolvers,
            proxy: Proxy { source: &vantage.proxy_source, url: vantage.proxy_url.as_deref() },
        }
    }
}

#[derive(Serialize)]
pub(super) struct Summary {
    pass: usize,
    warn: usize,
    fail: usize,
    unknown: usize,
}

impl From<model::Summary> for Summary {
    fn from(summary: model::Summary) -> Self {
        Self {
            pass: summary.pass,
            warn: summary.warn,
            fail: summary.fail,
            unknown: summary.unknown,
        }
    }
}

pub(super) fn findings(findings: &[model::Finding]) -> Vec<Finding<'_>> {
    findings.iter().map(Finding::from).collect()
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    cause: &'static str,
    severity: &'static str,
    certainty: &'static str,
    message: &'a str,
    evidence: &'a [String],
    rivals: Vec<&'static str>,
    owner: &'static str,
    remedy: &'a str,
    /// The cause that this follows from: there is nothing to do about it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    explained_by: Option<&'static str>,
}

impl<'a> From<&'a model::Finding> for Finding<'a> {
    fn from(finding: &'a model::Finding) -> Self {
        Self {
            cause: finding.cause.code(),
            severity: finding.severity.as_str(),
            certainty: finding.certainty.as_str(),
            message: &finding.message,
            evidence: &finding.evidence,
            rivals: finding.rivals.iter().map(|cause| cause.code()).collect(),
            owner: finding.owner.as_str(),
            remedy: &finding.remedy,
            explained_by: finding.explained_by.map(model::Cause::code),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Endpoint<'a> {
    entry: &'a str,
    role: &'static str,
    #[serde(serialize_with = "as_text")]
    host: &'a model::Subject,
    port: u16,
    kind: &'static str,
    purpose: &'a str,
    required: bool,
    origin: &'static str,
    status: &'static str,
    cause: Option<&'static str>,
    route: RouteChoice<'a>,
    findings: Vec<Finding<'a>>,
    lookups: Vec<Lookup<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proxies: Vec<ProxyLookup<'a>>,
    trails: Vec<Trail<'a>>,
    /// `--locate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    located: Option<follow_up::Located<'a>>,
    /// What small segments did to a handshake that met silence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<follow_up::SegmentLadder>,
    /// `--hold`: the WebSocket upgrade on the relay's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade: Option<Trail<'a>>,
    /// The hosts that the chain names for revocation lists and OCSP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revocation: Vec<follow_up::RevocationHost<'a>>,
    /// What a ClientHello of old versions alone met, where the ordinary one was ended in silence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    old_hellos: Vec<follow_up::OldHello<'a>>,
    /// Why the gateways of this relay were not looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    gateways_skipped: Option<&'static str>,
}

impl<'a> Endpoint<'a> {
    pub(super) fn new(
        record: &'a model::Record,
        verdict: &'a model::Verdict,
        chains: &mut Chains,
    ) -> Self {
        let endpoint = &*record.endpoint;
        let model::FollowUps { located, segments, holds, upgrade, revocation, old_hellos } =
            &record.follow_ups;
        let trails = record.trails.iter().chain(holds);
        let trails = trails.map(|trail| Trail::new(trail, endpoint.kind, chains)).collect();
        let upgrade = upgrade.as_ref().map(|trail| Trail::new(trail, endpoint.kind, chains));
        let segments = segments.iter();
        let segments = segments.map(|one| follow_up::SegmentLadder::new(one, chains)).collect();
        let revocation = revocation.iter();
        Self {
            entry: &endpoint.entry,
            role: endpoint.role.as_str(),
            host: &endpoint.subject,
            port: endpoint.port,
            kind: endpoint.kind.as_str(),
            purpose: &endpoint.purpose,
            // A gateway that is not assigned yet is not required, listed or not.
            required: endpoint.required && verdict.counts,
            origin: endpoint.origin.as_str(),
            status: verdict.status.as_str(),
            cause: verdict.cause.map(model::Cause::code),
            route: RouteChoice::new(record),
            findings: findings(&verdict.findings),
            lookups: record.lookups.iter().map(|lookup| Lookup::from(&**lookup)).collect(),
            proxies: record.proxies.iter().map(ProxyLookup::from).collect(),
            trails,
            located: located.as_ref().map(follow_up::Located::from),
            segments,
            upgrade,
            revocation: revocation
                .map(|host| follow_up::RevocationHost::new(host, chains))
                .collect(),
            old_hellos: old_hellos.iter().map(follow_up::OldHello::from).collect(),
            gateways_skipped: route::hides_gateways(record).then_some(route::GATEWAYS_HIDDEN),
        }
    }
}

/// A name of `resolve`, with the port on which it is needed.
#[derive(Serialize)]
pub(super) struct Name<'a> {
    entry: &'a str,
    role: &'static str,
    #[serde(serialize_with = "as_text")]
    host: &'a model::Subject,
    port: u16,
    kind: &'static str,
    required: bool,
    origin: &'static str,
    /// Why it does not resolve.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    /// Of every resolver, each once.
    addresses: Vec<IpAddr>,
    lookups: Vec<Lookup<'a>>,
}

impl<'a> Name<'a> {
    pub(super) fn new(
        record: &'a model::Record,
        verdict: &model::Verdict,
        addresses: Vec<IpAddr>,
    ) -> Self {
        let endpoint = &*record.endpoint;
        let is_unassigned = verdict.cause == Some(model::Cause::RelayGatewayUnassigned);
        let cause = if addresses.is_empty() || is_unassigned { verdict.cause } else { None };
        Self {
            entry: &endpoint.entry,
            role: endpoint.role.as_str(),
            host: &endpoint.subject,
            port: endpoint.port,
            kind: endpoint.kind.as_str(),
            required: endpoint.required && verdict.counts,
            origin: endpoint.origin.as_str(),
            cause: cause.map(model::Cause::code),
            addresses,
            lookups: record.lookups.iter().map(|lookup| Lookup::from(&**lookup)).collect(),
        }
    }
}

#[derive(Serialize)]
struct RouteChoice<'a> {
    intended: &'static str,
    /// `unknown` where `why` says what kept it from being known.
    configured: Cow<'a, str>,
    why: Cow<'a, str>,
    /// Each way that was measured, in the order of `trails`.
    measured: Vec<String>,
    /// What a script names for the case that the configured way fails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fallbacks: Vec<String>,
    /// `--alternate-proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    alternate: Option<String>,
    /// What a script asked of DNS to decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    questions: Vec<PacQuestion<'a>>,
}

impl<'a> RouteChoice<'a> {
    fn new(record: &'a model::Record) -> Self {
        let choice = &record.route;
        let (intended, why) = match taken_as_private(record) {
            Some(alias) => {
                let why = format!("{}; taken as private: its chain passes {alias}", choice.why);
                (model::RouteIntent::Direct, why.into())
            }
            None => (choice.intended, (&*choice.why).into()),
        };
        Self {
            intended: intended.as_str(),
            configured: match &choice.configured {
                Ok(model::Route::Direct) => "direct".into(),
                Ok(model::Route::Proxy(proxy)) => (&*proxy.url).into(),
                Err(_) => "unknown".into(),
            },
            why,
            measured: route::measured(record).into_iter().map(ToString::to_string).collect(),
            fallbacks: choice.fallbacks.iter().map(ToString::to_string).collect(),
            alternate: choice.alternate.as_ref().map(ToString::to_string),
            questions: choice.questions.iter().map(PacQuestion::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct PacQuestion<'a> {
    name: &'a str,
    addresses: &'a [IpAddr],
}

impl<'a> From<&'a model::PacQuestion> for PacQuestion<'a> {
    fn from(question: &'a model::PacQuestion) -> Self {
        Self { name: &question.name, addresses: &question.addresses }
    }
}

/// How a proxy's own name resolved: the beginning of the leg to the proxy.
#[derive(Serialize)]
struct ProxyLookup<'a> {
    proxy: &'a str,
    lookups: Vec<Lookup<'a>>,
}

impl<'a> From<&'a model::ProxyLookup> for ProxyLookup<'a> {
    fn from(lookup: &'a model::ProxyLookup) -> Self {
        Self {
            proxy: &lookup.proxy.url,
            lookups: lookup.lookups.iter().map(|lookup| Lookup::from(&**lookup)).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Lookup<'a> {
    #[serde(serialize_with = "as_text")]
    resolver: model::Resolver,
    outcome: &'static str,
    chain: Vec<ChainLink<'a>>,
    addresses: Vec<IpAddr>,
    /// More addresses came than are kept; said only where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_cut: bool,
    took_ms: Milliseconds,
}

impl<'a> From<&'a model::Lookup> for Lookup<'a> {
    fn from(lookup: &'a model::Lookup) -> Self {
        Self {
            resolver: lookup.resolver,
            outcome: lookup.outcome().as_str(),
            chain: lookup.chain().into_iter().map(ChainLink::from).collect(),
            addresses: lookup.addresses(),
            is_cut: lookup.is_cut(),
            took_ms: lookup.took().into(),
        }
    }
}

#[derive(Serialize)]
struct ChainLink<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    record_type: &'static str,
    ttl: u32,
    #[serde(serialize_with = "target")]
    data: &'a model::LinkData,
}

impl<'a> From<&'a model::ChainLink> for ChainLink<'a> {
    fn from(link: &'a model::ChainLink) -> Self {
        Self {
            name: link.name.as_str(),
            record_type: match &link.data {
                model::LinkData::Alias(_) => "CNAME",
                model::LinkData::Address(address) => model::Family::of(*address).record_type(),
            },
            ttl: link.ttl,
            data: &link.data,
        }
    }
}

fn target<S: Serializer>(data: &model::LinkData, serializer: S) -> Result<S::Ok, S::Error> {
    match data {
        model::LinkData::Alias(name) => serializer.serialize_str(name.as_str()),
        model::LinkData::Address(address) => address.serialize(serializer),
    }
}

#[derive(Serialize)]
struct Trail<'a> {
    #[serde(serialize_with = "as_text")]
    route: &'a model::Route,
    local: Option<SocketAddr>,
    remote: SocketAddr,
    at: Timestamp,
    steps: Vec<Step<'a>>,
}

impl<'a> Trail<'a> {
    fn new(trail: &'a model::Trail, kind: model::Kind, chains: &mut Chains) -> Self {
        Self {
            route: trail.route(),
            local: trail.local(),
            remote: trail.remote(),
            at: trail.at(),
            steps: step::of(trail, kind, chains),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Prediction<'a> {
    network_allows: &'static str,
    because: &'a [String],
    consequences: &'a [String],
    not_looked_at: &'a [String],
}

impl<'a> From<&'a model::Prediction> for Prediction<'a> {
    fn from(prediction: &'a model::Prediction) -> Self {
        Self {
            network_allows: prediction.network_allows.as_str(),
            because: &prediction.because,
            consequences: &prediction.consequences,
            not_looked_at: &prediction.not_looked_at,
        }
    }
}

/// A length of time in milliseconds, to a tenth: networks are no steadier.
#[derive(Clone, Copy)]
pub(super) struct Milliseconds {
    tenths: u64,
}

impl From<Duration> for Milliseconds {
    fn from(duration: Duration) -> Self {
        let tenths = (duration.as_nanos() + 50_000) / 100_000;
        Self { tenths: u64::try_from(tenths).unwrap_or(u64::MAX) }
    }
}

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.tenths.is_multiple_of(10) {
            return serializer.serialize_u64(self.tenths / 10);
        }
        #[expect(clippy::cast_precision_loss, reason = "exact up to 28,000 years")]
        serializer.serialize_f64(self.tenths as f64 / 10.0)
    }
}

fn as_text<S: Serializer>(
    value: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
