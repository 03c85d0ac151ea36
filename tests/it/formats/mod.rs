//! Formats of the report, read back by programs that nobody here wrote: Python's csv, LibreOffice,
//! a parser of CommonMark, Jenkins' schema of JUnit, promtool. Where one is missing its test says
//! so; `LAB_REQUIRED=1` makes that a failure.

mod change_request;
mod hostile;
mod junit;
mod markdown;
mod prometheus;

use std::fs;
use std::io;

use pathproof::report_v1::Report;

use crate::golden;

/// Every golden report with its name, and one of strangers' text.
pub(crate) fn reports() -> Vec<(String, Report<'static>)> {
    let read = |name: String| {
        let text = fs::read_to_string(golden::folder().join(&name).join("report.json")).unwrap();
        (name, Report::read(&text).unwrap())
    };
    let golden = golden::case_names().into_iter().map(read);
    golden.chain([("hostile".to_owned(), hostile::report())]).collect()
}

/// What a format writes.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
