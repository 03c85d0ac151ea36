//! `completions`: scripts by which shells complete this program's command lines.
//!
//! Some options take more than a closed set of words, as `--list` takes an id or a file. For the
//! parser they are open; a completion offers the words that are known.

use std::collections::BTreeSet;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;

use super::arguments::{self, CompletionsArgs};
use super::exit::Exit;
use super::output;
use crate::list::{self, ListEntry};
use crate::model::{Cause, Cloud};
use crate::tags;

pub(super) fn completions(command: &CompletionsArgs) -> Result<Exit> {
    let shell = Shell::from_str(&command.shell).map_err(|error| anyhow!("{error}"))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_words(arguments::command()), "pathproof", &mut script);
    output::write(None, |out| out.write_all(&script))?;
    Ok(Exit::Satisfied)
}

/// Puts the words that are known into every open option.
fn with_words(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|argument| completed(argument, &name)).mut_subcommands(with_words)
}

fn completed(argument: Arg, command: &str) -> Arg {
    let words = match (argument.get_id().as_str(), command) {
        ("list", _) if argument.get_action().takes_values() => lists(),
        ("id", "show") => lists(),
        ("region" | "location", _) => regions(),
        ("with", _) => of_entries(|entry| entry.group.clone()),
        ("only", "diff") => BTreeSet::new(),
        ("only" | "skip" | "private", _) if command != "lint" => {
            of_entries(|entry| Some(entry.id.clone()))
        }
        ("text", "explain") => Cause::ALL.iter().map(|cause| cause.code().to_owned()).collect(),
        _ => BTreeSet::new(),
    };
    if !words.is_empty() {
        return argument.value_parser(PossibleValuesParser::new(words));
    }
    // Without a hint a shell would offer files, where no file can be meant.
    let takes_value = argument.get_action().takes_values();
    match argument.get_value_hint() {
        ValueHint::Unknown if takes_value => argument.value_hint(ValueHint::Other),
        _ => argument,
    }
}

fn lists() -> BTreeSet<String> {
    list::embedded().iter().map(|embedded| embedded.id.to_owned()).collect()
}

fn regions() -> BTreeSet<String> {
    Cloud::ALL.into_iter().flat_map(tags::regions).map(str::to_owned).collect()
}

fn of_entries(word: impl Fn(&ListEntry) -> Option<String>) -> BTreeSet<String> {
    let lists = list::embedded().iter().map(list::EmbeddedList::list);
    lists.flat_map(|list| list.entries).filter_map(|entry| word(&entry)).collect()
}
