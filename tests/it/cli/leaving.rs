//! How the runtime is configured to leave, from the command line to the report.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hickory_proto::rr::RecordType;
use serde_json::Value;

use super::{Ended, pathproof, run, shown};
use crate::loopback::dns::{Asked, Say, Server as Dns};
use crate::loopback::pki::{Authority, Dates};
use crate::loopback::{Behaviour, Server, Talk, http, tls};

const PASSWORD: &str = "ge:h@ei/m";
/// As it is written in a URL.
const ENCODED: &str = "ge%3Ah%40ei%2Fm";

/// Resolves every name to an address of loopback at which nothing listens.
fn dns() -> Dns {
    Dns::start(|asked: &Asked| match asked.record_type {
        RecordType::A => Say::records(&[&format!("{} 30 A 127.0.0.9", asked.name)]),
        _ => Say::records(&[]),
    })
}

/// `check` of these names at port 9, whose report is JSON.
fn check(resolver: SocketAddr, hosts: &[&str], more: &[&str]) -> Value {
    report(&ended(resolver, hosts, more))
}

fn ended(resolver: SocketAddr, hosts: &[&str], more: &[&str]) -> Ended {
    let resolver = resolver.to_string();
    let endpoints: Vec<String> = hosts.iter().map(|host| format!("https://{host}:9")).collect();
    let mut arguments =
        vec!["check", "--resolver", &resolver, "--only", "endpoint", "--format", "json"];
    for endpoint in &endpoints {
        arguments.extend(["--endpoint", endpoint]);
    }
    arguments.extend(more);
    run(&arguments)
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

fn route<'r>(report: &'r Value, host: &str) -> &'r Value {
    let endpoints = report["endpoints"].as_array().unwrap();
    &endpoints.iter().find(|one| one["host"] == host).unwrap()["route"]
}

fn configured<'r>(report: &'r Value, host: &str) -> &'r str {
    route(report, host)["configured"].as_str().unwrap()
}

fn why<'r>(report: &'r Value, host: &str) -> &'r str {
    route(report, host)["why"].as_str().unwrap()
}

fn runtime(folder: &Path, host: &str, worker: &str) {
    for (name, section) in [("diahost.exe.config", host), ("diawp.exe.config", worker)] {
        let text = format!("<configuration><system.net>{section}</system.net></configuration>");
        fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn the_report_says_which_way_and_by_which_rule() {
    let dns = dns();
    let folder = tempfile::tempdir().unwrap();
    let section = r#"<defaultProxy><proxy proxyaddress="http://agent.test:9"/><bypasslist><add address="^https://b\.test(:\d+)?$"/></bypasslist></defaultProxy>"#;
    runtime(folder.path(), section, section);
    let hosts = ["a.test", "b.test", "c.test"];

    let given = ["--agent-config", shown(folder.path()), "--no-proxy", ".c.test,c.test"];
    let report = check(dns.address, &hosts, &given);
    assert_eq!(configured(&report, "a.test"), "http://agent.test:9");
    assert_eq!(why(&report, "a.test"), "proxyaddress of diahost.exe.config");
    assert_eq!(configured(&report, "b.test"), "direct");
    assert!(why(&report, "b.test").starts_with("bypass rule 1 of diahost.exe.config: "));
    assert_eq!(why(&report, "c.test"), "rule 2 of --no-proxy: c.test");
    let proxy = &report["run"]["vantage"]["proxy"];
    assert!(proxy["source"].as_str().unwrap().starts_with("auto: agent: "), "{proxy}");
    assert_eq!(proxy["url"], "http://agent.test:9");

    // It wins over the agent's files, and bypasses nothing.
    let given = ["--agent-config", shown(folder.path()), "--proxy", "http://127.0.0.1:9"];
    let report = check(dns.address, &hosts, &given);
    for host in hosts {
        assert_eq!(configured(&report, host), "http://127.0.0.1:9");
    }
    assert_eq!(report["run"]["vantage"]["proxy"]["source"], "--proxy");
}

#[test]
fn the_environment_is_read_in_both_cases_and_with_its_own_exceptions() {
    let dns = dns();
    let resolver = dns.address.to_string();
    for (proxy, no_proxy) in [("HTTPS_PROXY", "NO_PROXY"), ("https_proxy", "no_proxy")] {
        for (option, expected) in [
            ("auto", ["http://127.0.0.1:9", "direct", "direct"]),
            ("os", ["http://127.0.0.1:9", "direct", "direct"]),
            ("none", ["direct"; 3]),
            ("http://127.0.0.2:9", ["http://127.0.0.2:9"; 3]),
        ] {
            let mut command = pathproof(&["check", "--resolver", &resolver, "--only", "endpoint"]);
            command.args(["--endpoint", "a.test:9", "--endpoint", "b.test:9", "--endpoint"]);
            command.args(["10.255.255.1:9", "--timeout", "300ms", "--format", "json"]);
            command.args(["--proxy", option]);
            command.env(proxy, format!("http://anna:{ENCODED}@127.0.0.1:9"));
            command.env(no_proxy, "b.test,10.0.0.0/8");
            let ended = Ended::of(command.output().unwrap());
            assert!(
                !ended.stdout.contains(ENCODED) && !ended.stderr.contains(ENCODED),
                "{ended:?}"
            );
            let report = report(&ended);
            let found = ["a.test", "b.test", "10.255.255.1"].map(|host| configured(&report, host));
            assert_eq!(found, expected, "{proxy} {option}");
        }
    }
}

#[test]
fn a_script_is_fetched_and_its_questions_are_recorded() {
    let dns = dns();
    let script = "function FindProxyForURL(url, host) {\n  if (host == 'b.test') nothing();\n  \
                  if (isInNet(host, '127.0.0.0', '255.0.0.0')) return 'PROXY 127.0.0.1:9; DIRECT';\n  \
                  return 'DIRECT';\n}";
    let pac = Server::start(Behaviour::Plain(Talk::answer(http::page("200 OK", "", script))));
    let moved = format!("Location: http://{}/wpad.dat\r\n", pac.address);
    let redirect =
        Server::start(Behaviour::Plain(Talk::answer(http::page("302 Found", &moved, ""))));
    // The name is resolved as any other.
    let script = format!("pac:http://wpad.test:{}/proxy.pac?sig=secret", redirect.address.port());
    let at_loopback = Dns::start(|asked: &Asked| match asked.record_type {
        RecordType::A => Say::records(&[&format!("{} 30 A 127.0.0.1", asked.name)]),
        _ => Say::records(&[]),
    });
    let ended = ended(at_loopback.address, &["a.test", "b.test"], &["--proxy", &script]);
    let report = report(&ended);
    assert_eq!(configured(&report, "a.test"), "http://127.0.0.1:9", "{report}");
    assert_eq!(route(&report, "a.test")["fallbacks"], serde_json::json!(["direct"]));
    assert_eq!(
        route(&report, "a.test")["questions"],
        serde_json::json!([{"name": "a.test", "addresses": ["127.0.0.1"]}])
    );
    assert!(why(&report, "b.test").contains("line 2: "), "{report}");
    assert!(!ended.stdout.contains("sig=secret") && !ended.stderr.contains("sig=secret"));
    drop(dns);
}

/// A script decides where everything goes: it is taken from nobody whom this host does not trust.
#[test]
fn a_script_by_https_is_taken_from_whom_this_host_trusts() {
    let at_loopback = Dns::start(|asked: &Asked| match asked.record_type {
        RecordType::A => Say::records(&[&format!("{} 30 A 127.0.0.1", asked.name)]),
        _ => Say::records(&[]),
    });
    let root = Authority::root("Contoso Root");
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, root.pem()).unwrap();
    let trusting = &["--ca-file", shown(&roots)][..];
    let script = "function FindProxyForURL() { return 'PROXY 127.0.0.1:9'; }";
    for (name, dates, trust, expected) in [
        ("wpad.test", Dates::Current, trusting, "http://127.0.0.1:9"),
        ("wpad.test", Dates::Current, &[], "its certificate is not trusted here"),
        ("wpad.test", Dates::Expired, trusting, "its certificate is out of date"),
        ("other.test", Dates::Current, trusting, "its certificate is for another name"),
    ] {
        let identity = tls::server(&root.issue(&[name], dates));
        let talk = Talk::answer(http::page("200 OK", "", script));
        let server = Server::start(Behaviour::Tls(identity, talk));
        let script = format!("pac:https://wpad.test:{}/p.pac", server.address.port());
        let given = [&["--proxy", &script][..], trust].concat();
        let report = check(at_loopback.address, &["a.test"], &given);
        let said = format!("{} {}", configured(&report, "a.test"), why(&report, "a.test"));
        assert!(said.contains(expected), "{name}: no {expected:?} in {said}");
    }
}

#[test]
fn a_script_that_cannot_be_had_is_each_endpoints_fault() {
    let dns = dns();
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let page = "<html><body>sign in</body></html>";
    for (talk, words) in [
        (Talk::answer(http::page("404 Not Found", "", "")), "answers 404 Not Found"),
        (Talk::answer(http::page("200 OK", "", page)), "a web page stands where the script should"),
        (Talk::answer(http::page("200 OK", "", "function f( {")), "line 1: not JavaScript"),
        (
            Talk::answer(http::page("302 Found", "Location: /again\r\n", "")),
            "more than 5 redirects",
        ),
        (
            Talk::answer(http::page("302 Found", "Location: file:///etc/passwd\r\n", "")),
            "redirects to an address that cannot be fetched",
        ),
        (Talk::Close, "closes without an answer"),
        (Talk::answer("SSH-2.0-x\r\n"), "does not speak HTTP"),
        (Talk::Endless(head, vec![b' '; 1 << 16]), "more than 1024 KiB"),
        (Talk::Silence, "no whole answer within"),
    ] {
        let server = Server::start(Behaviour::Plain(talk));
        let script = format!("pac:http://{}/p.pac", server.address);
        let report = check(dns.address, &["a.test"], &["--proxy", &script, "--timeout", "400ms"]);
        assert_eq!(configured(&report, "a.test"), "unknown");
        assert!(why(&report, "a.test").contains(words), "{words}: {}", why(&report, "a.test"));
    }
    let folder = tempfile::tempdir().unwrap();
    for (location, words) in [
        (r"\\server\share\p.pac", "UNC"),
        ("file://server/share/p.pac", "UNC"),
        ("file:///no/such/p.pac", "cannot be read"),
        ("ftp://server/p.pac", "by ftp"),
    ] {
        let section =
            format!(r#"<defaultProxy><proxy scriptLocation="{location}"/></defaultProxy>"#);
        runtime(folder.path(), &section, &section);
        let given = ["--agent-config", shown(folder.path())];
        let report = check(dns.address, &["a.test"], &given);
        assert!(why(&report, "a.test").contains(words), "{words}: {}", why(&report, "a.test"));
    }
}

/// The server answers nobody before it has heard of every name: names that were asked for one after
/// the other would never get an answer.
#[test]
fn the_lookups_of_scripts_wait_for_one_another_side_by_side() {
    const NAMES: usize = 300;
    let heard: Arc<Mutex<HashSet<String>>> = Arc::default();
    let seen = Arc::clone(&heard);
    let dns = Dns::start(move |asked: &Asked| {
        let mut seen = seen.lock().unwrap();
        seen.insert(asked.name.clone());
        match asked.record_type {
            _ if seen.len() < NAMES => Say::Nothing,
            RecordType::A => Say::records(&[&format!("{} 30 A 127.0.0.9", asked.name)]),
            _ => Say::records(&[]),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let pac = folder.path().join("p.pac");
    let text = "function FindProxyForURL(url, host) { return 'PROXY ' + dnsResolve(host) + ':9' }";
    fs::write(&pac, text).unwrap();
    let hosts: Vec<String> = (0..NAMES).map(|n| format!("a{n}.test")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let script = format!("pac:{}", pac.display());
    let report = check(dns.address, &hosts, &["--proxy", &script, "--timeout", "8s"]);
    for host in hosts {
        assert_eq!(configured(&report, host), "http://127.0.0.9:9", "{}", route(&report, host));
    }
}

#[test]
fn passwords_are_in_no_output_and_no_record() {
    let dns = dns();
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records.jsonl");
    let html = folder.path().join("report.txt");
    let credentials = folder.path().join("credentials");
    fs::write(&credentials, format!("anna:{PASSWORD}\r\n")).unwrap();
    let raw = format!("http://anna:{PASSWORD}@127.0.0.1:9");
    let encoded = format!("http://anna:{ENCODED}@127.0.0.1:9");
    let bare = format!("anna:{PASSWORD}@127.0.0.1:9");
    let joined = format!("--proxy={raw}");
    let second = format!("--alternate-proxy={encoded}");
    for options in [
        &["--proxy", &raw, "--alternate-proxy", "none"][..],
        &["--proxy", &encoded],
        &["--proxy", &bare],
        &[&joined, &second],
        &["--proxy", "none", "--alternate-proxy", &bare],
        &["--proxy", "http://127.0.0.1:9", "--proxy-credentials", shown(&credentials)],
        // What is refused must not be repeated either.
        &["--proxy", &format!("{raw}x")],
        &["--proxy", &format!("pac:{encoded}/p.pac")],
        &["--alternate-proxy", &format!("htp://anna:{PASSWORD}@p")],
        &["--proxy", &raw, "--no-such-option"],
    ] {
        let save = ["--save-records", shown(&records), "--output", shown(&html)];
        let mut texts = Vec::new();
        for more in [&[][..], &save] {
            let ended = ended(dns.address, &["a.test"], &[options, more].concat());
            texts.extend([ended.stdout, ended.stderr]);
        }
        texts.extend([&records, &html].map(|path| fs::read_to_string(path).unwrap_or_default()));
        for text in texts {
            assert!(!text.contains(PASSWORD) && !text.contains(ENCODED), "{options:?}: {text}");
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let torn = folder.path().join("diahost.exe.config");
    fs::write(&torn, "<configuration>\n<system.net></configuration>").unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    for (options, words) in [
        (&["--proxy", "http://p:0"][..], &["--proxy", "65535"][..]),
        (&["--proxy", "htpp://p:1"], &["--proxy", "did you mean http?"]),
        (&["--proxy", "http://p:1/x"], &["--proxy", "no path"]),
        (&["--proxy", ""], &["--proxy", "http://HOST:PORT"]),
        (&["--proxy", "direct"], &["--proxy", "none"]),
        (&["--proxy", "agent"], &["--agent-config", "diawp.exe.config"]),
        (&["--proxy", "pac:missing.pac"], &["pac", "missing.pac"]),
        (&["--proxy", r"pac:\\server\share\p.pac"], &["UNC", "--proxy pac:FILE"]),
        (&["--proxy", "pac:ftp://w/p"], &["ftp"]),
        (&["--proxy", "pac:"], &["pac:FILE"]),
        (&["--agent-config", "missing"], &["--agent-config", "missing"]),
        (&["--agent-config", shown(&torn)], &["line 2", "column"]),
        (&["--proxy", "none", "--agent-config", shown(&torn)], &["line 2"]),
        (&["--proxy-credentials", shown(&empty)], &["--proxy-credentials", "user:password"]),
        (&["--alternate-proxy", "ftp://p"], &["--alternate-proxy", "ftp"]),
    ] {
        run(&[&["check", "--endpoint", "127.0.0.1:9", "--only", "endpoint"], options].concat())
            .refuses(words);
    }
    let mut command = pathproof(&["check", "--endpoint", "127.0.0.1:9", "--only", "endpoint"]);
    command.env("HTTPS_PROXY", "htp://anna:geheim@p:1");
    let ended = Ended::of(command.output().unwrap());
    ended.refuses(&["HTTPS_PROXY"]);
    assert!(!ended.stderr.contains("geheim"), "{ended:?}");
}
