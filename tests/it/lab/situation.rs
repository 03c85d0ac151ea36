//! The table of what can be wrong, one name each: what its name servers say, what stands on the
//! road to its address, what answers there, and what `pathproof` must conclude. The whole lab
//! (zones, filters, servers) is made from these rows.

use super::faults::Behaviour;
use super::pki::Leaf;

/// One endpoint of the lab.
pub(super) struct Situation {
    pub(super) host: &'static str,
    pub(super) port: u16,
    pub(super) given: Given,
    pub(super) name: Name,
    /// Where it answers, or not. Its A and AAAA records, where `name` ends in addresses.
    pub(super) destinations: &'static [Destination],
    pub(super) status: &'static str,
    pub(super) cause: Option<&'static str>,
}

/// How the program is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// By the default list and `--factory`.
    List,
    /// In the file of `--service-urls`.
    ServiceUrls,
    /// `--endpoint KIND://HOST:PORT`.
    Endpoint(&'static str),
    /// The same, and `--private HOST`.
    Private,
    /// `--peer`.
    Peer,
    /// Not at all: a gateway that the relay's chain leads to.
    Gateway,
}

/// What the name servers say.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// The chain (empty: none), then the addresses of the destinations.
    Resolves(&'static [&'static str]),
    /// The chain, then an address where nobody is.
    ResolvesTo(&'static str),
    /// The chain (empty: the name itself is missing), then NXDOMAIN.
    Missing(&'static [&'static str]),
    /// The chain, then a name without address.
    NoAddress(&'static [&'static str]),
    /// The zone is not served: SERVFAIL.
    ZoneBroken,
    /// The resolver refuses the question.
    Refused,
    /// The resolver drops the question.
    Silence,
    /// Two names that point at each other.
    Loop,
}

/// An address, what stands before it, and what answers.
#[derive(Clone, Copy)]
pub(super) struct Destination {
    pub(super) address: &'static str,
    pub(super) road: Road,
    pub(super) service: Service,
}

/// What the network between does to packets for the address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Road {
    Open,
    /// A firewall that drops.
    Drop,
    /// A firewall that rejects; nftables's words.
    Reject(&'static str),
    /// A firewall that resets a connection once it is made.
    ResetAfterConnect,
    /// A route of this host; iproute2's words (`prohibit`, `blackhole`).
    Route(&'static str),
}

/// What answers at an address.
#[derive(Clone, Copy)]
pub(super) enum Service {
    /// Nobody: the port is closed, or no packet gets there.
    Nobody,
    /// nginx under TLS.
    Web(Leaf, Answer),
    /// nginx that refuses the handshake with an alert.
    WebRejects,
    /// nginx that speaks no more than TLS 1.1.
    WebOld,
    /// nginx in clear text.
    Clear(Answer),
    /// The lab's own server.
    Fault(Behaviour),
}

/// What nginx answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A relay namespace's root: a public feed (facts.md, section 6).
    Relay,
    /// The service's own error, with its tracking id.
    RelayError,
    /// 404 without a body, as a service does that has nothing at its root.
    NotFound,
    /// Nothing, for as long as one waits.
    Silence,
    /// The end of the connection.
    Close,
    /// A web filter's page.
    BlockPage,
    /// A redirect to a hotspot's login.
    Portal,
    /// A web server's own welcome.
    Welcome,
    /// As [`Answer::Relay`], by a clock that is [`super::faults::FAST`] ahead of this host's.
    RelayAhead,
}

const fn row(
    host: &'static str,
    given: Given,
    name: Name,
    destinations: &'static [Destination],
    status: &'static str,
    cause: Option<&'static str>,
) -> Situation {
    let port = match given {
        Given::Endpoint(kind) => match kind.as_bytes() {
            b"tds" => 1433,
            b"http" => 80,
            _ => 443,
        },
        Given::Peer => 8060,
        _ => 443,
    };
    Situation { host, port, given, name, destinations, status, cause }
}

const fn passes(
    host: &'static str,
    given: Given,
    name: Name,
    destinations: &'static [Destination],
) -> Situation {
    row(host, given, name, destinations, "pass", None)
}

const fn fails(
    host: &'static str,
    given: Given,
    name: Name,
    destinations: &'static [Destination],
    cause: &'static str,
) -> Situation {
    row(host, given, name, destinations, "fail", Some(cause))
}

const fn warns(
    host: &'static str,
    given: Given,
    name: Name,
    destinations: &'static [Destination],
    cause: &'static str,
) -> Situation {
    row(host, given, name, destinations, "warn", Some(cause))
}

/// A relay of `--service-urls` that has its addresses without a chain.
const fn relay_fails(
    host: &'static str,
    destinations: &'static [Destination],
    cause: &'static str,
) -> Situation {
    fails(host, URLS, PLAIN, destinations, cause)
}

const fn relay_warns(
    host: &'static str,
    destinations: &'static [Destination],
    cause: &'static str,
) -> Situation {
    warns(host, URLS, PLAIN, destinations, cause)
}

const fn open(address: &'static str, service: Service) -> Destination {
    Destination { address, road: Road::Open, service }
}

const fn shut(address: &'static str, road: Road) -> Destination {
    Destination { address, road, service: Service::Nobody }
}

const fn rejects(address: &'static str, with: &'static str) -> Destination {
    shut(address, Road::Reject(with))
}

const fn plays(address: &'static str, behaviour: Behaviour) -> Destination {
    open(address, Service::Fault(behaviour))
}

const fn shows(leaf: Leaf) -> Destination {
    open(WEB, Service::Web(leaf, Answer::Relay))
}

const fn answers(answer: Answer) -> Destination {
    open(WEB, Service::Web(Leaf::Public, answer))
}

/// Every public address lies in Azure's published ranges for West Europe, but where a row says so.
const WEB: &str = "52.166.10.1";
const RELAY: Service = Service::Web(Leaf::Public, Answer::Relay);
const SITE: Service = Service::Web(Leaf::Public, Answer::NotFound);
const PLAIN: Name = Name::Resolves(&[]);
const HTTPS: Given = Given::Endpoint("https");
const TDS: Given = Given::Endpoint("tds");
const URLS: Given = Given::ServiceUrls;

/// Where `--private-cidr` says that private endpoints live.
pub(super) const PRIVATE_NETWORK: &str = "10.10.0.0/16";
/// The factory of `--factory` and its region.
pub(super) const FACTORY: (&str, &str) = ("contoso-df", "westeurope");
/// A name whose answer does not fit into a datagram: some links of a chain with long labels.
pub(super) const LONG_CHAIN: &str = "contoso-long.servicebus.windows.net";
/// A name that the second resolver answers with a private address.
pub(super) const SPLIT: &str = "contoso-relay.servicebus.windows.net";

/// What [`Leaf::Revocable`] names for its revocation list.
pub(super) const REVOCATION: &str = "crl5.digicert.com";
/// Two that take this host's clock for slow.
pub(super) const AHEAD: [&str; 2] =
    ["ahead-1.servicebus.windows.net", "ahead-2.servicebus.windows.net"];
const UNREVOKED: &str = "tls_revocation_unreachable";

pub(super) const SITUATIONS: &[Situation] = &[
    // What works.
    passes(
        "contoso-df.westeurope.datafactory.azure.net",
        Given::List,
        Name::Resolves(&[
            "we.frontend.clouddatahub.net",
            "tm-we-prod-adms-fe.trafficmanager.net",
            "aksfe-we-prod-adms.cloudapp.net",
        ]),
        &[open(WEB, SITE)],
    ),
    passes(
        "download.microsoft.com",
        Given::List,
        Name::Resolves(&["main.dl.ms.trafficmanager.net"]),
        // A content delivery network's: nothing of Azure's is expected of it.
        &[open("2.21.20.140", SITE)],
    ),
    passes(
        SPLIT,
        URLS,
        Name::Resolves(&["ns-sb2-prod-by3-010.cloudapp.net"]),
        &[open("40.112.72.101", RELAY)],
    ),
    passes("g0-prod-by3-010-sb.servicebus.windows.net", Given::Gateway, PLAIN, &[open(WEB, SITE)]),
    passes("gv7-prod-by3-010-sb.servicebus.windows.net", Given::Gateway, PLAIN, &[open(WEB, SITE)]),
    // A gateway that was found and not listed is derived: a warning at most.
    warns(
        "g1-prod-by3-010-sb.servicebus.windows.net",
        Given::Gateway,
        PLAIN,
        &[rejects("52.166.20.1", "with tcp reset")],
        "tcp_refused",
    ),
    row(
        "g2-prod-by3-010-sb.servicebus.windows.net",
        Given::Gateway,
        Name::Missing(&[]),
        &[],
        "unknown",
        Some("relay_gateway_unassigned"),
    ),
    passes(
        "contoso-pe.westeurope.datafactory.azure.net",
        Given::Private,
        Name::Resolves(&["contoso-pe.westeurope.privatelink.datafactory.azure.net"]),
        &[open("10.10.2.4", SITE)],
    ),
    passes("contoso-kv.vault.azure.net", Given::Endpoint("tls"), PLAIN, &[open(WEB, SITE)]),
    passes(
        "contoso-sql.database.windows.net",
        TDS,
        Name::Resolves(&["dataslice4.westeurope.database.windows.net"]),
        &[plays("52.166.10.2", Behaviour::Tds)],
    ),
    passes(
        "crl3.digicert.com",
        Given::Endpoint("http"),
        PLAIN,
        &[open("2.21.20.141", Service::Clear(Answer::NotFound))],
    ),
    passes(
        "shir-node2.corp.contoso.example",
        Given::Peer,
        PLAIN,
        &[plays("10.50.3.12", Behaviour::Silent)],
    ),
    passes(LONG_CHAIN, URLS, PLAIN, &[open(WEB, RELAY)]),
    // This host has no IPv6 route to that network: an obstacle, no failure.
    passes(
        "contoso-dual.servicebus.windows.net",
        URLS,
        PLAIN,
        &[open(WEB, RELAY), open("2a01:111:f403::10", Service::Nobody)],
    ),
    // Names.
    fails("contoso-typo.servicebus.windows.net", URLS, Name::Missing(&[]), &[], "dns_nxdomain"),
    fails("contoso-text.servicebus.windows.net", URLS, Name::NoAddress(&[]), &[], "dns_nodata"),
    fails("contoso.dev.azuresynapse.net", HTTPS, Name::ZoneBroken, &[], "dns_servfail"),
    fails("login.microsoftonline.com", HTTPS, Name::Refused, &[], "dns_refused"),
    fails("aadcdn.msauth.net", HTTPS, Name::Silence, &[], "dns_timeout"),
    fails("mirror.corp.contoso.example", HTTPS, Name::Loop, &[], "dns_cname_loop"),
    fails("sink0.blob.core.windows.net", HTTPS, Name::ResolvesTo("0.0.0.0"), &[], "dns_sinkhole"),
    fails("sink1.blob.core.windows.net", HTTPS, Name::ResolvesTo("127.0.0.1"), &[], "dns_sinkhole"),
    fails("sink2.blob.core.windows.net", HTTPS, Name::ResolvesTo("192.0.2.9"), &[], "dns_sinkhole"),
    fails("sink3.blob.core.windows.net", HTTPS, Name::ResolvesTo("::"), &[], "dns_sinkhole"),
    // Private and public paths.
    fails(
        "contoso-absent.westeurope.datafactory.azure.net",
        Given::Private,
        Name::Resolves(&["we.absent.frontend.clouddatahub.net"]),
        &[open(WEB, SITE)],
        "path_private_endpoint_absent",
    ),
    fails(
        "contoso-unlinked.westeurope.datafactory.azure.net",
        Given::Private,
        Name::Resolves(&[
            "contoso-unlinked.westeurope.privatelink.datafactory.azure.net",
            "we.unlinked.frontend.clouddatahub.net",
        ]),
        &[open(WEB, SITE)],
        "path_private_zone_not_linked",
    ),
    warns(
        "unlinked.blob.core.windows.net",
        HTTPS,
        Name::Resolves(&[
            "unlinked.privatelink.blob.core.windows.net",
            "blob.am5prdstr09a.store.core.windows.net",
        ]),
        &[open(WEB, SITE)],
        "path_private_zone_not_linked",
    ),
    fails(
        "dangling.blob.core.windows.net",
        HTTPS,
        Name::Missing(&["dangling.privatelink.blob.core.windows.net"]),
        &[],
        "path_private_record_missing",
    ),
    fails(
        "emptied.blob.core.windows.net",
        HTTPS,
        Name::NoAddress(&["emptied.privatelink.blob.core.windows.net"]),
        &[],
        "path_private_record_missing",
    ),
    fails(
        "contoso-moved.westeurope.datafactory.azure.net",
        Given::Private,
        Name::Resolves(&["contoso-moved.westeurope.privatelink.datafactory.azure.net"]),
        &[open("10.99.0.4", SITE)],
        "path_private_outside_network",
    ),
    fails(
        "contoso-mixed.westeurope.datafactory.azure.net",
        Given::Private,
        Name::Resolves(&["contoso-mixed.westeurope.privatelink.datafactory.azure.net"]),
        &[open("10.10.2.5", SITE), open(WEB, SITE)],
        "path_mixed",
    ),
    relay_fails(
        "contoso-inside.servicebus.windows.net",
        &[open("10.10.2.6", RELAY)],
        "path_public_expected",
    ),
    relay_warns(
        "contoso-elsewhere.servicebus.windows.net",
        &[open("93.184.216.34", RELAY)],
        "path_not_azure",
    ),
    // Connections.
    relay_fails(
        "rst.servicebus.windows.net",
        &[rejects("52.166.20.2", "with tcp reset")],
        "tcp_refused",
    ),
    relay_fails(
        "port-unreachable.servicebus.windows.net",
        &[rejects("52.166.20.3", "with icmp type port-unreachable")],
        "tcp_refused",
    ),
    relay_fails("closed.servicebus.windows.net", &[shut("52.166.20.4", Road::Open)], "tcp_refused"),
    relay_fails("drop.servicebus.windows.net", &[shut("52.166.20.5", Road::Drop)], "tcp_timeout"),
    relay_fails(
        "host-unreachable.servicebus.windows.net",
        &[rejects("52.166.20.6", "with icmp type host-unreachable")],
        "tcp_unreachable",
    ),
    relay_fails(
        "net-unreachable.servicebus.windows.net",
        &[rejects("52.166.20.7", "with icmp type net-unreachable")],
        "tcp_unreachable",
    ),
    relay_fails(
        "prohibited.servicebus.windows.net",
        &[rejects("52.166.20.8", "with icmp type admin-prohibited")],
        "tcp_unreachable",
    ),
    relay_fails(
        "policy.servicebus.windows.net",
        &[shut("52.166.20.9", Road::Route("prohibit"))],
        "tcp_local_denied",
    ),
    relay_fails(
        "blackhole.servicebus.windows.net",
        &[shut("52.166.20.10", Road::Route("blackhole"))],
        "tcp_unreachable",
    ),
    relay_fails(
        "half.servicebus.windows.net",
        &[open(WEB, RELAY), shut("52.166.20.11", Road::Drop)],
        "tcp_some_addresses",
    ),
    relay_warns(
        "v6-blocked.servicebus.windows.net",
        &[open(WEB, RELAY), shut("2603:1020:206::20:12", Road::Drop)],
        "tcp_family",
    ),
    // Takes a second: over a wire as short as this one the ICMP error comes while the kernel still
    // holds the socket, and it is the second SYN that learns of it.
    relay_fails(
        "v6-refused.servicebus.windows.net",
        &[rejects("2603:1020:206::20:13", "with icmpv6 type port-unreachable")],
        "tcp_refused",
    ),
    relay_fails(
        "reset.servicebus.windows.net",
        &[Destination {
            address: "52.166.20.14",
            road: Road::ResetAfterConnect,
            service: Service::Fault(Behaviour::Silent),
        }],
        "tcp_reset",
    ),
    // Handshakes.
    relay_warns("inspected.servicebus.windows.net", &[shows(Leaf::Corporate)], "tls_intercepted"),
    relay_fails("untrusted.servicebus.windows.net", &[shows(Leaf::Unknown)], "tls_untrusted"),
    relay_fails("self-signed.servicebus.windows.net", &[shows(Leaf::SelfSigned)], "tls_untrusted"),
    relay_fails(
        "no-intermediate.servicebus.windows.net",
        &[shows(Leaf::NoIntermediate)],
        "tls_untrusted",
    ),
    relay_fails(
        "other-name.servicebus.windows.net",
        &[shows(Leaf::OtherName)],
        "tls_name_mismatch",
    ),
    relay_fails("expired.servicebus.windows.net", &[shows(Leaf::Expired)], "tls_expired"),
    relay_fails("early.servicebus.windows.net", &[shows(Leaf::NotYetValid)], "tls_not_yet_valid"),
    relay_fails(
        "tls-reset.servicebus.windows.net",
        &[plays("52.166.30.1", Behaviour::ResetAfterBytes)],
        "tls_reset",
    ),
    relay_fails(
        "tls-reset-once.servicebus.windows.net",
        &[plays("52.166.30.11", Behaviour::ResetThenSilent)],
        "tls_reset",
    ),
    relay_fails(
        "tls-closed.servicebus.windows.net",
        &[plays("52.166.30.2", Behaviour::CloseAfterBytes)],
        "tls_closed",
    ),
    relay_fails(
        "tls-silent.servicebus.windows.net",
        &[plays("52.166.30.3", Behaviour::Silent)],
        "tls_timeout",
    ),
    relay_fails(
        "ssh.servicebus.windows.net",
        &[plays("52.166.30.4", Behaviour::Banner)],
        "tls_not_tls",
    ),
    relay_fails(
        "tls11.servicebus.windows.net",
        &[open("52.166.30.5", Service::WebOld)],
        "tls_version",
    ),
    relay_fails(
        "alert.servicebus.windows.net",
        &[open("52.166.30.6", Service::WebRejects)],
        "tls_alert",
    ),
    // Another name that the same authority opens, of another owner.
    warns("inspected.vault.azure.net", HTTPS, PLAIN, &[shows(Leaf::Corporate)], "tls_intercepted"),
    // Its certificate names a host for revocation lists that a firewall drops.
    relay_warns("revocable.servicebus.windows.net", &[shows(Leaf::Revocable)], UNREVOKED),
    fails(
        REVOCATION,
        Given::Endpoint("http"),
        PLAIN,
        &[shut("2.21.20.143", Road::Drop)],
        "tcp_timeout",
    ),
    // Answers. What only these two say of this host's clock, the others deny.
    passes(AHEAD[0], URLS, PLAIN, &[answers(Answer::RelayAhead)]),
    passes(AHEAD[1], URLS, PLAIN, &[answers(Answer::RelayAhead)]),
    relay_fails(
        "clear-block.servicebus.windows.net",
        &[plays("52.166.30.7", Behaviour::ClearBlockPage)],
        "http_block_page",
    ),
    relay_fails("http-silent.servicebus.windows.net", &[answers(Answer::Silence)], "http_timeout"),
    relay_fails("http-closed.servicebus.windows.net", &[answers(Answer::Close)], "http_closed"),
    relay_fails(
        "block-page.servicebus.windows.net",
        &[answers(Answer::BlockPage)],
        "http_block_page",
    ),
    relay_fails("portal.servicebus.windows.net", &[answers(Answer::Portal)], "http_captive_portal"),
    relay_fails(
        "welcome.servicebus.windows.net",
        &[answers(Answer::Welcome)],
        "http_not_the_service",
    ),
    relay_warns(
        "ailing.servicebus.windows.net",
        &[answers(Answer::RelayError)],
        "http_service_error",
    ),
    fails(
        "crl4.digicert.com",
        Given::Endpoint("http"),
        PLAIN,
        &[open("2.21.20.142", Service::Clear(Answer::BlockPage))],
        "http_block_page",
    ),
    fails(
        "silent-sql.database.windows.net",
        TDS,
        PLAIN,
        &[plays("52.166.30.8", Behaviour::Silent)],
        "tds_no_answer",
    ),
    fails(
        "closed-sql.database.windows.net",
        TDS,
        PLAIN,
        &[plays("52.166.30.9", Behaviour::CloseAfterBytes)],
        "tds_no_answer",
    ),
    fails(
        "ssh-sql.database.windows.net",
        TDS,
        PLAIN,
        &[plays("52.166.30.10", Behaviour::Banner)],
        "tds_no_answer",
    ),
];
