//! What a run asks again, of servers on loopback that try to lead it astray.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_proto::rr::RecordType;
use pathproof::diagnose;
use pathproof::model::{
    Cause, Certainty, Endpoint, Expectation, Family, Host, Kind, OldHelloOutcome, Origin, Record,
    Role, Route, Subject,
};
use pathproof::plan;
use pathproof::probe::{self, Routing, Settings, Stop, Wishes, tls::TlsClient, trust::ChainJudge};

use crate::loopback::dns::{self, Say};
use crate::loopback::pki::{Authority, Identity};
use crate::loopback::{Behaviour, Server, Talk, http, tls};
use crate::scene;

const SITE: &str = "site.test";

/// A listener that counts who connects.
struct Trap {
    address: SocketAddr,
    connects: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connects = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connects);
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, connects }
    }
}

/// Every name is 127.0.0.1.
fn names() -> dns::Server {
    dns::Server::start(|asked| match asked.record_type {
        RecordType::A => Say::records(&[&format!("{} 30 A 127.0.0.1", asked.name)]),
        _ => Say::records(&[]),
    })
}

/// A run that probes `site.test` at `port`.
async fn run(names: &dns::Server, port: u16, judge: ChainJudge, wishes: Wishes) -> Record {
    let endpoint = Endpoint {
        entry: "endpoint".into(),
        role: Role::Other,
        subject: Subject::Host(Host::parse(SITE).unwrap()),
        port,
        kind: Kind::Https,
        purpose: String::new(),
        source_document: String::new(),
        required: true,
        origin: Origin::Option,
        discovered: None,
        order: 0,
        expect: Expectation::default(),
    };
    let settings = Settings {
        timeout: Duration::from_secs(10),
        families: vec![Family::V4],
        // Nothing can leave this machine from here.
        source: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        concurrency: 100,
        servers: vec![names.address],
        asks_system: false,
        wishes,
        connector: probe::Connector::network(),
        packages: probe::sign_in::without_account(),
        expand_gateways: false,
        resolve_only: false,
        tls: TlsClient::new(Arc::new(judge)),
        routing: Routing::direct("of this test"),
    };
    let outcome = probe::run(&plan::plan(vec![endpoint]), settings, &Stop::new(), |_| {}).await;
    let [record] = <[Record; 1]>::try_from(outcome.records).expect("one record");
    record
}

fn site(identity: &Identity) -> Server {
    let answer = http::page("200 OK", "Content-Type: application/json\r\n", "{}");
    Server::start(Behaviour::Tls(tls::server(identity), Talk::answer(answer)))
}

/// What a hostile certificate names: this host, the platform, other ports, somebody's own name.
fn lures(trap: &Trap) -> Vec<String> {
    let port = trap.address.port();
    vec![
        format!("http://127.0.0.1:{port}/x.crl"),
        format!("http://localhost:{port}/x.crl"),
        format!("http://[::1]:{port}/x.crl"),
        "http://169.254.169.254/metadata/instance".to_owned(),
        format!("http://ocsp.internal.test:{port}/"),
        "http://crl.internal.test/secret-that-leaks".to_owned(),
    ]
}

fn is_asked(names: &dns::Server, name: &str) -> bool {
    names.asked().iter().any(|asked| asked.name == name)
}

#[tokio::test]
async fn an_untrusted_certificate_leads_nowhere_and_no_name_of_it_is_resolved() {
    let (trap, names) = (Trap::set(), names());
    let stranger = Authority::root("Stranger");
    let server = site(&stranger.issue_revocable(&[SITE], &lures(&trap)));
    let trusted = Authority::root("Public Root");
    let judge = ChainJudge::new(Some(vec![trusted.certificate()]), Vec::new()).unwrap();
    let record = run(&names, server.address.port(), judge, Wishes::default()).await;

    let shown = &record.trails[0].tls().expect("a session").presented.chain[0];
    assert_eq!(shown.revocation.len(), 6, "the lures are read");
    assert!(record.follow_ups.revocation.is_empty(), "{:?}", record.follow_ups);
    assert!(is_asked(&names, SITE));
    for name in ["localhost", "ocsp.internal.test", "crl.internal.test"] {
        assert!(!is_asked(&names, name), "{name}");
    }
    assert_eq!(trap.connects.load(Ordering::SeqCst), 0);
    let verdict = diagnose::verdict(&record, &scene::run(), &diagnose::ranges_unknown);
    let text = format!("{verdict:?}");
    assert!(!text.contains("internal.test") && !text.contains("169.254"), "{text}");
}

#[tokio::test]
async fn a_verified_certificate_is_followed_by_name_on_port_80_and_never_to_this_host() {
    let (trap, names) = (Trap::set(), names());
    let root = Authority::root("Root");
    let server = site(&root.issue_revocable(&[SITE], &lures(&trap)));
    let public = || ChainJudge::new(Some(vec![root.certificate()]), Vec::new()).unwrap();
    let other = Authority::root("Other");
    let of_host =
        ChainJudge::new(Some(vec![other.certificate()]), vec![root.certificate()]).unwrap();
    for judge in [public(), of_host] {
        let record = run(&names, server.address.port(), judge, Wishes::default()).await;
        let [host] = &record.follow_ups.revocation[..] else { panic!("{:?}", record.follow_ups) };
        assert_eq!((host.host.to_string(), host.port), ("crl.internal.test".to_owned(), 80));
        assert_eq!(host.path.as_deref(), Some("/secret-that-leaks"));
        assert!(!host.lookups.is_empty(), "the name was asked for");
        assert!(host.trails.is_empty(), "its address is this host: {host:?}");
    }
    assert!(!is_asked(&names, "ocsp.internal.test") && !is_asked(&names, "localhost"));
    assert_eq!(trap.connects.load(Ordering::SeqCst), 0);

    let names = self::names();
    let wishes = Wishes { no_revocation: true, ..Wishes::default() };
    let record = run(&names, server.address.port(), public(), wishes).await;
    assert!(record.follow_ups.revocation.is_empty());
    assert!(!is_asked(&names, "crl.internal.test"));
}

/// A far end may send any certificate along: only those on the verified path are read.
#[tokio::test]
async fn a_certificate_that_was_only_sent_along_names_nobody() {
    let names = names();
    let (root, stranger) = (Authority::root("Root"), Authority::root("Stranger"));
    let along = stranger.issue_revocable(&["along.test"], &["http://along.test/x".to_owned()]);
    let mut identity = root.issue_revocable(&[SITE], &["http://crl.test/x".to_owned()]);
    identity.chain.extend(along.chain);
    let server = site(&identity);
    let judge = ChainJudge::new(Some(vec![root.certificate()]), Vec::new()).unwrap();
    let record = run(&names, server.address.port(), judge, Wishes::default()).await;
    assert_eq!(record.trails[0].tls().expect("a session").presented.chain.len(), 2);
    assert!(is_asked(&names, "crl.test"));
    assert!(!is_asked(&names, "along.test"));
}

/// A server that closes what offers TLS 1.2 or newer without a word, and answers older ones.
fn server_of_old() -> SocketAddr {
    const HELLO: usize = 11;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut heard = [0; 4096];
            let length = stream.read(&mut heard).unwrap_or_default();
            if length > HELLO && heard[9..HELLO] <= [3, 2][..] {
                stream.write_all(&tls::server_hello_1_1()).unwrap();
            }
        }
    });
    address
}

#[tokio::test]
async fn a_server_of_old_that_closes_without_an_alert_is_known_by_a_hello_of_old() {
    let names = names();
    let root = Authority::root("Root");
    let judge = || ChainJudge::new(Some(vec![root.certificate()]), Vec::new()).unwrap();
    let diagnosed = |record: &Record| {
        let verdict = diagnose::verdict(record, &scene::run(), &diagnose::ranges_unknown);
        verdict.findings.into_iter().map(|found| (found.cause, found.certainty)).collect::<Vec<_>>()
    };

    let record = run(&names, server_of_old().port(), judge(), Wishes::default()).await;
    assert_eq!(*record.trails[0].route(), Route::Direct);
    let [hello] = &record.follow_ups.old_hellos[..] else { panic!("{:?}", record.follow_ups) };
    assert_eq!(hello.outcome, OldHelloOutcome::Chosen { version: 0x0302 });
    assert!(diagnosed(&record).contains(&(Cause::TlsVersion, Certainty::Proven)), "{record:?}");

    // Who closes whatever is said is no server of old; who answers is not asked again.
    let closes = Server::start(Behaviour::Plain(Talk::Close));
    let record = run(&names, closes.address.port(), judge(), Wishes::default()).await;
    assert_eq!(record.follow_ups.old_hellos[0].outcome, OldHelloOutcome::Closed);
    let found = diagnosed(&record);
    assert!(found.iter().any(|(cause, _)| *cause == Cause::TlsClosed), "{found:?}");
    let alerts = Server::start(Behaviour::Plain(Talk::answer(tls::alert(40))));
    let record = run(&names, alerts.address.port(), judge(), Wishes::default()).await;
    assert!(record.follow_ups.old_hellos.is_empty());
}
