//! The runtime on the measuring host: a service that does not run is offline in any network.

use super::finding::Draft;
use crate::model::{Cause, Records, RuntimeService, Severity, StartType};

/// The service, where it is down.
fn stopped(records: &Records) -> Option<&RuntimeService> {
    let service = records.run.runtime.as_ref()?.service.as_ref()?;
    service.state.is_down().then_some(service)
}

/// The finding of a service that is down. Where the names were given, the run may be about another
/// host's runtime, so that it is a warning.
pub(super) fn of_run(records: &Records) -> Option<Draft> {
    let service = stopped(records)?;
    let has_given_names =
        records.run.runtime.as_ref().is_some_and(|runtime| runtime.has_given_names);
    let severity = if has_given_names { Severity::Fail } else { Severity::Warn };
    let account = match &*service.account {
        "" => String::new(),
        account => format!(", account {account}"),
    };
    let draft = Draft::new(
        Cause::RuntimeServiceStopped,
        format!(
            "the runtime's service on this host is {}: no network can bring it online",
            service.state.as_str()
        ),
    )
    .proven()
    .severity(severity)
    .evidence(format!(
        "DIAHostService: {}, start type {}{account}",
        service.state.as_str(),
        service.start.as_str()
    ));
    Some(if service.start == StartType::Disabled {
        draft.remedy(
            "Find out who disabled the service DIAHostService and why; then set it to start \
             automatically and start it (Set-Service DIAHostService -StartupType Automatic; \
             Start-Service DIAHostService).",
        )
    } else {
        draft
    })
}

/// What it means for the runtime, for the prediction.
pub(super) fn consequences(records: &Records) -> Option<String> {
    stopped(records).map(|_| {
        "the runtime is offline whatever the network allows: its service does not run".to_owned()
    })
}
