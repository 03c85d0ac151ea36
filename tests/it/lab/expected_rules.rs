//! `check --expect`: rules that are in force, rules that are not, and something beyond them.

use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::json;

use super::faults::{self, Behaviour};
use super::invocation::Report;
use super::namespace::{self, Namespace};
use super::{input, possible, wait_for};

/// Addresses of the server, each with what the rules say and what nftables does there.
const OPEN: &str = "40.60.0.10";
const DENIED: &str = "40.60.0.11";
const BEYOND: &str = "40.60.0.12";
const NOT_IN_FORCE: &str = "40.60.0.13";

struct Link {
    client: Namespace,
    server: Namespace,
}

impl Link {
    fn create() -> Result<Self, String> {
        let lab = namespace::unique_name();
        let client = Namespace::create(&lab, "client")?;
        let server = Namespace::create(&lab, "server")?;
        client.ip(&format!(
            "link add far type veth peer name near netns {}\nlink set far up\n\
             address add 10.60.0.1/24 dev far\nroute add default via 10.60.0.2\n",
            server.name()
        ))?;
        server.ip(&format!(
            "link set near up\naddress add 10.60.0.2/24 dev near\n\
             address add {OPEN} dev lo\naddress add {DENIED} dev lo\n\
             address add {BEYOND} dev lo\naddress add {NOT_IN_FORCE} dev lo\n"
        ))?;
        Ok(Self { client, server })
    }
}

#[test]
fn predictions_are_held_against_what_nftables_does() {
    if let Err(reason) = possible() {
        let required = std::env::var_os("LAB_REQUIRED").is_some_and(|value| value == "1");
        assert!(!required, "LAB_REQUIRED=1, and the namespace lab cannot run here: {reason}");
        eprintln!("skipped: the namespace lab cannot run here: {reason}");
        return;
    }
    let link = Link::create().unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().unwrap();
    let list = format!("{OPEN}:443\n{BEYOND}:443\n");
    let list = input(folder.path(), "txt", list);
    let emit = |format: &str| {
        let mut command = link.client.command(env!("CARGO_BIN_EXE_pathproof"));
        command.args(["rules", "emit", "--proof", "resolved", "--name", "allowed", "--from"]);
        let output = command.arg(&list).args(["--format", format]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        String::from_utf8(output.stdout).unwrap()
    };
    // What was emitted is put in force behind a chain that drops the rest, but for one address.
    link.client.nft(&emit("nftables")).unwrap();
    link.client
        .nft(&format!(
            "table inet filter {{\nchain leaving {{\ntype filter hook output priority 0\n\
             ip daddr {NOT_IN_FORCE} accept\njump pathproof_allowed\n\
             ip daddr 40.60.0.0/24 drop\n}}\n}}\n"
        ))
        .unwrap();
    link.server
        .nft(&format!(
            "table ip raw {{\nchain arriving {{\ntype filter hook prerouting priority raw\n\
             ip daddr {BEYOND} drop\n}}\n}}\n"
        ))
        .unwrap();
    let mut server = serve(&link.server, folder.path());

    let mut rules: Vec<serde_json::Value> = serde_json::from_str(&emit("nsg-json")).unwrap();
    rules.push(json!({"name": "deny", "properties": {
        "access": "Deny", "direction": "Outbound", "priority": 4000, "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": "*"}}));
    let rules = input(folder.path(), "json", serde_json::to_string(&rules).unwrap());
    let mut command = link.client.command(env!("CARGO_BIN_EXE_pathproof"));
    command.args(["check", "--format", "json", "--timeout", "2s", "--resolver", "127.0.0.1"]);
    for address in [OPEN, DENIED, BEYOND, NOT_IN_FORCE] {
        command.args(["--endpoint", &format!("tcp://{address}:443")]);
    }
    let (report, _) = Report::of(command.arg("--expect").arg(&rules).stdin(Stdio::null()));
    let agreement = |address: &str| {
        let expected = &report.endpoint(address).unwrap()["expected"][0];
        let text = |key: &str| expected[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("decision"), text("measured"), text("agreement"))
    };
    assert_eq!(agreement(OPEN), "allow connected works_as_predicted");
    assert_eq!(agreement(DENIED), "deny timeout blocked_as_predicted");
    assert_eq!(agreement(BEYOND), "allow timeout blocked_although_allowed");
    assert_eq!(agreement(NOT_IN_FORCE), "deny connected works_although_denied");
    drop(link);
    let _ended = server.wait();
}

/// A server that accepts connections to every address, and says nothing.
fn serve(server: &Namespace, folder: &Path) -> Child {
    let instructions = input(
        folder,
        "txt",
        faults::instruction("0.0.0.0:443".parse().unwrap(), Behaviour::Silent),
    );
    let mut command = server.command(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", faults::PROGRAM]);
    command.env(faults::INSTRUCTIONS, instructions).stdin(Stdio::null());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ready = folder.join("ready");
    wait_for("the server", || if ready.exists() { Ok(()) } else { Err("is not there".to_owned()) })
        .unwrap();
    child
}
