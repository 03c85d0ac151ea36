//! What name servers said.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::network::{Name, Obstacle, OsError};
use super::{Nanoseconds, words};
use crate::model::{self, HostName, NameError};

/// Everything one resolver said about one name. Records refer to it by its number.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "lookup")]
pub(crate) struct Lookup<'a> {
    pub(crate) number: u64,
    resolver: Resolver,
    name: Name,
    #[serde(borrow)]
    exchanges: Vec<Exchange<'a>>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(number: u64, lookup: &'a model::Lookup) -> Self {
        Self {
            number,
            resolver: lookup.resolver.into(),
            name: Name(lookup.name.clone()),
            exchanges: lookup.exchanges.iter().map(Exchange::from).collect(),
        }
    }
}

impl TryFrom<Lookup<'_>> for model::Lookup {
    type Error = NameError;

    fn try_from(lookup: Lookup<'_>) -> Result<Self, NameError> {
        let mut names = Names(vec![lookup.name.0.clone()]);
        let mut exchanges = Vec::with_capacity(lookup.exchanges.len());
        for exchange in lookup.exchanges {
            exchanges.push(exchange.named(&mut names)?);
        }
        Ok(Self { resolver: lookup.resolver.into(), name: lookup.name.0, exchanges })
    }
}

/// The names of one lookup. A chain says each of them two or three times; they are checked and
/// kept once.
struct Names(Vec<HostName>);

impl Names {
    /// How many are looked through. Chains are shorter.
    const REMEMBERED: usize = 16;

    fn name(&mut self, text: &str) -> Result<HostName, NameError> {
        if let Some(known) = self.0.iter().find(|known| known.as_str() == text) {
            return Ok(known.clone());
        }
        let name = HostName::parse(text)?;
        if self.0.len() < Self::REMEMBERED {
            self.0.push(name.clone());
        }
        Ok(name)
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Resolver {
    Server(SocketAddr),
    System,
}

impl From<model::Resolver> for Resolver {
    fn from(resolver: model::Resolver) -> Self {
        match resolver {
            model::Resolver::Server(address) => Self::Server(address),
            model::Resolver::System => Self::System,
        }
    }
}

impl From<Resolver> for model::Resolver {
    fn from(resolver: Resolver) -> Self {
        match resolver {
            Resolver::Server(address) => Self::Server(address),
            Resolver::System => Self::System,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Exchange<'a> {
    family: Family,
    transport: Transport,
    took_ns: Nanoseconds,
    #[serde(borrow)]
    result: Outcome<'a>,
}

impl<'a> From<&'a model::Exchange> for Exchange<'a> {
    fn from(exchange: &'a model::Exchange) -> Self {
        Self {
            family: exchange.family.into(),
            transport: exchange.transport.into(),
            took_ns: exchange.took.into(),
            result: match &exchange.result {
                Ok(answer) => Outcome::Answer(answer.into()),
                Err(failure) => Outcome::Failure(failure.into()),
            },
        }
    }
}

impl Exchange<'_> {
    fn named(self, names: &mut Names) -> Result<model::Exchange, NameError> {
        Ok(model::Exchange {
            family: self.family.into(),
            transport: self.transport.into(),
            took: self.took_ns.into(),
            result: match self.result {
                Outcome::Answer(answer) => Ok(answer.named(names)?),
                Outcome::Failure(failure) => Err(failure.into()),
            },
        })
    }
}

words!(Family { V4, V6 });
words!(Transport { Udp, Tcp, System });

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<'a> {
    #[serde(borrow)]
    Answer(Answer<'a>),
    Failure(Failure<'a>),
}

#[derive(Serialize, Deserialize)]
struct Answer<'a> {
    /// RFC 6895 §2.3.
    code: u16,
    #[serde(borrow)]
    chain: Vec<ChainLink<'a>>,
    is_loop: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_cut: bool,
}

impl<'a> From<&'a model::Answer> for Answer<'a> {
    fn from(answer: &'a model::Answer) -> Self {
        Self {
            code: match answer.code {
                model::ResponseCode::NoError => 0,
                model::ResponseCode::ServFail => 2,
                model::ResponseCode::NxDomain => 3,
                model::ResponseCode::Refused => 5,
                model::ResponseCode::Other(code) => code,
            },
            chain: answer.chain.iter().map(ChainLink::from).collect(),
            is_loop: answer.is_loop,
            is_cut: answer.is_cut,
        }
    }
}

impl Answer<'_> {
    fn named(self, names: &mut Names) -> Result<model::Answer, NameError> {
        let mut chain = Vec::with_capacity(self.chain.len());
        for link in self.chain {
            chain.push(link.named(names)?);
        }
        let code = match self.code {
            0 => model::ResponseCode::NoError,
            2 => model::ResponseCode::ServFail,
            3 => model::ResponseCode::NxDomain,
            5 => model::ResponseCode::Refused,
            code => model::ResponseCode::Other(code),
        };
        Ok(model::Answer { code, chain, is_loop: self.is_loop, is_cut: self.is_cut })
    }
}

#[derive(Serialize, Deserialize)]
struct ChainLink<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    ttl: u32,
    #[serde(borrow)]
    data: LinkData<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LinkData<'a> {
    #[serde(borrow)]
    Alias(Cow<'a, str>),
    Address(IpAddr),
}

impl<'a> From<&'a model::ChainLink> for ChainLink<'a> {
    fn from(link: &'a model::ChainLink) -> Self {
        Self {
            name: link.name.as_str().into(),
            ttl: link.ttl,
            data: match &link.data {
                model::LinkData::Alias(target) => LinkData::Alias(target.as_str().into()),
                model::LinkData::Address(address) => LinkData::Address(*address),
            },
        }
    }
}

impl ChainLink<'_> {
    fn named(self, names: &mut Names) -> Result<model::ChainLink, NameError> {
        Ok(model::ChainLink {
            name: names.name(&self.name)?,
            ttl: self.ttl,
            data: match self.data {
                LinkData::Alias(target) => model::LinkData::Alias(names.name(&target)?),
                LinkData::Address(address) => model::LinkData::Address(address),
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Failure<'a> {
    TimedOut { asked: u32 },
    PortClosed(OsError<'a>),
    Unreachable(OsError<'a>),
    TcpBlocked { os: Option<OsError<'a>> },
    Malformed { detail: Cow<'a, str> },
    System(OsError<'a>),
    NotAsked(Obstacle<'a>),
}

impl<'a> From<&'a model::DnsFailure> for Failure<'a> {
    fn from(failure: &'a model::DnsFailure) -> Self {
        match failure {
            model::DnsFailure::TimedOut { asked } => Self::TimedOut { asked: *asked },
            model::DnsFailure::PortClosed(os) => Self::PortClosed(os.into()),
            model::DnsFailure::Unreachable(os) => Self::Unreachable(os.into()),
            model::DnsFailure::TcpBlocked { os } => {
                Self::TcpBlocked { os: os.as_ref().map(OsError::from) }
            }
            model::DnsFailure::Malformed { detail } => {
                Self::Malformed { detail: (&**detail).into() }
            }
            model::DnsFailure::System { os } => Self::System(os.into()),
            model::DnsFailure::NotAsked(obstacle) => Self::NotAsked(obstacle.into()),
        }
    }
}

impl From<Failure<'_>> for model::DnsFailure {
    fn from(failure: Failure<'_>) -> Self {
        match failure {
            Failure::TimedOut { asked } => Self::TimedOut { asked },
            Failure::PortClosed(os) => Self::PortClosed(os.into()),
            Failure::Unreachable(os) => Self::Unreachable(os.into()),
            Failure::TcpBlocked { os } => Self::TcpBlocked { os: os.map(model::OsError::from) },
            Failure::Malformed { detail } => Self::Malformed { detail: detail.into_owned() },
            Failure::System(os) => Self::System { os: os.into() },
            Failure::NotAsked(obstacle) => Self::NotAsked(obstacle.into()),
        }
    }
}
