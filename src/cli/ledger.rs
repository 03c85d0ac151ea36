//! `ledger show|export|prune`.

use std::path::Path;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use super::arguments::{Ledger, LedgerCommand, LedgerFile, LedgerFormat};
use super::exit::Exit;
use super::hint;
use super::output;
use crate::ledger::{self, Ledger as Book, Row};

pub(super) fn ledger(command: &Ledger) -> Result<Exit> {
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
            let mut book = Book::open_existing(path(file))?;
            settle(&mut book, now)?;
            let pruned = book.prune(now - keep)?;
            output::write(None, |out| writeln!(out, "sightings forgotten: {pruned}"))?;
        }
    }
    Ok(Exit::Satisfied)
}

/// What is remembered, with a word on what claims to be seen later than now.
fn read(path: &Path) -> Result<Vec<Row>> {
    let rows = Book::open_to_read(path)?.rows()?;
    let now = Timestamp::now();
    let ahead: Vec<_> = rows.iter().filter(|row| row.last_seen > now).collect();
    name_ahead(&ahead, "they count as seen now, and the next command that writes sets them to now");
    Ok(rows)
}

/// Sets to now what a clock that was ahead has left in a ledger: by `--keep` it would stay for
/// ever.
pub(super) fn settle(book: &mut Book, now: Timestamp) -> Result<()> {
    let ahead = book.settle(now)?;
    name_ahead(&ahead.iter().collect::<Vec<_>>(), "they count as seen now from here on");
    Ok(())
}

fn name_ahead(ahead: &[&Row], what: &str) {
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

/// clap asks for one of the two.
fn path(file: &LedgerFile) -> &Path {
    file.ledger.as_deref().or(file.file.as_deref()).unwrap_or(Path::new(""))
}
