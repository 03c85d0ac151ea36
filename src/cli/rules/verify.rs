//! `rules verify`: whether all that is required is let through, and what else is.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::json;

use super::from_file::{self, FromFile};
use super::{CONTROL_TAG, Loaded, missing};
use crate::cli::arguments::{VerifyArgs, VerifyFormat};
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::input::{self, Stdin};
use crate::cli::output;
use crate::firewall::{
    Breadth, Class, ConnectOutcome, CorrectionAdvice, Gap, Gateways, ProofLevel, Refused,
    Requirement, RuleDialect, RuleJudge, Verification, prove, read_flows, verify as compare,
};
use crate::model::visible;

pub(super) fn verify(command: &VerifyArgs) -> Result<Exit> {
    if let Some(path) = &command.output {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let loaded = Loaded::read(&command.inputs, &command.world, &mut stdin)?;
    let (mut required, refused) = required(command, &loaded, &mut stdin)?;
    if command.require_gateways {
        for own in &mut required {
            own.class = Class::Required;
        }
    }
    if loaded.sources.is_some() {
        // The command line wins over what was seen.
        for own in &mut required {
            own.sources.clear();
        }
    }
    if required.is_empty() {
        bail!("nothing is required: the file names no required endpoint that is concrete");
    }
    let judges: Vec<_> =
        loaded.sets.iter().map(|set| RuleJudge::new(set, loaded.knowledge())).collect();
    let control = loaded.tags.tags().tag(CONTROL_TAG).map(|tag| (CONTROL_TAG, &tag.addresses));
    let seen = compare(&judges, &required, CorrectionAdvice { refused: &refused, control });
    let is_nsg = loaded
        .sets
        .iter()
        .all(|set| matches!(set.dialect, RuleDialect::Nsg | RuleDialect::Effective));
    output::write(command.output.as_deref(), |out| match command.format {
        VerifyFormat::Table => out.write_all(table(&seen, is_nsg).as_bytes()),
        VerifyFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(&seen))?;
            out.write_all(b"\n")
        }
    })?;
    Ok(if !seen.gaps.is_empty() {
        Exit::Violated
    } else if !seen.undecided.is_empty() {
        Exit::Unknown
    } else {
        Exit::Satisfied
    })
}

/// What is required, and which of its addresses no rule of ours would hold.
fn required(
    command: &VerifyArgs,
    loaded: &Loaded,
    stdin: &mut Stdin,
) -> Result<(Vec<Requirement>, Vec<Refused>)> {
    if let Some(path) = &command.flows {
        let text = input::read_large_text(stdin, path, "--flows")?;
        let flows = read_flows(&text, &path.display().to_string())?;
        let requirement = |flow: crate::firewall::Flow| {
            let shown = flow.to_string();
            Requirement::new(flow, shown, "flow")
        };
        return Ok((flows.into_iter().map(requirement).collect(), Vec::new()));
    }
    // clap makes sure that one of the two is given.
    let Some(path) = &command.from else { return Ok((Vec::new(), Vec::new())) };
    let evidence = match from_file::read(path, stdin)? {
        FromFile::Evidence(evidence) => evidence,
        FromFile::List(_) => bail!(
            "--from {}: expected a JSON report, saved records or what resolve --format json wrote; \
             flows are given with --flows",
            path.display()
        ),
    };
    let is_all = |dialect| loaded.sets.iter().all(|set| set.dialect == dialect);
    // A device that applies a list sees the names themselves, not the proxy.
    let mut required = if is_all(RuleDialect::List) {
        evidence.own_requirements()
    } else {
        evidence.requirements()
    };
    if is_all(RuleDialect::AzureFirewall) {
        // Flows to Azure's platform addresses do not pass an Azure firewall.
        required.retain(|own| !own.flow.is_to_platform());
    }
    for target in evidence.targets.iter().filter(|own| own.required && !own.is_concrete()) {
        hint::hint(&format!(
            "{} is required, and no concrete name is known for it: nothing is verified of it",
            target.shown()
        ));
    }
    let published = loaded.tags.published();
    let refused = prove(&evidence.targets, ProofLevel::Published, published).1;
    Ok((required, refused))
}

fn table(seen: &Verification<'_>, is_nsg: bool) -> String {
    let mut text = String::new();
    let (n_denied, n_unknown) = (seen.gaps.len(), seen.undecided.len());
    let n_allowed = seen.n_required - n_denied - n_unknown;
    let _ = writeln!(
        text,
        "{n_allowed} of {} required flows are allowed, {n_denied} denied, {n_unknown} unknown",
        seen.n_required
    );
    for gap in seen.gaps.iter().chain(&seen.undecided) {
        gap_line(gap, &mut text);
    }
    let with_gaps =
        seen.gateways.iter().filter(|own| !own.denied.is_empty() || !own.undecided.is_empty());
    section(
        &mut text,
        "Gateways of relays that should be let through too",
        with_gaps.map(gateways_line),
    );
    section(&mut text, "To close the gaps", seen.corrections.iter().map(ToString::to_string));
    section(
        &mut text,
        "ConnectOutcome otherwise",
        seen.contradictions.iter().map(|own| {
            let beyond = if is_nsg { "the NSG" } else { "these rules" };
            let (flow, rule) = (&own.requirement.flow, &own.decision.by().name);
            match own.measured {
                ConnectOutcome::Connected => format!(
                    "{flow}: the rules deny it ({rule}) and it works: another rule set is in force"
                ),
                blocked => format!(
                    "{flow}: the rules allow it ({rule}) and it is blocked ({}): look beyond {beyond}",
                    blocked.as_str()
                ),
            }
        }),
    );
    let beyond =
        seen.beyond.iter().filter(|own| own.addresses != crate::model::AddressCount::default());
    section(
        &mut text,
        "Let through beyond what is required",
        beyond.map(|own| {
            let (protocol, port) = own.port;
            format!(
                "{protocol} {port}: admits {} addresses beyond the {} that are required",
                own.addresses, own.required
            )
        }),
    );
    section(&mut text, "By rule", seen.excess.iter().map(excess_line));
    section(
        &mut text,
        "Rules that no flow reaches",
        seen.shadowed.iter().map(|(set, own)| {
            let by: Vec<_> = own.by.iter().map(|rule| rule.name.as_str()).collect();
            let otherwise = if own.is_contradicted { ", which does otherwise" } else { "" };
            format!("{} of {set}: taken by {}{otherwise}", own.rule.name, by.join(" and "))
        }),
    );
    text
}

/// A deployment's gateways, with the rules that keep some of them from being let through.
fn gateways_line(own: &Gateways<'_>) -> String {
    let (n_denied, n_unknown) = (own.denied.len(), own.undecided.len());
    let mut rules: Vec<_> = own.denied.iter().chain(&own.undecided).collect();
    rules.dedup_by_key(|gap| gap.decision.by().name.as_str());
    let rules: Vec<_> =
        rules.iter().map(|gap| format!("{} of {}", gap.decision.by().name, gap.set)).collect();
    format!(
        "{}: {} of {} flows are allowed, {n_denied} denied, {n_unknown} unknown  by {}",
        own.deployment,
        own.n_allowed,
        own.n_allowed + n_denied + n_unknown,
        rules.join(", ")
    )
}

fn gap_line(gap: &Gap<'_>, text: &mut String) {
    let _ = write!(
        text,
        "  {:<8} {} ({})  by {} of {}",
        gap.decision.as_str(),
        gap.requirement.flow,
        visible(&gap.requirement.entry),
        visible(&gap.decision.by().name),
        visible(gap.set)
    );
    match missing(&gap.decision) {
        Some(missing) => {
            let _ = writeln!(text, ", for want of {}", visible(&missing));
        }
        None => text.push('\n'),
    }
}

fn excess_line(own: &crate::firewall::Excess<'_>) -> String {
    const SHOWN: usize = 5;
    let (protocol, port) = own.port;
    let what = match &own.breadth {
        Breadth::Everything => "any address".to_owned(),
        Breadth::Tags(tags) => format!("the tag {}", tags.join(", ")),
        Breadth::Wildcards(names) => format!("every name in {}", names.join(", ")),
        Breadth::Addresses { unused } if unused.is_empty() => "wide prefixes".to_owned(),
        Breadth::Addresses { unused } => {
            let more = unused.len().saturating_sub(SHOWN);
            let nets: Vec<_> = unused.iter().take(SHOWN).map(ToString::to_string).collect();
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("nothing required goes to {}{more}", nets.join(", "))
        }
    };
    let (name, set) = (&own.rule.name, own.set);
    if matches!(own.breadth, Breadth::Wildcards(_)) {
        return format!("{name} of {set}, {protocol} {port}: {what}");
    }
    format!(
        "{name} of {set}, {protocol} {port}: {} addresses beyond the {} required: {what}",
        own.beyond, own.required
    )
}

fn section(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n{heading}");
    }
    for line in lines {
        let _ = writeln!(text, "  {}", visible(&line));
    }
}

/// Counts of IPv6 are texts, as they are larger than JSON numbers can be.
fn json(seen: &Verification<'_>) -> serde_json::Value {
    let count =
        |count: crate::model::AddressCount| json!({"v4": count.v4, "v6": count.v6.to_string()});
    let gap = |gap: &Gap<'_>| {
        json!({
            "endpoint": gap.requirement.endpoint,
            "entry": gap.requirement.entry,
            "name": gap.requirement.flow.name.as_ref().map(ToString::to_string),
            "address": gap.requirement.flow.address,
            "port": gap.requirement.flow.port,
            "protocol": gap.requirement.flow.protocol.as_str(),
            "decision": gap.decision.as_str(),
            "set": gap.set,
            "rule": gap.decision.by().name,
            "place": gap.decision.by().location,
            "missing": missing(&gap.decision),
        })
    };
    json!({
        "schema": "pathproof.verification/1",
        "summary": {
            "required": seen.n_required,
            "allow": seen.n_required - seen.gaps.len() - seen.undecided.len(),
            "deny": seen.gaps.len(),
            "unknown": seen.undecided.len(),
        },
        "gaps": seen.gaps.iter().chain(&seen.undecided).map(gap).collect::<Vec<_>>(),
        "gateways": seen.gateways.iter().map(|own| json!({
            "deployment": own.deployment,
            "allow": own.n_allowed,
            "deny": own.denied.len(),
            "unknown": own.undecided.len(),
            "gaps": own.denied.iter().chain(&own.undecided).map(gap).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "corrections": seen.corrections.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "contradictions": seen.contradictions.iter().map(|own| json!({
            "endpoint": own.requirement.endpoint,
            "address": own.requirement.flow.address,
            "port": own.requirement.flow.port,
            "decision": own.decision.as_str(),
            "rule": own.decision.by().name,
            "measured": own.measured.as_str(),
        })).collect::<Vec<_>>(),
        "beyond": seen.beyond.iter().map(|own| json!({
            "protocol": own.port.0.as_str(),
            "port": own.port.1,
            "addresses": count(own.addresses),
            "required": count(own.required),
        })).collect::<Vec<_>>(),
        "excess": seen.excess.iter().map(|own| json!({
            "set": own.set,
            "rule": own.rule.name,
            "protocol": own.port.0.as_str(),
            "port": own.port.1,
            "addresses": count(own.beyond),
            "required": count(own.required),
            "reason": excess_line(own),
        })).collect::<Vec<_>>(),
        "shadowed": seen.shadowed.iter().map(|(set, own)| json!({
            "set": set,
            "rule": own.rule.name,
            "by": own.by.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(),
            "contradicted": own.is_contradicted,
        })).collect::<Vec<_>>(),
    })
}
