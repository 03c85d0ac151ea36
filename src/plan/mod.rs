//! Endpoints to ordered, deduplicated probes; the gateways of a relay. Pure.

mod gateways;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Endpoint, Reach, Route, RouteChoice, RouteIntent, Subject};

pub use gateways::{Deployment, N_GATEWAYS, deployment_of, gateways_of};

/// What a run will ask, in the order of its report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sorted by list order, then host, then port; one for each host and port.
    pub probes: Vec<Probe>,
    /// What cannot be asked: wildcards and templates with nothing to make them concrete. They
    /// stand in the report, so that nobody takes silence for health.
    pub untestable: Vec<Untestable>,
}

/// A pattern that stays one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untestable {
    /// Its subject is a pattern.
    pub endpoint: Arc<Endpoint>,
    /// The option that would make it concrete, in one sentence.
    pub hint: String,
}

/// An endpoint by its configured route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What is probed.
    pub endpoint: Arc<Endpoint>,
    /// Which way.
    pub route: RouteChoice,
}

/// What places an endpoint in a report: list order, host as written, port.
pub type Place = (u32, String, u16);

/// Orders endpoints and gives each its route. Of several with one host and port the first stays,
/// required if any of them is.
#[must_use]
pub fn plan(endpoints: Vec<Endpoint>, route: impl Fn(&Endpoint) -> RouteChoice) -> Plan {
    let mut unique: HashMap<(Subject, u16), usize> = HashMap::new();
    let mut kept: Vec<Endpoint> = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        let index = *unique.entry((endpoint.subject.clone(), endpoint.port)).or_insert(kept.len());
        match kept.get_mut(index) {
            Some(first) => first.required |= endpoint.required,
            None => kept.push(endpoint),
        }
    }
    kept.sort_by_cached_key(place);
    let probe =
        |endpoint: Endpoint| Probe { route: route(&endpoint), endpoint: Arc::new(endpoint) };
    Plan { probes: kept.into_iter().map(probe).collect(), untestable: Vec::new() }
}

/// The route of an endpoint where no proxy is configured.
#[must_use]
pub fn direct(endpoint: &Endpoint) -> RouteChoice {
    let (intended, why) = match endpoint.expect.reach {
        Reach::Private => (RouteIntent::Direct, "private, by --private"),
        Reach::Any | Reach::Public => (RouteIntent::Any, "no proxy was asked for"),
    };
    RouteChoice::new(intended, Route::Direct, why)
}

impl Plan {
    /// The endpoints of `found` (gateways of a relay) that the plan does not have yet, as probes in
    /// the plan's order. They are not added: the runner measures them, and sorts its records by
    /// [`Probe::cmp_place`].
    #[must_use]
    pub fn additions(
        &self,
        found: Vec<Endpoint>,
        route: impl Fn(&Endpoint) -> RouteChoice,
    ) -> Vec<Probe> {
        let planned: HashSet<(&Subject, u16)> = self
            .probes
            .iter()
            .map(|probe| (&probe.endpoint.subject, probe.endpoint.port))
            .collect();
        let is_new = |endpoint: &Endpoint| !planned.contains(&(&endpoint.subject, endpoint.port));
        plan(found.into_iter().filter(is_new).collect(), route).probes
    }
}

impl Probe {
    /// The order of reports.
    #[must_use]
    pub fn cmp_place(&self, other: &Self) -> std::cmp::Ordering {
        place(&self.endpoint).cmp(&place(&other.endpoint))
    }
}

/// Where an endpoint stands in a report.
#[must_use]
pub fn place(endpoint: &Endpoint) -> Place {
    (endpoint.order, endpoint.subject.to_string(), endpoint.port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Expectation, Host, Kind, Origin};

    fn endpoint(order: u32, host: &str, port: u16, required: bool) -> Endpoint {
        Endpoint {
            entry: "endpoint".into(),
            subject: Host::parse(host)
                .map_or_else(|_| Subject::Pattern(host.into()), Subject::Host),
            port,
            kind: Kind::Https,
            purpose: String::new(),
            required,
            origin: Origin::List,
            order,
            expect: Expectation::default(),
        }
    }

    fn lines(probes: &[Probe]) -> Vec<String> {
        let line = |probe: &Probe| {
            let Endpoint { subject, port, required, order, .. } = &*probe.endpoint;
            format!("{order} {subject}:{port}{}", if *required { "!" } else { "" })
        };
        probes.iter().map(line).collect()
    }

    #[test]
    fn probes_are_sorted_and_unique() {
        let planned = plan(
            vec![
                endpoint(10, "b.net", 443, false),
                endpoint(0, "c.net", 443, true),
                endpoint(10, "a.net", 1433, false),
                endpoint(10, "a.net", 443, false),
                endpoint(10, "*.x.net", 443, false),
                endpoint(20, "b.net", 443, true),
                endpoint(10, "10.0.0.1", 443, false),
            ],
            direct,
        );
        assert_eq!(
            lines(&planned.probes),
            [
                "0 c.net:443!",
                "10 *.x.net:443",
                "10 10.0.0.1:443",
                "10 a.net:443",
                "10 a.net:1433",
                "10 b.net:443!",
            ]
        );
        let added = planned.additions(
            vec![
                endpoint(11, "g1.net", 443, false),
                endpoint(11, "b.net", 443, false),
                endpoint(11, "g0.net", 443, false),
            ],
            direct,
        );
        assert_eq!(lines(&added), ["11 g0.net:443", "11 g1.net:443"]);
        let mut all = [planned.probes, added].concat();
        all.sort_by(Probe::cmp_place);
        assert_eq!(lines(&all).last().map(String::as_str), Some("11 g1.net:443"));
    }

    #[test]
    fn private_names_are_meant_to_go_direct() {
        let mut private = endpoint(0, "a.net", 443, true);
        assert_eq!(direct(&private).intended, RouteIntent::Any);
        private.expect.reach = Reach::Private;
        assert_eq!(direct(&private).intended, RouteIntent::Direct);
    }
}
