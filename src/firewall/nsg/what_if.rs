//! The answer of `az deployment … what-if`: every resource before and after.

use serde_json::Value;

use super::error::ReadError;
use super::holds_rules;
use super::planned::{PlannedResource, PlannedResources, Write, object};
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
    for (index, change) in changes.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some((kind, name)) = resource_of_id(text("resourceId")) else { continue };
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
    let potential = value.get("potentialChanges").and_then(Value::as_array);
    if potential.is_some_and(|own| !own.is_empty()) {
        planned.notes.push(
            "$.potentialChanges: what-if could not tell whether these are made; they are not \
             looked at"
                .to_owned(),
        );
    }
    Ok(planned)
}

/// A resource of which the rules are not known.
fn without_rules(kind: &str, unknown: UnknownValue) -> ArmValue {
    let unknown = ArmValue::Unknown(unknown);
    match kind.rsplit('/').next() {
        Some("networksecuritygroups") => object([("securityRules", unknown)]),
        Some("rulecollectiongroups" | "rulegroups") => object([("ruleCollections", unknown)]),
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
