//! Where reports go: standard output, or files that appear whole or not at all.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::arguments::Format;

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// In which format.
    pub(super) format: Format,
    /// Where; `None` is standard output.
    pub(super) path: Option<PathBuf>,
}

/// Which reports were asked for: each `--output` in the format that `--format` or its extension
/// says; without any, one to standard output.
///
/// # Errors
/// An extension that names no format.
pub(super) fn destinations(format: Option<Format>, output: &[PathBuf]) -> Result<Vec<Destination>> {
    if output.is_empty() {
        let format = format.unwrap_or(Format::Table);
        return Ok(vec![Destination { format, path: None }]);
    }
    output
        .iter()
        .map(|path| {
            let format = match format {
                Some(format) => format,
                None => format_of(path)?,
            };
            check_writable(path)?;
            Ok(Destination { format, path: Some(path.clone()) })
        })
        .collect()
}

fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "txt" => Ok(Format::Table),
        "json" => Ok(Format::Json),
        "jsonl" => Ok(Format::Jsonl),
        later @ ("md" | "html" | "csv" | "xml" | "sarif" | "prom") => bail!(
            "--output {}: the format of .{later} is not built yet; .txt, .json and .jsonl are",
            path.display()
        ),
        _ => bail!(
            "--output {}: its extension names no format; end it with .txt, .json or .jsonl, or add --format",
            path.display()
        ),
    }
}

/// Finds out before a long run, not after it, that its report cannot be written.
pub(super) fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        bail!("cannot write {}: it is a folder", path.display());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        bail!("cannot write {}: the folder {} does not exist", path.display(), folder.display());
    }
    Ok(())
}

/// Writes to `path`, or to standard output.
///
/// A file is written beside its place and then renamed over it, so that a reader never meets half
/// a report. A closed pipe (`| head`) is no error.
pub(super) fn write(
    path: Option<&Path>,
    render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<()> {
    match path {
        None => {
            let mut stdout = BufWriter::with_capacity(1 << 16, io::stdout());
            let written = render(&mut stdout).and_then(|()| stdout.flush());
            unless_pipe_closed(written).context("cannot write to standard output")
        }
        Some(path) => {
            write_file(path, render).with_context(|| format!("cannot write {}", path.display()))
        }
    }
}

/// A reader that has seen enough is no failure of ours.
pub(super) fn unless_pipe_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn write_file(
    path: &Path,
    render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> io::Result<()> {
    // What is no plain file (a named pipe, /dev/null) cannot be renamed over.
    if path.exists() && !path.is_file() {
        let mut file = BufWriter::new(fs::OpenOptions::new().write(true).open(path)?);
        return unless_pipe_closed(render(&mut file).and_then(|()| file.flush()));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let written = (|| {
        let mut file = BufWriter::with_capacity(1 << 16, fs::File::create(&beside)?);
        render(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, path)?;
        #[cfg(unix)]
        settle_folder(path)?;
        Ok(())
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new name is safe from a power cut once its folder is; Windows has no such call.
#[cfg(unix)]
fn settle_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The width and colour of a table on standard output: of the terminal, or 80 columns where there
/// is none. `NO_COLOR` and `CLICOLOR_FORCE` are honoured.
pub(super) fn style(path: Option<&Path>) -> (usize, bool) {
    const WITHOUT_TERMINAL: usize = 80;
    if path.is_some() {
        return (WITHOUT_TERMINAL, false);
    }
    let stdout = io::stdout();
    let color = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
    if !stdout.is_terminal() {
        return (WITHOUT_TERMINAL, color);
    }
    let width =
        terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| width.0.into());
    (width.clamp(60, 120), color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_name_formats_unless_one_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let formats = |format, names: &[&str]| {
            let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
            destinations(format, &paths)
                .map(|all| all.into_iter().map(|one| one.format).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            formats(None, &["a.txt", "a.JSON", "a.jsonl"]),
            Ok(vec![Format::Table, Format::Json, Format::Jsonl])
        );
        assert_eq!(formats(Some(Format::Json), &["a.log"]), Ok(vec![Format::Json]));
        assert_eq!(formats(None, &[]), Ok(vec![Format::Table]));
        assert!(formats(None, &["a.log"]).unwrap_err().contains("--format"));
        assert!(formats(None, &["a.html"]).unwrap_err().contains("not built yet"));
        assert!(formats(None, &["nowhere/a.json"]).unwrap_err().contains("does not exist"));
    }

    #[test]
    fn a_failed_report_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write(Some(&path), |out| out.write_all(b"old")).unwrap();
        let failed = write(Some(&path), |out| {
            out.write_all(b"half of the n")?;
            Err(io::Error::other("no more"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
