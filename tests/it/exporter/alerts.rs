//! The commands that alerts name.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The commands of `check` in the annotations that promtool's tests expect.
fn commands() -> Vec<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus/pathproof.test.yml");
    let text = fs::read_to_string(tests).unwrap();
    let after = text.split("pathproof check ").skip(1);
    let commands = after.map(|rest| rest.split(['"', '\n', ';']).next().unwrap());
    commands.map(|command| command.split(". ").next().unwrap().to_owned()).collect()
}

/// Whoever is woken by an alert has a command that runs as it stands.
#[test]
fn every_command_of_an_alert_is_one() {
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let mut check = Command::new(env!("CARGO_BIN_EXE_pathproof"));
        check.arg("check").args(shlex::split(&command).unwrap());
        // Nothing is resolved, and so nobody is asked.
        check.args(["--resolver", "127.0.0.1:1", "--proxy", "none", "--timeout", "300ms"]);
        let output = check.args(["--discover", "no"]).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(2), "check {command}: {said}");
    }
}
