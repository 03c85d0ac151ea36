//! Explains a cause, a layer, an error text of the runtime or a word of the portal, and says what
//! to check first.

mod numbers;
mod symptom;
mod symptoms;
#[cfg(test)]
mod tests;
mod words;

use std::sync::LazyLock;

use super::catalogue::{self, CatalogueEntry};
use crate::model::Cause;
pub use symptom::{Rank, Symptom};
use words::{normalise, places, whole_words};

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
    let words = read(text);
    let asked = words.trim();

    let layer: Vec<_> = entries().filter(|entry| layer_of(entry.cause) == asked).collect();
    if !layer.is_empty() {
        return Explanation::Layer(layer);
    }
    let causes: Vec<_> = entries().filter(|entry| holds(&words, entry.cause.code())).collect();
    if !causes.is_empty() {
        return Explanation::Causes(causes);
    }
    let matches = most_specific(&words, |wording, before, after| {
        let own = wording.text;
        own == asked || !is_number(own) || numbers::is_asked_about(own, before, after)
    });
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
    faults(&read(text)).first().map(|one| one.symptom.meaning)
}

/// What is known of a logged text, and nothing else of it, in words that have the same meaning;
/// `None` where nothing is, or the known words alone would mean something else.
#[must_use]
pub fn known_words(text: &str) -> Option<String> {
    let words = read(text);
    let mut known = faults(&words);
    if known.is_empty() {
        known = most_specific(&words, |wording, _, _| wording.symptom.rank == Rank::Status);
    }
    let shown = known.iter().map(|one| match one.text {
        // Alone it would be any number.
        number if is_number(number) => format!("code {number}"),
        text => text.to_owned(),
    });
    let shown = shown.collect::<Vec<_>>().join(" ... ");
    let is_same = !shown.is_empty() && meaning(&shown) == meaning(text);
    is_same.then_some(shown)
}

/// What a log's words say of faults, the most specific first.
fn faults(words: &str) -> Vec<SymptomMatch> {
    most_specific(words, |wording, before, after| {
        wording.symptom.rank > Rank::Status && is_of_fault(wording.text, before, after)
    })
}

/// Whether a symptom's text says of a log's line that something failed, with what stands `before`
/// and `after` it there, in normalised words.
fn is_of_fault(own: &str, before: &str, after: &str) -> bool {
    if own.contains(|c: char| !c.is_alphanumeric() && c != '_') {
        return true;
    }
    if is_number(own) {
        return numbers::is_announced(before, after);
    }
    // UnexpectedFault, WSATRY_AGAIN, 0x80072ee2.
    let inner = own.char_indices().skip(1);
    own.starts_with("0x") || own.contains('_') || inner.into_iter().any(|(_, c)| c.is_uppercase())
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
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

/// A wording of a symptom, as it is looked for.
struct Wording {
    text: &'static str,
    symptom: &'static Symptom,
    /// Its words before and behind each gap.
    parts: Vec<String>,
    /// All of them.
    words: String,
}

/// Every wording, by symptom.
static WORDINGS: LazyLock<Vec<Vec<Wording>>> = LazyLock::new(|| {
    let of_symptom = |symptom: &'static Symptom| {
        let texts = symptom.texts.iter();
        let wording = texts.map(|text| {
            let parts = text.split(symptom::GAP).map(|part| normalise(part).trim().to_owned());
            Wording { text, symptom, parts: parts.collect(), words: normalise(text) }
        });
        wording.collect()
    };
    symptoms().map(of_symptom).collect()
});

/// The symptoms of the highest rank that `words` contain, those with the longest text first.
/// `counts` says which of the places at which a symptom's text stands count: it is asked with the
/// wording, and with the words before and after it.
fn most_specific(words: &str, counts: impl Fn(&Wording, &str, &str) -> bool) -> Vec<SymptomMatch> {
    let mut found: Vec<&Wording> = Vec::new();
    for wordings in WORDINGS.iter() {
        let held = wordings.iter().filter(|wording| {
            places(words, &wording.parts)
                .any(|place| counts(wording, &words[..place.start], &words[place.end..]))
        });
        found.extend(held.max_by_key(|wording| wording.words.len()));
    }
    let highest = found.iter().map(|one| one.symptom.rank).max();
    found.retain(|one| Some(one.symptom.rank) == highest);
    found.sort_by_key(|one| std::cmp::Reverse(one.words.len()));
    // What is a part of a longer wording says less of the same.
    let mut matches: Vec<&Wording> = Vec::new();
    for one in found {
        if !matches.iter().any(|longer| holds(&longer.words, one.words.trim())) {
            matches.push(one);
        }
    }
    matches.into_iter().map(|one| SymptomMatch { text: one.text, symptom: one.symptom }).collect()
}

/// The words of what is read of a text.
fn read(text: &str) -> String {
    normalise(&text.chars().take(READ).collect::<String>())
}

/// The first word of a cause's code: `dns`, `path`, …
fn layer_of(cause: Cause) -> &'static str {
    cause.code().split('_').next().unwrap_or_default()
}

/// Whether the normalised text `words` contains `needle` as whole words.
fn holds(words: &str, needle: &str) -> bool {
    whole_words(words, needle).next().is_some()
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
