//! The program as its users start it: exit codes, bad input, streams. Nothing here leaves
//! loopback; what needs a network is in the lab.

mod agent;
mod bad_input;
mod evidence;
mod exit_codes;
mod leaving;
mod rules;
mod saved;
mod streams;
#[cfg(unix)]
mod watch;

use std::path::Path;
use std::process::{Command, Output, Stdio};

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
    }
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}
