//! Recognises files in forms that are not read here, so that the error can name what they are.

use serde_json::Value;

/// A form that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) what: &'static str,
    /// The file to give instead.
    pub(super) instead: &'static str,
}

const ADMIN_RULES: Foreign = Foreign {
    what: "security admin rules of a network manager, which are asked before any group",
    instead: "the rules of the groups themselves; admin rules are not looked at here",
};
const TERRAFORM_STATE: Foreign =
    Foreign { what: "Terraform's own state file", instead: "JSON: terraform show -json" };
const ROUTES: Foreign = Foreign {
    what: "routes, which say where a flow goes and not whether it may",
    instead: "rules; where a route leads to a firewall, that firewall's policy",
};
const TERRAFORM_TEXT: Foreign = Foreign {
    what: "Terraform's language",
    instead: "JSON: terraform plan -out PLAN, then terraform show -json PLAN",
};
const BICEP_TEXT: Foreign =
    Foreign { what: "Bicep", instead: "the template that az bicep build --file FILE makes of it" };

/// The form of a JSON document, if it is one of these.
pub(super) fn of_json(value: &Value) -> Option<Foreign> {
    let has = |key: &str| value.get(key).is_some();
    if has("terraform_version") && has("serial") && !has("format_version") {
        return Some(TERRAFORM_STATE);
    }
    let list = [Some(value), value.get("value")];
    let all = || list.into_iter().flat_map(elements).chain(std::iter::once(value));
    if all().any(is_admin_rule) {
        return Some(ADMIN_RULES);
    }
    all().any(is_route).then_some(ROUTES)
}

fn elements(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

/// Whether a value is an admin rule, or an entry of the output of
/// `az network manager list-effective-security-admin-rules`.
fn is_admin_rule(value: &Value) -> bool {
    let properties = value.get("properties").unwrap_or(value);
    let is_of = |key: &str, word: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    is_of("id", "/securityadminconfigurations/")
        || is_of("type", "/securityadminconfigurations")
        || properties.get("access").is_some_and(|access| access == "AlwaysAllow")
        || value.get("ruleCollectionAppliesToGroups").is_some()
        || (properties.get("sources").is_some_and(Value::is_array)
            && properties.get("destinations").is_some_and(Value::is_array)
            && properties.get("access").is_some())
}

/// Whether a value is a route table, a route or an effective route.
fn is_route(value: &Value) -> bool {
    let properties = value.get("properties").unwrap_or(value);
    let is_hop =
        |route: &Value| route.get("properties").unwrap_or(route).get("nextHopType").is_some();
    is_hop(value)
        || elements(properties.get("routes")).any(is_hop)
        || (properties.get("routes").is_some_and(Value::is_array)
            && properties.get("disableBgpRoutePropagation").is_some())
}

/// The form of a text that is not JSON, if it is one of these.
pub(super) fn of_text(file: &str, text: &str) -> Option<Foreign> {
    let is_called = |ending: &str| {
        file.len() > ending.len()
            && file
                .get(file.len() - ending.len()..)
                .is_some_and(|own| own.eq_ignore_ascii_case(ending))
    };
    if is_called(".tf") {
        return Some(TERRAFORM_TEXT);
    }
    if is_called(".bicep") {
        return Some(BICEP_TEXT);
    }
    text.lines().map(str::trim).find_map(|line| {
        let mut words = line.split_whitespace();
        match (words.next()?, words.next()) {
            ("resource" | "data" | "variable" | "module" | "provider" | "output", Some(second))
                if second.starts_with('"') =>
            {
                Some(TERRAFORM_TEXT)
            }
            ("terraform" | "locals", Some("{")) => Some(TERRAFORM_TEXT),
            ("resource" | "module" | "param" | "var" | "targetScope", Some(_))
                if line.contains(['=', '\'']) || line.starts_with("param ") =>
            {
                Some(BICEP_TEXT)
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_told_from_rules() {
        for (text, expected) in [
            (
                r#"{"version": 4, "terraform_version": "1.11.4", "serial": 3}"#,
                Some(TERRAFORM_STATE),
            ),
            (r#"{"format_version": "1.2", "terraform_version": "1.11.4"}"#, None),
            (r#"{"status": "Succeeded", "changes": [{"changeType": "Modify"}]}"#, None),
            (
                r#"{"value": [{"kind": "Custom", "properties": {"access": "AlwaysAllow"}}]}"#,
                Some(ADMIN_RULES),
            ),
            (
                r#"[{"access": "Deny", "direction": "Outbound", "sources": [], "destinations": []}]"#,
                Some(ADMIN_RULES),
            ),
            (
                r#"{"value": [{"addressPrefix": ["0.0.0.0/0"], "nextHopType": "Internet"}]}"#,
                Some(ROUTES),
            ),
            (
                r#"{"name": "rt", "properties": {"routes": [{"properties": {"nextHopType": "None"}}]}}"#,
                Some(ROUTES),
            ),
            (r#"{"name": "nsg", "securityRules": []}"#, None),
            (r#"[{"access": "Deny", "direction": "Outbound", "priority": 100}]"#, None),
        ] {
            assert_eq!(of_json(&serde_json::from_str(text).unwrap()), expected, "{text}");
        }
        for (file, text, expected) in [
            ("main.tf", "", Some(TERRAFORM_TEXT)),
            (
                "-",
                "# x\nresource \"azurerm_network_security_group\" \"a\" {\n",
                Some(TERRAFORM_TEXT),
            ),
            ("NSG.BICEP", "", Some(BICEP_TEXT)),
            ("-", "param name string\n", Some(BICEP_TEXT)),
            (
                "-",
                "resource nsg 'Microsoft.Network/networkSecurityGroups@2024-01-01' = {",
                Some(BICEP_TEXT),
            ),
            ("list.txt", "13.66.60.119\nmodule.contoso.com\n", None),
        ] {
            assert_eq!(of_text(file, text), expected, "{file} {text}");
        }
    }
}
