//! How a command ended, for those who look at the exit code alone (contract, Exit codes).

/// How a command ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything required is as expected; warnings are allowed.
    #[default]
    Satisfied = 0,
    /// An expectation is violated.
    Violated = 1,
    /// The tool could not do its work: usage, unreadable or malformed input, output not writable.
    CouldNotWork = 2,
    /// Nothing is violated, but something required is unknown.
    Unknown = 3,
    /// A safety guard refused a write to Azure.
    Refused = 4,
}

impl Exit {
    /// The one that counts where both hold: 2 before 4, 1, 3 and 0.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        const fn rank(exit: Exit) -> u8 {
            match exit {
                Exit::CouldNotWork => 4,
                Exit::Refused => 3,
                Exit::Violated => 2,
                Exit::Unknown => 1,
                Exit::Satisfied => 0,
            }
        }
        if rank(self) >= rank(other) { self } else { other }
    }

    /// The number that the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// What makes the exit code of a run non-zero: this and what is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailOn {
    /// Warnings, and whatever is worse.
    Warn,
    /// Something required that is unknown.
    #[default]
    Unknown,
    /// Nothing but failures.
    Fail,
}

impl FailOn {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }
}

/// How a run ends, and what that leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    pub exit: Exit,
    /// What was to make it non-zero.
    pub fail_on: FailOn,
    /// How many required endpoints are unknown, and do not change the exit code because of
    /// `fail_on`.
    pub left_out: usize,
}

#[cfg(test)]
mod tests {
    use super::Exit::{CouldNotWork, Refused, Satisfied, Unknown, Violated};

    #[test]
    fn the_worse_counts() {
        for (one, other, expected) in [
            (Satisfied, Unknown, Unknown),
            (Unknown, Violated, Violated),
            (CouldNotWork, Violated, CouldNotWork),
            (Violated, Refused, Refused),
            (CouldNotWork, Refused, CouldNotWork),
            (Satisfied, Satisfied, Satisfied),
        ] {
            assert_eq!(one.or(other), expected);
            assert_eq!(other.or(one), expected);
        }
    }
}
