//! What failures share, in sentences, which every format for people shows alike.

use super::failures::{CountedPart, Explained, FailedAlike, FailureStatement, SuspectedPart};
use super::host_test::{DIRECT, HostTest};
use super::suspects::{PartKind, SharedPart};
use super::{Merged, SharedFinding};
use crate::model::Severity;
use crate::report::wording::{counted, listed, team_of};

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

/// What stands over these sentences.
pub(in crate::report) fn heading(merged: &Merged) -> &'static str {
    let mut told = merged.failures.iter().filter(|one| one.is_worth_telling());
    if told.any(|one| one.failed.iter().any(|failed| failed.severity == Severity::Fail)) {
        "What the failing hosts share"
    } else {
        "What the hosts with warnings share"
    }
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
                "Why cannot be told: these share nothing that sets them apart from the others."
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
            tests: statement.tests.iter().map(|test| ToldTest::of(test, statement)).collect(),
        }
    }
}

impl<'a> ToldTest<'a> {
    fn of(test: &'a HostTest, statement: &FailureStatement) -> Self {
        let HostTest { host, fails, by_endpoint, part, tells_apart, expected, command } = test;
        let is_failure =
            statement.failed.first().is_some_and(|failed| failed.severity == Severity::Fail);
        let state = match (is_failure, fails) {
            (true, true) if statement.is_mixed() => "fails or warns now",
            (true, true) => "fails now",
            (true, false) => "works now",
            (false, true) => "warns now",
            (false, false) => "does not warn now",
        };
        let which = if *by_endpoint { "where this endpoint" } else { "which" };
        // Two statements that became one may have left one part.
        let is_tie = statement.parts.first().is_some_and(|part| part.alternatives.len() > 1);
        let so = if *tells_apart && is_tie {
            format!("it is {}", noun(part))
        } else {
            "that is so".to_owned()
        };
        let says = format!("If {so}, this {expected} on {host}, {which} {state}:");
        Self { says, command }
    }
}

/// What failed, such as `relay tcp_timeout`.
fn name(failed: &FailedAlike) -> String {
    format!("{} {}", failed.endpoint.as_deref().unwrap_or("the run"), failed.cause)
}

/// `40 hosts fail, 160 do not`; of endpoints, where a host may have both.
fn hosts(failed: &FailedAlike) -> String {
    let is_failure = failed.severity == Severity::Fail;
    if failed.both > 0 {
        let (verb, other) = if is_failure { ("fail", "work") } else { ("warn", "do not") };
        let failing = if failed.is_mixed() {
            let n_failing = counted(failed.failing - failed.warning, "host");
            format!("{n_failing}, warn on {}", failed.warning)
        } else {
            counted(failed.failing, "host")
        };
        let both =
            if failed.both == 1 { "1 host has" } else { &format!("{} hosts have", failed.both) };
        return format!(
            "endpoints {verb} on {failing} and {other} on {}; {both} both",
            failed.healthy
        );
    }
    // Who only warns does not fail.
    let n_worst = failed.failing - if failed.is_mixed() { failed.warning } else { 0 };
    let verb = match (is_failure, n_worst) {
        (true, 1) => "fails",
        (true, _) => "fail",
        (false, 1) => "warns",
        (false, _) => "warn",
    };
    let rest = match failed.healthy {
        0 => "no other is healthy".to_owned(),
        1 => "1 does not".to_owned(),
        healthy => format!("{healthy} do not"),
    };
    let warning = match failed.warning {
        _ if !failed.is_mixed() => String::new(),
        1 => ", 1 warns".to_owned(),
        warning => format!(", {warning} warn"),
    };
    format!("{} {verb}{warning}, {rest}", counted(n_worst, "host"))
}

/// What is said of the hosts.
const fn state(failed: &FailedAlike) -> &'static str {
    match failed.severity {
        _ if failed.is_mixed() => "affected",
        Severity::Fail => "failing",
        _ => "warning",
    }
}

/// The teams of the parts; all of those that may have to, where hosts do not tell parts apart.
fn owners(statement: &FailureStatement) -> String {
    let mut of_parts: Vec<String> = Vec::new();
    for part in &statement.parts {
        let mut teams: Vec<&str> = Vec::new();
        for team in part.alternatives.iter().map(|one| team_of(&one.owner)) {
            if !teams.contains(&team) {
                teams.push(team);
            }
        }
        let teams = teams.join(", or ");
        if !of_parts.contains(&teams) {
            of_parts.push(teams);
        }
    }
    of_parts.join("; ")
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
            let phrase = |one: &&CountedPart| Phrase::of(&one.part, first).of_many();
            let phrases: Vec<String> = together.iter().map(phrase).collect();
            let phrases = phrases.join(", and ");
            let who = if first.both > 0 { "endpoints" } else { "hosts" };
            lines.push(format!("The very same {who} {phrases}: these cannot be told apart."));
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
        rest if first.both > 0 => {
            let hosts = counted(rest, "host");
            lines.push(format!("On {hosts} the {} endpoints share none of this.", state(first)));
        }
        1 => lines.push(format!("1 {} host shares none of this.", state(first))),
        rest => lines.push(format!("{rest} {} hosts share none of this.", state(first))),
    }
    lines
}

fn of_no_healthy(statement: &FailureStatement) -> Vec<String> {
    let Some(first) = statement.failed.first() else { return Vec::new() };
    let shared = statement.parts.iter().flat_map(|part| &part.alternatives);
    let phrases: Vec<String> = shared.map(|one| Phrase::of(&one.part, first).of_many()).collect();
    vec![
        format!("All of them {}.", listed(&phrases, SHARED_SHOWN)),
        "Which of these it is cannot be told: there is no healthy host to compare with.".to_owned(),
    ]
}

/// `38 of 40 failing hosts ask the resolver 10.0.0.53; none of 160 healthy ones does.`
fn sentence(counted: &CountedPart, of: &FailedAlike) -> String {
    let phrase = Phrase::of(&counted.part, of);
    let not_known = match counted.not_known {
        0 => String::new(),
        some => format!(" Of {some} {} ones that is not known.", state(of)),
    };
    if of.both > 0 {
        return by_endpoints(counted, of, &phrase) + &not_known;
    }
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
    format!("{failing} {}; {healthy}.{not_known}", phrase.of_many())
}

/// `On all 8 hosts with failing endpoints these are a:443; on none of 8 hosts with working ones.`
fn by_endpoints(counted: &CountedPart, of: &FailedAlike, phrase: &Phrase) -> String {
    let failing = if counted.failing == of.failing {
        format!("On all {} hosts", of.failing)
    } else {
        format!("On {} of {} hosts", counted.failing, of.failing)
    };
    let others = if of.severity == Severity::Fail { "working" } else { "other" };
    let healthy = match counted.healthy {
        0 => "none".to_owned(),
        some => some.to_string(),
    };
    format!(
        "{failing} with {} endpoints these {}; on {healthy} of {} hosts with {others} ones.",
        state(of),
        phrase.of_many(),
        of.healthy
    )
}

/// What a part is called by itself.
fn noun(part: &SharedPart) -> String {
    let SharedPart { kind, value } = part;
    match kind {
        PartKind::Resolver => format!("the resolver {value}"),
        PartKind::Proxy if value == DIRECT => "the direct way".to_owned(),
        PartKind::Proxy => format!("the proxy {value}"),
        PartKind::Deployment => format!("the relay deployment {value}"),
        PartKind::Destination => format!("the way to {value}"),
        PartKind::Source => format!("the way from {value}"),
        PartKind::Issuer => format!("the issuer \"{value}\""),
        PartKind::RouteRule => format!("the rule \"{value}\""),
        PartKind::RuntimeVersion => format!("the runtime {value}"),
        PartKind::Endpoint => value.clone(),
    }
}

/// What hosts do with a part, or what endpoints do.
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
    fn of(part: &SharedPart, failed: &FailedAlike) -> Self {
        let SharedPart { kind, value } = part;
        let is_network = value.contains('/');
        let (verb, object) = match kind {
            PartKind::Resolver => (Verb::Do("ask"), format!("the resolver {value}")),
            PartKind::Proxy if value == DIRECT => (Verb::Do("go"), DIRECT.to_owned()),
            PartKind::Proxy => (Verb::Do("go"), format!("by the proxy {value}")),
            PartKind::Deployment => (Verb::Do("use"), format!("the relay deployment {value}")),
            PartKind::Destination if is_network => {
                (Verb::Do("connect"), format!("to addresses of {value}"))
            }
            PartKind::Destination => (Verb::Do("connect"), format!("to {value}")),
            PartKind::Source => (Verb::Do("leave"), format!("from {value}")),
            PartKind::Issuer => (Verb::Are("shown"), format!("certificates of \"{value}\"")),
            PartKind::RouteRule => (Verb::Do("take"), format!("their route by \"{value}\"")),
            PartKind::RuntimeVersion => (Verb::Do("run"), format!("the runtime {value}")),
            PartKind::Endpoint => (Verb::Do("need"), value.clone()),
        };
        if failed.both == 0 {
            return Self { verb, object };
        }
        let (participle, object) = match kind {
            PartKind::Resolver => ("asked of", object),
            PartKind::Proxy | PartKind::Source => ("reached", object),
            PartKind::Destination if is_network => ("at", format!("addresses of {value}")),
            PartKind::Destination => ("at", value.clone()),
            PartKind::Deployment => ("of", object),
            PartKind::Issuer => ("presenting", object),
            PartKind::RouteRule => ("taking", object),
            PartKind::RuntimeVersion => ("needed by", object),
            PartKind::Endpoint => ("", value.clone()),
        };
        Self { verb: Verb::Are(participle), object }
    }

    fn of_many(&self) -> String {
        match self.verb {
            Verb::Do(verb) => format!("{verb} {}", self.object),
            Verb::Are("") => format!("are {}", self.object),
            Verb::Are(participle) => format!("are {participle} {}", self.object),
        }
    }
}
