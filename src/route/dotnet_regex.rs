//! Regular expressions of .NET Framework in the language of `fancy-regex`.
//!
//! The two differ where it hurts: `[a-z-[aeiou]]` is a subtraction there and a set of its own
//! here, `\<` is a sign there and the edge of a word here, `a**` is refused there and accepted
//! here. So a pattern is read by .NET's rules first ("Regular Expression Language - Quick
//! Reference", learn.microsoft.com), rewritten where the meaning would change, and refused or
//! given up where .NET would refuse it or this program cannot follow.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::CharIndices;

use fancy_regex::{CompileError, Error, Regex, RegexBuilder};

/// A pattern as .NET matches it with `IgnoreCase | CultureInvariant`.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a pattern is not matched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// .NET refuses it too.
    #[error("no valid expression: {0}")]
    Invalid(String),
    /// .NET knows it, this program does not: what it matches is not known.
    #[error("cannot be evaluated here: {0}")]
    Unsupported(String),
}

/// The pattern could not be matched to its end: it backtracks without bound. (.NET has no limit
/// here, and would hang.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("matching was given up: the expression backtracks without bound")]
pub struct GaveUp;

impl Pattern {
    /// Steps of backtracking that are allowed for one match: far more than a host name needs.
    const BACKTRACK_LIMIT: usize = 100_000;
    /// No host name is described in more characters.
    const MAX_LENGTH: usize = 10_000;

    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternFault`] says whether .NET refuses it or only this program does.
    pub fn compile(pattern: &str) -> Result<Self, PatternFault> {
        if pattern.len() > Self::MAX_LENGTH {
            return Err(unsupported("it is longer than 10,000 bytes"));
        }
        let rewritten = Reader::new(pattern).rewrite()?;
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

fn fault_of(error: &Error) -> PatternFault {
    match error {
        Error::ParseError(..) => PatternFault::Invalid(error.to_string()),
        Error::CompileError(inner) => match &**inner {
            CompileError::InnerError(inner) if inner.size_limit().is_none() => {
                PatternFault::Invalid(error.to_string())
            }
            CompileError::InvalidGroupName
            | CompileError::InvalidGroupNameBackref(_)
            | CompileError::InvalidBackref(_) => PatternFault::Invalid(error.to_string()),
            _ => PatternFault::Unsupported(error.to_string()),
        },
        _ => PatternFault::Unsupported(error.to_string()),
    }
}

fn invalid(reason: impl Into<String>) -> PatternFault {
    PatternFault::Invalid(reason.into())
}

fn unsupported(reason: impl Into<String>) -> PatternFault {
    PatternFault::Unsupported(reason.into())
}

/// Whether a quantifier may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Atom,
    Quantifier,
}

/// Goes through a pattern once, by .NET's rules, and writes it anew.
struct Reader<'a> {
    pattern: &'a str,
    chars: Peekable<CharIndices<'a>>,
    written: String,
    before: Before,
    open_groups: usize,
}

impl<'a> Reader<'a> {
    fn new(pattern: &'a str) -> Self {
        Self {
            pattern,
            chars: pattern.char_indices().peekable(),
            written: String::with_capacity(pattern.len() + 8),
            before: Before::Nothing,
            open_groups: 0,
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
            // Both are digits; longer means more once leading zeros are gone.
            && number_key(least) > number_key(most)
        {
            return Err(invalid(format!("'{text}' counts downwards")));
        }
        self.written.push_str(text);
        // A lazy quantifier is one quantifier.
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
            // What is matched has no line ends, and matching begins at its beginning.
            'Z' => self.written.push_str("\\z"),
            'G' => self.written.push_str("\\A"),
            '1'..='9' => {
                self.written.push('\\');
                self.written.push(c);
            }
            'k' => self.named_reference()?,
            other => {
                let item = self.class_item(other)?;
                self.written.push_str(&item);
            }
        }
        self.before = Before::Atom;
        Ok(())
    }

    /// What an escape stands for that means the same in and out of a class. `c` is the character
    /// after the backslash.
    fn class_item(&mut self, c: char) -> Result<String, PatternFault> {
        let mut item = String::new();
        match c {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'f' | 'n' | 'r' | 't' | 'v' => {
                item.push('\\');
                item.push(c);
            }
            'a' => item.push_str("\\x07"),
            'e' => item.push_str("\\x1B"),
            'x' => push_code(&mut item, self.hexadecimal(2)?),
            'u' => push_code(&mut item, self.hexadecimal(4)?),
            'c' => match self.chars.next() {
                Some((_, control)) if control.is_ascii_alphabetic() => {
                    push_code(&mut item, u32::from(control.to_ascii_uppercase()) - 0x40);
                }
                _ => return Err(invalid("'\\c' without a control character")),
            },
            '0' => {
                let mut code = 0;
                for _ in 0..2 {
                    let Some((_, digit)) = self.chars.next_if(|(_, c)| c.is_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit.to_digit(8).unwrap_or(0);
                }
                push_code(&mut item, code);
            }
            'p' | 'P' => {
                let name =
                    self.braced().ok_or_else(|| invalid(format!("'\\{c}' without {{name}}")))?;
                if name.starts_with("Is") {
                    return Err(unsupported(format!("the Unicode block \\{c}{{{name}}}")));
                }
                let _ = write!(item, "\\{c}{{{name}}}");
            }
            other if other.is_ascii_alphanumeric() || other == '_' => {
                return Err(invalid(format!("'\\{other}' is no escape")));
            }
            sign => push_literal(&mut item, sign),
        }
        Ok(item)
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

    /// `\k<name>` or `\k'name'`.
    fn named_reference(&mut self) -> Result<(), PatternFault> {
        let name = self.group_name().ok_or_else(|| invalid("'\\k' without <name>"))?;
        let _ = write!(self.written, "\\k<{name}>");
        Ok(())
    }

    /// `<name>` or `'name'`, from where it begins.
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
                if name.contains('-') {
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
            Some(c) if c.is_ascii_alphabetic() || c == '-' => self.options(rest),
            _ => Err(invalid("'(?' opens no known group")),
        }
    }

    /// `(?i)` or `(?i-s:`, from after the `?`.
    fn options(&mut self, rest: &str) -> Result<(), PatternFault> {
        let length = rest.find([':', ')']).ok_or_else(|| invalid("'(?' opens no known group"))?;
        let options = &rest[..length];
        if let Some(odd) = options.chars().find(|c| !matches!(c, 'i' | 'm' | 's' | 'n' | 'x' | '-'))
        {
            return Err(invalid(format!("'(?{odd}' opens no known group")));
        }
        if options.contains(['n', 'x']) {
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

    /// A class, from after its `[`. Signs that only Rust's sets know are escaped.
    fn class(&mut self) -> Result<(), PatternFault> {
        self.written.push('[');
        if self.chars.next_if(|(_, c)| *c == '^').is_some() {
            self.written.push('^');
        }
        let mut is_first = true;
        loop {
            let Some((_, c)) = self.chars.next() else {
                return Err(invalid("'[' without ']'"));
            };
            match c {
                ']' if !is_first => break,
                '\\' => match self.chars.next() {
                    None => return Err(invalid("'[' without ']'")),
                    Some((_, 'b')) => self.written.push_str("\\x08"),
                    Some((_, escaped)) => {
                        let item = self.class_item(escaped)?;
                        self.written.push_str(&item);
                    }
                },
                '-' if self.rest().starts_with('[') => {
                    return Err(unsupported("the subtraction of one set from another, [a-z-[…]]"));
                }
                '-' if self.rest().starts_with('-') => {
                    return Err(unsupported("a range that ends with '-'"));
                }
                '-' => self.written.push('-'),
                other => push_literal(&mut self.written, other),
            }
            is_first = false;
        }
        self.written.push(']');
        self.before = Before::Atom;
        Ok(())
    }

    fn rest(&mut self) -> &'a str {
        self.chars.peek().map_or("", |(at, _)| &self.pattern[*at..])
    }
}

/// `{n}`, `{n,}` or `{n,m}` where the text begins with one; any other `{` is a sign.
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_in_dotnet() {
        const URL: &str = "https://df.westeurope.datafactory.azure.net";
        for (pattern, text, expected) in [
            // Unanchored, whatever the case, a dot for any sign.
            ("DataFactory.Azure", URL, true),
            ("datafactoryXazure", URL, false),
            (r"^https://df\.", URL, true),
            (r"^df\.", URL, false),
            (r"azure\.net$", URL, true),
            (r"azure\.net\Z", URL, true),
            (r"\Ghttps", URL, true),
            (r"https\:\/\/df", URL, true),
            // Alternation, groups, lazy and counted quantifiers.
            (r"(one|we[st]{2}europe)", URL, true),
            (r"we?.*?europe", URL, true),
            (r"t{1,2}p", URL, true),
            (r"t{3,}p", URL, false),
            (r"(?:https?)://(?<host>df)\.", URL, true),
            (r"(?'host'df)\.", URL, true),
            (r"(d)f.*\1ata", URL, true),
            (r"(?<x>d)f.*\k<x>ata", URL, true),
            (r"^(?!.*datafactory).*$", URL, false),
            (r"(?<=https://)df", URL, true),
            (r"(?<!x)df(?#the factory)\.", URL, true),
            (r"(?i)DF", URL, true),
            (r"(?-i)DF", URL, false),
            (r"(?-i:DF)|europe", URL, true),
            // Classes: a bracket, an ampersand, a tilde in a set are signs.
            (r"[^a-z]//[a-f]+\.", URL, true),
            (r"[]d]f", URL, true),
            (r"a[[x]b", "a[b", true),
            (r"a[x&&y]b", "a&b", true),
            (r"a[x~~y]b", "axb", true),
            (r"a[\-\]\d]b", "a-b", true),
            (r"a[\b]b", "a\u{8}b", true),
            (r"[-a]b", "-b", true),
            (r"[a-]b", "-b", true),
            // Escapes that differ.
            (r"a\<b\>", "a<b>", true),
            (r"\x64f\u002E", URL, true),
            (r"\e\a\cA\012", "\u{1b}\u{7}\u{1}\n", true),
            (r"\p{L}+\P{Lu}", URL, true),
            // Braces that count nothing, brackets that close nothing.
            ("a{b}", "a{b}", true),
            ("a{,2}", "a{,2}", true),
            ("a]", "a]", true),
            ("a#b ~&-", "a#b ~&-", true),
            ("", URL, true),
            ("bücher", "https://BÜCHER.example", true),
        ] {
            let compiled = Pattern::compile(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(compiled.is_match(text), Ok(expected), "{pattern} on {text}");
        }
    }

    #[test]
    fn what_dotnet_refuses_is_refused() {
        for (pattern, part) in [
            ("*.contoso.com", "'*' stands after nothing"),
            ("+a", "after nothing"),
            ("a|*", "after nothing"),
            ("(?:*)", "after nothing"),
            ("{2}a", "after nothing"),
            ("a**", "after another quantifier"),
            ("a*+", "after another quantifier"),
            ("a{2}{3}", "after another quantifier"),
            ("a{3,2}", "downwards"),
            ("(a", "'(' without ')'"),
            ("a)", "')' without '('"),
            ("[a", "'[' without ']'"),
            ("[]", "'[' without ']'"),
            ("[z-a]", ""),
            ("a\\", "single"),
            (r"\q", "no escape"),
            (r"\_", "no escape"),
            (r"\x6", "hexadecimal"),
            (r"\u12", "hexadecimal"),
            (r"\pL", "without {name}"),
            (r"\p{Nonsense}", ""),
            (r"\1", ""),
            (r"\k<none>", ""),
            ("(?P<name>a)", "opens no known group"),
            ("(?|a)", "opens no known group"),
            ("(?", "opens no known group"),
            ("(?<n", "no end"),
        ] {
            match Pattern::compile(pattern) {
                Err(PatternFault::Invalid(reason)) => {
                    assert!(reason.contains(part), "{pattern}: {reason}");
                }
                other => panic!("{pattern}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_only_dotnet_knows_is_given_up_and_not_misread() {
        for pattern in [
            r"\p{IsBasicLatin}+",
            "[a-z-[aeiou]]",
            "(?<open-close>a)",
            "(?(a)b|c)",
            "(?n)(a)",
            "(?x) a",
            "[+--]",
            "((a{1000}){1000}){1000}",
        ] {
            let found = Pattern::compile(pattern);
            assert!(matches!(found, Err(PatternFault::Unsupported(_))), "{pattern}: {found:?}");
        }
    }

    #[test]
    fn backtracking_without_bound_is_given_up() {
        let pattern = Pattern::compile(r"^(?:(\w+)\s?)*\1!$").unwrap();
        assert_eq!(pattern.is_match(&"a".repeat(60)), Err(GaveUp));
    }

    proptest! {
        #[test]
        fn no_pattern_panics(wild in "\\PC{0,30}", plausible in "[a-c.*+?|(){}\\[\\]^$\\\\<>:=!#0-9,&~-]{0,30}") {
            for text in [wild, plausible] {
                if let Ok(pattern) = Pattern::compile(&text) {
                    let _ = pattern.is_match("https://a.b.c:80");
                }
            }
        }

        #[test]
        fn an_escaped_name_matches_itself_alone(name in "[a-z]{1,6}(\\.[a-z-]{1,6}){1,3}", other in "[a-z.]{1,12}") {
            let pattern = format!("^https://{}$", name.replace('.', r"\."));
            let pattern = Pattern::compile(&pattern).unwrap();
            prop_assert_eq!(pattern.is_match(&format!("https://{name}")), Ok(true));
            prop_assert_eq!(pattern.is_match(&format!("https://{other}")), Ok(other == name));
        }
    }
}
