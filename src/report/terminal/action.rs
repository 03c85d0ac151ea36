//! What to do next, by who can do it, with everywhere it is to be done: what is missing here is
//! missing in the ticket.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::command;
use super::super::wording::{self, counted, listed};
use super::fit::columns;
use super::page::{Page, padded};
use crate::model::{Action, AddressSet, Cause, Conclusion, Destination, Endpoint, Records, Role};

/// How many destinations are listed one by one; where there are more, their addresses are, as
/// prefixes that hold them and nothing else.
const SINGLY: usize = 48;
/// How many prefixes are listed. More of them are nothing to be typed in.
const PREFIXES: usize = 256;

/// How many names a command chooses one by one.
const NAMED: usize = 16;

/// `all` is the whole run, of which `actions` may be one team's.
pub(super) fn write(page: &mut Page, all: (&Records, &Conclusion), actions: &[Action]) {
    if actions.is_empty() {
        return;
    }
    page.heading("What to do next");
    for of_owner in actions.chunk_by(|left, right| left.owner == right.owner) {
        page.plain(wording::team(of_owner[0].owner));
        for action in of_owner {
            write_one(page, all, action);
        }
    }
}

fn write_one(page: &mut Page, all: (&Records, &Conclusion), action: &Action) {
    page.bullet(&action.text);
    let command = list_command(all, action);
    if action.is_about_destinations && !is_in_text(action) {
        let is_of_names = action.list_format.is_some_and(|format| format != "csv");
        let is_nowhere_else = is_of_names && command.is_none();
        if action.destinations.len() > SINGLY && !is_nowhere_else {
            write_prefixes(page, &action.destinations);
        } else {
            write_rows(page, &action.destinations);
        }
    }
    if let Some(command) = command {
        page.under_bullet("As a list:");
        page.command(&command);
    }
}

/// The command that writes the destinations of `action` as a list.
fn list_command(all: (&Records, &Conclusion), action: &Action) -> Option<String> {
    let (records, _) = all;
    let (only, format): (Vec<&str>, &[&str]) = match action.list_format? {
        // A few addresses stand above, all of them. As they were seen: whoever opens the way needs
        // all of them, those that work too.
        "csv" if action.destinations.len() > SINGLY => {
            let entries = entries(records, &action.destinations);
            let only = entries.iter().flat_map(|entry| ["--only", entry]).collect();
            (only, &["--proof", "resolved", "--format", "csv"])
        }
        "csv" => return None,
        names => (exactly(all, &action.destinations)?, &["--format", names]),
    };
    let own: Vec<&str> = only.iter().chain(format).copied().collect();
    command::rules_emit(&records.run, &own)
}

/// What chooses the names of `destinations` and no other: an exemption too many is a hole in what
/// the proxy inspects. `None` where nothing short does.
fn exactly<'a>(
    (records, conclusion): (&'a Records, &Conclusion),
    destinations: &'a [Destination],
) -> Option<Vec<&'a str>> {
    let names: BTreeSet<&str> = destinations.iter().map(|one| one.name.as_str()).collect();
    let entries = entries(records, destinations);
    let is_of = |endpoint: &Endpoint| {
        entries.contains(&*endpoint.entry) || entries.contains(endpoint.role.as_str())
    };
    let endpoints = || records.records.iter().map(|record| &*record.endpoint);
    let brings_gateways = endpoints().any(|it| it.role == Role::Relay && is_of(it));
    let is_written = |it: &Endpoint| is_of(it) || (brings_gateways && it.role == Role::Gateway);
    let is_unassigned = |cause| cause == Some(Cause::RelayGatewayUnassigned);
    let (mut written, mut has_reserve) = (BTreeSet::new(), false);
    for (endpoint, verdict) in endpoints().zip(&conclusion.verdicts) {
        if is_written(endpoint) {
            if is_unassigned(verdict.cause) {
                has_reserve = true;
            } else {
                written.insert(endpoint.subject.to_string());
            }
        }
    }
    if written.iter().map(String::as_str).eq(names.iter().copied()) {
        let only = entries.into_iter().flat_map(|entry| ["--only", entry]);
        return Some(only.chain(has_reserve.then_some("--assigned-only")).collect());
    }
    // A run that is measured again is chosen from by the entries of its list, and the file of one
    // whose names are placeholders here may hold the names themselves.
    let has_names = records.run.kept_in.is_some() && records.run.redacted.is_none();
    (names.len() <= NAMED && has_names)
        .then(|| names.into_iter().flat_map(|name| ["--only", name]).collect())
}

/// The entries of the list that destinations are of; gateways go with their relay.
fn entries<'a>(records: &'a Records, destinations: &[Destination]) -> BTreeSet<&'a str> {
    let named: HashSet<(&str, u16)> =
        destinations.iter().map(|one| (one.name.as_str(), one.port)).collect();
    let is_meant = |endpoint: &Endpoint| {
        named.contains(&(endpoint.subject.to_string().as_str(), endpoint.port))
    };
    let meant = records.records.iter().map(|record| &*record.endpoint).filter(|one| is_meant(one));
    meant
        .map(|one| if one.role == Role::Gateway { Role::Relay.as_str() } else { &*one.entry })
        .collect()
}

/// Whether the text itself says the one destination.
fn is_in_text(action: &Action) -> bool {
    let [one] = &*action.destinations else { return false };
    let has_address = one.address.is_none_or(|address| action.text.contains(&address.to_string()));
    action.text.contains(&one.name) && has_address
}

/// `address  port  name`, a line each.
fn write_rows(page: &mut Page, destinations: &[Destination]) {
    let address = |one: &Destination| match one.address {
        Some(address) => address.to_string(),
        None => "-".to_owned(),
    };
    let has_address = destinations.iter().any(|one| one.address.is_some());
    let widest = destinations.iter().map(|one| columns(&address(one))).max().unwrap_or(0);
    let widest_port = destinations.iter().map(|one| columns(&one.port.to_string())).max();
    for one in destinations {
        let Destination { name, port, .. } = one;
        if !has_address {
            page.row(&format!("{name}:{port}"));
            continue;
        }
        let port = padded(&port.to_string(), widest_port.unwrap_or(0));
        page.row(&format!("{}  {port}  {name}", padded(&address(one), widest)));
    }
}

/// Prefixes with how many addresses they hold, by port; what has no address is named.
fn write_prefixes(page: &mut Page, destinations: &[Destination]) {
    let mut by_port: BTreeMap<u16, Vec<&Destination>> = BTreeMap::new();
    for one in destinations {
        by_port.entry(one.port).or_default().push(one);
    }
    for (port, all) in by_port {
        let set: AddressSet = all.iter().filter_map(|one| one.address).collect();
        let prefixes = set.prefixes();
        let shown: Vec<String> = prefixes.iter().take(PREFIXES).map(ToString::to_string).collect();
        let widest = shown.iter().map(|prefix| columns(prefix)).max().unwrap_or(0);
        for (prefix, net) in shown.iter().zip(&prefixes) {
            let n_addresses = 1_u128 << (net.max_prefix_len() - net.prefix_len()).min(127);
            let noun = if n_addresses == 1 { "address" } else { "addresses" };
            let prefix = padded(prefix, widest);
            page.row(&format!("{prefix}  {port}  {n_addresses} {noun}"));
        }
        if prefixes.len() > PREFIXES {
            page.row(&format!("... and {} more prefixes", prefixes.len() - PREFIXES));
        }
        let names: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        page.row(&format!("of {}: {}", counted(names.len(), "name"), listed(&names, 3)));
        let unknown: BTreeSet<&str> =
            all.iter().filter(|one| one.address.is_none()).map(|one| one.name.as_str()).collect();
        if !unknown.is_empty() {
            let unknown: Vec<&str> = unknown.into_iter().collect();
            page.row(&format!("without an address here: {}", unknown.join(", ")));
        }
    }
}
