//! What a request may name, and as what it is measured.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use super::{Serving, closed_port, listener, module};

/// The first byte that a client sends tells TLS from SQL Server's pre-login.
fn first_byte(listener: TcpListener) -> thread::JoinHandle<u8> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        byte[0]
    })
}

#[test]
fn a_target_outside_the_list_is_measured_as_its_kind() {
    const HANDSHAKE: u8 = 0x16;
    const PRE_LOGIN: u8 = 0x12;
    for (allow, target, expected) in [
        ("tds://127.0.0.1:{}", "127.0.0.1:{}", PRE_LOGIN),
        ("tds://127.0.0.1:{}", "tds://127.0.0.1:{}", PRE_LOGIN),
        ("127.0.0.1:{}", "tds://127.0.0.1:{}", PRE_LOGIN),
        // As `check --endpoint` has it.
        ("127.0.0.1:{}", "127.0.0.1:{}", HANDSHAKE),
        ("https://127.0.0.1:{}", "127.0.0.1:{}", HANDSHAKE),
    ] {
        let (far_end, port) = listener();
        let filled = |text: &str| text.replace("{}", &port.to_string());
        let allow = format!("allow = [\"{}\"]", filled(allow));
        let serving = Serving::start(&module("stores", closed_port(), &allow), &[]);
        let byte = first_byte(far_end);
        let target = filled(target);
        let answer = serving.get(&format!("/probe?module=stores&target={target}"));
        assert_eq!(answer.status, 200, "{allow} {target}: {answer:?}");
        assert_eq!(byte.join().unwrap(), expected, "{allow} {target}");
        assert_eq!(answer.body.matches("status=\"fail\"").count(), 1, "{}", answer.body);
    }
}

/// The ports that an answer speaks of.
fn ports(body: &str) -> Vec<&str> {
    let statuses = body.lines().filter(|line| line.starts_with("pathproof_endpoint_status"));
    let mut ports: Vec<&str> = statuses
        .filter(|line| line.contains("status=\"pass\""))
        .map(|line| line.split("port=\"").nth(1).unwrap().split('"').next().unwrap())
        .collect();
    ports.sort_unstable();
    ports
}

#[test]
fn a_name_of_the_modules_own_list_means_what_the_list_measures_there() {
    const ENDPOINTS: &str = "endpoint = [\"tds://sql.contoso.example\", \
                             \"tcp://127.0.0.9:7000\", \"tcp://127.0.0.9:7001\"]\n\
                             peer = [\"node2\"]\nskip = [\"relay\", \"control\", \"download\"]\n\
                             resolver = \"127.0.0.1:1\"\nproxy = \"none\"\ntimeout = \"300ms\"\n";
    let modules = format!(
        "[module.own]\n{ENDPOINTS}[module.given]\n{ENDPOINTS}allow = [\"sql.contoso.example\", \
         \"node2\", \"127.0.0.9:7001\", \"tls://*.contoso.example:8443\"]\n"
    );
    let serving = Serving::start(&modules, &[]);
    for (module, target, expected) in [
        ("own", "sql.contoso.example", &["1433"][..]),
        ("own", "sql.contoso.example:1433", &["1433"]),
        ("own", "tds://sql.contoso.example", &["1433"]),
        ("own", "sql.contoso.example:443", &[]),
        ("own", "https://sql.contoso.example", &[]),
        ("own", "node2", &["8060"]),
        ("own", "node2:8061", &[]),
        ("own", "127.0.0.9", &["7000", "7001"]),
        ("own", "127.0.0.9:7001", &["7001"]),
        ("own", "127.0.0.9:7002", &[]),
        ("given", "sql.contoso.example", &["1433"]),
        ("given", "node2", &["8060"]),
        ("given", "127.0.0.9", &["7001"]),
        ("given", "127.0.0.9:7000", &[]),
        // What is not measured there by itself has the usual port of its kind.
        ("given", "https://sql.contoso.example", &["443"]),
        ("given", "a.contoso.example:8443", &["8443"]),
        ("given", "a.contoso.example", &[]),
        ("given", "tds://a.contoso.example:8443", &[]),
    ] {
        let answer = serving.get(&format!("/probe?module={module}&target={target}"));
        let status = if expected.is_empty() { 403 } else { 200 };
        assert_eq!(answer.status, status, "{module} {target}: {answer:?}");
        assert_eq!(ports(&answer.body), expected, "{module} {target}");
    }
}

/// Alerts know a relay by its entry.
#[test]
fn a_name_that_a_list_covers_is_of_its_entry_whoever_names_the_kind() {
    let modules = "[module.a]\nallow = [\"*.servicebus.windows.net\"]\n\
                   resolver = \"127.0.0.1:1\"\nproxy = \"none\"\ntimeout = \"300ms\"\n";
    let serving = Serving::start(modules, &[]);
    for (target, entry) in [
        ("a.servicebus.windows.net", "relay"),
        ("relay://a.servicebus.windows.net", "relay"),
        ("tls://a.servicebus.windows.net:443", "endpoint"),
    ] {
        let answer = serving.get(&format!("/probe?module=a&target={target}"));
        let series = format!(
            "pathproof_endpoint_status{{entry=\"{entry}\",host=\"a.servicebus.windows.net\",\
             port=\"443\",required=\"true\",status=\"pass\"}}"
        );
        assert!(answer.value(&series).is_some(), "{target}: {}", answer.body);
    }
}

#[test]
fn what_would_allow_any_host_is_refused() {
    for text in ["0.0.0.0/0", "::/0", "::ffff:0:0/96", "tds://*", "https://0.0.0.0/0"] {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("pathproof.toml");
        fs::write(&config, format!("[module.a]\nallow = [\"{text}\"]\n")).unwrap();
        let output = super::command(&config, &[]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(":2: allow: ") && said.contains("any host"), "{text}: {said}");
    }
}

/// The block of a page that begins with a line.
fn block<'p>(page: &'p str, first: &str) -> &'p str {
    let start = page.find(first).unwrap();
    page[start..].split("```").next().unwrap()
}

/// What `deploy/prometheus/prometheus.yml` asks for, by the configuration that the page shows.
#[test]
fn prometheus_asks_only_for_what_the_page_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/fleet.md")).unwrap();
    let page = page.lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
    let folder = tempfile::tempdir().unwrap();
    // Nothing is resolved, and so nobody is asked.
    let head = "resolver = \"127.0.0.1:1\"\nproxy = \"none\"\ntimeout = \"300ms\"\n";
    let shown = block(&page, "# /etc/pathproof/pathproof.toml");
    fs::write(folder.path().join("pathproof.toml"), format!("{head}{shown}")).unwrap();
    let urls = "[\"contoso.servicebus.windows.net\"]";
    fs::write(folder.path().join("service-urls.json"), urls).unwrap();
    let serving = Serving::start_in(folder, &[]);
    let prometheus = fs::read_to_string(root.join("deploy/prometheus/prometheus.yml")).unwrap();
    let probe = &prometheus[prometheus.find("metrics_path: /probe").unwrap()..];
    let list = |key: &str| {
        let rest = probe.split(&format!("{key}: [")).nth(1).unwrap().split(']').next().unwrap();
        let words = rest.split(',').map(|word| word.trim().trim_matches('\'').to_owned());
        words.collect::<Vec<_>>()
    };
    let (modules, targets) = (list("module"), list("targets"));
    assert!(modules.len() == 1 && targets.len() > 1, "{modules:?} {targets:?}");
    for target in &targets {
        let answer = serving.get(&format!("/probe?module={}&target={target}", modules[0]));
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        let is_sql = target.contains("sql.");
        assert_eq!(ports(&answer.body), [if is_sql { "1433" } else { "443" }], "{target}");
    }
}
