//! What `rules diff` found in words: for the table, and for what people forward.

use std::fmt::Write as _;

use super::diff::is_required;
use super::missing;
use crate::firewall::{
    ChangedRule, ChangedSpace, Direction, FlowChange, RequiredChange, Rule, RulesDiff, SideDecision,
};
use crate::model::{AddressSet, visible};

/// The changes of a flow, worst first.
const CHANGES: [FlowChange; 4] =
    [FlowChange::Lost, FlowChange::Unknown, FlowChange::Gained, FlowChange::Same];

/// How many of the required flows are lost and gained.
pub(super) fn flows_sentence(seen: &RulesDiff<'_>) -> String {
    if seen.required.is_empty() {
        return "no required flows were given (--from, --flows)".to_owned();
    }
    let required = || seen.required.iter().filter(|own| is_required(own));
    let count = |change| required().filter(|own| own.change == change).count();
    format!(
        "of {} required flows {} are lost, {} gained, {} the same, {} unknown",
        required().count(),
        count(FlowChange::Lost),
        count(FlowChange::Gained),
        count(FlowChange::Same),
        count(FlowChange::Unknown),
    )
}

/// The flows whose decision changes or may change, those that are lost first.
pub(super) fn changed_flows<'s, 'a>(
    seen: &'s RulesDiff<'a>,
) -> impl Iterator<Item = &'s RequiredChange<'a>> {
    let of = |change| seen.required.iter().filter(move |own| own.change == change);
    CHANGES.into_iter().filter(|change| *change != FlowChange::Same).flat_map(of)
}

/// The spaces of a change with their headings; none is empty.
pub(super) fn spaces<'s, 'a>(
    seen: &'s RulesDiff<'a>,
) -> impl Iterator<Item = (&'static str, &'s [ChangedSpace<'a>])> {
    [
        ("Newly let through", &*seen.admitted),
        ("No longer let through", &*seen.no_longer_admitted),
        ("Not known whether it changes", &*seen.undecided),
    ]
    .into_iter()
    .filter(|(_, spaces)| !spaces.is_empty())
}

pub(super) const WITHOUT_EFFECT: &str = "Rules that change and decide nothing new";

pub(super) fn table(seen: &RulesDiff<'_>, notes: &[String]) -> String {
    let mut text = format!("{}\n", flows_sentence(seen));
    for own in changed_flows(seen) {
        let _ = writeln!(text, "  {}", visible(&flow_line(own)));
    }
    for (heading, spaces) in spaces(seen) {
        let _ = writeln!(text, "\n{heading}");
        for space in spaces {
            let _ = writeln!(text, "  {}", visible(&space_line(space)));
        }
    }
    if !seen.without_effect.is_empty() {
        let _ = writeln!(text, "\n{WITHOUT_EFFECT}");
        for own in &seen.without_effect {
            let _ = writeln!(text, "  {}", visible(&rule_line(own)));
        }
    }
    if is_idle(seen) {
        text.push_str("\nEvery flow is decided as before\n");
    }
    text + &notes_text(notes)
}

/// What the readers remark, below a heading of its own.
pub(super) fn notes_text(notes: &[String]) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{NOTES}\n");
    for note in notes {
        let _ = writeln!(text, "  {}", visible(note));
    }
    text
}

pub(super) const NOTES: &str = "Notes on the files";

/// Whether the change changes no flow.
pub(super) fn is_idle(seen: &RulesDiff<'_>) -> bool {
    spaces(seen).next().is_none() && changed_flows(seen).next().is_none()
}

pub(super) fn flow_line(own: &RequiredChange<'_>) -> String {
    let class = if is_required(own) { "" } else { ", a gateway" };
    let touched: Vec<_> = own
        .touched_by
        .iter()
        .map(|own| format!("{} ({})", own.rule.name, own.edit.as_str()))
        .collect();
    let touched = if touched.is_empty() {
        String::new()
    } else {
        format!("; it may depend on {}", touched.join(", "))
    };
    format!(
        "{:<8} {} ({}{class})  {}; after it {}{touched}",
        own.change.as_str(),
        own.requirement.flow,
        own.requirement.entry,
        side_words(&own.before),
        side_words(&own.after),
    )
}

/// `allow by r100 of nsg`, and of what is unknown also what would tell.
pub(super) fn side_words(own: &SideDecision<'_>) -> String {
    let missing = missing(&own.decision);
    let missing = missing.map_or_else(String::new, |own| format!(", for want of {own}"));
    format!("{} by {} of {}{missing}", own.decision.as_str(), own.decision.by().name, own.set)
}

pub(super) fn rule_line(own: &ChangedRule<'_>) -> String {
    format!("{} of {}: {}", own.rule.name, own.set, own.edit.as_str())
}

pub(super) fn space_line(own: &ChangedSpace<'_>) -> String {
    const SHOWN: usize = 5;
    let mut line = format!(
        "{} {}: {} addresses: {}",
        own.direction.as_str(),
        ports_words(own),
        own.peers.count(),
        prefixes_words(&own.peers, SHOWN)
    );
    if let Some(hosts) = hosts_words(own, SHOWN) {
        let _ = write!(line, ", {hosts}");
    }
    let _ = write!(
        line,
        "  before by {}, after it by {}",
        rule_names(&own.before),
        rule_names(&own.after)
    );
    if !own.missing.is_empty() {
        let _ = write!(line, ", for want of {}", missing_words(own));
    }
    line
}

/// The protocols and ports: `tcp 443,1433`, `any protocol`.
pub(super) fn ports_words(own: &ChangedSpace<'_>) -> String {
    let protocols = own.protocols.to_string();
    if own.ports.is_any() { protocols } else { format!("{protocols} {}", own.ports) }
}

/// The addresses of this host where they are not all, as `from 10.1.0.0/24`.
pub(super) fn hosts_words(own: &ChangedSpace<'_>, shown: usize) -> Option<String> {
    let word = match own.direction {
        Direction::Outbound => "from",
        Direction::Inbound => "to",
    };
    (!own.own.is_everything()).then(|| format!("{word} {}", prefixes_words(&own.own, shown)))
}

/// The first prefixes of a set, and how many more there are.
pub(super) fn prefixes_words(set: &AddressSet, shown: usize) -> String {
    if set.is_everything() {
        return "*".to_owned();
    }
    let prefixes = set.prefixes();
    let more = prefixes.len().saturating_sub(shown);
    let nets: Vec<_> = prefixes.iter().take(shown).map(ToString::to_string).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", nets.join(", "))
}

/// The first names of rules, and how many more there are.
pub(super) fn rule_names(rules: &[&Rule]) -> String {
    const SHOWN: usize = 5;
    let names: Vec<_> = rules.iter().take(SHOWN).map(|rule| rule.name.as_str()).collect();
    let more = rules.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", names.join(", "))
}

pub(super) fn missing_words(own: &ChangedSpace<'_>) -> String {
    let facts: Vec<_> = own.missing.iter().map(ToString::to_string).collect();
    facts.join("; ")
}
