//! The whole report of a run in memory, and its order: the same in every format.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::diff::Diff;
use super::json::of_model::{self, Chains};
use crate::model::{Conclusion, Endpoint, Host, Record, Records, Subject, Verdict};
use crate::report_v1::Report;

/// One line of a report: what was seen of an endpoint, and what was made of it.
pub(super) type Judged<'a> = (&'a Record, &'a Verdict);

/// The report of a run, as a saved one is when it is read: what every format is made from. `since`
/// is what changed since the baseline.
#[must_use]
pub fn assemble<'a>(
    records: &'a Records,
    conclusion: &'a Conclusion,
    since: Option<&Diff<'a>>,
) -> Report<'a> {
    let mut chains = Chains::default();
    let endpoints = in_order(records, conclusion)
        .into_iter()
        .map(|(record, verdict)| of_model::endpoint(record, verdict, &mut chains))
        .collect();
    Report { endpoints, ..of_model::without_endpoints(&records.run, conclusion, since) }
}

/// Every record with its verdict, by list order, then host, then port (contract, JSON report).
pub(super) fn in_order<'a>(records: &'a Records, conclusion: &'a Conclusion) -> Vec<Judged<'a>> {
    let mut judged: Vec<Judged> = records.records.iter().zip(&conclusion.verdicts).collect();
    // Stable, and quick where the plan's order was kept.
    judged.sort_by(|(left, _), (right, _)| compare(&left.endpoint, &right.endpoint));
    judged
}

fn compare(left: &Endpoint, right: &Endpoint) -> Ordering {
    left.order
        .cmp(&right.order)
        .then_with(|| host(&left.subject).cmp(&host(&right.subject)))
        .then_with(|| left.port.cmp(&right.port))
}

fn host(subject: &Subject) -> Cow<'_, str> {
    match subject {
        Subject::Host(Host::Name(name)) => name.as_str().into(),
        Subject::Host(Host::Address(address)) => address.to_string().into(),
        Subject::Pattern(pattern) => pattern.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::sample::{conclusion, found, passed, record, records, timeout};
    use super::*;
    use crate::model::{NetworkAllows, Status};

    #[test]
    fn lists_come_before_hosts_and_hosts_before_ports() {
        let mut seen = Vec::new();
        let mut verdicts = Vec::new();
        for (order, host, port) in [
            (1, "b.contoso.com", 443),
            (1, "a.contoso.com", 8443),
            (1, "a.contoso.com", 443),
            (1, "*.contoso.com", 443),
            (1, "10.0.0.1", 443),
            (0, "z.contoso.com", 443),
        ] {
            let mut record = record("relay", host);
            let endpoint = Arc::make_mut(&mut record.endpoint);
            endpoint.order = order;
            endpoint.port = port;
            seen.push(record);
            verdicts.push(if host == "b.contoso.com" {
                found(timeout(host, "10.0.0.1"))
            } else {
                passed()
            });
        }
        let (records, conclusion) = (records(seen), conclusion(verdicts, NetworkAllows::Unknown));
        let judged = in_order(&records, &conclusion);
        let places: Vec<_> = judged
            .iter()
            .map(|(record, _)| format!("{}:{}", record.endpoint.subject, record.endpoint.port))
            .collect();
        assert_eq!(
            places,
            [
                "z.contoso.com:443",
                "*.contoso.com:443",
                "10.0.0.1:443",
                "a.contoso.com:443",
                "a.contoso.com:8443",
                "b.contoso.com:443",
            ]
        );
        // Each verdict stays with its record.
        assert_eq!(judged[5].1.status, Status::Fail);
    }
}
