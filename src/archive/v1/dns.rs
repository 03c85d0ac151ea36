//! What name servers said.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::network::{Name, Obstacle, OsError};
use super::{Nanoseconds, words};
use crate::model;

/// Everything one resolver said about one name. Records refer to it by its number.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "lookup")]
pub(crate) struct Lookup<'a> {
    pub(crate) number: u64,
    resolver: Resolver,
    name: Name,
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

impl From<Lookup<'_>> for model::Lookup {
    fn from(lookup: Lookup<'_>) -> Self {
        Self {
            resolver: lookup.resolver.into(),
            name: lookup.name.0,
            exchanges: lookup.exchanges.into_iter().map(model::Exchange::from).collect(),
        }
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

impl From<Exchange<'_>> for model::Exchange {
    fn from(exchange: Exchange<'_>) -> Self {
        Self {
            family: exchange.family.into(),
            transport: exchange.transport.into(),
            took: exchange.took_ns.into(),
            result: match exchange.result {
                Outcome::Answer(answer) => Ok(answer.into()),
                Outcome::Failure(failure) => Err(failure.into()),
            },
        }
    }
}

words!(Family { V4, V6 });
words!(Transport { Udp, Tcp, System });

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<'a> {
    Answer(Answer),
    Failure(Failure<'a>),
}

#[derive(Serialize, Deserialize)]
struct Answer {
    /// RFC 6895 §2.3.
    code: u16,
    chain: Vec<ChainLink>,
    is_loop: bool,
}

impl From<&model::Answer> for Answer {
    fn from(answer: &model::Answer) -> Self {
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
        }
    }
}

impl From<Answer> for model::Answer {
    fn from(answer: Answer) -> Self {
        Self {
            code: match answer.code {
                0 => model::ResponseCode::NoError,
                2 => model::ResponseCode::ServFail,
                3 => model::ResponseCode::NxDomain,
                5 => model::ResponseCode::Refused,
                code => model::ResponseCode::Other(code),
            },
            chain: answer.chain.into_iter().map(model::ChainLink::from).collect(),
            is_loop: answer.is_loop,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ChainLink {
    name: Name,
    ttl: u32,
    data: LinkData,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LinkData {
    Alias(Name),
    Address(IpAddr),
}

impl From<&model::ChainLink> for ChainLink {
    fn from(link: &model::ChainLink) -> Self {
        Self {
            name: Name(link.name.clone()),
            ttl: link.ttl,
            data: match &link.data {
                model::LinkData::Alias(target) => LinkData::Alias(Name(target.clone())),
                model::LinkData::Address(address) => LinkData::Address(*address),
            },
        }
    }
}

impl From<ChainLink> for model::ChainLink {
    fn from(link: ChainLink) -> Self {
        Self {
            name: link.name.0,
            ttl: link.ttl,
            data: match link.data {
                LinkData::Alias(target) => model::LinkData::Alias(target.0),
                LinkData::Address(address) => model::LinkData::Address(address),
            },
        }
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
