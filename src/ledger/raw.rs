//! Rows as the file has them, and the checksums that show that nobody changed them.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{LedgerFailure, LedgerResult, LedgerRow, LedgerSighting, Proof, stamp};

/// A row, all text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawRow {
    pub(super) name: String,
    pub(super) net: String,
    pub(super) first_seen: String,
    pub(super) last_seen: String,
    pub(super) proof: String,
    pub(super) source: String,
}

impl RawRow {
    pub(super) fn of(sighting: &LedgerSighting) -> Self {
        Self {
            name: sighting.name.clone(),
            net: sighting.net.to_string(),
            first_seen: stamp(sighting.at),
            last_seen: stamp(sighting.at),
            proof: sighting.proof.as_str().to_owned(),
            source: sighting.source.clone(),
        }
    }

    /// This row after another sighting of the same address. An older report that is read late moves
    /// nothing back.
    pub(super) fn with(&self, seen: &Self) -> Self {
        let last = if seen.last_seen >= self.last_seen { seen } else { self };
        Self { first_seen: self.first_seen.clone().min(seen.first_seen.clone()), ..last.clone() }
    }

    pub(super) fn read(self) -> LedgerResult<LedgerRow> {
        let damaged = |what: &str| LedgerFailure::Damaged(format!("'{what}' of {}", self.name));
        Ok(LedgerRow {
            net: self.net.parse().map_err(|_| damaged(&self.net))?,
            first_seen: self.first_seen.parse().map_err(|_| damaged(&self.first_seen))?,
            last_seen: self.last_seen.parse().map_err(|_| damaged(&self.last_seen))?,
            proof: Proof::parse(&self.proof).ok_or_else(|| damaged(&self.proof))?,
            source: self.source,
            name: self.name,
        })
    }

    fn sum(&self) -> i64 {
        let fields =
            [&self.name, &self.net, &self.first_seen, &self.last_seen, &self.proof, &self.source];
        let mut digest = Sha256::new();
        for field in fields {
            digest.update((field.len() as u64).to_le_bytes());
            digest.update(field);
        }
        let mut front = [0; 8];
        front.copy_from_slice(&digest.finalize()[..8]);
        i64::from_le_bytes(front)
    }
}

/// How many rows there are, and the sum of their checksums: a page that is lost takes its rows
/// with it without a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Total {
    rows: i64,
    sum: i64,
}

impl Total {
    pub(super) fn add(&mut self, row: &RawRow) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(row.sum());
    }

    pub(super) fn remove(&mut self, row: &RawRow) {
        self.rows -= 1;
        self.sum = self.sum.wrapping_sub(row.sum());
    }
}

pub(super) fn total(connection: &Connection) -> LedgerResult<Total> {
    let mut query = connection.prepare("SELECT rows, sum FROM total")?;
    let all = query.query_map([], |row| Ok(Total { rows: row.get(0)?, sum: row.get(1)? }))?;
    match all.collect::<Result<Vec<_>, _>>()?[..] {
        [total] => Ok(total),
        _ => Err(LedgerFailure::Damaged("it does not say how many rows it has".to_owned())),
    }
}

pub(super) fn put_total(connection: &Connection, total: Total) -> LedgerResult<()> {
    connection.execute("UPDATE total SET rows = ?1, sum = ?2", [total.rows, total.sum])?;
    Ok(())
}

/// Every row with its checksum; layout 1 has none.
pub(super) fn raw_rows(
    connection: &Connection,
    has_sums: bool,
) -> LedgerResult<Vec<(RawRow, i64)>> {
    let sum = if has_sums { "sum" } else { "0" };
    let mut query = connection.prepare(&format!(
        "SELECT name, net, first_seen, last_seen, proof, source, {sum} FROM sighting"
    ))?;
    let rows = query.query_map([], raw)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every row, checked to be as it was written, and none missing.
pub(super) fn checked_rows(connection: &Connection, has_sums: bool) -> LedgerResult<Vec<RawRow>> {
    let rows = raw_rows(connection, has_sums)?;
    if !has_sums {
        return Ok(rows.into_iter().map(|(row, _)| row).collect());
    }
    let mut found = Total::default();
    for (row, sum) in &rows {
        check(row, *sum)?;
        found.add(row);
    }
    let expected = total(connection)?;
    if found != expected {
        return Err(LedgerFailure::Damaged(format!(
            "it has {} rows, and {} were written",
            found.rows, expected.rows
        )));
    }
    Ok(rows.into_iter().map(|(row, _)| row).collect())
}

/// The row of a name and an address.
pub(super) fn raw_row(
    connection: &Connection,
    name: &str,
    net: &str,
) -> LedgerResult<Option<RawRow>> {
    let mut query = connection.prepare_cached(
        "SELECT name, net, first_seen, last_seen, proof, source, sum FROM sighting
         WHERE name = ?1 AND net = ?2",
    )?;
    let Some((row, sum)) = query.query_row([name, net], raw).optional()? else { return Ok(None) };
    check(&row, sum)?;
    Ok(Some(row))
}

pub(super) fn put(connection: &Connection, row: &RawRow) -> LedgerResult<()> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO sighting (name, net, first_seen, last_seen, proof, source, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let RawRow { name, net, first_seen, last_seen, proof, source } = row;
    put.execute(params![name, net, first_seen, last_seen, proof, source, row.sum()])?;
    Ok(())
}

fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<(RawRow, i64)> {
    let read = RawRow {
        name: row.get(0)?,
        net: row.get(1)?,
        first_seen: row.get(2)?,
        last_seen: row.get(3)?,
        proof: row.get(4)?,
        source: row.get(5)?,
    };
    Ok((read, row.get(6)?))
}

fn check(row: &RawRow, sum: i64) -> LedgerResult<()> {
    if row.sum() == sum {
        return Ok(());
    }
    Err(LedgerFailure::Damaged(format!("the checksum of {} at '{}' is wrong", row.net, row.name)))
}
