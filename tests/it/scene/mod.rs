//! Records made by hand, for tests of what is concluded of them: names and addresses as Azure has
//! them, times that never change.

mod network;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pathproof::diagnose;
use pathproof::model::{
    Awaited, Certificate, ChainTrust, Conclusion, Endpoint, Expectation, Failure, Fingerprint,
    FollowUps, Host, HostName, HttpAnswer, Kind, Lookup, Obstacle, OpenTrail, Origin, Pending,
    Presented, Proxied, ProxyFailure, ProxyLookup, ProxyReply, Reach, Record, Records, Role, Route,
    RouteChoice, RouteFault, RouteFaultKind, RouteIntent, Run, Seen, SignIn, Subject, TdsAnswer,
    TlsSession, Trail, Trust, Tunnel, Validity, Vantage, Verdict,
};
use sha2::{Digest, Sha256};

pub(crate) use network::{Ask, errno, gives};

/// When everything happened.
pub(crate) fn noon() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("a timestamp")
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A run from an ordinary virtual machine.
pub(crate) fn run() -> Run {
    Run {
        version: "0.1.0".to_owned(),
        started_at: noon(),
        took: ms(5_214),
        options: vec!["check".to_owned()],
        vantage: Vantage {
            hostname: "shir-01".to_owned(),
            os: "Windows Server 2022".to_owned(),
            account: "CONTOSO\\operator".to_owned(),
            addresses: vec![ip("10.50.1.10")],
            resolvers: vec![socket("10.0.0.53:53")],
            proxy_source: "none".to_owned(),
            proxy_url: None,
        },
        cloud: "public".to_owned(),
        lists: vec!["adf-shir".to_owned()],
        private_networks: Vec::new(),
        is_resolver_given: false,
        is_self_contained: false,
        agent_files_differ: Vec::new(),
        absent: Vec::new(),
        nodes: Vec::new(),
        runtime: None,
        redacted: None,
        kept_in: None,
        control: Some(unanswered_control()),
    }
}

/// The control address as it should be: silent.
fn unanswered_control() -> Trail {
    let open = OpenTrail::new(Route::Direct, socket("192.0.2.1:443"), noon());
    let failure =
        pathproof::model::TcpFailure::TimedOut(pathproof::model::TimeoutBy::Ours(ms(5_000)));
    open.fail(Failure::Tcp(failure), ms(5_000))
}

/// The control address accepted: a middlebox answers for everyone.
pub(crate) fn accepted_control() -> Trail {
    let mut open = OpenTrail::new(Route::Direct, socket("192.0.2.1:443"), noon());
    open.pass(Seen::Tcp, ms(1));
    open.complete()
}

/// The control address without a route.
pub(crate) fn routeless_control() -> Trail {
    let open = OpenTrail::new(Route::Direct, socket("192.0.2.1:443"), noon());
    open.stop(Obstacle::NoRoute(errno("ENETUNREACH")))
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub(crate) fn socket(text: &str) -> SocketAddr {
    text.parse().expect("an address and port")
}

/// An endpoint as the lists would make it, from its entry's id.
pub(crate) fn endpoint(entry: &str, host: &str) -> Endpoint {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let plain = Expectation::default();
    let (order, kind, purpose, required, origin, expect) = match entry {
        "relay" => (
            0,
            Kind::Relay,
            "Azure Relay, for interactive authoring",
            true,
            Origin::ServiceUrls,
            Expectation {
                reach: Reach::Public,
                private_zones: strings(&["privatelink.servicebus.windows.net"]),
                service_domains: strings(&["servicebus.windows.net"]),
                fingerprint: Fingerprint::RelayNamespace,
                service_tags: strings(&["AzureCloud"]),
            },
        ),
        "relay-gateway" => (
            0,
            Kind::Relay,
            "A gateway of the relay's deployment",
            false,
            Origin::Gateway,
            Expectation {
                reach: Reach::Public,
                service_domains: strings(&["servicebus.windows.net"]),
                service_tags: strings(&["AzureCloud"]),
                ..plain
            },
        ),
        "control" => (
            1,
            Kind::Https,
            "The factory's own name: registration, jobs and status",
            true,
            Origin::List,
            Expectation {
                private_zones: strings(&["privatelink.datafactory.azure.net"]),
                service_domains: strings(&["datafactory.azure.net"]),
                service_tags: strings(&["DataFactoryManagement"]),
                ..plain
            },
        ),
        "download" => (
            3,
            Kind::Https,
            "Updates of the runtime",
            false,
            Origin::List,
            Expectation {
                reach: Reach::Public,
                service_domains: strings(&["microsoft.com"]),
                ..plain
            },
        ),
        "storage" => (
            4,
            Kind::Https,
            "Azure Storage",
            true,
            Origin::ServiceUrls,
            Expectation {
                private_zones: strings(&[
                    "privatelink.blob.core.windows.net",
                    "privatelink.dfs.core.windows.net",
                ]),
                service_domains: strings(&["core.windows.net"]),
                service_tags: strings(&["Storage"]),
                ..plain
            },
        ),
        "sql" => (
            5,
            Kind::Tds,
            "Azure SQL Database",
            true,
            Origin::List,
            Expectation {
                private_zones: strings(&["privatelink.database.windows.net"]),
                service_tags: strings(&["Sql"]),
                ..plain
            },
        ),
        "revocation" => (6, Kind::Http, "Revocation lists", false, Origin::List, plain),
        "peer" => (8, Kind::Tcp, "Another node of the runtime", true, Origin::Option, plain),
        _ => (9, Kind::Https, "Given by --endpoint", true, Origin::Option, plain),
    };
    let port = match kind {
        Kind::Https | Kind::Relay | Kind::Tls => 443,
        Kind::Tds => 1433,
        Kind::Http => 80,
        Kind::Tcp => 8060,
    };
    let subject = match Host::parse(host) {
        Ok(host) => Subject::Host(host),
        Err(_) => Subject::Pattern(host.to_owned()),
    };
    Endpoint {
        entry: entry.to_owned(),
        role: Role::of_entry(entry, kind),
        subject,
        port,
        kind,
        purpose: purpose.to_owned(),
        source_document: String::new(),
        required,
        origin,
        discovered: None,
        order,
        expect,
    }
}

/// A record in the making.
pub(crate) struct Probe {
    pub(crate) endpoint: Endpoint,
    pub(crate) route: RouteChoice,
    lookups: Vec<Arc<Lookup>>,
    proxies: Vec<ProxyLookup>,
    trails: Vec<Trail>,
    follow_ups: FollowUps,
    obstacle: Option<Obstacle>,
    pending: Option<Pending>,
}

impl Probe {
    pub(crate) fn of(entry: &str, host: &str) -> Self {
        Self {
            endpoint: endpoint(entry, host),
            route: RouteChoice::new(RouteIntent::Any, Route::Direct, "no proxy is configured"),
            lookups: Vec::new(),
            proxies: Vec::new(),
            trails: Vec::new(),
            follow_ups: FollowUps::default(),
            obstacle: None,
            pending: None,
        }
    }

    /// With the endpoint changed.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Endpoint)) -> Self {
        change(&mut self.endpoint);
        self
    }

    /// Of another kind than the entry's.
    pub(crate) fn kind(self, kind: Kind) -> Self {
        self.with(|endpoint| endpoint.kind = kind)
    }

    pub(crate) fn optional(self) -> Self {
        self.with(|endpoint| endpoint.required = false)
    }

    pub(crate) fn private(self) -> Self {
        let mut probe = self.with(|endpoint| endpoint.expect.reach = Reach::Private);
        probe.route.intended = RouteIntent::Direct;
        probe
    }

    /// Configured to go through the proxy at `url`.
    pub(crate) fn by(mut self, url: &str) -> Self {
        self.route.configured = Ok(proxy(url));
        "HTTPS_PROXY".clone_into(&mut self.route.why);
        self
    }

    /// With what a script says besides.
    pub(crate) fn else_by(mut self, fallbacks: &[Route]) -> Self {
        self.route.fallbacks = fallbacks.to_vec();
        "pac:http://wpad.contoso.com/wpad.dat".clone_into(&mut self.route.why);
        self
    }

    /// With `--alternate-proxy`.
    pub(crate) fn beside(mut self, alternate: Route) -> Self {
        self.route.alternate = Some(alternate);
        self
    }

    /// Configured in a way that nobody can follow.
    pub(crate) fn faulty(mut self, kind: RouteFaultKind, message: &str) -> Self {
        self.route.configured = Err(RouteFault { kind, message: message.to_owned() });
        message.clone_into(&mut self.route.why);
        self
    }

    /// What a name server says of the proxy's own name.
    pub(crate) fn asks_for_proxy(mut self, url: &str, name: &str, ask: Ask<'_>) -> Self {
        let name = HostName::parse(name).expect("a name");
        let lookups = vec![Arc::new(ask.of(&name))];
        self.proxies.push(ProxyLookup { proxy: Proxied { url: url.into() }, lookups });
        self
    }

    /// A way through a proxy at `address`.
    pub(crate) fn goes_by(
        mut self,
        url: &str,
        address: &str,
        way: impl FnOnce(Way) -> Trail,
    ) -> Self {
        let trail = way(Way { open: OpenTrail::new(proxy(url), socket(address), noon()) });
        self.trails.push(trail);
        self
    }

    /// A name server's answer.
    pub(crate) fn asks(mut self, ask: Ask<'_>) -> Self {
        let Some(Host::Name(name)) = self.endpoint.subject.host() else { panic!("a name") };
        self.lookups.push(Arc::new(ask.of(name)));
        self
    }

    /// A way to one address, at the endpoint's port.
    pub(crate) fn goes(mut self, address: &str, way: impl FnOnce(Way) -> Trail) -> Self {
        let remote = SocketAddr::new(ip(address), self.endpoint.port);
        let trail = way(Way { open: OpenTrail::new(Route::Direct, remote, noon()) });
        self.trails.push(trail);
        self
    }

    /// The ordinary case: addresses without aliases, and all of them work.
    pub(crate) fn works_at(self, addresses: &[&str]) -> Self {
        let (kind, host) = (self.endpoint.kind, self.endpoint.subject.to_string());
        let asked = self.asks(gives(addresses));
        addresses
            .iter()
            .fold(asked, |probe, address| probe.goes(address, |way| way.proven(kind, &host)))
    }

    /// What was asked again of it.
    pub(crate) fn followed_up(mut self, change: impl FnOnce(&mut FollowUps)) -> Self {
        change(&mut self.follow_ups);
        self
    }

    pub(crate) fn stopped(mut self, obstacle: Obstacle) -> Self {
        self.obstacle = Some(obstacle);
        self
    }

    /// Ended early while it waited for this.
    pub(crate) fn pending(mut self, awaited: Awaited, millis: u64) -> Self {
        self.pending = Some(Pending { awaited, took: ms(millis) });
        self
    }

    pub(crate) fn record(self) -> Record {
        Record {
            endpoint: Arc::new(self.endpoint),
            route: self.route,
            lookups: self.lookups,
            proxies: self.proxies,
            trails: self.trails,
            follow_ups: self.follow_ups,
            obstacle: self.obstacle,
            pending: self.pending,
            at: noon(),
        }
    }

    /// What is concluded of it alone, in an ordinary run.
    pub(crate) fn verdict(self) -> Verdict {
        self.verdict_in(&run())
    }

    pub(crate) fn verdict_in(self, run: &Run) -> Verdict {
        diagnose::verdict(&self.record(), run, &is_azure)
    }
}

pub(crate) fn proxy(url: &str) -> Route {
    Route::Proxy(Proxied { url: url.into() })
}

/// The ranges these tests take for Azure's.
#[expect(clippy::unnecessary_wraps, reason = "the shape that diagnosis asks for")]
pub(crate) fn is_azure(address: IpAddr) -> Option<bool> {
    match address {
        IpAddr::V4(v4) => Some(matches!(v4.octets()[0], 13 | 20 | 40 | 51 | 52)),
        IpAddr::V6(v6) => Some(v6.segments()[0] == 0x2603),
    }
}

pub(crate) fn records(run: Run, probes: Vec<Probe>) -> Records {
    Records { run, records: probes.into_iter().map(Probe::record).collect() }
}

pub(crate) fn conclude(records: &Records) -> Conclusion {
    diagnose::conclude(records, &is_azure)
}

/// Steps to one address.
pub(crate) struct Way {
    open: OpenTrail,
}

impl Way {
    pub(crate) fn tcp(mut self) -> Self {
        self.open.leave_from(Some(socket("10.50.1.10:51514")));
        self.open.pass(Seen::Tcp, ms(12));
        self
    }

    /// A tunnel as squid opens it.
    pub(crate) fn tunnel(self) -> Self {
        let answer = page(200, "Connection established", "");
        self.tunnel_of(None, ProxyReply::Connect(Box::new(answer)))
    }

    /// A tunnel after a sign-in.
    pub(crate) fn tunnel_for(mut self, sign_in: SignIn) -> Self {
        let reply = ProxyReply::Connect(Box::new(page(200, "Connection established", "")));
        let sign_in = Some(Box::new(sign_in));
        self.open.pass(Seen::Proxy(Box::new(Tunnel { session: None, reply, sign_in })), ms(38));
        self
    }

    pub(crate) fn tunnel_of(mut self, session: Option<Presented>, reply: ProxyReply) -> Self {
        let session = session.map(|presented| Box::new(session_of(presented)));
        self.open.pass(Seen::Proxy(Box::new(Tunnel { session, reply, sign_in: None })), ms(14));
        self
    }

    /// An `https://` proxy itself, which is asked for a whole URL.
    pub(crate) fn proxy_session(mut self, presented: Presented) -> Self {
        self.open.pass(Seen::ProxySession(Box::new(session_of(presented))), ms(14));
        self
    }

    /// An answer other than consent.
    pub(crate) fn refused_with(self, answer: HttpAnswer) -> Trail {
        let failure = ProxyFailure::Answered { answer: Box::new(answer), with_credentials: false };
        self.tcp().fails(Failure::Proxy(failure), 9)
    }

    pub(crate) fn tls(mut self, presented: Presented) -> Self {
        let session = session_of(presented);
        self.open.pass(Seen::Tls(Box::new(session)), ms(31));
        self
    }

    pub(crate) fn http(mut self, answer: HttpAnswer) -> Self {
        self.open.pass(Seen::Http(Box::new(answer)), ms(18));
        self
    }

    pub(crate) fn tds(mut self) -> Self {
        let answer = TdsAnswer { version: "12.0.2000".to_owned(), encryption: 1 };
        self.open.pass(Seen::Tds(answer), ms(15));
        self
    }

    pub(crate) fn done(self) -> Trail {
        self.open.complete()
    }

    pub(crate) fn fails(self, failure: Failure, millis: u64) -> Trail {
        self.open.fail(failure, ms(millis))
    }

    pub(crate) fn stops(self, obstacle: Obstacle) -> Trail {
        self.open.stop(obstacle)
    }

    /// The next step had been going on for so long when it was ended.
    pub(crate) fn stops_after(self, obstacle: Obstacle, millis: u64) -> Trail {
        self.open.stop_after(obstacle, Some(ms(millis)))
    }

    /// The connect left from there, and sent so many SYNs.
    pub(crate) fn tried(mut self, local: &str, syns: u32) -> Self {
        self.open.leave_from(Some(socket(local)));
        self.open.send_syns(Some(syns));
        self
    }

    /// Everything its kind asks for.
    pub(crate) fn proven(self, kind: Kind, host: &str) -> Trail {
        match kind {
            Kind::Relay => self.tcp().tls(azure(host)).http(relay_feed()).done(),
            Kind::Https => self.tcp().tls(azure(host)).http(page(404, "Not Found", "")).done(),
            Kind::Tls => self.tcp().tls(azure(host)).done(),
            Kind::Tds => self.tcp().tds().done(),
            Kind::Http => self.tcp().http(page(200, "OK", "")).done(),
            Kind::Tcp => self.tcp().done(),
        }
    }

    /// The same, through a tunnel.
    pub(crate) fn proven_beyond(self, kind: Kind, host: &str) -> Trail {
        let way = self.tcp().tunnel();
        match kind {
            Kind::Relay => way.tls(azure(host)).http(relay_feed()).done(),
            Kind::Tls => way.tls(azure(host)).done(),
            _ => way.tls(azure(host)).http(page(404, "Not Found", "")).done(),
        }
    }
}

fn session_of(presented: Presented) -> TlsSession {
    TlsSession {
        version: "TLSv1_3".to_owned(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".to_owned(),
        presented,
    }
}

/// The answer of a relay namespace to a request without a token.
pub(crate) fn relay_feed() -> HttpAnswer {
    let body = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">Publicly Listed \
                Services</title><generator>Service Bus 1.1</generator></feed>";
    with_header(page(200, "OK", body), "Content-Type", "application/atom+xml;type=feed")
}

pub(crate) fn page(status: u16, reason: &str, body: &str) -> HttpAnswer {
    HttpAnswer {
        status,
        reason: reason.to_owned(),
        headers: Vec::new(),
        body: body.to_owned(),
        is_cut: false,
    }
}

pub(crate) fn with_header(mut answer: HttpAnswer, name: &str, value: &str) -> HttpAnswer {
    answer.headers.push((name.to_owned(), value.to_owned()));
    answer
}

/// A chain as Azure shows it: publicly trusted, for the host's own domain.
pub(crate) fn azure(host: &str) -> Presented {
    let name = match host.split_once('.') {
        Some((_, parent)) => format!("*.{parent}"),
        None => host.to_owned(),
    };
    let issuer = "C=US, O=Microsoft Corporation, CN=Microsoft Azure RSA TLS Issuing CA 04";
    chain(&[&name, host], issuer, ChainTrust::Trusted, ChainTrust::Trusted, Validity::Current)
}

/// The same chain, whose first certificate names these URLs for revocation lists.
pub(crate) fn naming(presented: Presented, urls: &[&str]) -> Presented {
    let mut chain = presented.chain.to_vec();
    let leaf = Arc::make_mut(&mut chain[0]);
    leaf.revocation = urls.iter().map(|url| (*url).to_owned()).collect();
    // Another certificate.
    let der = format!("{} {urls:?}", String::from_utf8_lossy(&leaf.der)).into_bytes();
    leaf.fingerprint = Sha256::digest(&der).into();
    leaf.der = Arc::from(der);
    Presented { chain: Arc::from(chain), trust: presented.trust }
}

/// One certificate that issued itself.
pub(crate) fn self_signed(name: &str) -> Presented {
    let subject = format!("CN={name}");
    let (public, host) = (ChainTrust::UnknownIssuer, ChainTrust::UnknownIssuer);
    Presented {
        chain: Arc::from([Arc::new(certificate(&subject, &subject, &[name]))]),
        trust: Arc::new(Trust { public, host, validity: Validity::Current }),
    }
}

/// A chain of two for `names`: a leaf, and the authority that issued it.
pub(crate) fn chain(
    names: &[&str],
    issuer: &str,
    public: ChainTrust,
    host: ChainTrust,
    validity: Validity,
) -> Presented {
    let root = if issuer.contains("Microsoft") {
        "C=US, O=DigiCert Inc, CN=DigiCert Global Root G2"
    } else {
        issuer
    };
    let leaf = certificate(&format!("CN={}", names[0]), issuer, names);
    let authority = certificate(issuer, root, &[]);
    Presented {
        chain: Arc::from([Arc::new(leaf), Arc::new(authority)]),
        trust: Arc::new(Trust { public, host, validity }),
    }
}

fn certificate(subject: &str, issuer: &str, names: &[&str]) -> Certificate {
    // Diagnosis reads no DER: what tells one certificate from another is enough.
    let der = format!("{subject} by {issuer} for {names:?}").into_bytes();
    Certificate {
        fingerprint: Sha256::digest(&der).into(),
        der: Arc::from(der),
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        not_before: "2025-11-01T00:00:00Z".parse().expect("a timestamp"),
        not_after: "2026-10-27T23:59:59Z".parse().expect("a timestamp"),
        revocation: Vec::new(),
    }
}
