//! The page of a report with 5,000 endpoints, none of which answers: how long it takes to write,
//! how large it is, and, where Chromium and the modules of `tests/browser` are, how long it takes
//! to open.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench reads its case and starts Chromium"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use criterion::Criterion;
use pathproof::report::html;
use pathproof::report_v1::Report;
use serde_json::{Value, json};

const ENDPOINTS: usize = 5000;
/// What a mail may carry, bytes.
const LARGEST: usize = 8 << 20;
/// Within what it is to open, milliseconds.
const OPENS: &str = "1500";

fn main() {
    let report = report();
    let page = page(&report);
    println!("{ENDPOINTS} endpoints: {} KiB", page.len() >> 10);
    assert!(page.len() < LARGEST, "{} bytes", page.len());
    // `cargo test --benches` only sees that it runs.
    if env::args().any(|argument| argument == "--bench") {
        open(&page);
    }
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    criterion.bench_function("page of 5000 endpoints", |bench| {
        bench.iter(|| black_box(self::page(black_box(&report))));
    });
    criterion.final_summary();
}

fn page(report: &Report) -> Vec<u8> {
    let mut page = Vec::new();
    html::report(report, &mut page).expect("memory takes it");
    page
}

/// The silent gateway of a golden case, many times.
fn report() -> Report<'static> {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/gateways/report.json");
    let text = fs::read_to_string(case).expect("the case");
    let mut report: Value = serde_json::from_str(&text).expect("it is JSON");
    let endpoints = report["endpoints"].as_array_mut().expect("endpoints");
    let is_silent = |it: &&Value| it["host"].as_str().is_some_and(|it| it.starts_with("g6-"));
    let silent = endpoints.iter().find(is_silent).expect("the silent one").to_string();
    let mut destinations = Vec::new();
    for at in 0..ENDPOINTS {
        let (deployment, number) = (at / 256, at % 256);
        let host = format!("g{number}-prod-am3-{deployment:03}-sb.servicebus.windows.net");
        let address = format!("40.113.{deployment}.{number}");
        let text = silent
            .replace("g6-prod-am3-010-sb.servicebus.windows.net", &host)
            .replace("40.112.72.106", &address);
        endpoints.push(serde_json::from_str(&text).expect("it is JSON"));
        let place = json!({"name": host, "address": address, "port": 443, "protocol": "tcp"});
        destinations.push(place);
    }
    report["actions"][0]["destinations"] = Value::Array(destinations);
    Report::read(&report.to_string()).expect("a report")
}

/// Opens the page in Chromium: `tests/browser/read.mjs` says how long that took.
fn open(page: &[u8]) {
    let modules = env::var_os("PATHPROOF_BROWSER")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/pathproof-browser")));
    let Some(modules) = modules.filter(|folder| folder.join("node_modules").is_dir()) else {
        println!("not opened: .ci/install brings Chromium and what tests/browser names");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("page.html"), page).expect("the page is written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/read.mjs");
    let mut command = Command::new("node");
    let opened = command.arg(script).arg(modules).arg(folder.path()).arg(OPENS).output();
    let opened = opened.expect("node starts");
    print!("{}", String::from_utf8_lossy(&opened.stderr));
    let faults = String::from_utf8_lossy(&opened.stdout);
    assert!(opened.status.success() && faults.is_empty(), "{faults}");
}
