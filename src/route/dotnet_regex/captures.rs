//! The capturing groups of a pattern, which decide what `\12` means in it.

use super::fault::{PatternFault, invalid, unsupported};

/// The names of the capturing groups, in the order in which the groups open.
pub(super) struct Captures<'a> {
    groups: Vec<Option<&'a str>>,
}

impl<'a> Captures<'a> {
    /// Finds the groups before the pattern is read, as .NET does: `\12` is a reference only where
    /// there are twelve of them.
    pub(super) fn of(pattern: &'a str) -> Self {
        let mut groups = Vec::new();
        let mut rest = pattern;
        while let Some(at) = rest.find(['\\', '[', '(']) {
            let opened = rest.as_bytes()[at];
            rest = &rest[at + 1..];
            match opened {
                b'\\' => {
                    rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
                }
                b'[' => rest = after_class(rest),
                _ => match rest.strip_prefix('?') {
                    None => groups.push(None),
                    Some(special) => {
                        rest = special;
                        if let Some(comment) = special.strip_prefix('#') {
                            rest = comment.split_once(')').map_or("", |(_, after)| after);
                        } else if let Some(name) = name_of(special) {
                            groups.push(Some(name));
                        }
                    }
                },
            }
        }
        Self { groups }
    }

    fn names(&self) -> Vec<&'a str> {
        let mut names = Vec::new();
        for name in self.groups.iter().flatten() {
            if !names.contains(name) {
                names.push(name);
            }
        }
        names
    }

    /// The number of groups that can be referred to by number. Groups of one name share one.
    pub(super) fn count(&self) -> usize {
        self.groups.iter().filter(|name| name.is_none()).count() + self.names().len()
    }

    /// A reference to the group of this name or number. .NET numbers the groups without a name
    /// before those with one; `fancy-regex` numbers all of them in the order in which they open.
    pub(super) fn reference(&self, name: &str) -> Result<String, PatternFault> {
        if self.groups.iter().flatten().any(|name| name.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(unsupported("a group that is named by a number"));
        }
        let Ok(number) = name.parse::<usize>() else {
            let is_there = self.groups.contains(&Some(name));
            return if is_there {
                Ok(format!("\\k<{name}>"))
            } else {
                Err(invalid(format!("there is no group '{name}'")))
            };
        };
        if number == 0 {
            return Err(unsupported("a reference to the whole match"));
        }
        let mut unnamed = self.groups.iter().enumerate().filter(|(_, name)| name.is_none());
        let n_unnamed = unnamed.clone().count();
        if let Some((index, _)) = unnamed.nth(number - 1) {
            return Ok(format!("\\{}", index + 1));
        }
        match self.names().get(number - 1 - n_unnamed) {
            Some(name) => Ok(format!("\\k<{name}>")),
            None => Err(invalid(format!("there is no group {number}"))),
        }
    }
}

/// The name of a group, from the text behind its `(?`: `<name>` or `'name'`.
fn name_of(special: &str) -> Option<&str> {
    let close = match special.chars().next()? {
        '<' if !special.starts_with("<=") && !special.starts_with("<!") => '>',
        '\'' => '\'',
        _ => return None,
    };
    special[1..].split_once(close).map(|(name, _)| name)
}

/// The text behind a class, from the text behind its `[`.
fn after_class(text: &str) -> &str {
    let text = text.strip_prefix('^').unwrap_or(text);
    let mut rest = text.strip_prefix(']').unwrap_or(text);
    while let Some(at) = rest.find(['\\', '[', ']']) {
        let found = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match found {
            b']' => return rest,
            b'[' => rest = &rest[posix_length(rest)..],
            _ => rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or(""),
        }
    }
    ""
}

/// The length of the `:name:]` that follows a `[` within a class. .NET skips it and keeps the
/// bracket.
pub(super) fn posix_length(rest: &str) -> usize {
    let Some(name) = rest.strip_prefix(':') else { return 0 };
    let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if name[length..].starts_with(":]") { length + 3 } else { 0 }
}
