//! Times as some country writes them: `3/20/2026 12:00:00 PM`, `20.03.2026 12:00:00`. Whether the
//! day or the month stands first is told by a whole file, or not at all.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use regex::Regex;

use super::plain::pattern;

/// A date and a time that some country writes, with nothing decided yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LocalTime<'a> {
    parts: [&'a str; 3],
    sign: char,
    clock: Time,
    has_half_days: bool,
}

/// What stands first in a date whose year stands last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateOrder {
    Day,
    Month,
}

impl<'a> LocalTime<'a> {
    /// The time that a text begins with.
    pub(super) fn leading(text: &'a str) -> Option<Self> {
        static WRITTEN: LazyLock<Regex> = LazyLock::new(|| {
            pattern(
                r"(?ix)^ (\d{1,4}) ([./-]) (\d{1,2}) ([./-]) (\d{1,4}) [,\ T]\s*
                  (\d{1,2}) [:.] (\d{2}) (?: [:.] (\d{2}) )? (?: [.,]\d+ )?
                  (?: \s? ([ap]) \.? \s? m\b )?",
            )
        });
        let found = WRITTEN.captures(text)?;
        let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
        let number = |index: usize| part(index).parse::<i8>().ok();
        let half = part(9).chars().next().map(|half| half.to_ascii_lowercase());
        let hour = match (number(6)?, half) {
            (hour @ 1..=12, Some(half)) => hour % 12 + if half == 'p' { 12 } else { 0 },
            (_, Some(_)) => return None,
            (hour, None) => hour,
        };
        let second = if part(8).is_empty() { 0 } else { number(8)? };
        (part(2) == part(4)).then_some(())?;
        Some(Self {
            parts: [part(1), part(3), part(5)],
            sign: part(2).chars().next()?,
            clock: Time::new(hour, number(7)?, second, 0).ok()?,
            has_half_days: half.is_some(),
        })
    }

    /// When that is in UTC, which no such time says: it is taken as UTC.
    pub(super) fn at(self, order: Option<DateOrder>) -> Option<Timestamp> {
        let [first, second, third] = self.parts;
        let (year, month, day) = match order {
            _ if self.begins_with_year() => (first, second, third),
            Some(DateOrder::Day) => (third, second, first),
            Some(DateOrder::Month) => (third, first, second),
            None => return None,
        };
        (year.len() == 4).then_some(())?;
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        Some(date.to_datetime(self.clock).to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Its clock has twelve hours.
    pub(super) const fn has_half_days(self) -> bool {
        self.has_half_days
    }

    fn begins_with_year(&self) -> bool {
        self.parts[0].len() == 4
    }
}

/// The order of all dates of a file; `None` where they do not tell, or contradict each other.
pub(super) fn order_of<'a>(times: impl Iterator<Item = LocalTime<'a>>) -> Option<DateOrder> {
    let times: Vec<LocalTime<'a>> = times.filter(|time| !time.begins_with_year()).collect();
    let is_above_months = |part: &str| part.parse::<u8>().is_ok_and(|part| part > 12);
    let is_padded = |part: &str| part.starts_with('0');
    let any = |is: &dyn Fn(&LocalTime<'a>) -> bool| times.iter().any(is);
    match (any(&|time| is_above_months(time.parts[0])), any(&|time| is_above_months(time.parts[1])))
    {
        (true, true) => return None,
        (true, false) => return Some(DateOrder::Day),
        (false, true) => return Some(DateOrder::Month),
        (false, false) => {}
    }
    if !times.is_empty() && times.iter().all(|time| time.sign == '.') {
        return Some(DateOrder::Day);
    }
    // The United States write `3/2/2026 1:00:00 PM`. Others that have such a clock fill up the
    // month: Australia writes `2/03/2026`.
    let has_padded = any(&|time| time.parts[..2].iter().any(|part| is_padded(part)));
    let is_american = !has_padded && any(&|time| time.sign == '/' && time.has_half_days);
    is_american.then_some(DateOrder::Month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Option<String>> {
        let times = || lines.iter().filter_map(|line| LocalTime::leading(line));
        assert_eq!(times().count(), lines.len(), "{lines:?}");
        let order = order_of(times());
        times().map(|time| time.at(order).map(|at| at.to_string())).collect()
    }

    #[test]
    fn a_whole_file_tells_what_its_dates_mean() {
        for (line, expected) in [
            ("3/2/2026 12:00:30 PM  26 Error", Some("2026-03-02T12:00:30Z")),
            ("3/2/2026 12:00:30 AM", Some("2026-03-02T00:00:30Z")),
            ("3/2/2026 1:00 p.m.", Some("2026-03-02T13:00:00Z")),
            ("02.03.2026 13:00:00", Some("2026-03-02T13:00:00Z")),
            ("20/03/2026 13:00:00", Some("2026-03-20T13:00:00Z")),
            ("20-3-2026 13:00:00.123", Some("2026-03-20T13:00:00Z")),
            ("03/20/2026 01:00:00 PM", Some("2026-03-20T13:00:00Z")),
            ("2026/3/2 13:00:00", Some("2026-03-02T13:00:00Z")),
            // The United States, Australia, or the United Kingdom.
            ("03/02/2026 01:00:00 PM", None),
            ("2/03/2026 1:00:00 PM", None),
            ("02/03/2026 13:00:00", None),
            ("2-3-2026 13:00:00", None),
            // No date at all, or in no year that can be told.
            ("31.02.2026 13:00:00", None),
            ("20/03/26 13:00:00", None),
        ] {
            assert_eq!(read(&[line]), [expected.map(str::to_owned)], "{line}");
        }
        let us = read(&["3/2/2024 12:00:00 PM", "3/20/2026 12:00:00 PM"]);
        assert_eq!(us[0].as_deref(), Some("2024-03-02T12:00:00Z"));
        let uk = read(&["02/03/2024 12:00:00", "20/03/2026 12:00:00"]);
        assert_eq!(uk[0].as_deref(), Some("2024-03-02T12:00:00Z"));
        let australian = read(&["2/03/2026 1:00:00 PM", "20/03/2026 1:00:00 PM"]);
        assert_eq!(australian[0].as_deref(), Some("2026-03-02T13:00:00Z"));
        assert_eq!(read(&["20/03/2026 12:00:00", "03/20/2026 12:00:00"]), [None, None]);
        for no_time in ["13:00:00", "3/2-2026 13:00:00", "3/2/2026 13:00 PM", "3/2/2026 25:00", ""]
        {
            assert_eq!(LocalTime::leading(no_time), None, "{no_time}");
        }
    }
}
