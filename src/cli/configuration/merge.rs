//! What is added to a command line: the command line wins, then the environment, the profile, the
//! file. A repeatable option is replaced as a whole.

use std::ffi::OsString;

use clap::{Arg, ArgMatches};

use super::option::{GivenOption, GivenValue, KnownOptions};
use super::{OptionOrigin, is_on_command_line};

/// The options that are added, from the highest level down. One that the command has not, that
/// was overruled, or that cannot stand beside what a higher level says, is left out.
pub(super) fn added(
    known: &KnownOptions,
    parsed: &ArgMatches,
    given: &[GivenOption],
) -> Vec<GivenOption> {
    let on_command_line: Vec<&Arg> = known
        .leaf
        .get_arguments()
        .filter(|argument| is_on_command_line(parsed, argument.get_id().as_str()))
        .collect();
    let mut added: Vec<GivenOption> = Vec::new();
    // Higher levels stand behind lower ones.
    for option in given.iter().rev() {
        let Some(argument) = known.of_leaf(&option.name) else { continue };
        let is_overruled = on_command_line.iter().any(|other| other.get_id() == argument.get_id())
            || added.iter().any(|other| other.name == option.name);
        if is_overruled {
            continue;
        }
        let higher = added
            .iter()
            .filter(|other| level(&other.origin) > level(&option.origin) && says(&other.value))
            .filter_map(|other| known.of_leaf(&other.name));
        let mut above = on_command_line.iter().copied().chain(higher);
        if above.any(|other| exclude_each_other(known, argument, other)) {
            continue;
        }
        added.push(option.clone());
    }
    added
}

/// The command line with the options. They stand behind the given ones, and before what a `--`
/// makes into names.
pub(super) fn arguments(mut given: Vec<OsString>, added: &[GivenOption]) -> Vec<OsString> {
    let end = given.iter().position(|argument| argument == "--").unwrap_or(given.len());
    let words = added.iter().flat_map(|option| {
        let name = &option.name;
        match &option.value {
            GivenValue::Flag(false) => Vec::new(),
            GivenValue::Flag(true) => vec![format!("--{name}")],
            GivenValue::Words(words) => {
                words.iter().map(|word| format!("--{name}={word}")).collect()
            }
        }
    });
    let words: Vec<OsString> = words.map(OsString::from).collect();
    given.splice(end..end, words);
    given
}

fn says(value: &GivenValue) -> bool {
    match value {
        GivenValue::Flag(flag) => *flag,
        GivenValue::Words(words) => !words.is_empty(),
    }
}

fn level(origin: &OptionOrigin) -> u8 {
    match origin {
        OptionOrigin::Default => 0,
        OptionOrigin::File { .. } => 1,
        OptionOrigin::Profile { .. } => 2,
        OptionOrigin::Module { .. } => 3,
        OptionOrigin::Environment(_) => 4,
        OptionOrigin::CommandLine => 5,
    }
}

fn exclude_each_other(known: &KnownOptions, one: &Arg, other: &Arg) -> bool {
    let excludes = |one: &Arg, other: &Arg| {
        let excluded = known.leaf.get_arg_conflicts_with(one);
        excluded.iter().any(|argument| argument.get_id() == other.get_id())
    };
    excludes(one, other) || excludes(other, one)
}
