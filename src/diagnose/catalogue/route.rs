//! `route_*` and `proxy_*`.

use super::Entry;
use crate::model::{Cause, Owner};

pub(super) const PRIVATE_VIA_PROXY: Entry = Entry {
    cause: Cause::RoutePrivateViaProxy,
    sentence: "A private name would be sent to the proxy.",
    told_by: "The configuration alone: the name is private and no bypass rule covers it.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Add {host} to the <bypasslist> of both diahost.exe.config and diawp.exe.config, and \
             restart the runtime's service.",
    source: "Microsoft, create-self-hosted-integration-runtime (proxy with a private endpoint)",
};

pub(super) const PROXY_REQUIRED: Entry = Entry {
    cause: Cause::RouteProxyRequired,
    sentence: "The runtime goes direct where only the proxy leads out.",
    told_by: "Direct is blocked, and the alternate route through the proxy works.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Configure the proxy in the runtime's Configuration Manager, or open TCP {port} to \
             {host} for direct traffic.",
    source: "Microsoft, create-self-hosted-integration-runtime (proxy server considerations)",
};

pub(super) const DIRECT_REQUIRED: Entry = Entry {
    cause: Cause::RouteDirectRequired,
    sentence: "The runtime uses a proxy where only the direct route works.",
    told_by: "The proxy fails, and the direct route works.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Add {host} to the proxy bypass list of both configuration files, or let the proxy \
             carry it.",
    source: "Microsoft, create-self-hosted-integration-runtime (proxy server considerations)",
};

pub(super) const CONFIG_INVALID: Entry = Entry {
    cause: Cause::RouteConfigInvalid,
    sentence: "The runtime cannot use its own proxy configuration.",
    told_by: "The configuration file as .NET Framework reads it: it throws where an element, a URL or a \
              regular expression of the bypass list is not valid.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Mend the file (agent lint prints what to paste), and restart the runtime's service.",
    source: "Microsoft, <defaultProxy> element (network settings); create-self-hosted-integration-runtime",
};

pub(super) const CONFIG_MISMATCH: Entry = Entry {
    cause: Cause::RouteConfigMismatch,
    sentence: "The runtime's two configuration files disagree on the proxy.",
    told_by: "diahost.exe.config beside diawp.exe.config: control traffic and data movement would \
              go different ways.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Make the <system.net> sections of both files the same, and restart the runtime's \
             service.",
    source: "Microsoft, create-self-hosted-integration-runtime (update both files)",
};

pub(super) const PROXY_UNRESOLVABLE: Entry = Entry {
    cause: Cause::ProxyUnresolvable,
    sentence: "The proxy's name does not resolve.",
    told_by: "The lookup of the proxy itself.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Check the spelling of the proxy in the configuration, and its record on {resolvers}.",
    source: "contract, Causes",
};

pub(super) const PROXY_REFUSED: Entry = Entry {
    cause: Cause::ProxyRefused,
    sentence: "The proxy refuses the connection.",
    told_by: "ECONNREFUSED on the way to the proxy.",
    rivals: &[Cause::TcpLocalDenied],
    owner: Owner::Proxy,
    remedy: "Check that the proxy listens on the configured port and lets {from} in.",
    source: "RFC 9293 section 3.5.2",
};

pub(super) const PROXY_TIMEOUT: Entry = Entry {
    cause: Cause::ProxyTimeout,
    sentence: "The proxy does not answer.",
    told_by: "Silence on the way to the proxy.",
    rivals: &[Cause::TcpLocalDenied],
    owner: Owner::Firewall,
    remedy: "Allow TCP from {from} to the proxy's port, and check that the proxy runs.",
    source: "RFC 9293 section 3.8.3",
};

pub(super) const PROXY_UNREACHABLE: Entry = Entry {
    cause: Cause::ProxyUnreachable,
    sentence: "The network says that the proxy cannot be reached.",
    told_by: "ICMP unreachable, or no route to the proxy.",
    rivals: &[Cause::TcpLocalDenied],
    owner: Owner::Firewall,
    remedy: "Check the routes and firewalls between {from} and the proxy.",
    source: "RFC 1122 section 3.2.2.1",
};

pub(super) const PROXY_AUTH_REQUIRED: Entry = Entry {
    cause: Cause::ProxyAuthRequired,
    sentence: "The proxy wants a sign-in that was not given.",
    told_by: "Status 407. NTLM and Negotiate may work for the account of the runtime's service, \
              which this program is not.",
    rivals: &[],
    owner: Owner::Proxy,
    remedy: "Exempt {host} from the proxy's authentication, or run the runtime's service under an \
             account the proxy accepts.",
    source: "RFC 9110 section 15.5.8; Microsoft, create-self-hosted-integration-runtime (NTLM)",
};

pub(super) const PROXY_AUTH_REJECTED: Entry = Entry {
    cause: Cause::ProxyAuthRejected,
    sentence: "The proxy rejects the credentials that were sent.",
    told_by: "Status 407 although credentials for an offered scheme were sent.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Correct the proxy's user name and password in the runtime's configuration.",
    source: "RFC 9110 section 15.5.8",
};

pub(super) const PROXY_DENIED: Entry = Entry {
    cause: Cause::ProxyDenied,
    sentence: "The proxy denies this destination.",
    told_by: "403 or the like in answer to CONNECT.",
    rivals: &[],
    owner: Owner::Proxy,
    remedy: "Allow CONNECT to {place} for {from} in the proxy's access list.",
    source: "RFC 9110 section 9.3.6",
};

pub(super) const PROXY_UPSTREAM_DNS: Entry = Entry {
    cause: Cause::ProxyUpstreamDns,
    sentence: "The proxy cannot resolve the name.",
    told_by: "The proxy's own words (status, X-Squid-Error, Proxy-Status).",
    rivals: &[Cause::ProxyUpstreamUnreachable],
    owner: Owner::Proxy,
    remedy: "Let the proxy's name servers resolve {host}.",
    source: "RFC 9209 section 2.3.2",
};

pub(super) const PROXY_UPSTREAM_UNREACHABLE: Entry = Entry {
    cause: Cause::ProxyUpstreamUnreachable,
    sentence: "The proxy cannot reach the host.",
    told_by: "The proxy's own words (status, X-Squid-Error, Proxy-Status).",
    rivals: &[Cause::ProxyUpstreamDns],
    owner: Owner::Proxy,
    remedy: "Open the way from the proxy to {place}.",
    source: "RFC 9209 section 2.3.6",
};

pub(super) const PROXY_NOT_A_PROXY: Entry = Entry {
    cause: Cause::ProxyNotAProxy,
    sentence: "What listens at the proxy's address is no proxy.",
    told_by: "No HTTP in answer to CONNECT, or the 4xx or 5xx of a web server.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Correct the proxy's address and port in the runtime's configuration.",
    source: "RFC 9110 section 9.3.6",
};

pub(super) const PROXY_TUNNEL_CLOSED: Entry = Entry {
    cause: Cause::ProxyTunnelClosed,
    sentence: "The proxy opens the tunnel and closes it at once.",
    told_by: "End of stream or reset after 200, before a byte of the far end.",
    rivals: &[],
    owner: Owner::Proxy,
    remedy: "Ask whoever runs the proxy why it drops tunnels to {place}.",
    source: "RFC 9110 section 9.3.6",
};

pub(super) const PROXY_PAC_ERROR: Entry = Entry {
    cause: Cause::ProxyPacError,
    sentence: "The proxy auto-configuration cannot be used.",
    told_by: "The PAC file cannot be read, or its script throws.",
    rivals: &[],
    owner: Owner::Proxy,
    remedy: "Mend the PAC file, or its address in the configuration.",
    source: "contract, Causes",
};
