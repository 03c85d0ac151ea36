//! The facts that a decision depends on and that are not known.

use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;

/// A fact that is not known. It is never guessed: an unknown tag that counts as empty would turn an
/// allow into a deny.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    /// The prefixes of a service tag that the tag file does not hold.
    Tag(Arc<str>),
    /// The prefixes of the virtual network, its peers and what it is connected to.
    VirtualNetwork,
    /// Whether `VirtualNetwork` holds what user-defined routes name, so that `Internet` does not.
    UserRoutes,
    /// Whether a prefix of `--vnet` is behind a gateway, whose routes a route table does not take.
    NetworkRoute(IpNet),
    /// The members of an application security group.
    ApplicationGroup(Arc<str>),
    /// The addresses of an IP group.
    IpGroup(Arc<str>),
    /// The names behind an FQDN tag, a web category or a target URL of an application rule.
    NameGroup(Arc<str>),
    /// The rules of a firewall policy's base policy, which come first.
    BasePolicy(Arc<str>),
    /// A value that the file alone does not give.
    Value {
        /// The JSON path of the value.
        path: Arc<str>,
        /// The text in the file, and the reason why it has no value.
        why: Arc<str>,
    },
    /// The flow's source address.
    Source,
    /// The flow's source port.
    SourcePort,
    /// The flow's destination address, where only its name is given.
    Address,
    /// The flow's destination name, where only its address is given.
    Name,
    /// The flow's port.
    Port,
    /// The flow's source address, where the rules treat these possible ones differently.
    Sources(Arc<str>),
    /// The configured route of the name, with the reason why it is unknown.
    Route(Arc<str>),
    /// The rules of the appliance of this address, which a route leads to.
    Appliance(Arc<str>),
    /// The rest of a list of effective rules, which always has a rule for each IPv4 flow.
    Unlisted,
    /// The platform's treatment of an address family that the effective rules do not list.
    Family,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(name) => {
                write!(
                    f,
                    "the prefixes of service tag {name}: give a file that holds it (--service-tags)"
                )
            }
            Self::VirtualNetwork => {
                f.write_str("which private addresses are in VirtualNetwork: give them (--vnet)")
            }
            Self::UserRoutes => f.write_str(
                "whether VirtualNetwork holds the routes of the route table, and Internet does not: \
                 the effective rules say it (az network nic list-effective-nsg)",
            ),
            Self::NetworkRoute(prefix) => write!(
                f,
                "whether {prefix} is of the network or its peers, and not behind a gateway, whose \
                 routes the route table does not take: the effective routes say it (az network nic \
                 show-effective-route-table)"
            ),
            Self::ApplicationGroup(id) => {
                write!(
                    f,
                    "the members of application security group {0}: give them (--asg {0}=CIDR)",
                    last_segment(id)
                )
            }
            Self::IpGroup(id) => write!(
                f,
                "the addresses of IP group {}: give its JSON beside the rules",
                last_segment(id)
            ),
            Self::BasePolicy(name) => write!(
                f,
                "the rules of the base policy {name}, which come first: give its rule collection groups \
                 beside these"
            ),
            Self::NameGroup(name) => write!(f, "the names behind {name}"),
            Self::Value { path, why } => write!(f, "{path}: {why}"),
            Self::Source => f.write_str("the flow's source address (--source-address)"),
            Self::Sources(addresses) => write!(
                f,
                "the flow's source address: the rules treat {addresses} differently \
                 (--source-address)"
            ),
            Self::Route(why) if why.is_empty() => {
                f.write_str("which way the name is configured to go")
            }
            Self::Route(why) => write!(f, "which way the name is configured to go: {why}"),
            Self::SourcePort => f.write_str("the flow's source port"),
            Self::Address => f.write_str("the address of the flow's name"),
            Self::Name => f.write_str("the name behind the flow's address"),
            Self::Port => f.write_str("the flow's port"),
            Self::Appliance(address) => write!(
                f,
                "what the appliance {address} does, which a route leads to: give its rules beside \
                 these"
            ),
            Self::Unlisted => f.write_str(
                "the rest of the effective rules: none of those in the file matches, and the whole \
                 list has a rule for every IPv4 flow",
            ),
            Self::Family => f.write_str("the effective rules list no IPv6 prefixes"),
        }
    }
}

fn last_segment(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// A property of a rule, as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Property<T> {
    Known(T),
    /// The file alone does not give the value.
    Unknown(Missing),
}

impl<T> Property<T> {
    #[must_use]
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T> From<T> for Property<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}
