//! The words of a text without case and signs, and where a wording stands among them.

use std::ops::Range;

/// How many words a gap of a wording holds at most: a name has up to ten labels.
const LONGEST_GAP: usize = 12;
/// Between two sentences stands one blank more: no wording goes on behind it.
const SENTENCE_END: &str = "  ";

/// The words of a text in lower case, with one blank around each, and two between sentences. A word
/// consists of letters, digits and `_`. The sign between a host and its port stays, as a word.
pub(super) fn normalise(text: &str) -> String {
    let mut normal = String::with_capacity(text.len() + 2);
    normal.push(' ');
    let mut rest = text.chars();
    let mut last = ' ';
    while let Some(character) = rest.next() {
        if character.is_alphanumeric() || character == '_' {
            normal.extend(character.to_lowercase());
        } else if ends_sentence(character, rest.as_str()) {
            while !normal.ends_with(SENTENCE_END) {
                normal.push(' ');
            }
        } else {
            if !normal.ends_with(' ') {
                normal.push(' ');
            }
            let is_of_host = last.is_alphanumeric() || last == ']';
            if character == ':'
                && is_of_host
                && rest.as_str().starts_with(|next: char| next.is_ascii_digit())
            {
                normal.push_str(": ");
            }
        }
        last = character;
    }
    if !normal.ends_with(' ') {
        normal.push(' ');
    }
    normal
}

/// Whether a sentence ends with `sign`, which `rest` follows: a full stop before a blank, or the
/// arrow before .NET's inner exception.
fn ends_sentence(sign: char, rest: &str) -> bool {
    match sign {
        '.' | '!' | '?' | ';' => rest
            .trim_start_matches(['"', '\'', ')', ']', '}', '>', '\u{2019}', '\u{201d}'])
            .starts_with(char::is_whitespace),
        '-' => rest.starts_with("-->"),
        _ => false,
    }
}

/// The last sentence of what stands before a word.
pub(super) fn last_sentence(before: &str) -> &str {
    before.rsplit(SENTENCE_END).next().unwrap_or_default()
}

/// Where `parts` stand one after the other in the normalised text `words`, with other words of the
/// same sentence between them.
pub(super) fn places<'a>(
    words: &'a str,
    parts: &'a [String],
) -> impl Iterator<Item = Range<usize>> + use<'a> {
    let (first, further) = parts.split_first().map_or(("", &[][..]), |(one, all)| (one, all));
    whole_words(words, first).filter_map(move |start| {
        let mut end = start + first.len();
        for part in further {
            let at = whole_words(&words[end..], part).next()?;
            if !is_gap(&words[end..end + at], part) {
                return None;
            }
            end += at + part.len();
        }
        Some(start..end)
    })
}

/// Whether a wording may pass over these words before its `part`: they hold no end of a sentence,
/// and, before a name, no other whole one, which would be the one that is meant.
fn is_gap(words: &str, part: &str) -> bool {
    let ends_name = |word: &str| matches!(word, "com" | "net");
    let is_name =
        part.split(' ').next_back().is_some_and(|last| matches!(last, "net" | "cn" | "us"));
    !words.contains(SENTENCE_END)
        && words.split_whitespace().count() <= LONGEST_GAP
        && !(is_name && words.split_whitespace().any(ends_name))
}

/// Where `needle` begins in the normalised text `words`, as whole words.
pub(super) fn whole_words<'a>(
    words: &'a str,
    needle: &'a str,
) -> impl Iterator<Item = usize> + use<'a> {
    let found = words.match_indices(needle).filter(move |(start, found)| {
        !needle.is_empty()
            && words[..*start].ends_with(' ')
            && words[start + found.len()..].starts_with(' ')
    });
    found.map(|(at, _)| at)
}
