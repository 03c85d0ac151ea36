//! Writes plain lists of addresses and of names.

use std::fmt::Write as _;

use super::emission::{Emission, one_line};
use crate::firewall::scope::NamePattern;

/// One prefix on each line with a comment behind it, the form of external dynamic lists. The list
/// has no comment at its head, because not every reader skips one.
pub(super) fn edl_ip(emission: &Emission) -> String {
    let mut prefixes: Vec<_> =
        emission.permits.iter().flat_map(|permit| &permit.prefixes).collect();
    prefixes.sort_by_key(|prefix| prefix.net);
    prefixes.dedup_by_key(|prefix| prefix.net);
    prefixes.into_iter().fold(String::new(), |mut text, prefix| {
        let _ = writeln!(text, "{} # {}", prefix.net, prefix.why);
        text
    })
}

/// CSV by RFC 4180, except for the line ends. `rules decide --flows` reads it.
pub(super) fn csv(emission: &Emission) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = ["direction", "source", "name", "address", "port", "protocol", "entry", "proof"];
    let rows = emission.requests.iter().map(|one| {
        let address = one.address.map(|net| {
            let is_one = net.prefix_len() == net.max_prefix_len();
            if is_one { net.addr().to_string() } else { net.to_string() }
        });
        [
            "outbound".to_owned(),
            one.source.map(|source| source.to_string()).unwrap_or_default(),
            cell(&one.name),
            address.unwrap_or_default(),
            one.ports.clone(),
            one.protocol.to_string(),
            cell(&one.entry),
            cell(&one.proof),
        ]
    });
    for row in std::iter::once(head.map(str::to_owned)).chain(rows) {
        writer.write_record(row).expect("a Vec takes every byte, and all rows are of one length");
    }
    let bytes = writer.into_inner().expect("a Vec takes every byte");
    String::from_utf8(bytes).expect("made of texts")
}

/// A text that others chose, on one line. A quote in front keeps a spreadsheet from taking it for a
/// formula.
fn cell(text: &str) -> String {
    let text = one_line(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// Names and `*.` wildcards, one on each line.
pub(super) fn edl_domain(emission: &Emission) -> String {
    lines(emission.names.iter().map(ToString::to_string))
}

/// A list for squid's `dstdomain`, in which `.domain` stands for a domain and everything below it.
/// Squid refuses a list that has a name beside a domain that covers it.
pub(super) fn squid(emission: &Emission) -> String {
    let ending = |pattern: &NamePattern| match pattern {
        NamePattern::Ending(ending) => Some(ending.clone()),
        NamePattern::Name(_) => None,
    };
    let domains: Vec<_> = emission.names.iter().filter_map(ending).collect();
    let is_covered = |pattern: &NamePattern| match pattern {
        NamePattern::Name(name) => domains.iter().any(|domain| {
            name.as_str().ends_with(&**domain) || name.as_str() == domain.trim_start_matches('.')
        }),
        NamePattern::Ending(own) => {
            domains.iter().any(|domain| domain != own && own.ends_with(&**domain))
        }
    };
    let kept = emission.names.iter().filter(|pattern| !is_covered(pattern));
    format!("# {}\n", emission.description())
        + &lines(kept.map(|pattern| match pattern {
            NamePattern::Name(name) => name.to_string(),
            NamePattern::Ending(domain) => {
                format!(".{}", domain.trim_start_matches('.'))
            }
        }))
}

/// The names whose connections a TLS-inspecting proxy must not decrypt.
pub(super) fn tls_exemptions(emission: &Emission) -> String {
    format!("# {}\n", emission.description())
        + &lines(emission.names.iter().map(ToString::to_string))
}

fn lines(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();
    names.iter().fold(String::new(), |mut text, name| {
        let _ = writeln!(text, "{name}");
        text
    })
}
