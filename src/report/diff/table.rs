//! A comparison for people: what is worse first.

use super::Diff;
use crate::model::Status;
use crate::report::Style;
use crate::report::terminal::page::Page;
use crate::report::wording::{counted_as, utc};
use crate::report_v1::{Change, ChangedEndpoint, Source, Standing, What};

/// How many changes of one kind are written out; the JSON has all.
const SHOWN: usize = 40;
/// How many addresses or issuers stand in one line.
const LISTED: usize = 6;

/// The comparison as text for a terminal.
#[must_use]
pub fn table(diff: &Diff, style: &Style) -> String {
    let mut page = Page::new(style);
    headline(&mut page, diff);
    for (title, is_of_section) in SECTIONS {
        let changes: Vec<_> =
            diff.changes.iter().filter(|change| is_of_section(&change.what)).collect();
        if changes.is_empty() {
            continue;
        }
        page.heading(title);
        for change in changes.iter().take(SHOWN) {
            write(&mut page, change);
        }
        if changes.len() > SHOWN {
            let n_hidden = changes.len() - SHOWN;
            page.plain(&format!("... and {n_hidden} more (see --format json)"));
        }
    }
    page.finish()
}

/// A title, and what stands below it.
pub(in crate::report) type Section = (&'static str, fn(&What) -> bool);

/// What is worse first.
pub(in crate::report) const SECTIONS: [Section; 10] = [
    ("Regressions", |what| matches!(what, What::Regression { .. })),
    ("Unknown now", |what| matches!(what, What::UnknownNow { .. })),
    ("Recoveries", |what| matches!(what, What::Recovery { .. })),
    ("Other causes", |what| matches!(what, What::OtherCause { .. })),
    ("New endpoints", |what| matches!(what, What::NewEndpoint { .. })),
    ("Endpoints that are gone", |what| matches!(what, What::GoneEndpoint { .. })),
    ("Routes", |what| matches!(what, What::Route { .. })),
    ("Addresses", |what| matches!(what, What::Addresses { .. })),
    ("Certificate issuers", |what| matches!(what, What::Issuers { .. })),
    ("Latency", |what| matches!(what, What::Latency(_))),
];

fn headline(page: &mut Page, diff: &Diff) {
    let count = |is_counted: fn(&What) -> bool| {
        diff.changes.iter().filter(|change| is_counted(&change.what)).count()
    };
    let worse = count(|what| matches!(what, What::Regression { .. }));
    let better = count(|what| matches!(what, What::Recovery { .. }));
    let others = diff.changes.len() - worse - better;
    let status = if diff.is_violated() {
        Status::Fail
    } else if diff.is_unknown() {
        Status::Unknown
    } else {
        Status::Pass
    };
    page.status(
        status,
        &format!(
            "{}, {}, {} since {}",
            counted_as(worse, "regression", "regressions"),
            counted_as(better, "recovery", "recoveries"),
            counted_as(others, "other change", "other changes"),
            origin(&diff.before),
        ),
    );
    page.under(&format!("Now: {}", origin(&diff.after)));
    if diff.before.hostname != diff.after.hostname {
        page.under("These are reports of two hosts: what differs may differ between them");
    }
    let (before, after) = (&diff.before.network_allows, &diff.after.network_allows);
    if before != after {
        page.under(&format!("What the network allows the runtime: {before} -> {after}"));
    }
}

/// When and where a report was measured.
pub(in crate::report) fn origin(source: &Source) -> String {
    match source.started_at {
        Some(at) => format!("{} ({})", utc(at), source.hostname),
        None => source.hostname.clone().into_owned(),
    }
}

/// What changed where; nothing for a kind of change that is not known here.
pub(in crate::report) fn line(change: &Change) -> Option<String> {
    let endpoint = change.endpoint.as_ref().map_or_else(|| "all endpoints".to_owned(), shown);
    let line = match &change.what {
        What::Regression { before, after }
        | What::Recovery { before, after }
        | What::UnknownNow { before, after }
        | What::OtherCause { before, after } => format!("{} -> {}", words(before), words(after)),
        What::NewEndpoint { after } => words(after),
        What::GoneEndpoint { before } => format!("was {}", words(before)),
        What::Route { before, after, why } if why.is_empty() => format!("{before} -> {after}"),
        What::Route { before, after, why } => format!("{before} -> {after} ({why})"),
        What::Addresses { new, gone } => {
            let parts = [("new", new), ("gone", gone)];
            let parts = parts.iter().filter(|(_, addresses)| !addresses.is_empty());
            let parts: Vec<_> =
                parts.map(|(word, addresses)| format!("{word} {}", listed(addresses))).collect();
            parts.join("; ")
        }
        What::Issuers { before, after } => format!("{} -> {}", listed(before), listed(after)),
        What::Latency(change) => {
            format!("{} {:.0} ms -> {:.0} ms", change.step, change.before_ms, change.after_ms)
        }
        // A comparison that is made here knows all its kinds.
        What::Other(_) => return None,
    };
    Some(format!("{endpoint}: {line}"))
}

fn write(page: &mut Page, change: &Change) {
    let Some(line) = line(change) else { return };
    page.bullet(&line);
    // What to do stands beside what is wrong now.
    if let What::Regression { after, .. }
    | What::UnknownNow { after, .. }
    | What::OtherCause { after, .. }
    | What::NewEndpoint { after } = &change.what
        && let Some(finding) = after.findings.first()
    {
        page.under_bullet(&finding.message);
        if !finding.remedy.is_empty() {
            page.under_bullet(&format!("{}: {}", finding.owner, finding.remedy));
        }
    }
}

fn shown(endpoint: &ChangedEndpoint) -> String {
    let ChangedEndpoint { entry, host, port, .. } = endpoint;
    match host.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("{entry} [{address}]:{port}"),
        Err(_) => format!("{entry} {host}:{port}"),
    }
}

/// `fail tcp_timeout, tls_reset`.
fn words(standing: &Standing) -> String {
    let mut causes: Vec<&str> = Vec::new();
    for finding in &standing.findings {
        if !causes.contains(&&*finding.cause) {
            causes.push(&finding.cause);
        }
    }
    format!("{} {}", standing.status.as_str(), causes.join(", ")).trim_end().to_owned()
}

fn listed<T: ToString>(items: &[T]) -> String {
    let mut texts: Vec<String> = items.iter().take(LISTED).map(T::to_string).collect();
    if items.len() > LISTED {
        texts.push(format!("{} more", items.len() - LISTED));
    }
    texts.join(", ")
}
