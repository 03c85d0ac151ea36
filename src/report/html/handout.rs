//! A handout as a page.

use std::io::{self, Write};

use askama::Template;

use super::page::HtmlPage;
use super::{Guarded, StatusBadge};
use crate::report::handout::Handout;

#[derive(Template)]
#[template(path = "handout.html")]
struct HandoutBody<'a> {
    badge: StatusBadge,
    page: &'a Handout,
}

/// Writes the page.
///
/// # Errors
/// What `out` returns.
pub fn handout(page: &Handout, out: &mut impl Write) -> io::Result<()> {
    let badge = StatusBadge::of(page.status);
    let title = format!("{}: {}", badge.word, page.headline);
    let mut guarded = Guarded::new(out);
    let body = HandoutBody { badge, page };
    HtmlPage::new(title, page.from.clone(), body).write(&mut guarded)?;
    guarded.finish().map(drop)
}
