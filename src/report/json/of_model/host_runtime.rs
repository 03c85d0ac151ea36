//! The runtime on the measuring host, and where its names were seen.

use crate::diagnose::explain;
use crate::model;
use crate::report_v1::{HostRuntime, InstalledRuntime, LoggedError, RuntimeService, Sighting};

impl<'a> From<&'a model::HostRuntime> for HostRuntime<'a> {
    fn from(runtime: &'a model::HostRuntime) -> Self {
        let installed = runtime.installed.as_ref();
        Self {
            installed: installed.map(|found| InstalledRuntime {
                path: (&*found.path).into(),
                found_by: found.found_by.as_str().into(),
            }),
            version: installed.filter(|it| !it.version.is_empty()).map(|it| (&*it.version).into()),
            service: runtime.service.as_ref().map(|service| RuntimeService {
                state: service.state.as_str().into(),
                start: service.start.as_str().into(),
                account: (&*service.account).into(),
            }),
            errors: runtime.errors.iter().map(Into::into).collect(),
        }
    }
}

impl<'a> From<&'a model::LoggedError> for LoggedError<'a> {
    fn from(error: &'a model::LoggedError) -> Self {
        Self {
            at: error.at,
            text: (&*error.text).into(),
            explained: explain::meaning(&error.text).map(Into::into),
        }
    }
}

impl<'a> From<&'a model::Sighting> for Sighting<'a> {
    fn from(sighting: &'a model::Sighting) -> Self {
        Self { seen_in: (&*sighting.seen_in).into(), seen_at: sighting.seen_at }
    }
}
