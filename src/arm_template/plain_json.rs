//! The JSON that Azure's tools accept of template authors, made plain.

/// Removes what only Azure's tools accept: `//` and `/* */` comments, commas before a closing
/// bracket, and line ends within strings. Everything outside strings keeps its line, because errors
/// name lines.
#[must_use]
pub fn plain_json(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    // The offset of the last comma, as long as only blanks and comments have followed it.
    let mut open_comma = None;
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('"', _) => {
                open_comma = None;
                copy_string(&mut rest, &mut plain);
            }
            ('/', Some('/')) => while rest.next_if(|c| *c != '\n').is_some() {},
            ('/', Some('*')) => {
                rest.next();
                let mut before = ' ';
                for c in rest.by_ref() {
                    if c == '\n' {
                        plain.push('\n');
                    }
                    if (before, c) == ('*', '/') {
                        break;
                    }
                    before = c;
                }
                plain.push(' ');
            }
            (',', _) => {
                open_comma = Some(plain.len());
                plain.push(',');
            }
            ('}' | ']', _) => {
                if let Some(comma) = open_comma.take() {
                    plain.replace_range(comma..=comma, " ");
                }
                plain.push(c);
            }
            _ => {
                if !c.is_whitespace() {
                    open_comma = None;
                }
                plain.push(c);
            }
        }
    }
    plain
}

/// Copies the rest of a string, whose opening quote was read, and escapes line ends in it.
fn copy_string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, plain: &mut String) {
    plain.push('"');
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                plain.push('\\');
                plain.extend(rest.next());
            }
            '\n' => plain.push_str("\\n"),
            '\r' => plain.push_str("\\r"),
            '\t' => plain.push_str("\\t"),
            _ => plain.push(c),
        }
        if c == '"' {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_and_commas_go_and_strings_stay() {
        for (text, expected) in [
            ("{\"a\": 1 // one\n}", r#"{"a":1}"#),
            ("{/* two\nlines */\"a\": [1, 2, /* x */ ],}", r#"{"a":[1,2]}"#),
            (r#"{"a": "//x /* y */ ,]"}"#, r#"{"a":"//x /* y */ ,]"}"#),
            (r#"{"a": "\"//", "b": 1}"#, r#"{"a":"\"//","b":1}"#),
            ("\u{feff}{\"a\": \"[concat('x',\r\n 'y')]\"}", r#"{"a":"[concat('x',\r\n 'y')]"}"#),
            ("[1, 2]", "[1,2]"),
        ] {
            let value: serde_json::Value = serde_json::from_str(&plain_json(text)).unwrap();
            assert_eq!(value.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn errors_keep_their_line() {
        let error = serde_json::from_str::<serde_json::Value>(&plain_json("{ // a\n/* b\n */ x }"));
        assert_eq!(error.unwrap_err().line(), 3);
    }

    proptest! {
        /// What was JSON already stays the same value.
        #[test]
        fn plain_json_stays(text in "\\PC{0,40}", number in any::<i64>()) {
            let value = serde_json::json!({"k": [text, number, {"x": null}]});
            for written in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let read: serde_json::Value = serde_json::from_str(&plain_json(&written)).unwrap();
                prop_assert_eq!(&read, &value);
            }
        }

        #[test]
        fn nothing_panics(text in ".{0,80}") {
            let _ = plain_json(&text);
        }
    }
}
