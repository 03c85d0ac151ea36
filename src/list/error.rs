//! The errors of a list, with their positions.

use std::fmt;

use super::suggest::did_you_mean;

/// The errors of one list, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListErrors {
    pub errors: Vec<ListError>,
    /// The number of errors beyond [`ListErrors::SHOWN`].
    pub n_more: usize,
}

impl ListErrors {
    /// The most errors that are kept: a file with more is probably no list.
    pub const SHOWN: usize = 50;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListError {
    pub file: String,
    pub position: TextPosition,
    pub problem: ListProblem,
}

/// A position in a text, both numbers from 1. Columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPosition {
    pub line: usize,
    pub column: usize,
}

/// An error: what was found and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListProblem {
    /// The list is longer than `MAX_LIST_BYTES`.
    TooLarge,
    Syntax(String),
    UnknownKey {
        key: String,
        allowed: &'static [&'static str],
        suggestion: Option<&'static str>,
    },
    MissingKey {
        key: &'static str,
        /// The table in words, such as `the entry`.
        table: &'static str,
    },
    Type {
        key: String,
        found: &'static str,
        expected: &'static str,
    },
    Value {
        key: String,
        found: String,
        expected: String,
        suggestion: Option<String>,
    },
    Duplicate {
        /// The thing in words, such as `the id 'relay'`.
        what: String,
        first_line: usize,
    },
}

impl ListProblem {
    /// The word that reports use, and what it means in one sentence.
    #[must_use]
    pub const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::TooLarge => ("too-large", "The list is longer than what is read of one."),
            Self::Syntax(_) => ("syntax", "The file is not TOML."),
            Self::UnknownKey { .. } => ("unknown-key", "A key is none that lists have."),
            Self::MissingKey { .. } => ("missing-key", "A key that lists must have is not there."),
            Self::Type { .. } => ("type", "A value is of another type than its key takes."),
            Self::Value { .. } => ("value", "A value is none that its key takes."),
            Self::Duplicate { .. } => {
                ("duplicate", "Something that must be unique is there twice.")
            }
        }
    }
}

impl fmt::Display for ListProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => {
                write!(
                    f,
                    "larger than {} KiB, the most that is read of a list: give several (--list)",
                    super::limits::MAX_LIST_BYTES >> 10
                )
            }
            Self::Syntax(message) => write!(f, "not TOML: {message}"),
            Self::UnknownKey { key, allowed, suggestion } => write!(
                f,
                "unknown key '{key}'{}; expected one of {}",
                did_you_mean(*suggestion),
                allowed.join(", ")
            ),
            Self::MissingKey { key, table } => write!(f, "{table} has no '{key}'"),
            Self::Type { key, found, expected } => {
                write!(f, "'{key}' is of type {found}; expected {expected}")
            }
            Self::Value { key, found, expected, suggestion } => write!(
                f,
                "'{key}' is {found}{}; expected {expected}",
                did_you_mean(suggestion.as_deref())
            ),
            Self::Duplicate { what, first_line } => {
                write!(f, "{what} stands already on line {first_line}")
            }
        }
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.position.line, self.position.column, self.problem)
    }
}

impl fmt::Display for ListErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        match self.n_more {
            0 => Ok(()),
            n_more => write!(f, "\nand {n_more} more"),
        }
    }
}

impl std::error::Error for ListErrors {}

impl TextPosition {
    /// The position of byte `offset` of `text`.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // In UTF-8 each character has just one byte that does not continue another.
        let is_start = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        Self {
            line: before.split(|byte| *byte == b'\n').count(),
            column: 1 + before[line_start..].iter().filter(is_start).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let text = "é = 1\r\nbü = 2";
        for (offset, line, column) in [(0, 1, 1), (2, 1, 2), (8, 2, 1), (11, 2, 3), (999, 2, 7)] {
            assert_eq!(TextPosition::of(text, offset), TextPosition { line, column }, "{offset}");
        }
    }
}
