//! A plan as people read it: like a diff.

use std::fmt::Write as _;

use serde_json::Value;

use super::document::{Action, Change, Plan};
use super::live::{RuleMeaning, n_prefixes};

/// The plan as text.
#[must_use]
pub fn plan_text(plan: &Plan) -> String {
    let mut text = String::new();
    let place = plan.nsg.as_deref().unwrap_or("the group of the file");
    let _ = writeln!(text, "{} in {place}", plan.rule_name);
    for rule in &plan.rules {
        if !plan.changes.iter().any(|change| change.name == rule.name) {
            let _ = writeln!(text, "\n  {}: {}, as it is", rule.name, shown(&rule.properties));
        }
    }
    for change in &plan.changes {
        write_change(&mut text, plan, change);
    }
    if !plan.notes.is_empty() {
        text.push('\n');
    }
    for note in &plan.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if !plan.refusals.is_empty() {
        text.push('\n');
    }
    for refusal in &plan.refusals {
        let _ = writeln!(text, "refused ({}): {}", refusal.guard, refusal.message);
    }
    let _ = writeln!(text, "\n{}", conclusion(plan));
    text
}

fn write_change(text: &mut String, plan: &Plan, change: &Change) {
    let sign = match change.action {
        Action::Create => '+',
        Action::Update => '~',
        Action::Delete => '-',
    };
    let _ = writeln!(text, "\n{sign} {} {}", change.action.as_str(), change.name);
    let before = change.before.as_ref().map(shown);
    let after = change.after.as_ref().map(shown);
    match (&before, &after) {
        (Some(before), Some(after)) if before != after => {
            let _ = writeln!(text, "    - {before}");
            let _ = writeln!(text, "    + {after}");
        }
        (_, Some(one)) | (Some(one), None) => {
            let _ = writeln!(text, "      {one}");
        }
        (None, None) => {}
    }
    for held in &change.add {
        let _ = writeln!(text, "    + {:<20} {}", held.prefix, held.why);
    }
    for removed in &change.remove {
        let when = match &removed.last_seen {
            Some(day) => format!("last seen {day}"),
            None => "not remembered".to_owned(),
        };
        let _ = writeln!(text, "    - {:<20} {when}", removed.prefix);
    }
    let rule = plan.rules.iter().find(|rule| rule.name == change.name);
    let n_same = rule.map_or(0, |rule| rule.prefixes.len().saturating_sub(change.add.len()));
    if n_same > 0 {
        let _ = writeln!(text, "      prefixes that stay: {n_same}");
    }
}

fn shown(properties: &Value) -> String {
    let meaning = RuleMeaning::of(properties);
    format!(
        "priority {}, {}, {}, {} {}, destination prefixes: {}",
        meaning.priority,
        meaning.direction,
        meaning.access,
        meaning.protocol,
        meaning.destination.ports,
        n_prefixes(properties),
    )
}

fn conclusion(plan: &Plan) -> String {
    if !plan.refusals.is_empty() {
        return format!("Nothing may be written: guards that refuse it: {}.", plan.refusals.len());
    }
    if plan.changes.is_empty() {
        return "Nothing to do: the rules are as they should be.".to_owned();
    }
    let count = |action| plan.changes.iter().filter(|change| change.action == action).count();
    let words: Vec<_> = [Action::Create, Action::Update, Action::Delete]
        .into_iter()
        .filter(|action| count(*action) > 0)
        .map(|action| format!("{} to {}", count(action), action.as_str()))
        .collect();
    format!("To do: {}.", words.join(", "))
}
