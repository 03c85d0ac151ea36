//! `dns_*`: names that do not resolve, or not as they should.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

pub(super) const VIEWS_DIFFER: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsViewsDiffer,
    sentence: "The name servers this host may ask disagree on whether the name exists, or on \
               whether it is private or public.",
    told_by: "Each name server is asked and their answers are compared by existence and by class \
              of address (private, public, other); different public addresses are no disagreement. \
              Which server a client asks is chance, so it works now and then.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Make {resolvers} give the same view of {host}: forward the zone, or link the private \
             DNS zone, on every one of them, or take the odd one out of this host's configuration.",
    source: "contract, Causes; RFC 8499 (view)",
};

pub(super) const NXDOMAIN: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsNxdomain,
    sentence: "The name does not exist in the view of the name server that was asked.",
    told_by: "The response code NXDOMAIN. Where the chain ends at a privatelink name it is \
              path_private_record_missing instead; silence would be dns_timeout.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Check the spelling of {host}. If that is right, ask whoever runs {resolvers} why \
             the answer there is NXDOMAIN: a private zone for a parent domain hides every public name \
             below it, and DNS filters answer so too.",
    source: "RFC 1035 section 4.1.1; RFC 8020",
};

pub(super) const NODATA: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsNodata,
    sentence: "The name exists but has no address.",
    told_by: "The response code NOERROR without an A or AAAA record at the end of the chain.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Add the missing A record for {host}, or ask whoever runs {resolvers} why the name has \
             none there: an empty private zone of that very name is the usual reason.",
    source: "RFC 2308 section 2.2",
};

pub(super) const SERVFAIL: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsServfail,
    sentence: "The name server could not work out an answer.",
    told_by: "The response code SERVFAIL, or another that says the server failed. It answered, so \
              the path to it is good: what fails lies behind it (a forwarder, DNSSEC, the \
              authoritative servers).",
    rivals: &[Cause::DnsRefused],
    owner: Owner::Dns,
    remedy: "Ask whoever runs {resolvers} to look up {host} there: a forwarder that does not \
             answer, or DNSSEC validation that fails. For Azure private zones the forwarder must \
             lead to 168.63.129.16 inside the virtual network.",
    source: "RFC 1035 section 4.1.1; Microsoft, private-endpoint-dns",
};

pub(super) const REFUSED: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsRefused,
    sentence: "The name server refuses to answer for this name or to this host.",
    told_by: "The response code REFUSED: an access list or a policy of the name server, not of the \
              network.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Let {resolvers} answer recursive questions of {from}, or configure this host with a \
             name server that does.",
    source: "RFC 1035 section 4.1.1",
};

pub(super) const TIMEOUT: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsTimeout,
    sentence: "No name server answered.",
    told_by: "Silence of every name server within the time-out, questions repeated. A server that \
              is down and a firewall that drops UDP port 53 look the same; an ICMP error would be \
              dns_resolver_unreachable.",
    rivals: &[Cause::DnsResolverUnreachable],
    owner: Owner::Dns,
    remedy: "Check that the name server is up, and that UDP and TCP port 53 from {from} to \
             {resolvers} are open.",
    source: "RFC 1035 section 4.2.1",
};

pub(super) const RESOLVER_UNREACHABLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsResolverUnreachable,
    sentence: "No name server can be reached.",
    told_by: "ICMP port, host or network unreachable, or no route, for every name server: nobody \
              listens there, or a firewall rejects.",
    rivals: &[Cause::DnsTimeout],
    owner: Owner::Dns,
    remedy: "Check that this host is meant to ask {resolvers}, that a name server runs there, and \
             that nothing on the way rejects port 53 from {from}.",
    source: "RFC 1122 section 4.1.3.3",
};

pub(super) const TCP_BLOCKED: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsTcpBlocked,
    sentence: "The answer is too large for UDP, and DNS over TCP is blocked.",
    told_by: "The TC bit over UDP, then TCP port 53 of the same server refused or silent. Small \
              answers work all the while.",
    rivals: &[],
    owner: Owner::Firewall,
    remedy: "Allow TCP port 53 from {from} to {resolvers} beside UDP.",
    source: "RFC 7766 section 5",
};

pub(super) const CNAME_LOOP: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsCnameLoop,
    sentence: "The name's chain of aliases leads back to itself.",
    told_by: "A CNAME whose target already stands in the chain.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Fix the CNAME records of {host} as {resolvers} has them: one of them \
             points back into the chain shown.",
    source: "RFC 1034 section 3.6.2",
};

pub(super) const MALFORMED: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsMalformed,
    sentence: "What came back is no DNS answer to the question.",
    told_by: "Bytes with the right id and question that cannot be read. Answers to other questions \
              are ignored, not taken for this.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Find what answers for {resolvers}: a middlebox that rewrites DNS, or a name server \
             that needs an update.",
    source: "RFC 1035 section 4.1",
};

pub(super) const SINKHOLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsSinkhole,
    sentence: "The name resolves to an address that cannot be the service's.",
    told_by: "An unspecified, loopback, documentation or other non-routable address, or one where a \
              DNS filter is known to show its block page. An address that proves itself as the \
              host asked for (by TLS or TDS) is none, and names below localhost may be loopback.",
    rivals: &[Cause::DnsOsOverride],
    owner: Owner::Dns,
    remedy: "Take {host} off the block list of the DNS filter behind {resolvers} (or out of the \
             hosts file): it answers {addresses}.",
    source: "IANA special-purpose registries (RFC 6890); MISP warning lists (Cisco Umbrella)",
};

pub(super) const OS_OVERRIDE: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsOsOverride,
    sentence: "The operating system's answer for the name differs from the name servers'.",
    told_by: "The system's own answer (hosts file, NRPT, cache) beside the name servers'. The probe \
              goes where the system says.",
    rivals: &[Cause::DnsViewsDiffer],
    owner: Owner::Host,
    remedy: "Look for {host} in the hosts file and the name resolution policy of this host, and \
             clear its DNS cache (ipconfig /flushdns).",
    source: "contract, Causes",
};

pub(super) const RESOLVER_DOWN: CatalogueEntry = CatalogueEntry {
    cause: Cause::DnsResolverDown,
    sentence: "One of several name servers gives no usable answer, while the others do.",
    told_by: "Silence or errors of one name server for names that another one answers. Clients \
              that ask it first are slow.",
    rivals: &[Cause::DnsTimeout],
    owner: Owner::Dns,
    remedy: "Fix {resolvers}, open port 53 to it, or take it out of this host's configuration.",
    source: "contract, Causes",
};
