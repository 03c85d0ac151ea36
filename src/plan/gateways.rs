//! The gateways of a relay namespace (Microsoft's `tools/GetNamespaceInfo.ps1` in
//! Azure/azure-relay-dotnet): the namespace's chain names the deployment, and clients of the relay
//! are sent to any of the deployment's gateways. Those with no address yet may get one later.

use std::sync::Arc;

use crate::model::{
    Endpoint, Fingerprint, GatewayName, GatewaySeries, Host, HostName, Lookup, Origin,
    RELAY_GATEWAY, Reach, Role, Subject,
};

/// How many gateways each series of a deployment can have.
pub const N_GATEWAYS: u16 = 128;

/// The deployment that a namespace lives in, as `prod-by3-010`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelayDeployment(String);

impl RelayDeployment {
    /// Its name, lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The deployment of a namespace, by the names that its chain leads through: the first that begins
/// with `ns-` (`ns-sb2-prod-by3-010.cloudapp.net`). Names of the namespace's own domain are
/// skipped: the hop of private link, and another namespace that it is paired with. `None` where
/// the chain names no deployment.
#[must_use]
pub fn deployment_of<'a>(
    relay: &HostName,
    aliases: impl IntoIterator<Item = &'a HostName>,
) -> Option<RelayDeployment> {
    let domain = relay.parent()?;
    aliases.into_iter().filter(|alias| !alias.is_within(domain)).find_map(|alias| {
        let label = alias.labels().next()?.strip_prefix("ns-")?;
        let name = label.strip_prefix("sb2-").unwrap_or(label);
        (!name.is_empty()).then(|| RelayDeployment(name.to_owned()))
    })
}

/// The gateways that the chains of a relay's lookups lead to: all `g0…g127` and `gv0…gv127` of each
/// deployment, derived and not required. None for what is no relay, or a gateway itself.
#[must_use]
pub fn gateways_of(relay: &Endpoint, lookups: &[Arc<Lookup>]) -> Vec<Endpoint> {
    let Some(name) = relay.subject.host().and_then(Host::name) else { return Vec::new() };
    if relay.role != Role::Relay || GatewayName::parse(name).is_some() {
        return Vec::new();
    }
    let Some(domain) = name.parent() else { return Vec::new() };
    let mut deployments: Vec<RelayDeployment> =
        lookups.iter().filter_map(|lookup| deployment_of(name, lookup.aliases())).collect();
    deployments.sort();
    deployments.dedup();
    let numbered = GatewaySeries::ALL
        .into_iter()
        .flat_map(|series| (0..N_GATEWAYS).map(move |number| (series, number)));
    deployments
        .iter()
        .flat_map(|deployment| numbered.clone().map(move |numbered| (deployment, numbered)))
        .filter_map(|(RelayDeployment(deployment), (series, number))| {
            let label = GatewayName { series, number, deployment: deployment.clone() }.label();
            HostName::parse(&format!("{label}.{domain}")).ok()
        })
        .map(|gateway| gateway_endpoint(relay, gateway))
        .collect()
}

fn gateway_endpoint(relay: &Endpoint, gateway: HostName) -> Endpoint {
    let mut expect = relay.expect.clone();
    expect.fingerprint = Fingerprint::None;
    // A private endpoint belongs to the namespace alone.
    if expect.reach == Reach::Private {
        expect.reach = Reach::Any;
    }
    Endpoint {
        entry: RELAY_GATEWAY.to_owned(),
        role: Role::Gateway,
        subject: Subject::Host(Host::Name(gateway)),
        port: relay.port,
        kind: relay.kind,
        purpose: format!("A gateway of {}", relay.subject),
        source_document: relay.source_document.clone(),
        required: false,
        origin: Origin::Gateway,
        discovered: None,
        order: relay.order + 1,
        expect,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{
        Answer, ChainLink, Exchange, Expectation, Family, Kind, LinkData, Resolver, ResponseCode,
        Transport,
    };

    fn name(text: &str) -> HostName {
        HostName::parse(text).unwrap()
    }

    #[test]
    fn chains_name_the_deployment() {
        for (aliases, expected) in [
            (&["ns-sb2-prod-by3-010.cloudapp.net"][..], Some("prod-by3-010")),
            (&["NS-PROD-BN-VAZ0001.cloudapp.net"], Some("prod-bn-vaz0001")),
            (
                &["r.privatelink.servicebus.windows.net", "ns-sb2-prod-by3-010.cloudapp.net"],
                Some("prod-by3-010"),
            ),
            (&["ns-privatelink.privatelink.servicebus.windows.net"], None),
            (
                &["ns-paired.servicebus.windows.net", "ns-sb2-prod-by3-010.cloudapp.net"],
                Some("prod-by3-010"),
            ),
            (&["tm-x.trafficmanager.net", "ns-sb2-a.cloudapp.net"], Some("a")),
            (&["ns-.cloudapp.net"], None),
            (&["waws-prod-1.cloudapp.net"], None),
            (&[], None),
        ] {
            let aliases: Vec<HostName> = aliases.iter().map(|alias| name(alias)).collect();
            let relay = name("r.servicebus.windows.net");
            let deployment = deployment_of(&relay, &aliases);
            assert_eq!(deployment.as_ref().map(RelayDeployment::as_str), expected, "{aliases:?}");
        }
    }

    fn relay(host: &str) -> Endpoint {
        Endpoint {
            entry: "relay".into(),
            role: Role::Relay,
            subject: Subject::Host(Host::parse(host).unwrap()),
            port: 443,
            kind: Kind::Relay,
            purpose: String::new(),
            source_document: String::new(),
            required: true,
            origin: Origin::ServiceUrls,
            discovered: None,
            order: 20,
            expect: Expectation {
                reach: Reach::Private,
                service_domains: vec!["servicebus.windows.net".into()],
                fingerprint: Fingerprint::RelayNamespace,
                ..Expectation::default()
            },
        }
    }

    fn lookup(host: &str, alias: &str) -> Arc<Lookup> {
        let link = ChainLink { name: name(host), ttl: 60, data: LinkData::Alias(name(alias)) };
        Arc::new(Lookup {
            resolver: Resolver::System,
            name: name(host),
            exchanges: vec![Exchange {
                family: Family::V4,
                result: Ok(Answer {
                    code: ResponseCode::NxDomain,
                    chain: vec![link],
                    is_loop: false,
                    is_cut: false,
                }),
                transport: Transport::Udp,
                took: Duration::ZERO,
            }],
        })
    }

    #[test]
    fn a_relay_has_all_gateways_of_its_deployments() {
        let host = "r.servicebus.usgovcloudapi.net";
        let by = |n: &str| lookup(host, &format!("ns-sb2-usg-{n}.usgovcloudapp.net"));
        let gateways = gateways_of(&relay(host), &[by("a"), by("a")]);
        let hosts: Vec<String> = gateways.iter().map(|g| g.subject.to_string()).collect();
        assert_eq!(hosts.len(), 256);
        assert_eq!(hosts[0], "g0-usg-a-sb.servicebus.usgovcloudapi.net");
        assert_eq!(hosts[127], "g127-usg-a-sb.servicebus.usgovcloudapi.net");
        assert_eq!(hosts[255], "gv127-usg-a-sb.servicebus.usgovcloudapi.net");
        let first = &gateways[0];
        assert_eq!(
            (first.entry.as_str(), first.role, first.required, first.origin, first.order),
            ("relay-gateway", Role::Gateway, false, Origin::Gateway, 21)
        );
        assert_eq!(first.kind, Kind::Relay);
        assert_eq!(
            first.expect,
            Expectation {
                service_domains: vec!["servicebus.windows.net".into()],
                ..Expectation::default()
            }
        );
        // Two views, two deployments.
        assert_eq!(gateways_of(&relay(host), &[by("a"), by("b")]).len(), 512);
    }

    #[test]
    fn what_is_no_relay_has_no_gateways() {
        let alias = "ns-sb2-prod-by3-010.cloudapp.net";
        let host = "r.servicebus.windows.net";
        let gateway = "g1-prod-by3-010-sb.servicebus.windows.net";
        let control = Endpoint { role: Role::Control, ..relay(host) };
        for (endpoint, lookups) in [
            (relay(host), vec![]),
            (control, vec![lookup(host, alias)]),
            (Endpoint { role: Role::Gateway, ..relay(gateway) }, vec![lookup(gateway, alias)]),
            (relay(gateway), vec![lookup(gateway, alias)]),
            (relay("10.0.0.1"), vec![]),
            (relay(host), vec![lookup(host, "r.contoso.com")]),
        ] {
            assert_eq!(gateways_of(&endpoint, &lookups), [], "{}", endpoint.subject);
        }
        // A deployment too long for a label makes no names, and no panic.
        let long = format!("ns-{}.cloudapp.net", "a".repeat(60));
        assert_eq!(gateways_of(&relay(host), &[lookup(host, &long)]), []);
    }
}
