//! Text that means nothing to `CommonMark` and its tables, whoever wrote it.

use crate::model::visible;

/// `text` as Markdown that shows it, in a paragraph or in a cell of a table: no markup, no link, no
/// HTML, and on one line.
#[must_use]
pub fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut shown = String::with_capacity(text.len() + 16);
    let mut is_first = true;
    for c in text.chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            // A cell ends at this one even behind a backslash in some readers.
            '|' => shown.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '~' | '!' | '$' | '#' => {
                shown.push('\\');
                shown.push(c);
            }
            // Only at the beginning of a line do these make a list or a heading's underline.
            '-' | '+' | '=' | ':' if is_first => {
                shown.push('\\');
                shown.push(c);
            }
            // A number before one of these begins a list.
            '.' | ')' if shown.chars().all(|c| c.is_ascii_digit()) && !shown.is_empty() => {
                shown.push('\\');
                shown.push(c);
            }
            // What a code host would make a mention or a link of.
            '@' => shown.push_str("&#64;"),
            c => shown.push(c),
        }
        is_first = is_first && c.is_whitespace();
    }
    // A bare URL becomes a link in GitHub's dialect, wherever it leads.
    shown.replace("://", "\u{3a}&#47;/").replace("www.", "www&#46;")
}
