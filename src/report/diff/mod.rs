//! Before and after: what two reports say differently.
//!
//! What is called a regression or a recovery follows the statuses, endpoint by endpoint:
//!
//! | before | now pass | now warn | now fail | now unknown |
//! |---|---|---|---|---|
//! | pass | | regression | regression | unknown now |
//! | warn | recovery | other cause | regression | unknown now |
//! | fail | recovery | recovery | other cause | unknown now |
//! | unknown | recovery | other cause | regression | other cause |
//!
//! *Other cause* is said only where the causes differ. Findings of the run are compared cause by
//! cause. A gateway that Azure has not assigned counts as absent.

mod latency;
pub(super) mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use crate::model::{Owner, Severity, Status};
use crate::report_v1::{
    Change, ChangedEndpoint, ChangedFinding, Endpoint, Finding, Report, Source, Standing, What,
};
pub use table::table;

/// What changed from one report to another.
#[derive(Clone, Debug, Serialize)]
pub struct Diff<'a> {
    /// The earlier report.
    pub before: Source<'a>,
    /// The later one.
    pub after: Source<'a>,
    /// What differs: of the run, then of the endpoints in the order of the later report, then of
    /// those that are gone.
    pub changes: Vec<Change<'a>>,
}

impl<'a> Diff<'a> {
    /// What `after` says otherwise than `before`.
    #[must_use]
    pub fn between(before: &'a Report<'a>, after: &'a Report<'a>) -> Self {
        let mut changes = run_changes(&before.findings, &after.findings);
        let key = |endpoint: &'a Endpoint<'a>| (&*endpoint.host, endpoint.port);
        let there = |endpoint: &&Endpoint<'a>| !endpoint.is_unassigned();
        let mut earlier: BTreeMap<_, _> =
            before.endpoints.iter().filter(there).map(|one| (key(one), one)).collect();
        for endpoint in after.endpoints.iter().filter(there) {
            let found = match earlier.remove(&key(endpoint)) {
                Some(old) => compare(old, endpoint),
                None => vec![What::NewEndpoint { after: Standing::of(endpoint) }],
            };
            let of = || Some(ChangedEndpoint::of(endpoint));
            changes.extend(found.into_iter().map(|what| Change { endpoint: of(), what }));
        }
        let gone = before.endpoints.iter().filter(|one| earlier.contains_key(&key(one)));
        changes.extend(gone.map(|endpoint| Change {
            endpoint: Some(ChangedEndpoint::of(endpoint)),
            what: What::GoneEndpoint { before: Standing::of(endpoint) },
        }));
        Self { before: Source::of(before), after: Source::of(after), changes }
    }

    /// Leaves only what `owners` can fix now, or have fixed. No owner is everyone.
    #[must_use]
    pub fn only_owners(mut self, owners: &[Owner]) -> Self {
        if !owners.is_empty() {
            let is_theirs = |what: &What| owners.iter().any(|one| what.concerns(one.as_str()));
            self.changes.retain(|change| is_theirs(&change.what));
        }
        self
    }

    /// Whether something is worse than before, or is new and fails.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        is_worse(&self.changes)
    }

    /// Whether something required is not known any more, or was not looked at again.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        is_unknown_now(&self.changes)
    }

    /// Writes one object, a change a line: `{"schema": "pathproof.diff/1", "before", "after",
    /// "changes": [{"endpoint", "kind", …}]}`.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"{\"schema\":\"pathproof.diff/1\"")?;
        for (name, source) in [("before", &self.before), ("after", &self.after)] {
            write!(out, ",\n\"{name}\":")?;
            serde_json::to_writer(&mut *out, source)?;
        }
        out.write_all(b",\n\"changes\":[")?;
        for (at, change) in self.changes.iter().enumerate() {
            out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, change)?;
        }
        out.write_all(b"]}\n")?;
        out.flush()
    }
}

/// Whether something is worse than before, or is new and fails.
pub(super) fn is_worse(changes: &[Change]) -> bool {
    changes.iter().any(|change| match &change.what {
        What::Regression { .. } => true,
        What::NewEndpoint { after } => after.status == Status::Fail,
        _ => false,
    })
}

/// Whether something required is not known any more, or was not looked at again.
pub(super) fn is_unknown_now(changes: &[Change]) -> bool {
    changes.iter().any(|change| {
        let is_required = change.endpoint.as_ref().is_none_or(|endpoint| endpoint.required);
        let is_unseen = match &change.what {
            What::UnknownNow { .. } | What::GoneEndpoint { .. } => true,
            What::NewEndpoint { after } => after.status == Status::Unknown,
            _ => false,
        };
        is_required && is_unseen
    })
}

/// What the runs as a whole say otherwise: a finding that came is worse, one that went is better.
fn run_changes<'a>(before: &'a [Finding<'a>], after: &'a [Finding<'a>]) -> Vec<Change<'a>> {
    let standing = |findings: &'a [Finding<'a>], cause: &str| {
        Standing::of_findings(findings.iter().filter(|finding| finding.cause == cause))
    };
    let mut seen = BTreeSet::new();
    let causes = after.iter().chain(before).map(|finding| &*finding.cause);
    causes
        .filter(|cause| seen.insert(*cause))
        .filter_map(|cause| judge(standing(before, cause), standing(after, cause)))
        .map(|what| Change { endpoint: None, what })
        .collect()
}

fn compare<'a>(before: &'a Endpoint<'a>, after: &'a Endpoint<'a>) -> Vec<What<'a>> {
    let mut found = Vec::new();
    found.extend(judge(Standing::of(before), Standing::of(after)));
    if before.route.configured == after.route.configured {
        found.extend(latency::changes(before, after).into_iter().map(What::Latency));
    } else {
        // Another way is another distance too: the times cannot be compared.
        found.push(What::Route {
            before: (&*before.route.configured).into(),
            after: (&*after.route.configured).into(),
            why: (&*after.route.why).into(),
        });
    }
    if let (Some(old), Some(new)) = (before.addresses(), after.addresses())
        && old != new
    {
        let (gone, new) = (&old - &new, &new - &old);
        found.push(What::Addresses {
            new: new.into_iter().collect(),
            gone: gone.into_iter().collect(),
        });
    }
    let (old, new) = (before.issuers(), after.issuers());
    // Where no certificate was seen nothing is known of its issuer.
    if !old.is_empty() && !new.is_empty() && old != new {
        let text = |issuers: BTreeSet<&'a str>| issuers.into_iter().map(Into::into).collect();
        let (before, after) = (text(old), text(new));
        found.push(What::Issuers { before, after });
    }
    found
}

/// What the change from one standing to another is called (the table above).
fn judge<'a>(before: Standing<'a>, after: Standing<'a>) -> Option<What<'a>> {
    use Status::{Fail, Pass, Unknown, Warn};
    match (before.status, after.status) {
        (Warn | Fail | Unknown, Pass) | (Fail, Warn) => Some(What::Recovery { before, after }),
        (Pass | Warn | Unknown, Fail) | (Pass, Warn) => Some(What::Regression { before, after }),
        (Pass | Warn | Fail, Unknown) => Some(What::UnknownNow { before, after }),
        (Pass, Pass) | (Fail, Fail) | (Warn | Unknown, Warn) | (Unknown, Unknown) => {
            (before.causes() != after.causes()).then_some(What::OtherCause { before, after })
        }
    }
}

impl<'a> Source<'a> {
    fn of(report: &'a Report<'a>) -> Self {
        Self {
            hostname: (&*report.run.vantage.hostname).into(),
            started_at: report.run.started_at,
            network_allows: (&*report.prediction.network_allows).into(),
        }
    }
}

impl<'a> ChangedEndpoint<'a> {
    fn of(endpoint: &'a Endpoint<'a>) -> Self {
        Self {
            entry: (&*endpoint.entry).into(),
            host: (&*endpoint.host).into(),
            // `Report::read` takes no report without ports.
            port: endpoint.port.unwrap_or_default(),
            required: endpoint.is_required(),
        }
    }
}

impl<'a> Standing<'a> {
    fn of(endpoint: &'a Endpoint<'a>) -> Self {
        let findings = endpoint.findings.iter().map(ChangedFinding::of).collect();
        Self { status: endpoint.status, findings }
    }

    /// The worst of them; none is a pass.
    fn of_findings(findings: impl Iterator<Item = &'a Finding<'a>>) -> Self {
        let findings: Vec<_> = findings.map(ChangedFinding::of).collect();
        let any = |severity| findings.iter().any(|finding| finding.severity == severity);
        let status = if any(Severity::Fail) {
            Status::Fail
        } else if any(Severity::Warn) {
            Status::Warn
        } else if any(Severity::Unknown) {
            Status::Unknown
        } else {
            Status::Pass
        };
        Self { status, findings }
    }

    fn causes(&self) -> BTreeSet<&str> {
        self.findings.iter().map(|finding| &*finding.cause).collect()
    }

    fn is_of(&self, owner: &str) -> bool {
        self.findings.iter().any(|finding| finding.owner == owner)
    }
}

impl<'a> ChangedFinding<'a> {
    fn of(finding: &'a Finding<'a>) -> Self {
        Self {
            cause: (&*finding.cause).into(),
            severity: finding.severity,
            message: (&*finding.message).into(),
            owner: (&*finding.owner).into(),
            remedy: (&*finding.remedy).into(),
        }
    }
}

impl What<'_> {
    pub(super) fn concerns(&self, owner: &str) -> bool {
        match self {
            Self::Regression { after, .. }
            | Self::UnknownNow { after, .. }
            | Self::NewEndpoint { after } => after.is_of(owner),
            Self::Recovery { before, after } | Self::OtherCause { before, after } => {
                before.is_of(owner) || after.is_of(owner)
            }
            Self::GoneEndpoint { before } => before.is_of(owner),
            Self::Addresses { .. }
            | Self::Issuers { .. }
            | Self::Route { .. }
            | Self::Latency(_)
            | Self::Other(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
