//! The documents: the README stays short, no link in them is dead, every page can be found, and
//! every block of `console` prints what it shows. That the command lines and options in them are
//! the program's is tested beside its arguments.

#[cfg(unix)]
mod console;
mod links;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that people read, by its path within the repository.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths =
        vec![PathBuf::from("README.md"), "CONTRIBUTING.md".into(), "SECURITY.md".into()];
    for folder in ["docs", "deploy"] {
        for entry in fs::read_dir(repository().join(folder)).expect(folder) {
            let name = entry.expect("an entry").file_name();
            let path = Path::new(folder).join(name);
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let text = |path: &Path| fs::read_to_string(repository().join(path)).expect("a page");
    paths.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

#[test]
fn the_readme_is_read_in_five_minutes() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("the README");
    let n_words = readme.split_whitespace().count();
    assert!(n_words < 1500, "{n_words} words");
}

/// A picture in a page is seen by who opens it, not waited for.
#[test]
fn pictures_are_small() {
    let picture = fs::metadata(repository().join("docs/report.png")).expect("the picture");
    assert!(picture.len() < 200_000, "{} bytes", picture.len());
}

#[test]
fn pages_keep_to_sections_that_can_be_linked() {
    for (path, text) in pages() {
        let titles = text.lines().filter(|line| line.starts_with("# ")).count();
        // Shell blocks hold comments, which begin alike.
        assert!(titles >= 1 && text.starts_with("# "), "{}: no title", path.display());
        let blocks = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
        assert!(blocks % 2 == 0, "{}: a block of code is open", path.display());
    }
}

/// Whoever pastes what stands in the first column is understood.
#[test]
fn every_symptom_of_the_troubleshooting_page_is_explained() {
    let page = fs::read_to_string(repository().join("docs/troubleshooting.md")).expect("the page");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('|'));
    let texts: Vec<_> = cells
        .flat_map(|(cell, _)| cell.split('`').step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(texts.len() > 20, "{texts:?}");
    for text in texts.iter().filter(|text| !["PASS", "UNKNOWN"].contains(&text.as_str())) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pathproof"));
        let output = command.arg("explain").arg(text).output().expect("the program");
        assert!(output.status.success(), "{text} is not explained");
    }
}
