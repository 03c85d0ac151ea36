//! What to do next: one action for all findings that the same owner fixes in the same way, with
//! every destination.

use std::collections::{BTreeSet, HashMap};

use super::finding::severity_rank;
use super::{advice, explained};
use crate::model::{Action, Advice, Cause, Destination, Finding, Owner, Severity, Verdict};

/// Placeholders whose values split a group: remedies that differ in them are for other people, or
/// are done in another way.
const SPLITTING: [&str; 6] = ["from", "port", "proxy", "issuer", "zone", "networks"];

/// The actions for `verdicts` and the findings of the run. Owners who have a failure to fix come
/// first, and among them those who own a finding come before those who only have to help; the
/// contract's order decides the rest.
#[must_use]
pub fn actions(verdicts: &[Verdict], of_run: &[Finding]) -> Vec<Action> {
    let mut groups = RemedyGroups::default();
    for finding in of_run {
        groups.add(finding);
    }
    for finding in verdicts.iter().flat_map(|verdict| &verdict.findings) {
        // A finding of the run speaks for those of its endpoints.
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
    /// Whether it holds only what others than the owners of the findings have to do.
    is_further: bool,
    /// Empty where the remedy has no placeholders; `verbatim` holds it then.
    template: &'a str,
    verbatim: &'a str,
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
        verbatim: &'a str,
        is_further: bool,
    ) {
        let has_nothing_to_do = template.is_empty() && verbatim.is_empty();
        if owner == Owner::Nobody || has_nothing_to_do {
            return;
        }
        let of = |placeholder| {
            advice::has_placeholder(template, placeholder)
                .then(|| advice::fact(&finding.advice, placeholder))
                .flatten()
        };
        let (text, split) = if template.is_empty() {
            (verbatim, Vec::new())
        } else {
            (template, SPLITTING.into_iter().map(of).collect())
        };
        let index = *self.index.entry((owner, text, split)).or_insert(self.list.len());
        if index == self.list.len() {
            self.list.push(RemedyGroup {
                owner,
                severity: finding.severity,
                is_further,
                template,
                verbatim,
                causes: BTreeSet::new(),
                members: Vec::new(),
            });
        }
        let group = &mut self.list[index];
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
            ("", _) => self.verbatim.to_owned(),
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

    /// The format of a list that the owner's own tools can read.
    fn list_format(&self) -> Option<&'static str> {
        if self.causes.contains(&Cause::TlsIntercepted) && self.owner == Owner::Proxy {
            return Some("tls-exemptions");
        }
        let is_to_open = self.template.starts_with("Allow TCP");
        (self.owner == Owner::Firewall && is_to_open).then_some("csv")
    }
}
