//! Many destinations, a line for those that belong together: hundreds of addresses that a person
//! can read. The complete list stands elsewhere, always.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::wording::{counted_as, listed};
use crate::model::{AddressSet, GatewayName, HostName};

/// How many destinations are listed one by one before they are grouped.
pub(super) const SINGLY: usize = 16;
/// How many networks are named in a line; all addresses stand in the complete list.
const NETWORKS: usize = 6;

/// Destinations that belong together.
#[derive(Debug)]
pub(super) struct DestinationGroup {
    /// `gateways of prod-am3-010`, `*.blob.core.windows.net`, or the one name.
    pub(super) what: String,
    /// How many names there are, as `256 names`.
    pub(super) names: String,
    /// `40.113.0.0/24 (256 addresses)`.
    pub(super) networks: String,
    pub(super) port: u16,
}

type NamesAndAddresses<'a> = (BTreeSet<&'a str>, BTreeSet<IpAddr>);

/// Groups `(name, address, port)`.
pub(super) fn of<'a>(
    destinations: impl Iterator<Item = (&'a str, Option<IpAddr>, u16)>,
) -> Vec<DestinationGroup> {
    let mut groups: BTreeMap<(String, u16), NamesAndAddresses> = BTreeMap::new();
    for (name, address, port) in destinations {
        let (names, addresses) = groups.entry((family(name), port)).or_default();
        names.insert(name);
        addresses.extend(address);
    }
    groups
        .into_iter()
        .map(|((what, port), (names, addresses))| DestinationGroup {
            what: match names.first() {
                Some(one) if names.len() == 1 => (*one).to_owned(),
                _ => what,
            },
            names: counted_as(names.len(), "name", "names"),
            networks: networks(&addresses),
            port,
        })
        .collect()
}

/// What a name belongs to: a relay's deployment, or its domain.
pub(super) fn family(name: &str) -> String {
    if let Some(gateway) = HostName::parse(name).ok().and_then(|name| GatewayName::parse(&name)) {
        return format!("gateways of {}", gateway.deployment);
    }
    match name.split_once('.') {
        Some((_, domain)) if name.parse::<IpAddr>().is_err() => format!("*.{domain}"),
        _ => name.to_owned(),
    }
}

fn networks(addresses: &BTreeSet<IpAddr>) -> String {
    if addresses.is_empty() {
        return "no address known here".to_owned();
    }
    let set: AddressSet = addresses.iter().copied().collect();
    let prefixes = set.prefixes();
    let count = counted_as(addresses.len(), "address", "addresses");
    format!("{} ({count})", listed(&prefixes, NETWORKS))
}
