//! `docs/example-report.html`: the page of a run in the laboratory, for who wants to see a report
//! before there is one. `PATHPROOF_BLESS=1` writes it anew from `tests/cases/lab-example`.

use std::fs;
use std::path::Path;

use pathproof::report;

use crate::{golden, scene};

#[test]
fn the_example_is_the_page_of_its_records() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example-report.html");
    let records = golden::read("lab-example");
    let concluded = scene::conclude(&records);
    let whole = report::assemble(&records, &concluded, None);
    let mut page = Vec::new();
    report::html::report(&whole, &mut page).expect("writing to memory");
    assert!(page.len() < 100 << 10, "{} bytes are no small example", page.len());
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        fs::write(&path, &page).expect("the example");
    }
    let committed = fs::read(&path).unwrap_or_default();
    assert!(committed == page, "docs/example-report.html is another: PATHPROOF_BLESS=1 writes it");
}
