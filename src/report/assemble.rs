//! The order of a report: the same in every format.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::model::{Conclusion, Endpoint, Host, Record, Records, Subject, Verdict};

/// One line of a report: what was seen of an endpoint, and what was made of it.
pub(super) type Judged<'a> = (&'a Record, &'a Verdict);

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
