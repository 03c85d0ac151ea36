//! Parts of a large job, worked on side by side and handed over in their order. What the threads
//! share is where the parts come from and where the results go; between the two each works alone.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Where parts come from and where their results go.
#[derive(Debug)]
pub struct Conveyor<S, T> {
    source: Mutex<Source<S>>,
    end: Mutex<End<T>>,
    moved: Condvar,
}

#[derive(Debug)]
struct Source<S> {
    parts: S,
    n_drawn: usize,
}

#[derive(Debug)]
struct End<T> {
    taken: T,
    n_taken: usize,
    is_stopped: bool,
}

impl<S: Send, T: Send> Conveyor<S, T> {
    /// One that leads from `parts` to `taken`.
    pub const fn new(parts: S, taken: T) -> Self {
        Self {
            source: Mutex::new(Source { parts, n_drawn: 0 }),
            end: Mutex::new(End { taken, n_taken: 0, is_stopped: false }),
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
        self.end.into_inner().unwrap_or_else(PoisonError::into_inner).taken
    }

    /// Takes the next part by `draw`, and the turn for handing over what becomes of it. `None`
    /// where there is none, or where none is wanted any more.
    pub fn draw<P>(&self, draw: impl FnOnce(&mut S) -> Option<P>) -> Option<(P, Turn<'_, T>)> {
        let mut source = lock(&self.source);
        if lock(&self.end).is_stopped {
            return None;
        }
        let part = draw(&mut source.parts)?;
        let number = source.n_drawn;
        source.n_drawn += 1;
        Some((part, Turn { number, end: &self.end, moved: &self.moved, is_over: false }))
    }
}

/// The right to hand over one result after those of the parts drawn before.
#[derive(Debug)]
#[must_use = "the results of all later parts wait for this one"]
pub struct Turn<'c, T> {
    number: usize,
    end: &'c Mutex<End<T>>,
    moved: &'c Condvar,
    is_over: bool,
}

impl<T> Turn<'_, T> {
    /// Waits for its turn and hands over by `take`, which may stop the whole. What comes after a
    /// stop is dropped.
    pub fn hand_over(mut self, take: impl FnOnce(&mut T) -> ControlFlow<()>) {
        let mut end = self
            .moved
            .wait_while(lock(self.end), |end| !end.is_stopped && end.n_taken != self.number)
            .unwrap_or_else(PoisonError::into_inner);
        if !end.is_stopped {
            end.is_stopped = take(&mut end.taken).is_break();
            end.n_taken += 1;
        }
        drop(end);
        self.is_over = true;
        self.moved.notify_all();
    }
}

/// A turn that nobody takes, because its thread panics, stops the whole: others would wait for it
/// for ever.
impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if !self.is_over {
            lock(self.end).is_stopped = true;
            self.moved.notify_all();
        }
    }
}

/// A panic of another thread goes on in [`Conveyor::run`]; nothing here is left half done by it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn doubled(numbers: std::ops::Range<u32>, last: u32) -> Vec<u32> {
        Conveyor::new(numbers, Vec::new()).run(8, |conveyor| {
            while let Some((number, turn)) = conveyor.draw(Iterator::next) {
                // The later part is done first.
                for _ in 0..(number + 1) % 2 * 8 {
                    thread::yield_now();
                }
                turn.hand_over(|taken| {
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
        let work = |conveyor: &Conveyor<std::ops::Range<u32>, u32>| {
            while let Some((number, turn)) = conveyor.draw(Iterator::next) {
                assert_ne!(number, 100, "the test's own panic");
                turn.hand_over(|_| ControlFlow::Continue(()));
            }
        };
        let whole = || Conveyor::new(0..u32::MAX, 0).run(4, work);
        assert!(catch_unwind(AssertUnwindSafe(whole)).is_err());
    }
}
