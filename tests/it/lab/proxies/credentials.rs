//! Proxies that ask who is there: squid (407, and again 407) and tinyproxy (407, then 401).

use super::names::{FACTORY, Name, name};
use super::network::{SQUID, TINYPROXY};
use super::servers::{
    PASSWORD, TINYPROXY_PASSWORD, USER, squid_asks, squid_authenticated, tinyproxy_asks,
};
use super::{Expected, PASS, Site, conclude, fails};

fn names() -> [&'static Name; 3] {
    [FACTORY, "contoso-relay.servicebus.windows.net", "crl3.digicert.com"].map(name)
}

/// What every name is worth with these arguments and these variables.
fn check(arguments: &[&str], environment: &[(&str, &str)], expected: Expected) {
    let Some(site) = Site::shared() else { return };
    let mut command = site.check(names(), arguments);
    command.envs(environment.iter().copied());
    let report = conclude(&mut command, names().map(|name| (name, expected)));
    if expected == fails("proxy_auth_required") {
        for name in names() {
            // What the proxy offers is said.
            let finding = &report.endpoint(&name.host).unwrap()["findings"][0];
            assert!(finding["message"].to_string().contains("Basic"), "{finding}");
        }
    }
}

#[test]
fn none_given() {
    check(&["--proxy", &squid_asks()], &[], fails("proxy_auth_required"));
    check(&["--proxy", &tinyproxy_asks()], &[], fails("proxy_auth_required"));
}

#[test]
fn a_wrong_password() {
    let squid = format!("http://{USER}:wrong@{SQUID}:3129");
    check(&["--proxy", &squid], &[], fails("proxy_auth_rejected"));
    let tinyproxy = format!("http://{USER}:wrong@{TINYPROXY}:8889");
    check(&["--proxy", &tinyproxy], &[], fails("proxy_auth_rejected"));
}

#[test]
fn right_in_the_url() {
    check(&["--proxy", &squid_authenticated()], &[], PASS);
    let tinyproxy = format!("http://{USER}:{TINYPROXY_PASSWORD}@{TINYPROXY}:8889");
    check(&["--proxy", &tinyproxy], &[], PASS);
}

/// As it is: nothing in a file is percent-encoded.
#[test]
fn right_in_a_file() {
    let Some(site) = Site::shared() else { return };
    for line in ["\n", "\r\n", ""] {
        let file = site.file("credentials", format!("{USER}:{PASSWORD}{line}"));
        let file = file.to_str().unwrap();
        check(&["--proxy", &squid_asks(), "--proxy-credentials", file], &[], PASS);
    }
}

#[test]
fn right_in_the_environment() {
    let url = squid_authenticated();
    check(&["--proxy", "os"], &[("https_proxy", &url), ("http_proxy", &url)], PASS);
    // `auto` is the system's where the runtime's files are not there.
    check(&[], &[("HTTPS_PROXY", &url), ("http_proxy", &url)], PASS);
}
