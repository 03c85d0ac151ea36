//! Causes that concern the run or its host, and endpoints that could not be asked.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

pub(super) const HOST_CLOCK_SKEW: CatalogueEntry = CatalogueEntry {
    cause: Cause::HostClockSkew,
    sentence: "This host's clock is off by more than 5 minutes.",
    told_by: "The Date of verified answers beside this host's clock.",
    rivals: &[],
    owner: Owner::Host,
    remedy: "Synchronise this host's clock: tokens and certificates fail by it.",
    source: "RFC 9110 section 6.6.1",
};

pub(super) const RUNTIME_CONTRADICTION: CatalogueEntry = CatalogueEntry {
    cause: Cause::RuntimeContradiction,
    sentence: "What Azure reports of a node contradicts what was measured here.",
    told_by: "The node's state in Azure Resource Manager beside this run: the service's account or \
              proxy differs from those of this run, or the node was asked at another time.",
    rivals: &[Cause::RouteConfigMismatch],
    owner: Owner::DataPlatform,
    remedy: "Compare the account and proxy of the runtime's service with those of this run.",
    source: "Microsoft, monitor-integration-runtime",
};

pub(super) const RUNTIME_SERVICE_STOPPED: CatalogueEntry = CatalogueEntry {
    cause: Cause::RuntimeServiceStopped,
    sentence: "The runtime's service on this host does not run: no network can bring it online.",
    told_by: "The state of the service DIAHostService, with its start type and account.",
    rivals: &[],
    owner: Owner::Host,
    remedy: "Start the service DIAHostService (Start-Service DIAHostService), set it to start \
             automatically, and read the newest events of \"Connectors - Integration Runtime\" if \
             it stops again.",
    source: "Microsoft, self-hosted-integration-runtime-troubleshoot-guide",
};

pub(super) const RUNTIME_VERSION_EXPIRED: CatalogueEntry = CatalogueEntry {
    cause: Cause::RuntimeVersionExpired,
    sentence: "The runtime's version has expired: it goes offline whatever the network allows.",
    told_by: "versionStatus or a past expiryTime of a node in the runtime's status.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Install the current version of the runtime on its nodes, restart the service \
             DIAHostService and check the version in the portal under Nodes.",
    source: "Microsoft, self-hosted-integration-runtime-auto-update",
};

pub(super) const RUNTIME_VERSION_EXPIRING: CatalogueEntry = CatalogueEntry {
    cause: Cause::RuntimeVersionExpiring,
    sentence: "The runtime's version expires within 90 days.",
    told_by: "expiryTime of a node in the runtime's status, beside the time of this run.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Update the runtime's nodes before that day, one after the other, and check the \
             version in the portal under Nodes.",
    source: "Microsoft, self-hosted-integration-runtime-auto-update",
};

pub(super) const RUNTIME_VERSIONS_DIFFER: CatalogueEntry = CatalogueEntry {
    cause: Cause::RuntimeVersionsDiffer,
    sentence: "The runtime's nodes run different versions.",
    told_by: "The versions of the nodes in the runtime's status.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Bring all nodes to the same version, one node after the other, and check the version \
             in the portal under Nodes: nodes far apart drop in and out.",
    source: "Microsoft, create-self-hosted-integration-runtime, high availability",
};

pub(super) const RUNTIME_CREDENTIALS_UNSYNCED: CatalogueEntry = CatalogueEntry {
    cause: Cause::RuntimeCredentialsUnsynced,
    sentence: "A node does not hold the credentials that the other nodes hold.",
    told_by: "credentialInSync of a node in the runtime's status.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Open TCP 8060 between the nodes and enable remote access from the intranet on each \
             (Configuration Manager, Settings); or keep the credentials in Key Vault, where no \
             node can miss a change.",
    source: "Microsoft, monitor-integration-runtime",
};

pub(super) const NOT_TESTABLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::NotTestable,
    sentence: "A wildcard or template cannot be tested until its names are known.",
    told_by: "The list's entry, and nothing among the options that makes it concrete.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Give the concrete names: --service-urls, --auth-key, --factory and --region, or --set.",
    source: "contract, Lists",
};

pub(super) const NOT_RUN: CatalogueEntry = CatalogueEntry {
    cause: Cause::NotRun,
    sentence: "It was not reached before the run ended.",
    told_by: "The run was interrupted, or ended before this was asked.",
    rivals: &[],
    owner: Owner::Nobody,
    remedy: "Run the check again and let it end.",
    source: "contract, Exit codes",
};

pub(super) const VANTAGE_BROKEN: CatalogueEntry = CatalogueEntry {
    cause: Cause::VantageBroken,
    sentence: "This host itself could not ask.",
    told_by: "No address, no default route (the control address fails for the same reason), or a \
              limit of this host: descriptors, ports, the source address.",
    rivals: &[],
    owner: Owner::Host,
    remedy: "Fix what the evidence names on this host, then run the check again.",
    source: "contract, Causes",
};

pub(super) const BUDGET_SPENT: CatalogueEntry = CatalogueEntry {
    cause: Cause::BudgetSpent,
    sentence: "The time for the whole run was spent before this was finished.",
    told_by: "--deadline passed.",
    rivals: &[],
    owner: Owner::Nobody,
    remedy: "Give a longer --deadline, or fewer endpoints by --only.",
    source: "contract, --deadline",
};
