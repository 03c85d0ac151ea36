//! Suggestions of the form "did you mean".

/// The candidate nearest to `given`, where it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 256;
    // The time for a distance grows with the product of the two lengths.
    if given.len() > LONGEST {
        return None;
    }
    let given = given.to_lowercase();
    let (distance, candidate) = candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(&given, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= (given.chars().count() / 3).max(1)).then_some(candidate)
}

/// The edit distance between two words. A beginning of a word, such as `adf` for `adf-shir`, is
/// near.
fn distance(given: &str, candidate: &str) -> usize {
    if given.len() >= 3 && candidate.starts_with(given) {
        return 1;
    }
    strsim::damerau_levenshtein(given, candidate)
}

/// The suggestion as the end of a message: ` (did you mean 'relay'?)`, or nothing.
pub(super) fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|word| format!(" (did you mean '{word}'?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let candidates = ["adf-shir", "synapse-shir", "purview-shir"];
        for (given, expected) in [
            ("adf-shr", Some("adf-shir")),
            ("ADF_SHIR", Some("adf-shir")),
            ("adf", Some("adf-shir")),
            ("synapes-shir", Some("synapse-shir")),
            ("azure", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, candidates), expected, "{given}");
        }
        assert_eq!(nearest(&"a".repeat(100_000), candidates), None);
    }
}
