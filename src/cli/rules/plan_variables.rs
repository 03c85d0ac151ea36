//! The desired rules of a plan as variables, for groups that Terraform or Bicep own: the pipeline
//! writes the rules, and a pull request shows what changes.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::nsg_rules::{RuleAction, RulePlan};

/// The template beside the file, which declares the parameter (deploy/gitops).
const TEMPLATE: &str = "./pathproof.bicep";

/// A file of variables for Terraform: `pathproof_rules`, a rule by its name, in the words of
/// `azurerm_network_security_rule`. Every attribute is there, so that all rules are of one type.
pub(super) fn tfvars(plan: &RulePlan) -> String {
    let rules: Map<_, _> = plan
        .rules
        .iter()
        .map(|rule| (rule.name.clone(), in_terraforms_words(rule.properties.json())))
        .collect();
    format!("{:#}\n", json!({"pathproof_rules": rules}))
}

fn in_terraforms_words(properties: &Value) -> Value {
    const SAME: [(&str, &str); 13] = [
        ("description", "description"),
        ("priority", "priority"),
        ("direction", "direction"),
        ("access", "access"),
        ("protocol", "protocol"),
        ("sourcePortRange", "source_port_range"),
        ("sourcePortRanges", "source_port_ranges"),
        ("destinationPortRange", "destination_port_range"),
        ("destinationPortRanges", "destination_port_ranges"),
        ("sourceAddressPrefix", "source_address_prefix"),
        ("sourceAddressPrefixes", "source_address_prefixes"),
        ("destinationAddressPrefix", "destination_address_prefix"),
        ("destinationAddressPrefixes", "destination_address_prefixes"),
    ];
    // The provider takes one of the singular and the plural, and null for the other.
    let given = |value: &Value| match value {
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::String(text) if text.is_empty() => Value::Null,
        other => other.clone(),
    };
    let mut rule: Map<_, _> = SAME
        .iter()
        .map(|(ours, theirs)| ((*theirs).to_owned(), given(&properties[*ours])))
        .collect();
    for (ours, theirs) in [
        ("sourceApplicationSecurityGroups", "source_application_security_group_ids"),
        ("destinationApplicationSecurityGroups", "destination_application_security_group_ids"),
    ] {
        let groups = properties[ours].as_array().into_iter().flatten();
        let ids: Vec<_> = groups.map(|group| group["id"].clone()).collect();
        rule.insert(theirs.to_owned(), given(&json!(ids)));
    }
    rule.into()
}

/// A file of parameters for Bicep: `pathproofRules`, a list of rules as Resource Manager takes
/// them.
pub(super) fn bicep_params(plan: &RulePlan) -> String {
    let rules: Vec<_> = plan
        .rules
        .iter()
        .map(|rule| json!({"name": rule.name, "properties": rule.properties.json()}))
        .collect();
    let mut text = format!(
        "using '{TEMPLATE}'\n\n\
         // Written by pathproof rules plan; edits by hand do not stay.\nparam pathproofRules = "
    );
    write_literal(&mut text, &json!(rules), 0);
    text.push('\n');
    text
}

/// What to do about rules that the file lacks and the group has: an ordinary deployment leaves
/// them, so that the next plan would find them again. None where there are none.
pub(super) fn left_by_bicep(plan: &RulePlan) -> Option<String> {
    let gone: Vec<&str> = plan
        .changes
        .iter()
        .filter(|change| change.action == RuleAction::Delete)
        .map(|change| change.name.as_str())
        .collect();
    let group = plan.nsg.as_deref().unwrap_or("GROUP_ID");
    let id = |name: &&str| format!("'{group}/securityRules/{name}'");
    (!gone.is_empty()).then(|| {
        format!(
            "the group has what the file lacks ({}), and an ordinary deployment leaves it there: \
             deploy the file as a stack, which deletes what it deployed before (az stack group \
             create --action-on-unmanage deleteResources), or delete it after the deployment: az \
             network nsg rule delete --ids {}",
            gone.join(", "),
            gone.iter().map(id).collect::<Vec<_>>().join(" ")
        )
    })
}

/// Writes a literal of Bicep, an item a line.
fn write_literal(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth + 1);
    match value {
        Value::String(string) => write_string(text, string),
        Value::Array(items) if items.is_empty() => text.push_str("[]"),
        Value::Array(items) => {
            text.push_str("[\n");
            for item in items {
                text.push_str(&indent);
                write_literal(text, item, depth + 1);
                text.push('\n');
            }
            let _ = write!(text, "{}]", "  ".repeat(depth));
        }
        Value::Object(members) if members.is_empty() => text.push_str("{}"),
        Value::Object(members) => {
            text.push_str("{\n");
            for (key, member) in members {
                text.push_str(&indent);
                write_key(text, key);
                text.push_str(": ");
                write_literal(text, member, depth + 1);
                text.push('\n');
            }
            let _ = write!(text, "{}}}", "  ".repeat(depth));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

fn write_key(text: &mut String, key: &str) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && key.chars().all(is_word) {
        text.push_str(key);
    } else {
        write_string(text, key);
    }
}

/// Quotes a text: a line of ours stays one line, and nothing in it is an expression.
fn write_string(text: &mut String, string: &str) {
    text.push('\'');
    for c in string.chars() {
        match c {
            '\\' | '\'' | '$' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => {
                let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bicep_s_literals_hold_any_text_on_one_line() {
        let mut text = String::new();
        write_literal(&mut text, &json!({"a": ["it's ${x}\n\\", 1, null], "b c": {}}), 0);
        assert_eq!(
            text,
            "{\n  a: [\n    'it\\'s \\${x}\\u{a}\\\\'\n    1\n    null\n  ]\n  'b c': {}\n}"
        );
    }

    #[test]
    fn terraform_s_rules_are_all_of_one_type() {
        let by_tag = json!({"access": "Allow", "direction": "Outbound", "priority": 200,
            "destinationAddressPrefix": "AzureCloud", "destinationAddressPrefixes": [],
            "sourceApplicationSecurityGroups": [{"id": "/subscriptions/x"}]});
        let rule = in_terraforms_words(&by_tag);
        assert_eq!(rule["destination_address_prefix"], "AzureCloud");
        assert_eq!(rule["destination_address_prefixes"], Value::Null);
        assert_eq!(rule["source_application_security_group_ids"], json!(["/subscriptions/x"]));
        assert_eq!(rule.as_object().map(Map::len), Some(15));
    }
}
