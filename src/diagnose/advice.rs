//! Fills in a remedy's template: for one finding, or for several findings with the same remedy.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::catalogue;
use super::words::list;
use crate::model::{Advice, Destination};

/// How many names, and addresses of one name, a sentence holds.
const ADDRESSES: usize = 4;

/// The placeholders that name destinations. For several destinations they are filled with words
/// that point to the list below.
const OF_DESTINATIONS: [&str; 4] = ["host", "endpoint", "addresses", "destinations"];

/// The remedy of one finding, with all names and addresses written out.
pub(super) fn remedy(advice: &Advice) -> String {
    let inline = inline(&advice.destinations);
    fill(&advice.template, |placeholder| match placeholder {
        "destinations" => Some(inline.clone()),
        placeholder => {
            let one = |value| in_sentence(placeholder, &BTreeSet::from([value]), false);
            fact(advice, placeholder).map(one)
        }
    })
}

/// The common remedy of several findings, whose destinations are listed below it.
pub(super) fn common(template: &str, members: &[&Advice], all: &BTreeSet<&Destination>) -> String {
    let names: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let has_addresses = all.iter().any(|one| one.address.is_some());
    let is_one = names.len() <= 1;
    fill(template, |placeholder| {
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

/// What `common` words for a list of destinations, for one of them: a row of a table has nothing
/// below it. Saved reports hold the text alone.
#[must_use]
pub fn advice_for_one<'a>(text: &'a str, name: &str, address: Option<IpAddr>) -> Cow<'a, str> {
    if !text.contains(" below") {
        return text.into();
    }
    let address = address.map(|address| address.to_string()).filter(|address| address != name);
    let whole = match &address {
        Some(address) => format!("{name} ({address})"),
        None => name.to_owned(),
    };
    let mut text = text
        .replace("the names below", name)
        .replace("the addresses below", address.as_deref().unwrap_or(name))
        .replace("the destinations below", &whole);
    let counted = text.find(" destinations below").and_then(|end| {
        let start = text[..end].rfind("the ")?;
        text[start + 4..end].bytes().all(|digit| digit.is_ascii_digit()).then_some(start..end)
    });
    if let Some(counted) = counted {
        text.replace_range(counted.start..counted.end + " destinations below".len(), &whole);
    }
    text.into()
}

/// Whether a template names its destinations.
pub(super) fn is_about_destinations(template: &str) -> bool {
    OF_DESTINATIONS.iter().any(|placeholder| has_placeholder(template, placeholder))
}

pub(super) fn has_placeholder(template: &str, placeholder: &str) -> bool {
    template.match_indices(placeholder).any(|(start, _)| {
        template[..start].ends_with('{') && template[start + placeholder.len()..].starts_with('}')
    })
}

/// The value that an advice has for a placeholder.
pub(super) fn fact<'a>(advice: &'a Advice, placeholder: &str) -> Option<&'a str> {
    advice.facts.iter().find(|(name, _)| *name == placeholder).map(|(_, value)| value.as_str())
}

fn fill(template: &str, known: impl Fn(&str) -> Option<String>) -> String {
    catalogue::fill(template, |placeholder| known(placeholder).map(Into::into))
}

/// The values of a placeholder as `a and b`; service tags and bypass rules get the text that the
/// template expects around them.
fn in_sentence(
    placeholder: &str,
    values: &BTreeSet<&str>,
    has_several_destinations: bool,
) -> String {
    match placeholder {
        "tags" => tags(values, has_several_destinations),
        "pattern" => {
            let values: Vec<&str> = values.iter().copied().collect();
            values.join("\" /> <add address=\"")
        }
        _ => list(values, usize::MAX),
    }
}

fn tags(values: &BTreeSet<&str>, has_several_destinations: bool) -> String {
    let tags: Vec<&&str> = values.iter().filter(|tag| !tag.is_empty()).collect();
    let of = |words: &str| format!("; in an NSG, {words}");
    match &*tags {
        [] => String::new(),
        [tag] if values.len() == 1 => {
            let them = if has_several_destinations { "them" } else { "it" };
            of(&format!("the service tag {tag} covers {them}"))
        }
        [tag] => of(&format!("the service tag {tag} covers some of them")),
        tags if tags.len() == values.len() => {
            of(&format!("the service tags {} cover them", list(tags, usize::MAX)))
        }
        tags => of(&format!("the service tags {} cover some of them", list(tags, usize::MAX))),
    }
}

/// `name (address and address)` for every name.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_for_a_list_is_worded_for_one_of_it() {
        let address = Some(IpAddr::from([10, 0, 0, 1]));
        for (text, address, expected) in [
            ("Allow the 12 destinations below.", address, "Allow n (10.0.0.1)."),
            ("Allow the destinations below for it.", None, "Allow n for it."),
            ("Take the names below out.", address, "Take n out."),
            ("Route the addresses below.", address, "Route 10.0.0.1."),
            ("Nothing is below.", None, "Nothing is below."),
        ] {
            assert_eq!(advice_for_one(text, "n", address), expected);
        }
    }
}
