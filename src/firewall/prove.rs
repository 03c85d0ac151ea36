//! Decides which of the observed addresses may enter a rule.

use std::fmt;
use std::net::IpAddr;

use super::evidence::{AddressSighting, EvidenceTarget, Identity};
use super::scope::NamePattern;
use crate::model::{AddressClass, AddressSet, HostName, Role, classify};
use crate::tags::ServiceTags;

/// The proof that an address belongs to a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProofLevel {
    /// The name resolves by a chain of the expected domains to an address in the cloud's published
    /// ranges.
    #[default]
    Published,
    /// The address has also presented a trusted certificate for the name.
    Tls,
    /// The name resolves to a public address, and nothing else is asked.
    Resolved,
}

impl ProofLevel {
    pub const ALL: [Self; 3] = [Self::Published, Self::Tls, Self::Resolved];

    /// The word on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Tls => "tls",
            Self::Resolved => "resolved",
        }
    }
}

/// An address that may enter a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    pub address: IpAddr,
    pub port: u16,
    /// The entry that needs the address.
    pub entry: String,
    pub role: Role,
    /// The name that resolves to it, or the address itself where that was given.
    pub name: String,
    /// The best proof of the address, which may be better than the level that was asked for.
    pub level: ProofLevel,
    /// The proof in words, for comments in rules.
    pub how: String,
    /// The host's address that it was reached from.
    pub local: Option<IpAddr>,
}

/// An address that may not enter a rule, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub address: IpAddr,
    /// The endpoint in the form `host:port`.
    pub endpoint: String,
    pub reason: Doubt,
}

/// The reason why an address may not enter a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The address is private, reserved or one that sinkholes answer with.
    NotPublic,
    /// The chain of aliases leaves the domains in which Azure hosts its services.
    ForeignChain(HostName),
    /// No published range holds the address.
    NotPublished,
    /// The address has not proved by TLS to be the host.
    NotProvenByTls(Identity),
    /// The file does not name the port.
    NoPort,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} is left out: {}", self.address, self.endpoint, self.reason)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPublic => f.write_str("private and reserved addresses never enter a rule"),
            Self::ForeignChain(name) => {
                write!(f, "its chain leads to {name}, outside the domains of Azure's services")
            }
            Self::NotPublished => f.write_str("no published range of the cloud holds it"),
            Self::NotProvenByTls(identity) => identity.fmt(f),
            Self::NoPort => f.write_str("the file does not say which port is needed"),
        }
    }
}

impl Proven {
    /// Whether the address is the control plane's, which has a service tag of its own.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        self.role.is_control_plane()
    }
}

/// The service tags that the cloud publishes, with their union.
#[derive(Clone, Copy, Debug)]
pub struct PublishedTags<'a> {
    /// The union of all tags.
    pub addresses: &'a AddressSet,
    /// The tags themselves, of which the narrowest is named in a proof.
    pub tags: &'a ServiceTags,
}

/// Sorts the addresses of `targets` into those that may enter a rule and those that may not, by
/// address and port.
#[must_use]
pub fn prove<'a>(
    targets: impl IntoIterator<Item = &'a EvidenceTarget>,
    level: ProofLevel,
    published: PublishedTags<'_>,
) -> (Vec<Proven>, Vec<Refused>) {
    let (mut proven, mut refused) = (Vec::new(), Vec::new());
    for target in targets {
        for sighting in &target.sightings {
            let address = sighting.approach.address;
            let ready = match (doubt(sighting, level, published.addresses), target.port) {
                (Some(reason), _) => Err(reason),
                (None, None) => Err(Doubt::NoPort),
                (None, Some(port)) => Ok(port),
            };
            match ready {
                Err(reason) => {
                    refused.push(Refused { address, endpoint: target.shown(), reason });
                }
                Ok(port) => proven.push(Proven {
                    address,
                    port,
                    entry: target.entry.clone(),
                    role: target.role,
                    name: match &target.name {
                        Some(NamePattern::Name(name)) => name.to_string(),
                        Some(pattern) => pattern.to_string(),
                        None => address.to_string(),
                    },
                    level: best(sighting, published.addresses),
                    how: how(sighting, level, published.tags),
                    local: sighting.approach.local,
                }),
            }
        }
    }
    proven.sort_by(|a, b| (a.address, a.port, &a.name).cmp(&(b.address, b.port, &b.name)));
    proven.dedup_by(|a, b| (a.address, a.port, &a.name) == (b.address, b.port, &b.name));
    (proven, refused)
}

fn doubt(sighting: &AddressSighting, level: ProofLevel, published: &AddressSet) -> Option<Doubt> {
    if classify(sighting.approach.address) != AddressClass::Public {
        return Some(Doubt::NotPublic);
    }
    if level == ProofLevel::Resolved {
        return None;
    }
    let foreign = |name: &&HostName| !EXPECTED_DOMAINS.iter().any(|domain| name.is_within(domain));
    if let Some(name) = sighting.chain.iter().find(foreign) {
        return Some(Doubt::ForeignChain(name.clone()));
    }
    if !published.contains(sighting.approach.address) {
        return Some(Doubt::NotPublished);
    }
    (level == ProofLevel::Tls && sighting.identity != Identity::Proven)
        .then(|| Doubt::NotProvenByTls(sighting.identity.clone()))
}

/// The best level at which nothing speaks against an address that is public.
fn best(sighting: &AddressSighting, published: &AddressSet) -> ProofLevel {
    [ProofLevel::Tls, ProofLevel::Published]
        .into_iter()
        .find(|level| doubt(sighting, *level, published).is_none())
        .unwrap_or(ProofLevel::Resolved)
}

fn how(sighting: &AddressSighting, level: ProofLevel, tags: &ServiceTags) -> String {
    let narrowest = tags
        .holding(sighting.approach.address)
        .iter()
        .filter_map(|id| tags.get(*id))
        .min_by_key(|tag| (tag.addresses.count().v4, &tag.name));
    let mut how = match (narrowest, level) {
        (Some(tag), _) => format!("published in {}", tag.name),
        (None, ProofLevel::Resolved) => "resolved only".to_owned(),
        (None, _) => "published".to_owned(),
    };
    if sighting.identity == Identity::Proven {
        how.push_str(", TLS");
    }
    how
}

/// The domains that the chains of Azure's services lead to. They are taken from recorded chains
/// (`cloudapp.net`, `trafficmanager.net`, `clouddatahub.net`) and from Microsoft's lists of the
/// endpoints of its three clouds (compare-azure-government, Azure China developer guide).
const EXPECTED_DOMAINS: &[&str] = &[
    "windows.net",
    "azure.net",
    "azure.com",
    "azuresynapse.net",
    "clouddatahub.net",
    "cloudapp.net",
    "trafficmanager.net",
    "microsoft.com",
    "microsoftonline.com",
    "msidentity.com",
    "azurefd.net",
    "azureedge.net",
    "azure-dns.com",
    "azure.us",
    "usgovcloudapi.net",
    "usgovcloudapp.net",
    "usgovtrafficmanager.net",
    "microsoftonline.us",
    "azure.cn",
    "chinacloudapi.cn",
    "chinacloudapp.cn",
    "trafficmanager.cn",
];
