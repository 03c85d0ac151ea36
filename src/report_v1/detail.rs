//! What a step saw.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Certificate, Chain, Milliseconds, Trust};

/// What a step saw: of each field what there is. A step of `tls` that succeeded holds `version`,
/// `cipher`, `chain` and `trust`; of `http`, the answer's fields; of `proxy`, `session`, `answer`
/// or `bound`; of `tds`, `version` and `encryption`; of `hold`, `idle_ms` and `closed_after_ms`.
/// The others are of steps that failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Detail<'a> {
    /// The operating system's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Os<'a>>,
    /// What is unreachable: `network`, `host` or `blackhole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<Cow<'a, str>>,
    /// Our own time-out, where it ended the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<Milliseconds>,
    /// How long the connection was idle, or was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<Milliseconds>,
    /// The far end closed an idle connection in order after so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_after_ms: Option<Milliseconds>,
    /// How many SYNs a connect sent that was not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syns: Option<u32>,
    /// How many bytes had come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<usize>,
    /// The first bytes that came, with what is no text replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bytes: Option<Cow<'a, str>>,
    /// The name of a TLS alert (RFC 8446 section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<Cow<'a, str>>,
    /// The words of the library that failed, or what would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Cow<'a, str>>,
    /// The TLS session with an `https://` proxy. Where no tunnel was asked for (kind `http`) it
    /// stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<Session<'a>>>,
    /// What a proxy answered to CONNECT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Box<Answer<'a>>>,
    /// The address that a SOCKS proxy bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<Cow<'a, str>>,
    /// How far a sign-in to the proxy by NTLM or Negotiate came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<Box<SignIn<'a>>>,
    /// Whether a proxy that refused was given credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_credentials: Option<bool>,
    /// The reply of a SOCKS proxy (RFC 1928 section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socks_reply: Option<u8>,
    /// Of TLS the version of the protocol, of TDS that of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Cow<'a, str>>,
    /// The cipher suite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cipher: Option<Cow<'a, str>>,
    /// What SQL Server said of encryption in its pre-login answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<u8>,
    /// The certificates that were presented, leaf first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain<'a>>,
    /// How they were judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Box<Trust<'a>>>,
    /// What the endpoint answered to HTTP.
    #[serde(flatten)]
    pub http: Option<Box<Answer<'a>>>,
}

impl<'a> Detail<'a> {
    /// The certificates that were presented, leaf first; none where none were seen.
    #[must_use]
    pub fn chain(&self) -> &[Certificate<'a>] {
        self.chain.as_deref().unwrap_or_default()
    }
}

/// An error of the operating system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Os<'a> {
    /// Its number there.
    pub code: i32,
    /// Its name: `ECONNREFUSED`, `WSAECONNREFUSED`.
    pub symbol: Cow<'a, str>,
}

/// A sign-in by messages that prove an account: none of them is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SignIn<'a> {
    /// `NTLM` or `Negotiate`.
    pub scheme: Cow<'a, str>,
    /// What made the messages: `NTLM` or `Kerberos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Cow<'a, str>>,
    /// As `CONTOSO\\anna`; empty where the operating system does not say.
    pub account: Cow<'a, str>,
    /// `given` with the proxy, or that of the `process`.
    pub source: Cow<'a, str>,
    /// The service principal name that the messages are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Cow<'a, str>>,
    /// How many messages were sent.
    pub messages: u32,
    /// How many challenges the proxy gave.
    pub challenges: u32,
    /// What this host's security package said in place of the next message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Os<'a>>,
}

/// A completed TLS handshake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Session<'a> {
    /// The version of the protocol.
    pub version: Cow<'a, str>,
    /// The cipher suite.
    pub cipher: Cow<'a, str>,
    /// The certificates that were presented, leaf first.
    pub chain: Chain<'a>,
    /// How they were judged.
    pub trust: Trust<'a>,
}

/// Of an HTTP answer, what tells one web server from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    #[serde(default)]
    pub reason: Cow<'a, str>,
    /// The header `Server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Cow<'a, str>>,
    /// The header `Via`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Cow<'a, str>>,
    /// The header `Location`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Cow<'a, str>>,
    /// The header `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<Cow<'a, str>>,
    /// What a proxy wants (RFC 9110 section 11.7.1), all values in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_authenticate: Option<Cow<'a, str>>,
    /// Why a proxy could not (RFC 9209).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_status: Option<Cow<'a, str>>,
    /// Why Squid could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_squid_error: Option<Cow<'a, str>>,
}
