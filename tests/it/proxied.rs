//! Whole runs through proxies on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::rr::RecordType;
use pathproof::model::{
    ChainTrust, End, Endpoint, Expectation, Failure, Family, Fingerprint, Host, Kind,
    LookupOutcome, Obstacle, Origin, ProxyFailure, Reach, Record, Records, Role, Route,
    RouteFaultKind, Run, Subject, TcpFailure, Trail, Vantage,
};
use pathproof::plan::{Choice, RouteQuestion};
use pathproof::probe::sign_in::{self, SecurityPackages};
use pathproof::probe::{
    self, Routing, RunOutcome, Settings, Stop, tls::TlsClient, trust::ChainJudge,
};
use pathproof::route::{Configuration, Credentials, ProxyUrl, RouteDecision, RouteError, Way};
use pathproof::{archive, plan};

use crate::loopback::dns::{self, Asked, Say as Answer};
use crate::loopback::pki::{Authority, Dates};
use crate::loopback::script::{Say, Scripted};
use crate::loopback::{Behaviour, Server, Talk, http, tls};

/// Long enough never to be met where something answers.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn endpoint(host: &str, kind: Kind, reach: Reach) -> Endpoint {
    Endpoint {
        entry: "endpoint".into(),
        role: Role::of_entry("endpoint", kind),
        subject: Subject::Host(Host::parse(host).unwrap()),
        port: if kind == Kind::Http { 80 } else { 443 },
        kind,
        purpose: String::new(),
        source_document: String::new(),
        required: true,
        origin: Origin::Option,
        discovered: None,
        order: 0,
        expect: Expectation { reach, ..Expectation::default() },
    }
}

pub(crate) fn https(host: &str) -> Endpoint {
    endpoint(host, Kind::Https, Reach::Any)
}

/// Everything by the proxy at this URL.
pub(crate) fn by(url: &str) -> Routing {
    by_either(url, None)
}

fn by_either(url: &str, alternate: Option<Way>) -> Routing {
    let proxy = ProxyUrl::parse(url).expect("a proxy URL");
    Routing::at_once(move |endpoint| {
        let configuration = Configuration::url(proxy.clone(), "--proxy", Vec::new());
        choose(endpoint, alternate.clone(), |RouteQuestion { host, port, scheme }| {
            configuration.decide(host, port, scheme, &jiff::Zoned::default())
        })
    })
}

/// Nobody knows the way.
fn by_nobody(alternate: Option<Way>) -> Routing {
    Routing::at_once(move |endpoint| {
        choose(endpoint, alternate.clone(), |_| {
            Err(RouteError::Elsewhere { file: "f".to_owned(), what: "w".to_owned() })
        })
    })
}

fn choose(
    endpoint: &Endpoint,
    alternate: Option<Way>,
    decide: impl FnOnce(RouteQuestion<'_>) -> Result<RouteDecision, RouteError>,
) -> Choice {
    match plan::question(endpoint) {
        Ok(question) => plan::choose(endpoint, decide(question), alternate),
        Err(why) => plan::direct(endpoint, why),
    }
}

/// A network of names: where they are not known, the name server says NXDOMAIN.
pub(crate) struct Scene {
    names: dns::Server,
    root: Authority,
    timeout: Duration,
    /// What signs in as the account of the process.
    pub(crate) packages: Arc<dyn SecurityPackages>,
}

impl Scene {
    fn new(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let names = dns::Server::start(script);
        let packages = sign_in::without_account();
        Self { names, root: Authority::root("Public Root"), timeout: TIMEOUT, packages }
    }

    /// `proxy.test` is 127.0.0.1; no other name is known here.
    pub(crate) fn with_the_proxys_name_alone() -> Self {
        Self::new(|asked| match (asked.name.as_str(), asked.record_type) {
            ("proxy.test", RecordType::A) => Answer::records(&["proxy.test 30 A 127.0.0.1"]),
            ("proxy.test", _) => Answer::records(&[]),
            _ => Answer::code(3, &[]),
        })
    }

    /// A server with a relay's answer for these names.
    pub(crate) fn far_end(&self, names: &[&str]) -> Server {
        let identity = self.root.issue(names, Dates::Current);
        Server::start(Behaviour::Tls(tls::server(&identity), Talk::answer(http::relay_feed())))
    }

    pub(crate) async fn run(&self, endpoints: Vec<Endpoint>, routing: Routing) -> Vec<Record> {
        self.run_until(endpoints, routing, &Stop::new()).await.records
    }

    pub(crate) async fn run_until(
        &self,
        endpoints: Vec<Endpoint>,
        routing: Routing,
        stop: &Stop,
    ) -> RunOutcome {
        let judge = ChainJudge::new(Some(vec![self.root.certificate()]), Vec::new()).unwrap();
        let settings = Settings {
            timeout: self.timeout,
            families: vec![Family::V4, Family::V6],
            // Nothing can leave this machine from here.
            source: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            concurrency: 1000,
            servers: vec![self.names.address],
            asks_system: false,
            wishes: probe::Wishes::default(),
            connector: probe::Connector::network(),
            packages: Arc::clone(&self.packages),
            expand_gateways: true,
            resolve_only: false,
            tls: TlsClient::new(Arc::new(judge)),
            routing,
        };
        probe::run(&plan::plan(endpoints), settings, stop, |_| {}).await
    }
}

fn steps(trail: &Trail) -> Vec<&str> {
    trail.passed().iter().map(|step| step.seen.step()).collect()
}

fn routes(record: &Record) -> Vec<String> {
    record.trails.iter().map(|trail| trail.route().to_string()).collect()
}

#[tokio::test]
async fn a_name_that_only_the_proxy_knows_is_reached() {
    let scene = Scene::with_the_proxys_name_alone();
    let far_end = scene.far_end(&["a.test", "b.test"]);
    let proxy = Scripted::proxy_to(far_end.address);
    let port = proxy.address.port();
    let endpoints = vec![https("a.test"), https("b.test")];
    let outcome =
        scene.run_until(endpoints, by(&format!("http://proxy.test:{port}")), &Stop::new()).await;
    assert_eq!(outcome.control, None, "nothing left this host directly");
    for (record, name) in outcome.records.iter().zip(["a.test", "b.test"]) {
        assert_eq!(record.lookups[0].outcome(), LookupOutcome::NxDomain);
        let [trail] = &record.trails[..] else { panic!("{:?}", record.trails) };
        assert_eq!(steps(trail), ["tcp", "proxy", "tls", "http"]);
        assert_eq!((trail.end(), trail.remote()), (&End::Complete, proxy.address));
        assert_eq!(trail.route().to_string(), format!("http://proxy.test:{port}"));
        let [lookup] = &record.proxies[..] else { panic!("{:?}", record.proxies) };
        assert_eq!(lookup.proxy.url.as_ref(), format!("http://proxy.test:{port}"));
        assert_eq!(lookup.lookups[0].addresses(), [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        let asked = format!("CONNECT {name}:443 HTTP/1.1\r\n");
        assert_eq!(proxy.heard().iter().filter(|words| words.starts_with(&asked)).count(), 1);
    }
    let of_proxy = scene.names.asked();
    let of_proxy = of_proxy.iter().filter(|asked| asked.name == "proxy.test").count();
    assert_eq!(of_proxy, 2, "A and AAAA, once a run");
}

#[tokio::test]
async fn no_proxy_hears_of_a_private_name() {
    // Private addresses of the other family than `source`: no packet leaves.
    let scene = Scene::new(|asked| match (asked.name.as_str(), asked.record_type) {
        ("linked.test", RecordType::AAAA) => Answer::records(&[
            "linked.test 30 CNAME linked.privatelink.test",
            "linked.privatelink.test 30 AAAA fd00::7",
        ]),
        ("linked.test", _) => Answer::records(&["linked.test 30 CNAME linked.privatelink.test"]),
        _ => Answer::code(3, &[]),
    });
    let proxy = Scripted::proxy_to(SocketAddr::from(([127, 0, 0, 1], 9)));
    let url = format!("http://{}", proxy.address);
    let alternate = Way::Proxy(ProxyUrl::parse(&format!("socks5://{}", proxy.address)).unwrap());
    let endpoints = vec![
        https("linked.test"),
        endpoint("stated.test", Kind::Https, Reach::Private),
        endpoint("clear.stated.test", Kind::Http, Reach::Private),
    ];
    for routing in [by(&url), by_either(&url, Some(alternate.clone()))] {
        let records = scene.run(endpoints.clone(), routing).await;
        for record in &records {
            assert!(record.route.proxy().is_some(), "the record says what is configured");
            assert!(record.proxies.is_empty());
        }
        assert_eq!(routes(&records[1]), ["direct"], "{:?}", records[1].endpoint.subject);
        assert_eq!(proxy.heard(), Vec::<String>::new());
    }
    let records = scene.run(endpoints, by_nobody(Some(alternate))).await;
    assert!(records.iter().all(|record| record.trails.is_empty()));
    assert_eq!(proxy.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn every_way_is_measured_in_its_order() {
    let scene = Scene::with_the_proxys_name_alone();
    let far_end = scene.far_end(&["proxy.test"]);
    let proxy = Scripted::proxy_to(far_end.address);
    let socks = Scripted::start(|_, _| Say::LastWords(b"\x05\xff".to_vec()));
    // The far end by its own port, which is not 443.
    let mut endpoint = https("proxy.test");
    endpoint.port = far_end.address.port();
    let (http_url, socks_url) =
        (format!("http://{}", proxy.address), format!("socks5://{}", socks.address));
    let alternate = Way::Proxy(ProxyUrl::parse(&socks_url).unwrap());

    let records = scene.run(vec![endpoint.clone()], by_either(&http_url, Some(Way::Direct))).await;
    assert_eq!(routes(&records[0]), [http_url.as_str(), "direct"]);
    assert!(records[0].trails.iter().all(|trail| *trail.end() == End::Complete));

    let records =
        scene.run(vec![endpoint.clone()], by_either(&http_url, Some(alternate.clone()))).await;
    assert_eq!(routes(&records[0]), [http_url.as_str(), socks_url.as_str()]);
    assert_eq!(
        records[0].trails[1].failure(),
        Some(&Failure::Proxy(ProxyFailure::SocksNoMethod { with_credentials: false }))
    );
    assert_eq!(records[0].proxies.len(), 2);

    // Where nobody knows the way, the alternate alone.
    for (alternate, expected) in [(None, vec![]), (Some(alternate), vec![socks_url])] {
        let records = scene.run(vec![endpoint.clone()], by_nobody(alternate)).await;
        assert_eq!(routes(&records[0]), expected);
        let fault = records[0].route.configured.as_ref().unwrap_err();
        assert_eq!(fault.kind, RouteFaultKind::Elsewhere);
        assert_eq!(records[0].obstacle, None);
    }
}

#[tokio::test]
async fn the_next_address_of_a_proxy_is_tried_where_one_refuses() {
    let scene = Scene::new(|asked| match asked.record_type {
        RecordType::A if asked.name == "proxy.test" => {
            Answer::records(&["proxy.test 30 A 127.0.0.2", "proxy.test 30 A 127.0.0.1"])
        }
        _ => Answer::code(0, &[]),
    });
    let far_end = scene.far_end(&["a.test"]);
    let proxy = Scripted::proxy_to(far_end.address);
    let url = format!("http://proxy.test:{}", proxy.address.port());
    let records = scene.run(vec![https("a.test")], by(&url)).await;
    let [refused, complete] = &records[0].trails[..] else { panic!("{:?}", records[0].trails) };
    assert_eq!(refused.remote().ip(), IpAddr::from([127, 0, 0, 2]));
    assert!(matches!(refused.failure(), Some(Failure::Tcp(TcpFailure::Refused(_)))));
    assert_eq!((complete.remote(), complete.end()), (proxy.address, &End::Complete));

    // What a proxy says is its answer, whatever its other addresses would say.
    let denies = Scripted::start(|_, _| Say::LastWords(http::page("403 No", "", "")));
    let url = format!("http://proxy.test:{}", denies.address.port());
    let records = scene.run(vec![https("a.test")], by(&url)).await;
    assert_eq!(records[0].trails.len(), 2);
    assert_eq!(denies.heard().len(), 1);
}

#[tokio::test]
async fn gateways_go_by_the_proxy_too() {
    let scene = Scene::new(|asked| {
        if asked.name == "r.servicebus.windows.net" {
            let alias = "ns-sb2-prod-by3-010.cloudapp.net";
            let link = format!("{} 30 CNAME {alias}", asked.name);
            return match asked.record_type {
                RecordType::A => Answer::records(&[&link, &format!("{alias} 30 A 203.0.113.7")]),
                _ => Answer::records(&[&link]),
            };
        }
        Answer::code(3, &[])
    });
    let proxy = Scripted::start(|_, _| Say::LastWords(http::page("403 Forbidden", "", "")));
    let mut relay = endpoint("r.servicebus.windows.net", Kind::Relay, Reach::Public);
    relay.expect.fingerprint = Fingerprint::RelayNamespace;
    let records = scene.run(vec![relay], by(&format!("http://{}", proxy.address))).await;
    assert_eq!(records.len(), 257);
    for record in &records {
        let [trail] = &record.trails[..] else { panic!("{record:?}") };
        let failure = trail.failure();
        assert!(
            matches!(failure, Some(Failure::Proxy(ProxyFailure::Answered { .. }))),
            "{failure:?}"
        );
    }
    assert_eq!(proxy.heard().len(), 257);
}

#[tokio::test]
async fn what_is_no_http_goes_direct() {
    let scene = Scene::with_the_proxys_name_alone();
    let proxy = Scripted::proxy_to(SocketAddr::from(([127, 0, 0, 1], 9)));
    let far_end = scene.far_end(&["proxy.test"]);
    for kind in [Kind::Tcp, Kind::Tds] {
        let mut endpoint = endpoint("proxy.test", kind, Reach::Any);
        endpoint.port = far_end.address.port();
        let records = scene.run(vec![endpoint], by(&format!("http://{}", proxy.address))).await;
        assert_eq!(routes(&records[0]), ["direct"]);
        assert_eq!(records[0].route.configured, Ok(Route::Direct));
    }
    assert_eq!(proxy.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn what_an_https_proxy_shows_is_recorded_without_a_tunnel_too() {
    let scene = Scene::with_the_proxys_name_alone();
    let identity = Authority::root("Nobody's Root").issue(&["proxy.test"], Dates::Current);
    let proxy = Scripted::start_with(Some(tls::server(&identity)), |_, _| {
        Say::LastWords(http::page("200 OK", "", "a revocation list"))
    });
    let clear = endpoint("a.test", Kind::Http, Reach::Any);
    let url = format!("https://proxy.test:{}", proxy.address.port());
    let records = scene.run(vec![clear], by(&url)).await;
    let [trail] = &records[0].trails[..] else { panic!("{records:?}") };
    assert_eq!(steps(trail), ["tcp", "proxy", "http"]);
    let shown = &trail.proxy_session().unwrap().presented;
    assert_eq!(shown.chain[0].names, ["proxy.test"]);
    assert_eq!(shown.trust.host, ChainTrust::UnknownIssuer);
}

#[tokio::test]
async fn a_proxy_without_a_name_leaves_its_lookups() {
    let scene = Scene::with_the_proxys_name_alone();
    let records = scene.run(vec![https("a.test")], by("http://gone.test:3128")).await;
    let [record] = &records[..] else { panic!("{records:?}") };
    assert!(record.trails.is_empty());
    assert_eq!(record.obstacle, None);
    assert_eq!(record.proxies[0].lookups[0].outcome(), LookupOutcome::NxDomain);
}

#[tokio::test]
async fn socks_4_is_not_passed_over_in_silence() {
    let scene = Scene::with_the_proxys_name_alone();
    let way = Way::Proxy(ProxyUrl::new(
        pathproof::route::ProxyScheme::Socks4,
        Host::parse("127.0.0.1").unwrap(),
        9,
    ));
    let records = scene.run(vec![https("a.test")], by_nobody(Some(way))).await;
    let Some(Obstacle::NotTestable { hint }) = &records[0].obstacle else { panic!("{records:?}") };
    assert!(hint.contains("socks5://"), "{hint}");
}

#[tokio::test]
async fn an_interrupted_run_says_so_wherever_it_stands() {
    // The proxy's name is never answered for; or the proxy never answers.
    let silent_name = Scene::new(|asked| match asked.name.as_str() {
        "proxy.test" => Answer::Nothing,
        _ => Answer::code(3, &[]),
    });
    let scene = Scene::with_the_proxys_name_alone();
    let silent = Server::start(Behaviour::Plain(Talk::Silence));
    let urls = ["http://proxy.test:1".to_owned(), format!("http://{}", silent.address)];
    for (scene, url) in [silent_name, scene].iter().zip(urls) {
        let stop = Stop::new();
        let ending = {
            let stop = stop.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                stop.give(Obstacle::BudgetSpent);
            }
        };
        let run = scene.run_until(vec![https("a.test")], by(&url), &stop);
        let (outcome, ()) = tokio::join!(run, ending);
        assert_eq!(outcome.records[0].obstacle, Some(Obstacle::BudgetSpent), "{url}");
    }
}

#[tokio::test]
async fn credentials_are_in_no_record() {
    let scene = Scene::with_the_proxys_name_alone();
    let proxy = Scripted::start(|_, _| {
        Say::LastWords(http::page("407 No", "Proxy-Authenticate: Basic realm=x\r\n", "no"))
    });
    let url = format!("http://{}", proxy.address);
    let parsed = ProxyUrl::parse(&url).unwrap();
    let parsed = parsed.with_credentials(Credentials::parse("secretuser:secretpass").unwrap());
    let routing = {
        let way = Way::Proxy(parsed);
        by_nobody(Some(way))
    };
    let clear = endpoint("a.test", Kind::Http, Reach::Any);
    let outcome = scene.run_until(vec![https("a.test"), clear], routing, &Stop::new()).await;
    // secretuser:secretpass
    let token = "c2VjcmV0dXNlcjpzZWNyZXRwYXNz";
    assert_eq!(proxy.heard().concat().matches(token).count(), 2, "once for each request");
    let debugged = format!("{outcome:?}");
    let run = Run {
        version: String::new(),
        started_at: jiff::Timestamp::UNIX_EPOCH,
        took: Duration::ZERO,
        options: Vec::new(),
        vantage: Vantage::default(),
        cloud: "public".to_owned(),
        lists: Vec::new(),
        private_networks: Vec::new(),
        is_resolver_given: true,
        is_self_contained: false,
        control: None,
        agent_files_differ: Vec::new(),
        absent: Vec::new(),
        nodes: Vec::new(),
        runtime: None,
        redacted: None,
        kept_in: None,
    };
    let mut saved = Vec::new();
    archive::write(&Records { run, records: outcome.records }, &mut saved).unwrap();
    for text in [debugged, String::from_utf8(saved).unwrap()] {
        assert!(text.contains("407"));
        for secret in ["secretuser", "secretpass", token] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
