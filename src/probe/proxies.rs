//! What a run knows of each proxy: how busy it is, and which of its addresses accepts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::pace::Gate;
use crate::model::{Route, SignInScheme};

/// How many connections one proxy is asked to keep at a time. A proxy needs two descriptors for
/// each tunnel, and many run with 1,024: one that has run out looks like one that is silent.
const PROXY_CONNECTIONS: usize = 384;
/// What a run knows of its proxies, by the URLs that records show.
#[derive(Debug, Default)]
pub(super) struct Proxies(Mutex<HashMap<Route, Arc<ProxyState>>>);

/// One proxy, for the length of a run.
#[derive(Debug)]
pub(super) struct ProxyState {
    pub(super) gate: Gate,
    /// Which of its addresses accepted last: a name with one dead address costs one time-out, not
    /// one for each endpoint.
    accepting: AtomicUsize,
    /// What it asks for, where that is a sign-in by messages.
    pub(super) sign_in: OnceLock<SignInScheme>,
}

impl Proxies {
    pub(super) fn state(&self, route: &Route) -> Arc<ProxyState> {
        // An insertion cannot be left half done.
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(route.clone()).or_insert_with(|| {
            let gate = Gate::new(PROXY_CONNECTIONS);
            let accepting = AtomicUsize::new(0);
            Arc::new(ProxyState { gate, accepting, sign_in: OnceLock::new() })
        });
        Arc::clone(state)
    }
}

impl ProxyState {
    /// The indices of its `n` addresses, in the order in which they are to be tried.
    pub(super) fn order(&self, n: usize) -> impl Iterator<Item = usize> {
        beginning_with(self.accepting.load(Ordering::Relaxed), n)
    }

    /// Takes note that the address with this index has accepted.
    pub(super) fn accepts_at(&self, index: usize) {
        self.accepting.store(index, Ordering::Relaxed);
    }
}

/// The indices `0..n`, `first` before the others. (Lookups of one name are made once a run: an
/// index is the same address each time.)
fn beginning_with(first: usize, n: usize) -> impl Iterator<Item = usize> {
    std::iter::once(first)
        .chain((0..n).filter(move |index| *index != first))
        .filter(move |index| *index < n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_accepted_last_is_asked_first() {
        for (first, n, expected) in [
            (0, 0, vec![]),
            (0, 1, vec![0]),
            (0, 3, vec![0, 1, 2]),
            (2, 3, vec![2, 0, 1]),
            // None of these indices: another run of lookups, or none.
            (3, 3, vec![0, 1, 2]),
        ] {
            assert_eq!(beginning_with(first, n).collect::<Vec<_>>(), expected, "{first} of {n}");
        }
    }
}
