//! Modules with `every`: measured in the background, one run of each at a time, and no two of them
//! in step for long.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::limited_run::{RunTime, measured_within};
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
pub(super) struct Background(Mutex<JoinSet<()>>);

impl Background {
    /// Begins to measure what the configuration in force says, and ends what an earlier one said.
    pub(super) fn begin(&self, exporter: &Arc<Exporter>) {
        let mut tasks = JoinSet::new();
        for module in exporter.loaded().modules.values() {
            if let Some(every) = module.every {
                tasks.spawn(repeat(Arc::clone(exporter), Arc::clone(module), every));
            }
        }
        *lock(&self.0) = tasks;
    }

    /// Ends all of it.
    pub(super) fn end(&self) {
        lock(&self.0).abort_all();
    }
}

async fn repeat(exporter: Arc<Exporter>, module: Arc<ExporterModule>, every: Duration) {
    // Anywhere within the first period.
    tokio::time::sleep(every.mul_f64(random())).await;
    loop {
        let begun = Instant::now();
        let time = RunTime { limit: every.max(LEAST_LIMIT), grace: GRACE };
        match measured_within(&exporter, &module, None, time).await {
            Ok(measured) => {
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
        let pause = every.mul_f64(1.0 + JITTER * (2.0 * random() - 1.0));
        tokio::time::sleep(pause.saturating_sub(begun.elapsed())).await;
    }
}

/// At least 0, and less than 1.
fn random() -> f64 {
    let bits = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}
