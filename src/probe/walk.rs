//! One trail: an address by one way, step by step, up to the first step that fails.

use std::convert::identity;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::keep_idle::keep_idle;
use super::pace::BusyPermit;
use super::proxies::ProxyState;
use super::proxy::{self, Manner};
use super::shared::{RunShared, Settings};
use super::sign_in::SignInMeans;
use super::tcp::{self, NotConnected};
use super::{http, tds};
use crate::model::{
    End, Endpoint, Failure, Host, HttpAnswer, Kind, Obstacle, OpenTrail, ProxyFailure, Route, Seen,
    Trail,
};
use crate::route::{ProxyScheme, ProxyUrl};

/// A connect that took longer than this waits for the network, not for this host.
const CONNECT_PATIENCE: Duration = Duration::from_millis(20);
/// A connect to a proxy that takes longer gives its permit back: a silent proxy does not hold up
/// others.
const PROXY_CONNECT_PATIENCE: Duration = Duration::from_millis(250);

/// What a trail is to reach, and what for.
#[derive(Clone, Copy)]
pub(super) struct WalkTarget<'a> {
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

/// Walks to one address, straight from this host.
pub(super) async fn direct(
    shared: &RunShared,
    target: WalkTarget<'_>,
    remote: SocketAddr,
) -> Trail {
    let trail = OpenTrail::new(Route::Direct, remote, Timestamp::now());
    let _socket = match socket(shared).await {
        Ok(socket) => socket,
        Err(obstacle) => return trail.stop(obstacle),
    };
    shared.control.beside(remote, &shared.settings, &shared.stop);
    let walk = Walk { shared, target, permit: shared.gate.permit(), trail };
    let walked = async {
        let (walk, (stream, took)) = walk.connect(remote, None).await?;
        shared.control.compare(took);
        walk.prove(stream).await
    };
    ended(walked.await)
}

/// Walks through a proxy at one of its addresses: the first that accepts is the only one asked for
/// the far end. Those that were tried before it have a trail each.
pub(super) async fn by_proxy(
    shared: &RunShared,
    target: WalkTarget<'_>,
    proxy: &ProxyUrl,
    remotes: &[SocketAddr],
) -> Vec<Trail> {
    let state = shared.proxies.state(&proxy.route());
    let mut trails = Vec::new();
    for index in state.order(remotes.len()) {
        let trail = via_proxy(shared, target, proxy, &state, remotes[index]).await;
        let is_over = shared.stop.reason().is_some() && matches!(trail.end(), End::Stopped(_));
        let is_connected = trail.is_connected();
        trails.push(trail);
        if is_connected {
            state.accepts_at(index);
        }
        if is_connected || is_over {
            break;
        }
    }
    trails
}

/// Walks through a proxy at this one of its addresses.
pub(super) async fn by_proxy_at(
    shared: &RunShared,
    target: WalkTarget<'_>,
    proxy: &ProxyUrl,
    remote: SocketAddr,
) -> Trail {
    let state = shared.proxies.state(&proxy.route());
    via_proxy(shared, target, proxy, &state, remote).await
}

async fn via_proxy(
    shared: &RunShared,
    target: WalkTarget<'_>,
    proxy: &ProxyUrl,
    state: &ProxyState,
    remote: SocketAddr,
) -> Trail {
    let is_known = state.sign_in.get().is_some();
    let trail = once_via_proxy(shared, target, proxy, state, remote).await;
    if !is_known && state.sign_in.get().is_some() && is_asked_to_sign_in(&trail) {
        // It ended the connection with its question, which is answered on the next one.
        return once_via_proxy(shared, target, proxy, state, remote).await;
    }
    trail
}

/// Whether a proxy asked for a sign-in, and none was begun.
fn is_asked_to_sign_in(trail: &Trail) -> bool {
    let End::Failed { failure: Failure::Proxy(failure), .. } = trail.end() else { return false };
    matches!(failure, ProxyFailure::Answered { answer, .. } if answer.status == 407)
}

async fn once_via_proxy(
    shared: &RunShared,
    target: WalkTarget<'_>,
    proxy: &ProxyUrl,
    state: &ProxyState,
    remote: SocketAddr,
) -> Trail {
    let trail = OpenTrail::new(proxy.route(), remote, Timestamp::now());
    let _socket = match socket(shared).await {
        Ok(socket) => socket,
        Err(obstacle) => return trail.stop(obstacle),
    };
    let mut proxy_permit = state.gate.permit();
    let walk = Walk { shared, target, permit: shared.gate.permit(), trail };
    let (walk, stream) = match walk.connect(remote, Some(&mut proxy_permit)).await {
        ControlFlow::Continue((walk, (stream, _))) => (walk, stream),
        ControlFlow::Break(trail) => return trail,
    };
    let Settings { timeout, tls, packages, .. } = &shared.settings;
    let sign_in = SignInMeans { packages: &**packages, learnt: &state.sign_in };
    let manner = Manner { proxy, tls, sign_in, timeout: *timeout, now: Timestamp::now() };
    let rest = Box::pin(walk.after_proxy(stream, manner));
    if matches!(target.purpose, Purpose::Hold(_)) {
        // Held for minutes, and few of them: no other trail is to wait for the proxy's permit.
        drop(proxy_permit);
        return ended(rest.await);
    }
    ended(proxy_permit.keep(rest).await)
}

/// A trail under way, and its permit at the run's gate.
///
/// Each method takes one step, and gives the walk back only where the step passed: the first step
/// that fails, or that the end of the run cuts short, ends the trail.
struct Walk<'run> {
    shared: &'run RunShared,
    target: WalkTarget<'run>,
    permit: BusyPermit<'run>,
    trail: OpenTrail,
}

/// How a walk goes on after a step, or the trail that ended with it.
type WalkStep<T> = ControlFlow<Trail, T>;

fn ended(walked: WalkStep<OpenTrail>) -> Trail {
    match walked {
        ControlFlow::Continue(trail) => trail.complete(),
        ControlFlow::Break(trail) => trail,
    }
}

impl Walk<'_> {
    /// Connects. The proxy's permit is always taken before one of this host's, which is handed on
    /// sooner.
    async fn connect(
        mut self,
        remote: SocketAddr,
        proxy_permit: Option<&mut BusyPermit<'_>>,
    ) -> WalkStep<(Self, (TcpStream, Duration))> {
        let Settings { timeout, source, ref connector, .. } = self.shared.settings;
        let stop = &self.shared.stop;
        let (attempt, begun) = (tcp::Attempt::default(), Begun::default());
        let connect = Box::pin(connector.connect_noting(remote, source, timeout, &attempt));
        let connect = self.permit.spend(CONNECT_PATIENCE, begun.with(connect));
        let outcome = match proxy_permit {
            None => stop.or(connect).await,
            Some(permit) => stop.or(permit.spend(PROXY_CONNECT_PATIENCE, connect)).await,
        };
        self.trail.leave_from(attempt.local());
        if let Some(at) = attempt.at() {
            self.trail.leave_at(at);
        }
        if !matches!(outcome, Ok(Ok(_))) {
            self.trail.send_syns(attempt.syns());
        }
        ControlFlow::Break(match outcome {
            Ok(Ok(connected)) => {
                self.trail.pass(Seen::Tcp, connected.1);
                return ControlFlow::Continue((self, connected));
            }
            Ok(Err(NotConnected::Obstacle(obstacle))) => self.trail.stop(obstacle),
            Ok(Err(NotConnected::Failed(failure, took))) => {
                self.trail.fail(Failure::Tcp(failure), took)
            }
            Err(obstacle) => self.trail.stop_after(obstacle, begun.waited()),
        })
    }

    /// Takes the step that `work` is, which waits for an answer. `failure` makes its error one of
    /// the trail's.
    async fn step<T, E>(
        mut self,
        failure: impl FnOnce(E) -> Failure,
        work: impl Future<Output = Result<T, (E, Duration)>>,
    ) -> WalkStep<(Self, T)> {
        let begun = Begun::default();
        let answer = self.permit.spend(self.shared.patience(), begun.with(work));
        ControlFlow::Break(match self.shared.stop.or(answer).await {
            Ok(Ok(passed)) => return ControlFlow::Continue((self, passed)),
            Ok(Err((error, took))) => self.trail.fail(failure(error), took),
            Err(obstacle) => self.trail.stop_after(obstacle, begun.waited()),
        })
    }

    /// Notes the last step, an answer by HTTP.
    fn answered(mut self, answer: HttpAnswer, took: Duration) -> WalkStep<OpenTrail> {
        self.shared.gate.learn(took);
        self.trail.pass(Seen::Http(Box::new(answer)), took);
        ControlFlow::Continue(self.trail)
    }

    /// Goes on from the proxy at the other end of `stream`.
    async fn after_proxy(self, stream: TcpStream, manner: Manner<'_>) -> WalkStep<OpenTrail> {
        let WalkTarget { endpoint, host, .. } = self.target;
        let speaks_http = matches!(manner.proxy.scheme(), ProxyScheme::Http | ProxyScheme::Https);
        if endpoint.kind == Kind::Http && speaks_http {
            // As every client does it: no tunnel for what is in clear text.
            // Boxed, since a sign-in makes the future large.
            let enter = Box::pin(proxy::enter(stream, manner));
            let (mut walk, (stream, session, took)) = self.step(Failure::Proxy, enter).await?;
            if let Some(session) = session.clone() {
                walk.trail.pass(Seen::ProxySession(session), took);
            }
            let get = Box::pin(proxy::get(stream, session.as_deref(), manner, host, endpoint.port));
            let (walk, (answer, took)) = walk.step(identity, get).await?;
            return walk.answered(answer, took);
        }
        let open = Box::pin(proxy::open_tunnel(stream, manner, host, endpoint.port));
        let (mut walk, (stream, tunnel, took)) = self.step(Failure::Proxy, open).await?;
        walk.shared.gate.learn(took);
        walk.trail.pass(Seen::Proxy(Box::new(tunnel)), took);
        walk.prove(stream).await
    }

    /// Asks the far end at the other end of `stream` for the proof that its kind calls for.
    async fn prove<S>(self, stream: S) -> WalkStep<OpenTrail>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let WalkTarget { endpoint, host, .. } = self.target;
        let Settings { timeout, tls, .. } = &self.shared.settings;
        match endpoint.kind {
            Kind::Tcp => ControlFlow::Continue(self.trail),
            Kind::Http => self.ask_http(stream).await,
            Kind::Tds => {
                let prelogin = tds::prelogin(stream, *timeout);
                let (mut walk, (answer, took)) = self.step(Failure::Tds, prelogin).await?;
                walk.trail.pass(Seen::Tds(answer), took);
                ControlFlow::Continue(walk.trail)
            }
            Kind::Https | Kind::Relay | Kind::Tls => {
                let handshake = Box::pin(tls.handshake(stream, host, *timeout, Timestamp::now()));
                let (mut walk, (stream, session, took)) =
                    self.step(Failure::Tls, handshake).await?;
                walk.shared.gate.learn(took);
                walk.trail.pass(Seen::Tls(Box::new(session)), took);
                if endpoint.kind == Kind::Tls {
                    return ControlFlow::Continue(walk.trail);
                }
                walk.ask_http(stream).await
            }
        }
    }

    async fn ask_http<S>(self, stream: S) -> WalkStep<OpenTrail>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let WalkTarget { endpoint, host, purpose } = self.target;
        let (port, timeout) = (endpoint.port, self.shared.settings.timeout);
        if let Purpose::Hold(idle) = purpose {
            // Idle is not busy: the permit is for others.
            drop(self.permit);
            let kept = keep_idle(stream, self.shared, host, port, idle, self.trail);
            return ControlFlow::Break(kept.await);
        }
        let get = Box::pin(async {
            match purpose {
                Purpose::Upgrade => http::upgrade(stream, host, port, timeout).await,
                Purpose::Fetch(path) => http::fetch(stream, host, port, path, timeout).await,
                Purpose::Proof | Purpose::Hold(_) => http::get(stream, host, port, timeout).await,
            }
        });
        let (walk, (answer, took)) = self.step(Failure::Http, get).await?;
        walk.answered(answer, took)
    }
}

/// One of the sockets that a run may have open at once.
async fn socket(shared: &RunShared) -> Result<Option<OwnedSemaphorePermit>, Obstacle> {
    // The semaphore is never closed: an error cannot occur, and would only unbound.
    shared.stop.or(Arc::clone(&shared.sockets).acquire_owned()).await.map(Result::ok)
}

/// When a step really began, which is not while it waited for its permit.
#[derive(Debug, Default)]
struct Begun(OnceLock<Instant>);

impl Begun {
    /// Runs `work`, and notes when it began.
    async fn with<F: Future>(&self, work: F) -> F::Output {
        self.0.get_or_init(Instant::now);
        work.await
    }

    /// For how long it has been going on.
    fn waited(&self) -> Option<Duration> {
        self.0.get().map(Instant::elapsed)
    }
}
