//! The steps of a trail: what each saw, or how it failed. One type per step, with its evidence.
//!
//! `step`, `proxy`, `trail`, `follow_up` and `header` name each other, because what they describe
//! contains each other: a step of a trail can fail in a proxy's TLS, and a follow-up holds trails.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::certificate::Presented;
use super::follow_up::{Held, HoldFailure};
use super::header;
use super::obstacle::{OsError, TimeoutBy};
use super::proxy::{ProxyFailure, Tunnel};
use super::serial;

/// A step that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub seen: Seen,
    /// How long it took.
    pub took: Duration,
}

/// What a step saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The connection was accepted: by the far end, or by the proxy.
    Tcp,
    /// The proxy opened a tunnel.
    Proxy(Box<Tunnel>),
    /// The handshake with an `https://` proxy that is asked for the whole URL, without a tunnel.
    ProxySession(Box<TlsSession>),
    /// A handshake was completed; whether its chain is any good is diagnosis.
    Tls(Box<TlsSession>),
    Http(Box<HttpAnswer>),
    /// SQL Server answered the pre-login.
    Tds(TdsAnswer),
    /// The connection was kept idle, and did not break.
    Hold(Held),
}

impl Seen {
    /// The contract's word for the step.
    #[must_use]
    pub const fn step(&self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Proxy(_) | Self::ProxySession(_) => "proxy",
            Self::Tls(_) => "tls",
            Self::Http(_) => "http",
            Self::Tds(_) => "tds",
            Self::Hold(_) => "hold",
        }
    }
}

/// A completed handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSession {
    /// `TLSv1_2` or `TLSv1_3`, as rustls names them.
    pub version: String,
    /// The suite's IANA name.
    pub cipher_suite: String,
    /// What the far end showed.
    pub presented: Presented,
}

/// An HTTP/1.x answer, as much of it as is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAnswer {
    pub status: u16,
    pub reason: String,
    /// Header fields in order, names as sent, values with bytes that are no UTF-8 replaced.
    #[serde(deserialize_with = "header::deserialize")]
    pub headers: Vec<(String, String)>,
    /// The body's beginning, at most [`HttpAnswer::BODY_KEPT`] bytes, with bytes that are no UTF-8
    /// replaced.
    pub body: String,
    /// More of the body came, or would have come.
    pub is_cut: bool,
}

impl HttpAnswer {
    /// How much of a body is read and kept, bytes. Block pages say who they are within that.
    pub const BODY_KEPT: usize = 4096;

    /// Whether the body is a page for people: the `Content-Type` says HTML, or says nothing of
    /// data and the body begins as HTML does.
    #[must_use]
    pub fn is_html(&self) -> bool {
        // As browsers tell it (WHATWG, MIME Sniffing, 7.1), as far as pages of gateways go.
        const BEGINNINGS: &[&str] = &[
            "<!doctype html",
            "<html",
            "<head",
            "<title",
            "<body",
            "<script",
            "<style",
            "<table",
            "<div",
            "<h1",
            "<p>",
            "<br",
            "<meta",
            "<center",
            "<font",
            "<!--",
        ];
        let kind = self.header("Content-Type").unwrap_or_default().to_ascii_lowercase();
        if kind.contains("html") {
            return true;
        }
        if ["json", "xml", "javascript"].iter().any(|data| kind.contains(data)) {
            return false;
        }
        let body = self.body.trim_start_matches('\u{feff}').trim_ascii_start().as_bytes();
        BEGINNINGS.iter().any(|start| {
            body.get(..start.len()).is_some_and(|at| at.eq_ignore_ascii_case(start.as_bytes()))
        })
    }

    /// The first value of header `name`, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// SQL Server's pre-login answer (MS-TDS 2.2.6.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TdsAnswer {
    /// `major.minor.build` of the VERSION token.
    pub version: String,
    /// The ENCRYPTION token: 0 off, 1 on, 2 not supported, 3 required.
    pub encryption: u8,
}

/// How a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    Tcp(TcpFailure),
    /// The way through the proxy.
    Proxy(ProxyFailure),
    Tls(TlsFailure),
    /// The request and its answer.
    Http(HttpFailure),
    Tds(TdsFailure),
    /// The pause, and the first use after it.
    Hold(HoldFailure),
}

impl Failure {
    /// The chain that was presented before it failed.
    #[must_use]
    pub fn presented(&self) -> Option<&Presented> {
        match self {
            Self::Tls(failure) => failure.presented.as_ref(),
            Self::Proxy(failure) => match failure.apart_from_sign_in() {
                ProxyFailure::Tls(failure) => failure.presented.as_ref(),
                _ => None,
            },
            Self::Tcp(_) | Self::Http(_) | Self::Tds(_) | Self::Hold(_) => None,
        }
    }

    /// The contract's word for the step.
    #[must_use]
    pub const fn step(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Proxy(_) => "proxy",
            Self::Tls(_) => "tls",
            Self::Http(_) => "http",
            Self::Tds(_) => "tds",
            Self::Hold(_) => "hold",
        }
    }
}

/// A connect that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TcpFailure {
    /// RST, or ICMP port unreachable: one error to a client.
    Refused(OsError),
    /// Nothing came back.
    TimedOut(TimeoutBy),
    /// ICMP says so, or an ARP that nobody answered.
    Unreachable {
        /// As far as the code tells.
        kind: Unreachable,
        os: OsError,
    },
    /// Reset in the connect.
    Reset(OsError),
    /// This host's own policy (`EACCES`, `EPERM`, `WSAEACCES`).
    Denied(OsError),
    /// Another error of the operating system.
    Other(OsError),
}

/// What is unreachable, as far as the code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreachable {
    /// The network (`ENETUNREACH`, `WSAENETUNREACH`).
    Network,
    /// The host (`EHOSTUNREACH`, `WSAEHOSTUNREACH`); also for "administratively prohibited".
    Host,
    /// A blackhole route of this host (`EINVAL` on Linux).
    Blackhole,
}

/// A handshake that was not completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    pub kind: TlsFailureKind,
    /// The chain, where it had been shown by then.
    pub presented: Option<Presented>,
}

/// How a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFailureKind {
    /// The ClientHello could not be written: the connection was reset before it.
    ResetOnWrite(OsError),
    /// Reset after the ClientHello.
    Reset(OsError),
    /// End of stream after the ClientHello, `received` bytes into the answer.
    Closed {
        /// How many bytes had come by then.
        received: usize,
    },
    /// Silence after the ClientHello, `received` bytes into the answer.
    TimedOut {
        whose: TimeoutBy,
        /// How many bytes had come by then.
        received: usize,
    },
    /// The bytes are no TLS records; their beginning (at most [`HttpAnswer::BODY_KEPT`] bytes) is
    /// evidence: it may be a block page in clear text.
    NotTls {
        #[serde(with = "serial::base64")]
        first_bytes: Vec<u8>,
    },
    /// No common version: the alert `protocol_version`, or a ServerHello below TLS 1.2.
    Version {
        /// What the far end said.
        detail: String,
    },
    /// Another fatal alert (RFC 8446 §6.2), named.
    Alert {
        /// Its name, as `handshake_failure`.
        name: String,
    },
    /// TLS records that break the protocol, or an error without a name of its own.
    Other {
        /// The words of rustls.
        detail: String,
    },
}

/// A request without a usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpFailure {
    /// Silence, `received` bytes into the head.
    TimedOut {
        whose: TimeoutBy,
        /// How many bytes had come by then.
        received: usize,
    },
    /// End of stream before the head's end.
    Closed {
        /// How many bytes had come by then.
        received: usize,
    },
    /// Reset before the head's end.
    Reset(OsError),
    /// The bytes are no HTTP head.
    NotHttp {
        /// What came, at most 256 bytes.
        #[serde(with = "serial::base64")]
        first_bytes: Vec<u8>,
    },
    /// The head did not end within `limit` bytes.
    HeadTooLong {
        /// How much was read.
        limit: usize,
    },
    /// TLS broke under the request (a fatal alert, a bad record).
    Tls {
        /// The words of rustls.
        detail: String,
    },
    /// Another error of the operating system.
    Other(OsError),
}

/// A pre-login without an answer of SQL Server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TdsFailure {
    /// No answer came in time.
    TimedOut {
        whose: TimeoutBy,
        /// How many bytes had come by then.
        received: usize,
    },
    /// The stream ended before an answer did.
    Closed {
        /// How many bytes had come by then.
        received: usize,
    },
    /// The connection was reset.
    Reset(OsError),
    /// The bytes are no TDS answer.
    NotTds {
        /// What came, at most 256 bytes.
        #[serde(with = "serial::base64")]
        first_bytes: Vec<u8>,
    },
    /// Another error of the operating system.
    Other(OsError),
}
