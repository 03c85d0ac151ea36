//! The files that a command line names, whatever the options are called.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{ArgMatches, Command};

/// The options whose files are written; all others are read.
const WRITTEN: [&str; 5] = ["output", "out", "save_records", "rollback", "ledger"];

/// A file as the command line gives it.
struct GivenFile<'m> {
    /// `--output`, or what help calls it: `RECORDS`.
    option: String,
    path: &'m Path,
    /// Where it is, or would be.
    place: PathBuf,
    is_written: bool,
}

/// Refuses a command line where a file that is written has another part to play: the last writer
/// would win, or a report take the place of the evidence it was made from.
///
/// # Errors
/// Names both options and the file.
pub(super) fn keep_apart(command: &Command, matches: &ArgMatches) -> Result<()> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        matches = inner;
        let Some(sub) = command.find_subcommand(name) else { return Ok(()) };
        command = sub;
    }
    let mut all: Vec<GivenFile<'_>> = Vec::new();
    for given in files(command, matches) {
        let same = all
            .iter()
            .find(|other| other.place == given.place && (other.is_written || given.is_written));
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
        // Only those that take files are of this type.
        let Ok(Some(paths)) = matches.try_get_many::<PathBuf>(id) else { continue };
        let option = match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => id.to_uppercase(),
        };
        files.extend(paths.filter_map(|path| {
            Some(GivenFile {
                option: option.clone(),
                path,
                place: place(path)?,
                is_written: WRITTEN.contains(&id),
            })
        }));
    }
    files
}

/// The file itself, behind links and by whatever way it is named. None for standard input, devices
/// and pipes, which several may write to.
fn place(path: &Path) -> Option<PathBuf> {
    if path.as_os_str() == "-" {
        return None;
    }
    let place = match fs::canonicalize(path) {
        Ok(place) if place.is_file() => place,
        Ok(_) => return None,
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
            folder.join(path.file_name()?)
        }
    };
    // Windows finds a file by its name in any case.
    Some(if cfg!(windows) { place.to_string_lossy().to_lowercase().into() } else { place })
}
