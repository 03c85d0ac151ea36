//! What was concluded.

use std::borrow::Cow;
use std::net::IpAddr;

use super::cause::{Cause, Severity};
use super::ending::Ending;
use super::expected::ExpectedFlow;

/// An endpoint's or a run's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// It is proven to work.
    Pass,
    /// It works, or is not required, and there is something to report.
    Warn,
    /// An expectation is violated.
    Fail,
    /// Could not be asked.
    Unknown,
}

impl Status {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// Other causes explain what was seen as well.
    Possible,
    /// This explains it best.
    Likely,
    /// No other cause explains what was seen.
    Proven,
}

impl Certainty {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Proven => "proven",
        }
    }
}

/// Who can fix it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The team that runs DNS.
    Dns,
    /// The team that runs firewalls, NSGs and routes.
    Firewall,
    /// The team that runs proxies and TLS inspection.
    Proxy,
    /// Whoever administers this host.
    Host,
    /// Microsoft, who runs Azure.
    Azure,
    /// The data platform team: runtime, factory, workspace, names given to this tool.
    DataPlatform,
    /// Nobody: there is nothing to fix.
    Nobody,
}

impl Owner {
    pub const ALL: [Self; 7] = [
        Self::Dns,
        Self::Firewall,
        Self::Proxy,
        Self::Host,
        Self::Azure,
        Self::DataPlatform,
        Self::Nobody,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Firewall => "firewall",
            Self::Proxy => "proxy",
            Self::Host => "host",
            Self::Azure => "azure",
            Self::DataPlatform => "data-platform",
            Self::Nobody => "nobody",
        }
    }
}

/// Something that is wrong, with its evidence, its rivals and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub cause: Cause,
    /// How bad it is here: `fail` becomes `warn` where the entry is not required.
    pub severity: Severity,
    pub certainty: Certainty,
    /// One sentence with the concrete names, ports and addresses.
    pub message: String,
    /// What was seen, one fact a line.
    pub evidence: Vec<String>,
    /// Other causes that explain the same records.
    pub rivals: Vec<Cause>,
    /// Who can fix it.
    pub owner: Owner,
    /// What to do, with the concrete names, ports and addresses.
    pub remedy: String,
    /// The cause, of the same endpoint or of the run, that this follows from: it stays among the
    /// findings, and there is nothing to do about it alone.
    pub explained_by: Option<Cause>,
    /// What the remedy is made of.
    pub advice: Advice,
}

/// What a remedy is made of, so that what is to be done for many endpoints can be said once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// The sentences, with placeholders in braces. Empty where the remedy holds word for word.
    pub template: Cow<'static, str>,
    /// What the placeholders stand for here, by their names.
    pub facts: Vec<(&'static str, String)>,
    /// Where it is to be done.
    pub destinations: Vec<Destination>,
    /// What others than the finding's owner have to do, as templates with the same
    /// placeholders.
    pub further: Vec<(Owner, &'static str)>,
}

/// Where traffic is meant to go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// The name as required; the address as text where no name is.
    pub name: String,
    /// One of its addresses; `None` where none is known here.
    pub address: Option<IpAddr>,
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
}

/// Something to do next: one remedy of one owner, with every destination it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub owner: Owner,
    /// That of the worst finding behind it.
    pub severity: Severity,
    pub text: String,
    /// The causes of the findings behind it.
    pub causes: Vec<Cause>,
    /// Everywhere, by name and address.
    pub destinations: Vec<Destination>,
    /// Whether the text speaks of the destinations, so that who reads it needs them.
    pub is_about_destinations: bool,
    /// The format of `rules emit` in which the owner may want them.
    pub list_format: Option<&'static str>,
}

impl Finding {
    /// Whether it is only to be known: nothing is worse for it, and nobody has to do anything.
    #[must_use]
    pub fn is_note(&self) -> bool {
        self.owner == Owner::Nobody && self.severity == Severity::Warn
    }
}

/// What was concluded of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: Status,
    /// Its own cause; `None` on a pass.
    pub cause: Option<Cause>,
    /// Everything that is to be said of it, its own cause first.
    pub findings: Vec<Finding>,
    /// Whether it counts in the summary and the exit code (a gateway that is not assigned yet
    /// does not).
    pub counts: bool,
    /// It would be a failure if the endpoint were required: what would fail it is a warning only
    /// because it is not.
    pub is_lowered: bool,
    /// What given rules say of its flows; empty where none are given.
    pub expected: Vec<ExpectedFlow>,
}

/// What was concluded of a run. `verdicts[i]` belongs to `records[i]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// One per record.
    pub verdicts: Vec<Verdict>,
    /// Findings of the run as a whole.
    pub findings: Vec<Finding>,
    /// What to do next, by owner: what fails first.
    pub actions: Vec<Action>,
    /// How many endpoints of each status.
    pub summary: Summary,
    /// What it means for the runtime.
    pub prediction: Prediction,
    /// How the run ends.
    pub ending: Ending,
}

/// How many endpoints have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub pass: usize,
    pub warn: usize,
    pub fail: usize,
    pub unknown: usize,
}

/// What the runtime can be, as far as the network decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The best state the network allows.
    pub network_allows: NetworkAllows,
    /// The endpoints that lead there.
    pub because: Vec<String>,
    /// What will not work.
    pub consequences: Vec<String>,
    /// What decides the runtime's state too and was not looked at.
    pub not_looked_at: Vec<String>,
}

/// The runtime's states as the network allows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkAllows {
    /// Everything required is reachable.
    Online,
    /// The control plane is reachable, the relay is not.
    Limited,
    /// The control plane is not reachable.
    Offline,
    /// Not enough is known.
    Unknown,
}

impl NetworkAllows {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Limited => "limited",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }
}
