//! A lab inside the program, on loopback: name server, proxy and far ends that work or fail on
//! purpose, and a run of the real pipeline against them.
//!
//! The sockets, the packets and the handshakes are real, and so is everything after them. Staged
//! are the names, their addresses (the connector of `probe` leads each to a server on loopback),
//! the roots that are trusted, and silence, which is not sent (a `StagedAddress` of `probe`).

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room plays the network: it listens on loopback and answers there"
)]

mod authority;
mod comparison;
mod forward_proxy;
mod name_server;
mod open_stage;
mod site;
mod stage;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub use self::comparison::{StagedOutcome, compare};
pub use self::open_stage::StageError;
pub use self::stage::{STAGE, StagedEndpoint};

use self::open_stage::OpenStage;
use self::stage::Given;
use crate::list::{
    self, EndpointList, Parameters, RequestError, RunRequest, ServiceUrl, ServiceUrls, UrlHost,
};
use crate::model::{Cloud, Endpoint, Family, Host, Records, Run, Vantage};
use crate::plan::{self, Choice, ProbePlan};
use crate::probe::tls::TlsClient;
use crate::probe::{self, Routing, RunProgress, Settings, Stop, Wishes};
use crate::route::{ProxyUrl, RouteDecision, Way};

/// Of each step. What is dropped on the stage costs this much; a handshake of a loaded machine
/// stays far below it.
const TIMEOUT: Duration = Duration::from_secs(3);
const CONCURRENCY: usize = 128;
/// The staged host's own address.
const NODE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 20, 0, 4));
/// Its name server.
const NAME_SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 20, 0, 53)), 53);
/// The address of its proxy.
const PROXY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 20, 0, 8)), 8080);
const PROXY_URL: &str = "http://proxy.contoso.com:8080";
const FACTORY: &str = "contoso-df";
const REGION: &str = "westeurope";
/// The optional groups of the endpoint list that the stage has endpoints of.
const GROUPS: [&str; 3] = ["data-stores", "key-vault", "login"];
/// What the proxy configuration is called as a source.
const PROXY_SOURCE: &str = "HTTPS_PROXY";
/// What sends names past the proxy.
const EXCEPTION_SOURCE: &str = "NO_PROXY";

/// Why there is no demonstration.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A server of the stage cannot work.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The staged names make no plan.
    #[error("the stage has no plan")]
    Request(#[from] RequestError),
}

/// Sets the stage on loopback, and probes it. Must run in a tokio runtime with IO and time, which
/// ends the servers when it is dropped.
///
/// # Errors
/// This host lets nothing listen on loopback.
pub async fn run(watch: impl FnMut(RunProgress<'_>)) -> Result<Records, DemoError> {
    let plan = plan_of_stage()?;
    let stage = OpenStage::open().await?;
    let run = describe();
    let began = Instant::now();
    let outcome = probe::run(&plan, settings(&stage), &Stop::new(), watch).await;
    let run =
        Run { took: began.elapsed(), control: outcome.control, absent: outcome.absent, ..run };
    Ok(Records { run, records: outcome.records })
}

fn settings(stage: &OpenStage) -> Settings {
    Settings {
        timeout: TIMEOUT,
        families: vec![Family::V4, Family::V6],
        source: None,
        concurrency: CONCURRENCY,
        servers: vec![NAME_SERVER],
        asks_system: false,
        expand_gateways: true,
        resolve_only: false,
        tls: TlsClient::new(Arc::clone(&stage.judge)),
        routing: Routing::at_once(route),
        wishes: Wishes::default(),
        connector: stage.connector.clone(),
        // Nobody's account is shown to a stage.
        packages: probe::sign_in::without_account(),
    }
}

fn describe() -> Run {
    Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: Timestamp::now(),
        options: vec!["demo".to_owned()],
        vantage: Vantage {
            hostname: "pathproof-demo".to_owned(),
            os: std::env::consts::OS.to_owned(),
            account: "pathproof demo".to_owned(),
            addresses: vec![NODE],
            resolvers: vec![NAME_SERVER],
            proxy_source: PROXY_SOURCE.to_owned(),
            proxy_url: Some(PROXY_URL.to_owned()),
        },
        cloud: Cloud::Public.as_str().to_owned(),
        lists: vec!["demo".to_owned()],
        ..Run::default()
    }
}

/// The staged names as a user would give them: a factory, service URLs, private names, a node.
fn plan_of_stage() -> Result<ProbePlan, DemoError> {
    let given = |given: Given| STAGE.iter().filter(move |staged| staged.given == given);
    let host = |staged: &StagedEndpoint| Host::parse(staged.host).ok();
    let urls = given(Given::ServiceUrl).chain(given(Given::Private)).filter_map(|staged| {
        let host = UrlHost::Host(host(staged)?);
        Some(ServiceUrl { host, port: Some(staged.port) })
    });
    let peers = given(Given::Peer).filter_map(|staged| list::parse_peer(staged.host).ok());
    let mut parameters = Parameters::default();
    for (key, value) in [("factory", FACTORY), ("region", REGION)] {
        // A value of the stage that is none leaves its entry out, which the comparison shows.
        let _ = parameters.set(key, value);
    }
    let request = RunRequest {
        lists: embedded_list().into_iter().collect(),
        parameters,
        service_urls: vec![ServiceUrls { urls: urls.collect(), ..ServiceUrls::default() }],
        peers: peers.collect(),
        with: GROUPS.map(str::to_owned).to_vec(),
        private: given(Given::Private).map(|staged| staged.host.to_owned()).collect(),
        ..RunRequest::default()
    };
    let mut endpoints = list::concrete(&request)?.endpoints;
    for endpoint in &mut endpoints {
        if let Some(staged) = staged(endpoint) {
            endpoint.purpose = format!("Staged: {}", staged.story);
            endpoint.required = true;
        }
    }
    Ok(plan::plan(endpoints))
}

fn embedded_list() -> Option<EndpointList> {
    list::find("adf-shir", Cloud::Public).ok()
}

/// The row of an endpoint.
fn staged(endpoint: &Endpoint) -> Option<&'static StagedEndpoint> {
    STAGE.iter().find(|staged| staged.is(endpoint))
}

/// Which way the staged proxy configuration sends an endpoint.
fn route(endpoint: &Endpoint) -> Choice {
    let is_direct = staged(endpoint).is_none_or(|staged| staged.way == stage::StagedWay::Direct);
    let proxy = ProxyUrl::parse(PROXY_URL).ok().filter(|_| !is_direct);
    let Some(proxy) = proxy else { return plan::direct(endpoint, EXCEPTION_SOURCE) };
    let decision = RouteDecision {
        way: Way::Proxy(proxy),
        why: PROXY_SOURCE.to_owned(),
        exception: None,
        fallbacks: Vec::new(),
        questions: Vec::new(),
    };
    plan::choose(endpoint, Ok(decision), None)
}
