//! A module as runs of `check`: everything is read anew for each of them.

use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::arguments::{CheckArgs, FailOnArg};
use crate::cli::check;
use crate::cli::configuration::ModuleOptions;
use crate::cli::input::Stdin;
use crate::cli::measure::Measurement;
use crate::cli::request::{self, PreparedRun};
use crate::cli::service_tag_ranges::ServiceTagRanges;
use crate::diagnose;
use crate::exporter::{
    AllowList, CheckFault, Checking, Checks, ExporterModule, Measured, ProbeTarget,
};
use crate::model::Subject;
use crate::probe::tls::TlsClient;
use crate::probe::{Stop, Wishes};

/// What a module measures, and how.
#[derive(Clone, Debug)]
pub(super) struct ModuleRun(Arc<ModuleState>);

#[derive(Debug)]
struct ModuleState {
    options: ModuleOptions,
    allow: AllowList,
}

impl ModuleRun {
    /// Makes a module of what the configuration says. What it measures is prepared once, so that a
    /// configuration that cannot work is not put into force.
    ///
    /// # Errors
    /// Its options contradict each other, a file of it cannot be read, or nothing is left to probe.
    pub(super) fn prepare(options: ModuleOptions) -> Result<ExporterModule> {
        let of = || format!("[module.{}]", options.name);
        let CheckArgs { targets, measuring, trust, reporting, .. } = &options.check;
        check::judge(trust).with_context(of)?;
        let published =
            ServiceTagRanges::read(reporting.service_tags.as_deref()).with_context(of)?;
        let prepared = request::prepare(targets, measuring, &[], &mut Stdin::default());
        let prepared = prepared.with_context(of)?;
        let allow = match &options.allow {
            Some(allow) => allow.clone(),
            None => own_names(&options.check, &prepared).with_context(of)?,
        };
        let tags_of = published.date(prepared.cloud).and_then(|date| midnight(&date));
        let module = ExporterModule {
            name: options.name.clone(),
            every: options.every,
            allow: allow.clone(),
            allowed_by: options.allowed_by.clone(),
            tags_of,
            checks: Arc::new(Self(Arc::new(ModuleState { options, allow }))),
        };
        Ok(module)
    }

    /// Reads what the module names, and leaves of it what was asked for.
    fn begin(&self, target: Option<&ProbeTarget>) -> Result<Measurement, CheckFault> {
        let ModuleState { options, allow } = &*self.0;
        let CheckArgs { targets, measuring, trust, .. } = &options.check;
        let failed = |error: anyhow::Error| CheckFault::Failed(format!("{error:#}"));
        let names: Vec<String> = target.iter().map(ToString::to_string).collect();
        let mut stdin = Stdin::default();
        let mut prepared =
            request::prepare(targets, measuring, &names, &mut stdin).map_err(failed)?;
        if let Some(target) = target {
            narrow(&mut prepared, target);
            let is_allowed = prepared.plan.endpoints.iter().all(|endpoint| {
                let host = endpoint.subject.host();
                host.is_some_and(|host| allow.covers(host, endpoint.port, endpoint.kind))
            });
            if prepared.plan.endpoints.is_empty() || !is_allowed {
                return Err(CheckFault::NotAllowed);
            }
        }
        let tls = TlsClient::new(check::judge(trust).map_err(failed)?);
        let wishes = Wishes {
            locate: options.check.locate,
            hold: options.check.hold,
            no_revocation: options.check.no_revocation,
        };
        Measurement::again(prepared, measuring, tls, false, &options.arguments)
            .map(|measurement| measurement.wish(wishes))
            .map_err(failed)
    }

    fn conclude(&self, records: crate::model::Records) -> Result<Measured, CheckFault> {
        let reporting = &self.0.options.check.reporting;
        let published = ServiceTagRanges::read(reporting.service_tags.as_deref())
            .map_err(|error| CheckFault::Failed(format!("{error:#}")))?;
        let mut conclusion = check::conclude(&records, &published);
        let fail_on: FailOnArg = reporting.fail_on;
        conclusion.ending = diagnose::ending(&records, &conclusion, fail_on.into());
        Ok(Measured { records, conclusion })
    }
}

impl Checks for ModuleRun {
    fn check(&self, target: Option<ProbeTarget>, stop: Stop) -> Checking {
        let run = self.clone();
        Box::pin(async move {
            let begin = {
                let run = run.clone();
                move || run.begin(target.as_ref())
            };
            let measurement = blocking(begin).await?;
            let records = measurement.carried_out(&stop, |_| {}).await;
            let records = records.map_err(|error| CheckFault::Failed(format!("{error:#}")))?;
            blocking(move || run.conclude(records)).await
        })
    }
}

/// Reads files and computes where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CheckFault> + Send + 'static,
) -> Result<T, CheckFault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(CheckFault::Failed("this program met an error".to_owned())))
}

/// Leaves the endpoints of one target.
fn narrow(prepared: &mut PreparedRun, target: &ProbeTarget) {
    prepared.plan.endpoints.retain(|endpoint| {
        endpoint.subject == Subject::Host(target.host.clone())
            && target.port.is_none_or(|port| port == endpoint.port)
    });
    prepared.plan.untestable.clear();
    prepared.hints.clear();
}

/// The names of the module's lists, and those that it names itself.
fn own_names(check: &CheckArgs, prepared: &PreparedRun) -> Result<AllowList> {
    let lists = request::lists(&check.targets, prepared.cloud)?;
    let mut allow = AllowList::of_lists(&lists, &check.targets.with);
    for endpoint in &prepared.plan.endpoints {
        if let Some(host) = endpoint.subject.host() {
            allow.add(host, endpoint.port);
        }
    }
    Ok(allow)
}

fn midnight(date: &str) -> Option<Timestamp> {
    let date: Date = date.parse().ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
}
