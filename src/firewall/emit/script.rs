//! Writes scripts for Azure's command lines. A script can be run again, with the same result.

use std::fmt::Write as _;

use super::emission::Emission;
use super::nsg_rows::{NsgRow, RowDestination};

/// A script for bash. An array keeps a long list of prefixes off the command line.
pub(super) fn az_cli(rows: &[NsgRow<'_>], emission: &Emission) -> String {
    let mut text = format!(
        "#!/usr/bin/env bash\n# {}\n\
         # usage: RESOURCE_GROUP=... NSG=... bash THIS_FILE\n\
         set -euo pipefail\n\
         : \"${{RESOURCE_GROUP:?the resource group of the network security group}}\"\n\
         : \"${{NSG:?the name of the network security group}}\"\n",
        emission.description()
    );
    for row in rows {
        text.push_str("\ndestinations=(\n");
        match &row.destination {
            RowDestination::Tag(tag) => {
                for held in row.held_by_tag() {
                    let _ = writeln!(text, "  # {held}");
                }
                let _ = writeln!(text, "  {tag}");
            }
            RowDestination::Prefixes(prefixes) => {
                for prefix in prefixes {
                    let _ = writeln!(text, "  {} # {}", prefix.net, prefix.why);
                }
            }
        }
        let ports: Vec<_> =
            row.permit.ports.texts().iter().map(|ports| format!("'{ports}'")).collect();
        let _ = write!(
            text,
            ")\naz network nsg rule create \\\n  \
             --resource-group \"$RESOURCE_GROUP\" --nsg-name \"$NSG\" \\\n  \
             --name '{}' --priority {} --direction Outbound --access Allow --protocol {} \\\n  \
             --description '{}' \\\n  \
             --source-address-prefixes '*' --source-port-ranges '*' \\\n  \
             --destination-port-ranges {} \\\n  \
             --destination-address-prefixes \"${{destinations[@]}}\"\n",
            row.name,
            row.priority,
            row.permit.protocol.azure(),
            emission.description().replace('\'', "'\\''"),
            ports.join(" ")
        );
    }
    text
}

/// A script for the module Az.Network, which replaces or adds each rule and writes the group once.
pub(super) fn az_powershell(rows: &[NsgRow<'_>], emission: &Emission) -> String {
    let mut text = format!(
        "# {}\n\
         param(\n    [Parameter(Mandatory = $true)] [string] $ResourceGroupName,\n    \
         [Parameter(Mandatory = $true)] [string] $NetworkSecurityGroupName\n)\n\
         $ErrorActionPreference = 'Stop'\n\n\
         $group = Get-AzNetworkSecurityGroup -ResourceGroupName $ResourceGroupName \
         -Name $NetworkSecurityGroupName\n\n\
         function Set-Rule([hashtable] $Rule) {{\n    \
         if ($group.SecurityRules | Where-Object {{ $_.Name -eq $Rule.Name }}) {{\n        \
         $null = $group | Set-AzNetworkSecurityRuleConfig @Rule\n    \
         }} else {{\n        \
         $null = $group | Add-AzNetworkSecurityRuleConfig @Rule\n    }}\n}}\n",
        emission.description()
    );
    for row in rows {
        let _ = write!(
            text,
            "\nSet-Rule @{{\n    Name = '{}'\n    Description = '{}'\n    Priority = {}\n    \
             Direction = 'Outbound'\n    Access = 'Allow'\n    Protocol = '{}'\n    \
             SourceAddressPrefix = '*'\n    SourcePortRange = '*'\n    \
             DestinationPortRange = @({})\n    DestinationAddressPrefix = @(\n",
            row.name,
            powershell_text(&emission.description()),
            row.priority,
            row.permit.protocol.azure(),
            row.permit
                .ports
                .texts()
                .iter()
                .map(|ports| format!("'{ports}'"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        match &row.destination {
            RowDestination::Tag(tag) => {
                for held in row.held_by_tag() {
                    let _ = writeln!(text, "        # {held}");
                }
                let _ = writeln!(text, "        '{tag}'");
            }
            RowDestination::Prefixes(prefixes) => {
                for prefix in prefixes {
                    let _ = writeln!(text, "        '{}' # {}", prefix.net, prefix.why);
                }
            }
        }
        text.push_str("    )\n}\n");
    }
    text.push_str("\n$null = $group | Set-AzNetworkSecurityGroup\n");
    text
}

/// Escapes a text for single quotes, in which only the quote itself is special. The text is ASCII.
pub(super) fn powershell_text(text: &str) -> String {
    text.replace('\'', "''")
}
