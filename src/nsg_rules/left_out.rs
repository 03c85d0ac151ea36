//! What was seen and may not enter a rule, and which of it refuses the whole write.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::guard::GuardRefusal;
use crate::firewall::{Doubt, EvidenceTarget, Proven, Refused};
use crate::model::{AddressClass, classify};

/// An address that was seen for a name and stays out of the rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    /// The name, or the list that holds it.
    pub name: String,
    /// The address or prefix; `None` where the name has none.
    pub address: Option<String>,
    pub reason: LeftOutReason,
}

/// Why an address stays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// The address is private, as those of private endpoints are.
    Private,
    /// The address is one that sinkholes answer with: loopback, reserved, documentation.
    Sinkhole,
    /// The name's alias leads out of the domains of Azure's services.
    ForeignDomain,
    /// No published range of the cloud holds it.
    NotPublished,
    /// The host did not prove its name by TLS at this address.
    Unproven,
    /// The file, of an older version, does not say which port is needed.
    NoPort,
    /// The name did not resolve.
    Unresolved,
    /// No given source is of its family.
    NoSource,
}

impl LeftOutReason {
    /// The reason as texts give it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Private => "private addresses never enter a rule",
            Self::Sinkhole => "no service answers there: sinkholes give such addresses",
            Self::ForeignDomain => "its chain leads out of the domains of Azure's services",
            Self::NotPublished => "no published range of the cloud holds it",
            Self::Unproven => "it did not prove by TLS to be the host",
            Self::NoPort => "the file does not say which port is needed",
            Self::Unresolved => "the name did not resolve",
            Self::NoSource => "no --rule-source is of its family",
        }
    }

    /// The reason for an address that is left out because of what kind of address it is.
    #[must_use]
    pub fn of_class(address: IpAddr) -> Self {
        match classify(address) {
            AddressClass::Private => Self::Private,
            AddressClass::NotRoutable => Self::Sinkhole,
            AddressClass::Public => Self::NotPublished,
        }
    }
}

/// What is left out of the rules for these targets.
#[must_use]
pub fn left_out(targets: &[&EvidenceTarget], refused: &[Refused]) -> Vec<LeftOut> {
    let of_address = refused.iter().map(|one| LeftOut {
        name: one.endpoint.rsplit_once(':').map_or(&*one.endpoint, |(host, _)| host).to_owned(),
        address: Some(one.address.to_string()),
        reason: match one.reason {
            Doubt::NotPublic => LeftOutReason::of_class(one.address),
            Doubt::ForeignChain(_) => LeftOutReason::ForeignDomain,
            Doubt::NotPublished => LeftOutReason::NotPublished,
            Doubt::NotProvenByTls(_) => LeftOutReason::Unproven,
            Doubt::NoPort => LeftOutReason::NoPort,
        },
    });
    let unresolved = targets
        .iter()
        .filter(|target| target.required && target.sightings.is_empty() && !target.is_gateway())
        .map(|target| LeftOut {
            name: target.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            address: None,
            reason: LeftOutReason::Unresolved,
        });
    let mut all: Vec<_> = of_address.chain(unresolved).collect();
    all.sort();
    all.dedup();
    all
}

/// The refusals for required names that a write would cut off: those with a public address that no
/// published range holds, and those without any address that may enter a rule. `tags` says which
/// tags were used.
#[must_use]
pub fn unmet(
    targets: &[&EvidenceTarget],
    proven: &[Proven],
    refused: &[Refused],
    tags: &str,
) -> Vec<GuardRefusal> {
    let mut refusals = Vec::new();
    for target in targets.iter().filter(|target| target.required) {
        let endpoint = target.shown();
        let of_it = || refused.iter().filter(|one| one.endpoint == endpoint);
        let unpublished: Vec<IpAddr> = of_it()
            .filter(|one| one.reason == Doubt::NotPublished)
            .map(|one| one.address)
            .collect();
        if !unpublished.is_empty() {
            let tags = tags.to_owned();
            refusals.push(GuardRefusal::NotPublished { endpoint, addresses: unpublished, tags });
            continue;
        }
        let is_proven = target
            .sightings
            .iter()
            .any(|own| proven.iter().any(|proven| proven.address == own.approach.address));
        // A gateway without an address is not assigned yet.
        if is_proven || target.is_gateway() && target.sightings.is_empty() {
            continue;
        }
        let why = match (&target.name, of_it().next()) {
            (Some(name), _) if name.is_wildcard() => {
                "is a pattern, and no concrete name is known (--service-urls)".to_owned()
            }
            (_, Some(refused)) => format!("has no address to allow: {refused}"),
            (_, None) => "did not resolve".to_owned(),
        };
        refusals.push(GuardRefusal::Unresolved { endpoint, why });
    }
    refusals
}
