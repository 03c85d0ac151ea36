//! Commands that tell whether a part is at fault, on a host that fails and on one that does not.

use serde::Serialize;

use super::facts::{HostCase, WayPart};
use super::suspects::{PartKind, SharedPart};
use crate::report::command::quoted;

/// A command for one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostTest {
    /// Where to run it.
    pub host: String,
    /// Whether that host fails now.
    pub fails: bool,
    /// What to run.
    pub command: String,
    /// What it shows if the part is at fault.
    pub expected: String,
}

/// A host that is compared with another.
pub(super) struct Compared<'a> {
    pub(super) host: &'a str,
    pub(super) case: &'a HostCase<'a>,
}

/// The commands for `part`; none where nothing is known to ask for. What can be exchanged is: the
/// failing host goes the healthy one's way, and the other way round.
pub(super) fn of(part: &SharedPart, failing: &Compared, healthy: &Compared) -> Vec<HostTest> {
    let test = |on: &Compared, fails, command: String, expected: &str| HostTest {
        host: on.host.to_owned(),
        fails,
        command,
        expected: expected.to_owned(),
    };
    let both = |command: &str, (here, there): (&str, &str)| {
        vec![
            test(failing, true, command.to_owned(), here),
            test(healthy, false, command.to_owned(), there),
        ]
    };
    match part.kind {
        PartKind::RouteRule => {
            let expected = ("shows the rule", "shows another rule, or none");
            return both("pathproof agent lint", expected);
        }
        PartKind::RuntimeVersion => {
            let expected = ("shows the version", "shows another version");
            return both("pathproof agent status", expected);
        }
        _ => {}
    }
    let Some(sample) = failing.case.sample.filter(|sample| is_plain(sample)) else {
        return Vec::new();
    };
    let check = format!("pathproof check --endpoint {}", quoted(sample));
    let exchanged = |option: &str, other: Option<String>| {
        let mut tests = Vec::new();
        if let Some(other) = other.filter(|other| is_plain(other)) {
            let command = format!("{check} {option} {}", quoted(&other));
            tests.push(test(failing, true, command, "passes"));
        }
        let value = if part.value == "direct" { "none" } else { &part.value };
        if is_plain(value) {
            let command = format!("{check} {option} {}", quoted(value));
            tests.push(test(healthy, false, command, "fails"));
        }
        tests
    };
    match part.kind {
        PartKind::Resolver => exchanged("--resolver", other_of(part, healthy.case)),
        PartKind::Proxy => exchanged("--proxy", other_of(part, healthy.case)),
        PartKind::Source => both(&check, ("fails", "passes")),
        PartKind::Issuer => both(&check, ("shows this issuer", "shows another issuer")),
        _ => both(&check, ("fails", "fails too")),
    }
}

/// Whether a word is a name, an address or a URL and nothing that a shell would take for more.
fn is_plain(word: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || ".-:_/[]".contains(c);
    word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(is_fine)
}

/// What the healthy host has in the place of `part`, as the option takes it.
fn other_of(part: &SharedPart, healthy: &HostCase) -> Option<String> {
    healthy.parts.iter().find_map(|own| match (part.kind, own) {
        (PartKind::Resolver, WayPart::Resolver(address)) => Some(address.to_string()),
        (PartKind::Proxy, WayPart::Proxy(url)) => Some(url.clone().unwrap_or("none".to_owned())),
        _ => None,
    })
}
