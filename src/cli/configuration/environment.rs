//! Options by variables: `PATHPROOF_SERVICE_URLS` is `--service-urls`.

use anyhow::{Result, bail};

use super::OptionOrigin;
use super::option::{GivenOption, GivenValue, KnownOptions, OF_VARIABLES_TOO};

/// The options that variables give. Variables that are no option's are others'
/// (`PATHPROOF_ACCESS_TOKEN`), and an empty one says nothing.
///
/// # Errors
/// A value is not the option's, or the option stands on the command line only.
pub(super) fn options(known: &KnownOptions) -> Result<Vec<GivenOption>> {
    let reserved = known.reserved().filter(|name| !OF_VARIABLES_TOO.contains(name));
    for name in reserved {
        let variable = variable(name);
        if value(&variable).is_some() {
            bail!("{variable}: --{name} is given on the command line only: unset the variable");
        }
    }
    let mut options = Vec::new();
    for name in known.names() {
        let variable = variable(name);
        let Some(text) = value(&variable) else { continue };
        let value = match text.trim() {
            "true" if known.is_flag(name) => GivenValue::Flag(true),
            "false" if known.is_flag(name) => GivenValue::Flag(false),
            text if known.is_repeatable(name) => {
                GivenValue::Words(text.split(',').map(|word| word.trim().to_owned()).collect())
            }
            text => GivenValue::Words(vec![text.to_owned()]),
        };
        let origin = OptionOrigin::Environment(variable);
        let option = GivenOption { name: name.to_owned(), value, origin };
        known.check_value(&option)?;
        options.push(option);
    }
    Ok(options)
}

/// The value of a variable that says something.
pub(super) fn value(variable: &str) -> Option<String> {
    let value = std::env::var_os(variable)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.is_empty())
}

fn variable(name: &str) -> String {
    format!("PATHPROOF_{}", name.replace('-', "_").to_uppercase())
}
