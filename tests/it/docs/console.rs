//! Blocks of `console` are run as they stand, in the order of their page, in a copy of
//! `docs/examples`, and print what they show. `...` stands for what differs from run to run: within
//! a line for anything, on a line of its own for any number of lines.
//!
//! `PATHPROOF_BLESS=1` writes what was printed where that is another; put the `...` back then.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{pages, repository};

/// A command of a block, and what it is said to print.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    command: String,
    output: String,
}

/// The commands of a page's blocks, in their order.
fn shown(page: &str) -> Vec<Shown> {
    let mut all = Vec::new();
    let mut is_inside = false;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if !is_inside {
            is_inside = line == "```console";
            let is_hidden = !is_inside && line.trim_start() == "```console";
            assert!(!is_hidden, "a block of console stands at the beginning of its lines: {line}");
        } else if line == "```" {
            is_inside = false;
        } else if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                command.push('\n');
                command.push_str(lines.next().expect("a line goes on"));
            }
            all.push(Shown { command, output: String::new() });
        } else {
            let last = all.last_mut().expect("a block of console begins with a command");
            last.output.push_str(line);
            last.output.push('\n');
        }
    }
    all
}

/// Whether `printed` is what `expected` shows.
fn is_shown(expected: &[&str], printed: &[&str]) -> bool {
    match (expected, printed) {
        (["...", rest @ ..], _) => (0..=printed.len()).any(|n| is_shown(rest, &printed[n..])),
        ([line, rest @ ..], [first, others @ ..]) => {
            is_line_shown(line.trim_end(), first.trim_end()) && is_shown(rest, others)
        }
        ([], []) => true,
        _ => false,
    }
}

fn is_line_shown(expected: &str, printed: &str) -> bool {
    let Some((before, after)) = expected.split_once("...") else { return expected == printed };
    let Some(rest) = printed.strip_prefix(before) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| is_line_shown(after, &rest[at..]))
}

/// Nothing that a test runs may leave this host: these commands read files.
fn is_offline(command: &str) -> bool {
    if command.contains([';', '&', '`']) {
        return false;
    }
    let words: Vec<_> = command.split_whitespace().collect();
    let has = |option: &str| words.contains(&option);
    match words.as_slice() {
        ["pathproof", "rules", "emit" | "plan", ..] => has("--from") && !has("--nsg"),
        ["pathproof", "rules", "apply" | "rollback", ..] | ["pathproof", "tags", "update", ..] => {
            false
        }
        ["pathproof", command, ..] => !["check", "watch", "resolve", "serve"].contains(command),
        ["cat" | "echo" | "head" | "ls", ..] => true,
        _ => false,
    }
}

/// Standard output and standard error as a terminal shows them, and the exit code.
fn run(command: &str, folder: &Path, last_code: i32) -> (String, i32) {
    let program = Path::new(env!("CARGO_BIN_EXE_pathproof"));
    let path = format!("{}:/usr/bin:/bin", program.parent().expect("its folder").display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("(exit {last_code})\n{{ {command}\n}} 2>&1")]);
    shell.current_dir(folder).env_clear().env("PATH", path).env("HOME", folder);
    let output = shell.output().expect("a shell");
    (String::from_utf8(output.stdout).expect("UTF-8"), output.status.code().expect("a code"))
}

#[test]
fn every_block_prints_what_it_shows() {
    let mut wrong = Vec::new();
    let mut n_commands = 0;
    for (path, text) in pages() {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&repository().join("docs/examples"), folder.path());
        let mut code = 0;
        let mut written = text.clone();
        for Shown { command, output } in shown(&text) {
            n_commands += 1;
            let place = format!("{}: $ {command}", path.display());
            assert!(is_offline(&command), "{place}\nis not run: show it in a block of sh");
            let printed;
            (printed, code) = run(&command, folder.path(), code);
            let expected: Vec<_> = output.lines().collect();
            if !is_shown(&expected, &printed.lines().collect::<Vec<_>>()) {
                let block = |output: &str| format!("$ {command}\n{output}");
                written = written.replacen(&block(&output), &block(&printed), 1);
                wrong.push(format!("{place}\n--- shown:\n{output}--- printed:\n{printed}"));
            }
        }
        if std::env::var_os("PATHPROOF_BLESS").is_some() && written != text {
            fs::write(repository().join(path), written).expect("the page");
        }
    }
    assert!(n_commands > 20, "{n_commands} commands are not all of them");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the examples") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn dots_stand_for_what_differs() {
    for (expected, printed, is_same) in [
        ("a\nb", "a\nb", true),
        ("a\nb", "a\nc", false),
        ("a\n...\nd", "a\nb\nc\nd", true),
        ("a\n...", "a", true),
        ("a\n...\nd", "a\nb\nc", false),
        ("in ... s, of ...", "in 5.2 s, of 2026", true),
        ("in ... s", "in 5.2 ms", false),
        ("a", "a\nb", false),
    ] {
        let [expected, printed] = [expected, printed].map(|text| text.lines().collect::<Vec<_>>());
        assert_eq!(is_shown(&expected, &printed), is_same, "{expected:?} {printed:?}");
    }
}
