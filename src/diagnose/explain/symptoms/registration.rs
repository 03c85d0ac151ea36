//! Texts about the registration of a node and its authentication key.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Sentence,
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
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["Failed to get service token"],
        meaning: "The node asked the control plane for a token and did not get one. The error \
                  code at the end of the sentence decides what it means: UnexpectedFault is a \
                  network fault, InvalidGatewayKey is the key.",
        checks: &[
            "the words after \"the error code is\": pathproof explain with them",
            "pathproof check --auth-key FILE: the control host that the key names",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::DnsNxdomain, Cause::TlsUntrusted],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Code,
        texts: &["UnexpectedFault", "Processed HTTP request failed"],
        meaning: "A request to the control plane failed on the way: the network, the proxy or \
                  TLS, not the key.",
        checks: &[
            "pathproof check --auth-key FILE, or --factory NAME --region REGION: the control \
             host, layer by layer",
            "the proxy in diahost.exe.config and diawp.exe.config (both)",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TcpRefused,
            Cause::DnsNxdomain,
            Cause::TlsUntrusted,
            Cause::TlsReset,
            Cause::ProxyAuthRequired,
            Cause::RouteProxyRequired,
        ],
        source: source::ISSUE478,
    },
    Symptom {
        rank: Rank::Code,
        texts: &[
            "InvalidGatewayKey",
            "The authentication key is invalid",
            "Authentication key is invalid",
        ],
        meaning: "The cloud was reached and refused the authentication key.",
        checks: &[
            "fetch the current key (az datafactory integration-runtime list-auth-key) and \
             register the node again",
            "that the key belongs to this runtime, factory and cloud",
        ],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &["Client IP address is not valid private ip", "not valid private ip"],
        meaning: "The factory takes connections by its private endpoint only, and the request \
                  came by the public way.",
        checks: &[
            "pathproof check --factory NAME --region REGION --private control: whether the name \
             resolves to the private endpoint here",
            "a proxy that carries the factory's name: put the name on its bypass list",
            "or allow public network access in the factory",
        ],
        causes: &[
            Cause::PathPrivateZoneNotLinked,
            Cause::PathPrivateEndpointAbsent,
            Cause::RoutePrivateViaProxy,
            Cause::DnsViewsDiffer,
        ],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Code,
        texts: &[
            "Authentication Key is not assigned yet",
            "Self-hosted integration runtime Authentication Key is missing",
        ],
        meaning: "The node has lost its registration: the node or the runtime was deleted, the \
                  program was removed with its data, or its file of configurations is gone.",
        checks: &[
            "whether the node still stands in the portal under Nodes",
            "%ProgramData%\\Microsoft\\DataTransfer\\DataManagementGateway: the file \
             Configurations",
            "register the node again with the current key; install the current version where an \
             old one refuses it",
        ],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &[
            "key rotation",
            "authentication key was regenerated",
            "regenerate-auth-key",
            "list-auth-key",
        ],
        meaning: "A regenerated key ends the old one at once: a node that still holds the old one \
                  goes offline when its session ends, and has to be registered again.",
        checks: &[
            "fetch the current key (az datafactory integration-runtime list-auth-key) and \
             register every node again with it",
            "plan the renewal of a key and the registration of all nodes as one change",
        ],
        causes: &[],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "Registration of new node is forbidden when Remote Access is disabled",
            "Remote Access is disabled",
            "Remote access settings are invalid",
        ],
        meaning: "A second node can join only where the first one allows access from the \
                  intranet, by TCP 8060.",
        checks: &[
            "on the first node: dmgcmd -EnableRemoteAccess 8060, or Configuration Manager, Remote \
             access from intranet",
            "from the new node: pathproof check --peer FIRSTNODE",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpTimeout],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "Cannot connect to the Integration Runtime Host Service",
            "Host Service. Please try again",
        ],
        meaning: "Configuration Manager cannot reach the service on this very host, or the \
                  service's account lacks rights since it was changed: no network is involved.",
        checks: &[
            "Get-Service DIAHostService: that it runs, and as which account",
            "that the account may write to \
             %ProgramData%\\Microsoft\\DataTransfer\\DataManagementGateway",
            "dmgcmd -SwitchServiceAccount, which grants what the account needs, instead of the \
             Services panel",
        ],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["UnauthorizedAccessException"],
        meaning: "Windows refuses an account a file, a folder or a key of the registry: no network \
                  is involved. Of the runtime's own folder it is the service's account that lacks \
                  rights since it was changed.",
        checks: &[
            "the path that the words name, and whether the account of the service may use it",
            "dmgcmd -SwitchServiceAccount, which grants what the account needs, instead of the \
             Services panel",
        ],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Failed to execute the command"],
        meaning: "A command failed, dmgcmd or another. The words that follow say why.",
        checks: &["the words that follow: pathproof explain with them"],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["Cannot find Register button", "register button"],
        meaning: "A node that was registered once keeps its registration: to move it to another \
                  runtime it has to be removed with its data and installed again.",
        checks: &[
            "remove the program without keeping its data, install it, register it with the other \
             key",
        ],
        causes: &[],
        source: source::GUIDE,
    },
];
