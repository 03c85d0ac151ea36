//! `replay`: the same report from saved records, with no network.

use std::thread;

use anyhow::Result;

use super::arguments::ReplayArgs;
use super::check::{ReportPlan, report, save};
use super::exit::Exit;
use super::formats;
use super::input::Stdin;
use super::output;
use super::redaction::Redaction;
use super::rules::ExpectedRules;
use super::saved;
use super::service_tag_ranges::ServiceTagRanges;
use crate::archive;
use crate::host::{CleanText, RuntimeNames};

pub(super) fn replay(command: &ReplayArgs) -> Result<Exit> {
    let reporting = &command.reporting;
    let destinations = output::destinations(reporting.formats.format, &reporting.formats.output)?;
    let csv = formats::csv_options(&reporting.formats)?;
    if let Some(path) = &command.save_records {
        output::check_writable(path)?;
    }
    let mut redaction = Redaction::read(&reporting.redaction)?;
    let mut stdin = Stdin::default();
    let baseline = saved::baseline(reporting, &mut stdin)?;
    let published = ServiceTagRanges::read(reporting.service_tags.as_deref())?;
    let rules =
        ExpectedRules::read(&reporting.expected, reporting.service_tags.as_deref(), &mut stdin)?;
    let source = stdin.open(&command.records, "RECORDS")?;
    let name = command.records.display().to_string();
    let mut records = archive::read(source, &name)?;
    records.run.kept_in = (name != "-").then_some(name);
    // Whoever wrote the records may have known fewer forms of secrets.
    let names = RuntimeNames::embedded();
    for error in records.run.runtime.iter_mut().flat_map(|runtime| &mut runtime.errors) {
        error.text = CleanText::of(&error.text, &names).into_string();
    }
    let (records, baseline) = redaction.apply_beside(records, &published, baseline);
    let saved = save(&records, command.save_records.as_deref());
    let plan = ReportPlan { destinations, csv, rules };
    let exit = report(&records, &published, &plan, reporting, baseline.as_ref(), None);
    let exit = exit.or(saved);
    // The program ends next, and need not wait until millions of allocations are freed.
    thread::spawn(move || drop(records));
    Ok(exit)
}
