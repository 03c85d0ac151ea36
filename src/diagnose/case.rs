//! What one record is judged against.

use std::net::IpAddr;

use super::words;
use crate::model::{Destination, End, Endpoint, Obstacle, Record, Run, Trail};

/// Which addresses the cloud publishes as its own.
pub trait RangeLookup: Sync {
    /// Whether the cloud publishes `address`; `None` where that is not known.
    fn holds(&self, address: IpAddr) -> Option<bool>;

    /// The list that the answers are from, as `service tags of 2025-11-17`.
    fn source(&self) -> Option<String> {
        None
    }
}

impl<F: Fn(IpAddr) -> Option<bool> + Sync> RangeLookup for F {
    fn holds(&self, address: IpAddr) -> Option<bool> {
        self(address)
    }
}

/// The published ranges as every judgement is given them.
pub type IsAzure<'a> = &'a dyn RangeLookup;

/// An [`IsAzure`] for callers without a list of ranges: it neither confirms nor doubts an address.
#[must_use]
pub const fn ranges_unknown(_: IpAddr) -> Option<bool> {
    None
}

/// One record, the run it belongs to, and the cloud's published ranges.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) record: &'a Record,
    pub(super) run: &'a Run,
    pub(super) is_azure: IsAzure<'a>,
}

impl<'a> Case<'a> {
    pub(super) fn endpoint(&self) -> &'a Endpoint {
        &self.record.endpoint
    }

    /// Whether the control address, which cannot answer, accepted a connection: then an accepted
    /// connection proves nothing.
    pub(super) fn is_control_accepted(&self) -> bool {
        self.run.control.as_ref().is_some_and(Trail::is_connected)
    }

    pub(super) fn has_no_way_out(&self) -> bool {
        has_no_way_out(self.run)
    }

    /// The addresses that flows of the endpoint leave from.
    pub(super) fn sources(&self, destinations: &[Destination]) -> String {
        words::sources(self.run, &self.record.trails, destinations)
    }
}

/// Whether this host has no way out at all: the control address has no route, and the host has no
/// address of the other family that could have one.
pub(super) fn has_no_way_out(run: &Run) -> bool {
    is_control_without_route(run) && run.vantage.addresses.iter().all(IpAddr::is_ipv4)
}

pub(super) fn is_control_without_route(run: &Run) -> bool {
    run.control
        .as_ref()
        .is_some_and(|control| matches!(control.end(), End::Stopped(Obstacle::NoRoute(_))))
}
