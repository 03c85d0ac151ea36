//! The thread on which a configuration answers, because its script may run there: an engine for
//! scripts cannot change threads, and a script that does not end must not hold up anybody else.
//!
//! No lookup happens here. A script that asks for a name whose addresses are not known yet is
//! stopped, and the name is handed back ([`RouteReply::NeedsAddresses`]); the request comes again
//! once they are known. So a thousand names wait for DNS side by side, not one behind the other.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Zoned;
use tokio::sync::{OnceCell, oneshot};

use crate::model::Host;
use crate::route::{
    AgentProxy, AgentRoute, Configuration, Exceptions, FixedProxy, LocalView, RouteDecision,
    RouteError, Scheme,
};
use crate::wire::HttpUrl;

/// A configuration before its script, if it has one, is loaded.
pub(super) enum Recipe {
    /// No proxy, because `source` says so.
    Direct { source: String },
    /// One proxy, or one for each scheme.
    Fixed(FixedProxy),
    /// The runtime's file, which may name a script.
    Agent { file: AgentProxy, local: LocalView, exceptions: Vec<Exceptions> },
    /// The script of `pac:`, or of a setting of Windows.
    Script { source: String, exceptions: Vec<Exceptions> },
}

impl Recipe {
    pub(super) fn exceptions(&self) -> &[Exceptions] {
        match self {
            Self::Direct { .. } => &[],
            Self::Fixed(FixedProxy { exceptions, .. })
            | Self::Agent { exceptions, .. }
            | Self::Script { exceptions, .. } => exceptions,
        }
    }
}

/// The script of a configuration.
pub(super) enum ScriptSource {
    /// The configuration has none.
    None,
    /// The text of a file.
    Text(Vec<u8>),
    /// The address from which it is fetched.
    Web(HttpUrl),
    /// The configuration names a script that cannot be had, for this reason.
    Missing(String),
}

/// The addresses of the names that scripts asked for.
#[derive(Debug, Default)]
pub(super) struct AddressCache(Mutex<HashMap<String, Arc<OnceCell<Vec<IpAddr>>>>>);

impl AddressCache {
    /// The cell for a name's addresses, which the first task that asks for them fills.
    pub(super) fn cell(&self, name: &str) -> Arc<OnceCell<Vec<IpAddr>>> {
        // No section under this lock can leave the map half changed.
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(name.to_owned()).or_default())
    }

    #[cfg(feature = "pac")]
    fn known(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.cell(name).get().cloned()
    }
}

/// Asks which way a name is configured to go.
pub(super) struct RouteRequest {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) scheme: Scheme,
    pub(super) now: Zoned,
    pub(super) reply: oneshot::Sender<RouteReply>,
}

/// What the thread answers.
pub(super) enum RouteReply {
    Decided(Result<RouteDecision, RouteError>),
    /// The script needs the addresses of this name: ask again once they are known.
    #[cfg_attr(not(feature = "pac"), expect(dead_code, reason = "only scripts need addresses"))]
    NeedsAddresses(String),
}

/// Everything that the thread answers from.
#[cfg_attr(not(feature = "pac"), expect(dead_code, reason = "only scripts need all of it"))]
pub(super) struct ScriptRunner {
    pub(super) recipe: Recipe,
    /// The script's text, or why it cannot be had; `None` for a configuration without one.
    pub(super) script: Option<Result<Vec<u8>, String>>,
    pub(super) addresses: Arc<AddressCache>,
    /// This host's addresses, the one that leads out first.
    pub(super) own_addresses: Vec<IpAddr>,
    /// How long a script may compute for each request; lookups do not count.
    pub(super) time: Duration,
}

impl ScriptRunner {
    /// Starts the thread; it ends when nobody can send a request any more.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub(super) fn spawn(self) -> std::io::Result<Sender<RouteRequest>> {
        let (sender, requests) = channel();
        let thread = std::thread::Builder::new().name("routes".to_owned());
        thread.spawn(move || self.serve(&requests))?;
        Ok(sender)
    }

    fn serve(self, requests: &Receiver<RouteRequest>) {
        #[cfg(feature = "pac")]
        let mut evaluator = scripts::Evaluator::new(self);
        #[cfg(not(feature = "pac"))]
        let configuration = self.configuration();
        for request in requests {
            #[cfg(feature = "pac")]
            let reply = evaluator.reply(&request);
            #[cfg(not(feature = "pac"))]
            let reply = RouteReply::Decided(configuration.as_ref().map_err(Clone::clone).and_then(
                |configuration| {
                    let RouteRequest { host, port, scheme, now, .. } = &request;
                    configuration.decide(host, *port, *scheme, now)
                },
            ));
            // The task that asked may have given up.
            let _ = request.reply.send(reply);
        }
    }
}

#[cfg(not(feature = "pac"))]
impl ScriptRunner {
    fn configuration(self) -> Result<Configuration, RouteError> {
        Ok(match self.recipe {
            Recipe::Direct { source } => Configuration::Direct { source },
            Recipe::Script { source: source_name, .. } => {
                let message = "this program was built without scripts (feature pac)".to_owned();
                return Err(RouteError::Pac { source_name, message, questions: Vec::new() });
            }
            Recipe::Fixed(fixed) => Configuration::Fixed(fixed),
            Recipe::Agent { file, local, exceptions } => {
                Configuration::Agent(AgentRoute::new(&file, local, exceptions)?)
            }
        })
    }
}

/// Evaluates scripts. Nothing here leaves the thread.
#[cfg(feature = "pac")]
mod scripts {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Instant;

    use super::{
        AgentRoute, Arc, Configuration, Duration, Recipe, RouteDecision, RouteError, RouteReply,
        RouteRequest, ScriptRunner, Zoned,
    };
    use crate::probe::script::LONGEST;
    use crate::route::{PacLimits, PacScript, PacSurroundings};

    /// After so many names for which its time ran out, a script is not asked any more.
    const PATIENCE: usize = 3;

    /// Answers requests from a configuration whose script is loaded when the first one comes.
    pub(super) struct Evaluator {
        runner: ScriptRunner,
        began: Instant,
        /// The name whose addresses the script asked for and which are not known.
        wanted: Rc<RefCell<Option<String>>>,
        loaded: Option<Result<Configuration, RouteError>>,
        n_out_of_time: usize,
    }

    impl Evaluator {
        pub(super) fn new(runner: ScriptRunner) -> Self {
            let wanted = Rc::default();
            Self { runner, began: Instant::now(), wanted, loaded: None, n_out_of_time: 0 }
        }

        pub(super) fn reply(&mut self, request: &RouteRequest) -> RouteReply {
            let RouteRequest { host, port, scheme, now, .. } = request;
            let configuration = match self.loaded.take() {
                Some(loaded) => loaded,
                None => self.load(now),
            };
            if let Some(name) = self.wanted.take() {
                return RouteReply::NeedsAddresses(name);
            }
            let before = Instant::now();
            let decided = match &configuration {
                Ok(loaded) => loaded.decide(host, *port, *scheme, now),
                Err(error) => Err(error.clone()),
            };
            if let Some(name) = self.wanted.take() {
                // A script that was stopped may have remembered the empty answer: it is loaded
                // anew.
                return RouteReply::NeedsAddresses(name);
            }
            self.loaded = Some(configuration);
            if before.elapsed() >= self.runner.time && self.runner.script.is_some() {
                self.count_time_out(&decided);
            }
            RouteReply::Decided(decided)
        }

        /// A script that never ends costs its time for a few names and not for a thousand.
        fn count_time_out(&mut self, decided: &Result<RouteDecision, RouteError>) {
            self.n_out_of_time += 1;
            if let Err(RouteError::Pac { message, .. }) = decided
                && self.n_out_of_time >= PATIENCE
            {
                self.runner.script = Some(Err(format!(
                    "{message}; so for {PATIENCE} names, and it was not asked for this one"
                )));
                self.loaded = None;
            }
        }

        fn load(&self, now: &Zoned) -> Result<Configuration, RouteError> {
            match &self.runner.recipe {
                Recipe::Direct { source } => Ok(Configuration::Direct { source: source.clone() }),
                Recipe::Fixed(fixed) => Ok(Configuration::Fixed(fixed.clone())),
                Recipe::Script { source, exceptions } => Ok(Configuration::Pac {
                    script: self.script(now),
                    source: source.clone(),
                    exceptions: exceptions.clone(),
                }),
                Recipe::Agent { file, local, exceptions } => {
                    let route = AgentRoute::new(file, local.clone(), exceptions.clone())?;
                    Ok(Configuration::Agent(match route.script_location() {
                        Some(_) => route.with_script(self.script(now)),
                        None => route,
                    }))
                }
            }
        }

        fn script(&self, now: &Zoned) -> Result<PacScript, String> {
            let source = match &self.runner.script {
                Some(Ok(source)) => source,
                Some(Err(reason)) => return Err(reason.clone()),
                None => return Err("was not loaded".to_owned()),
            };
            let limits =
                PacLimits { time: self.runner.time, source: LONGEST, ..PacLimits::default() };
            PacScript::load(source, self.surroundings(), limits, now)
                .map_err(|error| error.to_string())
        }

        /// Once the addresses of a name are wanted, the clock says that time is up, so that the
        /// script stops there.
        fn surroundings(&self) -> PacSurroundings {
            let addresses = Arc::clone(&self.runner.addresses);
            let wanted = Rc::clone(&self.wanted);
            let is_wanted = Rc::clone(&self.wanted);
            let began = self.began;
            PacSurroundings {
                resolve: Box::new(move |name| {
                    addresses.known(name).unwrap_or_else(|| {
                        wanted.replace(Some(name.to_owned()));
                        Vec::new()
                    })
                }),
                own_addresses: self.runner.own_addresses.clone(),
                clock: Box::new(move || match &*is_wanted.borrow() {
                    Some(_) => Duration::MAX,
                    None => began.elapsed(),
                }),
            }
        }
    }
}
