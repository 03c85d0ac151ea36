//! What long work shows of how far it is: on a terminal, on standard error, and nowhere else.

use std::fs;
use std::process::Stdio;

use super::terminal::Terminal;
use super::{Folder, pathproof, shown};

/// More than what is read in no time.
const LARGE: usize = 9 << 20;

/// What `arguments` show on a terminal behind standard error, and what a pipe behind standard
/// output gets.
fn shown_by(arguments: &[&str]) -> (String, String) {
    let terminal = Terminal::open();
    let mut command = pathproof(arguments);
    command.env("TERM", "xterm-256color").env_remove("CI");
    command.stdout(Stdio::piped()).stderr(terminal.slave());
    let child = command.spawn().unwrap();
    drop(command);
    let reader = std::thread::spawn(move || child.wait_with_output().unwrap());
    let stderr = terminal.read();
    let output = reader.join().unwrap();
    (stderr, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn long_work_shows_how_far_it_is() {
    let folder = Folder::new();
    let case = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/healthy");
    let report = fs::read_to_string(case.join("report.json")).unwrap();
    let mut names = Vec::new();
    for index in 0..3 {
        names.push(folder.put(&format!("host-{index}.json"), &report));
    }
    // JSON stays what it is with blanks at its end.
    let blanks = " ".repeat(LARGE);
    let evil = "large\u{1b}[31m\u{202e}.json";
    let large = folder.put(evil, format!("{report}{blanks}"));
    let records = fs::read_to_string(case.join("records.jsonl")).unwrap();
    let records = folder.put("large.jsonl", records.replacen('\n', &format!("{blanks}\n"), 1));
    let folder_name = shown(folder.0.path()).to_owned();
    for (arguments, words) in [
        (vec!["report", "merge", &folder_name], "reports read"),
        (vec!["report", "diff", &names[0], &large], "read of"),
        (vec!["replay", &records], "read of"),
        (
            vec!["resolve", "127.0.0.1", "--only", "endpoint", "--resolver", "127.0.0.1:1"],
            "resolved",
        ),
    ] {
        let (stderr, stdout) = shown_by(&arguments);
        assert!(stderr.contains(words), "no {words:?} of {arguments:?}: {stderr:?}");
        assert!(!stderr.contains("\u{1b}[31m") && !stderr.contains('\u{202e}'), "{stderr:?}");
        // What is left is nothing: the last line is taken back.
        let last = stderr.rsplit('\r').next().unwrap_or_default();
        assert!(!last.contains(words), "{words:?} stays: {stderr:?}");
        assert!(!stdout.contains(words) && !stdout.contains('\u{1b}'), "{stdout:?}");

        let quiet: Vec<_> = arguments.iter().copied().chain(["--quiet"]).collect();
        let (stderr, same) = shown_by(&quiet);
        assert!(!stderr.contains(words), "{words:?} with --quiet: {stderr:?}");
        let piped = super::run(&arguments);
        assert!(!piped.stderr.contains(words), "{words:?} without a terminal: {piped:?}");
        if arguments[0] != "resolve" {
            assert_eq!((same, piped.stdout), (stdout.clone(), stdout), "{arguments:?}");
        }
    }
}
