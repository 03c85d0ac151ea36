//! `rules` and `tags` as their users start them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ended, Folder, pathproof, rule, run, shown};

fn group(name: &str, rules: &[Value]) -> String {
    json!({"name": name, "properties": {"securityRules": rules}}).to_string()
}

/// The saved cases of the project, which every feature reads.
fn case(name: &str) -> String {
    shown(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).to_owned()
}

/// A line of `rules decide`, as the contract writes it; re-declared by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    destination: String,
    port: Option<u16>,
    protocol: String,
    source: Option<String>,
    direction: Option<String>,
    decision: String,
    rule: String,
    set: Option<String>,
    missing: Option<String>,
}

fn decided(arguments: &[&str]) -> Vec<Line> {
    let ended = run(&[&["rules", "decide"], arguments, &["--format", "jsonl"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn flows_are_decided_in_their_order() {
    let folder = Folder::new();
    let nsg = folder.put(
        "nsg.json",
        group(
            "nsg",
            &[
                rule("relay", 100, "Allow", "azurecloud.NORTHEUROPE", "443"),
                rule("other", 110, "Deny", "Nowhere.westeurope", "80"),
                rule("deny", 4000, "Deny", "Internet", "*"),
            ],
        ),
    );
    let flows = folder.put(
        "flows.csv",
        "destination,port,protocol,source\n40.112.72.101,443,tcp,\n8.8.8.8,443,tcp,10.0.0.4\n\
         8.8.8.8,80,tcp,\n10.50.1.4,1433,tcp,\n192.0.2.1,443,udp,\n10.50.1.4,,icmp,\n",
    );
    let seen = |more: &[&str]| -> Vec<String> {
        decided(&[&[nsg.as_str(), "--flows", &flows], more].concat())
            .into_iter()
            .map(|line| {
                assert_eq!(line.kind, "flow");
                assert_eq!(line.data.missing.is_some(), line.data.decision == "unknown");
                assert!(line.data.set.is_none(), "one set needs no name");
                let Data { destination, port, protocol, decision, rule, .. } = line.data;
                let port = port.map_or_else(|| "-".to_owned(), |port| port.to_string());
                format!("{destination} {port} {protocol} {decision} {rule}")
            })
            .collect()
    };
    assert_eq!(
        seen(&[]),
        [
            "40.112.72.101 443 tcp allow relay",
            "8.8.8.8 443 tcp deny deny",
            "8.8.8.8 80 tcp unknown other",
            "10.50.1.4 1433 tcp unknown AllowVnetOutBound",
            "192.0.2.1 443 udp deny DenyAllOutBound",
            "10.50.1.4 - icmp unknown other",
        ]
    );
    let given = seen(&["--vnet", "10.50.0.0/16"]);
    assert_eq!(given[3], "10.50.1.4 1433 tcp allow AllowVnetOutBound");
}

#[test]
fn several_sets_are_in_a_row() {
    let folder = Folder::new();
    let subnet = folder.put("subnet.json", group("subnet", &[rule("all", 100, "Allow", "*", "*")]));
    let nic = folder.put("nic.json", group("nic", &[rule("no", 100, "Deny", "*", "*")]));
    let flows = folder.put("flows.csv", "8.8.8.8,443,tcp\n");
    for (rules, decision, set) in [
        ([&subnet, &nic], "deny", "nic"),
        ([&nic, &subnet], "deny", "nic"),
        ([&subnet, &subnet], "allow", "subnet"),
    ] {
        let lines = decided(&[rules[0].as_str(), rules[1], "--flows", &flows]);
        assert_eq!(
            (lines[0].data.decision.as_str(), lines[0].data.set.as_deref()),
            (decision, Some(set))
        );
        assert_eq!((&lines[0].data.source, &lines[0].data.direction), (&None, &None));
    }
}

#[test]
fn a_proposed_group_is_held_against_a_report() {
    let folder = Folder::new();
    let report = case("healthy/report.json");
    let records = case("healthy/records.jsonl");
    let closed = group(
        "nsg",
        &[rule("relay", 100, "Allow", "40.112.72.101", "443"), rule("deny", 200, "Deny", "*", "*")],
    );
    let open = group(
        "nsg",
        &[
            rule("cloud", 100, "Allow", "AzureCloud", "443"),
            rule("dns", 110, "Allow", "10.0.0.53", "53"),
            rule("deny", 200, "Deny", "*", "*"),
        ],
    );
    let (closed, open) = (folder.put("closed.json", closed), folder.put("open.json", open));
    for from in [&report, &records] {
        let ended = run(&["rules", "verify", &closed, "--from", from]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for words in [
            "1 of 4 required flows are allowed, 3 denied, 0 unknown",
            "contoso-adf.westeurope.datafactory.azure.net (40.74.24.70) tcp 443 (control)  by deny of nsg",
            "10.0.0.53 udp 53 (dns)  by deny of nsg",
            "priority 199, before deny, that allows tcp 443 to 40.74.24.70/32",
            // The report saw it work.
            "the rules deny it (deny) and it works: another rule set is in force",
        ] {
            assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
        }
        let ended = run(&["rules", "verify", &open, "--from", from, "--format", "json"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let seen: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(seen["summary"], json!({"required": 4, "allow": 4, "deny": 0, "unknown": 0}));
        assert_eq!(seen["excess"][0]["rule"], "cloud");
        assert!(seen["excess"][0]["addresses"]["v4"].as_u64().unwrap() > 1_000_000);
    }
    let unknown = folder.put("u.json", group("nsg", &[rule("tag", 100, "Allow", "Nowhere", "*")]));
    let ended = run(&["rules", "verify", &unknown, "--from", &report]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("the prefixes of service tag Nowhere"), "{}", ended.stdout);
}

#[test]
fn what_is_allowed_and_blocked_is_beyond_the_rules() {
    let folder = Folder::new();
    let report = json!({"schema": "pathproof.report/1", "endpoints": [{
        "entry": "relay", "host": "ns.servicebus.windows.net", "port": 443, "required": true,
        "cause": "tcp_timeout", "lookups": [{"chain": [], "addresses": ["40.112.72.101"]}],
        "trails": [{"route": "direct", "remote": "40.112.72.101:443",
            "steps": [{"step": "tcp", "outcome": "timeout", "took_ms": 5000.0}]}],
    }]});
    let from = folder.put("report.json", report.to_string());
    let nsg = folder.put("nsg.json", group("nsg", &[rule("all", 100, "Allow", "*", "443")]));
    let list = folder.put("list.txt", "40.112.72.101\n");
    for (rules, beyond) in [(&nsg, "look beyond the NSG"), (&list, "look beyond these rules")] {
        let ended = run(&["rules", "verify", rules, "--from", &from]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for words in ["the rules allow it (", "it is blocked (timeout)", beyond] {
            assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
        }
    }
    // Too broad is measured in addresses.
    let ended = run(&["rules", "verify", &nsg, "--from", &from]);
    let words = "admits 4,294,967,295 IPv4";
    assert!(ended.stdout.contains(words), "{}", ended.stdout);
    assert!(ended.stdout.contains("addresses beyond the 1 that are required"), "{}", ended.stdout);
}

#[test]
fn what_is_emitted_is_verified_without_a_gap() {
    let folder = Folder::new();
    for from in [case("gateways/records.jsonl"), case("gateways/report.json")] {
        let flows = folder.put("flows.csv", "40.112.72.101,443,tcp\n40.112.72.104,443,tcp\n");
        for format in ["nsg-json", "arm-template", "azure-firewall", "edl-ip", "csv"] {
            let output = folder.at(format);
            let ended = run(&[
                "rules",
                "emit",
                "--from",
                &from,
                "--format",
                format,
                "--addresses",
                "--output",
                shown(&output),
            ]);
            assert_eq!(ended.code, Some(0), "{format}: {ended:?}");
            assert_eq!(ended.stdout, "");
            let ended = run(&["rules", "verify", shown(&output), "--flows", &flows]);
            if format == "arm-template" {
                // The group that the rules are added to is not in the template.
                assert_eq!(ended.code, Some(3), "{ended:?}");
                assert!(ended.stdout.contains("[parameters('networkSecurityGroupName')]"));
                continue;
            }
            assert_eq!(ended.code, Some(0), "{format}: {ended:?}");
        }
    }
}

/// A name of a list is opened on the port that the list has for it, in whatever format.
#[test]
fn an_application_rule_has_the_port_of_its_name() {
    let folder = Folder::new();
    let list = folder.put("list.txt", "one.example\ntwo.example:8443\nthree.example:80\n");
    let ended = run(&["rules", "emit", "--from", &list, "--format", "azure-firewall"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let group: Value = serde_json::from_str(&ended.stdout).unwrap();
    let rules = group["properties"]["ruleCollections"][0]["rules"].as_array().unwrap();
    let shown = |rule: &Value| {
        let protocol = &rule["protocols"][0];
        format!("{} {}/{}", rule["targetFqdns"][0], protocol["protocolType"], protocol["port"])
            .replace('"', "")
    };
    let shown: Vec<_> = rules.iter().map(shown).collect();
    assert_eq!(shown, ["one.example Https/443", "two.example Https/8443", "three.example Http/80"]);
}

#[test]
fn the_control_plane_is_a_tag_where_the_tag_holds_it() {
    let folder = Folder::new();
    let name = "contoso-adf.eastus.datafactory.azure.net";
    // The frontend's address of facts.md, section 0.
    let report = json!({"schema": "pathproof.report/1", "endpoints": [{
        "entry": "control", "host": name, "port": 443, "required": true, "cause": null,
        "lookups": [{"chain": [], "addresses": ["40.78.229.99"]}],
    }]});
    let from = folder.put("report.json", report.to_string());
    let control = ["rules", "emit", "--from", &from, "--only", "control", "--format", "nsg-json"];
    let ended = run(&control);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rules: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(rules[0]["properties"]["destinationAddressPrefix"], "DataFactoryManagement");
    // A tag lets more through than was seen, and other formats have no tags.
    for words in ["service tag DataFactoryManagement (", "in place of the 1 address of the control"]
    {
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    let list = run(&[&control[..6], &["--format", "edl-ip"]].concat());
    assert!(list.code == Some(0) && list.stdout.starts_with("40.78.229.99/32"), "{list:?}");
    assert!(!list.stderr.contains("NSG formats"), "{list:?}");
    let change = folder.at("change");
    let bundled = run(&[&control[..6], &["--bundle", super::shown(&change)]].concat());
    assert_eq!(bundled.code, Some(0), "{bundled:?}");
    let page = std::fs::read_to_string(change.join("README.md")).unwrap();
    for words in ["serve the same needs", "NSG formats allow the service tag"] {
        assert!(page.contains(words), "{page}");
    }
    assert!(!page.contains("the same set"), "{page}");
    // A tag file that does not hold the address: said, and the address is written.
    let tags = folder.put(
        "tags.json",
        tag_file(
            7,
            &[("AzureCloud", &["40.78.0.0/16"]), ("DataFactoryManagement", &["20.0.0.0/24"])],
        ),
    );
    let ended = run(&[&control[..], &["--service-tags", &tags]].concat());
    assert!(ended.stderr.contains("does not cover 40.78.229.99"), "{ended:?}");
    assert!(ended.stdout.contains("\"40.78.229.99/32\""), "{ended:?}");
    // One that publishes nothing of it: left out, and nothing remains.
    let tags = folder.put("none.json", tag_file(7, &[("AzureCloud", &["20.0.0.0/24"])]));
    let ended = run(&[&control[..], &["--service-tags", &tags]].concat());
    ended.refuses(&["40.78.229.99 of contoso-adf", "no published range", "an empty rule"]);
}

/// Entries of a user's own list: what a rule is for is told by roles.
#[test]
fn roles_choose_what_a_rule_is_for() {
    let folder = Folder::new();
    let target = |entry: &str, role: &str, host: &str, address: &str| {
        json!({"entry": entry, "role": role, "host": host, "port": 443, "required": true,
            "cause": null, "kind": "https",
            "lookups": [{"chain": [], "addresses": [address]}]})
    };
    let report = json!({"schema": "pathproof.report/1", "endpoints": [
        target("azure-relay", "relay", "ns.servicebus.windows.net", "40.112.72.101"),
        target("relay-gateway", "gateway", "g0-prod-by3-010-sb.servicebus.windows.net",
            "40.112.72.104"),
        target("factory", "control", "contoso-adf.eastus.datafactory.azure.net", "40.78.229.99"),
    ]});
    let from = folder.put("report.json", report.to_string());
    let (relay, gateway, control) = ("40.112.72.101/32", "40.112.72.104/32", "40.78.229.99/32");
    for (only, expected) in [
        (&[][..], &[control, relay, gateway][..]),
        (&["--only", "relay"], &[relay, gateway]),
        (&["--only", "azure-relay"], &[relay, gateway]),
        (&["--only", "gateway"], &[gateway]),
        (&["--only", "relay-gateway"], &[gateway]),
        (&["--only", "control"], &[control]),
        (&["--only", "factory"], &[control]),
    ] {
        let emit = ["rules", "emit", "--from", &from, "--format", "edl-ip"];
        let ended = run(&[&emit[..], only].concat());
        assert_eq!(ended.code, Some(0), "{only:?}: {ended:?}");
        let found: Vec<_> =
            ended.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(found, expected, "{only:?}");
    }
    let ended = run(&["rules", "emit", "--from", &from, "--format", "csv", "--only", "frontend"]);
    ended.refuses(&["report.json holds no entry or role 'frontend'", "azure-relay", "gateway"]);
}

#[test]
fn lists_are_written_too_and_what_is_not_public_stays_out() {
    let folder = Folder::new();
    let list = folder.put(
        "list.txt",
        "40.112.72.101\n10.0.0.4\n8.8.8.8\n*.servicebus.windows.net\ndownload.microsoft.com\n",
    );
    let emit = |more: &[&str]| run(&[&["rules", "emit", "--from", &list], more].concat());
    let ended = emit(&["--format", "edl-ip"]);
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    assert!(ended.stdout.starts_with("40.112.72.101/32 # given in list.txt"), "{ended:?}");
    assert!(ended.stderr.contains("10.0.0.4 (line 2) are left out"), "{ended:?}");
    let bare = "2 names of list.txt have no address in it";
    assert!(ended.stderr.contains(bare), "{ended:?}");
    let ended = emit(&["--format", "csv"]);
    assert!(!ended.stderr.contains(bare), "{ended:?}");
    for name in ["*.servicebus.windows.net", "download.microsoft.com"] {
        let row = format!("\noutbound,,{name},,443,tcp,,given in list.txt\n");
        assert!(ended.stdout.contains(&row), "{ended:?}");
    }
    let ended = emit(&["--format", "edl-ip", "--proof", "resolved"]);
    assert_eq!(ended.stdout.lines().count(), 2, "{ended:?}");
    let ended = emit(&["--format", "edl-domain"]);
    assert_eq!(ended.stdout, "*.servicebus.windows.net\ndownload.microsoft.com\n");
    let ended = emit(&["--format", "edl-ip", "--aggregate", "/24"]);
    assert!(ended.stdout.starts_with("40.112.72.0/24"), "{ended:?}");
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_next_step() {
    let folder = Folder::new();
    let nsg = folder.put("nsg.json", group("nsg", &[]));
    let flows = folder.put("flows.csv", "8.8.8.8,443,tcp\n");
    let bad_flows = folder.put("bad.csv", "8.8.8.8,443,tcp\n8.8.8.8,0,tcp\n");
    let broken = folder.put("broken.json", "{\"securityRules\": [");
    let other = folder.put("other.json", "{\"a\": 1}");
    let deep = folder.put("deep.json", "[".repeat(200_000));
    let report = case("healthy/report.json");
    for (arguments, words) in [
        (&["rules", "decide", "--flows", &flows][..], &["RULES"][..]),
        (&["rules", "decide", &nsg], &["--flows"]),
        (&["rules", "decide", "missing.json", "--flows", &flows], &["missing.json"]),
        (&["rules", "decide", &nsg, "--flows", &bad_flows], &["bad.csv:2", "1 to 65535"]),
        (&["rules", "decide", &broken, "--flows", &flows], &["broken.json", "line 1 column"]),
        (&["rules", "decide", &other, "--flows", &flows], &["other.json", "securityRules"]),
        (&["rules", "decide", &deep, "--flows", &flows], &["deep.json", "recursion"]),
        (&["rules", "decide", &nsg, "--flows", &flows, "--vnet", "10.0.0.0/33"], &["--vnet"]),
        (
            &["rules", "decide", &nsg, "--flows", &flows, "--service-tags", &other],
            &["other.json", "56519"],
        ),
        (&["rules", "verify", &nsg], &["--from"]),
        (&["rules", "verify", &nsg, "--from", &other], &["other.json:1", "records"]),
        (&["rules", "verify", &nsg, "--from", &flows], &["--flows"]),
        (&["rules", "emit", "--from", &report, "--format", "nsg"], &["nsg-json, arm-template"]),
        (
            &["rules", "emit", "--from", &report, "--format", "csv", "--only", "realy"],
            &["realy", "control", "relay"],
        ),
        (&["rules", "emit", "--from", &report, "--format", "csv", "--aggregate", "24"], &["/24"]),
        (
            &["rules", "emit", "--from", &report, "--format", "csv", "--resolver", "10.0.0.53"],
            &["--resolver", "--from"],
        ),
        (&["rules", "emit"], &["--format"]),
        (
            &["rules", "emit", "--from", &report, "--format", "csv", "--name", "a b"],
            &["'a b'", "80"],
        ),
        (
            &["rules", "emit", "--from", &report, "--format", "bicep", "--priority", "4097"],
            &["100 to 4096"],
        ),
        (
            &["rules", "emit", "--from", &report, "--format", "csv", "--output", "no/such/f"],
            &["no/such"],
        ),
        (&["rules", "plan"], &[]),
        (&["rules", "apply"], &[]),
        (&["tags", "lookup", "AzureClout"], &["AzureClout", "did you mean AzureCloud"]),
        (&["tags", "diff", &other, &other], &["other.json", "changeNumber"]),
    ] {
        run(arguments).refuses(words);
    }
}

fn tag_file(change_number: u64, tags: &[(&str, &[&str])]) -> String {
    let values: Vec<_> = tags
        .iter()
        .map(|(name, prefixes)| {
            json!({"name": name, "id": name, "properties": {"changeNumber": 1, "region": "",
                "systemService": "", "addressPrefixes": prefixes}})
        })
        .collect();
    json!({"changeNumber": change_number, "cloud": "Public", "values": values}).to_string()
}

#[test]
fn tags_are_looked_up_and_compared() {
    let ended = run(&["tags", "lookup", "40.78.229.99", "datafactory.EASTUS", "--format", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let seen: Value = serde_json::from_str(&ended.stdout).unwrap();
    let names: Vec<_> = seen["answers"][0]["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"DataFactory.EastUS") && names.contains(&"DataFactoryManagement"));
    assert_eq!(seen["answers"][1]["tag"], "DataFactory.EastUS");

    let folder = Folder::new();
    let old =
        folder.put("old.json", tag_file(1, &[("A", &["20.0.0.0/24"]), ("Gone", &["21.0.0.0/24"])]));
    let new = folder.put(
        "new.json",
        tag_file(2, &[("A", &["20.0.0.0/25", "22.0.0.0/32"]), ("New.x", &["21.0.0.0/24"])]),
    );
    let ended = run(&["tags", "diff", &old, &new]);
    assert_eq!(
        ended.stdout,
        "Public 1 to Public 2: 1 tags added, 1 removed, 1 changed\n\
         + New.x  1 prefixes\n- Gone  1 prefixes\n~ A  1 addresses added, 128 removed\n    \
         + 20.0.0.0/25\n    + 22.0.0.0/32\n    - 20.0.0.0/24\n"
    );
    let ended = run(&["tags", "diff", &old, &new, "--only", "new"]);
    assert_eq!(ended.stdout.lines().count(), 2, "{ended:?}");
}

#[test]
fn an_update_never_makes_things_worse() {
    let folder = Folder::new();
    let new = tag_file(2, &[("A", &["20.0.0.0/25"])]);
    let kept = folder.put("kept.json", tag_file(1, &[("A", &["20.0.0.0/24"])]));
    let newer = folder.put("newer.json", &new);
    let ended = run(&["tags", "update", "--from", &newer, "--output", &kept]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("from change 1 to change 2: 0 tags added, 0 removed, 1 changed"));
    assert_eq!(fs::read_to_string(&kept).unwrap(), new);
    let foreign = new.replace("\"Public\"", "\"China\"");
    for (text, words) in [
        (tag_file(1, &[("A", &["20.0.0.0/24"])]), &["is older (change 1)", "left as it is"][..]),
        (foreign, &["China", "Public"]),
        ("<html>sign in</html>".to_owned(), &["no service tag file"]),
        (new[..new.len() / 2].to_owned(), &["line 1"]),
    ] {
        let from = folder.put("from.json", &text);
        run(&["tags", "update", "--from", &from, "--output", &kept]).refuses(words);
        assert_eq!(fs::read_to_string(&kept).unwrap(), new);
    }
}

#[test]
fn a_pipe_carries_flows_and_rules() {
    let folder = Folder::new();
    let nsg = folder.put("nsg.json", group("nsg", &[]));
    let mut child = pathproof(&["rules", "decide", &nsg, "--flows", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"8.8.8.8,443,tcp\n").unwrap();
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!(ended.stdout, "allow    8.8.8.8 tcp 443  by AllowInternetOutBound\n");
}

/// Sources and groups of hosts are what evidence may not say.
#[test]
fn sources_and_application_groups_are_given() {
    let folder = Folder::new();
    let mut from_hosts = rule("hosts", 100, "Allow", "AzureCloud", "443");
    let properties = from_hosts["properties"].as_object_mut().unwrap();
    properties.remove("sourceAddressPrefix");
    properties.insert(
        "sourceApplicationSecurityGroups".to_owned(),
        json!([{"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/applicationSecurityGroups/asg-shir"}]),
    );
    let nsg =
        folder.put("nsg.json", group("nsg", &[from_hosts, rule("no", 200, "Deny", "*", "*")]));
    let flows = folder.put("flows.csv", "40.112.72.101,443,tcp\n");
    let decision = |more: &[&str]| {
        let lines = decided(&[&[nsg.as_str(), "--flows", &flows], more].concat());
        (lines[0].data.decision.clone(), lines[0].data.missing.clone().unwrap_or_default())
    };
    let (word, missing) = decision(&[]);
    assert_eq!(word, "unknown");
    assert!(missing.contains("--asg asg-shir=CIDR"), "{missing}");
    let group = ["--asg", "asg-shir=10.1.2.0/28", "--asg", "ASG-SHIR=10.1.3.4"];
    for (source, expected) in [
        ("10.1.2.4", "allow"),
        ("10.1.3.4", "allow"),
        ("10.1.2.0/28", "allow"),
        ("10.1.2.0/24", "unknown"),
        ("10.9.0.0/24", "deny"),
    ] {
        let given = [&group[..], &["--source-address", source]].concat();
        assert_eq!(decision(&given).0, expected, "{source}");
    }
    // Records say where flows leave from.
    let from = case("healthy/records.jsonl");
    let verify = |asg: &str| {
        let rules = ["rules", "verify", &nsg, "--from", &from, "--format", "json", "--asg", asg];
        let seen: Value = serde_json::from_str(&run(&rules).stdout).unwrap();
        seen["summary"]["allow"].as_u64().unwrap()
    };
    assert_eq!((verify("asg-shir=10.50.1.10"), verify("asg-shir=10.50.1.11")), (2, 0));
    for (arguments, words) in
        [(["--asg", "10.1.2.0/24"], "NAME=CIDR"), (["--source-address", "host-1"], "10.1.2.0/24")]
    {
        run(&[&["rules", "decide", &nsg, "--flows", &flows], &arguments[..]].concat())
            .refuses(&[words]);
    }
}

#[test]
fn several_groups_of_a_file_are_chosen_from() {
    let folder = Folder::new();
    let of = |name: &str, access: &str| -> Value {
        serde_json::from_str(&group(name, &[rule("all", 100, access, "*", "*")])).unwrap()
    };
    let two = folder.put("two.json", json!([of("app", "Allow"), of("db", "Deny")]).to_string());
    let flows = folder.put("flows.csv", "8.8.8.8,443,tcp\n");
    let base = ["rules", "decide", &two, "--flows", &flows];
    run(&base).refuses(&["two.json", "2 groups: app, db", "--group NAME", "--in-a-row"]);
    run(&[&base[..], &["--group", "web"]].concat()).refuses(&["no such group", "app, db"]);
    for (more, expected) in [
        (&["--group", "APP"][..], "allow"),
        (&["--group", "db"], "deny"),
        (&["--in-a-row"], "deny"),
    ] {
        let ended = run(&[&base[..], more].concat());
        assert!(ended.stdout.starts_with(expected), "{more:?}: {ended:?}");
    }
}

#[test]
fn what_holds_rules_in_another_form_is_refused_by_its_name() {
    let folder = Folder::new();
    let flows = folder.put("flows.csv", "8.8.8.8,443,tcp\n");
    let nsg = json!({"name": "nsg", "properties": {"securityRules": []}});
    for (file, text, words) in [
        (
            "whatif.json",
            json!({"status": "Succeeded", "changes": [
                {"changeType": "Modify", "before": nsg, "after": nsg}]})
            .to_string(),
            &["whatif.json", "what-if JSON"][..],
        ),
        (
            "tfplan.json",
            json!({"format_version": "1.2", "planned_values": {}, "resource_changes": []})
                .to_string(),
            &["tfplan.json", "$.resource_changes", "terraform show -json"],
        ),
        (
            "main.tf",
            "resource \"azurerm_network_security_group\" \"nsg\" {}\n".to_owned(),
            &["main.tf", "Terraform", "terraform show -json PLAN"],
        ),
        ("nsg.bicep", "param name string\n".to_owned(), &["nsg.bicep", "az bicep build"]),
    ] {
        let rules = folder.put(file, text);
        run(&["rules", "decide", &rules, "--flows", &flows]).refuses(words);
    }
}
