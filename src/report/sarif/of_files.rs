//! What is wrong with files that a user keeps (`agent lint`, `lists lint`, `rules verify`) as
//! SARIF: each result with its file and, where that is known, its line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::format::{
    self, ArtifactLocation, DefaultLevel, FileRegion, LogicalLocation, PhysicalLocation,
    PropertyBag, RuleTable, SarifInvocation, SarifLevel, SarifLocation, SarifNotification,
    SarifResult, SarifRule, SarifRun, SarifText,
};
use crate::model::visible;

/// What one command has to say about files.
#[derive(Clone, Debug, Default)]
pub struct LintedFiles {
    /// Each thing that it found, in its order.
    pub results: Vec<FileResult>,
    /// What else is known of all of it, by name.
    pub properties: Vec<(&'static str, Value)>,
    /// What is to be known of the files themselves.
    pub notes: Vec<String>,
}

/// One thing that was found.
#[derive(Clone, Debug)]
pub struct FileResult {
    /// What kind of thing it is.
    pub rule: FileRule,
    /// How bad it is; [`SarifLevel::None`] for what could not be decided.
    pub level: SarifLevel,
    /// What is wrong, a sentence a line.
    pub message: String,
    /// Where: several files may share one fault.
    pub locations: Vec<FileLocation>,
    /// What else is known, by name.
    pub properties: Vec<(&'static str, Value)>,
}

/// A kind of thing that a command finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// Its stable word.
    pub id: &'static str,
    /// What it means, in one sentence.
    pub sentence: &'static str,
    /// How bad it is as a rule.
    pub level: SarifLevel,
}

/// A location in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileLocation {
    /// The file, as the user named it; `None` where it stands in none.
    pub file: Option<String>,
    /// Its line and column, both from 1.
    pub line: Option<usize>,
    /// The column, in characters.
    pub column: Option<usize>,
    /// What is there, by its name, and its kind: a rule of a group.
    pub named: Option<(String, &'static str)>,
}

/// Writes what was found as one SARIF file.
///
/// # Errors
/// What `out` returns.
pub fn files(lint: &LintedFiles, out: &mut impl Write) -> io::Result<()> {
    let mut rules = RuleTable::default();
    let results = lint.results.iter().map(|one| result(one, &mut rules)).collect();
    let run = SarifRun {
        tool: rules.into_tool("pathproof", env!("CARGO_PKG_VERSION")),
        invocations: (!lint.notes.is_empty()).then(|| [told(&lint.notes)]),
        logical_locations: Vec::new(),
        results,
        column_kind: "unicodeCodePoints",
        properties: bag(&lint.properties),
    };
    format::write(run, out)
}

/// An invocation of which only the notes are said: who made it, and when, is in no file of rules.
fn told(notes: &[String]) -> SarifInvocation {
    let notification = |note: &String| SarifNotification {
        level: SarifLevel::Note,
        message: SarifText::plain(&visible(note)),
    };
    SarifInvocation {
        execution_successful: true,
        tool_execution_notifications: notes.iter().map(notification).collect(),
        ..SarifInvocation::default()
    }
}

fn result(found: &FileResult, rules: &mut RuleTable) -> SarifResult {
    let lines: Vec<_> = found.message.lines().map(visible).collect();
    SarifResult {
        rule_id: found.rule.id.to_owned(),
        rule_index: rules.index(found.rule.id, || rule(found.rule)),
        kind: found.level.kind(),
        level: found.level,
        message: SarifText::plain(&lines.join("\n")),
        locations: found.locations.iter().map(location).collect(),
        partial_fingerprints: BTreeMap::new(),
        properties: bag(&found.properties),
    }
}

fn bag(properties: &[(&'static str, Value)]) -> PropertyBag {
    properties.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn rule(rule: FileRule) -> SarifRule {
    SarifRule {
        id: rule.id.to_owned(),
        short_description: SarifText::plain(rule.sentence),
        full_description: SarifText::plain(rule.sentence),
        help: SarifText::plain(rule.sentence),
        default_configuration: DefaultLevel { level: rule.level },
        properties: PropertyBag::new(),
    }
}

fn location(found: &FileLocation) -> SarifLocation {
    SarifLocation {
        physical_location: found.file.as_ref().map(|file| PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(file) },
            region: found
                .line
                .map(|start_line| FileRegion { start_line, start_column: found.column }),
        }),
        logical_locations: found.named.iter().map(named).collect(),
    }
}

fn named((name, kind): &(String, &'static str)) -> LogicalLocation {
    let name = visible(name).into_owned();
    LogicalLocation { fully_qualified_name: name.clone(), name, kind, ..LogicalLocation::default() }
}

/// A path as a URI reference (RFC 3986): relative where the path is. Windows' separators become
/// slashes, and its drives a part of the path.
fn uri(path: &str) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    let mut parts = path.chars();
    let is_drive = parts.next().is_some_and(|c| c.is_ascii_alphabetic())
        && parts.next() == Some(':')
        && matches!(parts.next(), Some('/' | '\\'));
    let is_windows = is_drive || path.starts_with(r"\\");
    let slashed = if is_windows { path.replace('\\', "/") } else { path.to_owned() };
    let shown = utf8_percent_encode(&slashed, ESCAPED);
    if is_drive {
        format!("file:///{shown}")
    } else if slashed.starts_with("//") {
        format!("file:{shown}")
    } else if slashed.starts_with('/') {
        format!("file://{shown}")
    } else {
        // A colon in the first segment would be a scheme's.
        let first = slashed.split('/').next().unwrap_or_default();
        if first.contains(':') { format!("./{shown}") } else { shown.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        for (path, expected) in [
            ("rules.json", "rules.json"),
            ("a b/50% [x].json", "a%20b/50%25%20%5Bx%5D.json"),
            ("/etc/rules.json", "file:///etc/rules.json"),
            ("//server/rules.json", "file://server/rules.json"),
            (r"C:\rules\a b.json", "file:///C:/rules/a%20b.json"),
            (r"\\server\share\a.json", "file://server/share/a.json"),
            (r"a\b.json", "a%5Cb.json"),
            ("javascript:alert(1)", "./javascript:alert(1)"),
            ("dir/x:y", "dir/x:y"),
            ("r\u{202e}.json", "r%E2%80%AE.json"),
        ] {
            assert_eq!(uri(path), expected, "{path}");
        }
    }
}
