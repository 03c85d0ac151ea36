//! Which resources are parts of which: rules of groups and routes of route tables, that may be
//! resources of their own.

use super::route;
use crate::arm_template::{ArmValue, Resource};

pub(super) const GROUP: &str = "microsoft.network/networksecuritygroups";
pub(super) const RULE: &str = "microsoft.network/networksecuritygroups/securityrules";

/// What holds parts of its own kind in a list: the type, the type of its parts, and the list. A
/// part may be a resource of its own beside the list.
pub(super) const WHOLES: [(&str, &str, &str); 2] =
    [(GROUP, RULE, "securityRules"), (route::TABLE, route::ROUTE, "routes")];

/// What a part belongs to, by its index among wholes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartOwner {
    Known(usize),
    /// It belongs to one of these, or to none of them.
    Perhaps(Vec<usize>),
    Elsewhere,
}

/// Finds what `part` belongs to: what has its parent's name, in the same resource group. A part
/// that does not tell its parent's name may be one of any.
pub(super) fn owner_of(part: &Resource, wholes: &[&Resource]) -> PartOwner {
    let name = part.parent().unwrap_or(&part.name);
    let of = |is_it: &dyn Fn(&Resource) -> bool| -> Vec<usize> {
        let found = wholes.iter().enumerate().filter(|(_, whole)| is_it(whole));
        found.map(|(index, _)| index).collect()
    };
    let is_named = |whole: &Resource| whole.name.eq_ignore_ascii_case(name);
    let near = of(&|whole| is_named(whole) && whole.place.is_near(&part.place));
    let same = of(&|whole| is_named(whole) && whole.place.is_same(&part.place));
    let possible = if !near.is_empty() {
        near.clone()
    } else if part.parent().is_none() {
        of(&|whole| whole.place.may_be(&part.place))
    } else {
        of(&|whole| is_named(whole) && whole.place.may_be(&part.place))
    };
    match (&same[..], &near[..], possible.is_empty()) {
        ([one], ..) | ([], [one], _) => PartOwner::Known(*one),
        (_, _, false) => PartOwner::Perhaps(possible),
        (_, _, true) => PartOwner::Elsewhere,
    }
}

/// The wholes that parts among `resources` belong to and that are not there: rules may be added to
/// a group, and routes to a table, that is in another file.
pub(super) fn wholes_elsewhere(resources: &[&Resource]) -> Vec<Resource> {
    let mut elsewhere = Vec::new();
    for (kind, part, _) in WHOLES {
        let here: Vec<&Resource> =
            resources.iter().copied().filter(|own| own.kind == kind).collect();
        let mut missing: Vec<Resource> = Vec::new();
        for part in resources.iter().filter(|own| own.kind == part) {
            if owner_of(part, &here) != PartOwner::Elsewhere
                || owner_of(part, &missing.iter().collect::<Vec<_>>()) != PartOwner::Elsewhere
            {
                continue;
            }
            let name = part.parent().unwrap_or(&part.name);
            let whole = Resource::new(kind, name, ArmValue::Object(Vec::new()), &part.path);
            missing.push(Resource { is_existing: true, ..whole.in_place(part.place.clone()) });
        }
        elsewhere.append(&mut missing);
    }
    elsewhere
}
