//! The command lines of `deploy/` are ones that this program takes.

use std::fs;
use std::path::Path;

use clap::Parser;

use super::{Arguments, Command, RulesCommand};

#[test]
fn the_daily_jobs_are_command_lines_of_this_program() {
    for (file, lines) in [
        ("systemd/pathproof-rules.service", units as fn(&str) -> Vec<String>),
        ("windows/pathproof-rules.xml", tasks),
        ("kubernetes/cronjob.yaml", manifests),
        ("container-apps/job.yaml", manifests),
    ] {
        let lines = lines(&text(file));
        assert_eq!(lines.len(), 1, "{file}: {lines:?}");
        for line in &lines {
            match parse(line) {
                // It writes without asking, to the group it is given, and for the given names.
                Command::Rules(rules) => match rules.command {
                    RulesCommand::Apply(apply) => {
                        assert!(apply.yes && apply.planning.nsg.is_some(), "{file}: {line}");
                        let given = &apply.planning.targets.service_urls;
                        assert_eq!(given.len(), 1, "{file}: {line}");
                        // Two runtimes behind one group do not undo each other's rule.
                        assert_eq!(apply.planning.job.as_deref(), Some("shir-1"), "{file}");
                    }
                    other => panic!("{file}: {other:?}"),
                },
                other => panic!("{file}: {other:?}"),
            }
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
    let lines = unit.lines().filter_map(|line| line.strip_prefix("ExecStart=/usr/bin/pathproof "));
    let environment = text("systemd/rules.env");
    let set: Vec<_> = environment.lines().filter_map(|line| line.split_once('=')).collect();
    let expanded = |line: &str| {
        set.iter().fold(line.to_owned(), |line, (name, value)| {
            line.replace(&format!("${{{name}}}"), value)
        })
    };
    lines.map(expanded).collect()
}

fn tasks(text: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(text).unwrap();
    let named = document.descendants().filter(|node| node.tag_name().name() == "Arguments");
    named.map(|node| node.text().unwrap().to_owned()).collect()
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
