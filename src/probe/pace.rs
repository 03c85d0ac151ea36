//! How fast new work is begun.
//!
//! Thousands of handshakes begun at once would queue on this host's own cores until their
//! time-outs measured nothing but the queue. A [`Gate`] lets a bounded number of trails be busy at
//! a time. Busy is not the same as waiting: a trail that has waited on the network for a while
//! hands its permit on and keeps waiting outside, so that a run of blocked endpoints takes one
//! chain of time-outs, not `endpoints × time-out`.
//!
//! How long "a while" is, is learnt from answers that came: where these take long, because a server
//! or this host is busy, more work at once would only make them take longer.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An answer that takes this many times as long as answers usually do is not coming soon.
const SLOWER_THAN_USUAL: u32 = 4;
/// One answer changes what is usual by one part in this many.
const MEMORY: u64 = 8;

/// Bounds how many trails are busy at once.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    permits: Arc<Semaphore>,
    /// How long answers usually take, microseconds.
    usual: Arc<AtomicU64>,
}

impl Gate {
    pub(super) fn new(permits: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(permits)), usual: Arc::default() }
    }

    /// Takes note of an answer that came after `took`.
    pub(super) fn learn(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX) / MEMORY;
        // Of two at the same time one is lost, which changes nothing that matters.
        let usual = self.usual.load(Ordering::Relaxed);
        self.usual.store((usual - usual / MEMORY).saturating_add(took), Ordering::Relaxed);
    }

    /// How long to keep a permit for an answer: several times the usual, within bounds.
    pub(super) fn patience(&self, least: Duration, most: Duration) -> Duration {
        let usual = Duration::from_micros(self.usual.load(Ordering::Relaxed));
        usual.saturating_mul(SLOWER_THAN_USUAL).min(most).max(least)
    }

    /// A trail's permit to be busy, which is taken when its first work begins.
    pub(super) const fn permit(&self) -> BusyPermit<'_> {
        BusyPermit { gate: self, permit: None }
    }
}

/// What one trail holds of a gate: a permit while it is busy, nothing while it waits.
#[derive(Debug)]
pub(super) struct BusyPermit<'gate> {
    gate: &'gate Gate,
    permit: Option<OwnedSemaphorePermit>,
}

impl BusyPermit<'_> {
    /// Begins `work` once a permit is free, and keeps the permit for at most `patience`: after that
    /// the work goes on without it, and the next work waits for a permit again.
    pub(super) async fn spend<F: Future>(&mut self, patience: Duration, work: F) -> F::Output {
        self.take().await;
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(patience) => self.permit = None,
        }
        work.await
    }

    /// Begins `work` once a permit is free, and keeps the permit to its end.
    pub(super) async fn keep<F: Future>(&mut self, work: F) -> F::Output {
        self.take().await;
        work.await
    }

    async fn take(&mut self) {
        if self.permit.is_none() {
            // The semaphore is never closed: an error cannot occur, and would only unpace.
            self.permit = Arc::clone(&self.gate.permits).acquire_owned().await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_work_hands_its_permit_on() {
        let gate = Gate::new(1);
        let begun = tokio::time::Instant::now();
        let wait = |gate: Gate| async move {
            gate.permit()
                .spend(Duration::from_millis(10), tokio::time::sleep(Duration::from_secs(5)))
                .await;
        };
        let all: Vec<_> = (0..100).map(|_| tokio::spawn(wait(gate.clone()))).collect();
        for one in all {
            one.await.unwrap();
        }
        // One behind the other they would take 500 s.
        assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
        assert!(begun.elapsed() >= Duration::from_secs(5));
    }

    #[test]
    fn patience_follows_the_answers_within_its_bounds() {
        let gate = Gate::new(1);
        let bounds = (Duration::from_millis(100), Duration::from_secs(1));
        assert_eq!(gate.patience(bounds.0, bounds.1), bounds.0);
        for _ in 0..100 {
            gate.learn(Duration::from_millis(50));
        }
        let learnt = gate.patience(bounds.0, bounds.1);
        assert!((190..=200).contains(&learnt.as_millis()), "{learnt:?}");
        for _ in 0..100 {
            gate.learn(Duration::from_secs(3));
        }
        assert_eq!(gate.patience(bounds.0, bounds.1), bounds.1);
    }

    #[tokio::test]
    async fn busy_work_is_bounded() {
        let gate = Gate::new(2);
        let busy = Arc::new(Semaphore::new(2));
        let work = |gate: Gate, busy: Arc<Semaphore>| async move {
            gate.permit()
                .spend(Duration::from_mins(1), async {
                    let _one = busy.try_acquire().expect("no more than two are busy at once");
                    tokio::task::yield_now().await;
                })
                .await;
        };
        let begun = Instant::now();
        let all: Vec<_> =
            (0..50).map(|_| tokio::spawn(work(gate.clone(), Arc::clone(&busy)))).collect();
        for one in all {
            one.await.unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
