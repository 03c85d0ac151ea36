//! Files that hold resources before and after a change: plans of Terraform and what-if answers.

use serde_json::Value;

use super::error::ReadError;
use super::{terraform, what_if};
use crate::arm_template::{ArmValue, Resource, Template, UnknownValue};

const GROUP: &str = "microsoft.network/networksecuritygroups";
const RULE: &str = "microsoft.network/networksecuritygroups/securityrules";

/// The resources of a file on both sides of a change, in the shape of Resource Manager.
#[derive(Debug, Default)]
pub(super) struct PlannedResources {
    /// The resources as they are; `None` where the file holds one side only.
    pub(super) before: Option<Vec<Resource>>,
    /// The resources as they would be.
    pub(super) after: Vec<Resource>,
    pub(super) notes: Vec<String>,
}

/// The side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// Reads a plan or a what-if answer; `None` for any other document.
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
    if what_if::is_what_if(value) {
        return what_if::read_what_if(value, file).map(Some);
    }
    Ok(None)
}

impl PlannedResources {
    /// One side as the resources of a template. Where the file holds two, a group that the other
    /// side lacks is there too, with rules that are not known: what its flows meet without it is
    /// not in the file.
    pub(super) fn into_template(self, side: Side) -> Template {
        let Self { before, after, notes } = self;
        let is_change = before.is_some();
        let before = before.unwrap_or_default();
        let (mut own, other) = match side {
            Side::Before => (before, after),
            Side::After => (after, before),
        };
        let rules_of = |resources: &[Resource], group: &str| -> Vec<String> {
            let is_child = |own: &&Resource| own.kind == RULE && is_in(&own.name, group);
            let names = resources.iter().filter(is_child).map(|own| last(&own.name));
            names.collect()
        };
        let children: Vec<_> = own
            .iter()
            .map(|one| {
                let mut names = rules_of(&own, &one.name);
                names.extend(rules_of(&other, &one.name));
                names
            })
            .collect();
        for (group, children) in own.iter_mut().zip(&children) {
            if group.kind == GROUP && !children.is_empty() {
                leave_out(&mut group.body, children);
            }
        }
        let absent: Vec<_> = other
            .into_iter()
            .filter(|one| one.kind == GROUP && is_change)
            .filter(|one| {
                let is_same = |held: &Resource| {
                    held.kind == GROUP && held.name.eq_ignore_ascii_case(&one.name)
                };
                !own.iter().any(is_same)
            })
            .map(|one| {
                let why = match side {
                    Side::Before => {
                        "the change creates the group: what its flows met before is not here"
                    }
                    Side::After => {
                        "the change deletes the group: what its flows then meet is not here"
                    }
                };
                let rules = ArmValue::Unknown(UnknownValue::new(&one.path, why));
                Resource { body: object([("securityRules", rules)]), ..one }
            })
            .collect();
        own.extend(absent);
        Template { resources: own, notes }
    }
}

/// Whether `name` is `GROUP/RULE` of this group.
fn is_in(name: &str, group: &str) -> bool {
    name.rsplit_once('/').is_some_and(|(own, _)| own.eq_ignore_ascii_case(group))
}

fn last(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase()
}

/// Leaves out of a group's own list the rules that are resources of their own: the list is as it
/// was when it was read, and holds them too.
fn leave_out(body: &mut ArmValue, names: &[String]) {
    let ArmValue::Object(members) = body else { return };
    for (key, value) in members {
        if key.eq_ignore_ascii_case("properties") {
            leave_out(value, names);
        } else if key.eq_ignore_ascii_case("securityRules") {
            match value {
                ArmValue::Array(rules) => rules.retain(|rule| {
                    let name = rule.get("name").and_then(ArmValue::as_str);
                    !name.is_some_and(|name| names.contains(&name.to_ascii_lowercase()))
                }),
                // Terraform does not know the list of a group that it will create, whose rules are
                // these resources: the two do not mix.
                ArmValue::Unknown(_) => *value = ArmValue::Array(Vec::new()),
                _ => {}
            }
        }
    }
}

/// An object of these members.
pub(super) fn object<const N: usize>(members: [(&str, ArmValue); N]) -> ArmValue {
    ArmValue::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
