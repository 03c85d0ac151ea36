//! Follow-ups: what an endpoint was asked again, and what that adds to what was seen first.

pub(super) mod hold;
pub(super) mod located;
pub(super) mod old_hello;
mod revocation;
pub(super) mod segments;
mod upgrade;

use super::case::Case;
use super::finding::Draft;

/// Completes `drafts`, which hold what the trails mean, with what the follow-ups showed.
/// `is_proven` is whether one of the trails proved the endpoint.
pub(super) fn judge(case: &Case<'_>, is_proven: bool, mut drafts: Vec<Draft>) -> Vec<Draft> {
    located::add_last_hop(case, &mut drafts);
    drafts.extend(hold::judge(case));
    if is_proven {
        drafts.extend(upgrade::judge(case));
    }
    drafts.extend(revocation::judge(case));
    drafts
}
