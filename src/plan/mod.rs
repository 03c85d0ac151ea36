//! Endpoints to ordered, deduplicated probes; the gateways of a relay. Pure.

use std::sync::Arc;

use crate::model::{Endpoint, RouteChoice};

/// What a run will ask, in the order of its report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sorted by list order, then host, then port; one for each host and port.
    pub probes: Vec<Probe>,
}

/// An endpoint by its configured route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What is probed.
    pub endpoint: Arc<Endpoint>,
    /// Which way.
    pub route: RouteChoice,
}
