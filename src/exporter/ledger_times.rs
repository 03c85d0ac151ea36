//! When the ledger saw each name last, and whether it can be read at all.

use std::sync::Arc;

use super::routes::{blocking, seconds};
use super::{Exporter, ExporterNews, lock};
use crate::report::metrics::Metrics;

impl Exporter {
    /// The metrics of the ledger, where there is one to read. What becomes of it is said once, not
    /// at each scrape.
    pub(super) async fn ledger_metrics(self: &Arc<Self>) -> Metrics {
        let mut metrics = Metrics::default();
        let reading = Arc::clone(self);
        let read = blocking(move || reading.settings.ledger.as_ref().map(|read| read()));
        let Some(read) = read.await.flatten() else { return metrics };
        metrics.gauge(
            "pathproof_ledger_readable",
            "Whether the ledger can be read",
            [(Vec::new(), f64::from(u8::from(read.is_ok())))],
        );
        let fault = read.as_ref().err().cloned();
        let earlier = std::mem::replace(&mut *lock(&self.ledger_fault), fault.clone());
        match fault {
            Some(why) if earlier.as_ref() != Some(&why) => self.say(&ExporterNews::Failed(why)),
            None if earlier.is_some() => {
                self.say(&ExporterNews::Done("the ledger can be read now".to_owned()));
            }
            _ => {}
        }
        metrics.gauge(
            "pathproof_ledger_last_seen_timestamp_seconds",
            "When the ledger saw any address of a name last",
            read.unwrap_or_default()
                .into_iter()
                .map(|(name, at)| (vec![("name", name)], seconds(at))),
        );
        metrics
    }
}
