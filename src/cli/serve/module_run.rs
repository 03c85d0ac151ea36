//! A module as runs of `check`: everything is read anew for each of them.

use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::arguments::{CheckArgs, FailOnArg, TargetArgs};
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
use crate::list;
use crate::model::{Endpoint, Host, Kind};
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
        let ModuleState { options, .. } = &*self.0;
        let CheckArgs { targets, measuring, trust, .. } = &options.check;
        let prepared = match target {
            None => self.read(targets, &[])?,
            Some(target) => self.of_target(target)?,
        };
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

    /// What is measured of a target: what the module measures there by itself, else the target as
    /// the kind that the request names, or `allow`, or the lists.
    fn of_target(&self, target: &ProbeTarget) -> Result<PreparedRun, CheckFault> {
        type Covers = fn(&AllowList, &Host, u16, Kind) -> bool;
        let ModuleState { options, allow } = &*self.0;
        let leave = |prepared: &mut PreparedRun, target: &ProbeTarget, covers: Covers| {
            narrow(prepared, |endpoint| {
                let host = endpoint.subject.host();
                target.means(endpoint)
                    && host.is_some_and(|host| covers(allow, host, endpoint.port, endpoint.kind))
            });
            !prepared.plan.endpoints.is_empty()
        };
        let mut targets = options.check.targets.clone();
        let mut own = self.read(&targets, &[])?;
        if leave(&mut own, target, AllowList::covers_own) {
            return Ok(own);
        }
        let name = ProbeTarget { kind: None, ..target.clone() }.to_string();
        let kind = target.kind.or_else(|| allow.kind_of(&target.host, target.port));
        let target = ProbeTarget { kind, ..target.clone() };
        let mut of_lists = self.read(&targets, &[name])?;
        if leave(&mut of_lists, &target, AllowList::covers) {
            return Ok(of_lists);
        }
        // What no list has as that kind is an endpoint of its own. TCP alone has no port.
        let has_port = |kind| target.port.is_some() || list::default_port(kind).is_some();
        if !kind.is_some_and(has_port) {
            return Err(CheckFault::NotAllowed);
        }
        targets.endpoint.push(target.to_string());
        targets.skip.retain(|entry| entry != list::ENDPOINT);
        let mut given = self.read(&targets, &[])?;
        if leave(&mut given, &target, AllowList::covers) {
            return Ok(given);
        }
        Err(CheckFault::NotAllowed)
    }

    fn read(&self, targets: &TargetArgs, names: &[String]) -> Result<PreparedRun, CheckFault> {
        let measuring = &self.0.options.check.measuring;
        request::prepare(targets, measuring, names, &mut Stdin::default()).map_err(failed)
    }

    fn conclude(&self, records: crate::model::Records) -> Result<Measured, CheckFault> {
        let reporting = &self.0.options.check.reporting;
        let published =
            ServiceTagRanges::read(reporting.service_tags.as_deref()).map_err(failed)?;
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
            let records = records.map_err(failed)?;
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

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` has")]
fn failed(error: anyhow::Error) -> CheckFault {
    CheckFault::Failed(format!("{error:#}"))
}

/// Leaves some of the endpoints, and nothing else.
fn narrow(prepared: &mut PreparedRun, is_left: impl Fn(&Endpoint) -> bool) {
    prepared.plan.endpoints.retain(|endpoint| is_left(endpoint));
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
