//! The way through a proxy: a tunnel to the far end, or a page that the proxy fetches itself.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout_at};

use super::os_error::{ErrorMeaning, meaning, os_error};
use super::sign_in::{self, Asked, ProxiedRequest, SignInMeans, Unanswered};
use super::tls::{TlsClient, TlsStream, server_name};
use crate::model::{
    ChainTrust, Failure, Host, HttpAnswer, HttpFailure, Presented, ProxyFailure, ProxyReply,
    SignIn, TimeoutBy, TlsFailure, TlsFailureKind, TlsSession, Tunnel, Validity,
};
use crate::route::{ProxyScheme, ProxyUrl};
use crate::wire::connect::Login;
use crate::wire::http::Method;
use crate::wire::socks::{Dialogue, Granted, SocksRefusal};

/// How much of an answer that is not a proxy's is kept, bytes.
const FIRST_BYTES_KEPT: usize = 256;
/// The longest answers of SOCKS are shorter.
const PIECE: usize = 512;
const PROXY_AUTHENTICATION_REQUIRED: u16 = 407;

/// How a proxy is spoken to, and what every stage of the way through it shares.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    /// The proxy, with its credentials.
    pub proxy: &'a ProxyUrl,
    /// For the handshake with the proxy itself, where it is an `https://` one.
    pub tls: &'a TlsClient,
    /// For a proxy that asks for NTLM or Negotiate.
    pub sign_in: SignInMeans<'a>,
    /// The time-out of the whole stage.
    pub timeout: Duration,
    /// The time at which the proxy's own chain is judged.
    pub now: Timestamp,
}

/// Has the proxy at the other end of `stream` open a tunnel to `host:port`. What the far end says
/// along with the proxy's consent is the first that the tunnel's stream gives.
pub async fn open_tunnel<S>(
    stream: S,
    manner: Manner<'_>,
    host: &Host,
    port: u16,
) -> Result<(Tunnelled<S>, Tunnel, Duration), (ProxyFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let opened = match manner.proxy.scheme() {
        ProxyScheme::Http | ProxyScheme::Https => connect(stream, manner, began, host, port).await,
        ProxyScheme::Socks4 | ProxyScheme::Socks5 | ProxyScheme::Socks5h => {
            socks(stream, manner, began, host, port).await
        }
    };
    let took = began.elapsed();
    match opened {
        Ok((stream, tunnel)) => Ok((stream, tunnel, took)),
        Err(failure) => Err((failure, took)),
    }
}

/// Gets to where the proxy at the other end of `stream` listens for requests: inside TLS, where it
/// is an `https://` one. The session is that with the proxy itself.
pub async fn enter<S>(
    stream: S,
    manner: Manner<'_>,
) -> Result<(Carrier<S>, Option<Box<TlsSession>>, Duration), (ProxyFailure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let entered = reach(stream, manner).await;
    let took = began.elapsed();
    match entered {
        Ok((stream, session)) => Ok((stream, session, took)),
        Err(failure) => Err((failure, took)),
    }
}

/// Has the HTTP proxy that listens at the other end of `stream` (see [`enter`], which gives the
/// session too) fetch `http://host:port/`. Its request for credentials is a failure on the way
/// through it; any other answer may be the far end's.
pub async fn get<S>(
    mut stream: S,
    session: Option<&TlsSession>,
    manner: Manner<'_>,
    host: &Host,
    port: u16,
) -> Result<(HttpAnswer, Duration), (Failure, Duration)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let got = async {
        let is_proven = is_meant(session, manner.proxy);
        let request = ProxiedRequest { method: Method::Get, host, port };
        match sign_in::ask(&mut stream, manner, is_proven, began, request).await {
            Ok(asked) if asked.reply.answer.status == PROXY_AUTHENTICATION_REQUIRED => {
                Err(Failure::Proxy(answered(asked)))
            }
            Ok(asked) => Ok(asked.reply.answer),
            // Whatever the far end is, an HTTP proxy speaks HTTP of it.
            Err(Unanswered { failure: HttpFailure::NotHttp { first_bytes }, .. }) => {
                Err(Failure::Proxy(ProxyFailure::NotProxy { first_bytes }))
            }
            Err(Unanswered { failure, sign_in: None }) => Err(Failure::Http(failure)),
            Err(Unanswered { failure, sign_in: Some(sign_in) }) => {
                Err(Failure::Proxy(within(Some(sign_in), unanswered(failure))))
            }
        }
    };
    let got = got.await;
    let took = began.elapsed();
    match got {
        Ok(answer) => Ok((answer, took)),
        Err(failure) => Err((failure, took)),
    }
}

async fn connect<S>(
    stream: S,
    manner: Manner<'_>,
    began: Instant,
    host: &Host,
    port: u16,
) -> Result<(Tunnelled<S>, Tunnel), ProxyFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut stream, session) = reach(stream, manner).await?;
    let is_proven = is_meant(session.as_deref(), manner.proxy);
    let request = ProxiedRequest { method: Method::Connect, host, port };
    let asked = sign_in::ask(&mut stream, manner, is_proven, began, request);
    let mut asked = asked
        .await
        .map_err(|Unanswered { failure, sign_in }| within(sign_in, unanswered(failure)))?;
    match asked.reply.tunnelled.take() {
        Some(first) => {
            let reply = ProxyReply::Connect(Box::new(asked.reply.answer));
            let tunnel = Tunnel { session, reply, sign_in: asked.sign_in };
            Ok((Tunnelled::new(stream, first), tunnel))
        }
        None => Err(answered(asked)),
    }
}

fn login(proxy: &ProxyUrl) -> Option<Login<'_>> {
    let credentials = proxy.credentials()?;
    Some(Login { user: credentials.user(), password: credentials.password() })
}

fn answered(asked: Asked) -> ProxyFailure {
    let Asked { reply, with_credentials, sign_in } = asked;
    let answer = Box::new(reply.answer);
    within(sign_in, ProxyFailure::Answered { answer, with_credentials })
}

/// The failure, of a sign-in where one had begun.
fn within(sign_in: Option<Box<SignIn>>, failure: ProxyFailure) -> ProxyFailure {
    match sign_in {
        Some(sign_in) => ProxyFailure::SignIn { sign_in, failure: Box::new(failure) },
        None => failure,
    }
}

fn unanswered(failure: HttpFailure) -> ProxyFailure {
    match failure {
        HttpFailure::TimedOut { whose, received } => ProxyFailure::TimedOut { whose, received },
        HttpFailure::Closed { received } => ProxyFailure::Closed { received },
        HttpFailure::Reset(os) => ProxyFailure::Reset(os),
        HttpFailure::NotHttp { first_bytes } => ProxyFailure::NotProxy { first_bytes },
        HttpFailure::HeadTooLong { limit } => ProxyFailure::HeadTooLong { limit },
        HttpFailure::Tls { detail } => ProxyFailure::Tls(Box::new(TlsFailure {
            kind: TlsFailureKind::Other { detail },
            presented: None,
        })),
        HttpFailure::Other(os) => ProxyFailure::Other(os),
    }
}

async fn reach<S>(
    stream: S,
    manner: Manner<'_>,
) -> Result<(Carrier<S>, Option<Box<TlsSession>>), ProxyFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Manner { proxy, tls, timeout, now, .. } = manner;
    if proxy.scheme() != ProxyScheme::Https {
        return Ok((Carrier::Plain(stream), None));
    }
    let failed = |failure| ProxyFailure::Tls(Box::new(failure));
    let handshake = Box::pin(tls.handshake(stream, proxy.host(), timeout, now));
    let (stream, session, _) = handshake.await.map_err(|(failure, _)| failed(failure))?;
    if proxy.credentials().is_some() && !is_meant(Some(&session), proxy) {
        let detail = "the proxy did not prove who it is: no credentials are sent to it".to_owned();
        let kind = TlsFailureKind::Other { detail };
        return Err(failed(TlsFailure { kind, presented: Some(session.presented) }));
    }
    Ok((Carrier::Tls(Box::new(stream)), Some(Box::new(session))))
}

/// Whether the proxy is the one that is meant, as far as a client can tell: without TLS nobody can.
fn is_meant(session: Option<&TlsSession>, proxy: &ProxyUrl) -> bool {
    session.is_none_or(|session| is_proven(&session.presented, proxy.host()))
}

/// Whether a client of this host would take the chain for `host`'s. Elsewhere a bad chain is
/// evidence and is gone past; a password is not sent to a server that shows it.
fn is_proven(presented: &Presented, host: &Host) -> bool {
    let is_for_host = || {
        let leaf = CertificateDer::from(&*presented.chain.first()?.der);
        let leaf = webpki::EndEntityCert::try_from(&leaf).ok()?;
        leaf.verify_is_valid_for_subject_name(&server_name(host).ok()?).ok()
    };
    presented.trust.host == ChainTrust::Trusted
        && presented.trust.validity == Validity::Current
        && is_for_host().is_some()
}

async fn socks<S>(
    mut stream: S,
    manner: Manner<'_>,
    began: Instant,
    host: &Host,
    port: u16,
) -> Result<(Tunnelled<S>, Tunnel), ProxyFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (dialogue, greeting) = Dialogue::new(host, port, login(manner.proxy));
    let mut heard = Vec::new();
    let negotiation = negotiate(&mut stream, dialogue, greeting, &mut heard);
    let granted = match timeout_at(began + manner.timeout, negotiation).await {
        Ok(outcome) => outcome?,
        Err(_) => return Err(silence(&heard, TimeoutBy::Ours(manner.timeout))),
    };
    let reply = ProxyReply::Socks { bound: granted.bound };
    let stream = Tunnelled::new(Carrier::Plain(stream), granted.tunnelled);
    Ok((stream, Tunnel { session: None, reply, sign_in: None }))
}

async fn negotiate<S>(
    stream: &mut S,
    mut dialogue: Dialogue,
    greeting: Vec<u8>,
    heard: &mut Vec<u8>,
) -> Result<Granted, ProxyFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut words = greeting;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        let sent = async {
            stream.write_all(&words).await?;
            stream.flush().await
        };
        sent.await.map_err(|error| broken(heard, &error))?;
        piece.clear();
        let length = stream.read_buf(&mut piece).await.map_err(|error| broken(heard, &error))?;
        if length == 0 {
            return Err(ProxyFailure::Closed { received: heard.len() });
        }
        heard.extend_from_slice(&piece);
        let turn = dialogue.push(&piece);
        match turn.end {
            None => words = turn.send,
            Some(Ok(granted)) => return Ok(granted),
            Some(Err(refusal)) => {
                let with_credentials = dialogue.offers_login();
                heard.truncate(FIRST_BYTES_KEPT);
                return Err(match refusal {
                    SocksRefusal::NotSocks => {
                        ProxyFailure::NotProxy { first_bytes: std::mem::take(heard) }
                    }
                    SocksRefusal::NoMethod => ProxyFailure::SocksNoMethod { with_credentials },
                    SocksRefusal::Rejected => ProxyFailure::SocksRejected,
                    SocksRefusal::Reply(code) => ProxyFailure::SocksReply(code),
                });
            }
        }
    }
}

fn broken(heard: &[u8], error: &io::Error) -> ProxyFailure {
    let os = os_error(error);
    match meaning(error) {
        ErrorMeaning::Reset => ProxyFailure::Reset(os),
        ErrorMeaning::TimedOut => silence(heard, TimeoutBy::Kernel(os)),
        _ => ProxyFailure::Other(os),
    }
}

const fn silence(heard: &[u8], whose: TimeoutBy) -> ProxyFailure {
    ProxyFailure::TimedOut { whose, received: heard.len() }
}

/// A connection to a proxy.
#[derive(Debug)]
pub enum Carrier<S> {
    /// The proxy is spoken to in clear text.
    Plain(S),
    /// The proxy is spoken to inside TLS, which ends at the proxy itself.
    Tls(Box<TlsStream<S>>),
}

/// The stream of a tunnel: the far end's bytes, those first that came with the proxy's consent.
#[derive(Debug)]
pub struct Tunnelled<S> {
    first: Vec<u8>,
    n_read: usize,
    carrier: Carrier<S>,
}

impl<S> Tunnelled<S> {
    const fn new(carrier: Carrier<S>, first: Vec<u8>) -> Self {
        Self { first, n_read: 0, carrier }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Carrier<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Carrier<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Tunnelled<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let left = &this.first[this.n_read..];
        if left.is_empty() {
            return Pin::new(&mut this.carrier).poll_read(cx, buf);
        }
        let length = left.len().min(buf.remaining());
        buf.put_slice(&left[..length]);
        this.n_read += length;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Tunnelled<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().carrier).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().carrier).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().carrier).poll_shutdown(cx)
    }
}
