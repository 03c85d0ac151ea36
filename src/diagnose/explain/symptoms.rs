//! What the runtime, the portal and the system say when the network is to blame, or seems to be.

use crate::model::Cause;

/// Words that people see, and what they mean.
#[derive(Debug)]
pub struct Symptom {
    /// The words, the best known first. Found as whole words, whatever their case.
    pub texts: &'static [&'static str],
    /// What it means, in a sentence or two.
    pub meaning: &'static str,
    /// What to check, in this order.
    pub checks: &'static [&'static str],
    /// The causes that lead there.
    pub causes: &'static [Cause],
    /// Where the words are written down.
    pub source: &'static str,
}

impl Symptom {
    /// The words it is best known by.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.texts[0]
    }
}

const CREATE: &str = "Microsoft, create-self-hosted-integration-runtime";
const GUIDE: &str = "Microsoft, self-hosted-integration-runtime-troubleshoot-guide";
const MONITOR: &str = "Microsoft, monitor-integration-runtime";
const WINSOCK: &str = "Microsoft, Windows Sockets error codes";
const OFFLINE: &str = "Insight Crunch, self-hosted integration runtime offline";

/// Every symptom: statuses first, then the runtime's texts, then .NET's and the system's.
pub const SYMPTOMS: &[Symptom] = &[
    Symptom {
        texts: &["Limited"],
        meaning: "The node reaches the control plane but not Azure Relay (or its nodes do not \
                  reach each other): activities run, interactive authoring does not.",
        checks: &[
            "pathproof check --service-urls with what the portal shows under Nodes, View Service \
             URLs: the relay's names and all their gateways on TCP 443",
            "between the nodes of a runtime: TCP 8060 (pathproof check --peer NODE)",
            "or enable self-contained interactive authoring, which needs no relay",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TcpRefused,
            Cause::TlsReset,
            Cause::DnsNxdomain,
            Cause::PathPublicExpected,
            Cause::HttpBlockPage,
        ],
        source: CREATE,
    },
    Symptom {
        texts: &["Offline", "Unavailable", "could not find an available node", "no available node"],
        meaning: "No node sends its heartbeat: the service on the host is stopped, or its way to \
                  the control plane is blocked. Recreating the runtime mends neither.",
        checks: &[
            "Get-Service DIAHostService on the node: it must run and start automatically",
            "pathproof check --factory NAME --region REGION: the control plane on TCP 443",
            "the node's registration (was the authentication key regenerated?) and its version",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TcpRefused,
            Cause::DnsNxdomain,
            Cause::PathPrivateRecordMissing,
            Cause::RoutePrivateViaProxy,
            Cause::TlsUntrusted,
        ],
        source: OFFLINE,
    },
    Symptom {
        texts: &["Inactive"],
        meaning: "This node, or this runtime's only node, no longer reports to the cloud. With \
                  several nodes the others carry on.",
        checks: &[
            "whether the host is up and DIAHostService runs",
            "pathproof check from that node: the control plane on TCP 443",
            "between the nodes of a runtime: TCP 8060 (pathproof check --peer NODE)",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::DnsTimeout],
        source: OFFLINE,
    },
    Symptom {
        texts: &["Disconnected", "Connecting"],
        meaning: "Configuration Manager shows that the service on this host has no connection to \
                  the cloud: most likely the firewall or the proxy's configuration.",
        checks: &[
            "pathproof check: the control plane and the relay on TCP 443",
            "the proxy in diahost.exe.config and diawp.exe.config (both)",
            "Event Viewer, Applications and Services Logs, Microsoft Integration Runtime",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::RouteProxyRequired],
        source: CREATE,
    },
    Symptom {
        texts: &["NeedRegistration", "need registration", "is not registered"],
        meaning: "The node holds no valid registration: it was never registered, or its \
                  authentication key was regenerated.",
        checks: &[
            "register it with the current key (dmgcmd -RegisterNewNode, or Configuration Manager)",
            "that the key is of the runtime your linked services name",
            "if registering fails: pathproof check --auth-key FILE",
        ],
        causes: &[],
        source: MONITOR,
    },
    Symptom {
        texts: &["InitializeFailed", "Initializing", "Upgrading"],
        meaning: "The node is starting or updating itself, or failed at it.",
        checks: &[
            "wait for the update's end; the window is set in the runtime's auto-update settings",
            "pathproof check: download.microsoft.com on TCP 443",
            "the Windows event log of the runtime's service",
        ],
        causes: &[Cause::TcpTimeout, Cause::HttpBlockPage],
        source: MONITOR,
    },
    Symptom {
        texts: &[
            "Failed to register this Integration Runtime node",
            "has encountered an error during registration",
        ],
        meaning: "Registration failed. The key may be wrong, but Microsoft names the firewall and \
                  the proxy as the likely reason.",
        checks: &[
            "pathproof check --auth-key FILE: the control host that the key names",
            "the proxy in diahost.exe.config and diawp.exe.config (both)",
            "that DIAHostService runs and the key is current",
        ],
        causes: &[
            Cause::DnsNxdomain,
            Cause::TcpTimeout,
            Cause::TcpRefused,
            Cause::TlsUntrusted,
            Cause::ProxyAuthRequired,
        ],
        source: CREATE,
    },
    Symptom {
        texts: &["InvalidGatewayKey", "Failed to get service token"],
        meaning: "The cloud was reached and refused the authentication key.",
        checks: &[
            "fetch the current key and register the node again",
            "that the key belongs to this runtime, factory and cloud",
        ],
        causes: &[],
        source: GUIDE,
    },
    Symptom {
        texts: &["A component of Integration Runtime has become unresponsive"],
        meaning: "The service lost its connection and restarts itself: seen with a firewall or \
                  proxy in the way.",
        checks: &[
            "pathproof check: the control plane and the relay on TCP 443",
            "memory and processor of the host under load",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TlsReset],
        source: CREATE,
    },
    Symptom {
        texts: &[
            "Running but connection tests fail",
            "test connection fails",
            "preview data fails",
        ],
        meaning: "Interactive authoring goes through the relay; scheduled work does not.",
        checks: &[
            "pathproof check --service-urls: the relay's names and gateways on TCP 443",
            "or enable self-contained interactive authoring",
        ],
        causes: &[Cause::TcpTimeout, Cause::TlsReset, Cause::PathPublicExpected],
        source: OFFLINE,
    },
    Symptom {
        texts: &["Unable to connect to the remote server"],
        meaning: ".NET could not open the TCP connection to the service or its proxy. The inner \
                  error says how: 10060 is silence, 10061 a refusal.",
        checks: &[
            "pathproof check: which name fails, and how",
            "whether this host may leave directly, or must use a proxy",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::ProxyTimeout, Cause::ProxyRefused],
        source: CREATE,
    },
    Symptom {
        texts: &[
            "The remote name could not be resolved",
            "No such host is known",
            "No DNS entries exist",
            "11001",
            "WSAHOST_NOT_FOUND",
            "ERROR_WINHTTP_NAME_NOT_RESOLVED",
            "12007",
        ],
        meaning: "The name has no address in this host's DNS. No firewall rule mends that.",
        checks: &[
            "pathproof resolve: what each name server says, with the whole chain",
            "private DNS zones: a linked zone without a record hides the public name",
            "that the name servers of this host answer at all",
        ],
        causes: &[
            Cause::DnsNxdomain,
            Cause::DnsNodata,
            Cause::DnsTimeout,
            Cause::DnsServfail,
            Cause::PathPrivateRecordMissing,
        ],
        source: GUIDE,
    },
    Symptom {
        texts: &[
            "Could not establish trust relationship for the SSL/TLS secure channel",
            "could not establish trust relationship",
            "The remote certificate is invalid",
            "SSL/TLS certificate not trusted",
        ],
        meaning: "TLS reached something whose certificate this host does not accept: TLS \
                  inspection, a wrong name, or dates.",
        checks: &[
            "pathproof check: who issued the certificate, and for which names",
            "an exemption from TLS inspection, or its root in the machine's store",
            "this host's clock",
        ],
        causes: &[
            Cause::TlsIntercepted,
            Cause::TlsUntrusted,
            Cause::TlsNameMismatch,
            Cause::TlsExpired,
            Cause::TlsNotYetValid,
        ],
        source: GUIDE,
    },
    Symptom {
        texts: &["Could not create SSL/TLS secure channel", "12175"],
        meaning: "The two sides agree on no TLS version or cipher suite, or the certificate could \
                  not be checked.",
        checks: &[
            "that TLS 1.2 is enabled on this host and for .NET",
            "pathproof check: the TLS version and alert that come back",
        ],
        causes: &[Cause::TlsVersion, Cause::TlsAlert, Cause::TlsUntrusted],
        source: GUIDE,
    },
    Symptom {
        texts: &["revocation server was offline", "unable to check revocation"],
        meaning: "Windows could not ask whether a certificate is revoked: port 80 to the \
                  revocation hosts is closed.",
        checks: &[
            "pathproof check --with revocation",
            "certutil -urlfetch -verify with the certificate",
        ],
        causes: &[Cause::TlsRevocationUnreachable],
        source: GUIDE,
    },
    Symptom {
        texts: &[
            "The underlying connection was closed",
            "An existing connection was forcibly closed by the remote host",
            "10054",
            "WSAECONNRESET",
            "ECONNRESET",
            "12030",
        ],
        meaning: "A reset after the connection was made: a filter that judges the server name, a \
                  proxy, or an idle connection that was dropped.",
        checks: &[
            "pathproof check: whether it falls at the ClientHello, at the request or later",
            "the firewall's application (FQDN, SNI) rules for the name",
        ],
        causes: &[Cause::TlsReset, Cause::TcpReset, Cause::HttpClosed, Cause::HoldReset],
        source: WINSOCK,
    },
    Symptom {
        texts: &[
            "10060",
            "WSAETIMEDOUT",
            "ETIMEDOUT",
            "did not properly respond after a period of time",
            "12002",
        ],
        meaning: "Silence: nothing answered the attempt to connect. A firewall or NSG that drops, \
                  a missing route, or a host that is down.",
        checks: &[
            "pathproof check: which names, and whether all addresses of a name are silent",
            "outbound TCP 443 in the NSG, the corporate and the local firewall",
            "whether this host must leave by a proxy",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpLocalDenied, Cause::RouteProxyRequired],
        source: WINSOCK,
    },
    Symptom {
        texts: &[
            "10061",
            "WSAECONNREFUSED",
            "ECONNREFUSED",
            "the target machine actively refused it",
            "connection refused",
        ],
        meaning: "A refusal: nothing listens there, or a firewall rejects.",
        checks: &[
            "pathproof check: which names and addresses",
            "between the nodes of a runtime: that remote access from intranet is enabled (8060)",
            "the firewall's reject rules, this host's own included",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpLocalDenied, Cause::ProxyRefused],
        source: WINSOCK,
    },
    Symptom {
        texts: &["10013", "WSAEACCES", "EACCES", "EPERM"],
        meaning: "This host's own policy forbids the connection.",
        checks: &["Windows Firewall and security software on this host"],
        causes: &[Cause::TcpLocalDenied],
        source: WINSOCK,
    },
    Symptom {
        texts: &[
            "10051",
            "10065",
            "WSAENETUNREACH",
            "WSAEHOSTUNREACH",
            "ENETUNREACH",
            "EHOSTUNREACH",
        ],
        meaning: "The network says that the address cannot be reached: no route, or a firewall \
                  that rejects.",
        checks: &[
            "this host's routes (route print, ip route), and user-defined routes of the subnet",
            "pathproof check: which addresses, and after how long",
        ],
        causes: &[Cause::TcpUnreachable],
        source: WINSOCK,
    },
    Symptom {
        texts: &["407", "Proxy Authentication Required"],
        meaning: "The proxy wants a sign-in that the runtime's service does not give.",
        checks: &[
            "the account of DIAHostService: NT SERVICE\\DIAHostService has no domain credentials",
            "useDefaultCredentials in both configuration files, or an exemption for Azure's names",
        ],
        causes: &[Cause::ProxyAuthRequired, Cause::ProxyAuthRejected],
        source: CREATE,
    },
    Symptom {
        texts: &["Ip has been prevented to connect to the endpoint"],
        meaning: "The relay or Service Bus namespace was reached, and its own IP filter refuses \
                  this host's public address.",
        checks: &["the namespace's networking settings: add the public address of this network"],
        causes: &[Cause::HttpSourceRefused],
        source: "Microsoft, service-bus-troubleshooting-guide",
    },
    Symptom {
        texts: &["470", "Action: Deny", "No rule matched. Proceeding with default action"],
        meaning: "Azure Firewall denied the request: no application rule covers the name.",
        checks: &[
            "an application rule for the name with HTTPS 443, or a network rule for its addresses",
        ],
        causes: &[Cause::HttpBlockPage, Cause::TlsReset],
        source: "Microsoft, Azure Firewall application rules",
    },
    Symptom {
        texts: &["8060", "8050"],
        meaning: "The port on which the nodes of one runtime talk to each other; not one of the \
                  cloud's.",
        checks: &[
            "pathproof check --peer NODE, from each node to each other",
            "that remote access from intranet is enabled on the nodes",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpTimeout],
        source: CREATE,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symptom_says_what_to_check() {
        for symptom in SYMPTOMS {
            assert!(!symptom.checks.is_empty(), "{}", symptom.title());
            assert!(symptom.meaning.ends_with('.'), "{}", symptom.title());
            assert!(!symptom.source.is_empty(), "{}", symptom.title());
        }
    }

    #[test]
    fn no_words_belong_to_two_symptoms() {
        let mut texts: Vec<_> = SYMPTOMS.iter().flat_map(|symptom| symptom.texts).collect();
        let count = texts.len();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }
}
