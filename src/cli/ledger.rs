//! `ledger show|export|prune`.

use std::path::Path;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use super::arguments::{Ledger, LedgerCommand, LedgerFile, LedgerFormat};
use super::exit::Exit;
use super::output;
use crate::ledger::{self, Ledger as Book};

pub(super) fn ledger(command: &Ledger) -> Result<Exit> {
    match &command.command {
        LedgerCommand::Show { file } => {
            let rows = Book::open_existing(path(file))?.rows()?;
            output::write(None, |out| out.write_all(ledger::table(&rows).as_bytes()))?;
        }
        LedgerCommand::Export { file, format, output } => {
            let rows = Book::open_existing(path(file))?.rows()?;
            let text = match format {
                LedgerFormat::Csv => ledger::csv(&rows),
                LedgerFormat::Json => format!("{:#}\n", ledger::json(&rows)),
            };
            output::write(output.as_deref(), |out| out.write_all(text.as_bytes()))?;
        }
        LedgerCommand::Prune { file, keep } => {
            let keep = SignedDuration::try_from(*keep)?;
            let pruned = Book::open_existing(path(file))?.prune(Timestamp::now() - keep)?;
            output::write(None, |out| writeln!(out, "sightings forgotten: {pruned}"))?;
        }
    }
    Ok(Exit::Satisfied)
}

/// clap asks for one of the two.
fn path(file: &LedgerFile) -> &Path {
    file.ledger.as_deref().or(file.file.as_deref()).unwrap_or(Path::new(""))
}
