//! A configuration on a thread of its own, where its script may run: scripts cannot change threads,
//! and what does not end must not hold up anybody else.
//!
//! No lookup happens here. A script that asks for a name whose addresses are not known yet is
//! stopped, and the name is handed back ([`Reply::Wants`]); the question comes again once they are
//! known. So a thousand names wait for DNS side by side, not one behind the other.

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

/// A configuration without its script.
pub(super) enum Recipe {
    /// No proxy, by this authority.
    Direct { source: String },
    /// One proxy, or one for each scheme.
    Fixed(FixedProxy),
    /// The agent's file.
    Agent { file: AgentProxy, local: LocalView, exceptions: Vec<Exceptions> },
    /// A script.
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
pub(super) enum Script {
    /// It has none.
    None,
    /// Its text.
    Source(Vec<u8>),
    /// Where to fetch it.
    Web(HttpUrl),
    /// It names one that cannot be had; in words.
    Missing(String),
}

/// The addresses of the names that scripts asked for.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<HashMap<String, Arc<OnceCell<Vec<IpAddr>>>>>);

impl Answers {
    /// The place of a name's addresses, which whoever asks first fills.
    pub(super) fn place(&self, name: &str) -> Arc<OnceCell<Vec<IpAddr>>> {
        // No section under this lock can leave the map half changed.
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry(name.to_owned()).or_default())
    }

    #[cfg(feature = "pac")]
    fn known(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.place(name).get().cloned()
    }
}

/// A question.
pub(super) struct Job {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) scheme: Scheme,
    pub(super) now: Zoned,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// What came of it.
pub(super) enum Reply {
    Decided(Result<RouteDecision, RouteError>),
    /// Ask again once the addresses of this name are known.
    #[cfg_attr(not(feature = "pac"), expect(dead_code, reason = "scripts alone want names"))]
    Wants(String),
}

/// Starts the thread; it ends when nobody can ask any more. A script may compute for `time` at each
/// question, lookups not counted.
///
/// # Errors
/// The system gives no thread.
pub(super) fn start(
    recipe: Recipe,
    script: Option<Result<Vec<u8>, String>>,
    answers: Arc<Answers>,
    own_addresses: Vec<IpAddr>,
    time: Duration,
) -> std::io::Result<Sender<Job>> {
    let (sender, jobs) = channel();
    let engine = Engine { recipe, script, answers, own_addresses, time };
    std::thread::Builder::new().name("routes".to_owned()).spawn(move || serve(engine, &jobs))?;
    Ok(sender)
}

fn serve(engine: Engine, jobs: &Receiver<Job>) {
    #[cfg(feature = "pac")]
    let mut asked = scripts::Asked::new(engine);
    #[cfg(not(feature = "pac"))]
    let configuration = engine.configuration();
    for job in jobs {
        #[cfg(feature = "pac")]
        let reply = asked.answer(&job);
        #[cfg(not(feature = "pac"))]
        let reply = Reply::Decided(configuration.as_ref().map_err(Clone::clone).and_then(
            |configuration| configuration.decide(&job.host, job.port, job.scheme, &job.now),
        ));
        // Whoever asked may have given up.
        let _ = job.reply.send(reply);
    }
}

#[cfg_attr(not(feature = "pac"), expect(dead_code, reason = "scripts alone need all of it"))]
struct Engine {
    recipe: Recipe,
    script: Option<Result<Vec<u8>, String>>,
    answers: Arc<Answers>,
    own_addresses: Vec<IpAddr>,
    time: Duration,
}

#[cfg(not(feature = "pac"))]
impl Engine {
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

/// What scripts need of the thread.
#[cfg(feature = "pac")]
mod scripts {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Instant;

    use super::{
        AgentRoute, Arc, Configuration, Duration, Engine, Job, Recipe, Reply, RouteDecision,
        RouteError, Zoned,
    };
    use crate::probe::script::LONGEST;
    use crate::route::{PacLimits, PacScript, PacSurroundings};

    /// After so many names for which its time ran out, a script is not asked any more.
    const PATIENCE: usize = 3;

    /// A configuration that is asked.
    pub(super) struct Asked {
        engine: Engine,
        began: Instant,
        /// The name whose addresses the script wanted and which are not known.
        wanted: Rc<RefCell<Option<String>>>,
        loaded: Option<Result<Configuration, RouteError>>,
        n_out_of_time: usize,
    }

    impl Asked {
        pub(super) fn new(engine: Engine) -> Self {
            let wanted = Rc::default();
            Self { engine, began: Instant::now(), wanted, loaded: None, n_out_of_time: 0 }
        }

        pub(super) fn answer(&mut self, job: &Job) -> Reply {
            let configuration = match self.loaded.take() {
                Some(loaded) => loaded,
                None => self.load(&job.now),
            };
            if let Some(name) = self.wanted.take() {
                return Reply::Wants(name);
            }
            let before = Instant::now();
            let decided = match &configuration {
                Ok(loaded) => loaded.decide(&job.host, job.port, job.scheme, &job.now),
                Err(error) => Err(error.clone()),
            };
            if let Some(name) = self.wanted.take() {
                // A script that was stopped may have kept what it was not told: it begins anew.
                return Reply::Wants(name);
            }
            self.loaded = Some(configuration);
            if before.elapsed() >= self.engine.time && self.engine.script.is_some() {
                self.give_up_in_the_end(&decided);
            }
            Reply::Decided(decided)
        }

        /// A script that never ends costs its time for a few names, not for a thousand.
        fn give_up_in_the_end(&mut self, decided: &Result<RouteDecision, RouteError>) {
            self.n_out_of_time += 1;
            if let Err(RouteError::Pac { message, .. }) = decided
                && self.n_out_of_time >= PATIENCE
            {
                self.engine.script = Some(Err(format!(
                    "{message}; so for {PATIENCE} names, and it was not asked for this one"
                )));
                self.loaded = None;
            }
        }

        fn load(&self, now: &Zoned) -> Result<Configuration, RouteError> {
            match &self.engine.recipe {
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
            let source = match &self.engine.script {
                Some(Ok(source)) => source,
                Some(Err(reason)) => return Err(reason.clone()),
                None => return Err("was not loaded".to_owned()),
            };
            let limits =
                PacLimits { time: self.engine.time, source: LONGEST, ..PacLimits::default() };
            PacScript::load(source, self.surroundings(), limits, now)
                .map_err(|error| error.to_string())
        }

        /// Once a name is wanted the clock says that time is up, so that no other is asked for.
        fn surroundings(&self) -> PacSurroundings {
            let answers = Arc::clone(&self.engine.answers);
            let wanted = Rc::clone(&self.wanted);
            let is_wanted = Rc::clone(&self.wanted);
            let began = self.began;
            PacSurroundings {
                resolve: Box::new(move |name| {
                    answers.known(name).unwrap_or_else(|| {
                        wanted.replace(Some(name.to_owned()));
                        Vec::new()
                    })
                }),
                own_addresses: self.engine.own_addresses.clone(),
                clock: Box::new(move || match &*is_wanted.borrow() {
                    Some(_) => Duration::MAX,
                    None => began.elapsed(),
                }),
            }
        }
    }
}
