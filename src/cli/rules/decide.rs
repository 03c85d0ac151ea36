//! `rules decide`: what becomes of each flow.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

use super::loaded::Loaded;
use super::{missing, set_name};
use crate::cli::arguments::{DecideArgs, DecideFormat};
use crate::cli::exit::Exit;
use crate::cli::input::{self, Stdin};
use crate::cli::output;
use crate::firewall::{Decision, Direction, Flow, RuleSet, decide_in_a_row, read_flows};
use crate::model::visible;

pub(super) fn decide(command: &DecideArgs) -> Result<Exit> {
    if let Some(path) = &command.output {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let loaded = Loaded::read(&command.inputs, &command.world, &mut stdin)?;
    loaded.files.show_notes();
    let name = command.flows.display().to_string();
    let flows = read_flows(&input::read_large_text(&mut stdin, &command.flows, "--flows")?, &name)?;
    let judges = loaded.judges();
    let sets = &loaded.files.sets;
    output::write(command.output.as_deref(), |out| {
        for flow in &flows {
            // There is at least one set: reading refuses files without any.
            let Some((index, decision)) = decide_in_a_row(&judges, flow) else { continue };
            match command.format {
                DecideFormat::Table => line(flow, sets, index, &decision, out)?,
                DecideFormat::Jsonl => json(flow, sets, index, &decision, out)?,
            }
        }
        Ok(())
    })?;
    // Every decision is an answer (contract, Exit codes).
    Ok(Exit::Satisfied)
}

fn line(
    flow: &Flow,
    sets: &[RuleSet],
    index: usize,
    decision: &Decision<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "{:<8} {flow}  by {}", decision.as_str(), visible(&decision.by().name))?;
    if let Some(set) = set_name(sets, index) {
        write!(out, " of {}", visible(set))?;
    }
    match missing(decision) {
        Some(missing) => writeln!(out, ", for want of {}", visible(&missing)),
        None => writeln!(out),
    }
}

/// A line of the contract's JSON Lines.
#[derive(Serialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
enum DecisionLine<'a> {
    Flow(Decided<'a>),
}

#[derive(Serialize)]
struct Decided<'a> {
    destination: String,
    port: Option<u16>,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<std::net::IpAddr>,
    /// Given where the flow is not outbound.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    decision: &'static str,
    rule: &'a str,
    /// The rule set; given where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'a str>,
    /// What would decide an undecided flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

fn json(
    flow: &Flow,
    sets: &[RuleSet],
    index: usize,
    decision: &Decision<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let event = DecisionLine::Flow(Decided {
        destination: flow.destination(),
        port: flow.port,
        protocol: flow.protocol.as_str(),
        source: flow.source,
        direction: (flow.direction == Direction::Inbound).then(|| flow.direction.as_str()),
        decision: decision.as_str(),
        rule: &decision.by().name,
        set: set_name(sets, index),
        missing: missing(decision),
    });
    serde_json::to_writer(&mut *out, &event)?;
    out.write_all(b"\n")
}
