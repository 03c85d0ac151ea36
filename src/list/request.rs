//! What a run is asked for, and whether its options fit its lists.

use std::collections::BTreeSet;

use super::adhoc::AdHoc;
use super::auth_key::AuthKey;
use super::entry::{EndpointList, ListEntry};
use super::parameters::Parameters;
use super::service_urls::{ServiceUrls, UrlHost};
use super::suggest::{did_you_mean, nearest};
use crate::model::{Cloud, Endpoint, HostName, NameError, RELAY_GATEWAY, Role};

/// What a run is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRequest {
    /// The lists, in the order given.
    pub lists: Vec<EndpointList>,
    /// `--factory`, `--region`, `--workspace`, `--set`.
    pub parameters: Parameters,
    /// `--service-urls`.
    pub service_urls: Vec<ServiceUrls>,
    /// `--auth-key`.
    pub auth_key: Option<AuthKey>,
    /// `--endpoint`.
    pub endpoints: Vec<AdHoc>,
    /// `--peer`.
    pub peers: Vec<AdHoc>,
    /// `--with`: groups.
    pub with: Vec<String>,
    /// `--only`: entries and roles. Endpoints and peers that were given as options stay.
    pub only: Vec<String>,
    /// `--skip`: entries and roles.
    pub skip: Vec<String>,
    /// Names given by hand, one by one: whatever `--only` and `--skip` leave, these stay.
    pub by_hand: Vec<UrlHost>,
    /// `--private`: entries, roles or hosts.
    pub private: Vec<String>,
    /// `--self-contained-authoring`.
    pub is_self_contained: bool,
}

/// Entries of endpoints that no list holds.
pub(super) const GATEWAY: &str = RELAY_GATEWAY;
pub(super) const ENDPOINT: &str = "endpoint";
pub(super) const PEER: &str = "peer";

/// Why a request cannot be made concrete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `--with` names no group of the lists.
    #[error(
        "--with {given}: no such group{}; there are {}",
        did_you_mean(suggestion.as_deref()),
        groups.join(", ")
    )]
    Group {
        /// As given.
        given: String,
        /// The groups of the lists.
        groups: Vec<String>,
        /// The group that was probably meant.
        suggestion: Option<String>,
    },
    /// `--only` or `--skip` names no entry.
    #[error(
        "{option} {given}: no such entry{}; there are {}",
        did_you_mean(suggestion.as_deref()),
        entries.join(", ")
    )]
    Entry {
        /// `--only` or `--skip`.
        option: &'static str,
        /// As given.
        given: String,
        /// The entries of the lists.
        entries: Vec<String>,
        /// The entry that was probably meant.
        suggestion: Option<String>,
    },
    /// `--only` or `--private` names an entry of a group that was not asked for.
    #[error("{option} {entry}: the entry belongs to the group {group}: add --with {group}")]
    EntryOfGroup {
        /// `--only` or `--private`.
        option: &'static str,
        /// The entry.
        entry: String,
        /// Its group.
        group: String,
    },
    /// `--only` or `--private` matches nothing of this run.
    #[error(
        "{option} {given} matches nothing{}: it takes {takes}",
        did_you_mean(suggestion.as_deref())
    )]
    Nothing {
        /// `--only` or `--private`.
        option: &'static str,
        /// As given.
        given: String,
        /// What the option takes, in words.
        takes: &'static str,
        /// The entry or host that was probably meant.
        suggestion: Option<String>,
    },
    /// The values of a template make no host name.
    #[error("the entry {entry}, {pattern}, becomes no host name: {error}")]
    Name {
        /// The entry.
        entry: String,
        /// Its template.
        pattern: String,
        /// What is wrong.
        error: NameError,
    },
    /// The factory's host name is of another cloud than the list.
    #[error("{host} is of the cloud {told}, the list {list} of {cloud}: add --cloud {told}")]
    OtherCloud {
        /// The factory's host name as given.
        host: HostName,
        /// The cloud it tells.
        told: Cloud,
        /// The list.
        list: String,
        /// The list's cloud.
        cloud: Cloud,
    },
}

impl RunRequest {
    /// Whether an entry is asked for: those of groups are by `--with` alone.
    pub(super) fn asks_for(&self, entry: &ListEntry) -> bool {
        entry.group.as_ref().is_none_or(|group| self.with.contains(group))
    }

    /// Whether the runtime needs no relay: by the option, or because the service URLs that say how
    /// interactive authoring is done all say so.
    pub(super) fn needs_no_relay(&self) -> bool {
        let mut said =
            self.service_urls.iter().filter_map(|urls| urls.is_self_contained).peekable();
        self.is_self_contained
            || (said.peek().is_some() && said.all(|is_self_contained| is_self_contained))
    }

    /// Whether a word of `--only`, `--skip` or `--private` means an endpoint: by its entry or by
    /// its role. A relay namespace stands for itself and its gateways.
    pub(super) fn means(&self, word: &str, endpoint: &Endpoint) -> bool {
        let is_relay = |word: &str| {
            let own = self.lists.iter().filter_map(|list| list.entry(word));
            word == Role::Relay.as_str() || own.into_iter().any(|entry| entry.role == Role::Relay)
        };
        word == endpoint.entry
            || word == endpoint.role.as_str()
            || (endpoint.role == Role::Gateway && is_relay(word))
    }

    /// Whether `--with`, `--only` and `--skip` name groups and entries that the lists have.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        let mut groups: Vec<&str> = Vec::new();
        let mut entries: Vec<&str> = Vec::new();
        for list in &self.lists {
            groups.extend(list.groups());
            entries.extend(list.entries.iter().map(|entry| entry.id.as_str()));
        }
        for list in &self.lists {
            entries.extend(list.entries.iter().map(|entry| entry.role.as_str()));
        }
        entries.extend([GATEWAY, Role::Gateway.as_str(), ENDPOINT, PEER]);
        let mut seen = BTreeSet::new();
        groups.retain(|group| seen.insert(*group));
        seen.clear();
        entries.retain(|entry| seen.insert(*entry));
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        for given in &self.with {
            if !groups.contains(&given.as_str()) {
                return Err(RequestError::Group {
                    given: given.clone(),
                    groups: owned(&groups),
                    suggestion: nearest(given, groups.iter().copied()).map(str::to_owned),
                });
            }
        }
        for (option, names) in [("--only", &self.only), ("--skip", &self.skip)] {
            for given in names {
                if !entries.contains(&given.as_str()) {
                    return Err(RequestError::Entry {
                        option,
                        given: given.clone(),
                        entries: owned(&entries),
                        suggestion: nearest(given, entries.iter().copied()).map(str::to_owned),
                    });
                }
            }
        }
        self.only.iter().try_for_each(|given| self.check_group("--only", given))
    }

    /// An entry whose group was not asked for cannot be chosen.
    pub(super) fn check_group(
        &self,
        option: &'static str,
        given: &str,
    ) -> Result<(), RequestError> {
        let all = self.lists.iter().flat_map(|list| &list.entries);
        let mut named = all.filter(|entry| entry.is_meant_by(given)).peekable();
        let Some(first) = named.peek().copied() else { return Ok(()) };
        match &first.group {
            Some(group) if !named.any(|entry| self.asks_for(entry)) => {
                Err(RequestError::EntryOfGroup {
                    option,
                    entry: given.to_owned(),
                    group: group.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}
