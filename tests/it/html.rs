//! Pages: nothing of a report is lost in one, nothing in one is more than text, and Chromium shows
//! them as they are meant (`tests/browser`). Where Chromium or its readers are missing that part
//! counts as skipped; with `LAB_REQUIRED=1` that is a failure.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pathproof::model::Status;
use pathproof::report::handout::{Handout, HandoutSection};
use pathproof::report::html::{self, Timeline, WatchedEndpoint, WatchedState};
use pathproof::report::merge::{Merged, MergedHost};
use pathproof::report_v1::Report;
use serde_json::{Value, json};

use crate::golden;

/// What a stranger would send who wants more than to be read.
const HOSTILE: &str = "</title></style></script></pre><script>alert(1)</script>\
    <img src=x onerror=alert(1)> \" ' & ]]> --> {{ 7 }} \u{202e}gnp.exe \u{1b}[2J\u{0} \u{2028}";

fn saved(case: &str) -> Value {
    let path = golden::folder().join(case).join("report.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn page_of(report: &Value) -> String {
    page(&Report::read(&report.to_string()).unwrap())
}

fn page(report: &Report) -> String {
    let mut page = Vec::new();
    html::report(report, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// Text as a page has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

/// The host's administrator helps with what the proxy team owns: both tasks are as bad as what was
/// found, and show it.
#[test]
fn a_task_of_a_team_that_only_helps_shows_what_was_found() {
    let report = saved("lab-example");
    let actions = report["actions"].as_array().unwrap();
    let shared = actions.iter().filter(|action| action["causes"][0] == "tls_intercepted");
    let page = page_of(&report);
    let mut owners = Vec::new();
    for action in shared {
        let text = escaped(action["text"].as_str().unwrap());
        let (before, after) = page.split_once(&text).unwrap();
        assert!(before.trim_end().ends_with("</span> WARN</span>"), "{text}");
        let task = after.split_once("<li class=\"task").map_or(after, |(task, _)| task);
        assert!(task.contains("expected: a chain that leads to a public web"), "{text}");
        owners.push(&action["owner"]);
    }
    assert_eq!(owners, ["host", "proxy"]);
}

/// A report of so many gateways that nothing answers from.
fn blocked(gateways: usize) -> Value {
    let mut report = saved("gateways");
    let endpoints = report["endpoints"].as_array_mut().unwrap();
    let silent = endpoints.iter().find(|it| it["host"].as_str().unwrap().starts_with("g6-"));
    let silent = silent.unwrap().to_string();
    endpoints.retain(|endpoint| endpoint["role"] != "gateway");
    let mut destinations = Vec::new();
    for at in 0..gateways {
        let (deployment, number) = (at / 256, at % 256);
        let host = format!("g{number}-prod-am3-{deployment:03}-sb.servicebus.windows.net");
        let address = format!("40.113.{deployment}.{number}");
        let text = silent
            .replace("g6-prod-am3-010-sb.servicebus.windows.net", &host)
            .replace("40.112.72.106", &address);
        endpoints.push(serde_json::from_str(&text).unwrap());
        destinations
            .push(json!({"name": host, "address": address, "port": 443, "protocol": "tcp"}));
    }
    let mut action = report["actions"][0].clone();
    action["text"] =
        json!(format!("Allow TCP 443 out from 10.50.1.10 to the {gateways} destinations below."));
    action["destinations"] = Value::Array(destinations);
    report["actions"] = json!([action]);
    report["summary"] = json!({"pass": 3, "warn": 0, "fail": gateways, "unknown": 0});
    report
}

/// Every text that strangers or users chose, made hostile.
fn hostile(report: &mut Value) {
    const CHOSEN: [&str; 26] = [
        "message",
        "remedy",
        "text",
        "purpose",
        "hostname",
        "os",
        "account",
        "subject",
        "issuer",
        "reason",
        "server",
        "location",
        "why",
        "entry",
        "cause",
        "certainty",
        "owner",
        "name",
        "data",
        "content_type",
        "via",
        "proxy_authenticate",
        "source",
        "origin",
        "first_bytes",
        "host",
    ];
    match report {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if CHOSEN.contains(&name.as_str()) => {
                        *text = format!("{text}{HOSTILE}");
                    }
                    Value::Array(all)
                        if ["evidence", "options", "consequences", "causes"]
                            .contains(&name.as_str()) =>
                    {
                        for one in all {
                            *one = json!(HOSTILE);
                        }
                    }
                    other => hostile(other),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(hostile),
        _ => {}
    }
}

#[test]
fn nothing_of_a_report_is_lost() {
    for case in golden::case_names() {
        let report = saved(&case);
        let page = page_of(&report);
        let has = |text: &Value| {
            let text = text.as_str().unwrap();
            assert!(page.contains(&escaped(text)), "{case}: {text}");
        };
        for action in report["actions"].as_array().unwrap() {
            has(&action["text"]);
            for one in action["destinations"].as_array().unwrap() {
                has(&one["name"]);
                one["address"].as_str().is_some().then(|| has(&one["address"]));
            }
        }
        let of_run = report["findings"].as_array().unwrap();
        let endpoints = report["endpoints"].as_array().unwrap();
        let of_endpoints = endpoints.iter().flat_map(|it| it["findings"].as_array().unwrap());
        for finding in of_run.iter().chain(of_endpoints) {
            has(&finding["cause"]);
            has(&finding["message"]);
            finding["evidence"].as_array().unwrap().iter().for_each(has);
        }
        for endpoint in endpoints {
            has(&endpoint["host"]);
            let trails = endpoint["trails"].as_array().unwrap();
            for trail in trails {
                has(&trail["remote"]);
            }
        }
        report["run"]["options"].as_array().unwrap().iter().for_each(has);
        let runtime = &report["run"]["runtime"];
        for error in runtime["errors"].as_array().into_iter().flatten() {
            has(&error["text"]);
            error["explained"].as_str().is_some().then(|| has(&error["explained"]));
        }
        for fact in [&runtime["installed"]["path"], &runtime["service"]["state"]] {
            fact.as_str().is_some().then(|| has(fact));
        }
    }
}

#[test]
fn a_page_asks_nobody_for_anything() {
    for case in golden::case_names() {
        let page = page_of(&saved(&case));
        assert!(page.starts_with("<!doctype html>"), "{case}");
        assert!(page.contains("default-src &#39;none&#39;; style-src &#39;sha256-"), "{case}");
        for out in ["src=", "url(", "@import", "http-equiv=\"refresh", "href=\"http", "unsafe"] {
            assert!(!page.contains(out), "{case}: {out}");
        }
    }
}

#[test]
fn what_strangers_chose_is_text() {
    for case in ["two-faults", "proxy-answers", "tls-chains", "located"] {
        let mut report = saved(case);
        hostile(&mut report);
        let page = page_of(&report);
        assert!(page.contains("&#60;img src=x onerror=alert(1)&#62;"), "{case}");
        for markup in ["<img", "<script>alert", "alert(1)</script>"] {
            assert!(!page.contains(markup), "{case}: {markup}");
        }
        assert_eq!(page.matches("<script>").count(), 1, "{case}");
        assert!(!page.contains(['\u{202e}', '\u{1b}', '\u{0}', '\u{2028}']), "{case}");
    }
}

#[test]
fn hundreds_of_gateways_are_one_line_and_one_picture_and_none_is_lost() {
    let page = page_of(&blocked(256));
    assert_eq!(page.matches("40.113.0.0/24 (256 addresses)").count(), 2, "task and change request");
    assert_eq!(page.matches("The way from this host to 256 gateways of prod-am3-000").count(), 1);
    assert_eq!(page.matches("256 endpoints: gateways of prod-am3-000").count(), 1, "evidence");
    assert_eq!(page.matches("<section data-endpoint>").count(), 256, "evidence");
    for number in 0..256 {
        let cells = format!(
            "<td>g{number}-prod-am3-000-sb.servicebus.windows.net</td><td>40.113.0.{number}</td>\
             <td>443</td><td>TCP</td>"
        );
        assert_eq!(page.matches(&cells).count(), 2, "{cells}");
    }
}

#[test]
fn thousands_of_endpoints_are_a_page_that_can_be_sent() {
    const MEBIBYTE: usize = 1 << 20;
    let page = page_of(&blocked(5000));
    assert!(page.len() < 8 * MEBIBYTE, "{} bytes", page.len());
    assert!(page.contains("40.113.19.135"));
}

/// Whoever gets only this file knows what to open or mend, for whom, since when, and how to see
/// that it helped.
#[test]
fn who_gets_only_the_page_can_act() {
    for (case, needed) in [
        (
            "segments",
            &[
                "Firewall team",
                "40.112.72.101",
                "clamp the MSS",
                "Outbound from 10.50.1.10 (shir-01), seen at 2026-03-02 12:00:00 UTC",
                "10.50.1.10:51514",
                "ping -f -l 1372 40.112.72.101",
                "segments of at most 1000 bytes: the handshake was completed",
            ][..],
        ),
        (
            "proxy-refuses-all",
            &["Proxy team", "<td>10.0.0.8</td><td>3128</td><td>TCP</td><td>outbound</td>"],
        ),
        (
            "path-private-endpoints",
            &[
                "DNS team",
                "privatelink.blob.core.windows.net",
                "Resolve-DnsName unlinked-unsaid.blob.core.windows.net -Server 10.0.0.53",
            ],
        ),
    ] {
        let page = page_of(&saved(case));
        for words in needed {
            assert!(page.contains(words), "{case}: {words}");
        }
    }
}

#[test]
fn hosts_side_by_side_are_a_page() {
    let page = merged();
    for words in [
        "3 reports, 3 different sets of findings",
        "<th scope=\"col\">tcp-failures</th>",
        "tcp_timeout",
        "<td class=\"cell\">\u{2013}</td>",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

fn merged() -> String {
    let host = |case: &str| {
        let text = saved(case).to_string();
        let text =
            text.replacen("\"hostname\":\"shir-01\"", &format!("\"hostname\":\"{case}\""), 1);
        MergedHost::of(&format!("{case}.json"), &Report::read(&text).unwrap(), &[])
    };
    let hosts = ["healthy", "tcp-failures", "segments"].map(host).into();
    let mut page = Vec::new();
    html::merged(&Merged::of(hosts, Vec::new()), &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn what_was_watched_is_a_page() {
    let page = watched();
    for words in [
        "2 changes in 90 rounds of 2 endpoints",
        "2026-03-02 12:10:00",
        "span fail",
        "1 passed throughout",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

fn watched() -> String {
    let state = |since: &str, status, cause: Option<&str>| WatchedState {
        since: since.parse().unwrap(),
        status,
        cause: cause.map(str::to_owned),
        message: cause.map(|_| HOSTILE.to_owned()).unwrap_or_default(),
    };
    let track = |host_port: &str, states| WatchedEndpoint {
        entry: "relay".to_owned(),
        host_port: host_port.to_owned(),
        states,
    };
    let timeline = Timeline {
        hostname: "shir-01".to_owned(),
        begun: "2026-03-02T12:00:00Z".parse().unwrap(),
        ended: "2026-03-02T13:30:00Z".parse().unwrap(),
        rounds: 90,
        tracks: vec![
            track(
                "flaps.servicebus.windows.net:443",
                vec![
                    state("2026-03-02T12:00:00Z", Status::Pass, None),
                    state("2026-03-02T12:10:00Z", Status::Fail, Some("tcp_timeout")),
                    state("2026-03-02T12:20:00Z", Status::Pass, None),
                ],
            ),
            track(
                "steady.servicebus.windows.net:443",
                vec![state("2026-03-02T12:00:00Z", Status::Pass, None)],
            ),
        ],
    };
    let mut page = Vec::new();
    html::watched(&timeline, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn plain() -> String {
    let page = Handout {
        status: Status::Fail,
        headline: HOSTILE.to_owned(),
        lines: vec!["One line.".to_owned()],
        sections: vec![HandoutSection {
            heading: "Rules".to_owned(),
            lines: vec![HOSTILE.to_owned()],
            columns: vec!["Rule".to_owned(), "Missing".to_owned()],
            rows: vec![vec![HOSTILE.to_owned(), "40.112.72.101".to_owned()]],
            is_folded: true,
        }],
        from: "pathproof rules verify".to_owned(),
    };
    let mut bytes = Vec::new();
    html::handout(&page, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn chromium_shows_pages_as_they_are_meant() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, page: String| {
        fs::write(folder.path().join(format!("{name}.html")), page).unwrap();
    };
    for case in [
        "healthy",
        "two-faults",
        "path-private-endpoints",
        "segments",
        "proxy-refuses-all",
        "proxy-answers",
        "located",
    ] {
        put(case, page_of(&saved(case)));
    }
    let mut report = saved("two-faults");
    hostile(&mut report);
    put("hostile", page_of(&report));
    put("blocked", page_of(&blocked(256)));
    put("merged", merged());
    put("watched", watched());
    put("plain", plain());
    let read = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/read.mjs"))
        .arg(modules)
        .arg(folder.path())
        .output()
        .unwrap();
    let faults = String::from_utf8_lossy(&read.stdout);
    let errors = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success() && faults.is_empty(), "{faults}{errors}");
}

/// Where `.ci/install` put what `tests/browser` needs; `None` where it or Chromium is missing.
fn modules() -> Option<PathBuf> {
    let folder = env::var_os("PATHPROOF_BROWSER").map(PathBuf::from).or_else(|| {
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
        Some(cache.join("pathproof-browser"))
    });
    let there = folder.filter(|folder| folder.join("node_modules/axe-core").is_dir());
    let has_chromium = Path::new("/usr/bin/chromium").exists();
    if there.is_none() || !has_chromium {
        let required = env::var_os("LAB_REQUIRED").is_some_and(|value| value == "1");
        let reason = "Chromium and its readers are not installed: .ci/install does it";
        assert!(!required, "LAB_REQUIRED=1, and {reason}");
        eprintln!("skipped: {reason}");
        return None;
    }
    there
}
