//! How far a secret goes, from where it begins in a text: to the end of its quotes, of its field of
//! a connection string, or of its word.

/// Quotes as entities of XML and HTML, and as word processors set them, with what ends them.
const OTHER_QUOTES: [(&str, &[&str]); 9] = [
    ("&quot;", &["&quot;"]),
    ("&apos;", &["&apos;"]),
    ("&#34;", &["&#34;"]),
    ("&#39;", &["&#39;"]),
    ("“", &["”"]),
    ("„", &["“", "”"]),
    ("‘", &["’"]),
    ("‚", &["‘", "’"]),
    ("«", &["»"]),
];
/// The longest value of a connection string that is looked for behind blanks, in bytes.
const LONGEST_FIELD: usize = 200;

/// The longest name of a field of a connection string.
const LONGEST_NAME: usize = 40;
/// The longest text in brackets, in characters.
const LONGEST_BRACKET: usize = 4096;

/// The length of the value at the beginning of `text`, whose name and sign end `before`.
pub(super) fn value(before: &str, text: &str) -> usize {
    if let Some(quote) = Quote::at(text) {
        return quote.end(text).unwrap_or(text.len());
    }
    let line = first_line(text);
    if text.starts_with(['{', '[']) {
        let Some(end) = bracket(text) else { return line.len() };
        // `}}` stands for a `}` of a value in braces (ODBC). In JSON a comma ends the value.
        let is_json = before.trim_end().ends_with(':');
        let is_end = |c: char| c.is_whitespace() || c == ';' || is_json && c == ',';
        return end + text[end..].find(is_end).unwrap_or(text.len() - end);
    }
    // First what looks no further than a field is long: a text may hold thousands of names.
    let is_assigned = before.trim_end().ends_with('=');
    if let Some(end) = field(line).filter(|_| is_assigned) {
        return end;
    }
    let word = word(line);
    if is_later_field(before) {
        let sentence = line.find(['"', '\'']).into_iter().chain(line.find(". ")).min();
        return word.max(sentence.unwrap_or(line.len()));
    }
    word
}

/// The length of the argument of a command line at the beginning of `text`.
pub(super) fn argument(text: &str) -> usize {
    let line = first_line(text);
    match Quote::at(line) {
        Some(quote) => quote.end(line).unwrap_or(line.len()),
        None => line.find(char::is_whitespace).unwrap_or(line.len()),
    }
}

/// The length of what stands in quotes at the beginning of `text`, and ends in the same line.
pub(super) fn quoted(text: &str) -> Option<usize> {
    let line = first_line(text);
    Quote::at(line)?.end(line)
}

/// The text of an element at the beginning of `text`, up to a tag that ends one.
pub(super) fn content(text: &str) -> usize {
    let end = ["</", "&lt;/"].iter().filter_map(|tag| text.find(tag)).min();
    end.unwrap_or_else(|| text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// The beginning of a quotation.
enum Quote {
    /// A sign behind some backslashes: JSON within JSON escapes its quotes.
    Sign {
        sign: char,
        escapes: usize,
    },
    Other {
        start: &'static str,
        ends: &'static [&'static str],
    },
}

impl Quote {
    fn at(text: &str) -> Option<Self> {
        let bare = text.trim_start_matches('\\');
        if let Some(sign) = bare.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            return Some(Self::Sign { sign, escapes: text.len() - bare.len() });
        }
        let (start, ends) = OTHER_QUOTES.into_iter().find(|(start, _)| text.starts_with(start))?;
        Some(Self::Other { start, ends })
    }

    /// Where the quotation ends. A quote written twice is part of it.
    fn end(&self, text: &str) -> Option<usize> {
        match self {
            Self::Sign { sign, escapes } => {
                let again = format!("{}{sign}", "\\".repeat(*escapes));
                let mut at = escapes + 1;
                loop {
                    let found = at + text[at..].find(*sign)?;
                    let front = &text[at..found];
                    let n_escapes = front.len() - front.trim_end_matches('\\').len();
                    at = found + 1;
                    // Each level of JSON doubles the backslashes, and adds one.
                    if n_escapes % (2 * (escapes + 1)) != *escapes {
                        continue;
                    }
                    match text[at..].strip_prefix(&again) {
                        Some(_) => at += again.len(),
                        None => return Some(at),
                    }
                }
            }
            Self::Other { start, ends } => {
                let rest = &text[start.len()..];
                let end = ends.iter().filter_map(|end| Some(rest.find(end)? + end.len())).min()?;
                Some(start.len() + end)
            }
        }
    }
}

/// Where the bracket at the beginning of `text` closes. Those in quotes do not count.
fn bracket(text: &str) -> Option<usize> {
    let text = start_of(text);
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '"' | '\'' | '\\' => Quote::at(rest).and_then(|it| it.end(rest)).unwrap_or(1),
            _ => c.len_utf8(),
        };
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Where the first word of a line ends: at a blank, or at the tag behind it. A bracket that opens
/// in it closes in it.
fn word(line: &str) -> usize {
    let blank = line.find(char::is_whitespace).unwrap_or(line.len());
    let tag = ["</", "&lt;/"].iter().filter_map(|tag| line[..blank].find(tag)).min();
    let end = tag.unwrap_or(blank);
    let is_open = line[..end].matches('(').count() > line[..end].matches(')').count();
    match line[end..].find(')').filter(|_| is_open) {
        Some(at) => end + at + 1,
        None => end,
    }
}

/// Where the field of a connection string at the beginning of `line` ends, if one more follows or
/// the string ends there.
fn field(line: &str) -> Option<usize> {
    let mut ends = line.match_indices(';').map(|(at, _)| at).take_while(|at| *at <= LONGEST_FIELD);
    ends.find(|at| !ends_reference(&line[..*at]) && ends_field(&line[at + 1..]))
}

/// Whether what follows a `;` is the end of a connection string, or its next field.
fn ends_field(rest: &str) -> bool {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with(['"', '\'', '\\']) || rest.starts_with("&quot;") {
        return true;
    }
    let mut signs = rest.chars().take(LONGEST_NAME).skip_while(|c| is_of_name(*c));
    rest.starts_with(char::is_alphanumeric) && signs.next() == Some('=')
}

/// Whether `before` ends with the name and sign of a field behind another one.
fn is_later_field(before: &str) -> bool {
    let Some(front) = last_of(before).trim_end().strip_suffix('=') else { return false };
    let Some((fields, name)) = front.rsplit_once(';') else { return false };
    let last = fields.rsplit([';', '\r', '\n']).next().unwrap_or_default();
    last.contains('=') && name.len() <= LONGEST_NAME && name.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ')
}

/// Whether a text ends with a reference to a character, whose `;` ends no field.
fn ends_reference(text: &str) -> bool {
    const LONGEST: usize = "#x10FFFF".len();
    let Some((_, name)) = last_of(text).rsplit_once('&') else { return false };
    let is_of_reference = |c: char| c.is_ascii_alphanumeric() || c == '#';
    (2..=LONGEST).contains(&name.len()) && name.chars().all(is_of_reference)
}

/// As much of a text as is looked through for a bracket that closes.
fn start_of(text: &str) -> &str {
    text.char_indices().nth(LONGEST_BRACKET).map_or(text, |(end, _)| &text[..end])
}

/// As much of the end of a text as a field of a connection string takes.
fn last_of(text: &str) -> &str {
    let start = text.len().saturating_sub(2 * LONGEST_FIELD);
    let start = (start..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_on_for_as_long_as_they_may() {
        for (before, secret, after) in [
            ("Password=", "Hunter2 Sun Flower", ";Encrypt=True connect failed"),
            ("Password=", "Hunter2 Sun Flower", ";"),
            ("A=1;Password=", "Hunter2 Sun", ". Unable to connect"),
            ("A=1;Password=", "Hunter2 Sun", "\" failed"),
            ("password=", "Hunter2", " failed. Unable to connect; try later"),
            ("Pwd=", "\"Hun\"\"terQ2 dd\"", ";U=1"),
            ("Pwd=", "'Hun''ter2'", " more"),
            ("AccountKey=", "QUJD REVG==", ";EndpointSuffix=core"),
            ("sig=", "abc&amp;se=2", " failed"),
            ("Password=", "semi;colon.", " Unable"),
            ("Password=", "{br;ace}}x}", ";Server=1"),
            ("\"password\": ", "[\"Arr]ay\"]", ", \"a\": 1"),
            ("\"password\":", "{\"type\":\"x\",\"value\":\"y z\"}", ",\"a\":1"),
            ("password=", "SecureString(value=a b)", " more"),
            ("password:", "\\\"hun\\\\\\\"ter2\\\"", ",\\\"a\\\""),
            ("password: ", "hunter2", "</td> more"),
            ("Password=", "", ";Server=x"),
        ] {
            let text = format!("{secret}{after}");
            assert_eq!(&text[..value(before, &text)], secret, "{before}{text}");
        }
    }
}
