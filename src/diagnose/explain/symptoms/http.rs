//! HTTP answers, as .NET words them.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "The remote server returned an error",
            "Response status code does not indicate success",
            "unexpected HTTP status",
        ],
        meaning: "An HTTP answer came: TCP and TLS work. The status says what it means, and its \
                  body who said it.",
        checks: &["pathproof check: the status, the Server field and the title of what answered"],
        causes: &[Cause::HttpBlockPage, Cause::HttpServiceError, Cause::ProxyDenied],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Code,
        texts: &[
            "407",
            "Proxy Authentication Required",
            "The remote server returned an error: (407)",
        ],
        meaning: "The proxy wants a sign-in that the runtime's service does not give.",
        checks: &[
            "the account of DIAHostService: NT SERVICE\\DIAHostService has no domain credentials",
            "useDefaultCredentials in both configuration files, or an exemption for Azure's names",
        ],
        causes: &[Cause::ProxyAuthRequired, Cause::ProxyAuthRejected],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Code,
        texts: &["403", "403 Forbidden"],
        meaning: "Something refuses the request: a filter's block page, a proxy's policy, or the \
                  service itself (public network access off, an IP filter).",
        checks: &[
            "pathproof check: who answers, a page of a gateway or the service",
            "where the service answers: its networking settings",
        ],
        causes: &[Cause::HttpBlockPage, Cause::ProxyDenied],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Code,
        texts: &["401", "401 Unauthorized"],
        meaning: "The service was reached and wants a token: for the network that is a good \
                  answer. From a proxy it would be 407.",
        checks: &[
            "the sign-in of whoever asked, not the network",
            "pathproof check: that the answer is the service's own",
        ],
        causes: &[Cause::HttpNotTheService],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Code,
        texts: &["404", "404 Not Found"],
        meaning: "The host was reached and does not know the path. The root of the control plane \
                  answers so: for the network that is a good answer.",
        checks: &["pathproof check: that the certificate and the answer are the service's"],
        causes: &[],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Code,
        texts: &[
            "502",
            "502 Bad Gateway",
            "503",
            "(503) Server Unavailable",
            "503 Service Unavailable",
            "504",
            "504 Gateway Timeout",
        ],
        meaning: "A gateway or proxy on the way could not reach what lies behind it, or the \
                  service itself is overloaded. It does not say that the runtime is offline.",
        checks: &[
            "pathproof check: whether the answer is the proxy's or the service's \
             (proxy_upstream_dns, proxy_upstream_unreachable, http_service_error)",
            "what the proxy's log says for this name",
        ],
        causes: &[
            Cause::ProxyUpstreamDns,
            Cause::ProxyUpstreamUnreachable,
            Cause::HttpServiceError,
        ],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Code,
        texts: &["500", "(500) Internal Server Error"],
        meaning: "The service, or a proxy, failed at the request.",
        checks: &[
            "pathproof check: who answers",
            "Azure's service health for the region where it is the service",
        ],
        causes: &[Cause::HttpServiceError, Cause::ProxyUpstreamUnreachable],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Code,
        texts: &["429", "Too Many Requests"],
        meaning: "The service was reached and asks for fewer requests.",
        checks: &["what asks so often; wait as long as Retry-After says"],
        causes: &[],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Code,
        texts: &["302", "302 Found", "captive portal"],
        meaning: "The answer leads to another site: a captive portal or a sign-in page of a \
                  gateway stands before the service.",
        checks: &[
            "pathproof check: where the redirect leads",
            "sign in at the portal, or have this host exempted from it",
        ],
        causes: &[Cause::HttpCaptivePortal],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "470",
            "Action: Deny. No rule matched",
            "Action: Deny. Reason",
            "Action: Deny. Policy",
            "Action: Deny. Rule Collection",
            "No rule matched. Proceeding with default action",
        ],
        meaning: "Azure Firewall denied the request: no application rule covers the name.",
        checks: &[
            "an application rule for the name with HTTPS 443, or a network rule for its addresses",
        ],
        causes: &[Cause::HttpBlockPage, Cause::TlsReset],
        source: source::AZFW,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["Action: Deny"],
        meaning: "A firewall says that it denied the traffic: which one, and by which rule, the \
                  rest of its line says. Azure Firewall writes so, and others do.",
        checks: &["the rule that the line names, and whether the name or address is allowed"],
        causes: &[Cause::HttpBlockPage, Cause::TlsReset, Cause::TcpTimeout],
        source: source::AZFW,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "Ip has been prevented to connect to the endpoint",
            "prevented to connect to the endpoint",
        ],
        meaning: "The relay or Service Bus namespace was reached, and its own IP filter refuses \
                  this host's public address.",
        checks: &["the namespace's networking settings: add the public address of this network"],
        causes: &[],
        source: source::SBGUIDE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "public network access is not allowed",
            "Public network access is disabled",
            "PublicNetworkAccessDisabled",
        ],
        meaning: "The service was reached by its public address and only takes connections by its \
                  private endpoint.",
        checks: &[
            "pathproof check --private NAME: whether the name resolves to the private endpoint \
             here",
            "or allow public network access on the service",
        ],
        causes: &[Cause::PathPrivateZoneNotLinked, Cause::PathPrivateEndpointAbsent],
        source: source::PRIVLINK,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "The operation has timed out",
            "The request timed out",
            "A task was canceled",
            "TaskCanceledException",
            "The operation was canceled",
            "HttpClient.Timeout",
        ],
        meaning: ".NET waited for an answer and none came. That may be silence at the connect, in \
                  TLS, or after the request: only a measurement tells.",
        checks: &[
            "pathproof check: at which step it is silent",
            "pathproof check --locate: the last hop that answers",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TlsTimeout,
            Cause::HttpTimeout,
            Cause::ProxyTimeout,
            Cause::TlsLargePacketsLost,
        ],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["timed out"],
        meaning: "Something was waited for and did not come. The words before say what: a \
                  connection, an answer, a query, a lock. Only some of these are of the network.",
        checks: &[
            "the whole sentence: pathproof explain with it",
            "pathproof check: at which step it is silent",
        ],
        causes: &[Cause::TcpTimeout, Cause::TlsTimeout, Cause::HttpTimeout, Cause::DnsTimeout],
        source: source::DOTNET,
    },
];
