//! What to do next.

use std::net::IpAddr;

use serde::Serialize;

use crate::model;

/// One owner's, with every destination.
#[derive(Serialize)]
pub(in crate::report::json) struct Action<'a> {
    owner: &'static str,
    text: &'a str,
    causes: Vec<&'static str>,
    destinations: Vec<Destination<'a>>,
}

#[derive(Serialize)]
struct Destination<'a> {
    name: &'a str,
    /// `null` where none is known here: the name does not resolve, or a proxy resolves it.
    address: Option<IpAddr>,
    port: u16,
    protocol: &'static str,
}

pub(in crate::report::json) fn actions(actions: &[model::Action]) -> Vec<Action<'_>> {
    actions.iter().map(Action::from).collect()
}

impl<'a> From<&'a model::Action> for Action<'a> {
    fn from(action: &'a model::Action) -> Self {
        Self {
            owner: action.owner.as_str(),
            text: &action.text,
            causes: action.causes.iter().map(|cause| cause.code()).collect(),
            destinations: action.destinations.iter().map(Destination::from).collect(),
        }
    }
}

impl<'a> From<&'a model::Destination> for Destination<'a> {
    fn from(destination: &'a model::Destination) -> Self {
        let model::Destination { name, address, port, protocol } = destination;
        Self { name, address: *address, port: *port, protocol }
    }
}
