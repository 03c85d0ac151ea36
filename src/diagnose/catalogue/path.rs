//! `path_*`: names whose addresses are private where they should be public, or the reverse.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

pub(super) const PRIVATE_ENDPOINT_ABSENT: CatalogueEntry = CatalogueEntry {
    cause: Cause::PathPrivateEndpointAbsent,
    sentence: "A private endpoint is expected, and the name shows no sign of one.",
    told_by: "No privatelink name in the chain, and a public address. Azure puts that alias into \
              the public chain of every resource that has a private endpoint.",
    rivals: &[Cause::DnsOsOverride],
    owner: Owner::DataPlatform,
    remedy: "Create and approve a private endpoint for {host}, with its record in the private DNS \
             zone {zone}; or leave out --private if the name is meant to go public.",
    source: "Microsoft, private-endpoint-dns; data-factory-private-link",
};

pub(super) const PRIVATE_ZONE_NOT_LINKED: CatalogueEntry = CatalogueEntry {
    cause: Cause::PathPrivateZoneNotLinked,
    sentence: "The resource has a private endpoint, but this host's DNS gives its public address.",
    told_by: "A privatelink name in the chain and a public address at its end: the public zone \
              answered, not the private one.",
    rivals: &[Cause::DnsViewsDiffer],
    owner: Owner::Dns,
    remedy: "Link the private DNS zone {zone} to the virtual network whose name servers this host \
             asks; on premises, forward the public zone on {resolvers} to a resolver inside that \
             network (168.63.129.16 answers only there).",
    source: "Microsoft, private-endpoint-dns",
};

pub(super) const PRIVATE_RECORD_MISSING: CatalogueEntry = CatalogueEntry {
    cause: Cause::PathPrivateRecordMissing,
    sentence: "The private DNS zone is there, but has no record for this name.",
    told_by: "The chain ends at a privatelink name that does not exist or has no address: a linked \
              private zone hides the public one, record or no record.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Add the A record of {alias} to the private DNS zone {zone} (the private endpoint's DNS \
             zone group does it), or let the zone fall back to the internet (virtual network link, \
             resolution policy NxDomainRedirect).",
    source: "Microsoft, private-endpoint-dns; private-dns-fallback",
};

pub(super) const PRIVATE_OUTSIDE_NETWORK: CatalogueEntry = CatalogueEntry {
    cause: Cause::PathPrivateOutsideNetwork,
    sentence: "The name resolves to a private address outside the networks given.",
    told_by: "The address against --private-cidr: a record left by an endpoint that is gone, or \
              another network's zone.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Correct the record of {host} in the private DNS zone {zone}: {addresses} is not in \
             {networks}. If the address is right, add its network by --private-cidr.",
    source: "contract, --private-cidr",
};

pub(super) const MIXED: CatalogueEntry = CatalogueEntry {
    cause: Cause::PathMixed,
    sentence: "One name server gives private and public addresses for the same name.",
    told_by: "The classes of all addresses of one answer, AAAA included: a public AAAA beside a \
              private A lets clients that prefer IPv6 bypass the private endpoint.",
    rivals: &[],
    owner: Owner::Dns,
    remedy: "Let {host} have addresses of one class only: remove the stray record from the zone \
             behind {resolvers}.",
    source: "contract, Causes",
};

pub(super) const PUBLIC_EXPECTED: CatalogueEntry = CatalogueEntry {
    cause: Cause::PathPublicExpected,
    sentence: "A name that is public only resolves to a private address.",
    told_by: "The list says that the service has no private endpoint here (relay, download), and \
              the address is private: a private zone or a filter covers a name it should not.",
    rivals: &[Cause::DnsSinkhole],
    owner: Owner::Dns,
    remedy: "Take {host} out of the private zone on {resolvers}: a private zone may hold only \
             privatelink names, never the public domain itself. Interactive authoring and \
             auto-update go public even with private endpoints.",
    source: "Microsoft, data-factory-private-link",
};

pub(super) const NOT_AZURE: CatalogueEntry = CatalogueEntry {
    cause: Cause::PathNotAzure,
    sentence: "The name resolves to a public address outside the cloud's published ranges.",
    told_by: "The address against Azure's service tag file. The file is weekly and a snapshot may \
              be older than the address.",
    rivals: &[Cause::DnsSinkhole],
    owner: Owner::Dns,
    remedy: "Find out who owns {addresses} and why it is the answer of {resolvers} for {host}: a DNS filter, a \
             proxy by DNS, or a range newer than the snapshot of service tags.",
    source: "Microsoft, service-tags-overview",
};
