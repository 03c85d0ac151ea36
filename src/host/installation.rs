//! Where the runtime is installed, and how its service is.

use std::path::{Path, PathBuf};

use super::{HostAnswers, SERVICE, ServiceAnswer};
use crate::model::{
    FoundBy, HostRuntime, InstalledRuntime, RuntimeService, ServiceState, StartType,
};

/// The runtime's two configuration files, by which its folder is known; the host service's first.
pub const CONFIG_FILES: [&str; 2] = ["diahost.exe.config", "diawp.exe.config"];
/// The program of its service.
const HOST_SERVICE: &str = "diahost.exe";
/// Its folder among the programs: a folder for each version, with the files in its `Shared`.
const USUAL: &str = "Microsoft Integration Runtime";

/// An installation of the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder of its programs and configuration files.
    pub folder: PathBuf,
    pub found_by: FoundBy,
}

/// Finds the runtime: by what its setup wrote into the registry, by its service, in the usual
/// folder. A place that holds none of its files is passed over, as it may be left over.
#[must_use]
pub fn installed(host: &dyn HostAnswers) -> Option<Installation> {
    let registry = || host.diacmd_path().map(|path| PathBuf::from(folder_of_program(&path)));
    let service = || {
        let service = host.service(SERVICE)?;
        Some(PathBuf::from(folder_of_program(program_of(&service.command))))
    };
    let usual = || host.program_files().map(|folder| Path::new(&folder).join(USUAL));
    let ways: [(FoundBy, &dyn Fn() -> Option<PathBuf>); 3] = [
        (FoundBy::Registry, &registry),
        (FoundBy::Service, &service),
        (FoundBy::ProgramFiles, &usual),
    ];
    ways.into_iter().find_map(|(found_by, place)| {
        Some(Installation { folder: folder_with_files(&place()?)?, found_by })
    })
}

/// What the system says of the runtime; the errors of its event log are not among it.
#[must_use]
pub fn look_at(host: &dyn HostAnswers) -> HostRuntime {
    let installed = installed(host).map(|found| {
        let version = host.file_version(&found.folder.join(HOST_SERVICE));
        let version = version.map(|parts| parts.map(|part| part.to_string()).join("."));
        InstalledRuntime {
            path: found.folder.display().to_string(),
            found_by: found.found_by,
            version: version.unwrap_or_default(),
        }
    });
    let service = host.service(SERVICE).map(|answer| service_of(&answer));
    HostRuntime { installed, service, ..HostRuntime::default() }
}

/// The service in words (Microsoft, `SERVICE_STATUS_PROCESS` and `QUERY_SERVICE_CONFIGW`).
#[must_use]
pub fn service_of(answer: &ServiceAnswer) -> RuntimeService {
    let state = match answer.state {
        1 => ServiceState::Stopped,
        2 => ServiceState::Starting,
        3 => ServiceState::Stopping,
        4 | 5 => ServiceState::Running,
        6 | 7 => ServiceState::Paused,
        _ => ServiceState::Unknown,
    };
    let start = match answer.start {
        Some(2) => StartType::Automatic,
        Some(3) => StartType::Manual,
        Some(4) => StartType::Disabled,
        _ => StartType::Unknown,
    };
    RuntimeService { state, start, account: answer.account.clone() }
}

/// `folder` itself, its `Shared`, or the `Shared` of the newest version in it.
#[must_use]
pub fn folder_with_files(folder: &Path) -> Option<PathBuf> {
    let has_files = |folder: &Path| CONFIG_FILES.iter().any(|name| folder.join(name).is_file());
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
    name.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// The folder of `C:\…\Shared\diacmd.exe`; a path that names no program is a folder already.
fn folder_of_program(path: &str) -> &str {
    let path = path.trim().trim_matches('"').trim_end_matches(['\\', '/']);
    let is_program = path.len() > 4
        && path.is_char_boundary(path.len() - 4)
        && path[path.len() - 4..].eq_ignore_ascii_case(".exe");
    match path.rfind(['\\', '/']) {
        Some(end) if is_program => &path[..end],
        _ => path,
    }
}

/// The program of a service's command line: `"C:\… \diahost.exe" -x`, or the same without quotes.
fn program_of(command: &str) -> &str {
    let command = command.trim();
    if let Some(quoted) = command.strip_prefix('"') {
        return quoted.split('"').next().unwrap_or_default();
    }
    match command.to_ascii_lowercase().find(".exe") {
        Some(at) => &command[..at + ".exe".len()],
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::ToldHost;

    fn install(folder: &Path) -> String {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("diahost.exe.config"), "<configuration/>").unwrap();
        folder.display().to_string()
    }

    /// The registry wins over the service, and this over the usual folder; whatever names a folder
    /// without the runtime's files is passed over.
    #[test]
    fn the_first_place_that_holds_the_runtime_is_taken() {
        let disk = tempfile::tempdir().unwrap();
        let at = |name: &str| disk.path().join(name);
        let registry = install(&at("D/IR/Microsoft Integration Runtime/5.0/Shared"));
        let service = install(&at("E/Shared"));
        install(&at("Program Files/Microsoft Integration Runtime/5.9/Shared"));
        let newest = install(&at("Program Files/Microsoft Integration Runtime/5.10/Shared"));
        let programs = at("Program Files").display().to_string();
        let gone = at("gone").display().to_string();
        let running = |command: String| ServiceAnswer { state: 4, command, ..Default::default() };
        for (diacmd, command, expected) in [
            (Some(format!("{registry}/diacmd.exe")), None, (&registry, FoundBy::Registry)),
            (Some(format!("\"{registry}/DIACMD.EXE\"")), None, (&registry, FoundBy::Registry)),
            (Some(registry.clone()), None, (&registry, FoundBy::Registry)),
            (
                Some(format!("{gone}/diacmd.exe")),
                Some(format!("\"{service}/diahost.exe\" -k")),
                (&service, FoundBy::Service),
            ),
            (None, Some(format!("{service}/diahost.exe -k x")), (&service, FoundBy::Service)),
            (None, Some(format!("{gone}/diahost.exe")), (&newest, FoundBy::ProgramFiles)),
            (None, None, (&newest, FoundBy::ProgramFiles)),
        ] {
            let host = ToldHost {
                diacmd,
                service: command.map(running),
                programs: Some(programs.clone()),
                ..ToldHost::default()
            };
            let found = installed(&host).unwrap();
            assert_eq!((&found.folder.display().to_string(), found.found_by), expected);
        }
        assert_eq!(installed(&ToldHost::default()), None);
        let host = ToldHost { diacmd: Some(registry), ..ToldHost::default() };
        assert_eq!(look_at(&host).installed.unwrap().version, "5.44.8984.1");
    }

    #[test]
    fn windows_paths_lead_to_their_folder() {
        for (path, folder) in [
            (r"D:\IR\5.0\Shared\diacmd.exe", r"D:\IR\5.0\Shared"),
            (r"D:\IR\5.0\Shared\", r"D:\IR\5.0\Shared"),
            (r#""C:\Program Files\IR\DiaCmd.EXE""#, r"C:\Program Files\IR"),
            ("", ""),
            ("é.exe", "é.exe"),
        ] {
            assert_eq!(folder_of_program(path), folder, "{path}");
        }
        for (command, program) in [
            (r#""C:\Program Files\IR\diahost.exe" -x"#, r"C:\Program Files\IR\diahost.exe"),
            (r"C:\Program Files\IR\diahost.exe -x a.exe", r"C:\Program Files\IR\diahost.exe"),
            (r"C:\IR\diahost", r"C:\IR\diahost"),
            ("", ""),
        ] {
            assert_eq!(program_of(command), program, "{command}");
        }
    }

    #[test]
    fn a_service_is_described_in_the_managers_numbers() {
        use ServiceState::{Paused, Running, Starting, Stopped, Stopping, Unknown};
        let states = [Unknown, Stopped, Starting, Stopping, Running, Running, Paused, Paused];
        for (state, expected) in (0..).zip(states.into_iter().chain([Unknown])) {
            let answer = ServiceAnswer { state, start: Some(3), ..ServiceAnswer::default() };
            let service = service_of(&answer);
            assert_eq!((service.state, service.start), (expected, StartType::Manual), "{state}");
        }
        for (start, expected) in [
            (Some(0), StartType::Unknown),
            (Some(2), StartType::Automatic),
            (Some(4), StartType::Disabled),
            (None, StartType::Unknown),
        ] {
            let answer = ServiceAnswer { state: 1, start, ..ServiceAnswer::default() };
            assert_eq!(service_of(&answer).start, expected);
        }
    }
}
