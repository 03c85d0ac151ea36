//! Sets of addresses of both families.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::address::AddressClass;
use super::ranges::{Number as _, Ranges};

/// A set of IPv4 and IPv6 addresses. IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2) are the IPv4
/// addresses they map. Equal sets are equal values, however they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AddressSet {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

/// How many addresses a set holds. IPv6 counts swamp any sum, so the families are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressCount {
    pub v4: u128,
    /// IPv6 addresses; `u128::MAX` stands for all 2^128 too.
    pub v6: u128,
}

impl AddressSet {
    /// The set that holds no address.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every address of both families.
    #[must_use]
    pub fn everything() -> Self {
        Self { v4: Ranges::full(), v6: Ranges::full() }
    }

    /// The set of these runs.
    #[must_use]
    pub const fn from_ranges(v4: Ranges<u32>, v6: Ranges<u128>) -> Self {
        Self { v4, v6 }
    }

    /// Every address of `class`, as [`classify`](super::classify) tells them apart.
    #[must_use]
    pub fn of_class(class: AddressClass) -> Self {
        match class {
            AddressClass::Private => nets(PRIVATE),
            AddressClass::Public => {
                let v6 = nets(PUBLIC_V6).difference(&nets(NOT_ROUTABLE));
                let v4 =
                    Ranges::full().difference(&nets(PRIVATE).v4).difference(&nets(NOT_ROUTABLE).v4);
                Self { v4, v6: v6.v6 }
            }
            AddressClass::NotRoutable => Self::everything()
                .difference(&Self::of_class(AddressClass::Private))
                .difference(&Self::of_class(AddressClass::Public)),
        }
    }

    #[must_use]
    pub const fn v4(&self) -> &Ranges<u32> {
        &self.v4
    }

    #[must_use]
    pub const fn v6(&self) -> &Ranges<u128> {
        &self.v6
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether it holds every address of both families.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.v4.is_full() && self.v6.is_full()
    }

    /// How many addresses it holds.
    #[must_use]
    pub fn count(&self) -> AddressCount {
        AddressCount { v4: self.v4.count(), v6: self.v6.count() }
    }

    /// Whether it holds `address`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => self.v4.contains(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.contains(v6.to_bits()),
        }
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: self.v4.intersection(&other.v4), v6: self.v6.intersection(&other.v6) }
    }

    /// What is in this and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self { v4: self.v4.difference(&other.v4), v6: self.v6.difference(&other.v6) }
    }

    /// Whether no address is in both.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.v4.is_disjoint(&other.v4) && self.v6.is_disjoint(&other.v6)
    }

    /// Whether every address of this is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.v4.is_subset(&other.v4) && self.v6.is_subset(&other.v6)
    }

    /// The fewest prefixes that hold exactly this set: IPv4 first, ascending.
    #[must_use]
    pub fn prefixes(&self) -> Vec<IpNet> {
        let mut prefixes = Vec::with_capacity(self.v4.runs().len() + self.v6.runs().len());
        for (first, last) in self.v4.runs() {
            split(first.widen(), last.widen(), u32::BITS, |bits, length| {
                // The splitter stays within the run, whose ends are 32 bits wide.
                let address = Ipv4Addr::from(u32::try_from(bits).unwrap_or(u32::MAX));
                prefixes.extend(Ipv4Net::new(address, length).map(IpNet::V4));
            });
        }
        for (first, last) in self.v6.runs() {
            split(*first, *last, u128::BITS, |bits, length| {
                prefixes.extend(Ipv6Net::new(Ipv6Addr::from(bits), length).map(IpNet::V6));
            });
        }
        prefixes
    }

    /// The set with every IPv4 prefix that is longer than `length` widened to it (0 to 32).
    /// IPv6 stays exact: a length says nothing about both families.
    #[must_use]
    pub fn widened(&self, length: u8) -> Self {
        let host = u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
        let v4 = self.v4.runs().iter().map(|(first, last)| (first & !host, last | host)).collect();
        Self { v4, v6: self.v6.clone() }
    }
}

/// Splits a run into the fewest aligned blocks, ascending.
fn split(mut first: u128, last: u128, width: u32, mut emit: impl FnMut(u128, u8)) {
    loop {
        let aligned = if first == 0 { width } else { first.trailing_zeros().min(width) };
        let fitting = (last - first).checked_add(1).map_or(u128::BITS, u128::ilog2);
        let size = aligned.min(fitting);
        // At most 128.
        emit(first, u8::try_from(width - size).unwrap_or(u8::MAX));
        let end = first | 1_u128.checked_shl(size).map_or(u128::MAX, |block| block - 1);
        if end >= last {
            return;
        }
        first = end + 1;
    }
}

impl From<IpAddr> for AddressSet {
    fn from(address: IpAddr) -> Self {
        std::iter::once(address).collect()
    }
}

impl From<IpNet> for AddressSet {
    fn from(net: IpNet) -> Self {
        std::iter::once(net).collect()
    }
}

impl FromIterator<IpAddr> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        addresses.into_iter().map(|address| (address, address)).collect()
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        nets.into_iter().map(|net| (net.network(), net.broadcast())).collect()
    }
}

/// Runs, both ends included. Ends of two families, or swapped ends, hold nothing.
impl FromIterator<(IpAddr, IpAddr)> for AddressSet {
    fn from_iter<I: IntoIterator<Item = (IpAddr, IpAddr)>>(runs: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (first, last) in runs {
            match (first.to_canonical(), last.to_canonical()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => v4.push((first.to_bits(), last.to_bits())),
                (IpAddr::V6(first), IpAddr::V6(last)) => v6.push((first.to_bits(), last.to_bits())),
                _ => {}
            }
        }
        Self { v4: Ranges::from_runs(v4), v6: Ranges::from_runs(v6) }
    }
}

impl<'a> FromIterator<&'a AddressSet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = &'a AddressSet>>(sets: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for set in sets {
            v4.extend_from_slice(set.v4.runs());
            v6.extend_from_slice(set.v6.runs());
        }
        Self { v4: Ranges::from_runs(v4), v6: Ranges::from_runs(v6) }
    }
}

/// Why a text is no set of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no address, prefix or range: expected something like 13.66.60.119, \
     13.66.60.0/24, 2603:1030::/32 or 10.0.0.1-10.0.0.9"
)]
pub struct AddressSetError {
    /// The text as given, shortened.
    pub text: String,
}

impl AddressSet {
    /// Reads an address, a prefix (host bits are dropped) or a range `FIRST-LAST`.
    ///
    /// # Errors
    /// [`AddressSetError`] where the text is none of these.
    pub fn parse(text: &str) -> Result<Self, AddressSetError> {
        let bare = text.trim();
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(address.into());
        }
        if let Ok(net) = bare.parse::<IpNet>() {
            return Ok(net.into());
        }
        let range = bare.split_once('-').and_then(|(first, last)| {
            Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
        });
        range
            .map(|range: (IpAddr, IpAddr)| std::iter::once(range).collect::<Self>())
            .filter(|set| !set.is_empty())
            .ok_or_else(|| AddressSetError { text: bare.chars().take(80).collect() })
    }
}

impl fmt::Display for AddressCount {
    /// The IPv4 count with its thousands apart, and that IPv6 is there too: its number says
    /// nothing to a reader.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.v4, self.v6) {
            (v4, 0) => f.write_str(&grouped(v4)),
            (0, v6) => write!(f, "{} IPv6", power(v6)),
            (v4, v6) => write!(f, "{} IPv4 and {} IPv6", grouped(v4), power(v6)),
        }
    }
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn power(number: u128) -> String {
    if number < 1_000_000 {
        grouped(number)
    } else {
        format!("about 2^{}", (number - 1).ilog2() + 1)
    }
}

fn nets(prefixes: &[&str]) -> AddressSet {
    // The tables below are read by a test, prefix by prefix.
    prefixes.iter().filter_map(|text| text.parse::<IpNet>().ok()).collect()
}

/// RFC 1918, RFC 6598, RFC 4193.
const PRIVATE: &[&str] =
    &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

/// RFC 4291 §2.4 (global unicast as assigned by IANA) and RFC 6052 (NAT64).
const PUBLIC_V6: &[&str] = &["2000::/3", "64:ff9b::/32"];

/// IANA's special-purpose registries (RFC 6890), multicast and reserved space; of IPv6 only what
/// lies within [`PUBLIC_V6`].
const NOT_ROUTABLE: &[&str] = &[
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "2001:20::/28",
    "2001:db8::/32",
    "3fff::/20",
];

#[cfg(test)]
mod tests;
