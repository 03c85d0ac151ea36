//! What to do next, by who can do it, with everywhere it is to be done: what is missing here is
//! missing in the ticket.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::command;
use super::super::wording::{self, counted, listed};
use super::fit::columns;
use super::page::{Page, padded};
use crate::model::{Action, AddressSet, Destination, Endpoint, Records, Role};

/// How many destinations are listed one by one; where there are more, their addresses are, as
/// prefixes that hold them and nothing else.
const SINGLY: usize = 48;
/// How many prefixes are listed. More of them are nothing to be typed in.
const PREFIXES: usize = 256;

pub(super) fn write(page: &mut Page, records: &Records, actions: &[Action]) {
    if actions.is_empty() {
        return;
    }
    page.heading("What to do next");
    for of_owner in actions.chunk_by(|left, right| left.owner == right.owner) {
        page.plain(wording::team(of_owner[0].owner));
        for action in of_owner {
            write_one(page, records, action);
        }
    }
}

fn write_one(page: &mut Page, records: &Records, action: &Action) {
    page.bullet(&action.text);
    if action.is_about_destinations && !is_in_text(action) {
        if action.destinations.len() > SINGLY {
            write_prefixes(page, &action.destinations);
        } else {
            write_rows(page, &action.destinations);
        }
    }
    let own: &[&str] = match action.list_format {
        // A few addresses stand above, all of them. As they were seen: whoever opens the way needs
        // all of them.
        Some("csv") if action.destinations.len() > SINGLY => {
            &["--proof", "resolved", "--format", "csv"]
        }
        Some("csv") | None => return,
        Some(names) => &["--format", names],
    };
    let entries = entries(records, &action.destinations);
    let only = entries.iter().flat_map(|entry| ["--only", entry]);
    let own: Vec<&str> = only.chain(own.iter().copied()).collect();
    if let Some(command) = command::rules_emit(&records.run, &own) {
        page.under_bullet("As a list:");
        page.command(&command);
    }
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
