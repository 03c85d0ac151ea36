//! Records to and from JSON Lines. Pure: readers and writers are arguments.
//!
//! The first line says what holds for the run and which schema the file follows. Then come lines
//! of the types `certificate`, `presented` (a chain and how it was judged), `lookup`, `control` and
//! `record`; each refers only to what stands before it. Certificates, chains and lookups are
//! written once and shared again when they are read.
//!
//! ```text
//! {"type":"run","schema":"pathproof.records/1","version":"0.1.0","records":2,…}
//! {"type":"lookup","number":0,"resolver":{"server":"10.0.0.53:53"},"name":"ns.servicebus.windows.net",…}
//! {"type":"certificate","sha256":"…","subject":"CN=servicebus.windows.net",…,"der":"…"}
//! {"type":"presented","number":0,"chain":["…"],"trust":{…}}
//! {"type":"record","endpoint":{…},"route":{…},"lookups":[0],"trails":[…],"at":"2026-03-01T10:00:00Z"}
//! ```

#[cfg(test)]
pub(crate) mod arbitrary;
mod reference;
mod v1;

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::{Failure, Presented, Record, Records, Seen, Trail};
pub use reference::Unresolved;
use reference::{Numbers, References};

/// The longest line that is read, bytes. A record holds at most a few dozen kilobytes for each of
/// its addresses.
pub const LINE_LIMIT: usize = 16 << 20;

/// Writes `records`, line by line.
///
/// # Errors
/// What `out` returns.
pub fn write(records: &Records, out: &mut impl Write) -> io::Result<()> {
    let mut writer = Writer { out, line: Vec::new(), numbers: Numbers::default() };
    writer.line(&v1::Run::new(&records.run, records.records.len()))?;
    if let Some(trail) = &records.run.control {
        writer.chains_of(trail)?;
        let trail = v1::Trail::new(trail, &writer.numbers);
        writer.line(&v1::Control { trail })?;
    }
    for record in &records.records {
        writer.record(record)?;
    }
    writer.out.flush()
}

struct Writer<'o, W> {
    out: &'o mut W,
    line: Vec<u8>,
    numbers: Numbers,
}

impl<W: Write> Writer<'_, W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let mut lookups = Vec::with_capacity(record.lookups.len());
        for lookup in &record.lookups {
            let (number, is_new) = self.numbers.add_lookup(lookup);
            if is_new {
                self.line(&v1::Lookup::new(number, lookup))?;
            }
            lookups.push(number);
        }
        for trail in &record.trails {
            self.chains_of(trail)?;
        }
        let trails = record.trails.iter().map(|trail| v1::Trail::new(trail, &self.numbers));
        let trails = trails.collect();
        self.line(&v1::Record::new(record, lookups, trails))
    }

    /// Writes what `trail` will refer to, where that is new.
    fn chains_of(&mut self, trail: &Trail) -> io::Result<()> {
        for presented in presented_in(trail) {
            let Some(number) = self.numbers.add_presented(presented) else { continue };
            for certificate in presented.chain.iter() {
                if self.numbers.add_certificate(certificate) {
                    self.line(&v1::Certificate::from(&**certificate))?;
                }
            }
            self.line(&v1::Presented::new(number, presented))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

fn presented_in(trail: &Trail) -> impl Iterator<Item = &Presented> {
    let completed = trail.passed().iter().filter_map(|step| match &step.seen {
        Seen::Tls(session) => Some(&session.presented),
        Seen::Tcp | Seen::Http(_) | Seen::Tds(_) => None,
    });
    let broken = trail.failure().and_then(|failure| match failure {
        Failure::Tls(failure) => failure.presented.as_ref(),
        Failure::Tcp(_) | Failure::Http(_) | Failure::Tds(_) => None,
    });
    completed.chain(broken)
}

/// Reads what [`write`] wrote. `name` is what errors call the input: a path, or `standard input`.
///
/// # Errors
/// [`ArchiveError`] with the line and what was expected there.
pub fn read(mut input: impl BufRead, name: &str) -> Result<Records, ArchiveError> {
    let mut reader = Reader::default();
    let mut line = Vec::new();
    let mut n_lines = 0;
    let failed = |line, defect| ArchiveError { name: name.to_owned(), line, defect };
    loop {
        line.clear();
        n_lines += 1;
        let limit = LINE_LIMIT as u64 + 1;
        let length = input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut line)
            .map_err(|error| failed(n_lines, Defect::Io(error)))?;
        if length == 0 {
            break;
        }
        if line.len() > LINE_LIMIT {
            return Err(failed(n_lines, Defect::LineTooLong));
        }
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        reader.line(&line).map_err(|defect| match defect {
            Defect::Json { is_cut: true, .. } if !is_whole => failed(n_lines, Defect::CutInLine),
            defect => failed(n_lines, defect),
        })?;
    }
    reader.finish().map_err(|defect| failed(n_lines, defect))
}

#[derive(Default)]
struct Reader {
    records: Option<Records>,
    announced: Option<u64>,
    references: References,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), Defect> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let Some(records) = &mut self.records else {
            let (records, announced) = first_line(line)?;
            self.announced = announced;
            self.records = Some(records);
            return Ok(());
        };
        // What `write` puts in front spares the search for the type.
        if line.starts_with(br#"{"type":"record","#) {
            let record: v1::Record = parse(line)?;
            records.records.push(record.resolve(&self.references)?);
            return Ok(());
        }
        match &*parse::<v1::Tag>(line)?.line {
            "record" => {
                let record: v1::Record = parse(line)?;
                records.records.push(record.resolve(&self.references)?);
            }
            "lookup" => {
                let lookup: v1::Lookup = parse(line)?;
                let number = lookup.number;
                if !self.references.add_lookup(number, lookup.into()) {
                    return Err(Defect::Twice { what: "lookup", number });
                }
            }
            "presented" => {
                let presented: v1::Presented = parse(line)?;
                let number = presented.number;
                let presented = presented.resolve(&self.references)?;
                if !self.references.add_presented(number, presented) {
                    return Err(Defect::Twice { what: "presented chain", number });
                }
            }
            "certificate" => {
                let certificate: v1::Certificate = parse(line)?;
                if Sha256::digest(&certificate.der.0)[..] != certificate.sha256.0 {
                    return Err(Defect::Fingerprint);
                }
                self.references.add_certificate(certificate.into());
            }
            "control" => {
                let control: v1::Control = parse(line)?;
                records.run.control = Some(control.trail.resolve(&self.references)?);
            }
            "run" => return Err(Defect::SecondRun),
            // A line type of a later program, which an earlier one can do without.
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Records, Defect> {
        let records = self.records.ok_or(Defect::Empty)?;
        let found = records.records.len();
        match self.announced {
            Some(announced) if announced != found as u64 => {
                Err(Defect::Missing { announced, found })
            }
            _ => Ok(records),
        }
    }
}

fn first_line(line: &[u8]) -> Result<(Records, Option<u64>), Defect> {
    // PowerShell's `Out-File -Encoding utf8` puts a byte order mark in front.
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let version = parse::<v1::Version>(line).map_err(|error| match error {
        Defect::Json { is_cut: true, .. } => error,
        _ => Defect::NotRecords,
    })?;
    match version.schema.strip_prefix("pathproof.records/") {
        None => return Err(Defect::NotRecords),
        Some("1") => {}
        Some(_) => return Err(Defect::Schema(version.schema.into_owned())),
    }
    let run: v1::Run = parse(line)?;
    let announced = run.records;
    Ok((Records { run: run.into(), records: Vec::new() }, announced))
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, Defect> {
    serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        // serde_json adds the place, whose line is always 1 here.
        let expected = text.rsplit_once(" at line ").map_or(&*text, |(front, _)| front);
        Defect::Json {
            column: error.column(),
            expected: expected.to_owned(),
            is_cut: error.is_eof(),
        }
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
    /// What is wrong there.
    #[source]
    pub defect: Defect,
}

/// What is wrong with a line, or with the whole.
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    /// The reader failed.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// Nothing is there.
    #[error("is empty: expected records as `check --save-records` writes them")]
    Empty,
    /// Another kind of file.
    #[error(
        "holds no saved records: expected {{\"type\":\"run\",\"schema\":\"{}\",…}} as \
         `check --save-records` writes it",
        v1::SCHEMA
    )]
    NotRecords,
    /// A schema that this program does not know.
    #[error("has the schema {0:?}, and this program reads {known}: use a newer pathproof",
        known = v1::SCHEMA)]
    Schema(String),
    /// A line that is no JSON, or JSON of another shape.
    #[error("column {column}: {expected}")]
    Json {
        /// The column, from 1, bytes.
        column: usize,
        /// What was expected, and what was found.
        expected: String,
        /// The line ends too early.
        is_cut: bool,
    },
    /// The last line has no end.
    #[error("the file is cut in the middle of this line: save or copy it again")]
    CutInLine,
    /// The last lines are not there.
    #[error(
        "the file is cut: its first line announces {announced} records, and {found} are here: \
         save or copy it again"
    )]
    Missing {
        /// What the first line says.
        announced: u64,
        /// What was found.
        found: usize,
    },
    /// Longer than [`LINE_LIMIT`].
    #[error("the line is longer than {} MiB", LINE_LIMIT >> 20)]
    LineTooLong,
    /// A reference to something that is not there.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// A number given twice.
    #[error("{what} {number} stands in an earlier line already")]
    Twice {
        /// Of what.
        what: &'static str,
        /// The number.
        number: u64,
    },
    /// A certificate that is not what it is called.
    #[error("`sha256` is not the SHA-256 of `der`: the certificate was altered")]
    Fingerprint,
    /// Two files in one.
    #[error("a second run begins here: a file holds one run")]
    SecondRun,
}

#[cfg(test)]
mod tests;
