//! Fleets with planted faults: the reports that their hosts would write. The bench `fleet` and the
//! tests use the same.

use std::collections::BTreeMap;

use pathproof::report::merge::{Merged, MergedHost, PartKind, SharedPart};
use pathproof::report_v1::Report;
use serde_json::{Value, json};

use super::numbers::Numbers;

/// How hosts are spread over name servers, proxies and subnets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FleetLayout {
    /// Sites share name servers and proxies, and some hosts use those of others.
    Shared,
    /// Each site has a name server and a subnet of its own, every other one goes direct, and what
    /// breaks is a subnet: most networks are like this.
    OwnResolvers,
}

/// A fleet to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FleetPlan {
    pub(crate) seed: u64,
    pub(crate) hosts: usize,
    pub(crate) faults: usize,
    /// Of a hundred observations so many are wrong.
    pub(crate) noise: usize,
    /// Of a hundred hosts so many send no report, and of a hundred endpoints so many are missing.
    pub(crate) missing: usize,
    /// So many gateways beside each relay, for size.
    pub(crate) gateways: usize,
    pub(crate) layout: FleetLayout,
}

/// What was made.
pub(crate) struct Fleet {
    pub(crate) reports: Vec<String>,
    pub(crate) planted: Vec<SharedPart>,
}

/// A fault hits at least so many hosts.
const LEAST_HIT: usize = 6;

impl Numbers {
    fn is_one_of(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }
}

/// A host and everything on its ways.
struct FleetHost {
    name: String,
    source: String,
    subnet: String,
    resolver: String,
    /// `direct` or a URL.
    route: String,
    why: String,
    version: String,
    factory: usize,
    deployment: usize,
    region: usize,
}

/// What breaks, where it breaks, and how that looks.
struct Fault {
    part: SharedPart,
    roles: &'static [&'static str],
    cause: &'static str,
    owner: &'static str,
}

const ROUTE_RULES: [&str; 3] =
    ["no proxy is configured", "bypass rule 2 of diahost.exe.config", "NO_PROXY holds *.net"];
const PUBLIC_ISSUER: &str = "C=US, O=Microsoft Corporation, CN=Microsoft Azure RSA TLS Issuing CA";

impl FleetHost {
    fn has(&self, part: &SharedPart) -> bool {
        let is_direct = self.route == "direct";
        match part.kind {
            // Who goes by a proxy needs no answer of a name server.
            PartKind::Resolver => is_direct && self.resolver == part.value,
            PartKind::Proxy => self.route == part.value,
            PartKind::Source => is_direct && self.subnet == part.value,
            PartKind::Deployment => is_direct && deployment(self.deployment) == part.value,
            PartKind::Destination => is_direct && region(self.region) == part.value,
            PartKind::Issuer => !is_direct && issuer(&self.route) == part.value,
            PartKind::RouteRule => self.why == part.value,
            PartKind::RuntimeVersion => self.version == part.value,
            PartKind::Endpoint => false,
        }
    }

    /// A fault of a part of this host's.
    fn fault(&self, number: usize) -> Option<Fault> {
        const ALL: &[&str] = &["relay", "control", "download"];
        const RELAY: &[&str] = &["relay"];
        let is_direct = self.route == "direct";
        let fault = |kind, value: &str, roles, cause, owner| {
            let part = SharedPart { kind, value: value.to_owned() };
            Some(Fault { part, roles, cause, owner })
        };
        match number {
            0 => fault(PartKind::Resolver, &self.resolver, ALL, "dns_servfail", "dns"),
            1 if !is_direct => fault(PartKind::Proxy, &self.route, ALL, "proxy_refused", "proxy"),
            2 => fault(PartKind::Source, &self.subnet, RELAY, "tcp_timeout", "firewall"),
            3 => {
                let deployment = deployment(self.deployment);
                fault(PartKind::Deployment, &deployment, RELAY, "tcp_timeout", "firewall")
            }
            4 => {
                let region = region(self.region);
                fault(PartKind::Destination, &region, &["control"], "tcp_timeout", "firewall")
            }
            5 if !is_direct => {
                fault(PartKind::Issuer, &issuer(&self.route), ALL, "tls_untrusted", "host")
            }
            6 => fault(PartKind::RouteRule, &self.why, ALL, "route_proxy_required", "host"),
            7 => fault(PartKind::RuntimeVersion, &self.version, RELAY, "tls_version", "host"),
            _ => None,
        }
    }

    fn report(&self, plan: &FleetPlan, faults: &[Fault], numbers: &mut Numbers) -> String {
        let mut endpoints = Vec::new();
        for role in ["relay", "control", "download"] {
            if numbers.is_one_of(plan.missing) {
                continue;
            }
            let hit =
                faults.iter().find(|fault| fault.roles.contains(&role) && self.has(&fault.part));
            let seen = match (hit, numbers.is_one_of(plan.noise)) {
                (Some(_), true) => None,
                (None, true) => Some(match numbers.below(3) {
                    0 if self.route == "direct" => ("dns_servfail", "dns"),
                    1 if self.route != "direct" => ("proxy_refused", "proxy"),
                    _ => ("tcp_timeout", "firewall"),
                }),
                (fault, false) => fault.map(|fault| (fault.cause, fault.owner)),
            };
            endpoints.push(self.endpoint(role, seen));
        }
        for number in 0..plan.gateways {
            endpoints.push(self.gateway(number));
        }
        json!({"schema": "pathproof.report/1",
            "run": {"started_at": "2026-03-02T12:00:00Z",
                "vantage": {"hostname": self.name, "os": "Windows Server 2022",
                    "addresses": [self.source], "resolvers": [format!("{}:53", self.resolver)],
                    "proxy": {"source": "diahost.exe.config",
                        "url": (self.route != "direct").then_some(&self.route)}},
                "runtime": {"version": self.version, "errors": []}},
            "endpoints": endpoints})
        .to_string()
    }

    fn endpoint(&self, role: &str, seen: Option<(&str, &str)>) -> Value {
        let (host, alias, address) = match role {
            "relay" => (
                format!("relay-{}.servicebus.windows.net", self.factory),
                format!("ns-sb2-{}.cloudapp.net", deployment(self.deployment)),
                format!("40.112.{}.{}", self.deployment, 4 + 240 * (self.factory % 2)),
            ),
            "control" => (
                format!("factory-{}.westeurope.datafactory.azure.net", self.factory),
                format!("region-{}.trafficmanager.net", self.region),
                format!("20.50.{}.{}", self.region, 4 + 240 * (self.factory % 2)),
            ),
            _ => {
                let host = "download.microsoft.com".to_owned();
                (host, "download.edge.net".to_owned(), "23.40.1.7".to_owned())
            }
        };
        self.written(role, &host, &alias, &address, seen)
    }

    fn gateway(&self, number: usize) -> Value {
        let deployment = deployment(self.deployment);
        let host = format!("g{number}-{deployment}-sb.servicebus.windows.net");
        let address = format!("40.113.{}.{number}", self.deployment);
        self.written("gateway", &host, "none.cloudapp.net", &address, None)
    }

    fn written(
        &self,
        role: &str,
        host: &str,
        alias: &str,
        address: &str,
        seen: Option<(&str, &str)>,
    ) -> Value {
        let is_direct = self.route == "direct";
        let cause = seen.map(|(cause, _)| cause);
        let layer = cause.and_then(|cause| cause.split('_').next());
        let resolver = format!("{}:53", self.resolver);
        let link =
            |name: &str, kind: &str, data: &str| json!({"name": name, "type": kind, "data": data});
        let lookups = match (is_direct, layer) {
            (false, _) => json!([]),
            (true, Some("dns")) => json!([{"resolver": resolver, "outcome": "servfail"}]),
            (true, _) => json!([{"resolver": resolver, "outcome": "ok", "addresses": [address],
                "chain": [link(host, "CNAME", alias), link(alias, "A", address)]}]),
        };
        let tls = |outcome: &str| {
            let issuer = if is_direct { PUBLIC_ISSUER.to_owned() } else { issuer(&self.route) };
            json!({"step": "tls", "outcome": outcome, "detail": {"chain": [
                {"subject": format!("CN={host}"), "issuer": issuer, "sha256": "0".repeat(64)}]}})
        };
        let step = |name: &str, outcome: &str| json!({"step": name, "outcome": outcome});
        let steps = match layer {
            Some("dns") => vec![],
            Some("tcp") => vec![step("tcp", "timeout")],
            Some("proxy") => vec![step("tcp", "refused")],
            Some("tls") => vec![step("tcp", "ok"), tls("untrusted")],
            Some(_) => vec![step("tcp", "timeout")],
            None => vec![step("tcp", "ok"), tls("ok"), step("http", "ok")],
        };
        let remote = if is_direct { format!("{address}:443") } else { "10.9.9.9:3128".to_owned() };
        let trails = if steps.is_empty() {
            json!([])
        } else {
            json!([{"route": self.route, "remote": remote, "steps": steps}])
        };
        let findings = seen.map(|(cause, owner)| {
            json!({"cause": cause, "severity": "fail", "certainty": "likely", "owner": owner})
        });
        json!({"entry": role, "role": role, "host": host, "port": 443, "kind": "https",
            "required": true, "status": if seen.is_some() { "fail" } else { "pass" },
            "cause": cause, "findings": findings.into_iter().collect::<Vec<_>>(),
            "route": {"intended": "any", "configured": self.route, "why": self.why},
            "lookups": lookups, "trails": trails})
    }
}

fn deployment(number: usize) -> String {
    format!("prod-am3-{number:03}")
}

fn region(number: usize) -> String {
    format!("20.50.{number}.0/24")
}

/// Every proxy looks into TLS with an authority of its own.
fn issuer(route: &str) -> String {
    format!("CN=Inspection of {}", route.replace(['/', ':'], " "))
}

impl Fleet {
    pub(crate) fn of(plan: &FleetPlan) -> Self {
        let mut numbers = Numbers(plan.seed);
        let hosts = hosts(plan, &mut numbers);
        let faults = faults(plan, &hosts, &mut numbers);
        let mut reports = Vec::new();
        for host in &hosts {
            if !numbers.is_one_of(plan.missing) {
                reports.push(host.report(plan, &faults, &mut numbers));
            }
        }
        Self { reports, planted: faults.into_iter().map(|fault| fault.part).collect() }
    }

    pub(crate) fn merged(&self) -> Merged {
        let host = |(at, text): (usize, &String)| {
            let report = Report::read(text).expect("a report");
            MergedHost::of(&format!("{at}.json"), &report, &[])
        };
        Merged::of(self.reports.iter().enumerate().map(host).collect(), vec![])
    }
}

/// Sites of a dozen hosts: a subnet each, resolvers and proxies mostly by site; four hosts to a
/// factory, whose relay lives in some deployment.
fn hosts(plan: &FleetPlan, numbers: &mut Numbers) -> Vec<FleetHost> {
    let n_hosts = plan.hosts;
    let n_sites = (n_hosts / 12).max(4);
    let (n_resolvers, n_proxies) = ((n_sites / 3).max(3), (n_sites / 4).max(3));
    let n_deployments = (n_hosts / 20).clamp(4, 250);
    let mut of_sites = BTreeMap::new();
    let mut of_factories = BTreeMap::new();
    (0..n_hosts)
        .map(|at| {
            let site = at % n_sites;
            let factory = numbers.below(n_hosts.div_ceil(4));
            let (mut resolver, mut proxy) = *of_sites
                .entry(site)
                .or_insert_with(|| (numbers.below(n_resolvers), numbers.below(2 * n_proxies)));
            if plan.layout == FleetLayout::OwnResolvers {
                resolver = site;
                if site.is_multiple_of(2) {
                    proxy = n_proxies;
                }
            } else if numbers.is_one_of(15) {
                (resolver, proxy) = (numbers.below(n_resolvers), numbers.below(2 * n_proxies));
            }
            let (deployment, region) = *of_factories
                .entry(factory)
                .or_insert_with(|| (numbers.below(n_deployments), numbers.below(4)));
            let is_direct = proxy >= n_proxies;
            let (network, host) = (10 * 256 + site, 10 + at / n_sites);
            FleetHost {
                name: format!("shir-{at:04}"),
                source: format!("10.{}.{}.{host}", network / 256, network % 256),
                subnet: format!("10.{}.{}.0/24", network / 256, network % 256),
                resolver: format!("10.0.{resolver}.53"),
                route: if is_direct {
                    "direct".to_owned()
                } else {
                    format!("http://proxy-{proxy}.corp.example:3128")
                },
                why: if is_direct {
                    ROUTE_RULES[numbers.below(3)].to_owned()
                } else {
                    "diahost.exe.config".to_owned()
                },
                version: format!("5.{}.9000.1", 40 + numbers.below(5)),
                factory,
                deployment,
                region,
            }
        })
        .collect()
}

/// Faults that hit some hosts and leave most alone, each of another kind.
fn faults(plan: &FleetPlan, hosts: &[FleetHost], numbers: &mut Numbers) -> Vec<Fault> {
    const OF_SUBNETS: usize = 2;
    let mut faults: Vec<Fault> = Vec::new();
    for _ in 0..10_000 {
        if faults.len() == plan.faults {
            break;
        }
        let host = &hosts[numbers.below(hosts.len())];
        let number = match plan.layout {
            FleetLayout::Shared => numbers.below(8),
            FleetLayout::OwnResolvers => OF_SUBNETS,
        };
        let Some(fault) = host.fault(number) else { continue };
        let is_new = faults.iter().all(|known| known.part.kind != fault.part.kind);
        // What an earlier fault hides is not there to be found.
        let is_hidden = |host: &&FleetHost| faults.iter().any(|known| host.has(&known.part));
        let hit = hosts.iter().filter(|host| host.has(&fault.part) && !is_hidden(host)).count();
        if is_new && hit >= LEAST_HIT && hit * 2 < hosts.len() {
            faults.push(fault);
        }
    }
    assert_eq!(faults.len(), plan.faults, "{plan:?}");
    faults
}
