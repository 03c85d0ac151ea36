//! Firewall policies and their rule collection groups, from Terraform's shape to that of Resource
//! Manager.

use super::planned::object;
use crate::arm_template::ArmValue;

/// A firewall policy in the shape of Resource Manager.
pub(super) fn firewall_policy(get: &dyn Fn(&str) -> ArmValue) -> ArmValue {
    object([
        ("name", get("name")),
        ("basePolicy", get("base_policy_id")),
        ("dnsSettings", dns_settings(get("dns"))),
    ])
}

/// The `dns` block, of which there is one at most.
fn dns_settings(blocks: ArmValue) -> ArmValue {
    let block = match blocks {
        ArmValue::Array(blocks) => blocks.into_iter().next().unwrap_or(ArmValue::Null),
        other => other,
    };
    match block {
        ArmValue::Object(_) => {
            let enabled = block.get("proxy_enabled").cloned().unwrap_or(ArmValue::Null);
            object([("enableProxy", enabled)])
        }
        other => other,
    }
}

/// A rule collection group in the shape of Resource Manager.
pub(super) fn collection_group(own: &ArmValue) -> ArmValue {
    if let ArmValue::Unknown(_) = own {
        return object([("ruleCollections", own.clone())]);
    }
    let mut collections = Vec::new();
    for (key, kind) in [
        ("networkRuleCollection", "NetworkRule"),
        ("applicationRuleCollection", "ApplicationRule"),
        ("natRuleCollection", "NatRule"),
    ] {
        match own.get(key) {
            Some(ArmValue::Array(all)) => {
                collections.extend(all.iter().map(|one| collection(one, kind)));
            }
            Some(unknown @ ArmValue::Unknown(_)) => {
                return object([("ruleCollections", unknown.clone())]);
            }
            _ => {}
        }
    }
    let member = |key: &str| own.get(key).cloned().unwrap_or(ArmValue::Null);
    object([
        ("name", member("name")),
        ("priority", member("priority")),
        ("ruleCollections", ArmValue::Array(collections)),
    ])
}

fn collection(own: &ArmValue, kind: &str) -> ArmValue {
    if let ArmValue::Unknown(_) = own {
        return own.clone();
    }
    let member = |key: &str| own.get(key).cloned().unwrap_or(ArmValue::Null);
    let rules = match own.get("rule") {
        Some(ArmValue::Array(rules)) => {
            ArmValue::Array(rules.iter().map(|one| collection_rule(one, kind)).collect())
        }
        Some(other) => other.clone(),
        None => ArmValue::Array(Vec::new()),
    };
    let word = if kind == "NatRule" {
        "FirewallPolicyNatRuleCollection"
    } else {
        "FirewallPolicyFilterRuleCollection"
    };
    object([
        ("name", member("name")),
        ("priority", member("priority")),
        ("ruleCollectionType", ArmValue::String(word.to_owned())),
        ("action", object([("type", member("action"))])),
        ("rules", rules),
    ])
}

fn collection_rule(own: &ArmValue, kind: &str) -> ArmValue {
    let ArmValue::Object(members) = own else { return own.clone() };
    let renamed = members.iter().map(|(key, value)| {
        let (key, value) = match (kind, key.as_str()) {
            ("NetworkRule", "protocols") => ("ipProtocols", value.clone()),
            ("ApplicationRule", "protocols") => ("protocols", application_protocols(value)),
            ("ApplicationRule", "destinationFqdns") => ("targetFqdns", value.clone()),
            ("ApplicationRule", "destinationFqdnTags") => ("fqdnTags", value.clone()),
            ("ApplicationRule", "destinationUrls") => ("targetUrls", value.clone()),
            (_, other) => (other, value.clone()),
        };
        (key.to_owned(), value)
    });
    let kind = ("ruleType".to_owned(), ArmValue::String(kind.to_owned()));
    ArmValue::Object(renamed.chain([kind]).collect())
}

fn application_protocols(value: &ArmValue) -> ArmValue {
    let ArmValue::Array(elements) = value else { return value.clone() };
    let one = |element: &ArmValue| {
        let member = |key: &str| element.get(key).cloned().unwrap_or(ArmValue::Null);
        match element {
            ArmValue::Object(_) => {
                object([("protocolType", member("type")), ("port", member("port"))])
            }
            other => other.clone(),
        }
    };
    ArmValue::Array(elements.iter().map(one).collect())
}
