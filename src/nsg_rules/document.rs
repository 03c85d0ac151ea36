//! Plans as they are saved, approved and applied: `pathproof.plan/1`. Readers ignore fields that
//! they do not know. A saved plan may have been edited: its names are checked here, and its changes
//! by the guards.

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::guard::GuardRefusal;
use super::live::{LiveRule, number};
use super::rule::RuleProperties;
use super::{Intent, LeftOut, PriorityChoice, is_rule_name};
use crate::model::Cloud;

const PLAN: &str = "pathproof.plan/1";

/// The changes to make, and the guards that refuse them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulePlan {
    pub schema: String,
    pub tool: ToolVersion,
    /// When it was made: RFC 3339, UTC.
    pub made_at: Timestamp,
    /// The group's resource id; `None` for a plan that was made from a file.
    pub nsg: Option<String>,
    /// The URL of Resource Manager.
    pub arm_endpoint: Option<String>,
    /// Azure's cloud, which decides where tokens come from.
    pub cloud: String,
    /// The source of the token that the group was read with.
    pub credential: Option<String>,
    /// The first rule's name.
    pub rule_name: String,
    /// The job that writes the rules.
    #[serde(default)]
    pub job: Option<String>,
    /// `auto`, or the number.
    pub priority: String,
    /// The level of proof that addresses need.
    pub proof: String,
    /// How long an address stays after it was last seen, in seconds.
    pub keep_s: u64,
    /// The share of the live addresses that may go at once, in percent.
    pub max_shrink: u8,
    /// The changes in the order in which they are made; none where the rules are as desired.
    pub changes: Vec<RuleChange>,
    /// Every desired rule, changed or not.
    pub rules: Vec<RuleDocument>,
    /// Every rule of the group as it was read, so that the whole change can be reviewed; `None` in
    /// plans of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Vec<LiveRuleDocument>>,
    /// What was seen and may not enter a rule.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// The guards that refuse it.
    pub refusals: Vec<RefusalDocument>,
    /// What the person who approves the plan should know.
    pub notes: Vec<String>,
}

/// What can be done with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanState {
    /// A guard refuses it: nothing may be written.
    Refused,
    /// It has changes to write.
    Pending,
    /// The live rules are the desired ones.
    Unchanged,
}

/// The program that wrote a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolVersion {
    pub name: String,
    pub version: String,
}

impl ToolVersion {
    /// The version that runs.
    #[must_use]
    pub fn this() -> Self {
        Self { name: "pathproof".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// A refusal as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalDocument {
    /// The guard's stable word.
    pub guard: String,
    pub message: String,
}

impl From<&GuardRefusal> for RefusalDocument {
    fn from(refusal: &GuardRefusal) -> Self {
        Self { guard: refusal.as_str().to_owned(), message: refusal.to_string() }
    }
}

/// What a change does to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// The rule is new.
    Create,
    /// The rule gets other properties.
    Update,
    /// The rule goes.
    Delete,
}

impl RuleAction {
    /// The action that leads from one state of a rule to another.
    #[must_use]
    pub const fn between(before: Option<&RuleProperties>, after: Option<&RuleProperties>) -> Self {
        match (before, after) {
            (_, None) => Self::Delete,
            (None, Some(_)) => Self::Create,
            (Some(_), Some(_)) => Self::Update,
        }
    }

    /// The word in the JSON and in texts.
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
pub struct RuleChange {
    pub action: RuleAction,
    /// The rule's name.
    pub name: String,
    /// The live properties; `None` for a new rule.
    pub before: Option<RuleProperties>,
    /// The desired properties; `None` for a rule that goes.
    pub after: Option<RuleProperties>,
    /// The prefixes that the rule gains.
    pub add: Vec<PrefixReason>,
    /// The prefixes that the rule loses.
    pub remove: Vec<RemovedPrefix>,
}

impl RuleChange {
    /// Whether the change is of the rule of this name. Azure compares names without case, and a
    /// live rule's may be written otherwise than the one that was asked for.
    #[must_use]
    pub fn is_of(&self, rule: &str) -> bool {
        self.name.eq_ignore_ascii_case(rule)
    }
}

/// A prefix of a rule, with the reason for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixReason {
    pub prefix: IpNet,
    /// The name that it is for, and how it was proven.
    pub why: String,
}

/// A prefix that leaves a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedPrefix {
    pub prefix: IpNet,
    /// The day on which the ledger saw it last.
    pub last_seen: Option<String>,
}

/// A desired rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleDocument {
    pub name: String,
    /// The properties that Resource Manager takes.
    pub properties: RuleProperties,
    /// The prefixes of its destination, with reasons.
    pub prefixes: Vec<PrefixReason>,
}

/// A rule of the group as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveRuleDocument {
    pub name: String,
    pub properties: RuleProperties,
}

impl From<&LiveRule> for LiveRuleDocument {
    fn from(rule: &LiveRule) -> Self {
        Self { name: rule.name.clone(), properties: rule.properties.clone() }
    }
}

/// Why a file is no plan or no rollback file.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The JSON is malformed, or lacks a field.
    #[error("line {} column {}: {error}", error.line(), error.column())]
    Malformed {
        /// The fault. It is not a source: its words are part of the message.
        error: serde_json::Error,
    },
    /// The JSON is of another kind or version.
    #[error("schema '{found}' is not known here: expected {expected}")]
    Schema {
        /// The schema in the file.
        found: String,
        /// The schema that is read here.
        expected: &'static str,
    },
    /// A name could be part of another URL than a rule's.
    #[error("'{0}' is no name of a rule: the file was not written by pathproof, or was changed")]
    RuleName(String),
    /// The plan changes a rule of another name.
    #[error("{found} is not of the rule {rule_name}, which this plan is for")]
    OtherRule {
        found: String,
        /// The name that the plan is for.
        rule_name: String,
    },
    /// There is no such cloud.
    #[error("cloud '{0}' is not known: expected public, usgov or china")]
    Cloud(String),
}

impl From<serde_json::Error> for PlanError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { error }
    }
}

impl RulePlan {
    pub(super) fn new(
        intent: &Intent,
        rules: Vec<RuleDocument>,
        changes: Vec<RuleChange>,
        refusals: &[GuardRefusal],
        notes: Vec<String>,
    ) -> Self {
        Self {
            schema: PLAN.to_owned(),
            tool: ToolVersion::this(),
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
            live: None,
            left_out: Vec::new(),
            refusals: refusals.iter().map(Into::into).collect(),
            notes,
        }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// [`PlanError`] with line and column, or with the value that is refused.
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

    /// The cloud that the plan is for.
    ///
    /// # Errors
    /// [`PlanError::Cloud`], which [`RulePlan::read`] gives too.
    pub fn cloud(&self) -> Result<Cloud, PlanError> {
        cloud(&self.cloud)
    }

    /// A plan that is refused may hold changes too.
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

/// `NAME-1000` may be longer than a name that a user gives.
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
    struct SchemaHead {
        #[serde(default)]
        schema: String,
    }
    let head: SchemaHead = serde_json::from_str(text)?;
    if head.schema == expected {
        return Ok(());
    }
    Err(PlanError::Schema { found: short(&head.schema), expected })
}
