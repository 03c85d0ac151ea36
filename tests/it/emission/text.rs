//! Parsers and grammars of languages that describe infrastructure.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Emitted, Rule, prefixes, python, read};

#[test]
fn terraform_and_templates_hold_the_rules() {
    let Some(python) = python() else { return };
    let emitted = Emitted::new();
    let rules = emitted.rules();
    for format in ["terraform", "arm-template", "nsg-json"] {
        assert_eq!(read::<Vec<Rule>>(&python, format, &emitted.file(format)), rules, "{format}");
    }
}

/// The grammar finds no error, and between quotes stands what was meant and no more: had a text
/// ended early, its rest would be missing.
#[test]
fn bicep_and_powershell_hold_the_rules() {
    let Some(python) = python() else { return };
    let emitted = Emitted::new();
    let rules = emitted.rules();
    for format in ["bicep", "az-powershell"] {
        let texts: Vec<String> = read(&python, format, &emitted.file(format));
        for rule in &rules {
            let count = |text: &String| texts.iter().filter(|own| *own == text).count();
            assert_eq!(count(&rule.name), 1, "{format}: {texts:?}");
            assert_eq!(count(&rule.description), rules.len(), "{format}: {texts:?}");
            for destination in &rule.destinations {
                assert_eq!(count(destination), 1, "{format}: {destination} in {texts:?}");
            }
        }
        let mut meant: BTreeSet<&str> = BTreeSet::new();
        for rule in &rules {
            meant.extend([&*rule.name, &rule.description, "Outbound", "Allow", "Tcp", "*"]);
            meant.extend(rule.ports.iter().chain(&rule.destinations).map(String::as_str));
        }
        let other: Vec<_> = texts.iter().filter(|text| !meant.contains(text.as_str())).collect();
        let expected: &[&str] = match format {
            "bicep" => &[
                "The group that the rules are added to",
                "Microsoft.Network/networkSecurityGroups@2024-01-01",
                "Microsoft.Network/networkSecurityGroups/securityRules@2024-01-01",
                "Microsoft.Network/networkSecurityGroups/securityRules@2024-01-01",
                "Microsoft.Network/networkSecurityGroups/securityRules@2024-01-01",
                "Microsoft.Network/networkSecurityGroups/securityRules@2024-01-01",
            ],
            _ => &["Stop"],
        };
        assert_eq!(other, expected, "{format}");
    }
    let texts: Vec<String> = read(&python, "windows-firewall", &emitted.file("windows-firewall"));
    let seen: BTreeSet<_> = texts.iter().filter(|text| text.contains('/')).cloned().collect();
    assert_eq!(seen, prefixes());
    let described = texts.iter().filter(|text| **text == rules[0].description).count();
    assert_eq!(described, 3, "a rule for each set of ports: {texts:?}");
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    direction: String,
    source: String,
    name: String,
    address: String,
    port: String,
    protocol: String,
    entry: String,
    proof: String,
}

#[test]
fn lists_hold_the_addresses() {
    let Some(python) = python() else { return };
    let emitted = Emitted::new();
    let lines: Vec<String> = read(&python, "edl-ip", &emitted.file("edl-ip"));
    assert_eq!(lines.into_iter().collect::<BTreeSet<_>>(), prefixes());
    let rows: Vec<Row> = read(&python, "csv", &emitted.file("csv"));
    let seen: Vec<_> = rows.iter().map(|row| format!("{} {}", row.name, row.address)).collect();
    assert_eq!(
        seen,
        [
            "contoso-adf.eastus.datafactory.azure.net 40.78.229.99",
            "ns.servicebus.windows.net 40.112.72.100",
            "ns.servicebus.windows.net 40.112.72.101",
            "ns.servicebus.windows.net 40.112.72.103",
            "ns.servicebus.windows.net 2603:1030:a07::1",
            "s.database.windows.net 13.66.60.119",
        ]
    );
    for row in &rows {
        // A spreadsheet computes nothing, and nothing ends its cell.
        let (port, entry) = match row.address.as_str() {
            "13.66.60.119" => ("1433", "'=cmd|' /C touch c'!A0\"; touch d #"),
            "40.78.229.99" => ("443", "control"),
            _ => ("443", "relay"),
        };
        assert_eq!((row.port.as_str(), row.protocol.as_str()), (port, "tcp"), "{row:?}");
        assert_eq!((row.direction.as_str(), row.source.as_str()), ("outbound", ""), "{row:?}");
        assert_eq!(row.entry, entry, "{row:?}");
        let tag =
            if entry == "control" { "DataFactoryManagement" } else { "\"'; touch t #`touch u`" };
        assert!(row.proof.starts_with(&format!("published in {tag}")), "{row:?}");
    }
}
