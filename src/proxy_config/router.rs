//! Which way each endpoint is configured to go: the questions of many tasks at once, in a row for
//! the thread of [`super::script_runner`].

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use jiff::Zoned;
use tokio::sync::{Mutex, oneshot};

use super::ProxyConfig;
use super::script_runner::{AddressCache, RouteReply, RouteRequest, ScriptRunner, ScriptSource};
use crate::model::{Endpoint, Host};
use crate::plan::{self, Choice, RouteQuestion};
use crate::probe::script::ScriptFetcher;
use crate::route::{Credentials, RouteDecision, RouteError, Scheme, Way};

/// A script that computes for longer does not end. Lookups do not count.
const SCRIPT_TIME: Duration = Duration::from_secs(2);
/// How long a step of a script that cannot be interrupted is waited for.
const STUCK: Duration = Duration::from_secs(10);
/// How often a script is asked again for one name: once for each name that it may ask DNS for, and
/// one more.
const MOST_TURNS: usize = 65;

/// Asks a configuration. It can be shared among tasks.
pub struct Router {
    requests: Sender<RouteRequest>,
    /// One request at a time: a time-out is that request's own.
    turn: Mutex<()>,
    addresses: Arc<AddressCache>,
    client: ScriptFetcher,
    credentials: Option<Credentials>,
    alternate: Option<Way>,
    /// Scripts mostly ask for the host itself: once one did, hosts are looked up before it is
    /// asked.
    asks_for_hosts: AtomicBool,
    is_stuck: AtomicBool,
    source: String,
}

impl ProxyConfig {
    /// Fetches the script, where there is one to fetch, and starts to answer. `own_addresses` are
    /// this host's, the one that leads out first.
    ///
    /// # Errors
    /// The system's, where it gives no thread. A script that cannot be fetched is no error here: it
    /// is each endpoint's fault.
    pub async fn into_router(
        self,
        client: ScriptFetcher,
        own_addresses: Vec<IpAddr>,
    ) -> io::Result<Router> {
        let script = match self.script {
            ScriptSource::None => None,
            ScriptSource::Text(text) => Some(Ok(text)),
            ScriptSource::Missing(reason) => Some(Err(reason)),
            ScriptSource::Web(url) => {
                let fetched = client.fetch(&url).await;
                Some(fetched.map_err(|error| format!("cannot be fetched: {error}")))
            }
        };
        let addresses = Arc::new(AddressCache::default());
        let runner = ScriptRunner {
            recipe: self.recipe,
            script,
            addresses: Arc::clone(&addresses),
            own_addresses,
            time: SCRIPT_TIME,
        };
        Ok(Router {
            requests: runner.spawn()?,
            turn: Mutex::default(),
            addresses,
            client,
            credentials: self.credentials,
            alternate: self.alternate,
            asks_for_hosts: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            source: self.origin.to_string(),
        })
    }
}

impl Router {
    /// Says which way `endpoint` is configured to go, and which ways to measure.
    pub async fn choose(&self, endpoint: &Endpoint) -> Choice {
        let RouteQuestion { host, port, scheme } = match plan::question(endpoint) {
            Ok(question) => question,
            Err(why) => return plan::direct(endpoint, why),
        };
        let decided = self.decide(host, port, scheme).await.map(|decision| RouteDecision {
            way: self.with_credentials(decision.way),
            fallbacks: decision
                .fallbacks
                .into_iter()
                .map(|way| self.with_credentials(way))
                .collect(),
            ..decision
        });
        let alternate = self.alternate.clone().map(|way| self.with_credentials(way));
        plan::choose(endpoint, decided, alternate)
    }

    /// `--proxy-credentials` is for proxies whose URL holds none.
    fn with_credentials(&self, way: Way) -> Way {
        match (way, &self.credentials) {
            (Way::Proxy(proxy), Some(given)) if proxy.credentials().is_none() => {
                Way::Proxy(proxy.with_credentials(given.clone()))
            }
            (way, _) => way,
        }
    }

    async fn decide(
        &self,
        host: &Host,
        port: u16,
        scheme: Scheme,
    ) -> Result<RouteDecision, RouteError> {
        let now = Zoned::now();
        if let Host::Name(name) = host
            && self.asks_for_hosts.load(Ordering::Relaxed)
        {
            self.look_up(name.as_str()).await;
        }
        for _ in 0..MOST_TURNS {
            match self.ask(host, port, scheme, &now).await? {
                RouteReply::Decided(decided) => return decided,
                RouteReply::NeedsAddresses(name) => {
                    if name == host.to_string() {
                        self.asks_for_hosts.store(true, Ordering::Relaxed);
                    }
                    self.look_up(&name).await;
                }
            }
        }
        Err(self.no_answer("asks DNS for other names each time it is asked"))
    }

    async fn ask(
        &self,
        host: &Host,
        port: u16,
        scheme: Scheme,
        now: &Zoned,
    ) -> Result<RouteReply, RouteError> {
        const STUCK_WORDS: &str = "does not end, and cannot be interrupted";
        let _turn = self.turn.lock().await;
        if self.is_stuck.load(Ordering::Relaxed) {
            return Err(self.no_answer(STUCK_WORDS));
        }
        let (reply, answer) = oneshot::channel();
        let request = RouteRequest { host: host.clone(), port, scheme, now: now.clone(), reply };
        let is_sent = self.requests.send(request).is_ok();
        match tokio::time::timeout(STUCK, answer).await {
            Ok(Ok(reply)) => Ok(reply),
            // The thread is gone: it panicked, and said so.
            Ok(Err(_)) => Err(self.no_answer("ended in an error of this program")),
            Err(_) => {
                self.is_stuck.store(is_sent, Ordering::Relaxed);
                Err(self.no_answer(STUCK_WORDS))
            }
        }
    }

    async fn look_up(&self, name: &str) {
        self.addresses.cell(name).get_or_init(|| self.client.addresses(name)).await;
    }

    fn no_answer(&self, message: &str) -> RouteError {
        RouteError::Pac {
            source_name: self.source.clone(),
            message: format!("the script {message}"),
            questions: Vec::new(),
        }
    }
}
