//! The file that undoes a plan: `pathproof.rollback/1`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::apply::RuleStep;
use super::document::{PlanError, RulePlan, ToolVersion, check_numbered_name, check_schema, cloud};
use super::rule::RuleProperties;
use crate::model::Cloud;

const ROLLBACK: &str = "pathproof.rollback/1";

/// The rules as they were before a plan was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollbackDocument {
    pub schema: String,
    pub tool: ToolVersion,
    /// When it was made: RFC 3339, UTC.
    pub made_at: String,
    /// The group's resource id.
    pub nsg: String,
    /// The URL of Resource Manager.
    pub arm_endpoint: String,
    /// The cloud that the group is in.
    pub cloud: String,
    /// The changes that the plan makes, in its order.
    pub changes: Vec<Restore>,
}

/// One rule before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restore {
    pub name: String,
    /// The properties before; `None` for a rule that the plan creates.
    pub before: Option<RuleProperties>,
    /// The properties after; `None` for a rule that the plan deletes.
    pub after: Option<RuleProperties>,
}

impl RollbackDocument {
    /// The file that undoes `plan`.
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
    /// [`PlanError`] with line and column, or with the value that is refused.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        check_schema(text, ROLLBACK)?;
        let rollback: Self = serde_json::from_str(text)?;
        for restore in &rollback.changes {
            check_numbered_name(&restore.name)?;
        }
        rollback.cloud()?;
        Ok(rollback)
    }

    /// The cloud that the group is in.
    ///
    /// # Errors
    /// [`PlanError::Cloud`], which [`RollbackDocument::read`] gives too.
    pub fn cloud(&self) -> Result<Cloud, PlanError> {
        cloud(&self.cloud)
    }

    /// The steps that undo the plan: each change reversed, the last one first.
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
