//! A page of headings, sentences and tables, for what is no report: rules that were verified, a plan.

use std::io::{self, Write};

use askama::Template;

use super::page::HtmlPage;
use super::{Guarded, StatusBadge};
use crate::model::Status;

/// A page to be written. Everything in it is text: what looks like markup is shown as it is.
#[derive(Clone, Debug)]
pub struct PlainPage {
    /// What it comes to.
    pub status: Status,
    /// The same in one sentence.
    pub headline: String,
    /// What is said below the headline, a paragraph each.
    pub lines: Vec<String>,
    /// Everything else.
    pub sections: Vec<PlainSection>,
    /// What wrote it, as `pathproof rules verify`.
    pub from: String,
}

/// A heading and what stands below it.
#[derive(Clone, Debug, Default)]
pub struct PlainSection {
    /// The words of the heading.
    pub heading: String,
    /// Sentences, a paragraph each.
    pub lines: Vec<String>,
    /// The heads of a table's columns; none where there is no table.
    pub columns: Vec<String>,
    /// The cells of the table, row by row.
    pub rows: Vec<Vec<String>>,
    /// Whether it is folded at first.
    pub is_folded: bool,
}

#[derive(Template)]
#[template(path = "plain.html")]
struct PlainBody<'a> {
    badge: StatusBadge,
    page: &'a PlainPage,
}

/// Writes the page.
///
/// # Errors
/// What `out` returns.
pub fn plain(page: &PlainPage, out: &mut impl Write) -> io::Result<()> {
    let badge = StatusBadge::of(page.status);
    let title = format!("{}: {}", badge.word, page.headline);
    let mut guarded = Guarded::new(out);
    let body = PlainBody { badge, page };
    HtmlPage::new(title, page.from.clone(), body).write_into(&mut guarded)?;
    guarded.finish().map(drop)
}
