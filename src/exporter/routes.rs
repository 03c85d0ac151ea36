//! Which path gets which answer.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue,
    RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::Instant;

use super::counts::ProbeEnd;
use super::last_run::RunPage;
use super::limited_run::{LimitedRun, RunTime, measured_within};
use super::probe_request::ProbeRequest;
use super::web_access::WebRules;
use super::{CheckFault, Exporter, ExporterModule, Measured, exposition, overview, process};
use crate::model::{Exit, visible};
use crate::report::metrics::Metrics;
use crate::report::{assemble, prometheus};

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
/// How long a run has to come to its end after it was told to: less than the client leaves it.
const GRACE: Duration = Duration::from_millis(400);

type HttpResponse = Response<Full<Bytes>>;

/// Answers one request on a connection that `made_by` let in: what holds now is asked again, since
/// a connection may stay open for long.
pub(super) async fn answer(
    exporter: &Arc<Exporter>,
    made_by: &WebRules,
    request: &Request<Incoming>,
) -> HttpResponse {
    let rules = exporter.settings.web.now(|news| exporter.say(news));
    let given = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let mut answer = if !names_one_host(request) {
        text(StatusCode::BAD_REQUEST, "a request names its host once (RFC 9112 §3.2)\n")
    } else if rules.handshake != made_by.handshake {
        let elsewhere = "this connection was made by rules that hold no more: connect anew\n";
        with(text(StatusCode::MISDIRECTED_REQUEST, elsewhere), CONNECTION, "close")
    } else if Arc::clone(&rules.passwords).admit(given).await {
        admitted(exporter, request).await
    } else {
        let refused = text(StatusCode::UNAUTHORIZED, "a user name and its password are needed\n");
        with(refused, WWW_AUTHENTICATE, "Basic realm=\"pathproof\", charset=\"UTF-8\"")
    };
    for (name, value) in &rules.headers {
        answer.headers_mut().insert(name.clone(), value.clone());
    }
    answer
}

fn names_one_host(request: &Request<Incoming>) -> bool {
    let n_hosts = request.headers().get_all(HOST).iter().count();
    n_hosts == 1 || (n_hosts == 0 && request.version() < Version::HTTP_11)
}

async fn admitted(exporter: &Arc<Exporter>, request: &Request<Incoming>) -> HttpResponse {
    let path = request.uri().path();
    let expected: &[Method] = match path {
        "/-/reload" => &[Method::POST, Method::PUT],
        _ => &[Method::GET, Method::HEAD],
    };
    if !expected.contains(request.method()) {
        let names: Vec<&str> = expected.iter().map(Method::as_str).collect();
        let refused = text(StatusCode::METHOD_NOT_ALLOWED, &format!("only {}\n", names.join(", ")));
        return with(refused, ALLOW, &names.join(", "));
    }
    match path {
        "/probe" => probe(exporter, request).await,
        "/metrics" => own_metrics(exporter, request).await,
        "/-/healthy" => text(StatusCode::OK, "pathproof is healthy\n"),
        "/-/ready" => text(StatusCode::OK, "pathproof is ready\n"),
        "/-/reload" => match exporter.reload().await {
            Ok(()) => text(StatusCode::OK, "the configuration was read anew\n"),
            Err(error) => text(StatusCode::BAD_REQUEST, &format!("{error}\n")),
        },
        "/" => match overview::page(exporter) {
            Ok(page) => bytes(StatusCode::OK, HTML, page.into_bytes()),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
        },
        _ => match path.strip_prefix("/report/") {
            Some(name) => last_report(exporter, name).await,
            None => text(
                StatusCode::NOT_FOUND,
                "there are /probe, /metrics, /report/NAME, /-/healthy, /-/ready, /-/reload and /\n",
            ),
        },
    }
}

/// `/probe`: measures now.
async fn probe(exporter: &Arc<Exporter>, request: &Request<Incoming>) -> HttpResponse {
    let query = request.uri().query().unwrap_or_default();
    let asked = match ProbeRequest::read(query, request.headers()) {
        Ok(asked) => asked,
        Err(fault) => return text(StatusCode::BAD_REQUEST, &format!("{fault}\n")),
    };
    let module = match module(exporter, asked.module.as_deref()) {
        Ok(module) => module,
        Err(why) => return text(StatusCode::BAD_REQUEST, &why),
    };
    let refused = |shown: &str| {
        exporter.counts.probe(ProbeEnd::NotAllowed);
        text(StatusCode::FORBIDDEN, &not_allowed(&module, shown))
    };
    let shown = asked.target.as_ref().map(ToString::to_string).unwrap_or_default();
    if asked.target.as_ref().is_some_and(|target| !module.allow.covers_host(&target.host)) {
        return refused(&shown);
    }
    let Ok(_slot) = exporter.probes.try_acquire() else {
        exporter.counts.probe(ProbeEnd::Refused);
        let busy = text(
            StatusCode::SERVICE_UNAVAILABLE,
            "as many targets as --max-probes allows are being measured: ask again\n",
        );
        return with(busy, RETRY_AFTER, "1");
    };
    // Where the client goes away, this future is dropped with everything in it.
    let mut end = CountedProbe { exporter, end: ProbeEnd::Abandoned };
    let is_whole = asked.target.is_none();
    let begun = Instant::now();
    let time = RunTime { limit: asked.limit, grace: GRACE };
    let run = match measured_within(exporter, &module, asked.target, time).await {
        Ok(run) => run,
        Err(CheckFault::NotAllowed) => {
            end.end = ProbeEnd::NotAllowed;
            return text(StatusCode::FORBIDDEN, &not_allowed(&module, &shown));
        }
        Err(CheckFault::Failed(why)) => {
            end.end = ProbeEnd::Failed;
            return text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{}\n", visible(&why)));
        }
    };
    let LimitedRun { measured, is_cut_short } = run;
    // Who gives a run no time decides nothing of what others are told.
    let is_kept = is_whole && !is_cut_short;
    let took = begun.elapsed();
    let is_success = measured.conclusion.ending.exit == Exit::Satisfied;
    let exporter = Arc::clone(exporter);
    let rendered = blocking(move || {
        let mut metrics = of_probe(is_success, took);
        metrics.append(of_measured(&measured));
        if is_kept {
            exporter.keep(&module, measured);
        }
        metrics
    });
    let answer = match rendered.await {
        Some(metrics) => written(request, metrics),
        None => text(StatusCode::INTERNAL_SERVER_ERROR, "the result could not be written\n"),
    };
    end.end = ProbeEnd::Answered;
    answer
}

/// Counts how a request ended; a future that is dropped was abandoned by its client.
struct CountedProbe<'e> {
    exporter: &'e Exporter,
    end: ProbeEnd,
}

impl Drop for CountedProbe<'_> {
    fn drop(&mut self) {
        self.exporter.counts.probe(self.end);
    }
}

fn of_probe(is_success: bool, took: Duration) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.gauge(
        "probe_success",
        "Whether everything required is as expected",
        [(Vec::new(), f64::from(u8::from(is_success)))],
    );
    metrics.gauge(
        "probe_duration_seconds",
        "How long the request took to be measured",
        [(Vec::new(), took.as_secs_f64())],
    );
    metrics
}

fn of_measured(measured: &Measured) -> Metrics {
    prometheus::of_run(&assemble(&measured.records, &measured.conclusion, None))
}

fn not_allowed(module: &ExporterModule, shown: &str) -> String {
    format!(
        "{} is not among what module {} may be asked for. {} says: {}. Add it there, as \
         allow = [\"HOST\", \"*.DOMAIN\", \"HOST:PORT\", \"KIND://HOST\"].\n",
        visible(shown),
        module.name,
        module.allowed_by,
        module.allow
    )
}

/// The module of that name; without a name, the only one that there is.
fn module(exporter: &Exporter, name: Option<&str>) -> Result<Arc<ExporterModule>, String> {
    let loaded = exporter.loaded();
    let found = match (name, loaded.modules.len()) {
        (Some(name), _) => loaded.modules.get(name),
        (None, 1) => loaded.modules.values().next(),
        (None, _) => None,
    };
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = loaded.modules.keys().map(String::as_str).collect();
        let asked = name.map_or_else(
            || "module is missing".to_owned(),
            |name| format!("there is no module '{}'", visible(name)),
        );
        format!("{asked}; there are {}\n", names.join(", "))
    })
}

/// `/metrics`: the exporter's own, and the last runs of modules that are measured in the
/// background.
async fn own_metrics(exporter: &Arc<Exporter>, request: &Request<Incoming>) -> HttpResponse {
    let mut metrics = prometheus::build_info(env!("CARGO_PKG_VERSION"));
    let loaded = exporter.loaded();
    let alone = |value: f64| [(Vec::new(), value)];
    metrics.gauge(
        "pathproof_config_last_reload_successful",
        "Whether the configuration that was read last is in force",
        alone(f64::from(u8::from(loaded.is_newest))),
    );
    metrics.gauge(
        "pathproof_config_last_reload_success_timestamp_seconds",
        "When the configuration in force was read",
        alone(seconds(loaded.at)),
    );
    metrics.gauge(
        "pathproof_web_config_last_reload_successful",
        "Whether the web configuration that was read last is in force",
        alone(f64::from(u8::from(exporter.settings.web.is_newest()))),
    );
    let max_probes = exporter.settings.max_probes;
    let in_flight = max_probes.saturating_sub(exporter.probes.available_permits());
    metrics.append(exporter.counts.metrics(in_flight, max_probes, |name| loaded.measures(name)));
    metrics.append(process::metrics());
    metrics.gauge(
        "pathproof_service_tags_timestamp_seconds",
        "The day of the service tags that addresses are judged by",
        loaded.modules.values().filter_map(|module| {
            Some((vec![("module", module.name.clone())], seconds(module.checks.tags_of()?)))
        }),
    );
    metrics.gauge(
        "pathproof_module_interval_seconds",
        "How often a module is measured in the background",
        loaded.modules.values().filter_map(|module| {
            Some((vec![("module", module.name.clone())], module.every?.as_secs_f64()))
        }),
    );
    for module in loaded.modules.values().filter(|module| module.every.is_some()) {
        if let Some(run) = exporter.last(&module.name) {
            metrics.append(run.metrics.clone());
        }
    }
    metrics.append(exporter.ledger_metrics().await);
    written(request, metrics)
}

/// Answers `/report/NAME[.html|.json]` with the last run of a module.
async fn last_report(exporter: &Arc<Exporter>, path: &str) -> HttpResponse {
    let known = |name: &str| exporter.loaded().modules.contains_key(name);
    // A module may itself be called `x.json`.
    let (name, kind) = match path.rsplit_once('.') {
        _ if known(path) => (path, "html"),
        Some((name, kind @ ("html" | "json"))) => (name, kind),
        _ => (path, "html"),
    };
    let Some(run) = exporter.last(name) else {
        let why = if known(name) {
            "this module was not measured yet: ask /probe, or give it `every`\n"
        } else {
            "there is no such module\n"
        };
        return text(StatusCode::NOT_FOUND, why);
    };
    let (of, content) =
        if kind == "json" { (RunPage::Json, "application/json") } else { (RunPage::Html, HTML) };
    match run.page(of, &exporter.rendering).await {
        Some(page) => bytes(StatusCode::OK, content, page),
        None => text(StatusCode::INTERNAL_SERVER_ERROR, "the report could not be written\n"),
    }
}

/// Computes where it holds up nobody; `None` where it panicked.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// Metrics in the format that the client prefers.
fn written(request: &Request<Incoming>, metrics: Metrics) -> HttpResponse {
    let format = exposition::preferred(request.headers());
    let mut written = Vec::new();
    match metrics.write(format, &mut written) {
        Ok(()) => bytes(StatusCode::OK, exposition::content_type(format), written),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
    }
}

fn text(status: StatusCode, text: &str) -> HttpResponse {
    bytes(status, PLAIN, text.as_bytes().to_vec())
}

fn bytes(status: StatusCode, content: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    // What was true a moment ago is not what was asked for.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    answer
}

fn with(mut answer: HttpResponse, name: HeaderName, value: &str) -> HttpResponse {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a calendar are far below 2^53")]
pub(super) fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_second() as f64
}
