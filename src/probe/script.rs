//! A proxy auto-configuration script, fetched as its clients fetch it: by a plain GET, straight
//! from this host, with a few redirects. And the answers to what such a script asks of DNS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::os_error::os_error;
use super::{dns, tcp, tls};
use crate::model::{
    Certificate, ChainTrust, Host, HostName, Obstacle, Presented, TcpFailure, TlsFailureKind,
    Validity,
};
use crate::wire::http::{Body, HEAD_LIMIT, Head, HeadRead, get_request, read_head};
use crate::wire::{HttpUrl, HttpUrlError};

/// The largest script that is read, bytes. Large ones have a tenth of it.
pub const LONGEST: usize = 1 << 20;
/// How many redirects are followed.
const MOST_REDIRECTS: usize = 5;
/// How many of a name's addresses are tried.
const MOST_ADDRESSES: usize = 4;
/// The whole fetch takes at most this many time-outs of a step.
const STEPS: u32 = 3;
/// How much is read at a time, bytes.
const PIECE: usize = 16 * 1024;

/// Fetches scripts, and resolves names for them.
#[derive(Debug)]
pub struct Client {
    /// Who is asked for names.
    pub dns: Arc<dns::Client>,
    /// How `https` is spoken.
    pub tls: tls::Client,
    /// The local address to leave from.
    pub source: Option<IpAddr>,
    /// Of each step.
    pub timeout: Duration,
    /// The system's own way is asked where DNS has no answer: its hosts file and search list are
    /// what a client of this host would go by.
    pub asks_system: bool,
}

/// Why no script came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// No address.
    #[error("{0} does not resolve")]
    NotResolved(String),
    /// No connection to any of its addresses.
    #[error("{place}: {reason}")]
    NotConnected {
        /// The last one tried.
        place: SocketAddr,
        /// What became of it.
        reason: String,
    },
    /// No TLS with it, or none that a client would accept.
    #[error("TLS with {host}: {reason}")]
    Tls {
        /// With whom.
        host: String,
        /// Why not.
        reason: String,
    },
    /// The connection broke, or ended early.
    #[error("{host} {reason}")]
    Broken {
        /// By whom.
        host: String,
        /// How.
        reason: String,
    },
    /// Not an answer with a script.
    #[error("{host} answers {status} {reason}")]
    Status {
        /// Who.
        host: String,
        /// The status.
        status: u16,
        /// Its reason phrase, shortened.
        reason: String,
    },
    /// A redirect to something that cannot be fetched.
    #[error("{host} redirects to an address that cannot be fetched: {error}")]
    Redirect {
        /// Who.
        host: String,
        /// Why not.
        error: HttpUrlError,
    },
    /// More than `MOST_REDIRECTS`.
    #[error("more than {MOST_REDIRECTS} redirects")]
    TooManyRedirects,
    /// More than [`LONGEST`].
    #[error("the script has more than {} KiB", LONGEST >> 10)]
    TooLong,
    /// The time for all of it passed.
    #[error("no whole answer within {} s", .0.as_secs_f32())]
    OutOfTime(Duration),
}

impl Client {
    /// The script at `url`.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub async fn fetch(&self, url: &HttpUrl) -> Result<Vec<u8>, ScriptError> {
        let limit = self.timeout * STEPS;
        tokio::time::timeout(limit, self.follow(url.clone()))
            .await
            .unwrap_or(Err(ScriptError::OutOfTime(limit)))
    }

    /// The addresses of `name`, each once, in the order of the resolvers; none where it does not
    /// resolve.
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
            let Answer { head, body } = self.get(&url).await?;
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

    async fn get(&self, url: &HttpUrl) -> Result<Answer, ScriptError> {
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
            let place = SocketAddr::new(address, url.port);
            // A server on loopback takes nobody from elsewhere.
            let source = self.source.filter(|_| !address.is_loopback());
            match tcp::connect(place, source, self.timeout).await {
                Ok((stream, _)) => return Ok(stream),
                Err(stopped) => {
                    failed = ScriptError::NotConnected { place, reason: reason(&stopped) };
                }
            }
        }
        Err(failed)
    }
}

struct Answer {
    head: Head,
    body: Body,
}

async fn ask<S>(mut stream: S, url: &HttpUrl) -> Result<Answer, ScriptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let host = url.authority();
    let broken = |reason: String| ScriptError::Broken { host: host.clone(), reason };
    let failed = |error: io::Error| broken(format!("breaks the connection: {}", os_error(&error)));
    stream.write_all(&get_request(&url.target, &host)).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut pending = Vec::new();
    let mut answer: Option<Answer> = None;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        let is_over = match stream.read_buf(&mut piece).await {
            Ok(read) => read == 0,
            // TLS without a close_notify: an end all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(failed(error)),
        };
        if let Some(Answer { body, .. }) = &mut answer {
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

/// The answer's head off `pending`, interim answers passed over, once it is whole.
fn begin(pending: &mut Vec<u8>) -> Result<Option<Answer>, &'static str> {
    loop {
        match read_head(pending) {
            HeadRead::NotHttp => return Err("does not speak HTTP"),
            HeadRead::Partial if pending.len() >= HEAD_LIMIT => {
                return Err("sends no end of a head");
            }
            HeadRead::Partial => return Ok(None),
            HeadRead::Done { head, length } if head.is_interim() => drop(pending.drain(..length)),
            HeadRead::Done { head, length } => {
                let mut body = Body::with_room(head.framing, LONGEST);
                body.push(&pending[length..]);
                return Ok(Some(Answer { head, body }));
            }
        }
    }
}

fn field<'h>(head: &'h Head, name: &str) -> Option<&'h str> {
    let mut fields = head.headers.iter();
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn status_error(host: String, status: u16, reason: &str) -> ScriptError {
    ScriptError::Status { host, status, reason: reason.chars().take(60).collect() }
}

fn reason(stopped: &tcp::Stopped) -> String {
    match stopped {
        tcp::Stopped::Obstacle(Obstacle::NoRoute(_)) => "this host has no route to it".to_owned(),
        tcp::Stopped::Obstacle(_) => "this host could not ask".to_owned(),
        tcp::Stopped::Failed(failure, _) => match failure {
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

/// What clients ask of a certificate before they run its owner's script.
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

/// RFC 9525 §6.3: a whole name, or one label of it by `*`.
fn is_for(leaf: &Certificate, host: &Host) -> bool {
    let host = host.to_string();
    leaf.names.iter().any(|name| match name.strip_prefix("*.") {
        Some(domain) => {
            host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain))
        }
        None => name.eq_ignore_ascii_case(&host),
    })
}
