//! What to do next, by who can do it, with everywhere it is to be done: what is missing here is
//! missing in the ticket.

use std::collections::{BTreeMap, BTreeSet};

use super::super::command;
use super::fit::columns;
use super::page::{Page, padded};
use super::{counted, listed};
use crate::model::{Action, AddressSet, Destination, Owner, Run};

/// How many destinations are listed one by one; where there are more, their addresses are, as
/// prefixes that hold them and nothing else.
const SINGLY: usize = 48;
/// How many prefixes are listed. More of them are nothing to be typed in.
const PREFIXES: usize = 256;

pub(super) fn write(page: &mut Page, run: &Run, actions: &[Action]) {
    if actions.is_empty() {
        return;
    }
    page.heading("What to do next");
    for of_owner in actions.chunk_by(|left, right| left.owner == right.owner) {
        page.plain(title(of_owner[0].owner));
        for action in of_owner {
            write_one(page, run, action);
        }
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

fn write_one(page: &mut Page, run: &Run, action: &Action) {
    page.bullet(&action.text);
    if action.is_about_destinations && !is_in_text(action) {
        if action.destinations.len() > SINGLY {
            write_prefixes(page, &action.destinations);
        } else {
            write_rows(page, &action.destinations);
        }
    }
    if let Some(format) = action.list_format.filter(|_| action.destinations.len() > 1) {
        page.under_bullet(&format!("As a list: {}", command::rules_emit(run, format)));
    }
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
