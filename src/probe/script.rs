//! A proxy auto-configuration script, fetched as its clients fetch it: by a plain GET, straight
//! from this host, with a few redirects. And the answers to what such a script asks of DNS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::dns::DnsClient;
use super::os_error::os_error;
use super::tcp;
use super::tls::TlsClient;
use crate::model::{
    Certificate, ChainTrust, Host, HostName, Obstacle, Presented, TcpFailure, TlsFailureKind,
    Validity,
};
use crate::wire::http::{HEAD_LIMIT, HeadRead, HttpBody, HttpHead, get_request, read_head};
use crate::wire::{HttpUrl, HttpUrlError};

/// The largest script that is read, bytes. Scripts that are called large have a tenth of it.
pub const LONGEST: usize = 1 << 20;
/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;
/// How many of a name's addresses are tried.
const MOST_ADDRESSES: usize = 4;
/// A whole fetch may take this many time-outs of a step.
const STEPS: u32 = 3;
/// How much is read at a time, bytes.
const PIECE: usize = 16 * 1024;

/// Fetches scripts, and resolves names for them.
#[derive(Debug)]
pub struct ScriptFetcher {
    /// What resolves names.
    pub dns: Arc<DnsClient>,
    /// What makes handshakes, for `https`.
    pub tls: TlsClient,
    /// The local address to leave from.
    pub source: Option<IpAddr>,
    /// The time-out of each step.
    pub timeout: Duration,
    /// Whether the operating system is asked where DNS has no answer: a client of this host would
    /// go by its hosts file and search list.
    pub asks_system: bool,
}

/// Why no script came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// The host has no address.
    #[error("{0} does not resolve")]
    NotResolved(String),
    /// None of the host's addresses accepted a connection.
    #[error("{remote}: {reason}")]
    NotConnected {
        /// The last address that was tried.
        remote: SocketAddr,
        /// Why the connect to it failed.
        reason: String,
    },
    /// The handshake failed, or a client would refuse the certificate.
    #[error("TLS with {host}: {reason}")]
    Tls {
        /// The host that was asked.
        host: String,
        /// Why a client would give up.
        reason: String,
    },
    /// The connection broke, or ended early.
    #[error("{host} {reason}")]
    Broken {
        /// The host that was asked.
        host: String,
        /// How the connection ended.
        reason: String,
    },
    /// The answer holds no script.
    #[error("{host} answers {status} {reason}")]
    Status {
        /// The host that was asked.
        host: String,
        /// The status code of its answer.
        status: u16,
        /// The reason phrase, shortened.
        reason: String,
    },
    /// The host redirects to something that cannot be fetched.
    #[error("{host} redirects to an address that cannot be fetched: {error}")]
    Redirect {
        /// The host that redirects.
        host: String,
        /// Why the location cannot be fetched.
        error: HttpUrlError,
    },
    /// More than `MOST_REDIRECTS` redirects followed each other.
    #[error("more than {MOST_REDIRECTS} redirects")]
    TooManyRedirects,
    /// The script has more bytes than [`LONGEST`].
    #[error("the script has more than {} KiB", LONGEST >> 10)]
    TooLong,
    /// The time for all of it passed.
    #[error("no whole answer within {} s", .0.as_secs_f32())]
    OutOfTime(Duration),
}

impl ScriptFetcher {
    /// Fetches the script at `url`.
    ///
    /// # Errors
    /// [`ScriptError`] says which step failed.
    pub async fn fetch(&self, url: &HttpUrl) -> Result<Vec<u8>, ScriptError> {
        let limit = self.timeout * STEPS;
        tokio::time::timeout(limit, self.follow(url.clone()))
            .await
            .unwrap_or(Err(ScriptError::OutOfTime(limit)))
    }

    /// Resolves `name` to addresses, each once, in the order of the resolvers; to none where it
    /// does not resolve.
    pub async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let Ok(parsed) = HostName::parse(name) else { return Vec::new() };
        let mut addresses = Vec::new();
        for lookup in self.dns.lookup(&parsed).await {
            addresses.extend(lookup.addresses());
        }
        if addresses.is_empty() && self.asks_system {
            // The name is given as it is written: the system's search list is for short ones.
            let found = tokio::net::lookup_host((parsed.as_str(), 0));
            if let Ok(Ok(found)) = tokio::time::timeout(self.timeout, found).await {
                addresses.extend(found.map(|address| address.ip()));
            }
        }
        let mut unique = Vec::new();
        for address in addresses {
            if !unique.contains(&address) {
                unique.push(address);
            }
        }
        unique
    }

    async fn follow(&self, mut url: HttpUrl) -> Result<Vec<u8>, ScriptError> {
        for _ in 0..=MOST_REDIRECTS {
            let ScriptAnswer { head, body } = self.get(&url).await?;
            let host = || url.authority();
            match head.status {
                200 if body.has_overflowed() => return Err(ScriptError::TooLong),
                200 if !body.is_whole() => {
                    let reason = "ends its answer before the script's end".to_owned();
                    return Err(ScriptError::Broken { host: host(), reason });
                }
                200 => return Ok(body.into_bytes()),
                status @ (301 | 302 | 303 | 307 | 308) => {
                    let Some(location) = field(&head, "location") else {
                        return Err(status_error(host(), status, &head.reason));
                    };
                    let next = url.join(location);
                    url = next.map_err(|error| ScriptError::Redirect { host: host(), error })?;
                }
                status => return Err(status_error(host(), status, &head.reason)),
            }
        }
        Err(ScriptError::TooManyRedirects)
    }

    async fn get(&self, url: &HttpUrl) -> Result<ScriptAnswer, ScriptError> {
        let stream = self.connect(url).await?;
        if !url.is_tls {
            return ask(stream, url).await;
        }
        let host = url.authority();
        let handshake = self.tls.handshake(stream, &url.host, self.timeout, Timestamp::now());
        let (stream, session, _) = Box::pin(handshake).await.map_err(|(failure, _)| {
            ScriptError::Tls { host: host.clone(), reason: words(&failure.kind).to_owned() }
        })?;
        accept(&session.presented, &url.host)
            .map_err(|reason| ScriptError::Tls { host, reason: reason.to_owned() })?;
        ask(stream, url).await
    }

    async fn connect(&self, url: &HttpUrl) -> Result<tokio::net::TcpStream, ScriptError> {
        let addresses = match &url.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.addresses(name.as_str()).await,
        };
        let mut failed = ScriptError::NotResolved(url.host.to_string());
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            let remote = SocketAddr::new(address, url.port);
            // A server on loopback accepts no connection from elsewhere.
            let source = self.source.filter(|_| !address.is_loopback());
            match tcp::connect(remote, source, self.timeout).await {
                Ok((stream, _)) => return Ok(stream),
                Err(stopped) => {
                    failed = ScriptError::NotConnected { remote, reason: reason(&stopped) };
                }
            }
        }
        Err(failed)
    }
}

struct ScriptAnswer {
    head: HttpHead,
    body: HttpBody,
}

async fn ask<S>(mut stream: S, url: &HttpUrl) -> Result<ScriptAnswer, ScriptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let host = url.authority();
    let broken = |reason: String| ScriptError::Broken { host: host.clone(), reason };
    let failed = |error: io::Error| broken(format!("breaks the connection: {}", os_error(&error)));
    stream.write_all(&get_request(&url.target, &host)).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut pending = Vec::new();
    let mut answer: Option<ScriptAnswer> = None;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        let is_over = match stream.read_buf(&mut piece).await {
            Ok(read) => read == 0,
            // TLS without a close_notify: an end all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(failed(error)),
        };
        if let Some(ScriptAnswer { body, .. }) = &mut answer {
            body.push(&piece);
        } else {
            pending.extend_from_slice(&piece);
            answer = begin(&mut pending).map_err(|reason| broken(reason.to_owned()))?;
        }
        match answer {
            Some(mut answer) if is_over => {
                answer.body.close();
                return Ok(answer);
            }
            Some(answer) if !answer.body.wants_more() => return Ok(answer),
            None if is_over => return Err(broken("closes without an answer".to_owned())),
            more => answer = more,
        }
    }
}

/// Reads the answer's head off `pending` once it is whole; interim answers are passed over.
fn begin(pending: &mut Vec<u8>) -> Result<Option<ScriptAnswer>, &'static str> {
    loop {
        match read_head(pending) {
            HeadRead::NotHttp => return Err("does not speak HTTP"),
            HeadRead::Partial if pending.len() >= HEAD_LIMIT => {
                return Err("sends no end of a head");
            }
            HeadRead::Partial => return Ok(None),
            HeadRead::Done { head, length } if head.is_interim() => drop(pending.drain(..length)),
            HeadRead::Done { head, length } => {
                let mut body = HttpBody::with_room(head.framing, LONGEST);
                body.push(&pending[length..]);
                return Ok(Some(ScriptAnswer { head, body }));
            }
        }
    }
}

fn field<'h>(head: &'h HttpHead, name: &str) -> Option<&'h str> {
    let mut fields = head.headers.iter();
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn status_error(host: String, status: u16, reason: &str) -> ScriptError {
    ScriptError::Status { host, status, reason: reason.chars().take(60).collect() }
}

fn reason(stopped: &tcp::NotConnected) -> String {
    match stopped {
        tcp::NotConnected::Obstacle(Obstacle::NoRoute(_)) => {
            "this host has no route to it".to_owned()
        }
        tcp::NotConnected::Obstacle(_) => "this host could not ask".to_owned(),
        tcp::NotConnected::Failed(failure, _) => match failure {
            TcpFailure::Refused(_) => "the connection is refused".to_owned(),
            TcpFailure::TimedOut(_) => "no answer to the connect".to_owned(),
            TcpFailure::Unreachable { os, .. } => format!("unreachable: {os}"),
            TcpFailure::Reset(_) => "the connect is reset".to_owned(),
            TcpFailure::Denied(os) => format!("this host does not allow it: {os}"),
            TcpFailure::Other(os) => os.to_string(),
        },
    }
}

const fn words(kind: &TlsFailureKind) -> &'static str {
    match kind {
        TlsFailureKind::TimedOut { .. } => "no end of the handshake in time",
        TlsFailureKind::NotTls { .. } => "the answer is no TLS",
        TlsFailureKind::Closed { .. } => "closed in the handshake",
        TlsFailureKind::Reset(_) => "reset in the handshake",
        _ => "no handshake",
    }
}

/// Checks what clients ask of a certificate before they run its owner's script.
fn accept(presented: &Presented, host: &Host) -> Result<(), &'static str> {
    let trust = &presented.trust;
    let is_trusted = [&trust.host, &trust.public].contains(&&ChainTrust::Trusted);
    let is_named = presented.chain.first().is_some_and(|leaf| is_for(leaf, host));
    match () {
        () if !is_trusted => Err("its certificate is not trusted here"),
        () if !is_named => Err("its certificate is for another name"),
        () if trust.validity != Validity::Current => Err("its certificate is out of date"),
        () => Ok(()),
    }
}

/// Whether a certificate is for this host (RFC 9525 §6.3): by a whole name, or with `*` for the
/// first label.
fn is_for(leaf: &Certificate, host: &Host) -> bool {
    let host = host.to_string();
    leaf.names.iter().any(|name| match name.strip_prefix("*.") {
        Some(domain) => {
            host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain))
        }
        None => name.eq_ignore_ascii_case(&host),
    })
}
