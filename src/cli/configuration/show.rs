//! `config show`: every option of `check`, its value and where it comes from.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use clap::{Arg, ArgMatches};
use serde_json::{Value, json};

use super::option::{GivenOption, GivenValue, KnownOptions, OF_CHECK};
use super::{ConfiguredArguments, OptionOrigin, is_on_command_line, leaf};
use crate::cli::arguments::ShowFormat;
use crate::cli::exit::Exit;
use crate::cli::{output, recorded};

/// A line of the table.
struct ShownOption {
    option: String,
    value: GivenOptionValue,
    from: OptionOrigin,
}

/// What an option has come to; `None` where it is not given and has no default.
type GivenOptionValue = Option<GivenValue>;

/// As `PATHPROOF_BLESS=1 cargo test --lib configuration::schema` wrote it.
const SCHEMA: &str = include_str!("../../../docs/configuration.schema.json");

/// Writes the JSON Schema of configuration files.
///
/// # Errors
/// The output cannot be written.
pub(in crate::cli) fn schema(path: Option<&Path>) -> Result<Exit> {
    output::write(path, |out| out.write_all(SCHEMA.as_bytes()))?;
    Ok(Exit::Satisfied)
}

/// Shows the configuration of `check`, and what the file and the environment say to other commands.
///
/// # Errors
/// Standard output cannot be written.
pub(in crate::cli) fn show(
    configuration: &ConfiguredArguments,
    matches: &ArgMatches,
    format: ShowFormat,
) -> Result<Exit> {
    let (_, matches) = leaf(matches);
    let known = KnownOptions::of("check");
    let of_check = known.leaf.get_arguments().filter_map(|argument| {
        let name = argument.get_long().filter(|name| *name != "help")?;
        Some(effective(configuration, matches, argument, name))
    });
    let mut rows: Vec<_> = of_check.collect();
    rows.extend(of_others(configuration, &known));
    let text = match format {
        ShowFormat::Table => table(&rows),
        ShowFormat::Json => {
            let rows: Vec<_> = rows.iter().map(object).collect();
            format!("{}\n", serde_json::to_string_pretty(&rows)?)
        }
    };
    output::write(None, |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Satisfied)
}

fn effective(
    configuration: &ConfiguredArguments,
    matches: &ArgMatches,
    argument: &Arg,
    name: &str,
) -> ShownOption {
    let option = name.to_owned();
    let id = argument.get_id().as_str();
    let is_given = is_on_command_line_of_show(matches, name, id);
    // What `check` writes, and how, is not written by the command that shows it.
    if OF_CHECK.contains(&name) && !is_given {
        return highest(configuration, name)
            .map_or(ShownOption { option, value: None, from: OptionOrigin::Default }, shown);
    }
    let from = match configuration.origin(name) {
        Some(origin) => origin.clone(),
        None if is_given => OptionOrigin::CommandLine,
        None => OptionOrigin::Default,
    };
    let value = if argument.get_action().takes_values() {
        let words = matches.get_raw(id).into_iter().flatten();
        let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        Some(GivenValue::Words(words)).filter(|value| *value != GivenValue::Words(Vec::new()))
    } else {
        Some(GivenValue::Flag(matches.get_flag(id)))
    };
    ShownOption { option, value, from }
}

/// The format on this command line is that of what is shown.
fn is_on_command_line_of_show(matches: &ArgMatches, name: &str, id: &str) -> bool {
    name != "format" && is_on_command_line(matches, id)
}

/// What counts among the options of one name: the last, whose level is the highest.
fn highest<'c>(configuration: &'c ConfiguredArguments, name: &str) -> Option<&'c GivenOption> {
    configuration.given.iter().rev().find(|option| option.name == name)
}

fn shown(option: &GivenOption) -> ShownOption {
    ShownOption {
        option: option.name.clone(),
        value: Some(option.value.clone()),
        from: option.origin.clone(),
    }
}

/// Options that only other commands have.
fn of_others(configuration: &ConfiguredArguments, known: &KnownOptions) -> Vec<ShownOption> {
    let mut names: Vec<_> = configuration.given.iter().map(|option| &*option.name).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| known.of_leaf(name).is_none());
    names.into_iter().filter_map(|name| highest(configuration, name)).map(shown).collect()
}

/// The words of a row, without secrets.
fn words(row: &ShownOption) -> Option<Vec<String>> {
    match &row.value {
        Some(GivenValue::Words(words)) => {
            Some(words.iter().map(|word| recorded::shown(&row.option, word)).collect())
        }
        _ => None,
    }
}

fn object(row: &ShownOption) -> Value {
    let value = match (&row.value, words(row)) {
        (Some(GivenValue::Flag(flag)), _) => json!(flag),
        (_, Some(words)) if words.len() == 1 => json!(words[0]),
        (_, Some(words)) => json!(words),
        (_, None) => Value::Null,
    };
    json!({"option": row.option, "value": value, "from": row.from.to_string()})
}

/// Options that nobody gave and that have no default stand together at the end.
fn table(rows: &[ShownOption]) -> String {
    let cells = |row: &ShownOption| {
        let value = match (&row.value, words(row)) {
            (Some(GivenValue::Flag(flag)), _) => flag.to_string(),
            (_, Some(words)) => words.join(", "),
            (_, None) => return None,
        };
        Some((row.option.clone(), value, row.from.to_string()))
    };
    let lines: Vec<_> = rows.iter().filter_map(cells).collect();
    let width = |cell: fn(&(String, String, String)) -> &String, head: &str| {
        let cells = lines.iter().map(|line| cell(line).chars().count());
        cells.chain([head.len()]).max().unwrap_or_default()
    };
    let (options, values) = (width(|line| &line.0, "option"), width(|line| &line.1, "value"));
    let mut text = format!("{:<options$}  {:<values$}  from\n", "option", "value");
    for (option, value, from) in &lines {
        let _ = writeln!(text, "{option:<options$}  {value:<values$}  {from}");
    }
    let unset: Vec<_> =
        rows.iter().filter(|row| cells(row).is_none()).map(|row| row.option.as_str()).collect();
    if !unset.is_empty() {
        let _ = writeln!(text, "\nNot given: {}", unset.join(", "));
    }
    text
}
