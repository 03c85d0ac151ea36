//! The report for people: the verdict first, then what to do, then what fails, then the rest.
//!
//! Plain ASCII but for what the network itself said, so that every console shows it. What would
//! be too much here is counted, and stands in the JSON.

mod action;
mod beside_rules;
mod endpoint;
pub(super) mod fit;
mod gateway;
mod headline;
pub(super) mod page;
mod passing;
mod verbose;

use crate::model::{Conclusion, Ending, Records, Route, Run, Status};
use page::Page;

use super::assemble::{Judged, in_order};
use super::only_owners::{Narrowed, left_out_of};
use super::wording::{counted_as, counts_line, listed, runtime, utc};
use super::{agent_status, command, route};
use crate::report_v1::OnlyOwners;

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
    written(&TableSource::of_all(records, conclusion), style, false)
}

/// The same, and after it every step of every endpoint.
#[must_use]
pub fn verbose(records: &Records, conclusion: &Conclusion, style: &Style) -> String {
    written(&TableSource::of_all(records, conclusion), style, true)
}

/// The table, or with every step, of what one team can fix.
#[must_use]
pub fn table_of_owners(narrowed: &Narrowed, style: &Style, has_every_step: bool) -> String {
    let Narrowed { records, conclusion, only, all } = narrowed;
    written(&TableSource { records, conclusion, only: *only, all: *all }, style, has_every_step)
}

/// What a table is made from.
struct TableSource<'a> {
    records: &'a Records,
    conclusion: &'a Conclusion,
    /// Whose table it is, where it is not everyone's.
    only: Option<&'a OnlyOwners<'a>>,
    /// What the file of the run holds, and what was concluded of it.
    all: (&'a Records, &'a Conclusion),
}

impl<'a> TableSource<'a> {
    const fn of_all(records: &'a Records, conclusion: &'a Conclusion) -> Self {
        Self { records, conclusion, only: None, all: (records, conclusion) }
    }
}

fn written(source: &TableSource, style: &Style, has_every_step: bool) -> String {
    let TableSource { records, conclusion, only, all } = *source;
    let judged = in_order(records, conclusion);
    let (gateways, endpoints): (Vec<_>, Vec<_>) =
        judged.iter().copied().partition(|(record, _)| gateway::is_gateway(record));
    let deployments = gateway::deployments(&gateways);
    let has_proxies = route::has_proxies(records);
    let mut page = Page::new(style);
    headline::write(&mut page, &endpoints, &gateways, conclusion, only);
    action::write(&mut page, all, &conclusion.actions);
    headline::write_next(&mut page, conclusion);
    let groups = endpoint::Groups::of(&conclusion.findings, &endpoints);
    for status in SECTIONS {
        page.gap();
        endpoint::write_run_findings(&mut page, status, &groups);
        endpoint::write(&mut page, status, &endpoints, has_proxies, &groups);
        gateway::write(&mut page, status, &deployments);
    }
    beside_rules::write(&mut page, &judged);
    if has_every_step {
        verbose::write(&mut page, &judged);
    }
    if let Some(runtime) = &records.run.runtime {
        agent_status::write_errors(&mut page, &runtime.errors);
    }
    page.gap();
    endpoint::write_notes(&mut page, &conclusion.findings);
    write_gateways_hidden(&mut page, &endpoints);
    page.plain(&counts_line(conclusion.summary.into()));
    write_left_out(&mut page, conclusion.ending);
    if let Some(only) = only {
        page.plain(&left_out_of(only));
    }
    write_discovered(&mut page, &endpoints);
    write_runtime(&mut page, &records.run);
    if has_proxies || has_source(records) {
        write_routes(&mut page, records);
    }
    write_footer(&mut page, &records.run);
    page.finish()
}

/// Relays whose gateways nobody here can find.
fn write_gateways_hidden(page: &mut Page, endpoints: &[Judged]) {
    let hidden: Vec<String> = endpoints
        .iter()
        .filter(|(record, _)| route::hides_gateways(record))
        .map(|(record, _)| record.endpoint.subject.to_string())
        .collect();
    if !hidden.is_empty() {
        page.plain(&format!(
            "Gateways of {} were not looked for: {}",
            listed(&hidden, 2),
            route::GATEWAYS_HIDDEN
        ));
    }
}

/// The names that were not given, and where on this host they were seen.
fn write_discovered(page: &mut Page, endpoints: &[Judged]) {
    let found: Vec<String> = endpoints
        .iter()
        .filter_map(|(record, _)| {
            let seen = agent_status::seen(record.endpoint.discovered.as_ref()?);
            Some(format!("{} ({seen})", record.endpoint.subject))
        })
        .collect();
    if !found.is_empty() {
        page.plain(&format!("Names found: {}", listed(&found, 6)));
    }
}

/// Which runtime this host has, and whether its service runs.
fn write_runtime(page: &mut Page, run: &Run) {
    let words = run.runtime.as_ref().map(|own| runtime(&own.into())).unwrap_or_default();
    if !words.is_empty() {
        page.plain(&format!("Runtime: {words}"));
    }
}

/// How many names go which way, and where that is configured.
fn write_routes(page: &mut Page, records: &Records) {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for record in records.records.iter().filter(|record| record.endpoint.subject.host().is_some()) {
        let way = match &record.route.configured {
            Ok(Route::Direct) => "direct".to_owned(),
            Ok(Route::Proxy(proxy)) => format!("by {}", proxy.url),
            Err(_) => "unknown".to_owned(),
        };
        match counts.iter_mut().find(|(known, _)| *known == way) {
            Some((_, count)) => *count += 1,
            None => counts.push((way, 1)),
        }
    }
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    let ways = match &*counts {
        [] => return,
        [(way, _)] => way.clone(),
        _ => {
            let counts: Vec<String> =
                counts.into_iter().map(|(way, count)| format!("{count} {way}")).collect();
            listed(&counts, 4)
        }
    };
    page.plain(&format!("Route: {ways}{}", source(records)));
}

/// Where the configuration was taken from; the proxy where no name goes by it.
fn source(records: &Records) -> String {
    let vantage = &records.run.vantage;
    if !has_source(records) {
        return String::new();
    }
    let is_used = |url: &str| {
        let mut proxies = records.records.iter().filter_map(|record| record.route.proxy());
        proxies.any(|proxy| &*proxy.url == url)
    };
    let unused = vantage.proxy_url.as_deref().filter(|url| !is_used(url));
    let unused = unused.map(|url| format!(": {url}")).unwrap_or_default();
    let source = &*vantage.proxy_source;
    let source = source.strip_prefix("auto: ").unwrap_or(source);
    match source.strip_prefix("os: ").unwrap_or(source) {
        none if none.starts_with("no proxy is set") => format!(" ({none}{unused})"),
        source => format!(" (taken from {source}{unused})"),
    }
}

fn has_source(records: &Records) -> bool {
    !matches!(&*records.run.vantage.proxy_source, "" | "none")
}

/// What `--fail-on` hides from those who only look at the exit code.
fn write_left_out(page: &mut Page, ending: Ending) {
    if ending.left_out > 0 {
        page.plain(&format!(
            "Exit code {}: --fail-on {} leaves {} out of it",
            ending.exit.code(),
            ending.fail_on.as_str(),
            counted_as(
                ending.left_out,
                "required endpoint that is unknown",
                "required endpoints that are unknown"
            )
        ));
    }
}

/// When, how long and from where.
fn write_footer(page: &mut Page, run: &Run) {
    let vantage = &run.vantage;
    let begun = utc(run.started_at);
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
    let command = match &*run.options {
        [] => String::new(),
        options => format!(": pathproof {}", command::as_given(options)),
    };
    page.plain(&format!("{}{command}", tool(run)));
}

/// Which version measured, and which one judged what it saved.
fn tool(run: &Run) -> String {
    const OWN: &str = env!("CARGO_PKG_VERSION");
    if run.version == OWN {
        format!("By pathproof {OWN}")
    } else {
        format!("By pathproof {}, judged anew by {OWN}", run.version)
    }
}

#[cfg(test)]
mod tests;
