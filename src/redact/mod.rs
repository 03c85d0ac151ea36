//! Records to records that may be forwarded: what names this side is replaced by placeholders,
//! before anything is concluded from them, so that every format and the saved records follow from
//! one redaction. Saved reports are redacted likewise, sentences included (`of_report`, `prose`).
//! The room is pure.
//!
//! What is replaced, and by what:
//!
//! * labels of names that may be a customer's by `relay-1`, `factory-1`, `host-1`, … (`names`);
//! * addresses of this side by others of the same class, in the same relation to each other, which
//!   text calls `address-1`, … (`addresses`, [`labelled`]);
//! * users by `user-1`, distinguished names of authorities that are not public by `issuer-1`;
//! * certificates by what is judged of them, without their bytes;
//! * sentences token by token, where a token is not known to be harmless (`sentence`);
//! * HTTP answers and first bytes by their essence (`diagnose::essence`).
//!
//! A field is kept only where what it says is proven to be nobody's own. Every type is taken apart
//! field by field, so that a new field does not compile until someone decided about it.

mod addresses;
mod certificates;
mod key;
mod labelled;
mod labels;
mod names;
mod of_report;
mod prose;
mod sentence;
mod steps;

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

use crate::diagnose::explain;
use crate::model::{
    Certificate, ChainLink, Cloud, DnsFailure, Endpoint, Exchange, Expectation, Host, HostName,
    HostRuntime, InstalledRuntime, LinkData, LoggedError, Lookup, Obstacle, OsError, PacQuestion,
    Proxied, ProxyLookup, Record, Records, Redacted, ReportedNode, Resolver, Route, RouteChoice,
    RouteFault, Run, RuntimeService, Sighting, Subject, Vantage,
};
use addresses::StandIns;
pub use key::RedactionKey;
pub use labelled::labelled;
use labels::Labels;
use prose::PhraseFinder;

/// Replaces what names this side, in one set of records or in many: placeholders stay the same as
/// long as the redactor lives.
pub struct Redactor<'a> {
    key: RedactionKey,
    /// Whether a cloud publishes an address as its own; `None` where that is not known.
    is_azure: Box<dyn Fn(IpAddr) -> Option<bool> + 'a>,
    labels: Labels,
    stand_ins: StandIns,
    /// Names without a dot, lower case: in sentences nothing else tells them from words.
    bare_hosts: HashSet<String>,
    /// Distinguished names of the public web's authorities.
    public_issuers: HashSet<String>,
    certificates: HashMap<[u8; 32], Arc<Certificate>>,
    /// By address, as records share their lookups; of one set of records only.
    lookups: HashMap<*const Lookup, Arc<Lookup>>,
    /// What sentences repeat of the fields of the saved report that is at hand.
    phrases: PhraseFinder,
}

impl<'a> Redactor<'a> {
    #[must_use]
    pub fn new(key: RedactionKey, is_azure: impl Fn(IpAddr) -> Option<bool> + 'a) -> Self {
        Self {
            key,
            is_azure: Box::new(is_azure),
            labels: Labels::default(),
            stand_ins: StandIns::default(),
            bare_hosts: HashSet::new(),
            public_issuers: HashSet::new(),
            certificates: HashMap::new(),
            lookups: HashMap::new(),
            phrases: PhraseFinder::default(),
        }
    }

    /// The records with placeholders. What is redacted already stays as it is.
    #[must_use]
    pub fn redact(&mut self, records: &Records) -> Records {
        if records.run.redacted.is_some() {
            return records.clone();
        }
        self.learn(records);
        let mut run = self.run(&records.run);
        let records = records.records.iter().map(|record| self.record(record)).collect();
        self.lookups.clear();
        run.redacted = Some(self.legend());
        Records { run, records }
    }

    /// What text calls the stand-ins that were given so far.
    #[must_use]
    pub fn legend(&self) -> Redacted {
        self.stand_ins.legend()
    }

    /// Notes what can be told from the whole of the records alone.
    fn learn(&mut self, records: &Records) {
        let run = &records.run;
        for address in &run.vantage.addresses {
            self.stand_ins.own(*address);
        }
        let machines = run.nodes.iter().flat_map(|node| [&node.name, &node.machine]);
        for machine in machines.chain([&run.vantage.hostname]) {
            let label = machine.split('.').next().unwrap_or_default();
            self.bare_hosts.insert(label.to_lowercase());
        }
        let trails = records.records.iter().flat_map(steps::trails);
        for trail in trails.chain(&run.control) {
            if let Some(local) = trail.local() {
                self.stand_ins.own(local.ip());
            }
            for presented in trail.presented() {
                self.learn_issuers(presented);
            }
        }
        for record in &records.records {
            if let Subject::Host(Host::Name(name)) = &record.endpoint.subject
                && !name.as_str().contains('.')
            {
                self.bare_hosts.insert(name.to_string());
            }
            let hosts = record.follow_ups.revocation.iter();
            let of_hosts = hosts.map(|one| (one.host.name(), &*one.lookups));
            let own = record.endpoint.subject.host().and_then(Host::name);
            let own = own.filter(|_| record.endpoint.expect.service_tags.is_empty());
            for (name, lookups) in of_hosts.chain([(own, &*record.lookups)]) {
                let Some(name) = name else { continue };
                // A name that stays is that of a service for everyone, and its addresses are too.
                if self.name(name) == *name {
                    let addresses = lookups.iter().flat_map(|lookup| lookup.addresses());
                    addresses.for_each(|address| self.stand_ins.of_service(address));
                }
            }
        }
    }

    fn run(&mut self, run: &Run) -> Run {
        let Run {
            version,
            started_at,
            took,
            options,
            vantage,
            cloud,
            lists,
            private_networks,
            is_resolver_given,
            is_self_contained,
            control,
            agent_files_differ,
            absent,
            nodes,
            runtime,
            redacted: _,
            kept_in,
        } = run;
        let cloud = match Cloud::parse(cloud) {
            Some(_) => cloud.clone(),
            None => self.sentence(cloud),
        };
        Run {
            version: self.sentence(version),
            started_at: *started_at,
            took: *took,
            vantage: self.vantage(vantage),
            options: options.iter().map(|option| self.option(option)).collect(),
            cloud,
            lists: lists.iter().map(|list| self.id("list", list)).collect(),
            private_networks: private_networks.iter().map(|one| self.network(*one)).collect(),
            is_resolver_given: *is_resolver_given,
            is_self_contained: *is_self_contained,
            control: control.as_ref().map(|trail| self.trail(trail)),
            agent_files_differ: agent_files_differ.iter().map(|one| self.sentence(one)).collect(),
            absent: absent.iter().map(|lookup| self.lookup(lookup)).collect(),
            nodes: nodes.iter().map(|node| self.node(node)).collect(),
            runtime: runtime.as_ref().map(|runtime| self.host_runtime(runtime)),
            redacted: None,
            // Where a file is says whose it is.
            kept_in: kept_in.as_ref().map(|_| "records.jsonl".to_owned()),
        }
    }

    fn vantage(&mut self, vantage: &Vantage) -> Vantage {
        let Vantage { hostname, os, account, addresses, resolvers, proxy_source, proxy_url } =
            vantage;
        Vantage {
            hostname: self.machine(hostname),
            os: self.sentence(os),
            account: self.account(account),
            addresses: addresses.iter().map(|address| self.address(*address)).collect(),
            resolvers: resolvers.iter().map(|resolver| self.socket(*resolver)).collect(),
            proxy_source: self.sentence(proxy_source),
            proxy_url: proxy_url.as_ref().map(|url| self.url(url)),
        }
    }

    fn node(&mut self, node: &ReportedNode) -> ReportedNode {
        let ReportedNode {
            name,
            machine,
            status,
            capabilities,
            version,
            version_status,
            latest_version,
            auto_update,
            expires,
            last_connected,
        } = node;
        let capabilities = capabilities.iter();
        ReportedNode {
            name: self.machine(name),
            machine: self.machine(machine),
            status: self.sentence(status),
            capabilities: capabilities.map(|(name, can)| (self.sentence(name), *can)).collect(),
            version: self.sentence(version),
            version_status: self.sentence(version_status),
            latest_version: self.sentence(latest_version),
            auto_update: *auto_update,
            expires: *expires,
            last_connected: *last_connected,
        }
    }

    fn host_runtime(&mut self, runtime: &HostRuntime) -> HostRuntime {
        let HostRuntime { installed, service, errors, has_given_names } = runtime;
        HostRuntime {
            installed: installed.as_ref().map(|InstalledRuntime { path, found_by, version }| {
                InstalledRuntime {
                    path: self.sentence(path),
                    found_by: *found_by,
                    version: self.sentence(version),
                }
            }),
            service: service.as_ref().map(|RuntimeService { state, start, account }| {
                RuntimeService { state: *state, start: *start, account: self.account(account) }
            }),
            errors: errors
                .iter()
                .map(|LoggedError { at, text }| LoggedError { at: *at, text: self.logged(text) })
                .collect(),
            has_given_names: *has_given_names,
        }
    }

    /// An account by its placeholder. The runtime's own is the same everywhere.
    fn account(&mut self, account: &str) -> String {
        const OWN: &str = r"NT SERVICE\DIAHostService";
        if account.is_empty() || account.eq_ignore_ascii_case(OWN) {
            return account.to_owned();
        }
        self.label("user", &account.to_lowercase())
    }

    /// Of a logged text what is known to be the runtime's own words, by which it is explained;
    /// nothing else in it is known to be nobody's own. What is left means what the whole did.
    fn logged(&mut self, text: &str) -> String {
        if let Some(known) = explain::known_words(text) {
            return known;
        }
        let shown = self.sentence(text);
        if explain::meaning(&shown) == explain::meaning(text) {
            shown
        } else {
            "(redacted)".to_owned()
        }
    }

    fn record(&mut self, record: &Record) -> Record {
        let Record {
            endpoint,
            route,
            lookups,
            proxies,
            trails,
            follow_ups,
            obstacle,
            pending,
            at: ended_at,
        } = record;
        Record {
            endpoint: Arc::new(self.endpoint(endpoint)),
            route: self.route_choice(route),
            lookups: lookups.iter().map(|lookup| self.lookup(lookup)).collect(),
            proxies: proxies.iter().map(|one| self.proxy_lookup(one)).collect(),
            trails: trails.iter().map(|trail| self.trail(trail)).collect(),
            follow_ups: self.follow_ups(follow_ups),
            obstacle: obstacle.as_ref().map(|obstacle| self.obstacle(obstacle)),
            pending: pending.clone(),
            at: *ended_at,
        }
    }

    fn endpoint(&mut self, endpoint: &Endpoint) -> Endpoint {
        let Endpoint {
            entry,
            role,
            subject,
            port,
            kind,
            purpose,
            source_document,
            required,
            origin,
            discovered,
            order,
            expect: expected,
        } = endpoint;
        let Expectation { reach, private_zones, service_domains, fingerprint, service_tags } =
            expected;
        Endpoint {
            entry: self.id("entry", entry),
            role: *role,
            subject: match subject {
                Subject::Host(host) => Subject::Host(self.host(host)),
                Subject::Pattern(pattern) => Subject::Pattern(self.pattern(pattern)),
            },
            port: *port,
            kind: *kind,
            purpose: self.sentence(purpose),
            source_document: self.sentence(source_document),
            required: *required,
            origin: *origin,
            discovered: discovered.as_ref().map(|Sighting { seen_in, seen_at }| Sighting {
                seen_in: self.sentence(seen_in),
                seen_at: *seen_at,
            }),
            order: *order,
            expect: Expectation {
                reach: *reach,
                private_zones: private_zones.iter().map(|zone| self.pattern(zone)).collect(),
                service_domains: service_domains.iter().map(|one| self.pattern(one)).collect(),
                fingerprint: *fingerprint,
                // Names of Microsoft's tags, which a list of the user's own may misspell.
                service_tags: service_tags.iter().map(|tag| self.tag(tag)).collect(),
            },
        }
    }

    fn tag(&mut self, tag: &str) -> String {
        let clouds = [Cloud::Public, Cloud::UsGov, Cloud::China];
        let is_known = |cloud: &Cloud| {
            let tags = &crate::tags::Snapshot::embedded(*cloud).tags;
            tags.tags().iter().any(|known| known.name == tag)
        };
        if clouds.iter().any(is_known) { tag.to_owned() } else { self.label("tag", tag) }
    }

    fn route_choice(&mut self, choice: &RouteChoice) -> RouteChoice {
        let RouteChoice { intended, configured, why, exception, fallbacks, alternate, questions } =
            choice;
        RouteChoice {
            intended: *intended,
            configured: match configured {
                Ok(route) => Ok(self.route(route)),
                Err(RouteFault { kind, message }) => {
                    Err(RouteFault { kind: *kind, message: self.sentence(message) })
                }
            },
            why: self.sentence(why),
            exception: *exception,
            fallbacks: fallbacks.iter().map(|route| self.route(route)).collect(),
            alternate: alternate.as_ref().map(|route| self.route(route)),
            questions: questions
                .iter()
                .map(|PacQuestion { name, addresses }| PacQuestion {
                    name: self.machine(name),
                    addresses: addresses.iter().map(|address| self.address(*address)).collect(),
                })
                .collect(),
        }
    }

    fn route(&mut self, route: &Route) -> Route {
        match route {
            Route::Direct => Route::Direct,
            Route::Proxy(proxy) => Route::Proxy(self.proxied(proxy)),
        }
    }

    fn proxied(&mut self, proxy: &Proxied) -> Proxied {
        Proxied { url: self.url(&proxy.url).into() }
    }

    fn proxy_lookup(&mut self, one: &ProxyLookup) -> ProxyLookup {
        let ProxyLookup { proxy, lookups } = one;
        ProxyLookup {
            proxy: self.proxied(proxy),
            lookups: lookups.iter().map(|lookup| self.lookup(lookup)).collect(),
        }
    }

    fn lookup(&mut self, lookup: &Arc<Lookup>) -> Arc<Lookup> {
        if let Some(done) = self.lookups.get(&Arc::as_ptr(lookup)) {
            return Arc::clone(done);
        }
        let Lookup { resolver, name, exchanges } = &**lookup;
        let done = Arc::new(Lookup {
            resolver: match resolver {
                Resolver::Server(server) => Resolver::Server(self.socket(*server)),
                Resolver::System => Resolver::System,
            },
            name: self.name(name),
            exchanges: exchanges.iter().map(|exchange| self.exchange(exchange)).collect(),
        });
        self.lookups.insert(Arc::as_ptr(lookup), Arc::clone(&done));
        done
    }

    fn exchange(&mut self, exchange: &Exchange) -> Exchange {
        let Exchange { family, transport, took, result } = exchange;
        let result = match result {
            Ok(answer) => {
                let mut answer = answer.clone();
                for ChainLink { name, ttl: _, data } in &mut answer.chain {
                    *name = self.name(name);
                    *data = match data {
                        LinkData::Alias(target) => LinkData::Alias(self.name(target)),
                        LinkData::Address(address) => LinkData::Address(self.address(*address)),
                    };
                }
                Ok(answer)
            }
            Err(failure) => Err(match failure {
                DnsFailure::TimedOut { asked } => DnsFailure::TimedOut { asked: *asked },
                DnsFailure::PortClosed(os) => DnsFailure::PortClosed(os_error(os)),
                DnsFailure::Unreachable(os) => DnsFailure::Unreachable(os_error(os)),
                DnsFailure::TcpBlocked { os } => {
                    DnsFailure::TcpBlocked { os: os.as_ref().map(os_error) }
                }
                DnsFailure::Malformed { detail } => {
                    DnsFailure::Malformed { detail: self.sentence(detail) }
                }
                DnsFailure::System(os) => DnsFailure::System(os_error(os)),
                DnsFailure::NotAsked(obstacle) => DnsFailure::NotAsked(self.obstacle(obstacle)),
            }),
        };
        Exchange { family: *family, transport: *transport, took: *took, result }
    }

    fn obstacle(&mut self, obstacle: &Obstacle) -> Obstacle {
        match obstacle {
            Obstacle::NoRoute(os) => Obstacle::NoRoute(os_error(os)),
            Obstacle::NoLocalAddress(os) => Obstacle::NoLocalAddress(os_error(os)),
            Obstacle::DescriptorLimit(os) => Obstacle::DescriptorLimit(os_error(os)),
            Obstacle::PortLimit(os) => Obstacle::PortLimit(os_error(os)),
            Obstacle::Cancelled => Obstacle::Cancelled,
            Obstacle::BudgetSpent => Obstacle::BudgetSpent,
            Obstacle::NotTestable { hint } => Obstacle::NotTestable { hint: self.sentence(hint) },
        }
    }

    /// An id of an embedded list or of this program; one of the user's own gets a placeholder.
    fn id(&mut self, kind: &'static str, id: &str) -> String {
        if sentence::is_known_id(id) { id.to_owned() } else { self.label(kind, id) }
    }

    fn label(&mut self, kind: &'static str, original: &str) -> String {
        self.labels.of(&self.key, kind, original)
    }

    fn is_bare_host(&self, lower: &str) -> bool {
        !lower.is_empty() && self.bare_hosts.contains(lower)
    }

    fn address(&mut self, address: IpAddr) -> IpAddr {
        self.stand_ins.of(&self.key, &mut self.labels, &*self.is_azure, address)
    }

    fn network(&mut self, network: IpNet) -> IpNet {
        self.stand_ins.of_network(&self.key, &mut self.labels, network)
    }

    fn socket(&mut self, socket: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.address(socket.ip()), socket.port())
    }

    fn name(&mut self, name: &HostName) -> HostName {
        names::name(&self.key, &mut self.labels, name)
    }

    fn host(&mut self, host: &Host) -> Host {
        match host {
            Host::Name(name) => Host::Name(self.name(name)),
            Host::Address(address) => Host::Address(self.address(*address)),
        }
    }

    /// A machine as it calls itself, which may be no host name.
    fn machine(&mut self, text: &str) -> String {
        match Host::parse(text) {
            _ if text.is_empty() => String::new(),
            Ok(Host::Name(name)) => self.name(&name).to_string(),
            Ok(Host::Address(address)) => self.address(address).to_string(),
            Err(_) => self.label("host", &text.to_lowercase()),
        }
    }

    /// A domain, a wildcard or a template: what stands before the first whole name stays.
    fn pattern(&mut self, pattern: &str) -> String {
        let is_open = |label: &&str| label.contains(['*', '{', '}']);
        let labels: Vec<&str> = pattern.split('.').collect();
        let n_open = labels.iter().rposition(is_open).map_or(0, |at| at + 1);
        let front = labels[..n_open].iter().map(|label| {
            let is_parameter = *label == "*" || (label.starts_with('{') && label.ends_with('}'));
            if is_parameter || names::is_region(label) {
                (*label).to_owned()
            } else {
                self.labels.of(&self.key, "text", label)
            }
        });
        let mut mapped: Vec<String> = front.collect();
        let rest = labels[n_open..].join(".");
        if !rest.is_empty() {
            mapped.push(self.machine(&rest));
        }
        mapped.join(".")
    }

    /// A URL's scheme, host and port; what else it says is left out.
    fn url(&mut self, url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://") else { return self.sentence(url) };
        let scheme = self.sentence(scheme);
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if let Ok(socket) = authority.parse::<SocketAddr>() {
            return format!("{scheme}://{}", self.socket(socket));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, format!(":{port}")),
            _ => (authority, String::new()),
        };
        let host = match Host::parse(host) {
            Ok(Host::Address(IpAddr::V6(v6))) => format!("[{}]", self.address(v6.into())),
            _ => self.machine(host),
        };
        format!("{scheme}://{host}{port}")
    }
}

/// The error with its symbol; a system's own words may name a file or a user.
fn os_error(os: &OsError) -> OsError {
    OsError { code: os.code, symbol: symbol(&os.symbol).to_owned() }
}

/// An error's symbol; what stands where a symbol should and is none is left out.
fn symbol(text: &str) -> &str {
    let is_of_symbol =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_symbol = ["E", "WSA", "SEC_E_"].iter().any(|start| text.starts_with(start))
        && text.len() <= 32
        && text.bytes().all(is_of_symbol);
    if is_symbol { text } else { "an error without a symbol" }
}

#[cfg(test)]
mod tests;
