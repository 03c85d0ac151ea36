//! All concurrency of a run: a task for each endpoint, each way and each address, bounded,
//! stoppable, and in the end one record for each endpoint.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::absent::Absent;
use super::control::Control;
use super::dns::{DnsClient, DnsSettings};
use super::follow_up;
use super::follow_up::cache::FollowUpCache;
use super::pace::Gate;
use super::proxies::Proxies;
use super::shared::{RunShared, Settings};
use super::stop::Stop;
use super::walk::{self, Purpose, WalkTarget};
use crate::model::{
    Awaited, End, Endpoint, Family, FollowUps, Host, Kind, Lookup, Obstacle, Pending, Proxied,
    ProxyLookup, Record, RouteChoice, Subject, Trail, going_to,
};
use crate::plan::{self, ProbePlan, UntestableEndpoint};
use crate::route::Way;

/// How many trails may be busy at once (see [`super::pace`]): enough to keep the cores and a long
/// path busy, few enough to keep memory flat.
const BUSY_TRAILS: usize = 128;
/// Why a record has no way of its own.
const NOT_DECIDED: &str = "nothing was asked";

/// What a run has measured.
#[derive(Debug)]
pub struct RunOutcome {
    /// One for each probe and each gateway that was found, sorted as a report is.
    pub records: Vec<Record>,
    /// The trail of the control, where anything left this host.
    pub control: Option<Trail>,
    /// How the name servers answered for names that cannot exist.
    pub absent: Vec<Arc<Lookup>>,
}

/// What a run reports while it goes on.
#[derive(Debug)]
pub enum RunProgress<'run> {
    /// So many more probes are to be made.
    Planned(usize),
    /// A probe is done, and this is its record.
    Finished(&'run Record),
}

/// Runs `plan` until it is done or `stop` is given: what is done by then is recorded, and the rest
/// is recorded with the reason.
pub async fn run(
    plan: &ProbePlan,
    settings: Settings,
    stop: &Stop,
    mut watch: impl FnMut(RunProgress<'_>),
) -> RunOutcome {
    let dns = DnsClient::new(
        settings.servers.clone(),
        DnsSettings {
            timeout: settings.timeout,
            families: settings.families.clone(),
            source: settings.source,
            asks_system: settings.asks_system,
            connector: settings.connector.clone(),
        },
    );
    let (found, mut gateways) = mpsc::unbounded_channel();
    let shared = Arc::new(RunShared {
        sockets: Arc::new(Semaphore::new(settings.concurrency.max(1))),
        gate: Gate::new(BUSY_TRAILS),
        control: Control::default(),
        absent: Absent::beside(plan),
        follow_ups: FollowUpCache::default(),
        proxies: Proxies::default(),
        stop: stop.clone(),
        dns,
        found,
        settings,
    });

    let mut known: HashSet<(Subject, u16)> =
        plan.endpoints.iter().map(|endpoint| (endpoint.subject.clone(), endpoint.port)).collect();
    let mut tasks = JoinSet::new();
    let mut records: Vec<Record> = plan.untestable.iter().map(not_testable).collect();
    watch(RunProgress::Planned(plan.endpoints.len() + records.len()));
    for record in &records {
        watch(RunProgress::Finished(record));
    }
    for endpoint in &plan.endpoints {
        tasks.spawn(measure(Arc::clone(&shared), Arc::clone(endpoint)));
    }
    loop {
        tokio::select! {
            biased;
            Some(found) = gateways.recv() => {
                for endpoint in found {
                    // Two relays of one deployment have the same gateways; listed ones are planned.
                    if !known.insert((endpoint.subject.clone(), endpoint.port)) {
                        continue;
                    }
                    watch(RunProgress::Planned(1));
                    tasks.spawn(measure(Arc::clone(&shared), Arc::new(endpoint)));
                }
            }
            done = tasks.join_next() => match done {
                Some(Ok(record)) => {
                    watch(RunProgress::Finished(&record));
                    records.push(record);
                }
                // A panic in a task is a bug of ours: it is not to be swallowed.
                Some(Err(failed)) => {
                    if let Ok(reason) = failed.try_into_panic() {
                        std::panic::resume_unwind(reason);
                    }
                }
                // A task that finds gateways sends them before it ends.
                None if gateways.is_empty() => break,
                None => {}
            },
        }
    }
    records.sort_by_cached_key(|record| plan::report_order(&record.endpoint));
    let (control, absent) = match Arc::into_inner(shared) {
        Some(shared) => (shared.control.conclude().await, shared.absent.into_answers()),
        None => (None, Vec::new()),
    };
    RunOutcome { records, control, absent }
}

fn not_testable(untestable: &UntestableEndpoint) -> Record {
    Record {
        route: plan::direct(&untestable.endpoint, NOT_DECIDED).route,
        endpoint: Arc::clone(&untestable.endpoint),
        lookups: Vec::new(),
        proxies: Vec::new(),
        trails: Vec::new(),
        follow_ups: FollowUps::default(),
        obstacle: Some(Obstacle::NotTestable { hint: untestable.hint.clone() }),
        pending: None,
        at: Timestamp::now(),
    }
}

/// Measures one endpoint, from its name to the end of its last trail.
async fn measure(shared: Arc<RunShared>, endpoint: Arc<Endpoint>) -> Record {
    let record = |route: RouteChoice, lookups, obstacle| Record {
        endpoint: Arc::clone(&endpoint),
        route,
        lookups,
        proxies: Vec::new(),
        trails: Vec::new(),
        follow_ups: FollowUps::default(),
        obstacle,
        pending: None,
        at: Timestamp::now(),
    };
    let Some(host) = endpoint.subject.host() else {
        let hint = "a pattern cannot be probed: give a concrete name".to_owned();
        let route = plan::direct(&endpoint, NOT_DECIDED).route;
        return record(route, Vec::new(), Some(Obstacle::NotTestable { hint }));
    };
    let lookups = async {
        match host {
            Host::Address(_) => Vec::new(),
            Host::Name(name) => shared.resolve(name).await,
        }
    };
    let decide = shared.settings.routing.decide(&endpoint);
    let stop = &shared.stop;
    let since = Since::now(stop);
    let (lookups, mut choice) = match future::join(stop.or(lookups), stop.or(decide)).await {
        (Ok(lookups), Ok(choice)) => (lookups, choice),
        (Err(obstacle), Ok(choice)) => {
            let pending = since.pending(Awaited::Lookup);
            return Record { pending, ..record(choice.route, Vec::new(), Some(obstacle)) };
        }
        (lookups, Err(obstacle)) => {
            let route = plan::direct(&endpoint, NOT_DECIDED).route;
            let awaited = if lookups.is_err() { Awaited::Lookup } else { Awaited::Route };
            let pending = since.pending(awaited);
            return Record {
                pending,
                ..record(route, lookups.unwrap_or_default(), Some(obstacle))
            };
        }
    };
    if shared.settings.expand_gateways && endpoint.kind == Kind::Relay {
        let gateways = plan::gateways_of(&endpoint, &lookups);
        if !gateways.is_empty() {
            // The receiver lives as long as any task does.
            let _ = shared.found.send(gateways);
        }
    }
    if shared.settings.resolve_only {
        return record(choice.route, lookups, None);
    }
    // This comes before anything is sent to a proxy.
    if choice.tells_a_proxy() && plan::taken_as_private(&endpoint, &lookups).is_some() {
        choice.keep_private();
    }
    let unspoken = choice.ways.iter().any(|way| !plan::can_be_measured(way));
    choice.ways.retain(plan::can_be_measured);
    if unspoken && choice.ways.is_empty() {
        let hint = "SOCKS 4 is not spoken here: give the proxy as socks5://HOST:PORT".to_owned();
        return record(choice.route, lookups, Some(Obstacle::NotTestable { hint }));
    }
    let target = WalkTarget { endpoint: &endpoint, host, purpose: Purpose::Proof };
    let by_way = choice.ways.iter().map(|way| walk_all(&shared, target, way, &lookups));
    let mut record = record(choice.route, lookups.clone(), None);
    let mut is_whole = true;
    for walked in Box::pin(future::join_all(by_way)).await {
        is_whole &= walked.is_whole;
        record.pending = record.pending.or(walked.pending);
        record.proxies.extend(walked.proxy);
        record.trails.extend(walked.trails);
    }
    let follow_ups = follow_up::ask(&shared, target, &choice.ways, &record.trails);
    record.follow_ups = Box::pin(follow_ups).await;
    record.obstacle = shared.stop.reason().filter(|_| !is_whole);
    record.at = Timestamp::now();
    record
}

/// What was measured by one way.
struct WayOutcome {
    /// Whether nothing ended it early.
    is_whole: bool,
    /// What it was waiting for when it was ended before it had an address.
    pending: Option<Pending>,
    proxy: Option<ProxyLookup>,
    trails: Vec<Trail>,
}

/// Walks one way. Direct, every address of the name is tried in parallel, each with a trail of its
/// own; by a proxy, the proxy's addresses are tried one after the other until one accepts.
async fn walk_all(
    shared: &RunShared,
    target: WalkTarget<'_>,
    way: &Way,
    lookups: &[Arc<Lookup>],
) -> WayOutcome {
    let families = &shared.settings.families;
    let proxy = match way {
        Way::Proxy(proxy) => proxy,
        Way::Direct => {
            let remotes = remotes(target.host, target.endpoint.port, lookups, families);
            let trails = if let [remote] = remotes[..] {
                vec![walk::direct(shared, target, remote).await]
            } else {
                let walks = remotes.into_iter().map(|remote| walk::direct(shared, target, remote));
                future::join_all(walks).await
            };
            return WayOutcome { is_whole: are_whole(&trails), pending: None, proxy: None, trails };
        }
    };
    let shown = Proxied { url: Arc::from(proxy.shown()) };
    let since = Since::now(&shared.stop);
    let lookups = match proxy.host() {
        Host::Address(_) => Ok(Vec::new()),
        // However many endpoints ask, it is asked once a run.
        Host::Name(name) => shared.stop.or(shared.dns.lookup(name)).await,
    };
    let Ok(lookups) = lookups else {
        let proxy = Some(ProxyLookup { proxy: shown, lookups: Vec::new() });
        let pending = since.pending(Awaited::ProxyLookup);
        return WayOutcome { is_whole: false, pending, proxy, trails: Vec::new() };
    };
    let remotes = remotes(proxy.host(), proxy.port(), &lookups, families);
    let trails = walk::by_proxy(shared, target, proxy, &remotes).await;
    let proxy = Some(ProxyLookup { proxy: shown, lookups });
    WayOutcome { is_whole: are_whole(&trails), pending: None, proxy, trails }
}

/// When something began that the end of the run may end; nothing begins after that.
struct Since(Option<Instant>);

impl Since {
    fn now(stop: &Stop) -> Self {
        Self(stop.reason().is_none().then(Instant::now))
    }

    fn pending(&self, awaited: Awaited) -> Option<Pending> {
        self.0.map(|begun| Pending { awaited, took: begun.elapsed() })
    }
}

fn are_whole(trails: &[Trail]) -> bool {
    !trails.iter().any(|trail| matches!(trail.end(), End::Stopped(_)))
}

/// The addresses to connect to, each once, of the families that are allowed: those that the
/// operating system gave, where it was asked and gave any, else those of every name server.
fn remotes(
    host: &Host,
    port: u16,
    lookups: &[Arc<Lookup>],
    families: &[Family],
) -> Vec<SocketAddr> {
    let mut remotes: Vec<SocketAddr> = Vec::new();
    let literal = match host {
        Host::Address(address) => Some(*address),
        Host::Name(_) => None,
    };
    let named = going_to(lookups).flat_map(Lookup::addresses);
    for address in literal.into_iter().chain(named) {
        let remote = SocketAddr::new(address, port);
        if families.contains(&Family::of(address)) && !remotes.contains(&remote) {
            remotes.push(remote);
        }
    }
    remotes
}
