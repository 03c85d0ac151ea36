//! Conventions as failing checks: who may import whom, how long a file may be, how files are
//! called, and what the pure rooms may not touch.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may use. A new edge is a decision: write it here, and why in the
/// commit.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("ordered_work", &[]),
    // JSON and an expression language, whatever the templates are for.
    ("arm_template", &[]),
    ("wire", &["model"]),
    ("tags", &["model"]),
    ("list", &["model"]),
    ("route", &["model"]),
    // The ways to measure follow from the way that is configured.
    ("plan", &["model", "route"]),
    ("archive", &["model", "ordered_work"]),
    ("saved", &["model"]),
    // What a run saw comes from records or from a saved report, by the one reader of reports; which
    // flow a proxied name needs is for the one reader of proxies' URLs. Only its readers of rules
    // know templates.
    ("firewall", &["model", "tags", "saved", "route", "arm_template"]),
    // The rules of a live group are compared with what was seen and proven for them.
    ("nsg_rules", &["model", "firewall"]),
    ("diagnose", &["model", "plan", "ordered_work"]),
    ("report", &["model", "plan", "diagnose", "ordered_work", "saved"]),
    // A proxy is spoken to by its URL, with the credentials that no record holds.
    ("probe", &["model", "route", "plan", "wire"]),
    ("ledger", &["model"]),
    ("azure", &["model"]),
    (
        "cli",
        &[
            "model",
            "list",
            "route",
            "plan",
            "wire",
            "archive",
            "tags",
            "firewall",
            "diagnose",
            "report",
            "probe",
            "ledger",
            "azure",
            "nsg_rules",
            "saved",
        ],
    ),
];

/// The rooms without sockets, clocks, files and environment.
const PURE: &[&str] = &[
    "model",
    "ordered_work",
    "arm_template",
    "wire",
    "tags",
    "list",
    "route",
    "plan",
    "archive",
    "firewall",
    "nsg_rules",
    "diagnose",
    "report",
    "saved",
];

const IMPURE_WORDS: &[&str] = &[
    "Timestamp::now",
    "Instant::now",
    "SystemTime::now",
    "std::net::Tcp",
    "std::net::Udp",
    "tokio::",
    "std::env::var",
    "std::fs",
    "process::exit",
    "println!",
];

const LONGEST_FILE: usize = 600;

const VAGUE_NAMES: &[&str] =
    &["util", "utils", "helper", "helpers", "manager", "common", "misc", "handler", "imp"];

#[test]
fn rooms_import_downwards_only() {
    let mut wrong = Vec::new();
    for (room, allowed) in MAY_USE {
        for (path, text) in rust_files(&source().join(room)) {
            for used in code(&path, &text).filter(|line| !is_comment(line)).flat_map(rooms_named) {
                if used != *room && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{}: {room} uses {used}", shown(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "edges outside the table in this test:\n{}", wrong.join("\n"));
}

/// Deciding, verifying and correcting know no vendor's format: only the readers in `nsg` and the
/// writers in `emit` do.
#[test]
fn firewall_itself_knows_no_format() {
    const FORMATS: [&str; 5] = ["nsg::", "emit::", "super::nsg", "arm_template", "serde_json"];
    let room = source().join("firewall");
    let mut wrong = Vec::new();
    for (path, text) in rust_files(&room) {
        if ["nsg", "emit"].iter().any(|folder| path.starts_with(room.join(folder))) {
            continue;
        }
        for line in code(&path, &text).filter(|line| !is_comment(line)) {
            for word in FORMATS.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}: {word}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "a vendor's format in firewall:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_on_the_map() {
    let map = fs::read_to_string(source().join("lib.rs")).unwrap();
    let mut rooms: Vec<String> = fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    rooms.sort();
    for room in rooms {
        assert!(MAY_USE.iter().any(|(name, _)| *name == room), "{room} has no row in MAY_USE");
        assert!(map.contains(&format!("[`{room}`]")), "{room} is not on the map in lib.rs");
    }
}

#[test]
fn pure_rooms_touch_nothing() {
    let mut wrong = Vec::new();
    for room in PURE {
        for (path, text) in rust_files(&source().join(room)) {
            for (number, line) in
                code(&path, &text).enumerate().filter(|(_, line)| !is_comment(line))
            {
                for word in IMPURE_WORDS.iter().filter(|word| line.contains(**word)) {
                    wrong.push(format!("{}:{}: {word}", shown(&path), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "pure rooms that are not:\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_called_after_what_they_hold() {
    let mut wrong = Vec::new();
    for root in ["src", "tests", "benches", "examples"] {
        for (path, text) in rust_files(&manifest().join(root)) {
            let lines = text.lines().count();
            if lines > LONGEST_FILE {
                wrong.push(format!("{}: {lines} lines", shown(&path)));
            }
            let stem = path.file_stem().unwrap().to_str().unwrap();
            if stem.split('_').any(|word| VAGUE_NAMES.contains(&word)) {
                wrong.push(format!("{}: a name that says nothing", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_names_a_machine() {
    // Written in two parts, so that this file does not name one itself.
    let forbidden = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("bash", "_jobs")];
    let mut wrong = Vec::new();
    for root in ["src", "tests", "benches", "fuzz", "deploy", "examples", "endpoint-lists", ".ci"] {
        for path in files(&manifest().join(root)) {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for word in forbidden.iter().filter(|word| text.contains(**word)) {
                wrong.push(format!("{}: {word}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What led to an error is said by whoever shows the chain: an error whose words hold those of its
/// source says them twice.
#[test]
fn no_error_repeats_its_source() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files(&source()) {
        for after in text.split("#[error(").skip(1) {
            let Some(end) = after.find(")]\n") else { continue };
            let (words, rest) = after.split_at(end);
            // A field, or the fields of a variant: up to the next one's message or the item's end.
            let item = &rest[..rest.find("\n}").unwrap_or(rest.len())];
            let Some(at) = ["#[source]", "#[from]"].iter().filter_map(|mark| item.find(mark)).min()
            else {
                continue;
            };
            let named = item[at..].split_once(": ").map_or("", |(front, _)| front);
            let name = named.rsplit([' ', '\n']).next().unwrap_or_default();
            let is_tuple = item[..at].ends_with('(');
            let holds = |field: &str| words.contains(&format!("{{{field}"));
            if is_tuple && holds("0") || !is_tuple && !name.is_empty() && holds(name) {
                wrong.push(format!("{}: {words}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "errors that say their source's words:\n{}", wrong.join("\n"));
}

/// The rooms of this crate that a line names, as `crate::room`.
fn rooms_named(line: &str) -> Vec<String> {
    line.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .filter(|word: &String| MAY_USE.iter().any(|(room, _)| room == word))
        .collect()
}

/// The lines of a file that are no tests: what tests do is their own matter. An item under
/// `#[cfg(test)]` ends with its line, or with a brace in the first column.
fn code<'a>(path: &Path, text: &'a str) -> impl Iterator<Item = &'a str> {
    let is_test =
        path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests");
    let mut is_skipping = is_test;
    text.lines().filter(move |line| {
        let was_skipping = is_skipping;
        if line.starts_with("#[cfg(test)]") {
            is_skipping = true;
        } else if is_skipping
            && !is_test
            && (line.ends_with(';') && !line.starts_with(' ') || *line == "}")
        {
            is_skipping = false;
        }
        !was_skipping && !is_skipping
    })
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn manifest() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn source() -> PathBuf {
    manifest().join("src")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(manifest()).unwrap_or(path).display().to_string()
}

fn rust_files(root: &Path) -> Vec<(PathBuf, String)> {
    files(root)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
