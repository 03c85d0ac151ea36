//! The JSON report (contract, JSON report), whole and as JSON Lines.

mod v1;

use std::io::{self, Write};
use std::net::IpAddr;
use std::ops::ControlFlow;

use serde::Serialize;

use super::assemble::{Judged, in_order};
use super::diff::Diff;
use crate::model::{Conclusion, Record, Records, Run, Verdict};
use crate::ordered_work::OrderedWork;

/// How many endpoints one thread renders at a time: what is held in memory is a few of these.
const BATCH: usize = 1024;

/// Writes the report: one object, an endpoint a line, so that it can be read, searched and
/// compared line by line. `since` is what changed since the baseline.
///
/// # Errors
/// What `out` returns.
pub fn report(
    records: &Records,
    conclusion: &Conclusion,
    since: Option<&Diff>,
    out: &mut (impl Write + Send),
) -> io::Result<()> {
    field(out, b"{", "schema", &v1::SCHEMA)?;
    field(out, b",\n", "tool", &v1::TOOL)?;
    field(out, b",\n", "run", &v1::Run::ended(&records.run, &conclusion.ending))?;
    field(out, b",\n", "summary", &v1::Summary::from(conclusion.summary))?;
    field(out, b",\n", "findings", &v1::findings(&conclusion.findings))?;
    field(out, b",\n", "actions", &v1::actions(&conclusion.actions))?;
    out.write_all(b",\n\"endpoints\":[")?;
    endpoints(&in_order(records, conclusion), out)?;
    out.write_all(b"]")?;
    field(out, b",\n", "prediction", &v1::Prediction::from(&conclusion.prediction))?;
    if let Some(since) = since {
        field(out, b",\n", "baseline", &since.before)?;
        field(out, b",\n", "changes", &since.changes)?;
    }
    out.write_all(b"}\n")?;
    out.flush()
}

/// Writes what `resolve` found, a name a line.
pub(super) fn names<'a>(
    run: &Run,
    names: impl Iterator<Item = (&'a Record, Verdict, Vec<IpAddr>)>,
    out: &mut impl Write,
) -> io::Result<()> {
    field(out, b"{", "schema", &v1::NAMES_SCHEMA)?;
    field(out, b",\n", "tool", &v1::TOOL)?;
    field(out, b",\n", "run", &v1::Run::finished(run))?;
    out.write_all(b",\n\"names\":[")?;
    let mut separator: &[u8] = b"\n";
    for (record, verdict, addresses) in names {
        out.write_all(separator)?;
        serde_json::to_writer(&mut *out, &v1::Name::new(record, &verdict, addresses))?;
        separator = b",\n";
    }
    out.write_all(b"]}\n")?;
    out.flush()
}

fn field(
    out: &mut impl Write,
    before: &[u8],
    name: &str,
    value: &impl Serialize,
) -> io::Result<()> {
    out.write_all(before)?;
    write!(out, "\"{name}\":")?;
    Ok(serde_json::to_writer(out, value)?)
}

/// Renders in parallel and writes in order; an error ends it.
fn endpoints(judged: &[Judged], out: &mut (impl Write + Send)) -> io::Result<()> {
    let batches = judged.chunks(BATCH);
    let most = batches.len();
    let written = OrderedWork::new(batches.enumerate(), (out, Ok(()))).run(most, |work| {
        let mut buffer = Vec::new();
        while let Some(((number, batch), ticket)) = work.next(Iterator::next) {
            buffer.clear();
            buffer.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
            render(batch, &mut buffer);
            ticket.submit(|(out, written)| {
                *written = out.write_all(&buffer);
                if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        }
    });
    written.1
}

fn render(judged: &[Judged], buffer: &mut Vec<u8>) {
    let mut chains = v1::Chains::default();
    for (at, (record, verdict)) in judged.iter().enumerate() {
        if at > 0 {
            buffer.extend_from_slice(b",\n");
        }
        serde_json::to_writer(&mut *buffer, &v1::Endpoint::new(record, verdict, &mut chains))
            .expect("a Vec takes every byte, and no map of the report has keys that are not text");
    }
}

/// The line that opens a stream of endpoints.
///
/// # Errors
/// What `out` returns.
pub fn begin(run: &Run, out: &mut impl Write) -> io::Result<()> {
    event(&v1::Event::Begin(v1::Begin::new(run)), out)
}

/// The line of an endpoint that is done.
///
/// # Errors
/// What `out` returns.
pub fn endpoint(record: &Record, verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    let mut chains = v1::Chains::default();
    event(&v1::Event::Endpoint(Box::new(v1::Endpoint::new(record, verdict, &mut chains))), out)
}

/// The line that closes a stream: what only the whole run can tell.
///
/// # Errors
/// What `out` returns.
pub fn end(
    run: &Run,
    conclusion: &Conclusion,
    since: Option<&Diff>,
    out: &mut impl Write,
) -> io::Result<()> {
    event(&v1::Event::End(v1::End::new(run, conclusion, since)), out)?;
    out.flush()
}

fn event(event: &v1::Event, out: &mut impl Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    // In one piece: whoever reads along sees whole lines.
    out.write_all(&line)
}

#[cfg(test)]
mod tests;
