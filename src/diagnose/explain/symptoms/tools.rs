//! The output of the tools that people try first.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "TcpTestSucceeded : False",
            "TCP connect to",
            "PingReplyDetails (RTT)",
            "WARNING: TCP connect",
        ],
        meaning: "Test-NetConnection tried one address of one name by TCP. It does not say why: \
                  silence and a refusal look alike, and ping says nothing about port 443.",
        checks: &[
            "pathproof check --endpoint NAME: every address, the layer that fails, and whether a \
             proxy must be used",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::DnsNxdomain],
        source: source::TNC,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &["TcpTestSucceeded : True"],
        meaning: "Test-NetConnection opened a TCP connection to one address. A firewall that \
                  accepts for others and TLS inspection pass it too.",
        checks: &[
            "pathproof check --endpoint NAME: TLS, the certificate, and whether the service \
             itself answers",
        ],
        causes: &[Cause::TcpAnsweredByMiddlebox, Cause::TlsIntercepted, Cause::HttpBlockPage],
        source: source::TNC,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["dmgcmd", "dmgcmd.exe", "dmgcmd -cgc", "CheckGatewayConnected"],
        meaning: "The runtime's own command: -cgc says whether the node is connected, -k or \
                  -RegisterNewNode registers it, -Restart restarts the service, \
                  -EnableRemoteAccess opens TCP 8060, -SwitchServiceAccount changes the account.",
        checks: &[
            "dmgcmd -cgc on the node, as administrator",
            "where it says not connected: pathproof check, for which name and which layer",
        ],
        causes: &[],
        source: source::DMGCMD,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["telnet", "Could not open connection to the host, on port"],
        meaning: "telnet tried one TCP connection. It says nothing of TLS, of other addresses, or \
                  of a proxy.",
        checks: &["pathproof check --endpoint NAME:PORT"],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Get IP", "Send log"],
        meaning: "Both need the relay, and are not available with self-contained interactive \
                  authoring.",
        checks: &["pathproof check --service-urls: the relay and its gateways"],
        causes: &[],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["inbound port", "public IP", "inbound"],
        meaning: "The runtime needs no inbound port from the internet and no public address: it \
                  opens every connection itself, to TCP 443. Only the nodes of one runtime reach \
                  each other, by TCP 8060.",
        checks: &["allow outbound TCP 443; no rule for inbound traffic is needed"],
        causes: &[],
        source: source::CREATE,
    },
];
