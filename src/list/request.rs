//! The lists and options of a run, and the check that the options fit the lists.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::adhoc::AdHoc;
use super::auth_key::AuthKey;
use super::entry::{EndpointList, ListEntry};
use super::parameters::Parameters;
use super::service_urls::{ServiceUrls, UrlHost};
use super::suggest::{did_you_mean, nearest};
use crate::model::{
    Cloud, Endpoint, Host, HostName, Kind, NameError, RELAY_GATEWAY, Role, Sighting,
};

/// The lists and options of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRequest {
    /// The lists in the order of the command line.
    pub lists: Vec<EndpointList>,
    /// The values of `--factory`, `--region`, `--workspace` and `--set`.
    pub parameters: Parameters,
    pub service_urls: Vec<ServiceUrls>,
    pub auth_key: Option<AuthKey>,
    /// What the runtime on this host was seen to use.
    pub discovered: Vec<DiscoveredName>,
    pub endpoints: Vec<AdHoc>,
    pub peers: Vec<AdHoc>,
    /// The groups of `--with`.
    pub with: Vec<String>,
    /// The entries and roles of `--only`. Endpoints and peers that were given as options stay.
    pub only: Vec<String>,
    /// The entries and roles of `--skip`.
    pub skip: Vec<String>,
    /// Names that were given one by one, which stay whatever `--only` and `--skip` say.
    pub by_hand: Vec<UrlHost>,
    /// The entries, roles and hosts of `--private`.
    pub private: Vec<String>,
    /// Whether `--self-contained-authoring` was given.
    pub is_self_contained: bool,
}

/// A name that the runtime on this host was seen to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredName {
    pub host: HostName,
    pub sighting: Sighting,
    /// The runtime itself named it. What only the DNS cache holds anyone may have asked for, and is
    /// not required.
    pub is_in_use: bool,
}

/// The entry ids of endpoints that no list holds.
pub(super) const GATEWAY: &str = RELAY_GATEWAY;
pub const ENDPOINT: &str = "endpoint";
pub(super) const PEER: &str = "peer";

/// The reason why a request cannot be made concrete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `--with` names no group of the lists.
    #[error(
        "--with {given}: no such group{}; there are {}",
        did_you_mean(suggestion.as_deref()),
        groups.join(", ")
    )]
    Group { given: String, groups: Vec<String>, suggestion: Option<String> },
    /// `--only` or `--skip` names no entry.
    #[error(
        "{option} {given}: no such entry{}; there are {}",
        did_you_mean(suggestion.as_deref()),
        entries.join(", ")
    )]
    Entry {
        /// `--only` or `--skip`.
        option: &'static str,
        given: String,
        entries: Vec<String>,
        suggestion: Option<String>,
    },
    /// `--only` or `--private` names an entry of a group that was not asked for.
    #[error("{option} {entry}: the entry belongs to the group {group}: add --with {group}")]
    EntryOfGroup {
        /// `--only` or `--private`.
        option: &'static str,
        entry: String,
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
        given: String,
        /// The words for what the option takes.
        takes: &'static str,
        suggestion: Option<String>,
    },
    /// One host and port is to be measured as two kinds.
    #[error(
        "{first} and {second}: one host and port is one endpoint, which is measured as one kind: \
         take one of the two out"
    )]
    TwoKinds {
        /// The option as it could have been given: `--endpoint tls://HOST:PORT`.
        first: String,
        /// The other option.
        second: String,
    },
    /// The values of a template make no host name.
    #[error("the entry {entry}, {pattern}, becomes no host name: {error}")]
    Name { entry: String, pattern: String, error: NameError },
    /// The factory's host name is of another cloud than the list.
    #[error("{host} is of the cloud {told}, the list {list} of {cloud}: add --cloud {told}")]
    OtherCloud {
        /// The factory's host name as given.
        host: HostName,
        /// The cloud that the host name belongs to.
        told: Cloud,
        list: String,
        cloud: Cloud,
    },
}

impl RunRequest {
    /// Whether an entry is part of the run. Entries of a group need `--with`.
    pub(super) fn asks_for(&self, entry: &ListEntry) -> bool {
        entry.group.as_ref().is_none_or(|group| self.with.contains(group))
    }

    /// Whether the runtime needs no relay: by the option, or because all service URLs that report
    /// how interactive authoring is done report that it is self-contained.
    pub(super) fn needs_no_relay(&self) -> bool {
        let mut reported =
            self.service_urls.iter().filter_map(|urls| urls.is_self_contained).peekable();
        self.is_self_contained
            || (reported.peek().is_some() && reported.all(|is_self_contained| is_self_contained))
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
        self.only.iter().try_for_each(|given| self.check_group("--only", given))?;
        self.check_kinds()
    }

    /// Refuses two kinds at one host and port: whichever were taken, the other would not be
    /// measured, and nobody would be told.
    fn check_kinds(&self) -> Result<(), RequestError> {
        let endpoints = self.endpoints.iter().map(|one| ("--endpoint", one));
        let given = endpoints.chain(self.peers.iter().map(|one| ("--peer", one)));
        let mut known: HashMap<(&Host, u16), (&str, Kind)> = HashMap::new();
        for (option, one) in given {
            let Some(kind) = one.given_kind else { continue };
            let shown = |option: &str, kind: Kind| format!("{option} {}://{one}", kind.as_str());
            match known.entry((&one.host, one.port)) {
                Entry::Vacant(place) => {
                    place.insert((option, kind));
                }
                Entry::Occupied(first) if first.get().1 != kind => {
                    let (of_first, first_kind) = *first.get();
                    return Err(RequestError::TwoKinds {
                        first: shown(of_first, first_kind),
                        second: shown(option, kind),
                    });
                }
                Entry::Occupied(_) => {}
            }
        }
        Ok(())
    }

    /// Refuses to choose an entry whose group was not asked for.
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

#[cfg(test)]
mod tests {
    use super::super::adhoc::{parse_endpoint, parse_peer};
    use super::*;

    /// Whichever of the two were measured, nobody would be told that the other was not.
    #[test]
    fn two_kinds_at_one_host_and_port_are_refused() {
        let check = |endpoints: &[&str], peers: &[&str]| {
            let endpoints = endpoints.iter().map(|one| parse_endpoint(one).unwrap()).collect();
            let peers = peers.iter().map(|one| parse_peer(one).unwrap()).collect();
            let request = RunRequest { endpoints, peers, ..RunRequest::default() };
            request.check().map_err(|error| error.to_string())
        };
        assert_eq!(
            check(&["tls://127.0.0.1:7001", "tcp://127.0.0.1:7001"], &[]),
            Err("--endpoint tls://127.0.0.1:7001 and --endpoint tcp://127.0.0.1:7001: one host and \
                 port is one endpoint, which is measured as one kind: take one of the two out"
                .to_owned())
        );
        let peer = check(&["https://[::1]:8060"], &["::1"]).unwrap_err();
        let both = "--endpoint https://[::1]:8060 and --peer tcp://[::1]:8060";
        assert!(peer.contains(both), "{peer}");
        for (endpoints, peers) in [
            (&["tls://a.net:7001", "TLS://A.net.:7001"][..], &[] as &[&str]),
            (&["tls://a.net:7001", "tcp://a.net:7002"], &[]),
            (&["a.net:8060"], &["a.net"]),
        ] {
            assert_eq!(check(endpoints, peers), Ok(()), "{endpoints:?} {peers:?}");
        }
    }
}
