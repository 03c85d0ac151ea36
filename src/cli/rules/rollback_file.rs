//! The file that undoes a plan, which never replaces another file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::output;

/// Refuses a path that exists.
pub(super) fn check_new(option: &str, path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        bail!(
            "{option} {}: the file exists, and may hold the only way back to an earlier state: give \
             another name",
            path.display()
        );
    }
    Ok(())
}

/// Creates a file that appears whole or not at all, and never over another.
pub(super) fn create(path: &Path, text: &str) -> Result<()> {
    write_new(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The same in a folder, under the first of `STEM.json`, `STEM-2.json`, … that is free. Returns the
/// path.
pub(super) fn create_in(folder: &Path, stem: &str, text: &str) -> Result<PathBuf> {
    const MOST: u32 = 1000;
    for number in 1..=MOST {
        let name =
            if number == 1 { format!("{stem}.json") } else { format!("{stem}-{number}.json") };
        let path = folder.join(name);
        match write_new(&path, text) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write {}", path.display()));
            }
        }
    }
    bail!("cannot write {stem}.json: {MOST} files of that name are there: give --rollback FILE")
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let folder = output::folder_of(path);
    let mut file = tempfile::Builder::new().prefix(".pathproof-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    output::sync_folder(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("back.json");
        check_new("--rollback", &path).unwrap();
        create(&path, "first").unwrap();
        assert!(create(&path, "second").is_err());
        assert!(check_new("--rollback", &path).is_err());
        let next = |text| create_in(folder.path(), "back", text).unwrap();
        assert!(next("third").ends_with("back-2.json"));
        assert!(next("fourth").ends_with("back-3.json"));
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left beside them");
    }
}
