//! Writes the JSON of Azure's own interfaces.

use serde_json::{Value, json};

use super::emission::Emission;
use super::nsg_rows::{NsgRow, RowDestination};

/// Why a network rule stands beside application rules.
const BY_ADDRESS: &str = "By address: no TLS handshake or HTTP request shows a name here.";
/// How an application rule knows its names.
const BY_HANDSHAKE: &str = "By the name in the TLS handshake, without TLS inspection.";
const BY_REQUEST: &str = "By the name in the HTTP request.";

/// Security rules as Resource Manager takes them. JSON has no comments: the description says
/// where they come from.
pub(super) fn nsg_json(rows: &[NsgRow<'_>], emission: &Emission) -> String {
    pretty(&Value::Array(rows.iter().map(|row| rule(row, emission)).collect()))
}

/// One security rule.
pub(super) fn rule(row: &NsgRow<'_>, emission: &Emission) -> Value {
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
        RowDestination::Tag(tag) => properties["destinationAddressPrefix"] = json!(tag),
        RowDestination::Prefixes(prefixes) => {
            let prefixes: Vec<_> = prefixes.iter().map(|prefix| prefix.net.to_string()).collect();
            properties["destinationAddressPrefixes"] = json!(prefixes);
        }
    }
    json!({"name": row.name, "properties": properties})
}

/// A rule collection group: a collection of network rules, and one of application rules, which
/// tell names by the handshake or the request. Azure takes no collection of both. TLS inspection
/// stays off, because these are the names that must be exempt from it (`tls-exemptions`).
pub(super) fn firewall(emission: &Emission) -> String {
    let described = |why: &str| match why {
        _ if emission.applications.is_empty() => emission.description(),
        why => format!("{why} {}", emission.description()),
    };
    let families = emission
        .permits
        .iter()
        .flat_map(|permit| permit.families().into_iter().map(move |family| (permit, family)));
    let network: Vec<_> = families
        .enumerate()
        .map(|(number, (permit, family))| {
            json!({
                "ruleType": "NetworkRule",
                "name": emission.numbered(number),
                "description": described(BY_ADDRESS),
                "ipProtocols": [permit.protocol.azure().to_uppercase()],
                "sourceAddresses": ["*"],
                "destinationAddresses":
                    family.iter().map(|prefix| prefix.net.to_string()).collect::<Vec<_>>(),
                "destinationPorts": permit.ports.texts(),
            })
        })
        .collect();
    let first = network.len();
    let application: Vec<_> = emission
        .applications
        .iter()
        .enumerate()
        .map(|(number, own)| {
            let mut rule = json!({
                "ruleType": "ApplicationRule",
                "name": emission.numbered(first + number),
                "description": described(if own.is_clear { BY_REQUEST } else { BY_HANDSHAKE }),
                "protocols": [{
                    "protocolType": if own.is_clear { "Http" } else { "Https" },
                    "port": own.port,
                }],
                "sourceAddresses": ["*"],
                "targetFqdns": own.names.iter().map(ToString::to_string).collect::<Vec<_>>(),
            });
            if !own.is_clear {
                rule["terminateTLS"] = json!(false);
            }
            rule
        })
        .collect();
    let collections: Vec<_> = [network, application]
        .into_iter()
        .filter(|rules| !rules.is_empty())
        .enumerate()
        .map(|(number, rules)| {
            json!({
                "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
                "name": emission.numbered(number),
                "priority": emission.priority + u32::from(number > 0),
                "action": {"type": "Allow"},
                "rules": rules,
            })
        })
        .collect();
    pretty(&json!({
        "name": emission.name,
        "properties": {
            "priority": emission.priority,
            "ruleCollections": collections,
        },
    }))
}

pub(super) fn pretty(value: &Value) -> String {
    // A value without maps of other keys than text always serializes.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
