//! One TLS handshake, with its chain captured even where the handshake dies.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, PeerIncompatible,
    SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::crypto;
use super::os_error::{ErrorMeaning, meaning, os_error};
use super::tap::{Heard, Listener, Tap};
use super::trust::{ChainJudge, Vouched};
use crate::model::{Host, Presented, TimeoutBy, TlsFailure, TlsFailureKind, TlsSession};
use crate::wire::tls_record::{alert_name, fatal_alert};

/// How long the rest of an answer that is not TLS is waited for: a block page's words come in the
/// same burst as its head, and a server that greets in another protocol then waits for us.
const PLAIN_ANSWER_PATIENCE: Duration = Duration::from_millis(500);

/// The stream inside a completed handshake.
pub type TlsStream<S> = tokio_rustls::client::TlsStream<Tap<S>>;

/// What every handshake of a run shares.
#[derive(Clone, Debug)]
pub struct TlsClient {
    judge: Arc<ChainJudge>,
    /// All but the verifier, of which each handshake has its own.
    config: ClientConfig,
}

impl TlsClient {
    /// A client whose chains `judge` judges.
    #[must_use]
    pub fn new(judge: Arc<ChainJudge>) -> Self {
        let mut config = ClientConfig::builder_with_provider(crypto::provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both versions, as its crate's features say")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Recorder::new()))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { judge, config }
    }

    /// Shakes hands over `stream` as a client of `host`, within `timeout`. TLS 1.2 and 1.3 are
    /// offered, and HTTP/1.1 by ALPN; nothing is resumed. No chain is refused: it is judged at
    /// `now`, after the handshake and outside its duration.
    pub async fn handshake<S>(
        &self,
        stream: S,
        host: &Host,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<(TlsStream<S>, TlsSession, Duration), (TlsFailure, Duration)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let began = Instant::now();
        let recorder = Arc::new(Recorder::new());
        let mut config = self.config.clone();
        let verifier = Arc::clone(&recorder);
        config.dangerous().set_certificate_verifier(verifier);

        let outcome = shake_hands(config, host, stream, timeout).await;
        let took = began.elapsed();
        let presented = match recorder.take() {
            Some(chain) => Some(self.judge(chain, now).await),
            None => None,
        };
        let kind = match (outcome, presented) {
            (Ok(stream), Some(presented)) => {
                let session = session(stream.get_ref().1, presented);
                return Ok((stream, session, took));
            }
            (Err(kind), presented) => return Err((TlsFailure { kind, presented }, took)),
            // Every suite on offer has the server authenticate itself.
            (Ok(_), None) => other("the handshake ended without a certificate"),
        };
        Err((TlsFailure { kind, presented: None }, took))
    }

    /// The verified certificates of a chain that a handshake of this client brought.
    pub(super) fn vouched(&self, presented: &Presented) -> Option<Vouched> {
        self.judge.vouched(presented)
    }

    async fn judge(&self, chain: Vec<CertificateDer<'static>>, now: Timestamp) -> Presented {
        // The platform's verifier blocks: there for milliseconds at most, here on the network.
        if cfg!(windows) {
            let chain = Arc::new(chain);
            let (judge, shared) = (Arc::clone(&self.judge), Arc::clone(&chain));
            let judging = tokio::task::spawn_blocking(move || judge.judge(&shared, now));
            // A panic on that thread comes up again on this one.
            judging.await.unwrap_or_else(|_| self.judge.judge(&chain, now))
        } else {
            self.judge.judge(&chain, now)
        }
    }
}

async fn shake_hands<S>(
    config: ClientConfig,
    host: &Host,
    stream: S,
    timeout: Duration,
) -> Result<TlsStream<S>, TlsFailureKind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let deadline = Instant::now() + timeout;
    let name = server_name(host)?;
    let (tap, listener) = Tap::new(stream);
    let connect = TlsConnector::from(Arc::new(config)).connect(name, tap).into_fallible();
    match timeout_at(deadline, connect).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err((error, mut tap))) => {
            if listener.heard().plain().is_some() {
                read_on(&mut tap, &listener, deadline).await;
            } else if meaning(&error) == ErrorMeaning::Reset
                && let Some(code) = last_words(&mut tap, deadline).await
            {
                return Err(alert(code));
            }
            Err(failure(&error, &listener.heard()))
        }
        Err(_) => Err(silence(&listener.heard(), TimeoutBy::Ours(timeout))),
    }
}

pub(super) fn server_name(host: &Host) -> Result<ServerName<'static>, TlsFailureKind> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.as_str().to_owned())
            .map_err(|_| other("the name cannot be asked for in a handshake (RFC 6066 §3)")),
    }
}

/// rustls stops at the first bytes that are not TLS; the rest of them is evidence.
async fn read_on<S>(tap: &mut Tap<S>, listener: &Listener, deadline: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let until = deadline.min(Instant::now() + PLAIN_ANSWER_PATIENCE);
    let read_on = async {
        let mut buffer = [0; 1024];
        // The tap keeps what comes.
        while listener.heard().has_room() {
            if !matches!(tap.read(&mut buffer).await, Ok(1..)) {
                break;
            }
        }
    };
    // Whatever ends it, what came until then counts.
    let _ = timeout_at(until, read_on).await;
}

/// A peer that sends an alert and goes away resets what we write after it, and rustls reports the
/// reset. The alert is still there to be read, at once or not at all.
async fn last_words<S>(tap: &mut Tap<S>, deadline: Instant) -> Option<u8>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut words = [0; 256];
    let length = timeout_at(deadline, tap.read(&mut words)).await.ok()?.ok()?;
    fatal_alert(&words[..length])
}

fn failure(error: &io::Error, heard: &Heard) -> TlsFailureKind {
    if let Some(first_bytes) = heard.plain() {
        return TlsFailureKind::NotTls { first_bytes: first_bytes.to_vec() };
    }
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return protocol_failure(error);
    }
    let os = os_error(error);
    match meaning(error) {
        ErrorMeaning::Reset if heard.has_written => TlsFailureKind::Reset(os),
        ErrorMeaning::Reset => TlsFailureKind::ResetOnWrite(os),
        ErrorMeaning::TimedOut => silence(heard, TimeoutBy::Kernel(os)),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            TlsFailureKind::Closed { received: heard.received }
        }
        _ => other(&os.to_string()),
    }
}

fn silence(heard: &Heard, whose: TimeoutBy) -> TlsFailureKind {
    match heard.plain() {
        Some(first_bytes) => TlsFailureKind::NotTls { first_bytes: first_bytes.to_vec() },
        None => TlsFailureKind::TimedOut { whose, received: heard.received },
    }
}

/// rustls's errors, in the contract's terms.
fn protocol_failure(error: &rustls::Error) -> TlsFailureKind {
    match error {
        rustls::Error::AlertReceived(description) => alert(u8::from(*description)),
        rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            TlsFailureKind::Version { detail: "a ServerHello below TLS 1.2".to_owned() }
        }
        error => other(&error.to_string()),
    }
}

fn alert(code: u8) -> TlsFailureKind {
    if code == u8::from(AlertDescription::ProtocolVersion) {
        return TlsFailureKind::Version { detail: "alert protocol_version".to_owned() };
    }
    TlsFailureKind::Alert { name: alert_name(code) }
}

fn other(detail: &str) -> TlsFailureKind {
    TlsFailureKind::Other { detail: detail.to_owned() }
}

fn session(connection: &ClientConnection, presented: Presented) -> TlsSession {
    let version = connection.protocol_version().and_then(|version| version.as_str());
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    // rustls marks the suites of TLS 1.3 in their names; IANA does not.
    let cipher_suite = match suite.map(|suite| (suite, suite.strip_prefix("TLS13_"))) {
        Some((_, Some(rest))) => format!("TLS_{rest}"),
        Some((suite, None)) => suite.to_owned(),
        None => String::new(),
    };
    TlsSession { version: version.unwrap_or_default().to_owned(), cipher_suite, presented }
}

/// A verifier that keeps the chain and accepts it. The proof that the far end holds the leaf's key
/// is still checked: without it the chain would be anyone's.
#[derive(Debug)]
struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    chain: Mutex<Option<Vec<CertificateDer<'static>>>>,
}

impl Recorder {
    fn new() -> Self {
        let algorithms = crypto::provider().signature_verification_algorithms;
        Self { algorithms, chain: Mutex::new(None) }
    }

    fn take(&self) -> Option<Vec<CertificateDer<'static>>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = [end_entity].into_iter().chain(intermediates);
        let chain = chain.map(|der| der.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = Some(chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
