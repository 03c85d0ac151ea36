//! A page of text that grows line by line, within its width.

use std::fmt::Write as _;

use super::Style;
use super::fit::{columns, visible, wrap};
use crate::model::Status;

/// The column at which everything but a status word begins.
pub(in crate::report) const MARGIN: usize = 8;

/// Narrower terminals get lines of this width all the same: a name must have some room.
pub(in crate::report) const NARROWEST: usize = 40;

/// What is being written.
pub(in crate::report) struct Page {
    width: usize,
    is_colored: bool,
    text: String,
}

impl Page {
    pub(in crate::report) fn new(style: &Style) -> Self {
        Self { width: style.width.max(NARROWEST), is_colored: style.color, text: String::new() }
    }

    /// The page as text.
    pub(in crate::report) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.text
    }

    /// How many columns stand right of the margin.
    pub(in crate::report) const fn room(&self) -> usize {
        self.width - MARGIN
    }

    /// An empty line, unless the page begins here or one is there already.
    pub(in crate::report) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    pub(in crate::report) fn heading(&mut self, text: &str) {
        self.gap();
        for line in wrap(&visible(text), self.width) {
            self.painted("1", &line);
            self.text.push('\n');
        }
    }

    /// A status word, and what has that status.
    pub(in crate::report) fn status(&mut self, status: Status, text: &str) {
        let (word, color) = match status {
            Status::Pass => ("PASS", "32"),
            Status::Warn => ("WARN", "33"),
            Status::Fail => ("FAIL", "1;31"),
            Status::Unknown => ("UNKNOWN", "35"),
        };
        self.painted(color, word);
        self.hang("", MARGIN - word.len(), MARGIN, text);
    }

    /// A word that is no status, and what it is said of.
    pub(in crate::report) fn marked(&mut self, word: &str, color: &str, text: &str) {
        const COLUMN: usize = 10;
        self.painted(color, word);
        self.hang("", COLUMN - columns(word).min(COLUMN), COLUMN, text);
    }

    /// More about the status above.
    pub(in crate::report) fn under(&mut self, text: &str) {
        self.hang("", MARGIN, MARGIN, text);
    }

    /// A part of what stands above, its own blanks kept.
    pub(in crate::report) fn deeper(&mut self, text: &str) {
        let own = text.len() - text.trim_start().len();
        let first = MARGIN + 2 + own;
        self.hang("", first, first + 2, text);
    }

    /// One of several things, with what belongs to it below.
    pub(in crate::report) fn bullet(&mut self, text: &str) {
        self.hang("  - ", 0, 4, text);
    }

    /// More about the bullet above.
    pub(in crate::report) fn under_bullet(&mut self, text: &str) {
        self.hang("", 4, 4, text);
    }

    /// A line of a table below the bullet above: its blanks are kept.
    pub(in crate::report) fn row(&mut self, text: &str) {
        self.hang("", 6, 8, text);
    }

    /// A command to be copied below the bullet above: in one line, however long.
    pub(in crate::report) fn command(&mut self, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "      {}", visible(text));
    }

    /// What belongs to the heading above.
    pub(in crate::report) fn indented(&mut self, text: &str) {
        self.hang("", 4, 6, text);
    }

    /// Text at the left edge.
    pub(in crate::report) fn plain(&mut self, text: &str) {
        self.hang("", 0, 0, text);
    }

    /// Goes on where the line stands with `mark` and `first` blanks, and keeps `rest` columns free
    /// in the lines that follow. Nothing to say makes no line.
    fn hang(&mut self, mark: &str, first: usize, rest: usize, text: &str) {
        let text = visible(text);
        let text = text.trim();
        if text.is_empty() {
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push('\n');
            }
            return;
        }
        self.text.push_str(mark);
        for (at, line) in wrap(text, self.width - rest.max(first)).iter().enumerate() {
            let indent = if at == 0 { first } else { rest };
            // Writing to a String cannot fail.
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    /// Colours are two escape sequences, written here by hand: anstyle would save no line, and
    /// writes bold and red as two sequences where readers of today's output find one.
    fn painted(&mut self, color: &str, text: &str) {
        let _ = if self.is_colored {
            write!(self.text, "\u{1b}[{color}m{text}\u{1b}[0m")
        } else {
            write!(self.text, "{text}")
        };
    }
}

/// `text` with blanks behind it up to `width` columns.
pub(in crate::report) fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{:blanks$}", "")
}
