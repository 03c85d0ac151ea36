//! Makes endpoints of entries, with names from templates, service URLs, authentication keys and
//! options.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::adhoc::AdHoc;
use super::cloud::cloud_of;
use super::entry::{EndpointList, ListEntry, default_fingerprint};
use super::names::{EntryNames, KnownName, known_names, named_domains};
use super::pasted;
use super::pattern::{HostPattern, HostTemplate};
use super::request::{ENDPOINT, GATEWAY, PEER, RequestError, RunRequest};
use super::role;
use super::service_urls::UrlHost;
use super::suggest::nearest;
use crate::model::{
    Cloud, Endpoint, Expectation, Fingerprint, Host, HostName, Kind, Origin, Reach, Role, Subject,
};

/// The endpoints of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concrete {
    /// One endpoint for each host and port. Their subjects are hosts.
    pub endpoints: Vec<Endpoint>,
    /// The entries for which no concrete name is known.
    pub untestable: Vec<UntestablePattern>,
    /// Hints for the user, one sentence each.
    pub hints: Vec<String>,
    /// Whether the runtime needs no relay, by the option or by its reported status.
    pub is_self_contained: bool,
}

/// A wildcard or template for which no concrete name is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntestablePattern {
    /// An endpoint whose subject is a pattern.
    pub endpoint: Endpoint,
    /// What would give a name.
    pub missing: MissingName,
}

/// Which options would make a pattern concrete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingName {
    /// One sentence with the options: for
    /// [`Obstacle::NotTestable`](crate::model::Obstacle::NotTestable).
    pub hint: String,
    /// The options alone, as they are typed, such as `--factory NAME`.
    pub options: Vec<String>,
}

/// The distance between the orders of two entries, which leaves room for the gateways of a relay
/// behind it (`order + 1`).
pub const ORDER_STEP: u32 = 10;

/// Makes a request concrete.
///
/// A name of the service URLs or of the authentication key belongs to the entry that covers it (a
/// literal before a template before a wildcard); a name that no entry covers is probed as an ad-hoc
/// endpoint. Where several sources give the same host and port, the entry and the origin are those
/// of the first of list, service URLs, authentication key, discovery, options and derivation. The
/// endpoint is required if any of them requires it. A kind that is given by `--endpoint` wins.
///
/// # Errors
/// [`RequestError`] where an option matches nothing, or the values of a template make no name.
pub fn concrete(request: &RunRequest) -> Result<Concrete, RequestError> {
    request.check()?;
    let mut builder = Builder {
        request,
        is_self_contained: request.needs_no_relay(),
        wanted: Vec::new(),
        seen: HashMap::new(),
        next_order: 0,
        used_parameters: BTreeSet::new(),
    };
    let names = known_names(request);
    let mut covered = BTreeSet::new();
    for list in &request.lists {
        builder.list(list, &names, &mut covered)?;
    }
    let named_domains = named_domains(&names, &request.endpoints);
    for (index, name) in names.iter().enumerate() {
        if !covered.contains(&index) {
            builder.uncovered(name, &named_domains);
        }
    }
    builder.choose()?;
    builder.options();
    builder.set_private()?;
    Ok(builder.finish())
}

struct Builder<'r> {
    request: &'r RunRequest,
    is_self_contained: bool,
    wanted: Vec<Wanted>,
    /// The index in `wanted` of each subject and port.
    seen: HashMap<(Subject, u16), usize>,
    next_order: u32,
    used_parameters: BTreeSet<String>,
}

/// An endpoint, with what is missing where it is a pattern.
struct Wanted {
    endpoint: Endpoint,
    missing: Option<MissingName>,
}

impl Builder<'_> {
    fn list(
        &mut self,
        list: &EndpointList,
        names: &[KnownName],
        covered: &mut BTreeSet<usize>,
    ) -> Result<(), RequestError> {
        let entries: Vec<&ListEntry> =
            list.entries.iter().filter(|entry| self.request.asks_for(entry)).collect();
        let mut by_entry: BTreeMap<&str, EntryNames<'_>> =
            entries.iter().map(|entry| (entry.id.as_str(), EntryNames::default())).collect();
        for (index, name) in names.iter().enumerate() {
            let Some(entry) = covering(entries.iter().copied(), &name.host) else { continue };
            covered.insert(index);
            by_entry.entry(&entry.id).and_modify(|names| names.known.push(name));
        }
        for name in self.derived_frontends(list) {
            let host = UrlHost::Host(Host::Name(name.clone()));
            let Some(entry) = covering(entries.iter().copied(), &host) else { continue };
            by_entry.entry(&entry.id).and_modify(|names| names.derived.push(name));
        }
        for entry in entries {
            let order = self.next_order;
            self.next_order += ORDER_STEP;
            if self.is_left_out(entry, list, &by_entry) {
                continue;
            }
            self.entry(entry, list, order, &by_entry[entry.id.as_str()])?;
        }
        Ok(())
    }

    /// The names `<serviceRegion>.frontend.clouddatahub.net`. They are not documented, but occur in
    /// recorded answers and in the chains of factories, only in the public cloud.
    fn derived_frontends(&self, list: &EndpointList) -> Vec<HostName> {
        if list.cloud.is_some_and(|cloud| cloud != Cloud::Public) {
            return Vec::new();
        }
        let regions = self.request.service_urls.iter().flat_map(|urls| &urls.service_regions);
        regions
            .filter(|region| region.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .filter_map(|region| {
                HostName::parse(&format!("{region}.frontend.clouddatahub.net")).ok()
            })
            .collect()
    }

    /// Whether an entry is left out: one that stands in for another where it has no name, and the
    /// other where the service named only its stand-in.
    fn is_left_out(
        &self,
        entry: &ListEntry,
        list: &EndpointList,
        by_entry: &BTreeMap<&str, EntryNames<'_>>,
    ) -> bool {
        if self.request.only.iter().any(|word| entry.is_meant_by(word)) {
            return false;
        }
        let names = &by_entry[entry.id.as_str()];
        if entry.instead_of.is_some() {
            return names.hosts().next().is_none() && names.derived.is_empty();
        }
        let is_replaced = list.entries.iter().any(|other| {
            other.instead_of.as_ref() == Some(&entry.id)
                && by_entry
                    .get(other.id.as_str())
                    .is_some_and(|names| names.hosts().next().is_some())
        });
        is_replaced && names.hosts().next().is_none() && self.missing(entry).is_some()
    }

    /// The parameters of an entry's template that have no value; `None` where the entry lacks none.
    fn missing<'e>(&self, entry: &'e ListEntry) -> Option<Vec<&'e str>> {
        let HostPattern::Template(template) = &entry.host else { return None };
        let has_no_value = |key: &&str| self.request.parameters.value(key).is_none();
        let missing: Vec<&str> = template.parameters().into_iter().filter(has_no_value).collect();
        (!missing.is_empty()).then_some(missing)
    }

    fn entry(
        &mut self,
        entry: &ListEntry,
        list: &EndpointList,
        order: u32,
        names: &EntryNames<'_>,
    ) -> Result<(), RequestError> {
        let own = match &entry.host {
            HostPattern::Literal(host) => Some(host.clone()),
            HostPattern::Template(template) => {
                self.used_parameters.extend(template.parameters().into_iter().map(str::to_owned));
                match self.missing(entry) {
                    Some(_) => None,
                    None => Some(Host::Name(self.fill(entry, list, template)?)),
                }
            }
            HostPattern::Wildcard(_) => None,
        };
        let mut has_name = own.is_some();
        if let Some(host) = own {
            for port in &entry.ports {
                let subject = Subject::Host(host.clone());
                self.add(self.endpoint(entry, subject, *port, Origin::List, order), None);
            }
        }
        for (host, known) in names.hosts() {
            let ports = known.port.map_or_else(|| entry.ports.clone(), |port| vec![port]);
            let is_gateway = role::is_gateway(entry.kind, host);
            has_name |= !is_gateway;
            for port in ports {
                let subject = Subject::Host(host.clone());
                let mut endpoint = self.endpoint(entry, subject, port, known.origin, order);
                endpoint.required &= known.is_in_use;
                endpoint.discovered.clone_from(&known.sighting);
                if is_gateway {
                    GATEWAY.clone_into(&mut endpoint.entry);
                    endpoint.role = Role::Gateway;
                    match known.origin {
                        Origin::Discovered => "A gateway of the relay, seen on this host",
                        _ => "A gateway of the relay, named by the service URLs",
                    }
                    .clone_into(&mut endpoint.purpose);
                    endpoint.order = order + 1;
                    endpoint.expect.fingerprint = Fingerprint::None;
                }
                self.add(endpoint, None);
            }
        }
        if has_name {
            return Ok(());
        }
        for name in &names.derived {
            for port in &entry.ports {
                let subject = Subject::Host(Host::Name(name.clone()));
                let endpoint = self.endpoint(entry, subject, *port, Origin::Derived, order);
                self.add(Endpoint { required: false, ..endpoint }, None);
            }
        }
        if names.derived.is_empty() {
            let missing = self.missing_name(entry, names);
            for port in &entry.ports {
                let subject = Subject::Pattern(entry.host.to_string());
                let endpoint = self.endpoint(entry, subject, *port, Origin::List, order);
                self.add(endpoint, Some(missing.clone()));
            }
        }
        Ok(())
    }

    fn fill(
        &self,
        entry: &ListEntry,
        list: &EndpointList,
        template: &HostTemplate,
    ) -> Result<HostName, RequestError> {
        let parameters = &self.request.parameters;
        let name = template.name(|key| parameters.value(key).unwrap_or_default());
        let name = name.map_err(|error| RequestError::Name {
            entry: entry.id.clone(),
            pattern: entry.host.to_string(),
            error,
        })?;
        if template.parameters().contains(&"factory")
            && let (Some(host), Some(cloud)) = (parameters.factory_host(), list.cloud)
            && let Some(told) = cloud_of(host.as_str())
            && told != cloud
        {
            let (host, list) = (host.clone(), list.id.clone());
            return Err(RequestError::OtherCloud { host, told, list, cloud });
        }
        Ok(name)
    }

    fn endpoint(
        &self,
        entry: &ListEntry,
        subject: Subject,
        port: u16,
        origin: Origin,
        order: u32,
    ) -> Endpoint {
        Endpoint {
            entry: entry.id.clone(),
            role: entry.role,
            subject,
            port,
            kind: entry.kind,
            purpose: entry.purpose.clone(),
            source_document: entry.document(),
            required: entry.required && !(self.is_self_contained && entry.role.is_relay()),
            origin,
            discovered: None,
            order,
            expect: entry.expect.clone(),
        }
    }

    fn add(&mut self, endpoint: Endpoint, missing: Option<MissingName>) {
        match self.seen.entry((endpoint.subject.clone(), endpoint.port)) {
            Occupied(at) => self.wanted[*at.get()].endpoint.required |= endpoint.required,
            Vacant(vacant) => {
                vacant.insert(self.wanted.len());
                self.wanted.push(Wanted { endpoint, missing });
            }
        }
    }

    /// Adds a name that none of the chosen entries covers.
    fn uncovered(&mut self, name: &KnownName, named_domains: &HashSet<&str>) {
        let purpose = match name.origin {
            // What another list has no entry for, this run is not about.
            Origin::Discovered => return,
            Origin::AuthKey => "The control host of the authentication key",
            _ => "A service URL that no entry covers",
        };
        let (subject, missing) = match &name.host {
            UrlHost::Host(host) => (Subject::Host(host.clone()), None),
            // Another source gives a concrete name below it.
            UrlHost::Wildcard(domain) if named_domains.contains(domain.as_str()) => return,
            UrlHost::Wildcard(_) => {
                let pattern = name.host.to_string();
                let hint = format!(
                    "the service URLs give only {pattern}: add the names in use, each by \
                     --endpoint HOST"
                );
                let options = vec!["--endpoint HOST".to_owned()];
                (Subject::Pattern(pattern), Some(MissingName { hint, options }))
            }
        };
        let role = match name.origin {
            Origin::AuthKey => Role::Control,
            _ => role::of_host(&name.host.to_string()).unwrap_or(Role::Other),
        };
        let endpoint = Endpoint {
            entry: ENDPOINT.to_owned(),
            role,
            subject,
            port: name.port.unwrap_or(443),
            kind: Kind::Https,
            purpose: purpose.to_owned(),
            source_document: String::new(),
            required: true,
            origin: name.origin,
            discovered: None,
            order: self.next_order,
            expect: self.expectation_of(&name.host, Kind::Https),
        };
        self.add(endpoint, missing);
    }

    /// The private zones and domains of the service that a host outside the lists belongs to, for
    /// remedies. Nothing is expected of its path and its address ranges.
    fn expectation_of(&self, host: &UrlHost, kind: Kind) -> Expectation {
        let all = self.request.lists.iter().flat_map(|list| &list.entries);
        let (private_zones, service_domains) = covering(all, host)
            .map(|entry| (entry.expect.private_zones.clone(), entry.expect.service_domains.clone()))
            .unwrap_or_default();
        Expectation {
            private_zones,
            service_domains,
            fingerprint: fingerprint(host, kind),
            ..Expectation::default()
        }
    }

    /// Drops the endpoints that `--only` and `--skip` leave out.
    fn choose(&mut self) -> Result<(), RequestError> {
        let RunRequest { only, skip, by_hand, .. } = self.request;
        let given: BTreeSet<Subject> = by_hand
            .iter()
            .map(|host| match host {
                UrlHost::Host(host) => Subject::Host(host.clone()),
                UrlHost::Wildcard(domain) => Subject::Pattern(format!("*.{domain}")),
            })
            .collect();
        let keeps = |endpoint: &Endpoint| {
            let is_named =
                |names: &[String]| names.iter().any(|name| self.request.means(name, endpoint));
            given.contains(&endpoint.subject)
                || (only.is_empty() || is_named(only)) && !is_named(skip)
        };
        self.wanted.retain(|wanted| keeps(&wanted.endpoint));
        self.seen.clear();
        for (index, Wanted { endpoint, .. }) in self.wanted.iter().enumerate() {
            self.seen.insert((endpoint.subject.clone(), endpoint.port), index);
        }
        for name in only {
            let is_option = (name == ENDPOINT && !self.request.endpoints.is_empty())
                || (name == PEER && !self.request.peers.is_empty());
            if !is_option && !self.all().any(|endpoint| self.request.means(name, endpoint)) {
                return Err(RequestError::Nothing {
                    option: "--only",
                    given: name.clone(),
                    takes: "an entry that this run has (and that --skip leaves)",
                    suggestion: None,
                });
            }
        }
        Ok(())
    }

    /// Adds what was given as an option.
    fn options(&mut self) {
        let RunRequest { endpoints, peers, skip, .. } = self.request;
        let is_skipped = |entry: &str| skip.iter().any(|name| name == entry);
        let (orders, kinds) = ([self.next_order, self.next_order + ORDER_STEP], [endpoints, peers]);
        let words = [(ENDPOINT, "Given as an option"), (PEER, "Another node of the same runtime")];
        for ((given, order), (entry, purpose)) in kinds.into_iter().zip(orders).zip(words) {
            if !is_skipped(entry) {
                for adhoc in given {
                    self.adhoc(adhoc, entry, purpose, order);
                }
            }
        }
    }

    fn adhoc(&mut self, adhoc: &AdHoc, entry: &str, purpose: &str, order: u32) {
        let host = UrlHost::Host(adhoc.host.clone());
        let subject = Subject::Host(adhoc.host.clone());
        if let (Some(index), Some(kind)) =
            (self.seen.get(&(subject.clone(), adhoc.port)), adhoc.given_kind)
        {
            let endpoint = &mut self.wanted[*index].endpoint;
            if endpoint.kind != kind {
                endpoint.kind = kind;
                endpoint.expect.fingerprint = fingerprint(&host, kind);
            }
        }
        let kind = adhoc.kind();
        let endpoint = Endpoint {
            entry: entry.to_owned(),
            role: Role::of_entry(entry, kind),
            subject,
            port: adhoc.port,
            kind,
            purpose: purpose.to_owned(),
            source_document: String::new(),
            required: true,
            origin: Origin::Option,
            discovered: None,
            order,
            expect: self.expectation_of(&host, kind),
        };
        self.add(endpoint, None);
    }

    /// Marks what the user said is private.
    fn set_private(&mut self) -> Result<(), RequestError> {
        for given in &self.request.private {
            let host = pasted::split(given).ok().and_then(|pasted| Host::parse(pasted.host).ok());
            let mut is_matched = false;
            for Wanted { endpoint, .. } in &mut self.wanted {
                let is_host = host.is_some() && endpoint.subject.host() == host.as_ref();
                if is_host || self.request.means(given, endpoint) {
                    endpoint.expect.reach = Reach::Private;
                    is_matched = true;
                }
            }
            if !is_matched {
                self.request.check_group("--private", given)?;
                let hosts = self.all().filter_map(|endpoint| endpoint.subject.host());
                let mut candidates: BTreeSet<String> = hosts.map(Host::to_string).collect();
                candidates.extend(self.all().map(|endpoint| endpoint.entry.clone()));
                return Err(RequestError::Nothing {
                    option: "--private",
                    given: given.clone(),
                    takes: "an entry or a host of this run",
                    suggestion: nearest(given, candidates.iter().map(String::as_str))
                        .map(str::to_owned),
                });
            }
        }
        Ok(())
    }

    fn finish(self) -> Concrete {
        let hints = self.hints();
        let mut concrete =
            Concrete { hints, is_self_contained: self.is_self_contained, ..Concrete::default() };
        for Wanted { endpoint, missing } in self.wanted {
            match missing {
                None => concrete.endpoints.push(endpoint),
                Some(missing) => concrete.untestable.push(UntestablePattern { endpoint, missing }),
            }
        }
        concrete
    }

    fn hints(&self) -> Vec<String> {
        let RunRequest { service_urls, parameters, auth_key, .. } = self.request;
        let mut hints: Vec<String> =
            service_urls.iter().flat_map(|urls| urls.notes.iter().cloned()).collect();
        for key in parameters.keys() {
            if !self.used_parameters.contains(key) {
                hints.push(format!("no entry uses {{{key}}}: its value has no effect"));
            }
        }
        let is_frontend = |e: &Endpoint| e.role == Role::Frontend && e.subject.host().is_some();
        if auth_key.as_ref().is_some_and(|key| key.control_host.is_none())
            && !self.all().any(is_frontend)
        {
            let entries = self.request.lists.iter().flat_map(|list| &list.entries);
            let mut frontends = entries.filter(|entry| entry.role == Role::Frontend);
            let below = frontends.next().map_or_else(String::new, |entry| {
                let host = entry.host.to_string();
                format!(" below {}", host.trim_start_matches("*."))
            });
            hints.push(format!(
                "the authentication key names no control host, as those of old factories and of \
                 Synapse: its runtime uses a name{below}; add --service-urls FILE, which holds it"
            ));
        }
        hints
    }

    fn missing_name(&self, entry: &ListEntry, names: &EntryNames<'_>) -> MissingName {
        let host = &entry.host;
        if let Some(missing) = self.missing(entry) {
            let options: Vec<String> = missing
                .iter()
                .map(|key| match *key {
                    "factory" | "workspace" => format!("--{key} NAME"),
                    "region" => "--region REGION".to_owned(),
                    _ => format!("--set {key}=VALUE"),
                })
                .collect();
            let hint = format!("{host} needs its name: add {}", options.join(" "));
            return MissingName { hint, options };
        }
        let hint = if !names.known.is_empty() {
            format!(
                "the service URLs give no concrete name for {host}: add the names in use, a line \
                 each, by --service-urls FILE"
            )
        } else if entry.group.is_some() {
            format!(
                "{host} is no concrete name: add those in use, a line each, by --service-urls FILE"
            )
        } else {
            format!(
                "{host} is no concrete name: add --service-urls FILE with what the portal shows \
                 under Nodes, View Service URLs"
            )
        };
        MissingName { hint, options: vec!["--service-urls FILE".to_owned()] }
    }

    fn all(&self) -> impl Iterator<Item = &Endpoint> {
        self.wanted.iter().map(|wanted| &wanted.endpoint)
    }
}

/// The entry whose host covers `host` most specifically, the first of equals.
fn covering<'e>(
    entries: impl IntoIterator<Item = &'e ListEntry>,
    host: &UrlHost,
) -> Option<&'e ListEntry> {
    entries
        .into_iter()
        .filter(|entry| match host {
            UrlHost::Host(host) => entry.host.covers(host),
            UrlHost::Wildcard(domain) => match &entry.host {
                HostPattern::Wildcard(own) => domain.is_within(own.as_str()),
                HostPattern::Literal(_) | HostPattern::Template(_) => false,
            },
        })
        .min_by_key(|entry| entry.host.breadth())
}

/// The relay's fingerprint is documented for namespaces, not for their gateways.
fn fingerprint(host: &UrlHost, kind: Kind) -> Fingerprint {
    match host {
        UrlHost::Host(host) if role::is_gateway(kind, host) => Fingerprint::None,
        UrlHost::Host(_) | UrlHost::Wildcard(_) => default_fingerprint(kind),
    }
}

#[cfg(test)]
mod tests;
