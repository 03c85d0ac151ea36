//! The exporter: what Prometheus asks for over HTTP, it measures. What a run of `check` is, the
//! caller says ([`Checks`]); here stand the server, its limits and its metrics.
//!
//! ```text
//! connection ──► routes ──► probe ──► Checks::check ──► metrics
//!     │                       └─ at most --max-probes, each within its time
//!     └─ TLS, passwords, ten seconds for whoever is slow
//! background ──► Checks::check, every so often ──► the last run of a module
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room answers: it accepts connections, waits, and looks at its files"
)]

mod allow;
mod background;
mod connection;
mod counts;
mod exposition;
mod last_run;
mod ledger_times;
mod limited_run;
mod news;
mod overview;
mod passwords;
mod patience;
mod probe_request;
mod process;
mod routes;
mod target;
mod web_access;
mod web_config;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use self::background::Background;
use self::counts::Counts;
use self::last_run::LastRun;
use crate::model::{Conclusion, Records};
use crate::probe::Stop;

pub use self::allow::{AllowError, AllowList};
pub use self::connection::serve;
pub use self::news::ExporterNews;
pub use self::target::{ProbeTarget, TargetError};
pub use self::web_access::{WebAccess, WebAccessError};
pub use self::web_config::{WebConfig, WebConfigError};

/// What a run came to.
#[derive(Debug)]
pub struct Measured {
    pub records: Records,
    pub conclusion: Conclusion,
}

/// Why there is nothing of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckFault {
    /// The module may not be asked for this port of the host.
    NotAllowed,
    /// The run could not begin; the text says why.
    Failed(String),
}

/// A run that goes on until it is done or dropped.
pub type Checking = Pin<Box<dyn Future<Output = Result<Measured, CheckFault>> + Send>>;

/// What a module measures.
pub trait Checks: Send + Sync {
    /// Runs `check` for the module's endpoints, or for one target alone; what is not done when
    /// `stop` is given is recorded as that.
    fn check(&self, target: Option<ProbeTarget>, stop: Stop) -> Checking;

    /// When the service tags were published that addresses are judged by, as far as that is known.
    fn tags_of(&self) -> Option<Timestamp>;
}

/// A module of the configuration.
pub struct ExporterModule {
    pub name: String,
    /// What decides what is measured and how, as words: a module with other ones is another.
    pub options: Vec<OsString>,
    /// How often it is measured without being asked.
    pub every: Option<Duration>,
    pub allow: AllowList,
    /// Where `allow` stands, for whoever is refused.
    pub allowed_by: String,
    pub checks: Arc<dyn Checks>,
}

impl ExporterModule {
    /// Whether it measures the same in the same way.
    fn is_same_as(&self, other: &Self) -> bool {
        self.options == other.options
    }
}

impl fmt::Debug for ExporterModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterModule").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Reads the configuration anew.
pub type LoadModules = Box<dyn Fn() -> Result<Vec<ExporterModule>, String> + Send + Sync>;
/// When each name of the ledger was seen last.
pub type LedgerTimes = Box<dyn Fn() -> Result<Vec<(String, Timestamp)>, String> + Send + Sync>;

/// What an exporter is made of.
pub struct ExporterSettings {
    pub load: LoadModules,
    pub ledger: Option<LedgerTimes>,
    pub web: WebAccess,
    /// Requests that measure at once.
    pub max_probes: usize,
    /// Gets what should be known of reloads and of runs that nobody asked for.
    pub say: Box<dyn Fn(&ExporterNews) + Send + Sync>,
}

/// An exporter, which [`serve`] lets answer.
pub struct Exporter {
    settings: ExporterSettings,
    modules: RwLock<Arc<LoadedModules>>,
    probes: Semaphore,
    counts: Counts,
    last: Mutex<BTreeMap<String, Arc<LastRun>>>,
    /// Pages of reports that are made at once: each is as large as its run.
    rendering: Arc<Semaphore>,
    /// Why the ledger could not be read the last time.
    ledger_fault: Mutex<Option<String>>,
    background: Background,
    /// Given when the program is to end.
    ending: Stop,
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("modules", &self.loaded()).finish_non_exhaustive()
    }
}

/// The configuration in force.
#[derive(Debug)]
struct LoadedModules {
    modules: BTreeMap<String, Arc<ExporterModule>>,
    at: Timestamp,
    /// The last attempt to read it anew succeeded.
    is_newest: bool,
}

impl LoadedModules {
    /// Whether a module is measured in the background.
    fn measures(&self, name: &str) -> bool {
        self.modules.get(name).is_some_and(|module| module.every.is_some())
    }
}

impl Exporter {
    /// Reads the configuration for the first time. Nothing is measured before [`serve`].
    ///
    /// # Errors
    /// What the configuration's reader says.
    pub fn new(settings: ExporterSettings) -> Result<Arc<Self>, String> {
        let modules = by_name((settings.load)()?);
        let loaded = LoadedModules { modules, at: Timestamp::now(), is_newest: true };
        Ok(Arc::new(Self {
            modules: RwLock::new(Arc::new(loaded)),
            probes: Semaphore::new(settings.max_probes),
            counts: Counts::default(),
            last: Mutex::default(),
            rendering: Arc::new(Semaphore::new(1)),
            ledger_fault: Mutex::default(),
            background: Background::default(),
            ending: Stop::new(),
            settings,
        }))
    }

    /// Reads the configuration and the web configuration anew; one that does not load leaves the
    /// old one in force.
    ///
    /// # Errors
    /// What the readers of the two say.
    pub async fn reload(self: &Arc<Self>) -> Result<(), String> {
        let exporter = Arc::clone(self);
        // Files are read, and a cloud may be asked.
        let read = tokio::task::spawn_blocking(move || {
            let web = exporter.settings.web.reload(|news| exporter.say(news));
            ((exporter.settings.load)(), web)
        });
        let (modules, web) = read
            .await
            .unwrap_or_else(|_| (Err("the configuration cannot be read".to_owned()), Ok(())));
        match (self.replace(modules), web) {
            (Err(error), Err(of_web)) => Err(format!("{error}\n{of_web}")),
            (Err(error), Ok(())) | (Ok(()), Err(error)) => Err(error),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    /// Puts what was loaded into force.
    fn replace(
        self: &Arc<Self>,
        loaded: Result<Vec<ExporterModule>, String>,
    ) -> Result<(), String> {
        match loaded {
            Ok(modules) => {
                let modules = by_name(modules);
                let old = self.loaded();
                self.put(LoadedModules { modules, at: Timestamp::now(), is_newest: true });
                let loaded = self.loaded();
                // What was measured otherwise says nothing of what is configured now.
                lock(&self.last).retain(|name, _| {
                    let now = loaded.modules.get(name);
                    now.zip(old.modules.get(name)).is_some_and(|(now, old)| now.is_same_as(old))
                });
                self.background.begin(self);
                self.counts.retain(|name| loaded.measures(name));
                self.say(&ExporterNews::Done("the configuration was read anew".to_owned()));
                Ok(())
            }
            Err(error) => {
                let old = self.loaded();
                let modules = old.modules.clone();
                self.put(LoadedModules { modules, at: old.at, is_newest: false });
                let why = format!("the earlier configuration stays in force: {error}");
                self.say(&ExporterNews::Failed(why));
                Err(error)
            }
        }
    }

    fn put(&self, loaded: LoadedModules) {
        *self.modules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
    }

    fn loaded(&self) -> Arc<LoadedModules> {
        Arc::clone(&self.modules.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn say(&self, news: &ExporterNews) {
        (self.settings.say)(news);
    }

    /// Keeps a run of a whole module as its last, unless another configuration came into force in
    /// the meantime that knows the module no more or has another one of that name.
    fn keep(&self, module: &ExporterModule, measured: Measured) {
        let run = Arc::new(LastRun::of(&module.name, measured));
        // Whoever puts a configuration into force drops what is out of date under the same lock.
        let mut last = lock(&self.last);
        if self.loaded().modules.get(&module.name).is_some_and(|own| own.is_same_as(module)) {
            last.insert(module.name.clone(), run);
        }
    }

    fn last(&self, module: &str) -> Option<Arc<LastRun>> {
        lock(&self.last).get(module).cloned()
    }
}

fn by_name(modules: Vec<ExporterModule>) -> BTreeMap<String, Arc<ExporterModule>> {
    modules.into_iter().map(|module| (module.name.clone(), Arc::new(module))).collect()
}

/// No section under these locks can leave a value half changed, so a panic elsewhere spoils none.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
