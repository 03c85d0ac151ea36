//! Stand-ins for addresses of this side: other addresses of the same class, in the same relation to
//! each other.
//!
//! Private, link-local, benchmarking and reserved addresses are mapped within their own block so
//! that any two keep exactly the prefix that they have in common (the scheme of Crypto-PAn, Xu et
//! al. 2002, with HMAC-SHA256): subnets stay subnets, and what is within a network stays within it.
//! Public addresses of this side become addresses of blocks where no service of anyone's is.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::key::RedactionKey;
use super::labels::Labels;
use crate::diagnose::is_filter;
use crate::model::{AddressClass, Redacted, StandIn, classify};

/// The blocks within which addresses are mapped: base and length of the prefix. RFC 1918, RFC 6598,
/// RFC 3927, RFC 2544, RFC 5737, RFC 1112.
const BLOCKS_V4: &[([u8; 4], u8)] = &[
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([100, 64, 0, 0], 10),
    ([169, 254, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([240, 0, 0, 0], 4),
];

/// RFC 4193, RFC 4291, RFC 3849.
const BLOCKS_V6: &[(u128, u8)] =
    &[(0xfc00 << 112, 7), (0xfe80 << 112, 10), (0x2001_0db8 << 96, 32)];

/// Addresses that mean the same on every network: Azure's metadata service and its platform, the
/// limited broadcast, and public resolvers.
const EVERYWHERE: &[[u8; 4]] = &[
    [169, 254, 169, 254],
    [168, 63, 129, 16],
    [255, 255, 255, 255],
    [1, 0, 0, 1],
    [1, 1, 1, 1],
    [8, 8, 4, 4],
    [8, 8, 8, 8],
    [9, 9, 9, 9],
];

/// Public addresses where no service of anyone's is: AS112 (RFC 7534, RFC 7535) and AMT (RFC 7450).
const NOBODYS: &[[u8; 3]] = &[[192, 175, 48], [192, 31, 196], [192, 52, 193]];
/// How often an address among those is tried, before a wide block is used that holds no public
/// service: 11.0.0.0/8.
const TRIES_AMONG_NOBODYS: u32 = 64;
/// After so many without a free one 0.0.0.0 stands for the address: better none than its own.
const MOST_TRIES: u32 = 1000;

/// The addresses of one redaction.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    /// This host's own: they are replaced even where Azure publishes them.
    own: HashSet<IpAddr>,
    /// Public addresses of services that are public themselves, and not Azure's.
    of_services: HashSet<IpAddr>,
    given: BTreeMap<IpAddr, IpAddr>,
    taken: HashSet<IpAddr>,
    legend: Vec<StandIn>,
}

impl StandIns {
    pub(super) fn own(&mut self, address: IpAddr) {
        self.own.insert(address);
    }

    pub(super) fn of_service(&mut self, address: IpAddr) {
        self.of_services.insert(address);
    }

    /// What the labels stand for.
    pub(super) fn legend(&self) -> Redacted {
        Redacted { addresses: self.legend.clone() }
    }

    /// What stands for `address`: itself, where it is not of this side. `is_azure` is whether a
    /// cloud publishes it as its own.
    pub(super) fn of(
        &mut self,
        key: &RedactionKey,
        labels: &mut Labels,
        is_azure: &dyn Fn(IpAddr) -> Option<bool>,
        address: IpAddr,
    ) -> IpAddr {
        if let Some(given) = self.given.get(&address) {
            return *given;
        }
        if self.stays(is_azure, address) {
            return address;
        }
        let stand_in = match within_block(key, address) {
            Some(stand_in) => stand_in,
            None if classify(address) == AddressClass::Public => {
                self.public(key, is_azure, address)
            }
            None => return address,
        };
        self.given.insert(address, stand_in);
        self.taken.insert(stand_in);
        let label = labels.of(key, "address", &address.to_string());
        self.legend.push(StandIn { label, shown: stand_in.to_string() });
        stand_in
    }

    pub(super) fn of_network(
        &mut self,
        key: &RedactionKey,
        labels: &mut Labels,
        network: IpNet,
    ) -> IpNet {
        let mapped = network_within_block(key, network);
        let shown = mapped.to_string();
        if mapped != network && self.legend.iter().all(|one| one.shown != shown) {
            let label = labels.of(key, "network", &network.to_string());
            self.legend.push(StandIn { label, shown });
        }
        mapped
    }

    fn stays(&self, is_azure: &dyn Fn(IpAddr) -> Option<bool>, address: IpAddr) -> bool {
        let canonical = address.to_canonical();
        if matches!(canonical, IpAddr::V4(v4) if EVERYWHERE.contains(&v4.octets()))
            || is_filter(canonical)
        {
            return true;
        }
        classify(address) == AddressClass::Public
            && !self.own.contains(&address)
            && (is_azure(address) == Some(true) || self.of_services.contains(&address))
    }

    /// A public address that is neither Azure's nor another's stand-in.
    fn public(
        &self,
        key: &RedactionKey,
        is_azure: &dyn Fn(IpAddr) -> Option<bool>,
        address: IpAddr,
    ) -> IpAddr {
        let mut candidates = (0..MOST_TRIES).map(|attempt| match address.to_canonical() {
            IpAddr::V4(v4) => {
                let digest = key.digest("public", &[&v4.octets(), &attempt.to_be_bytes()]);
                IpAddr::V4(if attempt < TRIES_AMONG_NOBODYS {
                    let [a, b, c] = NOBODYS[usize::from(digest[0]) % NOBODYS.len()];
                    Ipv4Addr::new(a, b, c, digest[1])
                } else {
                    Ipv4Addr::new(11, digest[0], digest[1], digest[2])
                })
            }
            // 3ffe::/16 was given back (RFC 3701). A subnet of 64 bits stays one.
            IpAddr::V6(v6) => {
                let bytes = v6.octets();
                let subnet = key.digest("public", &[&bytes[..8], &attempt.to_be_bytes()]);
                let host = key.digest("public", &[&bytes, &attempt.to_be_bytes()]);
                let mut made = [0; 16];
                made[..2].copy_from_slice(&[0x3f, 0xfe]);
                made[2..8].copy_from_slice(&subnet[..6]);
                made[8..].copy_from_slice(&host[..8]);
                IpAddr::V6(made.into())
            }
        });
        let is_free = |one: &IpAddr| !self.taken.contains(one) && is_azure(*one) != Some(true);
        candidates.find(is_free).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// The address within its block that stands for `address`. `None` outside of all blocks.
fn within_block(key: &RedactionKey, address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4_within_block(key, v4).map(IpAddr::V4),
        IpAddr::V6(v6) => {
            if let Some(mapped) = v6.to_ipv4_mapped() {
                v4_within_block(key, mapped).map(|v4| IpAddr::V6(v4.to_ipv6_mapped()))
            } else {
                let bits = v6.to_bits();
                let (_, length) = BLOCKS_V6
                    .iter()
                    .find(|(base, length)| (bits ^ base) >> (128 - u32::from(*length)) == 0)?;
                let mapped = keeping_prefixes(key, bits, 128, *length, 128);
                Some(IpAddr::V6(Ipv6Addr::from_bits(mapped)))
            }
        }
    }
}

fn v4_within_block(key: &RedactionKey, address: Ipv4Addr) -> Option<Ipv4Addr> {
    let length = block_v4(address)?;
    let mapped = keeping_prefixes(key, u128::from(address.to_bits()), 32, length, 32);
    u32::try_from(mapped).ok().map(Ipv4Addr::from_bits)
}

fn block_v4(address: Ipv4Addr) -> Option<u8> {
    let bits = address.to_bits();
    let is_in = |(base, length): &&([u8; 4], u8)| {
        (bits ^ u32::from_be_bytes(*base)) >> (32 - u32::from(*length)) == 0
    };
    BLOCKS_V4.iter().find(is_in).map(|(_, length)| *length)
}

fn network_within_block(key: &RedactionKey, network: IpNet) -> IpNet {
    let (bits, width, block) = match network.network() {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32, block_v4(v4)),
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            let mut blocks = BLOCKS_V6.iter();
            let is_in = |one: &&(u128, u8)| (bits ^ one.0) >> (128 - u32::from(one.1)) == 0;
            (bits, 128, blocks.find(is_in).map(|(_, length)| *length))
        }
    };
    // A network that holds a whole block says nothing of this side.
    let Some(block) = block.filter(|block| *block < network.prefix_len()) else { return network };
    let mapped = keeping_prefixes(key, bits, width, block, network.prefix_len());
    let address = if width == 32 {
        u32::try_from(mapped).map_or(network.network(), |bits| Ipv4Addr::from_bits(bits).into())
    } else {
        Ipv6Addr::from_bits(mapped).into()
    };
    IpNet::new(address, network.prefix_len()).unwrap_or(network)
}

/// `bits`, of which those from `first` to before `last` are turned over or not as the key says of
/// all bits in front of them, and those from `last` are 0 where `last` is not the end.
fn keeping_prefixes(key: &RedactionKey, bits: u128, width: u8, first: u8, last: u8) -> u128 {
    let mut mapped = bits;
    for position in first..last {
        let below = u32::from(width - position);
        let front = bits.checked_shr(below).unwrap_or(0);
        let digest = key.digest("prefix", &[&[width, position], &front.to_be_bytes()]);
        mapped ^= u128::from(digest[0] & 1) << (below - 1);
    }
    mapped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> RedactionKey {
        RedactionKey::shared(b"a test's key")
    }

    fn stand_in(text: &str) -> IpAddr {
        let mut stand_ins = StandIns::default();
        let is_azure = |address: IpAddr| Some(address == IpAddr::from([40, 112, 72, 101]));
        stand_ins.of(&key(), &mut Labels::default(), &is_azure, text.parse().unwrap())
    }

    #[test]
    fn what_is_nobodys_own_stays() {
        for text in [
            "40.112.72.101",
            "127.0.0.1",
            "0.0.0.0",
            "192.0.2.1",
            "169.254.169.254",
            "168.63.129.16",
            "8.8.8.8",
            "146.112.61.104",
            "::1",
            "ff02::1",
        ] {
            assert_eq!(stand_in(text).to_string(), text);
        }
    }

    #[test]
    fn others_are_replaced_by_addresses_of_their_class() {
        for text in [
            "10.1.2.3",
            "172.16.1.1",
            "192.168.1.7",
            "100.64.3.4",
            "169.254.3.4",
            "51.1.2.3",
            "fd00::53",
            "fe80::1:2",
            "2a00:1450::1",
            "::ffff:10.1.2.3",
        ] {
            let original: IpAddr = text.parse().unwrap();
            let found = stand_in(text);
            assert_ne!(found, original);
            assert_eq!(classify(found), classify(original), "{text} {found}");
            assert_eq!(found.is_ipv4(), original.is_ipv4(), "{text} {found}");
        }
    }

    proptest! {
        /// Two addresses keep exactly the prefix that they have in common, and every network
        /// around the first still holds the second if it did.
        #[test]
        fn prefixes_are_kept(one: u32, other: u32, length in 9_u8..=32) {
            let of = |bits: u32| Ipv4Addr::from_bits(0x0a00_0000 | bits >> 8);
            let (one, other) = (of(one), of(other));
            let mapped = |one| v4_within_block(&key(), one).unwrap();
            let (a, b) = (mapped(one), mapped(other));
            prop_assert_eq!(
                (one.to_bits() ^ other.to_bits()).leading_zeros(),
                (a.to_bits() ^ b.to_bits()).leading_zeros()
            );
            let network = IpNet::new(one.into(), length).unwrap().trunc();
            let mapped = network_within_block(&key(), network);
            prop_assert_eq!(mapped, mapped.trunc());
            prop_assert_eq!(network.contains(&IpAddr::V4(other)), mapped.contains(&IpAddr::V4(b)));
        }
    }
}
