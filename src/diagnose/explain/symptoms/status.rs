//! Words of the portal, of Configuration Manager and of `dmgcmd` for the state of a runtime or a
//! node.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Status,
        texts: &["Limited", "Running (Limited)", "serviceBusConnected", "service bus connectivity"],
        meaning: "The node reaches the control plane but not Azure Relay (or its nodes do not \
                  reach each other, or credentials are not in sync): activities run, interactive \
                  authoring does not.",
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
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &[
            "Offline",
            "Unavailable",
            "could not find an available node",
            "no available node",
            "is offline, last connect time is",
            "None of the nodes is online",
        ],
        meaning: "No node sends its heartbeat: the service on the host is stopped, or its way to \
                  the control plane is blocked. Recreating the runtime fixes neither.",
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
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Inactive"],
        meaning: "This node, or this runtime's only node, no longer reports to the cloud. With \
                  several nodes the others carry on.",
        checks: &[
            "whether the host is up and DIAHostService runs",
            "pathproof check from that node: the control plane on TCP 443",
            "between the nodes of a runtime: TCP 8060 (pathproof check --peer NODE)",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::DnsTimeout],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Running", "Online", "Connected"],
        meaning: "The heartbeat arrives: the control plane is reached. It says nothing of the \
                  relay (test connection, data preview), of data stores, or of a key that belongs \
                  to another runtime.",
        checks: &[
            "where pipelines still fail: that the linked services name this runtime and not \
             another one",
            "where test connection fails: pathproof check --service-urls, the relay and its \
             gateways",
            "where one copy fails: the data store's own port (pathproof check --endpoint \
             tds://SERVER)",
        ],
        causes: &[],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Disconnected", "Connecting", "Not connected"],
        meaning: "Configuration Manager or dmgcmd -cgc shows that the service on this host has no \
                  connection to the cloud: most likely the firewall or the proxy's configuration.",
        checks: &[
            "pathproof check: the control plane and the relay on TCP 443",
            "the proxy in diahost.exe.config and diawp.exe.config (both): pathproof agent lint",
            "Event Viewer, Applications and Services Logs, Integration Runtime",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::RouteProxyRequired],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["NeedRegistration", "need registration", "is not registered", "not registered"],
        meaning: "The node holds no valid registration: it was never registered, or its \
                  authentication key was regenerated.",
        checks: &[
            "register it with the current key (dmgcmd -RegisterNewNode, or Configuration Manager)",
            "that the key is of the runtime your linked services name",
            "if registering fails: pathproof check --auth-key FILE",
        ],
        causes: &[],
        source: source::MONITOR,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Initializing", "Starting"],
        meaning: "The node is starting: it loads its configuration and opens its first \
                  connections.",
        checks: &[
            "wait a few minutes, then look at the state again",
            "the event log \"Integration Runtime\" where it stays so",
        ],
        causes: &[],
        source: source::MONITOR,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["InitializeFailed"],
        meaning: "The node started and could not be initialised: a component failed, or its first \
                  connections did.",
        checks: &[
            "the event log \"Integration Runtime\": the error in front of this state",
            "pathproof check: the control plane on TCP 443",
            "that the service's account may write to \
             %ProgramData%\\Microsoft\\DataTransfer\\DataManagementGateway",
        ],
        causes: &[Cause::TcpTimeout, Cause::TlsUntrusted],
        source: source::MONITOR,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Upgrading", "auto-update", "autoUpdate"],
        meaning: "The node downloads or installs a new version. Microsoft pushes one about every \
                  three months, in the window that the runtime's settings name; meanwhile the \
                  node takes no work.",
        checks: &[
            "wait for the end of the update window",
            "pathproof check: download.microsoft.com on TCP 443",
            "a second node, so that one can update while the other works",
        ],
        causes: &[Cause::TcpTimeout, Cause::HttpBlockPage],
        source: source::UPDATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["flapping", "intermittent"],
        meaning: "The node comes and goes: load on the host, an update window, or a path that \
                  drops idle connections.",
        checks: &[
            "pathproof watch --every 1m: does a name come and go at the same times?",
            "pathproof check --hold 5m: whether idle connections are dropped",
            "memory and processor of the host at those times, and the update window",
        ],
        causes: &[Cause::HoldIdleDropped, Cause::TcpSomeAddresses, Cause::DnsResolverDown],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &[
            "credentialInSync",
            "credential sync",
            "Failed to sync credential",
            "trying to sync the credentials across nodes",
        ],
        meaning: "The credentials stored on the nodes are not the same everywhere: the dispatcher \
                  could not hand them to the others.",
        checks: &[
            "between the nodes: TCP 8060 both ways (pathproof check --peer NODE)",
            "the relay, by which credentials are pushed: pathproof check --service-urls",
            "enter the credentials of the linked service again where a node took over without them",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpTimeout],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &[
            "Test connection",
            "data preview",
            "preview data fails",
            "test connection fails",
            "Running but connection tests fail",
            "interactive authoring",
            "Interactive authoring capability is not enabled",
        ],
        meaning: "Interactive authoring goes through the relay; scheduled work does not.",
        checks: &[
            "pathproof check --service-urls: the relay's names and gateways on TCP 443",
            "or enable self-contained interactive authoring (Get IP and Send log do not work with \
             it)",
        ],
        causes: &[
            Cause::TcpTimeout,
            Cause::TlsReset,
            Cause::PathPublicExpected,
            Cause::HttpUpgradeBlocked,
        ],
        source: source::CREATE,
    },
];
