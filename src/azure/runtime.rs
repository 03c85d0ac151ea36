//! What Azure reports of a runtime: its service URLs and its nodes.

use std::fmt;

use reqwest::Method;
use serde_json::Value;

use super::error::ArmError;
use super::exchange::{ArmClient, Precondition};
use super::resource;

/// The resource id of an integration runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeId {
    path: String,
    name: String,
    owner: RuntimeOwner,
}

/// Which service the runtime belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuntimeOwner {
    Factory,
    Workspace,
}

/// Why a text is no resource id of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no resource id of an integration runtime: expected /subscriptions/ID/resourceGroups/\
     GROUP/providers/Microsoft.DataFactory/factories/NAME/integrationRuntimes/NAME, or \
     Microsoft.Synapse/workspaces, as az datafactory integration-runtime show --query id prints it"
)]
pub struct RuntimeIdError(String);

impl RuntimeId {
    /// Reads a resource id, in any case: Azure's ids are compared without case.
    ///
    /// # Errors
    /// [`RuntimeIdError`] where the text is no id, or another resource's.
    pub fn parse(text: &str) -> Result<Self, RuntimeIdError> {
        let is_of = |owner: RuntimeOwner| {
            resource::names(text, owner.pattern()).map(|[_, _, _, name]| (owner, name))
        };
        let (owner, name) = is_of(RuntimeOwner::Factory)
            .or_else(|| is_of(RuntimeOwner::Workspace))
            .ok_or_else(|| RuntimeIdError(text.chars().take(200).collect()))?;
        Ok(Self { path: resource::path(text).to_owned(), name: name.to_owned(), owner })
    }
}

impl RuntimeOwner {
    const fn pattern(self) -> &'static str {
        match self {
            Self::Factory => {
                "/subscriptions/*/resourceGroups/*/providers/Microsoft.DataFactory/factories/*\
                 /integrationRuntimes/*"
            }
            Self::Workspace => {
                "/subscriptions/*/resourceGroups/*/providers/Microsoft.Synapse/workspaces/*\
                 /integrationRuntimes/*"
            }
        }
    }

    /// The version of the API (entityTypes of datafactory.json 2018-06-01, and
    /// integrationRuntime.json 2021-06-01).
    const fn version(self) -> &'static str {
        match self {
            Self::Factory => "2018-06-01",
            Self::Workspace => "2021-06-01",
        }
    }

    /// The right, as Microsoft's list of operations names it: for factories a read, although the
    /// request is a POST.
    const fn right(self) -> &'static str {
        match self {
            Self::Factory => {
                "the identity lacks a right: it needs \
                 Microsoft.DataFactory/factories/integrationruntimes/getstatus/read on the factory, \
                 which Reader has"
            }
            Self::Workspace => {
                "the identity lacks a right: it needs \
                 Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action on the workspace"
            }
        }
    }
}

impl fmt::Display for RuntimeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl ArmClient {
    /// Reads the status of a runtime. The request is a POST, and changes nothing.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn runtime_status(&mut self, id: &RuntimeId) -> Result<Value, ArmError> {
        let url = self.url(&format!("{id}/getStatus"), id.owner.version())?;
        let what = format!("reading the status of {}", id.name);
        let answer = self.ask(&Method::POST, &url, None, Precondition::None, &what).await;
        Ok(answer.map_err(|error| error.for_want_of(id.owner.right()))?.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_named_by_their_whole_id() {
        const ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.DataFactory/factories/contoso/integrationRuntimes/shir-1";
        let synapse = ID.replace("DataFactory/factories", "Synapse/workspaces");
        for (id, version) in [(ID, "2018-06-01"), (&synapse, "2021-06-01")] {
            let read = RuntimeId::parse(id).unwrap();
            assert_eq!((read.to_string().as_str(), read.owner.version()), (id, version));
            assert_eq!(RuntimeId::parse(&id.to_lowercase()).unwrap().name, "shir-1");
        }
        for wrong in [
            "shir-1",
            "",
            &ID.replace("factories", "workspaces"),
            &ID.replace("shir-1", ".."),
            &ID.replace("shir-1", "a?b"),
            &format!("{ID}/nodes"),
        ] {
            assert!(RuntimeId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
