//! A terminal is never commanded by what others chose: every command, on a real one, with hostile
//! text wherever a file, a name or an argument can hold it. Through a pipe this cannot be seen:
//! escape sequences are taken out on the way.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use pathproof::archive;
use pathproof::ledger::{Ledger, LedgerSighting, Proof};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use super::{pathproof, shown};

/// A title, a bell, a colour and a cleared screen by seven and eight bits, and what turns text
/// around or begins a line.
const EVIL: &str =
    "pwn\u{1b}]0;x\u{7}\u{1b}[31mRED\u{1b}[2J\u{9b}2J\u{202e}\u{2066}\u{200f}\u{2028}\u{85}pwn";

/// A terminal for programs to write to.
pub(super) struct Terminal {
    master: File,
    slave: File,
}

impl Terminal {
    pub(super) fn open() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(name.to_str().unwrap())
            .unwrap();
        Self { master: File::from(master), slave }
    }

    /// The side that a program writes to.
    pub(super) fn slave(&self) -> File {
        self.slave.try_clone().unwrap()
    }

    /// What it gets until every program has ended, whose commands were dropped.
    pub(super) fn read(self) -> String {
        let Self { mut master, slave } = self;
        drop(slave);
        let mut bytes = Vec::new();
        let mut block = [0; 4096];
        // Linux says so by an error.
        while let Ok(length @ 1..) = master.read(&mut block) {
            bytes.extend_from_slice(&block[..length]);
        }
        String::from_utf8(bytes).expect("text only")
    }
}

/// What a terminal gets of `command`, from both streams.
fn on_terminal(mut command: Command) -> String {
    let terminal = Terminal::open();
    command.env("TERM", "xterm-256color").env_remove("CI");
    command.stdin(Stdio::null()).stdout(terminal.slave()).stderr(terminal.slave());
    let mut child = command.spawn().unwrap();
    // Its copies of the terminal are closed: reading ends when the program does.
    drop(command);
    let text = terminal.read();
    child.wait().unwrap();
    text
}

/// `text` without line ends, colours and what a progress bar moves by.
fn without_our_own(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let sequence = part.strip_prefix('[').and_then(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            let is_ours = part[end..].starts_with('m') || part.starts_with("2K");
            is_ours.then(|| &part[end + 1..])
        });
        if let Some(after) = sequence {
            rest.push_str(after);
        } else {
            rest.push('\u{1b}');
            rest.push_str(part);
        }
    }
    rest.replace(['\r', '\n'], "")
}

#[track_caller]
fn commands_nothing(what: &str, text: &str) {
    assert!(!text.contains("\u{1b}[31mRED"), "a colour of theirs in {what}: {text:?}");
    let rest = without_our_own(text);
    assert!(!rest.contains(pathproof::model::is_obeyed), "{what}: {rest:?}");
    assert!(!text.contains("panicked"), "{what}: {text}");
}

/// What it shows on a terminal, which holds `words`.
#[track_caller]
fn shows(arguments: &[&str], words: &[&str]) -> String {
    let text = on_terminal(pathproof(arguments));
    commands_nothing(&arguments.join(" "), &text);
    for word in words {
        assert!(text.contains(word), "no {word:?} in what {arguments:?} shows: {text}");
    }
    text
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        shown(&path).to_owned()
    }
}

fn folder() -> Folder {
    Folder(tempfile::tempdir().unwrap())
}

fn case(name: &str) -> String {
    shown(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).to_owned()
}

#[test]
fn arguments_are_shown_without_effect() {
    for arguments in [
        &[EVIL][..],
        &["check", "--only", EVIL],
        &["check", "--endpoint", EVIL],
        &["check", "--with", EVIL],
        &["check", "--factory", EVIL],
        &["check", "--timeout", EVIL],
        &["check", "--list", EVIL],
        &["check", "--save-records", &format!("{EVIL}/x")],
        &["check", "--output", &format!("{EVIL}.xyz")],
        &["resolve", EVIL],
        &["replay", EVIL],
        &["lists", "lint", EVIL],
        &["lists", "show", EVIL],
        &["report", "diff", EVIL, EVIL],
        &["report", "merge", EVIL],
        &["rules", "decide", EVIL, "--flows", EVIL],
        &["rules", "rollback", EVIL],
        &["ledger", "show", EVIL],
        &["tags", "lookup", EVIL],
        &["agent", "lint", EVIL],
    ] {
        shows(arguments, &["pwn"]);
    }
    shows(&["explain", EVIL], &[]);
}

#[test]
fn rules_and_flows_are_shown_without_effect() {
    let folder = folder();
    let rule = json!({"name": EVIL, "properties": {
        "description": EVIL, "priority": 100, "access": "Deny", "direction": "Outbound",
        "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": "*",
    }});
    let group = json!({"name": EVIL, "properties": {"securityRules": [rule, {
        "name": format!("{EVIL}-2"), "properties": rule["properties"],
    }]}});
    let group = folder.put("group.json", &group.to_string());
    let flows = folder.put("flows.csv", "40.112.72.101,443,tcp\n");
    let evil_flows = folder.put("evil.csv", &format!("{EVIL},443,tcp\n"));
    let decide = ["rules", "decide", &group, "--flows"];
    shows(&[&decide[..], &[&flows]].concat(), &["deny", "pwn"]);
    shows(&[&decide[..], &[&flows, "--format", "jsonl"]].concat(), &["deny", "pwn"]);
    shows(&[&decide[..], &[&evil_flows]].concat(), &["pwn"]);
    let verify = ["rules", "verify", &group, "--flows", &flows];
    shows(&verify, &["denied", "pwn"]);
    shows(&[&verify[..], &["--format", "json"]].concat(), &["pwn"]);
    let report = case("healthy/report.json");
    let list = folder.put("list.txt", &format!("40.112.72.101 # {EVIL}\n{EVIL}\n"));
    shows(&["rules", "emit", "--format", "csv", "--from", &list], &[]);
    let plan = ["rules", "plan", "--current", &group, "--from", &report];
    shows(&plan, &[]);
    shows(&[&plan[..], &["--rule-name", EVIL]].concat(), &[]);
    for file in ["PLAN", "ROLLBACK"] {
        let schema = json!({"schema": EVIL, "nsg": EVIL, "cloud": EVIL});
        let path = folder.put(file, &schema.to_string());
        shows(&["rules", "apply", &path], &[]);
        shows(&["rules", "rollback", &path], &[]);
    }
}

/// A name, a description or a message that breaks its line does not begin one that seems ours.
#[test]
fn nothing_foreign_begins_a_line_of_a_plan() {
    const BREAK: &str = "x\nTo do: nothing\r\nnote: all is well";
    let folder = folder();
    let rule = |name: &str, priority: u32, access: &str, to: &str, description: &str| {
        json!({"name": name, "properties": {
            "description": description, "priority": priority, "access": access,
            "direction": "Outbound", "protocol": "Tcp", "sourceAddressPrefix": BREAK,
            "sourcePortRange": "*", "destinationAddressPrefix": to, "destinationPortRange": "443",
        }})
    };
    let written = format!("Written by pathproof {BREAK}");
    let group = json!({"name": "nsg", "properties": {"securityRules": [
        rule("Allow-Azure-Relay", 200, "Allow", "13.69.0.1", &written),
        rule(BREAK, 100, "Deny", "Internet", BREAK),
    ]}});
    let group = folder.put("group.json", &group.to_string());
    let (report, plan) = (case("healthy/report.json"), folder.0.path().join("plan.json"));
    let base = ["rules", "plan", "--current", &group, "--from", &report, "--proof", "resolved"];
    let text = shows(&[&base[..], &["--out", shown(&plan)]].concat(), &["~ update", r"x\nTo do:"]);
    let ours = |text: &str| -> Vec<String> {
        let ours = text.lines().filter(|line| line.starts_with("To do:") || line.contains(": all"));
        ours.filter(|line| !line.contains(r"\n")).map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(ours(&text), ["To do: 1 to update."], "{text}");
    let text = shows(&[&base[..], &["--priority", "100"]].concat(), &["priority_taken"]);
    assert_eq!(ours(&text), [""; 0], "{text}");

    // A saved plan says what it was refused for.
    let mut refused: Value = serde_json::from_str(&fs::read_to_string(&plan).unwrap()).unwrap();
    refused["nsg"] = json!(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n"
    );
    refused["refusals"] = json!([{"guard": "empty", "message": BREAK}]);
    let refused = folder.put("refused.json", &refused.to_string());
    let text = shows(&["rules", "apply", &refused], &["refused (empty)", r"x\nTo do:"]);
    assert_eq!(ours(&text), [""; 0], "{text}");
}

#[test]
fn tags_ledgers_and_configuration_are_shown_without_effect() {
    let folder = folder();
    let tags = |name: &str, number: u32| {
        json!({"changeNumber": number, "cloud": "Public", "values": [{
            "name": name, "id": name, "properties": {"changeNumber": 1, "region": EVIL,
                "platform": "Azure", "systemService": EVIL,
                "addressPrefixes": ["40.112.72.0/24"]},
        }]})
    };
    let old = folder.put("old.json", &tags("Old", 1).to_string());
    let new = folder.put("new.json", &tags(EVIL, 2).to_string());
    shows(&["tags", "lookup", "40.112.72.101", "--service-tags", &new], &["pwn"]);
    shows(&["tags", "lookup", EVIL, "--service-tags", &new], &["pwn"]);
    shows(&["tags", "diff", &old, &new], &["pwn"]);
    shows(&["tags", "diff", &old, &new, "--format", "json"], &["pwn"]);

    let ledger = folder.0.path().join("ledger.db");
    let sighting = LedgerSighting {
        name: EVIL.to_owned(),
        net: "40.112.72.101/32".parse().unwrap(),
        at: Timestamp::now(),
        proof: Proof::Tls,
        source: EVIL.to_owned(),
    };
    Ledger::open(&ledger).unwrap().note(&[sighting]).unwrap();
    shows(&["ledger", "show", shown(&ledger)], &["pwn"]);
    for format in ["csv", "json"] {
        shows(&["ledger", "export", shown(&ledger), "--format", format], &["pwn"]);
    }

    let config = format!(
        "<configuration><system.net><defaultProxy enabled=\"{0}\"><proxy proxyaddress=\"{0}\" \
         scriptLocation=\"{0}\"/><bypasslist><add address=\"{0}\"/></bypasslist></defaultProxy>\
         </system.net></configuration>",
        EVIL.replace(['\u{1b}', '\u{7}'], "")
    );
    for name in ["diahost.exe.config", "diawp.exe.config"] {
        folder.put(name, &config);
    }
    shows(&["agent", "lint", shown(folder.0.path())], &["pwn"]);
    let urls = folder.put("urls.txt", &format!("{EVIL}.servicebus.windows.net\n{EVIL}\n"));
    shows(&["check", "--service-urls", &urls, "--resolver", "127.0.0.1:1"], &["pwn"]);
    let escaped = json!(EVIL).to_string();
    let list = folder.put("list.toml", &format!("id = {escaped}\n[[entry]]\nid = {escaped}\n"));
    shows(&["lists", "lint", &list], &["pwn"]);
}

/// Every text of saved records that may be anything, and some of those that may not.
#[test]
fn records_and_reports_are_shown_without_effect() {
    let folder = folder();
    let records = fs::read_to_string(case("inspected/records.jsonl")).unwrap();
    let lines: Vec<Value> =
        records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut pointers = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        texts(line, &mut String::new(), &mut |path| pointers.push((number, path.to_owned())));
    }
    let written = |lines: &[Value]| {
        lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
    };
    let is_read = |lines: &[Value]| archive::read(written(lines).as_bytes(), "r").is_ok();
    let (mut hostile, mut refused, mut n_accepted) = (lines, Vec::new(), 0);
    for (number, path) in pointers {
        let mut own = hostile.clone();
        *own[number].pointer_mut(&path).unwrap() = json!(EVIL);
        if is_read(&own) {
            hostile = own;
            n_accepted += 1;
        } else {
            refused.push(own);
        }
    }
    assert!(n_accepted > 20, "{n_accepted}");
    let file = folder.put("records.jsonl", &written(&hostile));
    for format in ["table", "json", "jsonl"] {
        shows(&["replay", &file, "--format", format], &["pwn"]);
    }
    for own in refused.iter().step_by(refused.len() / 6 + 1) {
        let file = folder.put("refused.jsonl", &written(own));
        shows(&["replay", &file], &["error: "]);
    }
    let report = fs::read_to_string(case("inspected/report.json")).unwrap();
    let mut report: Value = serde_json::from_str(&report).unwrap();
    report["run"]["vantage"]["hostname"] = json!(EVIL);
    let finding = &mut report["endpoints"][0];
    finding["entry"] = json!(EVIL);
    finding["host"] = json!(EVIL);
    let evil = folder.put("evil.json", &report.to_string());
    let healthy = case("healthy/report.json");
    for format in ["table", "json"] {
        shows(&["report", "diff", &healthy, &evil, "--format", format], &["pwn"]);
        shows(&["report", "merge", &healthy, &evil, "--format", format], &["pwn"]);
    }
}

#[test]
fn our_own_colors_stay() {
    let records = case("inspected/records.jsonl");
    let text = shows(&["replay", &records], &["\u{1b}["]);
    assert!(!text.contains("\\u001b"), "{text}");
}

/// Where texts stand in `value`, as JSON pointers.
fn texts(value: &Value, path: &mut String, found: &mut impl FnMut(&str)) {
    let length = path.len();
    match value {
        Value::String(_) => found(path),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                let _ = write!(path, "/{at}");
                texts(value, path, found);
                path.truncate(length);
            }
        }
        Value::Object(values) => {
            for (name, value) in values {
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                texts(value, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
