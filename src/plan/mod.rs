//! Endpoints in the order of their report, which ways each is measured, the gateways of a relay.
//! Pure.

mod choice;
mod gateways;
mod private;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Endpoint, Subject};

pub use choice::{Choice, RouteQuestion, can_be_measured, choose, direct, question};
pub use gateways::{N_GATEWAYS, RelayDeployment, deployment_of, gateways_of};
pub use private::taken_as_private;

/// What a run will ask, in the order of its report. Which way each is measured is decided when its
/// turn comes ([`choose`]): a script may have to be asked, and lookups tell which names are
/// private.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbePlan {
    /// Sorted by list order, then host, then port; one for each host and port.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// What cannot be asked: wildcards and templates with nothing to make them concrete. They
    /// are in the report, so that nobody takes their absence for health.
    pub untestable: Vec<UntestableEndpoint>,
}

/// A pattern that stays one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntestableEndpoint {
    /// Its subject is a pattern.
    pub endpoint: Arc<Endpoint>,
    /// The option that would make it concrete, in one sentence.
    pub hint: String,
}

/// What a report is sorted by: list order, host as written, port.
pub type ReportOrder = (u32, String, u16);

/// Orders endpoints. Of several with one host and port the first stays, required if any of them
/// is.
#[must_use]
pub fn plan(endpoints: Vec<Endpoint>) -> ProbePlan {
    let mut unique: HashMap<(Subject, u16), usize> = HashMap::new();
    let mut kept: Vec<Endpoint> = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        let index = *unique.entry((endpoint.subject.clone(), endpoint.port)).or_insert(kept.len());
        match kept.get_mut(index) {
            Some(first) => first.required |= endpoint.required,
            None => kept.push(endpoint),
        }
    }
    kept.sort_by_cached_key(report_order);
    ProbePlan { endpoints: kept.into_iter().map(Arc::new).collect(), untestable: Vec::new() }
}

/// What decides the position of an endpoint in a report.
#[must_use]
pub fn report_order(endpoint: &Endpoint) -> ReportOrder {
    (endpoint.order, endpoint.subject.to_string(), endpoint.port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Expectation, Host, Kind, Origin, Role};

    fn endpoint(order: u32, host: &str, port: u16, required: bool) -> Endpoint {
        Endpoint {
            entry: "endpoint".into(),
            role: Role::Other,
            subject: Host::parse(host)
                .map_or_else(|_| Subject::Pattern(host.into()), Subject::Host),
            port,
            kind: Kind::Https,
            purpose: String::new(),
            source_document: String::new(),
            required,
            origin: Origin::List,
            discovered: None,
            order,
            expect: Expectation::default(),
        }
    }

    #[test]
    fn endpoints_are_sorted_and_unique() {
        let planned = plan(vec![
            endpoint(10, "b.net", 443, false),
            endpoint(0, "c.net", 443, true),
            endpoint(10, "a.net", 1433, false),
            endpoint(10, "a.net", 443, false),
            endpoint(10, "*.x.net", 443, false),
            endpoint(20, "b.net", 443, true),
            endpoint(10, "10.0.0.1", 443, false),
        ]);
        let line = |endpoint: &Arc<Endpoint>| {
            let Endpoint { subject, port, required, order, .. } = &**endpoint;
            format!("{order} {subject}:{port}{}", if *required { "!" } else { "" })
        };
        assert_eq!(
            planned.endpoints.iter().map(line).collect::<Vec<_>>(),
            [
                "0 c.net:443!",
                "10 *.x.net:443",
                "10 10.0.0.1:443",
                "10 a.net:443",
                "10 a.net:1433",
                "10 b.net:443!",
            ]
        );
    }
}
