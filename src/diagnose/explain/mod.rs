//! What a cause, a layer, an error text of the runtime or a word of the portal means, and what to
//! check first.

mod symptom;
mod symptoms;
#[cfg(test)]
mod tests;

use super::catalogue::{self, CatalogueEntry};
use crate::model::Cause;
pub use symptom::{Rank, Symptom};

/// What is known of a text.
#[derive(Debug)]
pub enum Explanation {
    /// It is a cause's code, or holds some.
    Causes(Vec<&'static CatalogueEntry>),
    /// It is a layer: all causes whose code begins with it.
    Layer(Vec<&'static CatalogueEntry>),
    /// It holds words of the runtime, the portal or the system.
    Symptoms(Vec<SymptomMatch>),
    /// Nothing is known of it; what comes nearest.
    Unknown {
        /// Codes and words, the nearest first.
        suggestions: Vec<&'static str>,
    },
}

/// A symptom, and the words of it that were found.
#[derive(Clone, Copy, Debug)]
pub struct SymptomMatch {
    /// The words as the symptom has them.
    pub text: &'static str,
    /// What they mean.
    pub symptom: &'static Symptom,
}

/// How many suggestions an unknown text gets.
const SUGGESTIONS: usize = 3;

/// How much of a text is read: error texts are short, and logs are not meant.
const READ: usize = 16 * 1024;

/// Explains `text`: a cause's code, a layer (`dns`), an error text or a word of the portal.
#[must_use]
pub fn explain(text: &str) -> Explanation {
    let text: String = text.chars().take(READ).collect();
    let words = normal(&text);
    let asked = words.trim();

    let layer: Vec<_> = entries().filter(|entry| layer_of(entry.cause) == asked).collect();
    if !layer.is_empty() {
        return Explanation::Layer(layer);
    }
    let causes: Vec<_> = entries().filter(|entry| holds(&words, entry.cause.code())).collect();
    if !causes.is_empty() {
        return Explanation::Causes(causes);
    }
    let matches = most_specific(&words);
    if !matches.is_empty() {
        return Explanation::Symptoms(matches);
    }
    Explanation::Unknown { suggestions: suggestions(asked) }
}

/// Every cause, in the contract's order.
pub fn entries() -> impl Iterator<Item = &'static CatalogueEntry> {
    Cause::ALL.iter().map(|cause| catalogue::entry(*cause))
}

/// Every symptom, by theme.
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

/// The symptoms of the highest rank whose words `words` hold, the longest words first.
fn most_specific(words: &str) -> Vec<SymptomMatch> {
    let mut found: Vec<(usize, SymptomMatch)> = Vec::new();
    for symptom in symptoms() {
        let texts = symptom.texts.iter().map(|text| (normal(text), *text));
        let held = texts.filter(|(normal, _)| holds(words, normal.trim()));
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

/// Lower case, words of letters, digits and `_` with one blank around each.
fn normal(text: &str) -> String {
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

/// Whether the normal text `words` holds `needle` as whole words.
fn holds(words: &str, needle: &str) -> bool {
    !needle.is_empty()
        && words.match_indices(needle).any(|(start, found)| {
            words[..start].ends_with(' ') && words[start + found.len()..].starts_with(' ')
        })
}

/// The known codes and texts that are most like `asked`.
fn suggestions(asked: &str) -> Vec<&'static str> {
    let codes = Cause::ALL.iter().map(|cause| cause.code());
    let texts = symptoms().flat_map(|symptom| symptom.texts.iter().copied());
    let mut near: Vec<(f64, &'static str)> =
        codes.chain(texts).map(|known| (likeness(asked, normal(known).trim()), known)).collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    near.truncate(SUGGESTIONS);
    near.into_iter().map(|(_, known)| known).collect()
}

/// How alike two normal texts are, 0 to 1: by their letters where both are short (spelling), by
/// the share of common words where one is a sentence.
fn likeness(asked: &str, known: &str) -> f64 {
    let by_letters = strsim::jaro_winkler(asked, known);
    if !asked.contains(' ') || !known.contains(' ') {
        return by_letters;
    }
    by_letters.max(strsim::sorensen_dice(asked, known))
}
