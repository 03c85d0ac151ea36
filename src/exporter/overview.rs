//! The page at `/`: which modules there are, what each came to last, and where the rest is.

use askama::Template;

use super::{Exporter, LoadedModules};
use crate::model::visible;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    version: &'static str,
    modules: Vec<ModuleRow>,
    is_newest: bool,
}

struct ModuleRow {
    name: String,
    every: String,
    /// What the last run allows the runtime, and when that was.
    last: Option<(String, String)>,
}

/// Renders the page.
///
/// # Errors
/// Those of the template, which has none.
pub(super) fn page(exporter: &Exporter) -> Result<String, askama::Error> {
    let LoadedModules { modules, is_newest, .. } = &*exporter.loaded();
    let rows = modules.values().map(|module| {
        let last = exporter.last(&module.name).map(|run| {
            let prediction = run.measured.conclusion.prediction.network_allows.as_str();
            (prediction.to_owned(), run.measured.records.run.started_at.to_string())
        });
        let every = module.every.map_or_else(
            || "when it is asked for".to_owned(),
            |every| format!("every {} s, in the background", every.as_secs_f64()),
        );
        ModuleRow { name: visible(&module.name).into_owned(), every, last }
    });
    let page = OverviewPage {
        version: env!("CARGO_PKG_VERSION"),
        modules: rows.collect(),
        is_newest: *is_newest,
    };
    page.render()
}
