//! The web configuration: TLS, client certificates, passwords, headers; changed while it serves.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use super::limits::LATEST;
use super::{PATIENCE, Serving, closed_port, command, module};
use crate::emission::has;
use crate::loopback::pki::{Authority, Dates, Identity};

const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

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

/// What curl gets of a path, by certificates of `ca.pem`.
fn page(serving: &Serving, path: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--noproxy", "*", "--max-time", "30", "--cacert"]);
    curl.arg(serving.file("ca.pem")).arg(format!("https://{}{path}", serving.address));
    String::from_utf8(curl.output().unwrap().stdout).unwrap()
}

/// A folder with a module, `web.yml`, and `server.crt` and `ca.pem` of an authority.
fn folder_of(authority: &Authority, web: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("ca.pem"), authority.pem()).unwrap();
    write(path, "server", &authority.issue(&["127.0.0.1"], Dates::Current));
    fs::write(path.join("pathproof.toml"), module("quick", closed_port(), "")).unwrap();
    fs::write(path.join("web.yml"), web).unwrap();
    folder
}

fn users(name: &str) -> String {
    format!("basic_auth_users:\n  {name}: {}\n", bcrypt::hash("secret", 4).unwrap())
}

/// A client of TLS that offers little room for answers and takes none.
fn deaf_client(
    serving: &Serving,
    authority: &Authority,
    requests: &str,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    // As on Ethernet: in the segments of loopback the system takes megabytes off the exporter.
    socket.set_tcp_mss(1448).unwrap();
    socket.connect(&serving.address.into()).unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, TcpStream::from(socket));
    stream.write_all(requests.as_bytes()).unwrap();
    stream.flush().unwrap();
    stream
}

/// rustls takes 64 KiB of an answer whether the client reads or not.
#[test]
fn clients_of_tls_that_read_nothing_cost_ten_seconds_too() {
    if !has("curl") {
        return;
    }
    let authority = Authority::root("exporters");
    let serving = Serving::start_in(folder_of(&authority, TLS), &["--web-config", "web.yml"]);
    let one = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let length = page(&serving, "/").len();
    let answers = |bytes: usize| one.repeat(bytes / length);
    let _deaf = [60_000, 75_000, 90_000, 105_000].map(|bytes| {
        let ended = deaf_client(&serving, &authority, &(answers(bytes) + last));
        (ended, deaf_client(&serving, &authority, &answers(bytes)))
    });
    let begun = Instant::now();
    let connections = || {
        let metrics = page(&serving, "/metrics");
        let mut lines = metrics.lines();
        lines.find_map(|line| line.strip_prefix("pathproof_connections ")).map(str::to_owned)
    };
    // curl's own is one of them.
    assert_ne!(connections().as_deref(), Some("1.0"), "they are not waited for at all");
    while connections().as_deref() != Some("1.0") {
        assert!(begun.elapsed() < LATEST, "{:?} after {:?}", connections(), begun.elapsed());
        thread::sleep(Duration::from_millis(200));
    }
}

/// Asks on a connection that stays open, and returns the answer's status; 0 where it is closed.
fn ask_again(stream: &mut TcpStream, user: &str) -> u16 {
    let authorization = BASE64.encode(format!("{user}:secret").as_bytes());
    let request = format!(
        "GET /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {authorization}\r\n\r\n"
    );
    if stream.write_all(request.as_bytes()).is_err() {
        return 0;
    }
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return 0;
        }
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Asks on the same connection until the answer is another one.
fn becomes_on(stream: &mut TcpStream, user: &str, status: u16) {
    let begun = Instant::now();
    loop {
        match ask_again(stream, user) {
            found if found == status => return,
            found => assert_eq!(found, 200, "{user}"),
        }
        assert!(begun.elapsed() < PATIENCE, "it does not become {status}");
        thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn an_open_connection_is_asked_who_it_is_at_each_request() {
    let authority = Authority::root("exporters");
    let folder = folder_of(&authority, &users("alice"));
    let serving = Serving::start_in(folder, &["--web-config", "web.yml"]);
    let mut kept = serving.connect();
    assert_eq!(ask_again(&mut kept, "alice"), 200);
    assert_eq!(ask_again(&mut kept, "bob"), 401);
    fs::write(serving.file("web.yml"), users("bob")).unwrap();
    becomes_on(&mut kept, "alice", 401);
    assert_eq!(ask_again(&mut kept, "bob"), 200, "it is the connection that was open before");
    // Nor does one go on in clear text, or without a certificate, that is not admitted any more.
    fs::write(serving.file("web.yml"), [TLS, &users("bob")].concat()).unwrap();
    becomes_on(&mut kept, "bob", 421);
    assert_eq!(ask_again(&mut kept, "bob"), 0, "and it is closed");
}

#[test]
fn files_that_come_after_the_configuration_that_names_them_are_read() {
    if !has("curl") {
        return;
    }
    let authority = Authority::root("exporters");
    let serving = Serving::start_in(folder_of(&authority, TLS), &["--web-config", "web.yml"]);
    assert_eq!(curl(&serving, &[]), 200);
    fs::write(serving.file("web.yml"), TLS.replace("server.", "renewed.")).unwrap();
    let begun = Instant::now();
    // Somebody has to ask; who asks gets the earlier one.
    while !page(&serving, "/metrics").contains("web_config_last_reload_successful 0.0") {
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(200));
    }
    serving.says("web.yml is not usable, and the earlier one stays in force: ");
    let next = Authority::root("the next authority");
    write(
        serving.file("web.yml").parent().unwrap(),
        "renewed",
        &next.issue(&["127.0.0.1"], Dates::Current),
    );
    fs::write(serving.file("ca.pem"), next.pem()).unwrap();
    let begun = Instant::now();
    while curl(&serving, &[]) != 200 {
        assert!(begun.elapsed() < PATIENCE, "the certificate that came later is not loaded");
        thread::sleep(Duration::from_millis(200));
    }
    serving.says("web.yml was read anew");
}

#[test]
fn a_reload_reads_the_web_configuration_too() {
    let authority = Authority::root("exporters");
    let folder = folder_of(&authority, &users("alice"));
    let serving = Serving::start_in(folder, &["--web-config", "web.yml"]);
    let as_alice = format!("Authorization: Basic {}\r\n", BASE64.encode(b"alice:secret"));
    fs::write(serving.file("web.yml"), "basic_auth_user: {}\n").unwrap();
    let refused = serving.ask("POST", "/-/reload", &as_alice);
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.body.contains("web.yml:1: unknown field"), "{refused:?}");
    fs::write(serving.file("web.yml"), users("alice") + "http_server_config: {http2: false}\n")
        .unwrap();
    assert_eq!(serving.ask("POST", "/-/reload", &as_alice).status, 200);
    // At once, not when the files are looked at next.
    fs::write(serving.file("web.yml"), users("bob")).unwrap();
    serving.ask("POST", "/-/reload", &as_alice);
    assert_eq!(serving.ask("GET", "/metrics", &as_alice).status, 401);
}

#[test]
fn of_verified_clients_only_those_named_are_answered() {
    if !has("curl") {
        return;
    }
    let authority = Authority::root("exporters");
    let web = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
               client_allowed_sans: [prometheus]\n  curve_preferences: [CurveP256]\n  \
               cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n";
    let folder = folder_of(&authority, &[TLS, web].concat());
    for name in ["prometheus", "somebody"] {
        write(folder.path(), name, &authority.issue(&[name], Dates::Current));
    }
    let serving = Serving::start_in(folder, &["--web-config", "web.yml"]);
    let file = |name: &str| serving.file(name).to_str().unwrap().to_owned();
    let (own, others) = ("prometheus", "somebody");
    for (name, more, status) in [
        (own, vec![], 200),
        (others, vec![], 0),
        (own, vec!["--tls-max", "1.2", "--curves", "prime256v1"], 200),
        (own, vec!["--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"], 200),
        (own, vec!["--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"], 0),
        (own, vec!["--curves", "X25519"], 0),
    ] {
        let (certificate, key) = (file(&format!("{name}.crt")), file(&format!("{name}.key")));
        let options = [&["--cert", &certificate, "--key", &key], &more[..]].concat();
        assert_eq!(curl(&serving, &options), status, "{name} {more:?}");
    }
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
