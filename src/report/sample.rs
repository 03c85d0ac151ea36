//! Records and verdicts for tests of what is written about them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{
    Advice, Answer, Cause, Certainty, ChainLink, Conclusion, Destination, Endpoint, Exchange,
    Expectation, Failure, Family, Finding, FollowUps, Host, HostName, HttpAnswer, Kind, LinkData,
    Lookup, NetworkAllows, OpenTrail, Origin, Owner, Prediction, Proxied, ProxyReply, Record,
    Records, Resolver, ResponseCode, Role, Route, RouteChoice, RouteIntent, Run, Seen, Severity,
    Status, Subject, Summary, TcpFailure, TimeoutBy, Trail, Transport, Tunnel, Vantage, Verdict,
};

pub(super) fn records(records: Vec<Record>) -> Records {
    let run = Run {
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: start(),
        took: Duration::from_millis(5012),
        vantage: Vantage {
            hostname: "ir-node-1".into(),
            addresses: vec!["10.50.1.10".parse().unwrap()],
            resolvers: vec!["10.0.0.53:53".parse().unwrap()],
            proxy_source: "none".into(),
            ..Vantage::default()
        },
        cloud: "public".into(),
        lists: vec!["adf-shir".into()],
        ..Run::default()
    };
    Records { run, records }
}

pub(super) fn start() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

pub(super) fn conclusion(verdicts: Vec<Verdict>, allows: NetworkAllows) -> Conclusion {
    let count = |status| {
        verdicts.iter().filter(|verdict| verdict.counts && verdict.status == status).count()
    };
    Conclusion {
        actions: crate::diagnose::actions(&verdicts, &[]),
        summary: Summary {
            pass: count(Status::Pass),
            warn: count(Status::Warn),
            fail: count(Status::Fail),
            unknown: count(Status::Unknown),
        },
        verdicts,
        findings: vec![],
        prediction: Prediction {
            network_allows: allows,
            because: vec![],
            consequences: vec![],
            not_looked_at: vec![
                "service state: whether DIAHostService runs".into(),
                "authentication key".into(),
            ],
        },
        ending: crate::model::Ending::default(),
    }
}

pub(super) fn proxy(url: &str) -> Route {
    Route::Proxy(Proxied { url: url.into() })
}

/// A required endpoint that was not asked yet.
pub(super) fn record(entry: &str, host: &str) -> Record {
    let subject = Host::parse(host).map_or_else(|_| Subject::Pattern(host.into()), Subject::Host);
    Record {
        endpoint: Arc::new(Endpoint {
            entry: entry.into(),
            role: Role::of_entry(entry, Kind::Https),
            subject,
            port: 443,
            kind: Kind::Https,
            purpose: "p".into(),
            source_document: String::new(),
            required: entry != "relay-gateway" && entry != "download",
            origin: Origin::List,
            discovered: None,
            order: 0,
            expect: Expectation::default(),
        }),
        route: RouteChoice::new(RouteIntent::Any, Route::Direct, "no proxy is configured"),
        lookups: vec![],
        proxies: vec![],
        trails: vec![],
        follow_ups: FollowUps::default(),
        obstacle: None,
        pending: None,
        at: start(),
    }
}

impl Record {
    /// Resolved in 4 ms to `addresses`, through `alias`.
    pub(super) fn resolved(mut self, by: &str, alias: &str, addresses: &[&str]) -> Self {
        let name = self.endpoint.subject.host().and_then(Host::name).unwrap().clone();
        let alias = HostName::parse(alias).unwrap();
        let links = addresses.iter().map(|address| ChainLink {
            name: alias.clone(),
            ttl: 10,
            data: LinkData::Address(address.parse().unwrap()),
        });
        let first =
            ChainLink { name: name.clone(), ttl: 300, data: LinkData::Alias(alias.clone()) };
        let code =
            if addresses.is_empty() { ResponseCode::NxDomain } else { ResponseCode::NoError };
        let answer = Answer {
            code,
            chain: [first].into_iter().chain(links).collect(),
            is_loop: false,
            is_cut: false,
        };
        self.lookups.push(Arc::new(Lookup {
            resolver: Resolver::Server(by.parse().unwrap()),
            name,
            exchanges: vec![Exchange {
                family: Family::V4,
                result: Ok(answer),
                transport: Transport::Udp,
                took: Duration::from_millis(4),
            }],
        }));
        self
    }

    /// Connected in 30 ms to each of `addresses`.
    pub(super) fn reached(mut self, addresses: &[&str]) -> Self {
        self.trails.extend(addresses.iter().map(|address| {
            let mut trail = trail(address.parse().unwrap());
            trail.pass(Seen::Tcp, Duration::from_millis(30));
            trail.complete()
        }));
        self
    }

    /// Configured to go by the proxy at `url`, which opened a tunnel at `address`.
    pub(super) fn tunnelled(mut self, url: &str, address: &str) -> Self {
        self.route.configured = Ok(proxy(url));
        self.route.why = "HTTPS_PROXY".into();
        let mut trail = OpenTrail::new(proxy(url), address.parse().unwrap(), start());
        trail.pass(Seen::Tcp, Duration::from_millis(1));
        let answer = HttpAnswer {
            status: 200,
            reason: "OK".into(),
            headers: vec![],
            body: String::new(),
            is_cut: false,
        };
        let reply = ProxyReply::Connect(Box::new(answer));
        let tunnel = Tunnel { session: None, reply, sign_in: None };
        trail.pass(Seen::Proxy(Box::new(tunnel)), Duration::from_millis(12));
        self.trails.push(trail.complete());
        self
    }

    /// Silent at `address`.
    pub(super) fn silent(mut self, address: &str) -> Self {
        self.trails.push(silent(address.parse().unwrap()));
        self
    }
}

fn trail(address: IpAddr) -> OpenTrail {
    OpenTrail::new(Route::Direct, (address, 443).into(), start())
}

fn silent(address: IpAddr) -> Trail {
    let patience = Duration::from_secs(5);
    trail(address).fail(Failure::Tcp(TcpFailure::TimedOut(TimeoutBy::Ours(patience))), patience)
}

pub(super) fn passed() -> Verdict {
    Verdict {
        status: Status::Pass,
        cause: None,
        findings: vec![],
        counts: true,
        is_lowered: false,
        expected: vec![],
    }
}

pub(super) fn found(finding: Finding) -> Verdict {
    Verdict {
        expected: vec![],
        status: match finding.severity {
            Severity::Fail => Status::Fail,
            Severity::Warn => Status::Warn,
            Severity::Unknown => Status::Unknown,
        },
        cause: Some(finding.cause),
        counts: finding.cause != Cause::RelayGatewayUnassigned,
        findings: vec![finding],
        is_lowered: false,
    }
}

pub(super) fn timeout(host: &str, address: &str) -> Finding {
    Finding {
        cause: Cause::TcpTimeout,
        severity: Severity::Fail,
        certainty: Certainty::Likely,
        message: format!("{address}:443 did not answer within 5s"),
        evidence: vec!["silent for 5s, until our time-out".into()],
        rivals: vec![Cause::TcpLocalDenied, Cause::RouteProxyRequired],
        owner: Owner::Firewall,
        remedy: format!("Allow TCP 443 out from 10.50.1.10 to {host} ({address})."),
        explained_by: None,
        advice: Advice {
            template: "Allow TCP 443 out from 10.50.1.10 to {destinations}.".into(),
            destinations: vec![Destination {
                name: host.into(),
                address: address.parse().ok(),
                port: 443,
                protocol: "tcp",
            }],
            ..Advice::default()
        },
    }
}

pub(super) fn unassigned() -> Finding {
    Finding {
        cause: Cause::RelayGatewayUnassigned,
        severity: Severity::Unknown,
        certainty: Certainty::Proven,
        message: "not assigned yet".into(),
        evidence: vec![],
        rivals: vec![],
        owner: Owner::Nobody,
        remedy: String::new(),
        explained_by: None,
        advice: Advice::default(),
    }
}
