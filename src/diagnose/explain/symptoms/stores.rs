//! Texts about the data stores that the runtime copies from and to.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "A network-related or instance-specific error occurred while establishing a connection to SQL Server",
            "Cannot connect to SQL Server",
            "SqlFailedToConnect",
            "error: 40 - Could not open a connection to SQL Server",
            "error: 26 - Error Locating Server/Instance Specified",
            "provider: TCP Provider",
        ],
        meaning: "SQL Server was not reached from this node: the data store's way, not the \
                  runtime's. The runtime itself may well be online.",
        checks: &[
            "pathproof check --endpoint tds://SERVER: DNS, TCP 1433 and SQL Server's own answer",
            "for Azure SQL also TCP 11000 to 11999 where connections are redirected",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::DnsNxdomain, Cause::TdsNoAnswer],
        source: source::SQL,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &["1433", "11000-11999"],
        meaning: "SQL Server's port. Azure SQL answers there and, inside Azure, redirects clients \
                  to ports 11000 to 11999.",
        checks: &[
            "pathproof check --endpoint tds://SERVER",
            "staged copy, which needs TCP 443 only, where 1433 stays closed",
        ],
        causes: &[Cause::TcpTimeout, Cause::TcpRefused, Cause::TdsNoAnswer],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &["40615", "is not allowed to access the server", "40613", "40914"],
        meaning: "Azure SQL was reached, and its own firewall or network rules refuse this host's \
                  address: no firewall of yours is in the way.",
        checks: &[
            "the server's networking settings: add the public address of this network or the \
             subnet, or use a private endpoint",
            "40613: the database is not available at the moment; try again",
        ],
        causes: &[],
        source: source::SQL,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["SqlErrorNumber"],
        meaning: "SQL Server's own error number follows. Where it answered with one of a query or \
                  a sign-in, the network is good.",
        checks: &["the number: pathproof explain \"SqlErrorNumber=NUMBER\""],
        causes: &[],
        source: source::SQL,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &["Login failed for user", "18456"],
        meaning: "SQL Server was reached and refused the sign-in: no network is involved.",
        checks: &["user, password and database of the linked service"],
        causes: &[],
        source: source::SQL,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["staged copy", "staging"],
        meaning: "A copy by way of Blob storage: it needs TCP 443 to the storage account, and no \
                  other port.",
        checks: &["pathproof check --endpoint ACCOUNT.blob.core.windows.net"],
        causes: &[Cause::TcpTimeout, Cause::DnsNxdomain],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["key vault", "vault.azure.net"],
        meaning: "Secrets of linked services are fetched by the node itself: it needs the vault's \
                  name on TCP 443 and the sign-in host.",
        checks: &[
            "pathproof check --with key-vault --set vault=NAME",
            "pathproof check --with login",
        ],
        causes: &[Cause::TcpTimeout, Cause::DnsNxdomain, Cause::PathPrivateZoneNotLinked],
        source: source::CREATE,
    },
];
