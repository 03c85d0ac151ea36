//! The reasons why a pattern is not matched.

/// Why a pattern is not matched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// .NET refuses the pattern too.
    #[error("no valid expression: {0}")]
    Invalid(String),
    /// Only .NET can evaluate the pattern, so that it is not known what it matches.
    #[error("cannot be evaluated here: {0}")]
    Unsupported(String),
}

pub(super) fn invalid(reason: impl Into<String>) -> PatternFault {
    PatternFault::Invalid(reason.into())
}

pub(super) fn unsupported(reason: impl Into<String>) -> PatternFault {
    PatternFault::Unsupported(reason.into())
}
