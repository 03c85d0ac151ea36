//! The web configuration: TLS, client certificates, passwords, headers; changed while it serves.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;

use super::{PATIENCE, Serving, closed_port, command, module};
use crate::emission::has;
use crate::loopback::pki::{Authority, Dates, Identity};

fn pem(label: &str, der: &[u8]) -> String {
    let lines: Vec<String> = BASE64
        .encode(der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Writes `NAME.crt` and `NAME.key`.
fn write(folder: &Path, name: &str, identity: &Identity) {
    let chain: Vec<String> = identity.chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    fs::write(folder.join(format!("{name}.crt")), chain.concat()).unwrap();
    let key = pem("PRIVATE KEY", identity.key.secret_der());
    fs::write(folder.join(format!("{name}.key")), key).unwrap();
}

/// The HTTP status that curl gets; 0 where there is no answer.
fn curl(serving: &Serving, options: &[&str]) -> u16 {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--noproxy", "*", "--max-time", "30", "--output", "/dev/null"]);
    curl.args(["--write-out", "%{http_code}", "--cacert"]).arg(serving.file("ca.pem"));
    let output = curl.args(options).arg(format!("https://{}/metrics", serving.address)).output();
    String::from_utf8(output.unwrap().stdout).unwrap().parse().unwrap()
}

#[test]
fn connections_are_encrypted_and_only_users_are_answered() {
    if !has("curl") {
        return;
    }
    let authority = Authority::root("exporters");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("ca.pem"), authority.pem()).unwrap();
    write(path, "server", &authority.issue(&["127.0.0.1"], Dates::Current));
    write(path, "client", &authority.issue(&["prometheus"], Dates::Current));
    fs::write(path.join("pathproof.toml"), module("quick", closed_port(), "")).unwrap();
    let tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    let users = |password: &str| {
        format!("basic_auth_users:\n  alice: {}\n", bcrypt::hash(password, 4).unwrap())
    };
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let web = path.join("web.yml");
    fs::write(&web, [tls, &users("secret"), headers].concat()).unwrap();
    let option = web.to_str().unwrap().to_owned();
    let serving = Serving::start_in(folder, &["--web-config", &option]);

    assert_eq!(serving.get("/metrics").status, 0, "nothing is said without TLS");
    for (user, status) in [
        ("alice:secret", 200),
        ("alice:secret", 200),
        ("alice:other", 401),
        ("alice:", 401),
        ("bob:secret", 401),
    ] {
        assert_eq!(curl(&serving, &["--user", user]), status, "{user}");
    }
    assert_eq!(curl(&serving, &[]), 401);
    let mut shown = Command::new("curl");
    shown.args(["--silent", "--head", "--noproxy", "*", "--cacert"]).arg(serving.file("ca.pem"));
    shown.args(["--user", "alice:secret"]).arg(format!("https://{}/", serving.address));
    let head = String::from_utf8(shown.output().unwrap().stdout).unwrap().to_ascii_lowercase();
    assert!(head.contains("x-frame-options: deny"), "{head}");

    // Another password, and after it a file that does not load.
    let becomes = |options: &[&str], status: u16| {
        let begun = Instant::now();
        while curl(&serving, options) != status {
            assert!(begun.elapsed() < PATIENCE, "it does not become {status}");
            thread::sleep(Duration::from_millis(200));
        }
    };
    fs::write(&web, [tls, &users("changed")].concat()).unwrap();
    becomes(&["--user", "alice:changed"], 200);
    assert_eq!(curl(&serving, &["--user", "alice:secret"]), 401);
    fs::write(&web, [tls, "basic_auth_user: {}\n"].concat()).unwrap();
    thread::sleep(Duration::from_millis(1100));
    assert_eq!(curl(&serving, &["--user", "alice:changed"]), 200, "the earlier one is in force");
    serving.says("web.yml:4: unknown field");

    // Clients show a certificate of their own.
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    fs::write(&web, [tls, clients].concat()).unwrap();
    let (certificate, key) = (serving.file("client.crt"), serving.file("client.key"));
    let own = ["--cert", certificate.to_str().unwrap(), "--key", key.to_str().unwrap()];
    becomes(&[], 0);
    assert_eq!(curl(&serving, &own), 200);
}

#[test]
fn a_web_configuration_that_is_none_keeps_it_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("pathproof.toml");
    fs::write(&config, module("quick", closed_port(), "")).unwrap();
    let web = folder.path().join("web.yml");
    let tls = "tls_server_config:\n  cert_file: none.crt\n  key_file: none.key\n";
    for (text, words) in [
        (tls, "none.crt"),
        ("tls_server:\n", "web.yml:1: unknown field"),
        ("basic_auth_users:\n  alice: secret\n", "the password of alice is no bcrypt hash"),
    ] {
        fs::write(&web, text).unwrap();
        let output = command(&config, &["--web-config", web.to_str().unwrap()]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains("--web-config") && said.contains(words), "{text}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
}
