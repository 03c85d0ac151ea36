//! Of hundreds and thousands the table says how many.

use super::*;

#[test]
fn hundreds_of_failures_are_counted() {
    let judged = (0..300).map(|number| {
        let host = format!("node-{number:03}.contoso.com");
        let address = format!("10.0.{}.{}", number / 250, number % 250);
        (record("endpoint", &host).silent(&address), found(timeout(&host, &address)))
    });
    let text = shown(judged.collect(), NetworkAllows::Unknown);
    assert_eq!(
        text,
        "\
FAIL    300 of 300 required endpoints fail

What to do next
Firewall team
  - Allow TCP 443 out from 10.50.1.10 to the 300 destinations below.
      10.0.0.0/25    443  128 addresses
      10.0.0.128/26  443  64 addresses
      10.0.0.192/27  443  32 addresses
      10.0.0.224/28  443  16 addresses
      10.0.0.240/29  443  8 addresses
      10.0.0.248/31  443  2 addresses
      10.0.1.0/27    443  32 addresses
      10.0.1.32/28   443  16 addresses
      10.0.1.48/31   443  2 addresses
      of 300 names: node-000.contoso.com, node-001.contoso.com,
        node-002.contoso.com and 297 more
    As a list:
      pathproof rules emit --only endpoint --proof resolved --format csv

FAIL    node-000.contoso.com:443  tcp_timeout (likely)
        10.0.0.0:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Also possible: this host's own firewall (tcp_local_denied): try from a
        neighbour in the same subnet; a network that leaves by a proxy only
        (route_proxy_required): add --alternate-proxy URL
FAIL    node-001.contoso.com:443  tcp_timeout (likely)
        10.0.0.1:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Also possible: this host's own firewall (tcp_local_denied): try from a
        neighbour in the same subnet; a network that leaves by a proxy only
        (route_proxy_required): add --alternate-proxy URL
FAIL    node-002.contoso.com:443  tcp_timeout (likely)
        10.0.0.2:443 did not answer within 5s
        Seen: silent for 5s, until our time-out
        Also possible: this host's own firewall (tcp_local_denied): try from a
        neighbour in the same subnet; a network that leaves by a proxy only
        (route_proxy_required): add --alternate-proxy URL
        ... and 297 more with tcp_timeout (see --format json):
        node-003.contoso.com:443, node-004.contoso.com:443,
        node-005.contoso.com:443, node-006.contoso.com:443,
        node-007.contoso.com:443, node-008.contoso.com:443, ...

300 fail
Measured 2026-03-01 10:00:00 UTC in 5.0 s from ir-node-1 (10.50.1.10); name
servers 10.0.0.53:53
By pathproof VERSION
"
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn thousands_of_passes_are_counted() {
    let judged = (0..2000).map(|number| {
        (record("endpoint", &format!("n{number}.contoso.com")).reached(&["10.0.0.1"]), passed())
    });
    let text = shown(judged.collect(), NetworkAllows::Unknown);
    assert!(text.contains("All 2000 required endpoints work\n"), "{text}");
    assert!(text.contains("... and 1988 more that pass (see --format json)\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("PASS    n")).count(), 12);
}
