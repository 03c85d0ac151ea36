//! Writes what is to be allowed in the formats of those who apply it. The output is sorted and
//! holds no time, so that the same evidence gives the same bytes.

mod azure;
mod emission;
mod error;
mod handling;
mod host;
mod lists;
mod nsg_rows;
mod objects;
mod script;
mod template;

use std::fmt;

pub use self::emission::{AccessRequest, Aggregation, Application, Emission, Permit, ProvenPrefix};
pub use self::error::EmitError;
use self::error::{COLLECTION_PRIORITIES, check_name, check_priorities};
pub use self::handling::{Handling, handling};
pub use self::template::deleted_by_inline_rules;

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident $word:literal $holds:ident,)*) => {
        /// An output format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RuleFormat { $($(#[$doc])* $variant,)* }

        impl RuleFormat {
            /// Every format, in the order of the help text.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The kind of content.
            #[must_use]
            pub const fn holds(self) -> Holds {
                match self { $(Self::$variant => Holds::$holds,)* }
            }
        }
    };
}

formats! {
    /// Security rules as Resource Manager takes them, in JSON.
    NsgJson "nsg-json" NsgRules,
    /// An ARM template that adds the rules to a group.
    ArmTemplate "arm-template" NsgRules,
    /// A Bicep file that adds the rules to a group.
    Bicep "bicep" NsgRules,
    /// Terraform resources of the azurerm provider.
    Terraform "terraform" NsgRules,
    /// A shell script for the Azure CLI.
    AzCli "az-cli" NsgRules,
    /// A script for Az PowerShell.
    AzPowershell "az-powershell" NsgRules,
    /// A rule collection group of an Azure Firewall policy, as JSON.
    AzureFirewall "azure-firewall" Addresses,
    /// An external dynamic list of addresses.
    EdlIp "edl-ip" Addresses,
    /// Comma-separated values, one row for each name and address, also for a name without one.
    Csv "csv" Addresses,
    /// PowerShell for the firewall of Windows.
    WindowsFirewall "windows-firewall" Addresses,
    /// An nftables table.
    Nftables "nftables" Addresses,
    /// Address objects and groups for the command line of `FortiOS`.
    Fortigate "fortigate" Addresses,
    /// Address objects and groups for the configuration mode of PAN-OS.
    PanosSet "panos-set" Addresses,
    /// An external dynamic list of domains.
    EdlDomain "edl-domain" Names,
    /// A file for squid's ACLs of type `dstdomain`.
    SquidDomains "squid-domains" Names,
    /// The names that must be exempted from TLS inspection.
    TlsExemptions "tls-exemptions" Names,
}

/// The kind of content of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Rules of a network security group, to which Azure's limits apply.
    NsgRules,
    Addresses,
    Names,
}

/// Writes `emission` in `format`.
///
/// # Errors
/// [`EmitError`] where there is nothing to write, or a limit of Azure is exceeded.
pub fn emit(format: RuleFormat, emission: &Emission) -> Result<String, EmitError> {
    match format.holds() {
        Holds::Names => {
            if emission.names.is_empty() {
                return Err(EmitError::NoNames);
            }
        }
        Holds::NsgRules | Holds::Addresses => {
            let holds_names = match format {
                RuleFormat::AzureFirewall => !emission.applications.is_empty(),
                RuleFormat::Csv => !emission.requests.is_empty(),
                _ => false,
            };
            if !holds_names && emission.permits.iter().all(|permit| permit.prefixes.is_empty()) {
                return Err(EmitError::NoAddresses);
            }
            check_name(&emission.name)?;
        }
    }
    if format == RuleFormat::AzureFirewall {
        // The collection of application rules has the next priority.
        check_priorities(emission.priority, emission.priority + 1, COLLECTION_PRIORITIES)?;
    }
    let rows = match format.holds() {
        Holds::NsgRules => emission.nsg_rows()?,
        Holds::Addresses | Holds::Names => Vec::new(),
    };
    Ok(match format {
        RuleFormat::NsgJson => azure::nsg_json(&rows, emission),
        RuleFormat::ArmTemplate => template::arm(&rows, emission),
        RuleFormat::Bicep => template::bicep(&rows, emission),
        RuleFormat::Terraform => template::terraform(&rows, emission),
        RuleFormat::AzCli => script::az_cli(&rows, emission),
        RuleFormat::AzPowershell => script::az_powershell(&rows, emission),
        RuleFormat::AzureFirewall => azure::firewall(emission),
        RuleFormat::EdlIp => lists::edl_ip(emission),
        RuleFormat::Csv => lists::csv(emission),
        RuleFormat::WindowsFirewall => host::windows(emission),
        RuleFormat::Nftables => host::nftables(emission),
        RuleFormat::Fortigate => objects::fortigate(emission)?,
        RuleFormat::PanosSet => objects::panos(emission)?,
        RuleFormat::EdlDomain => lists::edl_domain(emission),
        RuleFormat::SquidDomains => lists::squid(emission),
        RuleFormat::TlsExemptions => lists::tls_exemptions(emission),
    })
}

impl fmt::Display for RuleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
