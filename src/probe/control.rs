//! The control: a connect to an address that cannot answer.
//!
//! A middlebox that completes every handshake itself accepts 192.0.2.1 (TEST-NET-1, RFC 5737) too;
//! a connect to a real endpoint then proves nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::connector::Connector;
use super::shared::Settings;
use super::stop::Stop;
use super::tcp;
use crate::model::{Failure, OpenTrail, Route, Seen, TcpFailure, TimeoutBy, Trail};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const PORT: u16 = 443;
/// A middlebox that answers for others answers at once: no answer within three times the slowest
/// real connect, and within this at least, is taken for silence.
const LEAST_WAIT: Duration = Duration::from_millis(250);

/// Asks the control address once a run, beside the first connect that leaves this host.
#[derive(Debug, Default)]
pub(super) struct Control {
    state: Mutex<ControlState>,
}

#[derive(Debug, Default)]
struct ControlState {
    asked: Option<(Instant, Timestamp, JoinHandle<Trail>)>,
    slowest_connect: Duration,
}

impl Control {
    /// Begins the control, before the first connect to a `remote` beyond this host.
    pub(super) fn beside(&self, remote: SocketAddr, settings: &Settings, stop: &Stop) {
        if remote.ip().is_loopback() {
            return;
        }
        let Ok(mut state) = self.state.lock() else { return };
        if state.asked.is_none() {
            let at = Timestamp::now();
            let source = settings.source.filter(IpAddr::is_ipv4);
            let connector = settings.connector.clone();
            let asked = ask(connector, source, settings.timeout, at, stop.clone());
            let asked = tokio::spawn(asked);
            state.asked = Some((Instant::now(), at, asked));
        }
    }

    /// Takes note of a real connect that took `took`, to which the control's silence is compared.
    pub(super) fn compare(&self, took: Duration) {
        if let Ok(mut state) = self.state.lock() {
            state.slowest_connect = state.slowest_connect.max(took);
        }
    }

    /// The control's trail, at the end of a run; `None` where nothing left this host.
    pub(super) async fn conclude(self) -> Option<Trail> {
        let ControlState { asked, slowest_connect } = self.state.into_inner().ok()?;
        let (begun, at, mut asked) = asked?;
        let due = begun + LEAST_WAIT.max(slowest_connect * 3);
        if let Ok(trail) = tokio::time::timeout_at(due.into(), &mut asked).await {
            return trail.ok();
        }
        asked.abort();
        let waited = begun.elapsed();
        let silence = Failure::Tcp(TcpFailure::TimedOut(TimeoutBy::Ours(waited)));
        Some(open(at).fail(silence, waited))
    }
}

async fn ask(
    connector: Connector,
    source: Option<IpAddr>,
    timeout: Duration,
    at: Timestamp,
    stop: Stop,
) -> Trail {
    let mut trail = open(at);
    let remote = SocketAddr::new(ADDRESS, PORT);
    match stop.or(connector.connect(remote, source, timeout)).await {
        Err(obstacle) => trail.stop(obstacle),
        Ok(Ok((_, took))) => {
            trail.pass(Seen::Tcp, took);
            trail.complete()
        }
        Ok(Err(tcp::NotConnected::Failed(failure, took))) => {
            trail.fail(Failure::Tcp(failure), took)
        }
        Ok(Err(tcp::NotConnected::Obstacle(obstacle))) => trail.stop(obstacle),
    }
}

fn open(at: Timestamp) -> OpenTrail {
    OpenTrail::new(Route::Direct, SocketAddr::new(ADDRESS, PORT), at)
}
