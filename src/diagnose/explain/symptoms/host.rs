//! Texts about the host and its service rather than the network.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Status,
        texts: &[
            "DIAHostService",
            "Integration Runtime Service",
            "service stopped",
            "service is not running",
            "Service has stopped",
        ],
        meaning: "The runtime's Windows service. Where it does not run, no network can bring the \
                  runtime online.",
        checks: &[
            "Get-Service DIAHostService: Status Running, StartType Automatic",
            "Start-Service DIAHostService, then the event log \"Integration Runtime\" where it \
             stops again",
            "Set-Service DIAHostService -StartupType Automatic, so that a restart of the host \
             does not leave it stopped",
        ],
        causes: &[],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "failed to start. Verify that you have sufficient privileges",
            "DIAHostService) failed to start",
            "Error 1920",
            "Log on as a service",
            "1069",
            "The service did not start due to a logon failure",
        ],
        meaning: "The account of the service lacks the right to log on as a service, or its \
                  password has changed.",
        checks: &[
            "Local Security Policy, User Rights Assignment, Log on as a service: NT \
             SERVICE\\DIAHostService must be there, also after group policy",
            "dmgcmd -SwitchServiceAccount where it runs as a domain account",
        ],
        causes: &[],
        source: source::ISSUE23145,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "Could not load file or assembly",
            "TypeInitializationException",
            "TypeLoadException",
        ],
        meaning: "A library of the runtime or of a driver is missing: no network is involved.",
        checks: &[
            "repair or reinstall the runtime",
            "the folder Gateway of its installation, beside Shared",
        ],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["event log", "Event Viewer", "Connectors - Integration Runtime"],
        meaning: "The runtime writes to the logs \"Integration Runtime\" and \"Connectors - \
                  Integration Runtime\" under Applications and Services Logs; the newest error \
                  before an outage says more than the portal.",
        checks: &[
            "Get-WinEvent -LogName 'Connectors - Integration Runtime' -MaxEvents 20",
            "pathproof explain with the words of the newest error",
        ],
        causes: &[],
        source: source::LOGS,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["FIPS", "FIPS-compliant encryption", "FipsAlgorithmPolicy"],
        meaning: "With FIPS mode on in Windows tasks of the runtime may fail.",
        checks: &["keep secrets in Azure Key Vault, or set \
             HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa\\FIPSAlgorithmPolicy\\Enabled to 0"],
        causes: &[],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["hibernate", "hibernation", "sleep", "power plan"],
        meaning: "A host that sleeps sends no heartbeat: the runtime goes offline until it wakes.",
        checks: &[
            "powercfg /a and the power plan: no sleep and no hibernation on a host of the runtime",
        ],
        causes: &[],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["Power BI gateway", "On-premises data gateway"],
        meaning: "Microsoft advises against the Power BI gateway and the runtime on one host: \
                  both use port 443 heavily and the same parts.",
        checks: &["move one of the two to another host"],
        causes: &[],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["clock", "time skew", "w32tm"],
        meaning: "A clock that is minutes off breaks certificates and tokens, with errors that \
                  look like the network's.",
        checks: &[
            "w32tm /query /status",
            "pathproof check: host_clock_skew compares it with what the services answer",
        ],
        causes: &[Cause::HostClockSkew, Cause::TlsNotYetValid, Cause::TlsExpired],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["NTLM", "Negotiate", "Kerberos", "useDefaultCredentials"],
        meaning: "A proxy that signs people in by Windows: the service's own account must be able \
                  to, and NT SERVICE\\DIAHostService cannot as a rule.",
        checks: &[
            "run the service under a domain account (dmgcmd -SwitchServiceAccount), or exempt \
             Azure's names from authentication",
            "pathproof check by that account: a sign-in of a person proves nothing for the service",
        ],
        causes: &[Cause::ProxyAuthRequired, Cause::ProxyAuthRejected],
        source: source::CREATE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["disk full", "There is not enough space on the disk", "not enough disk space"],
        meaning: "The host has no space left: installation, updates and logs of the runtime fail.",
        checks: &["Get-PSDrive: free space on the drive of the runtime and of %ProgramData%"],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "OutOfMemoryException",
            "0xc0000017",
            "not enough storage is available to process this command",
        ],
        meaning: "The host is out of memory under the load of copies: the service is ended, and \
                  comes back.",
        checks: &["memory of the host while copies run; fewer concurrent jobs, or a second node"],
        causes: &[],
        source: source::OFFLINE,
    },
    Symptom {
        rank: Rank::Status,
        texts: &["concurrent jobs limit", "updating forever"],
        meaning: "The limit of concurrent jobs follows from cores and memory of the node; a \
                  larger number is not taken.",
        checks: &["a smaller number, or another node"],
        causes: &[],
        source: source::GUIDE,
    },
];
