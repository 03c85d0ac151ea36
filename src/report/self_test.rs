//! `selftest`: what the program tried of itself, for people and as JSON (`pathproof.selftest/1`).

use serde::Serialize;

use super::terminal::Style;
use super::terminal::page::Page;
use crate::model::{CheckOutcome, SelfCheck};

#[derive(Serialize)]
struct SelfTestDocument<'a> {
    schema: &'static str,
    tool: SelfTestTool,
    os: &'static str,
    verdict: &'static str,
    checks: Vec<CheckWire<'a>>,
}

#[derive(Serialize)]
struct SelfTestTool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct CheckWire<'a> {
    check: &'a str,
    outcome: &'static str,
    text: &'a str,
}

/// The checks as one JSON object; `os` is the system's name as Rust has it.
#[must_use]
pub fn json(checks: &[SelfCheck], os: &'static str) -> String {
    let document = SelfTestDocument {
        schema: "pathproof.selftest/1",
        tool: SelfTestTool { name: "pathproof", version: env!("CARGO_PKG_VERSION") },
        os,
        verdict: verdict(checks),
        checks: checks
            .iter()
            .map(|SelfCheck { name, outcome }| CheckWire {
                check: name,
                outcome: outcome.as_str(),
                text: outcome.text(),
            })
            .collect(),
    };
    // A structure of texts cannot fail to be written.
    let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
    json.push('\n');
    json
}

fn verdict(checks: &[SelfCheck]) -> &'static str {
    if checks.iter().any(|check| check.outcome.is_failure()) { "failed" } else { "ok" }
}

/// The checks as a line each, and the verdict below them.
#[must_use]
pub fn table(checks: &[SelfCheck], style: &Style) -> String {
    let mut page = Page::new(style);
    page.heading("What pathproof needs of this system, tried on this host alone");
    page.gap();
    for check in checks {
        let (word, color) = match check.outcome {
            CheckOutcome::Works(_) => ("ok", "32"),
            CheckOutcome::Fails(_) => ("FAILED", "1;31"),
            CheckOutcome::NotHere(_) => ("not here", "2"),
        };
        page.marked(word, color, &format!("{}: {}", check.name, check.outcome.text()));
    }
    let n_of = |is_counted: fn(&CheckOutcome) -> bool| {
        checks.iter().filter(|check| is_counted(&check.outcome)).count()
    };
    let n_working = n_of(|outcome| matches!(outcome, CheckOutcome::Works(_)));
    let n_failed = n_of(CheckOutcome::is_failure);
    let n_absent = checks.len() - n_working - n_failed;
    page.gap();
    page.plain(&format!(
        "Verdict: {}. {n_working} ok, {n_failed} failed, {n_absent} not here.",
        verdict(checks)
    ));
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> [SelfCheck; 3] {
        [
            SelfCheck::of("interrupt", Ok("Ctrl-C ends a run in order".to_owned())),
            SelfCheck::of(
                "event_log",
                Err("the event log \"Application\" cannot be read: Access is denied, and so on \
                     beyond the width of the page"
                    .to_owned()),
            ),
            SelfCheck::not_here("terminal", "standard output is no terminal here"),
        ]
    }

    #[test]
    fn each_check_is_a_line_and_the_verdict_is_the_last() {
        let shown = table(&checks(), &Style { width: 80, color: false });
        assert_eq!(
            shown,
            "What pathproof needs of this system, tried on this host alone\n\
             \n\
             ok        interrupt: Ctrl-C ends a run in order\n\
             FAILED    event_log: the event log \"Application\" cannot be read: Access is\n\
             \x20         denied, and so on beyond the width of the page\n\
             not here  terminal: standard output is no terminal here\n\
             \n\
             Verdict: failed. 1 ok, 1 failed, 1 not here.\n"
        );
        let colored = table(&checks()[..1], &Style { width: 80, color: true });
        assert!(colored.contains("\u{1b}[32mok\u{1b}[0m        interrupt: "), "{colored}");
        assert!(colored.ends_with("Verdict: ok. 1 ok, 0 failed, 0 not here.\n"), "{colored}");
    }

    #[test]
    fn programs_read_the_same() {
        let read: serde_json::Value = serde_json::from_str(&json(&checks(), "linux")).unwrap();
        assert_eq!(read["schema"], "pathproof.selftest/1");
        assert_eq!(read["verdict"], "failed");
        assert_eq!(read["os"], "linux");
        let outcomes: Vec<_> =
            read["checks"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
        assert_eq!(outcomes, ["ok", "failed", "not_here"]);
        assert_eq!(read["checks"][2]["check"], "terminal");
        assert_eq!(read["checks"][2]["text"], "standard output is no terminal here");
    }
}
