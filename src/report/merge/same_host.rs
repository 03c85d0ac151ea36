//! Several reports of one host: the newest counts, since a host is one host however often it was
//! measured and however often its report was copied.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::placeholders::Placeholders;
use super::{HOSTS_SHOWN, MergedHost};
use crate::report::wording::{counted, listed};
use crate::report_v1::Report;

/// Names that a host has until somebody gives it one.
const NO_NAMES: [&str; 3] = ["", "localhost", "localhost.localdomain"];

/// A report that does not count, because another of its host does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PassedOver {
    /// The host's own name.
    pub hostname: String,
    /// The file that was read.
    pub file: String,
    /// When it was measured.
    pub started_at: Option<Timestamp>,
    /// What is wrong with it.
    pub why: WhyPassedOver,
}

/// Why a report does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhyPassedOver {
    /// A newer report of the same host counts.
    Older,
    /// It is of the same run as one that counts: a copy.
    SameRun,
}

/// What tells hosts apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HostIdentity {
    /// The name that it has on its own network, in lower case.
    Name(String),
    /// Where no name says which host it is: what the report holds, time included.
    Content(u64),
    /// A report that does not even say when it was measured.
    File(String),
}

impl HostIdentity {
    pub(super) fn of(file: &str, report: &Report, placeholders: Placeholders) -> Self {
        let name = report.run.vantage.hostname.to_lowercase();
        // `host-1` is the first host of every report that was redacted by itself.
        if placeholders != Placeholders::Own && !NO_NAMES.contains(&&*name) {
            return Self::Name(name);
        }
        let mut content = Hashing(DefaultHasher::new());
        match report.run.started_at.map(|_| serde_json::to_writer(&mut content, report)) {
            Some(Ok(())) => Self::Content(content.0.finish()),
            _ => Self::File(file.to_owned()),
        }
    }
}

/// What is written is not kept.
struct Hashing(DefaultHasher);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The newest report of each host, and the others.
pub(super) fn newest(reports: Vec<MergedHost>) -> (Vec<MergedHost>, Vec<PassedOver>) {
    let mut by_host: BTreeMap<HostIdentity, Vec<MergedHost>> = BTreeMap::new();
    for report in reports {
        by_host.entry(report.identity.clone()).or_default().push(report);
    }
    let (mut newest, mut others) = (Vec::new(), Vec::new());
    for mut reports in by_host.into_values().flat_map(hosts_of_name) {
        // Of one run the report with most in it; the order of the files is chance.
        reports.sort_by(|a, b| {
            let rank = |one: &MergedHost| (one.started_at, one.seen.len());
            rank(a).cmp(&rank(b)).then_with(|| b.file.cmp(&a.file))
        });
        let Some(counts) = reports.pop() else { continue };
        others.extend(reports.into_iter().map(|one| PassedOver::for_newer(one, &counts)));
        newest.push(counts);
    }
    (newest, others)
}

/// The reports of each host among those that bear one name. A host may have got another address
/// since; but one that measured at two addresses at once is two, whose name says nothing.
fn hosts_of_name(reports: Vec<MergedHost>) -> Vec<Vec<MergedHost>> {
    if !measured_at_two_addresses_at_once(&reports) {
        return vec![reports];
    }
    let mut by_address: BTreeMap<Option<IpAddr>, Vec<MergedHost>> = BTreeMap::new();
    for report in reports {
        by_address.entry(report.address).or_default().push(report);
    }
    by_address.into_values().collect()
}

/// Whether a run began at another address before one was over, or in its very moment.
fn measured_at_two_addresses_at_once(reports: &[MergedHost]) -> bool {
    let spans = reports.iter().filter_map(|report| {
        let begun = report.started_at?;
        Some((begun, report.ended_at.unwrap_or(begun), report.address?))
    });
    let mut spans: Vec<(Timestamp, Timestamp, IpAddr)> = spans.collect();
    spans.sort_unstable();
    // As long as nothing overlaps, runs at other addresses were over before the last one began.
    let mut last: Option<(Timestamp, Timestamp, IpAddr)> = None;
    for (begun, ended, address) in spans {
        let is_other = |(since, until, at)| at != address && (begun < until || begun == since);
        if last.is_some_and(is_other) {
            return true;
        }
        last = match last {
            Some((_, until, at)) if at == address => Some((begun, until.max(ended), at)),
            _ => Some((begun, ended, address)),
        };
    }
    false
}

impl PassedOver {
    fn for_newer(report: MergedHost, newer: &MergedHost) -> Self {
        let is_dated = report.started_at.is_some();
        let is_same = report.file == newer.file
            || report.started_at == newer.started_at && (is_dated || report.seen == newer.seen);
        Self {
            hostname: report.hostname,
            file: report.file,
            started_at: report.started_at,
            why: if is_same { WhyPassedOver::SameRun } else { WhyPassedOver::Older },
        }
    }
}

/// `6 older reports of 2 hosts were left out: ...`, and the same of copies.
pub(super) fn sentences(passed_over: &[PassedOver]) -> Vec<String> {
    let of = |why, noun: &str, reason: &str| {
        let own: Vec<&PassedOver> = passed_over.iter().filter(|one| one.why == why).collect();
        let mut hosts: Vec<String> = own.iter().map(|one| one.hostname.to_lowercase()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let files: Vec<&str> = own.iter().map(|one| &*one.file).collect();
        (!own.is_empty()).then(|| {
            format!(
                "{} of {} {} left out{reason}: {}.",
                counted(own.len(), noun),
                counted(hosts.len(), "host"),
                if own.len() == 1 { "was" } else { "were" },
                listed(&files, HOSTS_SHOWN)
            )
        })
    };
    let older = of(WhyPassedOver::Older, "older report", "");
    let copies = of(WhyPassedOver::SameRun, "report", ", since another file holds the same run");
    older.into_iter().chain(copies).collect()
}
