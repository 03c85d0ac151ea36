//! What is wrong with the run or its host, and what could not be asked.

use super::Entry;
use crate::model::{Cause, Owner};

pub(super) const HOST_CLOCK_SKEW: Entry = Entry {
    cause: Cause::HostClockSkew,
    sentence: "This host's clock is off by more than 5 minutes.",
    told_by: "The Date of verified answers beside this host's clock.",
    rivals: &[],
    owner: Owner::Host,
    remedy: "Synchronise this host's clock: tokens and certificates fail by it.",
    source: "RFC 9110 section 6.6.1",
};

pub(super) const RUNTIME_CONTRADICTION: Entry = Entry {
    cause: Cause::RuntimeContradiction,
    sentence: "What Azure reports of a node contradicts what was measured here.",
    told_by: "The node's state in Azure Resource Manager beside this run: the service's account or \
              proxy differs from those of this run, or the node was asked at another time.",
    rivals: &[Cause::RouteConfigMismatch],
    owner: Owner::DataPlatform,
    remedy: "Compare the account and proxy of the runtime's service with those of this run.",
    source: "Microsoft, monitor-integration-runtime",
};

pub(super) const NOT_TESTABLE: Entry = Entry {
    cause: Cause::NotTestable,
    sentence: "A wildcard or template cannot be tested until its names are known.",
    told_by: "The list's entry, and nothing among the options that makes it concrete.",
    rivals: &[],
    owner: Owner::DataPlatform,
    remedy: "Give the concrete names: --service-urls, --auth-key, --factory and --region, or --set.",
    source: "contract, Lists",
};

pub(super) const NOT_RUN: Entry = Entry {
    cause: Cause::NotRun,
    sentence: "It was not reached before the run ended.",
    told_by: "The run was interrupted, or ended before this was asked.",
    rivals: &[],
    owner: Owner::Nobody,
    remedy: "Run the check again and let it end.",
    source: "contract, Exit codes",
};

pub(super) const VANTAGE_BROKEN: Entry = Entry {
    cause: Cause::VantageBroken,
    sentence: "This host itself could not ask.",
    told_by: "No address, no default route (the control address fails for the same reason), or a \
              limit of this host: descriptors, ports, the source address.",
    rivals: &[],
    owner: Owner::Host,
    remedy: "Mend what the evidence names on this host, then run the check again.",
    source: "contract, Causes",
};

pub(super) const BUDGET_SPENT: Entry = Entry {
    cause: Cause::BudgetSpent,
    sentence: "The time for the whole run was spent before this was finished.",
    told_by: "--deadline passed.",
    rivals: &[],
    owner: Owner::Nobody,
    remedy: "Give a longer --deadline, or fewer endpoints by --only.",
    source: "contract, --deadline",
};
