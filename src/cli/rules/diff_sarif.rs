//! What `rules diff` found as SARIF: each finding at the line of the rule that makes it.

use super::diff::{LoadedChange, is_required};
use super::diff_text::{flow_line, rule_line, space_line};
use super::rule_locations::RuleLocations;
use crate::firewall::{ChangedSpace, FlowChange, RequiredChange, RulesDiff};
use crate::report::sarif::{FileResult, FileRule, LintedFiles, SarifLevel};

const LOST: FileRule = FileRule {
    id: "required-flow-lost",
    sentence: "After the change the rules deny a flow that the runtime needs.",
    level: SarifLevel::Error,
};
const GATEWAY_LOST: FileRule = FileRule {
    id: "gateway-lost",
    sentence: "After the change the rules deny a flow to a gateway of a relay.",
    level: SarifLevel::Warning,
};
const UNKNOWN: FileRule = FileRule {
    id: "required-flow-change-unknown",
    sentence: "Whether the change takes away a flow that the runtime needs is not known.",
    level: SarifLevel::None,
};
const GAINED: FileRule = FileRule {
    id: "required-flow-gained",
    sentence: "The change lets through a flow that the runtime needs and that was denied.",
    level: SarifLevel::Note,
};
const ADMITTED: FileRule = FileRule {
    id: "newly-admitted",
    sentence: "The change lets through addresses that were denied.",
    level: SarifLevel::Warning,
};
const NO_LONGER: FileRule = FileRule {
    id: "no-longer-admitted",
    sentence: "The change denies addresses that were let through.",
    level: SarifLevel::Note,
};
const SPACE_UNKNOWN: FileRule = FileRule {
    id: "change-unknown",
    sentence: "Whether the change lets addresses through is not known.",
    level: SarifLevel::None,
};
const WITHOUT_EFFECT: FileRule = FileRule {
    id: "rule-without-effect",
    sentence: "A rule is changed and decides nothing new.",
    level: SarifLevel::Note,
};

pub(super) fn lint(seen: &RulesDiff<'_>, change: &LoadedChange) -> LintedFiles {
    let locations = RuleLocations::new([&change.after, &change.before]);
    let result = |rule: FileRule, message: String, locations| FileResult {
        rule,
        level: rule.level,
        message,
        locations,
        properties: Vec::new(),
    };
    let mut results: Vec<FileResult> = Vec::new();
    results.extend(seen.required.iter().filter_map(|own| {
        let rule = kind_of(own)?;
        Some(result(rule, flow_line(own), vec![locations.of(own.after.decision.by())]))
    }));
    let space = |rule, own: &ChangedSpace<'_>| {
        let by = own.after.iter().map(|rule| locations.of(rule)).collect();
        result(rule, space_line(own), by)
    };
    results.extend(seen.admitted.iter().map(|own| space(ADMITTED, own)));
    results.extend(seen.no_longer_admitted.iter().map(|own| space(NO_LONGER, own)));
    results.extend(seen.undecided.iter().map(|own| space(SPACE_UNKNOWN, own)));
    results.extend(
        seen.without_effect
            .iter()
            .map(|own| result(WITHOUT_EFFECT, rule_line(own), vec![locations.of(own.rule)])),
    );
    LintedFiles { results, properties: Vec::new(), notes: change.notes.clone() }
}

fn kind_of(own: &RequiredChange<'_>) -> Option<FileRule> {
    match own.change {
        FlowChange::Same => None,
        FlowChange::Lost if is_required(own) => Some(LOST),
        FlowChange::Lost => Some(GATEWAY_LOST),
        FlowChange::Gained => Some(GAINED),
        FlowChange::Unknown => Some(UNKNOWN),
    }
}
