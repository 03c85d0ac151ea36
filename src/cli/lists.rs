//! `lists list|show|lint`: the endpoint lists, their sources and their faults.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::arguments::{LintFormat, ListsArgs, ListsCommand};
use super::exit::Exit;
use super::output;
use crate::files;
use crate::list::{self, EndpointList, ListEntry, ListError};
use crate::model::{Cloud, Reach};
use crate::report::sarif::{self, FileLocation, FileResult, FileRule, LintedFiles, SarifLevel};

pub(super) fn lists(command: &ListsArgs) -> Result<Exit> {
    match &command.command {
        ListsCommand::List => print(&all()),
        ListsCommand::Show { id, cloud } => print(&shown(&list::find(id, (*cloud).into())?)),
        ListsCommand::Lint { file, format, output } => {
            if let Some(path) = output {
                output::check_writable(path)?;
            }
            lint(file, *format, output.as_deref())
        }
    }
}

fn lint(file: &Path, format: LintFormat, output: Option<&Path>) -> Result<Exit> {
    let name = file.display().to_string();
    let bytes = files::read(file).with_context(|| format!("cannot read {name}"))?;
    let text = list::decode(&bytes).with_context(|| format!("cannot read {name}"))?;
    let read = list::parse(&text, &name);
    if format == LintFormat::Sarif {
        let errors = read.as_ref().err().map_or(&[][..], |errors| &errors.errors);
        let n_more = read.as_ref().err().map_or(0, |errors| errors.n_more);
        let lint = LintedFiles {
            results: errors.iter().map(fault).collect(),
            properties: (n_more > 0).then(|| ("notShown", n_more.into())).into_iter().collect(),
        };
        output::write(output, |mut out| sarif::files(&lint, &mut out))?;
        return Ok(if read.is_ok() { Exit::Satisfied } else { Exit::CouldNotWork });
    }
    let list = read.map_err(|errors| anyhow!("{errors}"))?;
    let sound = format!("{name}: sound; {} entries of '{}'\n", list.entries.len(), list.id);
    output::write(output, |out| out.write_all(sound.as_bytes()))?;
    Ok(Exit::Satisfied)
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
