//! What changed between two service tag files.

use ipnet::IpNet;

use super::file::{ServiceTag, ServiceTags};
use crate::model::AddressSet;

/// What changed from one file to another, tags by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagsDiff {
    /// Tags that are new.
    pub added: Vec<ServiceTag>,
    /// Tags that are gone.
    pub removed: Vec<ServiceTag>,
    /// Tags whose prefixes or addresses differ.
    pub changed: Vec<TagChange>,
}

/// What changed in one tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagChange {
    pub name: String,
    /// The change numbers before and after.
    pub change_numbers: (u64, u64),
    /// Prefixes that are new as written.
    pub prefixes_added: Vec<IpNet>,
    /// Prefixes that are gone as written.
    pub prefixes_removed: Vec<IpNet>,
    /// Addresses that are new: fewer than the prefixes say where one was only split or joined.
    pub addresses_added: AddressSet,
    /// Addresses that are gone.
    pub addresses_removed: AddressSet,
}

impl TagsDiff {
    /// Whether nothing but change numbers can differ.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// What changed from `old` to `new`, sorted by name. Case does not make a tag another.
#[must_use]
pub fn diff(old: &ServiceTags, new: &ServiceTags) -> TagsDiff {
    let only_in = |left: &ServiceTags, right: &ServiceTags| {
        let mut tags: Vec<_> =
            left.tags().iter().filter(|tag| right.tag(&tag.name).is_none()).cloned().collect();
        tags.sort_by(|a, b| a.name.cmp(&b.name));
        tags
    };
    let mut changed: Vec<_> =
        old.tags().iter().filter_map(|before| change(before, new.tag(&before.name)?)).collect();
    changed.sort_by(|a, b| a.name.cmp(&b.name));
    TagsDiff { added: only_in(new, old), removed: only_in(old, new), changed }
}

fn change(before: &ServiceTag, after: &ServiceTag) -> Option<TagChange> {
    let (prefixes_removed, prefixes_added) =
        (missing(&before.prefixes, &after.prefixes), missing(&after.prefixes, &before.prefixes));
    (!prefixes_removed.is_empty() || !prefixes_added.is_empty()).then(|| TagChange {
        name: after.name.clone(),
        change_numbers: (before.change_number, after.change_number),
        prefixes_added,
        prefixes_removed,
        addresses_added: after.addresses.difference(&before.addresses),
        addresses_removed: before.addresses.difference(&after.addresses),
    })
}

/// What of `here` is not `there`, sorted.
fn missing(here: &[IpNet], there: &[IpNet]) -> Vec<IpNet> {
    let there: std::collections::HashSet<_> = there.iter().collect();
    let mut missing: Vec<_> = here.iter().filter(|net| !there.contains(net)).copied().collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}
