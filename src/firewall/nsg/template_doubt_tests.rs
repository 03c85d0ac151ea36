//! What a template leaves open: values that it does not give, and templates that it only names.

use serde_json::{Value, json};

use super::planned_tests::decided;
use super::*;

const FLOW: &str = "40.112.72.101,443,tcp,10.50.1.10";
const SCHEMA: &str = "https://schema.management.azure.com/schemas/2019-04-01/";

/// The template with these members.
fn template(members: &Value) -> Value {
    let mut own = json!({"$schema": format!("{SCHEMA}deploymentTemplate.json#"),
        "contentVersion": "1.0.0.0"});
    for (key, value) in members.as_object().unwrap() {
        own[key] = value.clone();
    }
    own
}

fn rule(name: &str, access: &str, priority: u32) -> Value {
    json!({"name": name, "properties": {"priority": priority, "access": access,
        "direction": "Outbound", "protocol": "*", "sourcePortRange": "*",
        "destinationPortRange": "*", "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*"}})
}

/// A group that allows everything, and a rule of it that denies everything under a condition.
fn guarded(condition: &str) -> Value {
    let group = json!({"type": "Microsoft.Network/networkSecurityGroups", "name": "n",
        "properties": {"securityRules": [rule("allow", "Allow", 200)]}});
    let mut deny = rule("n/deny", "Deny", 100);
    deny["type"] = json!("Microsoft.Network/networkSecurityGroups/securityRules");
    deny["condition"] = json!(condition);
    json!([group, deny])
}

/// What is decided by a template, beside a parameter file with these parameters.
fn decided_with(template: &Value, parameters: &Value) -> String {
    let given = json!({"$schema": format!("{SCHEMA}deploymentParameters.json#"),
        "contentVersion": "1.0.0.0", "parameters": parameters});
    let texts = [template.to_string(), given.to_string()];
    let files = [
        RuleFile { name: "t.json", text: &texts[0] },
        RuleFile { name: "p.json", text: &texts[1] },
    ];
    decided(&read(&files).unwrap(), FLOW)
}

fn deployment(properties: &Value) -> Value {
    json!({"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "m",
        "properties": properties})
}

/// A deployment of a template of its own scope.
fn module(template: &Value, members: &Value) -> Value {
    let mut properties = json!({"mode": "Incremental", "template": template,
        "expressionEvaluationOptions": {"scope": "Inner"}});
    for (key, value) in members.as_object().unwrap() {
        properties[key] = value.clone();
    }
    deployment(&properties)
}

/// A list or an object that holds what is not known is compared as far as the rest decides.
#[test]
fn a_condition_over_parts_that_are_not_known_is_not_known() {
    for (condition, expected) in [
        ("contains(variables('list'), 'b')", "unknown deny"),
        ("contains(variables('list'), 'a')", "deny deny"),
        ("or(contains(variables('list'), 'b'), false())", "unknown deny"),
        ("equals(variables('object'), createObject('k', 'b'))", "unknown deny"),
        ("equals(variables('object'), createObject('m', 'b'))", "allow allow"),
        ("equals(variables('list'), createArray('b', 'a'))", "unknown deny"),
        ("greater(length(intersection(variables('list'), createArray('b'))), 0)", "unknown deny"),
        ("equals(length(union(variables('list'), createArray('b'))), 2)", "unknown deny"),
        ("contains(variables('keyed'), 'known')", "deny deny"),
        ("contains(variables('keyed'), 'b')", "unknown deny"),
        ("empty(tryGet(variables('object'), 'k', 'l'))", "unknown deny"),
        ("bool('1')", "unknown deny"),
        ("bool('False')", "allow allow"),
        ("bool(1)", "deny deny"),
    ] {
        let own = template(&json!({"parameters": {"x": {"type": "string"}},
            "variables": {"list": ["[parameters('x')]", "a"], "object": {"k": "[parameters('x')]"},
                "keyed": {"[parameters('x')]": 1, "[concat('kno', 'wn')]": 2}},
            "resources": guarded(&format!("[{condition}]"))}));
        let found = decided_with(&own, &json!({}));
        assert_eq!(found, expected, "{condition}");
    }
}

/// Null is no value: the default takes its place. A secret is a value, which is not known.
#[test]
fn a_parameter_that_is_null_takes_its_default_and_a_secret_does_not() {
    let default = json!({"blocked": {"type": "array", "defaultValue": ["40.0.0.0/8"]}});
    let nullable = json!({"blocked": {"type": "array", "nullable": true}});
    let required = json!({"blocked": {"type": "array"}});
    let vault = json!({"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}});
    for (parameters, given, expected) in [
        (&default, json!({}), "deny deny"),
        (&default, json!({"value": null}), "deny deny"),
        (&default, json!({"value": []}), "allow allow"),
        (&default, vault.clone(), "unknown deny"),
        (&default, json!({"expression": "[externalInputs('a')]"}), "unknown deny"),
        (&default, json!({"metadata": {"a": "b"}}), "deny deny"),
        (&nullable, json!({"value": null}), "allow allow"),
        (&required, json!({"value": null}), "unknown deny"),
    ] {
        let given = json!({"blocked": given});
        let own = template(&json!({"parameters": parameters,
            "resources": guarded("[not(empty(parameters('blocked')))]")}));
        assert_eq!(decided_with(&own, &given), expected, "{parameters} {given}");
        // A module is given its parameters alike.
        let outer = template(&json!({"resources": [module(&own, &json!({"parameters": given}))]}));
        assert_eq!(decided_with(&outer, &json!({})), expected, "module: {parameters} {given}");
    }
    let own = template(&json!({"parameters": default,
        "resources": guarded("[not(empty(parameters('blocked')))]")}));
    for (members, expected) in [
        (json!({"parameters": {"blocked": {"value": "[null()]"}}}), "deny deny"),
        (json!({"parameters": "[variables('none')]"}), "allow allow"),
        (json!({"parameters": "[variables('vault')]"}), "unknown deny"),
        (json!({"parameters": "[parameters('given')]"}), "unknown deny"),
        (json!({"parametersLink": {"uri": "https://x/p.json"}}), "unknown deny"),
    ] {
        let outer = template(&json!({"parameters": {"given": {"type": "object"}},
            "variables": {"none": {"blocked": {"value": []}}, "vault": {"blocked": vault}},
            "resources": [module(&own, &members)]}));
        assert_eq!(decided_with(&outer, &json!({})), expected, "{members}");
    }
}

/// A template that names another one may write any rules by it.
#[test]
fn a_template_that_is_not_read_may_write_any_rules() {
    let empty = json!({"resources": []});
    let uri = json!({"mode": "Incremental", "templateLink": {"uri": "https://x/y.json"}});
    let spec = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Resources/templateSpecs/a/\
                versions/1";
    let mut excluded = deployment(&uri);
    excluded["condition"] = json!("[false()]");
    let mut existing = deployment(&uri);
    existing["existing"] = json!(true);
    let mut stack = deployment(&uri);
    stack["type"] = json!("Microsoft.Resources/deploymentStacks");
    let unknown = "unknown (whether the group is as here)";
    for (other, expected) in [
        (deployment(&uri), unknown),
        (deployment(&json!({"mode": "Incremental", "templateLink": {"id": spec}})), unknown),
        (deployment(&json!({"template": "[parameters('t')]"})), unknown),
        (deployment(&json!("[parameters('t')]")), unknown),
        (stack, unknown),
        (module(&template(&json!({"resources": [deployment(&uri)]})), &json!({})), unknown),
        (module(&template(&empty), &json!({})), "deny deny"),
        (excluded, "deny deny"),
        (existing, "deny deny"),
    ] {
        let mut resources = guarded("[true()]");
        resources.as_array_mut().unwrap().push(other.clone());
        let own = template(&json!({"parameters": {"t": {"type": "object"}},
            "resources": resources}))
        .to_string();
        let sets = read(&[RuleFile { name: "t.json", text: &own }]).unwrap();
        assert_eq!(decided(&sets, FLOW), expected, "{other}");
        let is_noted = sets[0]
            .file_notes
            .iter()
            .any(|note| note.contains("not read") || note.contains("a file of its own"));
        assert_eq!(is_noted, expected == unknown, "{other}: {:?}", sets[0].file_notes);
    }
}

/// A firewall whose policy is an empty id has rules of its own, which another template may write.
#[test]
fn a_firewall_whose_policy_has_no_id_may_be_written_too() {
    let uri = json!({"mode": "Incremental", "templateLink": {"uri": "https://x/y.json"}});
    let own = json!({"name": "own", "protocols": ["Any"], "sourceAddresses": ["*"],
        "destinationAddresses": ["*"], "destinationPorts": ["*"]});
    let collection = json!({"name": "c", "properties": {"priority": 100,
        "action": {"type": "Allow"}, "rules": [own]}});
    let firewall = json!({"type": "Microsoft.Network/azureFirewalls", "name": "fw",
        "properties": {"firewallPolicy": {"id": ""}, "networkRuleCollections": [collection]}});
    for (resources, expected) in [
        (json!([firewall]), "allow own"),
        (json!([firewall, deployment(&uri)]), "unknown $.resources[0]"),
    ] {
        let own = template(&json!({"resources": resources}));
        let found = decided_with(&own, &json!({}));
        assert!(found.starts_with(expected), "{found}: {own}");
    }
}
