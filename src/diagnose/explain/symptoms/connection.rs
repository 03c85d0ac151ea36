//! Texts of the runtime about a failed connection to the cloud.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Sentence,
        texts: &["Unable to connect to the remote server"],
        meaning: ".NET could not open the TCP connection to the service or its proxy. The inner \
                  error says how: 10060 is silence, 10061 a refusal.",
        checks: &[
            "pathproof check: which name fails, and how",
            "whether this host may leave directly, or must use a proxy",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::ProxyTimeout, Cause::ProxyRefused],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "failed to connect to cloud service",
            "cloud service due to network connectivity issue",
            "can't connect to cloud service",
            "unable to connect to cloud service",
            "reconnecting to the cloud service",
            "failed to connect to … frontend.clouddatahub.net",
            "failed to connect to … frontend.datamovement.azure.cn",
            "failed to connect to … frontend.datamovement.azure.us",
            "failed to connect to … datafactory.azure.net",
            "failed to connect to … datafactory.azure.cn",
            "failed to connect to … datafactory.azure.us",
        ],
        meaning: "The node does not reach the control plane. The name behind the words is the one \
                  that fails, such as REGION.frontend.clouddatahub.net.",
        checks: &[
            "pathproof check --endpoint NAME with that very name",
            "pathproof check --factory NAME --region REGION",
            "the corporate firewall too, and not only Windows Firewall",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TcpRefused,
            Cause::DnsNxdomain,
            Cause::TlsReset,
            Cause::HttpBlockPage,
        ],
        source: source::ISSUE30720,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["failed to connect to"],
        meaning: "A connection failed. The name behind the words says which: a frontend or the \
                  factory's name is the control plane, a name of servicebus the relay, any other \
                  what it is: a data store, storage, the sign-in, a proxy.",
        checks: &[
            "pathproof check --endpoint NAME with that very name",
            "the words that follow, which may say why: pathproof explain with them",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::DnsNxdomain, Cause::TlsReset],
        source: source::ISSUE30720,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Azure Relay", "through service bus"],
        meaning: "The way by which the portal reaches the node for interactive authoring: the \
                  node listens at the relay by TCP 443 outbound. Scheduled work does not need it.",
        checks: &[
            "pathproof check --service-urls: the relay's names and all their gateways on TCP 443",
        ],
        causes: &[Cause::TcpTimeout, Cause::TlsReset, Cause::DnsNxdomain],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "Cannot connect to Integration Runtime through service bus",
            "Integration Runtime through service bus",
            "can't connect to Azure Relay",
            "cannot connect to Azure Relay",
            "failed to connect to Azure Relay",
            "failed to connect to … servicebus.windows.net",
            "failed to connect to … servicebus.chinacloudapi.cn",
            "failed to connect to … servicebus.usgovcloudapi.net",
        ],
        meaning: "The relay is not reached, or not by a listener on this node: scheduled work \
                  runs, interactive authoring does not.",
        checks: &[
            "pathproof check --service-urls: the relay's names and all their gateways on TCP 443",
            "that the names of the relay go by the proxy, where the network leaves by one only",
            "a private DNS zone servicebus.windows.net that hides the public relay",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TlsReset,
            Cause::DnsNxdomain,
            Cause::PathPublicExpected,
        ],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["Error occurred while uploading the heartbeat", "uploading the heartbeat"],
        meaning: "The node could not tell the control plane that it is alive; after some minutes \
                  the portal shows it as offline.",
        checks: &[
            "pathproof check: the control plane on TCP 443",
            "pathproof watch --every 1m where it comes and goes",
        ],
        causes: &[Cause::TcpTimeout, Cause::TlsReset, Cause::HttpTimeout, Cause::DnsTimeout],
        source: source::ISSUE478,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "A component of Integration Runtime has become unresponsive",
            "has become unresponsive and restarts automatically",
        ],
        meaning: "The service lost its connection and restarts itself: seen with a firewall or \
                  proxy in the way.",
        checks: &[
            "pathproof check: the control plane and the relay on TCP 443",
            "memory and processor of the host under load",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TlsReset],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "An error occurred while sending the request",
            "One or more errors occurred",
            "The request was aborted",
            "System.Net.WebException",
            "HttpRequestException",
        ],
        meaning: ".NET's outer words for a request that failed. What it wraps says how.",
        checks: &[
            "the inner exception: pathproof explain with its words",
            "pathproof check: which name fails, and at which layer",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TcpRefused,
            Cause::DnsNxdomain,
            Cause::TlsUntrusted,
            Cause::TlsReset,
        ],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "The remote name could not be resolved",
            "No such host is known",
            "No DNS entries exist",
            "11001",
            "WSAHOST_NOT_FOUND",
            "ERROR_WINHTTP_NAME_NOT_RESOLVED",
            "12007",
            "NameResolutionFailure",
            "Name or service not known",
            "ERR_NAME_NOT_RESOLVED",
            "getaddrinfo failed",
            "getaddrinfo ENOTFOUND",
            "ENOTFOUND",
            "EAI_NONAME",
            "0x80072EE7",
            "WININET_E_NAME_NOT_RESOLVED",
            "ERROR_INTERNET_NAME_NOT_RESOLVED",
            "NXDOMAIN",
            "Could not resolve host",
            "Non-existent domain",
            "DNS name does not exist",
        ],
        meaning: "The name has no address in this host's DNS. No firewall rule fixes that.",
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
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "11002",
            "WSATRY_AGAIN",
            "This is usually a temporary error during hostname resolution",
            "Temporary failure in name resolution",
            "EAI_AGAIN",
            "can't find … Server failed",
            "DNS request timed out",
            "DNS server failure",
            "SERVFAIL",
            "no servers could be reached",
        ],
        meaning: "The name server did not answer, or answered that it failed: nothing is said \
                  about the name itself.",
        checks: &[
            "pathproof resolve: which name server is silent or fails, and for which names",
            "the forwarder behind it, and UDP and TCP port 53",
        ],
        causes: &[
            Cause::DnsTimeout,
            Cause::DnsServfail,
            Cause::DnsResolverUnreachable,
            Cause::DnsResolverDown,
        ],
        source: source::NSLOOKUP,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "11003",
            "WSANO_RECOVERY",
            "A non-recoverable error occurred during a database lookup",
        ],
        meaning: "The name server refused or its answer could not be used. While the runtime \
                  registers it is often localhost itself that does not resolve.",
        checks: &[
            "ping localhost: 127.0.0.1 must answer; put it into the hosts file where it does not",
            "pathproof resolve: whether a name server says REFUSED",
        ],
        causes: &[Cause::DnsRefused, Cause::DnsMalformed],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "11004",
            "WSANO_DATA",
            "The requested name is valid, but no data of the requested type was found",
            "No address associated with hostname",
        ],
        meaning: "The name exists and has no address: an empty private zone of that very name is \
                  the usual reason.",
        checks: &[
            "pathproof resolve: the chain, and the name it ends at",
            "the private DNS zone's records",
        ],
        causes: &[Cause::DnsNodata, Cause::PathPrivateRecordMissing],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &["The proxy name could not be resolved", "ProxyNameResolutionFailure"],
        meaning: "The name of the proxy has no address: the configured proxy is misspelt or not \
                  known to this host's DNS.",
        checks: &[
            "the proxy in diahost.exe.config and diawp.exe.config (both)",
            "pathproof check: proxy_unresolvable names it",
        ],
        causes: &[Cause::ProxyUnresolvable],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "Error creating the Web Proxy specified in the",
            "system.net/defaultProxy",
            "Configuration system failed to initialize",
        ],
        meaning: ".NET refuses the proxy section of the runtime's own configuration file, so that \
                  every request fails before it is sent.",
        checks: &[
            "pathproof agent lint: the line and what is wrong with it",
            "put the section right in diahost.exe.config and diawp.exe.config, and restart \
             DIAHostService",
        ],
        causes: &[Cause::RouteConfigInvalid],
        source: source::DOTNET,
    },
];
