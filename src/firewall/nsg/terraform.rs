//! What `terraform show -json` writes of a plan or a state (format versions 0.1 to 1.x, Terraform
//! 0.12 and later; `OpenTofu` writes the same).

use serde_json::{Map, Value};

use super::cidrs::CidrChange;
use super::error::ReadError;
use super::planned::{PlannedResource, PlannedResources, Write, object};
use super::policy::{IP_GROUP, POLICY, POLICY_GROUP};
use super::references::ReferenceChange;
use super::terraform_policy::{collection_group, firewall_policy};
use super::unread::{self, Unread};
use super::what_if::resource_of_id;
use super::whole::{GROUP, RULE};
use super::{admin, holds_rules, route};
use crate::arm_template::{ArmValue, Resource, ResourcePlace, UnknownValue};

/// What to give instead of what `terraform show -json` did not write.
const SHOWN: &str = "terraform show -json PLAN, or terraform show -json for the state";

/// Whether a document was written by `terraform show -json`.
pub(super) fn is_shown(value: &Value) -> bool {
    value.get("format_version").is_some()
        && ["planned_values", "resource_changes", "values", "terraform_version"]
            .iter()
            .any(|key| value.get(key).is_some())
}

/// Reads a plan or a state.
///
/// # Errors
/// [`ReadError`] where the format is a later one, or the document holds no resources.
pub(super) fn read_shown(value: &Value, file: &str) -> Result<PlannedResources, ReadError> {
    let error = |location: &str, found: String| ReadError {
        file: file.to_owned(),
        location: location.to_owned(),
        found,
        expected: SHOWN,
    };
    let version = value.get("format_version").and_then(Value::as_str).unwrap_or_default();
    if !["0", "1"].contains(&version.split('.').next().unwrap_or_default()) {
        return Err(error("$.format_version", format!("the unknown format '{version}'")));
    }
    let mut sides = TerraformSides::default();
    let is_plan = if let Some(changes) = value.get("resource_changes") {
        let changes = changes.as_array().ok_or_else(|| {
            error("$.resource_changes", "something else than a list of changes".to_owned())
        })?;
        for (index, change) in changes.iter().enumerate() {
            sides.add_change(change, &format!("$.resource_changes[{index}]"));
        }
        true
    } else {
        let (key, values) = match (value.get("values"), value.get("planned_values")) {
            (Some(values), _) => ("values", values),
            (None, Some(values)) => ("planned_values", values),
            (None, None) => {
                return Err(error("$", "neither resource_changes nor values".to_owned()));
            }
        };
        if let Some(module) = values.get("root_module") {
            sides.add_module(module, &format!("$.{key}.root_module"));
        }
        false
    };
    if value.get("errored") == Some(&Value::Bool(true)) {
        sides.notes.push("$.errored: Terraform could not finish this plan".to_owned());
    }
    if value.get("complete") == Some(&Value::Bool(false)) {
        sides.notes.push(
            "$.complete: this plan does not make all changes of its configuration (-target, or \
             changes that are deferred)"
                .to_owned(),
        );
    }
    let deferred = value.get("deferred_changes").and_then(Value::as_array);
    for (index, deferred) in deferred.into_iter().flatten().enumerate() {
        sides.add_deferred(deferred, &format!("$.deferred_changes[{index}]"));
    }
    let TerraformSides { before, after, updates, cidrs, references, mut unread, notes } = sides;
    let mut after = linked(&after);
    for update in &updates {
        unread::merge(update, &mut after);
    }
    for change in &cidrs {
        change.make(&mut after);
    }
    unread.extend(references.iter().flat_map(|change| change.unread(&after)));
    let before = is_plan.then(|| linked(&before));
    let mut planned = PlannedResources { before, after, unread, notes };
    if planned.after.is_empty() && planned.before.as_ref().is_none_or(Vec::is_empty) {
        return Err(error(
            if is_plan { "$.resource_changes" } else { "$.values" },
            "no azurerm_network_security_group, azurerm_network_security_rule, \
             azurerm_route_table, azapi_resource or firewall policy"
                .to_owned(),
        ));
    }
    planned.notes.sort();
    planned.notes.dedup();
    Ok(planned)
}

/// The resources of both sides, each with the id or name of the group or policy that it belongs
/// to.
#[derive(Default)]
struct TerraformSides {
    before: Vec<TerraformResource>,
    after: Vec<TerraformResource>,
    /// What is laid over resources that are there.
    updates: Vec<PlannedResource>,
    /// Prefixes of IP groups that are resources of their own.
    cidrs: Vec<CidrChange>,
    references: Vec<ReferenceChange>,
    unread: Vec<Unread>,
    notes: Vec<String>,
}

/// A resource in the shape of Resource Manager.
struct TerraformResource {
    planned: PlannedResource,
    /// The id or the name of what it belongs to, where that is no part of its own name.
    owner: Option<ArmValue>,
}

impl TerraformSides {
    fn add_change(&mut self, change: &Value, path: &str) {
        let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or_default();
        // A deposed object is one that a failed replacement has left over.
        if text("mode") == "data" || change.get("deposed").is_some() {
            return;
        }
        let Some(inner) = change.get("change") else { return };
        let actions = inner.get("actions").and_then(Value::as_array);
        let does = |word: &str| actions.is_some_and(|own| own.iter().any(|action| action == word));
        let is_forgotten = does("forget");
        let write = match (does("delete"), does("create"), does("update")) {
            (true, true, _) => Write::Replace,
            (false, true, _) => Write::Create,
            (_, _, true) => Write::Update,
            _ => Write::Kept,
        };
        let known = Value::Bool(false);
        let unknown = inner.get("after_unknown").unwrap_or(&known);
        let own = |key: &str| inner.get(key).filter(|own| !own.is_null());
        let (kind, address) = (text("type"), text("address"));
        if let Some(before) = own("before") {
            let path = format!("{path}.change.before");
            self.before.extend(resource(kind, address, before, &known, &path, Write::Kept));
            // Terraform only lets go of it; it stays as it is.
            if is_forgotten {
                self.after.extend(resource(kind, address, before, &known, &path, Write::Kept));
            }
        }
        let nothing = Value::Object(Map::new());
        let after = own("after").or_else(|| (*unknown == Value::Bool(true)).then_some(&nothing));
        if let Some(after) = after {
            let path = format!("{path}.change.after");
            self.after.extend(resource(kind, address, after, unknown, &path, write));
            if write != Write::Kept {
                self.updates.extend(unread::update(kind, after, unknown, &path));
            }
        }
        let is_written = write != Write::Kept || does("delete");
        if is_written && !is_forgotten {
            let path = format!("{path}.change");
            let sides = (own("before"), after);
            self.unread.extend(unread::writer(kind, address, sides, unknown, &path));
            self.cidrs.extend(CidrChange::of(kind, address, sides, &path));
            self.references.extend(ReferenceChange::of_terraform(kind, address, inner, &path));
        } else {
            self.note_unread(kind);
        }
    }

    /// A change that a later plan makes: until then all is as it was, and then it is not known.
    fn add_deferred(&mut self, deferred: &Value, path: &str) {
        let Some(change) = deferred.get("resource_change") else { return };
        let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut own = Self::default();
        own.add_change(change, &format!("{path}.resource_change"));
        self.cidrs.append(&mut own.cidrs);
        self.references.append(&mut own.references);
        let is_empty = own.before.is_empty() && own.after.is_empty();
        if is_empty && own.unread.is_empty() && own.updates.is_empty() {
            return;
        }
        let why = format!("the change of {} is left to a later plan", text("address"));
        self.notes.push(format!("{path}: {why}"));
        // What is laid over a resource may then hold for it or not.
        if !own.updates.is_empty() {
            own.unread.push(Unread::rules(path, &why));
        }
        let condition = ArmValue::Unknown(UnknownValue::new(path, &why));
        self.before.append(&mut own.before);
        self.after.extend(own.after.into_iter().map(|mut one| {
            one.planned.resource.condition = Some(condition.clone());
            one
        }));
        self.unread.append(&mut own.unread);
    }

    fn add_module(&mut self, module: &Value, path: &str) {
        let list = |key: &str| module.get(key).and_then(Value::as_array).into_iter().flatten();
        for (index, own) in list("resources").enumerate() {
            let text = |key: &str| own.get(key).and_then(Value::as_str).unwrap_or_default();
            if text("mode") == "data" {
                continue;
            }
            if let Some(values) = own.get("values") {
                let path = format!("{path}.resources[{index}].values");
                let known = Value::Bool(false);
                let (kind, address) = (text("type"), text("address"));
                self.after.extend(resource(kind, address, values, &known, &path, Write::Kept));
            }
            self.note_unread(text("type"));
        }
        for (index, own) in list("child_modules").enumerate() {
            self.add_module(own, &format!("{path}.child_modules[{index}]"));
        }
    }

    /// Kinds of rules that are not read are named, since they may decide too.
    fn note_unread(&mut self, kind: &str) {
        if unread::is_classic(kind) {
            self.notes.push(format!("{kind} is not looked at here"));
        }
    }
}

/// A resource in the shape of Resource Manager, with what it belongs to.
fn resource(
    kind: &str,
    address: &str,
    value: &Value,
    unknown: &Value,
    path: &str,
    write: Write,
) -> Option<TerraformResource> {
    let get =
        |key: &str| planned_value(value.get(key), flag(unknown, key), &format!("{path}.{key}"));
    let name = value.get("name").and_then(Value::as_str).unwrap_or(address).to_owned();
    let (kind, owner, body) = match kind {
        "azurerm_network_security_group" => (
            GROUP,
            None,
            object([("name", get("name")), ("securityRules", rules(get("security_rule")))]),
        ),
        "azurerm_network_security_rule" => (
            RULE,
            Some(get("network_security_group_name")),
            in_camel_case(planned_value(Some(value), unknown, path)),
        ),
        "azurerm_firewall_policy" => (POLICY, None, firewall_policy(&get)),
        "azurerm_firewall_policy_rule_collection_group" => (
            POLICY_GROUP,
            Some(get("firewall_policy_id")),
            collection_group(&in_camel_case(planned_value(Some(value), unknown, path))),
        ),
        "azurerm_ip_group" => {
            (IP_GROUP, None, object([("name", get("name")), ("ipAddresses", get("cidrs"))]))
        }
        "azurerm_route_table" => (route::TABLE, None, route_table(&get)),
        "azurerm_route" => (
            route::ROUTE,
            Some(get("route_table_name")),
            in_camel_case(planned_value(Some(value), unknown, path)),
        ),
        "azurerm_network_manager_admin_rule" => (
            admin::KIND,
            None,
            admin_rule(&in_camel_case(planned_value(Some(value), unknown, path))),
        ),
        "azapi_resource" => return azapi(value, unknown, path, &name, write),
        _ => return None,
    };
    let resource = Resource::new(kind, &name, body, path).in_place(place_of(value));
    Some(TerraformResource { planned: PlannedResource { resource, write }, owner })
}

/// The place of a resource. The id is known only of what is there.
fn place_of(value: &Value) -> ResourcePlace {
    let text = |key: &str| value.get(key)?.as_str().filter(|own| !own.is_empty());
    let of_id = text("id").or_else(|| text("parent_id")).map(ResourcePlace::of_id);
    let of_id = of_id.unwrap_or_default();
    let group = text("resource_group_name").map(str::to_owned).or(of_id.group);
    ResourcePlace { group, ..of_id }
}

/// The type that a resource of the azapi provider is of, in lower case.
pub(super) fn azapi_kind(value: &Value) -> Option<String> {
    let kind = value.get("type").and_then(Value::as_str)?;
    Some(kind.split('@').next().unwrap_or(kind).to_ascii_lowercase())
}

/// The body of a resource of the azapi provider: an object, or the text of one before version 2.
pub(super) fn azapi_body(value: &Value) -> Option<Value> {
    let body = value.get("body")?;
    let parsed = body.as_str().and_then(|text| serde_json::from_str(text).ok());
    Some(parsed.unwrap_or_else(|| body.clone()))
}

/// A resource of the azapi provider, whose body is in the shape of Resource Manager already.
fn azapi(
    value: &Value,
    unknown: &Value,
    path: &str,
    name: &str,
    write: Write,
) -> Option<TerraformResource> {
    let kind = azapi_kind(value)?;
    if !holds_rules(&kind) {
        return None;
    }
    let path = format!("{path}.body");
    let body = match planned_value(azapi_body(value).as_ref(), flag(unknown, "body"), &path) {
        ArmValue::Object(mut members) => {
            members.push(("name".to_owned(), ArmValue::String(name.to_owned())));
            ArmValue::Object(members)
        }
        other => object([("name", ArmValue::String(name.to_owned())), ("properties", other)]),
    };
    let is_child = kind.matches('/').count() > 1;
    let owner =
        is_child.then(|| planned_value(value.get("parent_id"), flag(unknown, "parent_id"), &path));
    let resource = Resource::new(&kind, name, body, &path).in_place(place_of(value));
    Some(TerraformResource { planned: PlannedResource { resource, write }, owner })
}

/// Gives every resource that belongs to another the name behind that one's. Where the owner is
/// known only after apply, it is the only one of its kind, or every one of that kind may be it.
fn linked(resources: &[TerraformResource]) -> Vec<PlannedResource> {
    let owners = |kind: &str| -> Vec<&Resource> {
        let parent = kind.rsplit_once('/').map_or(kind, |(parent, _)| parent);
        resources.iter().map(|own| &own.planned.resource).filter(|own| own.kind == parent).collect()
    };
    let mut all = Vec::with_capacity(resources.len());
    for TerraformResource { planned, owner } in resources {
        let own = &planned.resource;
        let mut push = |owner: &str, place: &ResourcePlace, condition: Option<ArmValue>| {
            let name = format!("{owner}/{}", own.name);
            let condition = condition.or_else(|| own.condition.clone());
            let place = place.clone();
            let resource = Resource { name, condition, place, ..own.clone() };
            all.push(PlannedResource { resource, ..planned.clone() });
        };
        match owner {
            None => all.push(planned.clone()),
            Some(ArmValue::String(id)) => match resource_of_id(id) {
                Some((_, name)) => push(&name, &ResourcePlace::of_id(id), None),
                None => push(id, &own.place, None),
            },
            Some(owner) => match &owners(&own.kind)[..] {
                [] => push(&own.path, &own.place, Some(owner.clone())),
                [only] => push(&only.name, &only.place, None),
                possible => {
                    for whole in possible {
                        push(&whole.name, &whole.place, Some(owner.clone()));
                    }
                }
            },
        }
    }
    all
}

/// An admin rule in the shape of Resource Manager.
fn admin_rule(own: &ArmValue) -> ArmValue {
    let ArmValue::Object(members) = own else { return own.clone() };
    let renamed = members.iter().map(|(key, value)| {
        let key = match key.as_str() {
            "action" => "access",
            "source" => "sources",
            "destination" => "destinations",
            other => other,
        };
        (key.to_owned(), value.clone())
    });
    ArmValue::Object(renamed.collect())
}

/// What `after_unknown` says of a member.
pub(super) fn flag<'a>(unknown: &'a Value, key: &str) -> &'a Value {
    const KNOWN: &Value = &Value::Null;
    match unknown {
        Value::Bool(_) => unknown,
        other => other.get(key).unwrap_or(KNOWN),
    }
}

/// A value of a plan, in which `unknown` is true of what is known only after apply.
pub(super) fn planned_value(value: Option<&Value>, unknown: &Value, path: &str) -> ArmValue {
    match (value, unknown) {
        (_, Value::Bool(true)) => {
            ArmValue::Unknown(UnknownValue::new(path, "the value is known only after apply"))
        }
        (Some(Value::Object(members)), _) => {
            let hidden = unknown.as_object().into_iter().flatten();
            let hidden = hidden.filter(|(key, _)| !members.contains_key(*key));
            let member = |(key, value): (&String, Option<&Value>)| {
                let path = format!("{path}.{key}");
                (key.clone(), planned_value(value, flag(unknown, key), &path))
            };
            let known = members.iter().map(|(key, value)| (key, Some(value)));
            ArmValue::Object(known.chain(hidden.map(|(key, _)| (key, None))).map(member).collect())
        }
        (Some(Value::Array(elements)), _) => ArmValue::Array(
            elements
                .iter()
                .enumerate()
                .map(|(index, element)| {
                    let unknown = unknown.get(index).unwrap_or(&Value::Null);
                    planned_value(Some(element), unknown, &format!("{path}[{index}]"))
                })
                .collect(),
        ),
        // Nothing in a plan is an expression of Resource Manager.
        (Some(Value::String(text)), _) => ArmValue::String(text.clone()),
        (Some(scalar), _) => ArmValue::literal(scalar, path),
        (None, Value::Array(elements)) if !elements.is_empty() => {
            ArmValue::Unknown(UnknownValue::new(path, "the value is known only after apply"))
        }
        (None, Value::Object(members)) if !members.is_empty() => {
            ArmValue::Unknown(UnknownValue::new(path, "the value is known only after apply"))
        }
        (None, _) => ArmValue::Null,
    }
}

/// A route table in the shape of Resource Manager. Version 4 of the provider turned
/// `disable_bgp_route_propagation` into `bgp_route_propagation_enabled`.
fn route_table(get: &dyn Fn(&str) -> ArmValue) -> ArmValue {
    let keeps_out = match get("bgp_route_propagation_enabled") {
        ArmValue::Bool(takes) => ArmValue::Bool(!takes),
        ArmValue::Null => get("disable_bgp_route_propagation"),
        other => other,
    };
    let subnets = match get("subnets") {
        ArmValue::Array(ids) => {
            ArmValue::Array(ids.into_iter().map(|id| object([("id", id)])).collect())
        }
        other => other,
    };
    object([
        ("name", get("name")),
        ("disableBgpRoutePropagation", keeps_out),
        ("subnets", subnets),
        ("routes", rules(get("route"))),
    ])
}

/// The inline rules of a group.
fn rules(value: ArmValue) -> ArmValue {
    match value {
        ArmValue::Array(rules) => ArmValue::Array(rules.into_iter().map(in_camel_case).collect()),
        ArmValue::Null => ArmValue::Array(Vec::new()),
        other => other,
    }
}

/// Terraform's names of members as Resource Manager has them.
fn in_camel_case(value: ArmValue) -> ArmValue {
    match value {
        ArmValue::Object(members) => ArmValue::Object(
            members
                .into_iter()
                .map(|(key, member)| {
                    let key = match key.as_str() {
                        "source_application_security_group_ids" => {
                            "sourceApplicationSecurityGroups".to_owned()
                        }
                        "destination_application_security_group_ids" => {
                            "destinationApplicationSecurityGroups".to_owned()
                        }
                        _ => camel_case(&key),
                    };
                    (key, in_camel_case(member))
                })
                .collect(),
        ),
        ArmValue::Array(elements) => {
            ArmValue::Array(elements.into_iter().map(in_camel_case).collect())
        }
        other => other,
    }
}

fn camel_case(key: &str) -> String {
    let mut words = key.split('_').filter(|word| !word.is_empty());
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}
