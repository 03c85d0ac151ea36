//! The security rules of a group: read together, written one by one, so that nobody else's rule
//! is ever part of a request.

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::endpoint::GroupId;
use super::error::ArmError;
use super::exchange::{Client, Condition};
use super::resource;

/// The version of the API that is spoken: the one whose specification the tests read.
pub(super) const VERSION: &str = "2024-01-01";

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// Azure says it is done.
    Done,
    /// The version that was given is not the one that is there.
    Overtaken,
}

impl Client {
    /// The whole group, as Resource Manager shows it.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn group(&mut self, id: &GroupId) -> Result<Value, ArmError> {
        let url = self.url(&id.to_string(), VERSION)?;
        let what = format!("reading {}", id.name());
        let answer = self.get(url, &what).await?;
        if answer.body.is_object() {
            return Ok(answer.body);
        }
        Err(ArmError::Malformed { what, why: "no object".to_owned() })
    }

    /// One rule, where it is there.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn rule(&mut self, id: &GroupId, name: &str) -> Result<Option<Value>, ArmError> {
        let url = self.rule_url(id, name)?;
        match self.get(url, &format!("reading {name} of {}", id.name())).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(ArmError::Refused(error)) if error.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes one rule whole and waits until that is done. With `etag` only over that version;
    /// `is_new`: only where there is none.
    ///
    /// # Errors
    /// [`ArmError`]. It may have been written all the same where there was no answer or none that
    /// makes sense, where its end was not waited for, and with a status of 500 or above.
    pub async fn put_rule(
        &mut self,
        id: &GroupId,
        name: &str,
        properties: &Value,
        etag: Option<&str>,
        is_new: bool,
    ) -> Result<Wrote, ArmError> {
        let condition = match etag {
            Some(etag) => Condition::Match(etag),
            None if is_new => Condition::Absent,
            None => Condition::None,
        };
        let body = json!({"name": name, "properties": properties});
        self.write(Method::PUT, id, name, Some(&body), condition).await
    }

    /// Removes one rule and waits until that is done.
    ///
    /// # Errors
    /// As [`Client::put_rule`].
    pub async fn delete_rule(
        &mut self,
        id: &GroupId,
        name: &str,
        etag: Option<&str>,
    ) -> Result<Wrote, ArmError> {
        let condition = etag.map_or(Condition::None, Condition::Match);
        self.write(Method::DELETE, id, name, None, condition).await
    }

    async fn write(
        &mut self,
        method: Method,
        id: &GroupId,
        name: &str,
        body: Option<&Value>,
        condition: Condition<'_>,
    ) -> Result<Wrote, ArmError> {
        let url = self.rule_url(id, name)?;
        let verb = if method == Method::PUT { "writing" } else { "removing" };
        let what = format!("{verb} {name} of {}", id.name());
        match self.ask(&method, &url, body, condition, &what).await {
            Ok(answer) => self.finish(answer, &what).await.map(|()| Wrote::Done),
            Err(ArmError::Overtaken { .. }) => Ok(Wrote::Overtaken),
            Err(error) => Err(error),
        }
    }

    /// The place of a rule. Its name is one segment, whatever stands in it.
    fn rule_url(&self, id: &GroupId, name: &str) -> Result<Url, ArmError> {
        let name = resource::segment(name)?;
        self.url_of(
            &format!("{}/securityRules/{name}", resource::encoded(&id.to_string())),
            VERSION,
        )
    }

    /// The place of a resource by its id.
    pub(super) fn url(&self, id: &str, version: &str) -> Result<Url, ArmError> {
        self.url_of(&resource::encoded(id), version)
    }

    fn url_of(&self, path: &str, version: &str) -> Result<Url, ArmError> {
        let text = format!("{}?api-version={version}", self.endpoint.join(path));
        Url::parse(&text)
            .map_err(|error| ArmError::Malformed { what: text, why: error.to_string() })
    }
}
