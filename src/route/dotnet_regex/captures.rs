//! The groups that capture: what `\12` means depends on how many there are.

use super::{PatternFault, invalid, unsupported};

/// The groups that capture, in the order in which they open; with their names.
pub(super) struct Captures<'a> {
    groups: Vec<Option<&'a str>>,
}

impl<'a> Captures<'a> {
    /// .NET counts them before it reads the pattern: what `\12` means depends on it.
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

    /// How many numbers there are.
    pub(super) fn count(&self) -> usize {
        self.groups.iter().filter(|name| name.is_none()).count() + self.names().len()
    }

    /// A reference to the group of this name or number. .NET numbers the groups without a name
    /// first, then the others; here each has the place where it opens.
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
        if let Some((place, _)) = unnamed.nth(number - 1) {
            return Ok(format!("\\{}", place + 1));
        }
        match self.names().get(number - 1 - n_unnamed) {
            Some(name) => Ok(format!("\\k<{name}>")),
            None => Err(invalid(format!("there is no group {number}"))),
        }
    }
}

/// The name in `<name>` or `'name'`, where this is how a group goes on after its `(?`.
fn name_of(special: &str) -> Option<&str> {
    let close = match special.chars().next()? {
        '<' if !special.starts_with("<=") && !special.starts_with("<!") => '>',
        '\'' => '\'',
        _ => return None,
    };
    special[1..].split_once(close).map(|(name, _)| name)
}

/// What follows a class, from after its `[`.
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

/// How much of `:name:]` follows a `[` within a class: .NET reads over it and keeps the bracket.
pub(super) fn posix_length(rest: &str) -> usize {
    let Some(name) = rest.strip_prefix(':') else { return 0 };
    let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if name[length..].starts_with(":]") { length + 3 } else { 0 }
}
