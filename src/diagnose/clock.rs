//! `host_clock_skew`: this host's clock, compared with the `Date` of answers whose sender is
//! proven.

use jiff::{SignedDuration, Timestamp};

use super::finding::Draft;
use super::words::list;
use crate::model::{Cause, Certainty, Record, Records, Trail};

/// The largest skew that is no finding (contract, Causes). Kerberos tolerates as much.
const TOLERATED: SignedDuration = SignedDuration::from_mins(5);

/// What one verified answer says about the time.
struct ClockReading {
    host_port: String,
    /// How far the answer's clock is ahead of ours.
    ahead: SignedDuration,
    date: String,
}

/// The finding of the run. Every verified answer must say so, as one server's clock may be wrong
/// too.
pub(super) fn skew(records: &Records) -> Option<Draft> {
    let readings: Vec<ClockReading> = records.records.iter().filter_map(reading).collect();
    let least = readings.iter().min_by_key(|reading| reading.ahead.abs())?;
    if least.ahead.abs() <= TOLERATED {
        return None;
    }
    let direction = if least.ahead.is_positive() { "behind" } else { "ahead" };
    let evidence = |reading: &ClockReading| {
        format!("{} said {}, {}", reading.host_port, reading.date, in_words(reading.ahead))
    };
    let draft = Draft::new(
        Cause::HostClockSkew,
        format!(
            "this host's clock is {} {direction}, by the verified answers of {}",
            amount(least.ahead.abs()),
            list(readings.iter().map(|reading| &reading.host_port), 3)
        ),
    )
    .all_evidence(readings.iter().take(4).map(evidence));
    Some(if readings.len() > 1 { draft.proven() } else { draft.certainty(Certainty::Likely) })
}

fn in_words(ahead: SignedDuration) -> String {
    let direction = if ahead.is_positive() { "ahead of" } else { "behind" };
    format!("{} {direction} this clock", amount(ahead.abs()))
}

/// `7 minutes`, `3 hours`, `2 days`.
fn amount(skew: SignedDuration) -> String {
    let minutes = skew.as_mins();
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// The reading of a record that is closest to this host's clock. Only verified answers count.
fn reading(record: &Record) -> Option<ClockReading> {
    let host = record.endpoint.subject.host()?;
    record
        .trails
        .iter()
        .filter(|trail| trail.tls().is_some_and(|tls| tls.presented.proves(host)))
        .filter_map(|trail| {
            let answer = trail.http()?;
            let date = answer.header("Date")?;
            // An answer from a cache says how old it is (RFC 9111 section 5.1).
            let age = answer.header("Age").and_then(|age| age.trim().parse().ok()).unwrap_or(0);
            let then = parse(date)?.checked_add(SignedDuration::from_secs(age)).ok()?;
            let ahead = then.duration_since(answered_at(trail)?);
            Some(ClockReading {
                host_port: record.endpoint.host_port(),
                ahead,
                date: date.to_owned(),
            })
        })
        .min_by_key(|reading| reading.ahead.abs())
}

/// When the answer came, by this host's clock.
fn answered_at(trail: &Trail) -> Option<Timestamp> {
    let took: std::time::Duration = trail.passed().iter().map(|step| step.took).sum();
    trail.at().checked_add(took).ok()
}

/// An HTTP date (RFC 9110 section 5.6.7), in the form that servers must send.
fn parse(date: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_servers_send_them() {
        let noon: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        for (date, expected) in [
            ("Mon, 02 Mar 2026 12:00:00 GMT", Some(noon)),
            (" Mon, 02 Mar 2026 12:00:00 GMT ", Some(noon)),
            ("2026-03-02T12:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse(date), expected, "{date:?}");
        }
    }

    #[test]
    fn amounts_are_in_the_unit_that_people_use() {
        for (minutes, expected) in
            [(6, "6 minutes"), (119, "119 minutes"), (120, "2 hours"), (2880, "2 days")]
        {
            assert_eq!(amount(SignedDuration::from_mins(minutes)), expected);
        }
    }
}
