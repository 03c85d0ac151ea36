//! The names of a runtime's own services: its control hosts, frontends and relays, in every cloud.

use std::collections::BTreeSet;

use crate::list::{self, HostPattern};
use crate::model::{Cloud, Host, HostName, Role};

/// The list whose names the runtime uses.
const LIST: &str = "adf-shir";

/// What the names of a runtime look like, by the embedded lists.
#[derive(Clone, Debug)]
pub struct RuntimeNames {
    known: Vec<(RuntimeName, HostPattern)>,
}

/// What a name is to the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeName {
    pub cloud: Cloud,
    /// The entry of the list.
    pub entry: String,
    pub role: Role,
}

impl RuntimeNames {
    /// What the embedded lists of all clouds say.
    #[must_use]
    pub fn embedded() -> Self {
        let lists =
            Cloud::ALL.into_iter().filter_map(|cloud| Some((cloud, list::find(LIST, cloud).ok()?)));
        let known = lists
            .flat_map(|(cloud, list)| list.entries.into_iter().map(move |entry| (cloud, entry)))
            .filter(|(_, entry)| matches!(entry.role, Role::Control | Role::Frontend | Role::Relay))
            .map(|(cloud, entry)| {
                (RuntimeName { cloud, entry: entry.id, role: entry.role }, entry.host)
            })
            .collect();
        Self { known }
    }

    /// What `host` is to a runtime; `None` for the names of others.
    #[must_use]
    pub fn of(&self, host: &HostName) -> Option<&RuntimeName> {
        let host = Host::Name(host.clone());
        let mut known = self.known.iter();
        known.find(|(_, pattern)| pattern.covers(&host)).map(|(name, _)| name)
    }

    /// The runtime's names in a text, each once.
    #[must_use]
    pub fn in_text(&self, text: &str) -> BTreeSet<HostName> {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        text.split(|c| !is_of_name(c))
            .map(|word| word.trim_matches('.'))
            // Shorter than any of them, and longer than DNS has names.
            .filter(|word| (16..=253).contains(&word.len()) && word.contains('.'))
            .filter_map(|word| HostName::parse(word).ok())
            .filter(|host| self.of(host).is_some())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_texts_hold_them() {
        let names = RuntimeNames::embedded();
        for (text, expected) in [
            (
                "cannot connect to https://We.Frontend.clouddatahub.net:443/x.",
                &["we.frontend.clouddatahub.net"][..],
            ),
            (
                "(a.servicebus.windows.net, g3-prod-am3-006-sb.servicebus.windows.net)",
                &["a.servicebus.windows.net", "g3-prod-am3-006-sb.servicebus.windows.net"],
            ),
            (
                "MyAdf.WestEurope.datafactory.azure.net.",
                &["myadf.westeurope.datafactory.azure.net"],
            ),
            ("chinae2.frontend.datamovement.azure.cn", &["chinae2.frontend.datamovement.azure.cn"]),
            ("servicebus.windows.net download.microsoft.com *.servicebus.windows.net", &[]),
            ("a.servicebus.windows.net.contoso.com", &[]),
            ("westeurope.datafactory.azure.net", &[]),
            ("", &[]),
        ] {
            let found = names.in_text(text);
            assert_eq!(found.iter().map(HostName::as_str).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
