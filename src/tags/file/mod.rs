//! Microsoft's weekly service tag JSON, and the answer of the Service Tag Discovery API.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::index::{TagId, TagIndex};
use crate::model::AddressSet;

/// One release of one cloud's service tags, indexed.
#[derive(Clone, Debug)]
pub struct ServiceTags {
    cloud: String,
    change_number: u64,
    tags: Vec<ServiceTag>,
    by_name: HashMap<String, TagId>,
    index: TagIndex,
}

/// One tag: a service, or a service in a region (`Storage.WestEurope`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTag {
    /// As Microsoft writes it.
    pub name: String,
    /// Rises whenever the tag's prefixes change; 0 where the file has none.
    pub change_number: u64,
    /// As `westeurope`; empty for a tag of all regions.
    pub region: String,
    /// As `AzureStorage`; empty for tags that are no one service's.
    pub system_service: String,
    /// In the order of the file.
    pub prefixes: Vec<IpNet>,
    /// The same, as a set.
    pub addresses: AddressSet,
}

/// Why bytes are no service tag file.
#[derive(Debug, thiserror::Error)]
pub enum TagFileError {
    /// The bytes are not the expected JSON; serde's message has line and column.
    #[error(
        "no service tag file: {error}; expected Microsoft's weekly JSON, an object with changeNumber, \
         cloud and values (download pages 56519 public, 57063 US government, 57062 China)"
    )]
    Malformed { error: serde_json::Error },
    /// A file without tags would answer every question with "no".
    #[error("the service tag file holds no tags: its values are empty")]
    Empty,
    /// More tags than a set of them can number.
    #[error("the service tag file holds {found} tags; at most {} are read", TagId::LIMIT)]
    TooManyTags { found: usize },
    /// Tag names are compared without case.
    #[error("tag {name} stands twice in the file: as values[{first}] and as values[{second}]")]
    Duplicate {
        name: String,
        /// Its index in `values`.
        first: usize,
        /// The index of the second.
        second: usize,
    },
}

// Not a source: its words are part of the message.
impl From<serde_json::Error> for TagFileError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { error }
    }
}

impl ServiceTags {
    /// Reads and indexes a file: UTF-8, with or without a byte order mark, any line ends.
    ///
    /// # Errors
    /// [`TagFileError`] says what was found, where, and what was expected.
    pub fn parse(bytes: &[u8]) -> Result<Self, TagFileError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let file: TagFile = serde_json::from_slice(bytes)?;
        let tags = file.values.into_iter().map(ServiceTag::from).collect();
        Self::new(file.cloud, file.change_number.0, tags)
    }

    /// Indexes these tags.
    ///
    /// # Errors
    /// [`TagFileError`] where there are none, too many, or two of one name.
    pub fn new(
        cloud: String,
        change_number: u64,
        tags: Vec<ServiceTag>,
    ) -> Result<Self, TagFileError> {
        if tags.is_empty() {
            return Err(TagFileError::Empty);
        }
        let mut by_name = HashMap::with_capacity(tags.len());
        for (index, tag) in tags.iter().enumerate() {
            let id = TagId::new(index).ok_or(TagFileError::TooManyTags { found: tags.len() })?;
            if let Some(first) = by_name.insert(tag.name.to_ascii_lowercase(), id) {
                return Err(TagFileError::Duplicate {
                    name: tag.name.clone(),
                    first: first.index(),
                    second: index,
                });
            }
        }
        let index = TagIndex::new(&tags);
        Ok(Self { cloud, change_number, tags, by_name, index })
    }

    /// As the file says: `Public`, `AzureGovernment`, `China`.
    #[must_use]
    pub fn cloud(&self) -> &str {
        &self.cloud
    }

    /// The release: rises from week to week.
    #[must_use]
    pub const fn change_number(&self) -> u64 {
        self.change_number
    }

    /// Every tag, in the order of the file.
    #[must_use]
    pub fn tags(&self) -> &[ServiceTag] {
        &self.tags
    }

    /// The tag of this name, whatever its case: Azure's rules take both
    /// `AzureCloud.westeurope` and `azurecloud.WestEurope`.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&ServiceTag> {
        let id = self.by_name.get(&name.trim().to_ascii_lowercase())?;
        self.tags.get(id.index())
    }

    /// The tag of this id.
    #[must_use]
    pub fn get(&self, id: TagId) -> Option<&ServiceTag> {
        self.tags.get(id.index())
    }

    /// The tags that hold `address`, in the order of the file.
    #[must_use]
    pub fn holding(&self, address: IpAddr) -> &[TagId] {
        self.index.holding(address)
    }

    /// What of `addresses` each tag holds, tags that hold none left out: most covered first, then
    /// the narrower tag, then by name.
    #[must_use]
    pub fn coverage(&self, addresses: &AddressSet) -> Vec<Coverage<'_>> {
        let mut covering: Vec<_> = self
            .tags
            .iter()
            .map(|tag| Coverage { tag, covered: tag.addresses.intersection(addresses) })
            .filter(|coverage| !coverage.covered.is_empty())
            .collect();
        covering.sort_by_cached_key(|coverage| {
            let (covered, width) = (coverage.covered.count(), coverage.tag.addresses.count());
            let covered = (std::cmp::Reverse(covered.v4), std::cmp::Reverse(covered.v6));
            (covered, width.v4, width.v6, coverage.tag.name.clone())
        });
        covering
    }
}

/// What one tag holds of a set.
#[derive(Clone, Debug)]
pub struct Coverage<'a> {
    pub tag: &'a ServiceTag,
    /// The part of the set that it holds.
    pub covered: AddressSet,
}

impl From<TagValue> for ServiceTag {
    fn from(value: TagValue) -> Self {
        let TagProperties { change_number, region, system_service, address_prefixes } =
            value.properties;
        let prefixes: Vec<_> = address_prefixes.into_iter().map(|prefix| prefix.0).collect();
        Self {
            name: value.name,
            change_number: change_number.0,
            region,
            system_service,
            addresses: prefixes.iter().copied().collect(),
            prefixes,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagFile {
    #[serde(default)]
    change_number: ChangeNumber,
    cloud: String,
    values: Vec<TagValue>,
}

#[derive(Deserialize)]
struct TagValue {
    name: String,
    properties: TagProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagProperties {
    #[serde(default)]
    change_number: ChangeNumber,
    #[serde(default)]
    region: String,
    #[serde(default)]
    system_service: String,
    address_prefixes: Vec<Prefix>,
}

/// A number in the weekly file, a string in the Discovery API.
#[derive(Default)]
struct ChangeNumber(u64);

impl<'de> Deserialize<'de> for ChangeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChangeNumberVisitor;

        impl Visitor<'_> for ChangeNumberVisitor {
            type Value = ChangeNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a change number, as 376 or \"376\"")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<ChangeNumber, E> {
                Ok(ChangeNumber(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ChangeNumber, E> {
                text.parse()
                    .map(ChangeNumber)
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(ChangeNumberVisitor)
    }
}

/// Parsed as it is read, so that an error has its line and column and no text is copied.
struct Prefix(IpNet);

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PrefixVisitor;

        impl Visitor<'_> for PrefixVisitor {
            type Value = Prefix;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address prefix, as \"13.66.143.220/30\" or \"2603:1030::/32\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Prefix, E> {
                text.parse::<IpNet>()
                    .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                    .map(|net| Prefix(net.trunc()))
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(PrefixVisitor)
    }
}

#[cfg(test)]
mod tests;
