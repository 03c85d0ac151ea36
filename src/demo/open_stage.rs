//! The stage while it is open: every server of the table listens, and the connector knows where.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use socket2::{Domain, Socket, Type};

use super::authority::{Authority, Dates};
use super::forward_proxy::{self, ProxyRule};
use super::name_server::{self, Zone};
use super::site::{self, Site};
use super::stage::{FarEnd, Leaf, STAGE, StagedEndpoint, StagedName, StagedWay};
use super::{NAME_SERVER, PROXY};
use crate::probe::trust::{ChainJudge, TrustError};
use crate::probe::{Connector, StagedAddress};

/// What the control asks, which nobody may answer (RFC 5737).
const CONTROL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);
const PROXY_NAME: &str = "proxy.contoso.com";

/// Why the stage cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A server has no place.
    #[error("cannot listen on loopback (127.0.0.1): {0}")]
    Listen(#[from] io::Error),
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A certificate cannot be shown.
    #[error("cannot set up a TLS server: {0}")]
    Server(#[from] rustls::Error),
    /// A root cannot be trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Everything that a run needs to take the stage for the network.
pub(super) struct OpenStage {
    pub(super) connector: Connector,
    pub(super) judge: Arc<ChainJudge>,
    /// Ports that are bound and do not listen, so that nobody else takes them: closed.
    _closed: Vec<Socket>,
}

/// The authorities that certificates are by.
struct Authorities {
    public: Authority,
    company: Authority,
}

impl OpenStage {
    /// Starts everything.
    pub(super) async fn open() -> Result<Self, StageError> {
        let authorities = Authorities {
            public: Authority::root("pathproof demo", "Staged Public Root")?,
            company: Authority::root("Contoso (staged)", "Contoso TLS Inspection")?,
        };
        let mut zone = Zone::default();
        let IpAddr::V4(proxy) = PROXY.ip() else { unreachable!("the proxy has an IPv4 address") };
        zone.add(PROXY_NAME, StagedName { aliases: &[], address: Some(proxy) });
        let mut played = HashMap::from([(CONTROL, StagedAddress::Silent)]);
        let (mut rules, mut closed) = (HashMap::new(), Vec::new());
        for staged in STAGE {
            zone.add(staged.host, staged.name);
            let stands = match site_of(staged, &authorities)? {
                Some(site) => Some(StagedAddress::PlayedAt(site::start(site).await?)),
                None if staged.far_end == FarEnd::Drops => Some(StagedAddress::Silent),
                None if staged.far_end == FarEnd::Closed => {
                    let (socket, address) = closed_port()?;
                    closed.push(socket);
                    Some(StagedAddress::PlayedAt(address))
                }
                None => None,
            };
            let Some((address, stands)) = staged.name.address.zip(stands) else { continue };
            played.insert(SocketAddr::new(IpAddr::V4(address), staged.port), stands);
            let rule = match (staged.way, stands) {
                (StagedWay::Tunnel, StagedAddress::PlayedAt(at)) => ProxyRule::Tunnel(at),
                (StagedWay::SignIn, _) => ProxyRule::SignIn,
                _ => ProxyRule::Deny,
            };
            rules.insert(format!("{}:{}", staged.host, staged.port), rule);
        }
        let servers = [
            (NAME_SERVER, name_server::start(zone).await?),
            (PROXY, forward_proxy::start(rules).await?),
        ];
        played.extend(servers.map(|(remote, at)| (remote, StagedAddress::PlayedAt(at))));
        let Authorities { public, company } = authorities;
        let public = public.certificate();
        let trusted = vec![public.clone(), company.certificate()];
        Ok(Self {
            connector: Connector::staged(played),
            judge: Arc::new(ChainJudge::on_stage(&[public], trusted)?),
            _closed: closed,
        })
    }
}

/// What plays the far end; `None` where nothing listens.
fn site_of(staged: &StagedEndpoint, by: &Authorities) -> Result<Option<Site>, StageError> {
    Ok(Some(match staged.far_end {
        FarEnd::Nobody | FarEnd::Drops | FarEnd::Closed => return Ok(None),
        FarEnd::Resets => Site::Resets,
        FarEnd::Web(leaf, answer) => {
            let config = match leaf {
                Leaf::Public => by.public.server(staged.host, Dates::Current),
                Leaf::Expired => by.public.server(staged.host, Dates::Past),
                Leaf::Inspected => by.company.server(staged.host, Dates::Current),
            };
            Site::Web(config?.into(), answer)
        }
    }))
}

/// A port of loopback that answers a SYN with RST, on every system, for as long as the socket lives.
fn closed_port() -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((socket, address))
}
