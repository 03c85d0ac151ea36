//! The steps of a trail.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::model;
use crate::report_v1::{
    Answer, Certificate, Chain, ChainTrust, Detail, Os, Session, SignIn, Step, Trust, Validity,
};

/// How much of foreign bytes is shown: enough to know a protocol or a product by.
const BYTES_SHOWN: usize = 256;

/// The steps of `trail` for an endpoint of `kind`.
pub(super) fn of<'a>(
    trail: &'a model::Trail,
    kind: model::Kind,
    chains: &mut Chains<'a>,
) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(trail.passed().len() + 1);
    steps.extend(trail.passed().iter().map(|step| Step {
        name: step.seen.step().into(),
        outcome: "ok".into(),
        took_ms: step.took.into(),
        detail: passed(&step.seen, chains),
    }));
    match trail.end() {
        model::End::Complete => {}
        model::End::Failed { failure, took } => {
            let (outcome, detail) = broken(failure, chains);
            steps.push(Step {
                name: failure.step().into(),
                outcome: outcome.into(),
                took_ms: (*took).into(),
                detail: Detail { syns: trail.syns(), ..detail },
            });
        }
        model::End::Stopped(obstacle) => {
            let (outcome, detail) = stopped(obstacle);
            steps.push(Step {
                name: trail.next_step(kind).into(),
                outcome: outcome.into(),
                took_ms: trail.waited().unwrap_or_default().into(),
                detail: Detail { syns: trail.syns(), ..detail },
            });
        }
    }
    steps
}

fn passed<'a>(seen: &'a model::Seen, chains: &mut Chains<'a>) -> Detail<'a> {
    match seen {
        model::Seen::Tcp => Detail::default(),
        model::Seen::Proxy(tunnel) => {
            let (answer, bound) = match &tunnel.reply {
                model::ProxyReply::Connect(answer) => (Some(Box::new((&**answer).into())), None),
                model::ProxyReply::Socks { bound } => (None, Some((&**bound).into())),
            };
            let session = tunnel.session.as_deref();
            let session = session.map(|session| Box::new(proxy_session(session, chains)));
            let sign_in = tunnel.sign_in.as_deref().map(sign_in);
            Detail { session, answer, bound, sign_in, ..Detail::default() }
        }
        model::Seen::ProxySession(session) => {
            let session = Some(Box::new(proxy_session(session, chains)));
            Detail { session, ..Detail::default() }
        }
        model::Seen::Tls(session) => Detail {
            version: Some((&*session.version).into()),
            cipher: Some((&*session.cipher_suite).into()),
            ..presented(&session.presented, chains)
        },
        model::Seen::Http(answer) => {
            Detail { http: Some(Box::new((&**answer).into())), ..Detail::default() }
        }
        model::Seen::Tds(answer) => Detail {
            version: Some((&*answer.version).into()),
            encryption: Some(answer.encryption),
            ..Detail::default()
        },
        model::Seen::Hold(held) => Detail {
            idle_ms: Some(held.idle.into()),
            closed_after_ms: match held.outcome {
                model::HeldOutcome::Answered => None,
                model::HeldOutcome::Closed { after } => Some(after.into()),
            },
            ..Detail::default()
        },
    }
}

fn proxy_session<'a>(session: &'a model::TlsSession, chains: &mut Chains<'a>) -> Session<'a> {
    Session {
        version: (&*session.version).into(),
        cipher: (&*session.cipher_suite).into(),
        chain: chains.shared(&session.presented.chain),
        trust: (&*session.presented.trust).into(),
    }
}

fn presented<'a>(presented: &'a model::Presented, chains: &mut Chains<'a>) -> Detail<'a> {
    Detail {
        chain: Some(chains.shared(&presented.chain)),
        trust: Some(Box::new((&*presented.trust).into())),
        ..Detail::default()
    }
}

impl<'a> From<&'a model::HttpAnswer> for Answer<'a> {
    fn from(answer: &'a model::HttpAnswer) -> Self {
        let header = |name| answer.header(name).map(Cow::Borrowed);
        Self {
            status: answer.status,
            reason: (&*answer.reason).into(),
            server: header("server"),
            via: header("via"),
            location: header("location"),
            content_type: header("content-type"),
            proxy_authenticate: all_values(answer, "proxy-authenticate").map(Cow::Owned),
            proxy_status: header("proxy-status"),
            x_squid_error: header("x-squid-error"),
        }
    }
}

/// The values of a field that may stand several times, in one line (RFC 9110 section 5.3).
fn all_values(answer: &model::HttpAnswer, name: &str) -> Option<String> {
    let values = answer.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
    let values: Vec<&str> = values.map(|(_, value)| &**value).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The chains that were seen, each once.
#[derive(Default)]
pub(in crate::report) struct Chains<'a> {
    /// By address: what is borrowed keeps its own.
    seen: HashMap<*const Arc<model::Certificate>, Chain<'a>>,
}

impl<'a> Chains<'a> {
    fn shared(&mut self, chain: &'a [Arc<model::Certificate>]) -> Chain<'a> {
        let certificates = || chain.iter().map(|one| Certificate::from(&**one)).collect();
        self.seen.entry(chain.as_ptr()).or_insert_with(certificates).clone()
    }
}

impl<'a> From<&'a model::Certificate> for Certificate<'a> {
    fn from(certificate: &'a model::Certificate) -> Self {
        Self {
            subject: (&*certificate.subject).into(),
            issuer: (&*certificate.issuer).into(),
            sha256: HEXLOWER.encode(&certificate.fingerprint).into(),
            not_before: Some(certificate.not_before),
            not_after: Some(certificate.not_after),
            names: (&*certificate.names).into(),
        }
    }
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

impl<'a> From<&'a model::ChainTrust> for ChainTrust<'a> {
    fn from(trust: &'a model::ChainTrust) -> Self {
        let (outcome, reason) = match trust {
            model::ChainTrust::Trusted => ("trusted", None),
            model::ChainTrust::UnknownIssuer => ("unknown_issuer", None),
            model::ChainTrust::Invalid { reason } => ("invalid", Some(&**reason)),
            model::ChainTrust::NotJudged { reason } => ("not_judged", Some(&**reason)),
        };
        Self { outcome: outcome.into(), reason: reason.map(Into::into) }
    }
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
        Self { outcome: outcome.into(), subject: subject.map(Into::into), not_after, not_before }
    }
}

impl<'a> From<&'a model::OsError> for Os<'a> {
    fn from(os: &'a model::OsError) -> Self {
        Self { code: os.code, symbol: (&*os.symbol).into() }
    }
}

/// What there is to show of a step that failed or was not taken.
impl<'a> Detail<'a> {
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
        Self { text: Some(text.into()), ..Self::default() }
    }

    fn received(self, received: usize) -> Self {
        Self { received: Some(received), ..self }
    }
}

fn broken<'a>(failure: &'a model::Failure, chains: &mut Chains<'a>) -> (&'static str, Detail<'a>) {
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
pub(super) fn outcome<'a>(failure: &'a model::Failure, chains: &mut Chains<'a>) -> &'static str {
    broken(failure, chains).0
}

fn broken_tcp(failure: &model::TcpFailure) -> (&'static str, Detail<'_>) {
    use model::{TcpFailure as Tcp, Unreachable};
    match failure {
        Tcp::Refused(os) => ("refused", Detail::os(os)),
        Tcp::TimedOut(whose) => ("timeout", Detail::silence(whose)),
        Tcp::Unreachable { kind, os } => {
            let kind = match kind {
                Unreachable::Network => "network",
                Unreachable::Host => "host",
                Unreachable::Blackhole => "blackhole",
            };
            ("unreachable", Detail { unreachable: Some(kind.into()), ..Detail::os(os) })
        }
        Tcp::Reset(os) => ("reset", Detail::os(os)),
        Tcp::Denied(os) => ("local_denied", Detail::os(os)),
        Tcp::Other(os) => ("error", Detail::os(os)),
    }
}

fn broken_proxy<'a>(
    failure: &'a model::ProxyFailure,
    chains: &mut Chains<'a>,
) -> (&'static str, Detail<'a>) {
    use model::ProxyFailure as Proxy;
    match failure {
        Proxy::Tls(failure) => ("tls", broken_session(failure, chains).1),
        Proxy::TimedOut { whose, received } => {
            ("timeout", Detail::silence(whose).received(*received))
        }
        Proxy::Closed { received } => ("closed", Detail::default().received(*received)),
        Proxy::Reset(os) => ("reset", Detail::os(os)),
        Proxy::NotProxy { first_bytes } => ("not_proxy", Detail::bytes(first_bytes)),
        Proxy::HeadTooLong { limit } => ("head_too_long", Detail::default().received(*limit)),
        Proxy::Answered { answer, with_credentials } => {
            let answer = Some(Box::new((&**answer).into()));
            let with_credentials = Some(*with_credentials);
            ("answered", Detail { answer, with_credentials, ..Detail::default() })
        }
        Proxy::SocksNoMethod { with_credentials } => {
            let with_credentials = Some(*with_credentials);
            ("no_method", Detail { with_credentials, ..Detail::default() })
        }
        Proxy::SocksRejected => ("rejected", Detail::default()),
        Proxy::SocksReply(code) => {
            ("socks_reply", Detail { socks_reply: Some(*code), ..Detail::default() })
        }
        Proxy::SignIn { sign_in: seen, failure } => {
            let (outcome, detail) = broken_proxy(failure, chains);
            (outcome, Detail { sign_in: Some(sign_in(seen)), ..detail })
        }
        Proxy::Other(os) => ("error", Detail::os(os)),
    }
}

fn sign_in(seen: &model::SignIn) -> Box<SignIn<'_>> {
    Box::new(SignIn {
        scheme: seen.scheme.as_str().into(),
        protocol: seen.protocol.map(|protocol| protocol.as_str().into()),
        account: (&*seen.account).into(),
        source: match seen.source {
            model::AccountSource::Given => "given",
            model::AccountSource::Process => "process",
        }
        .into(),
        target: seen.target.as_deref().map(Into::into),
        messages: seen.messages,
        challenges: seen.challenges,
        refusal: seen.refusal.as_ref().map(|os| Detail::os(os).os.unwrap_or_default()),
    })
}

fn broken_session<'a>(
    failure: &'a model::TlsFailure,
    chains: &mut Chains<'a>,
) -> (&'static str, Detail<'a>) {
    let (outcome, detail) = broken_tls(&failure.kind);
    match &failure.presented {
        Some(shown) => {
            let Detail { chain, trust, .. } = presented(shown, chains);
            (outcome, Detail { chain, trust, ..detail })
        }
        None => (outcome, detail),
    }
}

fn broken_tls(kind: &model::TlsFailureKind) -> (&'static str, Detail<'_>) {
    use model::TlsFailureKind as Tls;
    match kind {
        Tls::ResetOnWrite(os) => ("reset_on_write", Detail::os(os)),
        Tls::Reset(os) => ("reset", Detail::os(os)),
        Tls::Closed { received } => ("closed", Detail::default().received(*received)),
        Tls::TimedOut { whose, received } => {
            ("timeout", Detail::silence(whose).received(*received))
        }
        Tls::NotTls { first_bytes } => ("not_tls", Detail::bytes(first_bytes)),
        Tls::Version { detail } => ("version", Detail::text(detail)),
        Tls::Alert { name } => {
            ("alert", Detail { alert: Some((&**name).into()), ..Detail::default() })
        }
        Tls::Other { detail } => ("error", Detail::text(detail)),
    }
}

fn broken_http(failure: &model::HttpFailure) -> (&'static str, Detail<'_>) {
    use model::HttpFailure as Http;
    match failure {
        Http::TimedOut { whose, received } => {
            ("timeout", Detail::silence(whose).received(*received))
        }
        Http::Closed { received } => ("closed", Detail::default().received(*received)),
        Http::Reset(os) => ("reset", Detail::os(os)),
        Http::NotHttp { first_bytes } => ("not_http", Detail::bytes(first_bytes)),
        Http::HeadTooLong { limit } => ("head_too_long", Detail::default().received(*limit)),
        Http::Tls { detail } => ("tls_error", Detail::text(detail)),
        Http::Other(os) => ("error", Detail::os(os)),
    }
}

fn broken_tds(failure: &model::TdsFailure) -> (&'static str, Detail<'_>) {
    use model::TdsFailure as Tds;
    match failure {
        Tds::TimedOut { whose, received } => {
            ("timeout", Detail::silence(whose).received(*received))
        }
        Tds::Closed { received } => ("closed", Detail::default().received(*received)),
        Tds::Reset(os) => ("reset", Detail::os(os)),
        Tds::NotTds { first_bytes } => ("not_tds", Detail::bytes(first_bytes)),
        Tds::Other(os) => ("error", Detail::os(os)),
    }
}

fn broken_hold(failure: &model::HoldFailure) -> (&'static str, Detail<'_>) {
    use model::HoldFailure as Hold;
    let idle_ms = Some(failure.idle().into());
    match failure {
        Hold::Silent { whose, .. } => ("silent", Detail { idle_ms, ..Detail::silence(whose) }),
        Hold::Reset { os, .. } => ("reset", Detail { idle_ms, ..Detail::os(os) }),
        Hold::Other { os, .. } => ("error", Detail { idle_ms, ..Detail::os(os) }),
    }
}

fn stopped(obstacle: &model::Obstacle) -> (&'static str, Detail<'_>) {
    use model::Obstacle;
    match obstacle {
        Obstacle::NoRoute(os) => ("no_route", Detail::os(os)),
        Obstacle::NoLocalAddress(os) => ("no_local_address", Detail::os(os)),
        Obstacle::DescriptorLimit(os) => ("descriptor_limit", Detail::os(os)),
        Obstacle::PortLimit(os) => ("port_limit", Detail::os(os)),
        Obstacle::Cancelled => ("cancelled", Detail::default()),
        Obstacle::BudgetSpent => ("budget_spent", Detail::default()),
        Obstacle::NotTestable { hint } => ("not_testable", Detail::text(hint)),
    }
}
