//! How fast new work is begun.
//!
//! Thousands of handshakes begun at once would queue on this host's own cores until their
//! time-outs measured nothing but the queue. A [`Gate`] lets a bounded number of trails be busy at
//! a time. Busy is not the same as waiting: a trail that has waited on the network for a while
//! hands its place on and keeps waiting outside, so that a run of blocked endpoints takes one
//! chain of time-outs, not `endpoints × time-out`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places for trails that are busy.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
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
        if self.place.is_none() {
            // The semaphore is never closed: an error cannot occur, and would only unpace.
            self.place = Arc::clone(&self.gate.0).acquire_owned().await.ok();
        }
        tokio::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(patience) => self.place = None,
        }
        work.await
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

    #[tokio::test]
    async fn busy_work_is_bounded() {
        let gate = Gate::new(2);
        let busy = Arc::new(Semaphore::new(2));
        let work = |gate: Gate, busy: Arc<Semaphore>| async move {
            gate.turn()
                .spend(Duration::from_secs(60), async {
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
