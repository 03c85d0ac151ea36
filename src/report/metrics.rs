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
    /// `_total` is written behind the name.
    Counter,
}

/// What describes a counter: Prometheus' own format calls it what its series are called, and
/// `OpenMetrics` leaves `_total` out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFormat {
    /// The text format, version 0.0.4, which `node_exporter`'s textfile collector reads too.
    Text,
    /// `OpenMetrics`, version 1.0.0.
    OpenMetrics,
}

/// Families, as they are written in one format.
#[derive(Debug)]
struct WrittenMetrics {
    families: Vec<MetricFamily>,
    format: MetricsFormat,
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
    pub fn write(self, format: MetricsFormat, out: &mut impl Write) -> io::Result<()> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(WrittenMetrics { families: self.0, format }));
        let mut written = String::new();
        match format {
            MetricsFormat::Text => text::encode_registry(&mut written, &registry),
            MetricsFormat::OpenMetrics => text::encode(&mut written, &registry),
        }
        .map_err(io::Error::other)?;
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

impl Collector for WrittenMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for family in self.families.iter().filter(|family| !family.samples.is_empty()) {
            let MetricFamily { name, help, kind, samples } = family;
            let (name, of_format) = match (kind, self.format) {
                (MetricKind::Gauge, _) => ((*name).to_owned(), MetricType::Gauge),
                (MetricKind::Counter, MetricsFormat::Text) => {
                    (format!("{name}_total"), MetricType::Counter)
                }
                (MetricKind::Counter, MetricsFormat::OpenMetrics) => {
                    ((*name).to_owned(), MetricType::Counter)
                }
            };
            // The encoder of a counter adds `_total` by itself, which the name may have already.
            let adds_total =
                matches!((kind, self.format), (MetricKind::Counter, MetricsFormat::OpenMetrics));
            let mut encoder = encoder.encode_descriptor(&name, help, None, of_format)?;
            for (labels, value) in samples {
                match (adds_total, labels.is_empty()) {
                    (false, true) => encoder.encode_gauge(value)?,
                    (false, false) => encoder.encode_family(labels)?.encode_gauge(value)?,
                    (true, true) => encoder.encode_counter::<NoLabelSet, _, f64>(value, None)?,
                    (true, false) => {
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
        let written = written(both, MetricsFormat::Text);
        assert_eq!(written.matches("# TYPE pathproof_addresses gauge").count(), 1, "{written}");
        for line in [
            "pathproof_addresses{module=\"shir-1\",host=\"a\"} 1.0",
            "pathproof_addresses{module=\"shir-2\",host=\"a\"} 2.0",
        ] {
            assert!(written.lines().any(|one| one == line), "no {line} in\n{written}");
        }
    }

    fn written(metrics: Metrics, format: MetricsFormat) -> String {
        let mut written = Vec::new();
        metrics.write(format, &mut written).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn a_counter_is_described_by_the_name_that_the_format_has_for_it() {
        let mut metrics = Metrics::default();
        metrics.counter("pathproof_probes", "So many", [(vec![("end", "a".into())], 3.0)]);
        metrics.counter("process_cpu_seconds", "So much", [(Vec::new(), 1.5)]);
        assert_eq!(
            written(metrics.clone(), MetricsFormat::Text),
            "# HELP pathproof_probes_total So many\n# TYPE pathproof_probes_total counter\n\
             pathproof_probes_total{end=\"a\"} 3.0\n\
             # HELP process_cpu_seconds_total So much\n# TYPE process_cpu_seconds_total counter\n\
             process_cpu_seconds_total 1.5\n"
        );
        assert_eq!(
            written(metrics, MetricsFormat::OpenMetrics),
            "# HELP pathproof_probes So many\n# TYPE pathproof_probes counter\n\
             pathproof_probes_total{end=\"a\"} 3.0\n\
             # HELP process_cpu_seconds So much\n# TYPE process_cpu_seconds counter\n\
             process_cpu_seconds_total 1.5\n# EOF\n"
        );
    }
}
