//! The modules of `serve`: tables with the options of `check`, how often, and for whom.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::FromArgMatches;

use super::file::OptionFile;
use super::option::{GivenOption, GivenValue, KnownOptions};
use super::{did_you_mean, leaf, merge};
use crate::cli::arguments::{self, Arguments, CheckArgs, Command};
use crate::cli::duration;
use crate::exporter::AllowList;

/// How often a module is measured without being asked.
const EVERY: &str = "every";
/// What it may be asked for.
pub(super) const ALLOW: &str = "allow";
pub(super) const ALLOW_TAKES: &str =
    "allow takes a list of names, as [\"*.servicebus.windows.net\"]";
/// Options of `check` that say where a report goes, whose it is, or what it is held against. The
/// exporter's answer to each request is a report of its own, which says what was measured.
const OF_REPORTS: [&str; 17] = [
    "asg",
    "baseline",
    "color",
    "discover",
    "events",
    "expect",
    "format",
    "group",
    "in-a-row",
    "output",
    "owner",
    "quiet",
    "redact",
    "redact-key",
    "save-records",
    "verbose",
    "vnet",
];
/// What the only module is called where a file has none.
const ONLY: &str = "default";

/// A module with everything that holds for it.
#[derive(Debug)]
pub(in crate::cli) struct ModuleOptions {
    pub(in crate::cli) name: String,
    /// As the command line of `check` that does the same.
    pub(in crate::cli) arguments: Vec<OsString>,
    pub(in crate::cli) check: CheckArgs,
    pub(in crate::cli) every: Option<Duration>,
    /// What stands in the file; without it, the names of the module's own list.
    pub(in crate::cli) allow: Option<AllowList>,
    /// Where `allow` stands, or could.
    pub(in crate::cli) allowed_by: String,
}

/// Checks what the modules of a file say.
///
/// # Errors
/// The first option that a module cannot have, or whose value is none.
pub(super) fn check(modules: &[(String, Vec<GivenOption>)]) -> Result<()> {
    if modules.is_empty() {
        return Ok(());
    }
    let known = KnownOptions::of("check");
    for (name, options) in modules {
        check_name(name, options)?;
        for option in options {
            check_option(option, &known)?;
        }
    }
    Ok(())
}

/// Whether a module may have this option of `check`.
#[cfg(test)]
pub(super) fn may_hold(name: &str, known: &KnownOptions) -> bool {
    known.of_leaf(name).is_some() && !OF_REPORTS.contains(&name)
}

/// A name stands in paths and in labels.
fn check_name(name: &str, options: &[GivenOption]) -> Result<()> {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(may_stand) {
        let place = options.first().map_or_else(String::new, |one| one.origin.place() + ": ");
        bail!(
            "{place}'{name}' is no name of a module: write letters, digits, hyphens, underscores \
             and dots"
        );
    }
    Ok(())
}

fn check_option(option: &GivenOption, known: &KnownOptions) -> Result<()> {
    let (name, place) = (&*option.name, option.origin.place());
    match name {
        EVERY => {
            every(option)?;
            return Ok(());
        }
        ALLOW => {
            allow(option)?;
            return Ok(());
        }
        _ => {}
    }
    if OF_REPORTS.contains(&name) {
        bail!("{place}: {name} has no meaning in a module: take it out");
    }
    known.check_name(name, &place)?;
    if known.of_leaf(name).is_none() {
        let names = known.names().filter(|one| known.of_leaf(one).is_some());
        bail!(
            "{place}: {name} is no option of check, whose options a module takes{}",
            did_you_mean(name, names.chain([EVERY, ALLOW]))
        );
    }
    if option.value == GivenValue::Words(vec!["-".to_owned()]) {
        bail!("{place}: {name} cannot read standard input here: name a file");
    }
    known.check_value(option)
}

fn every(option: &GivenOption) -> Result<Duration> {
    let place = option.origin.place();
    let GivenValue::Words(words) = &option.value else {
        bail!("{place}: every takes a duration, as \"1m\"");
    };
    let [word] = &words[..] else { bail!("{place}: every takes one duration, as \"1m\"") };
    duration::parse(word).map_err(|error| anyhow::anyhow!("{place}: every: {error}"))
}

fn allow(option: &GivenOption) -> Result<AllowList> {
    let place = option.origin.place();
    let GivenValue::Words(words) = &option.value else {
        bail!("{place}: {ALLOW_TAKES}");
    };
    AllowList::parse(words).with_context(|| format!("{place}: allow"))
}

/// The modules of a file; where it has none, one that is called `default` and takes what the file
/// says for all.
///
/// # Errors
/// What holds for a module is no command line of `check`.
pub(super) fn modules(
    file: Option<&OptionFile>,
    common: &[GivenOption],
    variables: &[GivenOption],
    known: &KnownOptions,
) -> Result<Vec<ModuleOptions>> {
    let own = file.map(OptionFile::modules).unwrap_or_default();
    if own.is_empty() {
        let shown = file.map_or_else(|| "a file for --config".to_owned(), OptionFile::shown);
        let given = [common, variables].concat();
        return Ok(vec![module(ONLY, &given, &shown, known)?]);
    }
    let mut modules = Vec::new();
    for (name, options) in own {
        let mut options = options.clone();
        if let Some(file) = file {
            file.place(&mut options, known);
        }
        let given = [common, &options, variables].concat();
        let shown = file.map(OptionFile::shown).unwrap_or_default();
        modules.push(module(name, &given, &shown, known)?);
    }
    Ok(modules)
}

fn module(
    name: &str,
    given: &[GivenOption],
    file: &str,
    known: &KnownOptions,
) -> Result<ModuleOptions> {
    let of = |wanted: &str| given.iter().rev().find(|option| option.name == wanted);
    let of_check = |option: &&GivenOption| !OF_REPORTS.contains(&&*option.name);
    let given_to_check: Vec<GivenOption> = given.iter().filter(of_check).cloned().collect();
    let words = || ["pathproof", "check"].map(OsString::from).to_vec();
    let bare = arguments::command().try_get_matches_from(words())?;
    let (_, bare) = leaf(&bare);
    let mut arguments = merge::arguments(words(), &merge::added(known, bare, &given_to_check));
    // Only `check`, `watch` and `agent status` look for the runtime on this host.
    arguments.push(OsString::from("--discover=no"));
    let understood = arguments::command()
        .try_get_matches_from(&arguments)
        .and_then(|given| Arguments::from_arg_matches(&given));
    let parsed = match understood {
        Ok(parsed) => parsed,
        Err(error) => {
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
            bail!("{file}: [module.{name}]: {}", first.trim_start_matches("error: "));
        }
    };
    let Command::Check(check) = parsed.command else { bail!("{file}: [module.{name}]") };
    let allowed_by = match of(ALLOW) {
        Some(option) => format!("allow ({})", option.origin.place()),
        None => format!("Without allow in [module.{name}] of {file}, the module's own list"),
    };
    Ok(ModuleOptions {
        name: name.to_owned(),
        arguments,
        check: *check,
        every: of(EVERY).filter(|option| is_of_module(option)).map(every).transpose()?,
        allow: of(ALLOW).map(allow).transpose()?,
        allowed_by,
    })
}

/// `every` of a file's head is that of `watch`.
fn is_of_module(option: &GivenOption) -> bool {
    matches!(option.origin, super::OptionOrigin::Module { .. })
}
