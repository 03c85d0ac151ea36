//! Texts about the nodes of one runtime and the connections between them.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "8060",
            "8050",
            "ExternalService.svc",
            "Cannot connect to worker manager",
            "WorkerManager",
            "HostServiceRemote.svc",
        ],
        meaning: "The port on which the nodes of one runtime talk to each other; not one of the \
                  cloud's.",
        checks: &[
            "pathproof check --peer NODE, from each node to each other",
            "that remote access from intranet is enabled on the nodes",
            "that each node resolves the others' names",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpTimeout, Cause::DnsNxdomain],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "Unable to connect to other Integration Runtime",
            "unable to connect to other intergration Runtime",
            "Failed to pull shared states from primary node",
            "EndpointNotFoundException",
        ],
        meaning: "One node does not reach another one by TCP 8060, so that this node is inactive \
                  or limited. The cloud is not involved.",
        checks: &[
            "pathproof check --peer NODE, from each node to each other",
            "put all nodes into one domain, or their addresses into each hosts file",
            "the certificate chosen for remote access, and whether the other nodes trust it",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpTimeout, Cause::DnsNxdomain],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "is deleted from current Integration Runtime node with payload",
            "credential is deleted from current Integration Runtime node",
        ],
        meaning: "Another node took over as dispatcher, and the credentials had not been copied \
                  to it.",
        checks: &[
            "enter the credentials of the linked service again",
            "between the nodes: TCP 8060 both ways (pathproof check --peer NODE)",
        ],
        causes: &[Cause::TcpRefused, Cause::TcpTimeout],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &[
            "high availability",
            "single node",
            "at most 4 nodes",
            "isActiveDispatcher",
            "dispatcher node",
        ],
        meaning: "A runtime has one to four nodes; one of them dispatches, all of them work. With \
                  a single node every restart and every update is an outage.",
        checks: &[
            "add a second node with the same authentication key, of the same version",
            "between the nodes: TCP 8060 both ways",
        ],
        causes: &[],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["version mismatch", "nodes differ in version", "version skew"],
        meaning: "The nodes of the runtime run different versions: an update has failed on some, \
                  or is under way.",
        checks: &[
            "the version of each node in the portal under Nodes",
            "that each node reaches download.microsoft.com (pathproof check)",
            "install the same version by hand where auto-update is off",
        ],
        causes: &[],
        source: source::UPDATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &[
            "version expired",
            "versionStatus",
            "expiryTime",
            "The version is expired",
            "expired version",
        ],
        meaning: "A version of the runtime works for about a year; after that the runtime goes \
                  offline whatever the network does. The portal warns 90 days before.",
        checks: &[
            "install the current version (download page id 39717), or switch auto-update on",
            "pathproof check: download.microsoft.com on TCP 443",
        ],
        causes: &[],
        source: source::UPDATE,
    },
];
