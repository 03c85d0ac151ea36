//! Service tags as the program carries them: the tags that matter here and what the cloud
//! publishes in all, packed and without loss. `examples/service_tags.rs` makes the files.
//!
//! A file is the line `pathproof tags 1`, a line each for cloud, change number and date, then
//! numbers of seven bits a byte, least first, the eighth set on all but the last: all published
//! addresses as a set, the number of tags, and for each its name, change number, region, service
//! and set. A text is its length and its bytes. A set is the number of its IPv4 runs, for each the
//! distance of its first address from the last one before (from 0 for the first run) and its
//! length less one, and the same for IPv6.

use std::sync::LazyLock;

use super::file::{ServiceTag, ServiceTags, TagFileError};
use crate::model::{AddressSet, Cloud, Number, Ranges};

/// A snapshot of one cloud's service tags.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The day of the file it was made from, as `2025-11-17`.
    pub date: String,
    /// Every address that any tag of that file holds.
    pub published: AddressSet,
    /// The tags that were kept. A tag that is not here may well exist.
    pub tags: ServiceTags,
}

/// Why bytes are no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The first line is another.
    #[error("no snapshot of service tags: the first line is not '{HEADING}'")]
    Heading,
    /// The bytes end too early, or a number or a text is out of bounds.
    #[error("a snapshot of service tags that breaks at byte {offset}")]
    Broken {
        /// The offset from the beginning of the bytes.
        offset: usize,
    },
    /// The tags contradict each other.
    #[error(transparent)]
    Tags(#[from] TagFileError),
}

const HEADING: &str = "pathproof tags 1";

impl Snapshot {
    /// The embedded snapshot of a cloud. Read when it is first asked for.
    #[must_use]
    pub fn embedded(cloud: Cloud) -> &'static Self {
        static PUBLIC: LazyLock<Snapshot> = LazyLock::new(|| Snapshot::read(Cloud::Public));
        static USGOV: LazyLock<Snapshot> = LazyLock::new(|| Snapshot::read(Cloud::UsGov));
        static CHINA: LazyLock<Snapshot> = LazyLock::new(|| Snapshot::read(Cloud::China));
        match cloud {
            Cloud::Public => &PUBLIC,
            Cloud::UsGov => &USGOV,
            Cloud::China => &CHINA,
        }
    }

    /// The day of the embedded snapshot of a cloud, of which nothing else is read.
    #[must_use]
    pub fn embedded_date(cloud: Cloud) -> String {
        match (SnapshotReader { bytes: Self::bytes(cloud), at: 0 }).heading() {
            Ok(heading) => heading.date,
            Err(error) => unreachable!("the embedded snapshots are tested to be valid: {error}"),
        }
    }

    fn read(cloud: Cloud) -> Self {
        match Self::decode(Self::bytes(cloud)) {
            Ok(snapshot) => snapshot,
            Err(error) => unreachable!("the embedded snapshots are tested to be valid: {error}"),
        }
    }

    pub(super) const fn bytes(cloud: Cloud) -> &'static [u8] {
        match cloud {
            Cloud::Public => include_bytes!("../../endpoint-lists/service-tags.public.bin"),
            Cloud::UsGov => include_bytes!("../../endpoint-lists/service-tags.usgov.bin"),
            Cloud::China => include_bytes!("../../endpoint-lists/service-tags.china.bin"),
        }
    }

    /// Packs the tags that `keep` accepts of a file of that day, and every address that the file
    /// publishes.
    #[must_use]
    pub fn encode(tags: &ServiceTags, date: &str, keep: impl Fn(&str) -> bool) -> Vec<u8> {
        let heading = format!("{HEADING}\n{}\n{}\n{date}\n", tags.cloud(), tags.change_number());
        let mut writer = SnapshotWriter(heading.into_bytes());
        writer.set(&tags.tags().iter().map(|tag| &tag.addresses).collect());
        let kept: Vec<_> = tags.tags().iter().filter(|tag| keep(&tag.name)).collect();
        writer.count(kept.len());
        for tag in kept {
            writer.text(&tag.name);
            writer.number(tag.change_number.into());
            writer.text(&tag.region);
            writer.text(&tag.system_service);
            writer.set(&tag.addresses);
        }
        writer.0
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`] says where it breaks.
    pub fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut reader = SnapshotReader { bytes, at: 0 };
        let Heading { cloud, change_number, date } = reader.heading()?;
        let published = reader.set()?;
        let n_tags = reader.count()?;
        let mut tags = Vec::new();
        for _ in 0..n_tags {
            let name = reader.text()?;
            let change_number = reader.number()?;
            let region = reader.text()?;
            let system_service = reader.text()?;
            let addresses = reader.set()?;
            tags.push(ServiceTag {
                name,
                change_number: change_number.try_into().map_err(|_| reader.broken())?,
                region,
                system_service,
                prefixes: addresses.prefixes(),
                addresses,
            });
        }
        Ok(Self { date, published, tags: ServiceTags::new(cloud, change_number, tags)? })
    }

    /// Reads only the date and what is published: enough to tell whether an address is Azure's.
    pub(super) fn published(bytes: &[u8]) -> Result<(String, AddressSet), SnapshotError> {
        let mut reader = SnapshotReader { bytes, at: 0 };
        let Heading { date, .. } = reader.heading()?;
        Ok((date, reader.set()?))
    }
}

struct SnapshotWriter(Vec<u8>);

impl SnapshotWriter {
    fn number(&mut self, mut number: u128) {
        loop {
            // Seven bits fit a byte.
            let low = (number & 0x7f) as u8;
            number >>= 7;
            if number == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }

    fn count(&mut self, count: usize) {
        self.number(count as u128);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn set(&mut self, set: &AddressSet) {
        self.runs(set.v4());
        self.runs(set.v6());
    }

    fn runs<T: Number>(&mut self, ranges: &Ranges<T>) {
        self.count(ranges.runs().len());
        let mut before = 0;
        for (first, last) in ranges.runs() {
            self.number(first.widen() - before);
            self.number(last.widen() - first.widen());
            before = last.widen();
        }
    }
}

struct Heading {
    cloud: String,
    change_number: u64,
    date: String,
}

struct SnapshotReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl SnapshotReader<'_> {
    fn heading(&mut self) -> Result<Heading, SnapshotError> {
        if self.line().is_none_or(|line| line != HEADING) {
            return Err(SnapshotError::Heading);
        }
        let cloud = self.line();
        let change_number = self.line().and_then(|line| line.parse().ok());
        match (cloud, change_number, self.line()) {
            (Some(cloud), Some(change_number), Some(date)) => {
                Ok(Heading { cloud, change_number, date })
            }
            _ => Err(self.broken()),
        }
    }

    fn line(&mut self) -> Option<String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        self.at += end + 1;
        String::from_utf8(rest[..end].to_vec()).ok()
    }

    fn number(&mut self) -> Result<u128, SnapshotError> {
        let mut number = 0_u128;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or_else(|| self.broken())?;
            self.at += 1;
            number |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.broken())
    }

    /// How many of something that takes a byte at least: never more than bytes are left, so that
    /// a broken number reserves no memory.
    fn count(&mut self) -> Result<usize, SnapshotError> {
        let count = self.number()?;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.bytes.len() - self.at)
            .ok_or_else(|| self.broken())
    }

    fn text(&mut self) -> Result<String, SnapshotError> {
        let length = self.count()?;
        let text = &self.bytes[self.at..self.at + length];
        self.at += length;
        String::from_utf8(text.to_vec()).map_err(|_| self.broken())
    }

    fn set(&mut self) -> Result<AddressSet, SnapshotError> {
        let v4 = self.runs(u128::from(u32::MAX))?;
        let narrow = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
        let v4 = v4.into_iter().map(|(first, last)| (narrow(first), narrow(last))).collect();
        let v6 = self.runs(u128::MAX)?;
        Ok(AddressSet::from_ranges(v4, v6.into_iter().collect()))
    }

    fn runs(&mut self, greatest: u128) -> Result<Vec<(u128, u128)>, SnapshotError> {
        let count = self.count()?;
        let mut runs = Vec::with_capacity(count);
        let mut before = 0_u128;
        for _ in 0..count {
            let first = before.checked_add(self.number()?);
            let length = self.number()?;
            let run = first.and_then(|first| Some((first, first.checked_add(length)?)));
            let (first, last) =
                run.filter(|(_, last)| *last <= greatest).ok_or_else(|| self.broken())?;
            runs.push((first, last));
            before = last;
        }
        Ok(runs)
    }

    const fn broken(&self) -> SnapshotError {
        SnapshotError::Broken { offset: self.at }
    }
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::*;

    fn tags(list: &[(String, Vec<IpNet>)]) -> ServiceTags {
        let tag = |(name, prefixes): &(String, Vec<IpNet>)| ServiceTag {
            name: name.clone(),
            change_number: 7,
            region: "westeurope".to_owned(),
            system_service: "AzureStorage".to_owned(),
            addresses: prefixes.iter().copied().collect(),
            prefixes: prefixes.clone(),
        };
        ServiceTags::new("Public".to_owned(), 376, list.iter().map(tag).collect()).unwrap()
    }

    #[test]
    fn embedded_snapshots_hold_what_is_needed_here() {
        for (cloud, name) in
            [(Cloud::Public, "Public"), (Cloud::UsGov, "AzureGovernment"), (Cloud::China, "China")]
        {
            let snapshot = Snapshot::embedded(cloud);
            assert_eq!(snapshot.tags.cloud(), name);
            for tag in ["AzureCloud", "DataFactory", "DataFactoryManagement", "Storage", "Sql"] {
                assert!(snapshot.tags.tag(tag).is_some(), "{cloud} {tag}");
            }
        }
        let tags = &Snapshot::embedded(Cloud::Public).tags;
        assert!(tags.tag("azurecloud.WESTEUROPE").is_some());
        assert!(tags.tag("AzureFrontDoor.Backend").is_some());
        let bytes: usize = Cloud::ALL.map(|cloud| Snapshot::bytes(cloud).len()).iter().sum();
        assert!(bytes < 600 << 10, "{bytes} bytes are embedded");
    }

    /// Each snapshot against a window of the file it was made from.
    #[test]
    fn embedded_snapshots_lose_nothing() {
        macro_rules! captured {
            ($file:literal) => {
                include_bytes!(concat!("../../tests/data/service-tags/", $file)).as_slice()
            };
        }
        for (cloud, bytes, window) in [
            (
                Cloud::Public,
                captured!("public-2025-11-17.json"),
                ["40.78.224.0/19", "2603:1030:210::/47"],
            ),
            (
                Cloud::UsGov,
                captured!("usgov-2026-07-20.json"),
                ["20.140.0.0/16", "2001:489a:3200::/46"],
            ),
            (
                Cloud::China,
                captured!("china-2026-07-20.json"),
                ["40.72.0.0/16", "2406:e500:4000::/36"],
            ),
        ] {
            let window: AddressSet =
                window.iter().map(|net| net.parse::<IpNet>().unwrap()).collect();
            let (source, snapshot) =
                (ServiceTags::parse(bytes).unwrap(), Snapshot::embedded(cloud));
            assert_eq!(snapshot.tags.change_number(), source.change_number());
            let all: AddressSet = source.tags().iter().map(|tag| &tag.addresses).collect();
            assert!(!all.is_empty());
            assert_eq!(snapshot.published.intersection(&window), all);
            assert!(snapshot.tags.tags().len() > 30);
            let mut n_compared = 0;
            for tag in snapshot.tags.tags() {
                let inside = tag.addresses.intersection(&window);
                let Some(own) = source.tag(&tag.name) else {
                    assert!(inside.is_empty(), "{cloud} {}", tag.name);
                    continue;
                };
                assert_eq!((&inside, tag.change_number), (&own.addresses, own.change_number));
                n_compared += 1;
            }
            assert!(n_compared > 10, "{cloud}: {n_compared}");
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_is_read_again(
            sets in proptest::collection::vec(proptest::collection::vec(
                (any::<u128>(), 0_u8..=128, any::<bool>()), 0..8), 1..6),
        ) {
            let list: Vec<_> = sets
                .iter()
                .enumerate()
                .map(|(number, nets)| {
                    let nets = nets.iter().map(|(bits, length, is_v4)| {
                        let net = if *is_v4 {
                            let bits = u32::try_from(*bits >> 96).unwrap();
                            format!("{}/{}", std::net::Ipv4Addr::from_bits(bits), length % 33)
                        } else {
                            format!("{}/{length}", std::net::Ipv6Addr::from_bits(*bits))
                        };
                        net.parse::<IpNet>().unwrap()
                    });
                    (format!("Tag{number}"), nets.collect())
                })
                .collect();
            let tags = tags(&list);
            let bytes = Snapshot::encode(&tags, "2025-11-17", |name| name != "Tag3");
            let read = Snapshot::decode(&bytes).unwrap();
            prop_assert_eq!(read.date, "2025-11-17");
            let published = tags.tags().iter().map(|tag| &tag.addresses).collect();
            prop_assert_eq!(&read.published, &published);
            for tag in tags.tags().iter().filter(|tag| tag.name != "Tag3") {
                prop_assert_eq!(&read.tags.tag(&tag.name).unwrap().addresses, &tag.addresses);
            }
            prop_assert!(read.tags.tag("Tag3").is_none());
            // Cut anywhere it is refused, never read as less.
            for end in 0..bytes.len() {
                prop_assert!(Snapshot::decode(&bytes[..end]).is_err());
            }
        }

        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut file = format!("{HEADING}\nPublic\n1\n2025-11-17\n").into_bytes();
            file.extend(bytes);
            let _ = Snapshot::decode(&file);
        }
    }
}
