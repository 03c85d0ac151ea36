//! The age of the service tags by which addresses are judged.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::TagRelease;
use crate::tags::ServiceTags;

/// The tags in use, and their age.
pub(in crate::cli) struct TagAge {
    /// The release as messages name it, with its day and age.
    pub(in crate::cli) shown: String,
    /// `None` where the day is not known.
    pub(super) age: Option<SignedDuration>,
}

impl TagAge {
    /// The age of an embedded snapshot by its day; that of a file by the day in its name, as
    /// Microsoft writes it, else by when it was written.
    pub(super) fn of(tags: &TagRelease, file: Option<&Path>, now: Timestamp) -> Self {
        let day = match (tags.date, file) {
            (Some(date), _) => date.parse().ok(),
            (None, Some(file)) => day_of(file),
            (None, None) => None,
        };
        Self::of_day(day, tags.tags(), now)
    }

    /// The age of the tags in a file.
    pub(in crate::cli) fn of_file(tags: &ServiceTags, file: &Path, now: Timestamp) -> Self {
        Self::of_day(day_of(file), tags, now)
    }

    /// Whether the tags are known to be no older than that.
    pub(in crate::cli) fn is_at_most(&self, most: Duration) -> bool {
        let most = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
        self.age.is_some_and(|age| age <= most)
    }

    fn of_day(day: Option<Date>, tags: &ServiceTags, now: Timestamp) -> Self {
        let begun = day.and_then(|day: Date| day.to_zoned(TimeZone::UTC).ok());
        let age = begun.map(|begun| now.duration_since(begun.timestamp()));
        let number = tags.change_number();
        let shown = match (day, age) {
            (Some(day), Some(age)) => {
                format!("service tags {number} of {day}, {} days old", age.as_hours() / 24)
            }
            _ => format!("service tags {number} of an unknown day"),
        };
        Self { shown, age }
    }
}

/// When the tags in a file were released, as far as the file shows it.
pub(in crate::cli) fn time_of_tags(file: &Path) -> Option<SystemTime> {
    match day_in_name(file) {
        Some(day) => Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().into()),
        None => fs::metadata(file).ok()?.modified().ok(),
    }
}

fn day_of(file: &Path) -> Option<Date> {
    day_in_name(file).or_else(|| day_written(file))
}

/// The date in a file name such as `ServiceTags_Public_20251117.json`.
fn day_in_name(file: &Path) -> Option<Date> {
    let stem = file.file_stem()?.to_str()?;
    let digits = stem.get(stem.len().checked_sub(8)?..)?;
    Date::strptime("%Y%m%d", digits).ok()
}

fn day_written(file: &Path) -> Option<Date> {
    let modified = fs::metadata(file).ok()?.modified().ok()?;
    Some(Timestamp::try_from(modified).ok()?.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_file_names_hold_the_day() {
        let day = |name: &str| day_in_name(Path::new(name)).map(|day| day.to_string());
        assert_eq!(day("x/ServiceTags_Public_20251117.json").as_deref(), Some("2025-11-17"));
        for name in ["tags.json", "20251399.json", "é1234567.json", ""] {
            assert_eq!(day(name), None, "{name}");
        }
    }
}
