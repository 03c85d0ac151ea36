//! Modules with `every`: measured in the background, one run of each at a time, and no two of them
//! in step for long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::limited_run::{LimitedRun, RunTime, measured_within};
use super::{CheckFault, Exporter, ExporterModule, ExporterNews, lock};

/// The least time that a run has, however often it is repeated.
const LEAST_LIMIT: Duration = Duration::from_mins(2);
/// How long a run has to come to its end after that; no client waits for it.
const GRACE: Duration = Duration::from_secs(10);
/// How much a pause differs from the last, parts of the whole: a fleet that is started at once does
/// not measure at once for ever.
const JITTER: f64 = 0.05;

/// The tasks of the configuration in force.
#[derive(Debug, Default)]
pub(super) struct Background(Mutex<Schedule>);

#[derive(Debug, Default)]
struct Schedule {
    tasks: JoinSet<()>,
    /// What is due when, by module: a reload puts off nothing.
    due: BTreeMap<String, DueRun>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DueRun {
    every: Duration,
    at: Instant,
}

impl Background {
    /// Begins to measure what the configuration in force says, and ends what an earlier one said.
    pub(super) fn begin(&self, exporter: &Arc<Exporter>) {
        let loaded = exporter.loaded();
        let mut schedule = lock(&self.0);
        let Schedule { tasks, due } = &mut *schedule;
        *tasks = JoinSet::new();
        due.retain(|name, due| {
            loaded.modules.get(name).is_some_and(|module| module.every == Some(due.every))
        });
        for module in loaded.modules.values() {
            let Some(every) = module.every else { continue };
            // The first time is anywhere within the first period.
            let first = || DueRun { every, at: Instant::now() + every.mul_f64(random()) };
            let due = *due.entry(module.name.clone()).or_insert_with(first);
            tasks.spawn(repeat(Arc::clone(exporter), Arc::clone(module), due));
        }
    }

    fn put_off(&self, module: &str, next: Instant) {
        if let Some(due) = lock(&self.0).due.get_mut(module) {
            due.at = next;
        }
    }

    /// Ends all of it.
    pub(super) fn end(&self) {
        lock(&self.0).tasks.abort_all();
    }
}

async fn repeat(exporter: Arc<Exporter>, module: Arc<ExporterModule>, first: DueRun) {
    let DueRun { every, mut at } = first;
    loop {
        tokio::time::sleep_until(at).await;
        let begun = Instant::now();
        let time = RunTime { limit: every.max(LEAST_LIMIT), grace: GRACE };
        match measured_within(&exporter, &module, None, time).await {
            Ok(LimitedRun { measured, .. }) => {
                exporter.counts.background(&module.name, true);
                exporter.keep(&module.name, measured);
            }
            Err(fault) => {
                exporter.counts.background(&module.name, false);
                if let CheckFault::Failed(why) = fault {
                    let why = format!("module {} was not measured: {why}", module.name);
                    exporter.say(&ExporterNews::Failed(why));
                }
            }
        }
        at = begun + every.mul_f64(1.0 + JITTER * (2.0 * random() - 1.0));
        exporter.background.put_off(&module.name, at);
    }
}

/// At least 0, and less than 1.
fn random() -> f64 {
    let bits = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::{
        AllowList, Checking, Checks, ExporterSettings, LoadModules, ProbeTarget, WebAccess,
    };
    use super::*;
    use crate::probe::Stop;

    #[derive(Debug)]
    struct EndlessCheck;

    impl Checks for EndlessCheck {
        fn check(&self, _: Option<ProbeTarget>, _: Stop) -> Checking {
            Box::pin(std::future::pending())
        }
    }

    /// An exporter of one module, which is measured as often as `every` says in the moment.
    fn exporter(every: &Arc<Mutex<Option<Duration>>>) -> Arc<Exporter> {
        let every = Arc::clone(every);
        let load: LoadModules = Box::new(move || {
            Ok(vec![ExporterModule {
                name: "a".to_owned(),
                every: *lock(&every),
                allow: AllowList::default(),
                allowed_by: String::new(),
                tags_of: None,
                checks: Arc::new(EndlessCheck),
            }])
        });
        let web = WebAccess::open().unwrap();
        let say = Box::new(|_: &ExporterNews| {});
        Exporter::new(ExporterSettings { load, ledger: None, web, max_probes: 1, say }).unwrap()
    }

    /// A file that is read again and again gets everything measured all the same.
    #[tokio::test]
    async fn a_reload_puts_off_nothing() {
        let hour = Duration::from_hours(1);
        let every = Arc::new(Mutex::new(Some(hour)));
        let exporter = exporter(&every);
        let due = || lock(&exporter.background.0).due.get("a").copied();
        exporter.background.begin(&exporter);
        let first = due().unwrap();
        exporter.reload().await.unwrap();
        assert_eq!(due(), Some(first));
        let next = Instant::now() + hour;
        exporter.background.put_off("a", next);
        exporter.reload().await.unwrap();
        assert_eq!(due().map(|due| due.at), Some(next));
        // Who asks for another period gets it.
        *lock(&every) = Some(Duration::from_mins(1));
        exporter.reload().await.unwrap();
        assert!(due().unwrap().at < next);
        *lock(&every) = None;
        exporter.reload().await.unwrap();
        assert_eq!(due(), None);
    }
}
