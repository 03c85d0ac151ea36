//! Every way a name fails through a proxy, one run for each proxy.

use std::time::Instant;

use super::super::invocation::Report;
use super::names::{FACTORY, FOUND_PRIVATE, NAMES, Name, STATED_PRIVATE, name};
use super::network::{PROXY_DROPPED, PROXY_UNREACHABLE, SQUID};
use super::servers::{self, INTRANET_NAME};
use super::{Expected, PASS, Site, TIMEOUT, conclude, fails};

#[test]
fn each_name_through_squid() {
    let Some(site) = Site::shared() else { return };
    each_name(&site, &servers::squid(), |name| name.by_squid);

    let log = site.squid_log();
    assert!(log.contains(&format!("CONNECT {FACTORY}:443")), "{log}");
    assert!(log.contains("GET http://crl3.digicert.com/"), "port 80 needs no tunnel: {log}");
    for private in [STATED_PRIVATE, FOUND_PRIVATE] {
        assert!(!log.contains(private), "squid was told of {private}: {log}");
    }
}

#[test]
fn each_name_through_tinyproxy() {
    let Some(site) = Site::shared() else { return };
    each_name(&site, &servers::tinyproxy(), |name| name.by_tinyproxy);
}

fn each_name(site: &Site, proxy: &str, expected: fn(&Name) -> Expected) {
    let begun = Instant::now();
    let report = conclude(
        &mut site.check(NAMES.iter(), &["--proxy", proxy]),
        NAMES.iter().map(|name| (name, expected(name))),
    );
    let took = begun.elapsed();
    // A lookup that nobody answers and a tunnel that nobody opens, one after the other.
    assert!(took < 3 * TIMEOUT, "took {took:?}: endpoints wait for each other");

    assert_eq!(report.value["run"]["vantage"]["proxy"]["url"], *proxy);
    for name in NAMES.iter().filter(|name| expected(name) == PASS) {
        let endpoint = report.endpoint(&name.host).unwrap();
        // That the client's own resolver has none of them is no fault.
        assert_eq!(endpoint["findings"], serde_json::json!([]), "{}", name.host);
        assert_eq!(endpoint["route"]["configured"], *proxy, "{}", name.host);
        assert_eq!(endpoint["trails"][0]["route"], *proxy, "{}", name.host);
    }
}

/// squid under TLS: the tunnel is made inside, and the service's TLS inside that. That the proxy's
/// own certificate is the company's is no interception of the service.
#[test]
fn a_proxy_under_tls() {
    let Some(site) = Site::shared() else { return };
    let names = [FACTORY, "contoso-relay.servicebus.windows.net", "crl3.digicert.com"].map(name);
    conclude(
        &mut site.check(names, &["--proxy", &servers::squid_tls()]),
        names.map(|name| (name, PASS)),
    );
}

/// Whoever shows it could be anybody: it is gone past for evidence, and no password is sent to it.
#[test]
fn a_proxy_under_tls_that_nobody_trusts() {
    let Some(site) = Site::shared() else { return };
    let names = [FACTORY, "contoso-relay.servicebus.windows.net", "crl3.digicert.com"].map(name);
    let proxy = servers::squid_tls_untrusted();
    let account = format!("{}:{}@", servers::USER, servers::PASSWORD_IN_URL);
    for proxy in [proxy.clone(), proxy.replace("://", &format!("://{account}"))] {
        conclude(
            &mut site.check(names, &["--proxy", &proxy]),
            names.map(|name| (name, fails("tls_untrusted"))),
        );
    }
}

#[test]
fn a_closed_port() {
    proxy_fails(&format!("http://{SQUID}:3999"), "proxy_refused");
}

#[test]
fn silence() {
    proxy_fails(&format!("http://{PROXY_DROPPED}:3128"), "proxy_timeout");
}

#[test]
fn unreachable() {
    proxy_fails(&format!("http://{PROXY_UNREACHABLE}:3128"), "proxy_unreachable");
}

#[test]
fn a_name_that_is_missing() {
    proxy_fails("http://missing.corp.contoso.example:3128", "proxy_unresolvable");
}

#[test]
fn a_web_server() {
    proxy_fails(&format!("http://{INTRANET_NAME}:8080"), "proxy_not_a_proxy");
}

/// Every name has the proxy's cause; the private ones, which nobody sends there, have theirs.
fn proxy_fails(proxy: &str, cause: &'static str) {
    let Some(site) = Site::shared() else { return };
    let names = || NAMES.iter().filter(|name| name.by_squid == PASS && name.kind != "http");
    let private = || [STATED_PRIVATE, FOUND_PRIVATE].map(name);
    let begun = Instant::now();
    let report: Report = conclude(
        &mut site.check(names().chain(private()), &["--proxy", proxy]),
        names()
            .map(|name| (name, fails(cause)))
            .chain(private().map(|name| (name, fails("route_private_via_proxy")))),
    );
    let took = begun.elapsed();
    assert!(took < 3 * TIMEOUT, "{proxy}: took {took:?}");
    // The run says it once, for all of them.
    let of_the_run: Vec<_> = report.value["findings"].as_array().into_iter().flatten().collect();
    assert!(of_the_run.iter().any(|finding| finding["cause"] == cause), "{proxy}: {of_the_run:?}");
}
