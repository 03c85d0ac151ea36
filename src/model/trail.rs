//! What was seen at one address, step by step.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::certificate::Presented;
use super::endpoint::Kind;
use super::obstacle::Obstacle;
use super::proxy::Tunnel;
use super::route::Route;
use super::step::{Failure, HttpAnswer, Seen, Step, TdsAnswer, TlsSession};

/// The steps taken at one address by one route. Only the last can have failed: a trail is built
/// by an [`OpenTrail`], whose closing methods take it by value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    route: Route,
    remote: SocketAddr,
    local: Option<SocketAddr>,
    syns: Option<u32>,
    at: Timestamp,
    passed: Vec<Step>,
    end: End,
    waited: Option<Duration>,
}

/// How a trail ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every step went well.
    Complete,
    /// The last step failed.
    Failed { failure: Failure, took: Duration },
    /// The next step was not asked, or not to its end.
    Stopped(Obstacle),
}

impl Trail {
    /// Every chain that was presented on the way: by a proxy, by the far end, and by what ended it.
    pub fn presented(&self) -> impl Iterator<Item = &Presented> {
        let completed = self.passed().iter().filter_map(|step| match &step.seen {
            Seen::Tls(session) | Seen::ProxySession(session) => Some(&session.presented),
            Seen::Proxy(tunnel) => tunnel.session.as_ref().map(|session| &session.presented),
            Seen::Tcp | Seen::Http(_) | Seen::Tds(_) | Seen::Hold(_) => None,
        });
        completed.chain(self.failure().and_then(Failure::presented))
    }

    #[must_use]
    pub const fn route(&self) -> &Route {
        &self.route
    }

    /// The address of the attempt: the proxy's, where the route leads through one.
    #[must_use]
    pub const fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// The local address and port, known as soon as a connect had begun: firewall logs are searched
    /// by them, most of all for attempts that failed.
    #[must_use]
    pub const fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// How many SYNs a connect sent that was not accepted, where the system says so.
    #[must_use]
    pub const fn syns(&self) -> Option<u32> {
        self.syns
    }

    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The steps that went well, in order.
    #[must_use]
    pub fn passed(&self) -> &[Step] {
        &self.passed
    }

    #[must_use]
    pub const fn end(&self) -> &End {
        &self.end
    }

    /// How long the step had been going on that [`End::Stopped`] ended; `None` where it had not
    /// begun.
    #[must_use]
    pub const fn waited(&self) -> Option<Duration> {
        self.waited
    }

    /// The contract's word for the step that comes after those that went well, for an endpoint of
    /// `kind`: where the trail was stopped, the one that was pending.
    #[must_use]
    pub fn next_step(&self, kind: Kind) -> &'static str {
        let last = self.passed.last().map(|step| &step.seen);
        let is_proxied = matches!(self.route, Route::Proxy(_));
        match (last, kind) {
            (None, _) => "tcp",
            (Some(Seen::Tcp), kind) if is_proxied && kind != Kind::Http => "proxy",
            (Some(Seen::Tcp | Seen::Proxy(_)), kind) if kind.speaks_tls() => "tls",
            (Some(Seen::Tcp | Seen::Proxy(_)), Kind::Tds) => "tds",
            _ => "http",
        }
    }

    /// The failure, where its last step failed.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match &self.end {
            End::Failed { failure, .. } => Some(failure),
            End::Complete | End::Stopped(_) => None,
        }
    }

    /// Whether the connection was accepted, by the far end or by the proxy.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.passed.iter().any(|step| matches!(step.seen, Seen::Tcp))
    }

    /// The proxy's tunnel, if there was one.
    #[must_use]
    pub fn tunnel(&self) -> Option<&Tunnel> {
        self.passed.iter().find_map(|step| match &step.seen {
            Seen::Proxy(tunnel) => Some(&**tunnel),
            _ => None,
        })
    }

    /// The completed handshake with an `https://` proxy itself, whatever was asked of it then.
    #[must_use]
    pub fn proxy_session(&self) -> Option<&TlsSession> {
        self.passed.iter().find_map(|step| match &step.seen {
            Seen::Proxy(tunnel) => tunnel.session.as_deref(),
            Seen::ProxySession(session) => Some(&**session),
            _ => None,
        })
    }

    /// The completed handshake with the far end, if there was one.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsSession> {
        self.passed.iter().find_map(|step| match &step.seen {
            Seen::Tls(session) => Some(&**session),
            _ => None,
        })
    }

    /// The HTTP answer, if there was one.
    #[must_use]
    pub fn http(&self) -> Option<&HttpAnswer> {
        self.passed.iter().find_map(|step| match &step.seen {
            Seen::Http(answer) => Some(&**answer),
            _ => None,
        })
    }

    /// SQL Server's answer, if there was one.
    #[must_use]
    pub fn tds(&self) -> Option<&TdsAnswer> {
        self.passed.iter().find_map(|step| match &step.seen {
            Seen::Tds(answer) => Some(answer),
            _ => None,
        })
    }
}

/// A trail that goes on.
#[derive(Clone, Debug)]
#[must_use = "an open trail is closed by `complete`, `fail` or `stop`"]
pub struct OpenTrail(Trail);

impl OpenTrail {
    /// A trail to `remote`, begun at `at`.
    pub const fn new(route: Route, remote: SocketAddr, at: Timestamp) -> Self {
        let passed = Vec::new();
        let end = End::Complete;
        Self(Trail { route, remote, local: None, syns: None, at, passed, end, waited: None })
    }

    /// The local address of the attempt.
    pub const fn leave_from(&mut self, local: Option<SocketAddr>) {
        self.0.local = local;
    }

    /// When the attempt really left, where it had to wait for its turn.
    pub const fn leave_at(&mut self, at: Timestamp) {
        self.0.at = at;
    }

    /// How many SYNs the attempt sent.
    pub const fn send_syns(&mut self, syns: Option<u32>) {
        self.0.syns = syns;
    }

    /// Adds a step that went well.
    pub fn pass(&mut self, seen: Seen, took: Duration) {
        self.0.passed.push(Step { seen, took });
    }

    /// Every step went well.
    #[must_use]
    pub fn complete(self) -> Trail {
        self.0
    }

    /// The next step failed.
    #[must_use]
    pub fn fail(mut self, failure: Failure, took: Duration) -> Trail {
        self.0.end = End::Failed { failure, took };
        self.0
    }

    /// The next step met an obstacle of this host.
    #[must_use]
    pub fn stop(mut self, obstacle: Obstacle) -> Trail {
        self.0.end = End::Stopped(obstacle);
        self.0
    }

    /// The next step had been going on for `waited` when it was ended from outside; `None` where
    /// it had not begun.
    #[must_use]
    pub fn stop_after(mut self, obstacle: Obstacle, waited: Option<Duration>) -> Trail {
        self.0.waited = waited;
        self.stop(obstacle)
    }
}
