//! Whose placeholders a redacted report holds, and so what of it may be compared with others.

use std::net::IpAddr;

use serde::Serialize;

use super::facts::WayPart;
use crate::report_v1::Report;

/// So many digits has a placeholder that follows from a key; others are counted from 1.
const KEYED_DIGITS: usize = 8;

/// In which reports a placeholder such as `relay-1` stands for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Placeholders {
    /// The report is not redacted: it holds the names themselves.
    #[default]
    None,
    /// In all that were redacted with the same key (`--redact-key`), or together. Another key gives
    /// other placeholders.
    Shared,
    /// In this report alone.
    Own,
}

impl Placeholders {
    pub(super) fn of(report: &Report) -> Self {
        let Some(redacted) = &report.run.redacted else { return Self::None };
        let own = &*report.run.vantage.hostname;
        let label = redacted.addresses.first().map_or(own, |one| &one.label);
        let digits = label.rsplit('-').next().unwrap_or_default();
        let is_keyed =
            digits.len() >= KEYED_DIGITS && digits.chars().all(|c| c.is_ascii_hexdigit());
        if is_keyed { Self::Shared } else { Self::Own }
    }
}

/// What a report names by placeholders of its own; nothing where it holds none.
#[derive(Debug, Default)]
pub(super) struct OwnNames<'a> {
    is_any: bool,
    /// Its addresses that stand for others.
    addresses: Vec<&'a str>,
}

impl<'a> OwnNames<'a> {
    pub(super) fn of(report: &'a Report, placeholders: Placeholders) -> Self {
        let redacted = report.run.redacted.as_ref();
        match redacted.filter(|_| placeholders == Placeholders::Own) {
            Some(redacted) => Self {
                is_any: true,
                addresses: redacted.addresses.iter().map(|one| &*one.shown).collect(),
            },
            None => Self::default(),
        }
    }

    /// Whether `part` is another one in another report of the same words.
    pub(super) fn hold(&self, part: &WayPart) -> bool {
        match part {
            WayPart::Resolver(address)
            | WayPart::Source(address)
            | WayPart::Destination(address) => self.hold_address(*address),
            WayPart::Proxy(Some(text))
            | WayPart::RouteRule(text)
            | WayPart::RuntimeVersion(text)
            | WayPart::Name(text)
            | WayPart::Issuer(text) => self.hold_text(text),
            // What Azure calls a deployment stays.
            WayPart::Proxy(None) | WayPart::Deployment(_) => false,
        }
    }

    fn hold_address(&self, address: IpAddr) -> bool {
        self.is_any && self.addresses.iter().any(|one| one.parse() == Ok(address))
    }

    /// Whether a placeholder stands in `text`.
    pub(super) fn hold_text(&self, text: &str) -> bool {
        let is_of_label = |c: char| c.is_ascii_alphanumeric() || c == '-';
        self.is_any
            && (text.split(|c| !is_of_label(c)).any(is_counted)
                || self.addresses.iter().any(|address| text.contains(address)))
    }
}

/// `relay-1`: a kind and a number that was counted. A service's own label of this form is taken for
/// one too, which loses a comparison and invents none.
fn is_counted(label: &str) -> bool {
    label.rsplit_once('-').is_some_and(|(kind, count)| {
        kind.starts_with(|c: char| c.is_ascii_lowercase())
            && !count.starts_with('0')
            && count.parse::<usize>().is_ok()
    })
}
