//! A report as one HTML page: for someone who was not there, and gets only this file. It is whole
//! in itself, readable without script and network, and nothing in it can ask anyone for anything.
//!
//! What strangers chose is inert twice: templates escape what they are given (askama), and what a
//! reader would not see, or would obey, is written out by [`Guarded`].

mod beside_rules;
mod change_request;
mod drawing;
mod evidence;
mod first_screen;
mod groups;
mod handout;
mod matrix;
mod measured;
mod page;
mod picture_of_host;
mod picture_of_way;
mod tasks;
mod timeline;
mod ways;

use std::io::{self, Write};

use askama::Template;

use super::Guarded;
use super::verdict_line;
use crate::model::Status;
use crate::report_v1::Report;
pub use handout::handout;
pub use matrix::merged;
use page::HtmlPage;
pub use timeline::{Timeline, WatchedEndpoint, WatchedState, watched};

/// Writes the report as a page.
///
/// # Errors
/// What `out` returns.
pub fn report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let verdict = verdict_line::of_report(report);
    let body = ReportBody {
        first: first_screen::of(report, &verdict),
        teams: tasks::of(report),
        share_of: verdict_line::share_of(report).unwrap_or_default(),
        not_looked_at: &report.prediction.not_looked_at,
        is_online: report.prediction.network_allows == "online",
        host: picture_of_host::picture(report),
        ways: picture_of_way::pictures(report),
        request: change_request::of(report),
        rules: beside_rules::of(report),
        changes: measured::changes(report),
        baseline: measured::baseline(report),
        evidence: evidence::of(report),
        measured: measured::of(report),
    };
    let host = &report.run.vantage.hostname;
    let title = format!("{}: {}", body.first.badge.word, verdict.words);
    let mut guarded = Guarded::new(out);
    let page = HtmlPage::new(title, format!("pathproof on {host}"), body);
    page.write(&mut guarded)?;
    guarded.finish().map(drop)
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportBody<'a> {
    first: first_screen::FirstScreen<'a>,
    teams: Vec<tasks::TeamTasks<'a>>,
    /// Whose page it is, where others have something to do that is left out.
    share_of: String,
    not_looked_at: &'a [String],
    is_online: bool,
    host: picture_of_host::HostPicture,
    ways: Vec<picture_of_way::WayPicture>,
    request: change_request::RequestTable,
    rules: beside_rules::RuleComparison,
    changes: Vec<measured::ChangeSection>,
    baseline: String,
    evidence: evidence::EvidenceList<'a>,
    measured: measured::MeasuredFacts<'a>,
}

/// A status, never by colour alone: class, symbol and word.
#[derive(Clone, Copy, Debug)]
struct StatusBadge {
    class: &'static str,
    symbol: &'static str,
    word: &'static str,
}

impl StatusBadge {
    const fn of(status: Status) -> Self {
        let (class, symbol, word) = match status {
            Status::Pass => ("pass", "\u{2713}", "PASS"),
            Status::Warn => ("warn", "!", "WARN"),
            Status::Fail => ("fail", "\u{2715}", "FAIL"),
            Status::Unknown => ("unknown", "?", "UNKNOWN"),
        };
        Self { class, symbol, word }
    }

    /// Of a word of the contract.
    fn of_word(word: &str) -> Self {
        let all = [Status::Pass, Status::Warn, Status::Fail];
        let status = all.into_iter().find(|status| status.as_str() == word);
        Self::of(status.unwrap_or(Status::Unknown))
    }
}
