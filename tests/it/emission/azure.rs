//! az, and Microsoft's `OpenAPI` of Resource Manager.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{Emitted, has, python, read, reader, skip, specification, succeed};

/// The real az signs in to a Resource Manager on loopback and runs the script twice; what that
/// then holds is what was meant, and our own `verify` finds no gap in it.
#[test]
fn az_runs_the_script() {
    let Some(python) = python() else { return };
    if !has("unshare") || !has("ip") {
        return;
    }
    let made = Command::new("unshare").args(["--net", "true"]).output().unwrap();
    if !made.status.success() {
        return skip("network namespaces cannot be made here: run as root");
    }
    let emitted = Emitted::new();
    let rules = emitted.rules();
    let mut command = Command::new("unshare");
    // A namespace of its own: az finds loopback, and nothing else.
    command.arg("--net").arg(&python).arg(reader("azure.py")).arg(emitted.file("az-cli"));
    let held = succeed(command.arg(specification()));

    let file = emitted.folder.path().join("held.json");
    fs::write(&file, &held).unwrap();
    assert_eq!(read::<Vec<super::Rule>>(&python, "nsg-json", &file), rules);

    // Behind the rules everything is denied, so that a gap would show.
    let mut group: Vec<Value> = serde_json::from_str(&held).unwrap();
    group.push(serde_json::json!({"name": "deny", "properties": {
        "access": "Deny", "direction": "Outbound", "priority": 4096, "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": "*"}}));
    fs::write(&file, Value::Array(group).to_string()).unwrap();
    let mut verify = Command::new(env!("CARGO_BIN_EXE_pathproof"));
    verify.args(["rules", "verify"]).arg(&file).arg("--from").arg(&emitted.report);
    let said = succeed(&mut verify);
    assert!(said.contains("6 of 6 required flows are allowed"), "{said}");
}

#[test]
fn the_published_openapi_has_nothing_against_it() {
    let Some(python) = python() else { return };
    let emitted = Emitted::new();
    let errors = |format: &str, text: &str| -> Vec<String> {
        let file = emitted.folder.path().join("held.json");
        fs::write(&file, text).unwrap();
        let mut command = Command::new(&python);
        command.arg(reader("read.py")).arg(format).arg(&file).arg(specification());
        let seen = succeed(&mut command);
        serde_json::from_str(&seen).unwrap()
    };
    for (format, word) in [
        ("nsg-json", "destinationPortRanges"),
        ("arm-template", "destinationPortRanges"),
        ("azure-firewall", "destinationPorts"),
    ] {
        let text = emitted.text(format);
        assert_eq!(errors(format, &text), [""; 0], "{format}");
        // The yardstick measures: a property that is not there is found.
        assert_ne!(errors(format, &text.replace(word, "destinationPorte")), [""; 0], "{format}");
    }
}
