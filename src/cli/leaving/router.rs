//! Which way each endpoint is configured to go: asked for all of them at once, and for gateways as
//! they are found.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Zoned;
use tokio::sync::{Mutex, oneshot};

use super::Configured;
use super::engine::{self, Answers, Job, Reply, Script};
use crate::model::{Endpoint, Host, PacQuestion};
use crate::plan::{self, Choice, Question};
use crate::probe::script::Client;
use crate::route::{Credentials, RouteDecision, RouteError, Scheme, Way};

/// Lookups do not count: a script that computes for longer does not end.
const SCRIPT_TIME: Duration = Duration::from_secs(2);
/// A step of a script that is not interrupted within this is not waited for.
const STUCK: Duration = Duration::from_secs(10);
/// How often a script is asked again for one name: once for each name that it may ask DNS for, and
/// one more.
const MOST_TURNS: usize = 65;

/// Asks a configuration. It can be shared among tasks.
pub(in crate::cli) struct Router {
    jobs: Sender<Job>,
    /// One question at a time: a time-out is that question's own.
    turn: Mutex<()>,
    answers: Arc<Answers>,
    client: Client,
    credentials: Option<Credentials>,
    alternate: Option<Way>,
    /// Scripts mostly ask for the host itself: once one did, that is looked up first.
    asks_for_hosts: AtomicBool,
    is_stuck: AtomicBool,
    source: String,
}

impl Configured {
    /// Fetches the script, where there is one to fetch, and starts to answer. `own_addresses` are
    /// this host's, the one that leads out first.
    ///
    /// # Errors
    /// The system gives no thread. A script that cannot be fetched is each endpoint's own fault.
    pub(in crate::cli) async fn into_router(
        self,
        client: Client,
        own_addresses: Vec<IpAddr>,
    ) -> Result<Router> {
        let script = match self.script {
            Script::None => None,
            Script::Source(source) => Some(Ok(source)),
            Script::Missing(reason) => Some(Err(reason)),
            Script::Web(url) => {
                let fetched = client.fetch(&url).await;
                Some(fetched.map_err(|error| format!("cannot be fetched: {error}")))
            }
        };
        let answers = Arc::new(Answers::default());
        let jobs =
            engine::start(self.recipe, script, Arc::clone(&answers), own_addresses, SCRIPT_TIME)
                .context("cannot start a thread")?;
        Ok(Router {
            jobs,
            turn: Mutex::default(),
            answers,
            client,
            credentials: self.credentials,
            alternate: self.alternate,
            asks_for_hosts: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            source: self.source,
        })
    }
}

impl Router {
    /// Which way `endpoint` is configured to go, and the ways to measure.
    pub(in crate::cli) async fn choose(&self, endpoint: &Endpoint) -> Choice {
        let Question { host, port, scheme } = match plan::question(endpoint) {
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
                Reply::Decided(decided) => return decided,
                Reply::Wants(name) => {
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
    ) -> Result<Reply, RouteError> {
        const STUCK_WORDS: &str = "does not end, and cannot be interrupted";
        let _turn = self.turn.lock().await;
        if self.is_stuck.load(Ordering::Relaxed) {
            return Err(self.no_answer(STUCK_WORDS));
        }
        let (reply, answer) = oneshot::channel();
        let job = Job { host: host.clone(), port, scheme, now: now.clone(), reply };
        let is_sent = self.jobs.send(job).is_ok();
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
        self.answers.place(name).get_or_init(|| self.client.addresses(name)).await;
    }

    fn no_answer(&self, message: &str) -> RouteError {
        let questions: Vec<PacQuestion> = Vec::new();
        RouteError::Pac {
            source_name: self.source.clone(),
            message: format!("the script {message}"),
            questions,
        }
    }
}
