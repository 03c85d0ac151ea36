//! JSON of files, of which plans may be large.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::arm_template::plain_json;

/// Members of what `terraform show -json` writes that are not looked at. A plan repeats every
/// resource four times, and as values they take ten times the room of their text.
const UNREAD: [&str; 6] = [
    "checks",
    "configuration",
    "prior_state",
    "relevant_attributes",
    "resource_drift",
    "variables",
];

/// Reads JSON, and JSON with comments as templates have them.
///
/// # Errors
/// The JSON is malformed.
pub(super) fn read_json_text(text: &str) -> Result<Value, serde_json::Error> {
    parse(text).or_else(|_| parse(&plain_json(text)))
}

fn parse(text: &str) -> Result<Value, serde_json::Error> {
    if !text.trim_start().starts_with('{') {
        return serde_json::from_str(text);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(MemberVisitor)?;
    reader.end()?;
    Ok(Value::Object(members))
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut read = Map::new();
        let mut planned: Option<Box<RawValue>> = None;
        while let Some(key) = members.next_key::<String>()? {
            // Terraform writes its version first.
            let is_shown = read.contains_key("format_version");
            match key.as_str() {
                unread if is_shown && UNREAD.contains(&unread) => {
                    members.next_value::<IgnoredAny>()?;
                }
                // What is planned is needed only where no changes say it better.
                "planned_values" if is_shown => planned = Some(members.next_value()?),
                _ => drop(read.insert(key, members.next_value()?)),
            }
        }
        if let Some(planned) = planned.filter(|_| !read.contains_key("resource_changes")) {
            let planned = serde_json::from_str(planned.get()).map_err(serde::de::Error::custom)?;
            read.insert("planned_values".to_owned(), planned);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_terraform_repeats_is_left_out() {
        for (text, expected) in [
            (
                r#"{"format_version": "1.2", "variables": {"a": 1}, "planned_values": {"b": [2]},
                    "resource_changes": [3], "prior_state": {"c": 4}, "configuration": {}}"#,
                json!({"format_version": "1.2", "resource_changes": [3]}),
            ),
            (
                r#"{"format_version": "1.2", "planned_values": {"b": [2]}, "configuration": {}}"#,
                json!({"format_version": "1.2", "planned_values": {"b": [2]}}),
            ),
            // A template has variables too.
            (
                "{\"variables\": {\"a\": 1}, // why\n \"resources\": [],}",
                json!({"variables": {"a": 1}, "resources": []}),
            ),
            (" [1, {\"variables\": 2}]", json!([1, {"variables": 2}])),
        ] {
            assert_eq!(read_json_text(text).unwrap(), expected, "{text}");
        }
        for text in ["{\"a\": 1} {}", "{\"a\": ", "{\"format_version\": \"1\", \"checks\": [}"] {
            assert!(read_json_text(text).is_err(), "{text}");
        }
    }
}
