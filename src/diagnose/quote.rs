//! What foreign hosts say, made fit for our own sentences: on one line, bounded, and without what a
//! terminal or a reader would take for something else.

use std::borrow::Cow;

use super::finding::Draft;
use crate::model::{HttpAnswer, is_obeyed};

/// How many characters of a `Server` field are quoted.
const LONGEST_SERVER: usize = 32;
/// How many characters of a title are quoted.
const LONGEST_TITLE: usize = 48;

/// An answer on one line: `HTTP 403, Server: Contoso-GW, title "Access Denied"`.
pub(super) fn answer(answer: &HttpAnswer) -> String {
    let mut text = format!("HTTP {}", answer.status);
    if let Some(server) = answer.header("Server").map(|server| words(server, LONGEST_SERVER))
        && !server.is_empty()
    {
        text.push_str(", Server: ");
        text.push_str(&server);
    }
    if let Some(title) = title(&answer.body) {
        text.push_str(", title \"");
        text.push_str(&words(&title, LONGEST_TITLE));
        text.push('"');
    }
    text
}

/// The header fields that say who answered.
const HEAD: [&str; 3] = ["Content-Type", "Server", "Via"];
/// How many characters of a field are quoted.
const LONGEST_FIELD: usize = 160;

/// Adds as evidence what an answer says about its sender.
pub(super) fn with_head(draft: Draft, answer: &HttpAnswer) -> Draft {
    let status_line = words(&status_line(answer), LONGEST_FIELD);
    let mut draft = draft.evidence(format!("HTTP {status_line}"));
    for name in HEAD {
        if let Some(value) = answer.header(name) {
            draft = draft.evidence(format!("{name}: {}", words(value, LONGEST_FIELD)));
        }
    }
    match title(&answer.body) {
        Some(title) => draft.evidence(format!("title: {title}")),
        None => draft,
    }
}

pub(super) fn status_line(answer: &HttpAnswer) -> String {
    if answer.reason.is_empty() {
        answer.status.to_string()
    } else {
        format!("{} {}", answer.status, answer.reason)
    }
}

/// The header that gives the sender away as a line of evidence, unless [`with_head`] adds it.
pub(super) fn beside_head(name: &str, value: &str) -> Option<String> {
    let is_shown = HEAD.iter().any(|shown| shown.eq_ignore_ascii_case(name));
    (!is_shown).then(|| format!("{name}: {}", words(value, LONGEST_FIELD)))
}

/// At most `longest` characters of `text`, with its white space folded. Characters that cannot be
/// printed, or that change how the rest is read, are left out.
pub(super) fn words(text: &str, longest: usize) -> String {
    let mut printable = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let word: Cow<'_, str> =
            if word.contains(is_obeyed) { word.replace(is_obeyed, "").into() } else { word.into() };
        if !printable.is_empty() && !word.is_empty() {
            printable.push(' ');
        }
        printable.push_str(&word);
    }
    match printable.char_indices().nth(longest) {
        Some((end, _)) => {
            printable.truncate(end);
            format!("{}…", printable.trim_end())
        }
        None => printable,
    }
}

/// The title of a page, if it has one.
pub(super) fn title(body: &str) -> Option<String> {
    const LONGEST: usize = 80;
    let lower = body.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = words(&body[start..end], LONGEST);
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(server: &str, body: &str) -> HttpAnswer {
        HttpAnswer {
            status: 403,
            reason: "Forbidden".to_owned(),
            headers: vec![("Server".to_owned(), server.to_owned())],
            body: body.to_owned(),
            is_cut: false,
        }
    }

    #[test]
    fn an_answer_is_quoted_with_who_sent_it_and_its_title() {
        let title = "<title>Access Denied - Contoso Web Gateway</title>";
        assert_eq!(
            answer(&page("Contoso-GW", title)),
            "HTTP 403, Server: Contoso-GW, title \"Access Denied - Contoso Web Gateway\""
        );
        assert_eq!(answer(&page("", "no title")), "HTTP 403");
    }

    #[test]
    fn titles_are_read_on_one_line() {
        for (body, expected) in [
            ("<HTML><Title id=a>\n Access\n Denied </TITLE>", Some("Access Denied")),
            ("<title>never ends", None),
            ("<title></title>", None),
            ("<title>\u{202e}\u{200b}</title>", None),
        ] {
            assert_eq!(title(body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn hostile_words_are_bounded_and_printable() {
        for (text, expected) in [
            ("Contoso\u{1b}[31m GW\r\nX: y", "Contoso [31m GW X: y"),
            ("\u{202e}moc.osotnoc\u{202c}", "moc.osotnoc"),
            ("a\u{0}b\u{9b}c", "a b c"),
            ("  ", ""),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"),
        ] {
            assert_eq!(words(text, 32), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_said_fits_on_one_line(server in ".{0,90}", text in ".{0,200}") {
            let quoted = answer(&page(&server, &format!("<title>{text}</title>")));
            proptest::prop_assert!(!quoted.chars().any(is_obeyed));
            proptest::prop_assert!(quoted.chars().count() < 120);
            let _ = title(&text);
        }
    }
}
