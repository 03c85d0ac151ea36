//! What `resolve` prints: names with their chains and addresses, and nothing that was concluded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;

use super::terminal::fit::columns;
use super::terminal::page::{Page, padded};
use super::wording::counted_as;
use super::{Style, json};
use crate::diagnose;
use crate::model::{
    ChainLink, Family, GatewayName, LinkData, Lookup, LookupOutcome, Record, Records, Subject,
};

/// `name address`, a pair a line, sorted, each once: for a shell. What has no address is left out.
///
/// # Errors
/// What `out` returns.
pub fn plain(records: &Records, out: &mut impl Write) -> io::Result<()> {
    let mut pairs = BTreeSet::new();
    for record in &records.records {
        let name = record.endpoint.subject.to_string();
        pairs.extend(addresses(record).into_iter().map(|address| (name.clone(), address)));
    }
    for (name, address) in pairs {
        writeln!(out, "{name} {address}")?;
    }
    out.flush()
}

/// One object, a name and port a line: `{"schema": "pathproof.names/1", "tool", "run", "names":
/// [{"entry", "host", "port", "kind", "required", "origin", "cause", "addresses", "lookups"}]}`,
/// its parts as in the JSON report. `cause` is why a name does not resolve.
///
/// # Errors
/// What `out` returns.
pub fn json(records: &Records, out: &mut impl Write) -> io::Result<()> {
    let mut seen = BTreeSet::new();
    let endpoints = records
        .records
        .iter()
        .filter(|record| seen.insert((&record.endpoint.subject, record.endpoint.port)))
        .map(|record| {
            let verdict = diagnose::verdict(record, &records.run, &diagnose::ranges_unknown);
            (record, verdict, addresses(record))
        });
    json::names(&records.run, endpoints, out)
}

/// Every address of a record's host, in the order of the resolvers and their answers.
fn addresses(record: &Record) -> Vec<IpAddr> {
    if let Subject::Host(crate::model::Host::Address(address)) = record.endpoint.subject {
        return vec![address];
    }
    let mut addresses = Vec::new();
    for address in record.lookups.iter().flat_map(|lookup| lookup.addresses()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// A record for each host: two ports of one host have the same addresses.
fn by_name(records: &Records) -> impl Iterator<Item = (&Record, Vec<IpAddr>)> {
    let mut seen = BTreeSet::new();
    records
        .records
        .iter()
        .filter(move |record| seen.insert(&record.endpoint.subject))
        .map(|record| (record, addresses(record)))
}

/// The names for a terminal: each with its chain, for each resolver where they differ; gateways
/// a line a deployment.
#[must_use]
pub fn table(records: &Records, style: &Style) -> String {
    let mut page = Page::new(style);
    let mut deployments: BTreeMap<String, GatewayCount> = BTreeMap::new();
    for (record, addresses) in by_name(records) {
        let name = record.endpoint.subject.host().and_then(crate::model::Host::name);
        match name.and_then(GatewayName::parse) {
            Some(gateway) => deployments.entry(gateway.deployment).or_default().take(&addresses),
            None => write_name(&mut page, record),
        }
    }
    page.gap();
    for (name, GatewayCount { assigned, unassigned, addresses }) in &deployments {
        let addresses = counted_as(addresses.len(), "address", "addresses");
        page.plain(&format!(
            "gateways of {name}: {assigned} assigned ({addresses}), {unassigned} not assigned yet"
        ));
    }
    page.finish()
}

#[derive(Default)]
struct GatewayCount {
    assigned: usize,
    unassigned: usize,
    addresses: BTreeSet<IpAddr>,
}

impl GatewayCount {
    fn take(&mut self, addresses: &[IpAddr]) {
        if addresses.is_empty() {
            self.unassigned += 1;
        } else {
            self.assigned += 1;
            self.addresses.extend(addresses);
        }
    }
}

fn write_name(page: &mut Page, record: &Record) {
    page.heading(&record.endpoint.subject.to_string());
    if record.lookups.is_empty() {
        page.indented(match &record.endpoint.subject {
            Subject::Host(crate::model::Host::Address(_)) => "an address: nothing to resolve",
            Subject::Pattern(_) => {
                "cannot be resolved as written: give --service-urls, or --set for its parameters"
            }
            Subject::Host(_) => "was not asked",
        });
    }
    let views = views(&record.lookups);
    for (resolvers, lookup) in &views {
        if views.len() > 1 || lookup.outcome() != LookupOutcome::Addresses {
            page.indented(&format!("{resolvers}: {}", lookup.outcome().as_str()));
        }
        let chain = lookup.chain();
        let targets: Vec<String> = chain.iter().map(|link| target(link)).collect();
        let widest = targets.iter().map(|target| columns(target)).max().unwrap_or(0);
        for (link, target) in chain.iter().zip(&targets) {
            let kind = match &link.data {
                LinkData::Alias(_) => "CNAME",
                LinkData::Address(address) => Family::of(*address).record_type(),
            };
            page.indented(&format!("{kind:<5}  {}  ttl {}", padded(target, widest), link.ttl));
        }
        if lookup.is_cut() {
            page.indented("more addresses came: the first of them are kept");
        }
    }
}

fn target(link: &ChainLink) -> String {
    match &link.data {
        LinkData::Alias(name) => name.to_string(),
        LinkData::Address(address) => address.to_string(),
    }
}

/// The different answers, each with the resolvers that gave it and the longest chain they showed:
/// the system's resolver shows none. Times to live differ from cache to cache and make no other
/// answer.
fn views(lookups: &[Arc<Lookup>]) -> Vec<(String, &Lookup)> {
    let mut views: Vec<(String, &Lookup)> = Vec::new();
    for lookup in lookups {
        match views.iter_mut().find(|(_, seen)| is_same_answer(seen, lookup)) {
            Some((resolvers, shown)) => {
                resolvers.push_str(", ");
                resolvers.push_str(&lookup.resolver.to_string());
                if lookup.chain().len() > shown.chain().len() {
                    *shown = lookup;
                }
            }
            None => views.push((lookup.resolver.to_string(), lookup)),
        }
    }
    views
}

fn is_same_answer(left: &Lookup, right: &Lookup) -> bool {
    let sorted = |lookup: &Lookup| lookup.addresses().into_iter().collect::<BTreeSet<_>>();
    left.outcome() == right.outcome() && sorted(left) == sorted(right)
}

#[cfg(test)]
mod tests;
