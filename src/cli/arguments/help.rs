//! Every `--help` has examples that this program takes, and every `-h` is short.

use clap::Command;

use super::command;

/// Wider than any terminal may be that help is shown on as it was written.
const WIDEST: usize = 100;
const LONGEST_SHORT_HELP: usize = 60;

/// Every command that help can be asked of, by its path.
fn commands() -> Vec<(String, Command)> {
    let mut whole = command().disable_help_subcommand(true);
    whole.build();
    let mut all = Vec::new();
    collect(&whole, String::new(), &mut all);
    all
}

fn collect(command: &Command, path: String, all: &mut Vec<(String, Command)>) {
    for sub in command.get_subcommands() {
        collect(sub, format!("{path} {}", sub.get_name()).trim_start().to_owned(), all);
    }
    all.push((path, command.clone()));
}

/// The command lines under `Examples:`, as words.
fn examples(help: &str) -> Vec<Vec<String>> {
    let shown = help.split_once("Examples:").map_or("", |(_, shown)| shown);
    let lines = shown.lines().map(str::trim).filter(|line| line.starts_with("pathproof "));
    lines.map(words).collect()
}

/// Splits a command line as a shell does; examples use double quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_command_has_examples_in_its_help_and_takes_them() {
    let mut n_examples = 0;
    for (path, mut of) in commands() {
        let help = of.render_long_help().to_string();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "'{path}' needs a row in arguments/examples.rs");
        for words in examples {
            let begins = words[1..].join(" ").starts_with(&path);
            assert!(begins, "an example of '{path}' is of another command: {words:?}");
            if let Err(error) = command().try_get_matches_from(&words) {
                panic!("{words:?}: {error}");
            }
            n_examples += 1;
        }
    }
    assert!(n_examples > 40, "{n_examples} examples");
}

#[test]
fn short_help_is_short_and_no_line_is_wide() {
    for (path, mut of) in commands() {
        let short = of.render_help().to_string();
        let n_lines = short.lines().count();
        assert!(n_lines <= LONGEST_SHORT_HELP, "{path} -h has {n_lines} lines:\n{short}");
        assert!(!short.contains("Examples:"), "{path} -h");
        let long = of.render_long_help().to_string();
        for line in short.lines().chain(long.lines()) {
            assert!(line.chars().count() <= WIDEST, "{path}: {line}");
        }
    }
}

/// What a plan needs only where there is no evidence stands under a heading that says so.
#[test]
fn options_of_check_do_not_stand_in_the_short_help_of_rules() {
    for (path, mut of) in commands() {
        if !["rules emit", "rules plan", "rules apply"].contains(&path.as_str()) {
            continue;
        }
        let short = of.render_help().to_string();
        for option in ["--from", "--factory"] {
            assert!(short.contains(option), "{path} {option}:\n{short}");
        }
        for option in ["--peer", "--ca-file", "--agent-config", "--no-gateways"] {
            assert!(!short.contains(option), "{path} {option}:\n{short}");
        }
        let long = of.render_long_help().to_string();
        let (_, probing) = long.split_once("Where there is no --from").unwrap();
        for option in ["--peer", "--ca-file", "--agent-config", "--no-gateways"] {
            assert!(probing.contains(option), "{path} {option}");
        }
    }
}

#[test]
fn short_forms_mean_the_same_everywhere() {
    let meanings = [('o', "output"), ('f', "format"), ('q', "quiet"), ('v', "verbose")];
    for (path, of) in commands() {
        for argument in of.get_arguments() {
            for (short, long) in meanings {
                let is_long = argument.get_long() == Some(long);
                assert_eq!(
                    argument.get_short() == Some(short),
                    is_long,
                    "{path}: -{short} and {:?}",
                    argument.get_long()
                );
            }
        }
    }
}
