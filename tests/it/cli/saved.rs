//! `report diff|merge` and `--baseline`, on the golden cases' records and reports.

use std::fs;
use std::path::Path;

use pathproof::report::html;
use pathproof::report_v1::Report;

use super::{Ended, run, shown};

fn case(name: &str, file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name).join(file);
    shown(&path).to_owned()
}

#[track_caller]
fn ends(arguments: &[&str], code: i32, words: &[&str]) -> Ended {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for word in words {
        assert!(ended.stdout.contains(word), "no {word:?} in {}", ended.stdout);
    }
    ended
}

#[test]
fn a_regression_is_exit_code_1() {
    let (healthy, inspected) = (case("healthy", "report.json"), case("inspected", "report.json"));
    let regressed = ["regression", "pass -> warn tls_intercepted"];
    ends(&["report", "diff", &healthy, &inspected], 1, &regressed);
    ends(&["report", "diff", &healthy, &inspected, "--owner", "proxy"], 1, &regressed);
    ends(&["report", "diff", &healthy, &healthy], 0, &["PASS    0 regressions"]);
    let json = ["\"schema\":\"pathproof.diff/1\"", "\"kind\":\"regression\""];
    ends(&["report", "diff", &healthy, &inspected, "--format", "json"], 1, &json);
}

#[test]
fn a_run_is_compared_with_its_baseline() {
    let (healthy, inspected) = (case("healthy", "report.json"), case("inspected", "records.jsonl"));
    let replay = ["replay", &inspected, "--baseline", &healthy];
    assert_eq!(run(&replay[..2]).code, Some(0), "the case itself only warns");
    ends(&replay, 1, &["Regressions", "pass -> warn tls_intercepted"]);
    for format in ["json", "jsonl"] {
        let words = ["\"baseline\":{\"hostname\":", "\"changes\":[", "\"kind\":\"regression\""];
        ends(&[&replay[..], &["--format", format]].concat(), 1, &words);
    }
    let own = case("inspected", "report.json");
    ends(&["replay", &inspected, "--baseline", &own], 0, &["PASS    0 regressions"]);
}

#[test]
fn three_hundred_reports_of_a_folder_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let healthy = fs::read_to_string(case("healthy", "report.json")).unwrap();
    let inspected = fs::read_to_string(case("inspected", "report.json")).unwrap();
    for at in 0..300 {
        let text = if at == 7 { &inspected } else { &healthy };
        let name = format!("\"hostname\":\"node-{at}\"");
        let text = text.replacen("\"hostname\":\"shir-01\"", &name, 1);
        fs::write(folder.path().join(format!("{at}.json")), text).unwrap();
    }
    fs::write(folder.path().join("notes.txt"), "no report, and not meant as one").unwrap();
    let merge = ["report", "merge", shown(folder.path())];
    let words = ["300 reports, 2 different sets", "1 of 300: node-7", "tls_intercepted"];
    ends(&merge, 0, &words);

    let json = "\"outcome\":\"too_few_hosts\",\"failed\":[{\"endpoint\":";
    ends(&[&merge[..], &["--format", "json"]].concat(), 0, &[json]);

    fs::write(folder.path().join("broken.json"), &healthy[..healthy.len() / 2]).unwrap();
    let ended = ends(&merge, 2, &["300 reports", "Not read: ", "broken.json"]);
    assert!(ended.stderr.contains("broken.json"), "{ended:?}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let healthy = case("healthy", "report.json");
    let records = case("healthy", "records.jsonl");
    for (arguments, words) in [
        (&["report", "diff", &healthy, "missing.json"][..], &["missing.json"][..]),
        (&["report", "diff", &healthy, &records], &["records.jsonl", "--format json"]),
        (&["report", "diff", "-", "-"], &["BEFORE"]),
        (&["report", "diff", &healthy, &healthy, "--owner", "me"], &["firewall"]),
        (&["report", "diff", &healthy, &healthy, "--output", "d.jsonl"], &["d.jsonl"]),
        (&["report", "merge", shown(folder.path())], &["no .json file"]),
        (&["replay", &records, "--baseline", &records], &["--baseline", "records.jsonl"]),
    ] {
        run(arguments).refuses(words);
    }
}

/// Two reports of one host are one host, and the one that does not count is named.
#[test]
fn a_host_is_one_host_whoever_measured_it_last() {
    let (healthy, inspected) = (case("healthy", "report.json"), case("inspected", "report.json"));
    for format in ["table", "markdown", "html", "json"] {
        let merge = ["report", "merge", &healthy, &inspected, "--format", format];
        let ended = run(&merge);
        let words = if format == "json" { "\"passed_over\":[\n{" } else { "1 host was left out" };
        assert!(ended.stdout.contains(words), "{ended:?}");
    }
}

/// A page made from the saved report is the page that the run wrote, byte for byte.
#[test]
fn a_page_is_the_same_from_the_run_and_from_its_saved_report() {
    for name in ["two-faults", "route-judged", "revocation"] {
        let folder = tempfile::tempdir().unwrap();
        let (page, saved) = (folder.path().join("run.html"), folder.path().join("run.json"));
        let records = case(name, "records.jsonl");
        let ended = run(&["replay", &records, "--output", shown(&page), "--output", shown(&saved)]);
        assert_eq!(ended.stdout, "", "{ended:?}");
        let report = Report::read(&fs::read_to_string(&saved).unwrap()).unwrap();
        let mut again = Vec::new();
        html::report(&report, &mut again).unwrap();
        assert!(again == fs::read(&page).unwrap(), "{name}");
        let direct = run(&["replay", &records, "--format", "html"]).stdout;
        assert!(direct.starts_with("<!doctype html>") && direct.ends_with("</html>\n"), "{name}");
    }
}

#[test]
fn hosts_are_put_side_by_side_as_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let healthy = case("healthy", "report.json");
    let inspected = folder.path().join("inspected.json");
    let text = fs::read_to_string(case("inspected", "report.json")).unwrap();
    let text = text.replacen("\"hostname\":\"shir-01\"", "\"hostname\":\"shir-02\"", 1);
    fs::write(&inspected, text).unwrap();
    let inspected = shown(&inspected).to_owned();
    let page = ["<!doctype html>", "2 reports, 2 different sets of findings", "tls_intercepted"];
    let merge = ["report", "merge", &healthy, &inspected, "--format", "html"];
    ends(&merge, 0, &page);
    let ticket = ["# WARN: 2 reports, 2 different sets of findings", "| `tls_intercepted` |"];
    ends(&["report", "merge", &healthy, &inspected, "--format", "markdown"], 0, &ticket);
    for format in ["html", "markdown"] {
        let refused = run(&["report", "diff", &healthy, &inspected, "--format", format]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains("a comparison is written as table or json"), "{refused:?}");
    }
}
