//! Reports are written to standard output, or to files that appear whole or not at all.

use std::borrow::Cow;
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use super::arguments::ReportFormat;
use super::progress::CountedSink;
use crate::report::Guarded;

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportOutput {
    pub(super) format: ReportFormat,
    /// The file; `None` is standard output.
    pub(super) path: Option<PathBuf>,
}

/// The reports that were asked for: one for each `--output`, in the format that `--format` or the
/// extension says; without `--output`, one on standard output.
///
/// # Errors
/// An extension names no format, or a file cannot be written.
pub(super) fn destinations(
    format: Option<ReportFormat>,
    output: &[PathBuf],
) -> Result<Vec<ReportOutput>> {
    if output.is_empty() {
        let format = format.unwrap_or(ReportFormat::Table);
        return Ok(vec![ReportOutput { format, path: None }]);
    }
    output
        .iter()
        .map(|path| {
            let format = match format {
                Some(format) => format,
                None => format_of(path)?,
            };
            check_writable(path)?;
            Ok(ReportOutput { format, path: Some(path.clone()) })
        })
        .collect()
}

fn format_of(path: &Path) -> Result<ReportFormat> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "txt" => Ok(ReportFormat::Table),
        "json" => Ok(ReportFormat::Json),
        "jsonl" => Ok(ReportFormat::Jsonl),
        "md" => Ok(ReportFormat::Markdown),
        "html" => Ok(ReportFormat::Html),
        "csv" => Ok(ReportFormat::Csv),
        "xml" => Ok(ReportFormat::Junit),
        "sarif" => Ok(ReportFormat::Sarif),
        "prom" => Ok(ReportFormat::Prometheus),
        _ => bail!(
            "--output {}: its extension names no format; end it with .txt, .json, .jsonl, .md, \
             .html, .csv, .xml, .sarif or .prom, or add --format",
            path.display()
        ),
    }
}

/// Finds out before a long run, not after it, that its report cannot be written.
pub(super) fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        bail!("cannot write {}: it is a folder", path.display());
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        bail!("cannot write {}: the folder {} does not exist", path.display(), folder.display());
    }
    Ok(())
}

/// Writes text or JSON to `path`, or to standard output. Control characters that strangers put into
/// it do not reach a terminal ([`Guarded`]).
///
/// A file is written under a temporary name and then renamed, so that nobody reads half a report. A
/// closed pipe (`| head`) is no error.
pub(super) fn write(
    path: Option<&Path>,
    render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<()> {
    write_by(path, |out| {
        let mut guarded = Guarded::new(out);
        render(&mut guarded)?;
        guarded.finish().map(drop)
    })
}

/// Writes a table in the colours of [`style`], as [`write`] does.
pub(super) fn write_table(path: Option<&Path>, table: &str) -> Result<()> {
    let (_, has_colors) = style(path);
    write_by(path, |out| {
        let mut guarded = if has_colors { Guarded::colored(out) } else { Guarded::new(out) };
        guarded.write_all(table.as_bytes())?;
        guarded.finish().map(drop)
    })
}

/// Writes somebody else's file, byte for byte.
pub(super) fn copy(path: &Path, bytes: &[u8]) -> Result<()> {
    write_by(Some(path), |out| out.write_all(bytes))
}

/// Writes lines to standard output at once.
pub(super) fn stream(lines: &[u8]) -> io::Result<()> {
    let mut guarded = Guarded::new(io::stdout().lock());
    guarded.write_all(lines)?;
    guarded.finish().map(drop)
}

fn write_by(
    path: Option<&Path>,
    render: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<()> {
    match path {
        None => {
            let stdout = io::stdout();
            let written = if stdout.is_terminal() {
                let mut out = BufWriter::with_capacity(1 << 16, stdout);
                render(&mut out).and_then(|()| out.flush())
            } else {
                // A bar stands on the terminal that the report does not go to.
                let counted = CountedSink::new(stdout, "standard output");
                let mut out = BufWriter::with_capacity(1 << 16, counted);
                render(&mut out).and_then(|()| out.flush())
            };
            unless_pipe_closed(written).context("cannot write to standard output")
        }
        Some(path) => {
            write_file(path, render).with_context(|| format!("cannot write {}", path.display()))
        }
    }
}

/// A reader that closes the pipe early is no failure.
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
    // A rename would replace a named pipe or a device.
    if (path.exists() && !path.is_file()) || (cfg!(windows) && is_null_device(path)) {
        let mut file = BufWriter::new(fs::OpenOptions::new().write(true).open(path)?);
        return unless_pipe_closed(render(&mut file).and_then(|()| file.flush()));
    }
    let path = &*behind_link(path)?;
    let file = temporary_for(path)?;
    let counted = CountedSink::new(file, &path.display().to_string());
    let mut out = BufWriter::with_capacity(1 << 16, counted);
    render(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?.into_inner();
    file.as_file().sync_all()?;
    file.persist(path)?;
    #[cfg(unix)]
    sync_folder(path)?;
    Ok(())
}

/// Whether Windows takes the path for its null device, in whatever folder and with whatever
/// extension it stands (Microsoft, *Naming Files, Paths, and Namespaces*).
fn is_null_device(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("nul"))
}

/// The file behind a symbolic link: that is replaced, and the link stays. The link is opened first,
/// so that the system's rules on links of other users hold (`fs.protected_symlinks`).
fn behind_link(path: &Path) -> io::Result<Cow<'_, Path>> {
    if !path.is_symlink() {
        return Ok(path.into());
    }
    fs::OpenOptions::new().write(true).open(path)?;
    fs::canonicalize(path).map(Into::into)
}

/// A temporary file of an unpredictable name in the folder of `path`, with the mode of the file
/// that it will replace. It is removed unless it is kept.
fn temporary_for(path: &Path) -> io::Result<NamedTempFile> {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any other program, the umask decides who may read a new file.
        const NEW: u32 = 0o666;
        let own = fs::metadata(path).ok().map(|own| own.permissions());
        builder.permissions(own.clone().unwrap_or_else(|| fs::Permissions::from_mode(NEW)));
        let file = builder.tempfile_in(folder_of(path))?;
        // The umask must not narrow the mode of a file that was there.
        if let Some(own) = own {
            file.as_file().set_permissions(own)?;
        }
        Ok(file)
    }
    #[cfg(not(unix))]
    builder.tempfile_in(folder_of(path))
}

/// The folder that a path is in; the working directory for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the folder to the disk, without which a power cut may lose the new name. Windows has no
/// such call.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(folder_of(path))?.sync_all()
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
    // The consoles of Windows Server up to 2022 show escape sequences as text until they are asked
    // to obey them.
    let color = color && anstyle_query::windows::enable_ansi_colors() != Some(false);
    let width =
        terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| width.0.into());
    (width.clamp(60, 120), color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_device_is_known_wherever_it_stands() {
        for (path, expected) in [
            ("NUL", true),
            ("nul.json", true),
            ("out/NUL", true),
            ("null.json", false),
            ("", false),
        ] {
            assert_eq!(is_null_device(Path::new(path)), expected, "{path}");
        }
    }

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
            Ok(vec![ReportFormat::Table, ReportFormat::Json, ReportFormat::Jsonl])
        );
        assert_eq!(formats(Some(ReportFormat::Json), &["a.log"]), Ok(vec![ReportFormat::Json]));
        assert_eq!(formats(None, &[]), Ok(vec![ReportFormat::Table]));
        assert!(formats(None, &["a.log"]).unwrap_err().contains("--format"));
        assert_eq!(
            formats(None, &["a.md", "a.html", "a.csv", "a.xml", "a.sarif", "a.prom"]),
            Ok(vec![
                ReportFormat::Markdown,
                ReportFormat::Html,
                ReportFormat::Csv,
                ReportFormat::Junit,
                ReportFormat::Sarif,
                ReportFormat::Prometheus,
            ])
        );
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

    #[test]
    #[cfg(unix)]
    fn a_file_keeps_its_mode_and_a_link_its_place() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("report.json"), folder.path().join("latest.json"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        write(Some(&file), |out| out.write_all(b"new")).unwrap();
        let new = folder.path().join("as others make it");
        fs::write(&new, "").unwrap();
        assert_eq!(mode(&file), mode(&new));
        for own in [0o600, 0o666] {
            fs::set_permissions(&file, fs::Permissions::from_mode(own)).unwrap();
            write(Some(&file), |out| out.write_all(b"newer")).unwrap();
            assert_eq!(mode(&file), own);
        }
        symlink("report.json", &link).unwrap();
        write(Some(&link), |out| out.write_all(b"newest")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"newest");
        let nowhere = folder.path().join("nowhere.json");
        symlink("missing/report.json", &nowhere).unwrap();
        assert!(write(Some(&nowhere), |out| out.write_all(b"x")).is_err());
    }

    #[test]
    fn what_is_half_written_stands_under_a_name_that_nobody_can_foresee() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let mut names = std::collections::BTreeSet::new();
        for _ in 0..3 {
            write(Some(&path), |_| {
                let half = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
                names.extend(
                    half.map(|entry| entry.file_name()).filter(|name| *name != "report.json"),
                );
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(names.len(), 3, "{names:?}");
    }
}
