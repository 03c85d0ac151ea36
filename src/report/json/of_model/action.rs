//! What to do next.

use crate::model;
use crate::report_v1::{Action, Destination};

impl<'a> From<&'a model::Action> for Action<'a> {
    fn from(action: &'a model::Action) -> Self {
        Self {
            owner: action.owner.as_str().into(),
            text: (&*action.text).into(),
            causes: action.causes.iter().map(|cause| cause.code().into()).collect(),
            destinations: action.destinations.iter().map(Destination::from).collect(),
        }
    }
}

impl<'a> From<&'a model::Destination> for Destination<'a> {
    fn from(destination: &'a model::Destination) -> Self {
        let model::Destination { name, address, port, protocol } = destination;
        Self { name: name.into(), address: *address, port: *port, protocol: (*protocol).into() }
    }
}
