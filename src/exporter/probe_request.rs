//! What a request for a measurement says.

use std::time::Duration;

use hyper::HeaderMap;

use super::target::{ProbeTarget, TargetError};

/// What a run may take where the client does not say: as long as any scrape may.
const LONGEST: Duration = Duration::from_mins(2);
/// What is left of the client's time for the answer.
const OFFSET: Duration = Duration::from_millis(500);
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// The query and headers of `/probe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProbeRequest {
    pub(super) module: Option<String>,
    pub(super) target: Option<ProbeTarget>,
    pub(super) limit: Duration,
}

/// Why a request is none for a measurement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestFault {
    #[error("{0} is given twice")]
    Twice(&'static str),
    #[error("target: {0}")]
    Target(TargetError),
    #[error("X-Prometheus-Scrape-Timeout-Seconds is no number of seconds")]
    Timeout,
}

impl ProbeRequest {
    pub(super) fn read(query: &str, headers: &HeaderMap) -> Result<Self, RequestFault> {
        let target = only(query, "target")?.filter(|target| !target.is_empty());
        Ok(Self {
            module: only(query, "module")?,
            target: target
                .map(|target| ProbeTarget::parse(&target))
                .transpose()
                .map_err(RequestFault::Target)?,
            limit: limit(headers)?,
        })
    }
}

/// The value of a parameter. Two of them might be read differently by whoever stands before this.
fn only(query: &str, name: &'static str) -> Result<Option<String>, RequestFault> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(RequestFault::Twice(name)),
        (value, None) => Ok(value),
    }
}

fn limit(headers: &HeaderMap) -> Result<Duration, RequestFault> {
    let Some(given) = headers.get(SCRAPE_TIMEOUT) else { return Ok(LONGEST) };
    let seconds = given.to_str().ok().and_then(|text| text.trim().parse::<f64>().ok());
    let seconds = seconds.filter(|seconds| *seconds > 0.0).ok_or(RequestFault::Timeout)?;
    let given = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST);
    // A very short time is halved: some of it is better than none.
    Ok(given.saturating_sub(OFFSET).max(given / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, timeout: Option<&str>) -> Result<ProbeRequest, String> {
        let mut headers = HeaderMap::new();
        if let Some(timeout) = timeout {
            headers.insert(SCRAPE_TIMEOUT, timeout.parse().unwrap());
        }
        ProbeRequest::read(query, &headers).map_err(|fault| fault.to_string())
    }

    #[test]
    fn the_query_is_read() {
        let request = read("module=shir%2D1&target=a.net%3A8443&debug=true", None).unwrap();
        assert_eq!(request.module.as_deref(), Some("shir-1"));
        assert_eq!(request.target.unwrap().to_string(), "a.net:8443");
        assert_eq!(read("module=a&target=", None).unwrap().target, None);
        for (query, expected) in [
            ("target=a.net&target=b.net", "target is given twice"),
            ("module=a&module=b", "module is given twice"),
            ("target=https://a.net/", "target: "),
        ] {
            let error = read(query, None).unwrap_err();
            assert!(error.contains(expected), "{query}: {error}");
        }
    }

    #[test]
    fn the_time_is_the_clients_less_half_a_second() {
        for (given, expected) in [
            (None, 120.0),
            (Some("10"), 9.5),
            (Some("10.000000"), 9.5),
            (Some("0.6"), 0.3),
            (Some("86400"), 119.5),
            (Some("1e300"), 119.5),
        ] {
            let limit = read("", given).unwrap().limit;
            assert!((limit.as_secs_f64() - expected).abs() < 1e-6, "{given:?}: {limit:?}");
        }
        for given in ["", "soon", "-1", "0", "NaN"] {
            assert!(read("", Some(given)).is_err(), "{given}");
        }
    }
}
