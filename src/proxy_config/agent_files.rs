//! The runtime's two configuration files: which folders hold them, and what they say.

use std::path::{Path, PathBuf};

use crate::files::{self, FileError, TextError};
use crate::host::{self, Installation};
use crate::route::{AgentConfigError, AgentProxy};

/// The two files that must agree (Microsoft, create-self-hosted-integration-runtime), the host
/// service's first: it holds the connections to the control plane and the relay.
pub const FILES: [&str; 2] = host::CONFIG_FILES;
/// The two more that Purview's agent reads, from the folder of the version (Microsoft, Create and
/// manage a self-hosted integration runtime, Configure proxy server settings).
const DATA_MAP: [&str; 2] = [
    "Gateway/DataScan/Microsoft.DataMap.Agent.exe.config",
    "Gateway/DataScan/DataTransfer/\
     Microsoft.DataMap.Agent.Connectors.Azure.DataFactory.ServiceHost.exe.config",
];

/// The process that reads a file.
pub(super) fn process_of(file: &str) -> &'static str {
    if file.eq_ignore_ascii_case(FILES[1]) { "the worker" } else { "the host service" }
}

/// A file that was read, well-formed or not.
#[derive(Debug)]
pub struct AgentFile {
    /// The file, as it was found.
    pub path: PathBuf,
    /// What it says about proxies, or why nothing of it can be used.
    pub read: Result<AgentProxy, AgentConfigError>,
}

/// Why the runtime's files cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AgentFilesError {
    /// The folder holds neither of them.
    #[error("{} holds neither {} nor {}", folder.display(), FILES[0], FILES[1])]
    Absent { folder: PathBuf },
    /// One is there and cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        path: PathBuf,
        /// The system's reason.
        #[source]
        error: FileError,
    },
}

/// Where the runtime is installed on this host; `None` where it is not.
#[must_use]
pub fn installed() -> Option<Installation> {
    host::installed(&host::this_host())
}

/// Says that no runtime is installed, and which folder to name instead.
#[must_use]
pub fn none_installed() -> String {
    format!("{}: name the folder that holds {} and {}", none_installed_here(), FILES[0], FILES[1])
}

/// Says that no runtime is installed, and where it was looked for.
#[must_use]
pub fn none_installed_here() -> String {
    let looked = if cfg!(windows) {
        "neither the registry, nor the service DIAHostService, nor the folder of programs names one"
    } else {
        "the runtime is made for Windows alone"
    };
    format!("no runtime is installed on this host ({looked})")
}

/// Reads the files that `path` leads to: a folder that holds them, the folder of an installation,
/// or one of the files, beside which the other is looked for. At least one is there; the host
/// service's comes first.
///
/// # Errors
/// [`AgentFilesError`] where neither is there, or one cannot be read.
pub fn read(path: &Path) -> Result<Vec<AgentFile>, AgentFilesError> {
    if path.is_dir() {
        let Some(folder) = host::folder_with_files(path) else {
            return Err(AgentFilesError::Absent { folder: path.to_owned() });
        };
        return FILES
            .iter()
            .map(|name| folder.join(name))
            .filter(|path| path.is_file())
            .map(|path| read_one(&path))
            .collect();
    }
    let mut files = vec![read_one(path)?];
    let name = path.file_name().map(|name| name.to_string_lossy());
    let other = match name.as_deref() {
        Some(own) if own.eq_ignore_ascii_case(FILES[0]) => Some(FILES[1]),
        Some(own) if own.eq_ignore_ascii_case(FILES[1]) => Some(FILES[0]),
        _ => None,
    };
    if let Some(other) = other.map(|other| path.with_file_name(other)).filter(|path| path.is_file())
    {
        files.push(read_one(&other)?);
    }
    Ok(files)
}

/// Reads those of Purview's own files that are there: below the version whose `files` were read, or
/// beside them, where somebody copied all of them into one folder.
///
/// # Errors
/// [`AgentFilesError`] where one is there and cannot be read.
pub fn read_data_map(files: &[AgentFile]) -> Result<Vec<AgentFile>, AgentFilesError> {
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

fn read_one(path: &Path) -> Result<AgentFile, AgentFilesError> {
    let unreadable = |error| AgentFilesError::Unreadable { path: path.to_owned(), error };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let read = match files::read_text(path, files::SHORT) {
        Ok(text) => AgentProxy::parse(&name, &text),
        Err(FileError::NotText(TextError { encoding, offset, line: _ })) => {
            let (file, encoding) = (name.into_owned(), encoding.as_str());
            Err(AgentConfigError::Encoding { file, encoding, at: offset })
        }
        Err(error) => return Err(unreadable(error)),
    };
    Ok(AgentFile { path: path.to_owned(), read })
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
        for (given, expected) in [
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
            let found = read(&root.path().join(given)).unwrap();
            let found: Vec<PathBuf> = found.into_iter().map(|file| file.path).collect();
            let expected: Vec<PathBuf> =
                expected.iter().map(|path| root.path().join(path)).collect();
            assert_eq!(found, expected, "{given}");
        }
        let error = read(&root.path().join("one")).unwrap_err().to_string();
        assert!(error.contains("diahost.exe.config"), "{error}");
        assert!(read(&root.path().join("missing")).is_err());
    }
}
