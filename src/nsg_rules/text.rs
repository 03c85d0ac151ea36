//! A plan as text, which reads like a diff.

use std::fmt::Write as _;

use super::document::{PlanState, RuleAction, RuleChange, RulePlan};
use super::rule::{RuleProperties, RuleSide};
use crate::firewall::PortSet;
use crate::model::visible;

/// Writes the plan as text. Names, descriptions and notes may be a stranger's words: none of them
/// begins a line.
#[must_use]
pub fn plan_text(plan: &RulePlan) -> String {
    let mut text = String::new();
    let group = plan.nsg.as_deref().unwrap_or("the group of the file");
    let _ = writeln!(text, "{} in {}", visible(&plan.rule_name), visible(group));
    for rule in &plan.rules {
        if !plan.changes.iter().any(|change| change.is_of(&rule.name)) {
            let shown = shown(&rule.properties);
            let _ = writeln!(text, "\n  {}: {}, as it is", visible(&rule.name), visible(&shown));
        }
    }
    for change in &plan.changes {
        write_change(&mut text, plan, change);
    }
    if !plan.left_out.is_empty() {
        let _ = writeln!(text, "\nleft out of the rules:");
    }
    for one in &plan.left_out {
        let address = one.address.as_deref().unwrap_or("-");
        let (address, name) = (visible(address), visible(&one.name));
        let _ = writeln!(text, "    {address:<20} {name}: {}", one.reason.words());
    }
    if !plan.notes.is_empty() {
        text.push('\n');
    }
    for note in &plan.notes {
        let _ = writeln!(text, "note: {}", visible(note));
    }
    if !plan.refusals.is_empty() {
        text.push('\n');
    }
    for refusal in &plan.refusals {
        let (guard, message) = (visible(&refusal.guard), visible(&refusal.message));
        let _ = writeln!(text, "refused ({guard}): {message}");
    }
    let _ = writeln!(text, "\n{}", conclusion(plan));
    text
}

fn write_change(text: &mut String, plan: &RulePlan, change: &RuleChange) {
    let sign = match change.action {
        RuleAction::Create => '+',
        RuleAction::Update => '~',
        RuleAction::Delete => '-',
    };
    let _ = writeln!(text, "\n{sign} {} {}", change.action.as_str(), visible(&change.name));
    if let Some(one) = change.after.as_ref().or(change.before.as_ref()) {
        let _ = writeln!(text, "      {}", visible(&shown(one)));
    }
    if let (Some(before), Some(after)) = (&change.before, &change.after) {
        for ((what, before), (_, after)) in
            property_lines(before).into_iter().zip(property_lines(after))
        {
            if before != after {
                let _ = writeln!(text, "    - {what}: {}", visible(&before));
                let _ = writeln!(text, "    + {what}: {}", visible(&after));
            }
        }
    }
    for held in &change.add {
        let _ = writeln!(text, "    + {:<20} {}", held.prefix.to_string(), visible(&held.why));
    }
    for removed in &change.remove {
        let when = match &removed.last_seen {
            Some(day) => format!("last seen {day}"),
            None => "not remembered".to_owned(),
        };
        let _ = writeln!(text, "    - {:<20} {}", removed.prefix.to_string(), visible(&when));
    }
    let rule = plan.rules.iter().find(|rule| change.is_of(&rule.name));
    let n_same = rule.map_or(0, |rule| rule.prefixes.len().saturating_sub(change.add.len()));
    if n_same > 0 {
        let _ = writeln!(text, "      prefixes that stay: {n_same}");
    }
}

/// Every property but the prefixes of the destination, which have lines of their own.
#[must_use]
pub fn property_lines(properties: &RuleProperties) -> [(&'static str, String); 10] {
    let meaning = properties.meaning();
    let others = |side: &RuleSide| side.others.iter().cloned().collect::<Vec<_>>().join(", ");
    [
        ("priority", priority(properties)),
        ("direction", meaning.direction.clone()),
        ("access", meaning.access.clone()),
        ("protocol", meaning.protocol.clone()),
        ("source", source(&meaning.source)),
        ("source ports", meaning.source.ports.to_string()),
        ("destination tags and groups", others(&meaning.destination)),
        ("destination prefixes", properties.n_prefixes().to_string()),
        ("ports", meaning.destination.ports.to_string()),
        ("description", properties.description().to_owned()),
    ]
}

fn priority(properties: &RuleProperties) -> String {
    properties.meaning().priority.map_or_else(|| "none".to_owned(), |number| number.to_string())
}

fn source(side: &RuleSide) -> String {
    if side.addresses.is_everything() {
        return "*".to_owned();
    }
    let prefixes = side.addresses.prefixes();
    let prefixes = prefixes.iter().map(ToString::to_string);
    prefixes.chain(side.others.iter().cloned()).collect::<Vec<_>>().join(", ")
}

/// The ports of the source where they are not all, which keeps most flows out.
fn source_ports(side: &RuleSide) -> String {
    if side.ports.is_any() || side.ports == PortSet::default() {
        String::new()
    } else {
        format!(" (source ports {})", side.ports)
    }
}

fn shown(properties: &RuleProperties) -> String {
    let meaning = properties.meaning();
    format!(
        "priority {}, {}, {}, {} {}, from {}{}, destination prefixes: {}",
        priority(properties),
        meaning.direction,
        meaning.access,
        meaning.protocol,
        meaning.destination.ports,
        source(&meaning.source),
        source_ports(&meaning.source),
        properties.n_prefixes(),
    )
}

/// What can be done with the plan, in one sentence.
#[must_use]
pub fn conclusion(plan: &RulePlan) -> String {
    match plan.state() {
        PlanState::Refused => {
            format!("Nothing may be written: guards that refuse it: {}.", plan.refusals.len())
        }
        PlanState::Unchanged => "Nothing to do: the rules are as they should be.".to_owned(),
        PlanState::Pending => {
            let count =
                |action| plan.changes.iter().filter(|change| change.action == action).count();
            let words: Vec<_> = [RuleAction::Create, RuleAction::Update, RuleAction::Delete]
                .into_iter()
                .filter(|action| count(*action) > 0)
                .map(|action| format!("{} to {}", count(action), action.as_str()))
                .collect();
            format!("To do: {}.", words.join(", "))
        }
    }
}
