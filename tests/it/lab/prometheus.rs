//! A real Prometheus asks a real exporter, in a namespace with nothing but loopback.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::namespace::{Namespace, run, sweep, unique_name};
use super::{Servers, is_possible, unset};

const EXPORTER: &str = "127.0.0.1:9815";
const PROMETHEUS: &str = "127.0.0.1:9090";

/// What Prometheus answers to a query: the values by their labels.
fn query(namespace: &Namespace, expression: &str) -> Vec<Value> {
    let mut curl = namespace.command("curl");
    curl.args(["--silent", "--get", &format!("http://{PROMETHEUS}/api/v1/query")]);
    curl.args(["--data-urlencode", &format!("query={expression}")]);
    let Ok(answer) = run(&mut curl) else { return Vec::new() };
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap_or_default();
    answer["data"]["result"].as_array().cloned().unwrap_or_default()
}

#[track_caller]
fn wait_for(namespace: &Namespace, expression: &str) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let found = query(namespace, expression);
        if !found.is_empty() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "nothing becomes of {expression}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn prometheus_scrapes_the_exporter() {
    if !is_possible() {
        return;
    }
    if Command::new("prometheus")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        assert!(std::env::var_os("LAB_REQUIRED").is_none(), "no prometheus in PATH");
        eprintln!("skipped: prometheus is not here");
        return;
    }
    sweep();
    let namespace = Namespace::create(&unique_name(), "fleet").expect("a namespace");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    // The exporter itself is what listens; nobody listens at port 9.
    let common =
        "only = \"endpoint\"\nresolver = \"127.0.0.1:1\"\nproxy = \"none\"\ntimeout = \"1s\"";
    write(
        "pathproof.toml",
        &format!(
            "[module.open]\nendpoint = \"tcp://{EXPORTER}\"\nevery = \"1s\"\n{common}\n\
             [module.closed]\nendpoint = \"tcp://127.0.0.1:9\"\nevery = \"1s\"\n{common}\n"
        ),
    );
    let rules = format!("{}/deploy/prometheus/pathproof.rules.yml", env!("CARGO_MANIFEST_DIR"));
    write(
        "prometheus.yml",
        &format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: ['{rules}']\n\
             scrape_configs:\n\
             - job_name: pathproof\n  static_configs: [{{targets: ['{EXPORTER}']}}]\n\
             - job_name: pathproof-probe\n  metrics_path: /probe\n  params: {{module: [closed]}}\n  \
             static_configs: [{{targets: ['127.0.0.1:9']}}]\n  relabel_configs:\n  \
             - {{source_labels: [__address__], target_label: __param_target}}\n  \
             - {{source_labels: [__address__], target_label: instance}}\n  \
             - {{target_label: __address__, replacement: '{EXPORTER}'}}\n"
        ),
    );
    let mut servers = Servers(Vec::new());
    let mut serve = unset(namespace.command(env!("CARGO_BIN_EXE_pathproof")));
    serve.args(["serve", "--config"]).arg(folder.path().join("pathproof.toml"));
    servers.spawn(folder.path(), &mut serve).expect("the exporter starts");
    let mut prometheus = namespace.command("prometheus");
    prometheus.arg(format!("--config.file={}/prometheus.yml", folder.path().display()));
    prometheus.arg(format!("--storage.tsdb.path={}/data", folder.path().display()));
    prometheus.arg(format!("--web.listen-address={PROMETHEUS}"));
    servers.spawn(folder.path(), &mut prometheus).expect("Prometheus starts");

    wait_for(&namespace, "pathproof_endpoint_status{module=\"open\",status=\"pass\"} == 1");
    wait_for(&namespace, "pathproof_endpoint_status{module=\"closed\",status=\"fail\"} == 1");
    let cause = wait_for(&namespace, "pathproof_finding_info{module=\"closed\",severity=\"fail\"}");
    assert_eq!(cause[0]["metric"]["cause"], "tcp_refused", "{cause:?}");
    wait_for(&namespace, "probe_success{job=\"pathproof-probe\",instance=\"127.0.0.1:9\"} == 0");
    wait_for(&namespace, "up{job=\"pathproof-probe\"} == 1");
    // Counters are counters, as the newer format says.
    wait_for(&namespace, "rate(pathproof_probes_total{end=\"answered\"}[30s]) > 0");
    wait_for(&namespace, "pathproof:endpoints:count{module=\"open\",status=\"pass\"} == 1");
    let down = query(&namespace, "scrape_samples_scraped{job=\"pathproof\"} < 20");
    assert!(down.is_empty(), "{down:?}");
}
