//! What to do next, by who can do it.

use std::collections::HashMap;

use super::super::assemble::Judged;
use super::endpoint::place;
use super::gateway::Deployment;
use super::page::Page;
use crate::model::{Cause, Conclusion, Finding, Owner, Severity};

/// How many things to do are listed.
const SHOWN: usize = 12;
/// How many remedies of one cause are written out; the others differ by names and addresses.
const REMEDIES: usize = 2;
/// How many endpoints are named beside a remedy.
const NAMED: usize = 3;

pub(super) fn write(
    page: &mut Page,
    endpoints: &[Judged],
    deployments: &[Deployment],
    conclusion: &Conclusion,
) {
    let mut actions = Actions::default();
    // Failures first: their remedies are those that are written out. Where nothing could be asked
    // there is nothing to mend; what would help stands beside the endpoint.
    for severity in [Severity::Fail, Severity::Warn] {
        let is_due = |finding: &&Finding| finding.severity == severity;
        for finding in conclusion.findings.iter().filter(is_due) {
            actions.add(finding, None);
        }
        for (record, verdict) in endpoints {
            for finding in verdict.findings.iter().filter(is_due) {
                actions.add(finding, Some(&|| place(&record.endpoint)));
            }
        }
        for deployment in deployments {
            for failing in deployment.failing().filter(|failing| is_due(&failing.finding)) {
                actions.add(failing.finding, Some(&|| failing.place(deployment)));
            }
        }
    }
    // What keeps this host from asking anything is its administrator's to put right.
    let kept = conclusion.findings.iter().filter(|one| one.cause == Cause::VantageBroken);
    for finding in kept {
        actions.add(finding, None);
    }
    let owners = actions.by_owner();
    if owners.is_empty() {
        return;
    }
    page.heading("What to do next");
    let mut left = SHOWN;
    for (owner, actions) in owners {
        if left == 0 {
            break;
        }
        page.plain(title(owner));
        for action in actions.iter().take(left) {
            action.write(page);
        }
        left = left.saturating_sub(actions.len());
    }
    let n_hidden = actions.list.len().saturating_sub(SHOWN);
    if n_hidden > 0 {
        page.plain(&format!("... and {n_hidden} more (see --format json)"));
    }
}

const fn title(owner: Owner) -> &'static str {
    match owner {
        Owner::Dns => "DNS team",
        Owner::Firewall => "Firewall team",
        Owner::Proxy => "Proxy team",
        Owner::Host => "Administrator of this host",
        Owner::Azure => "Microsoft",
        Owner::DataPlatform => "Data platform team",
        Owner::Nobody => "Nobody",
    }
}

/// What one owner has to do about one cause.
struct Action<'a> {
    owner: Owner,
    cause: Cause,
    is_failure: bool,
    remedies: Vec<&'a str>,
    /// The first places whose remedy is not written out.
    likewise: Vec<String>,
    n_likewise: usize,
}

impl Action<'_> {
    fn write(&self, page: &mut Page) {
        for remedy in &self.remedies {
            page.bullet(remedy);
        }
        if self.n_likewise > 0 {
            let rest = self.n_likewise - self.likewise.len();
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            page.under_bullet(&format!("Likewise for {}{more}.", self.likewise.join(", ")));
        }
    }
}

#[derive(Default)]
struct Actions<'a> {
    list: Vec<Action<'a>>,
    index: HashMap<(Owner, Cause), usize>,
}

impl<'a> Actions<'a> {
    /// Takes in a finding; `place` names its endpoint, where it has one.
    fn add(&mut self, finding: &'a Finding, place: Option<&dyn Fn() -> String>) {
        if finding.owner == Owner::Nobody || finding.remedy.is_empty() {
            return;
        }
        let at = *self.index.entry((finding.owner, finding.cause)).or_insert(self.list.len());
        if at == self.list.len() {
            self.list.push(Action {
                owner: finding.owner,
                cause: finding.cause,
                is_failure: finding.severity == Severity::Fail,
                remedies: Vec::new(),
                likewise: Vec::new(),
                n_likewise: 0,
            });
        }
        let action = &mut self.list[at];
        if action.remedies.contains(&&*finding.remedy) {
            return;
        }
        if action.remedies.len() < REMEDIES {
            action.remedies.push(&finding.remedy);
            return;
        }
        let Some(place) = place else { return };
        action.n_likewise += 1;
        if action.likewise.len() < NAMED {
            action.likewise.push(place());
        }
    }

    /// Failures first, then in the contract's order of owners and causes.
    fn by_owner(&self) -> Vec<(Owner, Vec<&Action<'a>>)> {
        let mut owners: Vec<(Owner, Vec<&Action>)> = Owner::ALL
            .into_iter()
            .map(|owner| {
                let mut own: Vec<_> =
                    self.list.iter().filter(|action| action.owner == owner).collect();
                own.sort_by_key(|action| (!action.is_failure, action.cause));
                (owner, own)
            })
            .filter(|(_, own)| !own.is_empty())
            .collect();
        owners.sort_by_key(|(_, own)| !own.iter().any(|action| action.is_failure));
        owners
    }
}
