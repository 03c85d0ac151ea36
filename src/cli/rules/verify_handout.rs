//! What `rules verify` found as a page, for those who decide about the rules.

use super::diff_text::NOTES;
use super::loaded::Loaded;
use super::required::{flow_cells, flow_columns};
use super::verify_text::{flows_sentence, groups};
use super::{missing, names_of};
use crate::firewall::{Gap, Verification};
use crate::model::Status;
use crate::report::handout::{Handout, HandoutSection};

pub(super) fn handout(seen: &Verification<'_>, loaded: &Loaded, is_nsg: bool) -> Handout {
    let groups = groups(seen, is_nsg);
    let status = if !seen.gaps.is_empty() {
        Status::Fail
    } else if !seen.undecided.is_empty() {
        Status::Unknown
    } else if groups.is_empty() {
        Status::Pass
    } else {
        Status::Warn
    };
    let gaps = table_of("Required flows that are not let through", &seen.gaps, &seen.undecided);
    let of_gateways = seen.gateways.iter().map(|own| {
        table_of(&format!("Gateways of {}", own.deployment), &own.denied, &own.undecided)
    });
    let groups = groups.into_iter().map(|own| HandoutSection::of_lines(own.heading, own.lines));
    let tags = loaded.facts.tags.shown();
    Handout {
        status,
        headline: flows_sentence(seen),
        lines: vec![format!(
            "The rules of {}, held against what is required; {tags}.",
            names_of(&loaded.files.sets)
        )],
        sections: [gaps]
            .into_iter()
            .chain(groups)
            .chain(of_gateways.map(|own| HandoutSection { is_folded: true, ..own }))
            .chain([HandoutSection::of_lines(NOTES, loaded.files.notes.iter().cloned())])
            .filter(|one| !one.is_empty())
            .collect(),
        from: "pathproof rules verify".to_owned(),
    }
}

fn table_of(heading: &str, denied: &[Gap<'_>], undecided: &[Gap<'_>]) -> HandoutSection {
    let columns = flow_columns("Decision", &["Rule", "Of", "For want of"]);
    HandoutSection::of_table(heading, &columns, denied.iter().chain(undecided).map(row).collect())
}

fn row(gap: &Gap<'_>) -> Vec<String> {
    let mut row = vec![gap.decision.as_str().to_owned()];
    row.extend(flow_cells(&gap.requirement));
    row.extend([
        gap.decision.by().name.clone(),
        gap.set.to_owned(),
        missing(&gap.decision).unwrap_or_else(|| "-".to_owned()),
    ]);
    row
}
