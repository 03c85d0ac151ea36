//! What Azure reports of a runtime's nodes, beside its service URLs.

use serde_json::Value;

use crate::model::ReportedNode;

/// The nodes of a runtime's properties; where none are listed, the runtime itself stands for them
/// if anything is said of it.
pub(super) fn read(properties: &Value, wrapper: &Value) -> Vec<ReportedNode> {
    let nodes = properties.get("nodes").and_then(Value::as_array);
    let nodes: Vec<ReportedNode> = nodes.into_iter().flatten().map(node).collect();
    if !nodes.is_empty() {
        return nodes;
    }
    let capabilities = capabilities(properties);
    if capabilities.is_empty() {
        return Vec::new();
    }
    let state = [properties, wrapper, &wrapper["properties"]];
    let state = state.into_iter().find_map(|place| place.get("state")?.as_str());
    let status = state.unwrap_or_default().to_owned();
    vec![ReportedNode { name: String::new(), machine: String::new(), status, capabilities }]
}

fn node(value: &Value) -> ReportedNode {
    let text = |name: &str| {
        let text = value.get(name).and_then(Value::as_str).unwrap_or_default();
        text.chars().filter(|letter| !letter.is_control()).take(80).collect::<String>()
    };
    ReportedNode {
        name: text("nodeName"),
        machine: text("machineName"),
        status: text("status"),
        capabilities: capabilities(value),
    }
}

/// `"True"` and `"False"`, or booleans; what is neither (a version) is left out.
fn capabilities(value: &Value) -> Vec<(String, bool)> {
    let capabilities = value.get("capabilities").and_then(Value::as_object);
    let read = |(name, value): (&String, &Value)| {
        let is_there = match value {
            Value::Bool(is_there) => *is_there,
            Value::String(text) => text.trim().to_ascii_lowercase().parse().ok()?,
            _ => return None,
        };
        Some((name.chars().take(80).collect(), is_there))
    };
    capabilities.into_iter().flatten().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nodes_are_read_with_what_they_can() {
        let properties = json!({"nodes": [
            {"nodeName": "n1", "machineName": "SHIR-01", "status": "Limited", "capabilities":
                {"serviceBusConnected": "False", "nodeEnabled": true, "dotNetVersion": "528372"}},
            {"status": 5},
        ]});
        let nodes = read(&properties, &json!({}));
        assert_eq!(nodes.len(), 2);
        let first = &nodes[0];
        assert_eq!((&*first.name, &*first.machine, &*first.status), ("n1", "SHIR-01", "Limited"));
        assert_eq!(first.can("serviceBusConnected"), Some(false));
        assert_eq!(first.can("ServiceBusConnected"), Some(false));
        assert_eq!(first.can("nodeEnabled"), Some(true));
        assert_eq!(first.can("dotNetVersion"), None);
        assert_eq!(nodes[1].status, "");
    }

    #[test]
    fn without_nodes_the_runtime_speaks_for_itself() {
        let properties = json!({"nodes": [], "capabilities": {"serviceBusConnected": "True"}});
        let nodes = read(&properties, &json!({"properties": {"state": "Online"}}));
        assert_eq!(nodes[0].status, "Online");
        assert!(read(&json!({"nodes": [], "capabilities": {}}), &json!({})).is_empty());
        assert!(read(&json!({}), &json!({})).is_empty());
    }
}
