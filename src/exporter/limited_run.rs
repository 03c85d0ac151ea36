//! A run that ends in its time, with what is known by then.

use std::time::Duration;

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

/// Measures a module, or one target of it, until that is done, its time is over, or the program is
/// to end.
pub(super) async fn measured_within(
    exporter: &Exporter,
    module: &ExporterModule,
    target: Option<ProbeTarget>,
    time: RunTime,
) -> Result<Measured, CheckFault> {
    let stop = Stop::new();
    let mut run = module.checks.check(target, stop.clone());
    tokio::select! {
        measured = &mut run => return measured,
        () = tokio::time::sleep(time.limit) => stop.give(Obstacle::BudgetSpent),
        _ = exporter.ending.or(std::future::pending::<()>()) => stop.give(Obstacle::Cancelled),
    }
    match tokio::time::timeout(time.grace, run).await {
        Ok(measured) => measured,
        Err(_) => Err(CheckFault::Failed("the run did not end in its time".to_owned())),
    }
}
