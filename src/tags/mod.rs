//! Which addresses the cloud publishes as its own. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

use crate::model::Cloud;

/// The addresses that one cloud publishes: all its service tags together, from a snapshot that
/// the program carries (`examples/azure_ranges.rs` makes it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureRanges {
    date: String,
    v4: Intervals<u32>,
    v6: Intervals<u128>,
}

/// Why a text is no snapshot of ranges.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangesError {
    /// A line that is no prefix.
    #[error("line {line}: '{text}' is no prefix as 20.0.0.0/12")]
    Prefix {
        /// Line, from 1.
        line: usize,
        /// What stands there, shortened.
        text: String,
    },
    /// The header has no `# date:`.
    #[error("no line '# date: YYYY-MM-DD'")]
    Date,
}

impl AzureRanges {
    /// The snapshot of a cloud. Read once per run, when it is first asked for.
    #[must_use]
    pub fn embedded(cloud: Cloud) -> &'static Self {
        static PUBLIC: LazyLock<AzureRanges> =
            LazyLock::new(|| read(include_str!("../../endpoint-lists/azure-ranges.public.txt")));
        static USGOV: LazyLock<AzureRanges> =
            LazyLock::new(|| read(include_str!("../../endpoint-lists/azure-ranges.usgov.txt")));
        static CHINA: LazyLock<AzureRanges> =
            LazyLock::new(|| read(include_str!("../../endpoint-lists/azure-ranges.china.txt")));
        match cloud {
            Cloud::Public => &PUBLIC,
            Cloud::UsGov => &USGOV,
            Cloud::China => &CHINA,
        }
    }

    /// Reads a snapshot: comments, of which one is `# date: YYYY-MM-DD`, and one prefix a line.
    ///
    /// # Errors
    /// [`RangesError`] with the line.
    pub fn parse(text: &str) -> Result<Self, RangesError> {
        let mut date = None;
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                date = date.or_else(|| comment.trim().strip_prefix("date:"));
                continue;
            }
            if line.is_empty() {
                continue;
            }
            match line.parse() {
                Ok(IpNet::V4(net)) => v4.push((net.network().to_bits(), net.broadcast().to_bits())),
                Ok(IpNet::V6(net)) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
                Err(_) => {
                    let text = line.chars().take(80).collect();
                    return Err(RangesError::Prefix { line: index + 1, text });
                }
            }
        }
        let date = date.ok_or(RangesError::Date)?.trim().to_owned();
        Ok(Self { date, v4: Intervals::new(v4), v6: Intervals::new(v6) })
    }

    /// Whether the cloud publishes `address`. An IPv4 address within an IPv6 one counts as what it
    /// is: mapped (RFC 4291 §2.5.5.2) or translated (RFC 6052).
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contains(address.to_bits()),
            IpAddr::V6(address) => match embedded_v4(address) {
                Some(address) => self.v4.contains(address.to_bits()),
                None => self.v6.contains(address.to_bits()),
            },
        }
    }

    /// The day of the snapshot, as `2025-11-17`.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.date
    }
}

/// Disjoint inclusive intervals in order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Intervals<T>(Vec<(T, T)>);

impl<T: Ord + Copy> Intervals<T> {
    fn new(mut intervals: Vec<(T, T)>) -> Self {
        intervals.sort_unstable();
        let mut disjoint: Vec<(T, T)> = Vec::with_capacity(intervals.len());
        for (first, last) in intervals {
            match disjoint.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => disjoint.push((first, last)),
            }
        }
        Self(disjoint)
    }

    fn contains(&self, value: T) -> bool {
        let n_begun = self.0.partition_point(|(first, _)| *first <= value);
        n_begun.checked_sub(1).is_some_and(|index| value <= self.0[index].1)
    }
}

fn read(text: &str) -> AzureRanges {
    match AzureRanges::parse(text) {
        Ok(ranges) => ranges,
        Err(error) => unreachable!("the embedded ranges are tested to be valid: {error}"),
    }
}

fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
    let segments = address.segments();
    if segments[..6] == NAT64 {
        let [.., high, low] = segments;
        return Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    }
    address.to_ipv4_mapped()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn snapshots_are_dated_and_whole() {
        for (cloud, date, n_v4, n_v6) in [
            (Cloud::Public, "2025-11-17", 1907, 1241),
            (Cloud::UsGov, "2026-07-20", 186, 108),
            (Cloud::China, "2026-07-20", 171, 46),
        ] {
            let ranges = AzureRanges::embedded(cloud);
            assert_eq!(ranges.date(), date, "{cloud}");
            assert_eq!((ranges.v4.0.len(), ranges.v6.0.len()), (n_v4, n_v6), "{cloud}");
        }
    }

    #[test]
    fn the_snapshots_are_neither_more_nor_less_than_their_sources() {
        let shared = std::env::var_os("PATHPROOF_SHARED").map_or_else(
            || std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
            std::path::PathBuf::from,
        );
        for (cloud, file) in [
            (Cloud::Public, "public-2025-11-17.json"),
            (Cloud::UsGov, "usgov-2026-07-20.json"),
            (Cloud::China, "china-2026-07-20.json"),
        ] {
            let path = shared.join("data/service-tags").join(file);
            let Ok(text) = std::fs::read_to_string(&path) else {
                eprintln!("skipped: {} is not there", path.display());
                continue;
            };
            let file: serde_json::Value =
                serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            let tags = file["values"].as_array().unwrap().iter();
            let prefixes =
                tags.flat_map(|tag| tag["properties"]["addressPrefixes"].as_array().unwrap());
            let lines: Vec<&str> = prefixes.map(|prefix| prefix.as_str().unwrap()).collect();
            assert!(lines.len() > 1000, "{}", path.display());
            let source = AzureRanges::parse(&format!("# date: -\n{}", lines.join("\n"))).unwrap();
            // Sets of intervals are equal if they agree at each other's borders.
            let ranges = AzureRanges::embedded(cloud);
            for (first, last) in [&ranges.v4.0[..], &source.v4.0].concat() {
                for at in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
                    assert_eq!(ranges.v4.contains(at), source.v4.contains(at), "{cloud} {at:x}");
                }
            }
            for (first, last) in [&ranges.v6.0[..], &source.v6.0].concat() {
                for at in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
                    assert_eq!(ranges.v6.contains(at), source.v6.contains(at), "{cloud} {at:x}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_snapshot_names_the_line() {
        for (text, expected) in [
            ("10.0.0.0/8", "# date"),
            ("# date: 2025-11-17\n\n10.0.0.0/33", "line 3: '10.0.0.0/33'"),
            ("# date: 2025-11-17\n10.0.0.1", "line 2: '10.0.0.1'"),
        ] {
            let error = AzureRanges::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn intervals_hold_what_their_prefixes_hold(
            nets in prop::collection::vec((any::<u16>(), 20_u8..=32), 0..20),
            address in any::<u16>(),
        ) {
            // All within 10.0.0.0/16, so that they meet.
            let net = |(low, length): &(u16, u8)| {
                let address = Ipv4Addr::from_bits(0x0a00_0000 | u32::from(*low));
                ipnet::Ipv4Net::new(address, *length).unwrap()
            };
            let nets: Vec<ipnet::Ipv4Net> = nets.iter().map(net).collect();
            let lines: Vec<String> = nets.iter().map(ToString::to_string).collect();
            let text = format!("# date: 2025-11-17\n{}", lines.join("\n"));
            let ranges = AzureRanges::parse(&text).unwrap();
            let address = Ipv4Addr::from_bits(0x0a00_0000 | u32::from(address));
            let expected = nets.iter().any(|net| net.contains(&address));
            prop_assert_eq!(ranges.contains(IpAddr::V4(address)), expected);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = AzureRanges::parse(&text);
        }
    }
}
