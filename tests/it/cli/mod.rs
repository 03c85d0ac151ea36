//! The program as its users start it: exit codes, bad input, streams. Nothing here leaves
//! loopback; what needs a network is in the lab.

mod admin_rules;
mod agent;
mod bad_input;
mod bundle;
mod commands;
mod evidence;
mod exit_codes;
mod expected_rules;
mod files;
mod formats;
mod handouts;
mod leaving;
mod new_lists;
mod on_this_host;
#[cfg(unix)]
mod progress;
mod redacted;
mod rules;
mod rules_diff;
mod rules_in_part;
mod rules_row;
mod saved;
mod secrets;
mod selftest;
mod signals;
mod streams;
#[cfg(unix)]
mod terminal;
mod version;
#[cfg(unix)]
mod watch;
mod whole_reports;
mod windows_files;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// A command line of the program, with an environment that says nothing.
fn pathproof(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pathproof"));
    command.args(arguments).stdin(Stdio::null());
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> Ended {
    Ended::of(pathproof(arguments).output().unwrap())
}

/// How a command line ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Ended with code 2, a report on standard output nowhere, and words on standard error that
    /// hold each of `words`.
    #[track_caller]
    fn refuses(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert_eq!(self.stdout, "", "an error is no report");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {:?}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        says_nothing_twice(&self.stderr);
    }
}

/// An error is one sentence, whose parts stand behind each other: what stands there twice was said
/// by an error and by the one that led to it.
#[track_caller]
pub(crate) fn says_nothing_twice(stderr: &str) {
    for line in stderr.lines() {
        let mut parts: Vec<&str> = line.split([':', ';']).map(str::trim).collect();
        // Names of files and numbers may come back; sentences have words.
        parts.retain(|part| part.split_whitespace().count() > 2);
        parts.sort_unstable();
        let twice = parts.windows(2).find(|pair| pair[0] == pair[1]);
        assert!(twice.is_none(), "said twice: {twice:?} in {line}");
    }
}

/// A folder of a test, with the files that it needs.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        shown(&path).to_owned()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// An outbound rule of a security group, of any protocol.
fn rule(name: &str, priority: u32, access: &str, prefix: &str, ports: &str) -> Value {
    json!({"name": name, "properties": {
        "priority": priority, "access": access, "direction": "Outbound", "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": prefix, "destinationPortRange": ports,
    }})
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}
