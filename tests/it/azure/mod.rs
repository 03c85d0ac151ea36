//! `rules plan|apply|rollback`, `ledger`, and what else asks Azure, as their users start them,
//! against a Resource Manager on loopback.

mod arm;
mod crash;
mod credentials;
#[cfg(target_os = "linux")]
mod daily;
#[cfg(target_os = "linux")]
mod days;
mod discovery;
mod faults;
mod foreign_files;
#[cfg(target_os = "linux")]
mod gitops;
mod guards;
mod ledger;
mod ownership;
mod recordings;
mod roles;
mod rules;
mod tokens;
mod upkeep;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use arm::{Manager, TOKEN};

/// Addresses of Azure's published ranges in western Europe.
const FIRST: [&str; 3] = ["40.112.72.101", "40.112.72.104", "40.112.72.110"];
const NAME: &str = "contoso.servicebus.windows.net";

/// A folder with what a run saw, a Resource Manager, and a group in it.
struct Scene {
    manager: Manager,
    folder: tempfile::TempDir,
    nsg: String,
}

/// How a command line ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Scene {
    fn new(rules: &[Value]) -> Self {
        let manager = Manager::start();
        let nsg = manager.group("nsg-1", rules);
        let scene = Self { manager, folder: tempfile::tempdir().unwrap(), nsg };
        scene.sees("seen.json", &FIRST);
        scene
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    fn put(&self, name: &str, value: &Value) {
        fs::write(self.at(name), value.to_string()).unwrap();
    }

    /// What a run saw of the relay.
    fn sees(&self, file: &str, addresses: &[&str]) {
        self.put(file, &names(&[("relay", NAME, addresses)]));
    }

    /// A command line in the folder, whose identity is a token of the environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pathproof"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        // Nothing of this machine: neither its proxies nor its identities.
        command.env_clear().env("PATH", "").env("PATHPROOF_ACCESS_TOKEN", TOKEN);
        command.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&mut self.command(arguments))
    }

    /// `rules apply|rollback FILE`, where the command line names the Resource Manager as it must
    /// for one that is no cloud's.
    fn saved(&self, command: &str, file: &str, more: &[&str]) -> Ended {
        let url = self.manager.url();
        self.run(&[&["rules", command, file, "--arm-endpoint", &url], more].concat())
    }

    /// `rules COMMAND` for the group, from what was seen.
    fn rules(&self, command: &str, more: &[&str]) -> Ended {
        let url = self.manager.url();
        let base = ["rules", command, "--nsg", &self.nsg, "--arm-endpoint", &url];
        self.run(&[&base, &["--from", "seen.json"][..], more].concat())
    }

    /// Plans and writes; what puts it back is in `back.json`, whatever was there.
    fn apply(&self, more: &[&str]) -> Ended {
        let _ = fs::remove_file(self.at("back.json"));
        self.rules("apply", &[&["--yes", "--rollback", "back.json"][..], more].concat())
    }

    /// The properties of a live rule.
    fn properties(&self, name: &str) -> Option<Value> {
        let rules = self.manager.rules(&self.nsg);
        let rule = rules.into_iter().find(|rule| rule["name"] == name)?;
        Some(rule["properties"].clone())
    }

    /// The destination prefixes of a live rule, without `/32`.
    fn live(&self, name: &str) -> Option<Vec<String>> {
        let properties = self.properties(name)?;
        let prefixes = properties["destinationAddressPrefixes"].as_array().unwrap().clone();
        let text = |prefix: Value| prefix.as_str().unwrap().trim_end_matches("/32").to_owned();
        Some(prefixes.into_iter().map(text).collect())
    }
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let ended = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains(TOKEN), "a token is shown: {text}");
            assert!(!text.contains("panicked"), "{text}");
        }
        crate::cli::says_nothing_twice(&ended.stderr);
        ended
    }

    #[track_caller]
    fn ends(self, code: i32, words: &[&str]) -> Self {
        self.said(code, words);
        self
    }

    #[track_caller]
    fn said(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        let all = format!("{}\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(all.contains(word), "no {word:?} in {all}");
        }
    }
}

/// What `resolve --format json` writes, as far as rules read it.
fn names(targets: &[(&str, &str, &[&str])]) -> Value {
    let names: Vec<_> = targets
        .iter()
        .map(|(entry, host, addresses)| {
            let chain = json!([{"name": host, "type": "CNAME", "ttl": 60,
                "data": "ns-sb2-prod-am3-010.cloudapp.net"}]);
            json!({"entry": entry, "host": host, "port": 443, "kind": "relay",
                "required": *entry == "relay",
                "lookups": [{"resolver": "10.0.0.53:53", "outcome": "ok", "chain": chain,
                    "addresses": addresses}]})
        })
        .collect();
    json!({"schema": "pathproof.names/1", "names": names})
}

/// A rule of someone else.
fn foreign(name: &str, priority: u32, access: &str, destination: &str) -> Value {
    json!({"name": name, "properties": {
        "description": "by hand", "priority": priority, "access": access,
        "direction": "Outbound", "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": destination, "destinationPortRange": "*",
    }})
}

/// A rule of ours.
fn own(name: &str, priority: u32, addresses: &[&str]) -> Value {
    json!({"name": name, "properties": {
        "description": "Written by pathproof from an older run", "priority": priority,
        "access": "Allow", "direction": "Outbound", "protocol": "Tcp",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefixes": addresses, "destinationPortRange": "443",
    }})
}
