//! What given firewall rules say of the way to an endpoint, beside what was measured there.

use std::net::IpAddr;

/// What rules predict of one flow to an endpoint, beside what was measured of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedFlow {
    /// The endpoint's address, or the proxy's that it goes by; `None` where none is known.
    pub address: Option<IpAddr>,
    pub port: u16,
    pub decision: RuleAnswer,
    /// The name of the deciding rule.
    pub rule: String,
    /// The name of the rule set that the rule is of.
    pub set: String,
    /// What was measured; `None` where nothing was.
    pub measured: Option<FlowOutcome>,
    pub agreement: RuleAgreement,
    /// Why the agreement is unknown.
    pub missing: Option<String>,
}

/// What rules do with a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAnswer {
    Allow,
    Deny,
    Unknown,
}

impl RuleAnswer {
    pub const ALL: [Self; 3] = [Self::Allow, Self::Deny, Self::Unknown];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a flow came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowOutcome {
    Connect(ConnectOutcome),
    /// The connection was accepted, and then cut or left in silence at the `ClientHello`, as by an
    /// appliance that reads the name there.
    HandshakeCut,
    /// The proxy did not open a way to the endpoint.
    RefusedByProxy,
}

impl FlowOutcome {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect(outcome) => outcome.as_str(),
            Self::HandshakeCut => "handshake_cut",
            Self::RefusedByProxy => "refused_by_proxy",
        }
    }
}

/// The result of opening a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectOutcome {
    /// The connection was accepted, by the destination or by something on the way that answers for
    /// it.
    Connected,
    /// The answer was a reset, or ICMP port unreachable.
    Refused,
    TimedOut,
    /// The answer was another ICMP error, or there is no route.
    Unreachable,
    /// The connection was reset while it was opened.
    Reset,
    /// The policy of this host denied the connection.
    LocalDenied,
}

impl ConnectOutcome {
    /// Every result but an accepted connection.
    pub const BLOCKED: [Self; 5] =
        [Self::Refused, Self::TimedOut, Self::Unreachable, Self::Reset, Self::LocalDenied];

    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Refused => "refused",
            Self::TimedOut => "timeout",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::LocalDenied => "local_denied",
        }
    }
}

/// Whether rules and measurement agree about a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleAgreement {
    /// The rules allow it, and it is blocked all the same.
    BlockedAlthoughAllowed,
    /// The rules deny it, and it works all the same.
    WorksAlthoughDenied,
    /// What the rules do is not known, or nothing was measured that tells.
    Unknown,
    BlockedAsPredicted,
    WorksAsPredicted,
}

impl RuleAgreement {
    /// What needs attention comes first.
    pub const ALL: [Self; 5] = [
        Self::BlockedAlthoughAllowed,
        Self::WorksAlthoughDenied,
        Self::Unknown,
        Self::BlockedAsPredicted,
        Self::WorksAsPredicted,
    ];

    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BlockedAlthoughAllowed => "blocked_although_allowed",
            Self::WorksAlthoughDenied => "works_although_denied",
            Self::Unknown => "unknown",
            Self::BlockedAsPredicted => "blocked_as_predicted",
            Self::WorksAsPredicted => "works_as_predicted",
        }
    }
}
