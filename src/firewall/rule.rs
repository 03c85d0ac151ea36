//! Rules and sets of them, free of any vendor's types.

use std::fmt;

use super::missing::{Missing, Property};
use super::port::{PortSet, ProtocolSet};
use super::scope::Scope;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As its set names it.
    pub name: String,
    /// The JSON path or the line of the rule in its file.
    pub location: String,
    /// Azure's priority, lowest first.
    pub priority: Property<u32>,
    /// Which way it looks.
    pub direction: Property<Direction>,
    /// What it does with what it matches.
    pub access: Property<Access>,
    /// What it matches.
    pub protocols: Property<ProtocolSet>,
    /// Where from.
    pub source: Scope,
    /// From which ports.
    pub source_ports: Property<PortSet>,
    /// Where to.
    pub destination: Scope,
    /// To which ports. Of protocols without ports they say nothing.
    pub destination_ports: Property<PortSet>,
    /// Whether `rules apply` keeps it right, so that what a hand adds does not stay.
    pub is_kept: bool,
}

/// How the descriptions of rules begin that this program wrote.
pub const MARKER: &str = "Written by pathproof";

impl Rule {
    /// A rule that matches everything outbound.
    #[must_use]
    pub fn outbound(name: &str, priority: u32, access: Access) -> Self {
        Self {
            name: name.to_owned(),
            location: String::new(),
            priority: priority.into(),
            direction: Direction::Outbound.into(),
            access: access.into(),
            protocols: ProtocolSet::ANY.into(),
            source: Scope::any(),
            source_ports: PortSet::any().into(),
            destination: Scope::any(),
            destination_ports: PortSet::any().into(),
            is_kept: false,
        }
    }

    /// Something that stands where a rule should and cannot be read: it may match and do anything.
    #[must_use]
    pub fn unreadable(name: &str, location: &str, missing: &Missing) -> Self {
        Self {
            name: name.to_owned(),
            location: location.to_owned(),
            priority: Property::Unknown(missing.clone()),
            direction: Property::Unknown(missing.clone()),
            access: Property::Unknown(missing.clone()),
            protocols: Property::Unknown(missing.clone()),
            source: Scope::any(),
            source_ports: PortSet::any().into(),
            destination: Scope::unknown(missing.clone()),
            destination_ports: Property::Unknown(missing.clone()),
            is_kept: false,
        }
    }

    /// Whether it looks `direction`, or may.
    #[must_use]
    pub fn may_look(&self, direction: Direction) -> bool {
        self.direction.known().is_none_or(|own| *own == direction)
    }
}

/// Which way a rule looks, from the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the host.
    Inbound,
    /// From the host.
    Outbound,
}

impl Direction {
    /// The direction of Azure's word, whatever its case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            word if word.eq_ignore_ascii_case("inbound") => Some(Self::Inbound),
            word if word.eq_ignore_ascii_case("outbound") => Some(Self::Outbound),
            _ => None,
        }
    }

    /// In lower case, as flows name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Lets through.
    Allow,
    /// Does not.
    Deny,
}

impl Access {
    /// In lower case, as decisions name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// The access of Azure's word, whatever its case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            word if word.eq_ignore_ascii_case("allow") => Some(Self::Allow),
            word if word.eq_ignore_ascii_case("deny") => Some(Self::Deny),
            _ => None,
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Rules that are asked in order until one matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// As its file names it.
    pub name: String,
    /// The file of the set, and the JSON path in it.
    pub location: String,
    /// What wrote it, and so what a correction looks like.
    pub dialect: RuleDialect,
    rules: Vec<Rule>,
    /// What was seen while reading, and does not alter a decision.
    pub notes: Vec<String>,
}

/// Whose rules a set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleDialect {
    /// A network security group.
    Nsg,
    /// The effective rules of a network interface.
    Effective,
    /// An Azure Firewall policy.
    AzureFirewall,
    /// A list of what is allowed.
    List,
}

impl RuleSet {
    /// A set that asks `rules` in this order; what none matches is denied, by a rule of that name.
    #[must_use]
    pub fn in_order(
        name: &str,
        location: &str,
        dialect: RuleDialect,
        mut rules: Vec<Rule>,
    ) -> Self {
        let mut last = Rule::outbound(Self::NO_RULE, u32::MAX, Access::Deny);
        "no rule matches".clone_into(&mut last.location);
        rules.push(last);
        Self {
            name: name.to_owned(),
            location: location.to_owned(),
            dialect,
            rules,
            notes: Vec::new(),
        }
    }

    /// A set that asks `rules` by priority, lowest first (Azure's order; of equal ones, which
    /// Azure refuses, the first in the file). A priority that cannot be read may come before all.
    #[must_use]
    pub fn by_priority(
        name: &str,
        location: &str,
        dialect: RuleDialect,
        mut rules: Vec<Rule>,
    ) -> Self {
        rules.sort_by_key(|rule| rule.priority.known().copied());
        Self::in_order(name, location, dialect, rules)
    }

    /// The name of the rule that stands for "no rule matches".
    pub const NO_RULE: &str = "(no rule)";

    /// The rules in the order in which they are asked; the last matches everything.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The file it stands in.
    #[must_use]
    pub fn file(&self) -> &str {
        self.location.rsplit_once(": $").map_or(&self.location, |(file, _)| file)
    }

    /// The same set with something to know of it.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }

    /// The same set, where what no rule matches is not known to be denied for IPv6.
    #[must_use]
    pub fn with_open_end(mut self) -> Self {
        if let Some(last) = self.rules.last_mut() {
            last.access = Property::Unknown(Missing::Family);
        }
        self
    }
}
