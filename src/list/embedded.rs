//! The endpoint lists that are part of the program.

use super::entry::EndpointList;
use super::suggest::{did_you_mean, nearest};
use super::syntax;
use crate::model::Cloud;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbeddedList {
    /// The id that users give, such as `adf-shir`.
    pub id: &'static str,
    pub cloud: Cloud,
    /// The name of its file in `endpoint-lists/`.
    pub file: &'static str,
    /// The TOML text of the list.
    pub text: &'static str,
}

impl EmbeddedList {
    /// Parses the list.
    #[must_use]
    pub fn list(&self) -> EndpointList {
        match syntax::parse(self.text, self.file) {
            Ok(list) => list,
            Err(errors) => unreachable!("embedded lists are tested to be valid: {errors}"),
        }
    }
}

/// The error of asking for an embedded list that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownList {
    /// No cloud has a list of this id.
    #[error(
        "no embedded list '{id}'{}; there are {}. A file of your own is given by its path",
        did_you_mean(*.suggestion),
        ids().join(", ")
    )]
    Id {
        /// The given id, shortened.
        id: String,
        suggestion: Option<&'static str>,
    },
    /// Other clouds have a list of this id.
    #[error(
        "the list '{id}' does not exist for the cloud {cloud}, only for {}: Microsoft documents \
         no names for it there. Names that you know can be given by --endpoint or by a list of \
         your own",
        words(.clouds)
    )]
    Cloud {
        id: &'static str,
        cloud: Cloud,
        /// The clouds that have it.
        clouds: Vec<Cloud>,
    },
}

/// Every embedded list, by id, then by cloud.
#[must_use]
pub const fn embedded() -> &'static [EmbeddedList] {
    EMBEDDED
}

/// The day of the newest document that an embedded list is taken from. The lists are not parsed
/// for it: the program says it beside its version.
#[must_use]
pub fn newest_source() -> Option<&'static str> {
    let lines = EMBEDDED.iter().flat_map(|list| list.text.lines());
    lines.filter_map(|line| line.strip_prefix("date = ")).max()
}

/// The embedded list of this id and cloud.
///
/// # Errors
/// [`UnknownList`] with the ids or clouds that exist.
pub fn find(id: &str, cloud: Cloud) -> Result<EndpointList, UnknownList> {
    if let Some(found) = EMBEDDED.iter().find(|list| list.id == id && list.cloud == cloud) {
        return Ok(found.list());
    }
    let of_id = || EMBEDDED.iter().filter(|list| list.id == id);
    match of_id().next() {
        Some(list) => Err(UnknownList::Cloud {
            id: list.id,
            cloud,
            clouds: of_id().map(|list| list.cloud).collect(),
        }),
        None => Err(UnknownList::Id {
            id: id.chars().take(80).collect(),
            suggestion: nearest(id, EMBEDDED.iter().map(|list| list.id))
                .and_then(|near| ids().into_iter().find(|id| *id == near)),
        }),
    }
}

macro_rules! list {
    ($id:literal, $cloud:ident, $file:literal) => {
        EmbeddedList {
            id: $id,
            cloud: Cloud::$cloud,
            file: $file,
            text: include_str!(concat!("../../endpoint-lists/", $file)),
        }
    };
}

const EMBEDDED: &[EmbeddedList] = &[
    list!("adf-shir", Public, "adf-shir.public.toml"),
    list!("adf-shir", UsGov, "adf-shir.usgov.toml"),
    list!("adf-shir", China, "adf-shir.china.toml"),
    list!("synapse-shir", Public, "synapse-shir.public.toml"),
    list!("synapse-shir", UsGov, "synapse-shir.usgov.toml"),
    list!("synapse-shir", China, "synapse-shir.china.toml"),
    list!("purview-shir", Public, "purview-shir.public.toml"),
];

/// The ids, each once.
fn ids() -> Vec<&'static str> {
    let mut ids: Vec<&str> = EMBEDDED.iter().map(|list| list.id).collect();
    ids.dedup();
    ids
}

fn words(clouds: &[Cloud]) -> String {
    clouds.iter().map(|cloud| cloud.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::HostPattern;
    use crate::model::{Kind, Reach, Role};

    #[test]
    fn every_list_is_what_its_file_name_says() {
        for embedded in embedded() {
            let list = embedded.list();
            assert_eq!(
                (list.id.as_str(), list.cloud, embedded.file),
                (
                    embedded.id,
                    Some(embedded.cloud),
                    format!("{}.{}.toml", embedded.id, embedded.cloud).as_str()
                )
            );
            for entry in &list.entries {
                let name = format!("{} {}", embedded.file, entry.id);
                for (key, text) in
                    [("purpose", &entry.purpose), ("source", &entry.source), ("note", &entry.note)]
                {
                    assert!(!text.is_empty(), "{name} has no {key}");
                }
                assert!(!entry.expect.service_domains.is_empty(), "{name}");
                if let HostPattern::Wildcard(_) = &entry.host {
                    assert!(
                        entry.group.is_some() != entry.required,
                        "{name}: a wildcard of a group cannot be required"
                    );
                }
            }
        }
    }

    #[test]
    fn the_contracts_entries_are_there() {
        let required = |id, cloud, entry| {
            find(id, cloud).unwrap().entry(entry).map(|e| (e.required, e.group.is_none()))
        };
        for (id, cloud, relay, control, frontend, download) in [
            ("adf-shir", Cloud::Public, true, Some(true), Some(true), Some(false)),
            ("adf-shir", Cloud::UsGov, true, Some(true), Some(true), Some(false)),
            ("adf-shir", Cloud::China, true, Some(true), Some(true), Some(false)),
            ("synapse-shir", Cloud::Public, true, None, Some(true), Some(false)),
            ("synapse-shir", Cloud::UsGov, true, None, Some(true), Some(false)),
            ("synapse-shir", Cloud::China, true, None, Some(true), Some(false)),
            ("purview-shir", Cloud::Public, true, None, Some(true), Some(false)),
        ] {
            for (entry, expected) in [
                ("relay", Some(relay)),
                ("control", control),
                ("frontend", frontend),
                ("download", download),
            ] {
                let expected = expected.map(|required| (required, true));
                assert_eq!(required(id, cloud, entry), expected, "{id} {cloud} {entry}");
            }
            let list = find(id, cloud).unwrap();
            let (relay, download) = (list.entry("relay").unwrap(), list.entry("download").unwrap());
            assert_eq!((relay.kind, relay.expect.reach), (Kind::Relay, Reach::Public));
            assert_eq!(relay.expect.service_tags, ["AzureCloud"]);
            assert_eq!(download.expect.reach, Reach::Public);
            assert!(download.expect.service_tags.is_empty());
            for group in ["data-stores", "key-vault", "login", "revocation", "portal"] {
                // Purview's runtime signs in itself: no group, required.
                let is_there = list.groups().contains(&group);
                assert!(is_there || (id, group) == ("purview-shir", "login"), "{id} {group}");
            }
        }
        for cloud in Cloud::ALL {
            let adf = find("adf-shir", cloud).unwrap();
            assert_eq!(adf.entry("frontend").unwrap().instead_of.as_deref(), Some("control"));
        }
    }

    /// What Microsoft's page on Purview marks as required (facts.md, section 1).
    #[test]
    fn purview_needs_its_account_its_storage_and_its_sign_in() {
        let list = find("purview-shir", Cloud::Public).unwrap();
        let required: Vec<String> = list
            .entries
            .iter()
            .filter(|entry| entry.required && entry.group.is_none())
            .map(|entry| entry.host.to_string())
            .collect();
        assert_eq!(
            required,
            [
                "*.servicebus.windows.net",
                "*.frontend.clouddatahub.net",
                "{account}.purview.azure.com",
                "{storage}.blob.core.windows.net",
                "{storage}.queue.core.windows.net",
                "login.microsoftonline.com",
                "login.windows.net",
            ]
        );
        let account = list.entry("account").unwrap();
        assert!(
            account
                .expect
                .private_zones
                .contains(&"privatelink.purview-service.microsoft.com".into())
        );
    }

    /// Wherever certificates are issued by Microsoft, and `DigiCert`'s hosts in China by name.
    #[test]
    fn revocation_hosts_are_names_that_can_be_asked() {
        for embedded in embedded() {
            let list = embedded.list();
            let hosts: Vec<String> = list
                .entries
                .iter()
                .filter(|entry| entry.role == Role::Revocation)
                .map(|entry| entry.host.to_string())
                .collect();
            assert!(hosts.iter().all(|host| !host.contains('*')), "{}", embedded.file);
            assert!(hosts.contains(&"caissuers.microsoft.com".to_owned()), "{}", embedded.file);
            for host in ["cacerts.digicert.cn", "crl.digicert.cn", "ocsp.digicert.cn"] {
                let is_there = hosts.contains(&host.to_owned());
                assert_eq!(is_there, embedded.cloud == Cloud::China, "{}", embedded.file);
            }
        }
    }

    /// A date is its source's: whoever reads the list sees how old what it says may be.
    #[test]
    fn dates_are_those_of_sources() {
        let mut by_source = std::collections::BTreeMap::new();
        for entry in embedded().iter().flat_map(|embedded| embedded.list().entries) {
            let first = by_source.entry(entry.source.clone()).or_insert(entry.date.clone());
            assert_eq!(*first, entry.date, "{}", entry.source);
        }
        assert!(by_source.values().any(|date| !date.is_empty()));
        assert!(by_source.values().all(|date| date.as_str() < "2026-06-01"), "{by_source:?}");
    }

    #[test]
    fn names_of_a_cloud_stay_in_it() {
        for embedded in embedded() {
            for entry in embedded.list().entries {
                let told = super::super::cloud::cloud_of(&entry.host.to_string());
                assert!(
                    told.is_none_or(|cloud| cloud == embedded.cloud),
                    "{} {}: {}",
                    embedded.file,
                    entry.id,
                    entry.host
                );
            }
        }
    }

    #[test]
    fn unknown_lists_say_what_there_is() {
        for (id, cloud, parts) in [
            (
                "adf-shr",
                Cloud::Public,
                &["'adf-shr'", "did you mean 'adf-shir'", "purview-shir"][..],
            ),
            ("nonsense", Cloud::China, &["'nonsense'", "there are adf-shir"]),
            ("purview-shir", Cloud::China, &["cloud china", "only for public", "--endpoint"]),
        ] {
            let message = find(id, cloud).unwrap_err().to_string();
            for part in parts {
                assert!(message.contains(part), "{id}: {message}");
            }
        }
    }
}
