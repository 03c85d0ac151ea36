//! What a cause, a layer, an error text of the runtime or a word of the portal means, and what to
//! check first.

mod symptoms;

use std::fmt;

use super::catalogue::{self, Entry};
use crate::model::Cause;
pub use symptoms::{SYMPTOMS, Symptom};

/// What is known of a text.
#[derive(Debug)]
pub enum Explanation {
    /// It is a cause's code, or holds some.
    Causes(Vec<&'static Entry>),
    /// It is a layer: all causes whose code begins with it.
    Layer(Vec<&'static Entry>),
    /// It holds words of the runtime, the portal or the system.
    Symptoms(Vec<&'static Symptom>),
    /// Nothing is known of it; what comes near.
    Unknown {
        /// Codes and words, the nearest first; empty where nothing is near.
        suggestions: Vec<&'static str>,
    },
}

/// How alike a suggestion must be (Jaro-Winkler, 0 to 1), and how many there are at most.
const ALIKE: f64 = 0.82;
const SUGGESTIONS: usize = 4;

/// How much of a text is read: error texts are short, and logs are not meant.
const READ: usize = 16 * 1024;

/// Explains `text`: a cause's code, a layer (`dns`), an error text or a word of the portal.
#[must_use]
pub fn explain(text: &str) -> Explanation {
    let text: String = text.chars().take(READ).collect();
    let words = normal(&text);
    let asked = words.trim();

    let layer: Vec<_> = entries().filter(|entry| layer_of(entry.cause) == asked).collect();
    if !layer.is_empty() {
        return Explanation::Layer(layer);
    }
    let causes: Vec<_> = entries().filter(|entry| holds(&words, entry.cause.code())).collect();
    if !causes.is_empty() {
        return Explanation::Causes(causes);
    }
    let symptoms = symptoms_in(&words);
    if !symptoms.is_empty() {
        return Explanation::Symptoms(symptoms);
    }
    Explanation::Unknown { suggestions: suggestions(asked) }
}

/// The symptoms whose words `words` hold, those with most to say first. A single word such as
/// "offline" means a status only where nothing longer was recognised.
fn symptoms_in(words: &str) -> Vec<&'static Symptom> {
    let mut found: Vec<(String, &'static Symptom)> = Vec::new();
    for symptom in SYMPTOMS {
        let texts = symptom.texts.iter().map(|text| normal(text).trim().to_owned());
        let longest = texts.filter(|text| holds(words, text)).max_by_key(String::len);
        found.extend(longest.map(|text| (text, symptom)));
    }
    let is_phrase = |text: &str| text.contains(' ');
    if found.iter().any(|(text, _)| is_phrase(text)) {
        let is_code = |text: &str| text.contains(|c: char| c.is_ascii_digit());
        found.retain(|(text, _)| is_phrase(text) || is_code(text));
    }
    found.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    found.into_iter().map(|(_, symptom)| symptom).collect()
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    Cause::ALL.iter().map(|cause| catalogue::entry(*cause))
}

/// The first word of a cause's code: `dns`, `path`, …
fn layer_of(cause: Cause) -> &'static str {
    cause.code().split('_').next().unwrap_or_default()
}

/// Lower case, words of letters, digits and `_` with one blank around each.
fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len() + 2);
    normal.push(' ');
    for character in text.chars() {
        if character.is_alphanumeric() || character == '_' {
            normal.extend(character.to_lowercase());
        } else if !normal.ends_with(' ') {
            normal.push(' ');
        }
    }
    if !normal.ends_with(' ') {
        normal.push(' ');
    }
    normal
}

/// Whether the normal text `words` holds `needle` as whole words.
fn holds(words: &str, needle: &str) -> bool {
    !needle.is_empty()
        && words.match_indices(needle).any(|(start, found)| {
            words[..start].ends_with(' ') && words[start + found.len()..].starts_with(' ')
        })
}

fn suggestions(asked: &str) -> Vec<&'static str> {
    let codes = Cause::ALL.iter().map(|cause| cause.code());
    let titles = SYMPTOMS.iter().flat_map(|symptom| symptom.texts.iter().copied());
    let mut near: Vec<(f64, &'static str)> = codes
        .chain(titles)
        .map(|known| (strsim::jaro_winkler(asked, normal(known).trim()), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    near.truncate(SUGGESTIONS);
    near.into_iter().map(|(_, known)| known).collect()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Causes(entries) => separated(f, entries, write_entry),
            Self::Layer(entries) => entries
                .iter()
                .try_for_each(|entry| writeln!(f, "{:<30} {}", entry.cause.code(), entry.sentence)),
            Self::Symptoms(symptoms) => separated(f, symptoms, write_symptom),
            Self::Unknown { suggestions } if suggestions.is_empty() => writeln!(
                f,
                "Nothing is known of this text. Give a cause (tcp_timeout), a layer (dns, path, \
                 tcp, tls, http), or an error text as the runtime shows it."
            ),
            Self::Unknown { suggestions } => {
                writeln!(f, "Nothing is known of this text. Near it:")?;
                suggestions.iter().try_for_each(|known| writeln!(f, "  {known}"))
            }
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            writeln!(f)?;
        }
        write(f, item)?;
    }
    Ok(())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape `separated` calls")]
fn write_entry(f: &mut fmt::Formatter<'_>, entry: &&'static Entry) -> fmt::Result {
    let severity = entry.cause.severity().as_str();
    writeln!(f, "{} ({severity})", entry.cause)?;
    writeln!(f, "  {}", entry.sentence)?;
    writeln!(f, "told by:  {}", entry.told_by)?;
    if !entry.rivals.is_empty() {
        let rivals: Vec<_> = entry.rivals.iter().map(|cause| cause.code()).collect();
        writeln!(f, "rivals:   {}", rivals.join(", "))?;
    }
    writeln!(f, "owner:    {}", entry.owner.as_str())?;
    writeln!(f, "remedy:   {}", catalogue::in_words(entry.remedy))?;
    writeln!(f, "source:   {}", entry.source)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape `separated` calls")]
fn write_symptom(f: &mut fmt::Formatter<'_>, symptom: &&'static Symptom) -> fmt::Result {
    writeln!(f, "\"{}\"", symptom.title())?;
    writeln!(f, "  {}", symptom.meaning)?;
    writeln!(f, "check first:")?;
    for (index, check) in symptom.checks.iter().enumerate() {
        writeln!(f, "  {}. {check}", index + 1)?;
    }
    if !symptom.causes.is_empty() {
        let causes: Vec<_> = symptom.causes.iter().map(|cause| cause.code()).collect();
        writeln!(f, "causes:   {}", causes.join(", "))?;
    }
    writeln!(f, "source:   {}", symptom.source)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an explanation is of: the codes, or the symptoms' titles.
    fn of(text: &str) -> Vec<&'static str> {
        match explain(text) {
            Explanation::Causes(entries) | Explanation::Layer(entries) => {
                entries.iter().map(|entry| entry.cause.code()).collect()
            }
            Explanation::Symptoms(symptoms) => symptoms.iter().map(|one| one.title()).collect(),
            Explanation::Unknown { .. } => Vec::new(),
        }
    }

    #[test]
    fn codes_explain_themselves() {
        for cause in Cause::ALL {
            assert_eq!(of(cause.code()), [cause.code()]);
            assert_eq!(of(&format!(" {} ", cause.code().to_uppercase())), [cause.code()]);
        }
        assert_eq!(of("tcp_timeout and then tls_reset"), ["tcp_timeout", "tls_reset"]);
    }

    #[test]
    fn a_layer_lists_its_causes() {
        assert_eq!(of("tds"), ["tds_no_answer"]);
        assert_eq!(of("hold"), ["hold_idle_dropped", "hold_reset"]);
        assert!(of("dns").len() > 10);
    }

    #[test]
    fn words_of_the_runtime_and_the_portal_are_known() {
        for (text, expected) in [
            ("Limited", "Limited"),
            ("Running (Limited)", "Limited"),
            ("Inactive", "Inactive"),
            ("NeedRegistration", "NeedRegistration"),
            ("Unable to connect to the remote server", "Unable to connect to the remote server"),
            (
                "System.Net.WebException: The remote name could not be resolved: \
                 'df.westeurope.datafactory.azure.net'",
                "The remote name could not be resolved",
            ),
            (
                "The underlying connection was closed: Could not establish trust relationship for \
                 the SSL/TLS secure channel.",
                "Could not establish trust relationship for the SSL/TLS secure channel",
            ),
            (
                "Failed to register this Integration Runtime node! Confirm that the Authentication \
                 key is valid and the integration service host service is running on this machine.",
                "Failed to register this Integration Runtime node",
            ),
            ("SocketException (10060): connection attempt failed", "10060"),
            ("10061", "10061"),
            ("WSAECONNRESET", "The underlying connection was closed"),
            ("the revocation server was offline", "revocation server was offline"),
            (
                "Ip has been prevented to connect to the endpoint",
                "Ip has been prevented to connect to the endpoint",
            ),
        ] {
            let found = of(text);
            assert_eq!(found.first(), Some(&expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn words_are_whole_words() {
        assert_eq!(of("the revocation server was offline").len(), 1);
        assert!(of("unlimited").is_empty());
        assert!(of("1006012").is_empty());
        assert!(of("").is_empty());
    }

    #[test]
    fn what_is_near_is_suggested() {
        let near = |text: &str| match explain(text) {
            Explanation::Unknown { suggestions } => suggestions,
            known => panic!("{text} is known: {known:?}"),
        };
        assert_eq!(near("tcp_timout").first(), Some(&"tcp_timeout"));
        assert_eq!(near("need registraton").first(), Some(&"need registration"));
        assert!(near("zebra crossing").is_empty());
    }

    #[test]
    fn every_explanation_can_be_printed() {
        for text in ["dns", "tcp_timeout", "Limited", "tcp_timout", "zebra crossing"] {
            let shown = explain(text).to_string();
            assert!(shown.ends_with('\n') && !shown.contains(['{', '}']), "{shown}");
        }
        let shown = explain("tcp_refused").to_string();
        assert!(shown.contains("rivals:   tcp_local_denied, route_proxy_required"), "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,300}") {
            let _ = explain(&text).to_string();
        }
    }
}
