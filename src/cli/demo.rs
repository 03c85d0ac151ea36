//! `demo`: a tour on loopback, and a report as a user would get it.

use anyhow::{Context, Result};

use super::arguments::{DemoArgs, FailOnArg, RedactionArgs, ReportFormat, ReportingArgs};
use super::check::{self, ReportPlan};
use super::exit::Exit;
use super::progress::Bar;
use super::service_tag_ranges::ServiceTagRanges;
use super::{formats, output};
use crate::demo::{self, StagedOutcome};

pub(super) fn demo(command: DemoArgs) -> Result<Exit> {
    let DemoArgs { formats, verbose } = command;
    let plan = ReportPlan {
        destinations: output::destinations(formats.format, &formats.output)?,
        csv: formats::csv_options(&formats)?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let bar = Bar::of_probes(false);
    let mut records = runtime.block_on(demo::run(|progress| bar.note(&progress)))?;
    drop(bar);
    records.run.kept_in = check::kept_in(None, &plan.destinations);
    let published = ServiceTagRanges::default();
    let reporting = ReportingArgs {
        fail_on: FailOnArg::Unknown,
        service_tags: None,
        baseline: None,
        formats,
        verbose,
        redaction: RedactionArgs { redact: false, redact_key: None },
    };
    let reported = check::report(&records, &published, &plan, &reporting, None, None);
    let outcomes = demo::compare(&records, &check::conclude(&records, &published));
    for outcome in &outcomes {
        println!("{} {:?} {:?}", outcome.is_as_staged(), outcome.staged.host, outcome.concluded);
    }
    Ok(if reported == Exit::CouldNotWork {
        reported
    } else if outcomes.iter().all(StagedOutcome::is_as_staged) {
        Exit::Satisfied
    } else {
        Exit::Violated
    })
}
