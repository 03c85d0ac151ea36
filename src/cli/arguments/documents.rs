//! The documents show command lines of this program, name options that it has, and hold a page of
//! all of them (`docs/options.md`), which `PATHPROOF_BLESS=1` writes anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Arg, Command};
use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::command;

/// Words that begin a code span whose options are another program's.
const FOREIGN: [&str; 5] = ["az", "cargo", "curl", "systemctl", "wevtutil"];

/// Languages of blocks that hold command lines.
const SHELLS: [&str; 3] = ["sh", "console", "powershell"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What people read: the pages, and their text.
fn pages() -> Vec<(PathBuf, String)> {
    let inside = |folder: &str| {
        let entries = fs::read_dir(repository().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "md"))
    };
    let mut paths: Vec<_> = inside("docs").chain(inside("deploy")).collect();
    paths.push(repository().join("README.md"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(repository()).unwrap().to_owned(), text)
    };
    paths.into_iter().map(read).collect()
}

/// The command lines of a block of code, whole where they go over several lines, without what a
/// shell does with them: the words behind the program's name.
fn command_lines(language: &str, block: &str) -> Vec<Vec<String>> {
    let continued = if language == "powershell" { "`\n" } else { "\\\n" };
    let block = block.replace(continued, " ");
    let mut found = Vec::new();
    for line in block.lines() {
        let words = match language {
            "powershell" => Some(quoted_words(line)),
            "console" => match line.strip_prefix("$ ") {
                Some(line) => shlex::split(line),
                None => continue,
            },
            _ => shlex::split(line),
        };
        let words = words.unwrap_or_else(|| panic!("no shell reads this: {line}"));
        // What a scheduled task is to start.
        let task = words.iter().skip_while(|word| *word != "-Argument").nth(1);
        found.extend(task.map(|arguments| quoted_words(arguments)));
        found.extend(
            words.split(|word| ["|", "&&", ";"].contains(&word.as_str())).filter_map(of_program),
        );
    }
    found
}

/// Words at spaces, as PowerShell and Windows split them: a backslash is a character as any other.
fn quoted_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The words of one simple command behind this program's name, if it is this program's.
fn of_program(words: &[String]) -> Option<Vec<String>> {
    let is_program = |word: &String| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
        ["pathproof", "pathproof.exe"].contains(&name)
    };
    let is_cargo_run =
        words.first().is_some_and(|word| word == "cargo") && words.iter().any(|word| word == "run");
    let at = if is_cargo_run {
        words.iter().position(|word| word == "--")?
    } else {
        words.iter().position(is_program)?
    };
    let is_first = is_cargo_run
        || words[..at]
            .iter()
            .all(|word| word.contains('=') || ["sudo", "-u", "&"].contains(&word.as_str()));
    let redirects =
        |word: &&String| !word.trim_start_matches(['1', '2', '&']).starts_with(['>', '<']);
    is_first.then(|| words[at + 1..].iter().take_while(redirects).cloned().collect())
}

/// The fenced blocks of a page: the language, and what stands in it.
fn code_blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for event in pulldown_cmark::Parser::new_ext(page, pulldown_cmark::Options::all()) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                open = Some((language.into_string(), String::new()));
            }
            Event::Text(text) => {
                if let Some((_, block)) = &mut open {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

#[test]
fn every_command_line_of_the_documents_is_one_of_this_program() {
    let mut wrong = Vec::new();
    let mut n_lines = 0;
    for (path, text) in pages() {
        let blocks = code_blocks(&text).into_iter();
        let shells = blocks.filter(|(language, _)| SHELLS.contains(&language.as_str()));
        for words in shells.flat_map(|(language, block)| command_lines(&language, &block)) {
            n_lines += 1;
            let shown = format!("{}: pathproof {}", path.display(), words.join(" "));
            let words = std::iter::once("pathproof".to_owned()).chain(words);
            if let Err(error) = command().try_get_matches_from(words)
                && ![ErrorKind::DisplayHelp, ErrorKind::DisplayVersion].contains(&error.kind())
            {
                wrong.push(format!("{shown}\n{error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_lines > 50, "{n_lines} command lines are not all of them");
}

/// In running text: an option that is named exists, and so does a command.
#[test]
fn every_option_that_the_documents_name_exists() {
    let all = command();
    let mut options = BTreeSet::from(["--help".to_owned(), "--version".to_owned()]);
    let mut left = vec![&all];
    while let Some(command) = left.pop() {
        options.extend(
            command.get_arguments().filter_map(|arg| Some(format!("--{}", arg.get_long()?))),
        );
        left.extend(command.get_subcommands());
    }
    for (path, text) in pages() {
        for event in pulldown_cmark::Parser::new_ext(&text, pulldown_cmark::Options::all()) {
            let Event::Code(span) = event else { continue };
            let mut words = span.split_whitespace();
            let first = words.clone().next().unwrap_or_default();
            if FOREIGN.contains(&first) {
                continue;
            }
            if first == "pathproof" {
                words.next();
                let Some(name) = words.clone().next() else { continue };
                let is_known = name.starts_with('-') || all.find_subcommand(name).is_some();
                assert!(is_known, "{}: `{span}` is no command", path.display());
            }
            for word in words.filter(|word| word.starts_with("--")) {
                let option = word.split(['=', '|', ',']).next().unwrap_or_default();
                assert!(options.contains(option), "{}: no {option} as in `{span}`", path.display());
            }
        }
    }
}

#[test]
fn the_page_of_options_is_that_of_this_program() {
    let path = repository().join("docs/options.md");
    let page = options_page();
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/options.md is another: PATHPROOF_BLESS=1 writes it");
}

/// A command with the words that lead to it.
struct Named<'a> {
    words: String,
    command: &'a Command,
}

fn leaves<'a>(words: &str, command: &'a Command, found: &mut Vec<Named<'a>>) {
    let mut below = command
        .get_subcommands()
        .filter(|one| one.get_name() != "help" && !one.is_hide_set())
        .peekable();
    if below.peek().is_none() {
        found.push(Named { words: words.to_owned(), command });
        return;
    }
    for one in below {
        leaves(format!("{words} {}", one.get_name()).trim_start(), one, found);
    }
}

/// What one option's row says, by which the same option of two commands is known.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    order: usize,
    option: String,
    text: String,
}

/// Every command and every option, each option once: those that several commands share under their
/// heading, and the others at their command.
fn options_page() -> String {
    let mut all = command().disable_help_subcommand(true);
    all.build();
    let mut commands = Vec::new();
    leaves("", &all, &mut commands);

    let mut users: BTreeMap<(String, String), (usize, String, Vec<&str>)> = BTreeMap::new();
    let mut headings: Vec<String> = Vec::new();
    for named in &commands {
        for arg in shown_arguments(named.command) {
            let heading = arg.get_help_heading().unwrap_or("Options").to_owned();
            if !headings.contains(&heading) {
                headings.push(heading.clone());
            }
            let order = users.len();
            let key = (option(arg), meaning(arg));
            let entry = users.entry(key).or_insert_with(|| (order, heading, Vec::new()));
            entry.2.push(&named.words);
        }
    }

    let mut page = String::from(
        "# Every command and option\n\nThis page is written from the program's own help \
         (`--help` of each command). Options that several commands share stand first, by what they \
         are about.\n",
    );
    for heading in &headings {
        let mut rows: Vec<(Row, &Vec<&str>)> = users
            .iter()
            .filter(|(_, (_, its, commands))| its == heading && commands.len() > 1)
            .map(|((option, text), (order, _, commands))| {
                (Row { order: *order, option: option.clone(), text: text.clone() }, commands)
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        rows.sort();
        let _ = write!(page, "\n## {heading}\n\n| option | meaning | commands |\n|---|---|---|\n");
        for (row, commands) in rows {
            let commands = if commands.len() == n_commands(&all) {
                "all".to_owned()
            } else {
                listed(commands)
            };
            let _ = writeln!(page, "| {} | {} | {commands} |", row.option, row.text);
        }
    }
    page.push_str("\n## Commands\n");
    for named in &commands {
        let about = named.command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = write!(page, "\n### {}\n\n{}.\n", named.words, cell(&about).trim_end_matches('.'));
        let own: Vec<_> = shown_arguments(named.command)
            .filter(|arg| arg.is_positional() || users[&(option(arg), meaning(arg))].2.len() == 1)
            .collect();
        if own.is_empty() {
            continue;
        }
        page.push_str("\n| option | meaning |\n|---|---|\n");
        for arg in own {
            let _ = writeln!(page, "| {} | {} |", option(arg), meaning(arg));
        }
    }
    page
}

fn n_commands(all: &Command) -> usize {
    let mut commands = Vec::new();
    leaves("", all, &mut commands);
    commands.len()
}

fn shown_arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str()))
}

/// Commands of one group with the group's name once: `rules emit, plan`.
fn listed(commands: &[&str]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for command in commands {
        let (group, rest) = command.split_once(' ').unwrap_or(("", command));
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, its)) => its.push(rest),
            None => groups.push((group, vec![rest])),
        }
    }
    let shown = groups
        .into_iter()
        .map(|(group, its)| format!("{group} {}", its.join(", ")).trim().to_owned());
    shown.collect::<Vec<_>>().join("; ")
}

fn option(arg: &Arg) -> String {
    let names: Vec<_> =
        arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let value = if arg.get_action().takes_values() { names.join(" ") } else { String::new() };
    if arg.is_positional() {
        return format!("`{}`", value.replace('|', "\\|"));
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let both = [short, long].into_iter().flatten().collect::<Vec<_>>().join("`, `");
    format!("`{}`", format!("{both} {value}").trim_end().replace('|', "\\|"))
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = cell(&help);
    let values: Vec<_> = arg.get_possible_values();
    let values: Vec<_> = values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if arg.get_action().takes_values() && !values.is_empty() {
        let _ = write!(text, ": {}", values.join(", "));
    }
    let defaults: Vec<_> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        let _ = write!(text, " (default `{}`)", defaults.join(" "));
    }
    text
}

/// Text that stands in a cell of a table as it is.
fn cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*")
}
