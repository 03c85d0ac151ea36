//! What `rules plan --out` saves: the group's rules as they were read, and the changes to make.

use serde_json::Value;

use super::error::ReadError;
use super::planned::{PlannedResource, PlannedResources, object};
use super::whole::GROUP;
use crate::arm_template::{ArmValue, Resource, ResourcePlace};

const PLAN: &str = "pathproof.plan/1";

/// Whether a document is a saved plan.
pub(super) fn is_plan(value: &Value) -> bool {
    value.get("schema").and_then(Value::as_str) == Some(PLAN)
}

/// Reads a saved plan: the group before it is applied, and after.
///
/// # Errors
/// [`ReadError`] where the plan does not hold the group's rules, as those of older versions.
pub(super) fn read_plan(value: &Value, file: &str) -> Result<PlannedResources, ReadError> {
    let error = |location: String, found: &str, expected| ReadError {
        file: file.to_owned(),
        location,
        found: found.to_owned(),
        expected,
    };
    let Some(live) = value.get("live").and_then(Value::as_array) else {
        return Err(error(
            "$.live".to_owned(),
            "a saved plan without the group's rules",
            "a plan of this version: run pathproof rules plan --out again",
        ));
    };
    let rule = |rule: &Value, path: &str| ArmValue::literal(rule, path);
    let before: Vec<_> = live
        .iter()
        .enumerate()
        .map(|(index, own)| rule(own, &format!("$.live[{index}]")))
        .collect();
    let mut after = before.clone();
    let changes = value.get("changes").and_then(Value::as_array).into_iter().flatten();
    for (index, change) in changes.enumerate() {
        let path = format!("$.changes[{index}]");
        let Some(name) = change.get("name").and_then(Value::as_str) else {
            return Err(error(path, "a change without a rule's name", "a name"));
        };
        let desired = change.get("after").filter(|own| !own.is_null()).map(|properties| {
            let properties = ArmValue::literal(properties, &format!("{path}.after"));
            object([("name", ArmValue::String(name.to_owned())), ("properties", properties)])
        });
        let is_same = |own: &ArmValue| {
            let own = own.get("name").and_then(ArmValue::as_str);
            own.is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        match (after.iter().position(is_same), desired) {
            (Some(at), Some(desired)) => after[at] = desired,
            (Some(at), None) => drop(after.remove(at)),
            (None, Some(desired)) => after.push(desired),
            (None, None) => {}
        }
    }
    let id = value.get("nsg").and_then(Value::as_str).unwrap_or_default();
    let name = id.rsplit('/').next().filter(|own| !own.is_empty()).unwrap_or("the planned group");
    let group = |rules, path: &str| {
        let body = object([("securityRules", ArmValue::Array(rules))]);
        let place = ResourcePlace::of_id(id);
        PlannedResource::kept(Resource::new(GROUP, name, body, path).in_place(place))
    };
    let is_refused =
        value.get("refusals").and_then(Value::as_array).is_some_and(|own| !own.is_empty());
    let notes = if is_refused {
        vec![
            "$.refusals: a guard refuses this plan; rules apply will not make this change"
                .to_owned(),
        ]
    } else {
        Vec::new()
    };
    Ok(PlannedResources {
        before: Some(vec![group(before, "$.live")]),
        after: vec![group(after, "$.changes")],
        notes,
        ..PlannedResources::default()
    })
}
