//! What is compiled for Windows alone runs in no test of Linux: every such file has its row in
//! `docs/windows.md`, which says what wine shows of it and what a person with a server runs.

use std::fs;

use syn::{Item, Meta};

use super::holds;
use super::source::{manifest, program, shown};

/// Whether an item is for Windows alone: `#[cfg(windows)]`.
fn is_for_windows(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => {
            list.path.is_ident("cfg") && list.tokens.to_string().trim() == "windows"
        }
        _ => false,
    })
}

#[test]
fn every_file_for_windows_alone_has_a_row_in_its_document() {
    let document = fs::read_to_string(manifest().join("docs/windows.md")).unwrap();
    let modules = program();
    let mut for_windows = Vec::new();
    for module in &modules {
        for item in &module.syntax.items {
            let Item::Mod(inner) = item else { continue };
            if inner.content.is_none() && is_for_windows(&inner.attrs) {
                for_windows.push([&*module.path, &[inner.ident.to_string()]].concat());
            }
        }
    }
    assert!(for_windows.len() >= 7, "for Windows alone only {for_windows:?} were found");
    let missing: Vec<String> = modules
        .iter()
        .filter(|module| for_windows.iter().any(|top| module.path.starts_with(top)))
        .map(|module| shown(&module.file))
        .filter(|file| !document.contains(&format!("`{file}`")))
        .collect();
    holds("docs/windows.md has a row for each file that is for Windows alone", &missing);
}
