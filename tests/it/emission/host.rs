//! nft and squid.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{Emitted, has, prefixes, skip, succeed};

/// nft takes the file after one of another day, and then holds this set and no other: in a network
/// namespace of its own, so that this machine's rules stay as they are.
#[test]
fn nft_puts_the_table_in_the_place_of_an_older_one() {
    if !has("nft") || !has("unshare") {
        return;
    }
    let made = Command::new("unshare").args(["--net", "nft", "list", "tables"]).output().unwrap();
    if !made.status.success() {
        return skip("nft cannot run in a namespace here: run as root");
    }
    let emitted = Emitted::new();
    let file = emitted.file("nftables");
    let older = emitted.folder.path().join("older");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&older, text.replace("13.66.60.119", "20.0.0.1")).unwrap();
    let script = "nft -c -f \"$1\" && nft -f \"$2\" && nft -f \"$1\" && nft -j list table inet \
                  filter";
    let mut command = Command::new("unshare");
    let listed = succeed(command.args(["--net", "sh", "-c", script, "sh"]).arg(&file).arg(&older));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let objects = listed["nftables"].as_array().unwrap();

    let mut held = BTreeSet::new();
    for element in objects.iter().filter_map(|object| object["set"]["elem"].as_array()).flatten() {
        held.insert(match (element.as_str(), &element["prefix"]) {
            (Some(address), _) if address.contains(':') => format!("{address}/128"),
            (Some(address), _) => format!("{address}/32"),
            (None, prefix) => format!("{}/{}", prefix["addr"].as_str().unwrap(), prefix["len"]),
        });
    }
    assert_eq!(held, prefixes());
    // Relay in both families, database, control plane: the older ones are gone.
    let rules: Vec<_> = objects.iter().filter(|object| object["rule"].is_object()).collect();
    assert_eq!(rules.len(), 4, "{rules:?}");
    assert!(rules.iter().all(|rule| rule.to_string().contains("\"accept\":null")), "{rules:?}");
}

#[test]
fn squid_takes_the_list_of_names() {
    if !has("squid") {
        return;
    }
    let emitted = Emitted::new();
    let folder = emitted.folder.path();
    // A wildcard beside a name that it holds: squid refuses a list with both.
    let list = "*.servicebus.windows.net\nns.servicebus.windows.net\ndownload.microsoft.com\n";
    fs::write(folder.join("names.txt"), list).unwrap();
    let mut emit = Command::new(env!("CARGO_BIN_EXE_pathproof"));
    emit.args(["rules", "emit", "--format", "squid-domains", "--from"])
        .arg(folder.join("names.txt"));
    let file = folder.join("squid-domains");
    succeed(emit.arg("--output").arg(&file));

    let parse = |file: &std::path::Path| {
        let text = format!(
            "acl runtime dstdomain \"{}\"\nhttp_access allow runtime\nhttp_access deny all\n\
             http_port 127.0.0.1:3128\npid_filename none\n",
            file.display()
        );
        fs::write(folder.join("squid.conf"), text).unwrap();
        let mut squid = Command::new("/usr/sbin/squid");
        let output = squid.args(["-k", "parse", "-f"]).arg(folder.join("squid.conf")).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let complains = ["ERROR", "WARNING", "FATAL"].iter().any(|word| said.contains(word));
        (output.status.success() && !complains, said)
    };
    let (is_fine, said) = parse(&file);
    assert!(is_fine, "{said}");
    // The yardstick measures: the same names as they were given are refused.
    fs::write(&file, list.replace("*.", ".")).unwrap();
    let (is_fine, said) = parse(&file);
    assert!(!is_fine, "{said}");
}
