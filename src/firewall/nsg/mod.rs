//! Rules as Azure and its users write them: network security groups by `az`, Resource Manager and
//! PowerShell, lists of them, effective rules, ARM templates, Azure Firewall's rule collection
//! groups, and plain lists of what is allowed.

mod allowlist;
mod datum;
mod foreign;
mod group;
mod policy;
mod relaxed;
mod rule;
mod template;

use std::collections::HashMap;

use serde_json::Value;

use self::datum::{Datum, Node};
use self::policy::{IpGroups, Policies, Policy};
use self::template::{Resource, Template};
use super::missing::{Missing, Setting};
use super::rule::{Rule, RuleSet};

/// A file of rules.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// As messages name it.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// Why a file holds no rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {place}: found {found}; expected {expected}")]
pub struct ReadError {
    /// The file.
    pub file: String,
    /// Where in it.
    pub place: String,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
}

/// Reads rule sets from files, in their order. Files of IP groups and of template parameters give
/// their values to all others. What cannot be evaluated is unknown, with its place.
///
/// # Errors
/// [`ReadError`] where a file is neither rules nor values for them.
pub fn read(sources: &[Source<'_>]) -> Result<Vec<RuleSet>, ReadError> {
    let mut parameters = HashMap::new();
    let mut groups = IpGroups::new();
    let mut documents = Vec::new();
    for source in sources {
        let document = Document::read(*source)?;
        if let Document::Parameters(given) = &document {
            parameters.extend(given.clone());
        }
        documents.push((source.file, document));
    }
    let mut parts = Vec::new();
    for (file, document) in documents {
        match document {
            Document::Parameters(_) => {}
            Document::List(set) => parts.push(Part::Set(set)),
            Document::Json(value) => parts.push(Part::Json(file, Datum::literal(&value, "$"))),
            Document::Template(value) => {
                let template = template::read(&value, &parameters);
                for resource in &template.resources {
                    if resource.kind == "microsoft.network/ipgroups" {
                        policy::read_ip_group(
                            &Node::root(&resource.body, &resource.path),
                            &mut groups,
                        );
                    }
                }
                parts.push(Part::Template(file, template));
            }
        }
    }
    for part in &parts {
        if let Part::Json(_, datum) = part {
            collect_ip_groups(&Node::root(datum, "$"), &mut groups);
        }
    }
    let mut sets = Vec::new();
    let mut policies = Policies::default();
    for part in parts {
        match part {
            Part::Set(set) => sets.push(set),
            Part::Json(file, datum) => {
                sets.extend(read_json(file, &datum, &groups, &mut policies)?);
            }
            Part::Template(file, template) => {
                sets.extend(read_template(file, template, &groups, &mut policies)?);
            }
        }
    }
    sets.extend(policies.into_sets());
    if sets.is_empty() {
        return Err(ReadError {
            file: sources.iter().map(|source| source.file).collect::<Vec<_>>().join(", "),
            place: "$".to_owned(),
            found: "only IP groups or parameters".to_owned(),
            expected: "rules beside them",
        });
    }
    Ok(sets)
}

/// A file by its form.
enum Document {
    List(RuleSet),
    Json(Value),
    Template(Value),
    Parameters(HashMap<String, Datum>),
}

enum Part<'a> {
    Set(RuleSet),
    Json(&'a str, Datum),
    Template(&'a str, Template),
}

impl Document {
    fn read(source: Source<'_>) -> Result<Self, ReadError> {
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(source.text);
        // No line of a list begins like JSON or with a template's comment.
        if !text.trim_start().starts_with(['{', '[', '/']) {
            if let Some(foreign) = foreign::of_text(source.file, text) {
                return Err(foreign_error(source.file, foreign));
            }
            return allowlist::read_allowlist(text, source.file).map(Self::List);
        }
        let value: Value =
            serde_json::from_str(&relaxed::plain_json(text)).map_err(|error| ReadError {
                file: source.file.to_owned(),
                place: format!("line {} column {}", error.line(), error.column()),
                found: error.to_string(),
                expected: "JSON (comments are accepted)",
            })?;
        if let Some(foreign) = foreign::of_json(&value) {
            return Err(foreign_error(source.file, foreign));
        }
        Ok(if template::is_template(&value) {
            Self::Template(value)
        } else if let Some(given) = template::parameter_file(&value) {
            Self::Parameters(given)
        } else {
            Self::Json(value)
        })
    }
}

fn foreign_error(file: &str, foreign: foreign::Foreign) -> ReadError {
    ReadError {
        file: file.to_owned(),
        place: "the whole file".to_owned(),
        found: foreign.what.to_owned(),
        expected: foreign.instead,
    }
}

/// What JSON may hold, anywhere in it.
#[derive(Default)]
struct Found {
    sets: Vec<RuleSet>,
    policies: usize,
    ip_groups: usize,
}

/// What a document is read with.
struct Reading<'a> {
    file: &'a str,
    groups: &'a IpGroups,
    policies: &'a mut Policies,
}

fn read_json(
    file: &str,
    datum: &Datum,
    groups: &IpGroups,
    policies: &mut Policies,
) -> Result<Vec<RuleSet>, ReadError> {
    let root = Node::root(datum, "$");
    let mut found = Found::default();
    let elements = match datum {
        Datum::List(_) => root.elements(),
        _ => root.get("value").map_or_else(Vec::new, |value| value.elements()),
    };
    if !elements.is_empty() && elements.iter().all(is_rule) {
        found.sets.push(group::read_bare_rules(&elements, file));
    } else if is_rule(&root) {
        found.sets.push(group::read_bare_rules(std::slice::from_ref(&root), file));
    } else {
        search(&root, None, &mut Reading { file, groups, policies }, &mut found);
    }
    let sets = found.sets;
    if sets.is_empty() && found.policies == 0 && found.ip_groups == 0 {
        return Err(ReadError {
            file: file.to_owned(),
            place: "$".to_owned(),
            found: format!("{} without any rules", datum.shown()),
            expected: "an object with securityRules, effectiveSecurityRules or ruleCollections, a \
                       list of such objects or of rules, or an ARM template",
        });
    }
    Ok(sets)
}

/// A rule has an access and a direction, whoever wrote it; so do the rules of the templates'
/// building blocks, which leave out what their names imply, only within `securityRules`.
fn is_rule(node: &Node<'_>) -> bool {
    let properties = node.properties();
    properties.get("access").is_some() && properties.get("direction").is_some()
}

/// Groups lie at the top, in lists, below `value` of an answer and deep in other tools' exports;
/// those of a firewall policy below it or beside it. `policy` is whose groups are met.
fn search(node: &Node<'_>, policy: Option<&str>, reading: &mut Reading<'_>, found: &mut Found) {
    if let Datum::List(_) = node.datum {
        for element in node.elements() {
            search(&element, policy, reading, found);
        }
        return;
    }
    let Datum::Table(members) = node.datum else { return };
    let file = reading.file;
    let properties = node.properties();
    let mut policy = policy.map(str::to_owned);
    if is_policy(node) {
        // Its properties are met again below it, and are the same policy's.
        let own = node.text("name").or_else(|| node.text("id"));
        policy = own.map(|id| last(id).to_owned()).or(policy);
        found.policies += usize::from(reading.policies.add_policy(node, policy.as_deref(), file));
    }
    if node.get("effectiveSecurityRules").is_some() {
        found.sets.push(group::read_effective(node, file));
    } else if properties.get("securityRules").is_some() {
        found.sets.push(group::read_group(node, file));
    } else if properties.get("ruleCollections").is_some() {
        let named = node.text("id").and_then(policy_of_id).or(policy);
        reading.policies.add_group(node, named.as_deref(), file, reading.groups);
        found.policies += 1;
    } else if properties.get("networkRuleCollections").is_some()
        || properties.get("applicationRuleCollections").is_some()
    {
        found.sets.extend(read_firewall(node, file, reading.groups));
    } else if is_ip_group(node) {
        found.ip_groups += 1;
    } else {
        for (key, datum) in members {
            let inner = Node { datum, path: format!("{}.{key}", node.path) };
            search(&inner, policy.as_deref(), reading, found);
        }
    }
}

/// A firewall policy: it says so, or names its base or its groups.
fn is_policy(node: &Node<'_>) -> bool {
    let says_so = |key: &str| {
        let text = node.text(key).map(str::to_ascii_lowercase);
        text.is_some_and(|text| {
            text.contains("microsoft.network/firewallpolicies") && policy_of_id(&text).is_none()
        })
    };
    let properties = node.properties();
    says_so("type")
        || says_so("id")
        || properties.get("basePolicy").is_some()
        || properties
            .get("ruleCollectionGroups")
            .is_some_and(|inner| matches!(inner.datum, Datum::List(_)))
}

/// Whose group `…/firewallPolicies/NAME/ruleCollectionGroups/GROUP` is.
fn policy_of_id(id: &str) -> Option<String> {
    let mut segments =
        id.split('/').skip_while(|own| !own.eq_ignore_ascii_case("firewallPolicies"));
    let name = segments.nth(1)?;
    let is_group = segments.next()?.eq_ignore_ascii_case("ruleCollectionGroups");
    is_group.then(|| name.to_owned())
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
    match node.datum {
        Datum::List(_) => {
            for element in node.elements() {
                collect_ip_groups(&element, groups);
            }
        }
        Datum::Table(_) if is_ip_group(node) => {
            policy::read_ip_group(node, groups);
        }
        Datum::Table(_) => {
            for key in ["value", "resources"] {
                if let Some(inner) = node.get(key) {
                    collect_ip_groups(&inner, groups);
                }
            }
        }
        _ => {}
    }
}

fn read_template(
    file: &str,
    template: Template,
    groups: &IpGroups,
    policies: &mut Policies,
) -> Result<Vec<RuleSet>, ReadError> {
    let Template { resources, notes } = template;
    let mut sets = Vec::new();
    let mut n_policies = 0;
    let is_rule = |resource: &&Resource| resource.kind.ends_with("/securityrules");
    let parent = |resource: &Resource| {
        resource
            .name
            .split_once('/')
            .map_or_else(String::new, |(parent, _)| parent.to_ascii_lowercase())
    };
    let mut owners = Vec::new();
    for resource in &resources {
        let node = Node::root(&resource.body, &resource.path);
        match resource.kind.as_str() {
            "microsoft.network/networksecuritygroups" => {
                let own = resource.name.to_ascii_lowercase();
                let children = resources.iter().filter(is_rule).filter(|rule| parent(rule) == own);
                sets.push(template_group(resource, children, file));
                owners.push(own);
            }
            "microsoft.network/azurefirewalls" => sets.extend(read_firewall(&node, file, groups)),
            "microsoft.network/firewallpolicies" => {
                let name = Some(last(&resource.name));
                n_policies += usize::from(policies.add_policy(&node, name, file));
            }
            kind if kind.contains("/firewallpolicies/") => {
                let policy = resource.name.split_once('/').map(|(policy, _)| policy);
                policies.add_group(&node, policy, file, groups);
                n_policies += 1;
            }
            _ => {}
        }
    }
    // Rules that are added to a group which is not in this file.
    let mut orphans: Vec<(String, Vec<&Resource>)> = Vec::new();
    for rule in resources.iter().filter(is_rule).filter(|rule| !owners.contains(&parent(rule))) {
        let owner = parent(rule);
        match orphans.iter_mut().find(|(own, _)| *own == owner) {
            Some((_, rules)) => rules.push(rule),
            None => orphans.push((owner, vec![rule])),
        }
    }
    for (owner, rules) in orphans {
        let group = Resource {
            kind: "microsoft.network/networksecuritygroups".to_owned(),
            name: owner,
            body: Datum::Table(Vec::new()),
            path: rules[0].path.clone(),
            condition: None,
        };
        let mut set = template_group(&group, rules.into_iter(), file);
        set.notes.push(format!(
            "{}: its group is not in this file; other rules it may have are not looked at",
            group.path
        ));
        sets.push(set);
    }
    let holds_ip_groups = resources.iter().any(|own| own.kind == "microsoft.network/ipgroups");
    let Some(first) = sets.first_mut() else {
        if holds_ip_groups || n_policies > 0 {
            return Ok(sets);
        }
        let found = match notes.first() {
            Some(note) => format!("a template without rules ({note})"),
            None => "a template without rules".to_owned(),
        };
        return Err(ReadError {
            file: file.to_owned(),
            place: "$.resources".to_owned(),
            found,
            expected: "a resource of type Microsoft.Network/networkSecurityGroups or \
                       firewallPolicies/ruleCollectionGroups",
        });
    };
    first.notes.extend(notes);
    Ok(sets)
}

fn template_group<'a>(
    resource: &Resource,
    children: impl Iterator<Item = &'a Resource>,
    file: &str,
) -> RuleSet {
    let node = Node::root(&resource.body, &resource.path);
    let properties = node.properties();
    let mut rules = group::read_rules(properties.get("securityRules").as_ref());
    for child in children {
        let mut rule = rule::read_rule(&Node::root(&child.body, &child.path));
        make_conditional(&mut rule, child.condition.as_ref());
        rules.push(rule);
    }
    rules.extend(group::default_rules());
    let mut set = group::named(&resource.name, file, &resource.path, rules);
    if let Some(condition) = &resource.condition {
        set.notes.push(format!("{}: deployed only if {}", resource.path, condition.shown()));
    }
    set
}

/// A rule that may or may not be there does something that is not known.
fn make_conditional(rule: &mut Rule, condition: Option<&Datum>) {
    match condition {
        None => {}
        Some(Datum::Unknown(missing)) => rule.access = Setting::Unknown(missing.clone()),
        Some(other) => {
            let why = format!("its condition is {}", other.shown());
            rule.access = Setting::Unknown(Missing::Value {
                path: rule.place.as_str().into(),
                why: why.into(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
