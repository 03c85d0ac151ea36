//! Who decides which way an endpoint goes, asked when its turn comes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::model::Endpoint;
use crate::plan::{self, Choice};

/// A decision that is being made.
pub type Deciding = Pin<Box<dyn Future<Output = Choice> + Send>>;

/// Decides, for one endpoint after the other and for many at once. A script that has to ask DNS is
/// not to hold up the run: it decides on a thread of its own, and its answer is awaited.
#[derive(Clone)]
pub struct Routing(Arc<dyn Fn(Arc<Endpoint>) -> Deciding + Send + Sync>);

impl Routing {
    /// Decisions that take their time.
    #[must_use]
    pub fn new<F>(decide: impl Fn(Arc<Endpoint>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Choice> + Send + 'static,
    {
        Self(Arc::new(move |endpoint| Box::pin(decide(endpoint))))
    }

    /// Decisions that are made on the spot, without waiting for anything.
    #[must_use]
    pub fn at_once(decide: impl Fn(&Endpoint) -> Choice + Send + Sync + 'static) -> Self {
        Self::new(move |endpoint| std::future::ready(decide(&endpoint)))
    }

    /// Everything goes direct, and `source` is named as the reason.
    #[must_use]
    pub fn direct(source: &'static str) -> Self {
        Self::at_once(move |endpoint| plan::direct(endpoint, source))
    }

    pub(super) fn decide(&self, endpoint: &Arc<Endpoint>) -> Deciding {
        (self.0)(Arc::clone(endpoint))
    }
}

impl fmt::Debug for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Routing")
    }
}
