//! `rules emit` that resolves and proves first.

use std::fs;

use serde_json::Value;

use super::Lab;
use super::situation::SPLIT;

#[test]
fn rules_are_written_for_what_is_resolved_and_proven_now() {
    let Some(lab) = Lab::shared() else { return };
    let names = lab.file("txt", format!("{SPLIT}\nnowhere.servicebus.windows.net\n"));
    let emit = |level: &str| {
        let mut command = lab.pathproof("rules");
        command.args(["emit", "--format", "csv", "--timeout", "2s", "--proof", level]);
        command.arg("--public-roots").arg(lab.pki.public_roots());
        command.arg("--ca-file").arg(lab.pki.host_roots());
        let output = command.arg("--service-urls").arg(&names).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        (String::from_utf8(output.stdout).unwrap(), stderr)
    };
    // The namespace and a gateway of its deployment, with how each was proven; without a factory,
    // which is not asked for.
    let (rows, stderr) = emit("published");
    let row = |rows: &str, cells: &str| {
        let row = rows.lines().find(|row| row.contains(cells));
        row.unwrap_or_else(|| panic!("no {cells}:\n{rows}\n{stderr}")).to_owned()
    };
    let relay = row(&rows, ",40.112.72.101,443,tcp,relay,");
    assert!(relay.contains(SPLIT) && relay.contains("published in "), "{relay}");
    assert!(relay.contains(", TLS"), "{relay}");
    // One that refuses connections is published all the same, and not proven by TLS.
    let refused = row(&rows, ",52.166.20.1,443,tcp,relay-gateway,");
    assert!(refused.contains("g1-prod-by3-010-sb"), "{refused}");
    assert!(!refused.contains("TLS"), "{refused}");
    assert!(stderr.contains("nowhere.servicebus.windows.net:443 has no address"), "{stderr}");

    let (rows, stderr) = emit("tls");
    assert!(rows.contains(",40.112.72.101,") && !rows.contains(",52.166.20.1,"), "{rows}");
    assert!(stderr.contains("52.166.20.1 of g1-prod-by3-010-sb"), "{stderr}");
}

#[test]
fn a_plan_proves_by_tls_what_it_resolves_itself() {
    let Some(lab) = Lab::shared() else { return };
    let names = lab.file("txt", format!("{SPLIT}\n"));
    let group = lab.file("json", r#"{"name": "nsg", "securityRules": []}"#);
    let plan = |roots: bool| {
        let mut command = lab.pathproof("rules");
        command.args(["plan", "--proof", "tls", "--timeout", "2s", "--current"]).arg(&group);
        if roots {
            command.arg("--public-roots").arg(lab.pki.public_roots());
            command.arg("--ca-file").arg(lab.pki.host_roots());
        }
        let output = command.arg("--service-urls").arg(&names).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    // The gateway that refuses connections is published, and cannot prove itself.
    let (code, stdout, stderr) = plan(true);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    let (rules, left_out) = stdout.split_once("left out of the rules:").unwrap_or((&stdout, ""));
    assert!(rules.contains("+ 40.112.72.101/32") && !rules.contains("52.166.20.1"), "{stdout}");
    let reason = "52.166.20.1          g1-prod-by3-010-sb.servicebus.windows.net: it did not prove";
    assert!(left_out.contains(reason), "{stdout}");
    // Under roots that are not the lab's, nothing is proven, and nothing is written.
    let (code, stdout, stderr) = plan(false);
    assert_eq!(code, Some(4), "{stdout}{stderr}");
    assert!(stdout.contains("has no address to allow"), "{stdout}");
}

#[test]
fn the_description_says_that_this_host_looked() {
    let Some(lab) = Lab::shared() else { return };
    let names = lab.file("txt", format!("{SPLIT}\n"));
    let rules = lab.file("json", "");
    let mut command = lab.pathproof("rules");
    command.args(["emit", "--format", "nsg-json", "--timeout", "2s", "--service-urls"]);
    command.arg(&names).arg("--output").arg(&rules);
    assert!(command.output().unwrap().status.success());
    let held: Value = serde_json::from_slice(&fs::read(&rules).unwrap()).unwrap();
    let prefixes = held[0]["properties"]["destinationAddressPrefixes"].as_array().unwrap();
    assert!(prefixes.contains(&"40.112.72.101/32".into()), "{held}");
    let description = held[0]["properties"]["description"].as_str().unwrap();
    assert!(description.starts_with("Written by pathproof from what this host saw"), "{held}");
}
