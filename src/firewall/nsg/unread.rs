//! What a change does with rules without holding them whole.

use serde_json::Value;

use super::admin::{self, AdminEffect};
use super::holds_rules;
use super::node::Node;
use super::planned::{PlannedResource, Side, Write, object};
use super::policy::{FIREWALL, POLICY, names_none};
use super::references::Referred;
use super::terraform::{azapi_body, azapi_kind, flag, planned_value};
use super::what_if::resource_of_id;
use super::whole::{PartOwner, WHOLES, owner_of};
use crate::arm_template::{ArmValue, Resource, ResourcePlace, UnknownValue};

/// What a change does that is not read here: rules may be others because of it.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    pub(super) reason: UnknownValue,
    effect: UnreadEffect,
}

/// What is not known because of it.
#[derive(Clone, Debug)]
enum UnreadEffect {
    /// Any rules, once the change is made.
    Rules,
    /// Whether these rules are in force on one side of the change.
    InForce(Side, Referred),
    /// Which admin rules are in force, once the change is made.
    Admin(AdminEffect),
}

impl Unread {
    /// What may write any rules.
    pub(super) fn rules(path: &str, why: &str) -> Self {
        Self { reason: UnknownValue::new(path, why), effect: UnreadEffect::Rules }
    }

    /// What puts these rules in force or out of force, so that on this side flows may have met
    /// others.
    pub(super) fn in_force(reason: &UnknownValue, side: Side, of: Referred) -> Self {
        Self { reason: reason.clone(), effect: UnreadEffect::InForce(side, of) }
    }

    /// What changes which admin rules are in force.
    pub(super) fn admin(path: &str, what: &str, effect: AdminEffect) -> Self {
        let why = format!("{what} changes which admin rules are in force");
        Self { reason: UnknownValue::new(path, &why), effect: UnreadEffect::Admin(effect) }
    }

    /// Makes it unknown what a resource does.
    pub(super) fn make_unknown(&self, own: &mut Resource) {
        if own.kind == admin::KIND && matches!(self.effect, UnreadEffect::Admin(_)) {
            admin::doubt(own, &self.reason);
            return;
        }
        let unknown = ArmValue::Unknown(self.reason.clone());
        if own.kind != FIREWALL {
            own.condition = Some(unknown);
            return;
        }
        // A firewall with a policy has no rules of its own.
        let inner = own.body.get("properties").unwrap_or(&own.body);
        let policy = inner.get("firewallPolicy");
        if policy.is_none_or(|own| names_none(&Node::root(own, ""))) {
            let name = own.body.get("name").cloned().unwrap_or(ArmValue::Null);
            own.body = object([("name", name), ("properties", unknown)]);
        }
    }

    /// Whether it is not known of a resource what it does, on a side of the change, or where only
    /// the rules are asked for as they would be (`None`). `has_admin_rules` says whether the file
    /// holds any.
    pub(super) fn touches(
        &self,
        own: &Resource,
        side: Option<Side>,
        has_admin_rules: bool,
    ) -> bool {
        let is_admin = own.kind == admin::KIND;
        let holds = WHOLES.iter().any(|(kind, ..)| own.kind == *kind)
            || own.kind.starts_with(POLICY)
            || own.kind == FIREWALL;
        match &self.effect {
            UnreadEffect::Rules => (holds || is_admin) && side != Some(Side::Before),
            UnreadEffect::InForce(own_side, of) => {
                holds && side == Some(*own_side) && of.may_be(own)
            }
            UnreadEffect::Admin(_) if has_admin_rules => is_admin && side == Some(Side::After),
            // The rules that it deploys are in no file, and come before all others.
            UnreadEffect::Admin(effect) => {
                holds && *effect == AdminEffect::Deploys && side == Some(Side::After)
            }
        }
    }
}

/// The types of deployments.
const DEPLOYMENTS: [&str; 5] = [
    "azurerm_resource_group_template_deployment",
    "azurerm_subscription_template_deployment",
    "azurerm_management_group_template_deployment",
    "azurerm_tenant_template_deployment",
    "azurerm_template_deployment",
];

/// The types of rules of a classic firewall that are resources of their own.
const CLASSIC: [&str; 2] =
    ["azurerm_firewall_network_rule_collection", "azurerm_firewall_application_rule_collection"];

/// Whether rules of this type are only named, unless they are written.
pub(super) fn is_classic(kind: &str) -> bool {
    CLASSIC.contains(&kind)
}

/// What a resource of a Terraform plan that is written, or deleted where `after` is `None`, may
/// write of rules without holding them.
pub(super) fn writer(
    kind: &str,
    address: &str,
    (before, after): (Option<&Value>, Option<&Value>),
    unknown: &Value,
    path: &str,
) -> Option<Unread> {
    let own = after.or(before)?;
    if is_classic(kind) {
        let why = format!("{address} writes rules of a classic firewall, which are not read");
        return Some(Unread::rules(path, &why));
    }
    let is_azapi =
        matches!(kind, "azapi_resource" | "azapi_update_resource" | "azapi_resource_action");
    if let Some(effect) = admin_effect(kind, own, is_azapi) {
        return Some(Unread::admin(path, address, effect));
    }
    if !is_azapi {
        return deployment(kind, address, own, unknown, path);
    }
    let own_kind = azapi_kind(own)?;
    let is_deployment = own_kind.starts_with("microsoft.resources/deployment");
    if kind == "azapi_resource_action" {
        let text = |key: &str| own.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_read = ["GET", "HEAD"].iter().any(|own| text("method").eq_ignore_ascii_case(own));
        let is_made = after.is_some() != text("when").eq_ignore_ascii_case("destroy");
        let why = format!("{address} writes {own_kind}, which is not read");
        let writes = (is_deployment || holds_rules(&own_kind)) && !is_read && is_made;
        return writes.then(|| Unread::rules(path, &why));
    }
    // Deleting a deployment leaves what it deployed; deleting a stack may not.
    if !is_deployment || (after.is_none() && !own_kind.contains("stack")) {
        return None;
    }
    let is_known = !holds_unknown(flag(unknown, "body"));
    let names_none = is_known && names_no_rules(&azapi_body(own).unwrap_or_default().to_string());
    (!names_none).then(|| deploys(address, path))
}

/// What a resource of a Terraform plan does to which admin rules are in force.
fn admin_effect(kind: &str, own: &Value, is_azapi: bool) -> Option<AdminEffect> {
    let text = |own: &Value, key: &str| own.get(key).and_then(Value::as_str).map(str::to_owned);
    let scope = text(own, "scope_access").or_else(|| text(&azapi_body(own)?, "commitType"));
    // A deployment of another scope deploys no admin rules.
    if scope.is_some_and(|own| !own.eq_ignore_ascii_case("SecurityAdmin")) {
        return None;
    }
    let own_kind = if is_azapi { azapi_kind(own)? } else { kind.to_owned() };
    if kind != "azapi_resource_action" {
        return AdminEffect::of(&own_kind);
    }
    let action = text(own, "action").unwrap_or_default();
    AdminEffect::of(&format!("{own_kind}/{}", action.to_ascii_lowercase()))
}

/// A deployment of a template, unless its template names nothing that holds rules.
fn deployment(
    kind: &str,
    address: &str,
    own: &Value,
    unknown: &Value,
    path: &str,
) -> Option<Unread> {
    if !DEPLOYMENTS.contains(&kind) {
        return None;
    }
    let keys = ["template_content", "template_body"];
    let text = keys.iter().find_map(|key| {
        let is_known = *flag(unknown, key) != Value::Bool(true);
        own.get(*key).and_then(Value::as_str).filter(|_| is_known)
    });
    (!text.is_some_and(names_no_rules)).then(|| deploys(address, path))
}

fn deploys(address: &str, path: &str) -> Unread {
    let why = format!("{address} deploys a template, which is not read and may write these rules");
    Unread::rules(path, &why)
}

/// Whether a template holds no resource that may hold rules.
fn names_no_rules(template: &str) -> bool {
    let text = template.to_ascii_lowercase();
    // The text of a deployment that is a resource names itself no type.
    !["microsoft.network/", "microsoft.resources/deployments", "templatelink", "templatespecs"]
        .iter()
        .any(|word| text.contains(word))
}

/// Whether any part is known only after apply.
fn holds_unknown(unknown: &Value) -> bool {
    match unknown {
        Value::Bool(is) => *is,
        Value::Array(elements) => elements.iter().any(holds_unknown),
        Value::Object(members) => members.values().any(holds_unknown),
        _ => false,
    }
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
    let own_kind = azapi_kind(after)?;
    if !holds_rules(&own_kind) {
        return None;
    }
    let id = text("resource_id").map(str::to_owned).or_else(|| {
        let last = own_kind.rsplit('/').next()?;
        Some(format!("{}/{last}/{}", text("parent_id")?, text("name")?))
    });
    let path = format!("{path}.body");
    let body = planned_value(azapi_body(after).as_ref(), flag(unknown, "body"), &path);
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
        let over = match &own.body {
            ArmValue::Object(_) => own.body.get("properties").cloned().unwrap_or(object([])),
            other => other.clone(),
        };
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
