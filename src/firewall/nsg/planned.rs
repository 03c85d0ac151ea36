//! Files that hold resources before and after a change: plans of Terraform, what-if answers, and
//! the plans of `rules plan`.

use serde_json::Value;

use super::error::ReadError;
use super::inline;
use super::policy::{POLICY, POLICY_GROUP};
use super::unread::Unread;
use super::whole::{PartOwner, WHOLES, owner_of, wholes_elsewhere};
use super::{admin, plan_file, route, terraform, what_if};
use crate::arm_template::{ArmValue, Resource, Template, UnknownValue};

/// The resources of a file on both sides of a change, in the shape of Resource Manager.
#[derive(Debug, Default)]
pub(super) struct PlannedResources {
    /// The resources as they are; `None` where the file holds one side only.
    pub(super) before: Option<Vec<PlannedResource>>,
    /// The resources as they would be.
    pub(super) after: Vec<PlannedResource>,
    /// What else the change does that may write rules.
    pub(super) unread: Vec<Unread>,
    pub(super) notes: Vec<String>,
}

/// A resource, and what the change does with it.
#[derive(Clone, Debug)]
pub(super) struct PlannedResource {
    pub(super) resource: Resource,
    pub(super) write: Write,
}

/// What a change does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// It stays as it is.
    Kept,
    Create,
    Update,
    /// It is deleted, and created again.
    Replace,
}

impl PlannedResource {
    /// A resource that the change leaves alone.
    pub(super) const fn kept(resource: Resource) -> Self {
        Self { resource, write: Write::Kept }
    }
}

/// The side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// Reads a plan of either kind or a what-if answer; `None` for any other document.
///
/// # Errors
/// [`ReadError`] where the document is one of these, in a form that says too little.
pub(super) fn read_planned(
    value: &Value,
    file: &str,
) -> Result<Option<PlannedResources>, ReadError> {
    if terraform::is_shown(value) {
        return terraform::read_shown(value, file).map(Some);
    }
    if plan_file::is_plan(value) {
        return plan_file::read_plan(value, file).map(Some);
    }
    if what_if::is_what_if(value) {
        return what_if::read_what_if(value, file).map(Some);
    }
    Ok(None)
}

impl PlannedResources {
    /// One side as the resources of a template: the resources as they would be, where `side` is
    /// `None`. Where the file holds two sides, a group or table that the other side has alone is
    /// there too, with rules that are not known: what its flows meet without it is not in the file.
    pub(super) fn template(&self, side: Option<Side>) -> Template {
        let before = self.before.as_deref().unwrap_or_default();
        let mut notes = self.notes.clone();
        let mut own: Vec<Resource> = if side == Some(Side::Before) {
            inline::as_they_are(before)
        } else {
            inline::as_they_would_be(before, &self.after, &mut notes)
        };
        let other = match side {
            Some(Side::Before) => &self.after,
            Some(Side::After) => before,
            None => &[],
        };
        let other: Vec<&Resource> = other.iter().map(|own| &own.resource).collect();
        let mut absent: Vec<Resource> = WHOLES
            .iter()
            .flat_map(|(kind, _, list)| absent(kind, list, &own, &other, side))
            .collect();
        // A policy without groups denies everything, and says so where its last group is deleted.
        let emptied: Vec<&Resource> = match side {
            None => before.iter().map(|own| &own.resource).collect(),
            Some(_) => other.clone(),
        };
        absent.extend(emptied_policies(&own, &emptied, side));
        own.extend(absent);
        // Parts of what is in another file say on both sides that it is there.
        let mut all: Vec<&Resource> = own.iter().collect();
        let at = if side == Some(Side::After) { 0 } else { all.len() };
        all.splice(at..at, other);
        let elsewhere = wholes_elsewhere(&all);
        own.extend(elsewhere);
        let has_admin_rules =
            before.iter().chain(&self.after).any(|own| own.resource.kind == admin::KIND);
        for unread in &self.unread {
            let is_touched = |own: &&mut Resource| unread.touches(own, side, has_admin_rules);
            let mut touched = own.iter_mut().filter(is_touched).peekable();
            if touched.peek().is_some() {
                notes.push(unread.reason.to_string());
            }
            for whole in touched {
                unread.make_unknown(whole);
            }
        }
        Template { resources: own, notes, ..Template::default() }
    }
}

/// What the other side alone has of a kind, with contents that are not known.
fn absent(
    kind: &str,
    list: &str,
    own: &[Resource],
    other: &[&Resource],
    side: Option<Side>,
) -> Vec<Resource> {
    let wholes: Vec<_> = own.iter().filter(|own| own.kind == kind).collect();
    let is_absent = |one: &&&Resource| {
        let named = Resource { name: format!("{}/", one.name), ..(**one).clone() };
        one.kind == kind && owner_of(&named, &wholes) == PartOwner::Elsewhere
    };
    let unknown = |one: &&Resource| {
        let what = if kind == route::TABLE { "route table" } else { "group" };
        let why = match side {
            Some(Side::Before) => {
                format!("the change creates the {what}: what its flows met before is not here")
            }
            _ => format!("the change deletes the {what}: what its flows then meet is not here"),
        };
        let rules = ArmValue::Unknown(UnknownValue::new(&one.path, &why));
        Resource { body: object([(list, rules)]), ..(*one).clone() }
    };
    other.iter().filter(is_absent).map(unknown).collect()
}

/// An empty group for each policy that has groups on the other side alone. Where the policy itself
/// is on the other side alone, it is here too, and what it does is not known.
fn emptied_policies(own: &[Resource], other: &[&Resource], side: Option<Side>) -> Vec<Resource> {
    let why = match side {
        Some(Side::Before) => {
            "the change creates the policy: what its flows met before is not here"
        }
        _ => "the change deletes the policy: what its flows then meet is not here",
    };
    let is_of = |policy: &str, one: &Resource, group: &Resource| {
        group.parent().is_some_and(|own| own.eq_ignore_ascii_case(policy))
            && one.place.may_be(&group.place)
    };
    let is_group_of = |group: &Resource, one: &Resource| {
        one.kind == POLICY_GROUP && one.parent().is_some_and(|own| is_of(own, one, group))
    };
    let is_policy_of =
        |group: &Resource, one: &Resource| one.kind == POLICY && is_of(one.own_name(), one, group);
    let mut emptied: Vec<Resource> = Vec::new();
    for group in other.iter().copied().filter(|one| one.kind == POLICY_GROUP) {
        if own.iter().chain(&emptied).any(|one| is_group_of(group, one)) {
            continue;
        }
        let policy = other.iter().find(|one| is_policy_of(group, one));
        if let Some(policy) = policy.filter(|_| !own.iter().any(|one| is_policy_of(group, one))) {
            let condition = Some(ArmValue::Unknown(UnknownValue::new(&policy.path, why)));
            emptied.push(Resource { condition, ..(*policy).clone() });
        }
        let body = object([("ruleCollections", ArmValue::Array(Vec::new()))]);
        emptied.push(Resource { body, condition: None, ..group.clone() });
    }
    emptied
}

/// An object of these members.
pub(super) fn object<const N: usize>(members: [(&str, ArmValue); N]) -> ArmValue {
    ArmValue::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
