//! The security rules of a group: read together, written one by one, so that nobody else's rule
//! is ever part of a request.

use std::fmt;

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::error::ArmError;
use super::exchange::{ArmClient, Precondition};
use super::resource;

/// The version of the API: the one whose specification the tests read.
pub(super) const VERSION: &str = "2024-01-01";

/// The resource id of a network security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupId {
    subscription: String,
    resource_group: String,
    name: String,
}

/// Why a text is no resource id of a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no resource id of a network security group: expected \
     /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Network/networkSecurityGroups/NAME, \
     as az network nsg show --query id prints it"
)]
pub struct GroupIdError(String);

impl GroupId {
    /// Reads a resource id, in any case: Azure's ids are compared without case.
    ///
    /// # Errors
    /// [`GroupIdError`] where the text is no id, or another resource's.
    pub fn parse(text: &str) -> Result<Self, GroupIdError> {
        const PATTERN: &str =
            "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/networkSecurityGroups/*";
        let [subscription, resource_group, name] = resource::names(text, PATTERN)
            .ok_or_else(|| GroupIdError(text.chars().take(200).collect()))?;
        Ok(Self {
            subscription: subscription.to_owned(),
            resource_group: resource_group.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The group's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/networkSecurityGroups/{}",
            self.subscription, self.resource_group, self.name
        )
    }
}

/// How a write ended that Azure did not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteStatus {
    /// Azure says that it is done.
    Done,
    /// The rule is no longer of the version that was given.
    Overtaken,
}

impl ArmClient {
    /// Reads the whole group, as Resource Manager shows it.
    pub async fn group(&mut self, id: &GroupId) -> Result<Value, ArmError> {
        let url = self.url(&id.to_string(), VERSION)?;
        let what = format!("reading {}", id.name());
        let answer = self.get(url, &what).await?;
        if answer.body.is_object() {
            return Ok(answer.body);
        }
        Err(ArmError::Malformed { what, why: "no object".to_owned() })
    }

    /// Reads one rule; `None` where there is no rule of this name.
    pub async fn rule(&mut self, id: &GroupId, name: &str) -> Result<Option<Value>, ArmError> {
        let url = self.rule_url(id, name)?;
        match self.get(url, &format!("reading {name} of {}", id.name())).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(ArmError::Refused(error)) if error.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes one rule whole and waits until that is done. With `etag` it only replaces that
    /// version, and with `is_new` it only creates.
    ///
    /// # Errors
    /// [`ArmError`]. The rule may have been written all the same: where there was no response or a
    /// malformed one, where the operation did not finish in time, and with a status from 500 up.
    pub async fn put_rule(
        &mut self,
        id: &GroupId,
        name: &str,
        properties: &Value,
        etag: Option<&str>,
        is_new: bool,
    ) -> Result<WriteStatus, ArmError> {
        let condition = match etag {
            Some(etag) => Precondition::Match(etag),
            None if is_new => Precondition::Absent,
            None => Precondition::None,
        };
        let body = json!({"name": name, "properties": properties});
        self.write(Method::PUT, id, name, Some(&body), condition).await
    }

    /// Removes one rule and waits until that is done.
    ///
    /// # Errors
    /// As [`ArmClient::put_rule`].
    pub async fn delete_rule(
        &mut self,
        id: &GroupId,
        name: &str,
        etag: Option<&str>,
    ) -> Result<WriteStatus, ArmError> {
        let condition = etag.map_or(Precondition::None, Precondition::Match);
        self.write(Method::DELETE, id, name, None, condition).await
    }

    async fn write(
        &mut self,
        method: Method,
        id: &GroupId,
        name: &str,
        body: Option<&Value>,
        condition: Precondition<'_>,
    ) -> Result<WriteStatus, ArmError> {
        let url = self.rule_url(id, name)?;
        let verb = if method == Method::PUT { "writing" } else { "removing" };
        let what = format!("{verb} {name} of {}", id.name());
        match self.ask(&method, &url, body, condition, &what).await {
            Ok(answer) => self.finish(answer, &what).await.map(|()| WriteStatus::Done),
            Err(ArmError::Overtaken { .. }) => Ok(WriteStatus::Overtaken),
            Err(error) => Err(error),
        }
    }

    /// The URL of a rule. Its name becomes one segment, whatever characters it has.
    fn rule_url(&self, id: &GroupId, name: &str) -> Result<Url, ArmError> {
        let name = resource::segment(name)?;
        self.url_of(
            &format!("{}/securityRules/{name}", resource::encoded(&id.to_string())),
            VERSION,
        )
    }

    /// The URL of a resource.
    pub(super) fn url(&self, id: &str, version: &str) -> Result<Url, ArmError> {
        self.url_of(&resource::encoded(id), version)
    }

    fn url_of(&self, path: &str, version: &str) -> Result<Url, ArmError> {
        let text = format!("{}?api-version={version}", self.endpoint.join(path));
        Url::parse(&text)
            .map_err(|error| ArmError::Malformed { what: text, why: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_by_their_whole_id() {
        const ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg (1)/providers/Microsoft.Network/networkSecurityGroups/nsg-1";
        let id = ID.replace(" (1)", "(1)");
        assert_eq!(GroupId::parse(&id).unwrap().to_string(), id);
        assert_eq!(GroupId::parse(&id.to_lowercase()).unwrap().name(), "nsg-1");
        for wrong in [
            "nsg-1",
            "",
            ID,
            &id.replace("networkSecurityGroups", "virtualNetworks"),
            &format!("{id}/securityRules/x"),
            &id.replace("nsg-1", ".."),
            &id.replace("nsg-1", "a?b"),
        ] {
            assert!(GroupId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
