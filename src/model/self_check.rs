//! What the program tried of itself on this host.

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfCheck {
    /// A stable name: `event_log`.
    pub name: &'static str,
    /// What came of it.
    pub outcome: CheckOutcome,
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It works: what was seen.
    Works(String),
    /// It does not: why.
    Fails(String),
    /// This system has no such thing: what it lacks.
    NotHere(String),
}

impl CheckOutcome {
    /// The outcome in a word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Works(_) => "ok",
            Self::Fails(_) => "failed",
            Self::NotHere(_) => "not_here",
        }
    }

    /// What was seen, or why there was nothing to see.
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Works(text) | Self::Fails(text) | Self::NotHere(text)) = self;
        text
    }

    /// Whether what should work does not.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Fails(_))
    }
}

impl SelfCheck {
    /// What came of trying something that may fail.
    #[must_use]
    pub fn of(name: &'static str, tried: Result<String, String>) -> Self {
        let outcome = match tried {
            Ok(seen) => CheckOutcome::Works(seen),
            Err(reason) => CheckOutcome::Fails(reason),
        };
        Self { name, outcome }
    }

    /// Something that this system does not have.
    #[must_use]
    pub fn not_here(name: &'static str, lacks: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::NotHere(lacks.into()) }
    }
}
