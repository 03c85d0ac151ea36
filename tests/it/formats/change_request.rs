//! The change request, read by Python's csv and by LibreOffice.

use std::fs;
use std::process::Command;

use pathproof::report::csv::{self as request, CsvOptions};
use pathproof::report_v1::Report;
use serde_json::{Map, Value};

use super::{hostile, reports, written};
use crate::emission::{has, python, read, succeed};

fn request(report: &Report) -> String {
    let options = CsvOptions { is_all: true, ..CsvOptions::default() };
    written(|out| request::report(report, &options, out))
}

#[test]
fn python_reads_a_row_a_flow() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.csv");
    let chosen = ["two-faults", "proxy-refuses-all", "hostile"];
    for (name, report) in reports().into_iter().filter(|(name, _)| chosen.contains(&&**name)) {
        fs::write(&file, request(&report)).unwrap();
        let rows: Vec<Map<String, Value>> = read(&python, "change-request", &file);
        assert!(rows.len() >= report.endpoints.len(), "{name}: {rows:?}");
        for row in &rows {
            assert_eq!(row.len(), 17, "{name}: {row:?}");
            assert_eq!(row["direction"], "outbound", "{name}");
            let computed = |cell: &Value| {
                cell.as_str().unwrap().trim_start().starts_with(['=', '+', '-', '@'])
            };
            assert!(!row.values().any(computed), "{name}: {row:?}");
        }
        let fails = rows.iter().filter(|row| row["status"] == "fail");
        assert!(fails.clone().count() > 0, "{name}");
        assert!(fails.into_iter().all(|row| row["owner"] != "" && row["remedy"] != ""), "{name}");
    }
}

/// LibreOffice is told to compute what looks like a formula, as Excel does.
#[test]
fn a_spreadsheet_computes_nothing() {
    const COMPUTE: &str = "--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,0,true";
    if !has("soffice") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let convert = |name: &str, text: &str| {
        let file = folder.path().join(format!("{name}.csv"));
        fs::write(&file, text).unwrap();
        // A profile of its own: another office may run.
        let profile = format!("-env:UserInstallation=file://{}/profile", folder.path().display());
        let mut office = Command::new("soffice");
        office.args([&*profile, "--headless", COMPUTE, "--convert-to", "fods", "--outdir"]);
        succeed(office.arg(folder.path()).arg(&file));
        fs::read_to_string(folder.path().join(format!("{name}.fods"))).unwrap()
    };
    let bare = convert("bare", "a,b\r\n=1+1,x\r\n");
    assert!(bare.contains("table:formula"), "formulas are computed here: {bare}");
    let sheet = convert("request", &request(&hostile::report()));
    assert!(!sheet.contains("table:formula"), "a cell is computed");
    assert!(sheet.contains("calc") && sheet.contains("first_seen_utc"));
}
