//! Metrics in Prometheus' text format, whatever they count.

use std::fmt;
use std::io::{self, Write};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::Guarded;

/// The labels of a series.
pub type LabelPairs = Vec<(&'static str, String)>;

/// Families of series, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Vec<MetricFamily>);

#[derive(Clone, Debug)]
struct MetricFamily {
    name: &'static str,
    help: &'static str,
    kind: MetricKind,
    samples: Vec<(LabelPairs, f64)>,
}

#[derive(Clone, Copy, Debug)]
enum MetricKind {
    Gauge,
    /// The format writes `_total` behind the name.
    Counter,
}

impl Metrics {
    /// Adds series of a gauge.
    pub fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (LabelPairs, f64)>,
    ) {
        let samples = samples.into_iter().collect();
        self.add(MetricFamily { name, help, kind: MetricKind::Gauge, samples });
    }

    /// Adds series of a counter, whose name is given without `_total`.
    pub fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (LabelPairs, f64)>,
    ) {
        let samples = samples.into_iter().collect();
        self.add(MetricFamily { name, help, kind: MetricKind::Counter, samples });
    }

    /// Adds the series of others: a family that is here already grows.
    pub fn append(&mut self, others: Self) {
        for family in others.0 {
            self.add(family);
        }
    }

    /// Every series with one more label in front.
    #[must_use]
    pub fn labelled(mut self, name: &'static str, value: &str) -> Self {
        for (labels, _) in self.0.iter_mut().flat_map(|family| &mut family.samples) {
            labels.insert(0, (name, value.to_owned()));
        }
        self
    }

    /// Writes all of them.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write(self, out: &mut impl Write) -> io::Result<()> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut written = String::new();
        text::encode(&mut written, &registry).map_err(io::Error::other)?;
        let mut out = Guarded::new(out);
        out.write_all(written.as_bytes())?;
        out.finish().map(drop)
    }

    fn add(&mut self, family: MetricFamily) {
        match self.0.iter_mut().find(|own| own.name == family.name) {
            Some(own) => own.samples.extend(family.samples),
            None => self.0.push(family),
        }
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.samples.is_empty()) {
            let MetricFamily { name, help, kind, samples } = family;
            let of_format = match kind {
                MetricKind::Gauge => MetricType::Gauge,
                MetricKind::Counter => MetricType::Counter,
            };
            let mut encoder = encoder.encode_descriptor(name, help, None, of_format)?;
            for (labels, value) in samples {
                match (kind, labels.is_empty()) {
                    (MetricKind::Gauge, true) => encoder.encode_gauge(value)?,
                    (MetricKind::Gauge, false) => {
                        encoder.encode_family(labels)?.encode_gauge(value)?;
                    }
                    (MetricKind::Counter, true) => {
                        encoder.encode_counter::<NoLabelSet, _, f64>(value, None)?;
                    }
                    (MetricKind::Counter, false) => {
                        encoder
                            .encode_family(labels)?
                            .encode_counter::<NoLabelSet, _, f64>(value, None)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_two_runs_are_written_once() {
        let of = |value| {
            let mut metrics = Metrics::default();
            metrics.gauge("pathproof_addresses", "How many", [(vec![("host", "a".into())], value)]);
            metrics
        };
        let mut both = of(1.0).labelled("module", "shir-1");
        both.append(of(2.0).labelled("module", "shir-2"));
        both.counter("pathproof_probes", "So many", [(Vec::new(), 3.0)]);
        let mut written = Vec::new();
        both.write(&mut written).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written.matches("# TYPE pathproof_addresses gauge").count(), 1, "{written}");
        for line in [
            "pathproof_addresses{module=\"shir-1\",host=\"a\"} 1.0",
            "pathproof_addresses{module=\"shir-2\",host=\"a\"} 2.0",
            "# TYPE pathproof_probes counter",
            "pathproof_probes_total 3.0",
            "# EOF",
        ] {
            assert!(written.lines().any(|one| one == line), "no {line} in\n{written}");
        }
    }
}
