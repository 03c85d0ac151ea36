//! ARM templates, evaluated as far as their file goes: child resources, copy loops, conditions,
//! nested deployments and the expression language. This room knows nothing of what the resources
//! are for.
//!
//! Nothing is guessed: a value that only a deployment would give is an [`UnknownValue`], which says
//! where it stands and why it has no value.

mod evaluate;
mod expression;
mod function;
mod place;
mod plain_json;
mod value;

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;

use self::evaluate::{BUDGET, Loops, TemplateScope, copy_name};
pub use self::place::ResourcePlace;
pub use self::plain_json::plain_json;
pub use self::value::{ArmValue, UnknownValue};

/// A resource of a template, evaluated.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The type in lower case, behind the types of its parents.
    pub kind: String,
    /// The name behind the names of its parents. What has no value in it stands there as its
    /// expression, in brackets; it is the path of a resource without a name.
    pub name: String,
    /// Its members but for child resources, which are resources of their own.
    pub body: ArmValue,
    /// Its JSON path in the template.
    pub path: String,
    /// Its condition, where that is not known to be true or false.
    pub condition: Option<ArmValue>,
    pub place: ResourcePlace,
    /// Whether the resource is only named here, so that its properties are not in the file
    /// (`existing` in Bicep).
    pub is_existing: bool,
}

impl Resource {
    /// A resource that is surely there.
    #[must_use]
    pub fn new(kind: &str, name: &str, body: ArmValue, path: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            body,
            path: path.to_owned(),
            condition: None,
            place: ResourcePlace::default(),
            is_existing: false,
        }
    }

    /// The same resource in this place.
    #[must_use]
    pub fn in_place(self, place: ResourcePlace) -> Self {
        Self { place, ..self }
    }

    /// The name of what the resource is a part of; `None` where that is not told from its own.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.last_slash().map(|at| &self.name[..at])
    }

    /// The name without those of its parents.
    #[must_use]
    pub fn own_name(&self) -> &str {
        self.last_slash().map_or(&self.name, |at| &self.name[at + 1..])
    }

    /// The last slash that is not within an expression.
    fn last_slash(&self) -> Option<usize> {
        let mut depth = 0_u32;
        self.name.char_indices().fold(None, |last, (at, letter)| {
            match letter {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                '/' if depth == 0 => return Some(at),
                _ => {}
            }
            last
        })
    }
}

/// The resources that were asked for, and what kept others from being read.
#[derive(Debug, Default)]
pub struct Template {
    pub resources: Vec<Resource>,
    pub notes: Vec<String>,
    /// Deployments whose templates were not read: each may write any resource.
    pub unread: Vec<UnknownValue>,
}

/// Whether a JSON document is a template.
#[must_use]
pub fn is_template(document: &Value) -> bool {
    let schema = document.get("$schema").and_then(Value::as_str).unwrap_or_default();
    schema.to_ascii_lowercase().contains("deploymenttemplate.json")
        || (document.get("resources").is_some() && document.get("contentVersion").is_some())
}

/// The values of a parameter file by their names in lower case; `None` for any other document.
#[must_use]
pub fn parameter_file(document: &Value) -> Option<BTreeMap<String, ArmValue>> {
    let schema = document.get("$schema")?.as_str()?.to_ascii_lowercase();
    if !schema.contains("deploymentparameters.json") {
        return None;
    }
    let parameters = document.get("parameters")?.as_object()?;
    let given = parameters.iter().filter_map(|(name, parameter)| {
        let path = format!("$.parameters.{name}.value");
        let value = given_value(name, parameter, &path, |own| ArmValue::literal(own, &path))?;
        Some((name.to_ascii_lowercase(), value))
    });
    Some(given.collect())
}

/// The value that a parameter is given, evaluated by `value`; `None` where it is given none.
fn given_value(
    name: &str,
    parameter: &Value,
    path: &str,
    value: impl Fn(&Value) -> ArmValue,
) -> Option<ArmValue> {
    let has = |key: &str| parameter.get(key).is_some_and(|own| !own.is_null());
    match parameter.get("value").filter(|own| !own.is_null()) {
        Some(own) => Some(value(own)),
        None if has("reference") => Some(elsewhere(name, path, "in a key vault")),
        // A parameter file of Bicep takes values from tools and environments so.
        None if has("expression") => {
            Some(elsewhere(name, path, "an expression, which is not evaluated"))
        }
        None => None,
    }
}

fn elsewhere(name: &str, path: &str, place: &str) -> ArmValue {
    ArmValue::unknown(path, &format!("the value of parameter '{name}' is {place}"))
}

/// Evaluates the resources of a template whose types, in lower case, are wanted. The others are
/// not evaluated, because a template may hold much that costs time and cannot be known.
///
/// `given` holds the values of parameters by their names in lower case.
#[must_use]
pub fn read_template(
    document: &Value,
    given: &BTreeMap<String, ArmValue>,
    is_wanted: impl Fn(&str) -> bool,
) -> Template {
    let budget = Cell::new(BUDGET);
    let scope = TemplateScope::new(document, given.clone(), "$", &budget);
    let mut reader = TemplateReader {
        template: Template::default(),
        is_wanted: &is_wanted,
        budget: &budget,
        depth: 0,
    };
    reader.resources(document, &scope, "$", &Parent::default());
    reader.template
}

/// What a resource takes over from the resources and loops around it.
#[derive(Clone, Debug, Default)]
struct Parent {
    kind: String,
    name: String,
    loops: Loops,
    condition: Option<ArmValue>,
    place: ResourcePlace,
}

struct TemplateReader<'a> {
    template: Template,
    is_wanted: &'a dyn Fn(&str) -> bool,
    budget: &'a Cell<u32>,
    depth: usize,
}

/// Azure refuses more than five levels of nested templates.
const DEEPEST: usize = 12;

impl TemplateReader<'_> {
    /// Reads the resources of `holder`: an array, or an object by symbolic names.
    fn resources(
        &mut self,
        holder: &Value,
        scope: &TemplateScope<'_>,
        path: &str,
        parent: &Parent,
    ) {
        match holder.get("resources") {
            Some(Value::Array(resources)) => {
                for (index, resource) in resources.iter().enumerate() {
                    self.copies(resource, scope, &format!("{path}.resources[{index}]"), parent);
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

    fn copies(&mut self, resource: &Value, scope: &TemplateScope<'_>, path: &str, parent: &Parent) {
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
            // One resource that may or may not be there stands for an unknown number of them.
            Err(unknown) => {
                let mut parent = parent.clone();
                parent.loops.push((copy_name(copy), 0));
                parent.condition = Some(ArmValue::Unknown(unknown));
                self.resource(resource, scope, path, &parent);
            }
        }
    }

    fn resource(
        &mut self,
        resource: &Value,
        scope: &TemplateScope<'_>,
        path: &str,
        parent: &Parent,
    ) {
        let mut parent = parent.clone();
        if let Some(condition) = resource.get("condition") {
            match scope.value(condition, &format!("{path}.condition"), &parent.loops) {
                ArmValue::Bool(true) => {}
                ArmValue::Bool(false) => {
                    self.template
                        .notes
                        .push(format!("{path}: not deployed, its condition is false"));
                    return;
                }
                other => parent.condition = Some(other),
            }
        }
        let value = |key: &str| match resource.get(key) {
            Some(value) => scope.value(value, &format!("{path}.{key}"), &parent.loops),
            None => ArmValue::Null,
        };
        let Some(own_kind) = value("type").as_str().map(str::to_ascii_lowercase) else {
            return self.leave_unread(path, "a resource whose type has no value here");
        };
        let is_existing = resource.get("existing") == Some(&Value::Bool(true));
        if own_kind == "microsoft.resources/deployments" {
            // One that is only named deploys nothing.
            if !is_existing {
                self.nested(resource, scope, path, &parent);
            }
            return;
        }
        if own_kind == "microsoft.resources/deploymentstacks" && !is_existing {
            return self.leave_unread(path, "a deployment stack, whose template was not read");
        }
        let own_name = resource.get("name").and_then(|raw| {
            let path = format!("{path}.name");
            scope.name(raw, &path, &parent.loops)
        });
        let own_name = own_name.unwrap_or_else(|| path.to_owned());
        let (kind, name) = if parent.kind.is_empty() || own_kind.contains('.') {
            (own_kind, own_name)
        } else {
            (format!("{}/{own_kind}", parent.kind), format!("{}/{own_name}", parent.name))
        };
        if (self.is_wanted)(&kind) {
            self.template.resources.push(Resource {
                body: body(resource, scope, path, &parent.loops),
                kind: kind.clone(),
                name: name.clone(),
                path: path.to_owned(),
                condition: parent.condition.clone(),
                place: parent.place.clone(),
                is_existing,
            });
        }
        self.resources(resource, scope, path, &Parent { kind, name, ..parent });
    }

    fn nested(
        &mut self,
        deployment: &Value,
        scope: &TemplateScope<'_>,
        path: &str,
        parent: &Parent,
    ) {
        let properties = deployment.get("properties").unwrap_or(&Value::Null);
        let Some(template) = properties.get("template").filter(|own| own.is_object()) else {
            return self.leave_unread(
                path,
                "the linked template is a file of its own and was not read, and what it does to \
                 these rules is not known: a what-if of the deployment shows it",
            );
        };
        if self.depth >= DEEPEST {
            return self.leave_unread(path, "nested too deep, not read");
        }
        let given = |scope: &TemplateScope<'_>| {
            let path = format!("{path}.properties");
            given_to_nested(properties, template, scope, &path, &parent.loops)
        };
        let path = format!("{path}.properties.template");
        let is_inner = properties
            .get("expressionEvaluationOptions")
            .and_then(|options| options.get("scope"))
            .and_then(Value::as_str)
            .is_some_and(|word| word.eq_ignore_ascii_case("inner"));
        self.depth += 1;
        let named = |key: &str| {
            let raw = deployment.get(key).filter(|raw| !raw.is_null())?;
            scope.name(raw, &format!("{path}.{key}"), &parent.loops)
        };
        let place = ResourcePlace {
            subscription: named("subscriptionId").or_else(|| parent.place.subscription.clone()),
            group: named("resourceGroup").or_else(|| parent.place.group.clone()),
        };
        let outside = Parent { kind: String::new(), name: String::new(), place, ..parent.clone() };
        if is_inner {
            let inner = TemplateScope::new(template, given(scope), &path, self.budget);
            // An inner scope does not see the loops around the deployment.
            self.resources(template, &inner, &path, &Parent { loops: Loops::new(), ..outside });
        } else {
            // An outer scope sees the parameters and variables of the outer template only.
            self.resources(template, scope, &path, &outside);
        }
        self.depth -= 1;
    }

    /// Says that a part of the template was not read, which may write any resource.
    fn leave_unread(&mut self, path: &str, why: &str) {
        self.template.notes.push(format!("{path}: {why}"));
        self.template.unread.push(UnknownValue::new(path, why));
    }
}

/// The values that a nested deployment gives to the parameters of its template. Where all of them
/// are an expression without a value, or stand in another file, none is known.
fn given_to_nested(
    properties: &Value,
    template: &Value,
    scope: &TemplateScope<'_>,
    path: &str,
    loops: &Loops,
) -> BTreeMap<String, ArmValue> {
    let path = format!("{path}.parameters");
    let all_are = |unknown: &UnknownValue| {
        let names = template.get("parameters").and_then(Value::as_object).into_iter().flatten();
        let value = || ArmValue::Unknown(unknown.clone());
        names.map(|(name, _)| (name.to_ascii_lowercase(), value())).collect()
    };
    match properties.get("parameters") {
        Some(Value::Object(given)) => {
            let given = given.iter().filter_map(|(name, parameter)| {
                let path = format!("{path}.{name}.value");
                let value = |own: &Value| scope.value(own, &path, loops);
                let value = given_value(name, parameter, &path, value)?;
                Some((name.to_ascii_lowercase(), value))
            });
            given.collect()
        }
        Some(text @ Value::String(_)) => match scope.value(text, &path, loops) {
            ArmValue::Object(given) => {
                let value = |name: &str, own: ArmValue| match own {
                    ArmValue::Object(_) => match (own.get("value"), own.get("reference")) {
                        (Some(value), _) => Some(value.clone()),
                        (None, Some(_)) => Some(elsewhere(name, &path, "in a key vault")),
                        (None, None) => None,
                    },
                    unknown @ ArmValue::Unknown(_) => Some(unknown),
                    _ => None,
                };
                let given = given.into_iter().filter_map(|(name, own)| {
                    Some((name.to_ascii_lowercase(), value(&name, own)?))
                });
                given.collect()
            }
            ArmValue::Unknown(unknown) => all_are(&unknown),
            _ => BTreeMap::new(),
        },
        _ if properties.get("parametersLink").is_some() => {
            all_are(&UnknownValue::new(&path, "the parameters are a file of their own"))
        }
        _ => BTreeMap::new(),
    }
}

fn body(resource: &Value, scope: &TemplateScope<'_>, path: &str, loops: &Loops) -> ArmValue {
    let members = resource.as_object().into_iter().flatten();
    ArmValue::Object(
        members
            .filter(|(key, _)| !matches!(key.as_str(), "resources" | "copy" | "condition"))
            .map(|(key, member)| {
                (key.clone(), scope.value(member, &format!("{path}.{key}"), loops))
            })
            .collect(),
    )
}
