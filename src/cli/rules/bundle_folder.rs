//! The folder of `--bundle`, which appears whole or not at all, and in whose place stands nothing
//! that pathproof did not write.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::cli::output::folder_of;
use crate::files;
use crate::report::bundle::{BundleManifest, MANIFEST, SCHEMA};

/// A place for a folder.
pub(super) struct BundleFolder {
    path: PathBuf,
    before: FolderBefore,
}

/// What stands there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FolderBefore {
    Nothing,
    Empty,
    /// An older bundle, as it was written.
    Bundle,
}

impl BundleFolder {
    /// Finds out before a long run, not after it, that the folder cannot be written.
    ///
    /// # Errors
    /// There is something in its place that a bundle must not replace.
    pub(super) fn check(path: &Path) -> Result<Self> {
        let shown = path.display();
        if path.file_name().is_none() {
            bail!("--bundle {shown}: give the folder a name of its own, as change-4711");
        }
        let before = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = folder_of(path);
                if !folder.is_dir() {
                    bail!("--bundle {shown}: the folder {} does not exist", folder.display());
                }
                FolderBefore::Nothing
            }
            Err(error) => return Err(error).context(format!("--bundle {shown}")),
            Ok(known) if known.is_symlink() => {
                bail!("--bundle {shown}: it is a link; name the folder itself")
            }
            Ok(known) if !known.is_dir() => bail!("--bundle {shown}: it is no folder"),
            Ok(_) => held(path)?,
        };
        Ok(Self { path: path.to_owned(), before })
    }

    /// Writes the files into a folder beside, which then takes the place.
    ///
    /// # Errors
    /// A file cannot be written, or what stands in the place has changed since.
    pub(super) fn put(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        self.write(files).with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn write(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        let made = self.beside(".part")?;
        for (name, bytes) in files {
            let mut file = fs::File::create(made.path().join(name))?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        let now = Self::check(&self.path)?.before;
        if now != self.before {
            bail!("another program wrote there meanwhile");
        }
        match now {
            FolderBefore::Nothing => fs::rename(made.path(), &self.path)?,
            FolderBefore::Empty => {
                fs::remove_dir(&self.path)?;
                fs::rename(made.path(), &self.path)?;
            }
            FolderBefore::Bundle => {
                let older = self.beside(".older")?;
                let aside = older.path().join("bundle");
                fs::rename(&self.path, &aside)?;
                if let Err(error) = fs::rename(made.path(), &self.path) {
                    fs::rename(&aside, &self.path)?;
                    return Err(error.into());
                }
            }
        }
        // It stands under its own name now.
        let _ = made.keep();
        #[cfg(unix)]
        crate::cli::output::sync_folder(&self.path)?;
        Ok(())
    }

    /// A folder of an unpredictable name beside, which is removed unless it is kept.
    fn beside(&self, suffix: &str) -> io::Result<TempDir> {
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(self.path.file_name().unwrap_or_default());
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(suffix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As for any other program, the umask decides who may read a new folder.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        builder.tempdir_in(folder_of(&self.path))
    }
}

/// What a folder that is there holds.
fn held(path: &Path) -> Result<FolderBefore> {
    let context = || format!("--bundle {}: cannot read it", path.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(path).with_context(context)? {
        names.push(entry.with_context(context)?.file_name());
    }
    names.sort();
    let Some(first) = names.first() else { return Ok(FolderBefore::Empty) };
    let manifest = files::read_bytes(&path.join(MANIFEST), files::SHORT).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<BundleManifest>(&bytes).ok());
    let Some(manifest) = manifest.filter(|manifest| manifest.schema == SCHEMA) else {
        bail!(
            "--bundle {}: the folder holds {}, and is no bundle of an earlier run: give a new or an \
             empty folder",
            path.display(),
            first.display()
        );
    };
    let is_ours = |name: &&std::ffi::OsString| {
        name.as_os_str() == MANIFEST
            || manifest.files.iter().any(|file| {
                OsStr::new(&file.path) == name.as_os_str()
                    && files::read_bytes(&path.join(name), file.bytes)
                        .is_ok_and(|bytes| digest(&bytes) == file.sha256)
            })
    };
    if let Some(other) = names.iter().find(|name| !is_ours(name)) {
        bail!(
            "--bundle {}: {} is not as pathproof wrote it: move it away, or give another folder",
            path.display(),
            other.display()
        );
    }
    Ok(FolderBefore::Bundle)
}

/// The SHA-256, as manifests have it.
pub(super) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
