//! Proxy auto-configuration: from a file, and from the company's web server.

use super::names::{BOTH_OPEN, FACTORY, FOUND_PRIVATE, STATED_PRIVATE, name};
use super::servers::{self, INTRANET_NAME, squid};
use super::ways::measured;
use super::{Expected, PASS, Site, conclude, fails, warns};

/// What the script sends to a closed port first.
const SECOND_CHOICE: &str = "landing02.blob.core.windows.net";
/// What the script throws at.
const THROWN_AT: &str = "landing03.blob.core.windows.net";

/// The company's script, as it is served.
pub(super) const SCRIPT: &str = "\
// Everything by the proxy, but for what is ours.
var proxy = 'PROXY proxy.corp.contoso.example:3128';

function FindProxyForURL(url, host) {
    host = host.toLowerCase();
    if (isPlainHostName(host) || dnsDomainIs(host, '.corp.contoso.example')) return 'DIRECT';
    if (shExpMatch(host, 'open.*.core.windows.net')) return 'DIRECT';
    if (host == 'landing02.blob.core.windows.net') return 'PROXY 10.50.3.10:3999; ' + proxy;
    if (host == 'landing03.blob.core.windows.net') return proxies[host];
    // Private endpoints, as the company's own resolver says.
    if (isResolvable(host) && isInNet(host, '10.10.0.0', '255.255.0.0')) return 'DIRECT';
    return proxy;
}
";

const EXPECTED: [(&str, Expected); 7] = [
    (FACTORY, PASS),
    ("contoso-relay.servicebus.windows.net", PASS),
    ("crl3.digicert.com", PASS),
    (BOTH_OPEN, PASS),
    (STATED_PRIVATE, PASS),
    (FOUND_PRIVATE, PASS),
    (SECOND_CHOICE, warns("proxy_refused")),
];

fn decides(site: &Site, script: &str) {
    let expected = || EXPECTED.iter().map(|(host, expected)| (name(host), *expected));
    let thrown_at = (name(THROWN_AT), fails("proxy_pac_error"));
    let expected = || expected().chain([thrown_at]);
    let mut command = site.check(expected().map(|(name, _)| name), &["--proxy", script]);
    let report = conclude(&mut command, expected());

    for host in [BOTH_OPEN, STATED_PRIVATE, FOUND_PRIVATE] {
        assert_eq!(measured(report.endpoint(host).unwrap()), ["direct"], "{host}");
    }
    assert_eq!(measured(report.endpoint(FACTORY).unwrap()), [squid()]);
    let second = report.endpoint(SECOND_CHOICE).unwrap();
    assert_eq!(measured(second), ["http://10.50.3.10:3999".to_owned(), squid()]);
    // With the line of the script.
    let thrown_at = report.endpoint(THROWN_AT).unwrap();
    let line = 1 + SCRIPT.lines().position(|line| line.contains("proxies[host]")).unwrap();
    let finding = thrown_at["findings"][0].to_string();
    assert!(finding.contains(&format!("line {line}")), "{finding}");
    assert_eq!(measured(thrown_at), [""; 0], "nobody knows its way");
}

#[test]
fn from_a_file() {
    let Some(site) = Site::shared() else { return };
    decides(&site, &format!("pac:{}", servers::script(site.folder.path()).display()));
}

#[test]
fn from_a_web_server() {
    let Some(site) = Site::shared() else { return };
    decides(&site, &format!("pac:http://{INTRANET_NAME}/proxy.pac"));
}

#[test]
fn that_is_not_there() {
    let Some(site) = Site::shared() else { return };
    let script = format!("pac:http://{INTRANET_NAME}/missing.pac");
    let names = [FACTORY, BOTH_OPEN].map(name);
    conclude(
        &mut site.check(names, &["--proxy", &script]),
        names.map(|name| (name, fails("proxy_pac_error"))),
    );
}
