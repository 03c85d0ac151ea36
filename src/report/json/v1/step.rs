//! The steps of a trail: `tcp`, `proxy`, `tls`, `http`, `tds`, `hold`; each with its outcome and what it saw.
//!
//! `outcome` is `ok`, or how the step failed: for `tcp` `refused`, `timeout`, `unreachable`,
//! `reset`, `local_denied`, `error`; for `proxy` `tls`, `timeout`, `closed`, `reset`, `not_proxy`,
//! `head_too_long`, `answered`, `no_method`, `rejected`, `socks_reply`, `error`; for `tls` `reset_on_write`, `reset`, `closed`, `timeout`,
//! `not_tls`, `version`, `alert`, `error`; for `http` `timeout`, `closed`, `reset`, `not_http`,
//! `head_too_long`, `tls_error`, `error`; for `tds` `timeout`, `closed`, `reset`, `not_tds`,
//! `error`; for `hold` `silent`, `reset`, `error`; and for a step that this host could not take `no_route`, `no_local_address`,
//! `descriptor_limit`, `port_limit`, `cancelled`, `budget_spent`, `not_testable`.
//!
//! `detail` holds what there is of: `os` (the system's code), `limit_ms` (our time-out, where it
//! ended the step), `received` (bytes that had come), and what the step's own struct here names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Milliseconds;
use crate::model;

/// How much of foreign bytes is shown: enough to know a protocol or a product by.
const BYTES_SHOWN: usize = 256;

#[derive(Serialize)]
pub(super) struct Step<'a> {
    #[serde(rename = "step")]
    name: &'static str,
    outcome: &'static str,
    took_ms: Milliseconds,
    detail: Detail<'a>,
}

/// The steps of `trail` for an endpoint of `kind`.
pub(super) fn of<'a>(
    trail: &'a model::Trail,
    kind: model::Kind,
    chains: &mut Chains,
) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(trail.passed().len() + 1);
    steps.extend(trail.passed().iter().map(|step| Step {
        name: step.seen.step(),
        outcome: "ok",
        took_ms: step.took.into(),
        detail: Detail::new(&step.seen, chains),
    }));
    match trail.end() {
        model::End::Complete => {}
        model::End::Failed { failure, took } => {
            let (outcome, evidence) = broken(failure, chains);
            steps.push(Step {
                name: failure.step(),
                outcome,
                took_ms: (*took).into(),
                detail: Detail::Broken(evidence.with_syns(trail)),
            });
        }
        model::End::Stopped(obstacle) => {
            let (outcome, evidence) = stopped(obstacle);
            steps.push(Step {
                name: trail.next_step(kind),
                outcome,
                took_ms: trail.waited().unwrap_or_default().into(),
                detail: Detail::Broken(evidence.with_syns(trail)),
            });
        }
    }
    steps
}

#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Nothing {},
    Tunnel(Tunnel<'a>),
    Session(Session<'a>),
    Answer(Answer<'a>),
    Tds { version: &'a str, encryption: u8 },
    Hold(Hold),
    Broken(Broken<'a>),
}

impl<'a> Detail<'a> {
    fn new(seen: &'a model::Seen, chains: &mut Chains) -> Self {
        match seen {
            model::Seen::Tcp => Self::Nothing {},
            model::Seen::Proxy(tunnel) => Self::Tunnel(Tunnel::new(tunnel, chains)),
            model::Seen::ProxySession(session) => {
                let session = Some(Session::new(session, chains));
                Self::Tunnel(Tunnel { session, answer: None, bound: None })
            }
            model::Seen::Tls(session) => Self::Session(Session::new(session, chains)),
            model::Seen::Http(answer) => Self::Answer((&**answer).into()),
            model::Seen::Tds(answer) => {
                Self::Tds { version: &answer.version, encryption: answer.encryption }
            }
            model::Seen::Hold(held) => Self::Hold(Hold::new(held)),
        }
    }
}

/// A connection that was kept idle and did not break.
#[derive(Serialize)]
struct Hold {
    idle_ms: Milliseconds,
    /// The far end closed it in order after so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_after_ms: Option<Milliseconds>,
}

impl Hold {
    fn new(held: &model::Held) -> Self {
        let closed_after_ms = match held.outcome {
            model::HeldOutcome::Answered => None,
            model::HeldOutcome::Closed { after } => Some(after.into()),
        };
        Self { idle_ms: held.idle.into(), closed_after_ms }
    }
}

/// A completed handshake.
#[derive(Serialize)]
struct Session<'a> {
    version: &'a str,
    cipher: &'a str,
    chain: Rc<RawValue>,
    trust: Trust<'a>,
}

impl<'a> Session<'a> {
    fn new(session: &'a model::TlsSession, chains: &mut Chains) -> Self {
        Self {
            version: &session.version,
            cipher: &session.cipher_suite,
            chain: chains.json(&session.presented.chain),
            trust: (&*session.presented.trust).into(),
        }
    }
}

/// A proxy's consent: its answer to CONNECT, or the address a SOCKS proxy bound; and the session
/// with the proxy itself where it is an `https://` one. Where no tunnel was asked for (kind `http`)
/// there is the session alone.
#[derive(Serialize)]
struct Tunnel<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'a str>,
}

impl<'a> Tunnel<'a> {
    fn new(tunnel: &'a model::Tunnel, chains: &mut Chains) -> Self {
        let (answer, bound) = match &tunnel.reply {
            model::ProxyReply::Connect(answer) => (Some((&**answer).into()), None),
            model::ProxyReply::Socks { bound } => (None, Some(&**bound)),
        };
        let session = tunnel.session.as_deref().map(|session| Session::new(session, chains));
        Self { session, answer, bound }
    }
}

/// What tells one web server from another.
#[derive(Serialize)]
struct Answer<'a> {
    status: u16,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    /// A proxy's own words: what it wants, and why it could not (RFC 9110 section 11.7.1, RFC 9209).
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_authenticate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x_squid_error: Option<&'a str>,
}

impl<'a> From<&'a model::HttpAnswer> for Answer<'a> {
    fn from(answer: &'a model::HttpAnswer) -> Self {
        Self {
            status: answer.status,
            reason: &answer.reason,
            server: answer.header("server"),
            via: answer.header("via"),
            location: answer.header("location"),
            content_type: answer.header("content-type"),
            proxy_authenticate: all_values(answer, "proxy-authenticate"),
            proxy_status: answer.header("proxy-status"),
            x_squid_error: answer.header("x-squid-error"),
        }
    }
}

/// The values of a field that may stand several times, in one line (RFC 9110 section 5.3).
fn all_values(answer: &model::HttpAnswer, name: &str) -> Option<String> {
    let values = answer.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
    let values: Vec<&str> = values.map(|(_, value)| &**value).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Chains as JSON, leaf first, each rendered once: hundreds of thousands of endpoints show a few
/// dozen of them, and certificates are most of a report's bytes.
#[derive(Default)]
pub(in crate::report::json) struct Chains {
    /// By address; the chain is kept, so that its address stays its own.
    rendered: HashMap<*const Arc<model::Certificate>, (Chain, Rc<RawValue>)>,
}

type Chain = Arc<[Arc<model::Certificate>]>;

impl Chains {
    /// How many are kept at a time.
    const KEPT: usize = 256;

    fn json(&mut self, chain: &Chain) -> Rc<RawValue> {
        let address = chain.as_ptr();
        if let Some((_, json)) = self.rendered.get(&address) {
            return Rc::clone(json);
        }
        let certificates: Vec<Certificate> =
            chain.iter().map(|certificate| Certificate::from(&**certificate)).collect();
        let json = serde_json::value::to_raw_value(&certificates)
            .expect("certificates are made of texts and times");
        let json: Rc<RawValue> = json.into();
        if self.rendered.len() >= Self::KEPT {
            self.rendered.clear();
        }
        self.rendered.insert(address, (Arc::clone(chain), Rc::clone(&json)));
        json
    }
}

#[derive(Serialize)]
struct Certificate<'a> {
    subject: &'a str,
    issuer: &'a str,
    #[serde(serialize_with = "hexadecimal")]
    sha256: &'a [u8; 32],
    not_before: Timestamp,
    not_after: Timestamp,
    names: &'a [String],
}

impl<'a> From<&'a model::Certificate> for Certificate<'a> {
    fn from(certificate: &'a model::Certificate) -> Self {
        Self {
            subject: &certificate.subject,
            issuer: &certificate.issuer,
            sha256: &certificate.fingerprint,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            names: &certificate.names,
        }
    }
}

fn hexadecimal<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    let mut digits = [0; 64];
    HEXLOWER.encode_mut(bytes, &mut digits);
    serializer.serialize_str(std::str::from_utf8(&digits).unwrap_or_default())
}

/// Whether the chain leads to a root of each store, and whether its dates hold.
#[derive(Serialize)]
struct Trust<'a> {
    public: ChainTrust<'a>,
    host: ChainTrust<'a>,
    validity: Validity<'a>,
}

impl<'a> From<&'a model::Trust> for Trust<'a> {
    fn from(trust: &'a model::Trust) -> Self {
        Self {
            public: (&trust.public).into(),
            host: (&trust.host).into(),
            validity: (&trust.validity).into(),
        }
    }
}

/// `trusted`, `unknown_issuer`, `invalid` or `not_judged`; the last two with the reason.
#[derive(Serialize)]
struct ChainTrust<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> From<&'a model::ChainTrust> for ChainTrust<'a> {
    fn from(trust: &'a model::ChainTrust) -> Self {
        let (outcome, reason) = match trust {
            model::ChainTrust::Trusted => ("trusted", None),
            model::ChainTrust::UnknownIssuer => ("unknown_issuer", None),
            model::ChainTrust::Invalid { reason } => ("invalid", Some(&**reason)),
            model::ChainTrust::NotJudged { reason } => ("not_judged", Some(&**reason)),
        };
        Self { outcome, reason }
    }
}

/// `current`, or `expired` and `not_yet_valid` with whose date it is.
#[derive(Serialize)]
struct Validity<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
}

impl<'a> From<&'a model::Validity> for Validity<'a> {
    fn from(validity: &'a model::Validity) -> Self {
        let (outcome, subject, not_after, not_before) = match validity {
            model::Validity::Current => ("current", None, None, None),
            model::Validity::Expired { subject, not_after } => {
                ("expired", Some(&**subject), Some(*not_after), None)
            }
            model::Validity::NotYet { subject, not_before } => {
                ("not_yet_valid", Some(&**subject), None, Some(*not_before))
            }
        };
        Self { outcome, subject, not_after, not_before }
    }
}

/// What there is to show of a step that failed or was not taken.
#[derive(Default, Serialize)]
struct Broken<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<Os<'a>>,
    /// `network`, `host` or `blackhole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreachable: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_ms: Option<Milliseconds>,
    /// How long the connection was to be idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_ms: Option<Milliseconds>,
    /// How many SYNs a connect sent that was not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    syns: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<usize>,
    /// The beginning, with what is no text replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_bytes: Option<Cow<'a, str>>,
    /// The alert's name (RFC 8446 §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'a str>,
    /// The words of the library that failed, or what would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// What a proxy said instead of opening a tunnel.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_credentials: Option<bool>,
    /// RFC 1928 section 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    socks_reply: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<Rc<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<Trust<'a>>,
}

#[derive(Serialize)]
struct Os<'a> {
    code: i32,
    symbol: &'a str,
}

impl<'a> From<&'a model::OsError> for Os<'a> {
    fn from(os: &'a model::OsError) -> Self {
        Self { code: os.code, symbol: &os.symbol }
    }
}

impl<'a> Broken<'a> {
    fn os(os: &'a model::OsError) -> Self {
        Self { os: Some(os.into()), ..Self::default() }
    }

    fn silence(whose: &'a model::TimeoutBy) -> Self {
        match whose {
            model::TimeoutBy::Ours(limit) => {
                Self { limit_ms: Some((*limit).into()), ..Self::default() }
            }
            model::TimeoutBy::Kernel(os) => Self::os(os),
        }
    }

    fn bytes(bytes: &'a [u8]) -> Self {
        let shown = &bytes[..bytes.len().min(BYTES_SHOWN)];
        Self { first_bytes: Some(String::from_utf8_lossy(shown)), ..Self::default() }
    }

    fn text(text: &'a str) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    fn received(self, received: usize) -> Self {
        Self { received: Some(received), ..self }
    }

    fn with_syns(self, trail: &model::Trail) -> Self {
        Self { syns: trail.syns(), ..self }
    }
}

fn broken<'a>(failure: &'a model::Failure, chains: &mut Chains) -> (&'static str, Broken<'a>) {
    match failure {
        model::Failure::Tcp(failure) => broken_tcp(failure),
        model::Failure::Proxy(failure) => broken_proxy(failure, chains),
        model::Failure::Tls(failure) => broken_session(failure, chains),
        model::Failure::Http(failure) => broken_http(failure),
        model::Failure::Tds(failure) => broken_tds(failure),
        model::Failure::Hold(failure) => broken_hold(failure),
    }
}

/// How a step failed, in one word.
pub(super) fn outcome(failure: &model::Failure, chains: &mut Chains) -> &'static str {
    broken(failure, chains).0
}

fn broken_tcp(failure: &model::TcpFailure) -> (&'static str, Broken<'_>) {
    use model::{TcpFailure as Tcp, Unreachable};
    match failure {
        Tcp::Refused(os) => ("refused", Broken::os(os)),
        Tcp::TimedOut(whose) => ("timeout", Broken::silence(whose)),
        Tcp::Unreachable { kind, os } => {
            let kind = match kind {
                Unreachable::Network => "network",
                Unreachable::Host => "host",
                Unreachable::Blackhole => "blackhole",
            };
            ("unreachable", Broken { unreachable: Some(kind), ..Broken::os(os) })
        }
        Tcp::Reset(os) => ("reset", Broken::os(os)),
        Tcp::Denied(os) => ("local_denied", Broken::os(os)),
        Tcp::Other(os) => ("error", Broken::os(os)),
    }
}

fn broken_proxy<'a>(
    failure: &'a model::ProxyFailure,
    chains: &mut Chains,
) -> (&'static str, Broken<'a>) {
    use model::ProxyFailure as Proxy;
    match failure {
        Proxy::Tls(failure) => ("tls", broken_session(failure, chains).1),
        Proxy::TimedOut { whose, received } => {
            ("timeout", Broken::silence(whose).received(*received))
        }
        Proxy::Closed { received } => ("closed", Broken::default().received(*received)),
        Proxy::Reset(os) => ("reset", Broken::os(os)),
        Proxy::NotProxy { first_bytes } => ("not_proxy", Broken::bytes(first_bytes)),
        Proxy::HeadTooLong { limit } => ("head_too_long", Broken::default().received(*limit)),
        Proxy::Answered { answer, with_credentials } => {
            let answer = Some((&**answer).into());
            let with_credentials = Some(*with_credentials);
            ("answered", Broken { answer, with_credentials, ..Broken::default() })
        }
        Proxy::SocksNoMethod { with_credentials } => {
            let with_credentials = Some(*with_credentials);
            ("no_method", Broken { with_credentials, ..Broken::default() })
        }
        Proxy::SocksRejected => ("rejected", Broken::default()),
        Proxy::SocksReply(code) => {
            ("socks_reply", Broken { socks_reply: Some(*code), ..Broken::default() })
        }
        Proxy::Other(os) => ("error", Broken::os(os)),
    }
}

fn broken_session<'a>(
    failure: &'a model::TlsFailure,
    chains: &mut Chains,
) -> (&'static str, Broken<'a>) {
    let (outcome, evidence) = broken_tls(&failure.kind);
    let shown = failure.presented.as_ref();
    let chain = shown.map(|shown| chains.json(&shown.chain));
    let trust = shown.map(|shown| Trust::from(&*shown.trust));
    (outcome, Broken { chain, trust, ..evidence })
}

fn broken_tls(kind: &model::TlsFailureKind) -> (&'static str, Broken<'_>) {
    use model::TlsFailureKind as Tls;
    match kind {
        Tls::ResetOnWrite(os) => ("reset_on_write", Broken::os(os)),
        Tls::Reset(os) => ("reset", Broken::os(os)),
        Tls::Closed { received } => ("closed", Broken::default().received(*received)),
        Tls::TimedOut { whose, received } => {
            ("timeout", Broken::silence(whose).received(*received))
        }
        Tls::NotTls { first_bytes } => ("not_tls", Broken::bytes(first_bytes)),
        Tls::Version { detail } => ("version", Broken::text(detail)),
        Tls::Alert { name } => ("alert", Broken { alert: Some(name), ..Broken::default() }),
        Tls::Other { detail } => ("error", Broken::text(detail)),
    }
}

fn broken_http(failure: &model::HttpFailure) -> (&'static str, Broken<'_>) {
    use model::HttpFailure as Http;
    match failure {
        Http::TimedOut { whose, received } => {
            ("timeout", Broken::silence(whose).received(*received))
        }
        Http::Closed { received } => ("closed", Broken::default().received(*received)),
        Http::Reset(os) => ("reset", Broken::os(os)),
        Http::NotHttp { first_bytes } => ("not_http", Broken::bytes(first_bytes)),
        Http::HeadTooLong { limit } => ("head_too_long", Broken::default().received(*limit)),
        Http::Tls { detail } => ("tls_error", Broken::text(detail)),
        Http::Other(os) => ("error", Broken::os(os)),
    }
}

fn broken_tds(failure: &model::TdsFailure) -> (&'static str, Broken<'_>) {
    use model::TdsFailure as Tds;
    match failure {
        Tds::TimedOut { whose, received } => {
            ("timeout", Broken::silence(whose).received(*received))
        }
        Tds::Closed { received } => ("closed", Broken::default().received(*received)),
        Tds::Reset(os) => ("reset", Broken::os(os)),
        Tds::NotTds { first_bytes } => ("not_tds", Broken::bytes(first_bytes)),
        Tds::Other(os) => ("error", Broken::os(os)),
    }
}

fn broken_hold(failure: &model::HoldFailure) -> (&'static str, Broken<'_>) {
    use model::HoldFailure as Hold;
    let idle_ms = Some(failure.idle().into());
    match failure {
        Hold::Silent { whose, .. } => ("silent", Broken { idle_ms, ..Broken::silence(whose) }),
        Hold::Reset { os, .. } => ("reset", Broken { idle_ms, ..Broken::os(os) }),
        Hold::Other { os, .. } => ("error", Broken { idle_ms, ..Broken::os(os) }),
    }
}

fn stopped(obstacle: &model::Obstacle) -> (&'static str, Broken<'_>) {
    use model::Obstacle;
    match obstacle {
        Obstacle::NoRoute(os) => ("no_route", Broken::os(os)),
        Obstacle::NoLocalAddress(os) => ("no_local_address", Broken::os(os)),
        Obstacle::DescriptorLimit(os) => ("descriptor_limit", Broken::os(os)),
        Obstacle::PortLimit(os) => ("port_limit", Broken::os(os)),
        Obstacle::Cancelled => ("cancelled", Broken::default()),
        Obstacle::BudgetSpent => ("budget_spent", Broken::default()),
        Obstacle::NotTestable { hint } => ("not_testable", Broken::text(hint)),
    }
}
