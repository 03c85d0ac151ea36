//! Pages of headings, sentences and tables, for what is no report: rules that were verified, a plan
//! of changes. Who made it has the words, and each format only their shape.

mod markdown;

pub use markdown::markdown;

use crate::model::Status;

/// What someone who was not there is given. Everything in it is text: what looks like markup is
/// shown as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handout {
    /// What it comes to.
    pub status: Status,
    /// The same in one sentence.
    pub headline: String,
    /// What is said below the headline, a paragraph each.
    pub lines: Vec<String>,
    /// What stands below, each with a heading.
    pub sections: Vec<HandoutSection>,
    /// What wrote it, as `pathproof rules verify`.
    pub from: String,
}

/// A heading and what stands below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandoutSection {
    /// The words of the heading.
    pub heading: String,
    /// Sentences, a paragraph each.
    pub lines: Vec<String>,
    /// The heads of a table's columns; none where there is no table.
    pub columns: Vec<String>,
    /// The cells of the table, row by row.
    pub rows: Vec<Vec<String>>,
    /// Whether the table is folded at first.
    pub is_folded: bool,
}

impl HandoutSection {
    /// A section of sentences.
    #[must_use]
    pub fn of_lines(heading: &str, lines: impl IntoIterator<Item = String>) -> Self {
        Self { heading: heading.to_owned(), lines: lines.into_iter().collect(), ..Self::default() }
    }

    /// A section of one table.
    #[must_use]
    pub fn of_table(heading: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            heading: heading.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows,
            ..Self::default()
        }
    }

    /// Whether there is nothing below the heading.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.rows.is_empty()
    }
}
