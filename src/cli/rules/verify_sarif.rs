//! What `rules verify` found as SARIF: each finding at the line of the rule that it is about.

use std::ptr;

use super::loaded::Loaded;
use super::rule_locations::RuleLocations;
use super::verify_text::{contradiction_line, excess_line, gap_line, gateways_line, shadowed_line};
use crate::firewall::{Gap, Rule, Verification};
use crate::report::sarif::{FileResult, FileRule, LintedFiles, SarifLevel};

const DENIED: FileRule = FileRule {
    id: "required-flow-denied",
    sentence: "The rules deny a flow that the runtime needs.",
    level: SarifLevel::Error,
};
const UNDECIDED: FileRule = FileRule {
    id: "required-flow-undecided",
    sentence: "Whether the rules let through a flow that the runtime needs is not known.",
    level: SarifLevel::None,
};
const GATEWAYS: FileRule = FileRule {
    id: "gateway-not-allowed",
    sentence: "The rules do not let through all gateways of a relay's deployment.",
    level: SarifLevel::Warning,
};
const OTHERWISE: FileRule = FileRule {
    id: "measured-otherwise",
    sentence: "What was measured contradicts what the rules decide.",
    level: SarifLevel::Warning,
};
const EXCESS: FileRule = FileRule {
    id: "admits-more",
    sentence: "A rule lets through more than is required.",
    level: SarifLevel::Warning,
};
const SHADOWED: FileRule = FileRule {
    id: "rule-not-reached",
    sentence: "No flow reaches a rule, since rules before it take all of them.",
    level: SarifLevel::Note,
};

pub(super) fn lint(seen: &Verification<'_>, loaded: &Loaded, is_nsg: bool) -> LintedFiles {
    let locations = RuleLocations::new([&loaded.files]);
    let result = |rule: FileRule, message: String, locations| FileResult {
        rule,
        level: rule.level,
        message,
        locations,
        properties: Vec::new(),
    };
    let gap =
        |rule, own: &Gap<'_>| result(rule, gap_line(own), vec![locations.of(own.decision.by())]);
    let mut results: Vec<FileResult> = Vec::new();
    results.extend(seen.gaps.iter().map(|own| gap(DENIED, own)));
    results.extend(seen.undecided.iter().map(|own| gap(UNDECIDED, own)));
    for own in
        seen.gateways.iter().filter(|own| !own.denied.is_empty() || !own.undecided.is_empty())
    {
        let mut by: Vec<&Rule> = Vec::new();
        for rule in own.denied.iter().chain(&own.undecided).map(|gap| gap.decision.by()) {
            if !by.iter().any(|known| ptr::eq(*known, rule)) {
                by.push(rule);
            }
        }
        let by = by.into_iter().map(|rule| locations.of(rule)).collect();
        results.push(result(GATEWAYS, gateways_line(own), by));
    }
    results.extend(seen.contradictions.iter().map(|own| {
        let location = locations.of(own.decision.by());
        result(OTHERWISE, contradiction_line(own, is_nsg), vec![location])
    }));
    results.extend(
        seen.excess
            .iter()
            .map(|own| result(EXCESS, excess_line(own), vec![locations.of(own.rule)])),
    );
    results.extend(seen.shadowed.iter().map(|(set, own)| FileResult {
        level: if own.is_contradicted { SarifLevel::Warning } else { SarifLevel::Note },
        ..result(SHADOWED, shadowed_line(set, own), vec![locations.of(own.rule)])
    }));
    let corrections: Vec<_> = seen.corrections.iter().map(ToString::to_string).collect();
    LintedFiles {
        results,
        properties: vec![("corrections", corrections.into())],
        notes: loaded.files.notes.clone(),
    }
}
