//! Rules written for those who apply them: one set, many formats. All hold the same set, sorted,
//! without a clock: the same evidence gives the same bytes.

mod azure;
mod host;
mod lists;
mod script;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv4Net};

use super::flow::Flow;
use super::port::{PortSet, Protocol};
use super::prove::Proven;
use super::requirement::needs;
use super::rule::MARKER;
use super::scope::NamePattern;
use crate::model::{AddressClass, AddressSet, Host, Kind};

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident $word:literal $holds:ident,)*) => {
        /// A format (contract, Rules).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RuleFormat { $($(#[$doc])* $variant,)* }

        impl RuleFormat {
            /// Every format, in the contract's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The contract's word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it holds.
            #[must_use]
            pub const fn holds(self) -> Holds {
                match self { $(Self::$variant => Holds::$holds,)* }
            }
        }
    };
}

formats! {
    /// ARM security rules, as JSON.
    NsgJson "nsg-json" NsgRules,
    /// An ARM template that adds the rules to a group.
    ArmTemplate "arm-template" NsgRules,
    /// The same in Bicep.
    Bicep "bicep" NsgRules,
    /// The same for Terraform's azurerm provider.
    Terraform "terraform" NsgRules,
    /// A shell script for the Azure CLI.
    AzCli "az-cli" NsgRules,
    /// A script for Az PowerShell.
    AzPowershell "az-powershell" NsgRules,
    /// A rule collection group of an Azure Firewall policy, as JSON.
    AzureFirewall "azure-firewall" Addresses,
    /// An external dynamic list of addresses.
    EdlIp "edl-ip" Addresses,
    /// Comma-separated values.
    Csv "csv" Addresses,
    /// PowerShell for the firewall of Windows.
    WindowsFirewall "windows-firewall" Addresses,
    /// An nftables table.
    Nftables "nftables" Addresses,
    /// An external dynamic list of domains.
    EdlDomain "edl-domain" Names,
    /// An ACL file of squid (`dstdomain`).
    SquidDomains "squid-domains" Names,
    /// Names that TLS inspection must leave alone.
    TlsExemptions "tls-exemptions" Names,
}

/// What a format holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Rules of a network security group: Azure's limits apply.
    NsgRules,
    /// Addresses.
    Addresses,
    /// Names.
    Names,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Emission {
    /// The first rule's name; others are numbered from 2.
    pub name: String,
    /// The first rule's priority; others count up.
    pub priority: u32,
    /// Where it comes from, in a few words without a time: for descriptions and heads.
    pub origin: String,
    /// What is allowed.
    pub permits: Vec<Permit>,
    /// The names, for formats of names; sorted.
    pub names: Vec<NamePattern>,
    /// The names that application rules of a firewall can tell; sorted.
    pub applications: Vec<Application>,
    /// Each name and address by itself, for a request to whoever keeps the rules; sorted.
    pub requests: Vec<AccessRequest>,
}

/// Names behind one port that a firewall can read from the handshake or the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Whether they are asked in clear text.
    pub is_clear: bool,
    /// The port.
    pub port: u16,
    /// The names and wildcards.
    pub names: BTreeSet<NamePattern>,
}

impl Application {
    /// Those of these names that speak TLS or HTTP, by port. What else speaks shows no name.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = (NamePattern, Kind, u16)>) -> Vec<Self> {
        let mut by_port: BTreeMap<(bool, u16), BTreeSet<NamePattern>> = BTreeMap::new();
        for (name, kind, port) in names {
            if Self::can_tell(kind) {
                by_port.entry((kind == Kind::Http, port)).or_default().insert(name);
            }
        }
        let application = |((is_clear, port), names)| Self { is_clear, port, names };
        by_port.into_iter().map(application).collect()
    }

    /// Whether an application rule can tell the name behind an endpoint of this kind.
    #[must_use]
    pub const fn can_tell(kind: Kind) -> bool {
        kind.speaks_tls() || matches!(kind, Kind::Http)
    }
}

/// A name and an address that it needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRequest {
    /// The name; empty where only addresses were given.
    pub name: String,
    /// The address, or the prefix that stands for it.
    pub address: IpNet,
    /// From where, where that is known.
    pub source: Option<IpAddr>,
    /// The ports, as Azure writes them.
    pub ports: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The entry it is needed for.
    pub entry: String,
    /// How it was proven.
    pub proof: String,
}

impl AccessRequest {
    /// One for each name and address, as wide as the rules are. `own` are the host's addresses: one
    /// that has no other of its family is where flows leave from.
    #[must_use]
    pub fn of(proven: &[Proven], aggregation: Aggregation, own: &[IpAddr]) -> Vec<Self> {
        let only = |is_v4: bool| {
            let mut of_family = own.iter().filter(|own| own.is_ipv4() == is_v4);
            of_family.next().filter(|_| of_family.next().is_none()).copied()
        };
        let mut requests: Vec<_> = proven
            .iter()
            .map(|one| Self {
                name: one.name.clone(),
                address: aggregation.around(one.address),
                source: one.local.or_else(|| only(one.address.is_ipv4())),
                ports: one.port.to_string(),
                protocol: Protocol::Tcp,
                entry: one.entry.clone(),
                proof: one.how.clone(),
            })
            .collect();
        requests.sort();
        requests.dedup();
        requests
    }

    /// Those of prefixes that were given.
    #[must_use]
    pub fn given(permits: &[Permit]) -> Vec<Self> {
        let of = |permit: &Permit| {
            let (ports, protocol) = (permit.ports.texts().join(" "), permit.protocol);
            let request = |prefix: &ProvenPrefix| Self {
                name: String::new(),
                address: prefix.net,
                source: None,
                ports: ports.clone(),
                protocol,
                entry: String::new(),
                proof: prefix.why.clone(),
            };
            permit.prefixes.iter().map(request).collect::<Vec<_>>()
        };
        permits.iter().flat_map(of).collect()
    }
}

/// Addresses that are allowed the same ports.
#[derive(Clone, Debug)]
pub struct Permit {
    /// The protocol.
    pub protocol: Protocol,
    /// The ports.
    pub ports: PortSet,
    /// A service tag that holds all of the addresses, for formats that know tags.
    pub tag: Option<String>,
    /// The addresses, ascending.
    pub prefixes: Vec<ProvenPrefix>,
}

/// A prefix and why it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenPrefix {
    /// The prefix.
    pub net: IpNet,
    /// For whom, and how proven.
    pub why: String,
}

/// How addresses become prefixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// The fewest prefixes that hold just the set.
    #[default]
    Exact,
    /// IPv4 prefixes no longer than this; what is not public stays out.
    Widened(u8),
}

impl Aggregation {
    fn of(self, addresses: AddressSet) -> AddressSet {
        match self {
            Self::Exact => addresses,
            Self::Widened(length) => {
                addresses.widened(length).intersection(&AddressSet::of_class(AddressClass::Public))
            }
        }
    }

    /// The prefix that stands for one address.
    fn around(self, address: IpAddr) -> IpNet {
        let own = IpNet::from(address);
        match (self, own) {
            (Self::Widened(length), IpNet::V4(net)) => {
                Ipv4Net::new(net.addr(), length).map_or(own, |wide| IpNet::V4(wide.trunc()))
            }
            _ => own,
        }
    }
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// No address was proven.
    #[error("there is no address to allow: an empty rule would block what it should allow")]
    NoAddresses,
    /// No name is known.
    #[error("there is no name to allow")]
    NoNames,
    /// Azure takes 4,000 prefixes a group.
    #[error(
        "{found} prefixes are more than the {MOST_PREFIXES} that a network security group takes: \
         widen them (--aggregate /24) or allow a service tag instead"
    )]
    TooManyPrefixes {
        /// How many there are.
        found: usize,
    },
    /// Not a name for a rule.
    #[error(
        "'{0}' is no name for a rule: at most 80 letters, digits, '_', '.' and '-', a letter or \
         digit first, a letter, digit or '_' last"
    )]
    Name(String),
    /// Not a priority for Azure.
    #[error(
        "priorities {first} to {last} are not all within {least} to {most}, as Azure wants them"
    )]
    Priority {
        /// The first rule's.
        first: u32,
        /// The last rule's.
        last: u32,
        /// The least that Azure takes.
        least: u32,
        /// The greatest.
        most: u32,
    },
}

/// Azure's limit of prefixes of one side, per group (azure-virtual-network-limits).
const MOST_PREFIXES: usize = 4000;
/// Of rules (network-security-groups-overview).
const RULE_PRIORITIES: RangeInclusive<u32> = 100..=4096;
/// Of rule collection groups and of collections (firewallPolicy.json).
const COLLECTION_PRIORITIES: RangeInclusive<u32> = 100..=65_000;

impl Permit {
    /// The permits of these addresses: those that need the same ports together.
    #[must_use]
    pub fn of(proven: &[Proven], aggregation: Aggregation) -> Vec<Self> {
        let flows: Vec<_> = proven
            .iter()
            .map(|proven| Flow::tcp(Host::Address(proven.address), proven.port))
            .collect();
        needs(&flows)
            .into_iter()
            .map(|need| {
                let wide = aggregation.of(need.addresses);
                let prefixes = wide
                    .prefixes()
                    .into_iter()
                    .map(|net| ProvenPrefix { net, why: why(net, proven, &need.ports) })
                    .collect();
                Self { protocol: need.protocol, ports: need.ports, tag: None, prefixes }
            })
            .collect()
    }

    /// The permit of prefixes that were given, not resolved.
    #[must_use]
    pub fn given(
        addresses: AddressSet,
        aggregation: Aggregation,
        ports: PortSet,
        origin: &str,
    ) -> Self {
        let prefixes = aggregation
            .of(addresses)
            .prefixes()
            .into_iter()
            .map(|net| ProvenPrefix { net, why: one_line(&format!("given in {origin}")) })
            .collect();
        Self { protocol: Protocol::Tcp, ports, tag: None, prefixes }
    }
}

/// The names behind a prefix and how each was proven, those with the same proof together.
/// `proven` is sorted by address.
fn why(net: IpNet, proven: &[Proven], ports: &PortSet) -> String {
    const NAMES_SHOWN: usize = 2;
    let from = proven.partition_point(|proven| proven.address < net.network());
    let to = proven.partition_point(|proven| proven.address <= net.broadcast());
    let mut by_proof: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for own in proven[from..to].iter().filter(|own| ports.contains(own.port)) {
        by_proof.entry(&own.how).or_default().insert(&own.name);
    }
    let groups = by_proof.into_iter().map(|(how, names)| {
        let more = match names.len().saturating_sub(NAMES_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let names: Vec<_> = names.into_iter().take(NAMES_SHOWN).collect();
        format!("{}{more}, {how}", names.join(" "))
    });
    one_line(&groups.collect::<Vec<_>>().join("; "))
}

/// Writes `emission` in `format`.
///
/// # Errors
/// [`EmitError`] where there is nothing to write, or a limit of Azure's is exceeded.
pub fn emit(format: RuleFormat, emission: &Emission) -> Result<String, EmitError> {
    match format.holds() {
        Holds::Names => {
            if emission.names.is_empty() {
                return Err(EmitError::NoNames);
            }
        }
        Holds::NsgRules | Holds::Addresses => {
            let holds_names =
                format == RuleFormat::AzureFirewall && !emission.applications.is_empty();
            if !holds_names && emission.permits.iter().all(|permit| permit.prefixes.is_empty()) {
                return Err(EmitError::NoAddresses);
            }
            check_name(&emission.name)?;
        }
    }
    if format == RuleFormat::AzureFirewall {
        // The second collection comes behind the first.
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
        RuleFormat::EdlDomain => lists::edl_domain(emission),
        RuleFormat::SquidDomains => lists::squid(emission),
        RuleFormat::TlsExemptions => lists::tls_exemptions(emission),
    })
}

/// A rule of a network security group.
struct NsgRow<'a> {
    name: String,
    priority: u32,
    permit: &'a Permit,
    destination: RowDestination<'a>,
}

enum RowDestination<'a> {
    Tag(&'a str),
    /// Of one family.
    Prefixes(Vec<&'a ProvenPrefix>),
}

impl Emission {
    /// A rule per permit and family, numbered: Azure takes one tag a rule, and tags and prefixes
    /// apart.
    fn nsg_rows(&self) -> Result<Vec<NsgRow<'_>>, EmitError> {
        let mut rows: Vec<NsgRow<'_>> = Vec::new();
        let mut add = |permit, destination| {
            let number = rows.len();
            // Far fewer rules than 2^32.
            let priority = self.priority.saturating_add(u32::try_from(number).unwrap_or(u32::MAX));
            rows.push(NsgRow { name: self.numbered(number), priority, permit, destination });
        };
        for permit in &self.permits {
            if let Some(tag) = &permit.tag {
                add(permit, RowDestination::Tag(tag));
                continue;
            }
            for family in permit.families() {
                add(permit, RowDestination::Prefixes(family));
            }
        }
        let n_prefixes = rows.iter().map(|row| match &row.destination {
            RowDestination::Tag(_) => 1,
            RowDestination::Prefixes(prefixes) => prefixes.len(),
        });
        let found = n_prefixes.sum();
        if found > MOST_PREFIXES {
            return Err(EmitError::TooManyPrefixes { found });
        }
        let last = rows.last().map_or(self.priority, |row| row.priority);
        check_priorities(self.priority, last, RULE_PRIORITIES)?;
        for row in &rows {
            check_name(&row.name)?;
        }
        Ok(rows)
    }

    fn numbered(&self, number: usize) -> String {
        if number == 0 { self.name.clone() } else { format!("{}-{}", self.name, number + 1) }
    }

    /// Azure takes 140 characters.
    fn description(&self) -> String {
        one_line(&format!("{MARKER} from {}", self.origin)).chars().take(140).collect()
    }
}

impl NsgRow<'_> {
    /// What a tag stands for here, a comment a line: the proof of each address goes with the rule.
    fn held_by_tag(&self) -> impl Iterator<Item = String> {
        self.permit.prefixes.iter().map(|prefix| format!("holds {}: {}", prefix.net, prefix.why))
    }
}

impl Permit {
    /// The prefixes of each family that has any.
    fn families(&self) -> Vec<Vec<&ProvenPrefix>> {
        let (v4, v6): (Vec<_>, Vec<_>) =
            self.prefixes.iter().partition(|prefix| matches!(prefix.net, IpNet::V4(_)));
        [v4, v6].into_iter().filter(|family| !family.is_empty()).collect()
    }
}

/// Names of files and of tags come from outside: they must not begin a line, nor end a text.
/// Only ASCII is kept: to `PowerShell` typographic quotes are quotes, and Windows's own reads a
/// script in the code page of the machine, where parts of any other letter become such quotes.
fn one_line(text: &str) -> String {
    let keep = |c: char| match c {
        ' '..='~' => c,
        _ if c.is_control() => ' ',
        _ => '?',
    };
    let line: String = text.chars().map(keep).collect();
    // To some readers a backslash there continues a comment.
    line.trim_end_matches('\\').to_owned()
}

fn check_priorities(first: u32, last: u32, taken: RangeInclusive<u32>) -> Result<(), EmitError> {
    if taken.contains(&first) && taken.contains(&last) {
        return Ok(());
    }
    Err(EmitError::Priority { first, last, least: *taken.start(), most: *taken.end() })
}

/// Azure's rule for names of rules (networkSecurityGroup.json).
fn check_name(name: &str) -> Result<(), EmitError> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_fine = name.chars().count() <= 80
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(is_word)
        && name.chars().all(|c| is_word(c) || matches!(c, '.' | '-'));
    if is_fine { Ok(()) } else { Err(EmitError::Name(name.chars().take(100).collect())) }
}

impl fmt::Display for RuleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
