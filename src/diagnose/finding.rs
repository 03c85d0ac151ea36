//! Drafts: what a layer says of a failure, before the catalogue and the endpoint complete it to a
//! finding.

use std::collections::HashSet;

use super::words::attempt;
use super::{advice, catalogue};
use crate::model::{
    Advice, Cause, Certainty, Destination, Endpoint, Finding, Host, Owner, Route, Severity,
    Subject, Trail,
};

/// A finding before its endpoint, owner and remedy are known.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) cause: Cause,
    certainty: Certainty,
    severity: Severity,
    message: String,
    evidence: Vec<String>,
    rivals: Vec<Cause>,
    owner: Option<Owner>,
    remedy: RemedyText,
    facts: Facts,
    /// The subject of the message, where that is not the address at which the failure was seen.
    subject: Option<String>,
    /// Where the remedy is to be applied.
    destinations: Vec<Destination>,
    further: Vec<(Owner, &'static str)>,
    explained_by: Option<Cause>,
}

/// Where the text of a remedy comes from.
#[derive(Debug)]
enum RemedyText {
    /// The template that the catalogue has for the cause.
    OfCause,
    /// A template that replaces the catalogue's.
    Template(&'static str),
    /// A text without placeholders that replaces the catalogue's.
    Verbatim(String),
}

/// The values for the placeholders of a remedy, by the placeholder's name.
#[derive(Debug, Default)]
pub(super) struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Keeps the value that was stated first.
    pub(super) fn state(&mut self, placeholder: &'static str, value: impl Into<String>) {
        if self.get(placeholder).is_none() {
            self.0.push((placeholder, value.into()));
        }
    }

    fn get(&self, placeholder: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == placeholder).map(|(_, value)| value.as_str())
    }
}

impl Draft {
    /// A draft with the cause's own severity and rivals, and the certainty `likely`.
    pub(super) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            certainty: Certainty::Likely,
            severity: cause.severity(),
            message: message.into(),
            evidence: Vec::new(),
            rivals: rivals_of(cause),
            owner: None,
            remedy: RemedyText::OfCause,
            facts: Facts::default(),
            subject: None,
            destinations: Vec::new(),
            further: catalogue::further(cause).to_vec(),
            explained_by: None,
        }
    }

    /// No other cause explains what was seen, so there are no rivals.
    pub(super) fn proven(self) -> Self {
        Self { certainty: Certainty::Proven, rivals: Vec::new(), ..self }
    }

    /// The cause explains what was seen better than its rivals do.
    pub(super) fn likely(self) -> Self {
        Self { certainty: Certainty::Likely, ..self }
    }

    /// The rivals explain what was seen as well as the cause does.
    pub(super) fn possible(self) -> Self {
        Self { certainty: Certainty::Possible, ..self }
    }

    pub(super) fn certainty(self, certainty: Certainty) -> Self {
        Self { certainty, ..self }
    }

    pub(super) fn severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    pub(super) fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(bounded(line.into()));
        self
    }

    pub(super) fn all_evidence(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines.into_iter().map(bounded));
        self
    }

    pub(super) fn rivals(self, rivals: &'static [Cause]) -> Self {
        Self { rivals: rivals.to_vec(), ..self }
    }

    pub(super) fn owner(self, owner: Owner) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// Whether the draft was given to `owner` in place of the cause's own.
    pub(super) fn is_of(&self, owner: Owner) -> bool {
        self.owner == Some(owner)
    }

    /// Takes over the certainty and the rivals of `finding`.
    pub(super) fn certainty_of(self, finding: &Finding) -> Self {
        Self { certainty: finding.certainty, rivals: finding.rivals.clone(), ..self }
    }

    /// Removes a rival that this run rules out.
    pub(super) fn without_rival(mut self, rival: Cause) -> Self {
        self.rivals.retain(|cause| *cause != rival);
        self
    }

    /// Replaces the catalogue's remedy by a text without placeholders.
    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: RemedyText::Verbatim(remedy.into()), ..self }
    }

    /// Replaces the catalogue's remedy by another template.
    pub(super) fn template(self, template: &'static str) -> Self {
        Self { remedy: RemedyText::Template(template), ..self }
    }

    /// Adds what another owner has to do.
    pub(super) fn further(mut self, owner: Owner, template: &'static str) -> Self {
        self.further.push((owner, template));
        self
    }

    /// Nobody but the finding's own owner has anything to do.
    pub(super) fn without_further(self) -> Self {
        Self { further: Vec::new(), ..self }
    }

    /// Marks the draft as a consequence of another finding, about which nothing is to be done on
    /// its own.
    pub(super) fn explained_by(self, cause: Cause) -> Self {
        let draft = self.remedy(format!("Nothing of its own: it follows from {cause}."));
        Self { explained_by: Some(cause), ..draft }
    }

    /// The destinations that were added so far.
    pub(super) fn all_destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// Marks the draft as a consequence of `cause`, for whoever fixes that.
    pub(super) fn follows_from(self, cause: Cause) -> Self {
        self.owner(catalogue::entry(cause).owner).explained_by(cause)
    }

    /// Whether the draft is marked as a consequence of another finding.
    pub(super) fn is_explained(&self) -> bool {
        self.explained_by.is_some()
    }

    /// Adds destinations that the remedy is about. A draft without any is about the endpoint by its
    /// name.
    pub(super) fn destinations(
        mut self,
        destinations: impl IntoIterator<Item = Destination>,
    ) -> Self {
        self.destinations.extend(destinations);
        self
    }

    pub(super) fn fact(mut self, placeholder: &'static str, value: impl Into<String>) -> Self {
        self.facts.state(placeholder, bounded(value.into()));
        self
    }

    /// Gives the same message and evidence another cause, with the severity, rivals and remedy of
    /// that cause.
    pub(super) fn recast(self, cause: Cause) -> Self {
        let rivals =
            if self.certainty == Certainty::Proven { Vec::new() } else { rivals_of(cause) };
        let further = catalogue::further(cause).to_vec();
        Self { cause, severity: cause.severity(), rivals, further, ..self }
    }

    /// Makes a warning of a failure that something else makes up for.
    pub(super) fn lowered(mut self) -> Self {
        if self.severity == Severity::Fail {
            self.severity = Severity::Warn;
        }
        self
    }

    /// Makes the proxy at `url` the subject of the message.
    pub(super) fn of_proxy(self, url: &str) -> Self {
        let subject = Some(format!("the proxy {url}"));
        Self { subject, ..self }.fact("proxy", url)
    }

    pub(super) fn is_of_proxy(&self) -> bool {
        self.subject.is_some()
    }

    /// Makes a sentence of the message: the proxy is its subject where the draft is about one, and
    /// `subject` otherwise.
    pub(super) fn prefix_subject(mut self, subject: &str) -> Self {
        let own = self.subject.take();
        self.message = format!("{} {}", own.as_deref().unwrap_or(subject), self.message);
        self
    }

    /// Prefixes every line of evidence with the address at which it was seen.
    pub(super) fn seen_at(mut self, address: impl std::fmt::Display) -> Self {
        for line in &mut self.evidence {
            *line = format!("{address}: {line}");
        }
        self
    }

    /// The same for an attempt that failed. The first line also has what a firewall's log is
    /// searched by: the local address and port, and the second of the attempt.
    pub(super) fn seen_in(self, trail: &Trail) -> Self {
        let first = self.evidence.first().map(|fact| format!("{}: {fact}", attempt(trail)));
        let mut draft = self.seen_at(trail.remote());
        draft.evidence.splice(..usize::from(first.is_some()), first);
        draft
    }

    /// Takes over the evidence of another draft of the same cause, and the lesser certainty of
    /// both.
    pub(super) fn join(&mut self, other: Self) {
        self.evidence.extend(other.evidence);
        self.destinations.extend(other.destinations);
        self.certainty = self.certainty.min(other.certainty);
        if self.rivals.is_empty() {
            self.rivals = other.rivals;
        }
    }

    pub(super) fn add_evidence(&mut self, line: String) {
        self.evidence.push(bounded(line));
    }

    pub(super) fn add_evidence_first(&mut self, line: String) {
        self.evidence.insert(0, bounded(line));
    }

    pub(super) fn set_message(&mut self, message: String) {
        self.message = message;
    }

    pub(super) fn rule_out(&mut self, rival: Cause) {
        self.rivals.retain(|cause| *cause != rival);
    }

    /// Whether the finding would fail a required endpoint.
    pub(super) fn is_failure(&self) -> bool {
        self.severity == Severity::Fail
    }

    pub(super) fn is_warning(&self) -> bool {
        self.severity == Severity::Warn
    }

    pub(super) fn has_rival(&self, rival: Cause) -> bool {
        self.rivals.contains(&rival)
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn into_run_finding(self) -> Finding {
        self.finish()
    }

    /// Completes the draft for `endpoint`. An endpoint that is not required makes at most a
    /// warning.
    pub(super) fn into_finding(mut self, endpoint: &Endpoint) -> Finding {
        if !endpoint.required && self.severity == Severity::Fail {
            self.severity = Severity::Warn;
        }
        self.facts.state("host", endpoint.subject.to_string());
        self.facts.state("port", endpoint.port.to_string());
        self.facts.state("endpoint", endpoint.host_port());
        if self.destinations.is_empty() {
            self.destinations.push(destination(endpoint, None));
        }
        if let Some(zone) = zone_for(endpoint) {
            self.facts.state("zone", zone);
        }
        self.finish()
    }

    fn finish(mut self) -> Finding {
        let entry = catalogue::entry(self.cause);
        // Several lookups, addresses or endpoints may show the same, which is said once.
        let mut said = HashSet::new();
        self.evidence.retain(|line| said.insert(line.clone()));
        self.destinations.sort();
        self.destinations.dedup();
        let template = match &self.remedy {
            RemedyText::OfCause => entry.remedy,
            RemedyText::Template(template) => template,
            RemedyText::Verbatim(_) => "",
        };
        let advice = Advice {
            template: template.into(),
            facts: self.facts.0,
            destinations: self.destinations,
            further: self.further,
        };
        let remedy = match self.remedy {
            RemedyText::OfCause | RemedyText::Template(_) => advice::remedy(&advice),
            RemedyText::Verbatim(words) => words,
        };
        Finding {
            cause: self.cause,
            severity: self.severity,
            certainty: self.certainty,
            message: bounded(self.message),
            evidence: self.evidence,
            rivals: self.rivals,
            owner: self.owner.unwrap_or(entry.owner),
            remedy: bounded(remedy),
            explained_by: self.explained_by,
            advice,
        }
    }
}

fn rivals_of(cause: Cause) -> Vec<Cause> {
    catalogue::entry(cause).rivals.to_vec()
}

/// Cuts what foreign hosts say (a header, a certificate's subject), which can be of any length.
fn bounded(mut text: String) -> String {
    const LONGEST: usize = 600;
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// Joins the drafts of one cause, as several resolvers or addresses give it: the message is that
/// of the first, and the evidence of all is kept.
pub(super) fn settle(all: impl IntoIterator<Item = Draft>) -> Vec<Draft> {
    let mut settled: Vec<Draft> = Vec::new();
    for draft in all {
        match settled.iter_mut().find(|known| known.cause == draft.cause) {
            Some(known) => known.join(draft),
            None => settled.push(draft),
        }
    }
    settled
}

/// Sorts findings as the contract demands: fail before warn before unknown, then by layer. Before
/// all stands that nothing runs which could use the network.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| {
        let is_first = finding.cause == Cause::RuntimeServiceStopped;
        (!is_first, severity_rank(finding.severity), finding.cause)
    });
}

pub(super) const fn severity_rank(severity: Severity) -> u8 {
    match severity {
        Severity::Fail => 0,
        Severity::Warn => 1,
        Severity::Unknown => 2,
    }
}

/// The endpoint as the destination of a remedy, at `address` where that is given.
pub(super) fn destination(endpoint: &Endpoint, address: Option<std::net::IpAddr>) -> Destination {
    let literal = match &endpoint.subject {
        Subject::Host(Host::Address(address)) => Some(*address),
        Subject::Host(Host::Name(_)) | Subject::Pattern(_) => None,
    };
    Destination {
        name: endpoint.subject.to_string(),
        address: address.or(literal),
        port: endpoint.port,
        protocol: "tcp",
    }
}

/// The endpoint at the address that `trail` reached it at. A proxy alone knows that address where
/// it stands on the way.
pub(super) fn reached(endpoint: &Endpoint, trail: &Trail) -> Option<Destination> {
    let address = trail.remote().ip();
    (*trail.route() == Route::Direct).then(|| destination(endpoint, Some(address)))
}

/// The privatelink zone that covers the endpoint's name, or else all zones of its service.
fn zone_for(endpoint: &Endpoint) -> Option<String> {
    let zones = &endpoint.expect.private_zones;
    let name = endpoint.subject.host().and_then(crate::model::Host::name);
    let covers = |zone: &&String| {
        let public = zone.strip_prefix("privatelink.").unwrap_or(zone);
        name.is_some_and(|name| name.is_within(public))
    };
    match zones.iter().find(covers) {
        Some(zone) => Some(zone.clone()),
        None => (!zones.is_empty()).then(|| zones.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_cut_between_characters() {
        let draft = Draft::new(Cause::TcpTimeout, "ö".repeat(1000)).evidence("ü".repeat(1000));
        let finding = draft.into_run_finding();
        assert_eq!(finding.message.chars().count(), 301);
        assert!(finding.evidence[0].ends_with("ü…"));
    }

    #[test]
    fn drafts_of_one_cause_keep_all_evidence_and_the_lesser_certainty() {
        let drafts = settle([
            Draft::new(Cause::TcpTimeout, "a").proven().evidence("1"),
            Draft::new(Cause::TcpTimeout, "b").possible().evidence("2"),
            Draft::new(Cause::TcpRefused, "c"),
        ]);
        assert_eq!(drafts.len(), 2);
        assert_eq!(drafts[0].message, "a");
        assert_eq!(drafts[0].evidence, ["1", "2"]);
        assert_eq!(drafts[0].certainty, Certainty::Possible);
    }
}
