//! `resolve`: names to chains and addresses, relay gateways included; nothing is connected.

use std::ffi::OsString;
use std::sync::Arc;

use anyhow::Result;

use super::arguments::{ResolveArgs, ResolveFormat};
use super::exit::Exit;
use super::input::Stdin;
use super::measure::Measurement;
use super::output;
use super::redaction::{Redaction, labelled};
use super::request;
use super::service_tag_ranges::ServiceTagRanges;
use crate::model::{LookupOutcome, Obstacle, Origin, Record, Records};
use crate::probe::tls::TlsClient;
use crate::probe::trust::ChainJudge;
use crate::report;

pub(super) fn resolve(command: &ResolveArgs, arguments: &[OsString]) -> Result<Exit> {
    if let Some(path) = &command.output {
        output::check_writable(path)?;
    }
    let mut redaction = Redaction::read(&command.redaction)?;
    let prepared = request::prepare(
        &command.targets,
        &command.measuring,
        &command.names,
        &mut Stdin::default(),
    )?;
    let tls = TlsClient::new(Arc::new(ChainJudge::new(None, Vec::new())?));
    let measurement = Measurement::new(prepared, &command.measuring, tls, true, arguments)?;
    let records = measurement.carry_out(|_, _| {})?;
    let records = redaction.apply(records, &ServiceTagRanges::default());
    let redacted = records.run.redacted.as_ref();

    let path = command.output.as_deref();
    match command.format {
        ResolveFormat::Table => {
            let (width, color) = output::style(path);
            let style = report::Style { width, color };
            let table = report::resolve::table(&records, &style);
            output::write_table(path, &labelled(&table, redacted))?;
        }
        ResolveFormat::Json => {
            output::write(path, |mut out| report::resolve::json(&records, &mut out))?;
        }
        ResolveFormat::Plain => {
            output::write(path, |mut out| report::resolve::plain(&records, &mut out))?;
        }
    }
    Ok(exit_of(&records))
}

/// A required name without an address is a violation; one that could not be looked up is unknown.
fn exit_of(records: &Records) -> Exit {
    records
        .records
        .iter()
        .filter(|record| record.endpoint.required && record.endpoint.origin != Origin::Gateway)
        .map(exit_of_record)
        .fold(Exit::Satisfied, Exit::or)
}

fn exit_of_record(record: &Record) -> Exit {
    match &record.obstacle {
        Some(
            Obstacle::NotTestable { .. }
            | Obstacle::Cancelled
            | Obstacle::BudgetSpent
            | Obstacle::NoRoute(_)
            | Obstacle::NoLocalAddress(_)
            | Obstacle::DescriptorLimit(_)
            | Obstacle::PortLimit(_),
        ) => Exit::Unknown,
        None => {
            let outcomes = || record.lookups.iter().map(|lookup| lookup.outcome());
            // A literal address has no lookups, and needs none.
            if record.lookups.is_empty() || outcomes().any(|one| one == LookupOutcome::Addresses) {
                Exit::Satisfied
            } else if outcomes().all(|one| one == LookupOutcome::NotAsked) {
                Exit::Unknown
            } else {
                Exit::Violated
            }
        }
    }
}
