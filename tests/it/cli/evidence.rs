//! What `rules` takes from each form of evidence: records, the report of them, and the names that
//! `resolve` writes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Ended, Folder, rule, run, shown};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

/// The records of a case, changed line by line.
fn records(name: &str, change: impl Fn(&mut Value)) -> String {
    let text = fs::read_to_string(case(name).join("records.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        change(&mut line);
        format!("{line}\n")
    });
    lines.collect()
}

fn is_record_of(line: &Value, host: &str) -> bool {
    line["type"] == "record" && line["endpoint"]["subject"]["name"] == host
}

/// The report that `check` would have written beside these records.
fn report_of(folder: &Folder, records: &str) -> String {
    let output = folder.at("report-of-records.json");
    run(&["replay", records, "--format", "json", "--output", shown(&output)]);
    shown(&output).to_owned()
}

fn emit(from: &str, more: &[&str]) -> Ended {
    run(&[&["rules", "emit", "--from", from], more].concat())
}

/// The configured way through a proxy works, so that the alternate way gives no findings; there the
/// address showed the certificate of another service.
#[test]
fn an_address_that_showed_another_names_certificate_is_not_proven() {
    let folder = Folder::new();
    let text = records("route-judged", |line| {
        if !is_record_of(line, "two.servicebus.windows.net") {
            return;
        }
        let direct = line["trails"][1].clone();
        let tunnel = json!({"took_ns": 9, "seen": {"proxy": {"reply": {"connect": {"status": 200,
            "reason": "Connection established", "headers": [], "body": "", "is_cut": false}}}}});
        let steps = &direct["steps"];
        line["trails"][0]["steps"] = json!([steps[0], tunnel, steps[1], steps[2]]);
        line["trails"][0]["end"] = json!("complete");
        // *.westeurope.datafactory.azure.net, trusted and current.
        line["trails"][1]["steps"][1]["seen"]["tls"]["presented"] = json!(0);
    });
    let records = folder.put("alt.jsonl", text);
    let report = report_of(&folder, &records);
    for from in [&records, &report] {
        let ended = emit(from, &["--only", "relay", "--proof", "tls", "--format", "csv"]);
        assert!(!ended.stdout.contains("two.servicebus"), "{ended:?}");
        let words = "40.112.72.101 of two.servicebus.windows.net:443 is left out: it presented a \
                     certificate for *.westeurope.datafactory.azure.net";
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
}

/// One silent address throws out no other, and the reason is its own.
#[test]
fn one_silent_address_leaves_the_proven_ones() {
    let folder = Folder::new();
    let host = "amsprodwe.servicebus.windows.net";
    let text = records("healthy", |line| {
        if line["type"] == "lookup" && line["name"] == host {
            let chain = line["exchanges"][0]["result"]["answer"]["chain"].as_array_mut().unwrap();
            let mut second = chain[1].clone();
            second["data"]["address"] = json!("40.112.72.104");
            chain.push(second);
        }
        if is_record_of(line, host) {
            let mut silent = line["trails"][0].clone();
            silent["remote"] = json!("40.112.72.104:443");
            silent["steps"] = json!([silent["steps"][0]]);
            silent["end"] = json!({"failed": {"took_ns": 5_000_000_000_u64, "failure": {"tls":
                {"kind": {"timed_out": {
                    "whose": {"ours_ns": 5_000_000_000_u64}, "received": 0}}}}}});
            line["trails"].as_array_mut().unwrap().push(silent);
        }
    });
    let records = folder.put("two.jsonl", text);
    let report = report_of(&folder, &records);
    for from in [&records, &report] {
        let ended = emit(from, &["--only", "relay", "--proof", "tls", "--format", "csv"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains(",40.112.72.101,443,tcp,relay,"), "{ended:?}");
        assert!(!ended.stdout.contains("40.112.72.104"), "{ended:?}");
        let words = "40.112.72.104 of amsprodwe.servicebus.windows.net:443 is left out: it did not \
                     answer the ClientHello";
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
}

/// Whatever form the evidence has, the same facts give the same answers.
#[test]
fn records_and_their_report_say_the_same() {
    for name in ["gateways", "healthy", "tls-chains", "route-judged", "tds-and-clear-text"] {
        let (records, report) = (case(name).join("records.jsonl"), case(name).join("report.json"));
        for format in ["csv", "azure-firewall", "edl-domain", "nsg-json"] {
            let of = |from: &Path| {
                let ended = emit(shown(from), &["--format", format, "--proof", "tls"]);
                let description = |text: &str| text.replace("records.jsonl", "report.json");
                (ended.code, description(&ended.stdout), description(&ended.stderr))
            };
            assert_eq!(of(&records), of(&report), "{name} {format}");
        }
        let folder = Folder::new();
        let nsg = folder.put("nsg.json", group(&[rule("deny", 4096, "Deny", "*", "*")]));
        let of = |from: &Path| {
            let ended = run(&["rules", "verify", &nsg, "--from", shown(from), "--format", "json"]);
            (ended.code, ended.stdout)
        };
        assert_eq!(of(&records), of(&report), "{name}");
    }
}

fn group(rules: &[Value]) -> String {
    json!({"name": "nsg", "properties": {"securityRules": rules}}).to_string()
}

/// Names as `resolve --format json` writes them.
fn names(names: &[Value]) -> String {
    json!({"schema": "pathproof.names/1", "names": names}).to_string()
}

fn name(entry: &str, host: &str, more: &Value, addresses: &[&str]) -> Value {
    let mut name = json!({"entry": entry, "host": host, "addresses": addresses, "lookups": [
        {"resolver": "10.0.0.53:53", "outcome": if addresses.is_empty() { "nxdomain" } else { "ok" },
        "chain": [], "addresses": addresses}]});
    for (key, value) in more.as_object().unwrap() {
        name[key] = value.clone();
    }
    name
}

#[test]
fn rules_are_for_the_port_that_a_name_needs_or_for_none() {
    let folder = Folder::new();
    let option = |kind: &str, port: u16| json!({"kind": kind, "port": port, "required": true, "origin": "option"});
    let now = folder.put(
        "now.json",
        names(&[
            name(
                "endpoint",
                "contososql.database.windows.net",
                &option("tds", 1433),
                &["40.68.37.158"],
            ),
            name("endpoint", "ocsp.digicert.com", &option("http", 80), &["40.112.90.1"]),
        ]),
    );
    let ended = emit(&now, &["--format", "csv"]);
    assert!(ended.stdout.contains(",40.68.37.158,1433,tcp,endpoint,"), "{ended:?}");
    assert!(ended.stdout.contains(",40.112.90.1,80,tcp,endpoint,"), "{ended:?}");
    let only_443 = folder.put(
        "nsg.json",
        group(&[rule("a", 100, "Allow", "*", "443"), rule("no", 200, "Deny", "*", "*")]),
    );
    let ended = run(&["rules", "verify", &only_443, "--from", &now]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("0 of 2 required flows are allowed, 2 denied"), "{ended:?}");

    // As an older version wrote them: nothing is guessed.
    let origin = json!({"origin": "option"});
    let older = folder.put(
        "older.json",
        names(&[name("endpoint", "contososql.database.windows.net", &origin, &["40.68.37.158"])]),
    );
    let ended = run(&["rules", "verify", &only_443, "--from", &older]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("for want of the flow's port"), "{ended:?}");
    emit(&older, &["--format", "csv"]).refuses(&["older.json", "which port", "pathproof resolve"]);
    let current = folder.put("current.json", group(&[]));
    let plan = ["rules", "plan", "--current", &current, "--from", &older, "--only", "endpoint"];
    run(&plan).refuses(&["older.json", "which port", "pathproof resolve"]);
    // Names alone need no port.
    assert_eq!(emit(&older, &["--format", "edl-domain"]).code, Some(0));
}

/// What `emit` writes, with everything else denied, is enough and not too much, by every form of
/// the evidence that it was written for.
#[test]
fn what_is_emitted_is_neither_too_little_nor_too_much() {
    let folder = Folder::new();
    let records = shown(&case("gateways").join("records.jsonl")).to_owned();
    let report = shown(&case("gateways").join("report.json")).to_owned();
    let gateway = json!({"kind": "https", "port": 443, "required": false, "origin": "gateway"});
    let relay = json!({"kind": "relay", "port": 443, "required": true, "origin": "service-urls"});
    let of_names = folder.put(
        "names.json",
        names(&[
            name("relay", "amsprodwe.servicebus.windows.net", &relay, &["40.112.72.101"]),
            name(
                "relay-gateway",
                "g0-prod-am3-010-sb.servicebus.windows.net",
                &gateway,
                &["40.112.72.101"],
            ),
            name("relay-gateway", "g1-prod-am3-010-sb.servicebus.windows.net", &gateway, &[]),
            name(
                "relay-gateway",
                "g4-prod-am3-010-sb.servicebus.windows.net",
                &gateway,
                &["40.112.72.104"],
            ),
        ]),
    );
    for from in [&records, &report, &of_names] {
        let ended = emit(from, &["--format", "nsg-json", "--proof", "resolved"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let mut rules: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
        rules.push(rule("dns", 4000, "Allow", "10.0.0.53", "53"));
        rules.push(rule("deny", 4096, "Deny", "*", "*"));
        let nsg = folder.put("nsg.json", group(&rules));
        let ended = run(&["rules", "verify", &nsg, "--from", from, "--format", "json"]);
        let seen: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((&seen["summary"]["deny"], &seen["excess"]), (&json!(0), &json!([])), "{seen}");
        assert_eq!(seen["gateways"][0]["deny"], 0, "{seen}");
        assert_eq!(seen["gateways"][0]["deployment"], "prod-am3-010", "{seen}");
    }
    // Without the gateways' addresses: a warning a deployment, and a gap where that is asked for.
    let nsg = folder.put(
        "nogw.json",
        group(&[
            rule("relay", 100, "Allow", "40.112.72.101", "443"),
            rule("deny", 200, "Deny", "*", "*"),
        ]),
    );
    let ended = run(&["rules", "verify", &nsg, "--from", &of_names]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for words in [
        "1 of 1 required flows are allowed, 0 denied, 0 unknown",
        "Gateways of relays that should be let through too",
        "prod-am3-010: 1 of 2 flows are allowed, 1 denied, 0 unknown  by deny of nsg",
    ] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    let ended = run(&["rules", "verify", &nsg, "--from", &of_names, "--require-gateways"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

/// What a hand adds to a rule that `apply` keeps right goes with the next run: nobody is told to.
#[test]
fn a_rule_that_is_kept_right_is_not_to_be_edited() {
    let folder = Folder::new();
    let relay = json!({"kind": "relay", "port": 443, "required": true});
    let from = folder.put(
        "names.json",
        names(&[name(
            "relay",
            "contoso.servicebus.windows.net",
            &relay,
            &["40.112.72.101", "40.112.72.104"],
        )]),
    );
    let rule = |name: &str, priority: u32, access: &str, prefix: &str, description: &str| {
        json!({"name": name, "properties": {"description": description, "priority": priority,
            "access": access, "direction": "Outbound", "protocol": "Tcp",
            "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": prefix, "destinationPortRange": "443"}})
    };
    for (description, expected) in [
        ("by hand", "nsg: add to the destinations of relay: 40.112.72.104/32"),
        (
            "Written by pathproof [job-1 outbound allow tcp 443], kept right by its rules apply",
            "nsg: add an outbound rule with priority 4095, before deny, that allows tcp 443 to \
             40.112.72.104/32",
        ),
        (
            "Written by pathproof from an older run",
            "nsg: add an outbound rule with priority 4095, before deny, that allows tcp 443 to \
             40.112.72.104/32",
        ),
    ] {
        let nsg = folder.put(
            "nsg.json",
            group(&[
                rule("relay", 100, "Allow", "40.112.72.101", description),
                rule("deny", 4096, "Deny", "*", "by hand"),
            ]),
        );
        let ended = run(&["rules", "verify", &nsg, "--from", &from, "--format", "json"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let seen: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(seen["corrections"], json!([expected]), "{description}");
    }
}

/// All that is required, and what is left out by its reason.
#[test]
fn everything_required_is_written_without_being_asked_for() {
    let report = shown(&case("healthy").join("report.json")).to_owned();
    let ended = emit(&report, &["--format", "csv", "--proof", "resolved"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(rows[0], "direction,source,name,address,port,protocol,entry,proof");
    let begins = |text: &str| rows.iter().filter(|row| row.starts_with(text)).count();
    assert_eq!(
        begins("outbound,10.50.1.10,amsprodwe.servicebus.windows.net,40.112.72.101,443,"),
        1
    );
    assert_eq!(begins("outbound,10.50.1.10,contoso-adf.westeurope.datafactory.azure.net,"), 1);
    assert!(!ended.stdout.contains("download.microsoft.com"), "{ended:?}");
    let words = "download.microsoft.com is left out: not required (--only download writes it)";
    assert!(ended.stderr.contains(words), "{ended:?}");
    let ended = emit(&report, &["--format", "nsg-json", "--proof", "resolved"]);
    assert!(ended.stdout.contains("\"Allow-Integration-Runtime\""), "{ended:?}");
    for (entry, expected) in
        [("relay", "\"Allow-Azure-Relay\""), ("control", "\"Allow-Azure-Data-Factory\"")]
    {
        let ended =
            emit(&report, &["--format", "nsg-json", "--only", entry, "--proof", "resolved"]);
        assert!(ended.stdout.contains(expected), "{ended:?}");
    }
    let template = json!({"schema": "pathproof.report/1", "endpoints": [
        {"entry": "relay", "host": "ns.servicebus.windows.net", "port": 443, "kind": "relay",
            "required": true, "lookups": [{"addresses": ["40.112.72.101"]}]},
        {"entry": "control", "host": "{factory}.{region}.datafactory.azure.net", "port": 443,
            "kind": "https", "required": true},
    ]});
    let folder = Folder::new();
    let template = folder.put("template.json", template.to_string());
    let ended = emit(&template, &["--format", "tls-exemptions"]);
    let words = "{factory}.{region}.datafactory.azure.net is left out: no concrete name is known";
    assert!(ended.stderr.contains(words), "{ended:?}");
}

/// What `emit` writes as CSV is a file of flows.
#[test]
fn emitted_rows_are_flows() {
    let folder = Folder::new();
    let records = shown(&case("gateways").join("records.jsonl")).to_owned();
    let csv = folder.at("rows.csv");
    let ended = emit(&records, &["--format", "csv", "--output", shown(&csv)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let n_rows = fs::read_to_string(&csv).unwrap().lines().count() - 1;
    let nsg = folder.put("nsg.json", group(&[]));
    let ended = run(&["rules", "decide", &nsg, "--flows", shown(&csv), "--format", "jsonl"]);
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(0), n_rows), "{ended:?}");
    // For Azure Firewall names are told by application rules, or addresses by network rules.
    let firewall = folder.at("fw.json");
    let emit_firewall = |more: &[&str]| {
        let base = ["--format", "azure-firewall", "--output", shown(&firewall)];
        let ended = emit(&records, &[&base[..], more].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let ended = run(&["rules", "verify", shown(&firewall), "--flows", shown(&csv)]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        fs::read_to_string(&firewall).unwrap()
    };
    let text = emit_firewall(&[]);
    assert!(
        text.contains("\"targetFqdns\"") && !text.contains("\"destinationAddresses\""),
        "{text}"
    );
    let text = emit_firewall(&["--addresses"]);
    assert!(
        !text.contains("\"targetFqdns\"") && text.contains("\"destinationAddresses\""),
        "{text}"
    );
}
