//! What a run found, as version 1 of the report says it.

mod action;
mod follow_up;
mod host_runtime;
mod step;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnose::taken_as_private;
use crate::model;
use crate::report::diff::Diff;
use crate::report::route;
use crate::report_v1::{
    Begin, ChainLink, End, Endpoint, Finding, Lookup, Name, PacQuestion, Prediction, Proxy,
    ProxyLookup, Redacted, Report, RouteChoice, Run, SCHEMA, StandIn, Summary, Tool, Trail,
    Vantage,
};
pub(in crate::report) use step::Chains;

pub(super) const TOOL: Tool = Tool {
    name: Cow::Borrowed(env!("CARGO_PKG_NAME")),
    version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
};

/// The whole report but its endpoints.
pub(in crate::report) fn without_endpoints<'a>(
    run: &'a model::Run,
    conclusion: &'a model::Conclusion,
    since: Option<&Diff<'a>>,
) -> Report<'a> {
    Report {
        schema: SCHEMA.into(),
        tool: TOOL,
        run: Run {
            exit: Some(conclusion.ending.exit.code()),
            fail_on: Some(conclusion.ending.fail_on.as_str().into()),
            ..finished(run)
        },
        summary: conclusion.summary.into(),
        findings: conclusion.findings.iter().map(Finding::from).collect(),
        actions: conclusion.actions.iter().map(Into::into).collect(),
        endpoints: Vec::new(),
        prediction: (&conclusion.prediction).into(),
        baseline: since.map(|diff| diff.before.clone()),
        changes: since.map(|diff| diff.changes.clone()),
        only: None,
    }
}

/// The line that opens a stream.
pub(super) fn begin(run: &model::Run) -> Begin<'_> {
    Begin { schema: SCHEMA.into(), tool: TOOL, run: begun(run) }
}

/// The line that closes it.
pub(super) fn end<'a>(
    run: &'a model::Run,
    conclusion: &'a model::Conclusion,
    since: Option<&Diff<'a>>,
) -> End<'a> {
    end_of(&without_endpoints(run, conclusion, since))
}

/// The same of a whole report.
pub(super) fn end_of<'a>(report: &Report<'a>) -> End<'a> {
    End {
        took_ms: report.run.took_ms.unwrap_or_default(),
        exit: report.run.exit.unwrap_or_default(),
        fail_on: report.run.fail_on.clone().unwrap_or_default(),
        summary: report.summary,
        findings: report.findings.clone(),
        actions: report.actions.clone(),
        prediction: report.prediction.clone(),
        baseline: report.baseline.clone(),
        changes: report.changes.clone(),
        only: report.only.clone(),
    }
}

pub(super) fn finished(run: &model::Run) -> Run<'_> {
    Run { took_ms: Some(run.took.into()), ..begun(run) }
}

fn begun(run: &model::Run) -> Run<'_> {
    Run {
        started_at: Some(run.started_at),
        took_ms: None,
        options: (&*run.options).into(),
        vantage: (&run.vantage).into(),
        runtime: run.runtime.as_ref().map(Into::into),
        exit: None,
        fail_on: None,
        redacted: run.redacted.as_ref().map(Into::into),
    }
}

impl<'a> From<&'a model::Redacted> for Redacted<'a> {
    fn from(redacted: &'a model::Redacted) -> Self {
        let stand_in = |one: &'a model::StandIn| StandIn {
            label: (&*one.label).into(),
            shown: (&*one.shown).into(),
        };
        Self { addresses: redacted.addresses.iter().map(stand_in).collect() }
    }
}

impl<'a> From<&'a model::Vantage> for Vantage<'a> {
    fn from(vantage: &'a model::Vantage) -> Self {
        Self {
            hostname: (&*vantage.hostname).into(),
            os: (&*vantage.os).into(),
            account: (&*vantage.account).into(),
            addresses: (&*vantage.addresses).into(),
            resolvers: (&*vantage.resolvers).into(),
            proxy: Proxy {
                source: (&*vantage.proxy_source).into(),
                url: vantage.proxy_url.as_deref().map(Into::into),
            },
        }
    }
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

impl<'a> From<&'a model::Prediction> for Prediction<'a> {
    fn from(prediction: &'a model::Prediction) -> Self {
        Self {
            network_allows: prediction.network_allows.as_str().into(),
            because: (&*prediction.because).into(),
            consequences: (&*prediction.consequences).into(),
            not_looked_at: (&*prediction.not_looked_at).into(),
        }
    }
}

impl<'a> From<&'a model::Finding> for Finding<'a> {
    fn from(finding: &'a model::Finding) -> Self {
        Self {
            cause: finding.cause.code().into(),
            severity: finding.severity,
            certainty: finding.certainty.as_str().into(),
            message: (&*finding.message).into(),
            evidence: (&*finding.evidence).into(),
            rivals: finding.rivals.iter().map(|cause| cause.code().into()).collect(),
            owner: finding.owner.as_str().into(),
            remedy: (&*finding.remedy).into(),
            explained_by: finding.explained_by.map(|cause| cause.code().into()),
        }
    }
}

pub(in crate::report) fn endpoint<'a>(
    record: &'a model::Record,
    verdict: &'a model::Verdict,
    chains: &mut Chains<'a>,
) -> Endpoint<'a> {
    let endpoint = &*record.endpoint;
    let model::FollowUps { located, segments, holds, upgrade, revocation, old_hellos } =
        &record.follow_ups;
    let trails = record.trails.iter().chain(holds);
    Endpoint {
        entry: (&*endpoint.entry).into(),
        role: Some(endpoint.role.as_str().into()),
        host: subject_text(&endpoint.subject),
        port: Some(endpoint.port),
        kind: Some(endpoint.kind.as_str().into()),
        purpose: (&*endpoint.purpose).into(),
        source_document: (!endpoint.source_document.is_empty())
            .then(|| (&*endpoint.source_document).into()),
        required: Some(is_required(endpoint, verdict)),
        origin: Some(endpoint.origin.as_str().into()),
        discovered: endpoint.discovered.as_ref().map(Into::into),
        status: verdict.status,
        cause: verdict.cause.map(|cause| cause.code().into()),
        route: route_choice(record),
        findings: verdict.findings.iter().map(Finding::from).collect(),
        lookups: lookups(&record.lookups),
        proxies: record.proxies.iter().map(ProxyLookup::from).collect(),
        trails: trails.map(|one| trail(one, endpoint.kind, chains)).collect(),
        located: located.as_ref().map(Into::into),
        segments: segments.iter().map(|one| follow_up::segments(one, chains)).collect(),
        upgrade: upgrade.as_ref().map(|one| trail(one, endpoint.kind, chains)),
        revocation: revocation.iter().map(|host| follow_up::revocation(host, chains)).collect(),
        old_hellos: old_hellos.iter().map(Into::into).collect(),
        gateways_skipped: route::hides_gateways(record).then_some(route::GATEWAYS_HIDDEN.into()),
        expected: verdict.expected.iter().map(Into::into).collect(),
    }
}

/// A name of `resolve`; of its verdict only why it does not resolve.
pub(super) fn name<'a>(
    record: &'a model::Record,
    verdict: &model::Verdict,
    addresses: Vec<IpAddr>,
) -> Name<'a> {
    let endpoint = &*record.endpoint;
    let is_unassigned = verdict.cause == Some(model::Cause::RelayGatewayUnassigned);
    let cause = if addresses.is_empty() || is_unassigned { verdict.cause } else { None };
    Name {
        entry: (&*endpoint.entry).into(),
        role: endpoint.role.as_str().into(),
        host: subject_text(&endpoint.subject),
        port: endpoint.port,
        kind: endpoint.kind.as_str().into(),
        required: is_required(endpoint, verdict),
        origin: endpoint.origin.as_str().into(),
        cause: cause.map(|cause| cause.code().into()),
        addresses,
        lookups: lookups(&record.lookups),
    }
}

/// A gateway that is not assigned yet is not required, listed or not.
const fn is_required(endpoint: &model::Endpoint, verdict: &model::Verdict) -> bool {
    endpoint.required && verdict.counts
}

fn subject_text(subject: &model::Subject) -> Cow<'_, str> {
    match subject {
        model::Subject::Host(host) => host_text(host),
        model::Subject::Pattern(pattern) => pattern.into(),
    }
}

fn host_text(host: &model::Host) -> Cow<'_, str> {
    match host {
        model::Host::Name(name) => name.as_str().into(),
        model::Host::Address(address) => address.to_string().into(),
    }
}

fn route_text(route: &model::Route) -> Cow<'_, str> {
    match route {
        model::Route::Direct => "direct".into(),
        model::Route::Proxy(proxy) => (&*proxy.url).into(),
    }
}

fn route_choice(record: &model::Record) -> RouteChoice<'_> {
    let choice = &record.route;
    let (intended, why) = match taken_as_private(record) {
        Some(alias) => {
            let why = format!("{}; taken as private: its chain passes {alias}", choice.why);
            (model::RouteIntent::Direct, why.into())
        }
        None => (choice.intended, (&*choice.why).into()),
    };
    RouteChoice {
        intended: intended.as_str().into(),
        configured: choice.configured.as_ref().map_or("unknown".into(), route_text),
        why,
        measured: route::measured(record).into_iter().map(route_text).collect(),
        fallbacks: choice.fallbacks.iter().map(route_text).collect(),
        alternate: choice.alternate.as_ref().map(route_text),
        questions: choice.questions.iter().map(PacQuestion::from).collect(),
    }
}

impl<'a> From<&'a model::PacQuestion> for PacQuestion<'a> {
    fn from(question: &'a model::PacQuestion) -> Self {
        Self { name: (&*question.name).into(), addresses: (&*question.addresses).into() }
    }
}

impl<'a> From<&'a model::ProxyLookup> for ProxyLookup<'a> {
    fn from(lookup: &'a model::ProxyLookup) -> Self {
        Self { proxy: (&*lookup.proxy.url).into(), lookups: lookups(&lookup.lookups) }
    }
}

fn lookups(lookups: &[Arc<model::Lookup>]) -> Vec<Lookup<'_>> {
    lookups.iter().map(|lookup| Lookup::from(&**lookup)).collect()
}

impl<'a> From<&'a model::Lookup> for Lookup<'a> {
    fn from(lookup: &'a model::Lookup) -> Self {
        Self {
            resolver: lookup.resolver.to_string().into(),
            outcome: lookup.outcome().as_str().into(),
            chain: lookup.chain().into_iter().map(ChainLink::from).collect(),
            addresses: lookup.addresses(),
            is_cut: lookup.is_cut(),
            took_ms: lookup.took().into(),
        }
    }
}

impl<'a> From<&'a model::ChainLink> for ChainLink<'a> {
    fn from(link: &'a model::ChainLink) -> Self {
        let (record_type, data) = match &link.data {
            model::LinkData::Alias(name) => ("CNAME", name.as_str().into()),
            model::LinkData::Address(address) => {
                (model::Family::of(*address).record_type(), address.to_string().into())
            }
        };
        Self {
            name: link.name.as_str().into(),
            record_type: record_type.into(),
            ttl: link.ttl,
            data,
        }
    }
}

fn trail<'a>(trail: &'a model::Trail, kind: model::Kind, chains: &mut Chains<'a>) -> Trail<'a> {
    Trail {
        route: route_text(trail.route()),
        local: trail.local(),
        remote: Some(trail.remote()),
        at: Some(trail.at()),
        steps: step::of(trail, kind, chains),
    }
}
