//! A ledger's rows as text.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{LedgerRow, stamp};
use crate::model::visible;

/// For people: a name, its addresses below it, and how long they were there.
#[must_use]
pub fn table(rows: &[LedgerRow]) -> String {
    let mut text = String::new();
    let mut name = None;
    for row in rows {
        if name != Some(&row.name) {
            name = Some(&row.name);
            let _ = writeln!(text, "{}", visible(&row.name));
        }
        let _ = writeln!(
            text,
            "  {:<20} {} to {}  {:<9}  {}",
            row.shown(),
            minute(row.first_seen),
            minute(row.last_seen),
            row.proof.as_str(),
            visible(&row.source)
        );
    }
    if rows.is_empty() {
        text.push_str("nothing is remembered\n");
    }
    text
}

#[must_use]
pub fn json(rows: &[LedgerRow]) -> Value {
    let row = |row: &LedgerRow| {
        json!({
            "name": row.name,
            "address": row.shown(),
            "first_seen": stamp(row.first_seen),
            "last_seen": stamp(row.last_seen),
            "proof": row.proof.as_str(),
            "source": row.source,
        })
    };
    json!({"schema": "pathproof.ledger/1", "sightings": rows.iter().map(row).collect::<Vec<_>>()})
}

/// CSV (RFC 4180) with a header line.
#[must_use]
pub fn csv(rows: &[LedgerRow]) -> String {
    let mut text = "name,address,first_seen,last_seen,proof,source\r\n".to_owned();
    for row in rows {
        let fields = [
            row.name.clone(),
            row.shown(),
            stamp(row.first_seen),
            stamp(row.last_seen),
            row.proof.as_str().to_owned(),
            row.source.clone(),
        ];
        let fields: Vec<_> = fields.iter().map(|field| quoted(field)).collect();
        let _ = write!(text, "{}\r\n", fields.join(","));
    }
    text
}

impl LedgerRow {
    /// An address alone, or a prefix.
    fn shown(&self) -> String {
        if self.net.prefix_len() == self.net.max_prefix_len() {
            self.net.addr().to_string()
        } else {
            self.net.to_string()
        }
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// The field, quoted where it must be. A spreadsheet takes what begins with `=`, `+`, `-` or `@`
/// for a formula.
fn quoted(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}
