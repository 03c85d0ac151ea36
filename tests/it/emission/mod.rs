//! What `rules emit` writes, read by those it is written for: az, nft, squid, parsers of Terraform,
//! Bicep and `PowerShell`, Microsoft's `OpenAPI`. Each must see the rules that `nsg-json` holds,
//! and nothing of the hostile file name that every description carries may be more than text.
//!
//! `.ci/install` installs the readers. Where one is missing its test says so and counts as skipped;
//! with `LAB_REQUIRED=1` that is a failure.

mod azure;
mod host;
mod objects;
mod text;

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Ends texts, begins comments and calls commands in one or another of the formats.
const HOSTILE: &str =
    "r'\"; touch a #`touch b` $(touch c) ${d} %{e} <# *) \u{2019}\n; touch f.json";

/// An entry's id of a report that somebody else wrote.
const HOSTILE_ENTRY: &str = "=cmd|' /C touch c'!A0\"; touch d\n#";

/// A service tag of a tag file that somebody else wrote.
const HOSTILE_TAG: &str =
    "\"'; touch t #`touch u` $(touch v) ${w} %{x} */ #> \u{2019}\\\n; touch y\r\n; touch z\n\\";

/// The longest and oddest name that a rule may have.
const NAME: &str = "0._-a_Rule.with-every_letter.that-Azure_takes-0000000000000000000000000000000_";

/// A rule of a network security group, as a reader saw it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    description: String,
    priority: u32,
    access: String,
    direction: String,
    protocol: String,
    ports: Vec<String>,
    destinations: Vec<String>,
}

/// What one run saw, and the rules that are emitted for it.
struct Emitted {
    folder: TempDir,
    report: PathBuf,
    tags: PathBuf,
}

impl Emitted {
    /// Both families, several ports, neighbours, and a control plane that a tag holds.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join(HOSTILE);
        let endpoint = |entry: &str, host: &str, port: u16, addresses: &[&str]| {
            let kind = if port == 1433 { "tds" } else { "https" };
            json!({"entry": entry, "host": host, "port": port, "required": true, "cause": null,
                "kind": kind,
                "lookups": [{"chain": [], "addresses": addresses}]})
        };
        let relay = ["40.112.72.100", "40.112.72.101", "40.112.72.103", "2603:1030:a07::1"];
        let seen = json!({"schema": "pathproof.report/1", "endpoints": [
            endpoint("relay", "ns.servicebus.windows.net", 443, &relay),
            endpoint(HOSTILE_ENTRY, "s.database.windows.net", 1433, &["13.66.60.119"]),
            endpoint("control", "contoso-adf.eastus.datafactory.azure.net", 443, &["40.78.229.99"]),
        ]});
        std::fs::write(&report, seen.to_string()).unwrap();
        // Every comment that says how an address was proven names the tag that holds it.
        let tags = folder.path().join("tags.json");
        let tag = |name: &str, prefixes: &[&str]| {
            json!({"name": name, "id": name, "properties": {"changeNumber": 1, "region": "",
                "platform": "Azure", "systemService": "", "addressPrefixes": prefixes}})
        };
        let published = json!({"changeNumber": 1, "cloud": "Public", "values": [
            tag(HOSTILE_TAG, &["40.112.72.0/24", "13.66.60.0/24", "2603:1030:a07::/48"]),
            tag("DataFactoryManagement", &["40.78.229.0/24"]),
        ]});
        std::fs::write(&tags, published.to_string()).unwrap();
        Self { folder, report, tags }
    }

    /// The file of these rules in `format`.
    fn file(&self, format: &str) -> PathBuf {
        self.file_named(format, NAME)
    }

    /// The same with rules of another name.
    fn file_named(&self, format: &str, name: &str) -> PathBuf {
        let file = self.folder.path().join(format);
        let mut command = Command::new(env!("CARGO_BIN_EXE_pathproof"));
        command.args(["rules", "emit", "--format", format, "--from"]).arg(&self.report);
        command.arg("--service-tags").arg(&self.tags);
        command.args(["--name", name, "--only", "relay", "--only", HOSTILE_ENTRY]);
        command.args(["--only", "control", "--output"]);
        succeed(command.arg(&file));
        file
    }

    fn text(&self, format: &str) -> String {
        std::fs::read_to_string(self.file(format)).unwrap()
    }

    /// What ours says: the yardstick of all other formats.
    fn rules(&self) -> Vec<Rule> {
        let rules: Vec<Value> = serde_json::from_str(&self.text("nsg-json")).unwrap();
        let rule = |rule: &Value| {
            let mut seen = rule["properties"].clone();
            let own = seen.as_object_mut().unwrap();
            own.insert("name".to_owned(), rule["name"].clone());
            let ports = own.remove("destinationPortRanges").unwrap();
            let one = own.remove("destinationAddressPrefix").map(|one| json!([one]));
            let destinations = one.or_else(|| own.remove("destinationAddressPrefixes")).unwrap();
            own.insert("ports".to_owned(), ports);
            own.insert("destinations".to_owned(), destinations);
            assert_eq!(own.remove("sourceAddressPrefix"), Some(json!("*")));
            assert_eq!(own.remove("sourcePortRange"), Some(json!("*")));
            serde_json::from_value(seen).unwrap()
        };
        let rules: Vec<Rule> = rules.iter().map(rule).collect();
        // Relay in both families, the database's port, the control plane's tag.
        let destinations: Vec<_> = rules.iter().map(|rule| rule.destinations.len()).collect();
        assert_eq!(destinations, [2, 1, 1, 1], "{rules:?}");
        assert_eq!(rules[3].destinations, ["DataFactoryManagement"]);
        assert_eq!(rules[0].name, NAME);
        rules
    }
}

impl Drop for Emitted {
    /// Whatever ran, it made no file of its own.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        for name in names.map(|entry| entry.unwrap().file_name()) {
            assert!(name.len() > 1, "a file {} was made", name.display());
        }
    }
}

/// The Python of the readers that `.ci/install` put into a folder of their own.
pub(crate) fn python() -> Option<PathBuf> {
    let folder = env::var_os("PATHPROOF_READERS").map(PathBuf::from).or_else(|| {
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
        Some(cache.join("pathproof-readers"))
    });
    let python = folder.map(|folder| folder.join("bin/python"));
    let there = python.filter(|python| python.exists());
    if there.is_none() {
        skip("the readers in Python are not installed: .ci/install does it");
    }
    there
}

/// Whether `program` is here.
pub(crate) fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian keeps programs of administrators where not every user's path leads.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let is_here = folders.map(|folder| folder.join(program)).any(|file| file.exists());
    if !is_here {
        skip(&format!("{program} is not installed: .ci/install does it"));
    }
    is_here
}

fn skip(reason: &str) {
    let required = env::var_os("LAB_REQUIRED").is_some_and(|value| value == "1");
    assert!(!required, "LAB_REQUIRED=1, and {reason}");
    eprintln!("skipped: {reason}");
}

/// Microsoft's `OpenAPI` of Resource Manager.
fn specification() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/arm");
    assert!(folder.exists(), "{} is not there", folder.display());
    folder
}

pub(crate) fn reader(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(name)
}

/// What the reader of `format` sees in `file`.
pub(crate) fn read<T: serde::de::DeserializeOwned>(python: &Path, format: &str, file: &Path) -> T {
    let seen = succeed(Command::new(python).arg(reader("read.py")).arg(format).arg(file));
    serde_json::from_str(&seen).unwrap_or_else(|error| panic!("{format}: {error}: {seen}"))
}

/// Standard output of a command that ends with 0.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> String {
    // Python would leave compiled files beside the sources.
    let command = command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}: {stderr}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Every prefix of the set, as formats without tags hold it.
fn prefixes() -> BTreeSet<String> {
    let prefixes = [
        "13.66.60.119/32",
        "40.78.229.99/32",
        "40.112.72.100/31",
        "40.112.72.103/32",
        "2603:1030:a07::1/128",
    ];
    prefixes.map(str::to_owned).into()
}
