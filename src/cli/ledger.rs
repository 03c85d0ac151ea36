//! The commands `ledger show`, `ledger export` and `ledger prune`.

use std::path::Path;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use super::arguments::{LedgerArgs, LedgerCommand, LedgerFileArgs, LedgerFormat};
use super::exit::Exit;
use super::hint;
use super::output;
use crate::ledger::{self, Ledger, LedgerRow};

pub(super) fn ledger(command: &LedgerArgs) -> Result<Exit> {
    match &command.command {
        LedgerCommand::Show { file } => {
            let rows = read(path(file))?;
            output::write(None, |out| out.write_all(ledger::table(&rows).as_bytes()))?;
        }
        LedgerCommand::Export { file, format, output } => {
            let rows = read(path(file))?;
            let text = match format {
                LedgerFormat::Csv => ledger::csv(&rows),
                LedgerFormat::Json => format!("{:#}\n", ledger::json(&rows)),
            };
            output::write(output.as_deref(), |out| out.write_all(text.as_bytes()))?;
        }
        LedgerCommand::Prune { file, keep } => {
            let keep = SignedDuration::try_from(*keep)?;
            let now = Timestamp::now();
            let mut book = Ledger::open_existing(path(file))?;
            settle(&mut book, now)?;
            let pruned = book.prune(now - keep)?;
            output::write(None, |out| writeln!(out, "sightings forgotten: {pruned}"))?;
        }
    }
    Ok(Exit::Satisfied)
}

/// Reads every row, with a hint on those that were seen later than now.
fn read(path: &Path) -> Result<Vec<LedgerRow>> {
    let rows = Ledger::open_to_read(path)?.rows()?;
    let now = Timestamp::now();
    let ahead: Vec<_> = rows.iter().filter(|row| row.last_seen > now).collect();
    name_ahead(&ahead, "they count as seen now, and the next command that writes sets them to now");
    Ok(rows)
}

/// Sets sightings later than now, which a wrong clock has left, to now: otherwise `--keep` would
/// never let them go.
pub(super) fn settle(book: &mut Ledger, now: Timestamp) -> Result<()> {
    let ahead = book.settle(now)?;
    name_ahead(&ahead.iter().collect::<Vec<_>>(), "they count as seen now from here on");
    Ok(())
}

fn name_ahead(ahead: &[&LedgerRow], what: &str) {
    const NAMED: usize = 3;
    let Some(latest) = ahead.iter().map(|row| row.last_seen).max() else { return };
    let named: Vec<_> =
        ahead.iter().take(NAMED).map(|row| format!("{} of {}", row.net, row.name)).collect();
    let more = match ahead.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    hint::hint(&format!(
        "the ledger holds sightings later than now, up to {}, so a clock was wrong when they were \
         noted, or is now: {}{more}; {what}",
        latest.strftime("%Y-%m-%d %H:%M"),
        named.join(", ")
    ));
}

/// The file; clap makes sure that one of the two is given.
fn path(file: &LedgerFileArgs) -> &Path {
    file.ledger.as_deref().or(file.file.as_deref()).unwrap_or(Path::new(""))
}
