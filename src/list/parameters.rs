//! The values for templates, from `--factory`, `--region`, `--workspace` and `--set`.

use std::collections::BTreeMap;

use super::pasted;
use super::pattern::is_word;
use crate::model::HostName;

/// The values of the parameters in templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    values: BTreeMap<String, String>,
    factory_host: Option<HostName>,
}

/// The reason why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The text of `--set` has no equals sign, or its key is no word.
    #[error("'{0}' is not KEY=VALUE with a key of lower-case letters, digits and hyphens")]
    Pair(String),
    #[error("'{0}' is no region: give a name as 'West Europe' or westeurope")]
    Region(String),
    #[error(
        "'{0}' is no name of a data factory: 3 to 63 letters, digits and hyphens, or its whole \
         host name as FACTORY.REGION.datafactory.azure.net"
    )]
    Factory(String),
    #[error(
        "'{0}' is no name of a Synapse workspace: 1 to 50 letters, digits and hyphens, or its \
         whole host name as WORKSPACE.dev.azuresynapse.net"
    )]
    Workspace(String),
    /// The value cannot be a part of a host name.
    #[error("'{value}' cannot be the value of '{key}': letters, digits and hyphens alone")]
    Value { key: String, value: String },
    #[error("'{key}' is given as '{first}' and as '{second}': give one")]
    Conflict { key: String, first: String, second: String },
}

impl Parameters {
    /// Sets a parameter to a value as people paste it. A `factory` may be a whole host name or URL,
    /// which gives the region too, a `workspace` one of its host names, and a `region` the text of
    /// the portal.
    ///
    /// # Errors
    /// [`ParameterError`] says which form is accepted.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ParameterError> {
        match key {
            "factory" => self.set_factory(value),
            "region" => self.put(key, region(value)?),
            "workspace" => self.put(key, workspace(value)?),
            _ if !is_word(key) => Err(ParameterError::Pair(short(key))),
            _ => {
                let value = pasted::trim(value).to_lowercase();
                if is_label(&value, 1..=63) {
                    return self.put(key, value);
                }
                Err(ParameterError::Value { key: key.to_owned(), value: short(&value) })
            }
        }
    }

    /// Sets a parameter by the text `KEY=VALUE`.
    ///
    /// # Errors
    /// The same as those of [`Parameters::set`].
    pub fn set_pair(&mut self, pair: &str) -> Result<(), ParameterError> {
        let (key, value) = pair.split_once('=').ok_or_else(|| ParameterError::Pair(short(pair)))?;
        self.set(key.trim(), value)
    }

    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The names of the parameters that have a value.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The factory's whole host name, where it was given as one.
    #[must_use]
    pub fn factory_host(&self) -> Option<&HostName> {
        self.factory_host.as_ref()
    }

    fn set_factory(&mut self, given: &str) -> Result<(), ParameterError> {
        let wrong = || ParameterError::Factory(short(pasted::trim(given)));
        let host = pasted::split(given).map_err(|_| wrong())?.host;
        let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
        let labels: Vec<&str> = host.split('.').filter(|label| *label != "privatelink").collect();
        let (name, in_region) = match labels.as_slice() {
            [name] => (*name, None),
            [name, in_region, "datafactory", "azure", "net" | "us" | "cn"] => {
                (*name, Some(*in_region))
            }
            _ => return Err(wrong()),
        };
        if !is_label(name, 3..=63) {
            return Err(wrong());
        }
        if let Some(in_region) = in_region {
            self.put("region", region(in_region)?)?;
            self.factory_host = HostName::parse(&labels.join(".")).ok();
        }
        self.put("factory", name.to_owned())
    }

    fn put(&mut self, key: &str, value: String) -> Result<(), ParameterError> {
        match self.values.get(key) {
            Some(first) if *first != value => Err(ParameterError::Conflict {
                key: key.to_owned(),
                first: first.clone(),
                second: value,
            }),
            _ => {
                self.values.insert(key.to_owned(), value);
                Ok(())
            }
        }
    }
}

/// The form of a region's name in host names: `westeurope` for `West Europe`, and for `(Europe)
/// West Europe` as the portal shows it.
///
/// # Errors
/// [`ParameterError::Region`].
pub fn region(given: &str) -> Result<String, ParameterError> {
    let trimmed = pasted::trim(given);
    let display = match trimmed.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, name)) => name,
        None => trimmed,
    };
    let name: String = display.chars().filter(|c| !c.is_whitespace()).collect();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 63
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_name {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(ParameterError::Region(short(trimmed)))
    }
}

fn workspace(given: &str) -> Result<String, ParameterError> {
    let wrong = || ParameterError::Workspace(short(pasted::trim(given)));
    let host = pasted::split(given).map_err(|_| wrong())?.host;
    let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
    let name = match host.split('.').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        [name, "sql", "azuresynapse", ..] => name.strip_suffix("-ondemand").unwrap_or(name),
        [name, "dev", "azuresynapse", ..] => *name,
        _ => return Err(wrong()),
    };
    if is_label(name, 1..=50) { Ok(name.to_owned()) } else { Err(wrong()) }
}

/// Whether a text has only letters, digits and hyphens, with no hyphen at either end.
fn is_label(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_taken_as_the_portal_shows_them() {
        for (given, expected) in [
            ("West Europe", Some("westeurope")),
            ("westeurope", Some("westeurope")),
            (" (Europe) West Europe ", Some("westeurope")),
            ("East US 2 EUAP", Some("eastus2euap")),
            ("China\u{a0}North 2", Some("chinanorth2")),
            ("west-europe", None),
            ("west.europe", None),
            ("2", None),
            ("", None),
            ("()", None),
        ] {
            assert_eq!(region(given).ok().as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn factories_may_be_pasted_whole() {
        for (given, factory, in_region) in [
            ("MyFactory", "myfactory", None),
            (
                "https://myfactory.westeurope.datafactory.azure.net/",
                "myfactory",
                Some("westeurope"),
            ),
            ("myfactory.usgovvirginia.datafactory.azure.us.", "myfactory", Some("usgovvirginia")),
            ("a-b.eastus.privatelink.datafactory.azure.net", "a-b", Some("eastus")),
        ] {
            let mut parameters = Parameters::default();
            parameters.set("factory", given).unwrap();
            assert_eq!(parameters.value("factory"), Some(factory), "{given}");
            assert_eq!(parameters.value("region"), in_region, "{given}");
            assert_eq!(parameters.factory_host().is_some(), in_region.is_some(), "{given}");
        }
        for given in [
            "my factory",
            "my.factory",
            "-my",
            "my-",
            "ab",
            "a_b",
            "",
            "fäctory",
            "x.datafactory.azure.net",
            "a.b.c.datafactory.azure.net",
            "https://me:x@abc",
        ] {
            let error = Parameters::default().set("factory", given).unwrap_err();
            assert!(matches!(error, ParameterError::Factory(_)), "{given}: {error}");
        }
    }

    #[test]
    fn workspaces_may_be_pasted_whole() {
        for (given, expected) in [
            ("Synapse-test", Some("synapse-test")),
            ("https://ws.dev.azuresynapse.net/", Some("ws")),
            ("ws-ondemand.sql.azuresynapse.net", Some("ws")),
            ("ws.sql.azuresynapse.usgovcloudapi.net", Some("ws")),
            ("ws.contoso.com", None),
            ("w s", None),
        ] {
            let mut parameters = Parameters::default();
            assert_eq!(parameters.set("workspace", given).is_ok(), expected.is_some(), "{given}");
            assert_eq!(parameters.value("workspace"), expected, "{given}");
        }
    }

    #[test]
    fn pairs_are_checked() {
        let mut parameters = Parameters::default();
        parameters.set_pair("vault= MyVault ").unwrap();
        parameters.set_pair("region=West Europe").unwrap();
        assert_eq!(parameters.value("vault"), Some("myvault"));
        assert_eq!(parameters.value("region"), Some("westeurope"));
        for (pair, expected) in [
            ("vault", "'vault' is not KEY=VALUE"),
            ("Va ult=x", "'Va ult' is not KEY=VALUE"),
            ("account=a.b", "'a.b' cannot be the value of 'account'"),
            ("account=", "'' cannot be the value"),
            ("vault=other", "'vault' is given as 'myvault' and as 'other'"),
            ("factory=myfactory.eastus.datafactory.azure.net", "'region' is given as 'westeurope'"),
        ] {
            let error = parameters.set_pair(pair).unwrap_err().to_string();
            assert!(error.contains(expected), "{pair}: {error}");
        }
    }
}
