//! Rules that stand inside their group and rules that are resources of their own, in one plan.
//!
//! A group is written with all the rules inside it, and what is not among them is deleted. A rule
//! of its own is written alone. Where a change writes both, the last one wins, and which that is
//! the plan does not say. The same holds for routes and route tables.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::node::Node;
use super::planned::{PlannedResource, Write};
use super::rule::read_rule;
use super::whole::{PartOwner, RULE, WHOLES, owner_of};
use crate::arm_template::{ArmValue, Resource, UnknownValue};
use crate::firewall::rule::Rule;

/// The resources before a change. A group's list is as it was when it was read: it holds the rules
/// that are resources of their own too.
pub(super) fn as_they_are(before: &[PlannedResource]) -> Vec<Resource> {
    let mut resources: Vec<Resource> = before.iter().map(|own| own.resource.clone()).collect();
    let parts = PartsOfWholes::of(before);
    for (at, list) in wholes(before) {
        let names = parts.names(before, at);
        retain(&mut resources[at].body, list, |part| !names.contains(&name_of(part)));
    }
    resources
}

/// The resources after a change, as far as the order of its writes does not matter.
pub(super) fn as_they_would_be(
    before: &[PlannedResource],
    after: &[PlannedResource],
    notes: &mut Vec<String>,
) -> Vec<Resource> {
    let (parts, parts_before) = (PartsOfWholes::of(after), PartsOfWholes::of(before));
    let mut outcome = Outcome {
        after,
        resources: after.iter().map(|own| own.resource.clone()).collect(),
        lost: HashSet::new(),
        notes,
    };
    for (at, list) in wholes(after) {
        let was = counterpart(&after[at].resource, before);
        let names = parts.names(after, at);
        let deleted = was.map_or_else(BTreeSet::new, |was| parts_before.names(before, was));
        outcome.write(&WrittenWhole {
            at,
            list,
            is_new: after[at].write == Write::Replace || was.is_none(),
            held: InlineList::of(&after[at].resource.body, list),
            was: was.map(|was| InlineList::of(&before[was].resource.body, list)),
            parts: &parts.of_whole[at],
            deleted: deleted.difference(&names).cloned().collect(),
        });
    }
    let Outcome { resources, lost, .. } = outcome;
    let kept = resources.into_iter().enumerate().filter(|(at, _)| !lost.contains(at));
    kept.map(|(_, own)| own).collect()
}

/// A group or a table of the change, and its parts.
struct WrittenWhole<'a> {
    at: usize,
    /// The name of its list.
    list: &'static str,
    is_new: bool,
    /// The list as it is written.
    held: InlineList<'a>,
    was: Option<InlineList<'a>>,
    /// The resources that are parts of it.
    parts: &'a [usize],
    /// The names of parts that the change deletes.
    deleted: BTreeSet<String>,
}

/// What comes of a change.
struct Outcome<'a> {
    after: &'a [PlannedResource],
    resources: Vec<Resource>,
    /// The resources that are there no more, by their indices.
    lost: HashSet<usize>,
    notes: &'a mut Vec<String>,
}

impl Outcome<'_> {
    fn write(&mut self, whole: &WrittenWhole<'_>) {
        let write = self.after[whole.at].write;
        let is_rewritten = write == Write::Update
            && whole.was.as_ref().is_some_and(|was| !whole.held.is_same(was));
        match whole.held {
            // Terraform does not know the list of a group that it will create, whose rules are
            // these resources: the two do not mix.
            InlineList::Unknown if whole.is_new && !whole.parts.is_empty() => {
                if let Some(list) = list_of(&mut self.resources[whole.at].body, whole.list) {
                    *list = ArmValue::Array(Vec::new());
                }
            }
            InlineList::Unknown => {}
            InlineList::Known(_) if is_rewritten => self.rewrite(whole),
            InlineList::Known(_) => self.leave_out(whole, write),
        }
        if write == Write::Replace {
            self.replace(whole);
        }
    }

    /// Writes a list that is another than before.
    fn rewrite(&mut self, whole: &WrittenWhole<'_>) {
        let path = &self.after[whole.at].resource.path;
        let mut doubtful = BTreeSet::new();
        for part in whole.parts {
            let own = &self.after[*part];
            let name = own.resource.own_name();
            match (own.write, whole.held.find(&own_name(own))) {
                (_, Some(inside)) if is_same_part(inside, &own.resource) => {
                    self.lost.insert(*part);
                }
                (Write::Kept, inside) => {
                    self.lost.insert(*part);
                    let what = if inside.is_some() {
                        "the rule inside the group overwrites the resource"
                    } else {
                        "writing the group deletes it, since it is not among the rules inside"
                    };
                    self.notes.push(format!("{path}, rule {name}: {what}"));
                }
                _ => {
                    doubtful.insert(own_name(own));
                    let condition = ArmValue::Unknown(both_written(path));
                    self.resources[*part].condition = Some(condition);
                }
            }
        }
        let is_inside = |name: &&String| whole.held.find(name).is_some();
        doubtful.extend(whole.deleted.iter().filter(is_inside).cloned());
        for name in &doubtful {
            self.notes.push(format!("{path}, rule {name}: {}", both_written(path).why));
        }
        make_doubtful(&mut self.resources[whole.at], whole.list, &doubtful);
    }

    /// Leaves out of a list, which is as it was when it was read, what resources of their own say
    /// better. A resource that is not written does not come back with a new group.
    fn leave_out(&mut self, whole: &WrittenWhole<'_>, write: Write) {
        let stays =
            |part: &&usize| write != Write::Replace || self.after[**part].write != Write::Kept;
        let said: BTreeSet<String> =
            whole.parts.iter().filter(stays).map(|part| own_name(&self.after[*part])).collect();
        retain(&mut self.resources[whole.at].body, whole.list, |part| {
            let name = name_of(part);
            !said.contains(&name) && !whole.deleted.contains(&name)
        });
    }

    /// Makes a group anew, which deletes its parts.
    fn replace(&mut self, whole: &WrittenWhole<'_>) {
        let path = &self.after[whole.at].resource.path;
        for part in whole.parts {
            let own = &self.after[*part];
            match own.write {
                Write::Kept => {
                    self.lost.insert(*part);
                    if whole.held.find(&own_name(own)).is_none() {
                        self.notes.push(format!(
                            "{path}, rule {}: it is deleted with the group, which is created again \
                             without it",
                            own.resource.own_name()
                        ));
                    }
                }
                Write::Update => {
                    let condition = ArmValue::Unknown(both_written(path));
                    self.resources[*part].condition = Some(condition);
                }
                Write::Create | Write::Replace => {}
            }
        }
    }
}

fn both_written(path: &str) -> UnknownValue {
    let why = "the change writes it as a resource and as a rule inside the group, and which of them \
               comes last is not in the plan";
    UnknownValue::new(path, why)
}

/// The parts of each whole, by their indices.
struct PartsOfWholes {
    of_whole: Vec<Vec<usize>>,
}

impl PartsOfWholes {
    fn of(all: &[PlannedResource]) -> Self {
        let mut of_whole = vec![Vec::new(); all.len()];
        for (kind, part, _) in WHOLES {
            let indices: Vec<usize> =
                (0..all.len()).filter(|at| all[*at].resource.kind == kind).collect();
            let wholes: Vec<&Resource> = indices.iter().map(|at| &all[*at].resource).collect();
            for (at, own) in all.iter().enumerate().filter(|(_, own)| own.resource.kind == part) {
                if let PartOwner::Known(owner) = owner_of(&own.resource, &wholes) {
                    of_whole[indices[owner]].push(at);
                }
            }
        }
        Self { of_whole }
    }

    fn names(&self, all: &[PlannedResource], at: usize) -> BTreeSet<String> {
        self.of_whole[at].iter().map(|part| own_name(&all[*part])).collect()
    }
}

/// The wholes by their indices, each with the name of its list.
fn wholes(all: &[PlannedResource]) -> Vec<(usize, &'static str)> {
    let list = |own: &PlannedResource| {
        WHOLES.iter().find(|(kind, ..)| own.resource.kind == *kind).map(|(.., list)| *list)
    };
    all.iter().enumerate().filter_map(|(at, own)| Some((at, list(own)?))).collect()
}

/// The same whole before the change.
fn counterpart(whole: &Resource, before: &[PlannedResource]) -> Option<usize> {
    let alike: Vec<usize> =
        (0..before.len()).filter(|at| before[*at].resource.kind == whole.kind).collect();
    let named: Vec<&Resource> = alike.iter().map(|at| &before[*at].resource).collect();
    let own = Resource { name: format!("{}/", whole.name), ..whole.clone() };
    match owner_of(&own, &named) {
        PartOwner::Known(at) => Some(alike[at]),
        PartOwner::Perhaps(_) | PartOwner::Elsewhere => None,
    }
}

/// The list of a whole as the file has it, by the names of its parts.
enum InlineList<'a> {
    Unknown,
    Known(HashMap<String, &'a ArmValue>),
}

impl<'a> InlineList<'a> {
    fn of(body: &'a ArmValue, list: &str) -> Self {
        let inner = body.get("properties").unwrap_or(body);
        if let ArmValue::Unknown(_) = inner {
            return Self::Unknown;
        }
        match inner.get(list) {
            Some(ArmValue::Array(parts)) => {
                Self::Known(parts.iter().map(|part| (name_of(part), part)).collect())
            }
            Some(ArmValue::Unknown(_)) => Self::Unknown,
            _ => Self::Known(HashMap::new()),
        }
    }

    fn find(&self, name: &str) -> Option<&'a ArmValue> {
        match self {
            Self::Unknown => None,
            Self::Known(parts) => parts.get(name).copied(),
        }
    }

    /// Whether both hold the same, in any order.
    fn is_same(&self, other: &InlineList<'_>) -> bool {
        let (Self::Known(own), InlineList::Known(others)) = (self, other) else { return false };
        own.len() == others.len()
            && own
                .iter()
                .all(|(name, part)| others.get(name).is_some_and(|other| said(part) == said(other)))
    }
}

/// A part of a list, or a part of its own, as far as it decides.
fn said(part: &ArmValue) -> Rule {
    Rule { name: String::new(), location: String::new(), ..read_rule(&Node::root(part, "$")) }
}

fn is_same_part(inside: &ArmValue, part: &Resource) -> bool {
    part.condition.is_none() && part.kind == RULE && said(inside) == said(&part.body)
}

fn own_name(own: &PlannedResource) -> String {
    own.resource.own_name().to_ascii_lowercase()
}

fn name_of(part: &ArmValue) -> String {
    part.get("name").and_then(ArmValue::as_str).unwrap_or_default().to_ascii_lowercase()
}

/// Keeps those parts of a list that `is_kept` says.
fn retain(body: &mut ArmValue, list: &str, is_kept: impl Fn(&ArmValue) -> bool) {
    if let Some(ArmValue::Array(parts)) = list_of(body, list) {
        parts.retain(is_kept);
    }
}

/// Makes it unknown what the parts of these names do.
fn make_doubtful(whole: &mut Resource, list: &str, names: &BTreeSet<String>) {
    let unknown = ArmValue::Unknown(both_written(&whole.path));
    let Some(ArmValue::Array(parts)) = list_of(&mut whole.body, list) else { return };
    for part in parts.iter_mut().filter(|part| names.contains(&name_of(part))) {
        for key in ["access", "nextHopType"] {
            set_member(part, key, &unknown);
        }
    }
}

/// The list of this name, which may lie below `properties`.
pub(super) fn list_of<'a>(body: &'a mut ArmValue, list: &str) -> Option<&'a mut ArmValue> {
    let ArmValue::Object(members) = body else { return None };
    let at = |members: &[(String, ArmValue)], key: &str| {
        members.iter().position(|(own, _)| own.eq_ignore_ascii_case(key))
    };
    if let Some(index) = at(members, list) {
        return Some(&mut members[index].1);
    }
    let index = at(members, "properties")?;
    list_of(&mut members[index].1, list)
}

fn set_member(part: &mut ArmValue, key: &str, value: &ArmValue) {
    let ArmValue::Object(members) = part else { return };
    for (own, member) in members {
        if own.eq_ignore_ascii_case(key) {
            *member = value.clone();
        } else if own.eq_ignore_ascii_case("properties") {
            set_member(member, key, value);
        }
    }
}
