//! What a name server said, question by question.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::name::HostName;
use super::obstacle::{Obstacle, OsError};
use super::serial;

/// Which view of the namespace was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolver {
    Server(SocketAddr),
    /// The operating system's own way (`getaddrinfo`): hosts file, NRPT, cache and DNS.
    System,
}

impl fmt::Display for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(address) => address.fmt(f),
            Self::System => f.write_str("os"),
        }
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4, asked for by A.
    V4,
    /// IPv6, asked for by AAAA.
    V6,
}

impl Family {
    /// The family of `address`.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The record type that asks for it.
    #[must_use]
    pub const fn record_type(self) -> &'static str {
        match self {
            Self::V4 => "A",
            Self::V6 => "AAAA",
        }
    }
}

/// Everything one resolver said about one name: the questions for A and AAAA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    pub resolver: Resolver,
    /// The name that was asked for.
    pub name: HostName,
    /// One exchange per family that was asked (`-4` asks only for A).
    pub exchanges: Vec<Exchange>,
}

/// One question and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked for.
    pub family: Family,
    /// How the answer came.
    pub transport: Transport,
    /// From the first packet to the answer, or to giving up.
    #[serde(rename = "took_ns", with = "serial::nanoseconds")]
    pub took: Duration,
    /// A response that belongs to the question, or why there is none.
    #[serde(with = "SerialResult")]
    pub result: Result<Answer, DnsFailure>,
}

/// How serde writes [`Exchange::result`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Result::<Answer, DnsFailure>")]
enum SerialResult {
    #[serde(rename = "answer")]
    Ok(Answer),
    #[serde(rename = "failure")]
    Err(DnsFailure),
}

/// How a DNS answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// UDP with EDNS (RFC 6891).
    Udp,
    /// TCP, after a truncated answer over UDP (RFC 7766).
    Tcp,
    /// The operating system's resolver.
    System,
    /// The operating system's resolver, where its hosts file names the host.
    HostsFile,
}

/// A response: its code and the chain from the name to its addresses, in the order of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub code: ResponseCode,
    /// CNAME links first, then the addresses; what the chain does not reach is left out.
    #[serde(deserialize_with = "serial::fitted")]
    pub chain: Vec<ChainLink>,
    /// The chain names itself again (RFC 1034 §3.6.2).
    pub is_loop: bool,
    /// More addresses came than are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

/// A DNS response code (RFC 6895 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub enum ResponseCode {
    NoError,
    ServFail,
    NxDomain,
    Refused,
    Other(u16),
}

impl From<u16> for ResponseCode {
    fn from(code: u16) -> Self {
        match code {
            0 => Self::NoError,
            2 => Self::ServFail,
            3 => Self::NxDomain,
            5 => Self::Refused,
            other => Self::Other(other),
        }
    }
}

impl From<ResponseCode> for u16 {
    fn from(code: ResponseCode) -> Self {
        match code {
            ResponseCode::NoError => 0,
            ResponseCode::ServFail => 2,
            ResponseCode::NxDomain => 3,
            ResponseCode::Refused => 5,
            ResponseCode::Other(code) => code,
        }
    }
}

/// One record of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    /// The record's owner name.
    pub name: HostName,
    /// Time to live, seconds.
    pub ttl: u32,
    pub data: LinkData,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkData {
    /// The target of a CNAME record.
    Alias(HostName),
    /// The address of an A or AAAA record.
    Address(IpAddr),
}

/// Why a question has no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsFailure {
    /// Silence until our time-out.
    TimedOut {
        /// How many packets were sent.
        asked: u32,
    },
    /// ICMP port unreachable: nobody listens there.
    PortClosed(OsError),
    /// ICMP host or network unreachable, or no route to the server.
    Unreachable(OsError),
    /// Truncated over UDP, and TCP 53 was refused or silent.
    TcpBlocked {
        /// What TCP met: a system error, or `None` for silence.
        os: Option<OsError>,
    },
    /// Bytes that are no answer to the question.
    Malformed {
        /// What is wrong with them.
        detail: String,
    },
    /// The operating system's resolver failed in a way that names no cause.
    System(OsError),
    /// The question was not asked, or not to its end.
    NotAsked(Obstacle),
}

/// What a lookup means, over both families: the contract's `lookups[].outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupOutcome {
    /// At least one address.
    Addresses,
    /// The name, or the end of its chain, does not exist.
    NxDomain,
    /// It exists and has no address of a family that was asked.
    NoData,
    ServFail,
    Refused,
    OtherCode(u16),
    /// The chain names itself.
    Loop,
    /// No answer came until our time-out.
    TimedOut,
    /// Closed port, ICMP or no route.
    Unreachable,
    /// Truncated, and TCP is blocked.
    TcpBlocked,
    /// No answer to the question.
    Malformed,
    /// An obstacle of this host.
    NotAsked,
    /// An error of the system's resolver.
    SystemError,
}

impl LookupOutcome {
    /// The contract's word: `ok`, `nxdomain`, `nodata`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Addresses => "ok",
            Self::NxDomain => "nxdomain",
            Self::NoData => "nodata",
            Self::ServFail => "servfail",
            Self::Refused => "refused",
            Self::OtherCode(_) => "other_code",
            Self::Loop => "cname_loop",
            Self::TimedOut => "timeout",
            Self::Unreachable => "unreachable",
            Self::TcpBlocked => "tcp_blocked",
            Self::Malformed => "malformed",
            Self::NotAsked => "not_asked",
            Self::SystemError => "system_error",
        }
    }
}

impl Exchange {
    /// The outcome of this one question.
    #[must_use]
    pub fn outcome(&self) -> LookupOutcome {
        match &self.result {
            Ok(answer) => answer.outcome(),
            Err(DnsFailure::TimedOut { .. }) => LookupOutcome::TimedOut,
            Err(DnsFailure::PortClosed(_) | DnsFailure::Unreachable(_)) => {
                LookupOutcome::Unreachable
            }
            Err(DnsFailure::TcpBlocked { .. }) => LookupOutcome::TcpBlocked,
            Err(DnsFailure::Malformed { .. }) => LookupOutcome::Malformed,
            Err(DnsFailure::System(_)) => LookupOutcome::SystemError,
            Err(DnsFailure::NotAsked(_)) => LookupOutcome::NotAsked,
        }
    }
}

impl Answer {
    /// The addresses at the chain's end.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.chain.iter().filter_map(|link| match link.data {
            LinkData::Address(address) => Some(address),
            LinkData::Alias(_) => None,
        })
    }

    /// What the answer means. Addresses count before a loop, a loop before the code.
    #[must_use]
    pub fn outcome(&self) -> LookupOutcome {
        if self.addresses().next().is_some() {
            return LookupOutcome::Addresses;
        }
        if self.is_loop {
            return LookupOutcome::Loop;
        }
        match self.code {
            ResponseCode::NoError => LookupOutcome::NoData,
            ResponseCode::NxDomain => LookupOutcome::NxDomain,
            ResponseCode::ServFail => LookupOutcome::ServFail,
            ResponseCode::Refused => LookupOutcome::Refused,
            ResponseCode::Other(code) => LookupOutcome::OtherCode(code),
        }
    }
}

impl Lookup {
    /// The answers that came.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.exchanges.iter().filter_map(|exchange| exchange.result.as_ref().ok())
    }

    /// Every address, A before AAAA, each once.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        for address in self.answers().flat_map(Answer::addresses) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// The longest chain seen: the CNAME links once, then the addresses of both families.
    #[must_use]
    pub fn chain(&self) -> Vec<&ChainLink> {
        let mut chain: Vec<&ChainLink> = Vec::new();
        let all = || self.answers().flat_map(|answer| &answer.chain);
        let aliases = all().filter(|link| matches!(link.data, LinkData::Alias(_)));
        let addresses = all().filter(|link| matches!(link.data, LinkData::Address(_)));
        for link in aliases.chain(addresses) {
            if !chain.iter().any(|seen| seen.name == link.name && seen.data == link.data) {
                chain.push(link);
            }
        }
        chain
    }

    /// The names that the chain leads through, without the one that was asked for.
    pub fn aliases(&self) -> impl Iterator<Item = &HostName> {
        self.chain().into_iter().filter_map(|link| match &link.data {
            LinkData::Alias(target) => Some(target),
            LinkData::Address(_) => None,
        })
    }

    /// More addresses came than are kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.answers().any(|answer| answer.is_cut)
    }

    /// The first privatelink name of the chain, which may be the one that was asked for.
    #[must_use]
    pub fn privatelink(&self) -> Option<&HostName> {
        if self.name.is_privatelink() {
            return Some(&self.name);
        }
        self.answers().flat_map(|answer| &answer.chain).find_map(|link| match &link.data {
            LinkData::Alias(target) if target.is_privatelink() => Some(target),
            LinkData::Alias(_) | LinkData::Address(_) => None,
        })
    }

    /// The outcome over both families: addresses if either has one; else what most surely speaks
    /// of the name (its non-existence, its codes) before what speaks of the way to the resolver.
    #[must_use]
    pub fn outcome(&self) -> LookupOutcome {
        const fn rank(outcome: LookupOutcome) -> u8 {
            match outcome {
                LookupOutcome::Addresses => 0,
                LookupOutcome::Loop => 1,
                LookupOutcome::NxDomain => 2,
                // Before nodata: the family that failed may be the one that has addresses.
                LookupOutcome::TcpBlocked => 3,
                LookupOutcome::ServFail => 4,
                LookupOutcome::Refused => 5,
                LookupOutcome::OtherCode(_) => 6,
                LookupOutcome::Malformed => 7,
                LookupOutcome::TimedOut => 8,
                LookupOutcome::Unreachable => 9,
                LookupOutcome::SystemError => 10,
                LookupOutcome::NoData => 11,
                LookupOutcome::NotAsked => 12,
            }
        }
        self.exchanges
            .iter()
            .map(Exchange::outcome)
            .min_by_key(|outcome| rank(*outcome))
            .unwrap_or(LookupOutcome::NotAsked)
    }

    /// How long the lookup took: its exchanges run in parallel, so that the longest counts.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.exchanges.iter().map(|exchange| exchange.took).max().unwrap_or_default()
    }
}
