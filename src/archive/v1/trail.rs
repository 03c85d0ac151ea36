//! Trails, their steps, and how they failed.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::reference::{Numbers, References, Unresolved};
use super::certificate::Bytes;
use super::network::{Obstacle, OsError, TimeoutBy};
use super::proxy::{ProxyFailure, Tunnel};
use super::route::Route;
use super::{Nanoseconds, to_size, words};
use crate::model;

#[derive(Serialize, Deserialize)]
pub(crate) struct Trail<'a> {
    route: Route<'a>,
    remote: SocketAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local: Option<SocketAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    syns: Option<u32>,
    at: Timestamp,
    steps: Vec<Step<'a>>,
    end: End<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waited_ns: Option<Nanoseconds>,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(trail: &'a model::Trail, numbers: &Numbers) -> Self {
        Self {
            route: trail.route().into(),
            remote: trail.remote(),
            local: trail.local(),
            syns: trail.syns(),
            at: trail.at(),
            steps: trail.passed().iter().map(|step| Step::new(step, numbers)).collect(),
            end: match trail.end() {
                model::End::Complete => End::Complete,
                model::End::Failed { failure, took } => {
                    End::Failed { took_ns: (*took).into(), failure: Failure::new(failure, numbers) }
                }
                model::End::Stopped(obstacle) => End::Stopped(obstacle.into()),
            },
            waited_ns: trail.waited().map(Nanoseconds::from),
        }
    }

    pub(crate) fn resolve(self, references: &References) -> Result<model::Trail, Unresolved> {
        let mut open = model::OpenTrail::new(self.route.into(), self.remote, self.at);
        open.leave_from(self.local);
        open.send_syns(self.syns);
        for step in self.steps {
            open.pass(step.seen.resolve(references)?, step.took_ns.into());
        }
        Ok(match self.end {
            End::Complete => open.complete(),
            End::Failed { took_ns, failure } => {
                open.fail(failure.resolve(references)?, took_ns.into())
            }
            End::Stopped(obstacle) => {
                open.stop_after(obstacle.into(), self.waited_ns.map(Duration::from))
            }
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End<'a> {
    Complete,
    Failed { took_ns: Nanoseconds, failure: Failure<'a> },
    Stopped(Obstacle<'a>),
}

#[derive(Serialize, Deserialize)]
struct Step<'a> {
    took_ns: Nanoseconds,
    seen: Seen<'a>,
}

impl<'a> Step<'a> {
    fn new(step: &'a model::Step, numbers: &Numbers) -> Self {
        Self { took_ns: step.took.into(), seen: Seen::new(&step.seen, numbers) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seen<'a> {
    Tcp,
    Proxy(Box<Tunnel<'a>>),
    ProxySession(TlsSession<'a>),
    Tls(TlsSession<'a>),
    Http(HttpAnswer<'a>),
    Tds { version: Cow<'a, str>, encryption: u8 },
    Hold { idle_ns: Nanoseconds, outcome: HeldOutcome },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeldOutcome {
    Answered,
    Closed { after_ns: Nanoseconds },
}

impl<'a> Seen<'a> {
    fn new(seen: &'a model::Seen, numbers: &Numbers) -> Self {
        match seen {
            model::Seen::Tcp => Self::Tcp,
            model::Seen::Proxy(tunnel) => Self::Proxy(Box::new(Tunnel::new(tunnel, numbers))),
            model::Seen::ProxySession(session) => {
                Self::ProxySession(TlsSession::new(session, numbers))
            }
            model::Seen::Tls(session) => Self::Tls(TlsSession::new(session, numbers)),
            model::Seen::Http(answer) => Self::Http((&**answer).into()),
            model::Seen::Tds(answer) => {
                Self::Tds { version: (&*answer.version).into(), encryption: answer.encryption }
            }
            model::Seen::Hold(held) => Self::Hold {
                idle_ns: held.idle.into(),
                outcome: match held.outcome {
                    model::HeldOutcome::Answered => HeldOutcome::Answered,
                    model::HeldOutcome::Closed { after } => {
                        HeldOutcome::Closed { after_ns: after.into() }
                    }
                },
            },
        }
    }

    fn resolve(self, references: &References) -> Result<model::Seen, Unresolved> {
        Ok(match self {
            Self::Tcp => model::Seen::Tcp,
            Self::Proxy(tunnel) => model::Seen::Proxy(Box::new(tunnel.resolve(references)?)),
            Self::ProxySession(session) => {
                model::Seen::ProxySession(Box::new(session.resolve(references)?))
            }
            Self::Tls(session) => model::Seen::Tls(Box::new(session.resolve(references)?)),
            Self::Http(answer) => model::Seen::Http(Box::new(answer.into())),
            Self::Tds { version, encryption } => {
                model::Seen::Tds(model::TdsAnswer { version: version.into_owned(), encryption })
            }
            Self::Hold { idle_ns, outcome } => model::Seen::Hold(model::Held {
                idle: idle_ns.into(),
                outcome: match outcome {
                    HeldOutcome::Answered => model::HeldOutcome::Answered,
                    HeldOutcome::Closed { after_ns } => {
                        model::HeldOutcome::Closed { after: after_ns.into() }
                    }
                },
            }),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TlsSession<'a> {
    version: Cow<'a, str>,
    cipher_suite: Cow<'a, str>,
    presented: u64,
}

impl<'a> TlsSession<'a> {
    pub(super) fn new(session: &'a model::TlsSession, numbers: &Numbers) -> Self {
        Self {
            version: (&*session.version).into(),
            cipher_suite: (&*session.cipher_suite).into(),
            presented: numbers.presented(&session.presented),
        }
    }

    pub(super) fn resolve(self, references: &References) -> Result<model::TlsSession, Unresolved> {
        Ok(model::TlsSession {
            version: self.version.into_owned(),
            cipher_suite: self.cipher_suite.into_owned(),
            presented: references.presented(self.presented)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct HttpAnswer<'a> {
    status: u16,
    reason: Cow<'a, str>,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    body: Cow<'a, str>,
    is_cut: bool,
}

impl<'a> From<&'a model::HttpAnswer> for HttpAnswer<'a> {
    fn from(answer: &'a model::HttpAnswer) -> Self {
        let headers = answer.headers.iter();
        Self {
            status: answer.status,
            reason: (&*answer.reason).into(),
            headers: headers.map(|(name, value)| ((&**name).into(), (&**value).into())).collect(),
            body: (&*answer.body).into(),
            is_cut: answer.is_cut,
        }
    }
}

impl From<HttpAnswer<'_>> for model::HttpAnswer {
    fn from(answer: HttpAnswer<'_>) -> Self {
        let headers = answer.headers.into_iter();
        let answer = Self {
            status: answer.status,
            reason: answer.reason.into_owned(),
            headers: to_size(headers.map(|(name, value)| (name.into_owned(), value.into_owned()))),
            body: answer.body.into_owned(),
            is_cut: answer.is_cut,
        };
        // Earlier versions kept them.
        answer.without_secrets()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure<'a> {
    Tcp(TcpFailure<'a>),
    Proxy(Box<ProxyFailure<'a>>),
    Tls(TlsFailure<'a>),
    Http(HttpFailure<'a>),
    Tds(TdsFailure<'a>),
    Hold(HoldFailure<'a>),
}

impl<'a> Failure<'a> {
    pub(super) fn new(failure: &'a model::Failure, numbers: &Numbers) -> Self {
        match failure {
            model::Failure::Tcp(failure) => Self::Tcp(failure.into()),
            model::Failure::Proxy(failure) => {
                Self::Proxy(Box::new(ProxyFailure::new(failure, numbers)))
            }
            model::Failure::Tls(failure) => Self::Tls(TlsFailure::new(failure, numbers)),
            model::Failure::Http(failure) => Self::Http(failure.into()),
            model::Failure::Tds(failure) => Self::Tds(failure.into()),
            model::Failure::Hold(failure) => Self::Hold(failure.into()),
        }
    }

    pub(super) fn resolve(self, references: &References) -> Result<model::Failure, Unresolved> {
        Ok(match self {
            Self::Tcp(failure) => model::Failure::Tcp(failure.into()),
            Self::Proxy(failure) => model::Failure::Proxy(failure.resolve(references)?),
            Self::Tls(failure) => model::Failure::Tls(failure.resolve(references)?),
            Self::Http(failure) => model::Failure::Http(failure.into()),
            Self::Tds(failure) => model::Failure::Tds(failure.into()),
            Self::Hold(failure) => model::Failure::Hold(failure.into()),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TlsFailure<'a> {
    kind: TlsFailureKind<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presented: Option<u64>,
}

impl<'a> TlsFailure<'a> {
    pub(super) fn new(failure: &'a model::TlsFailure, numbers: &Numbers) -> Self {
        Self {
            kind: (&failure.kind).into(),
            presented: failure.presented.as_ref().map(|shown| numbers.presented(shown)),
        }
    }

    pub(super) fn resolve(self, references: &References) -> Result<model::TlsFailure, Unresolved> {
        Ok(model::TlsFailure {
            kind: self.kind.into(),
            presented: self.presented.map(|number| references.presented(number)).transpose()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TcpFailure<'a> {
    Refused(OsError<'a>),
    TimedOut(TimeoutBy<'a>),
    Unreachable { kind: Unreachable, os: OsError<'a> },
    Reset(OsError<'a>),
    Denied(OsError<'a>),
    Other(OsError<'a>),
}

words!(Unreachable { Network, Host, Blackhole });

impl<'a> From<&'a model::TcpFailure> for TcpFailure<'a> {
    fn from(failure: &'a model::TcpFailure) -> Self {
        match failure {
            model::TcpFailure::Refused(os) => Self::Refused(os.into()),
            model::TcpFailure::TimedOut(whose) => Self::TimedOut(whose.into()),
            model::TcpFailure::Unreachable { kind, os } => {
                Self::Unreachable { kind: (*kind).into(), os: os.into() }
            }
            model::TcpFailure::Reset(os) => Self::Reset(os.into()),
            model::TcpFailure::Denied(os) => Self::Denied(os.into()),
            model::TcpFailure::Other(os) => Self::Other(os.into()),
        }
    }
}

impl From<TcpFailure<'_>> for model::TcpFailure {
    fn from(failure: TcpFailure<'_>) -> Self {
        match failure {
            TcpFailure::Refused(os) => Self::Refused(os.into()),
            TcpFailure::TimedOut(whose) => Self::TimedOut(whose.into()),
            TcpFailure::Unreachable { kind, os } => {
                Self::Unreachable { kind: kind.into(), os: os.into() }
            }
            TcpFailure::Reset(os) => Self::Reset(os.into()),
            TcpFailure::Denied(os) => Self::Denied(os.into()),
            TcpFailure::Other(os) => Self::Other(os.into()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TlsFailureKind<'a> {
    ResetOnWrite(OsError<'a>),
    Reset(OsError<'a>),
    Closed { received: usize },
    TimedOut { whose: TimeoutBy<'a>, received: usize },
    NotTls { first_bytes: Bytes },
    Version { detail: Cow<'a, str> },
    Alert { name: Cow<'a, str> },
    Other { detail: Cow<'a, str> },
}

impl<'a> From<&'a model::TlsFailureKind> for TlsFailureKind<'a> {
    fn from(kind: &'a model::TlsFailureKind) -> Self {
        use model::TlsFailureKind as Seen;
        match kind {
            Seen::ResetOnWrite(os) => Self::ResetOnWrite(os.into()),
            Seen::Reset(os) => Self::Reset(os.into()),
            Seen::Closed { received } => Self::Closed { received: *received },
            Seen::TimedOut { whose, received } => {
                Self::TimedOut { whose: whose.into(), received: *received }
            }
            Seen::NotTls { first_bytes } => {
                Self::NotTls { first_bytes: Bytes(first_bytes.clone()) }
            }
            Seen::Version { detail } => Self::Version { detail: (&**detail).into() },
            Seen::Alert { name } => Self::Alert { name: (&**name).into() },
            Seen::Other { detail } => Self::Other { detail: (&**detail).into() },
        }
    }
}

impl From<TlsFailureKind<'_>> for model::TlsFailureKind {
    fn from(kind: TlsFailureKind<'_>) -> Self {
        use TlsFailureKind as Wire;
        match kind {
            Wire::ResetOnWrite(os) => Self::ResetOnWrite(os.into()),
            Wire::Reset(os) => Self::Reset(os.into()),
            Wire::Closed { received } => Self::Closed { received },
            Wire::TimedOut { whose, received } => Self::TimedOut { whose: whose.into(), received },
            Wire::NotTls { first_bytes } => Self::NotTls { first_bytes: first_bytes.0 },
            Wire::Version { detail } => Self::Version { detail: detail.into_owned() },
            Wire::Alert { name } => Self::Alert { name: name.into_owned() },
            Wire::Other { detail } => Self::Other { detail: detail.into_owned() },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HttpFailure<'a> {
    TimedOut { whose: TimeoutBy<'a>, received: usize },
    Closed { received: usize },
    Reset(OsError<'a>),
    NotHttp { first_bytes: Bytes },
    HeadTooLong { limit: usize },
    Tls { detail: Cow<'a, str> },
    Other(OsError<'a>),
}

impl<'a> From<&'a model::HttpFailure> for HttpFailure<'a> {
    fn from(failure: &'a model::HttpFailure) -> Self {
        use model::HttpFailure as Seen;
        match failure {
            Seen::TimedOut { whose, received } => {
                Self::TimedOut { whose: whose.into(), received: *received }
            }
            Seen::Closed { received } => Self::Closed { received: *received },
            Seen::Reset(os) => Self::Reset(os.into()),
            Seen::NotHttp { first_bytes } => {
                Self::NotHttp { first_bytes: Bytes(first_bytes.clone()) }
            }
            Seen::HeadTooLong { limit } => Self::HeadTooLong { limit: *limit },
            Seen::Tls { detail } => Self::Tls { detail: (&**detail).into() },
            Seen::Other(os) => Self::Other(os.into()),
        }
    }
}

impl From<HttpFailure<'_>> for model::HttpFailure {
    fn from(failure: HttpFailure<'_>) -> Self {
        use HttpFailure as Wire;
        match failure {
            Wire::TimedOut { whose, received } => Self::TimedOut { whose: whose.into(), received },
            Wire::Closed { received } => Self::Closed { received },
            Wire::Reset(os) => Self::Reset(os.into()),
            Wire::NotHttp { first_bytes } => Self::NotHttp { first_bytes: first_bytes.0 },
            Wire::HeadTooLong { limit } => Self::HeadTooLong { limit },
            Wire::Tls { detail } => Self::Tls { detail: detail.into_owned() },
            Wire::Other(os) => Self::Other(os.into()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TdsFailure<'a> {
    TimedOut { whose: TimeoutBy<'a>, received: usize },
    Closed { received: usize },
    Reset(OsError<'a>),
    NotTds { first_bytes: Bytes },
    Other(OsError<'a>),
}

impl<'a> From<&'a model::TdsFailure> for TdsFailure<'a> {
    fn from(failure: &'a model::TdsFailure) -> Self {
        use model::TdsFailure as Seen;
        match failure {
            Seen::TimedOut { whose, received } => {
                Self::TimedOut { whose: whose.into(), received: *received }
            }
            Seen::Closed { received } => Self::Closed { received: *received },
            Seen::Reset(os) => Self::Reset(os.into()),
            Seen::NotTds { first_bytes } => {
                Self::NotTds { first_bytes: Bytes(first_bytes.clone()) }
            }
            Seen::Other(os) => Self::Other(os.into()),
        }
    }
}

impl From<TdsFailure<'_>> for model::TdsFailure {
    fn from(failure: TdsFailure<'_>) -> Self {
        use TdsFailure as Wire;
        match failure {
            Wire::TimedOut { whose, received } => Self::TimedOut { whose: whose.into(), received },
            Wire::Closed { received } => Self::Closed { received },
            Wire::Reset(os) => Self::Reset(os.into()),
            Wire::NotTds { first_bytes } => Self::NotTds { first_bytes: first_bytes.0 },
            Wire::Other(os) => Self::Other(os.into()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HoldFailure<'a> {
    Silent { idle_ns: Nanoseconds, whose: TimeoutBy<'a> },
    Reset { idle_ns: Nanoseconds, after_ns: Nanoseconds, os: OsError<'a> },
    Other { idle_ns: Nanoseconds, os: OsError<'a> },
}

impl<'a> From<&'a model::HoldFailure> for HoldFailure<'a> {
    fn from(failure: &'a model::HoldFailure) -> Self {
        use model::HoldFailure as Seen;
        match failure {
            Seen::Silent { idle, whose } => {
                Self::Silent { idle_ns: (*idle).into(), whose: whose.into() }
            }
            Seen::Reset { idle, after, os } => {
                Self::Reset { idle_ns: (*idle).into(), after_ns: (*after).into(), os: os.into() }
            }
            Seen::Other { idle, os } => Self::Other { idle_ns: (*idle).into(), os: os.into() },
        }
    }
}

impl From<HoldFailure<'_>> for model::HoldFailure {
    fn from(failure: HoldFailure<'_>) -> Self {
        use HoldFailure as Wire;
        match failure {
            Wire::Silent { idle_ns, whose } => {
                Self::Silent { idle: idle_ns.into(), whose: whose.into() }
            }
            Wire::Reset { idle_ns, after_ns, os } => {
                Self::Reset { idle: idle_ns.into(), after: after_ns.into(), os: os.into() }
            }
            Wire::Other { idle_ns, os } => Self::Other { idle: idle_ns.into(), os: os.into() },
        }
    }
}
