//! The table of what is staged: one name each, what the name server says of it, what stands at its
//! address, and which cause the program must name.

use std::net::Ipv4Addr;

use crate::model::{Cause, Endpoint};

/// One endpoint of the stage.
#[derive(Debug)]
pub struct StagedEndpoint {
    pub host: &'static str,
    pub port: u16,
    /// What is staged, in one sentence.
    pub story: &'static str,
    /// The cause that the program must name; `None` for what works.
    pub expected: Option<Cause>,
    pub(super) given: Given,
    pub(super) name: StagedName,
    pub(super) far_end: FarEnd,
    pub(super) way: StagedWay,
}

impl StagedEndpoint {
    /// Whether `endpoint` is this one.
    pub(super) fn is(&self, endpoint: &Endpoint) -> bool {
        self.port == endpoint.port && endpoint.subject.to_string() == self.host
    }
}

/// How the program is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// It is an entry of the endpoint list.
    List,
    /// A service URL of the runtime, or a store of its pipelines.
    ServiceUrl,
    /// The same, and it must be reached by a private endpoint.
    Private,
    /// Another node of the runtime.
    Peer,
    /// A gateway that the relay's chain leads to.
    Gateway,
}

/// What the name server says: aliases, and the address behind them.
#[derive(Clone, Copy, Debug)]
pub(super) struct StagedName {
    pub(super) aliases: &'static [&'static str],
    /// `None` where the last name does not exist.
    pub(super) address: Option<Ipv4Addr>,
}

/// What stands at the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FarEnd {
    /// Nobody is ever asked there.
    Nobody,
    /// Packets are dropped.
    Drops,
    /// The port is closed.
    Closed,
    /// A service under TLS.
    Web(Leaf, Answer),
    /// Resets the connection after the first words.
    Resets,
}

/// The certificate of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// By a public authority, for its name.
    Public,
    /// The same, no longer valid.
    Expired,
    /// By the authority of the company, whose root this host trusts.
    Inspected,
}

/// What a service says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// As a service of Azure does that has nothing at its root.
    NotFound,
    /// As the root of a relay namespace (Microsoft, service-bus-troubleshooting-guide).
    Relay,
    /// As a web filter does.
    BlockPage,
}

/// Which way the proxy configuration sends it, and what the proxy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StagedWay {
    /// Past the proxy.
    Direct,
    /// Through the proxy, which lets it pass.
    Tunnel,
    /// To the proxy, which wants somebody to sign in.
    SignIn,
    /// To the proxy, which denies it.
    Denied,
}

const fn at(a: u8, b: u8, c: u8, d: u8) -> StagedName {
    via(&[], Ipv4Addr::new(a, b, c, d))
}

const fn via(aliases: &'static [&'static str], address: Ipv4Addr) -> StagedName {
    StagedName { aliases, address: Some(address) }
}

const SERVICE: FarEnd = FarEnd::Web(Leaf::Public, Answer::NotFound);
const RELAY: FarEnd = FarEnd::Web(Leaf::Public, Answer::Relay);

/// Public addresses lie in the ranges that Azure publishes for West Europe.
pub const STAGE: &[StagedEndpoint] = &[
    // What works.
    StagedEndpoint {
        host: "contoso-relay.servicebus.windows.net",
        port: 443,
        story: "a relay that works",
        expected: None,
        given: Given::ServiceUrl,
        name: via(&["ns-prod-am3-010.cloudapp.net"], Ipv4Addr::new(40, 112, 72, 101)),
        far_end: RELAY,
        way: StagedWay::Direct,
    },
    StagedEndpoint {
        host: "g0-prod-am3-010-sb.servicebus.windows.net",
        port: 443,
        story: "a gateway of that relay, found by its DNS chain",
        expected: None,
        given: Given::Gateway,
        name: at(40, 112, 72, 102),
        far_end: RELAY,
        way: StagedWay::Direct,
    },
    StagedEndpoint {
        host: "contoso-df.westeurope.datafactory.azure.net",
        port: 443,
        story: "the factory's own name, which works",
        expected: None,
        given: Given::List,
        name: via(
            &["we.frontend.clouddatahub.net", "aksfe-we-prod-adms.cloudapp.net"],
            Ipv4Addr::new(52, 166, 10, 1),
        ),
        far_end: SERVICE,
        way: StagedWay::Direct,
    },
    StagedEndpoint {
        host: "contoso-vault.vault.azure.net",
        port: 443,
        story: "a vault behind a private endpoint that works",
        expected: None,
        given: Given::Private,
        name: via(&["contoso-vault.privatelink.vaultcore.azure.net"], Ipv4Addr::new(10, 20, 1, 5)),
        far_end: SERVICE,
        way: StagedWay::Direct,
    },
    // Names.
    StagedEndpoint {
        host: "contosolandng.blob.core.windows.net",
        port: 443,
        story: "a misspelt name, which the name server does not know",
        expected: Some(Cause::DnsNxdomain),
        given: Given::ServiceUrl,
        name: StagedName { aliases: &[], address: None },
        far_end: FarEnd::Nobody,
        way: StagedWay::Direct,
    },
    StagedEndpoint {
        host: "download.microsoft.com",
        port: 443,
        story: "a DNS filter that answers 0.0.0.0",
        expected: Some(Cause::DnsSinkhole),
        given: Given::List,
        name: at(0, 0, 0, 0),
        far_end: FarEnd::Closed,
        way: StagedWay::Direct,
    },
    // Private and public paths.
    StagedEndpoint {
        host: "contosolake.dfs.core.windows.net",
        port: 443,
        story: "a private endpoint whose DNS zone is not linked to this network",
        expected: Some(Cause::PathPrivateZoneNotLinked),
        given: Given::Private,
        name: via(
            &[
                "contosolake.privatelink.dfs.core.windows.net",
                "dfs.am5prdstr09a.store.core.windows.net",
            ],
            Ipv4Addr::new(52, 166, 10, 2),
        ),
        far_end: SERVICE,
        way: StagedWay::Direct,
    },
    StagedEndpoint {
        host: "contoso-inside.servicebus.windows.net",
        port: 443,
        story: "a relay that a private DNS zone leads to a private address",
        expected: Some(Cause::PathPublicExpected),
        given: Given::ServiceUrl,
        name: at(10, 20, 1, 9),
        far_end: RELAY,
        way: StagedWay::Direct,
    },
    // Connections.
    StagedEndpoint {
        host: "contoso-hub.servicebus.windows.net",
        port: 443,
        story: "a firewall that drops every packet",
        expected: Some(Cause::TcpTimeout),
        given: Given::ServiceUrl,
        name: at(52, 166, 20, 5),
        far_end: FarEnd::Drops,
        way: StagedWay::Direct,
    },
    StagedEndpoint {
        host: "shir-node2.corp.contoso.com",
        port: 8060,
        story: "another node, whose port is closed",
        expected: Some(Cause::TcpRefused),
        given: Given::Peer,
        name: at(10, 20, 0, 5),
        far_end: FarEnd::Closed,
        way: StagedWay::Direct,
    },
    // The proxy.
    StagedEndpoint {
        host: "login.microsoftonline.com",
        port: 443,
        story: "a proxy that wants somebody to sign in (407)",
        expected: Some(Cause::ProxyAuthRequired),
        given: Given::ServiceUrl,
        name: at(20, 190, 160, 17),
        far_end: SERVICE,
        way: StagedWay::SignIn,
    },
    StagedEndpoint {
        host: "contosoarchive.blob.core.windows.net",
        port: 443,
        story: "a proxy whose access list denies the name (403)",
        expected: Some(Cause::ProxyDenied),
        given: Given::ServiceUrl,
        name: at(52, 166, 10, 3),
        far_end: SERVICE,
        way: StagedWay::Denied,
    },
    // TLS.
    StagedEndpoint {
        host: "contosostage.blob.core.windows.net",
        port: 443,
        story: "TLS inspection, with a certificate of the company's own",
        expected: Some(Cause::TlsIntercepted),
        given: Given::ServiceUrl,
        name: at(52, 166, 10, 4),
        far_end: FarEnd::Web(Leaf::Inspected, Answer::NotFound),
        way: StagedWay::Tunnel,
    },
    StagedEndpoint {
        host: "erp.corp.contoso.com",
        port: 443,
        story: "a store of your own whose certificate has expired",
        expected: Some(Cause::TlsExpired),
        given: Given::ServiceUrl,
        name: at(10, 20, 2, 7),
        far_end: FarEnd::Web(Leaf::Expired, Answer::NotFound),
        way: StagedWay::Direct,
    },
    StagedEndpoint {
        host: "contoso-live.servicebus.windows.net",
        port: 443,
        story: "a filter that resets the connection once it sees the name",
        expected: Some(Cause::TlsReset),
        given: Given::ServiceUrl,
        name: at(52, 166, 30, 1),
        far_end: FarEnd::Resets,
        way: StagedWay::Direct,
    },
    // Answers.
    StagedEndpoint {
        host: "contosoraw.dfs.core.windows.net",
        port: 443,
        story: "a web filter that shows its block page in place of the service",
        expected: Some(Cause::HttpBlockPage),
        given: Given::ServiceUrl,
        name: at(52, 166, 10, 5),
        far_end: FarEnd::Web(Leaf::Inspected, Answer::BlockPage),
        way: StagedWay::Tunnel,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The layer of a cause: `dns` of `dns_nxdomain`.
    fn layer(cause: Cause) -> &'static str {
        cause.code().split('_').next().unwrap()
    }

    #[test]
    fn faults_are_many_and_of_every_layer() {
        let causes: Vec<Cause> = STAGE.iter().filter_map(|staged| staged.expected).collect();
        let different: HashSet<Cause> = causes.iter().copied().collect();
        assert!(different.len() >= 8 && different.len() == causes.len(), "{causes:?}");
        let layers: HashSet<&str> = causes.iter().map(|cause| layer(*cause)).collect();
        for expected in ["dns", "path", "tcp", "proxy", "tls", "http"] {
            assert!(layers.contains(expected), "{expected}");
        }
        assert!(STAGE.iter().any(|staged| staged.expected.is_none()));
    }

    #[test]
    fn every_address_is_of_one_endpoint() {
        let addresses: Vec<(Ipv4Addr, u16)> =
            STAGE.iter().filter_map(|staged| Some((staged.name.address?, staged.port))).collect();
        let different: HashSet<_> = addresses.iter().collect();
        assert_eq!(different.len(), addresses.len());
        for (address, _) in addresses {
            assert!(!address.is_loopback(), "{address} would be taken for a sinkhole");
        }
    }
}
