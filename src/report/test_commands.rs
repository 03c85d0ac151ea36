//! How to see whether something helped: commands that every host has, and the program's own.

use std::collections::{BTreeSet, HashMap};

use super::command;
use crate::model::{Cause, Role};
use crate::report_v1::{Action, Destination, Endpoint, Report};

/// How many endpoints a command names.
const NAMED: usize = 3;

/// A command, and what it shows.
#[derive(Debug)]
pub(super) struct TestCommand {
    pub(super) says: &'static str,
    pub(super) command: String,
}

/// What commands are made from.
pub(super) struct TestCommands<'a> {
    report: &'a Report<'a>,
    endpoints: HashMap<(&'a str, u16), &'a Endpoint<'a>>,
    is_windows: bool,
}

impl<'a> TestCommands<'a> {
    pub(super) fn of(report: &'a Report<'a>) -> Self {
        let keyed = |it: &'a Endpoint<'a>| ((&*it.host, it.port.unwrap_or_default()), it);
        Self {
            report,
            endpoints: report.endpoints.iter().map(keyed).collect(),
            is_windows: report.run.vantage.os.to_lowercase().contains("windows"),
        }
    }

    /// Those for what `action` changes, by its first destination.
    pub(super) fn of_action(&self, action: &Action) -> Vec<TestCommand> {
        let cause = action.causes.first().map(|cause| &**cause).unwrap_or_default();
        let first = action.destinations.iter().find(|one| is_plain(&one.name));
        let own = first.and_then(|one| self.by_hand(cause, one));
        own.into_iter().chain(self.by_program(action)).collect()
    }

    fn by_hand(&self, cause: &str, one: &Destination) -> Option<TestCommand> {
        let Destination { name, port, .. } = one;
        let endpoint = self.endpoints.get(&(&**name, *port));
        let at = one.address.map_or_else(|| name.clone().into_owned(), |it| it.to_string());
        let trial = |says, command| Some(TestCommand { says, command });
        let connect = || {
            let command = if self.is_windows {
                format!("Test-NetConnection {at} -Port {port}")
            } else {
                format!("nc -vz -w 5 {at} {port}")
            };
            trial("Connects when the way is open:", command)
        };
        match cause.split('_').next().unwrap_or_default() {
            "dns" | "path" => {
                let (name, server) = match (endpoint, one.address) {
                    (None, Some(server)) => (self.asked_for(cause)?, server),
                    _ => (&**name, self.report.run.vantage.resolvers.first()?.ip()),
                };
                let is_by_tcp = cause == Cause::DnsTcpBlocked.code();
                let command = if self.is_windows {
                    let by = if is_by_tcp { " -TcpOnly" } else { "" };
                    format!("Resolve-DnsName {name} -Server {server}{by}")
                } else {
                    let by = if is_by_tcp { "+tcp " } else { "" };
                    format!("dig {by}@{server} {name}")
                };
                trial("Shows what the name server says:", command)
            }
            _ if cause == "tls_large_packets_lost" => {
                let command = if self.is_windows {
                    format!("ping -f -l 1372 {at}")
                } else {
                    format!("ping -M do -s 1372 {at}")
                };
                trial("Shows whether packets of 1400 bytes pass, where ping is allowed:", command)
            }
            "tcp" | "tds" | "relay" => connect(),
            // The way to the proxy itself.
            "proxy" if endpoint.is_none() => connect(),
            "proxy" | "tls" | "http" | "route" | "hold" => {
                let curl = if self.is_windows { "curl.exe" } else { "curl" };
                let port_shown = if *port == 443 { String::new() } else { format!(":{port}") };
                let proxy = endpoint.map(|it| &*it.route.configured).filter(|it| is_url(it));
                let way = match (proxy, one.address) {
                    (Some(proxy), _) => format!(" --proxy {proxy}"),
                    (None, Some(address)) => format!(" --resolve {name}:{port}:{address}"),
                    (None, None) => String::new(),
                };
                let command = format!("{curl} -v --max-time 10{way} https://{name}{port_shown}/");
                trial("Shows the certificate and the answer:", command)
            }
            _ => None,
        }
    }

    /// A name that a name server was asked for, where `cause` was found.
    fn asked_for(&self, cause: &str) -> Option<&'a str> {
        self.of_cause(cause).map(|endpoint| &*endpoint.host).find(|host| is_plain(host))
    }

    fn of_cause(&self, cause: &str) -> impl Iterator<Item = &'a Endpoint<'a>> {
        let has = move |it: &&Endpoint| it.findings.iter().any(|finding| finding.cause == cause);
        self.report.endpoints.iter().filter(has)
    }

    /// The run again, of what it is about.
    fn by_program(&self, action: &Action) -> Option<TestCommand> {
        let found = |one: &Destination| self.endpoints.get(&(&*one.name, one.port)).copied();
        let mut endpoints: Vec<&Endpoint> = action.destinations.iter().filter_map(found).collect();
        if endpoints.is_empty() && action.causes.iter().all(|cause| cause.starts_with("dns_")) {
            endpoints = action.causes.iter().flat_map(|cause| self.of_cause(cause)).collect();
        }
        let entries: BTreeSet<&str> = endpoints.iter().map(|it| entry(it)).collect();
        let entries: Vec<&str> = entries.into_iter().collect();
        let again = command::check_again(&self.report.run.options, &entries);
        let command = again.or_else(|| {
            let named = endpoints.iter().filter(|it| is_plain(&it.host)).take(NAMED);
            let options: Vec<String> = named
                .map(|it| {
                    let kind = it.kind.as_deref().unwrap_or("https");
                    format!(" --endpoint {kind}://{}", it.host_port())
                })
                .collect();
            (!options.is_empty()).then(|| format!("pathproof check{}", options.concat()))
        })?;
        Some(TestCommand { says: "Says PASS when it is fixed:", command })
    }
}

/// What `--only` takes; gateways go with their relay.
fn entry<'a>(endpoint: &'a Endpoint) -> &'a str {
    match endpoint.role.as_deref() {
        Some(role) if role == Role::Gateway.as_str() => Role::Relay.as_str(),
        _ => &endpoint.entry,
    }
}

/// Whether a word is a name or an address and nothing that a shell would take for more.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with('-')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || ".-:_".contains(c))
}

fn is_url(word: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || ".-:_/[]".contains(c);
    word.contains("://") && word.chars().all(is_fine)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the report of a golden case is read")]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::report_v1::Report;

    #[test]
    fn a_name_server_is_asked_by_tcp_where_tcp_was_blocked() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let text = fs::read_to_string(cases.join("dns-codes/report.json")).unwrap();
        let mut report = Report::read(&text).unwrap();
        for (system, expected) in [
            ("Ubuntu 24.04", "dig +tcp @10.0.0.53 large.servicebus.windows.net"),
            (
                "Windows Server 2022",
                "Resolve-DnsName large.servicebus.windows.net -Server 10.0.0.53 -TcpOnly",
            ),
        ] {
            report.run.vantage.os = system.into();
            let is_it = |action: &&Action| action.causes.iter().any(|it| it == "dns_tcp_blocked");
            let action = report.actions.iter().find(is_it).unwrap();
            let commands = TestCommands::of(&report).of_action(action);
            assert_eq!(commands[0].command, expected);
            assert!(commands[1].command.starts_with("pathproof check"), "{commands:?}");
        }
    }
}
