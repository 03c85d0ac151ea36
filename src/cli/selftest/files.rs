//! Whether files are written and read whose names are long, and in other scripts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::cli::output;
use crate::model::SelfCheck;

/// What Windows took for the longest path (`MAX_PATH`).
const LONGEST_OF_OLD: usize = 260;
const NAME: &str = "Ünïcode 名前 with blanks";

pub(super) fn check() -> SelfCheck {
    let tried = write_and_read().map(|length| {
        format!("a file with a path of {length} characters, in other scripts, is written and read")
    });
    SelfCheck::of("paths", tried.map_err(|error| format!("{error:#}")))
}

/// The length of a path beyond the old limit that works.
fn write_and_read() -> Result<usize> {
    let folder = tempfile::Builder::new()
        .prefix("pathproof-selftest-")
        .tempdir()
        .context("no folder for temporary files")?;
    let path = long_path(folder.path());
    let length = path.to_string_lossy().chars().count();
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("a folder with a path of {length} characters"))?;
    }
    let step = |what: &str| format!("a path of {length} characters cannot be {what}");
    for text in ["first", "second"] {
        // As a report is: under another name, then in place of the file that was there.
        output::copy(&path, text.as_bytes()).with_context(|| step("written to"))?;
        let read = fs::read_to_string(&path).with_context(|| step("read"))?;
        ensure!(read == text, "a path of {length} characters does not hold what was written");
    }
    Ok(length)
}

fn long_path(folder: &Path) -> PathBuf {
    let mut path = folder.to_owned();
    while path.to_string_lossy().chars().count() <= LONGEST_OF_OLD {
        path.push(NAME);
    }
    path.join("report.json")
}
