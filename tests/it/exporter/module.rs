//! What a module measures, when, for whom, and what is said of it.

use std::fs;

use super::{Serving, closed_port, command, listener, module, silent_module};

#[test]
fn a_request_is_measured_and_answered_with_metrics() {
    let (_open, port) = listener();
    let closed = closed_port();
    let modules = [module("open", port, ""), module("closed", closed, "")].concat();
    let serving = Serving::start(&modules, &[]);
    let open = serving.get("/probe?module=open");
    assert_eq!(open.status, 200, "{open:?}");
    assert!(open.head.contains("content-type: text/plain; version=0.0.4"), "{}", open.head);
    assert_eq!(open.value("probe_success"), Some("1.0"), "{}", open.body);
    assert!(open.value("probe_duration_seconds").is_some());
    let status = |status: &str, port: u16| {
        format!(
            "pathproof_endpoint_status{{entry=\"endpoint\",host=\"127.0.0.1\",port=\"{port}\",\
             required=\"true\",status=\"{status}\"}}"
        )
    };
    assert_eq!(open.value(&status("pass", port)), Some("1.0"), "{}", open.body);

    let failed = serving.get("/probe?module=closed");
    assert_eq!((failed.status, failed.value("probe_success")), (200, Some("0.0")), "{failed:?}");
    assert_eq!(failed.value(&status("fail", closed)), Some("1.0"), "{}", failed.body);
    assert!(failed.body.contains("cause=\"tcp_refused\""), "{}", failed.body);

    // Prometheus asks for the newer format first.
    let fields = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let newer = serving.ask("GET", "/probe?module=open", fields);
    assert!(newer.head.contains("content-type: application/openmetrics-text"), "{}", newer.head);
    assert!(newer.body.ends_with("# EOF\n"), "{}", newer.body);
}

#[test]
fn only_what_is_allowed_is_measured() {
    let (_open, port) = listener();
    let other = closed_port();
    let allow = format!("allow = [\"127.0.0.1:{port}\", \"*.contoso.example\"]");
    let modules = [module("given", other, &allow), module("own", port, "")].concat();
    let serving = Serving::start(&modules, &[]);
    for (module, target, status) in [
        ("given", format!("127.0.0.1:{port}"), 200),
        ("given", format!("127.1:{port}"), 200),
        ("given", format!("0x7f000001:{port}"), 200),
        ("given", "%3A%3Affff%3A127.0.0.1".to_owned(), 403),
        ("given", format!("[::ffff:127.0.0.1]:{port}"), 200),
        ("given", format!("127.0.0.1:{other}"), 403),
        ("given", "127.0.0.1".to_owned(), 403),
        ("given", "169.254.169.254".to_owned(), 403),
        ("given", "localhost".to_owned(), 403),
        ("given", "contoso.example".to_owned(), 403),
        ("given", "evil.example%23.contoso.example".to_owned(), 400),
        ("given", "a.contoso.example:22".to_owned(), 403),
        ("own", format!("127.0.0.1:{port}"), 200),
        ("own", format!("2130706433:{port}"), 200),
        ("own", format!("127.0.0.1:{other}"), 403),
        ("own", "www.contoso.example".to_owned(), 403),
    ] {
        let answer = serving.get(&format!("/probe?module={module}&target={target}"));
        assert_eq!(answer.status, status, "{module} {target}: {answer:?}");
        if status == 403 {
            assert!(answer.body.contains("pathproof.toml"), "{}", answer.body);
            assert!(answer.body.contains("allow = ["), "{}", answer.body);
        }
        if status == 200 {
            let of_target = format!("host=\"127.0.0.1\",port=\"{port}\"");
            assert!(answer.body.contains(&of_target), "{}", answer.body);
            assert!(!answer.body.contains(&format!("port=\"{other}\"")), "{}", answer.body);
        }
    }
    assert_eq!(serving.metric("pathproof_probes_total{end=\"not_allowed\"}"), "9.0");
}

#[test]
fn a_module_with_every_is_measured_without_being_asked() {
    let (open, port) = listener();
    let serving = Serving::start(&module("shir-1", port, "every = \"200ms\""), &[]);
    let passes = format!(
        "pathproof_endpoint_status{{module=\"shir-1\",entry=\"endpoint\",host=\"127.0.0.1\",\
         port=\"{port}\",required=\"true\",status=\"pass\"}}"
    );
    serving.wait_for(&passes, "1.0");
    drop(open);
    serving.wait_for(&passes, "0.0");
    assert_eq!(serving.metric("pathproof_module_last_run_successful{module=\"shir-1\"}"), "1.0");
    assert!(
        serving.metric("pathproof_service_tags_timestamp_seconds{module=\"shir-1\"}").len() > 9
    );

    let page = serving.get("/report/shir-1.html");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("tcp_refused"), "{}", page.body);
    let json = serving.get("/report/shir-1.json").body;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "pathproof.report/1");
    let overview = serving.get("/");
    assert!(overview.body.contains("href=\"/report/shir-1.html\""), "{}", overview.body);
}

/// Whoever may ask could otherwise end each run at once, and with it what the last one found.
#[test]
fn a_run_that_its_client_cut_short_is_not_the_last_one() {
    let (_silent, port) = listener();
    let serving = Serving::start(&silent_module("slow", port, "1s"), &[]);
    let cut_short = || {
        let fields = "X-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n";
        let answer = serving.ask("GET", "/probe?module=slow", fields);
        // On a busy machine the run does not even come to its end in what is left.
        let is_cut_short = answer.status == 500 || answer.body.contains("cause=\"budget_spent\"");
        assert!(is_cut_short, "{answer:?}");
    };
    cut_short();
    let none = serving.get("/report/slow.json");
    assert_eq!(none.status, 404, "{none:?}");
    assert!(!serving.get("/probe?module=slow").body.contains("budget_spent"));
    let whole = serving.get("/report/slow.json");
    assert_eq!(whole.status, 200, "{whole:?}");
    cut_short();
    assert_eq!(serving.get("/report/slow.json").body, whole.body);
}

#[test]
fn a_module_that_was_taken_out_is_in_no_metric() {
    let (_open, port) = listener();
    let every = "every = \"300ms\"";
    let both = [module("a", port, every), module("b", port, every)].concat();
    let serving = Serving::start(&both, &[]);
    let run = |name: &str| format!("pathproof_module_last_run_successful{{module=\"{name}\"}}");
    for name in ["a", "b"] {
        serving.wait_for(&run(name), "1.0");
        let interval = format!("pathproof_module_interval_seconds{{module=\"{name}\"}}");
        assert_eq!(serving.metric(&interval), "0.3");
    }
    let file = serving.file("pathproof.toml");
    for (modules, left) in
        [(module("a", port, every), vec!["a"]), (module("a", port, ""), Vec::new())]
    {
        fs::write(&file, modules).unwrap();
        assert_eq!(serving.ask("POST", "/-/reload", "").status, 200);
        let metrics = serving.get("/metrics").body;
        for name in ["a", "b"] {
            let is_there = metrics.lines().any(|line| {
                line.contains(&format!("module=\"{name}\"")) && !line.contains("service_tags")
            });
            assert_eq!(is_there, left.contains(&name), "{name} in\n{metrics}");
        }
    }
}

#[test]
fn a_ledger_that_is_not_there_is_told_once_and_in_a_metric() {
    let serving = Serving::start(&module("a", closed_port(), ""), &["--ledger", "none.db"]);
    let said = serving.says("none.db: there is no ledger here");
    assert!(said.starts_with("pathproof: error: --ledger: "), "{said}");
    for _ in 0..3 {
        assert_eq!(serving.metric("pathproof_ledger_readable"), "0.0");
    }
    fs::write(serving.file("none.db"), "").unwrap();
    assert_eq!(serving.metric("pathproof_ledger_readable"), "0.0");
    // Another reason is told; the first was not repeated.
    let next = serving.said.lock().unwrap().recv_timeout(super::PATIENCE).unwrap();
    assert!(next.contains("the file is empty"), "{next}");
    let without = Serving::start(&module("a", closed_port(), ""), &[]);
    assert!(!without.get("/metrics").body.contains("ledger"));
}

#[test]
fn what_is_asked_wrongly_says_what_there_is() {
    let (_open, port) = listener();
    let modules = [module("a", port, ""), module("b", port, "")].concat();
    let serving = Serving::start(&modules, &[]);
    for (method, path, status, words) in [
        ("GET", "/probe", 400, "there are a, b"),
        ("GET", "/probe?module=c", 400, "no module 'c'; there are a, b"),
        ("GET", "/probe?module=a&target=x/y", 400, "without a path"),
        ("GET", "/probe?module=a&target=ftp://x", 400, "the kinds are https, relay"),
        ("GET", "/probe?module=a&module=b", 400, "given twice"),
        ("GET", "/report/a.html", 404, "not measured yet"),
        ("GET", "/report/c", 404, "no such module"),
        ("GET", "/nothing", 404, "/metrics"),
        ("DELETE", "/metrics", 405, "only GET, HEAD"),
        ("GET", "/-/reload", 405, "only POST, PUT"),
        ("GET", "/-/healthy", 200, "healthy"),
        ("GET", "/-/ready", 200, "ready"),
    ] {
        let answer = serving.ask(method, path, "");
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert!(answer.body.contains(words), "{method} {path}: {answer:?}");
    }
    let late =
        serving.ask("GET", "/probe?module=a", "X-Prometheus-Scrape-Timeout-Seconds: soon\r\n");
    assert_eq!(late.status, 400);
    assert_eq!(serving.ask("HEAD", "/metrics", "").body, "");
}

#[test]
fn a_configuration_is_read_anew_or_left_as_it_was() {
    const IN_FORCE: &str = "pathproof_config_last_reload_successful";
    let (_open, port) = listener();
    let serving = Serving::start(&module("a", port, ""), &[]);
    let file = serving.file("pathproof.toml");
    fs::write(&file, format!("{}\nfactori = 1", module("b", port, ""))).unwrap();
    let refused = serving.ask("POST", "/-/reload", "");
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.body.contains("there is no option 'factori'"), "{refused:?}");
    // An error also where hints are not shown (--quiet).
    let said = serving.says("the earlier configuration stays in force: ");
    assert!(said.starts_with("pathproof: error: "), "{said}");
    assert_eq!(serving.metric(IN_FORCE), "0.0");
    assert_eq!(serving.get("/probe?module=a").status, 200, "the earlier one is in force");

    fs::write(&file, module("b", port, "")).unwrap();
    assert_eq!(serving.ask("POST", "/-/reload", "").status, 200);
    assert_eq!(serving.metric(IN_FORCE), "1.0");
    assert_eq!(serving.get("/probe?module=a").status, 400);
    assert_eq!(serving.get("/probe?module=b").status, 200);

    fs::write(&file, module("c", port, "")).unwrap();
    serving.signal("HUP");
    serving.says("the configuration was read anew");
    serving.says("the configuration was read anew");
    assert_eq!(serving.get("/probe?module=c").status, 200);
}

#[test]
fn what_a_module_cannot_have_is_named_with_its_place() {
    for (text, words) in [
        ("[module.a]\noutput = \"x.html\"", ":2: output has no meaning in a module"),
        ("[module.a]\nallow = [\"*\"]", ":2: allow: '*' would let anybody"),
        ("[module.a]\nallow = true", ":2: allow takes a list"),
        ("[module.a]\nallow = [1]", ":2: allow takes a list"),
        ("[module.a]\nallow = 167772161", ":2: allow takes a list"),
        ("[module.a]\nallow = [\"tcp://a.example\"]", ":2: allow: a tcp endpoint has no default"),
        ("[module.a]\nevery = \"often\"", ":2: every: expected"),
        ("[module.a]\nfactori = \"x\"", "did you mean factory"),
        ("[module.a]\nyes = true", "yes is given on the command line only"),
        ("[module.a]\nnsg = \"x\"", "nsg is no option of check"),
        ("[module.a]\nservice-urls = \"-\"", "cannot read standard input here"),
        ("[module.a]\nservice-urls = \"none.txt\"", "none.txt"),
        ("[module.\"a/b\"]\nfactory = \"x\"", "'a/b' is no name of a module"),
        ("module = 1", "write [module.NAME]"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("pathproof.toml");
        fs::write(&config, text).unwrap();
        let output = command(&config, &[]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(words), "{text}: {said}");
    }
}

/// The options above the modules hold for all of them, and other commands read the file too.
#[test]
fn a_file_with_modules_is_one_for_every_command() {
    let (_open, port) = listener();
    let head = format!("endpoint = \"tcp://127.0.0.1:{port}\"\n{}", "timeout = \"300ms\"\n");
    let rest = "resolver = \"127.0.0.1:1\"\nonly = \"endpoint\"\n";
    let text = format!("{head}{rest}[module.a]\nevery = \"1h\"\n[module.b]\ntimeout = \"200ms\"\n");
    let serving = Serving::start(&text, &[]);
    for name in ["a", "b"] {
        let answer = serving.get(&format!("/probe?module={name}"));
        assert_eq!(answer.value("probe_success"), Some("1.0"), "{answer:?}");
    }
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_pathproof"));
    check.args(["check", "--config"]).arg(serving.file("pathproof.toml"));
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
