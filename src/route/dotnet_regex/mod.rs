//! Translates regular expressions of .NET Framework for the engine `fancy-regex`.
//!
//! The same text can mean something else to the two: `[a-z-[aeiou]]` is a subtraction to .NET and a
//! nested set to Rust, `\<` is a plain character to .NET and the edge of a word to Rust, and only
//! .NET refuses `a**`. So a pattern is parsed by .NET's rules ("Regular Expression Language - Quick
//! Reference", learn.microsoft.com) and rewritten. It is refused where .NET refuses it, and
//! reported as unsupported where this program cannot follow .NET.

mod captures;
mod fault;

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::CharIndices;

use fancy_regex::{Error, Regex, RegexBuilder};

use self::captures::{Captures, posix_length};
pub use self::fault::PatternFault;
use self::fault::{invalid, unsupported};

/// A pattern as .NET matches it with `IgnoreCase | CultureInvariant`.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Matching was abandoned, because the pattern backtracks without bound. .NET has no limit here,
/// and would hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("matching was given up: the expression backtracks without bound")]
pub struct GaveUp;

impl Pattern {
    /// The most steps of backtracking in one match: far more than a host name needs.
    const BACKTRACK_LIMIT: usize = 100_000;
    /// The most bytes of a pattern: far more than a host name needs.
    const MAX_LENGTH: usize = 10_000;

    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`PatternFault`] says whether .NET refuses it or only this program does.
    pub fn compile(pattern: &str) -> Result<Self, PatternFault> {
        if pattern.len() > Self::MAX_LENGTH {
            return Err(unsupported("it is longer than 10,000 bytes"));
        }
        let rewritten = PatternRewriter::new(pattern).rewrite()?;
        RegexBuilder::new(&rewritten)
            .case_insensitive(true)
            .backtrack_limit(Self::BACKTRACK_LIMIT)
            .build()
            .map(Self)
            .map_err(|error| fault_of(&error))
    }

    /// Whether it matches anywhere in `text`, as `Regex.IsMatch` does.
    ///
    /// # Errors
    /// [`GaveUp`] past the limit of backtracking.
    pub fn is_match(&self, text: &str) -> Result<bool, GaveUp> {
        self.0.is_match(text).map_err(|_| GaveUp)
    }
}

/// What .NET refuses was refused when the pattern was parsed: whatever else this engine refuses may
/// be valid in .NET.
fn fault_of(error: &Error) -> PatternFault {
    PatternFault::Unsupported(error.to_string())
}

/// What comes before the current position, which tells whether a quantifier may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Atom,
    Quantifier,
}

/// Parses a pattern by .NET's rules in one pass and writes it for `fancy-regex`.
struct PatternRewriter<'a> {
    pattern: &'a str,
    chars: Peekable<CharIndices<'a>>,
    written: String,
    before: Before,
    open_groups: usize,
    captures: Captures<'a>,
}

impl<'a> PatternRewriter<'a> {
    fn new(pattern: &'a str) -> Self {
        Self {
            pattern,
            chars: pattern.char_indices().peekable(),
            written: String::with_capacity(pattern.len() + 8),
            before: Before::Nothing,
            open_groups: 0,
            captures: Captures::of(pattern),
        }
    }

    fn rewrite(mut self) -> Result<String, PatternFault> {
        while let Some((at, c)) = self.chars.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    self.open_groups = self
                        .open_groups
                        .checked_sub(1)
                        .ok_or_else(|| invalid("')' without '('"))?;
                    self.written.push(')');
                    self.before = Before::Atom;
                }
                '|' => {
                    self.written.push('|');
                    self.before = Before::Nothing;
                }
                '*' | '+' | '?' => self.quantifier(&self.pattern[at..=at])?,
                '{' => match counted_quantifier(&self.pattern[at..]) {
                    Some(text) => {
                        for _ in 1..text.len() {
                            self.chars.next();
                        }
                        self.quantifier(text)?;
                    }
                    None => self.literal('{'),
                },
                '^' | '$' | '.' => {
                    self.written.push(c);
                    self.before = Before::Atom;
                }
                other => self.literal(other),
            }
        }
        if self.open_groups > 0 {
            return Err(invalid("'(' without ')'"));
        }
        Ok(self.written)
    }

    fn literal(&mut self, c: char) {
        push_literal(&mut self.written, c);
        self.before = Before::Atom;
    }

    fn quantifier(&mut self, text: &str) -> Result<(), PatternFault> {
        match self.before {
            Before::Nothing => return Err(invalid(format!("'{text}' stands after nothing"))),
            Before::Quantifier => {
                return Err(invalid(format!("'{text}' stands after another quantifier")));
            }
            Before::Atom => {}
        }
        if let Some((least, most)) =
            text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).and_then(|t| t.split_once(','))
            && !most.is_empty()
            // Both are digits without a sign, and may be longer than any integer type.
            && number_key(least) > number_key(most)
        {
            return Err(invalid(format!("'{text}' counts downwards")));
        }
        self.written.push_str(text);
        // The `?` of a lazy quantifier is part of it.
        if self.chars.next_if(|(_, c)| *c == '?').is_some() {
            self.written.push('?');
        }
        self.before = Before::Quantifier;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), PatternFault> {
        let Some((_, c)) = self.chars.next() else {
            return Err(invalid("it ends with a single '\\'"));
        };
        match c {
            'A' | 'b' | 'B' | 'z' => {
                self.written.push('\\');
                self.written.push(c);
            }
            // The text has no line ends, so that these are its end and its beginning.
            'Z' => self.written.push_str("\\z"),
            'G' => self.written.push_str("\\A"),
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P' => self.named_class(c)?,
            'k' => {
                let name = self.group_name().ok_or_else(|| invalid("'\\k' without <name>"))?;
                self.reference(name)?;
            }
            '1'..='9' => self.number(c)?,
            // This is an older form of `\k<name>`; without an end it is a plain character.
            '<' | '\'' if let Some(name) = self.old_reference(c) => {
                for _ in 0..=name.chars().count() {
                    self.chars.next();
                }
                self.reference(name)?;
            }
            other => {
                let code = self.code(other)?;
                push_code(&mut self.written, code);
            }
        }
        self.before = Before::Atom;
        Ok(())
    }

    /// The name, where the text goes on with `name>` or `name'`.
    fn old_reference(&mut self, open: char) -> Option<&'a str> {
        let close = if open == '<' { '>' } else { '\'' };
        let (name, _) = self.rest().split_once(close)?;
        (!name.is_empty() && name.chars().all(is_word)).then_some(name)
    }

    /// Writes `\w`, `\d`, `\s`, `\p{L}` or one of their opposites, inside or outside a class.
    fn named_class(&mut self, c: char) -> Result<(), PatternFault> {
        if !matches!(c, 'p' | 'P') {
            self.written.push('\\');
            self.written.push(c);
            return Ok(());
        }
        let name = self.braced().ok_or_else(|| invalid(format!("'\\{c}' without {{name}}")))?;
        if name.starts_with("Is") {
            return Err(unsupported(format!("the Unicode block \\{c}{{{name}}}")));
        }
        if !CATEGORIES.contains(&name) {
            return Err(invalid(format!("'{name}' is no Unicode category")));
        }
        let _ = write!(self.written, "\\{c}{{{name}}}");
        Ok(())
    }

    /// Writes `\1`: a reference where there is a group of this number; otherwise, above 9, an octal
    /// code.
    fn number(&mut self, first: char) -> Result<(), PatternFault> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let text = format!("{first}{}", &self.rest()[..digits]);
        let number = text.parse().unwrap_or(usize::MAX);
        if number <= self.captures.count() {
            for _ in 0..digits {
                self.chars.next();
            }
            return self.reference(&text);
        }
        if number <= 9 {
            return Err(invalid(format!("there is no group {number}")));
        }
        let code = self.code(first)?;
        push_code(&mut self.written, code);
        Ok(())
    }

    fn reference(&mut self, name: &str) -> Result<(), PatternFault> {
        let written = self.captures.reference(name)?;
        self.written.push_str(&written);
        Ok(())
    }

    /// The character that an escape stands for, inside or outside a class. `c` is the character
    /// behind the backslash.
    fn code(&mut self, c: char) -> Result<u32, PatternFault> {
        Ok(match c {
            'a' => 0x07,
            'b' => 0x08,
            'e' => 0x1B,
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'c' => match self.chars.next() {
                Some((_, control)) if matches!(control.to_ascii_uppercase(), '@'..='_') => {
                    u32::from(control.to_ascii_uppercase()) - 0x40
                }
                _ => return Err(invalid("'\\c' without a control character")),
            },
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some((_, digit)) = self.chars.next_if(|(_, c)| c.is_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit.to_digit(8).unwrap_or(0);
                }
                // .NET drops the high bits above 255.
                code & 0xFF
            }
            other if is_word(other) => return Err(invalid(format!("'\\{other}' is no escape"))),
            sign => u32::from(sign),
        })
    }

    fn hexadecimal(&mut self, n_digits: usize) -> Result<u32, PatternFault> {
        let mut code = 0;
        for _ in 0..n_digits {
            let Some((_, digit)) = self.chars.next_if(|(_, c)| c.is_ascii_hexdigit()) else {
                return Err(invalid(format!("expected {n_digits} hexadecimal digits")));
            };
            code = code * 16 + digit.to_digit(16).unwrap_or(0);
        }
        Ok(code)
    }

    fn braced(&mut self) -> Option<&'a str> {
        let (start, _) = self.chars.next_if(|(_, c)| *c == '{')?;
        let rest = &self.pattern[start + 1..];
        let name = &rest[..rest.find('}')?];
        for _ in name.chars().chain(['}']) {
            self.chars.next();
        }
        Some(name)
    }

    /// The name in `<name>` or `'name'`, which begins at the current position.
    fn group_name(&mut self) -> Option<&'a str> {
        let (start, open) = self.chars.next_if(|(_, c)| matches!(c, '<' | '\''))?;
        let close = if open == '<' { '>' } else { '\'' };
        let rest = &self.pattern[start + 1..];
        let name = &rest[..rest.find(close)?];
        for _ in name.chars().chain([close]) {
            self.chars.next();
        }
        Some(name)
    }

    fn group(&mut self) -> Result<(), PatternFault> {
        self.open_groups += 1;
        let outside = self.before;
        self.before = Before::Nothing;
        if self.chars.next_if(|(_, c)| *c == '?').is_none() {
            self.written.push('(');
            return Ok(());
        }
        let rest = self.rest();
        for prefix in [":", "=", "!", ">", "<=", "<!"] {
            if rest.starts_with(prefix) {
                let _ = write!(self.written, "(?{prefix}");
                for _ in prefix.chars() {
                    self.chars.next();
                }
                return Ok(());
            }
        }
        match rest.chars().next() {
            Some('<' | '\'') => {
                let name = self.group_name().ok_or_else(|| invalid("a group's name has no end"))?;
                let (own, is_balancing) = match name.split_once('-') {
                    Some((own, _)) => (own, true),
                    None => (name, false),
                };
                check_group_name(own, is_balancing)?;
                if is_balancing {
                    return Err(unsupported("a balancing group"));
                }
                let _ = write!(self.written, "(?<{name}>");
                Ok(())
            }
            Some('#') => {
                let length = rest.find(')').ok_or_else(|| invalid("a comment has no end"))?;
                for _ in rest[..=length].chars() {
                    self.chars.next();
                }
                self.open_groups -= 1;
                self.before = outside;
                Ok(())
            }
            Some('(') => Err(unsupported("an alternation on a condition")),
            Some(c) if c.is_ascii_alphabetic() || matches!(c, '-' | '+') => self.options(rest),
            _ => Err(invalid("'(?' opens no known group")),
        }
    }

    /// Writes options such as `(?i)` or `(?i-s:`; `rest` begins behind the `?`.
    fn options(&mut self, rest: &str) -> Result<(), PatternFault> {
        let length = rest.find([':', ')']).ok_or_else(|| invalid("'(?' opens no known group"))?;
        let options = rest[..length].to_ascii_lowercase();
        let is_option = |c: &char| matches!(c, 'i' | 'm' | 's' | 'n' | 'x' | '-' | '+');
        if let Some(odd) = options.chars().find(|c| !is_option(c)) {
            return Err(invalid(format!("'(?{odd}' opens no known group")));
        }
        if options.contains(['n', 'x', '+']) {
            return Err(unsupported(format!("the options (?{options})")));
        }
        let _ = write!(self.written, "(?{options}{}", &rest[length..=length]);
        for _ in rest[..=length].chars() {
            self.chars.next();
        }
        if rest[length..].starts_with(')') {
            self.open_groups -= 1;
        }
        Ok(())
    }

    /// Writes a class, whose `[` was read, as .NET's `RegexParser.ScanCharClass` parses it: behind
    /// `\w` and the like a `-` is a plain character, and an escaped `-` neither begins nor ends a
    /// range. Members are written as codes, so that none has a special meaning in a set of
    /// `fancy-regex`.
    fn class(&mut self) -> Result<(), PatternFault> {
        const SUBTRACTION: &str = "the subtraction of one set from another, [a-z-[…]]";
        self.written.push('[');
        if self.chars.next_if(|(_, c)| *c == '^').is_some() {
            self.written.push('^');
        }
        let mut is_first = true;
        let mut range_from = None;
        loop {
            let Some((_, c)) = self.chars.next() else {
                return Err(invalid("'[' without ']'"));
            };
            let was_first = std::mem::replace(&mut is_first, false);
            let mut is_escaped = false;
            let code = match c {
                ']' if !was_first => break,
                '\\' => match self.chars.next() {
                    None => return Err(invalid("'[' without ']'")),
                    Some((_, named @ ('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P'))) => {
                        if range_from.is_some() {
                            return Err(invalid(format!("a range ends with '\\{named}'")));
                        }
                        self.named_class(named)?;
                        continue;
                    }
                    Some((_, '-')) => {
                        push_code(&mut self.written, u32::from('-'));
                        continue;
                    }
                    Some((_, escaped)) => {
                        is_escaped = true;
                        self.code(escaped)?
                    }
                },
                other => {
                    if other == '[' && range_from.is_none() {
                        for _ in 0..posix_length(self.rest()) {
                            self.chars.next();
                        }
                    }
                    u32::from(other)
                }
            };
            let rest = self.rest();
            let is_sign = |sign: char| !is_escaped && !was_first && code == u32::from(sign);
            if let Some(from) = range_from.take() {
                if is_sign('[') {
                    return Err(unsupported(SUBTRACTION));
                }
                if from > code {
                    return Err(invalid("a range of a set counts downwards"));
                }
                push_code(&mut self.written, from);
                self.written.push('-');
                push_code(&mut self.written, code);
            } else if begins_range(rest) {
                range_from = Some(code);
                self.chars.next();
            } else if is_sign('-') && rest.starts_with('[') {
                return Err(unsupported(SUBTRACTION));
            } else {
                push_code(&mut self.written, code);
            }
        }
        self.written.push(']');
        self.before = Before::Atom;
        Ok(())
    }

    fn rest(&mut self) -> &'a str {
        self.chars.peek().map_or("", |(at, _)| &self.pattern[*at..])
    }
}

/// The categories that `\p{…}` knows besides the blocks (.NET's `RegexCharClass`).
const CATEGORIES: [&str; 37] = [
    "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn",
    "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm",
    "So", "Z", "Zl", "Zp", "Zs",
];

/// Whether `rest` begins with a `-` that is not the last character of its class.
fn begins_range(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|after| !after.is_empty() && !after.starts_with(']'))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A name of a group is a number or a word. It may be missing before the `-` of a balancing group.
fn check_group_name(name: &str, may_be_missing: bool) -> Result<(), PatternFault> {
    let is_number = name.starts_with(|c: char| c.is_ascii_digit());
    let is_sound = match (name.is_empty(), is_number) {
        (true, _) => may_be_missing,
        (_, true) => name.bytes().all(|b| b.is_ascii_digit()) && name.bytes().any(|b| b != b'0'),
        (_, false) => name.chars().all(is_word),
    };
    if is_sound { Ok(()) } else { Err(invalid(format!("'{name}' is no name of a group"))) }
}

/// The `{n}`, `{n,}` or `{n,m}` that the text begins with; any other `{` is a plain character.
fn counted_quantifier(text: &str) -> Option<&str> {
    let length = text.find('}')?;
    let counts = &text[1..length];
    let (least, most) = counts.split_once(',').unwrap_or((counts, ""));
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (!least.is_empty() && are_digits(least) && are_digits(most)).then(|| &text[..=length])
}

fn number_key(digits: &str) -> (usize, &str) {
    let digits = digits.trim_start_matches('0');
    (digits.len(), digits)
}

fn push_literal(written: &mut String, c: char) {
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>' | '_') {
        written.push('\\');
    }
    written.push(c);
}

fn push_code(written: &mut String, code: u32) {
    let _ = write!(written, "\\x{{{code:X}}}");
}

#[cfg(test)]
mod tests;
