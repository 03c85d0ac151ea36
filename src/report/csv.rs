//! The change request as CSV (RFC 4180): a row a flow, to paste into a ticket or to open in a
//! spreadsheet.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;

use super::Guarded;
use super::change_request::{ChangeRow, rows};
use crate::model::visible;
use crate::report_v1::Report;

/// The columns, as the contract names them.
const COLUMNS: [&str; 17] = [
    "status",
    "cause",
    "certainty",
    "owner",
    "source",
    "name",
    "address",
    "port",
    "protocol",
    "direction",
    "route",
    "required",
    "entry",
    "purpose",
    "first_seen_utc",
    "evidence",
    "remedy",
];

/// What a report alone does not say of the rows.
#[derive(Clone, Debug, Default)]
pub struct CsvOptions {
    /// Every flow, and not only those that are not as expected.
    pub is_all: bool,
    /// Since when a name is known at an address.
    pub first_seen: FirstSeen,
}

/// Since when a ledger knows names at addresses.
#[derive(Clone, Debug, Default)]
pub struct FirstSeen(HashMap<String, Vec<(IpNet, Timestamp)>>);

impl FromIterator<(String, IpNet, Timestamp)> for FirstSeen {
    fn from_iter<T: IntoIterator<Item = (String, IpNet, Timestamp)>>(sightings: T) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        for (name, net, at) in sightings {
            by_name.entry(name).or_default().push((net, at));
        }
        Self(by_name)
    }
}

impl FirstSeen {
    /// The earliest sighting of `name` at `address`; at any, where none is known.
    fn of(&self, name: &str, address: Option<IpAddr>) -> Option<Timestamp> {
        let sightings = self.0.get(name)?.iter();
        let is_there = |net: &IpNet| address.is_none_or(|address| net.contains(&address));
        sightings.filter(|(net, _)| is_there(net)).map(|(_, at)| *at).min()
    }
}

/// Writes the flows that are not as expected, a row each.
///
/// # Errors
/// What `out` returns.
pub fn report(report: &Report, options: &CsvOptions, out: &mut impl Write) -> io::Result<()> {
    let mut out = Guarded::new(out);
    {
        let mut table =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut out);
        table.write_record(COLUMNS)?;
        for row in rows(report, options.is_all) {
            table.write_record(cells(&row, &options.first_seen).iter().map(|cell| inert(cell)))?;
        }
        table.flush()?;
    }
    out.finish().map(drop)
}

fn cells(row: &ChangeRow, first_seen: &FirstSeen) -> [String; 17] {
    let first_seen = first_seen.of(&row.name, row.address).or(row.first_seen);
    [
        row.status.to_owned(),
        row.cause.to_string(),
        row.certainty.to_string(),
        row.owner.to_string(),
        row.source.clone(),
        row.name.to_string(),
        row.address.map(|address| address.to_string()).unwrap_or_default(),
        row.port.to_string(),
        row.protocol.to_string(),
        ChangeRow::DIRECTION.to_owned(),
        row.route.to_string(),
        row.required.to_string(),
        row.entry.to_string(),
        row.purpose.to_string(),
        first_seen.map(|at| at.to_string()).unwrap_or_default(),
        row.evidence.join("; "),
        row.remedy.to_string(),
    ]
}

/// A cell that a spreadsheet shows and does not compute, on one line. Spreadsheets take a
/// full-width sign for its narrow twin.
fn inert(cell: &str) -> String {
    const COMPUTED: [char; 8] =
        ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    let shown = visible(cell);
    if shown.trim_start().starts_with(COMPUTED) { format!("'{shown}") } else { shown.into_owned() }
}
