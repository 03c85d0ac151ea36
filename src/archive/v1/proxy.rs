//! The step through a proxy.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::reference::{Numbers, References, Unresolved};
use super::trail::{TlsFailure, TlsSession};
use crate::model::{self, HttpAnswer, OsError, ProxyReply, SignIn, TimeoutBy, serial};

#[derive(Serialize, Deserialize)]
pub(super) struct Tunnel<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<TlsSession<'a>>,
    reply: Cow<'a, ProxyReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign_in: Option<Cow<'a, SignIn>>,
}

impl<'a> Tunnel<'a> {
    pub(super) fn new(tunnel: &'a model::Tunnel, numbers: &Numbers) -> Self {
        Self {
            session: tunnel.session.as_ref().map(|session| TlsSession::new(session, numbers)),
            reply: Cow::Borrowed(&tunnel.reply),
            sign_in: tunnel.sign_in.as_deref().map(Cow::Borrowed),
        }
    }

    pub(super) fn resolve(self, references: &References) -> Result<model::Tunnel, Unresolved> {
        let session = self.session.map(|session| session.resolve(references)).transpose()?;
        Ok(model::Tunnel {
            session: session.map(Box::new),
            reply: self.reply.into_owned(),
            sign_in: self.sign_in.map(|sign_in| Box::new(sign_in.into_owned())),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProxyFailure<'a> {
    Tls(TlsFailure<'a>),
    TimedOut {
        whose: Cow<'a, TimeoutBy>,
        received: usize,
    },
    Closed {
        received: usize,
    },
    Reset(Cow<'a, OsError>),
    NotProxy {
        #[serde(with = "serial::base64")]
        first_bytes: Cow<'a, [u8]>,
    },
    HeadTooLong {
        limit: usize,
    },
    Answered {
        answer: Cow<'a, HttpAnswer>,
        with_credentials: bool,
    },
    SocksNoMethod {
        with_credentials: bool,
    },
    SocksRejected,
    SocksReply(u8),
    SignIn {
        sign_in: Cow<'a, SignIn>,
        failure: Box<Self>,
    },
    Other(Cow<'a, OsError>),
}

impl<'a> ProxyFailure<'a> {
    pub(super) fn new(failure: &'a model::ProxyFailure, numbers: &Numbers) -> Self {
        use model::ProxyFailure as Seen;
        match failure {
            Seen::Tls(failure) => Self::Tls(TlsFailure::new(failure, numbers)),
            Seen::TimedOut { whose, received } => {
                Self::TimedOut { whose: Cow::Borrowed(whose), received: *received }
            }
            Seen::Closed { received } => Self::Closed { received: *received },
            Seen::Reset(os) => Self::Reset(Cow::Borrowed(os)),
            Seen::NotProxy { first_bytes } => Self::NotProxy { first_bytes: first_bytes.into() },
            Seen::HeadTooLong { limit } => Self::HeadTooLong { limit: *limit },
            Seen::Answered { answer, with_credentials } => Self::Answered {
                answer: Cow::Borrowed(answer),
                with_credentials: *with_credentials,
            },
            Seen::SocksNoMethod { with_credentials } => {
                Self::SocksNoMethod { with_credentials: *with_credentials }
            }
            Seen::SocksRejected => Self::SocksRejected,
            Seen::SocksReply(code) => Self::SocksReply(*code),
            Seen::SignIn { sign_in, failure } => Self::SignIn {
                sign_in: Cow::Borrowed(sign_in),
                failure: Box::new(Self::new(failure, numbers)),
            },
            Seen::Other(os) => Self::Other(Cow::Borrowed(os)),
        }
    }

    pub(super) fn resolve(
        self,
        references: &References,
    ) -> Result<model::ProxyFailure, Unresolved> {
        use model::ProxyFailure as Seen;
        Ok(match self {
            Self::Tls(failure) => Seen::Tls(Box::new(failure.resolve(references)?)),
            Self::TimedOut { whose, received } => {
                Seen::TimedOut { whose: whose.into_owned(), received }
            }
            Self::Closed { received } => Seen::Closed { received },
            Self::Reset(os) => Seen::Reset(os.into_owned()),
            Self::NotProxy { first_bytes } => {
                Seen::NotProxy { first_bytes: first_bytes.into_owned() }
            }
            Self::HeadTooLong { limit } => Seen::HeadTooLong { limit },
            Self::Answered { answer, with_credentials } => {
                Seen::Answered { answer: Box::new(answer.into_owned()), with_credentials }
            }
            Self::SocksNoMethod { with_credentials } => Seen::SocksNoMethod { with_credentials },
            Self::SocksRejected => Seen::SocksRejected,
            Self::SocksReply(code) => Seen::SocksReply(code),
            Self::SignIn { sign_in, failure } => Seen::SignIn {
                sign_in: Box::new(sign_in.into_owned()),
                failure: Box::new(failure.resolve(references)?),
            },
            Self::Other(os) => Seen::Other(os.into_owned()),
        })
    }
}
