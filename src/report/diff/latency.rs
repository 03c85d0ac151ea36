//! Which change of a time is no noise.
//!
//! Compared are the steps that cross the network once and wait for nobody's thinking: `tcp`, and
//! `proxy`, in which the proxy connects onward. A change is one where *every* time of one report
//! is more than [`TIMES`] as long as *every* time of the other, and longer by more than
//! [`AT_LEAST_MS`]: a single slow packet among several, jitter on a near path and a few per cent on
//! a far one are not told. A connect that lost its SYN took the repeat's wait longer and says
//! nothing about the distance, so that wait is taken off first.

use crate::report_v1::{Endpoint, Latency};

const TIMES: f64 = 3.0;
const AT_LEAST_MS: f64 = 50.0;

/// When a SYN is repeated, milliseconds after the first: RFC 6298 sections 2.1 and 5.5.
const REPEATS_MS: [f64; 3] = [7000.0, 3000.0, 1000.0];

const STEPS: [&str; 2] = ["tcp", "proxy"];

pub(super) fn changes(before: &Endpoint, after: &Endpoint) -> Vec<Latency<'static>> {
    let change = |step: &'static str| {
        let (before_ms, after_ms) = shift(&before.times(step), &after.times(step))?;
        Some(Latency { step: step.into(), before_ms, after_ms })
    };
    STEPS.into_iter().filter_map(change).collect()
}

/// The shortest of each, where they differ beyond noise.
fn shift(before: &[f64], after: &[f64]) -> Option<(f64, f64)> {
    let (before, after) = (Span::of(before)?, Span::of(after)?);
    (after.is_above(before) || before.is_above(after)).then_some((before.shortest, after.shortest))
}

#[derive(Clone, Copy)]
struct Span {
    shortest: f64,
    longest: f64,
}

impl Span {
    fn of(times: &[f64]) -> Option<Self> {
        let mut times: Vec<f64> = times.iter().copied().map(without_repeats).collect();
        times.sort_by(f64::total_cmp);
        Some(Self { shortest: *times.first()?, longest: *times.last()? })
    }

    fn is_above(self, other: Self) -> bool {
        self.shortest > other.longest * TIMES && self.shortest - other.longest > AT_LEAST_MS
    }
}

fn without_repeats(time: f64) -> f64 {
    let waited = REPEATS_MS.into_iter().find(|repeat| time >= *repeat);
    time - waited.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_noise_is_told() {
        for (before, after, expected) in [
            (&[12.0][..], &[160.0][..], Some((12.0, 160.0))),
            (&[160.0], &[12.0], Some((160.0, 12.0))),
            (&[12.0], &[60.0], None),   // five times, yet not 50 ms
            (&[100.0], &[290.0], None), // 190 ms, yet not three times
            (&[12.0, 14.0], &[15.0, 300.0], None), // one slow packet
            (&[12.0, 150.0], &[200.0, 210.0], None), // it was as slow before, now and then
            (&[12.0], &[1013.0], None), // a lost SYN
            (&[12.0], &[3015.0], None), // two of them
            (&[1012.0], &[1190.0], Some((12.0, 190.0))), // lost ones of a path that is longer now
            (&[], &[500.0], None),
            (&[500.0], &[], None),
        ] {
            assert_eq!(shift(before, after), expected, "{before:?} {after:?}");
        }
    }
}
