//! The proxy's password is searched for in everything that the program writes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use pathproof::route::ProxyUrl;

use super::Site;
use super::names::{FACTORY, Name, name};
use super::network::SQUID;
use super::servers::{PASSWORD, PASSWORD_IN_URL, USER, squid_asks, squid_authenticated};

/// What must not be found: the password as it is, as it stands in a URL, and as it is sent; any
/// part of it that would tell; and where an account is put into a URL.
fn forbidden() -> Vec<String> {
    let pair = format!("{USER}:{PASSWORD}");
    let encoded = BASE64.encode(pair.as_bytes());
    vec![
        PASSWORD.to_owned(),
        PASSWORD_IN_URL.to_owned(),
        PASSWORD_IN_URL.to_lowercase(),
        PASSWORD[..9].to_owned(),
        PASSWORD[9..].to_owned(),
        BASE64.encode(PASSWORD.as_bytes()),
        BASE64URL_NOPAD.encode(pair.as_bytes()),
        // From the user's name on; the name itself is no secret.
        encoded[USER.len().div_ceil(3) * 4..].to_owned(),
        encoded,
        format!("{USER}:"),
        format!("{USER}@"),
    ]
}

fn search(what: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    for secret in forbidden() {
        assert!(!text.contains(&secret), "{what} holds {secret}:\n{text}");
    }
}

/// Runs it and searches what it prints.
fn printed(what: &str, command: &mut Command) -> Vec<u8> {
    // Whatever makes a program say more.
    command.envs([("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("PATHPROOF_LOG", "trace")]);
    let output = command.output().unwrap();
    search(&format!("{what}, stdout"), &output.stdout);
    search(&format!("{what}, stderr"), &output.stderr);
    output.stdout
}

/// How the program is told the password: arguments and environment.
type Told = (&'static str, Vec<String>, Vec<(&'static str, String)>);

fn told(site: &Site, authority: &str, password: &str, in_url: &str) -> Vec<Told> {
    let url = format!("http://{USER}:{in_url}@{authority}");
    let file = site.file("credentials", format!("{USER}:{password}\n")).display().to_string();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let plain = format!("http://{authority}");
    vec![
        ("URL", words(&["--proxy", &url]), vec![]),
        ("URL with =", vec![format!("--proxy={url}")], vec![]),
        ("second way", words(&["--proxy", "none", "--alternate-proxy", &url]), vec![]),
        ("second way with =", vec![format!("--alternate-proxy={url}")], vec![]),
        ("file", words(&["--proxy", &plain, "--proxy-credentials", &file]), vec![]),
        ("environment", vec![], vec![("https_proxy", url.clone()), ("ALL_PROXY", url)]),
    ]
}

fn names() -> [&'static Name; 2] {
    [name(FACTORY), name("denied.blob.core.windows.net")]
}

/// Reports, records and files, where the password is right and where it is refused.
#[test]
fn reports_and_records_hold_none() {
    let Some(site) = Site::shared() else { return };
    for (outcome, password, in_url) in [
        ("right", PASSWORD.to_owned(), PASSWORD_IN_URL.to_owned()),
        // Contains every part that is searched for.
        ("wrong", format!("{PASSWORD}x"), format!("{PASSWORD_IN_URL}x")),
    ] {
        for (how, arguments, environment) in
            told(&site, &format!("{SQUID}:3129"), &password, &in_url)
        {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            for format in ["table", "json", "jsonl"] {
                let what = format!("{outcome}, {how}, {format}");
                let records = site.file("records", "");
                let mut command = site.check_as(format, names(), &arguments);
                command.arg("--save-records").arg(&records);
                command.envs(environment.iter().map(|(name, value)| (name, value)));
                let output = site.file("txt", "");
                if format == "json" {
                    command.arg("--output").arg(&output);
                }
                let stdout = printed(&what, &mut command);
                let report = if format == "json" { fs::read(&output).unwrap() } else { stdout };
                assert!(!report.is_empty(), "{what}: no report");
                search(&format!("{what}, --output"), &report);
                let saved = fs::read(&records).unwrap();
                assert!(!saved.is_empty(), "{what}: no records");
                search(&format!("{what}, --save-records"), &saved);
            }
        }
    }
}

/// What comes back of a credential that cannot be used is not the credential.
#[test]
fn errors_hold_none() {
    let Some(site) = Site::shared() else { return };
    let check = |what: &str, arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = site.check(names(), arguments);
        command.envs(environment.iter().copied());
        let output = printed(what, &mut command);
        assert!(output.is_empty(), "{what}: was no error");
    };
    for url in malformed() {
        check(&url, &["--proxy", &url], &[]);
        check(&url, &[&format!("--alternate-proxy={url}")], &[]);
        check(&url, &["--proxy", "os"], &[("HTTPS_PROXY", &url)]);
        check(&url, &["--proxy", &format!("pac:{url}")], &[]);
    }
    for content in [
        format!("{PASSWORD_IN_URL}\n"),
        format!("{USER} {PASSWORD_IN_URL}\n"),
        format!("\n{USER}:{PASSWORD}\n"),
        format!("{USER}:{PASSWORD}\0\u{1}\r\nsecond:line\n"),
    ] {
        let file: PathBuf = site.file("credentials", &content);
        let file = file.to_str().unwrap();
        let mut command =
            site.check(names(), &["--proxy", &squid_asks(), "--proxy-credentials", file]);
        printed(&content, &mut command);
    }
    // Two sources that contradict each other, an option with a typing error beside it.
    let file = site.file("credentials", format!("other:{PASSWORD}\n"));
    let file = file.to_str().unwrap();
    let mut command =
        site.check(names(), &["--proxy", &squid_authenticated(), "--proxy-credentials", file]);
    printed("two sources", &mut command);
    // Up to its last `@` this is a user name and a password.
    let url = squid_authenticated().replace("http:", "http");
    printed("no colon", &mut site.check(names(), &["--proxy", &url]));
    let script = format!("pac:{url}");
    assert!(printed("no colon", &mut site.check(names(), &["--proxy", &script])).is_empty());
    let mut command = site.check(names(), &["--prxy", &squid_authenticated()]);
    assert!(printed("a typing error", &mut command).is_empty());
}

/// URLs that are no proxy's, each with the password.
fn malformed() -> Vec<String> {
    [
        "http://USER:PASS@",
        "http://USER:PASS@:3128",
        "http://USER:PASS@proxy:99999",
        "http://USER:PASS@proxy:port",
        "http://USER:PASS@[::1:3128",
        "http://USER:PASS@pro xy:3128",
        "ftp://USER:PASS@proxy:21",
        "http:/USER:PASS@proxy:3128",
        "http://USER:PASS%ZZ@proxy:port",
    ]
    .map(|url| url.replace("USER", USER).replace("PASS", PASSWORD_IN_URL))
    .to_vec()
}

/// A panic prints values as `{:?}` does.
#[test]
fn panics_hold_none() {
    let said = |panics: fn(String)| {
        let caught = std::panic::catch_unwind(|| panics(squid_authenticated()));
        *caught.unwrap_err().downcast::<String>().unwrap()
    };
    let shown = said(|url| panic!("{:?}", ProxyUrl::parse(&url).unwrap()));
    assert!(shown.contains("proxy.corp.contoso.example"), "{shown}");
    search("a panic that shows the URL", shown.as_bytes());
    let refused = said(|url| {
        ProxyUrl::parse(&url.replace(":3129", ":port")).unwrap();
    });
    search("a panic that shows why a URL is refused", refused.as_bytes());
}
