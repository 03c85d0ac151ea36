//! What the Resource Manager of the tests does with groups and rules.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::arm::{Answer, Fault, Request, SUBSCRIPTION};

/// The API's version of the recordings, and the one that is spoken.
const VERSIONS: [&str; 2] = ["api-version=2021-02-01", "api-version=2024-01-01"];

#[derive(Default)]
pub(super) struct Groups {
    /// By lower-case path.
    by_path: BTreeMap<String, Group>,
    operations: BTreeMap<String, Operation>,
    /// Accepted writes whose operation nobody knows: settled once they were seen.
    settling: Vec<(String, String)>,
    /// Makes versions and ids.
    counter: u64,
}

struct Group {
    id: String,
    name: String,
    etag: String,
    extra: Map<String, Value>,
    /// Name, properties, provisioning state.
    rules: Vec<(String, Value, String)>,
}

struct Operation {
    n_asked: usize,
    never_ends: bool,
    fails: bool,
    /// What becomes `Succeeded` with it.
    settles: Option<(String, String)>,
    /// Whether it is asked for by `Location`.
    is_result: bool,
}

impl Groups {
    pub(super) fn create(&mut self, resource_group: &str, name: &str, rules: &[Value]) -> String {
        let id = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{resource_group}/providers/Microsoft.Network/networkSecurityGroups/{name}"
        );
        let etag = self.version();
        let rule = |rule: &Value| {
            let name = rule["name"].as_str().unwrap().to_owned();
            (name, complete(&rule["properties"]), "Succeeded".to_owned())
        };
        let rules = rules.iter().map(rule).collect();
        let group = Group { id: id.clone(), name: name.to_owned(), etag, extra: Map::new(), rules };
        self.by_path.insert(id.to_lowercase(), group);
        id
    }

    pub(super) fn rules(&self, id: &str) -> Vec<Value> {
        let group = &self.by_path[&id.to_lowercase()];
        group.rules.iter().map(|rule| group.rule(rule)).collect()
    }

    pub(super) fn set(&mut self, id: &str, name: &str, properties: Option<Value>) {
        let etag = self.version();
        let group = self.by_path.get_mut(&id.to_lowercase()).unwrap();
        group.etag = etag;
        group.put(name, properties.map(|properties| complete(&properties)), "Succeeded");
    }

    pub(super) fn answer(
        &mut self,
        request: &Request,
        host: &str,
        fault: Option<&Fault>,
    ) -> Answer {
        let path = request.path.to_lowercase();
        if !VERSIONS.iter().any(|version| request.query.contains(version)) {
            return Answer::error(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            );
        }
        if path.contains("/operations/") || path.contains("/operationresults/") {
            return self.operation(&path);
        }
        let (group_path, rule) = match path.split_once("/securityrules/") {
            Some((group, _)) => (group.to_owned(), request.path.rsplit('/').next()),
            None => (path.clone(), None),
        };
        match (request.method.as_str(), rule) {
            ("GET", None) => {
                let answer = match self.by_path.get(&group_path) {
                    Some(group) => Answer::json(200, &group.shown()).with("etag", &group.etag),
                    None => not_found(&group_path),
                };
                for (path, name) in std::mem::take(&mut self.settling) {
                    self.settle(&path, &name);
                }
                answer
            }
            ("GET", Some(name)) => match self.by_path.get(&group_path) {
                Some(group) => match group.find(name) {
                    Some(rule) => Answer::json(200, &group.rule(rule)).with("etag", &group.etag),
                    None => not_found(name),
                },
                None => not_found(&group_path),
            },
            ("PUT", None) => self.put_group(request, &group_path, host),
            ("DELETE", None) => {
                self.by_path.remove(&group_path);
                self.accepted(host, None, fault)
            }
            ("PUT" | "DELETE", Some(name)) => {
                if !self.by_path.contains_key(&group_path) {
                    return not_found(&group_path);
                }
                self.write_rule(request, &group_path, name, host, fault)
            }
            _ => Answer::error(405, "MethodNotAllowed", "no"),
        }
    }

    fn put_group(&mut self, request: &Request, path: &str, host: &str) -> Answer {
        let parts: Vec<&str> = request.path.split('/').collect();
        let id = self.create(parts[4], parts[8], &[]);
        let mut group = self.by_path.remove(&id.to_lowercase()).unwrap();
        for (key, value) in request.json().as_object().unwrap() {
            if matches!(key.as_str(), "location" | "tags") {
                group.extra.insert(key.clone(), value.clone());
            }
        }
        let mut shown = group.shown();
        shown["properties"]["provisioningState"] = json!("Updating");
        let default = &mut shown["properties"]["defaultSecurityRules"][0];
        default["properties"]["provisioningState"] = json!("Updating");
        self.by_path.insert(path.to_owned(), group);
        let operation = self.begin(None, None, false);
        Answer::json(201, &shown).with("azure-asyncoperation", &url(host, "operations", &operation))
    }

    fn write_rule(
        &mut self,
        request: &Request,
        path: &str,
        name: &str,
        host: &str,
        fault: Option<&Fault>,
    ) -> Answer {
        if let Some(Fault::Overtaken(properties)) = fault {
            let id = self.by_path[path].id.clone();
            self.set(&id, name, Some(properties.clone()));
        }
        let group = &self.by_path[path];
        let is_there = group.find(name).is_some();
        let wrong_version = request.header("if-match").is_some_and(|etag| etag != group.etag);
        let unexpected = request.header("if-none-match") == Some("*") && is_there;
        if wrong_version || unexpected {
            return Answer::error(412, "PreconditionFailed", "Precondition failed.");
        }
        if request.method == "DELETE" {
            if !is_there {
                return Answer::empty(204);
            }
            let etag = self.version();
            let group = self.by_path.get_mut(path).unwrap();
            group.etag = etag;
            if !matches!(fault, Some(Fault::Lost)) {
                group.put(name, None, "");
            }
            return self.accepted(host, None, fault);
        }
        let body = request.json();
        let properties = complete(&body["properties"]);
        if let Some(refused) = group.refuses(name, &body) {
            return refused;
        }
        let etag = self.version();
        let group = self.by_path.get_mut(path).unwrap();
        group.etag = etag;
        if !matches!(fault, Some(Fault::Lost)) {
            let state = if matches!(fault, Some(Fault::Fails)) { "Failed" } else { "Updating" };
            group.put(name, Some(properties), state);
        }
        let mut shown = match group.find(name) {
            Some(rule) => group.rule(rule),
            None => json!({"name": name, "properties": body["properties"]}),
        };
        shown["properties"]["provisioningState"] = json!("Updating");
        let settles = Some((path.to_owned(), name.to_owned()));
        if matches!(fault, Some(Fault::CutAfter | Fault::CutAnswer | Fault::Unwatched)) {
            self.settling.extend(settles.clone());
        }
        let operation = self.begin(settles, fault, false);
        let status = if is_there { 200 } else { 201 };
        let host =
            if matches!(fault, Some(Fault::Elsewhere)) { "http://127.0.0.1:9" } else { host };
        if matches!(fault, Some(Fault::ByLocation)) {
            let operation = self.begin(Some((path.to_owned(), name.to_owned())), None, true);
            return Answer::json(201, &shown)
                .with("location", &url(host, "operationResults", &operation))
                .with("retry-after", "0");
        }
        Answer::json(status, &shown)
            .with("azure-asyncoperation", &url(host, "operations", &operation))
            .with("retry-after", "0")
    }

    fn accepted(
        &mut self,
        host: &str,
        settles: Option<(String, String)>,
        fault: Option<&Fault>,
    ) -> Answer {
        let operation = self.begin(settles, fault, false);
        Answer::empty(202)
            .with("azure-asyncoperation", &url(host, "operations", &operation))
            .with("location", &url(host, "operationResults", &operation))
            .with("retry-after", "0")
    }

    fn begin(
        &mut self,
        settles: Option<(String, String)>,
        fault: Option<&Fault>,
        is_result: bool,
    ) -> String {
        self.counter += 1;
        let id = format!("00000000-0000-4000-8000-{:012x}", self.counter);
        let operation = Operation {
            n_asked: 0,
            never_ends: matches!(fault, Some(Fault::NeverEnds)),
            fails: matches!(fault, Some(Fault::Fails)),
            settles,
            is_result,
        };
        self.operations.insert(id.clone(), operation);
        id
    }

    fn operation(&mut self, path: &str) -> Answer {
        let id = path.rsplit('/').next().unwrap();
        let Some(operation) = self.operations.get_mut(id) else { return not_found(id) };
        operation.n_asked += 1;
        let is_done = operation.n_asked > 1 && !operation.never_ends;
        if operation.is_result {
            if !is_done {
                let again = path.to_owned() + "?api-version=2024-01-01";
                return Answer::empty(202).with("location", &again).with("retry-after", "0");
            }
            self.settle_operation(id);
            return Answer::empty(200);
        }
        if !is_done {
            return Answer::json(200, &json!({"status": "InProgress"})).with("retry-after", "0");
        }
        if operation.fails {
            let error = json!({"code": "InternalServerError", "message": "An error occurred.", "details": []});
            return Answer::json(200, &json!({"status": "Failed", "error": error}));
        }
        self.settle_operation(id);
        Answer::json(200, &json!({"status": "Succeeded"}))
    }

    fn settle_operation(&mut self, id: &str) {
        if let Some((path, name)) = self.operations[id].settles.clone() {
            self.settle(&path, &name);
        }
    }

    fn settle(&mut self, path: &str, name: &str) {
        let etag = self.version();
        let Some(group) = self.by_path.get_mut(path) else { return };
        group.etag = etag;
        for rule in group.rules.iter_mut().filter(|rule| rule.0.eq_ignore_ascii_case(name)) {
            "Succeeded".clone_into(&mut rule.2);
        }
    }

    fn version(&mut self) -> String {
        self.counter += 1;
        format!("W/\"00000000-0000-4000-9000-{:012x}\"", self.counter)
    }
}

fn url(host: &str, kind: &str, id: &str) -> String {
    format!(
        "{host}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/locations/westus/{kind}/{id}?api-version=2024-01-01"
    )
}

fn not_found(what: &str) -> Answer {
    Answer::error(404, "ResourceNotFound", &format!("The Resource '{what}' was not found."))
}

/// Azure shows every plural, empty where the singular is set.
fn complete(properties: &Value) -> Value {
    let mut properties = properties.clone();
    for side in ["source", "destination"] {
        for plural in ["PortRanges", "AddressPrefixes"] {
            let key = format!("{side}{plural}");
            if properties[&key].is_null() {
                properties[&key] = json!([]);
            }
        }
    }
    properties
}

impl Group {
    fn find(&self, name: &str) -> Option<&(String, Value, String)> {
        self.rules.iter().find(|rule| rule.0.eq_ignore_ascii_case(name))
    }

    fn put(&mut self, name: &str, properties: Option<Value>, state: &str) {
        let index = self.rules.iter().position(|rule| rule.0.eq_ignore_ascii_case(name));
        match (index, properties) {
            (Some(index), Some(properties)) => {
                self.rules[index].1 = properties;
                state.clone_into(&mut self.rules[index].2);
            }
            (Some(index), None) => drop(self.rules.remove(index)),
            (None, Some(properties)) => {
                self.rules.push((name.to_owned(), properties, state.to_owned()));
            }
            (None, None) => {}
        }
    }

    /// Azure's own checks (networkSecurityGroup.json, azure-virtual-network-limits).
    fn refuses(&self, name: &str, body: &Value) -> Option<Answer> {
        let properties = &body["properties"];
        let bad = |code: &str, message: String| Some(Answer::error(400, code, &message));
        for required in ["protocol", "access", "priority", "direction"] {
            if properties[required].is_null() {
                return bad("SecurityRuleParameterMissing", format!("{required} is required"));
            }
        }
        let priority = properties["priority"].as_u64().unwrap_or(0);
        if !(100..=4096).contains(&priority) {
            return bad("SecurityRuleInvalidPriority", format!("priority {priority}"));
        }
        if properties["description"].as_str().unwrap_or_default().len() > 140 {
            return bad("SecurityRuleDescriptionTooLong", "description".to_owned());
        }
        let other = self.rules.iter().find(|rule| {
            !rule.0.eq_ignore_ascii_case(name)
                && rule.1["priority"] == properties["priority"]
                && rule.1["direction"] == properties["direction"]
        });
        if let Some(other) = other {
            return bad(
                "SecurityRuleConflict",
                format!(
                    "Security rule {} conflicts with rule {name}. Rules cannot have the same Priority and Direction.",
                    other.0
                ),
            );
        }
        let count = |properties: &Value| {
            let plural = properties["destinationAddressPrefixes"].as_array().map_or(0, Vec::len);
            let singular = properties["destinationAddressPrefix"].as_str().unwrap_or_default();
            plural + usize::from(!singular.is_empty())
        };
        let others = self.rules.iter().filter(|rule| !rule.0.eq_ignore_ascii_case(name));
        let n_prefixes: usize =
            others.map(|rule| count(&rule.1)).sum::<usize>() + count(properties);
        (n_prefixes > 4000)
            .then(|| Answer::error(400, "SecurityRulesCountLimitReached", "too many prefixes"))
    }

    fn rule(&self, rule: &(String, Value, String)) -> Value {
        let (name, properties, state) = rule;
        let mut properties = properties.clone();
        properties["provisioningState"] = json!(state);
        json!({
            "name": name,
            "id": format!("{}/securityRules/{name}", self.id),
            "etag": self.etag,
            "type": "Microsoft.Network/networkSecurityGroups/securityRules",
            "properties": properties,
        })
    }

    fn shown(&self) -> Value {
        let rules: Vec<_> = self.rules.iter().map(|rule| self.rule(rule)).collect();
        let mut shown = json!({
            "name": self.name,
            "id": self.id,
            "etag": self.etag,
            "type": "Microsoft.Network/networkSecurityGroups",
            "location": "westus",
            "properties": {
                "provisioningState": "Succeeded",
                "resourceGuid": "00000000-0000-4000-a000-000000000000",
                "securityRules": rules,
                "defaultSecurityRules": [self.default_rule()],
            },
        });
        for (key, value) in &self.extra {
            shown[key] = value.clone();
        }
        shown
    }

    /// One of Azure's six is enough to see that none is touched.
    fn default_rule(&self) -> Value {
        json!({
            "name": "DenyAllOutBound",
            "id": format!("{}/defaultSecurityRules/DenyAllOutBound", self.id),
            "etag": self.etag,
            "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
            "properties": {
                "provisioningState": "Succeeded",
                "description": "Deny all outbound traffic",
                "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*",
                "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
                "access": "Deny", "priority": 65500, "direction": "Outbound",
                "sourcePortRanges": [], "destinationPortRanges": [],
                "sourceAddressPrefixes": [], "destinationAddressPrefixes": [],
            },
        })
    }
}
