//! Exit codes, for every command (contract, Exit codes).

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything required is as expected; warnings are allowed.
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
    /// The one of two that is said where both hold: 2, 4, 1, 3, 0.
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
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{CouldNotWork, Refused, Satisfied, Unknown, Violated};

    #[test]
    fn the_worse_is_said() {
        for (one, other, said) in [
            (Satisfied, Unknown, Unknown),
            (Unknown, Violated, Violated),
            (CouldNotWork, Violated, CouldNotWork),
            (Violated, Refused, Refused),
            (CouldNotWork, Refused, CouldNotWork),
            (Satisfied, Satisfied, Satisfied),
        ] {
            assert_eq!(one.or(other), said);
            assert_eq!(other.or(one), said);
        }
    }
}
