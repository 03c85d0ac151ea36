//! The stages of a probe, one by one, against servers on loopback.

mod http;
mod proxy;
mod socks;
mod tcp;
mod tds;
mod tls;
mod trust;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pathproof::model::Host;
use pathproof::probe::tcp::connect;
use pathproof::probe::tls::TlsClient;
use pathproof::probe::trust::ChainJudge;
use tokio::net::TcpStream;

use crate::loopback::pki::Authority;

/// Within every certificate of [`crate::loopback::pki::Dates::Current`].
fn now() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().expect("a time")
}

/// Long enough never to be met where something answers.
const PATIENT: Duration = Duration::from_secs(10);
/// Short enough to wait for.
const BRIEF: Duration = Duration::from_millis(300);

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

/// A judge to whom `public` is the public web and `added` was added by the user.
fn judge(public: &Authority, added: &[&Authority]) -> ChainJudge {
    let added = added.iter().map(|authority| authority.certificate()).collect();
    ChainJudge::new(Some(vec![public.certificate()]), added).expect("roots can be read")
}

fn client(public: &Authority, added: &[&Authority]) -> TlsClient {
    TlsClient::new(Arc::new(judge(public, added)))
}

async fn connected(address: SocketAddr) -> TcpStream {
    connect(address, None, PATIENT).await.expect("a server listens").0
}
