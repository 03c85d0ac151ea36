//! What was there before a plan was applied: `pathproof.rollback/1`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::apply::RuleStep;
use super::document::{PlanError, RulePlan, ToolVersion, check_numbered_name, check_schema, cloud};
use super::rule::RuleProperties;
use crate::model::Cloud;

const ROLLBACK: &str = "pathproof.rollback/1";

/// What was there before a plan was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollbackDocument {
    /// `pathproof.rollback/1`.
    pub schema: String,
    /// What wrote it.
    pub tool: ToolVersion,
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
    pub before: Option<RuleProperties>,
    /// Its properties after; `None` where it went.
    pub after: Option<RuleProperties>,
}

impl RollbackDocument {
    /// What puts back what was there when `plan` was made.
    #[must_use]
    pub fn of(plan: &RulePlan, nsg: &str, arm_endpoint: &str, now: Timestamp) -> Self {
        let changes = plan.changes.iter().map(|change| Restore {
            name: change.name.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        });
        Self {
            schema: ROLLBACK.to_owned(),
            tool: ToolVersion::this(),
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
    /// [`PlanError::Cloud`], which [`RollbackDocument::read`] gives too.
    pub fn cloud(&self) -> Result<Cloud, PlanError> {
        cloud(&self.cloud)
    }

    /// What puts it back: the other way round, last first.
    #[must_use]
    pub fn backwards(&self) -> Vec<RuleStep> {
        let backwards = |restore: &Restore| RuleStep {
            name: restore.name.clone(),
            before: restore.after.clone(),
            after: restore.before.clone(),
        };
        self.changes.iter().rev().map(backwards).collect()
    }
}
