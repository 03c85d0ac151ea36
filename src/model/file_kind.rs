//! Which of the program's own files a text is: they are taken for one another.

use std::fmt;

/// A kind of file, by the schema that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// What `--save-records` writes.
    Records,
    /// What `--format json` of `check` and `replay` writes.
    Report,
    /// What `resolve --format json` writes.
    Names,
    /// Another of ours, by its schema.
    Other(String),
}

impl FileKind {
    /// The kind that the beginning of `text` names; `None` where the file is not one of ours.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        const SEEN: usize = 1024;
        const LONGEST: usize = 40;
        let text = String::from_utf8_lossy(&text[..text.len().min(SEEN)]);
        let (_, after) = text.split_once("\"schema\"")?;
        let schema = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let (schema, _) = schema.split_once('"')?;
        let (kind, _version) = schema.strip_prefix("pathproof.")?.split_once('/')?;
        Some(match kind {
            "records" => Self::Records,
            "report" => Self::Report,
            "names" => Self::Names,
            _ => Self::Other(schema.chars().take(LONGEST).collect()),
        })
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records => f.write_str("saved records"),
            Self::Report => f.write_str("a report"),
            Self::Names => f.write_str("what resolve --format json writes"),
            Self::Other(schema) => write!(f, "a file of the schema {schema}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_schema() {
        for (text, expected) in [
            ("{\"schema\":\"pathproof.report/1\",\n", Some(FileKind::Report)),
            ("{\n  \"schema\" : \"pathproof.names/1\"", Some(FileKind::Names)),
            ("{\"type\":\"run\",\"schema\":\"pathproof.records/1\"", Some(FileKind::Records)),
            (
                "{\"schema\":\"pathproof.plan/1\"",
                Some(FileKind::Other("pathproof.plan/1".to_owned())),
            ),
            ("{\"schema\":\"other/1\"", None),
            ("root:x:0:0", None),
        ] {
            assert_eq!(FileKind::of(text.as_bytes()), expected, "{text}");
        }
    }
}
