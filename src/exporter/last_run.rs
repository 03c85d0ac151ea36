//! The last run of a module, and its page as it is handed out: made once, whoever reads it and
//! however slowly.

use std::io;
use std::sync::Arc;

use hyper::body::Bytes;
use tokio::sync::{OnceCell, Semaphore};

use super::Measured;
use super::routes::blocking;
use crate::report::metrics::Metrics;
use crate::report::{self, assemble, prometheus};

/// The last run of a whole module that came to its own end.
#[derive(Debug)]
pub(super) struct LastRun {
    pub(super) measured: Measured,
    /// With the module as a label.
    pub(super) metrics: Metrics,
    html: OnceCell<Bytes>,
    json: OnceCell<Bytes>,
}

/// The formats of its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunPage {
    Html,
    Json,
}

impl LastRun {
    pub(super) fn of(module: &str, measured: Measured) -> Self {
        let report = assemble(&measured.records, &measured.conclusion, None);
        let metrics = prometheus::of_run(&report).labelled("module", module);
        Self { measured, metrics, html: OnceCell::new(), json: OnceCell::new() }
    }

    /// The report, of which all readers share one copy. As many are made at once as `rendering`
    /// lets; `None` where it cannot be written.
    pub(super) async fn page(
        self: &Arc<Self>,
        of: RunPage,
        rendering: &Arc<Semaphore>,
    ) -> Option<Bytes> {
        let made = match of {
            RunPage::Html => &self.html,
            RunPage::Json => &self.json,
        };
        let page = made.get_or_try_init(|| async {
            let permit = Arc::clone(rendering).acquire_owned().await.map_err(drop)?;
            let run = Arc::clone(self);
            let page = blocking(move || {
                // Where the client goes away, this goes on.
                let _permit = permit;
                run.render(of)
            });
            page.await.and_then(Result::ok).map(Bytes::from).ok_or(())
        });
        page.await.ok().cloned()
    }

    fn render(&self, of: RunPage) -> io::Result<Vec<u8>> {
        let Measured { records, conclusion } = &self.measured;
        let mut page = Vec::new();
        match of {
            RunPage::Json => {
                let mut guarded = report::Guarded::new(&mut page);
                report::json::report(records, conclusion, None, &mut guarded)?;
                guarded.finish()?;
            }
            RunPage::Html => {
                report::html::report(&assemble(records, conclusion, None), &mut page)?;
            }
        }
        page.shrink_to_fit();
        Ok(page)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Conclusion, Ending, NetworkAllows, Prediction, Records, Run, Summary};

    /// What a run without endpoints comes to.
    pub(in super::super) fn nothing() -> Measured {
        let prediction = Prediction {
            network_allows: NetworkAllows::Unknown,
            because: Vec::new(),
            consequences: Vec::new(),
            not_looked_at: Vec::new(),
        };
        let conclusion = Conclusion {
            verdicts: Vec::new(),
            findings: Vec::new(),
            actions: Vec::new(),
            summary: Summary::default(),
            prediction,
            ending: Ending::default(),
        };
        Measured { records: Records { run: Run::default(), records: Vec::new() }, conclusion }
    }

    /// A page is as large as its run, and those who read it may be many and slow.
    #[tokio::test]
    async fn all_readers_share_one_page_and_few_are_made_at_once() {
        let run = Arc::new(LastRun::of("a", nothing()));
        let rendering = Arc::new(Semaphore::new(1));
        let first = run.page(RunPage::Html, &rendering).await.unwrap();
        assert!(first.starts_with(b"<!"), "{first:?}");
        let held = Arc::clone(&rendering).acquire_owned().await.unwrap();
        for _ in 0..20 {
            let again = run.page(RunPage::Html, &rendering).await.unwrap();
            assert_eq!(again.as_ptr(), first.as_ptr());
        }
        let other = run.page(RunPage::Json, &rendering);
        assert!(tokio::time::timeout(Duration::from_millis(20), other).await.is_err());
        drop(held);
        let other = run.page(RunPage::Json, &rendering).await.unwrap();
        assert!(other.starts_with(b"{"), "{other:?}");
    }
}
