//! The records and verdicts that the reports are made of.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pathproof::model;

fn destination(name: &str, address: Option<&str>) -> model::Destination {
    let address = address.map(|address| address.parse().unwrap());
    model::Destination { name: name.into(), address, port: 443, protocol: "tcp" }
}

pub(super) fn sample() -> (model::Records, model::Conclusion) {
    let finding = model::Finding {
        cause: model::Cause::TcpTimeout,
        severity: model::Severity::Fail,
        certainty: model::Certainty::Likely,
        message: "m".into(),
        evidence: vec!["e".into()],
        rivals: vec![model::Cause::TcpLocalDenied],
        owner: model::Owner::DataPlatform,
        remedy: "r".into(),
        explained_by: Some(model::Cause::DnsSinkhole),
        advice: model::Advice::default(),
    };
    let failed = model::Verdict {
        status: model::Status::Fail,
        cause: Some(model::Cause::TcpTimeout),
        findings: vec![finding.clone()],
        counts: true,
        is_lowered: false,
        expected: vec![],
    };
    let passed = {
        let (status, findings) = (model::Status::Pass, vec![]);
        model::Verdict { status, cause: None, findings, ..failed.clone() }
    };
    let run = model::Run {
        version: "0.1.0".into(),
        started_at: start(),
        took: Duration::from_micros(5_012_349),
        options: vec!["--set".into(), "factory=contoso".into()],
        vantage: model::Vantage {
            hostname: "ir-node-1".into(),
            os: "Windows Server 2022".into(),
            account: "CONTOSO\\svc".into(),
            addresses: vec!["10.50.1.10".parse().unwrap()],
            resolvers: vec!["10.0.0.53:53".parse().unwrap()],
            proxy_source: "none".into(),
            proxy_url: None,
        },
        cloud: "public".into(),
        lists: vec!["adf-shir".into()],
        runtime: Some(runtime()),
        ..model::Run::default()
    };
    let timeout = model::TimeoutBy::Ours(Duration::from_secs(5));
    let silent = trail()
        .fail(model::Failure::Tcp(model::TcpFailure::TimedOut(timeout)), Duration::from_secs(5));
    let records = vec![
        record("b.servicebus.windows.net", vec![silent]),
        record("a.servicebus.windows.net", vec![whole()]),
    ];
    let conclusion = model::Conclusion {
        verdicts: vec![failed, passed],
        findings: vec![finding],
        actions: vec![model::Action {
            owner: model::Owner::Firewall,
            severity: model::Severity::Fail,
            text: "t".into(),
            causes: vec![model::Cause::TcpTimeout],
            destinations: vec![
                destination("b.servicebus.windows.net", Some("40.112.72.101")),
                destination("c.servicebus.windows.net", None),
            ],
            is_about_destinations: true,
            list_format: None,
        }],
        summary: model::Summary { pass: 1, warn: 0, fail: 1, unknown: 0 },
        prediction: model::Prediction {
            network_allows: model::NetworkAllows::Limited,
            because: vec!["b.servicebus.windows.net:443".into()],
            consequences: vec!["c".into()],
            not_looked_at: vec!["service state".into()],
        },
        ending: model::Ending { fail_on: model::FailOn::Warn, ..model::Ending::default() },
    };
    (model::Records { run, records }, conclusion)
}

pub(super) fn start() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn record(host: &str, trails: Vec<model::Trail>) -> model::Record {
    let name = |text: &str| model::HostName::parse(text).unwrap();
    let namespace = "ns-sb2-prod-by3-010.cloudapp.net";
    let alias = model::ChainLink {
        name: name(host),
        ttl: 30,
        data: model::LinkData::Alias(name(namespace)),
    };
    let exchange = |family, address: &str| model::Exchange {
        family,
        result: Ok(model::Answer {
            code: model::ResponseCode::NoError,
            chain: vec![
                alias.clone(),
                model::ChainLink {
                    name: name(namespace),
                    ttl: 10,
                    data: model::LinkData::Address(address.parse().unwrap()),
                },
            ],
            is_loop: false,
            is_cut: false,
        }),
        transport: model::Transport::Udp,
        took: Duration::from_micros(420),
    };
    model::Record {
        endpoint: Arc::new(model::Endpoint {
            entry: "relay".into(),
            role: model::Role::Relay,
            subject: model::Subject::Host(model::Host::Name(name(host))),
            port: 443,
            kind: model::Kind::Relay,
            purpose: "interactive authoring".into(),
            source_document: "Ports and firewalls (2025-03-31)".into(),
            required: true,
            origin: model::Origin::ServiceUrls,
            discovered: Some(model::Sighting { seen_in: "a log".into(), seen_at: Some(start()) }),
            order: 1,
            expect: model::Expectation::default(),
        }),
        route: model::RouteChoice::new(model::RouteIntent::Any, model::Route::Direct, "w"),
        proxies: vec![],
        lookups: vec![Arc::new(model::Lookup {
            resolver: model::Resolver::Server("10.0.0.53:53".parse().unwrap()),
            name: name(host),
            exchanges: vec![
                exchange(model::Family::V4, "40.112.72.101"),
                exchange(model::Family::V6, "2603:1030::1"),
            ],
        })],
        trails,
        follow_ups: model::FollowUps::default(),
        obstacle: None,
        pending: None,
        at: start(),
    }
}

fn trail() -> model::OpenTrail {
    let at = start() + Duration::from_millis(500);
    model::OpenTrail::new(model::Route::Direct, "40.112.72.101:443".parse().unwrap(), at)
}

fn whole() -> model::Trail {
    let mut trail = trail();
    trail.leave_from(Some("10.50.1.10:51514".parse().unwrap()));
    trail.pass(model::Seen::Tcp, Duration::from_micros(230));
    let leaf = model::Certificate {
        der: Arc::from(&b"der"[..]),
        fingerprint: [0xab; 32],
        subject: "CN=servicebus.windows.net".into(),
        issuer: "CN=Microsoft Azure RSA TLS Issuing CA 03".into(),
        names: vec!["*.servicebus.windows.net".into()],
        not_before: Timestamp::UNIX_EPOCH,
        not_after: start(),
        revocation: vec![],
    };
    let session = model::TlsSession {
        version: "TLSv1_3".into(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
        presented: model::Presented {
            chain: Arc::from([Arc::new(leaf)]),
            trust: Arc::new(model::Trust {
                public: model::ChainTrust::Trusted,
                host: model::ChainTrust::NotJudged { reason: "the store cannot be read".into() },
                validity: model::Validity::Current,
            }),
        },
    };
    trail.pass(model::Seen::Tls(Box::new(session)), Duration::from_millis(12));
    let answer = model::HttpAnswer {
        status: 200,
        reason: "OK".into(),
        headers: vec![("SERVER".into(), "Microsoft-HTTPAPI/2.0".into())],
        body: String::new(),
        is_cut: false,
    };
    trail.pass(model::Seen::Http(Box::new(answer)), Duration::from_millis(8));
    trail.complete()
}

fn runtime() -> model::HostRuntime {
    let error = |at, text: &str| model::LoggedError { at, text: text.into() };
    model::HostRuntime {
        installed: Some(model::InstalledRuntime {
            path: "D:\\IR".into(),
            found_by: model::FoundBy::ProgramFiles,
            version: "5.44.8984.1".into(),
        }),
        service: Some(model::RuntimeService {
            state: model::ServiceState::Running,
            start: model::StartType::Manual,
            account: "CONTOSO\\ir".into(),
        }),
        errors: vec![error(Some(start()), "UnexpectedFault"), error(None, "zzz")],
        has_given_names: true,
    }
}
