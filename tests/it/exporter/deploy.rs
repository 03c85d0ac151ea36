//! `deploy/prometheus` and `deploy/grafana`: read by promtool, and every expression of the
//! dashboard answered by what the exporter really says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pathproof::report::metrics::MetricsFormat;
use pathproof::report::prometheus;
use serde_json::Value;

use super::{Serving, listener, module};
use crate::emission::{has, succeed};
use crate::formats::{reports, written};

fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn promtool(arguments: &[&str], file: &Path) -> String {
    succeed(Command::new("promtool").args(arguments).arg(file))
}

#[test]
fn promtool_takes_the_configuration_and_every_alert_fires_as_its_test_says() {
    if !has("promtool") {
        return;
    }
    promtool(&["check", "config"], &deployed("prometheus/prometheus.yml"));
    promtool(&["check", "rules"], &deployed("prometheus/pathproof.rules.yml"));
    promtool(&["test", "rules"], &deployed("prometheus/pathproof.test.yml"));
    // An alert without a test, or without words for people, is none.
    let rules = fs::read_to_string(deployed("prometheus/pathproof.rules.yml")).unwrap();
    let tests = fs::read_to_string(deployed("prometheus/pathproof.test.yml")).unwrap();
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() >= 8, "{}", alerts.len());
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        let tested = format!("alertname: {name}\n        exp_alerts:\n          - exp_labels");
        assert!(tests.contains(&tested), "{name} is never seen to fire");
        let quiet = format!("alertname: {name}\n        exp_alerts: []");
        assert!(tests.contains(&quiet), "{name} is never seen to be quiet");
        for part in ["summary:", "cause:", "owner:", "description:"] {
            assert!(alert.contains(part), "{name} has no {part}");
        }
        let commands = ["pathproof ", "journalctl ", "systemctl "];
        assert!(commands.iter().any(|command| alert.contains(command)), "{name}");
    }
}

/// What an exporter says whose modules saw everything that the golden cases hold.
fn scrape() -> String {
    let (_open, port) = listener();
    let modules = module("shir-1", port, "every = \"100ms\"");
    let serving = Serving::start(&modules, &["--ledger", "none.db"]);
    serving.wait_for("pathproof_module_last_run_successful{module=\"shir-1\"}", "1.0");
    let mut text = serving.get("/metrics").body;
    for (name, report) in reports() {
        let metrics = prometheus::of_run(&report).labelled("module", &name);
        text.push_str(&written(|out| metrics.write(MetricsFormat::Text, out)));
    }
    text
}

/// The expressions of every panel, with their variables filled in.
fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let filled = ["job", "instance", "module"]
                .iter()
                .fold(expression.to_owned(), |text, name| text.replace(&format!("${name}"), ".*"))
                .replace("$__rate_interval", "5m");
            assert!(!filled.contains('$'), "{filled}");
            found.push((panel["title"].as_str().unwrap().to_owned(), filled));
        }
    }
    found
}

#[test]
fn every_expression_of_the_dashboard_is_answered_by_a_scrape() {
    if !has("promtool") {
        return;
    }
    let dashboard = fs::read_to_string(deployed("grafana/pathproof.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 12, "{expressions:?}");
    // Each series of the scrape is one of the test's, and each expression must give something.
    let mut test =
        String::from("evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n");
    let mut names = BTreeSet::new();
    for line in scrape().lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => {
                (name, format!("{{job=\"pathproof\",instance=\"shir-1\",{labels}"))
            }
            None => (series, "{job=\"pathproof\",instance=\"shir-1\"}".to_owned()),
        };
        names.insert(name.to_owned());
        let series = format!("{name}{labels}").replace('\'', "''");
        writeln!(test, "      - series: '{series}'\n        values: '{value}+0x20'").unwrap();
    }
    test.push_str("    promql_expr_test:\n");
    for (_, expression) in &expressions {
        let answered = format!("count({expression}) > bool 0").replace('\'', "''");
        writeln!(
            test,
            "      - expr: '{answered}'\n        eval_time: 15m\n        exp_samples:\n          \
             - labels: '{{}}'\n            value: 1"
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dashboard.test.yml");
    fs::write(&file, test).unwrap();
    promtool(&["test", "rules"], &file);
    // Every metric of the contract can be seen on it.
    let shown: String = expressions.iter().map(|(_, expression)| expression.as_str()).collect();
    for name in names.iter().filter(|name| name.starts_with("pathproof_")) {
        let is_shown = shown.contains(name.as_str());
        let is_helper = name.ends_with("_timestamp_seconds");
        assert!(is_shown || is_helper, "{name} is on no panel");
    }
}

#[test]
fn systemd_takes_the_unit_and_confines_it() {
    if !Path::new("/usr/bin/systemd-analyze").exists() {
        eprintln!("skipped: systemd-analyze is not here");
        return;
    }
    let text = fs::read_to_string(deployed("systemd/pathproof-serve.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("pathproof-serve.service");
    fs::write(&unit, text.replace("/usr/bin/pathproof", env!("CARGO_BIN_EXE_pathproof"))).unwrap();
    let output = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--offline=true", "--threshold=20"]);
    succeed(security.arg(&unit));
}

#[test]
fn the_task_of_windows_runs_until_the_system_ends() {
    let text = fs::read_to_string(deployed("windows/pathproof-serve.xml")).unwrap();
    let task = roxmltree::Document::parse(&text).unwrap();
    let content = |tag: &str| {
        let node = task.descendants().find(|node| node.tag_name().name() == tag);
        node.and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    assert_eq!(content("URI"), r"\pathproof\serve");
    assert_eq!(content("ExecutionTimeLimit"), "PT0S");
    assert!(task.descendants().any(|node| node.tag_name().name() == "BootTrigger"));
}
