//! The way configured, the way that works and the way that must be taken.

use serde_json::Value;

use super::names::{
    BOTH_DROPPED, BOTH_OPEN, BOTH_OPEN_DENIED, BOTH_REJECTED, FACTORY, FOUND_PRIVATE,
    STATED_PRIVATE, name,
};
use super::network::{PROXY_DROPPED, SQUID};
use super::servers::{self, squid};
use super::{Expected, PASS, Site, conclude, fails};

/// Concludes of each host what is expected; the report of them.
fn check(arguments: &[&str], expected: &[(&str, Expected)]) -> Option<super::Report> {
    let site = Site::shared()?;
    let expected = || expected.iter().map(|(host, expected)| (name(host), *expected));
    let mut command = site.check(expected().map(|(name, _)| name), arguments);
    let report = conclude(&mut command, expected());
    let log = site.squid_log();
    for private in [STATED_PRIVATE, FOUND_PRIVATE] {
        assert!(!log.contains(private), "{arguments:?}: squid was told of {private}");
    }
    Some(report)
}

/// The routes of an endpoint's trails, each once, in order.
pub(super) fn measured(endpoint: &Value) -> Vec<&str> {
    let trails = endpoint["trails"].as_array().expect("`trails` is an array");
    let mut routes: Vec<&str> =
        trails.iter().map(|trail| trail["route"].as_str().expect("a trail has a route")).collect();
    routes.dedup();
    routes
}

#[test]
fn what_is_bypassed_goes_direct() {
    let bypassed = "open.blob.core.windows.net,10.10.0.0/16,.vault.azure.net,contoso-pe.\
                    westeurope.datafactory.azure.net:443";
    let Some(report) = check(
        &["--proxy", &squid(), "--no-proxy", bypassed],
        &[
            (FACTORY, PASS),
            (BOTH_OPEN, PASS),
            (BOTH_DROPPED, PASS),
            (STATED_PRIVATE, PASS),
            (FOUND_PRIVATE, PASS),
        ],
    ) else {
        return;
    };
    for host in [BOTH_OPEN, STATED_PRIVATE, FOUND_PRIVATE] {
        let endpoint = report.endpoint(host).unwrap();
        assert_eq!(endpoint["route"]["configured"], "direct", "{host}");
        assert_eq!(measured(endpoint), ["direct"], "{host}");
    }
    let by_proxy = report.endpoint(FACTORY).unwrap();
    assert_eq!(measured(by_proxy), [squid()]);
}

#[test]
fn direct_is_blocked_and_the_proxy_works() {
    let Some(report) = check(
        &["--proxy", "none", "--alternate-proxy", &squid()],
        &[
            (BOTH_DROPPED, fails("route_proxy_required")),
            (BOTH_REJECTED, fails("route_proxy_required")),
            (BOTH_OPEN, PASS),
            // Not tried by the proxy, although a second way is asked for.
            (STATED_PRIVATE, PASS),
            (FOUND_PRIVATE, PASS),
        ],
    ) else {
        return;
    };
    let dropped = report.endpoint(BOTH_DROPPED).unwrap();
    assert_eq!(dropped["route"]["configured"], "direct");
    assert_eq!(measured(dropped), ["direct".to_owned(), squid()]);
    let causes: Vec<_> = findings(dropped);
    assert!(causes.contains(&"tcp_timeout"), "what blocks is said too: {causes:?}");
    assert_eq!(measured(report.endpoint(STATED_PRIVATE).unwrap()), ["direct"]);
    assert_eq!(measured(report.endpoint(FOUND_PRIVATE).unwrap()), ["direct"]);
}

#[test]
fn neither_way_works() {
    let alternate = format!("http://{SQUID}:3999");
    check(
        &["--proxy", "none", "--alternate-proxy", &alternate],
        &[(BOTH_DROPPED, fails("tcp_timeout")), (BOTH_REJECTED, fails("tcp_unreachable"))],
    );
}

#[test]
fn the_proxy_refuses_a_name_and_direct_works() {
    check(
        &["--proxy", &squid(), "--alternate-proxy", "none"],
        &[
            (BOTH_OPEN_DENIED, fails("route_direct_required")),
            (BOTH_OPEN, PASS),
            (BOTH_DROPPED, PASS),
            ("denied.blob.core.windows.net", fails("proxy_denied")),
            (STATED_PRIVATE, fails("route_private_via_proxy")),
        ],
    );
}

#[test]
fn the_proxy_is_blocked_and_direct_works() {
    let proxy = format!("http://{PROXY_DROPPED}:3128");
    check(
        &["--proxy", &proxy, "--alternate-proxy", "none"],
        &[(BOTH_OPEN, fails("route_direct_required")), (BOTH_DROPPED, fails("proxy_timeout"))],
    );
}

/// A second proxy that carries what the first one refuses is no way that the runtime takes.
#[test]
fn another_proxy_works() {
    let closed = format!("http://{SQUID}:3999");
    check(
        &["--proxy", &closed, "--alternate-proxy", &servers::tinyproxy()],
        &[(FACTORY, fails("proxy_refused"))],
    );
}

fn findings(endpoint: &Value) -> Vec<&str> {
    let findings = endpoint["findings"].as_array().into_iter().flatten();
    findings.filter_map(|finding| finding["cause"].as_str()).collect()
}
