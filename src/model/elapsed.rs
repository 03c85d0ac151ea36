//! How measured times are written, everywhere alike.

use std::fmt;
use std::time::Duration;

/// A measured time for people: `0.1 ms`, `250.0 ms`, `2.0 s`. What options take is written as
/// options are, and the JSON has numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(pub Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What rounds to less than this is written in milliseconds.
        const A_SECOND: Duration = Duration::from_micros(999_950);
        /// What would round to nothing.
        const NOTHING: Duration = Duration::from_micros(50);
        let Self(duration) = *self;
        if duration >= A_SECOND {
            write!(f, "{:.1} s", duration.as_secs_f64())
        } else if !duration.is_zero() && duration < NOTHING {
            f.write_str("<0.1 ms")
        } else {
            write!(f, "{:.1} ms", duration.as_secs_f64() * 1e3)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_decimal_and_the_unit_that_fits() {
        for (microseconds, expected) in [
            (0, "0.0 ms"),
            (49, "<0.1 ms"),
            (106, "0.1 ms"),
            (12_340, "12.3 ms"),
            (250_000, "250.0 ms"),
            (999_949, "999.9 ms"),
            (999_950, "1.0 s"),
            (2_049_000, "2.0 s"),
            (240_000_000, "240.0 s"),
        ] {
            assert_eq!(Elapsed(Duration::from_micros(microseconds)).to_string(), expected);
        }
    }
}
