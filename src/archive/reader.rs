//! Reading in rounds: a block of lines for each processor, parsed side by side. What lines define
//! is collected in their order, so that a reference is good or bad whatever the number of threads.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::num::NonZero;
use std::{iter, panic, thread};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::reference::References;
use super::{Defect, LINE_LIMIT, v1};
use crate::model::{Certificate, Lookup, Record, Records};

/// How many bytes of lines a thread parses at a time. What is in memory of the text is this, for
/// each thread, and a line more. Tests take little, so that they meet the seams.
const SHARE: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// How many records are believed to come before they do.
const ANNOUNCED: usize = 1 << 18;

/// A defect and its line.
pub(super) type Located = (usize, Defect);

pub(super) fn read(input: impl BufRead) -> Result<Records, Located> {
    let mut lines = Lines { input, n_lines: 0 };
    let (mut records, announced) = loop {
        let mut block = Block::default();
        lines.fill(&mut block, 0)?;
        let line = block.lines().next().ok_or((1, Defect::Empty))?;
        if !line.text.trim_ascii().is_empty() {
            break first_line(line.text).map_err(|defect| line.located(defect))?;
        }
    };
    let expected = announced.and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    records.records.reserve(expected.min(ANNOUNCED));

    let n_threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut blocks: Vec<Block> = iter::repeat_with(Block::default).take(n_threads).collect();
    let mut references = References::default();
    loop {
        for block in &mut blocks {
            block.clear(0);
        }
        // An error of the input comes after those of the lines in front of it.
        let filled = blocks.iter_mut().try_for_each(|block| lines.fill(block, SHARE));
        let is_end = blocks[0].ends.is_empty();
        round(&blocks, &mut references, &mut records)?;
        filled?;
        if is_end {
            break;
        }
    }
    let found = records.records.len();
    match announced {
        Some(announced) if announced != found as u64 => {
            Err((lines.n_lines, Defect::Missing { announced, found }))
        }
        _ => Ok(records),
    }
}

struct Lines<R> {
    input: R,
    n_lines: usize,
}

impl<R: BufRead> Lines<R> {
    /// Reads lines into `block`, in place of those it held, until they have more than `enough`
    /// bytes or the input ends.
    fn fill(&mut self, block: &mut Block, enough: usize) -> Result<(), Located> {
        block.clear(self.n_lines);
        loop {
            let start = block.bytes.len();
            let mut limited = self.input.by_ref().take(LINE_LIMIT as u64 + 1);
            let length = limited
                .read_until(b'\n', &mut block.bytes)
                .map_err(|error| (self.n_lines + 1, Defect::Io(error)))?;
            if length == 0 {
                return Ok(());
            }
            self.n_lines += 1;
            if length > LINE_LIMIT {
                block.bytes.truncate(start);
                return Err((self.n_lines, Defect::LineTooLong));
            }
            block.ends.push(block.bytes.len());
            if block.bytes.len() > enough {
                return Ok(());
            }
        }
    }
}

/// Lines that follow each other.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    n_before: usize,
}

impl Block {
    fn clear(&mut self, n_before: usize) {
        self.bytes.clear();
        self.ends.clear();
        self.n_before = n_before;
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let starts = iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).enumerate().map(|(at, (start, end))| {
            let text = &self.bytes[*start..*end];
            let whole = text.strip_suffix(b"\n");
            Line {
                number: self.n_before + at + 1,
                text: whole.unwrap_or(text),
                is_whole: whole.is_some(),
            }
        })
    }
}

#[derive(Clone, Copy)]
struct Line<'b> {
    number: usize,
    text: &'b [u8],
    is_whole: bool,
}

impl Line<'_> {
    /// A last line that ends in the middle of a value was cut; any other is wrong.
    fn located(&self, defect: Defect) -> Located {
        match defect {
            Defect::Json { is_cut: true, .. } if !self.is_whole => (self.number, Defect::CutInLine),
            defect => (self.number, defect),
        }
    }
}

/// Takes what `blocks` hold into `records`.
fn round(
    blocks: &[Block],
    references: &mut References,
    records: &mut Records,
) -> Result<(), Located> {
    let filled = blocks.iter().filter(|block| !block.ends.is_empty());
    let parsed = side_by_side(filled, |block| {
        block.lines().map(|line| (line.number, content(line))).collect::<Vec<_>>()
    });
    let (unresolved, defined) = define(parsed, references, records);
    let resolved = side_by_side(unresolved, |share| {
        let resolve = |(line, record): (usize, v1::Record)| {
            record.resolve(&references.before(line)).map_err(|missing| (line, missing.into()))
        };
        let mut kept: Vec<Record> = Vec::with_capacity(share.len());
        for record in share {
            kept.push(resolve(record)?);
        }
        Ok(kept)
    });
    for share in resolved {
        records.records.extend(share?);
    }
    // Everything before it was good.
    defined
}

/// Runs `work` on each of `shares`, on a thread each but for the first; the results in order.
fn side_by_side<T: Send, U: Send>(
    shares: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> U + Sync,
) -> Vec<U> {
    let mut shares = shares.into_iter();
    let Some(own) = shares.next() else { return Vec::new() };
    thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = shares.map(|share| scope.spawn(move || work(share))).collect();
        let first = work(own);
        let rest = others
            .into_iter()
            .map(|other| other.join().unwrap_or_else(|payload| panic::resume_unwind(payload)));
        iter::once(first).chain(rest).collect()
    })
}

/// What a line holds, as far as it can be known without the others.
enum Content<'b> {
    Record(Box<v1::Record<'b>>),
    Lookup {
        number: u64,
        lookup: Lookup,
    },
    Presented(v1::Presented<'b>),
    Certificate(Box<Certificate>),
    Control(Box<v1::Control<'b>>),
    Absent(v1::Absent),
    /// Blank, or of a later program that can do without being understood.
    Nothing,
}

fn content(line: Line<'_>) -> Result<Content<'_>, Located> {
    let located = |defect| line.located(defect);
    let text = line.text;
    if text.trim_ascii().is_empty() {
        return Ok(Content::Nothing);
    }
    match &*tag(text).map_err(located)? {
        "record" => parse(text).map(Content::Record),
        "lookup" => parse(text).and_then(lookup),
        "presented" => parse(text).map(Content::Presented),
        "certificate" => parse(text).and_then(certificate),
        "control" => parse(text).map(Content::Control),
        "absent" => parse(text).map(Content::Absent),
        "run" => Err(Defect::SecondRun),
        _ => Ok(Content::Nothing),
    }
    .map_err(located)
}

/// The line's type. What `write` puts in front spares the search for it.
fn tag(text: &[u8]) -> Result<Cow<'_, str>, Defect> {
    for written in ["record", "lookup"] {
        let rest = text
            .strip_prefix(br#"{"type":""#)
            .and_then(|rest| rest.strip_prefix(written.as_bytes()));
        if rest.is_some_and(|rest| rest.starts_with(b"\",")) {
            return Ok(written.into());
        }
    }
    Ok(parse::<v1::Tag>(text)?.line)
}

fn lookup(lookup: v1::Lookup<'_>) -> Result<Content<'_>, Defect> {
    Ok(Content::Lookup { number: lookup.number, lookup: lookup.try_into()? })
}

fn certificate(certificate: v1::Certificate<'_>) -> Result<Content<'_>, Defect> {
    if Sha256::digest(&certificate.der.0)[..] != certificate.sha256.0 {
        return Err(Defect::Fingerprint);
    }
    Ok(Content::Certificate(Box::new(certificate.into())))
}

/// Takes in what later lines refer to, in order up to the first error, and leaves the records in
/// front of it, share by share.
#[expect(clippy::type_complexity, reason = "the shares of one round, handed on once")]
fn define<'b>(
    parsed: Vec<Vec<(usize, Result<Content<'b>, Located>)>>,
    references: &mut References,
    records: &mut Records,
) -> (Vec<Vec<(usize, v1::Record<'b>)>>, Result<(), Located>) {
    let mut shares = Vec::with_capacity(parsed.len());
    for share in parsed {
        let mut unresolved = Vec::with_capacity(share.len());
        for (line, content) in share {
            let defined = content.and_then(|content| {
                let defined = match content {
                    Content::Nothing => Ok(()),
                    Content::Record(record) => {
                        unresolved.push((line, *record));
                        Ok(())
                    }
                    Content::Lookup { number, lookup } => {
                        references.add_lookup(line, number, lookup)
                    }
                    Content::Presented(presented) => references.add_presented(line, presented),
                    Content::Certificate(certificate) => {
                        references.add_certificate(*certificate);
                        Ok(())
                    }
                    Content::Control(control) => control
                        .trail
                        .resolve(&references.before(line))
                        .map(|trail| records.run.control = Some(trail))
                        .map_err(Defect::from),
                    Content::Absent(absent) => {
                        let before = references.before(line);
                        let lookups = absent.lookups.into_iter().map(|one| before.lookup(one));
                        lookups
                            .collect::<Result<_, _>>()
                            .map(|lookups| records.run.absent = lookups)
                            .map_err(Defect::from)
                    }
                };
                defined.map_err(|defect| (line, defect))
            });
            if defined.is_err() {
                shares.push(unresolved);
                return (shares, defined);
            }
        }
        shares.push(unresolved);
    }
    (shares, Ok(()))
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
    // At once, and not string by string.
    let line = str::from_utf8(line)
        .map_err(|error| Defect::NotUtf8 { column: error.valid_up_to() + 1 })?;
    serde_json::from_str(line).map_err(|error| {
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
