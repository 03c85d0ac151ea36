//! Rules and rule sets, which every reader of a vendor's format produces.

use std::fmt;
use std::sync::Arc;

use super::missing::{Missing, Property};
use super::port::{PortSet, ProtocolSet};
use super::scope::{Scope, UserRoutes};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name of the rule in its set.
    pub name: String,
    /// The JSON path or the line of the rule in its file.
    pub location: String,
    /// The priority, of which the lowest comes first.
    pub priority: Property<u32>,
    pub direction: Property<Direction>,
    /// Whether matching flows are let through.
    pub access: Property<Access>,
    pub protocols: Property<ProtocolSet>,
    /// The sources that match.
    pub source: Scope,
    pub source_ports: Property<PortSet>,
    /// The destinations that match.
    pub destination: Scope,
    /// The destination ports that match. They do not matter to protocols without ports.
    pub destination_ports: Property<PortSet>,
    /// Whether `rules apply` keeps this rule, so that it would undo changes by hand.
    pub is_kept: bool,
    /// The sets that a flow meets next, which this rule lets through.
    pub onward: Onward,
    /// Why it may not be in force, so that it may match no flow at all.
    pub doubt: Option<Missing>,
}

/// The way of a flow that a rule lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Onward {
    /// It meets the next set of the row.
    #[default]
    Next,
    /// It does not meet the security groups: an admin rule of the access `AlwaysAllow`.
    PastGroups,
    /// A route leads it to the appliance of this address, whose rules are the next set.
    Appliance(Arc<str>),
    /// A route leads it past every appliance.
    Direct,
}

/// The beginning of the description of every rule that this program wrote.
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
            onward: Onward::Next,
            doubt: None,
        }
    }

    /// A rule that cannot be read, so that it may match and do anything.
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
            onward: Onward::Next,
            doubt: None,
        }
    }

    /// Whether the rule is for flows of this direction, or may be.
    #[must_use]
    pub fn may_look(&self, direction: Direction) -> bool {
        self.direction.known().is_none_or(|own| *own == direction)
    }
}

/// The direction of a flow, as seen from the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    /// Reads a direction in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            word if word.eq_ignore_ascii_case("inbound") => Some(Self::Inbound),
            word if word.eq_ignore_ascii_case("outbound") => Some(Self::Outbound),
            _ => None,
        }
    }

    /// The word in files of flows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// The action of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    Allow,
    Deny,
}

impl Access {
    /// The word of decisions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// Reads an access in any case.
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

/// Rules of which the first that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// The name of the set in its file.
    pub name: String,
    /// The file of the set, and the JSON path in it.
    pub location: String,
    /// The kind of the set, which decides the form of corrections.
    pub dialect: RuleDialect,
    rules: Vec<Rule>,
    /// Remarks of the reader about the set.
    pub notes: Vec<String>,
    /// What the user-defined ones among routes name.
    pub user_routes: UserRoutes,
    /// Whether a route table takes no routes that a gateway learned.
    pub takes_no_learned_routes: bool,
    /// Remarks of the reader about its file, which each set of the file has.
    pub file_notes: Vec<String>,
    /// Why the set may hold rules that are not here; `None` where it is whole.
    pub rest: Option<Missing>,
    /// What the set is in, outermost first, and its own name.
    lineage: Vec<String>,
}

/// The kind of a rule set. Kinds differ in how they treat directions, the platform's addresses and
/// the order of their rules.
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
    /// Security admin rules of a network manager.
    Admin,
    /// The route table of the node's subnet, beside which Azure has routes of its own.
    Routes,
    /// The effective routes of a network interface, which hold Azure's own.
    EffectiveRoutes,
    /// The route table of the appliance's subnet, which a flow meets behind the appliance.
    ApplianceRoutes,
}

impl RuleDialect {
    #[must_use]
    pub const fn is_routes(self) -> bool {
        matches!(self, Self::Routes | Self::EffectiveRoutes | Self::ApplianceRoutes)
    }
}

impl RuleSet {
    /// A set in which `rules` have this order. A last rule of its own denies what none of them
    /// matches.
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
            user_routes: UserRoutes::default(),
            takes_no_learned_routes: false,
            file_notes: Vec::new(),
            rest: None,
            lineage: vec![name.to_owned()],
        }
    }

    /// A set in which `rules` are sorted by priority, lowest first. Rules of equal priority keep
    /// the order of the file. An unknown priority may come before all others.
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

    /// The name of the last rule of each set, which denies what no other rule matches.
    pub const NO_RULE: &str = "(no rule)";

    /// The rules in the order in which they are tested. The last one matches everything.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The name of the file that holds the set.
    #[must_use]
    pub fn file(&self) -> &str {
        self.location.rsplit_once(": $").map_or(&self.location, |(file, _)| file)
    }

    /// The set within these, outermost first: a subscription and a resource group.
    #[must_use]
    pub fn within(mut self, owners: Vec<String>) -> Self {
        self.lineage.splice(0..0, owners);
        self
    }

    /// Whether someone means this set by `text`: its name, or that behind the names of what it is
    /// in, as `RESOURCE-GROUP/NAME`.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        let is_own = |count| last_names(&self.lineage, count).eq_ignore_ascii_case(text);
        self.name.eq_ignore_ascii_case(text) || (1..=self.lineage.len()).any(is_own)
    }

    /// Calls sets of one name by as many names of what they are in as tell them apart.
    pub fn tell_apart(rows: &mut [&mut Vec<Self>]) {
        let all: Vec<Vec<String>> =
            rows.iter().flat_map(|row| row.iter()).map(|set| set.lineage.clone()).collect();
        for set in rows.iter_mut().flat_map(|row| row.iter_mut()) {
            let is_alone = |count: &usize| {
                let own = last_names(&set.lineage, *count);
                all.iter().all(|other| {
                    is_same_lineage(other, &set.lineage)
                        || !last_names(other, *count).eq_ignore_ascii_case(&own)
                })
            };
            let needed = (1..set.lineage.len()).find(is_alone).unwrap_or(set.lineage.len());
            if needed > 1 {
                set.name = last_names(&set.lineage, needed);
            }
        }
    }

    #[must_use]
    pub fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }

    /// Lets through what no rule matches, by a rule of this name.
    #[must_use]
    pub fn with_passing_end(mut self, name: &str, onward: Onward) -> Self {
        if let Some(last) = self.rules.last_mut() {
            name.clone_into(&mut last.name);
            last.access = Access::Allow.into();
            last.onward = onward;
        }
        self
    }

    /// The set with a rule that is tested before all others.
    #[must_use]
    pub fn with_first(self, rule: Rule) -> Self {
        self.with_rule_at(0, rule)
    }

    /// The set with a rule before the one at `index`, or before the last one.
    #[must_use]
    pub fn with_rule_at(mut self, index: usize, rule: Rule) -> Self {
        self.rules.insert(index.min(self.rules.len().saturating_sub(1)), rule);
        self
    }

    /// The set with these rules instead of its own, in their order, before its last rule.
    #[must_use]
    pub(super) fn with_rules(mut self, rules: Vec<Rule>) -> Self {
        let last = self.rules.pop();
        self.rules = rules;
        self.rules.extend(last);
        self
    }

    /// The set with each of its rules changed.
    #[must_use]
    pub fn map_rules(mut self, change: impl FnMut(&mut Rule)) -> Self {
        self.rules.iter_mut().for_each(change);
        self
    }

    /// Makes it unknown what happens to flows that no rule matches: effective rules do not list
    /// IPv6.
    #[must_use]
    pub fn with_open_end(mut self) -> Self {
        if let Some(last) = self.rules.last_mut() {
            last.access = Property::Unknown(Missing::Family);
        }
        self
    }
}

/// The last `count` names of a lineage.
fn last_names(lineage: &[String], count: usize) -> String {
    lineage[lineage.len().saturating_sub(count)..].join("/")
}

fn is_same_lineage(own: &[String], other: &[String]) -> bool {
    own.len() == other.len() && own.iter().zip(other).all(|(a, b)| a.eq_ignore_ascii_case(b))
}
