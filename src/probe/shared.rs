//! What all tasks of a run share: its settings, what they hold in common, and what was learnt so
//! far.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use tokio::sync::{Semaphore, mpsc};

use super::absent::Absent;
use super::connector::Connector;
use super::control::Control;
use super::dns::DnsClient;
use super::follow_up::cache::FollowUpCache;
use super::pace::Gate;
use super::proxies::Proxies;
use super::routing::Routing;
use super::sign_in::SecurityPackages;
use super::stop::Stop;
use super::tls::TlsClient;
use crate::model::{Endpoint, Family, HostName, Lookup};

/// The least that a handshake or a request is given; several times what answers usually take is
/// more, and a quarter of the time-out is the most.
const ANSWER_PATIENCE: Duration = Duration::from_millis(100);

/// What the user asks for beyond proof and failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Whether to find out where silent addresses are blocked.
    pub locate: bool,
    /// How long one connection to each relay is kept idle.
    pub hold: Option<Duration>,
    /// Whether hosts that only a certificate names are left alone.
    pub no_revocation: bool,
}

/// How a run is made.
#[derive(Debug)]
pub struct Settings {
    /// The time-out of each step.
    pub timeout: Duration,
    /// Which families are looked up and connected.
    pub families: Vec<Family>,
    /// The local address to leave from.
    pub source: Option<IpAddr>,
    /// How many connections may be open at once.
    pub concurrency: usize,
    /// The name servers, in order.
    pub servers: Vec<SocketAddr>,
    /// Whether the operating system's own resolver is asked too, and decides where to go.
    pub asks_system: bool,
    /// Whether the gateways of relays are probed too.
    pub expand_gateways: bool,
    /// Whether names are resolved and nothing is connected.
    pub resolve_only: bool,
    /// What chains are judged against.
    pub tls: TlsClient,
    /// What decides which way each endpoint goes.
    pub routing: Routing,
    /// What is asked beyond proof and failure.
    pub wishes: Wishes,
    /// Where connections really go.
    pub connector: Connector,
    /// What signs in to proxies as the account of the process.
    pub packages: Arc<dyn SecurityPackages>,
}

/// What the tasks of a run share.
pub(super) struct RunShared {
    pub(super) settings: Settings,
    pub(super) dns: DnsClient,
    pub(super) sockets: Arc<Semaphore>,
    pub(super) gate: Gate,
    pub(super) control: Control,
    pub(super) absent: Absent,
    pub(super) follow_ups: FollowUpCache,
    pub(super) proxies: Proxies,
    pub(super) stop: Stop,
    pub(super) found: mpsc::UnboundedSender<Vec<Endpoint>>,
}

impl RunShared {
    /// Looks `name` up, and begins the controls that go with a lookup.
    pub(super) async fn resolve(&self, name: &HostName) -> Vec<Arc<Lookup>> {
        if self.settings.resolve_only {
            return self.dns.lookup(name).await;
        }
        for server in &self.settings.servers {
            self.control.beside(*server, &self.settings, &self.stop);
        }
        let (lookups, ()) = future::join(self.dns.lookup(name), self.absent.ask(&self.dns)).await;
        lookups
    }

    /// How long a trail keeps its permit for an answer.
    pub(super) fn patience(&self) -> Duration {
        self.gate.patience(ANSWER_PATIENCE, self.settings.timeout / 4)
    }
}
