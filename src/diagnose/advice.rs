//! A remedy's template in words: of one finding, or of many at once.

use std::collections::BTreeSet;

use super::catalogue;
use super::words::list;
use crate::model::{Advice, Destination};

/// How many addresses of one name stand in a sentence.
const ADDRESSES: usize = 4;

/// The placeholders of a template that name destinations: of several of them they say where to look.
const OF_DESTINATIONS: [&str; 4] = ["host", "endpoint", "addresses", "destinations"];

/// The remedy of one finding, with all its names.
pub(super) fn remedy(advice: &Advice) -> String {
    let inline = inline(&advice.destinations);
    words(&advice.template, |placeholder| match placeholder {
        "destinations" => Some(inline.clone()),
        placeholder => {
            let one = |value| in_sentence(placeholder, &BTreeSet::from([value]), false);
            fact(advice, placeholder).map(one)
        }
    })
}

/// The remedy of several findings alike. Their destinations stand below it.
pub(super) fn common(template: &str, members: &[&Advice], all: &BTreeSet<&Destination>) -> String {
    let names: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let has_addresses = all.iter().any(|one| one.address.is_some());
    let is_one = names.len() <= 1;
    words(template, |placeholder| {
        let known = || {
            let values: BTreeSet<&str> =
                members.iter().filter_map(|advice| fact(advice, placeholder)).collect();
            (!values.is_empty()).then(|| in_sentence(placeholder, &values, all.len() > 1))
        };
        match placeholder {
            "destinations" if is_one => {
                let all: Vec<Destination> = all.iter().map(|one| (*one).clone()).collect();
                Some(inline(&all))
            }
            "destinations" => Some(format!("the {} destinations below", all.len())),
            "host" if !is_one => Some("the names below".to_owned()),
            "endpoint" if !is_one => Some("the destinations below".to_owned()),
            "addresses" if has_addresses && (!is_one || all.len() > ADDRESSES) => {
                Some("the addresses below".to_owned())
            }
            _ => known(),
        }
    })
}

/// Whether a template speaks of destinations.
pub(super) fn is_about_destinations(template: &str) -> bool {
    OF_DESTINATIONS.iter().any(|placeholder| names(template, placeholder))
}

/// Whether a template has this placeholder.
pub(super) fn names(template: &str, placeholder: &str) -> bool {
    template.match_indices(placeholder).any(|(at, _)| {
        template[..at].ends_with('{') && template[at + placeholder.len()..].starts_with('}')
    })
}

/// What an advice states for a placeholder.
pub(super) fn fact<'a>(advice: &'a Advice, placeholder: &str) -> Option<&'a str> {
    advice.facts.iter().find(|(name, _)| *name == placeholder).map(|(_, value)| value.as_str())
}

fn words(template: &str, known: impl Fn(&str) -> Option<String>) -> String {
    catalogue::fill(template, |placeholder| known(placeholder).map(Into::into))
}

/// `a` or `a and b`; service tags and bypass rules with the words around them. `several` is
/// whether there are several destinations.
fn in_sentence(placeholder: &str, values: &BTreeSet<&str>, several: bool) -> String {
    match placeholder {
        "tags" => tags(values, several),
        "pattern" => {
            let values: Vec<&str> = values.iter().copied().collect();
            values.join("\" /> <add address=\"")
        }
        _ => list(values, usize::MAX),
    }
}

fn tags(values: &BTreeSet<&str>, several: bool) -> String {
    let tags: Vec<&&str> = values.iter().filter(|tag| !tag.is_empty()).collect();
    let of = |words: &str| format!("; in an NSG, {words}");
    match &*tags {
        [] => String::new(),
        [tag] if values.len() == 1 => {
            let them = if several { "them" } else { "it" };
            of(&format!("the service tag {tag} covers {them}"))
        }
        [tag] => of(&format!("the service tag {tag} covers some of them")),
        tags if tags.len() == values.len() => {
            of(&format!("the service tags {} cover them", list(tags, usize::MAX)))
        }
        tags => of(&format!("the service tags {} cover some of them", list(tags, usize::MAX))),
    }
}

/// `name (address, address)`.
fn inline(destinations: &[Destination]) -> String {
    let mut names: Vec<(&str, Vec<String>)> = Vec::new();
    for one in destinations {
        let address = one.address.map(|address| address.to_string());
        let address = address.filter(|address| *address != one.name);
        match names.iter_mut().find(|(name, _)| *name == one.name) {
            Some((_, addresses)) => addresses.extend(address),
            None => names.push((&one.name, address.into_iter().collect())),
        }
    }
    list(
        names.into_iter().map(|(name, addresses)| match &*addresses {
            [] => name.to_owned(),
            addresses => format!("{name} ({})", list(addresses, ADDRESSES)),
        }),
        ADDRESSES,
    )
}
