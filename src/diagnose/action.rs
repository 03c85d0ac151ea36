//! What to do next: one action for each owner and group of remedy, with every destination.

use std::collections::{BTreeSet, HashMap};

use super::finding::severity_rank;
use super::{advice, explained};
use crate::model::{Action, Advice, Cause, Destination, Finding, Owner, Severity, Verdict};

/// Places that split a group of remedy: what differs in them is to be done by other people, or in
/// another way.
const SPLITTING: [&str; 6] = ["from", "port", "proxy", "issuer", "zone", "networks"];

/// What is to be done about `verdicts` and the findings of the run, for owners in the contract's
/// order: first those who have a failure to see to, and of them first the owners of what was found:
/// what others have to do besides follows.
#[must_use]
pub fn actions(verdicts: &[Verdict], of_run: &[Finding]) -> Vec<Action> {
    let mut groups = RemedyGroups::default();
    for finding in of_run {
        groups.add(finding);
    }
    for finding in verdicts.iter().flat_map(|verdict| &verdict.findings) {
        // What the run's finding says is not said again of each endpoint.
        if !of_run.iter().any(|one| explained::says(one, finding)) {
            groups.add(finding);
        }
    }
    let mut actions: Vec<(bool, Action)> =
        groups.list.into_iter().map(|group| (group.is_further, group.action())).collect();
    let first_of = |owner| {
        let own = actions.iter().filter(|(_, action)| action.owner == owner);
        own.map(|(is_further, action)| (severity_rank(action.severity), *is_further)).min()
    };
    let urgency: HashMap<Owner, Option<(u8, bool)>> =
        Owner::ALL.into_iter().map(|owner| (owner, first_of(owner))).collect();
    actions.sort_by(|(_, left), (_, right)| {
        let key = |action: &Action| {
            (
                urgency[&action.owner],
                action.owner,
                severity_rank(action.severity),
                action.causes.first().copied(),
            )
        };
        key(left).cmp(&key(right)).then_with(|| left.text.cmp(&right.text))
    });
    actions.into_iter().map(|(_, action)| action).collect()
}

/// Findings that one owner fixes in one way.
struct RemedyGroup<'a> {
    owner: Owner,
    severity: Severity,
    /// It is what others than the findings' owner have to do.
    is_further: bool,
    /// Empty where the remedy holds word for word.
    template: &'a str,
    words: &'a str,
    causes: BTreeSet<Cause>,
    members: Vec<&'a Advice>,
}

#[derive(Default)]
struct RemedyGroups<'a> {
    list: Vec<RemedyGroup<'a>>,
    index: HashMap<(Owner, &'a str, Vec<Option<&'a str>>), usize>,
}

impl<'a> RemedyGroups<'a> {
    fn add(&mut self, finding: &'a Finding) {
        if finding.explained_by.is_some() {
            return;
        }
        self.add_one(finding, finding.owner, &finding.advice.template, &finding.remedy, false);
        for (owner, template) in &finding.advice.further {
            self.add_one(finding, *owner, template, "", true);
        }
    }

    fn add_one(
        &mut self,
        finding: &'a Finding,
        owner: Owner,
        template: &'a str,
        words: &'a str,
        is_further: bool,
    ) {
        let is_nothing = template.is_empty() && words.is_empty();
        if owner == Owner::Nobody || is_nothing {
            return;
        }
        let of = |placeholder| {
            advice::names(template, placeholder)
                .then(|| advice::fact(&finding.advice, placeholder))
                .flatten()
        };
        let (text, split) = if template.is_empty() {
            (words, Vec::new())
        } else {
            (template, SPLITTING.into_iter().map(of).collect())
        };
        let at = *self.index.entry((owner, text, split)).or_insert(self.list.len());
        if at == self.list.len() {
            self.list.push(RemedyGroup {
                owner,
                severity: finding.severity,
                is_further,
                template,
                words,
                causes: BTreeSet::new(),
                members: Vec::new(),
            });
        }
        let group = &mut self.list[at];
        if severity_rank(finding.severity) < severity_rank(group.severity) {
            group.severity = finding.severity;
        }
        group.is_further &= is_further;
        group.causes.insert(finding.cause);
        group.members.push(&finding.advice);
    }
}

impl RemedyGroup<'_> {
    fn action(self) -> Action {
        let all: BTreeSet<&Destination> =
            self.members.iter().flat_map(|advice| &advice.destinations).collect();
        let text = match (self.template, &*self.members) {
            ("", _) => self.words.to_owned(),
            (template, members) => advice::common(template, members, &all),
        };
        let is_about_destinations = advice::is_about_destinations(self.template);
        Action {
            owner: self.owner,
            severity: self.severity,
            list_format: self.list_format(),
            text,
            causes: self.causes.into_iter().collect(),
            destinations: all.into_iter().cloned().collect(),
            is_about_destinations,
        }
    }

    /// What the owner's own tools read: rules of addresses, or a list of names.
    fn list_format(&self) -> Option<&'static str> {
        if self.causes.contains(&Cause::TlsIntercepted) && self.owner == Owner::Proxy {
            return Some("tls-exemptions");
        }
        let is_to_open = self.template.starts_with("Allow TCP");
        (self.owner == Owner::Firewall && is_to_open).then_some("csv")
    }
}
