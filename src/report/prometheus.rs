//! The metrics of one run in Prometheus' text format: for a textfile collector, and for the
//! exporter.
//!
//! Of the metrics that `serve` has (contract), those that a report can know. A gateway has no
//! series of its own: there are hundreds, and Azure changes them; they are counted by deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::metrics::{LabelPairs, Metrics, MetricsFormat};
use super::verdict_line::{CountedEndpoint, gateway_of};
use crate::model::{NetworkAllows, Status, visible};
use crate::report_v1::{Endpoint, Finding, Report};

/// Writes the metrics.
///
/// # Errors
/// What `out` returns.
pub fn report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut metrics = of_run(report);
    metrics.append(build_info(&report.tool.version));
    metrics.write(MetricsFormat::Text, out)
}

/// The program that concluded.
#[must_use]
pub fn build_info(version: &str) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.gauge(
        "pathproof_build_info",
        "The program that concluded",
        [(vec![("version", shown(version))], 1.0)],
    );
    metrics
}

/// What a run came to, without the program that it was.
#[must_use]
pub fn of_run(report: &Report) -> Metrics {
    let (gateways, others): (Vec<&Endpoint>, Vec<&Endpoint>) =
        report.endpoints.iter().partition(|endpoint| gateway_of(endpoint).is_some());
    let mut metrics = Metrics::default();
    metrics.gauge("pathproof_endpoint_status", "What an endpoint comes to", statuses(&others));
    metrics.gauge(
        "pathproof_finding_info",
        "What was found, of an endpoint or, without one, of the run",
        findings(report, &others),
    );
    metrics.gauge(
        "pathproof_phase_duration_seconds",
        "The shortest time that a phase took by the configured way",
        phases(&others),
    );
    metrics.gauge(
        "pathproof_certificate_expiry_timestamp_seconds",
        "When the first certificate of those that were presented expires",
        expiries(&others),
    );
    let by_host = addresses(&others);
    let counts = by_host.iter().map(|(host, all)| (of_host(host), count(all.len())));
    metrics.gauge("pathproof_addresses", "How many addresses a name leads to", counts);
    metrics.gauge(
        "pathproof_addresses_hash",
        "A number made of a name's addresses, which changes when any of them does",
        by_host.iter().map(|(host, all)| (of_host(host), hash(all))),
    );
    metrics.gauge(
        "pathproof_gateways",
        "How many gateways of a relay's deployment there are",
        gateways_by_deployment(&gateways),
    );
    metrics.gauge(
        "pathproof_prediction",
        "The best state that the network allows the runtime",
        prediction(report),
    );
    metrics.gauge(
        "pathproof_run_timestamp_seconds",
        "When the run began",
        report.run.started_at.map(|at| (Vec::new(), seconds(at))),
    );
    metrics.gauge(
        "pathproof_run_duration_seconds",
        "How long the run took",
        report.run.took_ms.map(|took| (Vec::new(), took.as_f64() / 1000.0)),
    );
    metrics
}

/// A label's value: on one line, without what a terminal would obey.
fn shown(value: &str) -> String {
    visible(value).into_owned()
}

fn host_and_port(endpoint: &Endpoint) -> LabelPairs {
    let port = endpoint.port.unwrap_or_default().to_string();
    vec![("host", shown(&endpoint.host)), ("port", port)]
}

fn entry_host_and_port(endpoint: &Endpoint) -> LabelPairs {
    let mut labels = vec![("entry", shown(&endpoint.entry))];
    labels.extend(host_and_port(endpoint));
    labels
}

fn statuses(endpoints: &[&Endpoint]) -> Vec<(LabelPairs, f64)> {
    const ALL: [Status; 4] = [Status::Pass, Status::Warn, Status::Fail, Status::Unknown];
    let mut samples = Vec::new();
    for endpoint in endpoints {
        for status in ALL {
            let mut labels = entry_host_and_port(endpoint);
            labels.push(("required", endpoint.is_required().to_string()));
            labels.push(("status", status.as_str().to_owned()));
            samples.push((labels, f64::from(u8::from(endpoint.status == status))));
        }
    }
    samples
}

/// A cause may be found twice of one endpoint; a series is written once.
fn findings(report: &Report, endpoints: &[&Endpoint]) -> Vec<(LabelPairs, f64)> {
    let of_run =
        || vec![("entry", String::new()), ("host", String::new()), ("port", String::new())];
    let own = report.findings.iter().map(|finding| of_finding(of_run(), finding));
    let others = endpoints.iter().flat_map(|endpoint| {
        endpoint.findings.iter().map(|one| of_finding(entry_host_and_port(endpoint), one))
    });
    let mut written = BTreeSet::new();
    let all = own.chain(others).filter(|labels| written.insert(labels.clone()));
    all.map(|labels| (labels, 1.0)).collect()
}

fn of_finding(mut labels: LabelPairs, finding: &Finding) -> LabelPairs {
    labels.extend([
        ("cause", shown(&finding.cause)),
        ("severity", finding.severity.as_str().to_owned()),
        ("certainty", shown(&finding.certainty)),
        ("owner", shown(&finding.owner)),
    ]);
    labels
}

fn phases(endpoints: &[&Endpoint]) -> Vec<(LabelPairs, f64)> {
    let mut samples = Vec::new();
    for endpoint in endpoints {
        let answers = endpoint.lookups.iter().filter(|lookup| lookup.outcome == "ok");
        let dns = answers.map(|lookup| lookup.took_ms.as_f64()).collect();
        let steps = ["tcp", "proxy", "tls", "http"].map(|step| (step, endpoint.times(step)));
        for (phase, times) in [("dns", dns)].into_iter().chain(steps) {
            let Some(shortest) = times.into_iter().min_by(f64::total_cmp) else { continue };
            let mut labels = host_and_port(endpoint);
            labels.push(("phase", phase.to_owned()));
            samples.push((labels, shortest / 1000.0));
        }
    }
    samples
}

fn expiries(endpoints: &[&Endpoint]) -> Vec<(LabelPairs, f64)> {
    let first = |endpoint: &&Endpoint| {
        let own = endpoint.trails.iter().filter(|it| it.route == endpoint.route.configured);
        let steps = own.flat_map(|trail| &trail.steps);
        let chain = steps.flat_map(|step| step.detail.chain());
        let first = chain.filter_map(|certificate| certificate.not_after).min()?;
        Some((host_and_port(endpoint), seconds(first)))
    };
    endpoints.iter().filter_map(first).collect()
}

/// A name on two ports leads to the same addresses.
fn addresses<'r>(endpoints: &[&'r Endpoint]) -> BTreeMap<&'r str, BTreeSet<IpAddr>> {
    let mut by_host: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for endpoint in endpoints {
        if let Some(addresses) = endpoint.addresses() {
            by_host.entry(&endpoint.host).or_default().extend(addresses);
        }
    }
    by_host
}

fn of_host(host: &str) -> LabelPairs {
    vec![("host", shown(host))]
}

/// The first 32 bits of a hash of the addresses in order: exact as a number of Prometheus, and the
/// same on every host and in every version.
fn hash(addresses: &BTreeSet<IpAddr>) -> f64 {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let digest = Sha256::digest(texts.join(" "));
    f64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

fn gateways_by_deployment(gateways: &[&Endpoint]) -> Vec<(LabelPairs, f64)> {
    const STATES: [&str; 3] = ["reachable", "unreachable", "unassigned"];
    let mut by_deployment: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for gateway in gateways {
        let Some(name) = gateway_of(gateway) else { continue };
        let counts = by_deployment.entry(name.deployment.clone()).or_default();
        let is_reached = matches!(gateway.status, Status::Pass | Status::Warn)
            && !CountedEndpoint::from(*gateway).is_failing;
        counts[match (gateway.is_unassigned(), is_reached) {
            (true, _) => 2,
            (false, true) => 0,
            (false, false) => 1,
        }] += 1;
    }
    let mut samples = Vec::new();
    for (deployment, counts) in by_deployment {
        for (state, n_gateways) in STATES.into_iter().zip(counts) {
            let labels = vec![("deployment", shown(&deployment)), ("state", state.to_owned())];
            samples.push((labels, count(n_gateways)));
        }
    }
    samples
}

fn prediction(report: &Report) -> Vec<(LabelPairs, f64)> {
    use NetworkAllows::{Limited, Offline, Online, Unknown};
    let states = [Online, Limited, Offline, Unknown].map(NetworkAllows::as_str);
    let is_it = |state: &str| report.prediction.network_allows == state;
    let samples = states.into_iter();
    samples.map(|it| (vec![("state", it.to_owned())], f64::from(u8::from(is_it(it))))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 here")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a calendar are far below 2^53")]
fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}
