//! Durations in the contract's form: `500ms`, `5s`, `2m`, `1h`, `7d`.

use std::time::Duration;

/// Reads a duration.
///
/// # Errors
/// A sentence that says what is expected. Zero and more than a year are refused.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a whole number with a unit: 500ms, 5s, 2m, 1h, 7d";
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| EXPECTED.to_owned())?;
    let scale = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(EXPECTED.to_owned()),
    };
    match number.checked_mul(scale) {
        Some(0) => Err("a duration of zero leaves no time for anything".to_owned()),
        Some(millis) if millis <= 366 * 86_400_000 => Ok(Duration::from_millis(millis)),
        _ => Err("longer than a year".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, millis) in
            [("500ms", 500), ("5s", 5_000), ("2m", 120_000), ("1h", 3_600_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "5", "s", "1.5s", "-1s", "0s", "5 s", "99999999999999999999d", "9999d", "5S"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
