//! All concurrency of a run: a task for each probe and each address, bounded, stoppable, and in
//! the end one record for each probe.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::control::Control;
use super::dns;
use super::pace::{Gate, Turn};
use super::stop::Stop;
use super::{http, tcp, tds, tls};
use crate::model::{
    End, Endpoint, Failure, Family, Host, Kind, Lookup, Obstacle, OpenTrail, Record, Route, Seen,
    Subject, Trail,
};
use crate::plan::{self, Plan, Probe, Untestable};

/// How many trails may be busy at once (see [`super::pace`]): enough to keep the cores and a long
/// path busy, few enough to keep memory flat.
const BUSY_TRAILS: usize = 128;
/// A connect that took longer than this waits for the network, not for this host.
const CONNECT_PATIENCE: Duration = Duration::from_millis(20);
/// The least that a handshake or a request is given; several times what answers usually take is
/// more, and a quarter of the time-out is the most.
const ANSWER_PATIENCE: Duration = Duration::from_millis(100);

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
    /// Whether relays stand for their gateways too.
    pub expand_gateways: bool,
    /// Names are resolved, and nothing is connected.
    pub resolve_only: bool,
    /// What chains are judged against.
    pub tls: tls::Client,
}

/// What a run brought.
#[derive(Debug)]
pub struct Outcome {
    /// One for each probe and each gateway that was found, sorted as a report is.
    pub records: Vec<Record>,
    /// The control, where something left this host.
    pub control: Option<Trail>,
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
    plan: &Plan,
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
        },
    );
    let (found, mut gateways) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        sockets: Arc::new(Semaphore::new(settings.concurrency.max(1))),
        gate: Gate::new(BUSY_TRAILS),
        control: Control::default(),
        stop: stop.clone(),
        dns,
        found,
        settings,
    });

    let mut known: HashSet<(Subject, u16)> = plan
        .probes
        .iter()
        .map(|probe| (probe.endpoint.subject.clone(), probe.endpoint.port))
        .collect();
    let mut tasks = JoinSet::new();
    let mut records: Vec<Record> = plan.untestable.iter().map(not_testable).collect();
    watch(Progress::Planned(plan.probes.len() + records.len()));
    for record in &records {
        watch(Progress::Finished(record));
    }
    for probe in &plan.probes {
        tasks.spawn(measure(Arc::clone(&shared), probe.clone()));
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
                    let route = plan::direct(&endpoint);
                    let probe = Probe { endpoint: Arc::new(endpoint), route };
                    watch(Progress::Planned(1));
                    tasks.spawn(measure(Arc::clone(&shared), probe));
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
    records.sort_by_cached_key(|record| plan::place(&record.endpoint));
    let control = match Arc::into_inner(shared) {
        Some(shared) => shared.control.conclude().await,
        None => None,
    };
    Outcome { records, control }
}

struct Shared {
    settings: Settings,
    dns: dns::Client,
    sockets: Arc<Semaphore>,
    gate: Gate,
    control: Control,
    stop: Stop,
    found: mpsc::UnboundedSender<Vec<Endpoint>>,
}

impl Shared {
    fn patience(&self) -> Duration {
        self.gate.patience(ANSWER_PATIENCE, self.settings.timeout / 4)
    }
}

fn not_testable(untestable: &Untestable) -> Record {
    Record {
        route: plan::direct(&untestable.endpoint),
        endpoint: Arc::clone(&untestable.endpoint),
        lookups: Vec::new(),
        proxies: Vec::new(),
        trails: Vec::new(),
        obstacle: Some(Obstacle::NotTestable { hint: untestable.hint.clone() }),
        at: Timestamp::now(),
    }
}

/// One probe, from its name to the end of its last trail.
async fn measure(shared: Arc<Shared>, probe: Probe) -> Record {
    let Probe { endpoint, route } = probe;
    let unreached = |obstacle: Option<Obstacle>, lookups, trails| Record {
        endpoint: Arc::clone(&endpoint),
        route: route.clone(),
        lookups,
        proxies: Vec::new(),
        trails,
        obstacle,
        at: Timestamp::now(),
    };
    let Some(host) = endpoint.subject.host() else {
        let hint = "a pattern cannot be probed: give a concrete name".to_owned();
        return unreached(Some(Obstacle::NotTestable { hint }), Vec::new(), Vec::new());
    };
    let lookups = match host {
        Host::Address(_) => Vec::new(),
        Host::Name(name) => match shared.stop.or(shared.dns.lookup(name)).await {
            Ok(lookups) => lookups,
            Err(obstacle) => return unreached(Some(obstacle), Vec::new(), Vec::new()),
        },
    };
    if shared.settings.expand_gateways && endpoint.kind == Kind::Relay {
        let gateways = plan::gateways_of(&endpoint, &lookups);
        if !gateways.is_empty() {
            // The receiver lives as long as any task does.
            let _ = shared.found.send(gateways);
        }
    }
    if shared.settings.resolve_only {
        return unreached(None, lookups, Vec::new());
    }
    let trails = Box::pin(walk_all(&shared, &endpoint, host, &lookups)).await;
    let obstacle = shared
        .stop
        .reason()
        .filter(|_| trails.iter().any(|trail| matches!(trail.end(), End::Stopped(_))));
    unreached(obstacle, lookups, trails)
}

/// Every address of a name in parallel, each its own trail, in the order of the addresses.
async fn walk_all(
    shared: &Arc<Shared>,
    endpoint: &Arc<Endpoint>,
    host: &Host,
    lookups: &[Arc<Lookup>],
) -> Vec<Trail> {
    let remotes = remotes(host, endpoint.port, lookups, &shared.settings.families);
    if let [remote] = remotes[..] {
        return vec![walk(shared, endpoint, host, remote).await];
    }
    let walks = remotes.into_iter().map(|remote| walk(shared, endpoint, host, remote));
    futures_util::future::join_all(walks).await
}

/// The addresses to connect to: what any resolver gave, each once, of the families that are
/// allowed.
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
    for address in literal.into_iter().chain(lookups.iter().flat_map(|lookup| lookup.addresses())) {
        let remote = SocketAddr::new(address, port);
        if families.contains(&Family::of(address)) && !remotes.contains(&remote) {
            remotes.push(remote);
        }
    }
    remotes
}

/// One address, step by step. It is dead obvious which step failed, and why.
async fn walk(shared: &Shared, endpoint: &Endpoint, host: &Host, remote: SocketAddr) -> Trail {
    let Settings { timeout, source, .. } = shared.settings;
    let stop = &shared.stop;
    let mut trail = OpenTrail::new(Route::Direct, remote, Timestamp::now());

    let _socket = match stop.or(Arc::clone(&shared.sockets).acquire_owned()).await {
        Ok(socket) => socket,
        Err(obstacle) => return trail.stop(obstacle),
    };
    let mut turn = shared.gate.turn();
    shared.control.beside(remote, source, timeout, stop);
    let connect = turn.spend(CONNECT_PATIENCE, tcp::connect(remote, source, timeout));
    let stream = match stop.or(connect).await {
        Err(obstacle) => return trail.stop(obstacle),
        Ok(Err(tcp::Stopped::Obstacle(obstacle))) => return trail.stop(obstacle),
        Ok(Err(tcp::Stopped::Failed(failure, took))) => {
            return trail.fail(Failure::Tcp(failure), took);
        }
        Ok(Ok((stream, took))) => {
            shared.control.compare(took);
            trail.leave_from(stream.local_addr().ok());
            trail.pass(Seen::Tcp, took);
            stream
        }
    };
    match endpoint.kind {
        Kind::Tcp => trail.complete(),
        Kind::Http => ask_http(stream, shared, endpoint, host, turn, trail).await,
        Kind::Tds => {
            match stop.or(turn.spend(shared.patience(), tds::prelogin(stream, timeout))).await {
                Err(obstacle) => trail.stop(obstacle),
                Ok(Err((failure, took))) => trail.fail(Failure::Tds(failure), took),
                Ok(Ok((answer, took))) => {
                    trail.pass(Seen::Tds(answer), took);
                    trail.complete()
                }
            }
        }
        Kind::Https | Kind::Relay | Kind::Tls => {
            let now = Timestamp::now();
            let handshake = shared.settings.tls.handshake(stream, host, timeout, now);
            let handshake = turn.spend(shared.patience(), Box::pin(handshake));
            let stream = match stop.or(handshake).await {
                Err(obstacle) => return trail.stop(obstacle),
                Ok(Err((failure, took))) => return trail.fail(Failure::Tls(failure), took),
                Ok(Ok((stream, session, took))) => {
                    shared.gate.learn(took);
                    trail.pass(Seen::Tls(Box::new(session)), took);
                    stream
                }
            };
            if endpoint.kind == Kind::Tls {
                return trail.complete();
            }
            ask_http(stream, shared, endpoint, host, turn, trail).await
        }
    }
}

async fn ask_http<S>(
    stream: S,
    shared: &Shared,
    endpoint: &Endpoint,
    host: &Host,
    mut turn: Turn<'_>,
    mut trail: OpenTrail,
) -> Trail
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let get = Box::pin(http::get(stream, host, endpoint.port, shared.settings.timeout));
    match shared.stop.or(turn.spend(shared.patience(), get)).await {
        Err(obstacle) => trail.stop(obstacle),
        Ok(Err((failure, took))) => trail.fail(Failure::Http(failure), took),
        Ok(Ok((answer, took))) => {
            shared.gate.learn(took);
            trail.pass(Seen::Http(Box::new(answer)), took);
            trail.complete()
        }
    }
}
