//! Options that do not stand on the command line: those of a configuration file, of a profile in
//! it, and of the environment. They become arguments before clap reads the command line, so that
//! one parser judges all of them and no command knows where an option came from.
//!
//! ```text
//! place ──► file ──► profile ─┐
//! environment ────────────────┼─ merge ──► arguments, and the origin of each
//! command line ───────────────┘
//! ```

mod environment;
mod file;
mod merge;
mod module;
mod option;
mod place;
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the committed schema is read, and written anew")]
mod schema;
mod show;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ArgMatches;
use clap::parser::ValueSource;

use super::arguments::{self, CONFIGURED};
use super::hint;
use crate::list;
use file::OptionFile;
pub(super) use module::ModuleOptions;
use option::{GivenOption, GivenValue, KnownOptions};
pub(super) use show::{schema, show};

/// Where the value of an option comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum OptionOrigin {
    Default,
    File { file: String, line: usize },
    Profile { name: String, file: String, line: usize },
    Module { name: String, file: String, line: usize },
    Environment(String),
    CommandLine,
}

/// In the words of `config show`.
impl fmt::Display for OptionOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Profile { name, .. } => write!(f, "profile {name}"),
            Self::Module { name, .. } => write!(f, "module {name}"),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::CommandLine => write!(f, "command line"),
        }
    }
}

impl OptionOrigin {
    /// Where it can be changed, for errors.
    fn place(&self) -> String {
        match self {
            Self::Profile { file, line, .. } | Self::Module { file, line, .. } => {
                format!("{file}:{line}")
            }
            _ => self.to_string(),
        }
    }
}

/// The command line, completed.
#[derive(Debug)]
pub(super) struct ConfiguredArguments {
    /// What is parsed: the given arguments, and those that were added.
    pub(super) arguments: Vec<OsString>,
    /// What was added, for the command that runs.
    added: Vec<GivenOption>,
    /// All that the file and the environment say, for whatever command.
    given: Vec<GivenOption>,
    /// What should be known of how the file was found.
    notes: Vec<String>,
    /// Which file and profile these are from.
    selected: Selected,
}

impl ConfiguredArguments {
    /// Completes a command line. One that is not understood, or that asks for help, stays as it
    /// is: the parser answers it.
    ///
    /// # Errors
    /// A file cannot be read, or it or the environment says something that is no option's value.
    pub(super) fn of(arguments: Vec<OsString>) -> Result<Self> {
        let untouched = |arguments| Self {
            arguments,
            added: Vec::new(),
            given: Vec::new(),
            notes: Vec::new(),
            selected: Selected::default(),
        };
        let mut command = arguments::command().ignore_errors(true);
        let Ok(parsed) = command.try_get_matches_from_mut(&arguments) else {
            return Ok(untouched(arguments));
        };
        let (path, parsed) = leaf(&parsed);
        if !CONFIGURED.contains(&path.as_str()) {
            return Ok(untouched(arguments));
        }
        let known = KnownOptions::of(&path);
        let variables = environment::options(&known)?;
        let selected = Selected::of(parsed);
        let mut notes = Vec::new();
        let file = selected.read(&mut notes)?;
        let mut given = selected.options(file.as_ref(), &known)?;
        given.extend(variables);
        let added = merge::added(&known, parsed, &given);
        let arguments = merge::arguments(arguments, &added);
        Ok(Self { arguments, added, given, notes, selected })
    }

    /// Says which file was found, or why it was passed over.
    pub(super) fn announce(&self) {
        for note in &self.notes {
            hint::hint(note);
        }
    }

    /// Says of the options that an error names where they come from.
    pub(super) fn explain(&self, error: &str) {
        for option in &self.added {
            let named = format!("--{}", option.name);
            let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
            let mut parts = error.split(&named).skip(1);
            if parts.any(|behind| behind.is_empty() || behind.starts_with(ends)) {
                hint::hint(&format!("{named} is not on the command line: {}", from(option)));
            }
        }
    }

    /// Where options come from that do not stand on the command line.
    pub(super) const fn selected(&self) -> &Selected {
        &self.selected
    }

    /// The origin of an option that was added.
    fn origin(&self, name: &str) -> Option<&OptionOrigin> {
        self.added.iter().find(|option| option.name == name).map(|option| &option.origin)
    }
}

fn from(option: &GivenOption) -> String {
    match &option.origin {
        OptionOrigin::Environment(variable) if is_one_word_with_blanks(&option.value) => {
            format!("the variable {variable} gives it; commas separate several values there")
        }
        OptionOrigin::Environment(variable) => format!("the variable {variable} gives it"),
        origin => format!("it comes from {}", origin.place()),
    }
}

/// Whether somebody may have meant several values.
fn is_one_word_with_blanks(value: &GivenValue) -> bool {
    match value {
        GivenValue::Words(words) => words.len() == 1 && words[0].contains(' '),
        GivenValue::Flag(_) => false,
    }
}

/// Which file and which of its profiles are meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Selected {
    file: Option<PathBuf>,
    profile: Option<String>,
}

impl Selected {
    fn of(parsed: &ArgMatches) -> Self {
        let file = parsed.get_one::<PathBuf>("config").cloned();
        let profile = parsed.get_one::<String>("profile").cloned();
        Self {
            file: file.or_else(|| environment::value("PATHPROOF_CONFIG").map(PathBuf::from)),
            profile: profile.or_else(|| environment::value("PATHPROOF_PROFILE")),
        }
    }

    /// The file that is meant. `notes` get what should be said of how it was found.
    fn read(&self, notes: &mut Vec<String>) -> Result<Option<OptionFile>> {
        match &self.file {
            Some(path) => OptionFile::read(path).map(Some),
            None => place::default_file(notes),
        }
    }

    /// What the file says, its profile behind the rest.
    fn options(&self, file: Option<&OptionFile>, known: &KnownOptions) -> Result<Vec<GivenOption>> {
        match (file, &self.profile) {
            (Some(file), profile) => {
                file.check(known)?;
                file.options(profile.as_deref(), known)
            }
            (None, Some(name)) => bail!(
                "--profile {name}: there is no configuration file that could hold it; name one by \
                 --config FILE"
            ),
            (None, None) => Ok(Vec::new()),
        }
    }

    /// The modules of `serve` as the file says now, each with what it says for all of them.
    ///
    /// # Errors
    /// The file cannot be read, or it or the environment says something that is no option's value.
    pub(super) fn modules(&self) -> Result<Vec<ModuleOptions>> {
        let known = KnownOptions::of("check");
        let variables = environment::options(&known)?;
        let file = self.read(&mut Vec::new())?;
        let common = self.options(file.as_ref(), &known)?;
        module::modules(file.as_ref(), &common, &variables, &known)
    }
}

/// The command that runs, as `rules emit`, and its own matches.
fn leaf(matches: &ArgMatches) -> (String, &ArgMatches) {
    let (mut path, mut matches) = (String::new(), matches);
    while let Some((name, inner)) = matches.subcommand() {
        path = format!("{path} {name}");
        matches = inner;
    }
    (path.trim_start().to_owned(), matches)
}

fn is_on_command_line(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// `; did you mean this?`, where a known word is near.
fn did_you_mean<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    list::nearest(given, known).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}
