//! What people do with a file of rules: its name, whom it is for, how it is put in force, and how
//! that is undone.

use super::emission::Emission;
use super::host::chain_name;
use super::{Holds, RuleFormat};

/// How a file of rules is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    pub file_name: String,
    /// What it is, and whom it is for.
    pub purpose: &'static str,
    /// Commands or sentences that put it in force.
    pub putting_in_force: Vec<String>,
    /// Commands or sentences that undo it.
    pub undoing: Vec<String>,
}

/// How the file of `format` is handled that was written for `emission`.
#[must_use]
pub fn handling(format: RuleFormat, emission: &Emission) -> Handling {
    let file_name = match format {
        RuleFormat::Csv => "addresses.csv".to_owned(),
        _ => format!("{format}.{}", extension(format)),
    };
    let (putting_in_force, undoing) = match format.holds() {
        Holds::NsgRules => of_group(format, &file_name, emission),
        Holds::Addresses | Holds::Names => of_other(format, &file_name, emission),
    };
    Handling { file_name, purpose: purpose(format), putting_in_force, undoing }
}

const fn extension(format: RuleFormat) -> &'static str {
    match format {
        RuleFormat::NsgJson | RuleFormat::ArmTemplate | RuleFormat::AzureFirewall => "json",
        RuleFormat::Bicep => "bicep",
        RuleFormat::Terraform => "tf",
        RuleFormat::AzCli => "sh",
        RuleFormat::AzPowershell | RuleFormat::WindowsFirewall => "ps1",
        RuleFormat::Csv => "csv",
        RuleFormat::Nftables => "nft",
        RuleFormat::Fortigate => "conf",
        RuleFormat::EdlIp
        | RuleFormat::PanosSet
        | RuleFormat::EdlDomain
        | RuleFormat::SquidDomains
        | RuleFormat::TlsExemptions => "txt",
    }
}

const fn purpose(format: RuleFormat) -> &'static str {
    match format {
        RuleFormat::NsgJson => "Rules of a network security group, as Resource Manager takes them",
        RuleFormat::ArmTemplate => "The same as an ARM template",
        RuleFormat::Bicep => "The same as a Bicep file",
        RuleFormat::Terraform => "The same as Terraform resources of azurerm",
        RuleFormat::AzCli => "The same as a script for the Azure CLI",
        RuleFormat::AzPowershell => "The same as a script for Az PowerShell",
        RuleFormat::AzureFirewall => "A rule collection group of an Azure Firewall policy",
        RuleFormat::EdlIp => {
            "An external dynamic list of addresses, for any firewall that reads one"
        }
        RuleFormat::Csv => "Names, addresses and ports as a table, for a request",
        RuleFormat::WindowsFirewall => "Rules of the Windows firewall on the runtime's host",
        RuleFormat::Nftables => "A chain of nftables",
        RuleFormat::Fortigate => "Address objects and groups of FortiGate",
        RuleFormat::PanosSet => "Address objects and groups of Palo Alto Networks, as set commands",
        RuleFormat::EdlDomain => "An external dynamic list of names",
        RuleFormat::SquidDomains => "Names for squid's acl of the type dstdomain",
        RuleFormat::TlsExemptions => "Names that TLS inspection must leave alone",
    }
}

type Steps = (Vec<String>, Vec<String>);

/// The rules of a group. They are deleted by their names, except where a tool keeps a state.
fn of_group(format: RuleFormat, file: &str, emission: &Emission) -> Steps {
    let deploy = |parameters: &str| {
        format!(
            "az deployment group create --resource-group RESOURCE_GROUP --template-file {file} \
             --parameters {parameters}"
        )
    };
    let deletes = emission.nsg_rows().unwrap_or_default().into_iter().map(|row| {
        format!(
            "az network nsg rule delete --resource-group RESOURCE_GROUP --nsg-name NSG --name {}",
            row.name
        )
    });
    let deletes: Vec<_> = deletes.collect();
    match format {
        RuleFormat::Terraform => (
            vec![
                "terraform apply -var resource_group_name=RESOURCE_GROUP -var \
                 network_security_group_name=NSG"
                    .to_owned(),
            ],
            vec![format!("Remove {file} from the configuration, then terraform apply")],
        ),
        RuleFormat::AzCli => (vec![format!("RESOURCE_GROUP=... NSG=... bash {file}")], deletes),
        RuleFormat::AzPowershell => (
            vec![format!(
                "./{file} -ResourceGroupName RESOURCE_GROUP -NetworkSecurityGroupName NSG"
            )],
            deletes,
        ),
        RuleFormat::NsgJson => (
            vec![
                "Each element is the body of PUT .../networkSecurityGroups/NSG/securityRules/NAME; \
                 or it goes into properties.securityRules of the group's template"
                    .to_owned(),
            ],
            deletes,
        ),
        _ => (vec![deploy("networkSecurityGroupName=NSG")], deletes),
    }
}

fn of_other(format: RuleFormat, file: &str, emission: &Emission) -> Steps {
    let name = &emission.name;
    let one = |force: String, undo: String| (vec![force], vec![undo]);
    match format {
        RuleFormat::AzureFirewall => one(
            format!(
                "az rest --method put --body @{file} --url POLICY_ID/ruleCollectionGroups/{name}\
                 ?api-version=2024-01-01"
            ),
            format!(
                "az network firewall policy rule-collection-group delete --resource-group \
                 RESOURCE_GROUP --policy-name POLICY --name {name}"
            ),
        ),
        RuleFormat::WindowsFirewall => one(
            format!("powershell -ExecutionPolicy Bypass -File {file}"),
            format!("Get-NetFirewallRule -Group '{name}' | Remove-NetFirewallRule"),
        ),
        RuleFormat::Nftables => {
            let chain = chain_name(emission);
            (
                vec![
                    format!("nft -c -f {file} && nft -f {file}"),
                    format!("Once, in the chain that filters what leaves: jump {chain}"),
                ],
                vec![
                    format!("nft flush chain inet filter {chain}"),
                    format!("Then take the jump to {chain} out"),
                ],
            )
        }
        RuleFormat::Fortigate => one(
            format!(
                "Paste {file} into the command line, or load it as a script; then let a policy name \
                 the group {name}"
            ),
            format!(
                "Take {name} out of the policy, then delete it and the objects whose names begin \
                 with pathproof-; or restore the revision from before"
            ),
        ),
        RuleFormat::PanosSet => one(
            format!(
                "Paste {file} in configuration mode, let a rule name the group {name}, then commit. \
                 The commands add to a group that is there: delete address-group {name} static, \
                 before them, empties it"
            ),
            "Before the commit: revert config. After it: load the configuration version from before, \
             and commit"
                .to_owned(),
        ),
        RuleFormat::Csv => one(
            "Attach it to the request".to_owned(),
            "Nothing: it changes nothing by itself".to_owned(),
        ),
        _ => one(
            format!("Put {file} where the list is read from; keep the older file"),
            "Put the older file back".to_owned(),
        ),
    }
}
