//! Text of strangers in Markdown, where it must stay text: no markup, no links, nobody mentioned.
//!
//! Sites turn more into links than Markdown does (addresses, `@names`, `#12`), wherever they find
//! it outside code. So a word that holds anything beyond letters, digits and the punctuation of
//! sentences stands as code, in which every reader of Markdown leaves all as it is.

use std::fmt::Write as _;

use crate::model::visible;

/// Punctuation of sentences, which means nothing to Markdown within a line.
const PLAIN: &str = ".,;:()'\"-/%+=?";

/// `text` as a part of a paragraph, an item or a cell.
pub(in crate::report) fn inline(text: &str) -> String {
    let text = visible(text);
    let mut written = String::with_capacity(text.len() + 16);
    let mut begun = String::new();
    for word in text.split(' ') {
        if !written.is_empty() || !begun.is_empty() {
            begun.push(' ');
        }
        let is_first = written.is_empty() && begun.is_empty();
        if word.is_empty() {
            continue;
        }
        written.push_str(&begun);
        begun.clear();
        let (word, after) = match word.strip_suffix(['.', ',', ';', ':', ')']) {
            Some(before) if !before.is_empty() => (before, &word[before.len()..]),
            _ => (word, ""),
        };
        // A number with a mark behind it begins an item, and one alone does not.
        let is_count = after.is_empty() && word.chars().all(|c| c.is_ascii_digit());
        if is_plain(word, is_first && !is_count) {
            written.push_str(word);
        } else {
            written.push_str(&code(word));
        }
        written.push_str(after);
    }
    written
}

/// Whether a word means itself. The first of a line may look like the mark of an item or a heading.
fn is_plain(word: &str, is_first: bool) -> bool {
    let is_harmless = |c: char| c.is_alphanumeric() || PLAIN.contains(c);
    let lower = word.to_lowercase();
    let is_address = ["://", "www.", "mailto:", "xmpp:"].iter().any(|it| lower.contains(it));
    let is_mark = is_first && !word.starts_with(|c: char| c.is_alphabetic());
    word.chars().all(is_harmless) && !is_address && !is_mark
}

/// `text` as code, in a cell too: a fence longer than any run of backticks in it.
pub(in crate::report) fn code(text: &str) -> String {
    let text = visible(text);
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The same within a row of a table.
pub(in crate::report) fn cell(text: &str) -> String {
    inline(text).replace('|', "\\|")
}

/// `text` within a line of HTML.
pub(super) fn html(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            // What sites make links and mentions of.
            '@' | '#' | ':' | '`' | '*' | '_' | '[' | '~' => {
                let _ = write!(written, "&#{};", u32::from(c));
            }
            c => written.push(c),
        }
    }
    written
}
