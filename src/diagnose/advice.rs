//! A remedy's template in words: of one finding, or of many at once.

use std::collections::BTreeSet;

use super::catalogue;
use super::finding::list;
use crate::model::{Advice, Destination};

/// How many addresses of one name stand in a sentence.
const ADDRESSES: usize = 4;

/// The places of a template that name destinations: of several of them they say where to look.
const OF_DESTINATIONS: [&str; 4] = ["host", "place", "addresses", "destinations"];

/// The remedy of one finding, with all its names.
pub(super) fn remedy(advice: &Advice) -> String {
    let inline = inline(&advice.destinations);
    words(&advice.template, |place| match place {
        "destinations" => Some(inline.clone()),
        place => {
            let one = |value| in_sentence(place, &BTreeSet::from([value]), false);
            fact(advice, place).map(one)
        }
    })
}

/// The remedy of several findings alike. Their destinations stand below it.
pub(super) fn common(template: &str, members: &[&Advice], all: &BTreeSet<&Destination>) -> String {
    let names: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let has_addresses = all.iter().any(|one| one.address.is_some());
    let is_one = names.len() <= 1;
    words(template, |place| {
        let known = || {
            let values: BTreeSet<&str> =
                members.iter().filter_map(|advice| fact(advice, place)).collect();
            (!values.is_empty()).then(|| in_sentence(place, &values, all.len() > 1))
        };
        match place {
            "destinations" if is_one => {
                let all: Vec<Destination> = all.iter().map(|one| (*one).clone()).collect();
                Some(inline(&all))
            }
            "destinations" => Some(format!("the {} destinations below", all.len())),
            "host" if !is_one => Some("the names below".to_owned()),
            "place" if !is_one => Some("the destinations below".to_owned()),
            "addresses" if has_addresses && (!is_one || all.len() > ADDRESSES) => {
                Some("the addresses below".to_owned())
            }
            _ => known(),
        }
    })
}

/// Whether a template speaks of destinations.
pub(super) fn is_about_destinations(template: &str) -> bool {
    OF_DESTINATIONS.iter().any(|place| names(template, place))
}

/// Whether a template has this place.
pub(super) fn names(template: &str, place: &str) -> bool {
    template.match_indices(place).any(|(at, _)| {
        template[..at].ends_with('{') && template[at + place.len()..].starts_with('}')
    })
}

/// What an advice knows of a place.
pub(super) fn fact<'a>(advice: &'a Advice, place: &str) -> Option<&'a str> {
    advice.facts.iter().find(|(name, _)| *name == place).map(|(_, value)| value.as_str())
}

fn words(template: &str, known: impl Fn(&str) -> Option<String>) -> String {
    catalogue::fill(template, |place| known(place).map(Into::into))
}

/// `a` or `a and b`; service tags and bypass rules with the words around them. `several` is
/// whether there are several destinations.
fn in_sentence(place: &str, values: &BTreeSet<&str>, several: bool) -> String {
    match place {
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
