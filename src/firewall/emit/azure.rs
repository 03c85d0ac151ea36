//! Azure's own JSON.

use serde_json::{Value, json};

use super::{Destination, Emission, Row};

/// Security rules as Resource Manager takes them. JSON has no comments: the description says
/// where they come from.
pub(super) fn nsg_json(rows: &[Row<'_>], emission: &Emission) -> String {
    pretty(&Value::Array(rows.iter().map(|row| rule(row, emission)).collect()))
}

/// One security rule.
pub(super) fn rule(row: &Row<'_>, emission: &Emission) -> Value {
    let mut properties = json!({
        "description": emission.description(),
        "protocol": row.permit.protocol.azure(),
        "sourcePortRange": "*",
        "destinationPortRanges": row.permit.ports.texts(),
        "sourceAddressPrefix": "*",
        "access": "Allow",
        "priority": row.priority,
        "direction": "Outbound",
    });
    match &row.destination {
        Destination::Tag(tag) => properties["destinationAddressPrefix"] = json!(tag),
        Destination::Prefixes(prefixes) => {
            let prefixes: Vec<_> = prefixes.iter().map(|prefix| prefix.net.to_string()).collect();
            properties["destinationAddressPrefixes"] = json!(prefixes);
        }
    }
    json!({"name": row.name, "properties": properties})
}

/// A rule collection group with one collection of network rules.
pub(super) fn firewall(emission: &Emission) -> String {
    let families = emission
        .permits
        .iter()
        .flat_map(|permit| permit.families().into_iter().map(move |family| (permit, family)));
    let rules: Vec<_> = families
        .enumerate()
        .map(|(number, (permit, family))| {
            json!({
                "ruleType": "NetworkRule",
                "name": emission.numbered(number),
                "description": emission.description(),
                "ipProtocols": [permit.protocol.azure().to_uppercase()],
                "sourceAddresses": ["*"],
                "destinationAddresses":
                    family.iter().map(|prefix| prefix.net.to_string()).collect::<Vec<_>>(),
                "destinationPorts": permit.ports.texts(),
            })
        })
        .collect();
    pretty(&json!({
        "name": emission.name,
        "properties": {
            "priority": emission.priority,
            "ruleCollections": [{
                "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
                "name": emission.name,
                "priority": emission.priority,
                "action": {"type": "Allow"},
                "rules": rules,
            }],
        },
    }))
}

pub(super) fn pretty(value: &Value) -> String {
    // A value without maps of other keys than text always serializes.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
