//! What was there before a plan was applied: `pathproof.rollback/1`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::apply::Step;
use super::document::{Plan, PlanError, Tool, check_numbered_name, check_schema, cloud};
use super::rule::Properties;
use crate::model::Cloud;

const ROLLBACK: &str = "pathproof.rollback/1";

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
    pub before: Option<Properties>,
    /// Its properties after; `None` where it went.
    pub after: Option<Properties>,
}

impl Rollback {
    /// What puts back what was there when `plan` was made.
    #[must_use]
    pub fn of(plan: &Plan, nsg: &str, arm_endpoint: &str, now: Timestamp) -> Self {
        let changes = plan.changes.iter().map(|change| Restore {
            name: change.name.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        });
        Self {
            schema: ROLLBACK.to_owned(),
            tool: Tool::this(),
            made_at: now.to_string(),
            nsg: nsg.to_owned(),
            arm_endpoint: arm_endpoint.to_owned(),
            cloud: plan.cloud.clone(),
            changes: changes.collect(),
        }
    }

    /// Reads a rollback file.
    ///
    /// # Errors
    /// [`PlanError`] with line and column, or the name that is none.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        check_schema(text, ROLLBACK)?;
        let rollback: Self = serde_json::from_str(text)?;
        for restore in &rollback.changes {
            check_numbered_name(&restore.name)?;
        }
        rollback.cloud()?;
        Ok(rollback)
    }

    /// Azure's cloud.
    ///
    /// # Errors
    /// [`PlanError::Cloud`], which [`Rollback::read`] gives too.
    pub fn cloud(&self) -> Result<Cloud, PlanError> {
        cloud(&self.cloud)
    }

    /// What puts it back: the other way round, last first.
    #[must_use]
    pub fn backwards(&self) -> Vec<Step> {
        let backwards = |restore: &Restore| Step {
            name: restore.name.clone(),
            before: restore.after.clone(),
            after: restore.before.clone(),
        };
        self.changes.iter().rev().map(backwards).collect()
    }
}
