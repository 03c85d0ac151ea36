//! The answer of `az deployment … what-if`: every resource before and after.

use serde_json::Value;

use super::admin::AdminEffect;
use super::error::ReadError;
use super::holds_rules;
use super::planned::{PlannedResource, PlannedResources, Write, object};
use super::references::ReferenceChange;
use super::unread::Unread;
use crate::arm_template::{ArmValue, Resource, ResourcePlace, UnknownValue};

/// Whether a document is a what-if answer, as `az` and as Resource Manager write it.
pub(super) fn is_what_if(value: &Value) -> bool {
    let is_change = |change: &Value| change.get("changeType").is_some();
    let has = |key: &str| value.get(key).is_some();
    changes(value).is_some_and(|(_, changes)| changes.iter().any(is_change))
        || (has("status") && has("error") && has("changes"))
}

fn changes(value: &Value) -> Option<(&'static str, &Vec<Value>)> {
    let own = value.get("changes").map(|own| ("$.changes", own));
    let inner = || Some(("$.properties.changes", value.pointer("/properties/changes")?));
    let (path, own) = own.or_else(inner)?;
    Some((path, own.as_array()?))
}

/// Reads a what-if answer.
///
/// # Errors
/// [`ReadError`] where it holds only the ids of what changes.
pub(super) fn read_what_if(value: &Value, file: &str) -> Result<PlannedResources, ReadError> {
    let failed = || Some(value.get("status")?.as_str()?.eq_ignore_ascii_case("Failed"));
    if let Some(error) =
        value.get("error").filter(|own| !own.is_null()).or(failed().filter(|is| *is).map(|_| value))
    {
        let message = error.get("message").and_then(Value::as_str).unwrap_or("no reason is given");
        return Err(ReadError {
            file: file.to_owned(),
            location: "$.error".to_owned(),
            found: format!("a what-if that failed ({message})"),
            expected: "the answer of one that succeeded",
        });
    }
    let (path, changes) = changes(value).unwrap_or(("$", const { &Vec::new() }));
    let mut planned = PlannedResources { before: Some(Vec::new()), ..PlannedResources::default() };
    let mut references = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("changeType") == "Unsupported" && may_hold_rules(text("resourceId")) {
            let why = format!("what-if does not look into it: {}", text("unsupportedReason"));
            planned.unread.push(may_write(text("resourceId"), &why, &path));
            continue;
        }
        let Some((kind, name)) = resource_of_id(text("resourceId")) else { continue };
        references.extend(ReferenceChange::of_what_if(&kind, change, &path));
        planned.unread.extend(admin_change(&kind, &name, text("changeType"), &path));
        if !holds_rules(&kind) {
            continue;
        }
        let side = |key: &str| {
            let own = change.get(key).filter(|own| !own.is_null())?;
            Some(ArmValue::literal(own, &format!("{path}.{key}")))
        };
        let unknown = |why: String| Some(without_rules(&kind, UnknownValue::new(&path, &why)));
        let (before, after) = match (text("changeType"), side("before"), side("after")) {
            ("Create", _, Some(after)) => (None, Some(after)),
            ("Delete", Some(before), _) => (Some(before), None),
            ("Ignore" | "NoEffect", Some(before), after) => {
                let same = after.unwrap_or_else(|| before.clone());
                (Some(before), Some(same))
            }
            ("Modify" | "NoChange", Some(before), Some(after)) => (Some(before), Some(after)),
            ("NoChange", None, Some(own)) | ("NoChange", Some(own), None) => {
                (Some(own.clone()), Some(own))
            }
            ("Deploy", before, None) => {
                let why = "it is deployed again, and what-if does not say with what".to_owned();
                (before.or_else(|| unknown(why.clone())), unknown(why))
            }
            ("Unsupported", ..) => {
                let why = format!("what-if does not look into it: {}", text("unsupportedReason"));
                (unknown(why.clone()), unknown(why))
            }
            (kind, ..) => {
                return Err(ReadError {
                    file: file.to_owned(),
                    location: path,
                    found: format!("a change of the type '{kind}' without its resource"),
                    expected: "the resources before and after: az deployment group what-if \
                               --no-pretty-print --result-format FullResourcePayloads",
                });
            }
        };
        // What the deployment holds is written, whether it changes anything or not.
        let write = match text("changeType") {
            "Create" => Write::Create,
            "Modify" | "NoChange" | "Deploy" => Write::Update,
            _ => Write::Kept,
        };
        let resource = |body: ArmValue, side: &str| PlannedResource {
            resource: Resource::new(&kind, &name, body, &format!("{path}.{side}"))
                .in_place(ResourcePlace::of_id(text("resourceId"))),
            write,
        };
        if let Some(held) = &mut planned.before {
            held.extend(before.map(|body| resource(body, "before")));
        }
        planned.after.extend(after.map(|body| resource(body, "after")));
    }
    if planned.after.is_empty() && planned.before.as_ref().is_none_or(Vec::is_empty) {
        return Err(ReadError {
            file: file.to_owned(),
            location: path.to_owned(),
            found: "what-if JSON without a security group or a firewall policy".to_owned(),
            expected: "changes of networkSecurityGroups or firewallPolicies",
        });
    }
    let unread: Vec<_> = references.iter().flat_map(|own| own.unread(&planned.after)).collect();
    planned.unread.extend(unread);
    add_unanalysed(value, &mut planned);
    Ok(planned)
}

/// Adds what may be written beside the changes: those that what-if is not sure of, and deployments
/// that it did not evaluate.
fn add_unanalysed(value: &Value, planned: &mut PlannedResources) {
    let list = |key: &str| {
        let of = |value: &Value, path: &str| {
            let own = value.get(key)?.as_array()?.clone();
            Some((format!("{path}.{key}"), own))
        };
        of(value, "$").or_else(|| of(value.get("properties")?, "$.properties")).unwrap_or_default()
    };
    let (path, potential) = list("potentialChanges");
    let mut is_any_left = false;
    for (index, change) in potential.iter().enumerate() {
        let own_path = format!("{path}[{index}]");
        let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or_default();
        let id = text("resourceId");
        let kind = resource_of_id(id).map(|(kind, _)| kind).unwrap_or_default();
        if ["NoChange", "NoEffect", "Ignore"].contains(&text("changeType")) {
            continue;
        }
        if holds_rules(&kind) || may_hold_rules(id) {
            let why = "what-if could not tell whether this change is made";
            planned.unread.push(may_write(id, why, &own_path));
        } else if let Some(change) = ReferenceChange::of_what_if(&kind, change, &own_path) {
            planned.unread.extend(change.unread(&planned.after));
        } else {
            is_any_left = true;
        }
    }
    if is_any_left {
        planned.notes.push(format!(
            "{path}: what-if could not tell whether these are made; those that hold no rules are \
             not looked at"
        ));
    }
    let (path, diagnostics) = list("diagnostics");
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let text = |key: &str| diagnostic.get(key).and_then(Value::as_str).unwrap_or_default();
        let said = format!("{} {}", text("code"), text("message")).to_ascii_lowercase();
        if said.contains("shortcircuit") || said.contains("short-circuit") {
            let why = format!("what-if did not evaluate it ({})", text("code"));
            planned.unread.push(may_write(text("target"), &why, &format!("{path}[{index}]")));
        }
    }
}

/// What a change of a resource that holds no rules does to which admin rules are in force.
fn admin_change(kind: &str, name: &str, word: &str, path: &str) -> Option<Unread> {
    let effect = AdminEffect::of(kind)?;
    let is_made = !["NoChange", "NoEffect", "Ignore"].contains(&word);
    is_made.then(|| Unread::admin(path, name, effect))
}

/// What may write rules, and is not looked into for this reason.
fn may_write(id: &str, why: &str, path: &str) -> Unread {
    let name = if id.contains('[') { id } else { id.rsplit('/').next().unwrap_or(id) };
    Unread::rules(path, &format!("{name} may write these rules: {why}"))
}

/// Whether a resource may hold rules of which what-if does not look into it, as far as its id goes:
/// it is a deployment, or the id is an expression.
fn may_hold_rules(id: &str) -> bool {
    const TYPES: [&str; 8] = [
        "networksecuritygroups",
        "routetables",
        "firewallpolicies",
        "azurefirewalls",
        "ipgroups",
        "networkmanagers",
        "virtualnetworks",
        "networkinterfaces",
    ];
    let Some((known, _)) = id.split_once('[') else {
        return resource_of_id(id)
            .is_none_or(|(kind, _)| kind.starts_with("microsoft.resources/deployment"));
    };
    let known = known.to_ascii_lowercase();
    let Some((_, rest)) = known.rsplit_once("/providers/") else { return true };
    // What the expression follows may be cut off.
    let mut whole: Vec<&str> = rest.split('/').collect();
    whole.pop();
    match (whole.first(), whole.get(1)) {
        (Some(&"microsoft.network"), Some(own)) => TYPES.contains(own),
        (Some(own), _) => ["microsoft.network", "microsoft.resources"].contains(own),
        (None, _) => true,
    }
}

/// A resource of which the rules are not known.
fn without_rules(kind: &str, unknown: UnknownValue) -> ArmValue {
    let unknown = ArmValue::Unknown(unknown);
    match kind.rsplit('/').next() {
        Some("networksecuritygroups") => object([("securityRules", unknown)]),
        Some("rulecollectiongroups" | "rulegroups") => object([("ruleCollections", unknown)]),
        Some("routetables") => object([("routes", unknown)]),
        Some("azurefirewalls" | "firewallpolicies" | "ipgroups") => {
            object([("properties", unknown)])
        }
        _ => unknown,
    }
}

/// The type in lower case and the name of the resource with this id, both behind those of its
/// parents.
pub(super) fn resource_of_id(id: &str) -> Option<(String, String)> {
    let lower = id.to_ascii_lowercase();
    let start = lower.rfind("/providers/")? + "/providers/".len();
    let mut segments = id[start..].split('/');
    let mut kind = vec![segments.next()?.to_ascii_lowercase()];
    let mut name = Vec::new();
    while let Some(own) = segments.next() {
        kind.push(own.to_ascii_lowercase());
        name.push(segments.next()?);
    }
    (!name.is_empty()).then(|| (kind.join("/"), name.join("/")))
}
