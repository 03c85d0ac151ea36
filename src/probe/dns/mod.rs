//! DNS, step by step: our own exchange, because resolver libraries hide what diagnosis needs.
//!
//! Every server is asked by itself, A and AAAA side by side, and everything that came of it is
//! kept: the whole chain whatever its end, the code, silence apart from a closed port. Nothing is
//! cached and no server is preferred. A question is asked once in a run, however many endpoints
//! need it.
//!
//! The files name this module for what they share (the lock, the limits), and it calls them.

#[cfg(any(windows, test))]
mod adapters;
mod errors;
mod ids;
mod operating_system;
mod pool;
#[cfg(target_os = "linux")]
mod receive_errors;
#[cfg(target_os = "linux")]
pub(super) use receive_errors::report_every_icmp_error;
mod server;
mod socket;
mod stream;
mod system;
#[cfg(windows)]
mod windows_adapters;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::sync::OnceCell;

pub use self::system::{SystemServersError, system_servers};

use self::operating_system::OperatingSystem;
use self::server::Server;
use crate::model::{Family, HostName, Lookup, Resolver};
use crate::probe::Connector;

/// How questions are asked.
#[derive(Clone, Debug)]
pub struct DnsSettings {
    /// How long a question may take over UDP with its repetitions, and again over TCP after a
    /// truncated answer.
    pub timeout: Duration,
    /// Whether A, AAAA or both are asked for.
    pub families: Vec<Family>,
    /// The local address to leave from. Servers on loopback are asked from loopback all the same:
    /// stub resolvers answer no other clients.
    pub source: Option<IpAddr>,
    /// Whether the operating system is asked too.
    pub asks_system: bool,
    /// Where the servers really are.
    pub connector: Connector,
}

/// Asks all servers of a run, and remembers what they said until it is dropped.
#[derive(Debug)]
pub struct DnsClient {
    servers: Vec<Server>,
    system: Option<OperatingSystem>,
    families: Vec<Family>,
    lookups: Mutex<HashMap<HostName, Arc<OnceCell<Lookups>>>>,
}

/// One lookup for each server, in the order of the servers; then the operating system's.
type Lookups = Vec<Arc<Lookup>>;

impl DnsClient {
    /// Asks `servers`. Nothing is opened before the first question.
    #[must_use]
    pub fn new(servers: Vec<SocketAddr>, settings: DnsSettings) -> Self {
        let DnsSettings { timeout, families, source, asks_system, connector } = settings;
        let system = asks_system.then(|| OperatingSystem::new(families.clone(), timeout));
        let server = |address| Server::new(address, source, timeout, connector.clone());
        let servers = servers.into_iter().map(server).collect();
        Self { servers, system, families, lookups: Mutex::default() }
    }

    /// What each server says about `name`, in the order of the servers, and then the operating
    /// system where it is to be asked.
    ///
    /// Must run in a tokio runtime with IO and time. May be dropped at any point: another lookup
    /// of the same name that waits for it then asks by itself.
    pub async fn lookup(&self, name: &HostName) -> Vec<Arc<Lookup>> {
        let lookup = Arc::clone(lock(&self.lookups).entry(name.clone()).or_default());
        let all = async {
            let (mut all, system) = join(self.ask_servers(name), self.ask_system(name)).await;
            all.extend(system.map(Arc::new));
            all
        };
        lookup.get_or_init(|| all).await.clone()
    }

    async fn ask_system(&self, name: &HostName) -> Option<Lookup> {
        self.system.as_ref()?.ask(name).await
    }

    /// What the servers alone say, asked anew.
    pub async fn ask_servers(&self, name: &HostName) -> Lookups {
        join_all(self.servers.iter().map(|server| self.ask(server, name))).await
    }

    async fn ask(&self, server: &Server, name: &HostName) -> Arc<Lookup> {
        let questions = self.families.iter().map(|family| server.ask(name, *family));
        Arc::new(Lookup {
            resolver: Resolver::Server(server.address()),
            name: name.clone(),
            exchanges: join_all(questions).await,
        })
    }
}

/// No section under these locks can leave a value half changed, so a panic elsewhere spoils none.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
