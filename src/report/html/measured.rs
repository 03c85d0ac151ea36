//! Who measured, from where, when, with what; and what changed since an earlier report.

use std::borrow::Cow;

use super::super::diff::table;
use super::super::wording::{listed, runtime, utc};
use super::super::{command, step_words};
use crate::report_v1::Report;

/// A term and what it is.
pub(super) type MeasuredFact<'a> = (&'static str, Cow<'a, str>);

/// How the report came about.
pub(super) struct MeasuredFacts<'a> {
    pub(super) facts: Vec<MeasuredFact<'a>>,
    pub(super) command: String,
}

/// Changes of one kind.
pub(super) struct ChangeSection {
    pub(super) title: &'static str,
    pub(super) lines: Vec<String>,
}

pub(super) fn of<'a>(report: &'a Report<'a>) -> MeasuredFacts<'a> {
    let run = &report.run;
    let vantage = &run.vantage;
    let mut facts: Vec<MeasuredFact> = Vec::new();
    if let Some(at) = run.started_at {
        facts.push(("Begun", utc(at).into()));
    }
    if let Some(took) = run.took_ms {
        facts.push(("Took", step_words::time(took).into()));
    }
    let resolvers: Vec<String> = vantage.resolvers.iter().map(ToString::to_string).collect();
    let proxy = match &vantage.proxy.url {
        Some(url) => format!("{url} ({})", vantage.proxy.source),
        None => vantage.proxy.source.clone().into_owned(),
    };
    facts.extend([
        ("Host", (&*vantage.hostname).into()),
        ("Addresses", listed(&vantage.addresses, usize::MAX).into()),
        ("Operating system", (&*vantage.os).into()),
        ("Account", (&*vantage.account).into()),
        ("Runtime", run.runtime.as_ref().map(runtime).unwrap_or_default().into()),
        ("Name servers", listed(&resolvers, usize::MAX).into()),
        ("Proxy", proxy.into()),
        ("Program", format!("{} {}", report.tool.name, report.tool.version).into()),
    ]);
    if let Some(exit) = run.exit {
        let meaning = match exit {
            0 => "everything required is as expected",
            1 => "an expectation is violated",
            2 => "the program could not do its work",
            3 => "something required is unknown",
            4 => "a guard refused a write",
            _ => "",
        };
        let fail_on = run.fail_on.as_deref().map(|it| format!(", --fail-on {it}"));
        let fail_on = fail_on.unwrap_or_default();
        facts.push(("Exit code", format!("{exit}: {meaning}{fail_on}").into()));
    }
    facts.retain(|(_, value)| !value.is_empty());
    let command = match &*run.options {
        [] => String::new(),
        options => format!("pathproof {}", command::as_given(options)),
    };
    MeasuredFacts { facts, command }
}

/// What changed since the baseline, what is worse first.
pub(super) fn changes(report: &Report) -> Vec<ChangeSection> {
    let all = report.changes.iter().flatten();
    let sections = table::SECTIONS.iter().map(|(title, is_of_section)| ChangeSection {
        title,
        lines: all.clone().filter(|it| is_of_section(&it.what)).filter_map(table::line).collect(),
    });
    sections.filter(|section| !section.lines.is_empty()).collect()
}

/// When the baseline was measured, and where.
pub(super) fn baseline(report: &Report) -> String {
    report.baseline.as_ref().map(table::origin).unwrap_or_default()
}
