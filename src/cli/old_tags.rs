//! Says that the embedded service tags are old, where something is decided by them.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::hint;

/// Microsoft publishes new tags every week, and takes old prefixes out some weeks later.
const OLD_AFTER_DAYS: i32 = 60;

/// Shows a hint where a snapshot of that day is old, once in the life of the program: a command may
/// judge by the tags in several places, and `watch` in every round.
pub(super) fn warn_once(date: &str) {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if let Some(text) = text(date, today)
        && !IS_SAID.swap(true, Ordering::Relaxed)
    {
        hint::hint(&text);
    }
}

fn text(date: &str, today: Date) -> Option<String> {
    let age = today.since(date.parse::<Date>().ok()?).ok()?.get_days();
    (age > OLD_AFTER_DAYS).then(|| {
        format!(
            "this was judged by the embedded service tags of {date}, {age} days old: `pathproof \
             tags update --subscription ID --output tags.json` asks Azure for the current ones \
             (--from takes Microsoft's file), and --service-tags tags.json judges by them"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_old_after_sixty_days() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (date, today, age) in [
            ("2025-11-17", "2026-01-16", None),
            ("2025-11-17", "2026-01-17", Some("61 days old")),
            ("2025-11-17", "2026-11-21", Some("369 days old")),
            // The clock of this host is wrong, or there is no day.
            ("2025-11-17", "2020-01-01", None),
            ("", "2026-11-21", None),
        ] {
            let text = text(date, day(today));
            assert_eq!(text.is_some(), age.is_some(), "{date} {today}");
            assert!(text.unwrap_or_default().contains(age.unwrap_or_default()), "{date} {today}");
        }
    }
}
