//! Errors of the operating system's sockets and of WinHTTP, in numbers and in words.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "The underlying connection was closed",
            "An unexpected error occurred on a receive",
            "An unexpected error occurred on a send",
            "Unable to read data from the transport connection",
        ],
        meaning: "A connection that had been made broke. The words that follow say how: by a \
                  reset, by an orderly close, or over trust.",
        checks: &[
            "pathproof check: whether it falls at the ClientHello, at the request or later",
            "the firewall's application (FQDN, SNI) rules for the name",
        ],
        causes: &[Cause::TlsReset, Cause::TlsClosed, Cause::HttpClosed, Cause::HoldReset],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "An existing connection was forcibly closed by the remote host",
            "10054",
            "WSAECONNRESET",
            "ECONNRESET",
            "Connection reset by peer",
            "12030",
            "12031",
            "ERROR_WINHTTP_CONNECTION_ERROR",
            "ERR_CONNECTION_RESET",
        ],
        meaning: "A reset after the connection was made: a filter that judges the server name, a \
                  proxy, or an idle connection that was dropped.",
        checks: &[
            "pathproof check: whether it falls at the ClientHello, at the request or later",
            "the firewall's application (FQDN, SNI) rules for the name",
            "pathproof check --hold 5m where it falls after some minutes",
        ],
        causes: &[Cause::TlsReset, Cause::TcpReset, Cause::HttpClosed, Cause::HoldReset],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10060",
            "WSAETIMEDOUT",
            "ETIMEDOUT",
            "did not properly respond after a period of time",
            "Connection timed out",
            "12002",
            "ERROR_WINHTTP_TIMEOUT",
            "ERR_CONNECTION_TIMED_OUT",
            "0x274C",
        ],
        meaning: "Silence: nothing answered the attempt to connect. A firewall or NSG that drops, \
                  a missing route, or a host that is down.",
        checks: &[
            "pathproof check: which names, and whether all addresses of a name are silent",
            "outbound TCP 443 in the NSG, the corporate and the local firewall",
            "whether this host must leave by a proxy",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpLocalDenied, Cause::RouteProxyRequired],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10061",
            "WSAECONNREFUSED",
            "ECONNREFUSED",
            "the target machine actively refused it",
            "connection refused",
            "ERR_CONNECTION_REFUSED",
            "0x274D",
            "12029",
            "ERROR_WINHTTP_CANNOT_CONNECT",
        ],
        meaning: "A refusal: nothing listens there, or a firewall rejects.",
        checks: &[
            "pathproof check: which names and addresses",
            "between the nodes of a runtime: that remote access from intranet is enabled (8060)",
            "the firewall's reject rules, this host's own included",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpLocalDenied, Cause::ProxyRefused],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10013",
            "WSAEACCES",
            "EACCES",
            "EPERM",
            "forbidden by its access permissions",
            "SocketException (13): Permission denied",
            "SocketException (1): Operation not permitted",
            "connect: Permission denied",
            "connect: Operation not permitted",
            "sendmsg: Operation not permitted",
            "sendto: Operation not permitted",
            "0x271D",
        ],
        meaning: "This host's own policy forbids the connection.",
        checks: &["Windows Firewall and security software on this host"],
        causes: &[Cause::TcpLocalDenied],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["Permission denied", "Operation not permitted"],
        meaning: "A system refused somebody a right. The words before say to what: to a file, a \
                  login, a table, or, by this host's own policy, a connection.",
        checks: &[
            "what the words before it name: a file or a login is no matter of the network",
            "for a connection: Windows Firewall and security software on this host",
        ],
        causes: &[Cause::TcpLocalDenied],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10051",
            "WSAENETUNREACH",
            "ENETUNREACH",
            "A socket operation was attempted to an unreachable network",
            "Network is unreachable",
        ],
        meaning: "This host has no route to that network, or a router says that there is none.",
        checks: &[
            "this host's routes (route print, ip route), and user-defined routes of the subnet",
            "pathproof check: which addresses, and after how long",
        ],
        causes: &[Cause::TcpUnreachable, Cause::VantageBroken],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10065",
            "WSAEHOSTUNREACH",
            "EHOSTUNREACH",
            "A socket operation was attempted to an unreachable host",
            "No route to host",
            "Destination host unreachable",
        ],
        meaning: "A router or firewall says that the host cannot be reached, or nobody answered \
                  for its address on the local network.",
        checks: &[
            "pathproof check: which addresses, and after how long (at once: somebody said so; \
             after 3 s: no neighbour answered)",
            "firewalls that reject, and the routes of the subnet",
        ],
        causes: &[Cause::TcpUnreachable],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10049",
            "WSAEADDRNOTAVAIL",
            "EADDRNOTAVAIL",
            "The requested address is not valid in its context",
            "Cannot assign requested address",
        ],
        meaning: "The local address to leave from is not one of this host's, or its ports are \
                  used up.",
        checks: &[
            "the address given by --source, or bound in the program's configuration",
            "netsh int ipv4 show dynamicport tcp: the range of ports",
        ],
        causes: &[Cause::VantageBroken],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10055",
            "WSAENOBUFS",
            "No buffer space available",
            "lacked sufficient buffer space",
            "because a queue was full",
            "10024",
            "WSAEMFILE",
            "Too many open files",
            "10048",
            "WSAEADDRINUSE",
            "Only one usage of each socket address",
        ],
        meaning: "This host has run out of ports or of memory for sockets: often a program that \
                  does not close its connections.",
        checks: &[
            "netsh int ipv4 show dynamicport tcp, and netstat -ano for what holds the ports",
            "on Linux: ulimit -n",
        ],
        causes: &[Cause::VantageBroken],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10050",
            "WSAENETDOWN",
            "A socket operation encountered a dead network",
            "Network is down",
        ],
        meaning: "This host's own network is down.",
        checks: &["ipconfig /all, the adapter's state, the VPN"],
        causes: &[Cause::VantageBroken],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "10053",
            "WSAECONNABORTED",
            "An established connection was aborted by the software in your host machine",
            "Software caused connection abort",
        ],
        meaning: "Software on this host ended the connection: security software, a VPN client, or \
                  a time-out of the local stack.",
        checks: &[
            "security software and VPN on this host",
            "pathproof check, and the same from a neighbour",
        ],
        causes: &[Cause::TcpLocalDenied, Cause::TlsReset],
        source: source::WINSOCK,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &["10022", "WSAEINVAL", "An invalid argument was supplied"],
        meaning: "The system refused the arguments of a call: on Linux a blackhole route shows \
                  so, on Windows mostly a filter driver.",
        checks: &["this host's routes", "filter drivers of security software"],
        causes: &[Cause::TcpUnreachable],
        source: source::WINSOCK,
    },
];
