//! Symptoms: texts that people see when something is wrong.

use crate::model::Cause;

/// A text that people see, and what it means.
#[derive(Debug)]
pub struct Symptom {
    /// How much the text says about the reason.
    pub rank: Rank,
    /// The wordings of the text, the best known first. They match as whole words of one sentence,
    /// in any case; `…` stands for some words more, such as a name.
    pub texts: &'static [&'static str],
    /// What the text means, in a sentence or two.
    pub meaning: &'static str,
    /// What to check, in this order.
    pub checks: &'static [&'static str],
    /// The causes that lead to the text.
    pub causes: &'static [Cause],
    /// Where the text is documented.
    pub source: &'static str,
}

/// What stands in a wording for the words that differ.
pub(super) const GAP: char = '…';

/// How much a text says about the reason. Error messages wrap each other, so that the same sentence
/// stands before many reasons, and only the most specific part of a message decides what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A state, or the name of a part, which says nothing about the reason.
    Status,
    /// A sentence that stands before many reasons.
    Sentence,
    /// An error code that covers several reasons.
    Code,
    /// The reason itself.
    Reason,
}

/// Where the texts of symptoms are documented.
pub(super) mod source {
    pub(in super::super) const CREATE: &str = "Microsoft, create-self-hosted-integration-runtime";
    pub(in super::super) const GUIDE: &str =
        "Microsoft, self-hosted-integration-runtime-troubleshoot-guide";
    pub(in super::super) const MONITOR: &str = "Microsoft, monitor-integration-runtime";
    pub(in super::super) const UPDATE: &str =
        "Microsoft, self-hosted-integration-runtime-auto-update";
    pub(in super::super) const LOGS: &str =
        "Microsoft, how-to-configure-shir-for-log-analytics-collection";
    pub(in super::super) const WINSOCK: &str =
        "Microsoft, Windows Sockets error codes; WinHTTP error messages";
    pub(in super::super) const DOTNET: &str =
        ".NET Framework, System.Net resources (WebException, SocketException, SslStream)";
    pub(in super::super) const OFFLINE: &str =
        "Insight Crunch, self-hosted integration runtime offline";
    pub(in super::super) const SQL: &str =
        "Microsoft, troubleshoot-common-errors-issues (Azure SQL); connector-troubleshoot";
    pub(in super::super) const TNC: &str = "Microsoft, Test-NetConnection";
    pub(in super::super) const DMGCMD: &str =
        "Microsoft, create-self-hosted-integration-runtime (command line, dmgcmd)";
    pub(in super::super) const AZFW: &str = "Microsoft, Azure Firewall application rules";
    pub(in super::super) const SBGUIDE: &str = "Microsoft, service-bus-troubleshooting-guide";
    pub(in super::super) const PRIVLINK: &str = "Microsoft, data-factory-private-link";
    pub(in super::super) const NSLOOKUP: &str =
        "Microsoft, nslookup; Windows Sockets error codes; getaddrinfo(3)";
    pub(in super::super) const ISSUE478: &str = "github.com/Azure/Azure-DataFactory/issues/478";
    pub(in super::super) const ISSUE23145: &str =
        "github.com/MicrosoftDocs/azure-docs/issues/23145";
    pub(in super::super) const ISSUE30720: &str =
        "github.com/MicrosoftDocs/azure-docs/issues/30720 and 25489";
}

impl Symptom {
    /// The best-known wording.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.texts[0]
    }
}
