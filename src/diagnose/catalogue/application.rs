//! `http_*`, `tds_*`, `hold_*` and the relay's gateways.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

pub(super) const HTTP_TIMEOUT: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpTimeout,
    sentence: "The connection stands, but no answer comes to the request.",
    told_by: "Silence after the request was sent: a middlebox that holds what it inspects, or a \
              service that hangs.",
    rivals: &[Cause::TcpAnsweredByMiddlebox, Cause::HttpServiceError],
    owner: Owner::Proxy,
    remedy: "Ask whoever runs the proxy or TLS inspection in front of {host} whether it holds or \
             scans the traffic of {from}; if nothing stands between, ask again later.",
    source: "RFC 9110 section 15",
};

pub(super) const HTTP_CLOSED: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpClosed,
    sentence: "The connection ends before an answer to the request.",
    told_by: "End of stream or reset before the head of the answer was whole.",
    rivals: &[Cause::TcpAnsweredByMiddlebox, Cause::HttpServiceError],
    owner: Owner::Proxy,
    remedy: "Ask whoever runs the proxy or TLS inspection in front of {host} what it does with \
             requests of {from}: the connection is cut once the request is seen.",
    source: "RFC 9112 section 8",
};

pub(super) const HTTP_BLOCK_PAGE: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpBlockPage,
    sentence: "A filter shows its block page in the service's place.",
    told_by: "The known words or headers of a filtering product; behind TLS inspection, any page \
              that refuses and is not known to be the service's own. The service's own or a CDN's \
              \"403 Access Denied\" is an answer of the service.",
    rivals: &[Cause::HttpNotTheService],
    owner: Owner::Proxy,
    remedy: "Ask whoever runs the web filter to allow {host} on port {port} for {from}; the page's \
             own words are in the evidence.",
    source: "contract, Status; citizenlab/filtering-annotations",
};

pub(super) const HTTP_CAPTIVE_PORTAL: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpCaptivePortal,
    sentence: "The request is redirected to a sign-in page of the network.",
    told_by: "A redirect to a host outside the service's own domains, or status 511.",
    rivals: &[Cause::HttpBlockPage],
    owner: Owner::Proxy,
    remedy: "Exempt {from} from the sign-in page of the network: a service account cannot fill it \
             in.",
    source: "RFC 8952; RFC 6585 section 6",
};

pub(super) const HTTP_SOURCE_REFUSED: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpSourceRefused,
    sentence: "The service itself answers, and refuses where it was asked from.",
    told_by: "Its own words: a relay's IP filter, or public network access that is switched off or \
              limited to some addresses. The network path is good.",
    rivals: &[Cause::HttpBlockPage],
    owner: Owner::DataPlatform,
    remedy: "Allow the public address that {from} leaves by in the networking settings of {host} \
             (IP filter, firewall, public network access), or reach it by its private endpoint.",
    source: "Microsoft, service-bus-troubleshooting-guide; relay-network-security; \
             data-factory-private-link",
};

pub(super) const HTTP_NOT_THE_SERVICE: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpNotTheService,
    sentence: "Something answers, but not the service that was asked for.",
    told_by: "The relay's answer shows its Atom feed or a tracking id; this one shows neither, or \
              it bears the marks of a proxy that cannot reach the service.",
    rivals: &[Cause::HttpBlockPage],
    owner: Owner::Proxy,
    remedy: "Find what answers for {host} at {addresses}: a proxy or gateway on the way, or another \
             service at that address.",
    source: "Microsoft, service-bus-troubleshooting-guide",
};

pub(super) const HTTP_UPGRADE_BLOCKED: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpUpgradeBlocked,
    sentence: "Plain requests reach the relay, but its WebSocket upgrade does not.",
    told_by: "A GET is answered by the relay and the upgrade is not: a proxy takes the Upgrade \
              header away.",
    rivals: &[Cause::HttpNotTheService],
    owner: Owner::Proxy,
    remedy: "Let WebSocket upgrades to {host} pass the proxy or TLS inspection unchanged.",
    source: "RFC 6455 section 4.1; Microsoft, relay-hybrid-connections-protocol",
};

pub(super) const HTTP_SERVICE_ERROR: CatalogueEntry = CatalogueEntry {
    cause: Cause::HttpServiceError,
    sentence: "The service answers with an error of its own.",
    told_by: "A status of 500 or above without the marks of a proxy on the way: the network path \
              is good.",
    rivals: &[Cause::HttpNotTheService],
    owner: Owner::Azure,
    remedy: "Try again; if it stays, look at Azure Service Health for the service behind {host}.",
    source: "RFC 9110 section 15.6",
};

pub(super) const TDS_NO_ANSWER: CatalogueEntry = CatalogueEntry {
    cause: Cause::TdsNoAnswer,
    sentence: "The connection is accepted, but SQL Server does not answer.",
    told_by: "No pre-login answer: silence, end of stream, reset or other bytes.",
    rivals: &[Cause::TcpAnsweredByMiddlebox, Cause::HttpNotTheService],
    owner: Owner::Firewall,
    remedy: "Check that a SQL Server listens at {addresses}, and that the firewall lets TDS on TCP \
             {port} from {from} pass, not only the connect.",
    source: "MS-TDS 2.2.6.5",
};

pub(super) const HOLD_IDLE_DROPPED: CatalogueEntry = CatalogueEntry {
    cause: Cause::HoldIdleDropped,
    sentence: "An idle connection is forgotten on the way, in silence.",
    told_by: "After idling, what is sent gets no answer: a firewall or NAT dropped its state.",
    rivals: &[Cause::TcpTimeout],
    owner: Owner::Firewall,
    remedy: "Raise the idle time-out for TCP {port} to {host} on the firewall or NAT, or let it \
             send resets.",
    source: "RFC 5382 section 5",
};

pub(super) const HOLD_RESET: CatalogueEntry = CatalogueEntry {
    cause: Cause::HoldReset,
    sentence: "An idle connection is reset.",
    told_by: "After idling, the connection was reset. An orderly close by the far end is no \
              finding.",
    rivals: &[Cause::HttpServiceError],
    owner: Owner::Firewall,
    remedy: "Raise the idle time-out for TCP {port} to {host} on the firewall or proxy on the way.",
    source: "RFC 5382 section 5",
};

pub(super) const RELAY_GATEWAY_UNASSIGNED: CatalogueEntry = CatalogueEntry {
    cause: Cause::RelayGatewayUnassigned,
    sentence: "This gateway of the relay's deployment is not in use yet.",
    told_by: "Its name does not exist or has no address: normal, as Azure assigns gateways when it \
              needs them. A name server that hides one in use looks the same. One that resolves \
              and cannot be reached is a fault.",
    rivals: &[Cause::DnsNxdomain, Cause::DnsNodata],
    owner: Owner::Nobody,
    remedy: "Nothing needs fixing. Allow the names of all gateways ahead of time, or run this \
             now and then: more are assigned as Azure needs them.",
    source: "Azure/azure-relay-dotnet, tools/GetNamespaceInfo.ps1",
};
