//! One signal that ends a run early, with its reason.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::model::Obstacle;

/// Ends a run early: what is not done by then is recorded with the reason. Clones share the
/// signal.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    signal: CancellationToken,
    reason: Arc<OnceLock<Obstacle>>,
}

impl Stop {
    /// A signal that was not given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal. The first reason stays.
    pub fn give(&self, reason: Obstacle) {
        let _ = self.reason.set(reason);
        self.signal.cancel();
    }

    /// The reason, once the signal was given.
    #[must_use]
    pub fn reason(&self) -> Option<Obstacle> {
        if self.signal.is_cancelled() { self.reason.get().cloned() } else { None }
    }

    /// Runs `work`; where the signal comes first, the work is dropped and the reason is returned.
    pub async fn or<F: Future>(&self, work: F) -> Result<F::Output, Obstacle> {
        tokio::select! {
            biased;
            () = self.signal.cancelled() => {
                Err(self.reason.get().cloned().unwrap_or(Obstacle::Cancelled))
            }
            done = work => Ok(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays() {
        let stop = Stop::new();
        assert_eq!(stop.or(async { 1 }).await, Ok(1));
        stop.give(Obstacle::BudgetSpent);
        stop.give(Obstacle::Cancelled);
        assert_eq!(stop.or(std::future::pending::<()>()).await, Err(Obstacle::BudgetSpent));
        assert_eq!(stop.reason(), Some(Obstacle::BudgetSpent));
    }
}
