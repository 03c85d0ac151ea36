//! What several lines hold: names, system errors, time-outs, obstacles.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Nanoseconds, words};
use crate::model;

/// A host name, checked while it is read, so that an error has its place.
#[derive(Clone)]
pub(super) struct Name(pub(super) model::HostName);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a host name")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                model::HostName::parse(text).map(Name).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct OsError<'a> {
    code: i32,
    symbol: Cow<'a, str>,
}

impl<'a> From<&'a model::OsError> for OsError<'a> {
    fn from(os: &'a model::OsError) -> Self {
        Self { code: os.code, symbol: (&*os.symbol).into() }
    }
}

impl From<OsError<'_>> for model::OsError {
    fn from(os: OsError<'_>) -> Self {
        Self { code: os.code, symbol: os.symbol.into_owned() }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TimeoutBy<'a> {
    OursNs(Nanoseconds),
    Kernel(OsError<'a>),
}

impl<'a> From<&'a model::TimeoutBy> for TimeoutBy<'a> {
    fn from(whose: &'a model::TimeoutBy) -> Self {
        match whose {
            model::TimeoutBy::Ours(limit) => Self::OursNs((*limit).into()),
            model::TimeoutBy::Kernel(os) => Self::Kernel(os.into()),
        }
    }
}

impl From<TimeoutBy<'_>> for model::TimeoutBy {
    fn from(whose: TimeoutBy<'_>) -> Self {
        match whose {
            TimeoutBy::OursNs(limit) => Self::Ours(limit.into()),
            TimeoutBy::Kernel(os) => Self::Kernel(os.into()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Obstacle<'a> {
    NoRoute(OsError<'a>),
    NoLocalAddress(OsError<'a>),
    DescriptorLimit(OsError<'a>),
    PortLimit(OsError<'a>),
    Cancelled,
    BudgetSpent,
    NotTestable { hint: Cow<'a, str> },
}

impl<'a> From<&'a model::Obstacle> for Obstacle<'a> {
    fn from(obstacle: &'a model::Obstacle) -> Self {
        match obstacle {
            model::Obstacle::NoRoute(os) => Self::NoRoute(os.into()),
            model::Obstacle::NoLocalAddress(os) => Self::NoLocalAddress(os.into()),
            model::Obstacle::DescriptorLimit(os) => Self::DescriptorLimit(os.into()),
            model::Obstacle::PortLimit(os) => Self::PortLimit(os.into()),
            model::Obstacle::Cancelled => Self::Cancelled,
            model::Obstacle::BudgetSpent => Self::BudgetSpent,
            model::Obstacle::NotTestable { hint } => Self::NotTestable { hint: (&**hint).into() },
        }
    }
}

impl From<Obstacle<'_>> for model::Obstacle {
    fn from(obstacle: Obstacle<'_>) -> Self {
        match obstacle {
            Obstacle::NoRoute(os) => Self::NoRoute(os.into()),
            Obstacle::NoLocalAddress(os) => Self::NoLocalAddress(os.into()),
            Obstacle::DescriptorLimit(os) => Self::DescriptorLimit(os.into()),
            Obstacle::PortLimit(os) => Self::PortLimit(os.into()),
            Obstacle::Cancelled => Self::Cancelled,
            Obstacle::BudgetSpent => Self::BudgetSpent,
            Obstacle::NotTestable { hint } => Self::NotTestable { hint: hint.into_owned() },
        }
    }
}

/// What a run that was ended early was waiting for.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    awaited: Awaited,
    took_ns: Nanoseconds,
}

words!(Awaited { Lookup, Route, ProxyLookup });

impl From<&model::Pending> for Pending {
    fn from(pending: &model::Pending) -> Self {
        Self { awaited: pending.awaited.into(), took_ns: pending.took.into() }
    }
}

impl From<Pending> for model::Pending {
    fn from(pending: Pending) -> Self {
        Self { awaited: pending.awaited.into(), took: pending.took_ns.into() }
    }
}
