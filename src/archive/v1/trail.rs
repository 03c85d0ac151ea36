//! Trails, their steps, and how they failed.
//!
//! `proxy` and this file name each other, as the types do that they mirror: a proxy's leg has TLS
//! steps, and a trail has steps of proxies.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::reference::{Numbers, References, Unresolved};
use super::proxy::{ProxyFailure, Tunnel};
use crate::model::serial::{self, nanoseconds};
use crate::model::{
    self, Held, HoldFailure, HttpAnswer, HttpFailure, Obstacle, Route, TcpFailure, TdsAnswer,
    TdsFailure, TlsFailureKind,
};

#[derive(Serialize, Deserialize)]
pub(crate) struct Trail<'a> {
    route: Cow<'a, Route>,
    remote: SocketAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local: Option<SocketAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    syns: Option<u32>,
    at: Timestamp,
    steps: Vec<Step<'a>>,
    end: End<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waited_ns: Option<u64>,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(trail: &'a model::Trail, numbers: &Numbers) -> Self {
        Self {
            route: Cow::Borrowed(trail.route()),
            remote: trail.remote(),
            local: trail.local(),
            syns: trail.syns(),
            at: trail.at(),
            steps: trail.passed().iter().map(|step| Step::new(step, numbers)).collect(),
            end: match trail.end() {
                model::End::Complete => End::Complete,
                model::End::Failed { failure, took } => {
                    End::Failed { took: *took, failure: Failure::new(failure, numbers) }
                }
                model::End::Stopped(obstacle) => End::Stopped(Cow::Borrowed(obstacle)),
            },
            waited_ns: trail.waited().map(nanoseconds::of),
        }
    }

    pub(crate) fn resolve(self, references: &References) -> Result<model::Trail, Unresolved> {
        let mut open = model::OpenTrail::new(self.route.into_owned(), self.remote, self.at);
        open.leave_from(self.local);
        open.send_syns(self.syns);
        for step in self.steps {
            open.pass(step.seen.resolve(references)?, step.took);
        }
        Ok(match self.end {
            End::Complete => open.complete(),
            End::Failed { took, failure } => open.fail(failure.resolve(references)?, took),
            End::Stopped(obstacle) => {
                let waited = self.waited_ns.map(Duration::from_nanos);
                open.stop_after(obstacle.into_owned(), waited)
            }
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End<'a> {
    Complete,
    Failed {
        #[serde(rename = "took_ns", with = "serial::nanoseconds")]
        took: Duration,
        failure: Failure<'a>,
    },
    Stopped(Cow<'a, Obstacle>),
}

#[derive(Serialize, Deserialize)]
struct Step<'a> {
    #[serde(rename = "took_ns", with = "serial::nanoseconds")]
    took: Duration,
    seen: Seen<'a>,
}

impl<'a> Step<'a> {
    fn new(step: &'a model::Step, numbers: &Numbers) -> Self {
        Self { took: step.took, seen: Seen::new(&step.seen, numbers) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seen<'a> {
    Tcp,
    Proxy(Box<Tunnel<'a>>),
    ProxySession(TlsSession<'a>),
    Tls(TlsSession<'a>),
    Http(Cow<'a, HttpAnswer>),
    Tds(Cow<'a, TdsAnswer>),
    Hold(Cow<'a, Held>),
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
            model::Seen::Http(answer) => Self::Http(Cow::Borrowed(answer)),
            model::Seen::Tds(answer) => Self::Tds(Cow::Borrowed(answer)),
            model::Seen::Hold(held) => Self::Hold(Cow::Borrowed(held)),
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
            Self::Http(answer) => model::Seen::Http(Box::new(answer.into_owned())),
            Self::Tds(answer) => model::Seen::Tds(answer.into_owned()),
            Self::Hold(held) => model::Seen::Hold(held.into_owned()),
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
#[serde(rename_all = "snake_case")]
pub(super) enum Failure<'a> {
    Tcp(Cow<'a, TcpFailure>),
    Proxy(Box<ProxyFailure<'a>>),
    Tls(TlsFailure<'a>),
    Http(Cow<'a, HttpFailure>),
    Tds(Cow<'a, TdsFailure>),
    Hold(Cow<'a, HoldFailure>),
}

impl<'a> Failure<'a> {
    pub(super) fn new(failure: &'a model::Failure, numbers: &Numbers) -> Self {
        match failure {
            model::Failure::Tcp(failure) => Self::Tcp(Cow::Borrowed(failure)),
            model::Failure::Proxy(failure) => {
                Self::Proxy(Box::new(ProxyFailure::new(failure, numbers)))
            }
            model::Failure::Tls(failure) => Self::Tls(TlsFailure::new(failure, numbers)),
            model::Failure::Http(failure) => Self::Http(Cow::Borrowed(failure)),
            model::Failure::Tds(failure) => Self::Tds(Cow::Borrowed(failure)),
            model::Failure::Hold(failure) => Self::Hold(Cow::Borrowed(failure)),
        }
    }

    pub(super) fn resolve(self, references: &References) -> Result<model::Failure, Unresolved> {
        Ok(match self {
            Self::Tcp(failure) => model::Failure::Tcp(failure.into_owned()),
            Self::Proxy(failure) => model::Failure::Proxy(failure.resolve(references)?),
            Self::Tls(failure) => model::Failure::Tls(failure.resolve(references)?),
            Self::Http(failure) => model::Failure::Http(failure.into_owned()),
            Self::Tds(failure) => model::Failure::Tds(failure.into_owned()),
            Self::Hold(failure) => model::Failure::Hold(failure.into_owned()),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TlsFailure<'a> {
    kind: Cow<'a, TlsFailureKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presented: Option<u64>,
}

impl<'a> TlsFailure<'a> {
    pub(super) fn new(failure: &'a model::TlsFailure, numbers: &Numbers) -> Self {
        Self {
            kind: Cow::Borrowed(&failure.kind),
            presented: failure.presented.as_ref().map(|shown| numbers.presented(shown)),
        }
    }

    pub(super) fn resolve(self, references: &References) -> Result<model::TlsFailure, Unresolved> {
        Ok(model::TlsFailure {
            kind: self.kind.into_owned(),
            presented: self.presented.map(|number| references.presented(number)).transpose()?,
        })
    }
}
