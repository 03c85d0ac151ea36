//! What `rules verify` found in words: for the table, and for what people forward.

use std::fmt::Write as _;

use super::missing;
use crate::firewall::{
    Breadth, ConnectOutcome, Contradiction, Excess, Gap, Gateways, Shadowed, Verification,
};
use crate::model::{AddressCount, visible};

/// A heading and the sentences below it.
pub(super) struct FindingGroup {
    pub(super) heading: &'static str,
    pub(super) lines: Vec<String>,
}

/// How many of the required flows are let through.
pub(super) fn flows_sentence(seen: &Verification<'_>) -> String {
    let (n_denied, n_unknown) = (seen.gaps.len(), seen.undecided.len());
    let n_allowed = seen.n_required - n_denied - n_unknown;
    format!(
        "{n_allowed} of {} required flows are allowed, {n_denied} denied, {n_unknown} unknown",
        seen.n_required
    )
}

/// Everything but the gaps themselves, in the order in which it is read; no group is empty.
pub(super) fn groups(seen: &Verification<'_>, is_nsg: bool) -> Vec<FindingGroup> {
    let with_gaps =
        seen.gateways.iter().filter(|own| !own.denied.is_empty() || !own.undecided.is_empty());
    let beyond = seen.beyond.iter().filter(|own| own.addresses != AddressCount::default());
    let groups = [
        (
            "Gateways of relays that should be let through too",
            with_gaps.map(gateways_line).collect(),
        ),
        ("To close the gaps", seen.corrections.iter().map(ToString::to_string).collect()),
        (
            "Measured otherwise",
            seen.contradictions.iter().map(|own| contradiction_line(own, is_nsg)).collect(),
        ),
        (
            "Let through beyond what is required",
            beyond
                .map(|own| {
                    let (protocol, port) = own.port;
                    format!(
                        "{protocol} {port}: admits {} addresses beyond the {} that are required",
                        own.addresses, own.required
                    )
                })
                .collect(),
        ),
        ("By rule", seen.excess.iter().map(excess_line).collect()),
        (
            "Rules that no flow reaches",
            seen.shadowed.iter().map(|(set, own)| shadowed_line(set, own)).collect(),
        ),
    ];
    let groups = groups.into_iter().filter(|(_, lines): &(_, Vec<String>)| !lines.is_empty());
    groups.map(|(heading, lines)| FindingGroup { heading, lines }).collect()
}

pub(super) fn table(seen: &Verification<'_>, is_nsg: bool) -> String {
    let mut text = format!("{}\n", flows_sentence(seen));
    for gap in seen.gaps.iter().chain(&seen.undecided) {
        let _ = writeln!(text, "  {}", visible(&gap_line(gap)));
    }
    for group in groups(seen, is_nsg) {
        let _ = writeln!(text, "\n{}", group.heading);
        for line in &group.lines {
            let _ = writeln!(text, "  {}", visible(line));
        }
    }
    text
}

pub(super) fn contradiction_line(own: &Contradiction<'_>, is_nsg: bool) -> String {
    let beyond = if is_nsg { "the NSG" } else { "these rules" };
    let (flow, rule) = (&own.requirement.flow, &own.decision.by().name);
    match own.measured {
        ConnectOutcome::Connected => {
            format!("{flow}: the rules deny it ({rule}) and it works: another rule set is in force")
        }
        blocked => format!(
            "{flow}: the rules allow it ({rule}) and it is blocked ({}): look beyond {beyond}",
            blocked.as_str()
        ),
    }
}

pub(super) fn shadowed_line(set: &str, own: &Shadowed<'_>) -> String {
    let by: Vec<_> = own.by.iter().map(|rule| rule.name.as_str()).collect();
    let otherwise = if own.is_contradicted { ", which does otherwise" } else { "" };
    format!("{} of {set}: taken by {}{otherwise}", own.rule.name, by.join(" and "))
}

/// A deployment's gateways, with the rules that keep some of them from being let through.
pub(super) fn gateways_line(own: &Gateways<'_>) -> String {
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

pub(super) fn gap_line(gap: &Gap<'_>) -> String {
    let missing = missing(&gap.decision);
    let missing = missing.map_or_else(String::new, |own| format!(", for want of {own}"));
    format!(
        "{:<8} {} ({})  by {} of {}{missing}",
        gap.decision.as_str(),
        gap.requirement.flow,
        gap.requirement.entry,
        gap.decision.by().name,
        gap.set
    )
}

pub(super) fn excess_line(own: &Excess<'_>) -> String {
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
