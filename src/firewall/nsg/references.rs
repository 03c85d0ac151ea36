//! Which rules are in force: what refers to security groups, route tables and firewall policies,
//! and the changes of such references.

use std::collections::BTreeSet;

use serde_json::Value;

use super::planned::{PlannedResource, Side, Write};
use super::policy::{FIREWALL, POLICY};
use super::route;
use super::terraform::{azapi_body, azapi_kind, flag};
use super::unread::Unread;
use super::what_if::resource_of_id;
use super::whole::GROUP;
use crate::arm_template::{Resource, ResourcePlace, UnknownValue};

/// The members that refer, as Terraform and as Resource Manager call them, with the type of what
/// they refer to.
const MEMBERS: [(&str, &str); 7] = [
    ("network_security_group_id", GROUP),
    ("security_group", GROUP),
    ("networkSecurityGroup", GROUP),
    ("route_table_id", route::TABLE),
    ("routeTable", route::TABLE),
    ("firewall_policy_id", POLICY),
    ("firewallPolicy", POLICY),
];

const TERRAFORM_FIREWALL: &str = "azurerm_firewall";

/// The types of Terraform whose members refer.
const TERRAFORM: [&str; 10] = [
    "azurerm_subnet_network_security_group_association",
    "azurerm_network_interface_security_group_association",
    "azurerm_subnet_route_table_association",
    "azurerm_virtual_network",
    "azurerm_subnet",
    "azurerm_network_interface",
    "azurerm_linux_virtual_machine_scale_set",
    "azurerm_windows_virtual_machine_scale_set",
    "azurerm_orchestrated_virtual_machine_scale_set",
    TERRAFORM_FIREWALL,
];

/// The types of Resource Manager whose members refer.
const MANAGER: [&str; 5] = [
    "microsoft.network/virtualnetworks",
    "microsoft.network/virtualnetworks/subnets",
    "microsoft.network/networkinterfaces",
    "microsoft.compute/virtualmachinescalesets",
    FIREWALL,
];

/// Whether a resource of this type, in lower case, may refer to rules.
pub(super) fn may_refer(kind: &str) -> bool {
    MANAGER.contains(&kind)
}

/// References that are not known, of a resource of this type.
fn unknown_of(kind: &str) -> Vec<RuleReference> {
    let kinds: &[&'static str] = if kind == FIREWALL { &[POLICY] } else { &[GROUP, route::TABLE] };
    kinds.iter().map(|kind| (*kind, None)).collect()
}

/// The type of what is referred to, and its id in lower case where it is known.
type RuleReference = (&'static str, Option<String>);

/// A change of what a resource refers to.
#[derive(Debug)]
pub(super) struct ReferenceChange {
    reason: UnknownValue,
    removed: Vec<RuleReference>,
    added: Vec<RuleReference>,
    /// Whether what it referred to before is not in the file.
    is_before_unknown: bool,
    /// Whether what refers is made by the change, so that no flow met anything there before.
    is_new: bool,
}

impl ReferenceChange {
    /// The change of references that a resource of a Terraform plan makes, if it makes one.
    pub(super) fn of_terraform(
        kind: &str,
        address: &str,
        change: &Value,
        path: &str,
    ) -> Option<Self> {
        let side = |key: &str| change.get(key).filter(|own| !own.is_null());
        let unknown = change.get("after_unknown").unwrap_or(&Value::Null);
        let is_laid_over = matches!(kind, "azapi_update_resource" | "azapi_resource_action");
        let is_azapi = is_laid_over || kind == "azapi_resource";
        let (before, after) = (side("before"), side("after"));
        let own_kind = if is_azapi { azapi_kind(after.or(before)?)? } else { kind.to_owned() };
        let refers = if is_azapi { may_refer(&own_kind) } else { TERRAFORM.contains(&kind) };
        // Taking away what was laid over a resource changes nothing of the resource.
        if !refers || (is_laid_over && after.is_none()) {
            return None;
        }
        let part = |own: Option<&Value>, unknown: &Value| {
            let mut found = BTreeSet::new();
            if is_azapi {
                let body = own.and_then(azapi_body);
                references(body.as_ref(), flag(unknown, "body"), "", &mut found);
            } else {
                references(own, unknown, "", &mut found);
            }
            found
        };
        let mut own = Self::between(&part(before, &Value::Null), &part(after, unknown));
        own.reason = reason(address, path);
        own.is_before_unknown = is_laid_over && before.is_none();
        let is_hidden = is_azapi && *flag(unknown, "body") == Value::Bool(true);
        let is_put = side("after").and_then(|own| own.get("method")?.as_str()) == Some("PUT");
        if is_laid_over && (is_hidden || (before.is_none() && is_put && own.added.is_empty())) {
            own.added = unknown_of(&own_kind);
        }
        let is_made = |key: &str| *flag(unknown, key) == Value::Bool(true);
        own.is_new = before.is_none()
            && !is_laid_over
            && ![TERRAFORM_FIREWALL, FIREWALL].contains(&own_kind.as_str())
            && (!kind.ends_with("_association")
                || is_made("subnet_id")
                || is_made("network_interface_id"));
        own.filled()
    }

    /// The change of references that a what-if answer tells, if it tells one.
    pub(super) fn of_what_if(kind: &str, change: &Value, path: &str) -> Option<Self> {
        if !may_refer(kind) {
            return None;
        }
        let side = |key: &str| change.get(key).filter(|own| !own.is_null());
        let id = change.get("resourceId").and_then(Value::as_str).unwrap_or_default();
        let part = |own: Option<&Value>| {
            let mut found = BTreeSet::new();
            references(own, &Value::Null, "", &mut found);
            found
        };
        let word = change.get("changeType").and_then(Value::as_str).unwrap_or_default();
        let (before, after) = (side("before"), side("after"));
        let mut own = match word {
            "Create" | "Modify" | "Delete" => Self::between(&part(before), &part(after)),
            // What it refers to afterwards is not told.
            "Deploy" | "Unsupported" => Self {
                added: unknown_of(kind),
                is_before_unknown: true,
                ..Self::between(&BTreeSet::new(), &BTreeSet::new())
            },
            _ => return None,
        };
        let (kind_of_id, name) = resource_of_id(id)?;
        let last = kind_of_id.rsplit('/').next().unwrap_or_default();
        own.reason = reason(&format!("{last} {name}"), path);
        own.is_new = word == "Create" && kind != FIREWALL;
        own.filled()
    }

    fn between(before: &BTreeSet<PlacedReference>, after: &BTreeSet<PlacedReference>) -> Self {
        let lost = |own: &BTreeSet<PlacedReference>,
                    other: &BTreeSet<PlacedReference>|
         -> Vec<RuleReference> {
            own.difference(other).map(|(_, kind, id)| (*kind, id.clone())).collect()
        };
        Self {
            reason: UnknownValue::new("$", ""),
            removed: lost(before, after),
            added: lost(after, before),
            is_before_unknown: false,
            is_new: false,
        }
    }

    fn filled(self) -> Option<Self> {
        (!self.removed.is_empty() || !self.added.is_empty()).then_some(self)
    }

    /// What is not known because of the change, beside the resources that it leaves.
    pub(super) fn unread(&self, after: &[PlannedResource]) -> Vec<Unread> {
        let is_made = |kind: &str| {
            let is_new = |write| matches!(write, Write::Create | Write::Replace);
            after.iter().any(|own| own.resource.kind == kind && is_new(own.write))
        };
        // Terraform does not know the id of what it makes again, which is the same.
        let is_made_again = |kind: &str, id: &str| {
            self.added.iter().any(|(own, id)| *own == kind && id.is_none())
                && after.iter().any(|own| {
                    own.write == Write::Replace
                        && Referred::Named(id.to_owned()).may_be(&own.resource)
                })
        };
        let in_force = |side, of| Unread::in_force(&self.reason, side, of);
        let mut all = Vec::new();
        for (kind, id) in &self.removed {
            match id {
                Some(id) if is_made_again(kind, id) => {}
                Some(id) => all.push(in_force(Side::After, Referred::Named(id.clone()))),
                None => all.push(in_force(Side::After, Referred::Any)),
            }
        }
        for (kind, id) in &self.added {
            if self.is_before_unknown {
                let same = self.added.iter().filter(|(own, _)| own == kind);
                let but = same.filter_map(|(_, id)| id.clone()).collect();
                all.push(in_force(Side::After, Referred::OtherThan { kind, but }));
            }
            match id {
                None if self.is_before_unknown => {}
                _ if self.is_new => {}
                Some(id) => {
                    let named = Referred::Named(id.clone());
                    if after.iter().any(|own| named.may_be(&own.resource)) {
                        all.push(in_force(Side::Before, named));
                    } else {
                        all.push(in_force(Side::After, Referred::Any));
                    }
                }
                // It is what the change makes, of which nothing is known before.
                None if is_made(kind) => {}
                None => all.push(in_force(Side::After, Referred::Any)),
            }
        }
        all
    }
}

fn reason(what: &str, path: &str) -> UnknownValue {
    UnknownValue::new(path, &format!("{what} changes which rules are in force"))
}

/// What a change puts in force, or takes out of force.
#[derive(Clone, Debug)]
pub(super) enum Referred {
    /// Whatever holds rules.
    Any,
    /// The resource with this id, in lower case.
    Named(String),
    /// Those of a type but for the ones with these ids.
    OtherThan { kind: &'static str, but: Vec<String> },
}

impl Referred {
    /// Whether a resource that holds rules is one of these, or may be. A policy's groups are meant
    /// with it.
    pub(super) fn may_be(&self, own: &Resource) -> bool {
        match self {
            Self::Any => true,
            Self::Named(id) => is_named(own, id),
            Self::OtherThan { kind, but } => {
                own.kind.starts_with(kind) && !but.iter().any(|id| is_named(own, id))
            }
        }
    }
}

fn is_named(own: &Resource, id: &str) -> bool {
    let Some((kind, name)) = resource_of_id(id) else { return false };
    let own_name = if own.kind == kind {
        own.name.as_str()
    } else if kind == POLICY && own.kind.starts_with(POLICY) {
        own.parent().unwrap_or_default()
    } else {
        return false;
    };
    own_name.eq_ignore_ascii_case(&name) && own.place.may_be(&ResourcePlace::of_id(id))
}

/// A reference, and the name of the subnet or interface that it stands in.
type PlacedReference = (String, &'static str, Option<String>);

/// Collects the references in a value, in which `unknown` is true of what is not known.
fn references(
    value: Option<&Value>,
    unknown: &Value,
    name: &str,
    found: &mut BTreeSet<PlacedReference>,
) {
    match value {
        Some(Value::Array(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                let unknown = unknown.get(index).unwrap_or(&Value::Null);
                let own_name = element.get("name").and_then(Value::as_str).unwrap_or(name);
                references(Some(element), unknown, &own_name.to_ascii_lowercase(), found);
            }
        }
        Some(Value::Object(_)) | None => {
            let members = value.and_then(Value::as_object);
            let hidden = unknown.as_object().into_iter().flatten().map(|(key, _)| key);
            let known = members.into_iter().flatten().map(|(key, _)| key);
            let keys: BTreeSet<&String> = known.chain(hidden).collect();
            for key in keys {
                let inner = members.and_then(|own| own.get(key)).filter(|own| !own.is_null());
                let unknown = flag(unknown, key);
                let member = MEMBERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(key));
                let Some((_, kind)) = member else {
                    references(inner, unknown, name, found);
                    continue;
                };
                let is_hidden = [unknown, flag(unknown, "id")].contains(&&Value::Bool(true));
                let id = inner.and_then(|own| own.get("id").unwrap_or(own).as_str());
                let is_expression = id.is_some_and(|id| id.starts_with('['));
                if is_hidden || id.is_some_and(|id| !id.is_empty()) {
                    let known = id.filter(|_| !is_hidden && !is_expression);
                    let known = known.map(str::to_ascii_lowercase);
                    found.insert((name.to_owned(), *kind, known));
                }
            }
        }
        _ => {}
    }
}
