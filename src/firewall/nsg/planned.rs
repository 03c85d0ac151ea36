//! Files that hold resources before and after a change: plans of Terraform, what-if answers, and
//! the plans of `rules plan`.

use serde_json::Value;

use super::error::ReadError;
use super::{plan_file, route, terraform, what_if};
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
        let nothing = Vec::new();
        let before = self.before.as_ref().unwrap_or(&nothing);
        let (own, other) = match side {
            Some(Side::Before) => (before, &self.after),
            Some(Side::After) => (&self.after, before),
            None => (&self.after, &nothing),
        };
        let parts_of = |resources: &[Resource], whole: &Resource, part: &str| -> Vec<String> {
            let is_part = |own: &&Resource| own.kind == part && is_in(&own.name, &whole.name);
            resources.iter().filter(is_part).map(|own| last(&own.name)).collect()
        };
        let mut resources = own.clone();
        for (kind, part, list) in WHOLES {
            for whole in resources.iter_mut().filter(|own| own.kind == kind) {
                let mut names = parts_of(own, whole, part);
                names.extend(parts_of(other, whole, part));
                if !names.is_empty() {
                    leave_out(&mut whole.body, list, &names);
                }
            }
        }
        for (kind, _, list) in WHOLES {
            let is_absent = |one: &&Resource| {
                let is_same = |held: &Resource| {
                    held.kind == kind && held.name.eq_ignore_ascii_case(&one.name)
                };
                one.kind == kind && !own.iter().any(is_same)
            };
            resources.extend(other.iter().filter(is_absent).map(|one| {
                let what = if kind == route::TABLE { "route table" } else { "group" };
                let why = match side {
                    Some(Side::Before) => {
                        format!(
                            "the change creates the {what}: what its flows met before is not here"
                        )
                    }
                    _ => {
                        format!(
                            "the change deletes the {what}: what its flows then meet is not here"
                        )
                    }
                };
                let rules = ArmValue::Unknown(UnknownValue::new(&one.path, &why));
                Resource { body: object([(list, rules)]), ..one.clone() }
            }));
        }
        Template { resources, notes: self.notes.clone() }
    }
}

/// What holds parts of its own kind in a list: the type, the type of its parts, and the list. A
/// part may be a resource of its own beside the list.
const WHOLES: [(&str, &str, &str); 2] =
    [(GROUP, RULE, "securityRules"), (route::TABLE, route::ROUTE, "routes")];

/// Whether `name` is `WHOLE/PART` of this group or table.
fn is_in(name: &str, group: &str) -> bool {
    name.rsplit_once('/').is_some_and(|(own, _)| own.eq_ignore_ascii_case(group))
}

fn last(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase()
}

/// Leaves out of a list the parts that are resources of their own: the list is as it was when it
/// was read, and holds them too.
fn leave_out(body: &mut ArmValue, list: &str, names: &[String]) {
    let ArmValue::Object(members) = body else { return };
    for (key, value) in members {
        if key.eq_ignore_ascii_case("properties") {
            leave_out(value, list, names);
        } else if key.eq_ignore_ascii_case(list) {
            match value {
                ArmValue::Array(parts) => parts.retain(|part| {
                    let name = part.get("name").and_then(ArmValue::as_str);
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
