//! What an identity may do, by the roles of `deploy/azure` and where they are assigned.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::arm::{Answer, Request, SUBSCRIPTION};

/// Where a role holds, and the actions that it allows, all in lower case.
struct Assignment {
    scope: String,
    actions: BTreeSet<String>,
}

/// The roles of an identity.
#[derive(Default)]
pub(crate) struct Roles {
    assignments: Vec<Assignment>,
    /// The actions that were needed and given.
    pub(super) used: BTreeSet<String>,
}

/// The actions of a role of `deploy/azure`.
pub(crate) fn actions(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/azure").join(file);
    let role: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for none in ["NotActions", "DataActions", "NotDataActions"] {
        assert_eq!(role[none], serde_json::json!([]), "{file}");
    }
    let actions = role["Actions"].as_array().unwrap().iter();
    actions.map(|action| action.as_str().unwrap().to_lowercase()).collect()
}

impl Roles {
    /// The actions of `file`, without those that hold `but`, on `scope` and what is below it.
    pub(crate) fn assign(mut self, file: &str, scope: &str, but: Option<&str>) -> Self {
        let mut actions = actions(file);
        actions.retain(|action| but.is_none_or(|but| action != &but.to_lowercase()));
        self.assignments.push(Assignment { scope: scope.to_lowercase(), actions });
        self
    }

    /// Whether the outcome of an operation may be read.
    pub(super) fn allow_operations(&self) -> bool {
        let action = "microsoft.network/locations/operations/read";
        self.assignments.iter().any(|own| own.actions.contains(action))
    }

    /// Azure's refusal of what no role allows.
    pub(super) fn denies(&mut self, request: &Request) -> Option<Answer> {
        let path = request.path.to_lowercase();
        let action = needed(&request.method, &path);
        if !self.allows(&action, &path) {
            let message = format!(
                "The client does not have authorization to perform action '{action}' over scope \
                 '{path}' or the scope is invalid."
            );
            return Some(Answer::error(403, "AuthorizationFailed", &message));
        }
        let unlinked = application_groups(request).into_iter().find(|id| !self.allows(JOIN, id))?;
        let message = format!(
            "The client has permission to perform action '{action}' on scope '{path}', however it \
             does not have permission to perform action(s) '{JOIN}' on the linked scope(s) \
             '{unlinked}' (respectively) or the linked scope(s) are invalid."
        );
        Some(Answer::error(403, "LinkedAuthorizationFailed", &message))
    }

    fn allows(&mut self, action: &str, path: &str) -> bool {
        let is_allowed = self.assignments.iter().any(|own| {
            let below = path.strip_prefix(&own.scope);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                && own.actions.contains(action)
        });
        if is_allowed {
            self.used.insert(action.to_owned());
        }
        is_allowed
    }
}

/// What a rule takes on each application security group that it names
/// (manage-network-security-group, Permissions).
const JOIN: &str = "microsoft.network/applicationsecuritygroups/joinnetworksecurityrule/action";

/// The application security groups that a rule names, in lower case.
fn application_groups(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    ["sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups"]
        .iter()
        .flat_map(|side| body["properties"][side].as_array().cloned().unwrap_or_default())
        .filter_map(|group| Some(group["id"].as_str()?.to_lowercase()))
        .collect()
}

/// The action that a request needs, as Microsoft's list of operations names it.
fn needed(method: &str, path: &str) -> String {
    let is = |part: &str| path.contains(part);
    let verb = match method {
        "PUT" => "write",
        "DELETE" => "delete",
        _ => "read",
    };
    if is("/microsoft.datafactory/") && path.ends_with("/getstatus") {
        return "microsoft.datafactory/factories/integrationruntimes/getstatus/read".to_owned();
    }
    if is("/microsoft.synapse/") && path.ends_with("/getstatus") {
        return "microsoft.synapse/workspaces/integrationruntimes/getstatus/action".to_owned();
    }
    let kind = if path.ends_with("/servicetags") {
        "locations/servicetags"
    } else if is("/operations/") || is("/operationresults/") {
        "locations/operations"
    } else if is("/securityrules/") {
        "networksecuritygroups/securityrules"
    } else {
        "networksecuritygroups"
    };
    format!("microsoft.network/{kind}/{verb}")
}

#[test]
fn a_role_holds_where_it_is_assigned_and_nowhere_else() {
    let scope = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg-1"
    );
    let mut roles = Roles::default().assign("role.json", &scope, None);
    let request = |method: &str, path: String| Request {
        method: method.to_owned(),
        path,
        query: String::new(),
        headers: Vec::new(),
        body: String::new(),
    };
    assert!(roles.denies(&request("PUT", format!("{scope}/securityRules/a"))).is_none());
    for (method, path) in [
        ("PUT", scope.clone()),
        ("DELETE", scope.clone()),
        ("GET", format!("{scope}0")),
        ("GET", format!("/subscriptions/{SUBSCRIPTION}/providers/x/serviceTags")),
    ] {
        let denied = roles.denies(&request(method, path.clone()));
        assert_eq!(denied.map(|answer| answer.status), Some(403), "{method} {path}");
    }
}
