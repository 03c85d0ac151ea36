//! `rules verify`: whether all that is required is let through, and what else is.

use anyhow::{Result, bail};
use serde_json::json;

use super::diff_text::notes_text;
use super::loaded::Loaded;
use super::required::RequiredFiles;
use super::verify_text::{excess_line, table};
use super::{CONTROL_TAG, missing, verify_handout, verify_sarif};
use crate::cli::arguments::{VerifyArgs, VerifyFormat};
use crate::cli::exit::Exit;
use crate::cli::input::Stdin;
use crate::cli::output;
use crate::firewall::{CorrectionAdvice, Gap, RuleDialect, Verification, verify as compare};
use crate::report::{handout, html, sarif};

pub(super) fn verify(command: &VerifyArgs) -> Result<Exit> {
    if let Some(path) = &command.output {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let loaded = Loaded::read(&command.inputs, &command.world, &mut stdin)?;
    let files = RequiredFiles {
        from: command.from.as_deref(),
        flows: command.flows.as_deref(),
        gateways: command.require_gateways,
    };
    let (required, refused) = files.read(&loaded.files.sets, &loaded.facts, &mut stdin)?;
    if required.is_empty() {
        bail!("nothing is required: the file names no required endpoint that is concrete");
    }
    let judges = loaded.judges();
    let control =
        loaded.facts.tags.tags().tag(CONTROL_TAG).map(|tag| (CONTROL_TAG, &tag.addresses));
    let seen = compare(&judges, &required, CorrectionAdvice { refused: &refused, control });
    let is_nsg = loaded
        .files
        .sets
        .iter()
        .all(|set| matches!(set.dialect, RuleDialect::Nsg | RuleDialect::Effective));
    output::write(command.output.as_deref(), |mut out| match command.format {
        VerifyFormat::Table => {
            out.write_all((table(&seen, is_nsg) + &notes_text(&loaded.files.notes)).as_bytes())
        }
        VerifyFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(&seen, &loaded.files.notes))?;
            out.write_all(b"\n")
        }
        VerifyFormat::Markdown => {
            handout::markdown(&verify_handout::handout(&seen, &loaded, is_nsg), &mut out)
        }
        VerifyFormat::Html => {
            html::handout(&verify_handout::handout(&seen, &loaded, is_nsg), &mut out)
        }
        VerifyFormat::Sarif => {
            let mut lint = verify_sarif::lint(&seen, &loaded, is_nsg);
            lint.properties.push(("verification", json(&seen, &loaded.files.notes)));
            sarif::files(&lint, &mut out)
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

/// Counts of IPv6 are texts, as they are larger than JSON numbers can be.
fn json(seen: &Verification<'_>, notes: &[String]) -> serde_json::Value {
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
        "notes": notes,
    })
}
