//! Reads and writes the rules of one group through Azure's client.

use std::time::Duration;

use crate::azure::{ArmClient, ArmError, GroupId, WriteStatus};
use crate::nsg_rules::{
    LiveError, LiveGroup, LiveRule, ResourceManager, RuleProperties, WriteCondition, WriteFate,
    WriteOutcome,
};

/// A group in Resource Manager.
pub(super) struct GroupClient<'a> {
    pub(super) client: &'a mut ArmClient,
    pub(super) id: &'a GroupId,
}

/// Why the group could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum GroupError {
    #[error(transparent)]
    Arm(#[from] ArmError),
    /// The response holds no group.
    #[error("Azure's answer for {name}: {error}")]
    Group { name: String, error: LiveError },
    /// The response holds no rule.
    #[error("Azure's answer for {name} has no {member}")]
    Rule { name: String, member: &'static str },
}

impl ResourceManager for GroupClient<'_> {
    type Error = GroupError;

    async fn group(&mut self) -> Result<LiveGroup, GroupError> {
        let group = self.client.group(self.id).await?;
        LiveGroup::read(&group)
            .map_err(|error| GroupError::Group { name: self.id.name().to_owned(), error })
    }

    async fn rule(&mut self, name: &str) -> Result<Option<LiveRule>, GroupError> {
        let rule = self.client.rule(self.id, name).await?;
        rule.map(|rule| LiveRule::read(&rule))
            .transpose()
            .map_err(|member| GroupError::Rule { name: name.to_owned(), member })
    }

    async fn put(
        &mut self,
        name: &str,
        properties: &RuleProperties,
        condition: WriteCondition<'_>,
    ) -> Result<WriteOutcome, GroupError> {
        let (version, is_new) = match condition {
            WriteCondition::None => (None, false),
            WriteCondition::Version(version) => (Some(version), false),
            WriteCondition::Absent => (None, true),
        };
        let json = properties.json();
        Ok(wrote(self.client.put_rule(self.id, name, json, version, is_new).await?))
    }

    async fn delete(
        &mut self,
        name: &str,
        condition: WriteCondition<'_>,
    ) -> Result<WriteOutcome, GroupError> {
        let version = match condition {
            WriteCondition::Version(version) => Some(version),
            WriteCondition::None | WriteCondition::Absent => None,
        };
        Ok(wrote(self.client.delete_rule(self.id, name, version).await?))
    }

    fn fate(error: &GroupError) -> WriteFate {
        let GroupError::Arm(error) = error else { return WriteFate::Unknown };
        match error {
            ArmError::Refused(error) if error.status >= 500 => WriteFate::Doubtful,
            // A write that was accepted ends with none of these: where its outcome cannot be read,
            // the error is `Unanswered`.
            ArmError::Refused(_)
            | ArmError::Failed { .. }
            | ArmError::Overtaken { .. }
            | ArmError::Untrusted { .. }
            | ArmError::Credential(_)
            | ArmError::Endpoint(_) => WriteFate::Refused,
            ArmError::Unanswered { .. }
            | ArmError::Malformed { .. }
            | ArmError::Unfinished { .. } => WriteFate::Unknown,
        }
    }

    async fn pause(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

const fn wrote(sent: WriteStatus) -> WriteOutcome {
    match sent {
        WriteStatus::Done => WriteOutcome::Done,
        WriteStatus::Overtaken => WriteOutcome::Overtaken,
    }
}
