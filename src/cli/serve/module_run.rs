//! A module as runs of `check`: everything is read anew for each of them.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use jiff::Timestamp;

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
use crate::model::{Cloud, Endpoint, Host, Kind};
use crate::probe::tls::TlsClient;
use crate::probe::{Stop, Wishes};

/// What a module measures, and how.
#[derive(Clone, Debug)]
pub(super) struct ModuleRun(Arc<ModuleState>);

#[derive(Debug)]
struct ModuleState {
    options: ModuleOptions,
    allow: AllowList,
    /// When the service tags were published that were read last.
    tags_of: Mutex<Option<Timestamp>>,
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
        let tags_of = Mutex::new(published.published_at(prepared.cloud));
        let module = ExporterModule {
            name: options.name.clone(),
            options: options.arguments.clone(),
            every: options.every,
            allow: allow.clone(),
            allowed_by: options.allowed_by.clone(),
            checks: Arc::new(Self(Arc::new(ModuleState { options, allow, tags_of }))),
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
        let ModuleState { options, allow, .. } = &*self.0;
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
        // One host and port is one endpoint, whatever kind is asked for.
        let port = target.port.or_else(|| list::default_port(target.kind?));
        let there = ProbeTarget { kind: None, port, ..target.clone() };
        let is_there = port.is_some() && own.plan.endpoints.iter().any(|one| there.means(one));
        if leave(&mut own, if is_there { &there } else { target }, AllowList::covers_own) {
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
        if let Some(cloud) = Cloud::parse(&records.run.cloud) {
            let mut known = self.0.tags_of.lock().unwrap_or_else(PoisonError::into_inner);
            *known = published.published_at(cloud);
        }
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

    fn tags_of(&self) -> Option<Timestamp> {
        *self.0.tags_of.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Leaves some of the endpoints, and nothing else. They are what is asked for, so that whoever asks
/// is told where they fail, whatever the list says of the runtime's needs.
fn narrow(prepared: &mut PreparedRun, is_left: impl Fn(&Endpoint) -> bool) {
    prepared.plan.endpoints.retain(|endpoint| is_left(endpoint));
    for endpoint in &mut prepared.plan.endpoints {
        Arc::make_mut(endpoint).required = true;
    }
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::FromArgMatches as _;
    use serde_json::json;

    use super::*;
    use crate::cli::arguments::{self, Arguments, Command};

    /// A module that says the same as the options.
    fn options(words: &[&str]) -> ModuleOptions {
        let arguments: Vec<OsString> = ["pathproof", "check", "--discover=no"]
            .iter()
            .chain(words)
            .map(OsString::from)
            .collect();
        let matches = arguments::command().try_get_matches_from(&arguments).unwrap();
        let Command::Check(check) = Arguments::from_arg_matches(&matches).unwrap().command else {
            panic!("no check")
        };
        ModuleOptions {
            name: "ds".to_owned(),
            arguments,
            check: *check,
            every: None,
            allow: None,
            allowed_by: String::new(),
        }
    }

    /// What a module measures of a target, as `kind host:port`, and whether it is required.
    fn measured(words: &[&str], target: &str) -> Vec<(String, bool)> {
        let options = options(words);
        let prepared = request::prepare(
            &options.check.targets,
            &options.check.measuring,
            &[],
            &mut Stdin::default(),
        );
        let allow = own_names(&options.check, &prepared.unwrap()).unwrap();
        let tags_of = Mutex::default();
        let run = ModuleRun(Arc::new(ModuleState { options, allow, tags_of }));
        let prepared = run.of_target(&ProbeTarget::parse(target).unwrap());
        let shown = |one: &Arc<Endpoint>| {
            (format!("{} {}:{}", one.kind.as_str(), one.subject, one.port), one.required)
        };
        prepared.unwrap().plan.endpoints.iter().map(shown).collect()
    }

    /// Another kind would not be what the module says of the host, nor could both be measured.
    #[test]
    fn a_host_that_the_module_measures_is_measured_as_it_is_there() {
        let words = ["--endpoint", "tls://127.0.0.1:7001", "--endpoint", "tds://sql.contoso.com"];
        for (target, expected) in [
            ("tcp://127.0.0.1:7001", "tls 127.0.0.1:7001"),
            ("tls://127.0.0.1:7001", "tls 127.0.0.1:7001"),
            ("127.0.0.1:7001", "tls 127.0.0.1:7001"),
            ("tds://sql.contoso.com", "tds sql.contoso.com:1433"),
            ("tcp://sql.contoso.com:1433", "tds sql.contoso.com:1433"),
        ] {
            assert_eq!(measured(&words, target), [(expected.to_owned(), true)], "{target}");
        }
        let both = ["--endpoint", "tls://127.0.0.1:7001", "--endpoint", "tcp://127.0.0.1:7001"];
        let error = ModuleRun::prepare(options(&both)).unwrap_err();
        assert!(format!("{error:#}").contains("measured as one kind"), "{error:#}");
    }

    /// A file that nobody renews grows old, and one that is renewed does not.
    #[test]
    fn tags_of_a_file_are_as_old_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tags.json");
        let text = json!({"changeNumber": 7, "cloud": "Public", "values": [{"name": "Sql",
            "id": "Sql", "properties": {"changeNumber": 7, "region": "", "regionId": 0,
            "platform": "Azure", "systemService": "", "addressPrefixes": ["40.112.72.0/24"],
            "networkFeatures": []}}]});
        std::fs::write(&path, text.to_string()).unwrap();
        let old: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(old.into()).unwrap();
        let words = ["--endpoint", "contoso.com", "--service-tags", path.to_str().unwrap()];
        let module = ModuleRun::prepare(options(&words)).unwrap();
        assert_eq!(module.checks.tags_of(), Some(old));
        let embedded = ModuleRun::prepare(options(&words[..2])).unwrap();
        let day = embedded.checks.tags_of().unwrap().to_string();
        assert!(day.ends_with("T00:00:00Z"), "{day}");
    }

    /// `download` and the data stores are not required of a runtime, and who asks for them alone
    /// asks whether they work.
    #[test]
    fn a_target_is_required_whatever_the_list_says() {
        let words = ["--with", "data-stores"];
        for (target, expected) in [
            ("xacct.blob.core.windows.net", "https xacct.blob.core.windows.net:443"),
            ("download.microsoft.com", "https download.microsoft.com:443"),
        ] {
            assert_eq!(measured(&words, target), [(expected.to_owned(), true)], "{target}");
        }
    }
}
