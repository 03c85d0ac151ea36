//! `proxy_*`: the way to the proxy, and the proxy's own words on the way beyond it.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

pub(super) const UNRESOLVABLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyUnresolvable,
    sentence: "The proxy's name does not resolve.",
    told_by: "The lookup of the proxy's own name; the evidence has what each name server said.",
    rivals: &[Cause::DnsTimeout],
    owner: Owner::Dns,
    remedy: "Check the spelling of the proxy {proxy} in the configuration, and its record on \
             {resolvers}.",
    source: "RFC 1035 section 4.1.1 (response codes)",
};

pub(super) const REFUSED: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyRefused,
    sentence: "The proxy refuses the connection.",
    told_by: "ECONNREFUSED (RST, or ICMP port unreachable) on the way to the proxy. A local \
              firewall that rejects looks the same.",
    rivals: &[Cause::TcpLocalDenied, Cause::RouteDirectRequired],
    owner: Owner::Proxy,
    remedy: "Check that {proxy} runs, listens on that port and lets {from} in.",
    source: "RFC 9293 section 3.5.2",
};

pub(super) const TIMEOUT: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyTimeout,
    sentence: "The proxy does not answer.",
    told_by: "Silence on the way to the proxy. Where the connection was accepted and the request \
              was not answered, a proxy that waits for the far end or its name servers looks the \
              same.",
    rivals: &[Cause::TcpLocalDenied, Cause::RouteDirectRequired],
    owner: Owner::Firewall,
    remedy: "Allow TCP from {from} to {proxy} ({addresses}), and check that it runs and answers.",
    source: "RFC 9293 section 3.8.3",
};

pub(super) const UNREACHABLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyUnreachable,
    sentence: "The network says that the proxy cannot be reached.",
    told_by: "ICMP unreachable, or no route to the proxy.",
    rivals: &[Cause::TcpLocalDenied, Cause::RouteDirectRequired],
    owner: Owner::Firewall,
    remedy: "Check the routes and firewalls between {from} and {proxy} ({addresses}).",
    source: "RFC 1122 section 3.2.2.1",
};

pub(super) const AUTH_REQUIRED: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyAuthRequired,
    sentence: "The proxy wants a sign-in that was not given.",
    told_by: "Status 407, with the schemes of all its Proxy-Authenticate fields. Where only NTLM \
              or Negotiate are offered the state is unknown: they sign in as the account that \
              asks, and the account of the runtime's service may pass where this program does not. \
              A sign-in by messages that a proxy begins and does not go through with is told by \
              how far it came.",
    rivals: &[Cause::ProxyDenied],
    owner: Owner::DataPlatform,
    remedy: "Give the runtime the user name and password that {proxy} wants, and this program the \
             same by --proxy-credentials.",
    source: "RFC 9110 sections 11.7.1 and 15.5.8; Microsoft, \
             create-self-hosted-integration-runtime (NTLM)",
};

pub(super) const AUTH_REJECTED: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyAuthRejected,
    sentence: "The proxy rejects the credentials that were sent.",
    told_by: "Status 407 although credentials for an offered scheme were sent, by NTLM or \
              Negotiate after all of their messages; or a SOCKS5 proxy that does not accept the \
              user name and password.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Correct the user name and password for {proxy} ({configured}), or have the account \
             unlocked.",
    source: "RFC 9110 section 15.5.8; RFC 1929 section 2",
};

pub(super) const DENIED: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyDenied,
    sentence: "The proxy denies this destination.",
    told_by: "403 or the like in answer to CONNECT, a known product's block page, Squid's \
              ERR_ACCESS_DENIED, or reply 2 of SOCKS5.",
    rivals: &[],
    owner: Owner::Proxy,
    remedy: "Allow {endpoint} for {from} in the access list of {proxy}.",
    source: "RFC 9110 section 9.3.6; RFC 9209 section 2.3; RFC 1928 section 6",
};

pub(super) const UPSTREAM_DNS: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyUpstreamDns,
    sentence: "The proxy cannot resolve the name.",
    told_by: "The proxy's own words: X-Squid-Error, Proxy-Status, its page. Squid 5 says 500 \
              ERR_CANNOT_FORWARD, which leaves the way beyond as a rival; so do proxies that have \
              one page for both.",
    rivals: &[Cause::ProxyUpstreamUnreachable],
    owner: Owner::Proxy,
    remedy: "Let the name servers of the proxy {proxy} resolve {host}.",
    source: "RFC 9209 sections 2.3.1 and 2.3.2",
};

pub(super) const UPSTREAM_UNREACHABLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyUpstreamUnreachable,
    sentence: "The proxy cannot reach the host.",
    told_by: "The proxy's own words: status 502, 503 or 504, X-Squid-Error, Proxy-Status, its \
              page, or replies 3 to 6 of SOCKS5. A bare status leaves its DNS as a rival.",
    rivals: &[Cause::ProxyUpstreamDns],
    owner: Owner::Proxy,
    remedy: "Open the way from the proxy {proxy} to {endpoint}.",
    source: "RFC 9209 sections 2.3.3 to 2.3.15; RFC 1928 section 6",
};

pub(super) const NOT_A_PROXY: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyNotAProxy,
    sentence: "What listens at the proxy's address is no proxy.",
    told_by: "No HTTP in answer to CONNECT, or the 4xx or 5xx of a web server without a proxy's \
              headers. A proxy that denies by ending the connection looks the same.",
    rivals: &[Cause::ProxyDenied],
    owner: Owner::DataPlatform,
    remedy: "Correct the proxy's scheme, address and port ({configured}): {proxy} does not answer \
             as a proxy does.",
    source: "RFC 9110 section 9.3.6",
};

pub(super) const TUNNEL_CLOSED: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyTunnelClosed,
    sentence: "The proxy opens the tunnel and closes it at once.",
    told_by: "End of stream or reset after 200, before a byte of the far end. What the far end \
              itself closes looks the same through a tunnel.",
    rivals: &[Cause::TlsClosed, Cause::TlsReset],
    owner: Owner::Proxy,
    remedy: "Ask whoever runs {proxy} why it ends tunnels to {endpoint}.",
    source: "RFC 9110 section 9.3.6",
};

pub(super) const PAC_ERROR: CatalogueEntry = CatalogueEntry {
    cause: Cause::ProxyPacError,
    sentence: "The proxy auto-configuration cannot be used.",
    told_by: "The PAC file cannot be read, or its script throws; the evidence has the line.",
    rivals: &[],
    owner: Owner::Proxy,
    remedy: "Fix the PAC file, or its address in the configuration.",
    source: "Microsoft, <proxy> element (scriptLocation); Netscape, proxy auto-config file format",
};
