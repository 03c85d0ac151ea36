//! The report for people: the verdict first, then what to do, then what fails, then the rest.
//!
//! Plain ASCII but for what the network itself said, so that every console shows it. What would
//! be too much here is counted, and stands in the JSON.

mod action;
mod endpoint;
pub(super) mod fit;
mod gateway;
mod headline;
pub(super) mod page;

use crate::model::{Conclusion, Records, Run, Status, Summary};
use page::Page;

use super::assemble::in_order;

/// How the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Its width in columns. At least 40 are used.
    pub width: usize,
    /// Whether it shows colour. Nothing is said by colour alone.
    pub color: bool,
}

/// The order in which endpoints are shown: what needs attention first.
const SECTIONS: [Status; 4] = [Status::Fail, Status::Warn, Status::Unknown, Status::Pass];

/// The report as text for a terminal.
#[must_use]
pub fn table(records: &Records, conclusion: &Conclusion, style: &Style) -> String {
    let judged = in_order(records, conclusion);
    let (gateways, endpoints): (Vec<_>, Vec<_>) =
        judged.into_iter().partition(|(record, _)| gateway::is_gateway(record));
    let deployments = gateway::deployments(&gateways);
    let mut page = Page::new(style);
    headline::write(&mut page, &endpoints, &gateways, conclusion);
    action::write(&mut page, &endpoints, &deployments, conclusion);
    let groups = endpoint::Groups::of(&conclusion.findings, &endpoints);
    for status in SECTIONS {
        page.gap();
        endpoint::write_run_findings(&mut page, status, &conclusion.findings, &groups);
        endpoint::write(&mut page, status, &endpoints, &groups);
        gateway::write(&mut page, status, &deployments);
    }
    page.gap();
    write_footer(&mut page, &records.run, conclusion.summary);
    page.finish()
}

/// How many of each; when, how long and from where.
fn write_footer(page: &mut Page, run: &Run, summary: Summary) {
    let counts = [
        (summary.fail, "fail"),
        (summary.warn, "warn"),
        (summary.unknown, "unknown"),
        (summary.pass, "pass"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    page.plain(&counts.join(", "));
    let vantage = &run.vantage;
    let begun = run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let seconds = run.took.as_secs_f64();
    let from = match &*vantage.addresses {
        [] => vantage.hostname.clone(),
        addresses => format!("{} ({})", vantage.hostname, listed(addresses, 2)),
    };
    let asked = match &*vantage.resolvers {
        [] => String::new(),
        resolvers => format!("; name servers {}", listed(resolvers, 3)),
    };
    page.plain(&format!("Measured {begun} in {seconds:.1} s from {from}{asked}"));
}

/// `a, b and 3 more`.
fn listed<T: ToString>(items: &[T], shown: usize) -> String {
    let names: Vec<String> = items.iter().take(shown).map(T::to_string).collect();
    match items.len() - names.len() {
        0 => names.join(", "),
        rest => format!("{} and {rest} more", names.join(", ")),
    }
}

/// `1 warning`, `2 warnings`.
fn counted(count: usize, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

/// `1 address`, `2 addresses`.
pub(super) fn counted_as(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests;
