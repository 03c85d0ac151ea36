//! What given rules predict beside what was measured: what they disagree about first.

use super::assemble::Judged;
use super::wording::counted;
use crate::model::{RuleAgreement, RuleAnswer};
use crate::report_v1::{ExpectedFlow, Report};

/// The flows of which rules and measurement agree in the same way.
pub(super) struct AgreementGroup<'a> {
    pub(super) agreement: RuleAgreement,
    /// Each with its endpoint as `host:port`.
    pub(super) flows: Vec<(String, ExpectedFlow<'a>)>,
}

/// Those of a report; none where no rules were given.
pub(super) fn of_report<'a>(report: &'a Report<'a>) -> Vec<AgreementGroup<'a>> {
    grouped(report.endpoints.iter().flat_map(|endpoint| {
        endpoint.expected.iter().map(|flow| (endpoint.host_port(), flow.clone()))
    }))
}

/// Those of records and their verdicts.
pub(super) fn of_judged<'a>(judged: &[Judged<'a>]) -> Vec<AgreementGroup<'a>> {
    grouped(judged.iter().flat_map(|(record, verdict)| {
        verdict.expected.iter().map(|flow| (record.endpoint.host_port(), flow.into()))
    }))
}

fn grouped<'a>(flows: impl Iterator<Item = (String, ExpectedFlow<'a>)>) -> Vec<AgreementGroup<'a>> {
    let mut groups: Vec<_> = RuleAgreement::ALL
        .map(|agreement| AgreementGroup { agreement, flows: Vec::new() })
        .into_iter()
        .collect();
    for flow in flows {
        let is_same =
            |group: &&mut AgreementGroup<'_>| group.agreement.as_str() == flow.1.agreement;
        // A word of a later version is none that this one knows.
        let unknown = RuleAgreement::Unknown as usize;
        match groups.iter_mut().find(is_same) {
            Some(group) => group.flows.push(flow),
            None => groups[unknown].flows.push(flow),
        }
    }
    groups.retain(|group| !group.flows.is_empty());
    groups
}

/// What a group comes to, and what to do about it.
pub(super) const fn title(agreement: RuleAgreement) -> &'static str {
    match agreement {
        RuleAgreement::BlockedAlthoughAllowed => {
            "Blocked although allowed: look beyond these rules"
        }
        RuleAgreement::WorksAlthoughDenied => "Works although denied: another rule set is in force",
        RuleAgreement::Unknown => "Unknown",
        RuleAgreement::BlockedAsPredicted => "Blocked as predicted: these rules deny it",
        RuleAgreement::WorksAsPredicted => "Works as predicted",
    }
}

/// `1 flow blocked although allowed, 8 as predicted`.
pub(super) fn counts(groups: &[AgreementGroup<'_>]) -> String {
    let words = |agreement| match agreement {
        RuleAgreement::BlockedAlthoughAllowed => "blocked although allowed",
        RuleAgreement::WorksAlthoughDenied => "working although denied",
        RuleAgreement::Unknown => "unknown",
        RuleAgreement::BlockedAsPredicted => "blocked as predicted",
        RuleAgreement::WorksAsPredicted => "working as predicted",
    };
    let of_group = |group: &AgreementGroup<'_>| {
        format!("{} {}", counted(group.flows.len(), "flow"), words(group.agreement))
    };
    groups.iter().map(of_group).collect::<Vec<_>>().join(", ")
}

/// Where a flow goes.
pub(super) fn destination(flow: &ExpectedFlow<'_>) -> String {
    match flow.address {
        Some(address) => std::net::SocketAddr::new(address, flow.port).to_string(),
        None => format!("no address known, port {}", flow.port),
    }
}

/// Why rules and measurement cannot be compared, to stand behind the decision: `, for want of the
/// prefixes of a tag`.
pub(super) fn reason(flow: &ExpectedFlow<'_>) -> String {
    match &flow.missing {
        None => String::new(),
        Some(missing) if flow.decision == RuleAnswer::Unknown.as_str() => {
            format!(", for want of {missing}")
        }
        Some(why) => format!("; {why}"),
    }
}

/// `allow by relay of nsg`.
pub(super) fn decision(flow: &ExpectedFlow<'_>) -> String {
    let of_set = if flow.set.is_empty() { String::new() } else { format!(" of {}", flow.set) };
    format!("{} by {}{of_set}", flow.decision, flow.rule)
}
