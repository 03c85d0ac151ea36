//! The report as a ticket in Markdown (`CommonMark` with tables): the verdict, what each team has
//! to do with everywhere it is to be done, and below the evidence, folded.

mod evidence;
pub(super) mod inert;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::beside_rules::{self, AgreementGroup};
use super::diff::table;
use super::only_owners::{consequences, left_out};
use super::test_commands::{TestCommand, TestCommands};
use super::wording::{counted, counts_line, listed, measured_at, runtime, sighted, team_of};
use super::{Guarded, step_words, verdict_line};
use crate::diagnose::catalogue;
use crate::model::{AddressSet, Cause, RuleAgreement, Status};
use crate::report_v1::{Action, Destination, Endpoint, Report};
use inert::{cell, code, inline};

/// How many destinations stand in a table before their networks are summed up above it.
const SINGLY: usize = 16;

/// Writes the report as a ticket.
///
/// # Errors
/// What `out` returns.
pub fn report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut out = Guarded::new(out);
    write_head(report, &mut out)?;
    write_tasks(report, &mut out)?;
    write_next(report, &mut out)?;
    write_rules(report, &mut out)?;
    write_changes(report, &mut out)?;
    evidence::write(report, &mut out)?;
    write_measured(report, &mut out)?;
    out.finish().map(drop)
}

/// The word for a status, never by a symbol or colour alone.
const fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "PASS",
        Status::Warn => "WARN",
        Status::Fail => "FAIL",
        Status::Unknown => "UNKNOWN",
    }
}

/// The verdict, and what it means for the runtime.
fn write_head(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let verdict = verdict_line::of_report(report);
    writeln!(out, "# {}: {}\n", word(verdict.status), inline(&verdict.words))?;
    let prediction = &report.prediction;
    let because = if verdict.is_surprise { &*prediction.because } else { &[] };
    let because = because.iter().map(Cow::from);
    let consequences = consequences(&prediction.consequences, report.only.as_ref());
    let lines: Vec<Cow<'_, str>> = because.chain(consequences).collect();
    write_items(out, lines.iter().map(|line| inline(line)))?;
    let host = host(report);
    let at = measured_at(report.run.started_at);
    writeln!(out, "Measured {at} from {}: {}.\n", inline(&host), counts_line(report.summary))?;
    if let Some(text) = left_out(report) {
        writeln!(out, "{text}.\n")?;
    }
    Ok(())
}

/// The host that measured, as `shir-01 (10.50.1.10)`.
fn host(report: &Report) -> String {
    let vantage = &report.run.vantage;
    match &*vantage.addresses {
        [] => vantage.hostname.clone().into_owned(),
        addresses => format!("{} ({})", vantage.hostname, listed(addresses, 4)),
    }
}

/// What each team has to do, in the order of the report.
fn write_tasks(report: &Report, out: &mut impl Write) -> io::Result<()> {
    if report.actions.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What to do\n")?;
    let commands = TestCommands::of(report);
    for actions in report.actions.chunk_by(|left, right| left.owner == right.owner) {
        writeln!(out, "### {}\n", inline(team_of(&actions[0].owner)))?;
        for action in actions {
            write_task(report, action, out)?;
            write_test(&commands.of_action(action), out)?;
        }
    }
    Ok(())
}

/// Where the network is no reason, whoever reads this goes on to look at the host.
fn write_next(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let prediction = &report.prediction;
    if prediction.network_allows != "online" || prediction.not_looked_at.is_empty() {
        return Ok(());
    }
    writeln!(out, "## If the runtime has trouble all the same, look at this host next\n")?;
    write_items(out, prediction.not_looked_at.iter().map(|line| inline(line)))
}

fn write_task(report: &Report, action: &Action, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}\n", inline(&action.text))?;
    for cause in &action.causes {
        let sentence = Cause::parse(cause).map_or("", |known| catalogue::entry(known).sentence);
        writeln!(out, "- Why: {} {}", code(cause), inline(sentence))?;
    }
    writeln!(out)?;
    let destinations = &action.destinations;
    if destinations.is_empty() {
        return Ok(());
    }
    let from = match &*report.run.vantage.addresses {
        [] => report.run.vantage.hostname.clone().into_owned(),
        addresses => listed(addresses, usize::MAX),
    };
    writeln!(
        out,
        "{}, outbound from {}:\n",
        counted(destinations.len(), "destination"),
        inline(&from)
    )?;
    if destinations.len() > SINGLY {
        write_items(out, networks(destinations).into_iter())?;
    }
    writeln!(out, "| Name | Address | Port | Protocol |\n| --- | --- | ---: | --- |")?;
    for Destination { name, address, port, protocol } in destinations {
        let address = match address {
            Some(address) => cell(&address.to_string()),
            None => "not known here".to_owned(),
        };
        writeln!(out, "| {} | {address} | {port} | {} |", cell(name), cell(protocol))?;
    }
    writeln!(out)
}

/// How to see that it helped.
fn write_test(commands: &[TestCommand], out: &mut impl Write) -> io::Result<()> {
    if commands.is_empty() {
        return Ok(());
    }
    writeln!(out, "How to test it:\n")?;
    let lines =
        commands.iter().map(|TestCommand { says, command }| format!("{says} {}", code(command)));
    write_items(out, lines)
}

/// The addresses as the fewest networks that hold them and nothing else, by port.
fn networks(destinations: &[Destination]) -> Vec<String> {
    let mut by_port: BTreeMap<u16, Vec<&Destination>> = BTreeMap::new();
    for one in destinations {
        by_port.entry(one.port).or_default().push(one);
    }
    let of_port = |(port, all): (u16, Vec<&Destination>)| {
        let set: AddressSet = all.iter().filter_map(|one| one.address).collect();
        let prefixes = set.prefixes();
        (!prefixes.is_empty()).then(|| {
            let networks = listed(&prefixes, usize::MAX);
            format!("Port {port}, as networks that hold these addresses and no others: {networks}")
        })
    };
    by_port.into_iter().filter_map(of_port).collect()
}

/// What given rules predict beside what was measured: in a table what does not work as predicted.
fn write_rules(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let groups = beside_rules::of_report(report);
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Rules beside what was measured\n")?;
    writeln!(out, "{}.\n", beside_rules::counts(&groups))?;
    let is_shown = |own: &&AgreementGroup| own.agreement != RuleAgreement::WorksAsPredicted;
    for group in groups.iter().filter(is_shown) {
        writeln!(out, "### {}\n", beside_rules::title(group.agreement))?;
        writeln!(out, "| Endpoint | Address | Rules say | Measured | Not known |")?;
        writeln!(out, "| --- | --- | --- | --- | --- |")?;
        for (endpoint, flow) in &group.flows {
            let to = beside_rules::destination(flow);
            let by = beside_rules::decision(flow);
            let measured = flow.measured.as_deref().unwrap_or("not measured");
            let missing = flow.missing.as_deref().unwrap_or_default();
            let cells = [endpoint, &*to, &*by, measured, missing].map(cell);
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What changed since an earlier report.
fn write_changes(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let Some(changes) = &report.changes else { return Ok(()) };
    let since = report.baseline.as_ref().map(table::origin).unwrap_or_default();
    writeln!(out, "## Changes since {}\n", inline(&since))?;
    let mut is_any = false;
    for (title, is_of_section) in table::SECTIONS {
        let lines: Vec<String> = changes
            .iter()
            .filter(|change| is_of_section(&change.what))
            .filter_map(table::line)
            .map(|line| inline(&line))
            .collect();
        if !lines.is_empty() {
            is_any = true;
            writeln!(out, "### {title}\n")?;
            write_items(out, lines.into_iter())?;
        }
    }
    if !is_any {
        writeln!(out, "Nothing changed.\n")?;
    }
    Ok(())
}

/// Who measured, with what.
fn write_measured(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let run = &report.run;
    let vantage = &run.vantage;
    let took = run.took_ms.map(step_words::time).unwrap_or_default();
    let proxy = match &vantage.proxy.url {
        Some(url) => format!("{url} ({})", vantage.proxy.source),
        None => vantage.proxy.source.clone().into_owned(),
    };
    let command = match &*run.options {
        [] => String::new(),
        options => format!("pathproof {}", super::command::as_given(options)),
    };
    let exit = run.exit.map(|exit| exit.to_string()).unwrap_or_default();
    let seen = |it: &Endpoint| Some(format!("{} ({})", it.host, sighted(it.discovered.as_ref()?)));
    let found: Vec<String> = report.endpoints.iter().filter_map(seen).collect();
    let facts = [
        ("Host", host(report)),
        ("Operating system", vantage.os.to_string()),
        ("Account", vantage.account.to_string()),
        ("Runtime", run.runtime.as_ref().map(runtime).unwrap_or_default()),
        ("Names found", listed(&found, usize::MAX)),
        ("Name servers", listed(&vantage.resolvers, usize::MAX)),
        ("Proxy", proxy),
        ("Took", took),
        ("Program", format!("{} {}", report.tool.name, report.tool.version)),
        ("Command", command),
        ("Exit code", exit),
    ];
    writeln!(out, "## How it was measured\n")?;
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    write_items(out, known.map(|(name, value)| format!("{name}: {}", inline(&value))))
}

fn write_items(out: &mut impl Write, items: impl Iterator<Item = String>) -> io::Result<()> {
    let mut is_any = false;
    for item in items {
        writeln!(out, "- {item}")?;
        is_any = true;
    }
    if is_any { writeln!(out) } else { Ok(()) }
}
