//! In which of its formats a client has metrics (RFC 9110 §12.5.1).

use hyper::HeaderMap;
use hyper::header::{ACCEPT, HeaderValue};

use crate::report::metrics::MetricsFormat;

const OPEN_METRICS: &str = "application/openmetrics-text";

/// The format that the client prefers; without a preference, the text format.
pub(super) fn preferred(headers: &HeaderMap) -> MetricsFormat {
    let accepted =
        headers.get_all(ACCEPT).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
    let (mut open, mut text) = (0.0_f32, 0.0_f32);
    for range in accepted.flat_map(|ranges| ranges.split(',')).filter_map(MediaRange::read) {
        let best = match range.name.as_str() {
            OPEN_METRICS if matches!(range.version.as_str(), "" | "1.0.0") => &mut open,
            "text/plain" if matches!(range.version.as_str(), "" | "0.0.4") => &mut text,
            _ => continue,
        };
        *best = best.max(range.quality);
    }
    if open > 0.0 && open >= text { MetricsFormat::OpenMetrics } else { MetricsFormat::Text }
}

/// How an answer names its format.
pub(super) const fn content_type(format: MetricsFormat) -> &'static str {
    match format {
        MetricsFormat::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        MetricsFormat::Text => "text/plain; version=0.0.4; charset=utf-8",
    }
}

/// One element of `Accept`.
struct MediaRange {
    name: String,
    version: String,
    /// How much it is wanted: not at all where it is 0.
    quality: f32,
}

impl MediaRange {
    /// Reads `type/subtype;version=…;q=…`; `None` where its weight is none.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let mut range = Self { name, version: String::new(), quality: 1.0 };
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "version" => value.clone_into(&mut range.version),
                "q" => range.quality = value.parse().ok().filter(|q| (0.0..=1.0).contains(q))?,
                _ => {}
            }
        }
        Some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_with_the_greatest_weight_is_taken() {
        for (accepted, expected) in [
            (&[][..], MetricsFormat::Text),
            (&["*/*"], MetricsFormat::Text),
            (&["application/openmetrics-text"], MetricsFormat::OpenMetrics),
            (&["Application/OpenMetrics-Text ; Version=\"1.0.0\""], MetricsFormat::OpenMetrics),
            (&["application/openmetrics-text;q=0"], MetricsFormat::Text),
            (&["application/openmetrics-text; q=0, text/plain"], MetricsFormat::Text),
            (&["application/openmetrics-text;q=0.2,text/plain;q=0.3"], MetricsFormat::Text),
            (
                &["text/plain;q=0.3", "application/openmetrics-text;q=0.4"],
                MetricsFormat::OpenMetrics,
            ),
            (&["application/openmetrics-text,text/plain"], MetricsFormat::OpenMetrics),
            (&["application/openmetrics-text;version=0.0.1,text/plain;q=0.1"], MetricsFormat::Text),
            (&["application/openmetrics-text;q=many"], MetricsFormat::Text),
            (&["x-application/openmetrics-text"], MetricsFormat::Text),
            (
                &["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=1.0.0,*/*"],
                MetricsFormat::OpenMetrics,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for one in accepted {
                headers.append(ACCEPT, HeaderValue::from_static(one));
            }
            assert_eq!(preferred(&headers), expected, "{accepted:?}");
        }
    }
}
