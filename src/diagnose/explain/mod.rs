//! Explains a cause, a layer, an error text of the runtime or a word of the portal, and says what
//! to check first.

mod symptom;
mod symptoms;
#[cfg(test)]
mod tests;

use super::catalogue::{self, CatalogueEntry};
use crate::model::Cause;
pub use symptom::{Rank, Symptom};

/// What is known about a text.
#[derive(Debug)]
pub enum Explanation {
    /// It is the code of a cause, or contains codes.
    Causes(Vec<&'static CatalogueEntry>),
    /// It is a layer. The entries are those of all its causes.
    Layer(Vec<&'static CatalogueEntry>),
    /// It contains a known text of the runtime, the portal or the system.
    Symptoms(Vec<SymptomMatch>),
    /// Nothing is known about it.
    Unknown {
        /// The most similar codes and texts, the most similar first.
        suggestions: Vec<&'static str>,
    },
}

/// A symptom that was found in a text.
#[derive(Clone, Copy, Debug)]
pub struct SymptomMatch {
    /// The text of the symptom that was found.
    pub text: &'static str,
    /// What that text means.
    pub symptom: &'static Symptom,
}

/// How many suggestions an unknown text gets.
const SUGGESTIONS: usize = 3;

/// How many characters of a text are read. Error texts are short, and logs are not meant.
const READ: usize = 16 * 1024;

/// Explains `text`: a cause's code, a layer (`dns`), an error text or a word of the portal.
#[must_use]
pub fn explain(text: &str) -> Explanation {
    let text: String = text.chars().take(READ).collect();
    let words = normalise(&text);
    let asked = words.trim();

    let layer: Vec<_> = entries().filter(|entry| layer_of(entry.cause) == asked).collect();
    if !layer.is_empty() {
        return Explanation::Layer(layer);
    }
    let causes: Vec<_> =
        entries().filter(|entry| contains_words(&words, entry.cause.code())).collect();
    if !causes.is_empty() {
        return Explanation::Causes(causes);
    }
    let matches = most_specific(&words, |_, _, _| true);
    if !matches.is_empty() {
        return Explanation::Symptoms(matches);
    }
    Explanation::Unknown { suggestions: suggestions(asked) }
}

/// What a logged text means, in one sentence or two; `None` where it holds no text of a fault that
/// is known. Logs hold row counts, file names and states of all kinds: a number counts as a code
/// where one is announced, a word where it is the name of an error, and no state or topic does.
#[must_use]
pub fn meaning(text: &str) -> Option<&'static str> {
    let text: String = text.chars().take(READ).collect();
    let found = most_specific(&normalise(&text), |symptom, own, before| {
        symptom.rank > Rank::Status && is_of_fault(own, before)
    });
    found.first().map(|one| one.symptom.meaning)
}

/// Whether a symptom's text says of a log's line that something failed, with what stands `before`
/// it there, in normalised words.
fn is_of_fault(own: &str, before: &str) -> bool {
    const ANNOUNCE: [&str; 9] = [
        "code",
        "errno",
        "error",
        "errorcode",
        "http",
        "sqlerrornumber",
        "socketexception",
        "status",
        "win32",
    ];
    if own.contains(|c: char| !c.is_alphanumeric() && c != '_') {
        return true;
    }
    if own.bytes().all(|byte| byte.is_ascii_digit()) {
        return before.split_whitespace().rev().take(2).any(|word| ANNOUNCE.contains(&word));
    }
    // UnexpectedFault, WSATRY_AGAIN, 0x80072ee2.
    let inner = own.char_indices().skip(1);
    own.starts_with("0x") || own.contains('_') || inner.into_iter().any(|(_, c)| c.is_uppercase())
}

/// Every cause, in the contract's order.
pub fn entries() -> impl Iterator<Item = &'static CatalogueEntry> {
    Cause::ALL.iter().map(|cause| catalogue::entry(*cause))
}

/// Every symptom, ordered by theme.
pub fn symptoms() -> impl Iterator<Item = &'static Symptom> {
    symptoms::ALL.iter().copied().flatten()
}

/// Every layer that [`explain`] takes, in the order of the causes.
#[must_use]
pub fn layers() -> Vec<&'static str> {
    let mut layers: Vec<&'static str> = Vec::new();
    for entry in entries() {
        let layer = layer_of(entry.cause);
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    layers
}

/// The symptoms of the highest rank that `words` contain, those with the longest text first.
/// `counts` says which of the places at which a symptom's text stands count: it is asked with the
/// text, and with the words before it.
fn most_specific(
    words: &str,
    counts: impl Fn(&'static Symptom, &'static str, &str) -> bool,
) -> Vec<SymptomMatch> {
    let mut found: Vec<(usize, SymptomMatch)> = Vec::new();
    for symptom in symptoms() {
        let texts = symptom.texts.iter().map(|text| (normalise(text), *text));
        let held = texts.filter(|(normal, text)| {
            places(words, normal.trim()).any(|at| counts(symptom, text, &words[..at]))
        });
        let longest = held.max_by_key(|(normal, _)| normal.len());
        found.extend(longest.map(|(normal, text)| (normal.len(), SymptomMatch { text, symptom })));
    }
    let highest = found.iter().map(|(_, one)| one.symptom.rank).max();
    found.retain(|(_, one)| Some(one.symptom.rank) == highest);
    found.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    found.into_iter().map(|(_, one)| one).collect()
}

/// The first word of a cause's code: `dns`, `path`, …
fn layer_of(cause: Cause) -> &'static str {
    cause.code().split('_').next().unwrap_or_default()
}

/// The words of a text in lower case, with one blank around each. A word consists of letters,
/// digits and `_`.
fn normalise(text: &str) -> String {
    let mut normal = String::with_capacity(text.len() + 2);
    normal.push(' ');
    for character in text.chars() {
        if character.is_alphanumeric() || character == '_' {
            normal.extend(character.to_lowercase());
        } else if !normal.ends_with(' ') {
            normal.push(' ');
        }
    }
    if !normal.ends_with(' ') {
        normal.push(' ');
    }
    normal
}

/// Whether the normalised text `words` contains `needle` as whole words.
fn contains_words(words: &str, needle: &str) -> bool {
    places(words, needle).next().is_some()
}

/// Where `needle` begins in the normalised text `words`, as whole words.
fn places<'a>(words: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + use<'a> {
    let found = words.match_indices(needle).filter(move |(start, found)| {
        !needle.is_empty()
            && words[..*start].ends_with(' ')
            && words[start + found.len()..].starts_with(' ')
    });
    found.map(|(at, _)| at)
}

/// The known codes and texts that are most similar to `asked`.
fn suggestions(asked: &str) -> Vec<&'static str> {
    let codes = Cause::ALL.iter().map(|cause| cause.code());
    let texts = symptoms().flat_map(|symptom| symptom.texts.iter().copied());
    let mut near: Vec<(f64, &'static str)> = codes
        .chain(texts)
        .map(|known| (similarity(asked, normalise(known).trim()), known))
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    near.truncate(SUGGESTIONS);
    near.into_iter().map(|(_, known)| known).collect()
}

/// How similar two normalised texts are, from 0 to 1: by their letters where one is a single word,
/// as it may be misspelt, and otherwise by their common letter pairs too.
fn similarity(asked: &str, known: &str) -> f64 {
    let by_letters = strsim::jaro_winkler(asked, known);
    if !asked.contains(' ') || !known.contains(' ') {
        return by_letters;
    }
    by_letters.max(strsim::sorensen_dice(asked, known))
}
