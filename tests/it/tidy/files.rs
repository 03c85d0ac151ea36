//! Files: how long they are, and that what they name stands inside this repository.

use std::fs;

use super::holds;
use super::source::{files, manifest, rust_files, shown};

const LONGEST_FILE: usize = 600;

/// Everything that is built, run or read of this repository; captured data is its authors'.
const OWN: &[&str] = &[
    "src",
    "tests/it",
    "tests/browser",
    "tests/readers",
    "benches",
    "fuzz",
    "deploy",
    "docs",
    "examples",
    "endpoint-lists",
    ".ci",
    "Cargo.toml",
    "README.md",
];

#[test]
fn files_are_short() {
    let mut broken = Vec::new();
    for (path, text) in rust_files(&["src", "tests", "benches", "examples", "fuzz"]) {
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            broken.push(format!("{}: {lines} lines", shown(&path)));
        }
    }
    holds("files that are too long", &broken);
}

#[test]
fn nothing_names_a_machine() {
    // Written in two parts, so that this file does not name one itself.
    let forbidden = [concat!("/", "work/"), concat!("/", "root/"), concat!("bash", "_jobs")];
    holds("names of one machine", &mentions(&forbidden));
}

/// Who clones this repository has everything that its builds, tests and documents read.
#[test]
fn nothing_is_read_from_beside_the_repository() {
    let forbidden = [
        concat!("PATHPROOF_", "SHARED"),
        concat!("../", "shared"),
        concat!("\"/", "../"),
        concat!("\"", "..\")).join"),
        concat!("join(\"", ".."),
    ];
    let mut broken = mentions(&forbidden);
    for (path, text) in rust_files(&["src", "tests", "benches", "examples", "fuzz"]) {
        let folder = path.parent().unwrap();
        for included in included(&text) {
            // Of `concat!("../folder/", $name)` the folder is known.
            let there = folder.join(included.rsplit_once('/').map_or("", |(above, _)| above));
            let is_inside = fs::canonicalize(&there)
                .is_ok_and(|there| there.starts_with(fs::canonicalize(manifest()).unwrap()));
            if !is_inside {
                broken.push(format!("{}: includes {included}", shown(&path)));
            }
        }
    }
    holds("what stands outside this repository", &broken);
}

/// The paths that `include_str!`, `include_bytes!` and `#[path]` name, relative to their file.
fn included(text: &str) -> Vec<&str> {
    ["include_str!(", "include_bytes!(", "#[path = "]
        .iter()
        .flat_map(|mark| text.split(mark).skip(1))
        .filter_map(|rest| {
            let rest = rest.trim_start().trim_start_matches("concat!(").trim_start();
            rest.strip_prefix('"')?.split('"').next()
        })
        .collect()
}

#[test]
fn included_files_are_found() {
    let text = concat!(
        "include_str!",
        "(\"a.txt\"); include_bytes!",
        "(\n    concat!(\"../b/\", $c)); include_str!",
        "(env!(\"X\"))"
    );
    assert_eq!(included(text), ["a.txt", "../b/"]);
}

/// The files of our own that hold one of the words.
fn mentions(forbidden: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for path in OWN.iter().flat_map(|root| files(&manifest().join(root))) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (index, line) in text.lines().enumerate() {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{}:{}: {word}", shown(&path), index + 1));
            }
        }
    }
    broken
}
