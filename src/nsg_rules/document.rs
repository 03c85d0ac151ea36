//! Plans as they are saved, approved and applied: `pathproof.plan/1`. Readers ignore what they do
//! not know. Whoever reads one reads a foreign file: names are checked here, what it would do by
//! the guards.

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guard::Refusal;
use super::live::number;
use super::rule::Properties;
use super::{Intent, LeftOut, PriorityChoice, is_rule_name};
use crate::model::Cloud;

const PLAN: &str = "pathproof.plan/1";

/// What is to be changed, and what speaks against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// `pathproof.plan/1`.
    pub schema: String,
    /// What made it.
    pub tool: Tool,
    /// When: RFC 3339, UTC.
    pub made_at: Timestamp,
    /// The group's resource id; `None` for a plan that was made from a file.
    pub nsg: Option<String>,
    /// Where Resource Manager answers.
    pub arm_endpoint: Option<String>,
    /// Azure's cloud, which decides where tokens come from.
    pub cloud: String,
    /// Whose rights the group was read with.
    pub credential: Option<String>,
    /// The first rule's name.
    pub rule_name: String,
    /// Which job writes the rules.
    #[serde(default)]
    pub job: Option<String>,
    /// `auto`, or the number.
    pub priority: String,
    /// The level of proof.
    pub proof: String,
    /// How long an address stays after it was last seen, seconds.
    pub keep_s: u64,
    /// Percent.
    pub max_shrink: u8,
    /// What is to be done, in this order; empty where everything is right.
    pub changes: Vec<Change>,
    /// Every rule as it should be, changed or not.
    pub rules: Vec<RuleDocument>,
    /// What was seen, and may not enter a rule.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// The guards that refuse it.
    pub refusals: Vec<RefusalDocument>,
    /// What whoever approves it should know.
    pub notes: Vec<String>,
}

/// What follows from a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanState {
    /// A guard speaks against it: nothing may be written.
    Refused,
    /// There is something to write.
    Pending,
    /// The rules are as they should be.
    Unchanged,
}

/// What made a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `pathproof`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    #[must_use]
    pub fn this() -> Self {
        Self { name: "pathproof".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// A guard that refuses the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalDocument {
    /// Its stable word.
    pub guard: String,
    /// In words.
    pub message: String,
}

impl From<&Refusal> for RefusalDocument {
    fn from(refusal: &Refusal) -> Self {
        Self { guard: refusal.as_str().to_owned(), message: refusal.to_string() }
    }
}

/// What is done with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not there.
    Create,
    /// It is there, and otherwise.
    Update,
    /// It is no longer needed.
    Delete,
}

impl Action {
    /// What leads from one state of a rule to another.
    #[must_use]
    pub const fn between(before: Option<&Properties>, after: Option<&Properties>) -> Self {
        match (before, after) {
            (_, None) => Self::Delete,
            (None, Some(_)) => Self::Create,
            (Some(_), Some(_)) => Self::Update,
        }
    }

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// One change of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// With which rule.
    pub name: String,
    /// Its properties now; `None` where it is not there.
    pub before: Option<Properties>,
    /// Its properties then; `None` where it goes.
    pub after: Option<Properties>,
    /// Prefixes that it does not hold yet.
    pub add: Vec<Held>,
    /// Prefixes that it will no longer hold.
    pub remove: Vec<Removed>,
}

/// A prefix of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The prefix.
    pub prefix: IpNet,
    /// For which name, and how proven.
    pub why: String,
}

/// A prefix that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The prefix.
    pub prefix: IpNet,
    /// The day on which the ledger saw it last.
    pub last_seen: Option<String>,
}

/// A rule as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleDocument {
    /// Its name.
    pub name: String,
    /// Its properties, as Resource Manager takes them.
    pub properties: Properties,
    /// Its destination, with reasons.
    pub prefixes: Vec<Held>,
}

/// Why a file is no plan or no rollback file.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not what is written here.
    #[error("line {} column {}: {error}", error.line(), error.column())]
    Malformed {
        /// What and where.
        error: serde_json::Error,
    },
    /// JSON of another kind or version.
    #[error("schema '{found}' is not known here: expected {expected}")]
    Schema {
        /// What it says.
        found: String,
        /// What is read here.
        expected: &'static str,
    },
    /// A name that would lead elsewhere than to a rule.
    #[error("'{0}' is no name of a rule: the file was not written by pathproof, or was changed")]
    RuleName(String),
    /// A rule that the plan is not for.
    #[error("{found} is not of the rule {rule_name}, which this plan is for")]
    OtherRule {
        /// The rule.
        found: String,
        /// What the plan is for.
        rule_name: String,
    },
    /// A cloud that is none.
    #[error("cloud '{0}' is not known: expected public, usgov or china")]
    Cloud(String),
}

// Not a source: its words are part of the message.
impl From<serde_json::Error> for PlanError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { error }
    }
}

impl Plan {
    pub(super) fn new(
        intent: &Intent,
        rules: Vec<RuleDocument>,
        changes: Vec<Change>,
        refusals: &[Refusal],
        notes: Vec<String>,
    ) -> Self {
        Self {
            schema: PLAN.to_owned(),
            tool: Tool::this(),
            made_at: intent.now,
            nsg: None,
            arm_endpoint: None,
            cloud: Cloud::default().to_string(),
            credential: None,
            rule_name: intent.rule_name.clone(),
            job: Some(intent.job.clone()),
            priority: match intent.priority {
                PriorityChoice::Auto => "auto".to_owned(),
                PriorityChoice::At(number) => number.to_string(),
            },
            proof: intent.proof.as_str().to_owned(),
            keep_s: intent.keep.as_secs(),
            max_shrink: intent.max_shrink,
            changes,
            rules,
            left_out: Vec::new(),
            refusals: refusals.iter().map(Into::into).collect(),
            notes,
        }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// [`PlanError`] with line and column, or the name that is none.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        check_schema(text, PLAN)?;
        let plan: Self = serde_json::from_str(text)?;
        check_name(&plan.rule_name)?;
        let rules = plan.rules.iter().map(|rule| &rule.name);
        for name in plan.changes.iter().map(|change| &change.name).chain(rules) {
            check_numbered_name(name)?;
            if number(name, &plan.rule_name).is_none() {
                let rule_name = plan.rule_name.clone();
                return Err(PlanError::OtherRule { found: name.clone(), rule_name });
            }
        }
        plan.cloud()?;
        Ok(plan)
    }

    /// Azure's cloud.
    ///
    /// # Errors
    /// [`PlanError::Cloud`], which [`Plan::read`] gives too.
    pub fn cloud(&self) -> Result<Cloud, PlanError> {
        cloud(&self.cloud)
    }

    /// What follows from it: refused before pending before unchanged.
    #[must_use]
    pub const fn state(&self) -> PlanState {
        if !self.refusals.is_empty() {
            PlanState::Refused
        } else if self.changes.is_empty() {
            PlanState::Unchanged
        } else {
            PlanState::Pending
        }
    }
}

pub(super) fn cloud(word: &str) -> Result<Cloud, PlanError> {
    Cloud::parse(word).ok_or_else(|| PlanError::Cloud(short(word)))
}

fn check_name(name: &str) -> Result<(), PlanError> {
    if is_rule_name(name) { Ok(()) } else { Err(PlanError::RuleName(short(name))) }
}

/// `NAME-1000` may be longer than a name that is given.
pub(super) fn check_numbered_name(name: &str) -> Result<(), PlanError> {
    let given = match name.rsplit_once('-') {
        Some((given, digits)) if number(name, given).is_some() && digits.len() <= 4 => given,
        _ => name,
    };
    check_name(given).map_err(|_| PlanError::RuleName(short(name)))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

pub(super) fn check_schema(text: &str, expected: &'static str) -> Result<(), PlanError> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        schema: String,
    }
    let head: Head = serde_json::from_str(text)?;
    if head.schema == expected {
        return Ok(());
    }
    Err(PlanError::Schema { found: short(&head.schema), expected })
}
