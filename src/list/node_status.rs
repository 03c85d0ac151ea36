//! Reads the nodes of a runtime, which Azure reports beside its service URLs.

use serde_json::Value;

use crate::model::ReportedNode;

/// The nodes in a runtime's properties. Where none are listed, the runtime itself counts as a node
/// if it reports any capabilities.
pub(super) fn read(properties: &Value, wrapper: &Value) -> Vec<ReportedNode> {
    let nodes = properties.get("nodes").and_then(Value::as_array);
    let nodes: Vec<ReportedNode> =
        nodes.into_iter().flatten().map(|value| node(value, properties)).collect();
    if !nodes.is_empty() {
        return nodes;
    }
    let capabilities = capabilities(properties);
    if capabilities.is_empty() {
        return Vec::new();
    }
    let state = [properties, wrapper, &wrapper["properties"]];
    let state = state.into_iter().find_map(|object| object.get("state")?.as_str());
    let status = state.unwrap_or_default().to_owned();
    vec![ReportedNode { status, capabilities, ..node(&Value::Null, properties) }]
}

/// A node. Its version is that of the whole runtime where the node does not report its own.
fn node(value: &Value, runtime: &Value) -> ReportedNode {
    let of = |object: &Value, name: &str| {
        let text = object.get(name).and_then(Value::as_str).unwrap_or_default();
        text.chars().filter(|letter| !letter.is_control()).take(80).collect::<String>()
    };
    let text = |name: &str| of(value, name);
    let here_or_there = |name: &str| {
        let own = text(name);
        if own.is_empty() { of(runtime, name) } else { own }
    };
    ReportedNode {
        name: text("nodeName"),
        machine: text("machineName"),
        status: text("status"),
        capabilities: capabilities(value),
        version: here_or_there("version"),
        version_status: here_or_there("versionStatus"),
        latest_version: of(runtime, "latestVersion"),
        auto_update: match of(runtime, "autoUpdate").to_ascii_lowercase().as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        },
        expires: text("expiryTime").parse().ok(),
        last_connected: text("lastConnectTime").parse().ok(),
    }
}

/// The capabilities whose values are booleans or `"True"` and `"False"`. Others, such as versions,
/// are left out.
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

    /// The shapes of recorded answers (data/runtime-status) and of the `OpenAPI` description.
    #[test]
    fn versions_and_times_are_read() {
        let properties = json!({"autoUpdate": "Off", "latestVersion": "5.46.1.1",
            "versionStatus": "UpToDate", "version": "5.5.7762.1", "nodes": [
                {"nodeName": "n1", "versionStatus": "Expired", "version": "5.44.8984.1",
                    "expiryTime": "2026-02-01T00:00:00Z",
                    "lastConnectTime": "2021-05-26T08:45:25.7403032Z"},
                {"nodeName": "n2", "expiryTime": null, "lastConnectTime": "yesterday"},
        ]});
        let nodes = read(&properties, &json!({}));
        let [first, second] = &nodes[..] else { panic!("{nodes:?}") };
        assert_eq!((&*first.version, &*first.version_status), ("5.44.8984.1", "Expired"));
        assert_eq!((first.auto_update, &*first.latest_version), (Some(false), "5.46.1.1"));
        assert_eq!(first.expires, "2026-02-01T00:00:00Z".parse().ok());
        assert_eq!(first.last_connected, "2021-05-26T08:45:25.7403032Z".parse().ok());
        assert_eq!((&*second.version, &*second.version_status), ("5.5.7762.1", "UpToDate"));
        assert_eq!((second.expires, second.last_connected), (None, None));
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
