//! Which way each endpoint is configured to go: asked for all of them at once, and for gateways as
//! they are found.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::join_all;
use jiff::Zoned;
use tokio::sync::{Mutex, oneshot};

use super::Configured;
use super::engine::{self, Answers, Job, Reply, Script};
use crate::model::{Endpoint, Host, Kind, PacQuestion, Reach, Route, RouteChoice, RouteIntent};
use crate::plan::Plan;
use crate::probe::script::Client;
use crate::route::{Credentials, Decision, ProxyUrl, RouteError, Scheme, Way};

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

/// Which way an endpoint goes, and the proxies on its ways.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Chosen {
    /// As a record holds it.
    pub(in crate::cli) choice: RouteChoice,
    /// The proxies of the choice, with the credentials that they are to be sent: the configured
    /// one, those of the fallbacks, the alternate; each once.
    pub(in crate::cli) proxies: Vec<ProxyUrl>,
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
    /// Gives every probe of `plan` its route. The proxies stand in the order of the probes.
    pub(in crate::cli) async fn route(&self, plan: &mut Plan) -> Vec<Vec<ProxyUrl>> {
        let all = join_all(plan.probes.iter().map(|probe| self.choose(&probe.endpoint))).await;
        plan.probes
            .iter_mut()
            .zip(all)
            .map(|(probe, Chosen { choice, proxies })| {
                probe.route = choice;
                proxies
            })
            .collect()
    }

    /// Which way `endpoint` is configured to go. What is no HTTP and no TLS goes direct: the runtime
    /// uses its proxy for sources and destinations "which use the HTTP or HTTPS protocol"
    /// (Microsoft, create-self-hosted-integration-runtime, proxy server considerations).
    pub(in crate::cli) async fn choose(&self, endpoint: &Endpoint) -> Chosen {
        let intended = match endpoint.expect.reach {
            Reach::Private => RouteIntent::Direct,
            Reach::Any | Reach::Public => RouteIntent::Any,
        };
        let Some(host) = endpoint.subject.host() else {
            return Chosen::direct(intended, "a pattern has no route");
        };
        let scheme = match endpoint.kind {
            Kind::Https | Kind::Relay | Kind::Tls => Scheme::Https,
            Kind::Http => Scheme::Http,
            Kind::Tds => {
                return Chosen::direct(intended, "SQL Server's protocol uses no HTTP proxy");
            }
            Kind::Tcp => return Chosen::direct(intended, "plain TCP uses no HTTP proxy"),
        };
        let decided = self.decide(host, endpoint.port, scheme).await;
        let mut chosen = match decided {
            Ok(decision) => self.chosen(intended, &decision),
            Err(error) => Chosen { choice: error.choice(intended), proxies: Vec::new() },
        };
        if let Some(alternate) = &self.alternate
            && !(intended == RouteIntent::Direct && matches!(alternate, Way::Proxy(_)))
            && chosen.choice.configured.as_ref() != Ok(&alternate.route())
        {
            chosen.choice.alternate = Some(alternate.route());
            chosen.add(self.with_credentials(alternate));
        }
        chosen
    }

    fn chosen(&self, intended: RouteIntent, decision: &Decision) -> Chosen {
        let mut chosen = Chosen { choice: decision.choice(intended), proxies: Vec::new() };
        for way in std::iter::once(&decision.way).chain(&decision.fallbacks) {
            chosen.add(self.with_credentials(way));
        }
        chosen
    }

    /// `--proxy-credentials` is for proxies whose URL holds none.
    fn with_credentials(&self, way: &Way) -> Option<ProxyUrl> {
        let Way::Proxy(proxy) = way else { return None };
        Some(match &self.credentials {
            Some(given) if proxy.credentials().is_none() => {
                proxy.clone().with_credentials(given.clone())
            }
            _ => proxy.clone(),
        })
    }

    async fn decide(&self, host: &Host, port: u16, scheme: Scheme) -> Result<Decision, RouteError> {
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

impl Chosen {
    fn direct(intended: RouteIntent, why: &str) -> Self {
        Self { choice: RouteChoice::new(intended, Route::Direct, why), proxies: Vec::new() }
    }

    fn add(&mut self, proxy: Option<ProxyUrl>) {
        if let Some(proxy) = proxy
            && !self.proxies.contains(&proxy)
        {
            self.proxies.push(proxy);
        }
    }
}
