//! Recognises files in forms that are not read here, so that the error can name what they are.

use serde_json::Value;

/// A form that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) what: &'static str,
    /// The file to give instead.
    pub(super) instead: &'static str,
}

const TERRAFORM_STATE: Foreign =
    Foreign { what: "Terraform's own state file", instead: "JSON: terraform show -json" };
const TERRAFORM_TEXT: Foreign = Foreign {
    what: "Terraform's language",
    instead: "JSON: terraform plan -out PLAN, then terraform show -json PLAN",
};
const BICEP_PARAMETERS: Foreign = Foreign {
    what: "Bicep's parameters",
    instead: "the parameter file that az bicep build-params --file FILE makes of it, beside the \
              template of az bicep build",
};
const BICEP_TEXT: Foreign =
    Foreign { what: "Bicep", instead: "the template that az bicep build --file FILE makes of it" };

/// The form of a JSON document, if it is one of these.
pub(super) fn of_json(value: &Value) -> Option<Foreign> {
    let has = |key: &str| value.get(key).is_some();
    if has("terraform_version") && has("serial") && !has("format_version") {
        return Some(TERRAFORM_STATE);
    }
    None
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
    if is_called(".bicepparam") {
        return Some(BICEP_PARAMETERS);
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
            ("using", Some(file)) if file.starts_with('\'') => Some(BICEP_PARAMETERS),
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
            (r#"{"name": "nsg", "securityRules": []}"#, None),
            (r#"[{"access": "Deny", "direction": "Outbound", "priority": 100}]"#, None),
        ] {
            assert_eq!(of_json(&serde_json::from_str(text).unwrap()), expected, "{text}");
        }
        for (file, text, expected) in [
            ("main.tf", "", Some(TERRAFORM_TEXT)),
            ("main.bicepparam", "", Some(BICEP_PARAMETERS)),
            ("-", "using './main.bicep'\n", Some(BICEP_PARAMETERS)),
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
