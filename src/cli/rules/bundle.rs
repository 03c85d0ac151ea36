//! `rules emit --bundle`: all that a change needs, in one folder with an index.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Result, bail};

use super::bundle_folder::{BundleFolder, digest};
use super::emit::{self, EmitHints};
use super::from_file::{self, FromFile, SavedRun};
use crate::cli::arguments::{EmitArgs, FailOnArg};
use crate::cli::check;
use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::input::Stdin;
use crate::cli::service_tag_ranges::ServiceTagRanges;
use crate::firewall::emit::{
    self as formats, AccessRequest, Emission, EmitError, RuleFormat, handling,
};
use crate::report::bundle::{
    self, BundleEntry, BundleIndex, BundleManifest, BundleTool, IndexedFile, MANIFEST, PAGE,
    SCHEMA, UnwrittenFormat,
};
use crate::report::csv::CsvOptions;
use crate::report::{self, Guarded, csv, html, json, markdown};
use crate::report_v1::Report;

/// The report in the folder, which `rules verify --from` and `check --baseline` read.
const REPORT: &str = "report.json";

pub(super) fn bundle(command: &EmitArgs, folder: &Path, arguments: &[OsString]) -> Result<Exit> {
    let place = BundleFolder::check(folder)?;
    let mut stdin = Stdin::default();
    let saved = match &command.from {
        None => SavedRun::Records(Box::new(emit::probe(command, arguments, &mut stdin)?)),
        Some(from) => from_file::open(from, &mut stdin)?,
    };
    let mut contents = BundleContents::default();
    let mut hints = EmitHints::default();
    let written = contents.fill(command, saved, &mut hints);
    hints.show();
    written?;
    for unwritten in &contents.unwritten {
        hint::hint(&format!("{} is not written: {}", unwritten.format, unwritten.reason));
    }
    place.put(&contents.finish(hints)?)?;
    Ok(Exit::Satisfied)
}

/// The files of the folder, and what its index says of them.
#[derive(Default)]
struct BundleContents {
    /// Name, format and content.
    files: Vec<(String, &'static str, Vec<u8>)>,
    index: BundleIndex,
    unwritten: Vec<UnwrittenFormat>,
}

impl BundleContents {
    fn fill(&mut self, command: &EmitArgs, saved: SavedRun, hints: &mut EmitHints) -> Result<()> {
        let source = match saved {
            SavedRun::Records(records) => {
                let published = ServiceTagRanges::read(command.service_tags.as_deref())?;
                let mut conclusion = check::conclude(&records, &published);
                conclusion.ending = check::ending(&records, &conclusion, FailOnArg::Unknown);
                self.add_report(&report::assemble(&records, &conclusion, None))?;
                FromFile::Evidence(from_file::of_records(&records))
            }
            SavedRun::Report(text) => {
                let path = command.from.as_deref().unwrap_or(Path::new("-"));
                let evidence = from_file::of_report(path, &text)?;
                match Report::read(&text) {
                    Ok(report) => self.add_report(&report)?,
                    Err(error) => hints.add(format!("no report is in the bundle: {error}")),
                }
                FromFile::Evidence(evidence)
            }
            SavedRun::List(text) => {
                hints.add("no report is in the bundle: a list saw nothing");
                FromFile::List(text)
            }
        };
        for &format in RuleFormat::ALL {
            let emission = emit::emission_for(command, format, &source, hints)?;
            self.add_rules(format, &emission)?;
        }
        if self.index.rules.is_empty() {
            let reasons: BTreeSet<_> =
                self.unwritten.iter().map(|own| own.reason.as_str()).collect();
            bail!("nothing to write: {}", reasons.into_iter().collect::<Vec<_>>().join("; "));
        }
        if self.index.tests.is_empty() {
            let sentence = "After, on the host of the runtime: whether all that it needs works.";
            self.index.tests.push((sentence.to_owned(), "pathproof check".to_owned()));
        }
        Ok(())
    }

    /// Adds what a run saw, as pages and tables.
    fn add_report(&mut self, report: &Report<'_>) -> Result<()> {
        let every_flow = CsvOptions { is_all: true, ..CsvOptions::default() };
        self.seen("report.html", "html", "The report as a page", |mut out| {
            html::report(report, &mut out)
        })?;
        self.seen("report.md", "markdown", "The same for a ticket", |mut out| {
            markdown::report(report, &mut out)
        })?;
        self.seen("flows.csv", "csv", "Every flow and how it fares, as a table", |mut out| {
            csv::report(report, &every_flow, &mut out)
        })?;
        self.seen(REPORT, "json", "The report for programs: evidence for later", |mut out| {
            json::write(report, &mut out)
        })?;
        self.index.tests = bundle::tests_of(report, REPORT);
        Ok(())
    }

    fn seen(
        &mut self,
        name: &str,
        format: &'static str,
        purpose: &str,
        render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
    ) -> Result<()> {
        let mut out = Guarded::new(Vec::new());
        render(&mut out)?;
        self.files.push((name.to_owned(), format, out.finish()?));
        let (name, purpose) = (name.to_owned(), purpose.to_owned());
        self.index.seen.push(IndexedFile { name, purpose, ..IndexedFile::default() });
        Ok(())
    }

    /// Adds the rules in one format. A format that cannot hold them is left out, with its reason.
    fn add_rules(&mut self, format: RuleFormat, emission: &Emission) -> Result<()> {
        let text = match formats::emit(format, emission) {
            Ok(text) => text,
            // What was given on the command line is wrong for every format.
            Err(error @ (EmitError::Name(_) | EmitError::Priority { .. })) => {
                return Err(error.into());
            }
            Err(error) => {
                let (format, reason) = (format.to_string(), error.to_string());
                self.unwritten.push(UnwrittenFormat { format, reason });
                return Ok(());
            }
        };
        let own = handling(format, emission);
        self.index.name.clone_from(&emission.name);
        self.index.origin.clone_from(&emission.origin);
        if format == RuleFormat::Csv {
            self.describe(emission, &own.file_name);
        }
        self.files.push((own.file_name.clone(), format.as_str(), text.into_bytes()));
        self.index.rules.push(IndexedFile {
            name: own.file_name,
            purpose: own.purpose.to_owned(),
            putting_in_force: own.putting_in_force,
            undoing: own.undoing,
        });
        Ok(())
    }

    /// Says what is let through, and how to try it by hand. `file` holds the flows.
    fn describe(&mut self, emission: &Emission, file: &str) {
        let allowed = emission.permits.iter().map(|permit| {
            let ports = permit.ports.texts().join(" ");
            let n_prefixes = permit.prefixes.len();
            let noun = if n_prefixes == 1 { "prefix" } else { "prefixes" };
            let tag = permit
                .tag
                .as_ref()
                .map(|tag| format!(" (NSG files: to all of the service tag {tag})"));
            let tag = tag.unwrap_or_default();
            format!("{} {ports} to {n_prefixes} {noun} of addresses{tag}.", permit.protocol)
        });
        self.index.allowed = allowed.collect();
        let names = |is_resolved: bool| -> BTreeSet<&str> {
            let of_kind =
                emission.requests.iter().filter(|one| one.address.is_some() == is_resolved);
            of_kind.map(|one| one.name.as_str()).filter(|name| !name.is_empty()).collect()
        };
        let resolved = names(true);
        if !resolved.is_empty() {
            self.index
                .allowed
                .push(format!("The addresses are those of {} names.", resolved.len()));
        }
        match names(false).len() {
            0 => {}
            1 => self.index.allowed.push(
                "1 name without an address: only the files that hold names let it through."
                    .to_owned(),
            ),
            n => self.index.allowed.push(format!(
                "{n} names without an address: only the files that hold names let them through."
            )),
        }
        let are_flows = emission.requests.iter().all(AccessRequest::is_flow);
        if self.index.tests.is_empty() && are_flows {
            self.index.tests.push((
                "Before and after, without a packet: whether the rules in force let these flows \
                 through."
                    .to_owned(),
                format!("pathproof rules verify RULES --flows {file}"),
            ));
        }
        let first = emission.requests.iter().find_map(|one| Some((one, one.address?.addr())));
        if let Some((one, address)) = first {
            let port = one.ports.split(['-', ' ']).next().unwrap_or_default();
            for (system, command) in [
                ("Windows", format!("Test-NetConnection {address} -Port {port}")),
                ("Linux", format!("nc -vz -w 5 {address} {port}")),
            ] {
                let sentence = format!("After, by hand, for one of the addresses, on {system}.");
                self.index.tests.push((sentence, command));
            }
        }
    }

    /// All files, with the index and the manifest.
    fn finish(mut self, hints: EmitHints) -> Result<Vec<(String, Vec<u8>)>> {
        self.index.left_out = hints.0;
        let unwritten = self.unwritten.iter();
        let unwritten = unwritten.map(|own| format!("{}: {}", own.format, own.reason));
        self.index.left_out.extend(unwritten);
        let mut page = Vec::new();
        self.index.markdown(&mut page)?;
        self.files.push((PAGE.to_owned(), "markdown", page));
        self.files.sort();
        let entry = |(path, format, bytes): &(String, &str, Vec<u8>)| BundleEntry {
            path: path.clone(),
            format: (*format).to_owned(),
            bytes: bytes.len() as u64,
            sha256: digest(bytes),
        };
        let manifest = BundleManifest {
            schema: SCHEMA.to_owned(),
            tool: BundleTool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            name: self.index.name.clone(),
            origin: self.index.origin.clone(),
            files: self.files.iter().map(entry).collect(),
            left_out: self.unwritten,
        };
        let mut text = serde_json::to_string_pretty(&manifest)?;
        text.push('\n');
        let mut all: Vec<_> =
            self.files.into_iter().map(|(name, _, bytes)| (name, bytes)).collect();
        all.push((MANIFEST.to_owned(), text.into_bytes()));
        Ok(all)
    }
}
