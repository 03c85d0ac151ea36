//! The Resource Manager of the tests held against recorded exchanges with Azure and against the
//! specification, so that it is not our own imagination. Both are in `tests/data`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::arm::{Manager, Request};
use super::{Scene, own};

/// A file of `tests/data`.
pub(super) fn captured(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn recorded_exchanges_have_the_same_shape_here() {
    let mut n_compared = 0;
    for file in ["test_network_nsg.json", "test_network_extended_nsg.json"] {
        let recorded = captured(&format!("arm-recordings/{file}"));
        let manager = Manager::start();
        // Operations are called otherwise here: what is recorded is mapped to what was given.
        let mut operations: Vec<(String, String)> = Vec::new();
        for exchange in recorded.as_array().unwrap() {
            let uri = exchange["uri"].as_str().unwrap();
            let (_, rest) = uri.split_once("management.azure.com").unwrap();
            let (path, query) = rest.split_once('?').unwrap();
            // Resource groups and lists of groups are never asked for by this program.
            if !path.contains("/networkSecurityGroups/") && !path.contains("/operations/") {
                continue;
            }
            let given = operations.iter().find(|(theirs, _)| path.ends_with(theirs.as_str()));
            let path = match given {
                Some((theirs, ours)) => path.replace(theirs, ours),
                None => path.to_owned(),
            };
            let request = Request {
                method: exchange["method"].as_str().unwrap().to_owned(),
                path: path.clone(),
                query: query.to_owned(),
                headers: Vec::new(),
                body: exchange["request_body"].as_str().unwrap_or_default().to_owned(),
            };
            // Recordings leave out what was still in progress.
            let mut answer = manager.ask(&request);
            if path.contains("/operations/") && answer.body.contains("InProgress") {
                answer = manager.ask(&request);
            }
            let label = format!("{file}: {} {path}", request.method);
            assert_eq!(Value::from(answer.status), exchange["status"]["code"], "{label}");
            for header in ["azure-asyncoperation", "location", "etag"] {
                let theirs = exchange["headers"][header][0].as_str();
                assert_eq!(answer.header(header).is_some(), theirs.is_some(), "{label}: {header}");
                if let (Some(theirs), Some(ours)) = (theirs, answer.header(header)) {
                    let id = |url: &str| {
                        url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()
                    };
                    if header == "azure-asyncoperation" {
                        operations.push((id(theirs), id(ours)));
                    }
                }
            }
            let theirs = exchange["body"].as_str().unwrap_or_default();
            assert_eq!(theirs.is_empty(), answer.body.is_empty(), "{label}: a body");
            if !theirs.is_empty() {
                let theirs: Value = serde_json::from_str(theirs).unwrap();
                let ours: Value = serde_json::from_str(&answer.body).unwrap();
                compare(&theirs, &ours, &label);
            }
            n_compared += 1;
        }
    }
    assert!(n_compared >= 25, "{n_compared} exchanges were compared");
}

/// The same members of the same kinds, and the same words where they are not made up.
fn compare(theirs: &Value, ours: &Value, label: &str) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let keys = |map: &serde_json::Map<String, Value>| -> BTreeSet<String> {
                map.keys().cloned().collect()
            };
            assert_eq!(keys(theirs), keys(ours), "{label}");
            for (key, value) in theirs {
                // All six default rules are not needed here.
                if key == "defaultSecurityRules" {
                    compare(&value[5], &ours[key][0], &format!("{label}.{key}"));
                } else {
                    compare(value, &ours[key], &format!("{label}.{key}"));
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            assert_eq!(theirs.len(), ours.len(), "{label}");
            for (theirs, ours) in theirs.iter().zip(ours) {
                compare(theirs, ours, &format!("{label}[]"));
            }
        }
        (Value::String(theirs), Value::String(ours)) => {
            let is_made_up = [".etag", ".resourceGuid"].iter().any(|end| label.ends_with(end));
            assert!(is_made_up || theirs == ours, "{label}: {theirs} and {ours}");
        }
        (theirs, ours) => assert_eq!(theirs, ours, "{label}"),
    }
}

#[test]
fn what_is_asked_and_answered_is_in_the_specification() {
    let specification = captured("arm/networkSecurityGroup.json");
    let second = own("Allow-Azure-Relay-2", 201, &["40.112.72.115"]);
    let scene = Scene::new(&[second]);
    scene.apply(&[]).ends(0, &[]);
    let one = own("Allow-Azure-Relay-2", 300, &["40.112.72.116"])["properties"].clone();
    scene.manager.meddle(&scene.nsg, "Allow-Azure-Relay-2", Some(one));
    scene.apply(&[]).ends(0, &["done: "]);
    let rule = &specification["definitions"]["SecurityRulePropertiesFormat"];
    let mut methods = BTreeSet::new();
    for request in scene.manager.log() {
        if request.path.contains("/operations/") {
            continue;
        }
        let path = template(&specification, &request.path);
        let operation = &specification["paths"][&path][request.method.to_lowercase()];
        assert!(operation.is_object(), "{} {}", request.method, request.path);
        assert!(request.query.contains("api-version=2024-01-01"), "{}", request.query);
        methods.insert(request.method.clone());
        if request.method == "PUT" {
            let body = request.json();
            let properties = body["properties"].as_object().unwrap();
            for (key, value) in properties {
                let definition = &rule["properties"][key];
                assert!(definition.is_object(), "{key} is not in the specification");
                assert_ne!(definition["readOnly"], true, "{key} is read-only");
                if let Some(words) = definition["enum"].as_array() {
                    assert!(words.contains(value), "{key}: {value}");
                }
            }
            for required in rule["required"].as_array().unwrap() {
                assert!(properties.contains_key(required.as_str().unwrap()), "{required}");
            }
        }
    }
    assert!(methods.contains("GET") && methods.contains("PUT"), "{methods:?}");
    for rule_shown in scene.manager.rules(&scene.nsg) {
        for key in rule_shown["properties"].as_object().unwrap().keys() {
            assert!(rule["properties"][key].is_object(), "the fake shows {key}");
        }
    }
}

/// The path of the specification that a request's path is of.
fn template(specification: &Value, path: &str) -> String {
    let parts: Vec<_> = path.split('/').collect();
    let is_of = |template: &&String| {
        let own: Vec<_> = template.split('/').collect();
        own.len() == parts.len()
            && own.iter().zip(&parts).all(|(own, part)| own.starts_with('{') || own == part)
    };
    let paths = specification["paths"].as_object().unwrap();
    paths.keys().find(is_of).unwrap_or_else(|| panic!("{path} is in no path")).clone()
}
