//! The runtime's two configuration files: where they are, and what stands in them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::input;
use crate::route::{AgentConfigError, AgentProxy};

/// The two files that must agree (Microsoft, create-self-hosted-integration-runtime), the host
/// service's first: it holds the connections to the control plane and the relay.
pub(in crate::cli) const FILES: [&str; 2] = ["diahost.exe.config", "diawp.exe.config"];
/// The two more that Purview's agent reads, from the folder of the version (Microsoft, Create and
/// manage a self-hosted integration runtime, Configure proxy server settings).
const DATA_MAP: [&str; 2] = [
    "Gateway/DataScan/Microsoft.DataMap.Agent.exe.config",
    "Gateway/DataScan/DataTransfer/\
     Microsoft.DataMap.Agent.Connectors.Azure.DataFactory.ServiceHost.exe.config",
];
/// Where the runtime is installed, one folder a version, with the files in `Shared` of each.
const INSTALLED: &str = r"C:\Program Files\Microsoft Integration Runtime";

/// The process that reads a file.
pub(super) fn process_of(file: &str) -> &'static str {
    if file.eq_ignore_ascii_case(FILES[1]) { "the worker" } else { "the host service" }
}

/// A file that was read, well-formed or not.
#[derive(Debug)]
pub(in crate::cli) struct AgentFile {
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) read: Result<AgentProxy, AgentConfigError>,
}

/// The newest installed version's folder, where a runtime is installed.
pub(in crate::cli) fn installed() -> Option<PathBuf> {
    folder_with_files(Path::new(INSTALLED))
}

/// Why there is nothing to read, and the next step.
pub(in crate::cli) fn none_installed() -> String {
    format!(
        "no runtime is installed in {INSTALLED}: name the folder that holds {} and {}",
        FILES[0], FILES[1]
    )
}

/// Reads the files of `place`: a folder that holds them, the folder of an installation, or one of
/// the files, beside which the other is looked for. At least one is there; the host service's
/// stands first.
///
/// # Errors
/// Neither is there, or one cannot be read.
pub(in crate::cli) fn read(place: &Path) -> Result<Vec<AgentFile>> {
    if place.is_dir() {
        let Some(folder) = folder_with_files(place) else {
            bail!("{} holds neither {} nor {}", place.display(), FILES[0], FILES[1]);
        };
        return FILES
            .iter()
            .map(|name| folder.join(name))
            .filter(|path| path.is_file())
            .map(|path| read_one(&path))
            .collect();
    }
    let mut files = vec![read_one(place)?];
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let other = match name(place).as_deref() {
        Some(own) if own.eq_ignore_ascii_case(FILES[0]) => Some(FILES[1]),
        Some(own) if own.eq_ignore_ascii_case(FILES[1]) => Some(FILES[0]),
        _ => None,
    };
    if let Some(path) = other.map(|other| place.with_file_name(other)).filter(|path| path.is_file())
    {
        files.push(read_one(&path)?);
    }
    Ok(files)
}

/// Reads those of Purview's own files that are there: below the version whose `files` were read, or
/// beside them, where somebody copied all to one place.
///
/// # Errors
/// One is there and cannot be read.
pub(in crate::cli) fn read_data_map(files: &[AgentFile]) -> Result<Vec<AgentFile>> {
    let Some(folder) = files.first().and_then(|file| file.path.parent()) else {
        return Ok(Vec::new());
    };
    DATA_MAP
        .iter()
        .filter_map(|relative| {
            let name = Path::new(relative).file_name()?;
            let installed = folder.parent().map(|version| version.join(relative));
            installed.into_iter().chain([folder.join(name)]).find(|path| path.is_file())
        })
        .map(|path| read_one(&path))
        .collect()
}

fn read_one(path: &Path) -> Result<AgentFile> {
    let bytes =
        input::read_file(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(AgentFile { path: path.to_owned(), read: AgentProxy::parse(&name, &bytes) })
}

/// `folder` itself, its `Shared`, or the `Shared` of the newest version in it.
fn folder_with_files(folder: &Path) -> Option<PathBuf> {
    let has_files = |folder: &Path| FILES.iter().any(|name| folder.join(name).is_file());
    if has_files(folder) {
        return Some(folder.to_owned());
    }
    let shared = folder.join("Shared");
    if has_files(&shared) {
        return Some(shared);
    }
    let versions = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    versions
        .map(|version| (version_of(&version), version.join("Shared")))
        .filter(|(_, shared)| has_files(shared))
        .max()
        .map(|(_, shared)| shared)
}

/// `5.10` is newer than `5.9`.
fn version_of(folder: &Path) -> Vec<u32> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_files_are_found_where_they_may_be() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "<configuration/>").unwrap();
        };
        for version in ["4.0", "5.9", "5.10"] {
            put(&format!("{version}/Shared/diahost.exe.config"));
            put(&format!("{version}/Shared/diawp.exe.config"));
        }
        put("half/diawp.exe.config");
        put("one/other.config");
        for (place, expected) in [
            ("", vec!["5.10/Shared/diahost.exe.config", "5.10/Shared/diawp.exe.config"]),
            ("4.0", vec!["4.0/Shared/diahost.exe.config", "4.0/Shared/diawp.exe.config"]),
            ("4.0/Shared", vec!["4.0/Shared/diahost.exe.config", "4.0/Shared/diawp.exe.config"]),
            (
                "4.0/Shared/diawp.exe.config",
                vec!["4.0/Shared/diawp.exe.config", "4.0/Shared/diahost.exe.config"],
            ),
            ("half", vec!["half/diawp.exe.config"]),
            ("one/other.config", vec!["one/other.config"]),
        ] {
            let found = read(&root.path().join(place)).unwrap();
            let found: Vec<PathBuf> = found.into_iter().map(|file| file.path).collect();
            let expected: Vec<PathBuf> =
                expected.iter().map(|path| root.path().join(path)).collect();
            assert_eq!(found, expected, "{place}");
        }
        let error = read(&root.path().join("one")).unwrap_err().to_string();
        assert!(error.contains("diahost.exe.config"), "{error}");
        assert!(read(&root.path().join("missing")).is_err());
    }
}
