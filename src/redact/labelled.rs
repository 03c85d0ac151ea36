//! Addresses by their labels, in text for people.

use std::borrow::Cow;

use crate::model::Redacted;

/// Text made from redacted records, with stand-ins for addresses called by their labels. Text that
/// a program reads keeps the stand-ins, whose labels stand in the run.
#[must_use]
pub fn labelled<'t>(text: &'t str, redacted: Option<&Redacted>) -> Cow<'t, str> {
    let Some(redacted) = redacted else { return text.into() };
    let mut all: Vec<_> = redacted.addresses.iter().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.shown.len()));
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b".:".contains(byte);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    let mut last = None;
    'text: while let Some(first) = rest.chars().next() {
        if first.is_ascii_hexdigit() && !last.as_ref().is_some_and(is_of_word) {
            for one in &all {
                let Some(after) = rest.strip_prefix(&*one.shown) else { continue };
                // `10.1.2.3` is no part of `10.1.2.34`, and may be followed by a port or a full
                // stop.
                let mut bytes = after.bytes();
                let is_whole = match (bytes.next(), bytes.next()) {
                    (Some(b'.'), Some(next)) => !next.is_ascii_digit(),
                    (Some(b':'), _) => !one.shown.contains(':'),
                    (Some(next), _) => !next.is_ascii_alphanumeric(),
                    (None, _) => true,
                };
                if is_whole {
                    shown.push_str(&one.label);
                    last = one.label.bytes().last();
                    rest = after;
                    continue 'text;
                }
            }
        }
        shown.push(first);
        last = u8::try_from(first).ok();
        rest = &rest[first.len_utf8()..];
    }
    shown.into()
}
