//! The command lines of `deploy/` are ones that this program takes.

use std::fs;
use std::path::Path;

use clap::Parser;

use super::{Arguments, Command, RulesCommand, TagsCommand};

#[test]
fn the_daily_jobs_are_command_lines_of_this_program() {
    for (file, lines) in [
        ("systemd/pathproof-rules.service", units as fn(&str) -> Vec<String>),
        ("windows/run.ps1", scripts),
        ("kubernetes/cronjob.yaml", manifests),
        ("container-apps/job.yaml", manifests),
    ] {
        let lines = lines(&text(file));
        let [tags, rules] = &lines[..] else { panic!("{file}: {lines:?}") };
        // The tags first; where they cannot be renewed, younger ones will do.
        match parse(tags) {
            Command::Tags(tags) => match tags.command {
                TagsCommand::Update(update) => assert!(update.max_age.is_some(), "{file}"),
                other => panic!("{file}: {other:?}"),
            },
            other => panic!("{file}: {other:?}"),
        }
        // It writes without asking, to the group it is given, for the names that Azure gives today.
        match parse(rules) {
            Command::Rules(rules) => match rules.command {
                RulesCommand::Apply(apply) => {
                    assert!(apply.yes && apply.planning.nsg.is_some(), "{file}");
                    let targets = &apply.planning.targets;
                    assert!(targets.runtime.is_some() && targets.last_answer.is_some(), "{file}");
                    assert!(apply.planning.max_tags_age.is_some(), "{file}");
                    // Two runtimes behind one group do not undo each other's rule.
                    assert_eq!(apply.planning.job.as_deref(), Some("shir-1"), "{file}");
                }
                other => panic!("{file}: {other:?}"),
            },
            other => panic!("{file}: {other:?}"),
        }
    }
}

fn text(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn parse(line: &str) -> Command {
    let words = std::iter::once("pathproof").chain(line.split_whitespace());
    Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}")).command
}

/// With what `EnvironmentFile=` sets.
fn units(unit: &str) -> Vec<String> {
    let started = |line: &str| {
        let line = line.strip_prefix("ExecStartPre=-").or(line.strip_prefix("ExecStart="))?;
        Some(line.strip_prefix("/usr/bin/pathproof ")?.to_owned())
    };
    let lines = unit.lines().filter_map(started);
    let environment = text("systemd/rules.env");
    let set: Vec<_> = environment.lines().filter_map(|line| line.split_once('=')).collect();
    let expanded = |line: &str| {
        set.iter().fold(line.to_owned(), |line, (name, value)| {
            line.replace(&format!("${{{name}}}"), value)
        })
    };
    lines.map(|line| expanded(&line)).collect()
}

/// With what the scheduled task gives.
fn scripts(text: &str) -> Vec<String> {
    let called = text.lines().filter(|line| line.contains("Invoke-Pathproof '"));
    let words = called.filter_map(|line| line.split('\'').nth(1));
    words.map(|words| words.replace("{job}", "shir-1")).collect()
}

/// The lists called `command`, an element a line, behind the program's own name.
fn manifests(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.lines();
    while let Some(line) = rest.next() {
        if line.trim() == "command:" {
            let elements = rest.by_ref().filter(|line| !line.trim().starts_with('#'));
            let elements = elements.map_while(|line| line.trim().strip_prefix("- "));
            let words: Vec<_> = elements.collect();
            assert_eq!(words[0], "pathproof");
            lines.push(words[1..].join(" "));
        }
    }
    lines
}
