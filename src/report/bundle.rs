//! The index of a folder that holds all that a change needs (`rules emit --bundle`): a page for
//! people, and a manifest for programs.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::Guarded;
use super::command;
use super::markdown::inert::{cell, code, inline};
use crate::report_v1::Report;

/// The page for people.
pub const PAGE: &str = "README.md";
/// The manifest for programs.
pub const MANIFEST: &str = "manifest.json";
/// The manifest's schema.
pub const SCHEMA: &str = "pathproof.bundle/1";

/// What the page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleIndex {
    /// The rules' name.
    pub name: String,
    /// The sources, in a few words.
    pub origin: String,
    /// What the rules let through, a sentence each.
    pub allowed: Vec<String>,
    /// What a run saw, as pages and tables.
    pub seen: Vec<IndexedFile>,
    /// The rules, in the formats of those who apply them.
    pub rules: Vec<IndexedFile>,
    /// What is not in the folder, or not in the rules, and why.
    pub left_out: Vec<String>,
    /// Commands, each behind a sentence, that show whether the change works.
    pub tests: Vec<(String, String)>,
}

/// A file of the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexedFile {
    /// Its name, which no stranger chose.
    pub name: String,
    pub purpose: String,
    /// Commands or sentences that put it in force; empty for what is only read.
    pub putting_in_force: Vec<String>,
    pub undoing: Vec<String>,
}

impl BundleIndex {
    /// Writes the page.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn markdown(&self, out: &mut impl Write) -> io::Result<()> {
        let mut out = Guarded::new(out);
        writeln!(out, "# Change: {}", inline(&self.name))?;
        writeln!(out, "\nMade from {}.\n", inline(&self.origin))?;
        for line in &self.allowed {
            writeln!(out, "- {}", inline(line))?;
        }
        if !self.seen.is_empty() {
            writeln!(out, "\n## What was seen\n")?;
            table(&self.seen, &mut out)?;
        }
        writeln!(out, "\n## The rules\n")?;
        writeln!(
            out,
            "All files serve the same needs: by addresses, by names, and in NSG files by a service \
             tag where one holds the addresses. Take the one that your firewall reads.\n"
        )?;
        table(&self.rules, &mut out)?;
        if !self.left_out.is_empty() {
            writeln!(out, "\n## What to know\n")?;
            for line in &self.left_out {
                writeln!(out, "- {}", inline(line))?;
            }
        }
        writeln!(out, "\n## How to put it in force")?;
        steps(&self.rules, |file| &file.putting_in_force, &mut out)?;
        writeln!(out, "\n## How to test it")?;
        for (sentence, command) in &self.tests {
            writeln!(out, "\n{}\n\n    {}", inline(sentence), crate::model::visible(command))?;
        }
        writeln!(out, "\n## How to undo it")?;
        steps(&self.rules, |file| &file.undoing, &mut out)?;
        writeln!(
            out,
            "\n---\n\n[{MANIFEST}]({MANIFEST}) has the size and the SHA-256 of each file."
        )?;
        out.finish().map(drop)
    }
}

fn table(files: &[IndexedFile], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "| file | what it is |\n| --- | --- |")?;
    for file in files {
        writeln!(out, "| [{0}]({0}) | {1} |", file.name, cell(&file.purpose))?;
    }
    Ok(())
}

fn steps(
    files: &[IndexedFile],
    of: impl Fn(&IndexedFile) -> &Vec<String>,
    out: &mut impl Write,
) -> io::Result<()> {
    for file in files.iter().filter(|file| !of(file).is_empty()) {
        writeln!(out, "\n[{0}]({0}):\n", file.name)?;
        for step in of(file) {
            writeln!(out, "- {}", code(step))?;
        }
    }
    Ok(())
}

/// The manifest: what a folder holds, so that it can be checked, and replaced by a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleManifest {
    pub schema: String,
    pub tool: BundleTool,
    /// The rules' name.
    pub name: String,
    pub origin: String,
    /// Every file but the manifest itself, by name.
    pub files: Vec<BundleEntry>,
    /// The formats that could not be written.
    pub left_out: Vec<UnwrittenFormat>,
}

/// The program that wrote the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleTool {
    pub name: String,
    pub version: String,
}

/// A file of the folder, by which it can be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleEntry {
    pub path: String,
    /// The format, as `--format` names it.
    pub format: String,
    pub bytes: u64,
    pub sha256: String,
}

/// A format that is not in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnwrittenFormat {
    pub format: String,
    pub reason: String,
}

/// The commands that show whether a change of rules works, for the run of `report`, which stands
/// in the folder as `file`.
#[must_use]
pub fn tests_of(report: &Report<'_>, file: &str) -> Vec<(String, String)> {
    let options: Vec<_> = report.run.options.iter().map(ToString::to_string).collect();
    let again = command::check_again(&options, &[]);
    let again = again.unwrap_or_else(|| "pathproof check".to_owned());
    vec![
        (
            "Before and after, without a packet: whether the rules in force let through all that is \
             required."
                .to_owned(),
            format!("pathproof rules verify RULES --from {file}"),
        ),
        (
            "After, on the host of the runtime: the same check again, beside what was seen before."
                .to_owned(),
            format!("{again} --baseline {file}"),
        ),
    ]
}
