use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::arm_template::plain_json;
use crate::firewall::{Decision, NetworkContext, RuleDialect, RuleJudge, read_flows};

fn sets(texts: &[&str]) -> Vec<RuleSet> {
    let sources: Vec<_> = texts.iter().map(|text| RuleFile { name: "f", text }).collect();
    read(&sources).unwrap()
}

/// `allow NAME`, and of what is unknown also what would tell.
fn decided(set: &RuleSet, flow: &str) -> String {
    let judge = RuleJudge::new(set, NetworkContext::default());
    let decision = judge.decide(&read_flows(flow, "flow").unwrap()[0]);
    let text = format!("{} {}", decision.as_str(), decision.by().name);
    match decision {
        Decision::Undecided { missing, .. } => format!("{text}: {missing}"),
        _ => text,
    }
}

fn rule(name: &str, priority: u32, access: &str, prefix: &str, port: &str) -> Value {
    json!({"name": name, "properties": {
        "priority": priority, "access": access, "direction": "Outbound", "protocol": "Tcp",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": prefix, "destinationPortRange": port,
    }})
}

#[test]
fn every_form_of_a_group_is_read_alike() {
    let arm = json!({"name": "nsg", "properties": {"securityRules": [
        rule("relay", 100, "Allow", "13.66.60.0/24", "443"),
        rule("deny", 4000, "Deny", "Internet", "*"),
    ]}});
    // az leaves `properties` out and writes both numbers of each pair.
    let flat = |name: &str, priority: u32, access: &str, prefixes: Value, ports: Value| {
        json!({"name": name, "priority": priority, "access": access, "direction": "Outbound",
            "protocol": "Tcp", "sourceAddressPrefix": "*", "sourceAddressPrefixes": [],
            "sourcePortRange": "*", "sourcePortRanges": [], "destinationAddressPrefix": "",
            "destinationAddressPrefixes": prefixes, "destinationPortRange": null,
            "destinationPortRanges": ports, "destinationApplicationSecurityGroups": null})
    };
    let az = json!({"name": "nsg", "defaultSecurityRules": null, "securityRules": [
        flat("deny", 4000, "Deny", json!(["Internet"]), json!(["*"])),
        flat("relay", 100, "Allow", json!(["13.66.60.0/24"]), json!(["443"])),
    ]});
    let powershell = json!({"Name": "nsg", "SecurityRules": [
        {"Name": "relay", "Priority": 100, "Access": "Allow", "Direction": "Outbound",
         "Protocol": "TCP", "SourceAddressPrefix": ["*"], "SourcePortRange": ["*"],
         "DestinationAddressPrefix": ["13.66.60.0/24"], "DestinationPortRange": ["443"]},
        {"Name": "deny", "Priority": "4000", "Access": "Deny", "Direction": "Outbound",
         "Protocol": "*", "SourceAddressPrefix": "*", "SourcePortRange": "*",
         "DestinationAddressPrefix": "INTERNET", "DestinationPortRange": 443},
    ]});
    let rules = arm["properties"]["securityRules"].clone();
    for (form, value) in [
        ("arm", arm.clone()),
        ("az", az),
        ("powershell", powershell),
        ("list of groups", json!([arm])),
        ("answer with groups", json!({"value": [arm]})),
        ("list of rules", rules.clone()),
        ("answer with rules", json!({"value": rules})),
    ] {
        let sets = sets(&[&value.to_string()]);
        let [set] = &sets[..] else { panic!("{form}: {} sets", sets.len()) };
        for (flow, expected) in [
            ("13.66.60.119,443,tcp", "allow relay"),
            ("13.66.61.119,443,tcp", "deny deny"),
            ("192.0.2.1,443,tcp", "deny DenyAllOutBound"),
        ] {
            assert_eq!(decided(set, flow), expected, "{form} {flow}");
        }
        assert_eq!(set.dialect, RuleDialect::Nsg);
    }
    let sets =
        sets(&[&json!([{"name": "a", "securityRules": []}, {"name": "b", "securityRules": []}])
            .to_string()]);
    assert_eq!(sets.iter().map(|set| set.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(decided(&sets[0], "8.8.8.8,53,udp"), "allow AllowInternetOutBound");
}

#[test]
fn effective_rules_use_what_their_tags_were_expanded_to() {
    let rule = |name: &str, priority: u32, access: &str, prefix: &str, expanded: Value| {
        json!({"name": name, "protocol": "All", "sourcePortRange": "0-65535",
            "destinationPortRange": "0-65535", "sourceAddressPrefix": "0.0.0.0/0",
            "destinationAddressPrefix": prefix, "destinationAddressPrefixes": [prefix],
            "expandedDestinationAddressPrefix": expanded,
            "access": access, "priority": priority, "direction": "Outbound"})
    };
    let value = json!({"value": [{
        "networkSecurityGroup": {"id": "/subscriptions/s/networkSecurityGroups/nsg-subnet"},
        "association": {"subnet": {"id": "/x"}},
        "effectiveSecurityRules": [
            rule("securityRules/relay", 100, "Allow", "AzureCloud", json!(["13.64.0.0/11"])),
            rule("defaultSecurityRules/DenyAllOutBound", 65500, "Deny", "0.0.0.0/0", json!(null)),
        ],
    }]});
    let sets = sets(&[&value.to_string()]);
    assert_eq!(sets[0].name, "nsg-subnet");
    for (flow, expected) in [
        ("13.66.60.119,443,tcp", "allow relay"),
        ("20.0.0.1,443,tcp", "deny DenyAllOutBound"),
        ("2603:1030::1,443,tcp", "unknown (no rule): the effective rules list no IPv6 prefixes"),
    ] {
        assert_eq!(decided(&sets[0], flow), expected, "{flow}");
    }
}

#[test]
fn what_cannot_be_read_is_unknown_with_its_path() {
    let base = rule("r", 100, "Allow", "10.0.0.0/8", "443");
    let with = |key: &str, value: Value| {
        let mut rule = base.clone();
        rule["properties"][key] = value;
        json!({"securityRules": [rule]}).to_string()
    };
    let path = "$.securityRules[0].properties";
    for (text, expected) in [
        (
            with("access", json!("Permit")),
            format!("{path}.access: 'Permit'; expected Allow or Deny"),
        ),
        (with("access", Value::Null), format!("{path}: the rule has no access")),
        (with("priority", json!("first")), format!("{path}.priority: 'first' is no priority")),
        (
            with("destinationPortRange", json!("https")),
            format!("{path}.destinationPortRange: 'https'"),
        ),
        (with("direction", json!(7)), format!("{path}.direction: 7; expected Inbound or Outbound")),
        (
            with("destinationAddressPrefix", json!("[parameters('p')]")),
            format!("{path}.destinationAddressPrefix: [parameters('p')] is an expression"),
        ),
        (
            with("sourceApplicationSecurityGroups", json!([{"id": "/x/asg-web"}])),
            "application security group asg-web".to_owned(),
        ),
        (json!({"securityRules": [7]}).to_string(), "7 stands where a rule should".to_owned()),
        (json!({"securityRules": "[variables('r')]"}).to_string(), "$.securityRules: ".to_owned()),
    ] {
        let mut text = text;
        if text.contains("asg-web") {
            text = text.replace("\"sourceAddressPrefix\":\"*\"", "\"sourceAddressPrefix\":null");
        }
        let decision = decided(&sets(&[&text])[0], "10.0.0.1,443,tcp");
        assert!(decision.starts_with("unknown") && decision.contains(&expected), "{decision}");
    }
}

const TEMPLATE: &str = r#"{
    // What a template looks like in the wild.
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "prefix": {"type": "string", "defaultValue": "13.66.60.0/24"},
        "vnet": {"type": "string"},
        "ports": {"type": "array", "defaultValue": [443, 1433],},
        "deployDeny": {"type": "bool", "defaultValue": false}
    },
    "variables": {
        "group": "[concat('nsg-', toLower('RUNTIME'))]",
        "nodes": [{"first": 49152, "last": 49153}],
        "loop": "[variables('pool')]", "pool": "[variables('loop')]"
    },
    "resources": [
        {
            "type": "Microsoft.Network/networkSecurityGroups", "name": "[variables('group')]",
            "properties": {
                "securityRules": [
                    {"name": "relay", "properties": {"priority": 100, "access": "Allow",
                        "direction": "Outbound", "protocol": "Tcp",
                        "sourceAddressPrefix": "*", "sourcePortRange": "*",
                        "destinationAddressPrefix": "[parameters('prefix')]",
                        "destinationPortRanges": "[parameters('ports')]"}},
                    {"name": "nodes", "properties": {"priority": 110, "access": "Allow",
                        "direction": "Outbound", "protocol": "Tcp",
                        "sourceAddressPrefix": "*", "sourcePortRange": "*",
                        "destinationAddressPrefix": "13.66.61.0/24",
                        "destinationPortRange": "[concat(variables('nodes')[0].first, '-', variables('nodes')[0].last)]"}},
                    {"name": "own", "properties": {"priority": 120, "access": "Allow",
                        "direction": "Outbound", "protocol": "Udp",
                        "sourceAddressPrefix": "*", "sourcePortRange": "*",
                        "destinationAddressPrefix": "[parameters('vnet')]",
                        "destinationPortRange": "53"}},
                    {"name": "circle", "properties": {"priority": 130, "access": "Deny",
                        "direction": "Outbound", "protocol": "Icmp",
                        "sourceAddressPrefix": "*", "sourcePortRange": "*",
                        "destinationAddressPrefix": "[variables('loop')]",
                        "destinationPortRange": "*"}},
                ]
            },
            "resources": [{"type": "securityRules", "name": "child", "properties": {
                "priority": 90, "access": "Deny", "direction": "Outbound", "protocol": "Tcp",
                "sourceAddressPrefix": "*", "sourcePortRange": "*",
                "destinationAddressPrefix": "13.66.60.7", "destinationPortRange": "*"}}]
        },
        {
            "type": "Microsoft.Network/networkSecurityGroups/securityRules",
            "condition": "[parameters('deployDeny')]",
            "name": "[concat(variables('group'), '/deny')]",
            "properties": {"priority": 95, "access": "Deny", "direction": "Outbound",
                "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
                "destinationAddressPrefix": "*", "destinationPortRange": "*"}
        },
        {
            "type": "Microsoft.Resources/deployments", "name": "nested",
            "properties": {
                "expressionEvaluationOptions": {"scope": "inner"},
                "parameters": {"last": {"value": "[add(6, 1)]"}},
                "template": {
                    "parameters": {"last": {"type": "int"}},
                    "resources": [{
                        "type": "Microsoft.Network/networkSecurityGroups",
                        "name": "nsg-copied",
                        "properties": {"copy": [{"name": "securityRules", "count": 3, "input": {
                            "name": "[concat('rule', copyIndex('securityRules', 1))]",
                            "properties": {
                                "priority": "[add(100, copyIndex('securityRules'))]",
                                "access": "Deny", "direction": "Outbound", "protocol": "Tcp",
                                "sourceAddressPrefix": "*", "sourcePortRange": "*",
                                "destinationAddressPrefix": "[format('20.0.0.{0}', add(parameters('last'), copyIndex('securityRules')))]",
                                "destinationPortRange": "*"}
                        }}]}
                    }]
                }
            }
        }
    ]
}"#;

#[test]
fn rules_of_one_priority_are_named_and_undo_each_other() {
    let group = |direction: &str| {
        let mut second = rule("second", 200, "Deny", "1.2.3.4", "443");
        second["properties"]["direction"] = json!(direction);
        let first = rule("first", 200, "Allow", "1.2.3.4", "443");
        json!({"name": "nsg", "securityRules": [first, second]}).to_string()
    };
    let both = sets(&[&group("Outbound")]);
    assert!(both[0].notes[0].contains("both have priority 200"), "{both:?}");
    assert!(decided(&both[0], "1.2.3.4,443,tcp").starts_with("unknown first"), "{both:?}");
    // Each direction counts for itself.
    assert_eq!(sets(&[&group("Inbound")])[0].notes, Vec::<String>::new());
}

#[test]
fn templates_are_evaluated_as_far_as_the_file_goes() {
    let sets = sets(&[TEMPLATE]);
    let names: Vec<_> = sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names, ["nsg-runtime", "nsg-copied"]);
    for (set, flow, expected) in [
        (0, "13.66.60.119,1433,tcp", "allow relay"),
        (0, "13.66.60.119,80,tcp", "allow AllowInternetOutBound"),
        (0, "13.66.61.1,49153,tcp", "allow nodes"),
        (0, "13.66.60.7,443,tcp", "deny child"),
        (0, "13.66.60.7,,icmp", "unknown circle"),
        (
            0,
            "8.8.8.8,53,udp",
            "unknown own: $.resources[0].properties.securityRules[2].properties.\
            destinationAddressPrefix: [parameters('vnet')]: parameter 'vnet' has no default value",
        ),
        (1, "20.0.0.7,443,tcp", "deny rule1"),
        (1, "20.0.0.9,443,tcp", "deny rule3"),
        (1, "20.0.0.10,443,tcp", "allow AllowInternetOutBound"),
    ] {
        let decision = decided(&sets[set], flow);
        let is_met = if expected.contains(':') || !expected.starts_with("unknown") {
            decision == expected
        } else {
            decision.starts_with(expected) && decision.contains("refers to itself")
        };
        assert!(is_met, "{flow}: {decision}");
    }
    assert!(sets[0].file_notes.iter().any(|note| note.contains("$.resources[1]: not deployed")));
    // The same with a parameter file beside it.
    let given = r#"{"$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentParameters.json#",
        "parameters": {"VNET": {"value": "10.0.0.0/8"}, "deployDeny": {"value": true}}}"#;
    let sets = self::sets(&[TEMPLATE, given]);
    assert_eq!(decided(&sets[0], "8.8.8.8,53,udp"), "deny deny");
    assert_eq!(decided(&sets[0], "13.66.60.7,443,tcp"), "deny child");
}

#[test]
fn lambdas_of_bicep_are_evaluated() {
    // `map(rules, (r, i) => {...})`, as bicep build writes it.
    let template = |rules: &str| {
        json!({
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {"rules": {"type": "array", "defaultValue": [
                {"name": "relay", "to": ["13.66.60.0/24", "13.66.61.0/24"]},
                {"name": "off", "to": []},
                {"name": "other", "to": ["13.66.62.0/24"]},
            ]}, "open": {"type": "string"}},
            "resources": [{
                "type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01",
                "name": "nsg", "properties": {"securityRules": rules},
            }],
        })
        .to_string()
    };
    let rule = |destination: &str| {
        format!(
            "[map(filter(parameters('rules'), lambda('r', not(empty(lambdaVariables('r').to)))), \
             lambda('r', 'i', createObject('name', lambdaVariables('r').name, 'properties', \
             createObject('priority', add(100, lambdaVariables('i')), 'access', 'Deny', \
             'direction', 'Outbound', 'protocol', '*', 'sourceAddressPrefix', '*', \
             'sourcePortRange', '*', 'destinationAddressPrefixes', {destination}, \
             'destinationPortRange', '*'))))]"
        )
    };
    let known = sets(&[&template(&rule("lambdaVariables('r').to"))]);
    assert_eq!(decided(&known[0], "13.66.61.1,443,tcp"), "deny relay");
    assert_eq!(decided(&known[0], "13.66.62.1,443,tcp"), "deny other");
    assert_eq!(decided(&known[0], "13.66.63.1,443,tcp"), "allow AllowInternetOutBound");
    let priorities: Vec<_> =
        known[0].rules()[..2].iter().map(|rule| rule.priority.known().copied()).collect();
    assert_eq!(priorities, [Some(100), Some(101)]);
    // What is not known, and what is no lambda, is unknown and named.
    for (text, expected) in [
        (rule("createArray(parameters('open'))"), "parameter 'open' has no default value"),
        (rule("lambdaVariables('s').to"), "no lambda around has a variable 's'"),
        ("[map(parameters('rules'), 7)]".to_owned(), "expected a lambda"),
        ("[map(range(0, 90000), lambda('x', range(0, 90000)))]".to_owned(), "more values"),
    ] {
        let unknown = sets(&[&template(&text)]);
        let decision = decided(&unknown[0], "8.8.8.8,443,tcp");
        assert!(decision.starts_with("unknown") && decision.contains(expected), "{decision}");
    }
}

#[test]
fn hostile_templates_end() {
    // Doubling strings, loops without end, values that refer to each other.
    let mut variables = json!({"v0": "0123456789"});
    for level in 1..60 {
        variables[format!("v{level}")] =
            json!(format!("[concat(variables('v{0}'), variables('v{0}'))]", level - 1));
    }
    let mut template: Value = serde_json::from_str(&plain_json(TEMPLATE)).unwrap();
    template["variables"] = variables;
    template["variables"]["group"] = json!("nsg");
    template["variables"]["nodes"] = json!([{"copy": [
        {"name": "x", "count": 9999, "input": {"copy": [{"name": "y", "count": 9999, "input": "a"}]}}
    ]}]);
    template["parameters"]["prefix"]["defaultValue"] = json!("[variables('v59')]");
    let sets = sets(&[&template.to_string()]);
    assert!(decided(&sets[0], "13.66.60.119,443,tcp").starts_with("unknown"));
    assert!(decided(&sets[0], "13.66.61.1,49153,tcp").starts_with("unknown"));
}

#[test]
fn azure_firewall_asks_network_rules_before_application_rules() {
    let group = json!({"name": "rcg", "properties": {"priority": 200, "ruleCollections": [
        {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "late",
         "priority": 300,
         "action": {"type": "Deny"}, "rules": [
            {"ruleType": "NetworkRule", "name": "deny-net", "ipProtocols": ["Any"],
             "sourceAddresses": ["*"], "destinationAddresses": ["20.0.0.0/8"], "destinationPorts": ["*"]}]},
        {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "app", "priority": 100,
         "action": {"type": "Allow"}, "rules": [
            {"ruleType": "ApplicationRule", "name": "relay", "sourceAddresses": ["*"],
             "protocols": [{"protocolType": "Https", "port": 443}],
             "targetFqdns": ["*.servicebus.windows.net"]},
            {"ruleType": "ApplicationRule", "name": "updates", "sourceAddresses": ["*"],
             "protocols": [{"protocolType": "Http"}], "fqdnTags": ["WindowsUpdate"]}]},
        {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "early",
         "priority": 200,
         "action": {"type": "Allow"}, "rules": [
            {"ruleType": "NetworkRule", "name": "sql", "ipProtocols": ["TCP"],
             "sourceAddresses": ["*"], "destinationIpGroups": ["/x/ipGroups/Sql-Servers"],
             "destinationPorts": ["1433", "11000-11999"]},
            {"ruleType": "NetworkRule", "name": "ntp", "ipProtocols": ["UDP"],
             "sourceAddresses": ["*"], "destinationFqdns": ["time.windows.com"],
             "destinationPorts": ["123"]}]},
    ]}});
    let ip_group = json!({"id": "/y/ipGroups/sql-servers", "name": "sql-servers",
        "properties": {"ipAddresses": ["20.1.0.0/24", "20.1.1.1-20.1.1.3"]}});
    let without = sets(&[&group.to_string()]);
    let with = sets(&[&group.to_string(), &ip_group.to_string()]);
    for (set, flow, expected) in [
        (&with, "20.1.1.2,1433,tcp", "allow sql"),
        (&with, "20.1.1.4,1433,tcp", "deny deny-net"),
        (&without, "20.1.1.2,1433,tcp", "unknown sql: the addresses of IP group Sql-Servers"),
        (&with, "time.windows.com,123,udp", "allow ntp"),
        (&with, "13.66.60.119,123,udp", "unknown ntp: the name"),
        (&with, "13.66.60.119,443,tcp", "unknown relay: the name"),
        (&with, "13.66.60.119,80,tcp", "unknown updates: the names behind FQDN tag WindowsUpdate"),
        (&with, "13.66.60.119,22,tcp", "deny (no rule)"),
    ] {
        assert!(decided(&set[0], flow).starts_with(expected), "{flow}: {}", decided(&set[0], flow));
    }
    let mut both = read_flows("13.66.60.119,443,tcp", "f").unwrap().remove(0);
    both.name = Some(crate::model::HostName::parse("ns.servicebus.windows.net").unwrap());
    let judge = RuleJudge::new(&with[0], NetworkContext::default());
    assert_eq!(judge.decide(&both).by().name, "relay");
    // Whatever the priorities of their collections.
    both.address = Some("20.2.0.9".parse().unwrap());
    assert_eq!(judge.decide(&both).by().name, "deny-net");
}

#[test]
fn plain_lists_allow_what_they_hold() {
    let text = "# allowed\r\n13.66.60.0/24 relay of the factory\n13.66.61.1-13.66.61.9\n\
                20.0.0.1, 20.0.0.2\n*.servicebus.windows.net\ndownload.microsoft.com:443\n\
                .clouddatahub.net\ncontoso.com/\n2603:1030::/32\n";
    let set = &sets(&[text])[0];
    for (flow, expected) in [
        ("13.66.60.119,80,tcp", "allow 13.66.60.0/24"),
        ("13.66.61.9,80,tcp", "allow 13.66.61.1-13.66.61.9"),
        ("20.0.0.2,80,udp", "allow 20.0.0.2"),
        ("2603:1030::1,443,tcp", "allow 2603:1030::/32"),
    ] {
        assert_eq!(decided(set, flow), expected, "{flow}");
    }
    let names = &sets(&[
        "*.servicebus.windows.net\ndownload.microsoft.com:443\n.clouddatahub.net\ncontoso.com/",
    ])[0];
    for (flow, expected) in [
        ("ns.servicebus.windows.net,443,tcp", "allow *.servicebus.windows.net"),
        ("servicebus.windows.net,443,tcp", "deny (no rule)"),
        ("download.microsoft.com,443,tcp", "allow download.microsoft.com:443"),
        ("download.microsoft.com,80,tcp", "deny (no rule)"),
        ("clouddatahub.net,443,tcp", "allow .clouddatahub.net"),
        ("we.frontend.clouddatahub.net,443,tcp", "allow .clouddatahub.net"),
        ("contoso.com,443,tcp", "allow contoso.com/"),
    ] {
        assert_eq!(decided(names, flow), expected, "{flow}");
    }
}

#[test]
fn files_without_rules_are_refused_with_what_was_expected() {
    for (text, expected) in [
        ("", "f: the whole file: found nothing; expected rules"),
        ("13.66.60.0/33\n", "f: line 1: found '13.66.60.0/33'"),
        ("10.0.0.1\nhttp://x\n", "f: line 2: found 'http://x'"),
        ("13.66.60.300\n", "f: line 1"),
        ("{\"securityRules\": [}", "f: line 1 column"),
        ("{\"a\": 1}", "an object without any rules"),
        ("[]", "a list of 0"),
        (
            r#"{"$schema": "x/deploymentTemplate.json#", "resources": []}"#,
            "a template without rules",
        ),
        (
            r#"{"$schema": "x/deploymentTemplate.json#", "resources": [{"type": "Microsoft.Resources/deployments", "properties": {"templateLink": {"uri": "u"}}}]}"#,
            "the linked template is a file of its own",
        ),
    ] {
        let error = read(&[RuleFile { name: "f", text }]).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// Groups in the wild: what is read of each, and what stays unknown.
#[test]
fn groups_in_the_wild_are_read_whole() {
    macro_rules! captured {
        ($file:literal) => {
            ($file, include_str!(concat!("../../../tests/data/nsg/", $file)))
        };
    }
    for ((file, text), n_rules, n_unknown) in [
        (captured!("chef-automate-ha.json"), 13, 2),
        (captured!("service-fabric.json"), 30, 0),
        (captured!("vnet-nsg-for-redis.json"), 9, 9),
        (captured!("front-door-api-management.json"), 14, 0),
        (captured!("nsg-dmz.json"), 9, 4),
        (captured!("data-landing-zone.json"), 8, 0),
    ] {
        let own: Vec<_> = sets(&[text])
            .iter()
            .flat_map(super::super::rule::RuleSet::rules)
            .filter(|rule| {
                rule.location != "Azure's default rules" && rule.name != RuleSet::NO_RULE
            })
            .cloned()
            .collect();
        let is_unknown = |rule: &&Rule| {
            rule.access.known().is_none()
                || rule.direction.known().is_none()
                || rule.priority.known().is_none()
                || !rule.source.unknown.is_empty()
                || !rule.destination.unknown.is_empty()
                || rule.destination_ports.known().is_none()
        };
        assert_eq!(
            (own.len(), own.iter().filter(is_unknown).count()),
            (n_rules, n_unknown),
            "{file}"
        );
    }
}

proptest! {
    #[test]
    fn reading_never_panics(text in ".{0,200}") {
        let _ = read(&[RuleFile { name: "f", text: &text }]);
    }

    #[test]
    fn expressions_never_panic(expression in "\\[[a-z0-9'(),.\\[\\] {}-]{0,60}\\]") {
        let mut template: Value = serde_json::from_str(&plain_json(TEMPLATE)).unwrap();
        template["parameters"]["prefix"]["defaultValue"] = json!(expression);
        let _ = read(&[RuleFile { name: "f", text: &template.to_string() }]);
    }
}

/// The rules of a base policy come before those of the policy that inherits them, whatever their
/// priorities (Azure Firewall rule processing); those that are not here may do anything.
#[test]
fn a_base_policy_comes_first() {
    let id = |policy: &str, group: &str| {
        format!(
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/firewallPolicies/{policy}/ruleCollectionGroups/{group}"
        )
    };
    let group = |policy: &str, priority: u32, action: &str| {
        serde_json::json!({"name": "g", "id": id(policy, "g"), "properties": {
            "priority": priority,
            "ruleCollections": [{"ruleCollectionType": "FirewallPolicyFilterRuleCollection",
                "name": "c", "priority": 100, "action": {"type": action}, "rules": [{
                    "ruleType": "NetworkRule", "name": format!("{policy}-{action}"),
                    "ipProtocols": ["TCP"], "sourceAddresses": ["*"],
                    "destinationAddresses": ["13.66.60.119"], "destinationPorts": ["443"]}]}]}})
    };
    let child = serde_json::json!({"name": "child", "type": "Microsoft.Network/firewallPolicies",
        "properties": {"basePolicy": {"id": "/subscriptions/s/x/firewallPolicies/parent"}}});
    let parent = serde_json::json!({"name": "parent", "type": "Microsoft.Network/firewallPolicies",
        "properties": {"childPolicies": [{"id": "/subscriptions/s/x/firewallPolicies/child"}]}});
    let (denies, allows) = (group("parent", 60_000, "Deny"), group("child", 100, "Allow"));
    let text = |values: &[&serde_json::Value]| serde_json::to_string(values).unwrap();
    let decided = |files: &[String]| {
        let names: Vec<_> = (0..files.len()).map(|number| format!("{number}.json")).collect();
        let sources: Vec<_> = names
            .iter()
            .zip(files)
            .map(|(file, text)| RuleFile { name: file.as_str(), text: text.as_str() })
            .collect();
        let sets = read(&sources).unwrap();
        assert_eq!(sets.len(), 1, "{files:?}");
        let judge =
            crate::firewall::RuleJudge::new(&sets[0], crate::firewall::NetworkContext::default());
        let flow = crate::firewall::read_flows("13.66.60.119,443,tcp", "f").unwrap().remove(0);
        let decision = judge.decide(&flow);
        format!("{} {}", decision.as_str(), decision.by().name)
    };
    for (files, expected) in [
        (vec![text(&[&child, &parent, &allows, &denies])], "deny parent-Deny"),
        (vec![text(&[&child, &allows]), text(&[&denies])], "deny parent-Deny"),
        (vec![text(&[&denies]), text(&[&child, &allows])], "deny parent-Deny"),
        (vec![text(&[&child, &allows])], "unknown base policy parent"),
        (vec![text(&[&allows])], "allow child-Allow"),
    ] {
        assert_eq!(decided(&files), expected, "{files:?}");
    }
    // Resources of a template are called after what they are part of, and have no ids.
    let resource = |value: &serde_json::Value, name: &str, kind: &str| {
        serde_json::json!({"type": kind, "apiVersion": "2024-01-01", "name": name,
            "properties": value["properties"]})
    };
    let (policy, part) = (
        "Microsoft.Network/firewallPolicies",
        "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
    );
    let own = [resource(&child, "child", policy), resource(&allows, "child/g", part)];
    let inherited = [resource(&parent, "parent", policy), resource(&denies, "parent/g", part)];
    for (resources, expected) in [
        ([&own[..], &inherited].concat(), "deny parent-Deny"),
        ([&inherited[..], &own].concat(), "deny parent-Deny"),
        (own.to_vec(), "unknown base policy parent"),
        (inherited.to_vec(), "deny parent-Deny"),
    ] {
        let template = serde_json::json!({"resources": resources, "contentVersion": "1.0.0.0",
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"});
        assert_eq!(decided(&[template.to_string()]), expected, "{template}");
    }
    // Two that have nothing to do with each other are two.
    let other = group("other", 100, "Allow");
    let both = text(&[&allows, &other]);
    let sets = read(&[RuleFile { name: "f", text: both.as_str() }]).unwrap();
    let names: Vec<_> = sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names, ["child", "other"]);
}
