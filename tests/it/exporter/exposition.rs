//! The formats of metrics, as clients ask for them, and what HTTP demands of a request.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

use super::{Answer, Serving, closed_port, module};
use crate::emission::has;

#[test]
fn a_counter_is_called_in_each_format_as_the_format_has_it() {
    let serving = Serving::start(&module("quick", closed_port(), ""), &[]);
    serving.get("/probe?module=quick");
    let older = serving.get("/metrics");
    let newer = serving.ask("GET", "/metrics", "Accept: application/openmetrics-text\r\n");
    for name in ["pathproof_probes", "process_cpu_seconds"] {
        for (answer, family) in [(&older, format!("{name}_total")), (&newer, name.to_owned())] {
            let described = format!("# TYPE {family} counter\n");
            assert!(answer.body.contains(&described), "no {described} in {}", answer.body);
            assert!(answer.body.contains(&format!("# HELP {family} ")), "{}", answer.body);
            assert!(answer.body.contains(&format!("\n{name}_total")), "{}", answer.body);
        }
    }
    assert!(newer.body.ends_with("\n# EOF\n") && !older.body.contains("# EOF"));
}

#[test]
fn promtool_has_nothing_against_what_is_served() {
    if !has("promtool") {
        return;
    }
    let modules = module("quick", closed_port(), "every = \"200ms\"");
    let serving = Serving::start(&modules, &["--ledger", "none.db"]);
    serving.wait_for("pathproof_module_last_run_successful{module=\"quick\"}", "1.0");
    for path in ["/metrics", "/probe?module=quick"] {
        let file = serving.file("metrics.prom");
        fs::write(&file, serving.get(path).body).unwrap();
        let mut promtool = Command::new("promtool");
        promtool.args(["check", "metrics"]).stdin(Stdio::from(File::open(&file).unwrap()));
        let output = promtool.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{path}: {said}");
    }
}

#[test]
fn the_format_is_the_one_that_the_client_prefers() {
    let serving = Serving::start(&module("quick", closed_port(), ""), &[]);
    for (accepted, expected) in [
        ("", "text/plain; version=0.0.4"),
        ("Accept: */*\r\n", "text/plain"),
        ("Accept: application/openmetrics-text\r\n", "application/openmetrics-text"),
        ("Accept: application/openmetrics-text;q=0, text/plain\r\n", "text/plain"),
        ("Accept: application/openmetrics-text;q=0.2,text/plain;q=0.3\r\n", "text/plain"),
        // What Prometheus sends.
        (
            "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n",
            "application/openmetrics-text; version=1.0.0",
        ),
        ("Accept: text/plain\r\nAccept: Application/OpenMetrics-Text\r\n", "application/open"),
    ] {
        let answer = serving.ask("GET", "/metrics", accepted);
        let content = format!("content-type: {expected}");
        assert!(answer.head.contains(&content), "{accepted}: {}", answer.head);
    }
}

/// RFC 9112 §3.2: a request of HTTP/1.1 names its host, once.
#[test]
fn a_request_names_its_host_once() {
    let serving = Serving::start(&module("quick", closed_port(), ""), &[]);
    for (head, status) in [
        ("GET /-/healthy HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        ("GET /-/healthy HTTP/1.0\r\n\r\n", 200),
    ] {
        let mut stream = serving.connect();
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut stream).status, status, "{head}");
    }
}
