//! The options that a file or the environment may give, taken from the command line's definition:
//! a new option needs nothing here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command};

use super::{OptionOrigin, did_you_mean};
use crate::cli::arguments::{self, CONFIGURED};
use crate::cli::recorded;

/// Options that change what may be done to Azure, with whose authority and how far; whoever can
/// write a file beside somebody's work does not give them.
const OF_COMMAND_LINE: [&str; 6] =
    ["adopt", "arm-endpoint", "config", "credential", "profile", "yes"];
const LIMITS: &str = "max-";
/// Those of them that say what is read, which variables do too.
pub(super) const OF_VARIABLES_TOO: [&str; 2] = ["config", "profile"];

/// Options that each command has for itself, so that what `check` writes is not overwritten by
/// another command. A file and the environment give those of `check`.
pub(super) const OF_CHECK: [&str; 2] = ["format", "output"];

/// An option with its value, and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct GivenOption {
    pub(super) name: String,
    pub(super) value: GivenValue,
    pub(super) origin: OptionOrigin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GivenValue {
    Flag(bool),
    Words(Vec<String>),
}

/// The options of all commands that are configured.
pub(super) struct KnownOptions {
    /// The command that runs.
    pub(super) leaf: Command,
    /// By their long names; of the command that runs, else of the first that has it.
    by_name: BTreeMap<String, KnownOption>,
}

struct KnownOption {
    argument: Arg,
    is_of_leaf: bool,
}

impl KnownOptions {
    /// `path` is the command that runs, as `rules emit`.
    pub(super) fn of(path: &str) -> Self {
        let mut program = arguments::command();
        program.build();
        let find = |path: &str| {
            let mut names = path.split(' ');
            names.try_fold(&program, |command, name| command.find_subcommand(name))
        };
        let leaf = find(path).cloned().unwrap_or_default();
        let mut by_name: BTreeMap<String, KnownOption> = BTreeMap::new();
        for of in CONFIGURED {
            for argument in find(of).into_iter().flat_map(Command::get_arguments) {
                let Some(long) = argument.get_long().filter(|long| *long != "help") else {
                    continue;
                };
                // `config show` has a format of its own.
                let is_own = OF_CHECK.contains(&long) && of != "check";
                let is_of_leaf = of == path && !is_own;
                if is_of_leaf || !(by_name.contains_key(long) || is_own) {
                    let argument = argument.clone();
                    by_name.insert(long.to_owned(), KnownOption { argument, is_of_leaf });
                }
            }
        }
        Self { leaf, by_name }
    }

    /// Those that may be given in a file or by a variable.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str).filter(|name| !is_of_command_line(name))
    }

    /// The names that stand on the command line only, of the command that runs.
    pub(super) fn reserved(&self) -> impl Iterator<Item = &str> {
        let of_leaf = self.by_name.iter().filter(|(_, known)| known.is_of_leaf);
        of_leaf.map(|(name, _)| name.as_str()).filter(|name| is_of_command_line(name))
    }

    /// The option as the command that runs has it; `None` where it has not.
    pub(super) fn of_leaf(&self, name: &str) -> Option<&Arg> {
        self.by_name.get(name).filter(|known| known.is_of_leaf).map(|known| &known.argument)
    }

    /// The option, of whatever command.
    #[cfg(test)]
    pub(super) fn argument(&self, name: &str) -> Option<&Arg> {
        self.by_name.get(name).map(|known| &known.argument)
    }

    /// Whether the option is given without a value.
    pub(super) fn is_flag(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|known| !takes_values(&known.argument))
    }

    /// Whether the option may be given more than once.
    pub(super) fn is_repeatable(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|known| is_repeatable(&known.argument))
    }

    /// Checks a key of a file.
    ///
    /// # Errors
    /// There is no such option, or it stands on the command line only.
    pub(super) fn check_name(&self, name: &str, place: &str) -> Result<()> {
        if OF_VARIABLES_TOO.contains(&name) && self.by_name.contains_key(name) {
            bail!(
                "{place}: {name} is given on the command line or by PATHPROOF_{}, as it says which \
                 file or profile is read: take it out here",
                name.to_uppercase()
            );
        }
        if is_of_command_line(name) && self.by_name.contains_key(name) {
            bail!(
                "{place}: {name} is given on the command line only, as --{name}: take it out here"
            );
        }
        if !self.by_name.contains_key(name) {
            bail!(
                "{place}: there is no option '{name}'{}",
                did_you_mean(name, self.names().chain(["profile", "module"]))
            );
        }
        Ok(())
    }

    /// Checks a value by the option's own parser.
    ///
    /// # Errors
    /// The value is none of the option's, or it is a secret.
    pub(super) fn check_value(&self, option: &GivenOption) -> Result<()> {
        let Some(known) = self.by_name.get(&option.name) else { return Ok(()) };
        let (name, place) = (&option.name, option.origin.place());
        let words = match (&option.value, takes_values(&known.argument)) {
            (GivenValue::Flag(_), false) => return Ok(()),
            (GivenValue::Flag(_), true) => {
                bail!("{place}: {name} takes a value, not true or false")
            }
            (GivenValue::Words(_), false) => bail!("{place}: {name} is either true or false"),
            (GivenValue::Words(words), true) => words,
        };
        if words.len() != 1 && !is_repeatable(&known.argument) {
            bail!("{place}: {name} takes one value, and {} are given", words.len());
        }
        for word in words {
            refuse_secret(option, word)?;
            if let Err(error) = parse(&known.argument, word) {
                bail!("{place}: {error}");
            }
        }
        Ok(())
    }
}

/// Refuses a secret where it would be read by others than its option.
fn refuse_secret(option: &GivenOption, word: &str) -> Result<()> {
    let (name, place) = (&option.name, option.origin.place());
    if recorded::holds_authentication_key(word) {
        bail!(
            "{place}: {name} holds an authentication key: write the key into a file of its own, \
             and give that file's name"
        );
    }
    if recorded::is_credentials(name, word) {
        bail!(
            "{place}: {name} holds credentials: write user:password into a file of its own, and \
             give that file's name"
        );
    }
    if !recorded::is_of_proxies(name) {
        if recorded::without_userinfo(word) != word {
            bail!("{place}: {name} holds a user name or password before the host: take it out");
        }
        return Ok(());
    }
    // A variable is as private as the process, as HTTPS_PROXY is.
    let is_in_file = !matches!(option.origin, OptionOrigin::Environment(_));
    if is_in_file && recorded::shown(name, word) != word {
        bail!(
            "{place}: {name} holds a password or a token: write user:password into a file of its \
             own and name that file by proxy-credentials, or give --{name} on the command line"
        );
    }
    Ok(())
}

/// Gives a word to an option's parser. The option stands alone here: which others it needs or
/// excludes is decided when all are known.
fn parse(argument: &Arg, word: &str) -> Result<(), String> {
    let long = argument.get_long().unwrap_or_default().to_owned();
    let parser: ValueParser = argument.get_value_parser().clone();
    let mut alone = Arg::new("value").long(long.clone()).value_parser(parser);
    if let Some(names) = argument.get_value_names() {
        alone = alone.value_names(names.to_vec());
    }
    let command = Command::new("pathproof").no_binary_name(true).disable_help_flag(true).arg(alone);
    match command.try_get_matches_from([format!("--{long}={word}")]) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
            Err(first.lines().map(str::trim).collect::<Vec<_>>().join(" "))
        }
    }
}

/// A relative name of a file counts from the folder of the file that gives it.
pub(super) fn placed(argument: &Arg, word: &str, folder: &Path) -> String {
    let is_file = argument.get_value_parser().type_id() == std::any::TypeId::of::<PathBuf>();
    // A list is an id or a file, and only files have a dot or a separator in their names.
    let is_list = argument.get_id() == "list" && word.contains(['.', '/', '\\']);
    if word == "-" || !(is_file || is_list) || folder.as_os_str().is_empty() {
        return word.to_owned();
    }
    folder.join(word).to_string_lossy().into_owned()
}

impl KnownOptions {
    /// A word of a file with its relative name counted from that file's folder.
    pub(super) fn placed(&self, name: &str, word: &str, folder: &Path) -> String {
        self.by_name
            .get(name)
            .map_or_else(|| word.to_owned(), |known| placed(&known.argument, word, folder))
    }
}

fn is_of_command_line(name: &str) -> bool {
    OF_COMMAND_LINE.contains(&name) || name.starts_with(LIMITS)
}

fn takes_values(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}

fn is_repeatable(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Append)
}
