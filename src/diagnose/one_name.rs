//! Names that a server refuses, fails on or keeps silent about, while it answers others in the same
//! run. The server is up then and serves this host, and only this name fails. That is known at the
//! end of a run only.

use std::collections::BTreeMap;

use super::advice;
use super::finding::destination;
use super::route;
use super::words::{duration, list, resolver_name};
use crate::model::{
    Cause, Certainty, Finding, Lookup, LookupOutcome, Owner, Record, Records, Resolver, Verdict,
    servers,
};

/// The names that a server answered in the run.
#[derive(Default)]
struct Answered<'a> {
    total: usize,
    /// The first [`NAMED`] of them.
    first: Vec<&'a Lookup>,
}

/// How many of the names that were answered a sentence holds.
const NAMED: usize = 3;

const ASK_ABOUT_REFUSAL: &str = "Ask whoever runs {resolvers} why it refuses {host} while it \
                                 answers for other names: a policy (RPZ, DNS firewall) or an \
                                 access list. The server itself is up and answers this host.";
const ASK_ABOUT_FAILURE: &str = "Ask whoever runs {resolvers} why it cannot resolve {host} while \
                                 it answers for other names: the forwarder of that zone, or \
                                 DNSSEC validation. The server itself is up and answers this host.";
const ASK_ABOUT_SILENCE: &str = "Ask whoever runs {resolvers} why it keeps silent about {host} \
                                 while it answers for other names: a policy that drops the \
                                 question, or its forwarder. The server itself is up and answers \
                                 this host.";

/// Whether the name of a record failed in a way that may concern this name alone, which the other
/// records show.
pub(super) fn takes_others(record: &Record) -> bool {
    route::is_resolved_here(record)
        && servers(&record.lookups).any(|lookup| cause_of(lookup.outcome()).is_some())
}

/// Completes the findings of names that a server does not answer with what it answered for
/// others.
pub(super) fn compare_with_others(records: &Records, verdicts: &mut [Verdict]) {
    let is_hit = |(record, verdict): (&Record, &Verdict)| {
        takes_others(record) && verdict.findings.iter().any(is_of_server)
    };
    if !records.records.iter().zip(&*verdicts).any(is_hit) {
        return;
    }
    let mut answered: BTreeMap<Resolver, Answered<'_>> = BTreeMap::new();
    for record in &records.records {
        for lookup in servers(&record.lookups).filter(|lookup| is_answer(lookup.outcome())) {
            let own = answered.entry(lookup.resolver).or_default();
            own.total += 1;
            if own.first.len() < NAMED {
                own.first.push(lookup);
            }
        }
    }
    for (record, verdict) in records.records.iter().zip(verdicts) {
        if !takes_others(record) {
            continue;
        }
        for finding in verdict.findings.iter_mut().filter(|finding| is_of_server(finding)) {
            refine(finding, record, &answered);
        }
    }
}

fn is_of_server(finding: &Finding) -> bool {
    matches!(finding.cause, Cause::DnsRefused | Cause::DnsServfail | Cause::DnsTimeout)
}

/// The cause of an outcome that may concern one name alone.
const fn cause_of(outcome: LookupOutcome) -> Option<Cause> {
    match outcome {
        LookupOutcome::Refused => Some(Cause::DnsRefused),
        LookupOutcome::ServFail => Some(Cause::DnsServfail),
        LookupOutcome::TimedOut => Some(Cause::DnsTimeout),
        _ => None,
    }
}

const fn is_answer(outcome: LookupOutcome) -> bool {
    matches!(outcome, LookupOutcome::Addresses | LookupOutcome::NxDomain | LookupOutcome::NoData)
}

/// Adds the comparison to a finding, if every server that failed with its cause answered other
/// names.
fn refine(finding: &mut Finding, record: &Record, answered: &BTreeMap<Resolver, Answered<'_>>) {
    let of_cause =
        servers(&record.lookups).filter(|lookup| cause_of(lookup.outcome()) == Some(finding.cause));
    let compared: Option<Vec<(&Lookup, &Answered<'_>)>> =
        of_cause.map(|lookup| Some((lookup, answered.get(&lookup.resolver)?))).collect();
    let Some(compared) = compared.filter(|all| !all.is_empty()) else { return };
    let servers = list(compared.iter().map(|(lookup, _)| resolver_name(lookup.resolver)), 3);
    let others = compared.iter().map(|(_, answered)| answered.total).min().unwrap_or_default();
    let name = &compared[0].0.name;
    let (does, template) = match finding.cause {
        Cause::DnsRefused => ("refuses", ASK_ABOUT_REFUSAL),
        Cause::DnsServfail => ("fails on", ASK_ABOUT_FAILURE),
        _ => ("keeps silent about", ASK_ABOUT_SILENCE),
    };
    let names = if others == 1 { "1 other name" } else { "other names" };
    let count = if others == 1 { String::new() } else { format!("{others} ") };
    finding.message =
        format!("{servers} {does} {}, and answered {count}{names}", record.endpoint.host_port());
    for (lookup, answered) in &compared {
        let good = answered
            .first
            .iter()
            .map(|other| format!("{} in {}", other.name, duration(other.took())));
        finding.evidence.push(format!(
            "{}: {name} {} after {}; it answered {}",
            resolver_name(lookup.resolver),
            outcome_words(finding.cause),
            duration(lookup.took()),
            list(good, NAMED)
        ));
    }
    // A server that answers other names is up, and can be reached.
    finding.rivals.retain(|rival| *rival != Cause::DnsResolverUnreachable);
    if finding.rivals.is_empty() {
        finding.certainty = Certainty::Proven;
    }
    finding.owner = Owner::Dns;
    // The actions are made from the advice, which must agree with the finding.
    finding.advice.template = template.into();
    finding.advice.destinations = vec![destination(&record.endpoint, None)];
    finding.advice.facts.retain(|(placeholder, _)| *placeholder != "resolvers");
    finding.advice.facts.push(("resolvers", servers));
    finding.remedy = advice::remedy(&finding.advice);
}

const fn outcome_words(cause: Cause) -> &'static str {
    match cause {
        Cause::DnsRefused => "REFUSED",
        Cause::DnsServfail => "SERVFAIL",
        _ => "no answer",
    }
}
