//! Writes ARM templates, Bicep and Terraform, which add rules to an existing group and leave its
//! other rules alone.

use std::fmt::Write as _;

use serde_json::json;

use super::azure::{pretty, rule};
use super::emission::Emission;
use super::nsg_rows::{NsgRow, RowDestination};

/// A recent API version of security rules in Microsoft's published specification.
const API_VERSION: &str = "2024-01-01";

/// What undoes these rules where the group is written as a whole (references of azurerm's
/// `azurerm_network_security_group` and of Resource Manager's templates).
const DELETED_BY_INLINE_RULES: [&str; 3] = [
    "the rules are resources of their own: where the group's rules stand inside it",
    "(security_rule in azurerm_network_security_group, securityRules in a template),",
    "each deployment of the group deletes them",
];

/// The warning that rules beside a group's inline rules are deleted.
#[must_use]
pub fn deleted_by_inline_rules() -> String {
    DELETED_BY_INLINE_RULES.join(" ")
}

/// The same as lines of a comment.
fn warning(mark: &str) -> String {
    DELETED_BY_INLINE_RULES.map(|line| format!("{mark} {line}\n")).concat()
}

/// A template, whose metadata hold the proof of each prefix.
pub(super) fn arm(rows: &[NsgRow<'_>], emission: &Emission) -> String {
    let resources: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "type": "Microsoft.Network/networkSecurityGroups/securityRules",
                "apiVersion": API_VERSION,
                "name": format!(
                    "[concat(parameters('networkSecurityGroupName'), '/{}')]",
                    row.name
                ),
                "properties": rule(row, emission)["properties"],
            })
        })
        .collect();
    let proof: serde_json::Map<_, _> = emission
        .permits
        .iter()
        .flat_map(|permit| &permit.prefixes)
        .map(|prefix| (prefix.net.to_string(), json!(prefix.why)))
        .collect();
    pretty(&json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {
            "description": emission.description(),
            "note": deleted_by_inline_rules(),
            "proof": proof,
        },
        "parameters": {
            "networkSecurityGroupName": {
                "type": "string",
                "metadata": {"description": "The group that the rules are added to"},
            },
        },
        "resources": resources,
    }))
}

pub(super) fn bicep(rows: &[NsgRow<'_>], emission: &Emission) -> String {
    let mut text = format!(
        "// {}\n{}\n\
         @description('The group that the rules are added to')\n\
         param networkSecurityGroupName string\n\n\
         resource group 'Microsoft.Network/networkSecurityGroups@{API_VERSION}' existing = {{\n  \
         name: networkSecurityGroupName\n}}\n",
        emission.description(),
        warning("//")
    );
    for (number, row) in rows.iter().enumerate() {
        let _ = write!(
            text,
            "\nresource rule{number} 'Microsoft.Network/networkSecurityGroups/securityRules@{API_VERSION}' = {{\n  \
             parent: group\n  name: '{}'\n  properties: {{\n    \
             description: '{}'\n    protocol: '{}'\n    sourcePortRange: '*'\n    \
             destinationPortRanges: [\n",
            row.name,
            bicep_text(&emission.description()),
            row.permit.protocol.azure()
        );
        for ports in row.permit.ports.texts() {
            let _ = writeln!(text, "      '{ports}'");
        }
        text.push_str("    ]\n    sourceAddressPrefix: '*'\n");
        match &row.destination {
            RowDestination::Tag(tag) => {
                for held in row.held_by_tag() {
                    let _ = writeln!(text, "    // {held}");
                }
                let _ = writeln!(text, "    destinationAddressPrefix: '{tag}'");
            }
            RowDestination::Prefixes(prefixes) => {
                text.push_str("    destinationAddressPrefixes: [\n");
                for prefix in prefixes {
                    let _ = writeln!(text, "      '{}' // {}", prefix.net, prefix.why);
                }
                text.push_str("    ]\n");
            }
        }
        let _ = write!(
            text,
            "    access: 'Allow'\n    priority: {}\n    direction: 'Outbound'\n  }}\n}}\n",
            row.priority
        );
    }
    text
}

fn bicep_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace("${", "\\${")
}

pub(super) fn terraform(rows: &[NsgRow<'_>], emission: &Emission) -> String {
    let mut text = format!(
        "# {}\n{}\n\
         variable \"resource_group_name\" {{\n  type        = string\n  \
         description = \"The resource group of the network security group\"\n}}\n\n\
         variable \"network_security_group_name\" {{\n  type        = string\n  \
         description = \"The group that the rules are added to\"\n}}\n",
        emission.description(),
        warning("#")
    );
    for row in rows {
        let label: String =
            row.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let _ = write!(
            text,
            "\nresource \"azurerm_network_security_rule\" \"rule_{label}\" {{\n  \
             name                        = \"{}\"\n  \
             description                 = \"{}\"\n  \
             resource_group_name         = var.resource_group_name\n  \
             network_security_group_name = var.network_security_group_name\n  \
             priority                    = {}\n  \
             direction                   = \"Outbound\"\n  \
             access                      = \"Allow\"\n  \
             protocol                    = \"{}\"\n  \
             source_port_range           = \"*\"\n  \
             destination_port_ranges     = [{}]\n  \
             source_address_prefix       = \"*\"\n",
            row.name,
            terraform_text(&emission.description()),
            row.priority,
            row.permit.protocol.azure(),
            row.permit
                .ports
                .texts()
                .iter()
                .map(|ports| format!("\"{ports}\""))
                .collect::<Vec<_>>()
                .join(", ")
        );
        match &row.destination {
            RowDestination::Tag(tag) => {
                for held in row.held_by_tag() {
                    let _ = writeln!(text, "  # {held}");
                }
                let _ = writeln!(text, "  destination_address_prefix  = \"{tag}\"");
            }
            RowDestination::Prefixes(prefixes) => {
                text.push_str("  destination_address_prefixes = [\n");
                for prefix in prefixes {
                    let _ = writeln!(text, "    \"{}\", # {}", prefix.net, prefix.why);
                }
                text.push_str("  ]\n");
            }
        }
        text.push_str("}\n");
    }
    text
}

fn terraform_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{")
}
