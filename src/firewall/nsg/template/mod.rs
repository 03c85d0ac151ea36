//! ARM templates as they are found in the wild: resources, child resources, copy loops,
//! conditions and nested deployments, with their expressions evaluated as far as the file goes.

mod evaluate;
mod expression;
mod function;

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value;

use self::evaluate::{BUDGET, Loops, Scope, copy_name};
use super::datum::Datum;

/// A resource of a template, evaluated.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// In lower case, with the types of its parents.
    pub(super) kind: String,
    /// With the names of its parents, where it has a value.
    pub(super) name: String,
    /// Its members.
    pub(super) body: Datum,
    /// Where it stands.
    pub(super) path: String,
    /// Its condition, where that has no value.
    pub(super) condition: Option<Datum>,
}

/// What a template holds.
#[derive(Debug, Default)]
pub(super) struct Template {
    pub(super) resources: Vec<Resource>,
    pub(super) notes: Vec<String>,
}

/// Whether `value` is a template.
pub(super) fn is_template(value: &Value) -> bool {
    let schema = value.get("$schema").and_then(Value::as_str).unwrap_or_default();
    schema.to_ascii_lowercase().contains("deploymenttemplate.json")
        || (value.get("resources").is_some() && value.get("contentVersion").is_some())
}

/// The values of a parameter file, by name in lower case.
pub(super) fn parameter_file(value: &Value) -> Option<HashMap<String, Datum>> {
    let schema = value.get("$schema")?.as_str()?.to_ascii_lowercase();
    if !schema.contains("deploymentparameters.json") {
        return None;
    }
    let parameters = value.get("parameters")?.as_object()?;
    let given = parameters.iter().filter_map(|(name, parameter)| {
        let value = Datum::literal(parameter.get("value")?, &format!("$.parameters.{name}.value"));
        Some((name.to_ascii_lowercase(), value))
    });
    Some(given.collect())
}

/// Evaluates a template.
pub(super) fn read(value: &Value, given: &HashMap<String, Datum>) -> Template {
    let budget = Cell::new(BUDGET);
    let mut template = Template::default();
    let scope = Scope::new(value, given.clone(), "$", &budget);
    let mut reader = Reader { template: &mut template, budget: &budget, depth: 0 };
    reader.resources(value, &scope, "$", &Parent::default());
    template
}

#[derive(Clone, Debug, Default)]
struct Parent {
    kind: String,
    name: String,
    loops: Loops,
    condition: Option<Datum>,
}

struct Reader<'a> {
    template: &'a mut Template,
    budget: &'a Cell<u32>,
    depth: usize,
}

/// Azure nests five deep.
const DEEPEST: usize = 12;

impl Reader<'_> {
    /// The resources of `holder`: a list, or an object by symbolic names.
    fn resources(&mut self, holder: &Value, scope: &Scope<'_>, path: &str, parent: &Parent) {
        match holder.get("resources") {
            Some(Value::Array(resources)) => {
                for (place, resource) in resources.iter().enumerate() {
                    self.copies(resource, scope, &format!("{path}.resources[{place}]"), parent);
                }
            }
            Some(Value::Object(resources)) => {
                for (name, resource) in resources {
                    self.copies(resource, scope, &format!("{path}.resources.{name}"), parent);
                }
            }
            _ => {}
        }
    }

    fn copies(&mut self, resource: &Value, scope: &Scope<'_>, path: &str, parent: &Parent) {
        let Some(copy) = resource.get("copy") else {
            return self.resource(resource, scope, path, parent);
        };
        match scope.count(copy, &format!("{path}.copy"), &parent.loops) {
            Ok(count) => {
                for index in 0..count {
                    let mut parent = parent.clone();
                    parent.loops.push((copy_name(copy), index));
                    self.resource(resource, scope, path, &parent);
                }
            }
            // Some number of them: one that may or may not be there stands for all.
            Err(missing) => {
                let mut parent = parent.clone();
                parent.loops.push((copy_name(copy), 0));
                parent.condition = Some(Datum::Unknown(missing));
                self.resource(resource, scope, path, &parent);
            }
        }
    }

    fn resource(&mut self, resource: &Value, scope: &Scope<'_>, path: &str, parent: &Parent) {
        let mut parent = parent.clone();
        if let Some(condition) = resource.get("condition") {
            match scope.value(condition, &format!("{path}.condition"), &parent.loops) {
                Datum::Bool(true) => {}
                Datum::Bool(false) => {
                    self.template
                        .notes
                        .push(format!("{path}: not deployed, its condition is false"));
                    return;
                }
                other => parent.condition = Some(other),
            }
        }
        let text = |key: &str| match resource.get(key) {
            Some(value) => scope.value(value, &format!("{path}.{key}"), &parent.loops),
            None => Datum::Null,
        };
        let Some(own_kind) = text("type").text().map(str::to_ascii_lowercase) else {
            self.template.notes.push(format!("{path}: a resource whose type has no value here"));
            return;
        };
        if own_kind == "microsoft.resources/deployments" {
            return self.nested(resource, scope, path, &parent);
        }
        let own_name = text("name").text().map_or_else(|| path.to_owned(), str::to_owned);
        let (kind, name) = if parent.kind.is_empty() || own_kind.contains('.') {
            (own_kind, own_name)
        } else {
            (format!("{}/{own_kind}", parent.kind), format!("{}/{own_name}", parent.name))
        };
        if is_of_interest(&kind) {
            self.template.resources.push(Resource {
                body: body(resource, scope, path, &parent.loops),
                kind: kind.clone(),
                name: name.clone(),
                path: path.to_owned(),
                condition: parent.condition.clone(),
            });
        }
        self.resources(resource, scope, path, &Parent { kind, name, ..parent });
    }

    fn nested(&mut self, deployment: &Value, scope: &Scope<'_>, path: &str, parent: &Parent) {
        let properties = deployment.get("properties").unwrap_or(&Value::Null);
        let Some(template) = properties.get("template") else {
            self.template.notes.push(format!(
                "{path}: the linked template is a file of its own and was not read: give it too"
            ));
            return;
        };
        if self.depth >= DEEPEST {
            self.template.notes.push(format!("{path}: nested too deep, not read"));
            return;
        }
        let path = format!("{path}.properties.template");
        let is_inner = properties
            .get("expressionEvaluationOptions")
            .and_then(|options| options.get("scope"))
            .and_then(Value::as_str)
            .is_some_and(|word| word.eq_ignore_ascii_case("inner"));
        self.depth += 1;
        let outside = Parent { kind: String::new(), name: String::new(), ..parent.clone() };
        if is_inner {
            let given = properties.get("parameters").and_then(Value::as_object);
            let given = given.into_iter().flatten().filter_map(|(name, parameter)| {
                let path = format!("{path}.parameters.{name}");
                let value = scope.value(parameter.get("value")?, &path, &parent.loops);
                Some((name.to_ascii_lowercase(), value))
            });
            let inner = Scope::new(template, given.collect(), &path, self.budget);
            // Loops outside have no meaning within.
            self.resources(template, &inner, &path, &Parent { loops: Loops::new(), ..outside });
        } else {
            // The outer template's parameters and variables count, its own are not looked at.
            self.resources(template, scope, &path, &outside);
        }
        self.depth -= 1;
    }
}

/// Everything but child resources, which stand for themselves.
fn body(resource: &Value, scope: &Scope<'_>, path: &str, loops: &Loops) -> Datum {
    let members = resource.as_object().into_iter().flatten();
    Datum::Table(
        members
            .filter(|(key, _)| !matches!(key.as_str(), "resources" | "copy" | "condition"))
            .map(|(key, member)| {
                (key.clone(), scope.value(member, &format!("{path}.{key}"), loops))
            })
            .collect(),
    )
}

fn is_of_interest(kind: &str) -> bool {
    matches!(
        kind,
        "microsoft.network/networksecuritygroups"
            | "microsoft.network/networksecuritygroups/securityrules"
            | "microsoft.network/ipgroups"
            | "microsoft.network/azurefirewalls"
            | "microsoft.network/firewallpolicies"
            | "microsoft.network/firewallpolicies/rulecollectiongroups"
            | "microsoft.network/firewallpolicies/rulegroups"
    )
}
