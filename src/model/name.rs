//! Host names as people paste them, and as the network needs them.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// What an endpoint is reached by: a name, or an address given literally.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    Name(HostName),
    /// An IP literal: nothing is resolved for it.
    Address(IpAddr),
}

impl Host {
    /// Reads a name or an IP literal (IPv6 with or without brackets).
    ///
    /// # Errors
    /// [`NameError`] where the text is neither.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let bare = text.trim();
        let unbracketed =
            bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(bare);
        match unbracketed.parse::<IpAddr>() {
            Ok(address) => Ok(Self::Address(address)),
            Err(_) => HostName::parse(bare).map(Self::Name),
        }
    }

    /// The name, where it is one.
    #[must_use]
    pub const fn name(&self) -> Option<&HostName> {
        match self {
            Self::Name(name) => Some(name),
            Self::Address(_) => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A DNS host name: lower case, A-labels (IDNA, UTS 46), without a trailing dot, at most 253
/// bytes with labels of 1 to 63 (RFC 1035 §2.3.4). Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(Arc<str>);

/// Why a text is no host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("the host name is empty")]
    Empty,
    /// A character that no host name holds.
    #[error("'{name}' holds {found:?}, which no host name may hold")]
    Character {
        /// The text as given, shortened.
        name: String,
        /// The first offending character.
        found: char,
    },
    /// Two dots in a row, or a dot in front.
    #[error("'{0}' has an empty label: two dots in a row, or a dot in front")]
    EmptyLabel(String),
    /// RFC 1035 §2.3.4: 63 bytes a label.
    #[error("label '{label}' of '{name}' is longer than 63 bytes")]
    LabelTooLong {
        /// The text as given, shortened.
        name: String,
        /// The label, shortened for the message.
        label: String,
    },
    /// RFC 1035 §2.3.4: 253 bytes without the trailing dot.
    #[error("the name '{name}' has {length} bytes; a host name has at most 253")]
    TooLong {
        /// The beginning of the name.
        name: String,
        /// Its length in bytes.
        length: usize,
    },
    /// Not convertible to A-labels (UTS 46).
    #[error("'{0}' is no valid internationalised name (UTS 46)")]
    Idna(String),
}

impl HostName {
    /// Reads a name: blanks around it and one trailing dot are dropped, case is folded, IDN is
    /// converted to A-labels. Underscores are accepted, as DNS names of services carry them.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Saved records hold millions of names, each as this wrote it.
        if is_canonical(text) {
            return Ok(Self(Arc::from(text)));
        }
        let trimmed = text.trim();
        let bare = trimmed.strip_suffix('.').unwrap_or(trimmed);
        if bare.is_empty() {
            return Err(NameError::Empty);
        }
        // Checked before IDNA, whose work grows with the text's length.
        if bare.len() > 4 * 253 {
            return Err(NameError::TooLong { name: shorten(bare), length: bare.len() });
        }
        if let Some(found) = bare.chars().find(|c| {
            c.is_whitespace() || c.is_control() || (c.is_ascii() && !is_host_byte(*c as u8))
        }) {
            return Err(NameError::Character { name: shorten(bare), found });
        }
        let ascii = if bare.is_ascii() {
            bare.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(bare).map_err(|_| NameError::Idna(shorten(bare)))?
        };
        // The mapping of UTS 46 can bring forth what no host name holds, a blank for one.
        if !ascii.bytes().all(is_host_byte) {
            return Err(NameError::Idna(shorten(bare)));
        }
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        if ascii.len() > 253 {
            return Err(NameError::TooLong { name: shorten(ascii), length: ascii.len() });
        }
        for label in ascii.split('.') {
            if label.is_empty() {
                return Err(NameError::EmptyLabel(shorten(bare)));
            }
            if label.len() > 63 {
                return Err(NameError::LabelTooLong { name: shorten(bare), label: shorten(label) });
            }
        }
        Ok(Self(Arc::from(ascii)))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels, leftmost first.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// What follows the first label, if anything does.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.0.split_once('.').map(|(_, parent)| parent)
    }

    /// Whether this is `domain` or below it (`a.b.c` is within `b.c`).
    #[must_use]
    pub fn is_within(&self, domain: &str) -> bool {
        let domain = domain.trim_end_matches('.');
        self.0.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    }

    /// Whether one of its labels is `privatelink`: a name of Azure Private Link.
    #[must_use]
    pub fn is_privatelink(&self) -> bool {
        self.labels().any(|label| label == "privatelink")
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl Serialize for HostName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A name is checked while it is read, so that an error has its position.
impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = HostName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a host name")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HostName, E> {
                HostName::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Whether parsing would change nothing and find nothing wrong: one look at each byte.
fn is_canonical(text: &str) -> bool {
    let mut label = 0;
    let is_made_of_labels = text.bytes().all(|byte| {
        label = if byte == b'.' { 0 } else { label + 1 };
        is_host_byte(byte) && !byte.is_ascii_uppercase() && label <= 63
    });
    let has_empty = text.starts_with('.') || label == 0 || text.contains("..");
    is_made_of_labels && !has_empty && text.len() <= 253
}

const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn shorten(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_made_canonical() {
        for (given, expected) in [
            (" WE.Frontend.clouddatahub.NET. ", "we.frontend.clouddatahub.net"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("_sip._tcp.contoso.com", "_sip._tcp.contoso.com"),
        ] {
            assert_eq!(HostName::parse(given).unwrap().as_str(), expected, "{given}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        let label = "a".repeat(64);
        let long = format!("{}.net", ["abcdefgh"; 40].join("."));
        for (given, expected) in [
            ("", "empty"),
            (".", "empty"),
            ("a b.net", "' '"),
            ("*.servicebus.windows.net", "'*'"),
            ("a..net", "two dots"),
            (label.as_str(), "63"),
            (long.as_str(), "253"),
            ("https://x", "':'"),
            ("\u{fe72}.example", "no valid internationalised"),
        ] {
            let error = HostName::parse(given).unwrap_err().to_string();
            assert!(error.contains(expected), "{given}: {error}");
        }
    }

    proptest! {
        /// A blank in front changes nothing but the way through the parser.
        #[test]
        fn canonical_names_are_what_the_parser_makes(
            text in prop_oneof![
                "[a-zA-Z0-9_.-]{0,12}",
                "([a-z0-9]{60,66}\\.?){0,5}",
                any::<String>(),
            ],
        ) {
            let quick = HostName::parse(&text);
            prop_assert_eq!(&quick, &HostName::parse(&format!(" {text}")));
            prop_assert!(quick.is_ok() || !is_canonical(&text));
            prop_assert!(quick.is_err() || is_canonical(quick.unwrap().as_str()));
        }
    }

    #[test]
    fn within_respects_label_borders() {
        let name = HostName::parse("a.b.c").unwrap();
        assert!(name.is_within("b.c") && name.is_within("a.b.c"));
        assert!(!name.is_within(".b.c") && !name.is_within("x.b.c"));
        assert!(!HostName::parse("ab.c").unwrap().is_within("b.c"));
    }

    #[test]
    fn ip_literals_are_hosts() {
        assert_eq!(Host::parse("[::1]").unwrap(), Host::Address("::1".parse().unwrap()));
        assert_eq!(Host::parse("10.0.0.1").unwrap().to_string(), "10.0.0.1");
    }
}
