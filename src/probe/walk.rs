//! One trail: an address by one way, step by step. It is dead obvious which step failed, and why.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::follow_up::keep_idle;
use super::pace::{Gate, Turn};
use super::proxy::{self, Manner};
use super::runner::{Settings, Shared};
use super::{http, tcp, tds};
use crate::model::{End, Endpoint, Failure, Host, Kind, Obstacle, OpenTrail, Route, Seen, Trail};
use crate::route::{ProxyScheme, ProxyUrl};

/// A connect that took longer than this waits for the network, not for this host.
const CONNECT_PATIENCE: Duration = Duration::from_millis(20);
/// How many connections one proxy is asked to keep at a time. A proxy needs two descriptors for
/// each tunnel, and many run with 1,024: one that has run out looks like one that is silent.
const PROXY_PLACES: usize = 384;
/// A connect to a proxy that takes longer keeps none of its places: a silent proxy holds up nobody.
const PROXY_CONNECT_PATIENCE: Duration = Duration::from_millis(250);

/// What a trail is to reach.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) host: &'a Host,
    pub(super) purpose: Purpose<'a>,
}

/// What a connection is made for.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// The proof that its kind asks for.
    Proof,
    /// An answer to this path and query, by HTTP.
    Fetch(&'a str),
    /// To be kept idle for so long, and then used.
    Hold(Duration),
    /// A WebSocket upgrade on the relay's path.
    Upgrade,
}

/// What a run knows of its proxies, by the URLs that records show.
#[derive(Debug, Default)]
pub(super) struct Proxies(Mutex<HashMap<Route, Arc<Door>>>);

/// One proxy, for the length of a run.
#[derive(Debug)]
struct Door {
    places: Gate,
    /// Which of its addresses accepted last: a name with one dead address costs one time-out, not
    /// one for each endpoint.
    accepting: AtomicUsize,
}

impl Proxies {
    fn door(&self, route: &Route) -> Arc<Door> {
        // An insertion cannot be left half done.
        let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let door = doors.entry(route.clone()).or_insert_with(|| {
            let places = Gate::new(PROXY_PLACES);
            Arc::new(Door { places, accepting: AtomicUsize::new(0) })
        });
        Arc::clone(door)
    }
}

/// One address, straight from this host.
pub(super) async fn direct(shared: &Shared, target: Target<'_>, remote: SocketAddr) -> Trail {
    let Settings { timeout, source, .. } = shared.settings;
    let mut trail = OpenTrail::new(Route::Direct, remote, Timestamp::now());
    let _socket = match socket(shared).await {
        Ok(socket) => socket,
        Err(obstacle) => return trail.stop(obstacle),
    };
    let mut turn = shared.gate.turn();
    shared.control.beside(remote, source, timeout, &shared.stop);
    let (attempt, begun) = (tcp::Attempt::default(), Begun::default());
    let connect = Box::pin(tcp::connect_noting(remote, source, timeout, &attempt));
    let connect = begun.with(connect);
    let outcome = shared.stop.or(turn.spend(CONNECT_PATIENCE, connect)).await;
    left(&mut trail, &attempt);
    let stream = match outcome {
        Ok(Ok((stream, took))) => {
            shared.control.compare(took);
            trail.pass(Seen::Tcp, took);
            stream
        }
        not_connected => return unconnected(trail, not_connected, &attempt, &begun),
    };
    beyond(stream, shared, target, turn, trail).await
}

/// Through a proxy at one of its addresses: the first that accepts is the only one asked for the
/// far end. Those that were tried before it have a trail each.
pub(super) async fn by_proxy(
    shared: &Shared,
    target: Target<'_>,
    proxy: &ProxyUrl,
    remotes: &[SocketAddr],
) -> Vec<Trail> {
    let route = proxy.route();
    let door = shared.proxies.door(&route);
    let mut trails = Vec::new();
    for index in beginning_with(door.accepting.load(Ordering::Relaxed), remotes.len()) {
        let trail = OpenTrail::new(route.clone(), remotes[index], Timestamp::now());
        let trail = through(shared, target, proxy, &door, trail, remotes[index]).await;
        let is_over = shared.stop.reason().is_some() && matches!(trail.end(), End::Stopped(_));
        let is_connected = trail.is_connected();
        trails.push(trail);
        if is_connected {
            door.accepting.store(index, Ordering::Relaxed);
        }
        if is_connected || is_over {
            break;
        }
    }
    trails
}

/// Through a proxy at this one of its addresses.
pub(super) async fn by_proxy_at(
    shared: &Shared,
    target: Target<'_>,
    proxy: &ProxyUrl,
    remote: SocketAddr,
) -> Trail {
    let route = proxy.route();
    let door = shared.proxies.door(&route);
    let trail = OpenTrail::new(route, remote, Timestamp::now());
    through(shared, target, proxy, &door, trail, remote).await
}

/// The places `0..n`, `first` before the others. (Lookups of one name are made once a run: a place
/// is the same address each time.)
fn beginning_with(first: usize, n: usize) -> impl Iterator<Item = usize> {
    std::iter::once(first)
        .chain((0..n).filter(move |place| *place != first))
        .filter(move |p| *p < n)
}

async fn through(
    shared: &Shared,
    target: Target<'_>,
    proxy: &ProxyUrl,
    door: &Door,
    mut trail: OpenTrail,
    remote: SocketAddr,
) -> Trail {
    let Settings { timeout, source, .. } = shared.settings;
    let _socket = match socket(shared).await {
        Ok(socket) => socket,
        Err(obstacle) => return trail.stop(obstacle),
    };
    // The proxy's place is always taken before one of this host's, which is handed on sooner.
    let mut place = door.places.turn();
    let mut turn = shared.gate.turn();
    let (attempt, begun) = (tcp::Attempt::default(), Begun::default());
    let connect = Box::pin(tcp::connect_noting(remote, source, timeout, &attempt));
    let connect = begun.with(connect);
    let connect = place.spend(PROXY_CONNECT_PATIENCE, turn.spend(CONNECT_PATIENCE, connect));
    let outcome = shared.stop.or(connect).await;
    left(&mut trail, &attempt);
    let stream = match outcome {
        Ok(Ok((stream, took))) => {
            trail.pass(Seen::Tcp, took);
            stream
        }
        not_connected => return unconnected(trail, not_connected, &attempt, &begun),
    };
    let now = Timestamp::now();
    let manner = Manner { proxy, tls: &shared.settings.tls, timeout, now };
    let rest = Box::pin(on_from(stream, shared, target, manner, turn, trail));
    if matches!(target.purpose, Purpose::Hold(_)) {
        // For minutes, and few: nobody else is to wait for its place.
        drop(place);
        return rest.await;
    }
    place.keep(rest).await
}

/// From the proxy on.
async fn on_from(
    stream: TcpStream,
    shared: &Shared,
    target: Target<'_>,
    manner: Manner<'_>,
    mut turn: Turn<'_>,
    mut trail: OpenTrail,
) -> Trail {
    let Target { endpoint, host, .. } = target;
    let speaks_http = matches!(manner.proxy.scheme(), ProxyScheme::Http | ProxyScheme::Https);
    if endpoint.kind == Kind::Http && speaks_http {
        // As every client does it: no tunnel for what is in clear text.
        let enter = proxy::enter(stream, manner);
        let stream = match shared.answer(&mut turn, enter).await {
            Err(ended) => return ended.stop(trail),
            Ok(Err((failure, took))) => return trail.fail(Failure::Proxy(failure), took),
            Ok(Ok((stream, session, took))) => {
                if let Some(session) = session {
                    trail.pass(Seen::ProxySession(session), took);
                }
                stream
            }
        };
        let get = proxy::get(stream, manner, host, endpoint.port);
        return match shared.answer(&mut turn, get).await {
            Err(ended) => ended.stop(trail),
            Ok(Err((failure, took))) => trail.fail(failure, took),
            Ok(Ok((answer, took))) => {
                shared.gate.learn(took);
                trail.pass(Seen::Http(Box::new(answer)), took);
                trail.complete()
            }
        };
    }
    let open = proxy::open_tunnel(stream, manner, host, endpoint.port);
    let stream = match shared.answer(&mut turn, open).await {
        Err(ended) => return ended.stop(trail),
        Ok(Err((failure, took))) => return trail.fail(Failure::Proxy(failure), took),
        Ok(Ok((stream, tunnel, took))) => {
            shared.gate.learn(took);
            trail.pass(Seen::Proxy(Box::new(tunnel)), took);
            stream
        }
    };
    beyond(stream, shared, target, turn, trail).await
}

/// What the kind of endpoint asks for, over a stream to the far end.
async fn beyond<S>(
    stream: S,
    shared: &Shared,
    target: Target<'_>,
    mut turn: Turn<'_>,
    mut trail: OpenTrail,
) -> Trail
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Target { endpoint, host, .. } = target;
    let timeout = shared.settings.timeout;
    match endpoint.kind {
        Kind::Tcp => trail.complete(),
        Kind::Http => ask_http(stream, shared, target, turn, trail).await,
        Kind::Tds => match shared.answer(&mut turn, tds::prelogin(stream, timeout)).await {
            Err(ended) => ended.stop(trail),
            Ok(Err((failure, took))) => trail.fail(Failure::Tds(failure), took),
            Ok(Ok((answer, took))) => {
                trail.pass(Seen::Tds(answer), took);
                trail.complete()
            }
        },
        Kind::Https | Kind::Relay | Kind::Tls => {
            let now = Timestamp::now();
            let handshake = shared.settings.tls.handshake(stream, host, timeout, now);
            let stream = match shared.answer(&mut turn, Box::pin(handshake)).await {
                Err(ended) => return ended.stop(trail),
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
            ask_http(stream, shared, target, turn, trail).await
        }
    }
}

async fn ask_http<S>(
    stream: S,
    shared: &Shared,
    target: Target<'_>,
    mut turn: Turn<'_>,
    mut trail: OpenTrail,
) -> Trail
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let timeout = shared.settings.timeout;
    let port = target.endpoint.port;
    if let Purpose::Hold(idle) = target.purpose {
        // Idle is not busy: its place is for others.
        drop(turn);
        return keep_idle(stream, shared, target.host, port, idle, trail).await;
    }
    let get = Box::pin(async {
        match target.purpose {
            Purpose::Upgrade => http::upgrade(stream, target.host, port, timeout).await,
            Purpose::Fetch(path) => http::fetch(stream, target.host, port, path, timeout).await,
            Purpose::Proof | Purpose::Hold(_) => {
                http::get(stream, target.host, port, timeout).await
            }
        }
    });
    match shared.answer(&mut turn, get).await {
        Err(ended) => ended.stop(trail),
        Ok(Err((failure, took))) => trail.fail(Failure::Http(failure), took),
        Ok(Ok((answer, took))) => {
            shared.gate.learn(took);
            trail.pass(Seen::Http(Box::new(answer)), took);
            trail.complete()
        }
    }
}

async fn socket(shared: &Shared) -> Result<Option<OwnedSemaphorePermit>, Obstacle> {
    // The semaphore is never closed: an error cannot occur, and would only unbound.
    shared.stop.or(Arc::clone(&shared.sockets).acquire_owned()).await.map(Result::ok)
}

/// What is known of an attempt, whatever came of it.
fn left(trail: &mut OpenTrail, attempt: &tcp::Attempt) {
    trail.leave_from(attempt.local());
    if let Some(at) = attempt.at() {
        trail.leave_at(at);
    }
}

/// A trail without a connection: why there is none, and what is known of the attempt.
fn unconnected(
    mut trail: OpenTrail,
    outcome: Result<Result<(TcpStream, Duration), tcp::Stopped>, Obstacle>,
    attempt: &tcp::Attempt,
    begun: &Begun,
) -> Trail {
    trail.send_syns(attempt.syns());
    match outcome {
        Ok(Ok(_)) => trail.complete(),
        Ok(Err(tcp::Stopped::Obstacle(obstacle))) => trail.stop(obstacle),
        Ok(Err(tcp::Stopped::Failed(failure, took))) => trail.fail(Failure::Tcp(failure), took),
        Err(obstacle) => trail.stop_after(obstacle, begun.waited()),
    }
}

/// When a step really began, which is not while it waited for its place.
#[derive(Debug, Default)]
struct Begun(OnceLock<Instant>);

impl Begun {
    /// `work`, its beginning noted.
    async fn with<F: Future>(&self, work: F) -> F::Output {
        self.0.get_or_init(Instant::now);
        work.await
    }

    /// For how long it has been going on.
    fn waited(&self) -> Option<Duration> {
        self.0.get().map(Instant::elapsed)
    }
}

/// A step that the end of the run ended.
struct Ended {
    reason: Obstacle,
    waited: Option<Duration>,
}

impl Ended {
    fn stop(self, trail: OpenTrail) -> Trail {
        trail.stop_after(self.reason, self.waited)
    }
}

impl Shared {
    /// What `work`, which waits for an answer, comes to in its `turn`, unless the run ends first.
    async fn answer<F: Future>(&self, turn: &mut Turn<'_>, work: F) -> Result<F::Output, Ended> {
        let begun = Begun::default();
        let answer = turn.spend(self.patience(), begun.with(work));
        let outcome = self.stop.or(answer).await;
        outcome.map_err(|reason| Ended { reason, waited: begun.waited() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_accepted_last_is_asked_first() {
        for (first, n, expected) in [
            (0, 0, vec![]),
            (0, 1, vec![0]),
            (0, 3, vec![0, 1, 2]),
            (2, 3, vec![2, 0, 1]),
            // No place of these: another run of lookups, or none.
            (3, 3, vec![0, 1, 2]),
        ] {
            assert_eq!(beginning_with(first, n).collect::<Vec<_>>(), expected, "{first} of {n}");
        }
    }
}
