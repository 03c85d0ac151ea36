//! What given rules predict beside what was measured.

use super::super::assemble::Judged;
use super::super::beside_rules::{counts, decision, destination, of_judged, reason, title};
use super::page::Page;
use crate::model::RuleAgreement;

/// How many flows of one kind are shown.
const SHOWN: usize = 5;

/// What rules and measurement disagree about, and what is not known. The rest is counted.
pub(super) fn write(page: &mut Page, judged: &[Judged<'_>]) {
    let groups = of_judged(judged);
    if groups.is_empty() {
        return;
    }
    page.heading("Rules beside what was measured");
    page.plain(&counts(&groups));
    let is_as_predicted = |agreement| agreement == RuleAgreement::WorksAsPredicted;
    for group in groups.iter().filter(|group| !is_as_predicted(group.agreement)) {
        page.bullet(title(group.agreement));
        for (endpoint, flow) in group.flows.iter().take(SHOWN) {
            let measured = flow.measured.as_deref().unwrap_or("not measured");
            let (to, by, why) = (destination(flow), decision(flow), reason(flow));
            page.row(&format!("{endpoint} at {to}: {measured}; {by}{why}"));
        }
        if group.flows.len() > SHOWN {
            let rest = group.flows.len() - SHOWN;
            page.row(&format!("... and {rest} more (see --format json)"));
        }
    }
}
