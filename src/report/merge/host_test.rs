//! Commands that tell whether a part is at fault, on a host that fails and on one that does not.

use serde::Serialize;

use super::facts::{HostCase, WayPart};
use super::suspects::{PartKind, SharedPart};
use crate::model::Severity;
use crate::report::command::quoted;

/// What a proxy is called where there is none.
pub(super) const DIRECT: &str = "direct";

/// A command for one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostTest {
    /// Where to run it.
    pub host: String,
    /// Whether that host fails now.
    pub fails: bool,
    /// That host has such endpoints that fail and others that work: `fails` is of the one that the
    /// command asks for.
    pub by_endpoint: bool,
    /// The part that it is about.
    pub part: SharedPart,
    /// Other parts that the same hosts have would show something else.
    pub tells_apart: bool,
    /// What to run.
    pub command: String,
    /// What it shows if the part is at fault.
    pub expected: String,
}

/// A host that is compared with another.
pub(super) struct Compared<'a> {
    pub(super) host: &'a str,
    pub(super) case: &'a HostCase<'a>,
    /// It is among the others too.
    pub(super) by_endpoint: bool,
}

/// Hosts that have the parts and fail, and hosts that have neither; the best to try first.
pub(super) struct Question<'a> {
    pub(super) cause: &'a str,
    pub(super) severity: Severity,
    pub(super) failing: Vec<Compared<'a>>,
    pub(super) healthy: Vec<Compared<'a>>,
}

/// What a part would show by being exchanged or gone past.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A host can go another way for a moment.
    Exchangeable,
    /// It goes with the host.
    Near,
    /// Every host that asks for the endpoint meets it.
    Far,
}

impl Question<'_> {
    /// The commands that tell one of `together` from the others; none where nothing does.
    pub(super) fn tests(&self, together: &[&SharedPart]) -> Vec<HostTest> {
        let at = |place: Place| {
            let own = together.iter().copied().filter(move |part| place_of(part) == place);
            own.collect::<Vec<_>>()
        };
        let (exchangeable, far) = (at(Place::Exchangeable), at(Place::Far));
        match (together, &exchangeable[..], &far[..]) {
            ([only], ..) => self.of(only),
            (_, [], [first, ..]) if far.len() == together.len() => self.of(first),
            // What is far shows itself on the host that works, and what is near does not.
            (_, [], [first, ..]) => {
                let tests = self.of(first).into_iter().filter(|test| !test.fails);
                tests.map(HostTest::telling_apart).collect()
            }
            (_, [], []) => Vec::new(),
            (_, parts, _) => {
                let tests = parts.iter().flat_map(|part| self.of(part));
                tests.map(HostTest::telling_apart).collect()
            }
        }
    }

    /// The commands for `part` alone; none where nothing is known to ask for. What can be exchanged
    /// is: the failing host goes the healthy one's way, and the other way round.
    fn of(&self, part: &SharedPart) -> Vec<HostTest> {
        // Of the healthy the first that has something in the part's place.
        let other = self.healthy.iter().find_map(|on| Some((on, other_of(part, on.case)?)));
        let healthy = other.as_ref().map(|(on, _)| *on).or(self.healthy.first());
        let (Some(failing), Some(healthy)) = (self.failing.first(), healthy) else {
            return Vec::new();
        };
        let Some(sample) = failing.sample() else { return of_host(part, failing, healthy) };
        // A host that fails too is asked for what works there.
        let theirs = if healthy.by_endpoint { healthy.sample().unwrap_or(sample) } else { sample };
        let check = |sample: &str| format!("pathproof check --endpoint {}", quoted(sample));
        let (here, there) = (check(sample), check(theirs));
        let (shows, hides) = self.verdicts();
        let exchanged = |option: &str| {
            // Where nothing was asked of the like, the option would change nothing.
            let Some((_, other)) = &other else { return Vec::new() };
            let value = if part.value == DIRECT { "none" } else { &part.value };
            let options = [other, value].map(|one| is_plain(one).then(|| quoted(one)));
            let [other, own] = options;
            let tests = [
                other.map(|it| failing.test(part, true, format!("{here} {option} {it}"), &hides)),
                own.map(|it| healthy.test(part, false, format!("{there} {option} {it}"), &shows)),
            ];
            tests.into_iter().flatten().collect()
        };
        let both = |on_failing: &str, on_healthy: &str| {
            vec![
                failing.test(part, true, here.clone(), on_failing),
                healthy.test(part, false, there.clone(), on_healthy),
            ]
        };
        match part.kind {
            // Given name servers are not compared with the operating system.
            PartKind::Resolver if self.cause == "dns_os_override" => {
                self.resolved(part, other.as_ref())
            }
            PartKind::Resolver => exchanged("--resolver"),
            PartKind::Proxy => exchanged("--proxy"),
            PartKind::Issuer => both("shows this issuer", "shows another issuer"),
            PartKind::Source => both(&shows, &hides),
            PartKind::RouteRule | PartKind::RuntimeVersion => of_host(part, failing, healthy),
            PartKind::Deployment | PartKind::Destination | PartKind::Endpoint => {
                let expected = if healthy.by_endpoint { hides } else { format!("{shows} too") };
                both(&shows, &expected)
            }
        }
    }

    /// What name servers say, to be held against what the operating system does.
    fn resolved(&self, part: &SharedPart, other: Option<&(&Compared, String)>) -> Vec<HostTest> {
        let (Some(failing), Some((healthy, other))) = (self.failing.first(), other) else {
            return Vec::new();
        };
        let test = |on: &Compared, fails, resolver: &str, expected: &str| {
            let (_, host_port) = on.sample()?.split_once("://")?;
            let (name, _) = host_port.rsplit_once(':')?;
            let resolver = Some(resolver).filter(|resolver| is_plain(resolver))?;
            let (name, resolver) = (quoted(name), quoted(resolver));
            let command = format!("pathproof resolve {name} --resolver {resolver}");
            Some(on.test(part, fails, command, expected))
        };
        let tests = [
            test(failing, true, other, "says what the operating system uses"),
            test(healthy, false, &part.value, "says something else than the operating system uses"),
        ];
        tests.into_iter().flatten().collect()
    }

    /// What a command shows where it goes wrong and where it does not: a warning leaves the exit
    /// code alone, so that the report has to be read.
    fn verdicts(&self) -> (String, String) {
        match self.severity {
            Severity::Fail => ("fails".to_owned(), "passes".to_owned()),
            _ => (format!("shows {}", self.cause), format!("does not show {}", self.cause)),
        }
    }
}

impl<'a> Compared<'a> {
    /// One of its endpoints, where a command may name it.
    fn sample(&self) -> Option<&'a str> {
        self.case.sample.filter(|sample| is_plain(sample))
    }

    fn test(&self, part: &SharedPart, fails: bool, command: String, expected: &str) -> HostTest {
        HostTest {
            host: self.host.to_owned(),
            fails,
            by_endpoint: self.by_endpoint,
            part: part.clone(),
            tells_apart: false,
            command,
            expected: expected.to_owned(),
        }
    }
}

impl HostTest {
    fn telling_apart(self) -> Self {
        Self { tells_apart: true, ..self }
    }
}

/// What needs no endpoint.
fn of_host(part: &SharedPart, failing: &Compared, healthy: &Compared) -> Vec<HostTest> {
    let (command, here, there) = match part.kind {
        PartKind::RouteRule => {
            ("pathproof agent lint", "shows the rule", "shows another rule, or none")
        }
        PartKind::RuntimeVersion => {
            ("pathproof agent status", "shows the version", "shows another version")
        }
        _ => return Vec::new(),
    };
    vec![
        failing.test(part, true, command.to_owned(), here),
        healthy.test(part, false, command.to_owned(), there),
    ]
}

const fn place_of(part: &SharedPart) -> Place {
    match part.kind {
        PartKind::Resolver | PartKind::Proxy => Place::Exchangeable,
        PartKind::Source | PartKind::RouteRule | PartKind::RuntimeVersion => Place::Near,
        PartKind::Deployment | PartKind::Destination | PartKind::Issuer | PartKind::Endpoint => {
            Place::Far
        }
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
