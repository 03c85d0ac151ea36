//! How fast new work is begun.
//!
//! Thousands of handshakes begun at once would queue on this host's own cores until their
//! time-outs measured nothing but the queue. A [`Gate`] lets a bounded number of trails be busy at
//! a time. Busy is not the same as waiting: a trail that has waited on the network for a while
//! hands its place on and keeps waiting outside, so that a run of blocked endpoints takes one
//! chain of time-outs, not `endpoints × time-out`.
//!
//! How long "a while" is, is learnt from answers that came: where these take long, because a server
//! or this host is busy, more work at once would only make them take longer.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An answer that takes so many times as long as answers do is not coming soon.
const SLOWER_THAN_USUAL: u32 = 4;
/// How much one answer changes what is usual: one part in so many.
const MEMORY: u64 = 8;

/// The places for trails that are busy.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    /// How long answers usually take, microseconds.
    usual: Arc<AtomicU64>,
}

impl Gate {
    pub(super) fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), usual: Arc::default() }
    }

    /// Takes note of an answer that came after `took`.
    pub(super) fn learn(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX) / MEMORY;
        // Of two at the same time one is lost, which changes nothing that matters.
        let usual = self.usual.load(Ordering::Relaxed);
        self.usual.store((usual - usual / MEMORY).saturating_add(took), Ordering::Relaxed);
    }

    /// How long to keep a place for an answer: several times the usual, within bounds.
    pub(super) fn patience(&self, least: Duration, most: Duration) -> Duration {
        let usual = Duration::from_micros(self.usual.load(Ordering::Relaxed));
        usual.saturating_mul(SLOWER_THAN_USUAL).min(most).max(least)
    }

    /// A trail's turn; its place is taken when its first work begins.
    pub(super) const fn turn(&self) -> Turn<'_> {
        Turn { gate: self, place: None }
    }
}

/// One trail's place at the gate.
#[derive(Debug)]
pub(super) struct Turn<'gate> {
    gate: &'gate Gate,
    place: Option<OwnedSemaphorePermit>,
}

impl Turn<'_> {
    /// Begins `work` once a place is free, and keeps the place for at most `patience`: after that
    /// the work goes on without it, and the next work waits for a place again.
    pub(super) async fn spend<F: Future>(&mut self, patience: Duration, work: F) -> F::Output {
        self.take().await;
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(patience) => self.place = None,
        }
        work.await
    }

    /// Begins `work` once a place is free, and keeps the place to its end.
    pub(super) async fn keep<F: Future>(&mut self, work: F) -> F::Output {
        self.take().await;
        work.await
    }

    async fn take(&mut self) {
        if self.place.is_none() {
            // The semaphore is never closed: an error cannot occur, and would only unpace.
            self.place = Arc::clone(&self.gate.places).acquire_owned().await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_work_hands_its_place_on() {
        let gate = Gate::new(1);
        let begun = tokio::time::Instant::now();
        let wait = |turn: Gate| async move {
            turn.turn()
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
            gate.turn()
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
