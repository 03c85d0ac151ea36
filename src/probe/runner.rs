//! All concurrency of a run: a task for each endpoint, each way and each address, bounded,
//! stoppable, and in the end one record for each endpoint.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::absent::Absent;
use super::control::Control;
use super::pace::Gate;
use super::routing::Routing;
use super::stop::Stop;
use super::tls;
use super::walk::{self, Proxies, Purpose, Target};
use super::{dns, follow_up};
use crate::model::{
    Awaited, End, Endpoint, Family, FollowUps, Host, HostName, Kind, Lookup, Obstacle, Pending,
    Proxied, ProxyLookup, Record, RouteChoice, Subject, Trail, going_to,
};
use crate::plan::{self, ProbePlan, UntestablePattern};
use crate::route::Way;

/// How many trails may be busy at once (see [`super::pace`]): enough to keep the cores and a long
/// path busy, few enough to keep memory flat.
const BUSY_TRAILS: usize = 128;
/// The least that a handshake or a request is given; several times what answers usually take is
/// more, and a quarter of the time-out is the most.
const ANSWER_PATIENCE: Duration = Duration::from_millis(100);
/// Why a record has no way of its own.
const NOT_DECIDED: &str = "nothing was asked";

/// How a run is made.
#[derive(Debug)]
pub struct Settings {
    /// Of each step.
    pub timeout: Duration,
    /// Which families are looked up and connected.
    pub families: Vec<Family>,
    /// The local address to leave from.
    pub source: Option<IpAddr>,
    /// Connections in flight at most.
    pub concurrency: usize,
    /// The name servers, in order.
    pub servers: Vec<SocketAddr>,
    /// Whether the operating system's own resolver is asked too, and decides where to go.
    pub asks_system: bool,
    /// Whether relays stand for their gateways too.
    pub expand_gateways: bool,
    /// Names are resolved, and nothing is connected.
    pub resolve_only: bool,
    /// What chains are judged against.
    pub tls: tls::Client,
    /// Which way each endpoint goes.
    pub routing: Routing,
    /// What is asked beyond proof and failure.
    pub wishes: follow_up::Wishes,
}

/// What a run brought.
#[derive(Debug)]
pub struct Outcome {
    /// One for each probe and each gateway that was found, sorted as a report is.
    pub records: Vec<Record>,
    /// The control, where something left this host.
    pub control: Option<Trail>,
    /// What the name servers said of names that cannot exist.
    pub absent: Vec<Arc<Lookup>>,
}

/// Something that happened in a run.
#[derive(Debug)]
pub enum Progress<'run> {
    /// There is this much more to do.
    Planned(usize),
    /// A probe is done.
    Finished(&'run Record),
}

/// Runs `plan`. Early ends come by `stop`: what is done by then is recorded, the rest is recorded
/// with the reason.
pub async fn run(
    plan: &ProbePlan,
    settings: Settings,
    stop: &Stop,
    mut watch: impl FnMut(Progress<'_>),
) -> Outcome {
    let dns = dns::Client::new(
        settings.servers.clone(),
        dns::Settings {
            timeout: settings.timeout,
            families: settings.families.clone(),
            source: settings.source,
            asks_system: settings.asks_system,
        },
    );
    let (found, mut gateways) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        sockets: Arc::new(Semaphore::new(settings.concurrency.max(1))),
        gate: Gate::new(BUSY_TRAILS),
        control: Control::default(),
        absent: Absent::beside(plan),
        follow_ups: follow_up::Memory::default(),
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
    watch(Progress::Planned(plan.endpoints.len() + records.len()));
    for record in &records {
        watch(Progress::Finished(record));
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
                    watch(Progress::Planned(1));
                    tasks.spawn(measure(Arc::clone(&shared), Arc::new(endpoint)));
                }
            }
            done = tasks.join_next() => match done {
                Some(Ok(record)) => {
                    watch(Progress::Finished(&record));
                    records.push(record);
                }
                // A panic in a task is a bug of ours: it is not to be swallowed.
                Some(Err(failed)) => {
                    if let Ok(reason) = failed.try_into_panic() {
                        std::panic::resume_unwind(reason);
                    }
                }
                // Whoever finds gateways sends them before it ends.
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
    Outcome { records, control, absent }
}

/// What the tasks of a run share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    dns: dns::Client,
    pub(super) sockets: Arc<Semaphore>,
    pub(super) gate: Gate,
    pub(super) control: Control,
    absent: Absent,
    pub(super) follow_ups: follow_up::Memory,
    pub(super) proxies: Proxies,
    pub(super) stop: Stop,
    found: mpsc::UnboundedSender<Vec<Endpoint>>,
}

impl Shared {
    /// What is said of `name`, with the controls that belong to asking at all.
    async fn resolve(&self, name: &HostName) -> Vec<Arc<Lookup>> {
        let Settings { timeout, source, resolve_only, .. } = self.settings;
        if resolve_only {
            return self.dns.lookup(name).await;
        }
        for server in &self.settings.servers {
            self.control.beside(*server, source, timeout, &self.stop);
        }
        let (lookups, ()) = future::join(self.dns.lookup(name), self.absent.ask(&self.dns)).await;
        lookups
    }

    /// Whoever is asked for names, what was said before among them.
    pub(super) const fn dns(&self) -> &dns::Client {
        &self.dns
    }

    /// How long a trail keeps its place for an answer.
    pub(super) fn patience(&self) -> Duration {
        self.gate.patience(ANSWER_PATIENCE, self.settings.timeout / 4)
    }
}

fn not_testable(untestable: &UntestablePattern) -> Record {
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

/// One endpoint, from its name to the end of its last trail.
async fn measure(shared: Arc<Shared>, endpoint: Arc<Endpoint>) -> Record {
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
    // Before anything is said to a proxy.
    if choice.tells_a_proxy() && plan::taken_as_private(&endpoint, &lookups).is_some() {
        choice.keep_private();
    }
    let unspoken = choice.ways.iter().any(|way| !plan::can_be_measured(way));
    choice.ways.retain(plan::can_be_measured);
    if unspoken && choice.ways.is_empty() {
        let hint = "SOCKS 4 is not spoken here: give the proxy as socks5://HOST:PORT".to_owned();
        return record(choice.route, lookups, Some(Obstacle::NotTestable { hint }));
    }
    let target = Target { endpoint: &endpoint, host, purpose: Purpose::Proof };
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

/// What came of one way.
struct Walked {
    /// Nothing ended it early.
    is_whole: bool,
    /// What it was waiting for when it was ended before it had an address.
    pending: Option<Pending>,
    proxy: Option<ProxyLookup>,
    trails: Vec<Trail>,
}

/// One way. Direct, every address of the name in parallel, each its own trail, in the order of the
/// addresses; by a proxy, the proxy's addresses one after the other until one accepts.
async fn walk_all(
    shared: &Shared,
    target: Target<'_>,
    way: &Way,
    lookups: &[Arc<Lookup>],
) -> Walked {
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
            return Walked { is_whole: are_whole(&trails), pending: None, proxy: None, trails };
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
        return Walked { is_whole: false, pending, proxy, trails: Vec::new() };
    };
    let remotes = remotes(proxy.host(), proxy.port(), &lookups, families);
    let trails = walk::by_proxy(shared, target, proxy, &remotes).await;
    let proxy = Some(ProxyLookup { proxy: shown, lookups });
    Walked { is_whole: are_whole(&trails), pending: None, proxy, trails }
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
/// operating system gave, where it was asked and said anything, else those of every name server.
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
