//! Files as programs of Windows write them, which are the same files on every system.

use std::fs;
use std::path::Path;

use super::{run, shown};

/// A text as Windows PowerShell 5.1 and Notepad write it.
fn forms(text: &str) -> [(&'static str, Vec<u8>); 3] {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
    };
    [
        ("utf-8 with a mark", format!("\u{feff}{text}").into_bytes()),
        ("utf-16", utf16(u16::to_le_bytes)),
        ("utf-16, big end first", utf16(u16::to_be_bytes)),
    ]
}

fn case(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/located").join(file);
    fs::read_to_string(path).unwrap()
}

#[test]
fn records_and_reports_are_read_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (records, report) = (at("records.jsonl"), at("report.json"));
    fs::write(&records, case("records.jsonl")).unwrap();
    fs::write(&report, case("report.json")).unwrap();
    let replay = || run(&["replay", shown(&records), "--format", "json"]);
    let render = || run(&["report", "render", shown(&report), "--format", "csv"]);
    let diff = || run(&["report", "diff", shown(&report), shown(&report)]);
    let plain = [replay(), render(), diff()].map(|ended| (ended.code, ended.stdout));
    assert!(plain.iter().all(|(code, out)| *code != Some(2) && !out.is_empty()), "{plain:?}");
    let originals = (case("records.jsonl"), case("report.json"));
    for ((form, of_records), (_, of_report)) in
        forms(&originals.0).into_iter().zip(forms(&originals.1))
    {
        fs::write(&records, of_records).unwrap();
        fs::write(&report, of_report).unwrap();
        let same = [replay(), render(), diff()].map(|ended| (ended.code, ended.stdout));
        assert!(same == plain, "{form}: {same:?}");
    }
}
