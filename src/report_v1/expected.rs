//! What given firewall rules say of an endpoint's flows.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model;

/// What the rules of `--expect` predict of one flow, beside what was measured of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ExpectedFlow<'a> {
    /// The endpoint's address, or the proxy's that it goes by; `null` where none is known.
    pub address: Option<IpAddr>,
    /// The port there.
    pub port: u16,
    /// What the rules do with it.
    pub decision: Cow<'a, str>,
    /// The name of the rule that decides.
    pub rule: Cow<'a, str>,
    /// The name of the rule set that the rule is of.
    pub set: Cow<'a, str>,
    /// How far it came when it was measured; `null` where it was not.
    pub measured: Option<Cow<'a, str>>,
    /// Whether rules and measurement agree.
    pub agreement: Cow<'a, str>,
    /// Why that is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Cow<'a, str>>,
}

impl<'a> From<&'a model::ExpectedFlow> for ExpectedFlow<'a> {
    fn from(own: &'a model::ExpectedFlow) -> Self {
        Self {
            address: own.address,
            port: own.port,
            decision: own.decision.as_str().into(),
            rule: (&*own.rule).into(),
            set: (&*own.set).into(),
            measured: own.measured.map(|outcome| outcome.as_str().into()),
            agreement: own.agreement.as_str().into(),
            missing: own.missing.as_deref().map(Into::into),
        }
    }
}
