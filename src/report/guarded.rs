//! The last writer before a terminal or a file: what a terminal would obey does not pass it, and no
//! authentication key.
//!
//! Writers of text write out what strangers chose by [`visible`](crate::model::visible), so that a
//! line break in a name begins no line. This one makes sure of the rest wherever that was
//! forgotten. What it writes in place of a character is JSON's notation, so that JSON stays JSON:
//! there, such characters stand within strings only.

use std::io::{self, Write};

use crate::model::{Escaped, KEY_MASK, KeyRest, is_obeyed, key_behind, key_end};

/// The longest sequence that sets a colour, bytes: what is longer is none of ours.
const LONGEST_COLOR: usize = 24;

/// Passes text on without control, escape and bidirectional characters and with authentication keys
/// masked; line ends, tabs and, where it is told so, colours stay. [`Guarded::finish`] ends it.
#[derive(Debug)]
pub struct Guarded<W> {
    out: W,
    has_colors: bool,
    /// The beginning of a character, line end or colour whose rest has not come yet.
    begun: Vec<u8>,
    /// The last two bytes that passed, which may be the beginning of a key.
    last: [u8; 2],
    /// The rest of a key is coming, which does not pass.
    is_in_key: bool,
}

/// What stands at the beginning of some bytes.
enum Next {
    /// So many bytes that pass as they are.
    Passes(usize),
    /// A character that does not, and its length.
    Obeyed(char, usize),
    /// So many bytes that are no text.
    Broken(usize),
    /// A key behind its `IR`, of which so many bytes are told.
    Key(usize),
    /// More is needed to tell.
    Begun,
}

impl<W: Write> Guarded<W> {
    /// For text without colours, and JSON.
    pub const fn new(out: W) -> Self {
        Self::of(out, false)
    }

    /// For a table whose cells are written out already, and whose colours are our own.
    pub const fn colored(out: W) -> Self {
        Self::of(out, true)
    }

    const fn of(out: W, has_colors: bool) -> Self {
        Self { out, has_colors, begun: Vec::new(), last: [0; 2], is_in_key: false }
    }

    /// Writes what is left, and gives the writer back.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn finish(mut self) -> io::Result<W> {
        let begun = std::mem::take(&mut self.begun);
        self.pass(&begun, true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Writes of `bytes` what can be told; gives how much that is.
    fn pass(&mut self, bytes: &[u8], is_end: bool) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.is_in_key {
                rest = &rest[key_end(rest)..];
                self.is_in_key = rest.is_empty();
                continue;
            }
            let (front, back) = rest.split_at(plain(rest));
            self.out.write_all(front)?;
            self.remember(front);
            rest = back;
            let length = match self.next(rest) {
                Next::Passes(length) => {
                    self.out.write_all(&rest[..length])?;
                    length
                }
                Next::Obeyed(c, length) => {
                    write!(self.out, "{}", Escaped(c))?;
                    length
                }
                Next::Key(length) => {
                    self.out.write_all(KEY_MASK.as_bytes())?;
                    self.is_in_key = true;
                    length
                }
                Next::Begun if !is_end => break,
                Next::Begun if may_begin_key(rest[0]) => {
                    self.out.write_all(&rest[..1])?;
                    1
                }
                Next::Begun if rest[0].is_ascii() => {
                    write!(self.out, "{}", Escaped(rest[0].into()))?;
                    1
                }
                Next::Begun => {
                    self.out.write_all("\u{fffd}".as_bytes())?;
                    rest.len()
                }
                Next::Broken(length) => {
                    self.out.write_all("\u{fffd}".as_bytes())?;
                    length
                }
            };
            self.remember(&rest[..length]);
            rest = &rest[length..];
        }
        Ok(bytes.len() - rest.len())
    }

    /// Keeps the last of what passed.
    fn remember(&mut self, passed: &[u8]) {
        match passed {
            [] => {}
            [one] => self.last = [self.last[1], *one],
            [.., before, one] => self.last = [*before, *one],
        }
    }

    fn next(&self, bytes: &[u8]) -> Next {
        match bytes {
            [] => Next::Passes(0),
            [b'\r'] => Next::Begun,
            [b'\r', b'\n', ..] => Next::Passes(2),
            [0x1b, after @ ..] if self.has_colors => color(after),
            [c, ..] if may_begin_key(*c) => match key_behind(self.last, bytes) {
                KeyRest::Other => Next::Passes(1),
                KeyRest::Cut => Next::Begun,
                KeyRest::Key(length) => Next::Key(length),
            },
            [c, ..] if c.is_ascii() => Next::Obeyed((*c).into(), 1),
            _ => character(&bytes[..bytes.len().min(4)]),
        }
    }
}

/// A colour after its escape character: `[1;31m`.
fn color(after: &[u8]) -> Next {
    let Some(end) = after.iter().position(|c| !matches!(c, b'[' | b'0'..=b'9' | b';')) else {
        let may_come = after.len() < LONGEST_COLOR && after.first().is_none_or(|c| *c == b'[');
        return if may_come { Next::Begun } else { Next::Obeyed('\u{1b}', 1) };
    };
    let is_color = after[end] == b'm'
        && end < LONGEST_COLOR
        && after.first() == Some(&b'[')
        && !after[1..end].contains(&b'[');
    if is_color { Next::Passes(end + 2) } else { Next::Obeyed('\u{1b}', 1) }
}

fn character(bytes: &[u8]) -> Next {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => match (error.valid_up_to(), error.error_len()) {
            (0, None) => return Next::Begun,
            (0, Some(length)) => return Next::Broken(length),
            (valid, _) => std::str::from_utf8(&bytes[..valid]).unwrap_or_default(),
        },
    };
    match text.chars().next() {
        Some(c) if is_obeyed(c) => Next::Obeyed(c, c.len_utf8()),
        Some(c) => Next::Passes(c.len_utf8()),
        None => Next::Passes(0),
    }
}

/// Whether a byte can be the first behind the `IR` of a key.
const fn may_begin_key(byte: u8) -> bool {
    matches!(byte, b'@' | b'%')
}

/// How many bytes at the beginning of `bytes` pass without a closer look. Reports are hundreds of
/// megabytes of them: whole blocks are judged at once.
fn plain(bytes: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t') && !may_begin_key(*byte);
    let blocks = bytes
        .chunks_exact(BLOCK)
        .take_while(|block| block.iter().fold(true, |all, byte| all & is_plain(byte)))
        .count();
    let judged = blocks * BLOCK;
    bytes[judged..].iter().position(|byte| !is_plain(byte)).map_or(bytes.len(), |at| judged + at)
}

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.begun.is_empty() {
            let passed = self.pass(bytes, false)?;
            self.begun.extend_from_slice(&bytes[passed..]);
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let passed = self.pass(&all, false)?;
        self.begun.extend_from_slice(&all[passed..]);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::arbitrary;

    /// What comes out when `bytes` come in pieces of `size`.
    fn passed(bytes: &[u8], size: usize, has_colors: bool) -> String {
        let mut guarded = Guarded::of(Vec::new(), has_colors);
        for piece in bytes.chunks(size) {
            guarded.write_all(piece).unwrap();
        }
        String::from_utf8(guarded.finish().unwrap()).unwrap()
    }

    #[test]
    fn what_a_terminal_would_obey_does_not_pass() {
        for (bytes, expected) in [
            (&b"a line\n\tindented\r\n"[..], "a line\n\tindented\r\n"),
            (b"over\rwritten", "over\\u000dwritten"),
            (b"at the end\r", "at the end\\u000d"),
            (b"\x1b[31mred\x07\x7f", "\\u001b[31mred\\u0007\\u007f"),
            ("\u{9b}31m \u{202e} \u{2066}".as_bytes(), "\\u009b31m \\u202e \\u2066"),
            ("b\u{fc}cher \u{4e2d} \u{1f512}".as_bytes(), "b\u{fc}cher \u{4e2d} \u{1f512}"),
            ("\u{e0041}".as_bytes(), "\\udb40\\udc41"),
            (b"cut \xe2\x80", "cut \u{fffd}"),
            (b"broken \xff\xc3(", "broken \u{fffd}\u{fffd}("),
        ] {
            for size in [1, 2, 3, 100] {
                assert_eq!(passed(bytes, size, false), expected, "{size}");
            }
        }
    }

    #[test]
    fn colors_pass_where_they_are_ours_and_nothing_else() {
        for (text, expected) in [
            ("\u{1b}[1;31mFAIL\u{1b}[0m x", "\u{1b}[1;31mFAIL\u{1b}[0m x"),
            ("\u{1b}[2J", "\\u001b[2J"),
            ("\u{1b}]0;x\u{7}", "\\u001b]0;x\\u0007"),
            ("\u{1b}[1[1m", "\\u001b[1[1m"),
            ("\u{1b}m", "\\u001bm"),
            ("\u{1b}[1;", "\\u001b[1;"),
            ("\u{1b}[1111111111111111111111111111m", "\\u001b[1111111111111111111111111111m"),
        ] {
            for size in [1, 4, 100] {
                assert_eq!(passed(text.as_bytes(), size, true), expected, "{size}");
            }
        }
    }

    #[test]
    fn no_key_passes_in_whatever_pieces_it_comes() {
        const KEY: &str = "IR@11111111-2222@cws@we@S3cretAbC/d+=";
        for (before, after) in [
            ("", ""),
            ("{\"title\":\"", "\",\"n\":1}"),
            ("\"a\\n", "\\u0007b\""),
            ("a,", ",443\n"),
            ("<b>", "</b>"),
            ("100% of air@contoso.com: ", "\u{2026}"),
        ] {
            for key in [KEY.to_owned(), KEY.replace('@', "%40")] {
                let text = format!("{before}{key}{after}");
                for size in [1, 2, 3, 20, 100] {
                    let expected = format!("{before}IR@****{after}");
                    assert_eq!(passed(text.as_bytes(), size, false), expected, "{size}");
                }
            }
        }
        for text in ["IR@home", "IR@", "IR%4", "50%", "IR@****@x", "a@b@c"] {
            assert_eq!(passed(text.as_bytes(), 1, true), text);
        }
    }

    proptest! {
        #[test]
        fn json_means_the_same_behind_it(text in arbitrary::text(), size in 1..9_usize) {
            let json = serde_json::to_vec(&text).unwrap();
            let shown = passed(&json, size, false);
            prop_assert!(!shown.contains(is_obeyed), "{shown:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
