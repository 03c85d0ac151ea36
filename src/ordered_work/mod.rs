//! An ordered work queue: threads take the parts of a large job, work on them in parallel, and
//! submit the results in the order of the parts. Memory stays bounded by the number of threads,
//! which `rayon`'s ordered streams do not promise.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The queue: where the parts come from, and where the results go in their order.
#[derive(Debug)]
pub struct OrderedWork<S, T> {
    parts: Mutex<Parts<S>>,
    results: Mutex<Results<T>>,
    moved: Condvar,
}

#[derive(Debug)]
struct Parts<S> {
    remaining: S,
    n_issued: usize,
}

#[derive(Debug)]
struct Results<T> {
    sink: T,
    n_submitted: usize,
    is_stopped: bool,
}

impl<S: Send, T: Send> OrderedWork<S, T> {
    /// One that leads from `parts` to `sink`.
    pub const fn new(parts: S, sink: T) -> Self {
        Self {
            parts: Mutex::new(Parts { remaining: parts, n_issued: 0 }),
            results: Mutex::new(Results { sink, n_submitted: 0, is_stopped: false }),
            moved: Condvar::new(),
        }
    }

    /// Runs `work` on this thread and on others, one for each processor but at most `most` in all,
    /// until every one of them has come to its end; what was taken by then.
    pub fn run(self, most: usize, work: impl Fn(&Self) + Sync) -> T {
        let n_threads = thread::available_parallelism().map_or(1, NonZero::get).min(most);
        thread::scope(|scope| {
            for _ in 1..n_threads {
                scope.spawn(|| work(&self));
            }
            work(&self);
        });
        self.results.into_inner().unwrap_or_else(PoisonError::into_inner).sink
    }

    /// Takes the next part by `take`, with the ticket for submitting its result. `None` where no
    /// part is left, or where a submission has stopped the queue.
    pub fn next<P>(&self, take: impl FnOnce(&mut S) -> Option<P>) -> Option<(P, Ticket<'_, T>)> {
        let mut parts = lock(&self.parts);
        if lock(&self.results).is_stopped {
            return None;
        }
        let part = take(&mut parts.remaining)?;
        let number = parts.n_issued;
        parts.n_issued += 1;
        Some((part, Ticket { number, results: &self.results, moved: &self.moved, is_used: false }))
    }
}

/// The right to submit one result, after those of all earlier parts.
#[derive(Debug)]
#[must_use = "the results of all later parts wait for this one"]
pub struct Ticket<'c, T> {
    number: usize,
    results: &'c Mutex<Results<T>>,
    moved: &'c Condvar,
    is_used: bool,
}

impl<T> Ticket<'_, T> {
    /// Waits for the results of all earlier parts, then calls `take` with the sink; `take` may stop
    /// the queue. Results after a stop are dropped.
    pub fn submit(mut self, take: impl FnOnce(&mut T) -> ControlFlow<()>) {
        let mut results = self
            .moved
            .wait_while(lock(self.results), |results| {
                !results.is_stopped && results.n_submitted != self.number
            })
            .unwrap_or_else(PoisonError::into_inner);
        if !results.is_stopped {
            results.is_stopped = take(&mut results.sink).is_break();
            results.n_submitted += 1;
        }
        drop(results);
        self.is_used = true;
        self.moved.notify_all();
    }
}

/// A ticket that is never submitted, because its thread panics, stops the queue: the others would
/// wait for it for ever.
impl<T> Drop for Ticket<'_, T> {
    fn drop(&mut self) {
        if !self.is_used {
            lock(self.results).is_stopped = true;
            self.moved.notify_all();
        }
    }
}

/// A panic of another thread goes on in [`OrderedWork::run`]; nothing here is left half done by it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn doubled(numbers: std::ops::Range<u32>, last: u32) -> Vec<u32> {
        OrderedWork::new(numbers, Vec::new()).run(8, |work| {
            while let Some((number, ticket)) = work.next(Iterator::next) {
                // The later part is done first.
                for _ in 0..(number + 1) % 2 * 8 {
                    thread::yield_now();
                }
                ticket.submit(|taken| {
                    taken.push(2 * number);
                    if number < last { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
            }
        })
    }

    #[test]
    fn results_come_in_the_order_of_the_parts() {
        for n in [0, 1, 2, 1000] {
            assert_eq!(doubled(0..n, u32::MAX), (0..n).map(|n| 2 * n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_is_taken_after_a_stop() {
        for last in [0, 1, 7, 500] {
            assert_eq!(doubled(0..u32::MAX, last).last(), Some(&(2 * last)));
        }
    }

    #[test]
    fn a_panic_ends_the_whole_and_is_no_hang() {
        let work = |work: &OrderedWork<std::ops::Range<u32>, u32>| {
            while let Some((number, ticket)) = work.next(Iterator::next) {
                assert_ne!(number, 100, "the test's own panic");
                ticket.submit(|_| ControlFlow::Continue(()));
            }
        };
        let whole = || OrderedWork::new(0..u32::MAX, 0).run(4, work);
        assert!(catch_unwind(AssertUnwindSafe(whole)).is_err());
    }
}
