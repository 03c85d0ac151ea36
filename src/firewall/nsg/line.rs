//! The line of a rule in its file, from the location that reading gave it.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::arm_template::plain_json;

/// The line that `location` (`line 3`, or a JSON path as `$.properties.securityRules[3]`) begins
/// on in `text`, from 1. Of a path that leads further than the file, as what a loop of a template
/// made, it is the line of the last part that is there; `None` where nothing of it is.
#[must_use]
pub fn line_of(text: &str, location: &str) -> Option<usize> {
    if let Some(line) = location.strip_prefix("line ") {
        return line.split(' ').next()?.parse().ok();
    }
    let path = location.strip_prefix('$')?;
    // It has the line ends of the file.
    let plain = plain_json(text);
    let root: &RawValue = serde_json::from_str(&plain).ok()?;
    let found = follow(root, path).unwrap_or(root);
    let offset = found.get().as_ptr().addr() - plain.as_ptr().addr();
    Some(plain[..offset].split('\n').count())
}

/// The value that `path` leads to, or the last on the way to it; `None` where the first part of it
/// is not there.
fn follow<'a>(value: &'a RawValue, path: &str) -> Option<&'a RawValue> {
    let (inner, rest) = if let Some(rest) = path.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        let elements: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        (*elements.get(index.parse::<usize>().ok()?)?, rest)
    } else {
        let path = path.strip_prefix('.')?;
        let members: HashMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
        // A key may hold what ends one.
        let is_first = |key: &str| {
            path.strip_prefix(key)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let (key, inner) = members
            .into_iter()
            .filter(|(key, _)| is_first(key))
            .max_by_key(|(key, _)| key.len())?;
        (inner, &path[key.len()..])
    };
    Some(follow(inner, rest).unwrap_or(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_its_line() {
        let text = "{\n  // of the team\n  \"properties\": {\n    \"securityRules\": [\n      {\"name\": \"a\"},\n      {\n        \"name\": \"b\", \"x.y[0]\":\n 1,\n      },\n    ]\n  }\n}\n";
        for (location, line) in [
            ("$", Some(1)),
            ("$.properties.securityRules[0]", Some(5)),
            ("$.properties.securityRules[1]", Some(6)),
            ("$.properties.securityRules[1].x.y[0]", Some(8)),
            ("$.properties.securityRules[7].name", Some(4)),
            ("$.resources[0]", Some(1)),
            ("line 3", Some(3)),
            ("line 3 column 4", Some(3)),
            ("Azure's default rules", None),
            ("line three", None),
        ] {
            assert_eq!(line_of(text, location), line, "{location}");
        }
        assert_eq!(line_of("no JSON", "$.a"), None);
    }
}
