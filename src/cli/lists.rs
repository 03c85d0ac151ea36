//! `lists list|show|lint|new|schema`: the endpoint lists, their sources and their faults, and new
//! ones.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

use super::arguments::{LintFormat, ListsArgs, ListsCommand, NewListArgs};
use super::exit::Exit;
use super::input::Stdin;
use super::recorded::redacted_value;
use super::request::named_list;
use super::{output, saved};
use crate::files;
use crate::list::{
    self, DraftEndpoint, EndpointList, HostPattern, ListDraft, ListEntry, ListError, TextPosition,
};
use crate::model::{Cloud, Kind, Origin, Reach, Role, visible};
use crate::report::sarif::{self, FileLocation, FileResult, FileRule, LintedFiles, SarifLevel};
use crate::report_v1::Endpoint;
use crate::tags::Snapshot;

/// By which editors complete and check lists.
const SCHEMA: &str = include_str!("../../docs/endpoint-list.schema.json");

pub(super) fn lists(command: &ListsArgs) -> Result<Exit> {
    match &command.command {
        ListsCommand::List => print(&all()),
        ListsCommand::Show { id, cloud } => print(&shown(&named_list(id, (*cloud).into())?)),
        ListsCommand::Lint { file, format, output } => {
            if let Some(path) = output {
                output::check_writable(path)?;
            }
            lint(file, *format, output.as_deref())
        }
        ListsCommand::New(command) => new(command),
        ListsCommand::Schema { output } => {
            output::write(output.as_deref(), |out| out.write_all(SCHEMA.as_bytes()))?;
            Ok(Exit::Satisfied)
        }
    }
}

/// A list from names and from what a report shows, in this order.
fn new(command: &NewListArgs) -> Result<Exit> {
    if let Some(path) = &command.output {
        // Someone has gone on with a list that is there.
        if path.exists() {
            bail!("{} is there already: give another name (--output)", path.display());
        }
        output::check_writable(path)?;
    }
    let mut endpoints = Vec::new();
    for text in &command.endpoint {
        endpoints.push(DraftEndpoint::parse(text).with_context(|| redacted_value(text))?);
    }
    let mut origin = "names on the command line".to_owned();
    if let Some(path) = &command.from {
        let report = saved::read(path, "--from", &mut Stdin::default())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = visible(&name).into_owned();
        origin = match command.endpoint.len() {
            0 => format!("the report {name}"),
            _ => format!("{origin} and the report {name}"),
        };
        endpoints.extend(report.endpoints.iter().filter_map(of_report));
    }
    let id = command.output.as_deref().and_then(Path::file_stem).unwrap_or_default();
    let draft = ListDraft::new(&id.to_string_lossy(), endpoints);
    if draft.is_empty() {
        bail!("the report shows no endpoint that a list could hold");
    }
    let text = draft.text(&origin)?;
    output::write(command.output.as_deref(), |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Satisfied)
}

/// An endpoint of a report. Gateways are left out, as every run finds them from their relays.
fn of_report(endpoint: &Endpoint<'_>) -> Option<DraftEndpoint> {
    if endpoint.origin.as_deref() == Some(Origin::Gateway.as_str()) {
        return None;
    }
    let role = endpoint.role.as_deref();
    Some(DraftEndpoint {
        id: Some(endpoint.entry.clone().into_owned()),
        host: HostPattern::parse(&endpoint.host).ok()?,
        port: endpoint.port?,
        kind: Kind::parse(endpoint.kind.as_deref().unwrap_or(Kind::Https.as_str()))?,
        role: Role::ALL.into_iter().find(|known| role == Some(known.as_str())),
        required: endpoint.required.unwrap_or(true),
        purpose: endpoint.purpose.clone().into_owned(),
    })
}

fn lint(file: &Path, format: LintFormat, output: Option<&Path>) -> Result<Exit> {
    let name = file.display().to_string();
    let text =
        files::read_text(file, files::SHORT).with_context(|| format!("cannot read {name}"))?;
    let read = list::parse(&text, &name);
    let doubtful = read.as_ref().map(|list| doubtful_tags(list, &text)).unwrap_or_default();
    if format == LintFormat::Sarif {
        let errors = read.as_ref().err().map_or(&[][..], |errors| &errors.errors);
        let n_more = read.as_ref().err().map_or(0, |errors| errors.n_more);
        let lint = LintedFiles {
            results: errors
                .iter()
                .map(fault)
                .chain(doubtful.iter().map(|tag| tag.result(&name)))
                .collect(),
            properties: (n_more > 0).then(|| ("notShown", n_more.into())).into_iter().collect(),
            notes: Vec::new(),
        };
        output::write(output, |mut out| sarif::files(&lint, &mut out))?;
        return Ok(if read.is_ok() { Exit::Satisfied } else { Exit::CouldNotWork });
    }
    let list = read.map_err(|errors| anyhow!("{errors}"))?;
    let entries = match list.entries.len() {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    let mut sound = format!("{name}: sound; {entries} of '{}'\n", list.id);
    for tag in &doubtful {
        let TextPosition { line, column } = tag.position;
        let _ = writeln!(sound, "{}:{line}:{column}: warning: {}", visible(&name), tag.message);
    }
    output::write(output, |out| out.write_all(sound.as_bytes()))?;
    Ok(Exit::Satisfied)
}

/// A service tag that is probably misspelt.
struct DoubtfulTag {
    position: TextPosition,
    message: String,
}

impl DoubtfulTag {
    fn result(&self, file: &str) -> FileResult {
        let sentence = "A service tag is not known, and one that is known is written much alike.";
        FileResult {
            rule: FileRule { id: "service-tag", sentence, level: SarifLevel::Warning },
            level: SarifLevel::Warning,
            message: self.message.clone(),
            locations: vec![FileLocation {
                file: Some(file.to_owned()),
                line: Some(self.position.line),
                column: Some(self.position.column),
                named: None,
            }],
            properties: Vec::new(),
        }
    }
}

/// The service tags of a list that are almost one of those that the program carries. It carries
/// those that matter here, and newer ones exist: what is like none of them is not judged.
fn doubtful_tags(list: &EndpointList, text: &str) -> Vec<DoubtfulTag> {
    let clouds = list.cloud.map_or_else(|| Cloud::ALL.to_vec(), |cloud| vec![cloud]);
    let snapshots: Vec<_> = clouds.into_iter().map(Snapshot::embedded).collect();
    let known = || snapshots.iter().flat_map(|one| one.tags.tags()).map(|tag| tag.name.as_str());
    let mut given: Vec<&String> =
        list.entries.iter().flat_map(|entry| &entry.expect.service_tags).collect();
    given.sort_unstable();
    given.dedup();
    let date = snapshots.first().map(|one| one.date.as_str()).unwrap_or_default();
    let mut doubtful = Vec::new();
    for tag in given {
        if known().any(|known| known.eq_ignore_ascii_case(tag)) {
            continue;
        }
        let Some(near) = list::nearest(tag, known()) else { continue };
        let message = format!(
            "'{}' is no service tag that is known here (as of {date}; did you mean '{near}'?)",
            visible(tag)
        );
        // TOML has strings in both quotes.
        for quote in ['"', '\''] {
            for (at, _) in text.match_indices(&format!("{quote}{tag}{quote}")) {
                let position = TextPosition::of(text, at);
                doubtful.push(DoubtfulTag { position, message: message.clone() });
            }
        }
    }
    doubtful.sort_by_key(|tag| tag.position);
    doubtful
}

/// What is wrong with a list, at its place.
fn fault(error: &ListError) -> FileResult {
    let (id, sentence) = error.problem.kind();
    let position = error.position;
    FileResult {
        rule: FileRule { id, sentence, level: SarifLevel::Error },
        level: SarifLevel::Error,
        message: error.problem.to_string(),
        locations: vec![FileLocation {
            file: Some(error.file.clone()),
            line: Some(position.line),
            column: Some(position.column),
            named: None,
        }],
        properties: Vec::new(),
    }
}

fn print(text: &str) -> Result<Exit> {
    output::write(None, |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Satisfied)
}

fn all() -> String {
    let mut text = String::new();
    for embedded in list::embedded() {
        let list = embedded.list();
        let _ = writeln!(text, "{:<14} {:<7} {}", embedded.id, embedded.cloud.as_str(), list.title);
    }
    text
}

fn shown(list: &EndpointList) -> String {
    let cloud = list.cloud.map_or("any", Cloud::as_str);
    let mut text = format!("{} ({cloud}): {}\n", list.id, list.title);
    for entry in &list.entries {
        entry_lines(entry, &mut text);
    }
    text
}

fn entry_lines(entry: &ListEntry, text: &mut String) {
    let ports: Vec<String> = entry.ports.iter().map(u16::to_string).collect();
    let needed = match (&entry.group, entry.required) {
        (Some(group), _) => format!("with --with {group}"),
        (None, true) => "required".to_owned(),
        (None, false) => "not required".to_owned(),
    };
    let path = match entry.expect.reach {
        Reach::Any => String::new(),
        Reach::Public => ", public path only".to_owned(),
        Reach::Private => ", private path only".to_owned(),
    };
    let _ = writeln!(
        text,
        "\n{}  {} port {} ({}), {needed}{path}",
        entry.id,
        entry.host,
        ports.join(", "),
        entry.kind.as_str()
    );
    let rows = [
        ("role", entry.role.as_str().to_owned()),
        ("for", entry.purpose.clone()),
        ("private-link zones", entry.expect.private_zones.join(", ")),
        ("service tags", entry.expect.service_tags.join(", ")),
        ("source", dated(&entry.source, &entry.date)),
        ("note", entry.note.clone()),
    ];
    for (word, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "    {word}: {value}");
    }
}

fn dated(source: &str, date: &str) -> String {
    if date.is_empty() { source.to_owned() } else { format!("{source}, of {date}") }
}

impl From<super::arguments::CloudArg> for Cloud {
    fn from(cloud: super::arguments::CloudArg) -> Self {
        match cloud {
            super::arguments::CloudArg::Public => Self::Public,
            super::arguments::CloudArg::Usgov => Self::UsGov,
            super::arguments::CloudArg::China => Self::China,
        }
    }
}
