//! `tls_*`: handshakes that fail, and certificates that prove nothing.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

/// The remedy for wrong dates. They are judged by this host's clock, so the clock comes first.
const CHECK_CLOCK: &str = "Check this host's clock first (w32tm /query /status, timedatectl): the \
                           dates of the certificate of {host} are judged by it.";

/// The further remedy for whoever presents a certificate with wrong dates.
pub(super) const RENEW: &str = "If the clock of {from} is right, replace the certificate of \
                                '{issuer}' that is presented for {host}: the server's own, or the \
                                one of a TLS inspection in front of it.";

/// The same where the chain leads to a public root, so that only the service can have it.
pub(in crate::diagnose) const RENEW_BY_MICROSOFT: &str = "If the clock of {from} is right, ask Microsoft's support about the certificate by '{issuer}' \
     that is presented for {host}: that authority is public, so no TLS inspection made it, and \
     only the service can replace it.";

/// The same for a service that is not Microsoft's.
pub(in crate::diagnose) const RENEW_BY_SERVICE: &str = "If the clock of {from} is right, whoever runs {host} has to replace its certificate by \
     '{issuer}': that authority is public, so no TLS inspection made it.";

/// The remedy for whoever opens TLS on the way.
const EXEMPT: &str = "Exempt {host} from TLS inspection by '{issuer}'.";

/// The further remedy for the host until TLS is left closed. The runtime's service does not trust a
/// root that only one user trusts.
pub(super) const INSTALL_ROOT: &str = "If '{issuer}' is known to you: as long as it opens TLS, its \
                                       root must be in this host's machine store, where the \
                                       runtime's service finds it.";

pub(super) const INTERCEPTED: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsIntercepted,
    sentence: "TLS is opened on the way: the certificate is of an authority that only this host \
               trusts.",
    told_by: "The chain leads to a root in this host's store that is no public web root. A service \
              with a private authority of its own looks the same.",
    rivals: &[Cause::HttpNotTheService],
    owner: Owner::Proxy,
    remedy: EXEMPT,
    source: "Microsoft, azure-CA-details; self-hosted-integration-runtime-troubleshoot-guide",
};

pub(super) const UNTRUSTED: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsUntrusted,
    sentence: "The certificate leads to no authority that is trusted.",
    told_by: "The chain as presented, against the public web roots and against this host's store. \
              TLS inspection whose root this host lacks looks the same.",
    rivals: &[Cause::TlsIntercepted],
    owner: Owner::Proxy,
    remedy: EXEMPT,
    source: "RFC 5280 section 6; Microsoft, azure-CA-details",
};

pub(super) const NAME_MISMATCH: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsNameMismatch,
    sentence: "The certificate is for other names than the one asked for.",
    told_by: "The name against the certificate's subject alternative names: a wrong address in \
              DNS, another private endpoint, or a gateway that shows its own certificate.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Check the records of {host}: what answers at {addresses} presents a certificate for \
             other names.",
    source: "RFC 9525 section 6",
};

pub(super) const EXPIRED: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsExpired,
    sentence: "A certificate of the chain has expired.",
    told_by: "Its dates against this host's clock: a clock that runs ahead looks the same. Where \
              the chain leads to a public root, no TLS inspection made the certificate.",
    rivals: &[Cause::HostClockSkew],
    owner: Owner::Host,
    remedy: CHECK_CLOCK,
    source: "RFC 5280 section 4.1.2.5",
};

pub(super) const NOT_YET_VALID: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsNotYetValid,
    sentence: "A certificate of the chain is not valid yet.",
    told_by: "Its dates against this host's clock: a clock that runs behind is the usual reason. \
              Where the chain leads to a public root, no TLS inspection made the certificate.",
    rivals: &[Cause::HostClockSkew],
    owner: Owner::Host,
    remedy: CHECK_CLOCK,
    source: "RFC 5280 section 4.1.2.5",
};

pub(super) const RESET: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsReset,
    sentence: "The connection is reset after the ClientHello.",
    told_by: "RST once the server name was seen, while the connect was accepted: filters that judge \
              the server name (SNI) do this, Azure Firewall among them. A server that crashes looks \
              the same. A reset much sooner than the connect's round trip possibly comes from \
              something nearer than the far end; its TTL is shown to privileged programs only.",
    rivals: &[Cause::TcpAnsweredByMiddlebox, Cause::HttpServiceError],
    owner: Owner::Firewall,
    remedy: "Allow {host} on TCP {port} for {from} in the firewall's application rules (FQDN or SNI \
             filter).",
    source: "RFC 6066 section 3; Microsoft, Azure Firewall application rules",
};

pub(super) const CLOSED: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsClosed,
    sentence: "The connection is closed after the ClientHello.",
    told_by: "End of stream without an alert: a filter that judges the server name, or a proxy \
              without a way on. An old server that closes in place of an alert is told by a \
              second ClientHello that offers TLS 1.1 and 1.0 alone: it answers that one.",
    rivals: &[Cause::TcpAnsweredByMiddlebox, Cause::HttpServiceError],
    owner: Owner::Firewall,
    remedy: "Allow {host} on TCP {port} for {from} in the firewall's application rules (FQDN or SNI \
             filter).",
    source: "RFC 8446 section 6.1",
};

pub(super) const TIMEOUT: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsTimeout,
    sentence: "Nothing answers the ClientHello.",
    told_by: "Silence after an accepted connect: a filter that drops once it knows the server name, \
              or a path on which large packets are lost.",
    rivals: &[Cause::TlsLargePacketsLost, Cause::TcpAnsweredByMiddlebox, Cause::HttpServiceError],
    owner: Owner::Firewall,
    remedy: "Allow {host} on TCP {port} for {from} in the firewall's application rules (FQDN or SNI \
             filter). If that is so already, check the path's MTU (VPN, ExpressRoute).",
    source: "RFC 8446 section 4; RFC 4821",
};

pub(super) const NOT_TLS: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsNotTls,
    sentence: "What answers does not speak TLS.",
    told_by: "The first bytes are no TLS record. A filter's page in clear text is http_block_page.",
    rivals: &[Cause::TcpAnsweredByMiddlebox, Cause::HttpServiceError],
    owner: Owner::Firewall,
    remedy: "Find what answers for {host} at {addresses} on TCP {port}: another service, or a device \
             on the way that answers in clear text.",
    source: "RFC 8446 section 5.1",
};

pub(super) const VERSION: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsVersion,
    sentence: "The far end offers no TLS version that is safe to use.",
    told_by: "The alert protocol_version, or an answer below TLS 1.2, if need be to a second \
              ClientHello that offers nothing newer; 1.2 and 1.3 were offered first. \
              Azure's own endpoints speak both, so look for an old middlebox on the way.",
    rivals: &[],
    owner: Owner::Proxy,
    remedy: "Update or bypass the TLS inspection in front of {host}: Azure requires TLS 1.2 or \
             newer.",
    source: "RFC 8446 section 6.2; Microsoft, TLS 1.0 and 1.1 retirement",
};

pub(super) const ALERT: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsAlert,
    sentence: "The far end ends the handshake with an alert.",
    told_by: "The alert's name: unrecognized_name and access_denied speak of the server name, \
              handshake_failure of cipher suites, certificate_required of a client certificate.",
    rivals: &[Cause::TlsIntercepted],
    owner: Owner::Proxy,
    remedy: "Read the alert's name, check the records of {host}, and find out whether TLS \
             inspection or a filter of server names stands in front of {addresses}.",
    source: "RFC 8446 section 6.2",
};

pub(super) const LARGE_PACKETS_LOST: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsLargePacketsLost,
    sentence: "Large packets are lost on the way: a path MTU black hole.",
    told_by: "The handshake is silent as it is and works with a small segment size. A filter that \
              reads the server name only where the ClientHello is in one segment looks the same. \
              Tried on direct ways only: a proxy's own connection decides how large segments are \
              beyond it.",
    rivals: &[Cause::TlsTimeout],
    owner: Owner::Firewall,
    remedy: "Let ICMP \"fragmentation needed\" through, or clamp the MSS, on the VPN or \
             ExpressRoute between {from} and {addresses}.",
    source: "RFC 4821; RFC 2923 section 2.1",
};

pub(super) const REVOCATION_UNREACHABLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::TlsRevocationUnreachable,
    sentence: "The hosts that say whether a certificate is revoked do not answer.",
    told_by: "The CRL and OCSP addresses of the chain that was seen, asked on port 80; only those \
              of a chain that was verified. A page for people is no answer. Windows waits up to \
              15 seconds for a URL and 20 for a chain, where a client checks.",
    rivals: &[Cause::HttpServiceError],
    owner: Owner::Firewall,
    remedy: "Allow TCP 80 out from {from} to {destinations}, where the certificates say whether \
             they are revoked.",
    source: "Microsoft, azure-CA-details (certificate downloads and revocation lists); wincrypt.h, \
             CERT_CHAIN_URL_RETRIEVAL_TIMEOUT_MILLISECONDS_DEFAULT",
};
