//! What failures share, in sentences, which every format for people shows alike.

use super::failures::{CountedPart, Explained, FailedAlike, FailureStatement, SuspectedPart};
use super::host_test::HostTest;
use super::suspects::{PartKind, SharedPart};
use super::{Merged, SharedFinding};
use crate::model::Severity;
use crate::report::wording::{counted, listed, team_of};

/// What stands over these sentences.
pub(in crate::report) const HEADING: &str = "What the failing hosts share";
/// How many parts are named that hosts share and that tell nothing apart.
const SHARED_SHOWN: usize = 6;
/// How many kinds of failure are named in one sentence.
const FAILED_SHOWN: usize = 6;

/// A statement for people.
pub(in crate::report) struct ToldStatement<'a> {
    /// What failed, and on how many hosts.
    pub(in crate::report) title: String,
    /// What is known of it, a sentence or two each.
    pub(in crate::report) lines: Vec<String>,
    pub(in crate::report) tests: Vec<ToldTest<'a>>,
}

/// A command, and what is said of it.
pub(in crate::report) struct ToldTest<'a> {
    pub(in crate::report) says: String,
    pub(in crate::report) command: &'a str,
}

/// The statements of `merged` that say something, and one of all that share nothing.
pub(in crate::report) fn statements(merged: &Merged) -> Vec<ToldStatement<'_>> {
    let worth = || merged.failures.iter().filter(|statement| statement.is_worth_telling());
    let is_open = |statement: &&FailureStatement| statement.parts.is_empty();
    let mut told: Vec<ToldStatement> =
        worth().filter(|one| !is_open(one)).map(ToldStatement::of).collect();
    let open: Vec<String> = worth()
        .filter(is_open)
        .flat_map(|statement| &statement.failed)
        .map(|failed| format!("{} ({})", name(failed), hosts(failed)))
        .collect();
    if !open.is_empty() {
        told.push(ToldStatement {
            title: listed(&open, FAILED_SHOWN),
            lines: vec![
                "Why cannot be told: these hosts share nothing that sets them apart from those \
                 that do not fail."
                    .to_owned(),
            ],
            tests: Vec::new(),
        });
    }
    told
}

/// A finding as a line: `fail relay a:443: tcp_timeout (firewall)`.
pub(super) fn finding(found: &SharedFinding) -> String {
    let SharedFinding { severity, endpoint, cause, owner, .. } = found;
    let endpoint = endpoint.as_deref().unwrap_or("all endpoints");
    format!("{} {endpoint}: {cause} ({owner})", severity.as_str())
}

impl<'a> ToldStatement<'a> {
    fn of(statement: &'a FailureStatement) -> Self {
        let names: Vec<String> = statement.failed.iter().map(name).collect();
        let counts = statement.failed.first().map(hosts).unwrap_or_default();
        let mut lines = match statement.outcome {
            Explained::NoHealthyHost => of_no_healthy(statement),
            _ => of_parts(statement),
        };
        let owners = owners(statement);
        if !owners.is_empty() {
            lines.push(format!("Who can fix it: {owners}."));
        }
        Self {
            title: format!("{}: {counts}", listed(&names, FAILED_SHOWN)),
            lines,
            tests: statement.tests.iter().map(ToldTest::of).collect(),
        }
    }
}

impl<'a> ToldTest<'a> {
    fn of(test: &'a HostTest) -> Self {
        let HostTest { host, fails, expected, command } = test;
        let state = if *fails { "fails" } else { "works" };
        let says = format!("If that is so, this {expected} on {host}, which {state} now:");
        Self { says, command }
    }
}

/// What failed, such as `relay tcp_timeout`.
fn name(failed: &FailedAlike) -> String {
    format!("{} {}", failed.endpoint.as_deref().unwrap_or("the run"), failed.cause)
}

/// `40 hosts fail, 160 do not`.
fn hosts(failed: &FailedAlike) -> String {
    let verb = match (failed.severity, failed.failing) {
        (Severity::Fail, 1) => "fails",
        (Severity::Fail, _) => "fail",
        (_, 1) => "warns",
        _ => "warn",
    };
    let rest = match failed.healthy {
        0 => "no other is healthy".to_owned(),
        1 => "1 does not".to_owned(),
        healthy => format!("{healthy} do not"),
    };
    format!("{} {verb}, {rest}", counted(failed.failing, "host"))
}

/// What is said of the hosts.
const fn state(failed: &FailedAlike) -> &'static str {
    match failed.severity {
        Severity::Fail => "failing",
        _ => "warning",
    }
}

/// The teams of the parts.
fn owners(statement: &FailureStatement) -> String {
    let mut teams: Vec<&str> = Vec::new();
    for team in statement.parts.iter().map(|part| team_of(&part.owner)) {
        if !teams.contains(&team) {
            teams.push(team);
        }
    }
    teams.join(", ")
}

fn of_parts(statement: &FailureStatement) -> Vec<String> {
    let Some(first) = statement.failed.first() else { return Vec::new() };
    let mut lines = Vec::new();
    if statement.outcome == Explained::TooFewHosts {
        lines.push("Too few hosts to be sure; this fits best, and may be chance:".to_owned());
    }
    for SuspectedPart { alternatives, .. } in &statement.parts {
        let Some((likeliest, others)) = alternatives.split_first() else { continue };
        lines.push(sentence(likeliest, first));
        let (together, tied): (Vec<_>, Vec<_>) = others.iter().partition(|one| one.together);
        if !together.is_empty() {
            let phrases: Vec<String> =
                together.iter().map(|one| Phrase::of(&one.part).of_many()).collect();
            let phrases = phrases.join(", and ");
            lines.push(format!("The very same hosts {phrases}: these cannot be told apart."));
        }
        for one in tied {
            lines.push(format!("It may as well be this: {}", sentence(one, first)));
        }
    }
    // Of whom the part is not known that is said already.
    let n_not_known = statement.parts.iter().filter_map(|part| part.alternatives.first());
    let n_not_known = n_not_known.map(|likeliest| likeliest.not_known).min().unwrap_or(0);
    match statement.unexplained.saturating_sub(n_not_known) {
        0 => {}
        1 => lines.push(format!("1 {} host shares none of this.", state(first))),
        rest => lines.push(format!("{rest} {} hosts share none of this.", state(first))),
    }
    lines
}

fn of_no_healthy(statement: &FailureStatement) -> Vec<String> {
    let shared = statement.parts.iter().flat_map(|part| &part.alternatives);
    let phrases: Vec<String> = shared.map(|one| Phrase::of(&one.part).of_many()).collect();
    vec![
        format!("All of them {}.", listed(&phrases, SHARED_SHOWN)),
        "Which of these it is cannot be told: there is no healthy host to compare with.".to_owned(),
    ]
}

/// `38 of 40 failing hosts ask the resolver 10.0.0.53; none of 160 healthy ones does.`
fn sentence(counted: &CountedPart, of: &FailedAlike) -> String {
    let phrase = Phrase::of(&counted.part);
    let failing = if counted.failing == of.failing {
        format!("All {} {} hosts", of.failing, state(of))
    } else {
        format!("{} of {} {} hosts", counted.failing, of.failing, state(of))
    };
    let aux = phrase.verb.aux();
    let healthy = match counted.healthy {
        0 => format!("none of {} healthy ones {}", of.healthy, aux.0),
        1 => format!("1 of {} healthy ones {}", of.healthy, aux.0),
        some => format!("{some} of {} healthy ones {}", of.healthy, aux.1),
    };
    let not_known = match counted.not_known {
        0 => String::new(),
        some => format!(" Of {some} {} ones that is not known.", state(of)),
    };
    format!("{failing} {}; {healthy}.{not_known}", phrase.of_many())
}

/// What hosts do with a part.
struct Phrase {
    verb: Verb,
    object: String,
}

#[derive(Clone, Copy)]
enum Verb {
    Do(&'static str),
    /// Something is done to them.
    Are(&'static str),
}

impl Verb {
    /// For one and for many.
    const fn aux(self) -> (&'static str, &'static str) {
        match self {
            Self::Do(_) => ("does", "do"),
            Self::Are(_) => ("is", "are"),
        }
    }
}

impl Phrase {
    fn of(part: &SharedPart) -> Self {
        let SharedPart { kind, value } = part;
        let (verb, object) = match kind {
            PartKind::Resolver => (Verb::Do("ask"), format!("the resolver {value}")),
            PartKind::Proxy if value == "direct" => (Verb::Do("go"), "direct".to_owned()),
            PartKind::Proxy => (Verb::Do("go"), format!("by the proxy {value}")),
            PartKind::Deployment => (Verb::Do("use"), format!("the relay deployment {value}")),
            PartKind::Destination if value.contains('/') => {
                (Verb::Do("connect"), format!("to addresses of {value}"))
            }
            PartKind::Destination => (Verb::Do("connect"), format!("to {value}")),
            PartKind::Source => (Verb::Do("leave"), format!("from {value}")),
            PartKind::Issuer => (Verb::Are("shown"), format!("certificates of \"{value}\"")),
            PartKind::RouteRule => (Verb::Do("take"), format!("their route by \"{value}\"")),
            PartKind::RuntimeVersion => (Verb::Do("run"), format!("the runtime {value}")),
            PartKind::Endpoint => (Verb::Do("need"), value.clone()),
        };
        Self { verb, object }
    }

    fn of_many(&self) -> String {
        match self.verb {
            Verb::Do(verb) => format!("{verb} {}", self.object),
            Verb::Are(participle) => format!("are {participle} {}", self.object),
        }
    }
}
