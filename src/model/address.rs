//! What kind of network an address belongs to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The class of an address, as the private-link ladder and resolver views compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressClass {
    /// RFC 1918, RFC 6598 (shared), RFC 4193 (ULA): where private endpoints live.
    Private,
    /// Globally reachable unicast.
    Public,
    /// Unspecified, loopback, link-local, documentation, multicast, reserved: no service answers
    /// there (IANA special-purpose registries, RFC 6890).
    NotRoutable,
}

/// The class of `address`. IPv4-mapped IPv6 addresses count as the IPv4 address.
#[must_use]
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| classify_v6(v6), classify_v4),
    }
}

const fn classify_v4(address: Ipv4Addr) -> AddressClass {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (10, ..) | (192, 168, _) => AddressClass::Private,
        (172, 16..=31, _) | (100, 64..=127, _) => AddressClass::Private,
        // RFC 791 "this network", loopback, link-local (RFC 3927), IETF protocol assignments
        // (RFC 6890), TEST-NET-1..3 (RFC 5737), 6to4 anycast (RFC 7526), benchmarking (RFC 2544),
        // multicast, reserved and broadcast.
        (0 | 127 | 224..=255, ..)
        | (169, 254, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18 | 19, _)
        | (198, 51, 100)
        | (203, 0, 113) => AddressClass::NotRoutable,
        _ => AddressClass::Public,
    }
}

const fn classify_v6(address: Ipv6Addr) -> AddressClass {
    let segments = address.segments();
    match (segments[0], segments[1]) {
        (0xfc00..=0xfdff, _) => AddressClass::Private,
        // Documentation (RFC 3849, RFC 9637), ORCHIDv2 (RFC 7343).
        (0x2001, 0x0db8 | 0x0020..=0x002f) | (0x3fff, 0x0000..=0x0fff) => AddressClass::NotRoutable,
        // NAT64 (RFC 6052) carries a public IPv4 address.
        (0x0064, 0xff9b) => AddressClass::Public,
        (0x2000..=0x3fff, _) => AddressClass::Public,
        _ => AddressClass::NotRoutable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_registries() {
        for (text, expected) in [
            ("10.1.2.3", AddressClass::Private),
            ("172.31.255.1", AddressClass::Private),
            ("172.32.0.1", AddressClass::Public),
            ("100.64.0.1", AddressClass::Private),
            ("100.128.0.1", AddressClass::Public),
            ("192.168.0.1", AddressClass::Private),
            ("192.0.2.1", AddressClass::NotRoutable),
            ("192.0.1.1", AddressClass::Public),
            ("0.0.0.0", AddressClass::NotRoutable),
            ("127.0.0.1", AddressClass::NotRoutable),
            ("169.254.1.1", AddressClass::NotRoutable),
            ("198.51.100.7", AddressClass::NotRoutable),
            ("40.112.72.101", AddressClass::Public),
            ("255.255.255.255", AddressClass::NotRoutable),
            ("fd00::1", AddressClass::Private),
            ("fe80::1", AddressClass::NotRoutable),
            ("::", AddressClass::NotRoutable),
            ("2001:db8::1", AddressClass::NotRoutable),
            ("2603:1030::1", AddressClass::Public),
            ("::ffff:10.0.0.1", AddressClass::Private),
            ("64:ff9b::2870:4865", AddressClass::Public),
        ] {
            assert_eq!(classify(text.parse().unwrap()), expected, "{text}");
        }
    }
}
