//! What is compiled for Windows alone runs in no test of Linux: every such file has its row in
//! `docs/windows.md`, which says what wine shows of it and what a person with a server runs.

use std::fs;

use syn::{Item, Meta};

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
    let mut n_files = 0;
    for module in program() {
        for item in &module.syntax.items {
            let Item::Mod(inner) = item else { continue };
            if inner.content.is_some() || !is_for_windows(&inner.attrs) {
                continue;
            }
            let folder = module.file.parent().unwrap();
            let file = shown(&folder.join(format!("{}.rs", inner.ident)));
            assert!(document.contains(&format!("`{file}`")), "docs/windows.md: no row for {file}");
            n_files += 1;
        }
    }
    assert!(n_files >= 6, "{n_files} files for Windows alone were found");
}
