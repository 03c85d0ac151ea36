//! `dns_sinkhole`: names that resolve to addresses which cannot be the service's.

use std::net::IpAddr;

use super::absent;
use super::case::Case;
use super::finding::Draft;
use super::words::{lookup_evidence, resolver_name};
use crate::model::{AddressClass, Cause, HostName, LinkData, Lookup, classify, deciding};

/// Addresses and names where DNS filters are known to show their block pages. The list is short on
/// purpose: lists of malware sinkholes hold addresses of shared CDNs, which services use too.
///
/// Cisco Umbrella: MISP warning lists `cisco-umbrella-blockpage-ipv4` and `-hostname` (CC0).
/// Fortinet: `FortiGuard` DNS filter's portal. Palo Alto Networks: what
/// `sinkhole.paloaltonetworks.com` resolved to in 2025.
const FILTERS: &[(&str, Filter)] = &[
    ("Cisco Umbrella", Filter::Range([146, 112, 61, 104], [146, 112, 61, 110])),
    ("Cisco Umbrella", Filter::Name("hit-adult.opendns.com")),
    ("Cisco Umbrella", Filter::Name("hit-block.opendns.com")),
    ("Cisco Umbrella", Filter::Name("hit-botnet.opendns.com")),
    ("Cisco Umbrella", Filter::Name("hit-malware.opendns.com")),
    ("Cisco Umbrella", Filter::Name("hit-phish.opendns.com")),
    ("FortiGuard", Filter::Range([208, 91, 112, 55], [208, 91, 112, 55])),
    ("Palo Alto Networks", Filter::Range([198, 135, 184, 22], [198, 135, 184, 22])),
    ("Palo Alto Networks", Filter::Name("sinkhole.paloaltonetworks.com")),
];

enum Filter {
    /// From the first address to the last.
    Range([u8; 4], [u8; 4]),
    /// An alias of the chain.
    Name(&'static str),
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for lookup in deciding(&case.record.lookups) {
        for address in lookup.answers().flat_map(crate::model::Answer::addresses) {
            let lie = || {
                format!(
                    "what {} says of every name that does not exist",
                    resolver_name(lookup.resolver)
                )
            };
            let is_lie = || is_lie(case, lookup, address);
            let impossible =
                why_impossible(address, lookup).filter(|_| !is_identified(case, address));
            if let Some(what) = impossible.or_else(|| is_lie().then(lie)) {
                drafts.push(draft(address, &what, lookup));
            }
        }
    }
    drafts
}

/// Whether the resolver of `lookup` gives `address` for names that cannot exist, and nothing proved
/// to be the service there.
pub(super) fn is_lie(case: &Case<'_>, lookup: &Lookup, address: IpAddr) -> bool {
    absent::is_lie_at(case.run, lookup, address) && !is_identified(case, address)
}

/// Why `address` cannot be the service's. `None` where it can.
fn why_impossible(address: IpAddr, lookup: &Lookup) -> Option<String> {
    if let Some(product) = filter_at(address).or_else(|| filter_of_chain(lookup)) {
        return Some(format!("the block page of {product}"));
    }
    if classify(address) != AddressClass::NotRoutable || may_be_loopback(&lookup.name, address) {
        return None;
    }
    Some(not_routable(address).to_owned())
}

/// RFC 6761 section 6.3: `localhost` and the names below it are meant to be loopback.
fn may_be_loopback(name: &HostName, address: IpAddr) -> bool {
    address.is_loopback() && name.is_within("localhost")
}

/// Whether `address` proved to be the host that was asked for. It is no sinkhole then, whatever
/// address it is (a tunnel on this host, a lab on documentation addresses).
fn is_identified(case: &Case<'_>, address: IpAddr) -> bool {
    let Some(host) = case.endpoint().subject.host() else { return false };
    case.record.trails.iter().any(|trail| {
        trail.remote().ip() == address
            && (trail.tds().is_some()
                || trail.tls().is_some_and(|session| session.presented.proves(host)))
    })
}

/// Whether `address` is where a DNS filter shows its block page.
#[must_use]
pub fn is_filter(address: IpAddr) -> bool {
    filter_at(address).is_some()
}

/// Whether `name` is an alias by which DNS filters lead to their block pages.
#[must_use]
pub fn is_name_of_filter(name: &HostName) -> bool {
    FILTERS
        .iter()
        .any(|(_, filter)| matches!(filter, Filter::Name(known) if *known == name.as_str()))
}

fn filter_at(address: IpAddr) -> Option<&'static str> {
    let IpAddr::V4(v4) = address.to_canonical() else { return None };
    FILTERS.iter().find_map(|(product, filter)| match filter {
        Filter::Range(first, last) => (*first..=*last).contains(&v4.octets()).then_some(*product),
        Filter::Name(_) => None,
    })
}

fn filter_of_chain(lookup: &Lookup) -> Option<&'static str> {
    let aliases = || {
        lookup.answers().flat_map(|answer| &answer.chain).filter_map(|link| match &link.data {
            LinkData::Alias(target) => Some(target.as_str()),
            LinkData::Address(_) => None,
        })
    };
    FILTERS.iter().find_map(|(product, filter)| match filter {
        Filter::Name(name) => aliases().any(|alias| alias == *name).then_some(*product),
        Filter::Range(..) => None,
    })
}

fn not_routable(address: IpAddr) -> &'static str {
    let address = address.to_canonical();
    if address.is_unspecified() {
        return "the unspecified address";
    }
    if address.is_loopback() {
        return "a loopback address";
    }
    if address.is_multicast() {
        return "a multicast address";
    }
    match address {
        IpAddr::V4(v4) if v4.is_documentation() => "a documentation address",
        IpAddr::V4(v4) if v4.is_link_local() => "a link-local address",
        IpAddr::V4(_) => "a reserved address",
        IpAddr::V6(v6) if matches!(v6.segments(), [0x2001, 0xdb8, ..]) => "a documentation address",
        IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80 => "a link-local address",
        IpAddr::V6(_) => "a reserved address",
    }
}

fn draft(address: IpAddr, what: &str, lookup: &Lookup) -> Draft {
    let name = &lookup.name;
    Draft::new(
        Cause::DnsSinkhole,
        format!("{name} resolves to {address}, {what}: a filter answers in the service's place"),
    )
    .evidence(lookup_evidence(lookup))
    .fact("addresses", address.to_string())
    .fact("resolvers", resolver_name(lookup.resolver))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_filters_are_known() {
        for (address, expected) in [
            ("146.112.61.103", None),
            ("146.112.61.104", Some("Cisco Umbrella")),
            ("::ffff:146.112.61.110", Some("Cisco Umbrella")),
            ("146.112.61.111", None),
            ("208.91.112.55", Some("FortiGuard")),
            ("13.107.213.69", None),
        ] {
            assert_eq!(filter_at(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn addresses_that_no_service_has_are_named() {
        for (address, expected) in [
            ("0.0.0.0", "the unspecified address"),
            ("::", "the unspecified address"),
            ("127.0.0.2", "a loopback address"),
            ("192.0.2.1", "a documentation address"),
            ("2001:db8::1", "a documentation address"),
            ("169.254.169.254", "a link-local address"),
            ("fe80::1", "a link-local address"),
            ("240.0.0.1", "a reserved address"),
            ("ff02::1", "a multicast address"),
        ] {
            assert_eq!(not_routable(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn localhost_may_be_loopback_and_nothing_else_may() {
        let loopback = "127.0.0.1".parse().unwrap();
        for (name, address, expected) in [
            ("localhost", loopback, true),
            ("relay.localhost", loopback, true),
            ("notlocalhost", loopback, false),
            ("localhost", "0.0.0.0".parse().unwrap(), false),
        ] {
            let name = HostName::parse(name).unwrap();
            assert_eq!(may_be_loopback(&name, address), expected, "{name}");
        }
    }
}
