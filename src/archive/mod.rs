//! Records to and from JSON Lines. Pure: readers and writers are arguments.
//!
//! The first line says what holds for the run and which schema the file follows. Every other line
//! has a type and refers only to lines before it. Certificates, chains and lookups are written once
//! and shared again when they are read.
//!
//! ```text
//! {"type":"run","schema":"pathproof.records/1","version":"0.1.0","records":2,…}
//! {"type":"lookup","number":0,"resolver":{"server":"10.0.0.53:53"},"name":"ns.contoso.com",…}
//! {"type":"certificate","sha256":"…","subject":"CN=servicebus.windows.net",…,"der":"…"}
//! {"type":"presented","number":0,"chain":["…"],"trust":{…}}
//! {"type":"record","endpoint":{…},"route":{…},"lookups":[0],"trails":[…],"at":"2026-03-01T…Z"}
//! ```

#[cfg(test)]
pub(crate) mod arbitrary;
mod reader;
mod reference;
mod v1;

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::model::{
    Failure, FileKind, FollowUps, Lookup, Presented, ProxyLookup, Record, Records, Trail,
};
use reference::Numbers;
pub use reference::Unresolved;

/// The longest line that is read, bytes. A record holds at most a few dozen kilobytes for each of
/// its addresses.
pub const LINE_LIMIT: usize = 16 << 20;

/// Writes `records`, line by line.
///
/// # Errors
/// What `out` returns.
pub fn write(records: &Records, out: &mut impl Write) -> io::Result<()> {
    let mut writer = RecordsWriter { out, line: Vec::new(), numbers: Numbers::default() };
    writer.line(&v1::Run::new(&records.run, records.records.len()))?;
    if let Some(trail) = &records.run.control {
        writer.chains_of(trail)?;
        let trail = v1::Trail::new(trail, &writer.numbers);
        writer.line(&v1::Control { trail })?;
    }
    if !records.run.absent.is_empty() {
        let lookups = writer.lookups(&records.run.absent)?;
        writer.line(&v1::Absent { lookups })?;
    }
    for record in &records.records {
        writer.record(record)?;
    }
    writer.out.flush()
}

struct RecordsWriter<'o, W> {
    out: &'o mut W,
    line: Vec<u8>,
    numbers: Numbers,
}

impl<W: Write> RecordsWriter<'_, W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let lookups = self.lookups(&record.lookups)?;
        let mut proxies = Vec::with_capacity(record.proxies.len());
        for ProxyLookup { proxy, lookups } in &record.proxies {
            proxies.push(v1::ProxyLookup::new(proxy, self.lookups(lookups)?));
        }
        for trail in &record.trails {
            self.chains_of(trail)?;
        }
        let follow_ups = self.follow_ups(&record.follow_ups)?;
        let trails = record.trails.iter().map(|trail| v1::Trail::new(trail, &self.numbers));
        let trails = trails.collect();
        let follow_ups = follow_ups.map(|lookups| {
            Box::new(v1::FollowUps::new(&record.follow_ups, lookups, &self.numbers))
        });
        self.line(&v1::Record::new(record, lookups, proxies, trails, follow_ups))
    }

    /// Writes what the follow-ups of a record refer to; the lookups of each revocation host, where
    /// anything was asked again at all.
    fn follow_ups(&mut self, follow_ups: &FollowUps) -> io::Result<Option<Vec<Vec<u64>>>> {
        if follow_ups.is_empty() {
            return Ok(None);
        }
        let FollowUps { located: _, segments, holds, upgrade, revocation, old_hellos: _ } =
            follow_ups;
        let hosts = revocation.iter().flat_map(|host| &host.trails);
        for trail in holds.iter().chain(upgrade).chain(hosts) {
            self.chains_of(trail)?;
        }
        for rung in segments.iter().flat_map(|ladder| &ladder.rungs) {
            if let Some(presented) = rung.failure.as_ref().and_then(Failure::presented) {
                self.chain(presented)?;
            }
        }
        revocation
            .iter()
            .map(|host| self.lookups(&host.lookups))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Writes those of `lookups` that are new, and gives the numbers of all.
    fn lookups(&mut self, lookups: &[Arc<Lookup>]) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::with_capacity(lookups.len());
        for lookup in lookups {
            let (number, is_new) = self.numbers.add_lookup(lookup);
            if is_new {
                self.line(&v1::Lookup::new(number, lookup))?;
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// Writes what `trail` will refer to, where that is new.
    fn chains_of(&mut self, trail: &Trail) -> io::Result<()> {
        trail.presented().try_for_each(|presented| self.chain(presented))
    }

    fn chain(&mut self, presented: &Presented) -> io::Result<()> {
        let Some(number) = self.numbers.add_presented(presented) else { return Ok(()) };
        for certificate in presented.chain.iter() {
            if self.numbers.add_certificate(certificate) {
                self.line(&v1::Certificate { certificate })?;
            }
        }
        self.line(&v1::Presented::new(number, presented))
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

/// Reads what [`write()`] wrote. `name` is what errors call the input: a path, or `standard input`.
///
/// # Errors
/// [`ArchiveError`] with the line and what was expected there.
pub fn read(input: impl BufRead + Send, name: &str) -> Result<Records, ArchiveError> {
    reader::read(input).map_err(|(line, defect)| ArchiveError {
        name: name.to_owned(),
        line,
        defect,
    })
}

/// Why saved records cannot be read, and where.
#[derive(Debug, thiserror::Error)]
#[error("{name}:{line}: {defect}")]
pub struct ArchiveError {
    /// The input, as the caller calls it.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there. Not a source: its words are part of the message.
    pub defect: Defect,
}

/// What is wrong with a line, or with the whole.
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    #[error("cannot be read: {0}")]
    Io(io::Error),
    #[error("is empty: expected records as `check --save-records` writes them")]
    Empty,
    /// The file is none of the program's own.
    #[error(
        "holds no saved records: expected {{\"type\":\"run\",\"schema\":\"{}\",…}} as \
         `check --save-records` writes it",
        v1::SCHEMA
    )]
    NotRecords,
    /// The file is another of the program's own.
    #[error("this is {0}; saved records are meant here, which `check --save-records` writes")]
    OtherKind(FileKind),
    /// The file has a schema that this program does not know.
    #[error("has the schema {0:?}, and this program reads {known}: use a newer pathproof",
        known = v1::SCHEMA)]
    Schema(String),
    /// The line is not JSON, or is JSON of another shape.
    #[error("column {column}: {expected}")]
    Json {
        /// The column, from 1, bytes.
        column: usize,
        /// What was expected, and what was found.
        expected: String,
        /// The line ends too early.
        is_cut: bool,
    },
    /// The line is not UTF-8.
    #[error("column {column}: is not UTF-8")]
    NotUtf8 {
        /// The column, from 1, bytes.
        column: usize,
    },
    /// The last line has no end.
    #[error("the file is cut in the middle of this line: save or copy it again")]
    CutInLine,
    /// The last lines are missing.
    #[error(
        "the file is cut: its first line announces {announced} records, and {found} are here: \
         save or copy it again"
    )]
    Missing {
        /// What the first line says.
        announced: u64,
        found: usize,
    },
    /// Longer than [`LINE_LIMIT`].
    #[error("the line is longer than {} MiB", LINE_LIMIT >> 20)]
    LineTooLong,
    /// The line refers to something that no earlier line holds.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// A number given twice.
    #[error("{what} {number} stands in an earlier line already")]
    Twice {
        /// What the number was given to.
        what: &'static str,
        number: u64,
    },
    /// The bytes of a certificate have another digest than the line says.
    #[error("`sha256` is not the SHA-256 of `der`: the certificate was altered")]
    Fingerprint,
    /// A second run begins within the file.
    #[error("a second run begins here: a file holds one run")]
    SecondRun,
}

#[cfg(test)]
mod tests;
