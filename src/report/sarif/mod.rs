//! SARIF 2.1.0 (OASIS), which code hosts and editors show: of reports, and of what is wrong with
//! files.

mod format;
mod of_files;
mod of_report;

pub use format::SarifLevel;
pub use of_files::{FileLocation, FileResult, FileRule, LintedFiles, files};
pub use of_report::report;
