//! The names that other sources than lists give.

use std::collections::HashSet;

use super::adhoc::AdHoc;
use super::request::RunRequest;
use super::service_urls::UrlHost;
use crate::model::{Host, HostName, Origin, Sighting};

/// A name of the service URLs, of the authentication key, or of the runtime on this host.
#[derive(Debug)]
pub(super) struct KnownName {
    pub(super) host: UrlHost,
    pub(super) port: Option<u16>,
    pub(super) origin: Origin,
    /// Where it was seen on this host, for a name that was found there.
    pub(super) sighting: Option<Sighting>,
    /// The runtime is known to use it, so that it is required where its entry is.
    pub(super) is_in_use: bool,
}

/// The names that make an entry concrete.
#[derive(Default)]
pub(super) struct EntryNames<'n> {
    pub(super) known: Vec<&'n KnownName>,
    pub(super) derived: Vec<HostName>,
}

impl<'n> EntryNames<'n> {
    /// The names that are no wildcards.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (&'n Host, &'n KnownName)> {
        self.known.iter().filter_map(|known| match &known.host {
            UrlHost::Host(host) => Some((host, *known)),
            UrlHost::Wildcard(_) => None,
        })
    }
}

/// The names of the service URLs, followed by that of the authentication key and those that were
/// found on this host.
pub(super) fn known_names(request: &RunRequest) -> Vec<KnownName> {
    let urls = request.service_urls.iter().flat_map(|urls| &urls.urls).map(|url| KnownName {
        host: url.host.clone(),
        port: url.port,
        origin: Origin::ServiceUrls,
        sighting: None,
        is_in_use: true,
    });
    let key = request.auth_key.as_ref().and_then(|key| key.control_host.clone());
    let key = key.map(|name| KnownName {
        host: UrlHost::Host(Host::Name(name)),
        port: None,
        origin: Origin::AuthKey,
        sighting: None,
        is_in_use: true,
    });
    let discovered = request.discovered.iter().map(|name| KnownName {
        host: UrlHost::Host(Host::Name(name.host.clone())),
        port: None,
        origin: Origin::Discovered,
        sighting: Some(name.sighting.clone()),
        is_in_use: name.is_in_use,
    });
    urls.chain(key).chain(discovered).collect()
}

/// Every domain that has a concrete name below it.
pub(super) fn named_domains<'n>(names: &'n [KnownName], options: &'n [AdHoc]) -> HashSet<&'n str> {
    let known = names.iter().filter_map(|known| match &known.host {
        UrlHost::Host(host) => host.name(),
        UrlHost::Wildcard(_) => None,
    });
    let given = options.iter().filter_map(|adhoc| adhoc.host.name());
    known
        .chain(given)
        .flat_map(|name| {
            let parent = |domain: &&'n str| domain.split_once('.').map(|(_, parent)| parent);
            std::iter::successors(name.parent(), parent)
        })
        .collect()
}
