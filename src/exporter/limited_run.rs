//! A run that ends in its time, with what is known by then.

use std::time::Duration;

use tokio::time::Instant;

use super::{CheckFault, Exporter, ExporterModule, Measured, ProbeTarget};
use crate::model::Obstacle;
use crate::probe::Stop;

/// What a run may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunTime {
    /// After this it is told to end.
    pub(super) limit: Duration,
    /// How long it then has to come to its end.
    pub(super) grace: Duration,
}

/// What a run came to in its time.
#[derive(Debug)]
pub(super) struct LimitedRun {
    pub(super) measured: Measured,
    /// It was told to end before it was done.
    pub(super) is_cut_short: bool,
}

/// Measures a module, or one target of it, until that is done, its time is over, or the program is
/// to end.
pub(super) async fn measured_within(
    exporter: &Exporter,
    module: &ExporterModule,
    target: Option<ProbeTarget>,
    time: RunTime,
) -> Result<LimitedRun, CheckFault> {
    let stop = Stop::new();
    let mut run = module.checks.check(target, stop.clone());
    let begun = Instant::now();
    let left = tokio::select! {
        measured = &mut run => {
            return measured.map(|measured| LimitedRun { measured, is_cut_short: false });
        }
        () = tokio::time::sleep(time.limit) => {
            stop.give(Obstacle::BudgetSpent);
            Duration::ZERO
        }
        _ = exporter.ending.or(std::future::pending::<()>()) => {
            stop.give(Obstacle::Cancelled);
            // The client still waits.
            time.limit.saturating_sub(begun.elapsed())
        }
    };
    match tokio::time::timeout(left + time.grace, run).await {
        Ok(measured) => measured.map(|measured| LimitedRun { measured, is_cut_short: true }),
        Err(_) => Err(CheckFault::Failed("the run did not end in its time".to_owned())),
    }
}
