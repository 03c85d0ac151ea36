//! Text to fit a terminal: nothing in it that a terminal would obey, and lines as wide as it is.

use unicode_width::UnicodeWidthStr;

pub(in crate::report) use crate::model::visible;

/// How many columns `text` takes.
pub(in crate::report) fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in lines of at most `width` columns, broken at blanks. A word that is wider stands on a
/// line of its own, whole: a name that is cut can be neither searched for nor copied, and where the
/// terminal is narrower it wraps it by itself. Always at least one line; several blanks in a row
/// are kept within a line.
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
            ("abcdefgh ij", 4, &["abcdefgh", "ij"]),
            ("x abcdefgh", 4, &["x", "abcdefgh"]),
            ("a  b c", 4, &["a  b", "c"]),
            ("ab  cd", 3, &["ab", "cd"]),
            ("\u{4e2d}\u{4e2d} \u{4e2d}", 5, &["\u{4e2d}\u{4e2d}", "\u{4e2d}"]),
        ] {
            assert_eq!(wrap(text, width), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_too_wide_and_nothing_is_lost(
            text in arbitrary::text(),
            width in 8..60_usize,
        ) {
            let shown = visible(&text);
            prop_assert!(!shown.contains(crate::model::is_obeyed));
            let lines = wrap(&shown, width);
            for line in &lines {
                prop_assert!(columns(line) <= width || !line.contains(' '), "{line:?}");
            }
            let kept: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            let all: Vec<&str> = shown.split_whitespace().collect();
            prop_assert_eq!(kept, all, "no word is cut");
        }
    }
}
