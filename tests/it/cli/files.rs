//! The files of a command line: none has two parts to play, each has a bound, and a file of
//! another kind is called by its name.

use std::fs;
use std::path::Path;

use super::{run, shown};

fn case(name: &str) -> String {
    shown(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).to_owned()
}

#[test]
fn two_options_never_name_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| shown(&folder.path().join(name)).to_owned();
    fs::create_dir(at("sub")).unwrap();
    let (a, db) = (at("a.json"), at("l.db"));
    fs::copy(case("healthy/report.json"), &a).unwrap();
    fs::copy(case("healthy/records.jsonl"), at("r.jsonl")).unwrap();
    let before = fs::read(&a).unwrap();
    let (records, roundabout, new) = (at("r.jsonl"), at("sub/../a.json"), at("new.json"));
    let check = ["check", "--resolver", "127.0.0.1:1", "--only", "relay"];
    let mut commands = vec![
        (vec!["replay", &records, "--output", &new, "--output", &new], ["--output", "--output"]),
        (vec!["replay", &records, "--output", &records], ["--output", "RECORDS"]),
        (
            vec!["replay", &records, "--output", &a, "--baseline", &roundabout],
            ["--output", "--baseline"],
        ),
        (vec!["report", "diff", &a, &records, "--output", &a], ["--output", "BEFORE"]),
        (vec!["report", "merge", &a, "--output", &roundabout], ["--output", "REPORTS"]),
        (
            vec!["rules", "plan", "--current", &a, "--out", &db, "--ledger", &db],
            ["--out", "--ledger"],
        ),
        (vec!["rules", "apply", "--yes", "--rollback", &a, "--from", &a], ["--rollback", "--from"]),
        (
            vec!["rules", "decide", &a, "--flows", &records, "--output", &records],
            ["--output", "--flows"],
        ),
        (vec!["ledger", "export", &db, "--output", &db], ["--output", "FILE"]),
        (vec!["tags", "update", "--from", &a, "--output", &a], ["--output", "--from"]),
    ];
    let both = [&check[..], &["--output", &new, "--save-records", &new]].concat();
    commands.push((both, ["--output", "--save-records"]));
    #[cfg(unix)]
    let linked = at("linked.json");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a.json", &linked).unwrap();
        commands.push((
            vec!["replay", &records, "--output", &linked, "--baseline", &a],
            ["--output", "--baseline"],
        ));
    }
    for (arguments, options) in commands {
        run(&arguments).refuses(&[&["name one file"][..], &options].concat());
    }
    assert_eq!(fs::read(&a).unwrap(), before);
    assert!(!Path::new(&new).exists() && !Path::new(&db).exists());
    // A device is no file: everything may go there.
    #[cfg(unix)]
    {
        let null = "/dev/null";
        let twice = ["replay", &records, "--format", "json", "--output", null, "--output", null];
        assert_eq!(run(&twice).code, Some(0));
    }
}

#[test]
fn a_file_of_another_kind_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (records, report) = (case("healthy/records.jsonl"), case("healthy/report.json"));
    let indented = folder.path().join("indented.json");
    let text = fs::read_to_string(&report).unwrap();
    fs::write(&indented, text.replacen("{\"schema\":", "{\n  \"schema\": ", 1)).unwrap();
    let names = folder.path().join("names.json");
    fs::write(&names, "{\"schema\":\"pathproof.names/1\",\"names\":[]}").unwrap();
    let (indented, names) = (shown(&indented), shown(&names));
    for (arguments, words) in [
        (&["replay", &report][..], &["this is a report", "--save-records"][..]),
        (&["replay", indented], &["this is a report", "--save-records"]),
        (&["replay", names], &["what resolve --format json writes", "--save-records"]),
        (&["report", "diff", &records, &report], &["this is saved records", "--format json"]),
        (&["report", "merge", &records], &["nothing to merge", "this is saved records"]),
        (&["replay", &records, "--baseline", &records], &["--baseline", "this is saved records"]),
    ] {
        run(arguments).refuses(words);
    }
}

#[test]
fn every_reader_names_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        shown(&path).to_owned()
    };
    let large = put("large.json", &format!("{{{}", " ".repeat((4 << 20) + 1)));
    let list = put("list.toml", &format!("id = \"x\"\n{}", "a.b = 1\n".repeat(200_000)));
    let huge = folder.path().join("huge.json");
    fs::File::create(&huge).unwrap().set_len(600 << 20).unwrap();
    let (huge, flows) = (shown(&huge), put("flows.csv", "1.2.3.4,443,tcp\n"));
    for (arguments, bound) in [
        (&["rules", "apply", &large][..], "4 MiB"),
        (&["rules", "rollback", &large], "4 MiB"),
        (&["rules", "plan", "--current", &large, "--from", &flows], "4 MiB"),
        (&["check", "--service-urls", &large], "4 MiB"),
        (&["check", "--auth-key", &large], "4 MiB"),
        (&["lists", "lint", &list], "256 KiB"),
        (&["check", "--list", &list], "256 KiB"),
        (&["rules", "decide", huge, "--flows", &flows], "512 MiB"),
        (&["tags", "lookup", "1.2.3.4", "--service-tags", huge], "16 MiB"),
        (&["check", "--ca-file", huge], "16 MiB"),
        (&["replay", huge], "16 MiB"),
    ] {
        run(arguments).refuses(&[bound]);
    }
}
