//! The change request: a row for each flow that is not as expected, with everything that a ticket
//! asks for. The same rows in every format.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;

use crate::diagnose::advice_for_one;
use crate::model::Severity;
use crate::report_v1::{Action, Destination, Endpoint, Finding, OnlyOwners, Report, Trail};

/// A flow, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow<'a> {
    /// That of the finding; `pass` where there is none.
    pub status: &'static str,
    /// The stable code; empty on a pass.
    pub cause: Cow<'a, str>,
    /// How sure that is; empty on a pass.
    pub certainty: Cow<'a, str>,
    /// Who can fix it; empty on a pass.
    pub owner: Cow<'a, str>,
    /// The addresses that the flow leaves from, separated by blanks.
    pub source: String,
    /// Where it goes: the name as it is required.
    pub name: Cow<'a, str>,
    /// `None` where none is known here: the name does not resolve, or a proxy resolves it.
    pub address: Option<IpAddr>,
    /// The port there.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: Cow<'a, str>,
    /// `direct`, or the proxy's URL.
    pub route: Cow<'a, str>,
    /// Whether the runtime needs it.
    pub required: bool,
    /// The entry of the endpoint list; empty for a flow that no list names.
    pub entry: Cow<'a, str>,
    /// What the runtime needs it for.
    pub purpose: Cow<'a, str>,
    /// The document that says so.
    pub source_document: Cow<'a, str>,
    /// Since when it is known: the run's start.
    pub first_seen: Option<Timestamp>,
    /// What was seen there, a fact each.
    pub evidence: Vec<&'a str>,
    /// What to do.
    pub remedy: Cow<'a, str>,
}

impl ChangeRow<'_> {
    /// The runtime opens every flow; nothing has to come in.
    pub const DIRECTION: &'static str = "outbound";
}

/// The flows that are not as expected, in the order of the report, and after them those that are no
/// endpoint's: to a proxy, to a host of revocation lists. With `is_all` every flow.
#[must_use]
pub fn rows<'a>(report: &'a Report<'a>, is_all: bool) -> Vec<ChangeRow<'a>> {
    let told = ToldDestinations::of(&report.actions);
    let mut rows = Vec::new();
    for endpoint in &report.endpoints {
        if endpoint.is_unassigned() && !is_all {
            continue;
        }
        let findings = own_findings(endpoint);
        if findings.is_empty() && is_all {
            rows.extend(passing(report, endpoint));
        }
        for finding in findings {
            if !is_all && told.is_of_name_server(finding) {
                continue;
            }
            let teams = told.teams(endpoint, finding, report.only.as_ref());
            for FlowTeam { owner, remedy, targets } in teams {
                let targets = targets.unwrap_or_else(|| failing(endpoint));
                rows.extend(targets.into_iter().map(|target| ChangeRow {
                    owner: owner.into(),
                    remedy: advice_for_one(remedy, &endpoint.host, target.0),
                    ..of(report, endpoint, finding, target)
                }));
            }
        }
    }
    let named: HashSet<FlowKey> = rows.iter().map(FlowKey::of).collect();
    let told = report
        .actions
        .iter()
        .flat_map(|action| action.destinations.iter().map(move |one| (action, one)));
    let others = told.filter(|(action, one)| !named.contains(&FlowKey::to(action, one)));
    let others: Vec<ChangeRow> =
        others.map(|(action, one)| elsewhere(report, action, one)).collect();
    rows.extend(others);
    rows
}

/// What the endpoint's owners have to fix: what only follows from something else is left out,
/// unless there is nothing else.
fn own_findings<'a>(endpoint: &'a Endpoint) -> Vec<&'a Finding<'a>> {
    let own: Vec<&Finding> =
        endpoint.findings.iter().filter(|finding| finding.explained_by.is_none()).collect();
    if own.is_empty() { endpoint.findings.first().into_iter().collect() } else { own }
}

/// What tells a flow that stands in a row already.
#[derive(PartialEq, Eq, Hash)]
struct FlowKey<'a> {
    owner: &'a str,
    name: &'a str,
    address: Option<IpAddr>,
    port: u16,
}

impl<'a> FlowKey<'a> {
    fn of(row: &'a ChangeRow) -> Self {
        Self { owner: &row.owner, name: &row.name, address: row.address, port: row.port }
    }

    fn to(action: &'a Action, one: &'a Destination) -> Self {
        Self { owner: &action.owner, name: &one.name, address: one.address, port: one.port }
    }
}

/// An address and the protocol to it.
type FlowTarget<'a> = (Option<IpAddr>, Cow<'a, str>);

/// Who has to open a flow, and where they were told to: `None` where they were told no address.
struct FlowTeam<'a> {
    owner: &'a str,
    remedy: &'a str,
    targets: Option<Vec<FlowTarget<'a>>>,
}

/// Where each owner was told to act, by name and port.
struct ToldDestinations<'a> {
    actions: &'a [Action<'a>],
    by_host_port: HashMap<(&'a str, u16), Vec<(&'a Action<'a>, &'a Destination<'a>)>>,
}

impl<'a> ToldDestinations<'a> {
    fn of(actions: &'a [Action]) -> Self {
        let mut by_host_port: HashMap<_, Vec<_>> = HashMap::new();
        for action in actions {
            for one in &action.destinations {
                by_host_port.entry((&*one.name, one.port)).or_default().push((action, one));
            }
        }
        Self { actions, by_host_port }
    }

    /// Whether the flow to open for a finding is one to a name server: it has a row of its own, and
    /// the way to the endpoint is not known to need anything.
    fn is_of_name_server(&self, finding: &Finding) -> bool {
        const DNS: u16 = 53;
        let is_for = |it: &&Action| it.owner == finding.owner && it.causes.contains(&finding.cause);
        let mut to = self.actions.iter().filter(is_for).flat_map(|it| &it.destinations).peekable();
        finding.cause.starts_with("dns_")
            && to.peek().is_some()
            && to.all(|one| one.address.is_some() && one.port == DNS)
    }

    /// The finding's owner, and whoever else has to do something about it there. In a report for
    /// some teams that owner may be another one: then it is those of them who have an action for
    /// it.
    fn teams(
        &self,
        endpoint: &Endpoint,
        finding: &'a Finding,
        only: Option<&OnlyOwners>,
    ) -> Vec<FlowTeam<'a>> {
        let own = |owner: &'a str, remedy: &'a str| FlowTeam {
            owner,
            remedy,
            targets: self.targets(endpoint, finding, owner),
        };
        let is_theirs =
            |owner: &str| only.is_none_or(|only| only.owners.iter().any(|it| it == owner));
        let mut teams: Vec<FlowTeam> = Vec::new();
        let is_own = is_theirs(&finding.owner);
        if is_own {
            teams.push(own(&finding.owner, &finding.remedy));
        }
        for action in self.actions.iter().filter(|it| it.causes.contains(&finding.cause)) {
            let team = own(&action.owner, &action.text);
            let is_new = teams.iter().all(|team| team.owner != action.owner);
            if is_new && (team.targets.is_some() || !is_own) {
                teams.push(team);
            }
        }
        teams
    }

    /// The addresses of `endpoint` that the actions of `owner` for `finding` name.
    fn targets(
        &self,
        endpoint: &Endpoint,
        finding: &Finding,
        owner: &str,
    ) -> Option<Vec<FlowTarget<'a>>> {
        let key = (&*endpoint.host, endpoint.port.unwrap_or_default());
        let told = self.by_host_port.get(&key)?;
        let is_for =
            |action: &Action| action.owner == owner && action.causes.contains(&finding.cause);
        let mut targets: Vec<FlowTarget> = Vec::new();
        for (_, one) in told.iter().filter(|(action, _)| is_for(action)) {
            let target = (one.address, Cow::Borrowed(&*one.protocol));
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        (!targets.is_empty()).then_some(targets)
    }
}

/// The addresses where the configured way ended before its end; none where it goes by a proxy.
fn failing<'a>(endpoint: &Endpoint) -> Vec<FlowTarget<'a>> {
    let is_failed = |trail: &&Trail| trail.steps.last().is_none_or(|step| step.outcome != "ok");
    let failed: BTreeSet<IpAddr> = direct(endpoint)
        .filter(is_failed)
        .filter_map(|trail| trail.remote)
        .map(|it| it.ip())
        .collect();
    or_nowhere(failed)
}

fn or_nowhere<'a>(addresses: BTreeSet<IpAddr>) -> Vec<FlowTarget<'a>> {
    if addresses.is_empty() {
        return vec![(None, "tcp".into())];
    }
    addresses.into_iter().map(|address| (Some(address), "tcp".into())).collect()
}

/// The trails of the configured way, where that leads to the endpoint's own addresses.
fn direct<'a>(endpoint: &'a Endpoint) -> impl Iterator<Item = &'a Trail<'a>> {
    let own = &endpoint.route.configured;
    endpoint.trails.iter().filter(move |trail| trail.route == *own && trail.route == "direct")
}

fn of<'a>(
    report: &'a Report,
    endpoint: &'a Endpoint,
    finding: &'a Finding,
    (address, protocol): FlowTarget<'a>,
) -> ChangeRow<'a> {
    ChangeRow {
        status: finding.severity.as_str(),
        cause: (&*finding.cause).into(),
        certainty: (&*finding.certainty).into(),
        owner: (&*finding.owner).into(),
        evidence: evidence(&finding.evidence, address),
        remedy: (&*finding.remedy).into(),
        ..expected(report, endpoint, address, protocol)
    }
}

/// The flows of an endpoint of which nothing is wrong: to each address that was proven.
fn passing<'a>(report: &'a Report, endpoint: &'a Endpoint) -> Vec<ChangeRow<'a>> {
    let is_proven = |trail: &&Trail| trail.steps.last().is_some_and(|step| step.outcome == "ok");
    let proven = direct(endpoint).filter(is_proven).filter_map(|trail| trail.remote);
    let targets = or_nowhere(proven.map(|remote| remote.ip()).collect());
    let rows = targets.into_iter();
    rows.map(|(address, protocol)| expected(report, endpoint, address, protocol)).collect()
}

/// A row that says what is expected, and that it is so.
fn expected<'a>(
    report: &'a Report,
    endpoint: &'a Endpoint,
    address: Option<IpAddr>,
    protocol: Cow<'a, str>,
) -> ChangeRow<'a> {
    ChangeRow {
        status: "pass",
        cause: "".into(),
        certainty: "".into(),
        owner: "".into(),
        source: source(report, Some(endpoint), address),
        name: (&*endpoint.host).into(),
        address,
        port: endpoint.port.unwrap_or_default(),
        protocol,
        route: (&*endpoint.route.configured).into(),
        required: endpoint.is_required(),
        entry: (&*endpoint.entry).into(),
        purpose: (&*endpoint.purpose).into(),
        source_document: endpoint.source_document.as_deref().unwrap_or_default().into(),
        first_seen: report.run.started_at,
        evidence: Vec::new(),
        remedy: "".into(),
    }
}

/// A flow that no row of an endpoint holds, as the action says it; with what the endpoints that
/// need it say.
fn elsewhere<'a>(report: &'a Report, action: &'a Action, one: &'a Destination) -> ChangeRow<'a> {
    let is_there = |it: &&Endpoint| it.host == one.name && it.port.unwrap_or_default() == one.port;
    let there = report.endpoints.iter().find(is_there);
    let is_about = |finding: &Finding| action.causes.contains(&finding.cause);
    let is_for = |finding: &&Finding| finding.owner == action.owner && is_about(finding);
    let of_endpoints = report.endpoints.iter().flat_map(|endpoint| {
        let is_its = there.is_some_and(|there| std::ptr::eq(there, endpoint));
        let is_meant = move |finding: &&Finding| is_for(finding) || is_its && is_about(finding);
        endpoint.findings.iter().filter(is_meant).map(move |finding| (Some(endpoint), finding))
    });
    let of_run = report.findings.iter().filter(is_for).map(|finding| (None, finding));
    let mut worst: Option<&Finding> = None;
    let (mut required, mut facts) = (false, Vec::new());
    for (endpoint, finding) in of_endpoints.chain(of_run) {
        let is_worse = |known: &Finding| finding.severity < known.severity;
        if worst.is_none_or(is_worse) {
            worst = Some(finding);
        }
        required |= endpoint.is_none_or(Endpoint::is_required);
        if facts.is_empty() {
            let named = evidence(&finding.evidence, one.address);
            facts = named.into_iter().filter(|fact| names(fact, one)).collect();
        }
    }
    let protocol = Cow::Borrowed(&*one.protocol);
    let base = match there {
        Some(endpoint) => expected(report, endpoint, one.address, protocol),
        None => ChangeRow {
            status: "pass",
            cause: "".into(),
            certainty: "".into(),
            owner: "".into(),
            source: source(report, None, one.address),
            name: (&*one.name).into(),
            address: one.address,
            port: one.port,
            protocol,
            route: "direct".into(),
            required,
            entry: "".into(),
            purpose: "".into(),
            source_document: "".into(),
            first_seen: report.run.started_at,
            evidence: Vec::new(),
            remedy: "".into(),
        },
    };
    ChangeRow {
        status: worst.map_or(Severity::Fail, |finding| finding.severity).as_str(),
        cause: action.causes.join(" ").into(),
        certainty: worst.map_or("", |finding| &*finding.certainty).into(),
        owner: (&*action.owner).into(),
        evidence: facts,
        remedy: advice_for_one(&action.text, &one.name, one.address),
        ..base
    }
}

fn names(fact: &str, one: &Destination) -> bool {
    fact.contains(&*one.name) || one.address.is_some_and(|it| fact.contains(&it.to_string()))
}

/// The facts about `address`, and those about none.
fn evidence(facts: &[String], address: Option<IpAddr>) -> Vec<&str> {
    let address_of = |fact: &str| {
        let first = fact.split([' ', ',']).next()?.trim_end_matches(':');
        let socket = first.parse::<SocketAddr>().map(|socket| socket.ip());
        socket.or_else(|_| first.parse::<IpAddr>()).ok()
    };
    let is_of_it =
        |fact: &&str| address.is_none() || address_of(fact).is_none_or(|it| Some(it) == address);
    facts.iter().map(String::as_str).filter(is_of_it).collect()
}

/// The address that the flow left from, or those of this host that it can leave from.
fn source(report: &Report, endpoint: Option<&Endpoint>, to: Option<IpAddr>) -> String {
    let mut trails = endpoint.into_iter().flat_map(|endpoint| &endpoint.trails);
    let left = trails.find(|trail| to.is_none() || trail.remote.map(|it| it.ip()) == to);
    if let Some(local) = left.and_then(|trail| trail.local) {
        return local.ip().to_string();
    }
    let fits = |own: &&IpAddr| to.is_none_or(|to| to.is_ipv4() == own.is_ipv4());
    let own: Vec<String> =
        report.run.vantage.addresses.iter().filter(fits).map(ToString::to_string).collect();
    own.join(" ")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "reports of the golden cases are read")]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::model::{Owner, Status};
    use crate::report::only_owners;

    fn golden() -> Vec<(String, Report<'static>)> {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let read = |case: fs::DirEntry| {
            let text = fs::read_to_string(case.path().join("report.json")).unwrap();
            (case.file_name().into_string().unwrap(), Report::read(&text).unwrap())
        };
        fs::read_dir(cases).unwrap().map(|case| read(case.unwrap())).collect()
    }

    fn case(name: &str) -> Report<'static> {
        golden().into_iter().find(|(case, _)| case == name).unwrap().1
    }

    #[test]
    fn whatever_someone_has_to_do_somewhere_stands_in_a_row() {
        for (case, report) in golden() {
            let rows = rows(&report, false);
            for action in &report.actions {
                for one in &action.destinations {
                    let is_it = |row: &&ChangeRow| {
                        (&*row.name, row.address, row.port, &*row.protocol)
                            == (&*one.name, one.address, one.port, &*one.protocol)
                            && row.owner == action.owner
                    };
                    assert!(rows.iter().any(|row| is_it(&row)), "{case}: {one:?} of {action:?}");
                }
            }
            for (at, row) in rows.iter().enumerate() {
                assert!(!rows[..at].contains(row), "{case}: twice: {row:?}");
                assert_ne!(row.status, "pass");
            }
        }
    }

    #[test]
    fn the_request_of_one_team_names_no_other() {
        let mut n_rows = 0;
        for (case, report) in golden() {
            for owner in Owner::ALL {
                let theirs = only_owners(report.clone(), &[owner]);
                for row in rows(&theirs, false) {
                    assert_eq!(row.owner, owner.as_str(), "{case}: {row:?}");
                    assert!(!row.remedy.is_empty(), "{case}: {row:?}");
                    n_rows += 1;
                }
            }
        }
        assert!(n_rows > 300, "{n_rows}");
    }

    /// What a team has to do for a name stands there as the finding has it, whoever owns that.
    #[test]
    fn who_else_has_to_act_gets_the_rows_of_the_endpoint() {
        let mut n_further = 0;
        for (case, report) in golden() {
            for row in rows(&report, false) {
                assert!(!row.remedy.contains("s below"), "{case}: {row:?}");
                let is_it = |one: &&Endpoint| one.host == row.name && one.port == Some(row.port);
                let Some(endpoint) = report.endpoints.iter().find(is_it) else { continue };
                let is_known = |it: &Finding| {
                    row.cause.split(' ').any(|cause| cause == it.cause)
                        && it.severity.as_str() == row.status
                        && it.certainty == row.certainty
                };
                let findings = endpoint.findings.iter().chain(&report.findings);
                assert!(findings.into_iter().any(is_known), "{case}: {row:?}");
                assert_eq!(row.required, endpoint.is_required(), "{case}: {row:?}");
                assert_eq!(row.entry, endpoint.entry, "{case}: {row:?}");
                assert_eq!(row.route, endpoint.route.configured, "{case}: {row:?}");
                n_further += usize::from(endpoint.findings.iter().all(|it| it.owner != row.owner));
            }
        }
        assert!(n_further > 20, "{n_further}");
    }

    #[test]
    fn the_flow_to_a_name_server_is_requested_in_place_of_the_endpoint() {
        let report = only_owners(case("dns-codes"), &[Owner::Firewall]);
        let rows = rows(&report, false);
        let flows: Vec<_> = rows
            .iter()
            .map(|row| (&*row.cause, &*row.name, row.address, row.port, &*row.protocol))
            .collect();
        let server: IpAddr = "10.0.0.53".parse().unwrap();
        assert_eq!(flows, [("dns_tcp_blocked", "10.0.0.53", Some(server), 53, "tcp")]);
        assert!(rows[0].required && !rows[0].evidence.is_empty());
    }

    #[test]
    fn every_endpoint_stands_in_a_row_where_all_are_asked_for() {
        for (case, report) in golden() {
            let (wrong, all) = (rows(&report, false), rows(&report, true));
            let told = ToldDestinations::of(&report.actions);
            for endpoint in &report.endpoints {
                let target = (&*endpoint.host, endpoint.port.unwrap());
                let is_in =
                    |rows: &[ChangeRow]| rows.iter().any(|row| (&*row.name, row.port) == target);
                assert!(is_in(&all), "{case}: {target:?}");
                let is_elsewhere =
                    own_findings(endpoint).iter().all(|one| told.is_of_name_server(one));
                let is_wrong =
                    endpoint.status != Status::Pass && !endpoint.is_unassigned() && !is_elsewhere;
                assert!(is_in(&wrong) || !is_wrong, "{case}: {target:?}");
            }
        }
    }

    #[test]
    fn a_row_says_what_a_firewall_is_given() {
        let report = case("tcp-failures");
        let rows = rows(&report, false);
        let silent = rows.iter().find(|row| row.cause == "tcp_timeout").unwrap();
        assert_eq!((silent.status, &*silent.owner, silent.port), ("fail", "firewall", 443));
        assert_eq!((&*silent.source, &*silent.protocol), ("10.50.1.10", "tcp"));
        assert!(silent.address.is_some() && !silent.purpose.is_empty() && silent.required);
        assert!(silent.evidence.iter().any(|fact| fact.contains("no answer to SYN")), "{silent:?}");
    }

    #[test]
    fn only_addresses_that_fail_are_asked_for_and_each_with_its_own_facts() {
        let report = case("tcp-failures");
        let rows = rows(&report, false);
        for row in rows.iter().filter(|row| row.cause == "tcp_some_addresses") {
            let address = row.address.unwrap().to_string();
            let endpoint = report.endpoints.iter().find(|one| one.host == row.name).unwrap();
            let trail =
                endpoint.trails.iter().find(|it| it.remote.unwrap().ip().to_string() == address);
            assert_ne!(trail.unwrap().steps.last().unwrap().outcome, "ok", "{row:?}");
        }
    }

    #[test]
    fn the_way_to_a_proxy_is_a_flow_of_its_own() {
        let report = case("proxy-refuses-all");
        let rows = rows(&report, false);
        let to_it = rows.iter().find(|row| row.name == "10.0.0.8").unwrap();
        assert_eq!((to_it.port, &*to_it.cause, &*to_it.owner), (3128, "proxy_refused", "proxy"));
        assert_eq!((&*to_it.route, to_it.status, to_it.required), ("direct", "fail", true));
        let by_it = rows.iter().find(|row| row.name.contains("servicebus")).unwrap();
        assert_eq!((&*by_it.route, by_it.address), ("http://10.0.0.8:3128", None));
    }
}
