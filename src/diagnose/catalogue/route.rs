//! `route_*`: the configured route, compared with the routes that work.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

pub(super) const PRIVATE_VIA_PROXY: CatalogueEntry = CatalogueEntry {
    cause: Cause::RoutePrivateViaProxy,
    sentence: "A private name would be sent to the proxy.",
    told_by: "The configuration alone: the name is private (by --private, or by its privatelink \
              chain and private address) and no bypass rule covers it. Nothing is sent to the \
              proxy to find out.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Let {host} bypass the proxy: <add address=\"{pattern}\" /> in the <bypasslist> of \
             both diahost.exe.config and diawp.exe.config (on the runtime's host, \
             pathproof agent lint --suggest prints the whole section), or in NO_PROXY or the PAC script where these decide; then restart the runtime's \
             service.",
    source: "Microsoft, create-self-hosted-integration-runtime (proxy with a private endpoint)",
};

/// The further remedy for a firewall, where the name is not meant to go by the proxy.
pub(super) const OPEN_DIRECT: &str = "If {host} is meant to go direct, allow TCP {port} out from \
                                      {from} to {destinations}{tags}.";

/// The further remedy for whoever runs the proxy, where the name is meant to go by it.
pub(super) const LET_PROXY_CARRY: &str = "If {host} is meant to go by the proxy {proxy}, let the \
                                          proxy carry it on TCP {port}.";

pub(super) const PROXY_REQUIRED: CatalogueEntry = CatalogueEntry {
    cause: Cause::RouteProxyRequired,
    sentence: "The runtime goes direct where only the proxy leads out.",
    told_by: "Direct fails, and the second way measured with --alternate-proxy, through a proxy, \
              works. Without that option it stays a rival of the direct way's own cause.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Configure {proxy} in the runtime (Configuration Manager, or both of its \
             configuration files) and restart its service.",
    source: "Microsoft, create-self-hosted-integration-runtime (proxy server considerations)",
};

pub(super) const DIRECT_REQUIRED: CatalogueEntry = CatalogueEntry {
    cause: Cause::RouteDirectRequired,
    sentence: "The runtime uses a proxy where only the direct route works.",
    told_by: "The proxy fails, and direct works: measured with --alternate-proxy none, or as a \
              way that the script names behind the proxy.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Add {host} to the proxy bypass list of both configuration files (or to NO_PROXY or \
             the PAC script where these decide).",
    source: "Microsoft, create-self-hosted-integration-runtime (proxy server considerations)",
};

pub(super) const CONFIG_INVALID: CatalogueEntry = CatalogueEntry {
    cause: Cause::RouteConfigInvalid,
    sentence: "The runtime cannot use its own proxy configuration.",
    told_by: "The configuration file as .NET Framework reads it: it throws where an element, a \
              URL or a regular expression of the bypass list is not valid.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Fix the file (on the runtime's host, pathproof agent lint --suggest prints what to \
             paste), and restart the runtime's service.",
    source: "Microsoft, <defaultProxy> element (network settings); \
             create-self-hosted-integration-runtime",
};

pub(super) const CONFIG_MISMATCH: CatalogueEntry = CatalogueEntry {
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
