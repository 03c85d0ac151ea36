//! The error of reading rules.

/// The reason why a file holds no rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {location}: found {found}; expected {expected}")]
pub struct ReadError {
    pub file: String,
    /// A JSON path, or a line in words.
    pub location: String,
    pub found: String,
    pub expected: &'static str,
}
