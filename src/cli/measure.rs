//! What `check`, `watch`, `resolve` and `rules` share: they run a plan of probes from this host.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use tokio_util::task::AbortOnDropHandle;

use super::arguments::MeasuringArgs;
use super::hint;
use super::progress::Bar;
use super::recorded;
use super::request::PreparedRun;
use super::signals;
use super::vantage;
use crate::model::{Family, Obstacle, Record, Records, Run};
use crate::probe::dns::{DnsClient, DnsSettings, system_servers};
use crate::probe::script::ScriptFetcher;
use crate::probe::tls::TlsClient;
use crate::probe::{self, Connector, Routing, RunProgress, Settings, Stop};
use crate::proxy_config::{self, ProxyConfig, ProxyDecider};

/// Descriptors that probes do not get: standard streams, files, name servers, the async runtime's.
#[cfg(unix)]
const RESERVED_DESCRIPTORS: u64 = 128;
/// More at once would only run out of ephemeral ports (28,000 by default on Linux).
const MOST_CONNECTIONS: usize = 20_000;

/// A run that is about to begin. What identifies it is known before its records are.
#[derive(Debug)]
pub(super) struct Measurement {
    prepared: PreparedRun,
    settings: Settings,
    proxy: ProxyConfig,
    measuring: Limits,
    run: Run,
}

#[derive(Debug)]
struct Limits {
    deadline: Option<std::time::Duration>,
    /// No name server was given, so the system's own resolver is asked too.
    asks_system: bool,
}

impl Measurement {
    /// Prepares a run, and shows its hints and those about its proxy configuration.
    ///
    /// # Errors
    /// Options contradict each other, or there is no name server.
    pub(super) fn new(
        prepared: PreparedRun,
        measuring: &MeasuringArgs,
        tls: TlsClient,
        resolve_only: bool,
        arguments: &[OsString],
    ) -> Result<Self> {
        let measurement = Self::again(prepared, measuring, tls, resolve_only, arguments)?;
        // An error is not preceded by advice for a run that does not begin.
        for note in measurement.prepared.hints.iter().chain(&measurement.proxy.notes) {
            hint::hint(note);
        }
        // A proxy that the runtime's own files name is the same for every account.
        let ProxyConfig { origin, shown, .. } = &measurement.proxy;
        let is_of_account = match origin.decided_by {
            ProxyDecider::Os => true,
            ProxyDecider::Agent => shown.is_none(),
            ProxyDecider::Option => false,
        };
        if let Some(hint) = measurement.prepared.other_account.as_ref().filter(|_| is_of_account) {
            hint::hint(hint);
        }
        Ok(measurement)
    }

    /// Prepares a run without showing hints, for the second and later rounds of a watch.
    ///
    /// # Errors
    /// Options contradict each other, or there is no name server.
    pub(super) fn again(
        prepared: PreparedRun,
        measuring: &MeasuringArgs,
        tls: TlsClient,
        resolve_only: bool,
        arguments: &[OsString],
    ) -> Result<Self> {
        let local = proxy_config::local_view(vantage::addresses());
        let proxy = ProxyConfig::read(measuring.proxy.options()?, local)?;
        let servers = servers(measuring)?;
        let families = families(measuring)?;
        let run = Run {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: Timestamp::now(),
            took: std::time::Duration::ZERO,
            options: recorded::options(arguments),
            vantage: vantage::describe(servers.clone(), &proxy),
            cloud: prepared.cloud.as_str().to_owned(),
            lists: prepared.lists.clone(),
            private_networks: prepared.private_networks.clone(),
            is_resolver_given: !measuring.resolver.is_empty(),
            is_self_contained: prepared.is_self_contained,
            control: None,
            agent_files_differ: proxy.agent_files_differ.clone(),
            absent: Vec::new(),
            nodes: prepared.nodes.clone(),
            runtime: prepared.runtime.clone(),
            redacted: None,
            kept_in: None,
        };
        let settings = Settings {
            timeout: measuring.timeout,
            families,
            source: measuring.source,
            concurrency: concurrency(measuring.concurrency),
            servers,
            asks_system: measuring.resolver.is_empty() && !resolve_only,
            expand_gateways: prepared.expand_gateways,
            resolve_only,
            tls,
            wishes: probe::Wishes::default(),
            connector: Connector::network(),
            packages: probe::sign_in::of_this_host(),
            // Until the configuration is ready to be asked.
            routing: Routing::direct("nothing is connected"),
        };
        let measuring =
            Limits { deadline: measuring.deadline, asks_system: measuring.resolver.is_empty() };
        Ok(Self { prepared, settings, proxy, measuring, run })
    }

    /// Adds follow-ups to the run.
    pub(super) const fn wish(mut self, wishes: probe::Wishes) -> Self {
        self.settings.wishes = wishes;
        self
    }

    /// What identifies the run.
    pub(super) const fn run(&self) -> &Run {
        &self.run
    }

    /// Runs the probes. `finished` gets each record as it is done, and may end the run early
    /// through its [`Stop`]. SIGINT and SIGTERM end it early too; what is known by then is
    /// reported.
    pub(super) fn carry_out(self, finished: impl FnMut(&Record, &Stop)) -> Result<Records> {
        self.carry_out_in(&RunSession::begin()?, finished)
    }

    /// The same as one of several runs of a session.
    pub(super) fn carry_out_in(
        self,
        session: &RunSession,
        mut finished: impl FnMut(&Record, &Stop),
    ) -> Result<Records> {
        let bar = Bar::of_probes(self.settings.resolve_only);
        session.runtime.block_on(async {
            let stop = Stop::new();
            let passes_on = pass_on(session.stop.clone(), stop.clone());
            let _interrupted = AbortOnDropHandle::new(tokio::spawn(passes_on));
            self.carried_out(&stop, |progress| {
                bar.note(&progress);
                if let RunProgress::Finished(record) = progress {
                    finished(record, &stop);
                }
            })
            .await
        })
    }

    /// Runs the probes until all are done, the deadline passes or `stop` is given. Where this is
    /// dropped, nothing of it goes on.
    pub(super) async fn carried_out(
        self,
        stop: &Stop,
        watch: impl FnMut(RunProgress<'_>),
    ) -> Result<Records> {
        let Self { prepared, mut settings, proxy, measuring, mut run } = self;
        let begun = Instant::now();
        run.started_at = Timestamp::now();
        let _deadline = measuring.deadline.map(|deadline| {
            let stop = stop.clone();
            AbortOnDropHandle::new(tokio::spawn(async move {
                tokio::time::sleep(deadline).await;
                stop.give(Obstacle::BudgetSpent);
            }))
        });
        if !settings.resolve_only {
            let client = script_client(&settings, measuring.asks_system);
            let own = vantage::leading_out(settings.servers.first().copied(), settings.source);
            // A run that is stopped here has no routes: every record says that it was stopped.
            if let Ok(router) = stop.or(proxy.into_router(client, own)).await {
                let router = Arc::new(router.context("cannot start a thread")?);
                settings.routing = Routing::new(move |endpoint| {
                    let router = Arc::clone(&router);
                    async move { router.choose(&endpoint).await }
                });
            }
        }
        let outcome = probe::run(&prepared.plan, settings, stop, watch).await;
        run.took = begun.elapsed();
        run.control = outcome.control;
        run.absent = outcome.absent;
        Ok(Records { run, records: outcome.records })
    }
}

/// The asynchronous runtime of one or more runs. SIGINT and SIGTERM end all of them.
#[derive(Debug)]
pub(super) struct RunSession {
    runtime: tokio::runtime::Runtime,
    stop: Stop,
}

impl RunSession {
    /// Starts the runtime, and handles the signals from here on.
    pub(super) fn begin() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the asynchronous runtime")?;
        let stop = Stop::new();
        let guard = runtime.enter();
        runtime.spawn(stop_by(signals::interrupted(), stop.clone()));
        drop(guard);
        Ok(Self { runtime, stop })
    }

    /// Whether a signal came.
    pub(super) fn is_interrupted(&self) -> bool {
        self.stop.reason().is_some()
    }

    /// Waits; false where a signal ended the wait.
    pub(super) fn pause(&self, time: std::time::Duration) -> bool {
        let wait = async { self.stop.or(tokio::time::sleep(time)).await };
        self.runtime.block_on(wait).is_ok()
    }
}

/// Ends a run when its session ends.
async fn pass_on(session: Stop, run: Stop) {
    if let Err(reason) = session.or(std::future::pending::<()>()).await {
        run.give(reason);
    }
}

/// The client that fetches a script and resolves names for it.
fn script_client(settings: &Settings, asks_system: bool) -> ScriptFetcher {
    let of_dns = DnsSettings {
        timeout: settings.timeout,
        families: settings.families.clone(),
        source: settings.source,
        // The client for scripts asks the system itself.
        asks_system: false,
        connector: Connector::network(),
    };
    ScriptFetcher {
        dns: Arc::new(DnsClient::new(settings.servers.clone(), of_dns)),
        tls: settings.tls.clone(),
        source: settings.source,
        timeout: settings.timeout,
        asks_system,
    }
}

/// Waits for a signal, and then stops the session.
async fn stop_by(interrupted: impl Future<Output = ()>, stop: Stop) {
    interrupted.await;
    stop.give(Obstacle::Cancelled);
}

fn servers(measuring: &MeasuringArgs) -> Result<Vec<SocketAddr>> {
    if !measuring.resolver.is_empty() {
        let mut servers = Vec::new();
        for server in &measuring.resolver {
            if !servers.contains(server) {
                servers.push(*server);
            }
        }
        return Ok(servers);
    }
    let servers = system_servers().context("cannot read this system's DNS configuration")?;
    if servers.is_empty() {
        bail!("this system's DNS configuration names no server; name one by --resolver IP");
    }
    Ok(servers)
}

fn families(measuring: &MeasuringArgs) -> Result<Vec<Family>> {
    let of_source = measuring.source.map(Family::of);
    let asked = match (measuring.ipv4, measuring.ipv6) {
        (true, _) => Some(Family::V4),
        (false, true) => Some(Family::V6),
        (false, false) => None,
    };
    match (asked, of_source) {
        (Some(asked), Some(of_source)) if asked != of_source => {
            let flag = if asked == Family::V4 { "-4" } else { "-6" };
            let source = measuring.source.unwrap_or(IpAddr::from([0, 0, 0, 0]));
            bail!(
                "{flag} and --source {source} contradict each other: the address is of the other family"
            );
        }
        (Some(one), _) | (None, Some(one)) => Ok(vec![one]),
        (None, None) => Ok(vec![Family::V4, Family::V6]),
    }
}

fn concurrency(given: Option<u32>) -> usize {
    if let Some(given) = given {
        return usize::try_from(given).unwrap_or(MOST_CONNECTIONS);
    }
    #[cfg(unix)]
    {
        // The soft limit is often 1,024; a process may raise it to the hard limit.
        let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
        let free = usize::try_from(limit.saturating_sub(RESERVED_DESCRIPTORS));
        free.unwrap_or(MOST_CONNECTIONS).clamp(16, MOST_CONNECTIONS)
    }
    #[cfg(not(unix))]
    {
        MOST_CONNECTIONS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::ProxyArgs;

    fn measuring(ipv4: bool, ipv6: bool, source: Option<&str>) -> MeasuringArgs {
        MeasuringArgs {
            resolver: Vec::new(),
            timeout: std::time::Duration::from_secs(5),
            deadline: None,
            ipv4,
            ipv6,
            source: source.map(|source| source.parse().unwrap()),
            concurrency: None,
            proxy: ProxyArgs::default(),
        }
    }

    #[test]
    fn the_source_decides_the_family() {
        assert_eq!(families(&measuring(false, false, None)).unwrap().len(), 2);
        assert_eq!(families(&measuring(false, false, Some("::1"))).unwrap(), [Family::V6]);
        assert_eq!(families(&measuring(true, false, None)).unwrap(), [Family::V4]);
        let error = families(&measuring(true, false, Some("::1"))).unwrap_err().to_string();
        assert!(error.contains("-4") && error.contains("::1"), "{error}");
    }
}
