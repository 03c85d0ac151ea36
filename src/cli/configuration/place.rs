//! Where a configuration file is looked for that nobody named.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::file::OptionFile;
use crate::files;

const NAME: &str = "pathproof.toml";

/// The file in the current folder, else that of the user. The one in the current folder may be
/// somebody else's trap: it counts only where nobody but this user can have written it. `notes` get
/// what should be said of it.
///
/// # Errors
/// A file that counts cannot be read.
pub(super) fn default_file(notes: &mut Vec<String>) -> Result<Option<OptionFile>> {
    let here = Path::new(NAME);
    if here.symlink_metadata().is_ok() {
        match text_if_trusted(here) {
            Ok(text) => {
                notes.push(format!("options are taken from {NAME} in this folder"));
                return OptionFile::parse(here, &text).map(Some);
            }
            Err(why) => notes.push(format!("{NAME} in this folder is not used: {why}")),
        }
    }
    let Some(path) = user_folder().map(|folder| folder.join("pathproof").join(NAME)) else {
        return Ok(None);
    };
    if !path.exists() {
        return Ok(None);
    }
    let text = files::read_text(&path, files::SHORT)
        .with_context(|| format!("cannot read {}", path.display()))?;
    OptionFile::parse(&path, &text).map(Some)
}

/// The folder of this user's configuration.
fn user_folder() -> Option<PathBuf> {
    let folder = |variable: &str| {
        let value = std::env::var_os(variable).map(PathBuf::from);
        value.filter(|path| path.is_absolute())
    };
    if cfg!(windows) {
        return folder("APPDATA");
    }
    folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
}

/// The text of a file that this user alone may write. Owner and mode are those of the file that is
/// read, and not of one that was looked at before.
#[cfg(unix)]
fn text_if_trusted(path: &Path) -> Result<String, String> {
    use std::os::unix::fs::MetadataExt as _;

    let said = |error: &dyn std::fmt::Display| error.to_string();
    let user = rustix::process::geteuid().as_raw();
    let file = files::open(path).map_err(|error| said(&error))?;
    let own = file.metadata().map_err(|error| said(&error))?;
    let link = path.symlink_metadata().map_err(|error| said(&error))?;
    if own.uid() != user || link.uid() != user {
        return Err("it belongs to another user; name it by --config if you trust it".to_owned());
    }
    if own.mode() & 0o022 != 0 {
        return Err(format!(
            "others may write it; chmod go-w {}, or name it by --config",
            path.display()
        ));
    }
    let folder = std::fs::metadata(".").map_err(|error| said(&error))?;
    if folder.uid() != user {
        return Err(
            "the folder belongs to another user; name the file by --config if you trust it"
                .to_owned(),
        );
    }
    let bytes = files::read_from(file, files::SHORT).map_err(|error| said(&error))?;
    files::decode(bytes).map_err(|error| said(&error))
}

/// Who may write a file is more than its owner and a mode here, and nothing of it is read: the file
/// has to be named.
#[cfg(not(unix))]
fn text_if_trusted(_: &Path) -> Result<String, String> {
    Err("on this system it is not known who may write it; name it by --config".to_owned())
}
