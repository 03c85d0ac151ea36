//! What is wrong with a list, and where.

use std::fmt;

use super::suggest::did_you_mean;

/// Everything that is wrong with one list, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListErrors {
    /// The first [`ListErrors::SHOWN`] of them.
    pub errors: Vec<ListError>,
    /// How many more there are.
    pub n_more: usize,
}

impl ListErrors {
    /// How many errors are kept: whoever has more has given another file than a list.
    pub const SHOWN: usize = 50;
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListError {
    /// The file's name as given.
    pub file: String,
    /// Where in it.
    pub place: TextPosition,
    /// What.
    pub problem: ListProblem,
}

/// A place in a text, both from 1. Columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPosition {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// What is wrong at a place: what was found beside what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListProblem {
    /// More than `MAX_LIST_BYTES`.
    TooLarge,
    /// Not TOML.
    Syntax(String),
    /// A key that this table does not have.
    UnknownKey {
        /// The key.
        key: String,
        /// The table's keys.
        allowed: &'static [&'static str],
        /// The key that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A key that this table must have.
    MissingKey {
        /// The key.
        key: &'static str,
        /// The table, in words.
        table: &'static str,
    },
    /// A value of another type.
    Type {
        /// The key.
        key: String,
        /// The type found.
        found: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A value that this key cannot have.
    Value {
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// What was expected.
        expected: String,
        /// The value that was probably meant.
        suggestion: Option<String>,
    },
    /// Something that may stand only once.
    Duplicate {
        /// What, in words.
        what: String,
        /// The line where it stood first.
        first_line: usize,
    },
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
        write!(f, "{}:{}:{}: {}", self.file, self.place.line, self.place.column, self.problem)
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
    /// The place of byte `offset` of `text`.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // Every character has one byte that continues none before it.
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
    fn places_count_lines_and_characters() {
        let text = "é = 1\r\nbü = 2";
        for (offset, line, column) in [(0, 1, 1), (2, 1, 2), (8, 2, 1), (11, 2, 3), (999, 2, 7)] {
            assert_eq!(TextPosition::of(text, offset), TextPosition { line, column }, "{offset}");
        }
    }
}
