//! What `rules diff` found as a page, for those who decide about the change.

use super::diff::{LoadedChange, is_required};
use super::diff_text::{
    NOTES, WITHOUT_EFFECT, changed_flows, flows_sentence, hosts_words, is_idle, missing_words,
    ports_words, prefixes_words, rule_line, rule_names, side_words, spaces,
};
use super::loaded::RuleFacts;
use super::names_of;
use super::required::{flow_cells, flow_columns};
use crate::firewall::{ChangedSpace, FlowChange, RequiredChange, RulesDiff};
use crate::model::Status;
use crate::report::handout::{Handout, HandoutSection};

pub(super) fn handout(seen: &RulesDiff<'_>, change: &LoadedChange, facts: &RuleFacts) -> Handout {
    let is = |change| seen.required.iter().any(|own| is_required(own) && own.change == change);
    let status = if is(FlowChange::Lost) {
        Status::Fail
    } else if seen.required.iter().any(|own| is_required(own) && own.may_be_lost()) {
        Status::Unknown
    } else if is_idle(seen) {
        Status::Pass
    } else {
        Status::Warn
    };
    let mut lines = vec![format!(
        "Before: {}. After: {}; {}.",
        names_of(&change.before.sets),
        names_of(&change.after.sets),
        facts.tags.shown()
    )];
    if is_idle(seen) {
        lines.push("Every flow is decided as before.".to_owned());
    }
    let flows = HandoutSection::of_table(
        "Required flows that change",
        &flow_columns("Change", &["Before", "After", "May depend on"]),
        changed_flows(seen).map(flow_row).collect(),
    );
    let columns = [
        "Direction",
        "Protocol and port",
        "Addresses",
        "Prefixes",
        "This side",
        "Before",
        "After",
        "For want of",
    ];
    let of_spaces = spaces(seen).map(|(heading, spaces)| {
        HandoutSection::of_table(heading, &columns, spaces.iter().map(space_row).collect())
    });
    let idle = HandoutSection::of_lines(WITHOUT_EFFECT, seen.without_effect.iter().map(rule_line));
    Handout {
        status,
        headline: flows_sentence(seen),
        lines,
        sections: std::iter::once(flows)
            .chain(of_spaces)
            .chain([idle, HandoutSection::of_lines(NOTES, change.notes.iter().cloned())])
            .filter(|one| !one.is_empty())
            .collect(),
        from: "pathproof rules diff".to_owned(),
    }
}

fn flow_row(own: &RequiredChange<'_>) -> Vec<String> {
    let mut row = vec![own.change.as_str().to_owned()];
    row.extend(flow_cells(&own.requirement));
    let touched: Vec<_> = own.touched_by.iter().map(rule_line).collect();
    let touched = if touched.is_empty() { "-".to_owned() } else { touched.join("; ") };
    row.extend([side_words(&own.before), side_words(&own.after), touched]);
    row
}

fn space_row(own: &ChangedSpace<'_>) -> Vec<String> {
    /// A change request has room for these; the JSON has all.
    const SHOWN: usize = 50;
    vec![
        own.direction.as_str().to_owned(),
        ports_words(own),
        own.peers.count().to_string(),
        prefixes_words(&own.peers, SHOWN),
        hosts_words(own, SHOWN).unwrap_or_else(|| "any address".to_owned()),
        rule_names(&own.before),
        rule_names(&own.after),
        if own.missing.is_empty() { "-".to_owned() } else { missing_words(own) },
    ]
}
