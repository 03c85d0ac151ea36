//! Refuses command lines that name one file twice where it would be written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{ArgMatches, Command};

use super::output;

/// The options whose files are written; all others are read.
pub(super) const WRITTEN: [&str; 7] =
    ["output", "out", "save_records", "rollback", "ledger", "last_answer", "bundle"];

/// A file as the command line gives it.
struct GivenFile<'m> {
    /// `--output`, or what help calls it: `RECORDS`.
    option: String,
    path: &'m Path,
    /// The path without links, by which files are compared.
    canonical: PathBuf,
    is_written: bool,
}

/// Refuses a command line that names a file twice, where at least one option writes it: the last
/// writer would win, or a report would replace the evidence that it was made from.
///
/// # Errors
/// The message names both options and the file.
pub(super) fn keep_apart(command: &Command, matches: &ArgMatches) -> Result<()> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        matches = inner;
        let Some(sub) = command.find_subcommand(name) else { return Ok(()) };
        command = sub;
    }
    let mut all: Vec<GivenFile<'_>> = Vec::new();
    for given in files(command, matches) {
        let same = all.iter().find(|other| {
            other.canonical == given.canonical && (other.is_written || given.is_written)
        });
        if let Some(other) = same {
            bail!(
                "{} and {} name one file, {}: give each its own",
                other.option,
                given.option,
                given.path.display()
            );
        }
        all.push(given);
    }
    Ok(())
}

fn files<'m>(command: &Command, matches: &'m ArgMatches) -> Vec<GivenFile<'m>> {
    let mut files = Vec::new();
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        // Options that take files, and no others, are of this type.
        let Ok(Some(paths)) = matches.try_get_many::<PathBuf>(id) else { continue };
        let option = match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => id.to_uppercase(),
        };
        files.extend(paths.filter_map(|path| {
            Some(GivenFile {
                option: option.clone(),
                path,
                canonical: canonical(path)?,
                is_written: WRITTEN.contains(&id),
            })
        }));
    }
    files
}

/// The path of the file itself, without links. `None` for standard input, devices and pipes, which
/// several options may write to.
fn canonical(path: &Path) -> Option<PathBuf> {
    if path.as_os_str() == "-" {
        return None;
    }
    let canonical = match fs::canonicalize(path) {
        Ok(file) if file.is_file() => file,
        Ok(_) => return None,
        Err(_) => {
            let folder = fs::canonicalize(output::folder_of(path)).ok()?;
            folder.join(path.file_name()?)
        }
    };
    // Windows finds a file by its name in any case.
    Some(if cfg!(windows) { canonical.to_string_lossy().to_lowercase().into() } else { canonical })
}
