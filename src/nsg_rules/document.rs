//! Plans and rollback files as they are saved, approved and applied: `pathproof.plan/1` and
//! `pathproof.rollback/1`. Readers ignore what they do not know.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::guard::Refusal;
use super::{Intent, PriorityChoice};

const PLAN: &str = "pathproof.plan/1";
const ROLLBACK: &str = "pathproof.rollback/1";

/// What is to be changed, and what speaks against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// `pathproof.plan/1`.
    pub schema: String,
    /// What made it.
    pub tool: Tool,
    /// When: RFC 3339, UTC.
    pub made_at: String,
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
    /// The guards that refuse it.
    pub refusals: Vec<RefusalDocument>,
    /// What whoever approves it should know.
    pub notes: Vec<String>,
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
    fn this() -> Self {
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
    pub before: Option<Value>,
    /// Its properties then; `None` where it goes.
    pub after: Option<Value>,
    /// Prefixes that it does not hold yet.
    pub add: Vec<Held>,
    /// Prefixes that it will no longer hold.
    pub remove: Vec<Removed>,
}

/// A prefix of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The prefix.
    pub prefix: String,
    /// For which name, and how proven.
    pub why: String,
}

/// A prefix that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The prefix.
    pub prefix: String,
    /// The day on which the ledger saw it last.
    pub last_seen: Option<String>,
}

/// A rule as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleDocument {
    /// Its name.
    pub name: String,
    /// Its properties, as Resource Manager takes them.
    pub properties: Value,
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
        let refusal = |refusal: &Refusal| RefusalDocument {
            guard: refusal.as_str().to_owned(),
            message: refusal.to_string(),
        };
        Self {
            schema: PLAN.to_owned(),
            tool: Tool::this(),
            made_at: intent.now.to_string(),
            nsg: None,
            arm_endpoint: None,
            cloud: "public".to_owned(),
            credential: None,
            rule_name: intent.rule_name.clone(),
            priority: match intent.priority {
                PriorityChoice::Auto => "auto".to_owned(),
                PriorityChoice::At(number) => number.to_string(),
            },
            proof: intent.proof.as_str().to_owned(),
            keep_s: intent.keep.as_secs(),
            max_shrink: intent.max_shrink,
            changes,
            rules,
            refusals: refusals.iter().map(refusal).collect(),
            notes,
        }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// [`PlanError`] with line and column.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        check_schema(text, PLAN)?;
        Ok(serde_json::from_str(text)?)
    }
}

/// What was there before a plan was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// `pathproof.rollback/1`.
    pub schema: String,
    /// What wrote it.
    pub tool: Tool,
    /// When: RFC 3339, UTC.
    pub made_at: String,
    /// The group's resource id.
    pub nsg: String,
    /// Where Resource Manager answers.
    pub arm_endpoint: String,
    /// Azure's cloud.
    pub cloud: String,
    /// What was about to be done, in that order.
    pub changes: Vec<Restore>,
}

/// One rule before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restore {
    /// The rule.
    pub name: String,
    /// Its properties before; `None` where it was not there.
    pub before: Option<Value>,
    /// Its properties after; `None` where it went.
    pub after: Option<Value>,
}

impl Rollback {
    /// What puts back what was there when `plan` was made.
    #[must_use]
    pub fn of(plan: &Plan, nsg: &str, arm_endpoint: &str, now: jiff::Timestamp) -> Self {
        let restore = |change: &Change| Restore {
            name: change.name.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        };
        Self {
            schema: ROLLBACK.to_owned(),
            tool: Tool::this(),
            made_at: now.to_string(),
            nsg: nsg.to_owned(),
            arm_endpoint: arm_endpoint.to_owned(),
            cloud: plan.cloud.clone(),
            changes: plan.changes.iter().map(restore).collect(),
        }
    }

    /// Reads a rollback file.
    ///
    /// # Errors
    /// [`PlanError`] with line and column.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        check_schema(text, ROLLBACK)?;
        Ok(serde_json::from_str(text)?)
    }

    /// The changes that put it back: the other way round, last first.
    #[must_use]
    pub fn backwards(&self) -> Vec<Change> {
        let backwards = |restore: &Restore| Change {
            action: match (&restore.before, &restore.after) {
                (None, _) => Action::Delete,
                (Some(_), None) => Action::Create,
                (Some(_), Some(_)) => Action::Update,
            },
            name: restore.name.clone(),
            before: restore.after.clone(),
            after: restore.before.clone(),
            add: Vec::new(),
            remove: Vec::new(),
        };
        self.changes.iter().rev().map(backwards).collect()
    }
}

fn check_schema(text: &str, expected: &'static str) -> Result<(), PlanError> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        schema: String,
    }
    let head: Head = serde_json::from_str(text)?;
    if head.schema == expected {
        return Ok(());
    }
    Err(PlanError::Schema { found: head.schema.chars().take(80).collect(), expected })
}
