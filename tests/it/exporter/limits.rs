//! What a client costs, whatever it does.

use std::io::{Read, Write};
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::{Duration, Instant};

use super::{Answer, PATIENCE, Serving, closed_port, command, listener, module, silent_module};

/// What the exporter gives a slow client, and what a busy machine adds.
const TEN_SECONDS: Duration = Duration::from_secs(10);
pub(super) const LATEST: Duration = Duration::from_secs(25);

#[test]
fn above_the_limit_the_answer_is_503_at_once_and_it_recovers() {
    let (_silent, port) = listener();
    let modules = [silent_module("slow", port, "4s"), module("quick", closed_port(), "")].concat();
    let serving = Serving::start(&modules, &["--max-probes", "2"]);
    thread::scope(|scope| {
        let slow = || scope.spawn(|| serving.get("/probe?module=slow"));
        let measured = [slow(), slow()];
        serving.wait_for("pathproof_probes_in_flight", "2.0");
        for _ in 0..20 {
            let begun = Instant::now();
            let refused = serving.get("/probe?module=quick");
            assert_eq!(refused.status, 503, "{refused:?}");
            assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        }
        for measured in measured {
            let answer = measured.join().unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    });
    assert_eq!(serving.get("/probe?module=quick").status, 200);
    assert_eq!(serving.metric("pathproof_probes_total{end=\"refused\"}"), "20.0");
}

#[test]
fn a_run_ends_in_the_time_of_its_client_with_what_is_known() {
    let (_silent, port) = listener();
    let serving = Serving::start(&silent_module("slow", port, "50s"), &[]);
    let begun = Instant::now();
    let fields = "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n";
    let answer = serving.ask("GET", "/probe?module=slow", fields);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.value("probe_success"), Some("0.0"), "{}", answer.body);
    assert!(answer.body.contains("cause=\"budget_spent\""), "{}", answer.body);
}

#[test]
fn a_run_whose_client_went_away_is_not_gone_on_with() {
    let (silent, port) = listener();
    let serving = Serving::start(&silent_module("slow", port, "50s"), &[]);
    let mut stream = serving.connect();
    stream.write_all(b"GET /probe?module=slow HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let (mut probed, _) = silent.accept().unwrap();
    serving.wait_for("pathproof_probes_in_flight", "1.0");
    drop(stream);
    serving.wait_for("pathproof_probes_in_flight", "0.0");
    assert_eq!(serving.metric("pathproof_probes_total{end=\"abandoned\"}"), "1.0");
    // The connection that it measured is closed, long before its time-out.
    probed.set_read_timeout(Some(LATEST)).unwrap();
    let mut rest = Vec::new();
    let begun = Instant::now();
    let _ = probed.read_to_end(&mut rest);
    assert!(begun.elapsed() < LATEST, "{:?}", begun.elapsed());
}

/// Silent, slow, garbage: each is hung up on, and others are answered meanwhile.
#[test]
fn slow_silent_and_garbage_clients_cost_ten_seconds() {
    let serving = Serving::start(&module("quick", closed_port(), ""), &[]);
    let silent = serving.connect();
    let mut half = serving.connect();
    half.write_all(b"GET /metrics HTTP/1.1\r\nHost").unwrap();
    let mut kept = serving.connect();
    kept.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut body = serving.connect();
    body.write_all(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        .unwrap();
    let mut garbage = serving.connect();
    garbage.write_all(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n\x00\xff").unwrap();
    let mut large = serving.connect();
    let _ = large.write_all(&[&b"GET / HTTP/1.1\r\nX: "[..], &b"x".repeat(100_000)].concat());
    let trickle = serving.connect();
    let mut letters = trickle.try_clone().unwrap();
    let writer = thread::spawn(move || {
        for _ in 0..60 {
            if letters.write_all(b"G").is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(500));
        }
    });
    let begun = Instant::now();
    assert_eq!(serving.get("/-/healthy").status, 200);
    for mut stream in [silent, half, kept, body, garbage, large, trickle] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    let took = begun.elapsed();
    assert!(took < LATEST, "{took:?}");
    assert!(took > TEN_SECONDS / 2, "the silent one is waited for: {took:?}");
    serving.wait_for("pathproof_connections", "1.0");
    writer.join().unwrap();
}

#[test]
fn it_ends_as_it_is_asked_to_with_what_is_known() {
    let (silent, port) = listener();
    let mut serving = Serving::start(&silent_module("slow", port, "50s"), &[]);
    let mut stream = serving.connect();
    stream.write_all(b"GET /probe?module=slow HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let _probed = silent.accept().unwrap();
    let begun = Instant::now();
    serving.signal("TERM");
    let answer = Answer::read(&mut stream);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("cause=\"not_run\""), "{}", answer.body);
    assert_eq!(serving.code(), Some(0));
    assert!(begun.elapsed() < LATEST, "{:?}", begun.elapsed());
}

#[test]
fn the_service_manager_is_told_when_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let config = folder.path().join("pathproof.toml");
    std::fs::write(&config, module("quick", closed_port(), "")).unwrap();
    let mut child = command(&config, &[]).env("NOTIFY_SOCKET", &socket).spawn().unwrap();
    let told = || {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    assert_eq!(told(), "READY=1");
    let kill = format!("kill -TERM {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let (_taken, port) = listener();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("pathproof.toml");
    std::fs::write(&config, module("quick", closed_port(), "")).unwrap();
    let mut serve = std::process::Command::new(env!("CARGO_BIN_EXE_pathproof"));
    serve.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--config"]).arg(&config);
    let output = serve.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("--listen 127.0.0.1:{port}")), "{said}");
}
