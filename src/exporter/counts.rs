//! What the exporter counts of itself.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::lock;
use crate::report::metrics::Metrics;

/// How a request for a measurement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ProbeEnd {
    Answered,
    /// The client went away.
    Abandoned,
    /// It could not be measured.
    Failed,
    /// `allow` does not cover the target.
    NotAllowed,
    /// As many as may be were being measured.
    Refused,
}

impl ProbeEnd {
    const ALL: [Self; 5] =
        [Self::Answered, Self::Abandoned, Self::Failed, Self::NotAllowed, Self::Refused];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
            Self::NotAllowed => "not_allowed",
            Self::Refused => "refused",
        }
    }
}

/// Counters and gauges of one exporter.
#[derive(Debug, Default)]
pub(super) struct Counts {
    probes: Mutex<BTreeMap<ProbeEnd, u64>>,
    /// Whether the last run in the background could be measured, by module.
    background: Mutex<BTreeMap<String, bool>>,
    pub(super) connections: AtomicUsize,
}

impl Counts {
    pub(super) fn probe(&self, end: ProbeEnd) {
        *lock(&self.probes).entry(end).or_default() += 1;
    }

    pub(super) fn background(&self, module: &str, is_measured: bool) {
        lock(&self.background).insert(module.to_owned(), is_measured);
    }

    /// Forgets the modules that are not measured any more.
    pub(super) fn retain(&self, is_measured: impl Fn(&str) -> bool) {
        lock(&self.background).retain(|module, _| is_measured(module));
    }

    /// Of the runs in the background, those of modules that `is_measured` knows: one that a reload
    /// ended may still be counted.
    #[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 here")]
    pub(super) fn metrics(
        &self,
        in_flight: usize,
        max_probes: usize,
        is_measured: impl Fn(&str) -> bool,
    ) -> Metrics {
        let mut metrics = Metrics::default();
        let probes = lock(&self.probes).clone();
        metrics.counter(
            "pathproof_probes",
            "Requests for a measurement, by how they ended",
            ProbeEnd::ALL.map(|end| {
                let n_probes = probes.get(&end).copied().unwrap_or_default();
                (vec![("end", end.as_str().to_owned())], n_probes as f64)
            }),
        );
        let alone = |value: usize| [(Vec::new(), value as f64)];
        metrics.gauge(
            "pathproof_probes_in_flight",
            "Requests that are being measured",
            alone(in_flight),
        );
        metrics.gauge(
            "pathproof_probes_limit",
            "How many requests are measured at once, at most",
            alone(max_probes),
        );
        metrics.gauge(
            "pathproof_connections",
            "Connections of clients",
            alone(self.connections.load(Ordering::Relaxed)),
        );
        let background = lock(&self.background).clone();
        metrics.gauge(
            "pathproof_module_last_run_successful",
            "Whether the last run of a module in the background could be measured",
            background.into_iter().filter(|(module, _)| is_measured(module)).map(
                |(module, is_successful)| {
                    (vec![("module", module)], f64::from(u8::from(is_successful)))
                },
            ),
        );
        metrics
    }
}
