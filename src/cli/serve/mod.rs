//! `serve`: a Prometheus exporter, whose runs are those of `check`.

mod module_run;
mod readiness;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::arguments::ServeArgs;
use super::configuration::ConfiguredArguments;
use super::exit::Exit;
use super::hint;
use super::signals;
use crate::exporter::{
    self, Exporter, ExporterModule, ExporterNews, ExporterSettings, LedgerTimes, LoadModules,
    WebAccess,
};
use crate::ledger::Ledger;
use module_run::ModuleRun;

/// It ends with 0 when it is asked to end.
pub(super) fn serve(command: &ServeArgs, configuration: &ConfiguredArguments) -> Result<Exit> {
    let web = match &command.web_config {
        Some(path) => WebAccess::read(path).context("--web-config")?,
        None => WebAccess::open()?,
    };
    let (scheme, is_open) = (if web.speaks_tls() { "https" } else { "http" }, !web.is_restricted());
    let selected = configuration.selected().clone();
    let load: LoadModules = Box::new(move || {
        let modules = selected.modules().map_err(|error| format!("{error:#}"))?;
        modules
            .into_iter()
            .map(|module| ModuleRun::prepare(module).map_err(|error| format!("{error:#}")))
            .collect::<Result<Vec<ExporterModule>, _>>()
    });
    let settings = ExporterSettings {
        load,
        ledger: command.ledger.as_deref().map(ledger_times),
        web,
        max_probes: usize::try_from(command.max_probes).unwrap_or(usize::MAX),
        say: Box::new(|news| match news {
            ExporterNews::Done(text) => hint::hint(text),
            ExporterNews::Failed(text) => hint::failure(text),
        }),
    };
    let exporter = Exporter::new(settings).map_err(|error| anyhow!("{error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(command.listen)
            .await
            .with_context(|| format!("--listen {}", command.listen))?;
        let address = listener.local_addr().unwrap_or(command.listen);
        // From here on, signals are waited for.
        let ended = tokio::spawn(signals::asked_to_end());
        let reloads = tokio::spawn(reload_when_asked(Arc::clone(&exporter)));
        hint::hint(&format!("listening at {scheme}://{address}/"));
        if is_open && !address.ip().is_loopback() {
            hint::hint(
                "whoever reaches this address may have what `allow` covers measured: --web-config \
                 adds TLS and passwords",
            );
        }
        readiness::say("READY=1");
        exporter::serve(exporter, listener, async {
            let _ = ended.await;
            readiness::say("STOPPING=1");
        })
        .await;
        reloads.abort();
        anyhow::Ok(())
    })?;
    // What the system still resolves for a run that has ended is not waited for.
    runtime.shutdown_background();
    Ok(Exit::Satisfied)
}

fn reload_when_asked(exporter: Arc<Exporter>) -> impl Future<Output = ()> {
    signals::on_hangup(move || {
        let exporter = Arc::clone(&exporter);
        async move {
            // What came of it is said, and stands in a metric.
            let _ = exporter.reload().await;
        }
    })
}

/// Reads when each name of a ledger was seen last.
fn ledger_times(path: &Path) -> LedgerTimes {
    let path = path.to_owned();
    Box::new(move || {
        let rows = Ledger::open_to_read(&path).and_then(|ledger| ledger.rows());
        let rows = rows.map_err(|error| format!("--ledger: {error}"))?;
        let mut newest: BTreeMap<String, Timestamp> = BTreeMap::new();
        for row in rows {
            let seen = newest.entry(row.name).or_insert(row.last_seen);
            *seen = row.last_seen.max(*seen);
        }
        Ok(newest.into_iter().collect())
    })
}
