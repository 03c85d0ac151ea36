//! Reads rules in the forms in which Azure, its tools and its users write them, and translates them
//! into rule sets: network security groups, effective rules, ARM templates, rules of Azure Firewall
//! and plain lists.

mod admin;
mod allowlist;
mod cidrs;
mod error;
mod foreign;
mod group;
mod inline;
mod json_text;
mod line;
mod node;
mod plan_file;
mod planned;
mod policy;
mod references;
mod route;
mod rule;
mod template;
mod terraform;
mod terraform_policy;
mod unread;
mod what_if;
mod whole;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::error::ReadError;
pub use self::line::line_of;
use self::node::Node;
use self::planned::{PlannedResources, Side, read_planned};
use self::policy::{IpGroups, PlacedName, Policies, Policy};
use self::template::sets_of_template;
use super::missing::{Missing, Property};
use super::rest::{add_rests, align_rests};
use super::rule::{Direction, Onward, Rule, RuleDialect, RuleSet};
use crate::arm_template::{
    ArmValue, ResourcePlace, Template, UnknownValue, is_template, parameter_file, plain_json,
    read_template,
};

/// A file that may hold rules, or values for the rules of other files.
#[derive(Clone, Copy, Debug)]
pub struct RuleFile<'a> {
    /// The name of the file in messages.
    pub name: &'a str,
    pub text: &'a str,
}

/// Reads rule sets from files, in their order. Files of IP groups and of template parameters give
/// their values to all others. A value that cannot be evaluated is unknown, with its location.
///
/// # Errors
/// [`ReadError`] where a file is neither rules nor values for them.
pub fn read(files: &[RuleFile<'_>]) -> Result<Vec<RuleSet>, ReadError> {
    let mut sets = sets_of_files(&parsed(files)?, None)?;
    RuleSet::tell_apart(&mut [&mut sets]);
    add_rests(&mut sets);
    Ok(sets)
}

/// Reads both sides of a change from files of which one at least holds both; `None` where none
/// does. What the other files hold is on both sides.
///
/// # Errors
/// As [`read`].
pub fn read_change(files: &[RuleFile<'_>]) -> Result<Option<[Vec<RuleSet>; 2]>, ReadError> {
    let files = parsed(files)?;
    if !files.iter().any(|(_, form)| holds_both(form)) {
        // What holds no rules at all is not one side of a change.
        sets_of_files(&files, None)?;
        return Ok(None);
    }
    let side = |side| sets_of_files(&files, Some(side));
    let (mut before, mut after) = (side(Side::Before)?, side(Side::After)?);
    // What is on both sides and stands in a row on one of them only is inherited on the other: a
    // base policy is not in force by itself.
    let is_beside =
        |set: &RuleSet| files.iter().any(|(file, form)| *file == set.file() && !holds_both(form));
    let retain = |own: &mut Vec<RuleSet>, other: &[RuleSet]| {
        let is_there = |set: &RuleSet| {
            other.iter().any(|own| own.file() == set.file() && own.name == set.name)
        };
        own.retain(|set| !is_beside(set) || is_there(set));
    };
    retain(&mut before, &after);
    retain(&mut after, &before);
    RuleSet::tell_apart(&mut [&mut before, &mut after]);
    align_rests(&mut before, &mut after);
    Ok(Some([before, after]))
}

/// Whether a file holds both sides of a change.
///
/// # Errors
/// As [`read`].
pub fn holds_both_sides(file: RuleFile<'_>) -> Result<bool, ReadError> {
    Ok(holds_both(&FileForm::read(file)?))
}

fn holds_both(form: &FileForm) -> bool {
    matches!(form, FileForm::Planned(planned) if planned.before.is_some())
}

/// The files by their forms, each parsed once: a plan may be large.
fn parsed<'a>(files: &[RuleFile<'a>]) -> Result<Vec<(&'a str, FileForm)>, ReadError> {
    files.iter().map(|file| Ok((file.name, FileForm::read(*file)?))).collect()
}

/// One side of files that may hold a change: the rules as they would be, where `side` is `None`.
fn sets_of_files(
    files: &[(&str, FileForm)],
    side: Option<Side>,
) -> Result<Vec<RuleSet>, ReadError> {
    let mut parameters = BTreeMap::new();
    let mut groups = IpGroups::default();
    for (_, form) in files {
        if let FileForm::Parameters(given) = form {
            parameters.extend(given.clone());
        }
    }
    let mut parts = Vec::new();
    for (file, form) in files {
        match form {
            FileForm::Parameters(_) => {}
            FileForm::List(set) => parts.push(FileContent::Set(set.clone())),
            FileForm::Json(value) => {
                parts.push(FileContent::Json(file, ArmValue::literal(value, "$")));
            }
            FileForm::Template(value) => {
                let template = read_template(value, &parameters, holds_rules);
                collect_ip_groups_of(&template, &mut groups);
                parts.push(FileContent::Template(file, template));
            }
            FileForm::Planned(planned) => {
                let template = planned.template(side);
                collect_ip_groups_of(&template, &mut groups);
                parts.push(FileContent::Template(file, template));
            }
        }
    }
    for part in &parts {
        if let FileContent::Json(_, value) = part {
            collect_ip_groups(&Node::root(value, "$"), &mut groups);
        }
    }
    let mut sets = Vec::new();
    let mut policies = Policies::default();
    for part in parts {
        match part {
            FileContent::Set(set) => sets.push(*set),
            FileContent::Json(file, value) => {
                sets.extend(read_json(file, &value, &groups, &mut policies)?);
            }
            FileContent::Template(file, template) => {
                sets.extend(sets_of_template(file, template, &groups, &mut policies)?);
            }
        }
    }
    let is_any_policy = !policies.is_empty();
    sets.extend(policies.into_sets()?);
    if sets.is_empty() {
        let found = if is_any_policy {
            "a firewall policy without its rule collection groups"
        } else {
            "only IP groups or parameters"
        };
        return Err(ReadError {
            file: files.iter().map(|(file, _)| *file).collect::<Vec<_>>().join(", "),
            location: "$".to_owned(),
            found: found.to_owned(),
            expected: "rules beside them",
        });
    }
    Ok(sets)
}

/// A file by its form. The rules of a list need nothing from other files, so that they are read at
/// once.
enum FileForm {
    List(Box<RuleSet>),
    Json(Value),
    Template(Value),
    Planned(Box<PlannedResources>),
    Parameters(BTreeMap<String, ArmValue>),
}

enum FileContent<'a> {
    Set(Box<RuleSet>),
    Json(&'a str, ArmValue),
    Template(&'a str, Template),
}

impl FileForm {
    fn read(file: RuleFile<'_>) -> Result<Self, ReadError> {
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
        // No line of a list begins like JSON or with a template's comment.
        if !text.trim_start().starts_with(['{', '[', '/']) {
            if let Some(foreign) = foreign::of_text(file.name, text) {
                return Err(foreign_error(file.name, foreign));
            }
            return allowlist::read_allowlist(text, file.name).map(|set| Self::List(Box::new(set)));
        }
        let value: Value = json_text::read_json_text(text).map_err(|error| {
            let is_comment = text.trim_start().starts_with('/');
            if let Some(foreign) =
                foreign::of_text(file.name, &plain_json(text)).filter(|_| is_comment)
            {
                return foreign_error(file.name, foreign);
            }
            ReadError {
                file: file.name.to_owned(),
                location: format!("line {} column {}", error.line(), error.column()),
                found: error.to_string(),
                expected: "JSON (comments are accepted)",
            }
        })?;
        if let Some(foreign) = foreign::of_json(&value) {
            return Err(foreign_error(file.name, foreign));
        }
        if let Some(planned) = read_planned(&value, file.name)? {
            return Ok(Self::Planned(Box::new(planned)));
        }
        Ok(if is_template(&value) {
            Self::Template(value)
        } else if let Some(given) = parameter_file(&value) {
            Self::Parameters(given)
        } else {
            Self::Json(value)
        })
    }
}

fn foreign_error(file: &str, foreign: foreign::Foreign) -> ReadError {
    ReadError {
        file: file.to_owned(),
        location: "the whole file".to_owned(),
        found: foreign.what.to_owned(),
        expected: foreign.instead,
    }
}

/// The rules that were met in a JSON document, and how many of the things whose rules are read
/// only when all files are known.
#[derive(Default)]
struct FoundRules {
    sets: Vec<RuleSet>,
    policies: usize,
    ip_groups: usize,
}

/// The search for rules in one JSON document.
struct RuleSearch<'a> {
    file: &'a str,
    groups: &'a IpGroups,
    policies: &'a mut Policies,
    /// Whether the search is within a list, as tools answer when they are asked for all of a kind.
    is_list: bool,
    /// Why the document may lack what belongs to it.
    pages: Option<&'a Missing>,
}

fn read_json(
    file: &str,
    value: &ArmValue,
    groups: &IpGroups,
    policies: &mut Policies,
) -> Result<Vec<RuleSet>, ReadError> {
    let root = Node::root(value, "$");
    let mut found = FoundRules::default();
    let pages = further_pages(&root);
    let elements = match value {
        ArmValue::Array(_) => root.elements(),
        _ => root.get("value").map_or_else(Vec::new, |value| value.elements()),
    };
    let all = |is_it: fn(&Node<'_>) -> bool| {
        let is_known = |own: &Node<'_>| matches!(own.value, ArmValue::Object(_));
        !elements.is_empty() && elements.iter().all(|own| is_known(own) && is_it(own))
    };
    if all(admin::is_admin_rule) {
        found.sets.push(admin::read_admin_rules(&elements, file));
    } else if all(route::is_route) {
        found.sets.push(route::read_effective_routes(&elements, file));
    } else if all(is_rule) {
        found.sets.push(group::read_bare_rules(&elements, file));
    } else if is_rule(&root) {
        found.sets.push(group::read_bare_rules(std::slice::from_ref(&root), file));
    } else {
        let pages = pages.as_ref().map(|(_, missing)| missing);
        let mut search = RuleSearch { file, groups, policies, is_list: false, pages };
        search_rules(&root, None, &mut search, &mut found);
    }
    let mut sets = found.sets;
    if let Some((path, missing)) = pages {
        let unread = |set: RuleSet, direction: Direction| {
            let mut rule = Rule::unreadable(&path, &path, &missing);
            rule.direction = direction.into();
            if set.dialect == RuleDialect::Admin {
                rule.onward = Onward::PastGroups;
            }
            set.with_first(rule)
        };
        sets = sets
            .into_iter()
            .map(|set| unread(unread(set, Direction::Outbound), Direction::Inbound))
            .collect();
    }
    if sets.is_empty() && found.policies == 0 && found.ip_groups == 0 {
        return Err(ReadError {
            file: file.to_owned(),
            location: "$".to_owned(),
            found: format!("{} without any rules", value.shown()),
            expected: "an object with securityRules, effectiveSecurityRules or ruleCollections, a \
                       list of such objects or of rules, or an ARM template",
        });
    }
    Ok(sets)
}

/// Where an answer says that it goes on in further pages, which are not in the file: what they hold
/// may decide about any flow.
fn further_pages(root: &Node<'_>) -> Option<(String, Missing)> {
    let token = root.get_any(&["nextLink", "skipToken"])?;
    token.value.as_str().filter(|text| !text.is_empty())?;
    let why = "the answer goes on in further pages, which are not in this file";
    Some((token.path.clone(), token.missing(why)))
}

/// Whether a node is a rule: every tool writes a rule's access and direction. Building blocks of
/// templates leave out what their names imply, but only within `securityRules`, where this is not
/// asked.
fn is_rule(node: &Node<'_>) -> bool {
    let properties = node.properties();
    properties.has("access") && properties.has("direction")
}

/// Searches a node for groups, which lie at the top, in lists, below the `value` of an answer or
/// deep in other tools' exports; those of a firewall policy lie below it or beside it. `policy` is
/// the policy that groups below this node belong to.
fn search_rules(
    node: &Node<'_>,
    policy: Option<&PlacedName>,
    search: &mut RuleSearch<'_>,
    found: &mut FoundRules,
) {
    if let ArmValue::Array(_) = node.value {
        search.is_list = true;
        for element in node.elements() {
            search_rules(&element, policy, search, found);
        }
        return;
    }
    let ArmValue::Object(members) = node.value else { return };
    let file = search.file;
    let properties = node.properties();
    let mut policy = policy.cloned();
    if is_policy(node) {
        // The search meets its properties again below, where they are the same policy's.
        let id = node.text("id");
        let mut place = id.map(ResourcePlace::of_id).unwrap_or_default();
        place.group = place.group.or_else(|| node.text("resourceGroup").map(str::to_owned));
        let name = node.text("name").or(id).map(last);
        policy = name.map(|name| PlacedName::new(name, place)).or(policy);
        search.policies.add_policy(node, policy.as_ref(), None, file);
        // A list of its groups says which of them the file lacks.
        let pages = search.pages.filter(|_| properties.get("ruleCollectionGroups").is_none());
        if let Some(missing) = pages {
            search.policies.set_doubt(policy.as_ref(), file, missing);
        }
        found.policies += 1;
    }
    if node.has("effectiveSecurityRules") {
        found.sets.push(group::read_effective(node, file));
    } else if route::is_table(node) {
        found.sets.push(route::read_table(node, file));
    } else if properties.has("securityRules") {
        found.sets.push(group::read_group(node, file));
    } else if properties.has("ruleCollections") {
        let named = node.text("id").and_then(policy_of_id).or(policy);
        search.policies.add_group(node, named.as_ref(), None, file, search.groups);
        if search.is_list {
            search.policies.set_whole(named.as_ref(), file);
        }
        if let Some(missing) = search.pages {
            search.policies.set_doubt(named.as_ref(), file, missing);
        }
        found.policies += 1;
    } else if properties.has("networkRuleCollections")
        || properties.has("applicationRuleCollections")
    {
        found.sets.extend(read_firewall(node, file, search.groups));
    } else if is_ip_group(node) {
        found.ip_groups += 1;
    } else {
        for (key, value) in members {
            let inner = Node { value, path: format!("{}.{key}", node.path) };
            if refers_to_policy(key, &inner) {
                continue;
            }
            search_rules(&inner, policy.as_ref(), search, found);
        }
    }
}

/// Whether a node is a firewall policy: by its type or id, or because it names its base policy or
/// its groups. What is nothing but an id only refers to one.
fn is_policy(node: &Node<'_>) -> bool {
    if matches!(node.value, ArmValue::Object(members) if members.len() < 2) {
        return false;
    }
    let says_so = |key: &str| {
        let text = node.text(key).map(str::to_ascii_lowercase);
        text.is_some_and(|text| {
            text.contains("microsoft.network/firewallpolicies") && policy_of_id(&text).is_none()
        })
    };
    let properties = node.properties();
    says_so("type")
        || says_so("id")
        || properties.has("basePolicy")
        || properties
            .get("ruleCollectionGroups")
            .is_some_and(|inner| matches!(inner.value, ArmValue::Array(_)))
}

/// Whether a member only names a policy, whatever it says of it beside its id. What names its
/// groups is the policy itself.
fn refers_to_policy(key: &str, node: &Node<'_>) -> bool {
    let is_named_so = |own: &str| key.eq_ignore_ascii_case(own);
    ["basePolicy", "firewallPolicy"].into_iter().any(is_named_so)
        && node.properties().get("ruleCollectionGroups").is_none()
}

/// The policy of the group whose id is `…/firewallPolicies/NAME/ruleCollectionGroups/GROUP`.
fn policy_of_id(id: &str) -> Option<PlacedName> {
    let mut segments =
        id.split('/').skip_while(|own| !own.eq_ignore_ascii_case("firewallPolicies"));
    let name = segments.nth(1)?;
    let is_group = segments.next()?.eq_ignore_ascii_case("ruleCollectionGroups");
    is_group.then(|| PlacedName::new(name, ResourcePlace::of_id(id)))
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn read_firewall(node: &Node<'_>, file: &str, groups: &IpGroups) -> Option<RuleSet> {
    let name = node.text("name").unwrap_or(&node.path);
    Policy::of_firewall(node, groups).map(|policy| policy.into_set(name, file))
}

fn is_ip_group(node: &Node<'_>) -> bool {
    let says_so = |key: &str| {
        node.text(key).is_some_and(|text| text.to_ascii_lowercase().contains("/ipgroups"))
    };
    node.properties().get("ipAddresses").is_some() && (says_so("type") || says_so("id"))
}

fn collect_ip_groups(node: &Node<'_>, groups: &mut IpGroups) {
    match node.value {
        ArmValue::Array(_) => {
            for element in node.elements() {
                collect_ip_groups(&element, groups);
            }
        }
        ArmValue::Object(_) if is_ip_group(node) => {
            groups.add(node, None);
        }
        ArmValue::Object(_) => {
            for key in ["value", "resources"] {
                if let Some(inner) = node.get(key) {
                    collect_ip_groups(&inner, groups);
                }
            }
        }
        _ => {}
    }
}

fn collect_ip_groups_of(template: &Template, groups: &mut IpGroups) {
    for resource in template.resources.iter().filter(|own| own.kind == policy::IP_GROUP) {
        groups.add(&Node::root(&resource.body, &resource.path), Some(&resource.place));
    }
}

/// Makes what a rule does unknown where its condition is: it may not be there at all.
fn make_conditional(rule: &mut Rule, condition: Option<&ArmValue>) {
    if let Some(condition) = condition {
        rule.access = Property::Unknown(unknown_condition(condition, &rule.location));
    }
}

/// What is missing to know whether a resource at `path` with this condition is there.
fn unknown_condition(condition: &ArmValue, path: &str) -> Missing {
    match condition {
        ArmValue::Unknown(unknown) => unknown.into(),
        other => UnknownValue::new(path, &format!("its condition is {}", other.shown())).into(),
    }
}

/// Whether a resource of a template, whose type is in lower case, may hold rules or addresses for
/// them.
fn holds_rules(kind: &str) -> bool {
    matches!(
        kind,
        "microsoft.network/networksecuritygroups"
            | "microsoft.network/networksecuritygroups/securityrules"
            | policy::IP_GROUP
            | policy::FIREWALL
            | policy::POLICY
            | policy::POLICY_GROUP
            | "microsoft.network/firewallpolicies/rulegroups"
            | route::TABLE
            | route::ROUTE
            | admin::KIND
    )
}

#[cfg(test)]
mod doubt_tests;
#[cfg(test)]
mod found_files;
#[cfg(test)]
mod planned_tests;
#[cfg(test)]
mod template_doubt_tests;
#[cfg(test)]
mod tests;
