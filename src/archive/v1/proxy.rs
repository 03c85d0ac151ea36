//! The step through a proxy.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::reference::{Numbers, References, Unresolved};
use super::certificate::Bytes;
use super::network::{OsError, TimeoutBy};
use super::trail::{HttpAnswer, TlsFailure, TlsSession};
use crate::model;

#[derive(Serialize, Deserialize)]
pub(super) struct Tunnel<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<TlsSession<'a>>,
    reply: Reply<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    Connect(HttpAnswer<'a>),
    Socks { bound: Cow<'a, str> },
}

impl<'a> Tunnel<'a> {
    pub(super) fn new(tunnel: &'a model::Tunnel, numbers: &Numbers) -> Self {
        Self {
            session: tunnel.session.as_ref().map(|session| TlsSession::new(session, numbers)),
            reply: match &tunnel.reply {
                model::ProxyReply::Connect(answer) => Reply::Connect((&**answer).into()),
                model::ProxyReply::Socks { bound } => Reply::Socks { bound: (&**bound).into() },
            },
        }
    }

    pub(super) fn resolve(self, references: &References) -> Result<model::Tunnel, Unresolved> {
        let session = self.session.map(|session| session.resolve(references)).transpose()?;
        Ok(model::Tunnel {
            session: session.map(Box::new),
            reply: match self.reply {
                Reply::Connect(answer) => model::ProxyReply::Connect(Box::new(answer.into())),
                Reply::Socks { bound } => model::ProxyReply::Socks { bound: bound.into_owned() },
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProxyFailure<'a> {
    Tls(TlsFailure<'a>),
    TimedOut { whose: TimeoutBy<'a>, received: usize },
    Closed { received: usize },
    Reset(OsError<'a>),
    NotProxy { first_bytes: Bytes },
    HeadTooLong { limit: usize },
    Answered { answer: HttpAnswer<'a>, with_credentials: bool },
    SocksNoMethod { with_credentials: bool },
    SocksRejected,
    SocksReply(u8),
    Other(OsError<'a>),
}

impl<'a> ProxyFailure<'a> {
    pub(super) fn new(failure: &'a model::ProxyFailure, numbers: &Numbers) -> Self {
        use model::ProxyFailure as Seen;
        match failure {
            Seen::Tls(failure) => Self::Tls(TlsFailure::new(failure, numbers)),
            Seen::TimedOut { whose, received } => {
                Self::TimedOut { whose: whose.into(), received: *received }
            }
            Seen::Closed { received } => Self::Closed { received: *received },
            Seen::Reset(os) => Self::Reset(os.into()),
            Seen::NotProxy { first_bytes } => {
                Self::NotProxy { first_bytes: Bytes(first_bytes.clone()) }
            }
            Seen::HeadTooLong { limit } => Self::HeadTooLong { limit: *limit },
            Seen::Answered { answer, with_credentials } => {
                Self::Answered { answer: (&**answer).into(), with_credentials: *with_credentials }
            }
            Seen::SocksNoMethod { with_credentials } => {
                Self::SocksNoMethod { with_credentials: *with_credentials }
            }
            Seen::SocksRejected => Self::SocksRejected,
            Seen::SocksReply(code) => Self::SocksReply(*code),
            Seen::Other(os) => Self::Other(os.into()),
        }
    }

    pub(super) fn resolve(
        self,
        references: &References,
    ) -> Result<model::ProxyFailure, Unresolved> {
        use model::ProxyFailure as Seen;
        Ok(match self {
            Self::Tls(failure) => Seen::Tls(Box::new(failure.resolve(references)?)),
            Self::TimedOut { whose, received } => Seen::TimedOut { whose: whose.into(), received },
            Self::Closed { received } => Seen::Closed { received },
            Self::Reset(os) => Seen::Reset(os.into()),
            Self::NotProxy { first_bytes } => Seen::NotProxy { first_bytes: first_bytes.0 },
            Self::HeadTooLong { limit } => Seen::HeadTooLong { limit },
            Self::Answered { answer, with_credentials } => {
                Seen::Answered { answer: Box::new(answer.into()), with_credentials }
            }
            Self::SocksNoMethod { with_credentials } => Seen::SocksNoMethod { with_credentials },
            Self::SocksRejected => Seen::SocksRejected,
            Self::SocksReply(code) => Seen::SocksReply(code),
            Self::Other(os) => Seen::Other(os.into()),
        })
    }
}
