//! What the failures of many hosts share and the successes do not: one statement for each thing
//! that explains them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cover::{CaseSet, CoverProblem};
use super::facts::{FailureKind, HostCase, WayPart};
use super::host_test::{self, Compared, HostTest, Question};
use super::placeholders::Placeholders;
use super::suspects::{PartKind, SharedPart, Suspects};
use super::{MergedHost, answers};
use crate::model::{Owner, Severity};
use crate::report_v1::SeverityWord;

/// Fewer failing hosts say nothing about what they share.
const LEAST: usize = 3;

/// What is known of why hosts fail alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Explained {
    /// `parts` explain the failures; anything else would be by chance.
    Explained,
    /// `parts` fit best, if there are any, and chance might do the same.
    TooFewHosts,
    /// No host is healthy: `parts` is what all of them share, and nothing tells which it is.
    NoHealthyHost,
    /// No part explains the failures.
    NothingShared,
}

/// What failed on several hosts, and what these have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailureStatement {
    /// What is known of it.
    pub outcome: Explained,
    /// What failed, on most hosts first. The counts of the parts are those of the first.
    pub failed: Vec<FailedAlike>,
    /// The smallest set of parts that explains the failures.
    pub parts: Vec<SuspectedPart>,
    /// The failing hosts that have none of the parts.
    pub unexplained: usize,
    /// A command on a failing and on a healthy host that tells whether it is so.
    pub tests: Vec<HostTest>,
}

/// Endpoints of one role that failed by one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailedAlike {
    /// The role, or the entry where a report says no role; `null` for the run as a whole.
    pub endpoint: Option<String>,
    /// The stable code.
    pub cause: String,
    /// How bad it is where it is worst.
    #[serde(with = "SeverityWord")]
    pub severity: Severity,
    /// Who can fix it by the cause alone.
    pub owner: String,
    /// On how many hosts, as a failure or as a warning.
    pub failing: usize,
    /// On how many of these it is nothing but a warning.
    pub warning: usize,
    /// How many hosts have such endpoints that work.
    pub healthy: usize,
    /// How many of these are the same hosts: some such endpoints of theirs fail, and others work.
    /// Where there are any, endpoints are compared and not hosts.
    pub both: usize,
}

/// A part of the way that explains failures, or what does as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SuspectedPart {
    /// Who can fix the likeliest.
    pub owner: String,
    /// The likeliest first; where there are more, these hosts do not tell them apart, and each has
    /// its own owner.
    pub alternatives: Vec<CountedPart>,
}

/// A part and who has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CountedPart {
    /// What it is.
    #[serde(flatten)]
    pub part: SharedPart,
    /// Who can fix it, if it is this one.
    pub owner: String,
    /// How many failing hosts have it.
    pub failing: usize,
    /// How many healthy ones do.
    pub healthy: usize,
    /// Of how many failing hosts that is not known.
    pub not_known: usize,
    /// It is the first alternative, or occurs with the very same hosts.
    pub together: bool,
}

/// The cases of one kind of failure: at most two a host.
struct Cases<'a> {
    kind: FailureKind,
    severity: Severity,
    owner: &'a str,
    /// The host of each, by its place.
    hosts: Vec<usize>,
    all: Vec<HostCase<'a>>,
    failing: CaseSet,
    healthy: CaseSet,
    /// How many hosts warn of it at worst.
    n_warning: usize,
    /// The hosts that have a case on either side, by their places.
    split: BTreeSet<usize>,
}

/// What the failures of `hosts` share, the surest and most frequent first.
pub(super) fn statements(hosts: &[MergedHost]) -> Vec<FailureStatement> {
    if hosts.len() < 2 {
        return Vec::new();
    }
    let mut kinds: BTreeMap<FailureKind, (Severity, &str)> = BTreeMap::new();
    for host in hosts {
        for (kind, severity, owner) in host.facts.failures() {
            // The worst, and of owners the first by name: the order of the files is chance.
            let known = kinds.entry(kind).or_insert((severity, owner));
            *known = (known.0.min(severity), known.1.min(owner));
        }
    }
    let names = names(hosts);
    let mut all: Vec<FailureStatement> = kinds
        .into_iter()
        .map(|(kind, (severity, owner))| Cases::of(kind, severity, owner, hosts).statement(&names))
        .collect();
    all.sort_by_key(FailureStatement::rank);
    let mut joined: Vec<FailureStatement> = Vec::new();
    for statement in all {
        if let Some(statement) = joined.iter_mut().try_fold(statement, FailureStatement::join) {
            joined.push(statement);
        }
    }
    joined
}

impl<'a> Cases<'a> {
    fn of(kind: FailureKind, severity: Severity, owner: &'a str, hosts: &'a [MergedHost]) -> Self {
        let (failing, healthy) = (CaseSet::default(), CaseSet::default());
        let (all, split) = (Vec::new(), BTreeSet::new());
        let is_warning = |host: &&MergedHost| host.facts.severity(&kind) == Some(Severity::Warn);
        let n_warning = hosts.iter().filter(is_warning).count();
        let mut cases = Self {
            kind,
            severity,
            owner,
            hosts: Vec::new(),
            all,
            failing,
            healthy,
            n_warning,
            split,
        };
        for (at, host) in hosts.iter().enumerate() {
            let failing = host.facts.failing(&cases.kind).map(|case| (case, true));
            let healthy = host.facts.healthy(&cases.kind).map(|case| (case, false));
            if failing.is_some() && healthy.is_some() {
                cases.split.insert(at);
            }
            for (case, is_failing) in failing.into_iter().chain(healthy) {
                let set = if is_failing { &mut cases.failing } else { &mut cases.healthy };
                set.insert(cases.all.len());
                cases.hosts.push(at);
                cases.all.push(case);
            }
        }
        cases
    }

    fn statement(self, names: &[Option<String>]) -> FailureStatement {
        let mut by_part: BTreeMap<&WayPart, CaseSet> = BTreeMap::new();
        for (at, case) in self.all.iter().enumerate() {
            for part in &case.parts {
                by_part.entry(part).or_default().insert(at);
            }
        }
        let (n_failing, n_healthy) = (self.failing.len(), self.healthy.len());
        let failed = FailedAlike {
            endpoint: (!self.kind.role.is_empty()).then(|| self.kind.role.clone()),
            cause: self.kind.cause.clone(),
            severity: self.severity,
            owner: self.owner.to_owned(),
            failing: n_failing,
            healthy: n_healthy,
            warning: self.n_warning,
            both: self.split.len(),
        };
        let mut statement = FailureStatement {
            outcome: Explained::NothingShared,
            failed: vec![failed],
            parts: Vec::new(),
            unexplained: n_failing,
            tests: Vec::new(),
        };
        if n_healthy == 0 {
            statement.outcome = Explained::NoHealthyHost;
            let shared = Suspects::of_all(&by_part, n_failing, &self.kind.cause);
            statement.parts = self.of_all(shared);
            return statement;
        }
        answers::drop_blameless(&mut by_part, &self.failing, &self.healthy, &self.kind.cause);
        let suspects = Suspects::of(&by_part, self.all.len(), &self.kind.cause);
        let problem = CoverProblem {
            failing: &self.failing,
            healthy: &self.healthy,
            suspects: &suspects.cases,
        };
        let Some(cover) = problem.solve() else {
            if n_failing < LEAST {
                statement.outcome = Explained::TooFewHosts;
            }
            return statement;
        };
        statement.outcome =
            if cover.is_sure { Explained::Explained } else { Explained::TooFewHosts };
        statement.unexplained = cover.n_unexplained;
        statement.parts = cover.parts.iter().map(|part| self.suspected(part, &suspects)).collect();
        statement.tests = self.tests(&statement, &suspects.cases[cover.parts[0][0]], names);
        statement
    }

    /// The parts of `alternatives`, without networks around one that is named already.
    fn suspected(&self, alternatives: &[usize], suspects: &Suspects) -> SuspectedPart {
        let mut named: Vec<CountedPart> = Vec::new();
        for (at, place) in alternatives.iter().enumerate() {
            let cases = &suspects.cases[*place];
            let mut parts: Vec<&SharedPart> = suspects.parts[*place].iter().collect();
            parts.sort_by_key(|part| {
                let is_strangers = self.owner_of(part) != self.owner;
                (!part.kind.is_meant_by(&self.kind.cause), is_strangers, part.kind)
            });
            for part in parts {
                if at > 0 && named.iter().any(|known| known.part.overlaps(part)) {
                    continue;
                }
                named.push(CountedPart {
                    part: part.clone(),
                    owner: self.owner_of(part).to_owned(),
                    failing: cases.shared(&self.failing),
                    healthy: cases.shared(&self.healthy),
                    not_known: suspects.n_not_known(part.kind, &self.failing),
                    together: at == 0,
                });
            }
        }
        SuspectedPart::of(named)
    }

    fn of_all(&self, shared: Vec<SharedPart>) -> Vec<SuspectedPart> {
        // Nothing says which of them it is, so the cause alone says whose it is.
        let counted = |part| CountedPart {
            part,
            owner: self.owner.to_owned(),
            failing: self.failing.len(),
            healthy: 0,
            not_known: 0,
            together: true,
        };
        let alternatives: Vec<CountedPart> = shared.into_iter().map(counted).collect();
        if alternatives.is_empty() { Vec::new() } else { vec![SuspectedPart::of(alternatives)] }
    }

    /// Who can fix `part`: of what lies between host and endpoint, and of these two, whom the cause
    /// names.
    fn owner_of(&self, part: &SharedPart) -> &str {
        let cause = &*self.kind.cause;
        let is_silent = ["_timeout", "_unreachable"].iter().any(|end| cause.ends_with(end));
        let owner = match part.kind {
            PartKind::Resolver => Owner::Dns,
            PartKind::Proxy if part.value != host_test::DIRECT => Owner::Proxy,
            PartKind::RouteRule | PartKind::RuntimeVersion => Owner::Host,
            // Whose way to a server is cut says so, and not the server's owner.
            PartKind::Source if is_silent => Owner::Firewall,
            _ => return self.owner,
        };
        owner.as_str()
    }

    /// Commands by which the likeliest part, or that of several which occur together, shows itself.
    fn tests(
        &self,
        statement: &FailureStatement,
        covered: &CaseSet,
        names: &[Option<String>],
    ) -> Vec<HostTest> {
        let Some(part) = statement.parts.first() else { return Vec::new() };
        let together = part.alternatives.iter().filter(|one| one.together).map(|one| &one.part);
        let together: Vec<&SharedPart> = together.collect();
        let compared = |at: usize| {
            let host = names[self.hosts[at]].as_deref()?;
            let by_endpoint = self.split.contains(&self.hosts[at]);
            Some(Compared { host, case: &self.all[at], by_endpoint })
        };
        let cases = |belongs: &dyn Fn(usize) -> bool| -> Vec<Compared> {
            let own = (0..self.all.len()).filter(|at| belongs(*at));
            let mut cases: Vec<Compared> = own.filter_map(compared).collect();
            cases.sort_by_key(|case| (case.by_endpoint, case.host));
            cases
        };
        let question = Question {
            cause: &self.kind.cause,
            severity: self.severity,
            failing: cases(&|at| self.failing.contains(at) && covered.contains(at)),
            healthy: cases(&|at| self.healthy.contains(at) && !covered.contains(at)),
        };
        question.tests(&together)
    }
}

impl FailureStatement {
    /// The surest first, then those of most hosts.
    fn rank(&self) -> (Explained, bool, std::cmp::Reverse<usize>) {
        let n_failing = self.failed.first().map_or(0, |failed| failed.failing);
        (self.outcome, self.parts.is_empty(), std::cmp::Reverse(n_failing))
    }

    /// Takes in `other` where the same explains both; what does not explain both is out. Gives it
    /// back otherwise.
    fn join(other: Self, into: &mut Self) -> Option<Self> {
        if into.outcome != Explained::Explained
            || other.outcome != Explained::Explained
            || into.parts.len() != other.parts.len()
        {
            return Some(other);
        }
        let mut rest: Vec<&SuspectedPart> = other.parts.iter().collect();
        let mut shared = Vec::new();
        for part in &into.parts {
            let found = rest.iter().position(|one| !part.in_both(one).is_empty());
            let Some(found) = found else { return Some(other) };
            shared.push(part.in_both(rest.remove(found)));
        }
        for (part, alternatives) in into.parts.iter_mut().zip(shared) {
            *part = SuspectedPart::of(alternatives);
        }
        let is_left = |test: &HostTest| {
            let left = into.parts.iter().flat_map(|part| &part.alternatives);
            left.into_iter().any(|one| one.part == test.part)
        };
        into.tests.retain(is_left);
        into.failed.extend(other.failed);
        None
    }

    /// Whether some hosts fail, and others only warn of the same.
    pub(super) fn is_mixed(&self) -> bool {
        self.failed.first().is_some_and(FailedAlike::is_mixed)
    }

    /// Whether there is something to tell people. What all hosts warn of stands below as that.
    #[must_use]
    pub fn is_worth_telling(&self) -> bool {
        self.failed.first().is_some_and(|failed| {
            failed.failing >= LEAST && (failed.healthy > 0 || failed.severity == Severity::Fail)
        })
    }
}

impl FailedAlike {
    /// Whether some hosts fail, and others only warn of it.
    pub(super) const fn is_mixed(&self) -> bool {
        0 < self.warning && self.warning < self.failing
    }
}

impl SuspectedPart {
    /// Of at least one.
    fn of(alternatives: Vec<CountedPart>) -> Self {
        let owner = alternatives.first().map(|first| first.owner.clone()).unwrap_or_default();
        Self { owner, alternatives }
    }

    /// The alternatives that `other` has too, with the counts here.
    fn in_both(&self, other: &Self) -> Vec<CountedPart> {
        let theirs: BTreeSet<&SharedPart> =
            other.alternatives.iter().map(|counted| &counted.part).collect();
        let own = self.alternatives.iter().filter(|counted| theirs.contains(&counted.part));
        own.cloned().collect()
    }
}

/// What hosts are called, with the file where the name says too little; `None` where a redaction
/// hides the host from who reads this, and what a command would ask for there.
fn names(hosts: &[MergedHost]) -> Vec<Option<String>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for host in hosts {
        *counts.entry(&host.hostname).or_default() += 1;
    }
    let name = |host: &MergedHost| host.called(counts[&*host.hostname] == 1);
    let is_real = |host: &&MergedHost| host.placeholders == Placeholders::None;
    hosts.iter().map(|host| Some(host).filter(is_real).map(name)).collect()
}
