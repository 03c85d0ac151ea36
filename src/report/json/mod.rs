//! The JSON report (contract, JSON report), whole and as JSON Lines.

pub(super) mod of_model;

use std::io::{self, Write};
use std::net::IpAddr;
use std::ops::ControlFlow;

use serde::Serialize;

use super::assemble::{Judged, in_order};
use super::diff::Diff;
use crate::model::{Conclusion, Record, Records, Run, Verdict};
use crate::ordered_work::OrderedWork;
use crate::report_v1::{self, Begin, Line, NAMES_SCHEMA, Report};
use of_model::Chains;

/// How many endpoints one thread renders at a time: what is held in memory is a few of these.
const BATCH: usize = 1024;

/// Writes the report of a run: one object, an endpoint a line, so that it can be read, searched
/// and compared line by line. `since` is what changed since the baseline.
///
/// # Errors
/// What `out` returns.
pub fn report(
    records: &Records,
    conclusion: &Conclusion,
    since: Option<&Diff>,
    out: &mut (impl Write + Send),
) -> io::Result<()> {
    let report = of_model::without_endpoints(&records.run, conclusion, since);
    around(&report, out, |out| judged(&in_order(records, conclusion), out))
}

/// Writes a whole report, as [`report`] writes that of a run: a saved one, byte for byte.
///
/// # Errors
/// What `out` returns.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    around(report, out, |out| {
        for (at, endpoint) in report.endpoints.iter().enumerate() {
            out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, endpoint)?;
        }
        Ok(())
    })
}

/// Writes what stands around the endpoints, a part a line.
fn around<W: Write>(
    report: &Report,
    out: &mut W,
    endpoints: impl FnOnce(&mut W) -> io::Result<()>,
) -> io::Result<()> {
    field(out, b"{", "schema", &report.schema)?;
    field(out, b",\n", "tool", &report.tool)?;
    field(out, b",\n", "run", &report.run)?;
    field(out, b",\n", "summary", &report.summary)?;
    field(out, b",\n", "findings", &report.findings)?;
    field(out, b",\n", "actions", &report.actions)?;
    out.write_all(b",\n\"endpoints\":[")?;
    endpoints(out)?;
    out.write_all(b"]")?;
    field(out, b",\n", "prediction", &report.prediction)?;
    if let Some(baseline) = &report.baseline {
        field(out, b",\n", "baseline", baseline)?;
    }
    if let Some(changes) = &report.changes {
        field(out, b",\n", "changes", changes)?;
    }
    if let Some(only) = &report.only {
        field(out, b",\n", "only", only)?;
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
    field(out, b"{", "schema", &NAMES_SCHEMA)?;
    field(out, b",\n", "tool", &of_model::TOOL)?;
    field(out, b",\n", "run", &of_model::finished(run))?;
    out.write_all(b",\n\"names\":[")?;
    let mut separator: &[u8] = b"\n";
    for (record, verdict, addresses) in names {
        out.write_all(separator)?;
        serde_json::to_writer(&mut *out, &of_model::name(record, &verdict, addresses))?;
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
fn judged(judged: &[Judged], out: &mut (impl Write + Send)) -> io::Result<()> {
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
    let mut chains = Chains::default();
    for (at, (record, verdict)) in judged.iter().enumerate() {
        if at > 0 {
            buffer.extend_from_slice(b",\n");
        }
        serde_json::to_writer(&mut *buffer, &of_model::endpoint(record, verdict, &mut chains))
            .expect("a Vec takes every byte, and no map of the report has keys that are not text");
    }
}

/// The line that opens a stream of endpoints.
///
/// # Errors
/// What `out` returns.
pub fn begin(run: &Run, out: &mut impl Write) -> io::Result<()> {
    line(&Line::Begin(Box::new(of_model::begin(run))), out)
}

/// The line of an endpoint that is done.
///
/// # Errors
/// What `out` returns.
pub fn endpoint(record: &Record, verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    let mut chains = Chains::default();
    let endpoint = of_model::endpoint(record, verdict, &mut chains);
    line(&Line::Endpoint(Box::new(endpoint)), out)
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
    line(&Line::End(Box::new(of_model::end(run, conclusion, since))), out)?;
    out.flush()
}

/// Writes the report of a run as JSON Lines, in the order of the report: nothing is left to be
/// waited for.
///
/// # Errors
/// What `out` returns.
pub fn lines(
    records: &Records,
    conclusion: &Conclusion,
    since: Option<&Diff>,
    out: &mut impl Write,
) -> io::Result<()> {
    begin(&records.run, out)?;
    for (record, verdict) in in_order(records, conclusion) {
        endpoint(record, verdict, out)?;
    }
    end(&records.run, conclusion, since, out)
}

/// Writes a whole report, as [`lines`] writes that of a run: a saved one, byte for byte.
///
/// # Errors
/// What `out` returns.
pub fn write_lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let run = report_v1::Run { took_ms: None, exit: None, fail_on: None, ..report.run.clone() };
    line(
        &Line::Begin(Box::new(Begin {
            schema: report.schema.clone(),
            tool: report.tool.clone(),
            run,
        })),
        out,
    )?;
    for endpoint in &report.endpoints {
        line(&Line::Endpoint(Box::new(endpoint.clone())), out)?;
    }
    line(&Line::End(Box::new(of_model::end_of(report))), out)?;
    out.flush()
}

fn line(line: &Line, out: &mut impl Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    // In one piece: whoever reads along sees whole lines.
    out.write_all(&line)
}

#[cfg(test)]
mod tests;
