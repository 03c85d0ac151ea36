//! Text to fit a terminal: nothing in it that a terminal would obey, and lines as wide as it is.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// `text` with what a terminal would obey, or not show, written out (`\u{1b}`): names, reason
/// phrases and certificates come from strangers, and an escape sequence among them could repaint
/// the report.
pub(in crate::report) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_obeyed(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

/// Control characters (C0, DEL, C1), and the format characters that reorder text, break lines or
/// are nothing to see (Unicode Standard 23.2; CVE-2021-42574).
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// How many columns `text` takes.
pub(in crate::report) fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in lines of at most `width` columns, broken at blanks. A word that is wider stands on a
/// line of its own, whole: a name that is cut can be neither searched for nor copied, and where the
/// terminal is narrower it wraps it by itself. Always at least one line; several blanks in a row are
/// kept within a line.
pub(in crate::report) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() {
            let joined = format!("{line} {word}");
            if columns(&joined) <= width {
                line = joined;
                continue;
            }
            lines.push(line.trim_end().to_owned());
        }
        word.clone_into(&mut line);
    }
    let last = line.trim_end();
    if !last.is_empty() || lines.is_empty() {
        lines.push(last.to_owned());
    }
    lines
}

/// How many bytes of `text` fit into `width` columns; at least one character's.
fn fitting(text: &str, width: usize) -> usize {
    let mut end = text.chars().next().map_or(0, char::len_utf8);
    for (at, c) in text.char_indices().skip(1) {
        let next = at + c.len_utf8();
        // Measured together: neighbours change each other's width.
        if columns(&text[..next]) > width {
            break;
        }
        end = next;
    }
    end
}

/// `text` in at most `width` columns, its end left out.
pub(in crate::report) fn shorten(text: &str, width: usize) -> Cow<'_, str> {
    const GAP: &str = " ...";
    if columns(text) <= width {
        return text.into();
    }
    let kept = &text[..fitting(text, width.saturating_sub(GAP.len()))];
    format!("{}{GAP}", kept.trim_end()).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::arbitrary;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, expected) in [
            ("CN=*.contoso.com", "CN=*.contoso.com"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u{1b}[2J\\u{1b}]0;x\\u{7}"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("moc.\u{202e}osotnoc", "moc.\\u{202e}osotnoc"),
            ("b\u{fc}cher \u{4e2d}", "b\u{fc}cher \u{4e2d}"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn lines_break_between_words_where_they_can() {
        for (text, width, expected) in [
            ("", 5, &[""][..]),
            ("one two three", 8, &["one two", "three"]),
            ("one two three", 7, &["one two", "three"]),
            ("one two three", 6, &["one", "two", "three"]),
            ("abcdefgh ij", 4, &["abcdefgh", "ij"]),
            ("x abcdefgh", 4, &["x", "abcdefgh"]),
            ("a  b c", 4, &["a  b", "c"]),
            ("ab  cd", 3, &["ab", "cd"]),
            ("\u{4e2d}\u{4e2d} \u{4e2d}", 5, &["\u{4e2d}\u{4e2d}", "\u{4e2d}"]),
        ] {
            assert_eq!(wrap(text, width), expected, "{text}");
        }
    }

    #[test]
    fn long_texts_keep_their_beginning() {
        for (text, width, expected) in
            [("one two", 7, "one two"), ("one two three", 8, "one ..."), ("abcdefgh", 7, "abc ...")]
        {
            assert_eq!(shorten(text, width), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_too_wide_and_nothing_is_lost(text in arbitrary::text(), width in 8..60_usize) {
            let shown = visible(&text);
            prop_assert!(!shown.chars().any(is_obeyed));
            let lines = wrap(&shown, width);
            for line in &lines {
                prop_assert!(columns(line) <= width || !line.contains(' '), "{line:?}");
            }
            let kept: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            let all: Vec<&str> = shown.split_whitespace().collect();
            prop_assert_eq!(kept, all, "no word is cut");
            prop_assert!(columns(&shorten(&shown, width)) <= width);
        }
    }
}
