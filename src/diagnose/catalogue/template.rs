//! Remedies as templates: `{host}` and the other placeholders are filled with what was seen, or
//! written as a form for `explain`.

use std::borrow::Cow;

/// The placeholders of remedies: the name, the words for it where nothing was seen, and how a form
/// to be filled in writes it.
const PLACEHOLDERS: &[(&str, &str, &str)] = &[
    ("revocation", "the revocation hosts", "REVOCATION HOSTS"),
    ("host", "the host", "HOST"),
    ("port", "the port", "PORT"),
    ("endpoint", "the host and port", "HOST:PORT"),
    ("addresses", "its addresses", "ADDRESSES"),
    ("destinations", "the host (its addresses)", "HOST (ADDRESSES)"),
    ("from", "this host", "THIS HOST"),
    ("resolvers", "the name servers", "NAME SERVERS"),
    ("zone", "the service's privatelink zone", "PRIVATELINK ZONE"),
    ("alias", "its privatelink name", "PRIVATELINK NAME"),
    ("issuer", "the issuer shown", "ISSUER"),
    ("networks", "the networks given by --private-cidr", "NETWORKS OF --private-cidr"),
    ("tags", "", ""),
    ("until", "the end of its validity", "END OF VALIDITY"),
    ("proxy", "the proxy", "PROXY"),
    ("configured", "in the runtime's configuration", "IN THE RUNTIME'S CONFIGURATION"),
    ("pattern", "the name, its dots escaped,", "NAME WITH ESCAPED DOTS"),
    ("rule", "the rule that the report names", "RULE"),
];

/// Fills the placeholders of `template` with what `known` returns for them, or else with their
/// general words.
pub(in crate::diagnose) fn fill<'a>(
    template: &str,
    known: impl Fn(&str) -> Option<Cow<'a, str>>,
) -> String {
    let mut text = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let value = known(name).or_else(|| general_words(name).map(Cow::Borrowed));
        text.push_str(value.as_deref().unwrap_or(name));
        rest = after;
    }
    text.push_str(rest);
    text
}

/// `template` as a form: its placeholders in capitals, as `TCP PORT to HOST (ADDRESSES)`.
#[must_use]
pub fn in_form(template: &str) -> String {
    let form = |name: &str| placeholder(name).map(|(_, _, form)| (*form).into());
    fill(template, form)
}

fn general_words(name: &str) -> Option<&'static str> {
    placeholder(name).map(|(_, words, _)| *words)
}

fn placeholder(name: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    PLACEHOLDERS.iter().find(|(known, ..)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::super::index::entry;
    use super::*;
    use crate::model::Cause;

    #[test]
    fn remedies_have_known_placeholders_only() {
        for &cause in Cause::ALL {
            for part in entry(cause).remedy.split('{').skip(1) {
                let (name, _) = part.split_once('}').expect("a closing brace");
                assert!(placeholder(name).is_some(), "{cause}: {name}");
            }
            assert!(!in_form(entry(cause).remedy).contains(['{', '}']), "{cause}");
        }
    }

    #[test]
    fn placeholders_are_filled_by_what_is_known_before_words() {
        let known = |name: &str| (name == "host").then_some(Cow::Borrowed("contoso.com"));
        assert_eq!(fill("to {host} from {from}.", known), "to contoso.com from this host.");
    }
}
