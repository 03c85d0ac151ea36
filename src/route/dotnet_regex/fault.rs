//! The reasons why a pattern is not matched.

/// Why a pattern is not matched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// .NET refuses it too.
    #[error("no valid expression: {0}")]
    Invalid(String),
    /// .NET knows it, this program does not: what it matches is not known.
    #[error("cannot be evaluated here: {0}")]
    Unsupported(String),
}

pub(super) fn invalid(reason: impl Into<String>) -> PatternFault {
    PatternFault::Invalid(reason.into())
}

pub(super) fn unsupported(reason: impl Into<String>) -> PatternFault {
    PatternFault::Unsupported(reason.into())
}
