//! Text to fit a terminal: nothing in it that a terminal would obey, and no line too wide.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

pub(in crate::report) use crate::model::visible;

/// How many columns `text` takes.
pub(in crate::report) fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in lines of at most `width` columns, broken at blanks where there is a choice. Always at
/// least one line; several blanks in a row are kept within a line.
pub(in crate::report) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        if !line.is_empty() {
            let joined = format!("{line} {word}");
            if columns(&joined) <= width {
                line = joined;
                continue;
            }
            lines.push(line.trim_end().to_owned());
        }
        while columns(word) > width {
            let (front, back) = word.split_at(fitting(word, width));
            lines.push(front.to_owned());
            word = back;
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

/// `text` in at most `width` columns, its middle left out: names are known by their first label
/// and their domain.
pub(in crate::report) fn ellipsize(text: &str, width: usize) -> Cow<'_, str> {
    const GAP: &str = "...";
    if columns(text) <= width {
        return text.into();
    }
    let room = width.saturating_sub(GAP.len());
    let front = &text[..fitting(text, room.div_ceil(2))];
    let start = text
        .char_indices()
        .map(|(at, _)| at)
        .find(|at| columns(&text[*at..]) <= room.saturating_sub(columns(front)))
        .unwrap_or(text.len());
    format!("{front}{GAP}{}", &text[start..]).into()
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
    fn lines_break_between_words_where_they_can() {
        for (text, width, expected) in [
            ("", 5, &[""][..]),
            ("one two three", 8, &["one two", "three"]),
            ("one two three", 7, &["one two", "three"]),
            ("one two three", 6, &["one", "two", "three"]),
            ("abcdefgh ij", 4, &["abcd", "efgh", "ij"]),
            ("x abcdefgh", 4, &["x", "abcd", "efgh"]),
            ("a  b c", 4, &["a  b", "c"]),
            ("ab  cd", 3, &["ab", "cd"]),
            ("\u{4e2d}\u{4e2d}\u{4e2d}", 5, &["\u{4e2d}\u{4e2d}", "\u{4e2d}"]),
        ] {
            assert_eq!(wrap(text, width), expected, "{text}");
        }
    }

    #[test]
    fn long_names_keep_their_ends() {
        for (text, width, expected) in [
            ("a.contoso.com", 13, "a.contoso.com"),
            ("prod-weu-1.servicebus.windows.net", 20, "prod-weu-...dows.net"),
            ("\u{4e2d}\u{4e2d}\u{4e2d}\u{4e2d}", 7, "\u{4e2d}...\u{4e2d}"),
        ] {
            assert_eq!(ellipsize(text, width), expected);
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
            prop_assert!(!shown.contains(crate::model::is_obeyed));
            let lines = wrap(&shown, width);
            for line in &lines {
                prop_assert!(columns(line) <= width, "{line:?}");
            }
            let kept: String = lines.concat().split_whitespace().collect();
            let all: String = shown.split_whitespace().collect();
            prop_assert_eq!(kept, all);
            prop_assert!(columns(&ellipsize(&shown, width)) <= width);
            prop_assert!(columns(&shorten(&shown, width)) <= width);
        }
    }
}
