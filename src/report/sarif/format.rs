//! The part of SARIF 2.1.0 that is written here, as types. A crate of the whole format brings a
//! schema compiler and its own syntax tree into every build for a dozen objects; that these keep
//! the schema is a test.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::visible;
use crate::report::Guarded;

/// What `properties` holds of what SARIF has no word for.
pub(super) type PropertyBag = Map<String, Value>;

/// The root of a file.
#[derive(Debug, Serialize)]
struct SarifLog {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [SarifRun; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifRun {
    pub(super) tool: SarifTool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invocations: Option<[SarifInvocation; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<LogicalLocation>,
    pub(super) results: Vec<SarifResult>,
    pub(super) column_kind: &'static str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) properties: PropertyBag,
}

#[derive(Debug, Serialize)]
pub(super) struct SarifTool {
    driver: SarifDriver,
}

#[derive(Debug, Serialize)]
struct SarifDriver {
    name: String,
    version: String,
    rules: Vec<SarifRule>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifInvocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time_utc: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_time_utc: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) machine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit_code: Option<u8>,
    /// Whether the program could do its work, whatever it found.
    pub(super) execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_execution_notifications: Vec<SarifNotification>,
}

/// What the program has to say of its work.
#[derive(Debug, Serialize)]
pub(super) struct SarifNotification {
    pub(super) level: SarifLevel,
    pub(super) message: SarifText,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifRule {
    pub(super) id: String,
    pub(super) short_description: SarifText,
    pub(super) full_description: SarifText,
    pub(super) help: SarifText,
    pub(super) default_configuration: DefaultLevel,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) properties: PropertyBag,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct DefaultLevel {
    pub(super) level: SarifLevel,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult {
    pub(super) rule_id: String,
    pub(super) rule_index: usize,
    pub(super) kind: ResultKind,
    pub(super) level: SarifLevel,
    pub(super) message: SarifText,
    pub(super) locations: Vec<SarifLocation>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) properties: PropertyBag,
}

/// What a rule came to. Whatever is no failure has the level `none` (SARIF 2.1.0, 3.27.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ResultKind {
    Fail,
    /// There was not enough to decide by.
    Open,
}

/// How bad a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SarifLevel {
    /// It is for no failure: what could not be decided.
    None,
    /// It works, and could be better.
    Note,
    /// It works, with something to look at.
    Warning,
    /// It does not work.
    Error,
}

impl SarifLevel {
    pub(super) const fn kind(self) -> ResultKind {
        match self {
            Self::None => ResultKind::Open,
            Self::Note | Self::Warning | Self::Error => ResultKind::Fail,
        }
    }
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<LogicalLocation>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<FileRegion>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ArtifactLocation {
    pub(super) uri: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileRegion {
    pub(super) start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_column: Option<usize>,
}

/// Something that has a name and stands in no file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    /// Its place in the run's table, where it stands in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    pub(super) name: String,
    pub(super) fully_qualified_name: String,
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_index: Option<usize>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) properties: PropertyBag,
}

/// Text as it is, and as Markdown where that shows more.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SarifText {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

impl SarifText {
    /// Plain text. In SARIF it is a little language: `{0}` takes an argument, and `[words](target)`
    /// is a link. Neither is meant here, whoever wrote it.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: literal(text), markdown: None }
    }

    /// The same with Markdown, whose words are escaped already.
    pub(super) fn with_markdown(text: &str, markdown: &str) -> Self {
        Self { markdown: Some(doubled_braces(markdown)), ..Self::plain(text) }
    }
}

/// `text` with braces doubled (SARIF 2.1.0, 3.11.5) and brackets escaped where they would make a
/// link (3.11.6).
fn literal(text: &str) -> String {
    let text = doubled_braces(text);
    if text.contains("](") { text.replace('[', "\\[").replace("](", "\\](") } else { text }
}

fn doubled_braces(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A list of words that strangers may have chosen, for a property.
pub(super) fn words<T: AsRef<str>>(texts: &[T]) -> Value {
    texts.iter().map(|text| visible(text.as_ref())).collect()
}

/// The rules of a run, each once, in the order in which they are met.
#[derive(Debug, Default)]
pub(super) struct RuleTable {
    rules: Vec<SarifRule>,
    by_id: BTreeMap<String, usize>,
}

impl RuleTable {
    /// The place of the rule `id`, which is made where it was not met before.
    pub(super) fn index(&mut self, id: &str, make: impl FnOnce() -> SarifRule) -> usize {
        if let Some(index) = self.by_id.get(id) {
            return *index;
        }
        self.rules.push(make());
        self.by_id.insert(id.to_owned(), self.rules.len() - 1);
        self.rules.len() - 1
    }

    /// The tool that has these rules.
    pub(super) fn into_tool(self, name: &str, version: &str) -> SarifTool {
        let (name, version) = (visible(name).into_owned(), visible(version).into_owned());
        SarifTool { driver: SarifDriver { name, version, rules: self.rules } }
    }
}

/// Writes a file of one run.
pub(super) fn write(run: SarifRun, out: &mut impl Write) -> io::Result<()> {
    let log = SarifLog {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [run],
    };
    let mut guarded = Guarded::new(out);
    serde_json::to_writer_pretty(&mut guarded, &log)?;
    guarded.write_all(b"\n")?;
    guarded.finish().map(drop)
}
