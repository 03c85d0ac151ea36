//! Modules with `every`: measured in the background, one run of each at a time, and no two of them
//! in step for long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
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
    /// Each by the name of its module.
    repeated: BTreeMap<String, RepeatedModule>,
}

/// A module that is measured again and again.
#[derive(Debug)]
struct RepeatedModule {
    module: Arc<ExporterModule>,
    task: AbortHandle,
}

/// How often something is measured, and when for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DueRun {
    every: Duration,
    at: Instant,
}

impl Background {
    /// Begins to measure what the configuration in force says, and ends what an earlier one said. A
    /// module that is what it was goes on, in the middle of a run too: a file that is read again
    /// and again puts off nothing.
    pub(super) fn begin(&self, exporter: &Arc<Exporter>) {
        let loaded = exporter.loaded();
        let mut schedule = lock(&self.0);
        let Schedule { tasks, repeated } = &mut *schedule;
        while tasks.try_join_next().is_some() {}
        let before = std::mem::take(repeated);
        let mut is_changed = BTreeMap::new();
        for (name, old) in before {
            let now = loaded.modules.get(&name);
            let measures_the_same = now.is_some_and(|now| now.is_same_as(&old.module));
            if measures_the_same && now.is_some_and(|now| now.every == old.module.every) {
                repeated.insert(name, old);
            } else {
                old.task.abort();
                is_changed.insert(name, !measures_the_same);
            }
        }
        for (name, module) in &loaded.modules {
            let Some(every) = module.every else { continue };
            if repeated.contains_key(name) {
                continue;
            }
            // The first time is anywhere within the first period. What was measured otherwise until
            // now has no result any more, and is not waited for.
            let is_changed = is_changed.get(name).copied().unwrap_or_default();
            let wait = if is_changed { Duration::ZERO } else { every.mul_f64(random()) };
            let due = DueRun { every, at: Instant::now() + wait };
            let task = tasks.spawn(repeat(Arc::clone(exporter), name.clone(), due));
            repeated.insert(name.clone(), RepeatedModule { module: Arc::clone(module), task });
        }
    }

    /// Ends all of it.
    pub(super) fn end(&self) {
        lock(&self.0).tasks.abort_all();
    }
}

async fn repeat(exporter: Arc<Exporter>, name: String, first: DueRun) {
    let DueRun { every, mut at } = first;
    loop {
        tokio::time::sleep_until(at).await;
        // The one that was read last, which is what this was begun for or will take its place.
        let Some(module) = exporter.loaded().modules.get(&name).cloned() else { return };
        let begun = Instant::now();
        let time = RunTime { limit: every.max(LEAST_LIMIT), grace: GRACE };
        match measured_within(&exporter, &module, None, time).await {
            Ok(LimitedRun { measured, .. }) => {
                exporter.counts.background(&name, true);
                exporter.keep(&module, measured);
            }
            Err(fault) => {
                exporter.counts.background(&name, false);
                if let CheckFault::Failed(why) = fault {
                    let why = format!("module {name} was not measured: {why}");
                    exporter.say(&ExporterNews::Failed(why));
                }
            }
        }
        at = begun + every.mul_f64(1.0 + JITTER * (2.0 * random() - 1.0));
    }
}

/// At least 0, and less than 1.
fn random() -> f64 {
    let bits = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::Timestamp;

    use super::super::last_run::tests::nothing;
    use super::super::{
        AllowList, Checking, Checks, ExporterSettings, LoadModules, ProbeTarget, WebAccess,
    };
    use super::*;
    use crate::probe::Stop;

    /// A module that takes a while.
    #[derive(Debug, Default)]
    struct SlowCheck {
        took: Mutex<Duration>,
        begun: AtomicUsize,
    }

    impl Checks for Arc<SlowCheck> {
        fn check(&self, _: Option<ProbeTarget>, _: Stop) -> Checking {
            self.begun.fetch_add(1, Ordering::Relaxed);
            let took = *lock(&self.took);
            Box::pin(async move {
                tokio::time::sleep(took).await;
                Ok(nothing())
            })
        }

        fn tags_of(&self) -> Option<Timestamp> {
            None
        }
    }

    /// What the file says in the moment: `every` and the options of its module; `None` without one.
    type Written = Arc<Mutex<Option<(Option<Duration>, &'static str)>>>;

    fn exporter(written: &Written, checks: &Arc<SlowCheck>) -> Arc<Exporter> {
        let (written, checks) = (Arc::clone(written), Arc::clone(checks));
        let load: LoadModules = Box::new(move || {
            let module = lock(&written).map(|(every, options)| ExporterModule {
                name: "a".to_owned(),
                options: vec![OsString::from(options)],
                every,
                allow: AllowList::default(),
                allowed_by: String::new(),
                checks: Arc::new(Arc::clone(&checks)),
            });
            Ok(module.into_iter().collect())
        });
        let web = WebAccess::open().unwrap();
        let say = Box::new(|_: &ExporterNews| {});
        Exporter::new(ExporterSettings { load, ledger: None, web, max_probes: 1, say }).unwrap()
    }

    const HOUR: Duration = Duration::from_hours(1);

    /// A file that is read again and again gets everything measured all the same.
    #[tokio::test(start_paused = true)]
    async fn a_reload_puts_off_nothing() {
        let written: Written = Arc::new(Mutex::new(Some((Some(Duration::from_secs(5)), "x"))));
        let checks = Arc::new(SlowCheck::default());
        *lock(&checks.took) = Duration::from_secs(3);
        let exporter = exporter(&written, &checks);
        exporter.background.begin(&exporter);
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            exporter.reload().await.unwrap();
        }
        assert!(exporter.last("a").is_some());
        let begun = checks.begun.load(Ordering::Relaxed);
        assert!((3..=5).contains(&begun), "{begun}");
    }

    /// What was measured by other options says nothing of these.
    #[tokio::test(start_paused = true)]
    async fn what_changed_is_measured_at_once_and_its_old_result_is_gone() {
        let written: Written = Arc::new(Mutex::new(Some((Some(HOUR), "x"))));
        let checks = Arc::new(SlowCheck::default());
        let exporter = exporter(&written, &checks);
        exporter.background.begin(&exporter);
        tokio::time::sleep(HOUR).await;
        assert!(exporter.last("a").is_some());
        let begun = checks.begun.load(Ordering::Relaxed);
        // How often says nothing of what.
        *lock(&written) = Some((Some(2 * HOUR), "x"));
        exporter.reload().await.unwrap();
        assert!(exporter.last("a").is_some());
        *lock(&checks.took) = Duration::from_secs(3);
        *lock(&written) = Some((Some(2 * HOUR), "y"));
        exporter.reload().await.unwrap();
        assert!(exporter.last("a").is_none());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(checks.begun.load(Ordering::Relaxed), begun + 1);
        assert!(exporter.last("a").is_none());
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(exporter.last("a").is_some());
    }

    /// Who asked for it waits; nobody else is told.
    #[tokio::test]
    async fn a_run_that_outlives_its_module_is_not_kept() {
        let written: Written = Arc::new(Mutex::new(Some((None, "x"))));
        let exporter = exporter(&written, &Arc::default());
        let module = || exporter.loaded().modules["a"].clone();
        let old = module();
        exporter.reload().await.unwrap();
        exporter.keep(&old, nothing());
        assert!(exporter.last("a").is_some());
        *lock(&written) = None;
        exporter.reload().await.unwrap();
        exporter.keep(&old, nothing());
        assert!(exporter.last("a").is_none());
        *lock(&written) = Some((None, "y"));
        exporter.reload().await.unwrap();
        exporter.keep(&old, nothing());
        assert!(exporter.last("a").is_none());
        exporter.keep(&module(), nothing());
        assert!(exporter.last("a").is_some());
    }
}
