//! Placeholders for host names: every label that may be a customer's is replaced, and what
//! services, regions and deployments are called stays.
//!
//! A name is mapped label by label, each by what it is and what it stands under, so that names keep
//! their relations: what is below a domain stays below it, what a wildcard covers stays covered,
//! and `contoso.blob.core.windows.net` leads to the `privatelink` name of the same placeholder.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::key::RedactionKey;
use super::labels::Labels;
use crate::diagnose::is_name_of_filter;
use crate::list;
use crate::model::{Cloud, GatewayName, HostName};
use crate::tags;

/// Domains whose names are all their owner's, who serves everyone.
const PUBLISHERS: &[&str] = &[
    "clouddatahub.net",
    "digicert.cn",
    "digicert.com",
    "geotrust.com",
    "live.com",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "microsoft.com",
    "microsoftonline.com",
    "microsoftonline.us",
    "msocsp.com",
    "windowsupdate.com",
];

/// Domains of services below which customers have names.
const SERVICES: &[&str] = &[
    "akadns.net",
    "akamaiedge.net",
    "azure-automation.net",
    "azure-devices.net",
    "azure.cn",
    "azure.com",
    "azure.net",
    "azure.us",
    "azuredatabricks.net",
    "azuredatalakestore.net",
    "azureedge.net",
    "azurefd.net",
    "azuresynapse.net",
    "azuresynapse.us",
    "azurewebsites.net",
    "chinacloudapi.cn",
    "cloudapp.net",
    "edgekey.net",
    "localhost",
    "msedge.net",
    "trafficmanager.net",
    "usgovcloudapi.net",
    "windows.net",
];

/// The labels right below which the next one is a customer's, whatever it says.
const ABOVE_CUSTOMERS: &[&str] = &[
    "azuredatalakestore",
    "azuresynapse",
    "azurewebsites",
    "blob",
    "cloudapp",
    "database",
    "datafactory",
    "dev",
    "dfs",
    "documents",
    "file",
    "purview",
    "queue",
    "servicebus",
    "sql",
    "table",
    "trafficmanager",
    "vault",
];

/// Labels of services themselves, beside those of the endpoint lists.
const OF_SERVICES: &[&str] = &[
    "azure",
    "blob",
    "cloudapp",
    "core",
    "database",
    "datafactory",
    "dev",
    "dfs",
    "dl",
    "documents",
    "file",
    "frontend",
    "main",
    "ms",
    "mysql",
    "ods",
    "oms",
    "postgres",
    "prod",
    "purview",
    "queue",
    "servicebus",
    "sql",
    "storage",
    "store",
    "table",
    "vault",
    "web",
    "windows",
];

/// Labels of the embedded endpoint lists' own names, and the clouds' regions.
static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lists = list::embedded().iter().map(list::EmbeddedList::list);
    let mut known: HashSet<String> = OF_SERVICES.iter().map(|label| (*label).to_owned()).collect();
    for entry in lists.flat_map(|list| list.entries) {
        let named = [entry.host.to_string()];
        for text in named.iter().chain(&entry.expect.private_zones) {
            let labels = text.split('.').filter(|label| !label.contains(['*', '{', '}']));
            known.extend(labels.map(str::to_owned));
        }
    }
    known
});

static REGIONS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let clouds = [Cloud::Public, Cloud::UsGov, Cloud::China];
    clouds.into_iter().flat_map(tags::regions).collect()
});

/// Whether `label` says where in Azure something is, and nothing of a customer.
pub(super) fn is_region(label: &str) -> bool {
    REGIONS.contains(label)
}

/// What stands for `name`.
pub(super) fn name(key: &RedactionKey, labels: &mut Labels, name: &HostName) -> HostName {
    if is_name_of_filter(name) || PUBLISHERS.iter().any(|domain| name.is_within(domain)) {
        return name.clone();
    }
    let parts: Vec<&str> = name.labels().collect();
    let service = SERVICES.iter().find(|domain| name.is_within(domain));
    let mapped = match (service, &parts[..]) {
        (Some(domain), parts) => {
            let n_own = parts.len() - domain.split('.').count();
            let of_service = kind(name);
            (0..parts.len())
                .map(|at| match parts[at] {
                    label if at >= n_own || stays(label, &parts[at + 1..]) => label.to_owned(),
                    label => labels.of(key, of_service, label),
                })
                .collect()
        }
        (None, [only]) => vec![labels.of(key, "host", only)],
        (None, [hosts @ .., second, top]) => {
            let domain = labels.of(key, "domain", &format!("{second}.{top}"));
            let hosts = hosts.iter().map(|label| labels.of(key, "host", label));
            hosts.chain([domain, "example".to_owned()]).collect()
        }
        (None, []) => Vec::new(),
    };
    // Only a name of very many short labels grows beyond what a name may be.
    HostName::parse(&mapped.join("."))
        .or_else(|_| HostName::parse(&labels.of(key, "host", name.as_str())))
        .unwrap_or_else(|error| unreachable!("a placeholder is a host name: {error}"))
}

/// Whether `label`, which stands in front of `parents` in the domain of a service, is no
/// customer's.
fn stays(label: &str, parents: &[&str]) -> bool {
    const SUBDOMAINS: &[&str] = &["dev", "sql"];
    if label == "privatelink" || is_region(label) || is_deployment(label) {
        return true;
    }
    let above = parents.iter().find(|parent| **parent != "privatelink" && !is_region(parent));
    let is_below_service = above.is_some_and(|above| ABOVE_CUSTOMERS.contains(above));
    if is_below_service {
        return above == Some(&"azuresynapse") && SUBDOMAINS.contains(&label);
    }
    KNOWN.contains(label) || is_infrastructure(label)
}

/// Whether the label is that of a deployment or of one of its gateways: `ns-sb2-prod-am3-010`,
/// `tm-we-prod-adms-fe`, `g0-prod-am3-010-sb`.
fn is_deployment(label: &str) -> bool {
    const BEGINNINGS: &[&str] = &["aksfe", "ns", "tm"];
    const PARTS: &[&str] = &["adms", "fe", "prod", "sb", "sb2", "sb3"];
    let is_gateway = HostName::parse(label).is_ok_and(|name| GatewayName::parse(&name).is_some());
    let mut parts = label.split('-');
    let is_begun = parts.next().is_some_and(|first| BEGINNINGS.contains(&first));
    let is_code = |part: &str| {
        PARTS.contains(&part)
            || (part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            || (part.starts_with("vaz") && part[3..].bytes().all(|byte| byte.is_ascii_digit()))
    };
    is_gateway || (is_begun && label.split('-').any(|part| part == "prod") && parts.all(is_code))
}

/// Labels by which Azure's storage and Akamai name their own machines: `ams09prdstr07a`, `e3673`,
/// `dscg`.
fn is_infrastructure(label: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let is_edge = label.strip_prefix(['e', 'a']).is_some_and(is_number);
    let is_map = label.strip_prefix("dsc").is_some_and(|rest| rest.len() <= 2);
    let is_stamp = label.split_once("prdst").is_some_and(|(front, rest)| {
        front.len() <= 7
            && front.ends_with(|c: char| c.is_ascii_digit())
            && rest.len() == 4
            && is_number(&rest[1..3])
    });
    is_edge || is_map || is_stamp
}

/// What a customer's label in the domain of a service is called.
fn kind(name: &HostName) -> &'static str {
    const KINDS: &[(&str, &str)] = &[
        ("servicebus", "relay"),
        ("datafactory", "factory"),
        ("azuresynapse", "workspace"),
        ("purview", "account"),
        ("vault", "vault"),
        ("core", "store"),
        ("storage", "store"),
        ("database", "store"),
        ("azuredatalakestore", "store"),
        ("documents", "store"),
        ("localhost", "host"),
    ];
    let of_label = |label| KINDS.iter().find(|(known, _)| *known == label).map(|(_, kind)| *kind);
    name.labels().find_map(of_label).unwrap_or("name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Host;
    use crate::model::certifies;

    fn mapped(labels: &mut Labels, text: &str) -> String {
        let key = RedactionKey::of_run(&[7; 32]);
        name(&key, labels, &HostName::parse(text).unwrap()).to_string()
    }

    #[test]
    fn only_labels_that_may_be_customers_are_replaced() {
        let mut labels = Labels::default();
        for (text, expected) in [
            ("contoso.servicebus.windows.net", "relay-1.servicebus.windows.net"),
            ("prod.servicebus.windows.net", "relay-2.servicebus.windows.net"),
            (
                "g0-prod-am3-010-sb.servicebus.windows.net",
                "g0-prod-am3-010-sb.servicebus.windows.net",
            ),
            ("ns-sb2-prod-am3-010.cloudapp.net", "ns-sb2-prod-am3-010.cloudapp.net"),
            ("tm-we-prod-adms-fe.trafficmanager.net", "tm-we-prod-adms-fe.trafficmanager.net"),
            ("contoso-prod.cloudapp.net", "name-1.cloudapp.net"),
            (
                "contoso.westeurope.datafactory.azure.net",
                "factory-1.westeurope.datafactory.azure.net",
            ),
            (
                "contoso.westeurope.privatelink.datafactory.azure.net",
                "factory-1.westeurope.privatelink.datafactory.azure.net",
            ),
            ("contoso.blob.core.windows.net", "store-1.blob.core.windows.net"),
            (
                "contoso.privatelink.blob.core.windows.net",
                "store-1.privatelink.blob.core.windows.net",
            ),
            (
                "blob.ams09prdstr07a.store.core.windows.net",
                "blob.ams09prdstr07a.store.core.windows.net",
            ),
            ("download.microsoft.com", "download.microsoft.com"),
            ("e3673.dscg.akamaiedge.net", "e3673.dscg.akamaiedge.net"),
            ("main.dl.ms.akadns.net", "main.dl.ms.akadns.net"),
            ("hit-block.opendns.com", "hit-block.opendns.com"),
            ("ws1.dev.azuresynapse.net", "workspace-1.dev.azuresynapse.net"),
            ("proxy.contoso.com", "host-1.domain-1.example"),
            ("contoso.com", "domain-1.example"),
            ("a.b.contoso.com", "host-2.host-3.domain-1.example"),
            ("proxy", "host-1"),
            ("relay.localhost", "host-4.localhost"),
        ] {
            assert_eq!(mapped(&mut labels, text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_wildcard_covers_stays_covered() {
        let mut labels = Labels::default();
        for (parent, host) in [
            ("contoso.com", "proxy.contoso.com"),
            ("servicebus.windows.net", "contoso.servicebus.windows.net"),
            ("westeurope.datafactory.azure.net", "contoso.westeurope.datafactory.azure.net"),
        ] {
            let names = [format!("*.{}", mapped(&mut labels, parent))];
            let host = Host::parse(&mapped(&mut labels, host)).unwrap();
            assert!(certifies(&names, &host), "{names:?} {host}");
        }
    }
}
