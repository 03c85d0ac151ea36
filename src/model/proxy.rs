//! The step through a proxy: a tunnel, or how it failed.

use serde::{Deserialize, Serialize};

use super::obstacle::{OsError, TimeoutBy};
use super::sign_in::SignIn;
use super::step::{HttpAnswer, TlsFailure, TlsSession};

/// A tunnel that a proxy opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// The session with the proxy itself, where it is an `https://` one.
    pub session: Option<Box<TlsSession>>,
    /// What the proxy said.
    pub reply: ProxyReply,
    /// The sign-in that it asked for first.
    pub sign_in: Option<Box<SignIn>>,
}

/// A proxy's consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyReply {
    /// A 2xx answer to CONNECT (RFC 9110 section 9.3.6).
    Connect(Box<HttpAnswer>),
    /// Reply 0 of SOCKS5 (RFC 1928 section 6), with the address that the proxy says it bound.
    Socks {
        /// As `10.0.0.8:40112`; a name where the proxy gave one.
        bound: String,
    },
}

/// A proxy that opened no tunnel. What kept the connection to it from being made is a
/// [`super::TcpFailure`] of the same trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyFailure {
    /// The handshake with the proxy itself, an `https://` one.
    Tls(Box<TlsFailure>),
    /// Silence, `received` bytes into its answer.
    TimedOut {
        whose: TimeoutBy,
        /// How many bytes had come by then.
        received: usize,
    },
    /// End of stream before its answer's end.
    Closed {
        /// How many bytes had come by then.
        received: usize,
    },
    /// Reset before its answer's end.
    Reset(OsError),
    /// The bytes are no answer of a proxy's protocol.
    NotProxy {
        /// What came, at most 256 bytes.
        first_bytes: Vec<u8>,
    },
    /// The head did not end within `limit` bytes.
    HeadTooLong {
        /// How much was read.
        limit: usize,
    },
    /// An answer other than consent; its words say why.
    Answered {
        /// The answer, with the beginning of its body.
        answer: Box<HttpAnswer>,
        /// Credentials were sent with the request.
        with_credentials: bool,
    },
    /// SOCKS5: none of the methods offered is accepted (0xFF), or the proxy asks for a user name
    /// and none is configured.
    SocksNoMethod { with_credentials: bool },
    /// SOCKS5: user name and password are rejected (RFC 1929).
    SocksRejected,
    /// SOCKS5: a reply other than 0 (RFC 1928 section 6).
    SocksReply(u8),
    /// A sign-in by NTLM or Negotiate had begun: how far it came, and what ended it.
    SignIn {
        sign_in: Box<SignIn>,
        /// What came of its last message: an answer, or none.
        failure: Box<Self>,
    },
    /// Another error of the operating system.
    Other(OsError),
}

impl ProxyFailure {
    /// Whether the proxy said no in its own protocol.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        matches!(
            self.apart_from_sign_in(),
            Self::Answered { .. }
                | Self::SocksNoMethod { .. }
                | Self::SocksRejected
                | Self::SocksReply(_)
        )
    }

    /// What ended the request, whether a sign-in had begun or not.
    #[must_use]
    pub const fn apart_from_sign_in(&self) -> &Self {
        match self {
            Self::SignIn { failure, .. } => failure.apart_from_sign_in(),
            other => other,
        }
    }
}
