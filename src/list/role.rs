//! Infers the roles of entries and names that do not declare one.

use super::pattern::HostPattern;
use crate::model::{GatewayName, Host, Kind, Role};

/// The domains whose names have one role, whatever a list calls them. Azure Relay's domain is not
/// among them, because it also holds the user's own namespaces, such as those of Event Hubs.
const DOMAINS: [(&str, Role); 7] = [
    ("datafactory.azure.net", Role::Control),
    ("datafactory.azure.us", Role::Control),
    ("datafactory.azure.cn", Role::Control),
    ("frontend.clouddatahub.net", Role::Frontend),
    ("frontend.datamovement.azure.us", Role::Frontend),
    ("frontend.datamovement.azure.cn", Role::Frontend),
    ("download.microsoft.com", Role::Download),
];

/// The groups whose entries share a role.
const GROUPS: [(&str, Role); 5] = [
    ("data-stores", Role::DataStore),
    ("key-vault", Role::KeyVault),
    ("login", Role::Login),
    ("revocation", Role::Revocation),
    ("portal", Role::Portal),
];

/// The role of an entry without the key `role`, by its id, its kind, its host or its group. Lists
/// that were written before there were roles keep their meaning in this way.
pub(super) fn of_entry(id: &str, kind: Kind, host: &HostPattern, group: Option<&str>) -> Role {
    if let HostPattern::Literal(host) = host
        && is_gateway(kind, host)
    {
        return Role::Gateway;
    }
    let by_group =
        || GROUPS.into_iter().find(|(word, _)| group == Some(word)).map(|(_, role)| role);
    match Role::of_entry(id, kind) {
        Role::Other => of_host(&host.to_string()).or_else(by_group).unwrap_or(Role::Other),
        role => role,
    }
}

/// The role of a host (or pattern) by the domain it lies in.
pub(super) fn of_host(host: &str) -> Option<Role> {
    let is_within = |domain: &str| {
        host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    DOMAINS.into_iter().find(|(domain, _)| is_within(domain)).map(|(_, role)| role)
}

/// Whether the host of a relay has the name of a gateway.
pub(super) fn is_gateway(kind: Kind, host: &Host) -> bool {
    kind == Kind::Relay && host.name().is_some_and(|name| GatewayName::parse(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_without_a_role_have_the_one_that_they_speak_of() {
        for (id, kind, host, group, expected) in [
            ("relay", Kind::Https, "*.contoso.com", None, Role::Relay),
            ("azure-relay", Kind::Relay, "*.servicebus.windows.net", None, Role::Relay),
            ("bus", Kind::Https, "*.servicebus.windows.net", None, Role::Other),
            (
                "first",
                Kind::Relay,
                "g0-prod-by3-010-sb.servicebus.windows.net",
                None,
                Role::Gateway,
            ),
            ("adf", Kind::Https, "{f}.{r}.datafactory.azure.us", None, Role::Control),
            ("adf", Kind::Tls, "contoso.eastus.datafactory.azure.net", None, Role::Control),
            ("old", Kind::Https, "*.frontend.datamovement.azure.cn", None, Role::Frontend),
            ("update", Kind::Https, "download.microsoft.com", Some("portal"), Role::Download),
            ("not-it", Kind::Https, "olddatafactory.azure.net", None, Role::Other),
            ("lake", Kind::Https, "*.dfs.core.windows.net", Some("data-stores"), Role::DataStore),
            ("gateway", Kind::Https, "gw.contoso.com", Some("own"), Role::Other),
        ] {
            let host = HostPattern::parse(host).unwrap();
            assert_eq!(of_entry(id, kind, &host, group), expected, "{id} {host}");
        }
    }
}
