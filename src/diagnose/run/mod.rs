//! Findings of the run as a whole, which say once what many endpoints have in common.

mod alike;
mod judged;
mod proxy;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use super::case::has_no_way_out;
use super::finding::{Draft, sort};
use super::words::{endpoints_that, list, lookup_evidence, own_addresses, resolver_name, sources};
use super::{absent, clock, contradiction, dns, host_runtime, interception, reported, route, tcp};
use crate::model::{
    Cause, Finding, LookupOutcome, Owner, Record, Records, Resolver, Route, Severity, Status,
    Trail, Verdict, servers,
};
use judged::{JudgedRecord, SEVERAL, destinations_of, direct_trails};

/// A further remedy where nothing leaves directly: perhaps a proxy is needed.
const CONFIGURE_PROXY: &str = "If this network is left by a proxy only, configure that proxy in the \
                               runtime. To see that it works, check again with --alternate-proxy \
                               URL.";

pub(super) fn findings(records: &Records, verdicts: &[Verdict]) -> Vec<Finding> {
    let judged: Vec<JudgedRecord<'_>> = records.records.iter().zip(verdicts).collect();
    let mut drafts = resolvers_down(records);
    drafts.extend(middlebox(records, verdicts));
    drafts.extend(no_resolver_answers(records, &judged));
    drafts.extend(ways::misrouted(records, &judged));
    drafts.extend(nothing_connects(records, &judged));
    drafts.extend(host_could_not_ask(records, &judged));
    drafts.extend(interception::of_run(&judged));
    drafts.extend(contradiction::of_run(records, &judged));
    drafts.extend(host_runtime::of_run(records));
    drafts.extend(reported::of_run(records));
    drafts.extend(absent::of_run(records, verdicts));
    drafts.extend(clock::skew(records));
    drafts.extend(proxy::findings(&judged, &own_addresses(&records.run)));
    drafts.extend(files_differ(records));
    let mut findings: Vec<Finding> = drafts.into_iter().map(Draft::into_run_finding).collect();
    sort(&mut findings);
    findings
}

/// How one resolver did with the names that at least one resolver had a statement for.
#[derive(Default)]
struct ResolverTally {
    asked: usize,
    silent: usize,
    useless: usize,
    example: String,
}

fn resolvers_down(records: &Records) -> Vec<Draft> {
    let mut tallies: BTreeMap<Resolver, ResolverTally> = BTreeMap::new();
    for record in asked_here(records).filter(|record| record.lookups.len() > 1) {
        let outcomes = || servers(&record.lookups).map(crate::model::Lookup::outcome);
        if !outcomes().any(is_statement) {
            continue;
        }
        for lookup in servers(&record.lookups) {
            let tally = tallies.entry(lookup.resolver).or_default();
            tally.asked += 1;
            match lookup.outcome() {
                LookupOutcome::TimedOut
                | LookupOutcome::Unreachable
                | LookupOutcome::SystemError => tally.silent += 1,
                LookupOutcome::ServFail
                | LookupOutcome::Refused
                | LookupOutcome::OtherCode(_)
                | LookupOutcome::TcpBlocked
                | LookupOutcome::Malformed => tally.useless += 1,
                LookupOutcome::Addresses
                | LookupOutcome::NxDomain
                | LookupOutcome::NoData
                | LookupOutcome::Loop
                | LookupOutcome::NotAsked => continue,
            }
            if tally.example.is_empty() {
                tally.example = format!("{}: {}", lookup.name, lookup_evidence(lookup));
            }
        }
    }
    let is_down = |tally: &ResolverTally| tally.silent + tally.useless > 0;
    let down = tallies.into_iter().filter(|(_, tally)| is_down(tally));
    down.map(|(resolver, tally)| resolver_down(resolver, &tally)).collect()
}

/// The records whose names the local name servers decide about.
fn asked_here(records: &Records) -> impl Iterator<Item = &Record> {
    records.records.iter().filter(|record| route::is_resolved_here(record))
}

const fn is_statement(outcome: LookupOutcome) -> bool {
    matches!(
        outcome,
        LookupOutcome::Addresses
            | LookupOutcome::NxDomain
            | LookupOutcome::NoData
            | LookupOutcome::Loop
    )
}

fn resolver_down(resolver: Resolver, tally: &ResolverTally) -> Draft {
    let name = resolver_name(resolver);
    let bad = tally.silent + tally.useless;
    let what = if tally.useless == 0 {
        "does not answer"
    } else if tally.silent == 0 {
        "gives no usable answer"
    } else {
        "does not answer, or gives no usable answer,"
    };
    let draft = Draft::new(
        Cause::DnsResolverDown,
        format!("name server {name} {what} for {bad} of {} names that others answer", tally.asked),
    )
    .evidence(tally.example.clone())
    .fact("resolvers", name);
    let draft = if tally.useless == 0 { draft.destinations(dns::flows(resolver)) } else { draft };
    if bad == tally.asked && tally.useless == 0 { draft.proven() } else { draft }
}

fn middlebox(records: &Records, verdicts: &[Verdict]) -> Option<Draft> {
    let control = records.run.control.as_ref().filter(|control| control.is_connected())?;
    let suffers = |verdict: &&Verdict| {
        verdict.findings.iter().any(|finding| finding.cause == Cause::TcpAnsweredByMiddlebox)
    };
    let hit: Vec<&Verdict> = verdicts.iter().filter(suffers).collect();
    let is_fail = hit.iter().any(|verdict| verdict.status == Status::Fail);
    let severity = if is_fail { Severity::Fail } else { Severity::Warn };
    let draft = Draft::new(
        Cause::TcpAnsweredByMiddlebox,
        format!(
            "a middlebox accepts every connection: {} answered too, where nothing can",
            control.remote()
        ),
    )
    .proven()
    .severity(severity)
    .fact("from", own_addresses(&records.run));
    if hit.is_empty() {
        // No endpoint fails because of it, so nobody has to do anything.
        return Some(draft.owner(Owner::Nobody).remedy(
            "Nothing needs to be done while everything passes. Here an accepted connection proves \
             nothing: trust only what answers.",
        ));
    }
    let to = hit.iter().flat_map(|verdict| destinations_of(verdict, Cause::TcpAnsweredByMiddlebox));
    let draft = draft.evidence(endpoints_that(
        hit.len(),
        "fails after the connect",
        "fail after the connect",
    ));
    Some(draft.destinations(to).template(
        "Ask whoever runs the firewall or transparent proxy in front of {from} what it does with \
         {destinations}: it accepts the connections, and blocks afterwards.",
    ))
}

/// "No resolver answers": every name fails because no name server answers.
fn no_resolver_answers(records: &Records, judged: &[JudgedRecord<'_>]) -> Option<Draft> {
    let mut names = 0;
    let mut causes = BTreeSet::new();
    let mut to = Vec::new();
    let mut is_any_failing = false;
    let is_asked = |record: &Record| !record.lookups.is_empty() && route::is_resolved_here(record);
    for (record, verdict) in judged.iter().filter(|(record, _)| is_asked(record)) {
        let silent = verdict.findings.iter().find(|finding| {
            matches!(finding.cause, Cause::DnsTimeout | Cause::DnsResolverUnreachable)
        })?;
        names += 1;
        causes.insert(silent.cause);
        to.extend(silent.advice.destinations.iter().cloned());
        is_any_failing |= record.endpoint.required;
    }
    if names < SEVERAL {
        return None;
    }
    // Where some names met silence and others an ICMP error, the finding is that of the silence.
    let cause = causes.first().copied()?;
    let resolvers = list(
        records.run.vantage.resolvers.iter().map(|server| resolver_name(Resolver::Server(*server))),
        4,
    );
    let resolvers = if resolvers.is_empty() { "the name servers".to_owned() } else { resolvers };
    Some(
        Draft::new(cause, format!("no resolver answers: none of {names} names could be resolved"))
            .severity(if is_any_failing { Severity::Fail } else { Severity::Warn })
            .evidence(format!("asked: {resolvers}"))
            .fact("resolvers", resolvers)
            .fact("from", own_addresses(&records.run))
            .destinations(to),
    )
}

/// "All direct traffic is blocked": no endpoint accepts a connection, and all have the same cause.
fn nothing_connects(records: &Records, judged: &[JudgedRecord<'_>]) -> Option<Draft> {
    let is_asked = |record: &Record| direct_trails(records, record).next().is_some();
    let asked: Vec<&JudgedRecord<'_>> = judged
        .iter()
        .filter(|(record, verdict)| verdict.counts && !is_explained(verdict) && is_asked(record))
        .filter(|(record, _)| matches!(record.route.configured, Ok(Route::Direct)))
        .collect();
    let (_, first) = asked.first()?;
    let cause = first.findings.iter().find(|finding| is_blocking(finding.cause))?.cause;
    let is_alike = |(record, verdict): &&&JudgedRecord<'_>| {
        !direct_trails(records, record).any(Trail::is_connected)
            && verdict.findings.iter().any(|finding| finding.cause == cause)
    };
    if asked.len() < SEVERAL || !asked.iter().all(|one| is_alike(&one)) {
        return None;
    }
    let is_fail = asked.iter().any(|(_, verdict)| verdict.status == Status::Fail);
    let trails = asked.iter().flat_map(|(record, _)| direct_trails(records, record));
    let from = sources(&records.run, trails, &[]);
    let draft = Draft::new(
        cause,
        format!(
            "all direct traffic is blocked: none of {} endpoints accepts a connection",
            asked.len()
        ),
    )
    .severity(if is_fail { Severity::Fail } else { Severity::Warn })
    .all_evidence(alike::evidence(records, asked.iter().map(|(record, _)| *record), &from))
    .fact("from", from)
    .destinations(asked.iter().flat_map(|(_, verdict)| destinations_of(verdict, cause)));
    let draft = ways::without_measured_rivals(draft, cause, &asked);
    Some(if let Some(bypass) = ways::all_by_bypass(records, judged, &asked) {
        bypass.describe(draft)
    } else if cause == Cause::TcpLocalDenied {
        draft.template(
            "Allow TCP out to {destinations} in this host's own firewall or security software.",
        )
    } else if is_of_own_routes(&asked, cause) {
        draft.proven().owner(Owner::Host).template(tcp::own_route_remedy(&records.run))
    } else {
        draft
            .template("Allow TCP out from {from} to {destinations}.")
            .further(Owner::DataPlatform, CONFIGURE_PROXY)
    })
}

/// Whether it is this host's own routes that lead to none of the endpoints in `asked`.
fn is_of_own_routes(asked: &[&JudgedRecord<'_>], cause: Cause) -> bool {
    let of_cause = |finding: &&Finding| finding.cause == cause;
    let mut blocked = asked.iter().flat_map(|(_, one)| one.findings.iter().filter(of_cause));
    cause == Cause::TcpUnreachable && blocked.all(|finding| finding.owner == Owner::Host)
}

/// Whether nothing was accepted where this was found.
const fn is_blocking(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::TcpTimeout | Cause::TcpRefused | Cause::TcpUnreachable | Cause::TcpLocalDenied
    )
}

/// Whether a finding of an earlier layer explains why the trails failed.
fn is_explained(verdict: &Verdict) -> bool {
    let explains = |finding: &Finding| {
        matches!(
            finding.cause,
            Cause::RouteProxyRequired
                | Cause::DnsSinkhole
                | Cause::DnsOsOverride
                | Cause::PathPublicExpected
                | Cause::PathPrivateOutsideNetwork
        )
    };
    let follows = |finding: &Finding| is_blocking(finding.cause) && finding.explained_by.is_some();
    verdict.findings.iter().any(|finding| explains(finding) || follows(finding))
}

/// The limits of this host, said once for all endpoints that they kept from being asked.
fn host_could_not_ask(records: &Records, judged: &[JudgedRecord<'_>]) -> Option<Draft> {
    let findings: Vec<&Finding> = judged
        .iter()
        .flat_map(|(_, verdict)| &verdict.findings)
        .filter(|finding| finding.cause == Cause::VantageBroken)
        .collect();
    let first = findings.first()?;
    let is_cut_off = has_no_way_out(&records.run);
    if findings.len() < SEVERAL && !is_cut_off {
        return None;
    }
    let kept = match findings.len() {
        1 => "kept 1 endpoint from being asked".to_owned(),
        count => format!("kept {count} endpoints from being asked"),
    };
    let draft = if is_cut_off {
        let look = if records.run.vantage.os.contains("Windows") {
            "Get-NetRoute -DestinationPrefix 0.0.0.0/0; ipconfig /all"
        } else {
            "ip route; ip address"
        };
        let words = format!("this host has no default route, which {kept}");
        // Private endpoints may have routes of their own.
        let is_alone = judged.iter().all(|(_, verdict)| verdict.status != Status::Pass);
        let until = if is_alone {
            ": until then the runtime on it is offline, whatever the network beyond allows."
        } else {
            ", or a route to these destinations: the others are reached."
        };
        Draft::new(Cause::VantageBroken, words)
            .remedy(format!("Give this host an address and a default route ({look}){until}"))
    } else {
        let words = format!("this host itself {kept}");
        Draft::new(Cause::VantageBroken, words).remedy(first.remedy.clone())
    };
    Some(
        draft
            .proven()
            .destinations(
                findings.iter().flat_map(|finding| finding.advice.destinations.iter().cloned()),
            )
            .evidence(first.message.clone())
            .all_evidence(first.evidence.iter().cloned()),
    )
}

/// The draft for two configuration files of the runtime that disagree.
fn files_differ(records: &Records) -> Option<Draft> {
    let differences = &records.run.agent_files_differ;
    if differences.is_empty() {
        return None;
    }
    Some(
        Draft::new(
            Cause::RouteConfigMismatch,
            "diahost.exe.config and diawp.exe.config disagree on the proxy",
        )
        .proven()
        .all_evidence(differences.iter().cloned()),
    )
}
