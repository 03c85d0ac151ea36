//! `replay`: the same report from saved records, with no network.

use anyhow::Result;

use super::arguments::Replay;
use super::check::report;
use super::exit::Exit;
use super::input::Stdin;
use super::output;
use crate::archive;

pub(super) fn replay(command: &Replay) -> Result<Exit> {
    let destinations = output::destinations(&command.reporting)?;
    let source = Stdin::default().open(&command.records, "RECORDS")?;
    let records = archive::read(source, &command.records.display().to_string())?;
    Ok(report(&records, &destinations, command.reporting.fail_on, None))
}
