//! The source or destination of a rule: addresses, tags and names.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::missing::Missing;
use crate::model::{AddressClass, AddressSet, HostName, NameError};
use crate::tags::ServiceTags;

/// The source or destination of a rule, which matches what any of its parts holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The union of the addresses and prefixes. `*` stands for all addresses.
    pub addresses: AddressSet,
    /// Service tags as they are written, with `Internet` and `VirtualNetwork` among them.
    pub tags: Vec<Arc<str>>,
    /// Names, which Azure Firewall's rules and lists may have.
    pub names: Vec<NamePattern>,
    /// Parts that are not known and could hold any address.
    pub unknown: Vec<Missing>,
}

impl Scope {
    #[must_use]
    pub fn any() -> Self {
        AddressSet::everything().into()
    }

    /// A side of which nothing is known.
    #[must_use]
    pub fn unknown(missing: Missing) -> Self {
        Self { unknown: vec![missing], ..Self::default() }
    }

    /// Adds an element in the notation of Azure's rules: `*`, an address, a prefix or a range. Any
    /// other text is a tag.
    pub fn add(&mut self, text: &str) {
        let text = text.trim();
        if text == "*" || text.eq_ignore_ascii_case("any") {
            self.addresses = AddressSet::everything();
        } else if let Ok(addresses) = AddressSet::parse(text) {
            self.addresses = self.addresses.union(&addresses);
        } else {
            self.tags.push(text.into());
        }
    }

    /// Whether it holds the virtual network, whose prefixes are not known in `extent`. A host is in
    /// its own network, whatever its address is.
    pub(super) fn holds_unknown_network(&self, extent: &Extent) -> bool {
        self.tags.iter().any(|tag| tag.eq_ignore_ascii_case("VirtualNetwork"))
            && extent.open.iter().any(|(_, missing)| *missing == Missing::VirtualNetwork)
    }

    /// Whether there is no part at all, known or unknown.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.addresses.is_empty()
            && self.tags.is_empty()
            && self.names.is_empty()
            && self.unknown.is_empty()
    }
}

impl From<AddressSet> for Scope {
    fn from(addresses: AddressSet) -> Self {
        Self { addresses, ..Self::default() }
    }
}

/// A name or a wildcard.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamePattern {
    Name(HostName),
    /// Every name with this suffix. The suffix of `*.contoso.com` is `.contoso.com`, which the
    /// domain itself does not have. The suffix of `*` is empty.
    Ending(Arc<str>),
}

impl NamePattern {
    /// Reads a name, `*.domain`, `*domain` or `*`.
    ///
    /// # Errors
    /// [`NameError`] where the text without the leading `*` is no name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let Some(ending) = text.strip_prefix('*') else {
            return HostName::parse(text).map(Self::Name);
        };
        let (dot, domain) = ending.strip_prefix('.').map_or(("", ending), |domain| (".", domain));
        if dot.is_empty() && domain.is_empty() {
            return Ok(Self::Ending(Arc::from("")));
        }
        let domain = HostName::parse(domain)?;
        Ok(Self::Ending(format!("{dot}{domain}").into()))
    }

    /// Whether it may match more than one name.
    #[must_use]
    pub const fn is_wildcard(&self) -> bool {
        matches!(self, Self::Ending(_))
    }

    #[must_use]
    pub fn matches(&self, name: &HostName) -> bool {
        match self {
            Self::Name(own) => own == name,
            // A name never begins with a dot, so that a suffix with a dot is never the whole name.
            Self::Ending(ending) => name.as_str().ends_with(&**ending),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Ending(ending) => write!(f, "*{ending}"),
        }
    }
}

/// Facts that rules depend on and that are not in their files.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkContext<'a> {
    /// The service tags. Without them every tag is unknown.
    pub tags: Option<&'a ServiceTags>,
    /// The prefixes of `VirtualNetwork`. Without them any private address may be in it.
    pub virtual_network: Option<&'a AddressSet>,
    /// The sources of flows that do not name theirs.
    pub sources: Option<&'a AddressSet>,
    /// The members of application security groups, by their names in lower case.
    pub groups: Option<&'a BTreeMap<String, AddressSet>>,
    /// The user-defined routes of the same row.
    pub user_routes: Option<&'a UserRoutes>,
}

/// What user-defined routes name. `VirtualNetwork` holds it (service-tags-overview: "address
/// prefixes used on user-defined routes. This tag might also contain default routes").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserRoutes {
    /// The prefixes of routes that are no default routes.
    pub prefixes: AddressSet,
    /// The prefixes of default routes, and of routes that may not be there or are not known.
    pub perhaps: AddressSet,
}

/// The addresses of a scope, as far as they are known.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// The addresses that the scope holds for sure.
    pub known: AddressSet,
    /// The addresses that it may hold, and the facts that would decide it.
    pub open: Vec<(AddressSet, Missing)>,
}

impl Extent {
    /// The addresses that it holds or may hold.
    #[must_use]
    pub fn possible(&self) -> AddressSet {
        std::iter::once(&self.known).chain(self.open.iter().map(|(within, _)| within)).collect()
    }
}

impl NetworkContext<'_> {
    /// The addresses of `scope`.
    #[must_use]
    pub fn extent(&self, scope: &Scope) -> Extent {
        let mut extent = Extent { known: scope.addresses.clone(), open: Vec::new() };
        for tag in &scope.tags {
            self.add_tag(tag, &mut extent);
        }
        for missing in &scope.unknown {
            if let Some(members) = self.members(missing) {
                extent.known = extent.known.union(members);
                continue;
            }
            extent.open.push((AddressSet::everything(), missing.clone()));
        }
        extent
    }

    fn members(&self, missing: &Missing) -> Option<&AddressSet> {
        let Missing::ApplicationGroup(id) = missing else { return None };
        let name = id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase();
        self.groups?.get(&name)
    }

    /// Adds the addresses of a tag, whose case Azure ignores.
    fn add_tag(&self, tag: &Arc<str>, extent: &mut Extent) {
        let known = match tag.to_ascii_lowercase().as_str() {
            "internet" => {
                let public = AddressSet::of_class(AddressClass::Public);
                let outside = match self.virtual_network {
                    Some(own) => public.difference(own),
                    None => public,
                };
                // It is what lies outside of the virtual network, which holds these prefixes.
                let routed = self.user_routes.map(|own| own.prefixes.intersection(&outside));
                match routed.filter(|routed| !routed.is_empty()) {
                    Some(routed) => {
                        let outside = outside.difference(&routed);
                        extent.open.push((routed, Missing::UserRoutes));
                        outside
                    }
                    None => outside,
                }
            }
            "virtualnetwork" => {
                let mut known = AddressSet::from(PLATFORM);
                if let Some(own) = self.virtual_network {
                    known = known.union(own);
                } else {
                    let private = AddressSet::of_class(AddressClass::Private);
                    extent.open.push((private, Missing::VirtualNetwork));
                }
                if let Some(routes) = self.user_routes {
                    known = known.union(&routes.prefixes);
                    if !routes.perhaps.is_empty() {
                        extent.open.push((routes.perhaps.clone(), Missing::UserRoutes));
                    }
                }
                known
            }
            "azureloadbalancer" | "azureplatformdns" => PLATFORM.into(),
            "azureplatformimds" => METADATA.into(),
            _ => {
                if let Some(tag) = self.tags.and_then(|tags| tags.tag(tag)) {
                    tag.addresses.clone()
                } else {
                    extent.open.push((AddressSet::everything(), Missing::Tag(tag.clone())));
                    return;
                }
            }
        };
        extent.known = extent.known.union(&known);
    }
}

/// The platform's virtual address for DNS, load balancer probes and the agent. It belongs to
/// `VirtualNetwork` (service-tags-overview: "the virtual IP address of the host").
const PLATFORM: IpAddr = IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16));
/// The address of the instance metadata service.
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

/// The addresses that the platform answers on the host itself.
pub(super) const PLATFORM_ADDRESSES: [IpAddr; 2] = [PLATFORM, METADATA];

/// Whether `address` is one that the platform answers on the host itself.
pub(super) fn is_platform(address: IpAddr) -> bool {
    matches!(address.to_canonical(), PLATFORM | METADATA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_hold_what_ends_so() {
        for (pattern, name, expected) in [
            ("*.servicebus.windows.net", "ns.servicebus.windows.net", true),
            ("*.servicebus.windows.net", "a.b.servicebus.windows.net", true),
            ("*.servicebus.windows.net", "servicebus.windows.net", false),
            ("*.servicebus.windows.net", "evilservicebus.windows.net", false),
            ("*contoso.com", "contoso.com", true),
            ("*contoso.com", "mycontoso.com", true),
            ("*", "anything.example", true),
            ("Download.Microsoft.com", "download.microsoft.com", true),
            ("download.microsoft.com", "x.download.microsoft.com", false),
        ] {
            let pattern = NamePattern::parse(pattern).unwrap();
            let name = HostName::parse(name).unwrap();
            assert_eq!(pattern.matches(&name), expected, "{pattern} {name}");
        }
        for text in ["", "*.", "a*.contoso.com", "**.contoso.com", "https://x"] {
            assert!(NamePattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tags_of_the_platform_have_their_meaning() {
        let vnet = ["10.50.0.0/16", "52.0.0.0/24"].map(|text| AddressSet::parse(text).unwrap());
        let vnet = vnet.iter().collect();
        let without = NetworkContext::default();
        let with = NetworkContext { virtual_network: Some(&vnet), ..NetworkContext::default() };
        // (tag, address, without --vnet, with it): held, not held, open.
        for (tag, address, expected) in [
            ("Internet", "13.66.60.119", "yes yes"),
            ("INTERNET", "2603:1030::1", "yes yes"),
            ("Internet", "10.50.0.1", "no no"),
            // Some networks use public addresses of their own.
            ("Internet", "52.0.0.1", "yes no"),
            ("VirtualNetwork", "52.0.0.1", "no yes"),
            ("Internet", "192.0.2.1", "no no"),
            ("Internet", "224.0.0.1", "no no"),
            ("VirtualNetwork", "10.50.0.1", "open yes"),
            ("virtualnetwork", "10.51.0.1", "open no"),
            ("VirtualNetwork", "13.66.60.119", "no no"),
            ("VirtualNetwork", "168.63.129.16", "yes yes"),
            ("AzureLoadBalancer", "168.63.129.16", "yes yes"),
            ("Storage", "13.66.60.119", "open open"),
        ] {
            let mut scope = Scope::default();
            scope.add(tag);
            let address: IpAddr = address.parse().unwrap();
            let seen = [without, with].map(|knowledge| {
                let extent = knowledge.extent(&scope);
                match (extent.known.contains(address), extent.possible().contains(address)) {
                    (true, _) => "yes",
                    (false, true) => "open",
                    (false, false) => "no",
                }
            });
            assert_eq!(seen.join(" "), expected, "{tag} {address}");
        }
    }
}
