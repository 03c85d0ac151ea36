//! Resources of Terraform that change rules and do not hold them whole.

use serde_json::Value;

use super::holds_rules;
use super::planned::{PlannedResource, Write, object};
use super::terraform::{flag, planned_value};
use super::what_if::resource_of_id;
use super::whole::{PartOwner, owner_of};
use crate::arm_template::{ArmValue, Resource, ResourcePlace, UnknownValue};

/// A deployment of a template that may write rules, which is not read.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    pub(super) reason: UnknownValue,
}

/// The types of deployments.
const DEPLOYMENTS: [&str; 5] = [
    "azurerm_resource_group_template_deployment",
    "azurerm_subscription_template_deployment",
    "azurerm_management_group_template_deployment",
    "azurerm_tenant_template_deployment",
    "azurerm_template_deployment",
];

/// A deployment of a template, unless its template names nothing that holds rules.
pub(super) fn deployment(
    kind: &str,
    address: &str,
    after: &Value,
    unknown: &Value,
    path: &str,
) -> Option<Unread> {
    if !DEPLOYMENTS.contains(&kind) {
        return None;
    }
    let keys = ["template_content", "template_body"];
    let text = keys.iter().find_map(|key| {
        let is_known = *flag(unknown, key) != Value::Bool(true);
        after.get(*key).and_then(Value::as_str).filter(|_| is_known)
    });
    let names_none = text.is_some_and(|text| {
        let text = text.to_ascii_lowercase();
        !["microsoft.network/", "microsoft.resources/deployments"]
            .iter()
            .any(|word| text.contains(word))
    });
    let why = format!("{address} deploys a template, which is not read and may write these rules");
    (!names_none).then(|| Unread { reason: UnknownValue::new(path, &why) })
}

/// What an `azapi_update_resource` lays over a resource that is there.
pub(super) fn update(
    kind: &str,
    after: &Value,
    unknown: &Value,
    path: &str,
) -> Option<PlannedResource> {
    if kind != "azapi_update_resource" {
        return None;
    }
    let text = |key: &str| after.get(key).and_then(Value::as_str);
    let own_kind = text("type")?.split('@').next()?.to_ascii_lowercase();
    if !holds_rules(&own_kind) {
        return None;
    }
    let id = text("resource_id").map(str::to_owned).or_else(|| {
        let last = own_kind.rsplit('/').next()?;
        Some(format!("{}/{last}/{}", text("parent_id")?, text("name")?))
    });
    let path = format!("{path}.body");
    let body = after.get("body");
    let parsed = body.and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let body = planned_value(parsed.as_ref().or(body), flag(unknown, "body"), &path);
    let id = id.unwrap_or_default();
    let name = resource_of_id(&id).map_or_else(|| path.clone(), |(_, name)| name);
    let resource = Resource::new(&own_kind, &name, body, &path).in_place(ResourcePlace::of_id(&id));
    Some(PlannedResource { resource, write: Write::Update })
}

/// Lays an update over the resource that it is for. One that is not here is a rule that may be
/// anything else than what the update says of it.
pub(super) fn merge(update: &PlannedResource, resources: &mut Vec<PlannedResource>) {
    let own = &update.resource;
    let same: Vec<_> = resources.iter().map(|other| &other.resource).collect();
    let named: Vec<usize> = (0..same.len())
        .filter(|at| same[*at].kind == own.kind && same[*at].name.eq_ignore_ascii_case(&own.name))
        .collect();
    // The name of the whole resource takes the place of its owner's.
    let whole = Resource { name: format!("{}/", own.name), ..own.clone() };
    let candidates: Vec<_> = named.iter().map(|at| same[*at]).collect();
    if let PartOwner::Known(at) = owner_of(&whole, &candidates) {
        let target = &mut resources[named[at]];
        let over = own.body.get("properties").cloned().unwrap_or(ArmValue::Null);
        target.resource.body = laid_over(&target.resource.body, &over, &own.path);
        target.write = Write::Update;
        return;
    }
    let why = "azapi_update_resource changes what is not in this file";
    let condition = ArmValue::Unknown(UnknownValue::new(&own.path, why));
    resources.push(PlannedResource {
        resource: Resource { condition: Some(condition), ..own.clone() },
        write: Write::Update,
    });
}

/// The members of `over` in place of those of `body`, which may lie below `properties`.
fn laid_over(body: &ArmValue, over: &ArmValue, path: &str) -> ArmValue {
    if let Some(inner) = body.get("properties") {
        let name = body.get("name").cloned().unwrap_or(ArmValue::Null);
        return object([("name", name), ("properties", laid_over(inner, over, path))]);
    }
    let (ArmValue::Object(members), ArmValue::Object(over)) = (body, over) else {
        return ArmValue::Unknown(UnknownValue::new(path, "what it changes is not known"));
    };
    let is_laid = |key: &str| over.iter().any(|(own, _)| own.eq_ignore_ascii_case(key));
    let kept = members.iter().filter(|(key, _)| !is_laid(key)).cloned();
    ArmValue::Object(kept.chain(over.iter().cloned()).collect())
}
