//! What was asked again of an endpoint, and what it adds to what was seen first.

pub(super) mod hold;
pub(super) mod located;
pub(super) mod old_hello;
mod revocation;
pub(super) mod segments;
mod upgrade;

use super::Case;
use super::finding::Draft;

/// Adds to `drafts`, which hold what is concluded of the trails. `is_proven` says whether one of
/// them holds its proof.
pub(super) fn judge(case: &Case<'_>, is_proven: bool, drafts: &mut Vec<Draft>) {
    located::tell(case, drafts);
    drafts.extend(hold::judge(case));
    if is_proven {
        drafts.extend(upgrade::judge(case));
    }
    drafts.extend(revocation::judge(case));
}
