//! Which addresses the cloud publishes as its own.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use super::file::ServiceTags;
use super::snapshot::Snapshot;
use crate::model::{AddressSet, Cloud};

/// The addresses that one cloud publishes: all its service tags together. The tag `AzureCloud`
/// alone leaves out addresses that `AzureActiveDirectory`, `Storage` and `DataFactoryManagement`
/// hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureRanges {
    date: String,
    shown: String,
    addresses: AddressSet,
}

impl AzureRanges {
    /// The ranges of a cloud's embedded snapshot. Read once per run, when it is first asked for.
    #[must_use]
    pub fn embedded(cloud: Cloud) -> &'static Self {
        static PUBLIC: LazyLock<AzureRanges> = LazyLock::new(|| AzureRanges::read(Cloud::Public));
        static USGOV: LazyLock<AzureRanges> = LazyLock::new(|| AzureRanges::read(Cloud::UsGov));
        static CHINA: LazyLock<AzureRanges> = LazyLock::new(|| AzureRanges::read(Cloud::China));
        match cloud {
            Cloud::Public => &PUBLIC,
            Cloud::UsGov => &USGOV,
            Cloud::China => &CHINA,
        }
    }

    fn read(cloud: Cloud) -> Self {
        match Snapshot::published(Snapshot::bytes(cloud)) {
            Ok((date, addresses)) => {
                let shown = format!("the embedded service tags of {date}");
                Self { date, shown, addresses }
            }
            Err(error) => unreachable!("the embedded snapshots are tested to be valid: {error}"),
        }
    }

    /// The ranges of a tag file, which holds no date; `name` is how reports call it.
    #[must_use]
    pub fn of(tags: &ServiceTags, name: &str) -> Self {
        Self {
            date: String::new(),
            shown: format!("the service tags of {name}, change number {}", tags.change_number()),
            addresses: tags.tags().iter().map(|tag| &tag.addresses).collect(),
        }
    }

    /// Whether the cloud publishes `address`. An IPv4 address within an IPv6 one counts as what it
    /// is: mapped (RFC 4291 §2.5.5.2) or translated (RFC 6052).
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.addresses.contains(translated(address).unwrap_or(address))
    }

    #[must_use]
    pub const fn addresses(&self) -> &AddressSet {
        &self.addresses
    }

    /// As evidence names them.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The day of the snapshot, as `2025-11-17`; empty where a file was read.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.date
    }
}

/// The IPv4 address that NAT64's well-known prefix carries.
fn translated(address: IpAddr) -> Option<IpAddr> {
    const NAT64: u128 = 0x0064_ff9b << 96;
    match address {
        IpAddr::V6(v6) if v6.to_bits() >> 32 == NAT64 >> 32 => {
            Some(Ipv6Addr::from_bits(v6.to_bits() & 0xffff_ffff | 0xffff << 32).to_canonical())
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_addresses_are_known() {
        for (cloud, address, expected) in [
            // The frontend of eastus, a relay's namespace, Entra, the resolver of Azure.
            (Cloud::Public, "40.78.229.99", true),
            (Cloud::Public, "40.112.72.101", true),
            (Cloud::Public, "20.190.128.1", true),
            (Cloud::Public, "::ffff:40.78.229.99", true),
            (Cloud::Public, "64:ff9b::284e:e563", true),
            (Cloud::Public, "2603:1030::1", true),
            (Cloud::Public, "8.8.8.8", false),
            (Cloud::Public, "10.0.0.1", false),
            (Cloud::Public, "64:ff9b::808:808", false),
            (Cloud::Public, "2001:4860:4860::8888", false),
            (Cloud::Public, "255.255.255.255", false),
            (Cloud::Public, "0.0.0.0", false),
            (Cloud::UsGov, "52.227.1.1", true),
            (Cloud::UsGov, "40.78.229.99", false),
            (Cloud::China, "40.162.1.1", true),
            (Cloud::China, "40.78.229.99", false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            let ranges = AzureRanges::embedded(cloud);
            assert_eq!(ranges.contains(address), expected, "{cloud} {address}");
        }
    }

    #[test]
    fn snapshots_are_dated() {
        for (cloud, date) in [
            (Cloud::Public, "2025-11-17"),
            (Cloud::UsGov, "2026-07-20"),
            (Cloud::China, "2026-07-20"),
        ] {
            assert_eq!(AzureRanges::embedded(cloud).date(), date, "{cloud}");
        }
    }
}
