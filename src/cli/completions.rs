//! `completions`: scripts by which shells complete this program's command lines.
//!
//! Some options take more than a closed set of words, as `--list` takes an id or a file. For the
//! parser they are open; a completion offers the words that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow};
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;

use super::arguments::{self, CompletionsArgs};
use super::exit::Exit;
use super::output;
use crate::list::{self, ListEntry};
use crate::model::{Cause, Cloud};
use crate::tags;

const PROGRAM: &str = "pathproof";

pub(super) fn completions(command: &CompletionsArgs) -> Result<Exit> {
    let shell = Shell::from_str(&command.shell).map_err(|error| anyhow!("{error}"))?;
    let mut program = with_words(arguments::command());
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, PROGRAM, &mut script);
    let script = String::from_utf8(script)?;
    let script = match shell {
        Shell::PowerShell => with_words_of_powershell(&script, &program)?,
        Shell::Fish => with_files_of_fish(&script, &program) + &words_of_fish(&program),
        Shell::Zsh => with_files_of_zsh(&script)?,
        _ => script,
    };
    output::write(None, |out| out.write_all(script.as_bytes()))?;
    Ok(Exit::Satisfied)
}

/// Adds what clap's script for PowerShell lacks: the words that an option or a command takes, by
/// the command and the word before.
fn with_words_of_powershell(script: &str, program: &Command) -> Result<String> {
    const BEFORE: &str = "    $completions = @(switch ($command) {";
    let mut words = BTreeMap::new();
    collect_words(program, PROGRAM, &mut words);
    let mut table = String::from("    $words = @{\n");
    for (place, known) in words {
        writeln!(table, "        '{place}' = '{known}'")?;
    }
    table.push_str(
        r#"    }
    $end = $cursorPosition - $wordToComplete.Length
    $before = $commandElements.Where({ $_.Extent.EndOffset -lt $end }, 'Last', 1)
    $known = $words["$command $before"]
    if ($known) {
        return @($known -split ' ').Where({ $_ -like "$wordToComplete*" }).ForEach({
            [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
        })
    }

"#,
    );
    let (head, tail) = script.split_once(BEFORE).context("clap's script has another form")?;
    Ok(format!("{head}{table}{BEFORE}{tail}"))
}

/// The words of each option and of each command, by `COMMAND;SUBCOMMAND WORD BEFORE`. Keys are
/// alike for PowerShell where they differ in case alone, so that no short name in capitals has one.
fn collect_words(command: &Command, path: &str, words: &mut BTreeMap<String, String>) {
    for argument in command.get_arguments() {
        let known = known_words(argument);
        let before = match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => command.get_name().to_owned(),
        };
        if !known.is_empty() {
            words.insert(format!("{path} {before}"), known);
            if let Some(short) = argument.get_short().filter(char::is_ascii_lowercase) {
                words.insert(format!("{path} -{short}"), known_words(argument));
            }
        }
    }
    for below in command.get_subcommands() {
        collect_words(below, &format!("{path};{}", below.get_name()), words);
    }
}

fn known_words(argument: &Arg) -> String {
    if !argument.get_action().takes_values() {
        return String::new();
    }
    let values = argument.get_possible_values();
    let shown = values.iter().filter(|value| !value.is_hide_set());
    shown.map(clap::builder::PossibleValue::get_name).collect::<Vec<_>>().join(" ")
}

/// Whether a file may stand in the place of the words that are known.
fn is_word_or_file(argument: &Arg) -> bool {
    // No hint tells them: with that of files clap's script for bash takes all words for one.
    matches!(argument.get_id().as_str(), "list" | "id") && !known_words(argument).is_empty()
}

/// Lets files stand beside words in clap's script for fish, which takes words for all there is.
fn with_files_of_fish(script: &str, program: &Command) -> String {
    let commands = program
        .get_subcommands()
        .flat_map(|command| std::iter::once(command).chain(command.get_subcommands()));
    let open: BTreeSet<String> = commands
        .flat_map(Command::get_arguments)
        .filter(|argument| is_word_or_file(argument))
        .filter_map(|argument| Some(format!(" -l {} ", argument.get_long()?)))
        .collect();
    let mut changed = String::with_capacity(script.len());
    for line in script.split_inclusive('\n') {
        if open.iter().any(|option| line.contains(option)) {
            changed.push_str(&line.replacen(" -r -f -a ", " -r -F -a ", 1));
        } else {
            changed.push_str(line);
        }
    }
    changed
}

/// Lets files stand beside the ids of lists in clap's script for zsh.
fn with_files_of_zsh(script: &str) -> Result<String> {
    const BEFORE: &str = "if [ \"$funcstack[1]\" =";
    const FUNCTION: &str = "_pathproof_lists";
    let ids = lists().into_iter().collect::<Vec<_>>().join(" ");
    let (head, tail) = script.rsplit_once(BEFORE).context("clap's script has another form")?;
    let head = head.replace(&format!(":({ids})'"), &format!(":{FUNCTION}'"));
    Ok(format!(
        "{head}(( $+functions[{FUNCTION}] )) ||\n{FUNCTION}() {{\n    \
         _alternative 'lists:list:({ids})' 'files:file:_files'\n}}\n\n{BEFORE}{tail}"
    ))
}

/// What clap's script for fish lacks: the words that a command takes without an option.
fn words_of_fish(program: &Command) -> String {
    let mut lines: Vec<String> = Vec::new();
    for command in program.get_subcommands() {
        let at = format!("__fish_{PROGRAM}_using_subcommand {}", command.get_name());
        let own = command.get_positionals().map(|argument| (at.clone(), argument));
        let below = command.get_subcommands().flat_map(|below| {
            let at = format!("{at}; and __fish_seen_subcommand_from {}", below.get_name());
            below.get_positionals().map(move |argument| (at.clone(), argument))
        });
        for (at, argument) in own.chain(below) {
            let known = known_words(argument);
            if !known.is_empty() {
                let files = if is_word_or_file(argument) { "-F" } else { "-f" };
                lines.push(format!("complete -c {PROGRAM} -n \"{at}\" {files} -a \"{known}\"\n"));
            }
        }
    }
    lines.concat()
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
        ("proxy", _) => words(&["auto", "agent", "os", "none"]),
        ("alternate_proxy", _) => words(&["none"]),
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

fn words(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
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
