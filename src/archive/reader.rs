//! Reads a file in blocks of lines. Threads parse the blocks in parallel, and what they hold is
//! taken in the order of the lines: whether a reference is good, and which error comes first, does
//! not depend on the number of threads.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::iter;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::reference::References;
use super::{Defect, LINE_LIMIT, v1};
use crate::model::{Certificate, FileKind, Lookup, Records};
use crate::ordered_work::OrderedWork;

/// How many bytes of lines a thread parses at a time. Of the text no more than this is in memory
/// for each thread, and one line. Tests take little, so that lines end at borders of blocks.
const SHARE: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// For how many records memory is reserved, however many the first line announces.
const ANNOUNCED: usize = 1 << 18;

/// How much of a file that is not ours is looked at to say what it is, bytes.
const KIND_WITHIN: u64 = 512;

/// A defect and its line.
pub(super) type LineDefect = (usize, Defect);

pub(super) fn read(mut input: impl BufRead + Send) -> Result<Records, LineDefect> {
    let (n_lines, mut records, announced) = begin(&mut input)?;
    let expected = announced.and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    records.records.reserve(expected.min(ANNOUNCED));

    let taken = Taken { n_lines, records, references: References::default(), defect: None };
    let lines = LineSource { input, rest: Vec::new(), is_end: false };
    let Taken { n_lines, records, defect, .. } =
        OrderedWork::new(lines, taken).run(usize::MAX, |work| {
            let mut block = LineBlock::default();
            while let Some(((), ticket)) = work.next(|lines| lines.fill(&mut block)) {
                let failed = block.failed.take();
                let parsed = block.lines().map(content).collect();
                ticket.submit(|taken| taken.take(parsed, failed));
            }
        });
    let found = records.records.len();
    match (defect, announced) {
        (Some(defect), _) => Err((n_lines, defect)),
        (None, Some(announced)) if announced != found as u64 => {
            Err((n_lines, Defect::Missing { announced, found }))
        }
        (None, _) => Ok(records),
    }
}

/// Reads up to the line that says what holds for the run: how many lines that are, what it says,
/// and how many records it announces.
fn begin(input: &mut impl BufRead) -> Result<(usize, Records, Option<u64>), LineDefect> {
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let length = input
            .take(LINE_LIMIT as u64 + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| (number, Defect::Io(error)))?;
        if length == 0 {
            break;
        }
        let line = RawLine::new(&bytes);
        if line.is_too_long() {
            return Err((number, Defect::LineTooLong));
        }
        if !line.text.trim_ascii().is_empty() {
            let (records, announced) = first_line(line).map_err(|defect| {
                // Most of our files begin with their schema; indented ones on the second line.
                let mut seen = bytes.clone();
                let _ = input.take(KIND_WITHIN).read_to_end(&mut seen);
                match (defect, FileKind::of(&seen)) {
                    (_, Some(kind)) if kind != FileKind::Records => {
                        (number, Defect::OtherKind(kind))
                    }
                    (defect, _) => (number, defect),
                }
            })?;
            return Ok((number, records, announced));
        }
    }
    Err((1, Defect::Empty))
}

/// The lines that are not read yet.
struct LineSource<R> {
    input: R,
    /// The beginning of a line whose end was not in the last block.
    rest: Vec<u8>,
    is_end: bool,
}

impl<R: Read> LineSource<R> {
    /// Reads lines into `block`, in place of those it held. Only the last line of the input can be
    /// without its end, and one that is too long anyway.
    fn fill(&mut self, block: &mut LineBlock) -> Option<()> {
        let bytes = &mut block.bytes;
        bytes.clear();
        bytes.append(&mut self.rest);
        while !self.is_end && bytes.len() <= LINE_LIMIT {
            let start = bytes.len();
            match self.input.by_ref().take(SHARE as u64).read_to_end(bytes) {
                Ok(length) => self.is_end = length == 0,
                Err(error) => {
                    self.is_end = true;
                    block.failed = Some(error);
                }
            }
            let line_break = bytes[start..].iter().rposition(|byte| *byte == b'\n');
            let whole = line_break.map_or(0, |at| start + at + 1);
            if block.failed.is_some() {
                bytes.truncate(whole);
                return Some(());
            }
            if whole > 0 {
                self.rest.extend_from_slice(&bytes[whole..]);
                bytes.truncate(whole);
                return Some(());
            }
        }
        (!bytes.is_empty()).then_some(())
    }
}

/// Lines that follow each other.
#[derive(Default)]
struct LineBlock {
    bytes: Vec<u8>,
    /// What kept the input from being read on after them.
    failed: Option<io::Error>,
}

impl LineBlock {
    fn lines(&self) -> impl Iterator<Item = RawLine<'_>> {
        let mut rest = &*self.bytes;
        iter::from_fn(move || {
            let from = rest;
            let length = rest.skip_until(b'\n').ok().filter(|length| *length > 0)?;
            Some(RawLine::new(&from[..length]))
        })
    }
}

#[derive(Clone, Copy)]
struct RawLine<'b> {
    text: &'b [u8],
    is_whole: bool,
}

impl<'b> RawLine<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        let whole = bytes.strip_suffix(b"\n");
        Self { text: whole.unwrap_or(bytes), is_whole: whole.is_some() }
    }

    fn is_too_long(self) -> bool {
        self.text.len() + usize::from(self.is_whole) > LINE_LIMIT
    }

    /// A last line that ends in the middle of a value was cut; any other is wrong.
    fn defect(self, defect: Defect) -> Defect {
        match defect {
            Defect::Json { is_cut: true, .. } if !self.is_whole => Defect::CutInLine,
            defect => defect,
        }
    }
}

/// What a line holds, as far as it can be known without the others.
enum Content {
    Record(Box<v1::Record<'static>>),
    Lookup {
        number: u64,
        lookup: Arc<Lookup>,
    },
    Presented(v1::Presented),
    Certificate(Box<Certificate>),
    Control(Box<v1::Control<'static>>),
    Absent(v1::Absent),
    /// The line is blank, or of a type that a later program added.
    Nothing,
}

fn content(line: RawLine<'_>) -> Result<Content, Defect> {
    let text = line.text;
    if line.is_too_long() {
        return Err(Defect::LineTooLong);
    }
    if text.trim_ascii().is_empty() {
        return Ok(Content::Nothing);
    }
    match &*tag(text).map_err(|defect| line.defect(defect))? {
        "record" => parse(text).map(Content::Record),
        "lookup" => parse(text).map(lookup),
        "presented" => parse(text).map(Content::Presented),
        "certificate" => parse(text).and_then(certificate),
        "control" => parse(text).map(Content::Control),
        "absent" => parse(text).map(Content::Absent),
        "run" => Err(Defect::SecondRun),
        _ => Ok(Content::Nothing),
    }
    .map_err(|defect| line.defect(defect))
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

fn lookup(lookup: v1::Lookup<'_>) -> Content {
    Content::Lookup { number: lookup.number, lookup: Arc::new(lookup.into()) }
}

fn certificate(certificate: Certificate) -> Result<Content, Defect> {
    // A redacted certificate is known by facts alone.
    if !certificate.der.is_empty()
        && Sha256::digest(&certificate.der)[..] != certificate.fingerprint
    {
        return Err(Defect::Fingerprint);
    }
    Ok(Content::Certificate(Box::new(certificate)))
}

/// What was read so far, in the order of the lines.
struct Taken {
    n_lines: usize,
    records: Records,
    references: References,
    /// What is wrong with the last of the lines.
    defect: Option<Defect>,
}

impl Taken {
    /// Takes the lines of a block, up to the first that is wrong, then the error that ended them.
    fn take(
        &mut self,
        parsed: Vec<Result<Content, Defect>>,
        failed: Option<io::Error>,
    ) -> ControlFlow<()> {
        let failed = failed.map(|error| Err(Defect::Io(error)));
        for line in parsed.into_iter().chain(failed) {
            self.n_lines += 1;
            if let Err(defect) = line.and_then(|content| self.line(content)) {
                self.defect = Some(defect);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn line(&mut self, content: Content) -> Result<(), Defect> {
        match content {
            Content::Record(record) => self.records.records.push(record.resolve(&self.references)?),
            Content::Lookup { number, lookup } => self.references.add_lookup(number, lookup)?,
            Content::Presented(presented) => self.references.add_presented(presented)?,
            Content::Certificate(certificate) => self.references.add_certificate(*certificate),
            Content::Control(control) => {
                self.records.run.control = Some(control.trail.resolve(&self.references)?);
            }
            Content::Absent(absent) => {
                let lookups = absent.lookups.into_iter().map(|one| self.references.lookup(one));
                self.records.run.absent = lookups.collect::<Result<_, _>>()?;
            }
            Content::Nothing => {}
        }
        Ok(())
    }
}

fn first_line(whole: RawLine<'_>) -> Result<(Records, Option<u64>), Defect> {
    let line = whole.text;
    let version = parse::<v1::Version>(line).map_err(|error| match error {
        Defect::Json { is_cut: true, .. } if !whole.is_whole => whole.defect(error),
        _ => Defect::NotRecords,
    })?;
    match version.schema.strip_prefix("pathproof.records/") {
        None => return Err(Defect::NotRecords),
        Some("1") => {}
        Some(_) => return Err(Defect::Schema(version.schema.into_owned())),
    }
    let run: v1::Run = parse(line).map_err(|defect| whole.defect(defect))?;
    let announced = run.records;
    Ok((Records { run: run.into(), records: Vec::new() }, announced))
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, Defect> {
    // Checking the whole line at once is faster than string by string.
    let line = str::from_utf8(line)
        .map_err(|error| Defect::NotUtf8 { column: error.valid_up_to() + 1 })?;
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        // serde_json adds line and column; the line is always 1 here.
        let expected = text.rsplit_once(" at line ").map_or(&*text, |(front, _)| front);
        Defect::Json {
            column: error.column(),
            expected: expected.to_owned(),
            is_cut: error.is_eof(),
        }
    })
}
