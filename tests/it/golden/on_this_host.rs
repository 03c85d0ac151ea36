//! The records of the golden cases in which the runtime was found on the measuring host.

use std::sync::Arc;

use pathproof::model::{
    FoundBy, HostRuntime, InstalledRuntime, LoggedError, Origin, Records, RuntimeService,
    ServiceState, Sighting, StartType,
};

use super::cases::{CONTROL, RELAY, with_rest};
use crate::scene::{Probe, records, run};

pub(super) fn all() -> Vec<(&'static str, Records)> {
    vec![
        ("service-stopped", service_stopped()),
        ("service-stopped-names-given", names_given()),
        ("logged-errors", logged_errors()),
    ]
}

fn runtime(state: ServiceState) -> HostRuntime {
    HostRuntime {
        installed: Some(InstalledRuntime {
            path: r"D:\IR\Microsoft Integration Runtime\5.0\Shared".to_owned(),
            found_by: FoundBy::Registry,
            version: "5.44.8984.1".to_owned(),
        }),
        service: Some(RuntimeService {
            state,
            start: StartType::Automatic,
            account: r"NT SERVICE\DIAHostService".to_owned(),
        }),
        errors: Vec::new(),
        has_given_names: true,
    }
}

fn relay() -> Probe {
    Probe::of("relay", RELAY).works_at(&["40.112.72.101"])
}

/// What the log of the host names, seen there in the morning.
fn discovered(mut records: Records) -> Records {
    for record in &mut records.records {
        let endpoint = Arc::make_mut(&mut record.endpoint);
        let host = endpoint.subject.to_string();
        if host == RELAY || host == CONTROL {
            endpoint.origin = Origin::Discovered;
            endpoint.discovered = Some(Sighting {
                seen_in: "the event log \"Connectors - Integration Runtime\"".to_owned(),
                seen_at: "2026-03-02T08:14:00Z".parse().ok(),
            });
        }
    }
    records
}

/// The network is sound, and nothing runs that could use it.
fn service_stopped() -> Records {
    let mut run = run();
    run.runtime = Some(runtime(ServiceState::Stopped));
    discovered(records(run, with_rest(vec![relay()])))
}

/// The same on a host from which another runtime's names are checked.
fn names_given() -> Records {
    let mut run = run();
    let stopped = runtime(ServiceState::Stopped);
    let disabled = stopped.service.map(|own| RuntimeService { start: StartType::Disabled, ..own });
    run.runtime = Some(HostRuntime { service: disabled, has_given_names: false, ..stopped });
    records(run, with_rest(vec![relay()]))
}

/// It runs, and its log says what it met.
fn logged_errors() -> Records {
    let mut run = run();
    let error = |at: &str, text: &str| LoggedError { at: at.parse().ok(), text: text.to_owned() };
    run.runtime = Some(HostRuntime {
        errors: vec![
            error(
                "2026-03-02T11:58:12Z",
                "Failed to get service token from ADF service with key \
                 IR@****@ServiceEndpoint=contoso.westeurope.datafactory.azure.net@**** and time \
                 cost is: 0.1250392 seconds, the error code is: UnexpectedFault, activityId is: \
                 8f1c6f4e-1df8-4a7e-9a55-0c8a4b8e7c11 and detailed error message is An error \
                 occurred while sending the request.",
            ),
            error("", "cannot reach wu-relay-01.servicebus.windows.net"),
        ],
        ..runtime(ServiceState::Running)
    });
    discovered(records(run, with_rest(vec![relay()])))
}
