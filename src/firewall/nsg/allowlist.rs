//! Reads plain lists of allowed addresses, prefixes, ranges, names and wildcards.

use super::error::ReadError;
use crate::firewall::columns::{Columns, begins_with_head};
use crate::firewall::port::{PortSet, Protocol, ProtocolSet};
use crate::firewall::rule::{Access, Rule, RuleDialect, RuleSet};
use crate::firewall::scope::{NamePattern, Scope};
use crate::model::AddressSet;

/// Reads a list with one element on each line, in which `#` begins a comment, and so does a blank
/// behind an address (the form of external dynamic lists). Each element becomes a rule that allows
/// any port, or the port behind `:`. The list denies everything else.
pub(super) fn read_allowlist(text: &str, file: &str) -> Result<RuleSet, ReadError> {
    if begins_with_head(text) {
        return read_rows(text, file);
    }
    let mut rules = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        for element in elements(line) {
            let is_alone = || element.len() == line.len() || !has_words_behind(line, element);
            let read = read_element(element)
                .filter(|(scope, _)| scope.names.is_empty() || (is_alone() && is_listed(scope)));
            let (scope, ports) = read.ok_or_else(|| ReadError {
                file: file.to_owned(),
                location: format!("line {}", index + 1),
                found: format!("'{}'", line.chars().take(60).collect::<String>()),
                expected: "an address, a prefix, a range FIRST-LAST, a name of two labels or more \
                           or a wildcard as *.servicebus.windows.net, one on a line, with :PORT \
                           where only one is allowed and # before a comment; or rules as JSON (az \
                           with -o json)",
            })?;
            let mut rule = Rule::outbound(element, 0, Access::Allow);
            rule.location = format!("line {}", index + 1);
            rule.destination = scope;
            if let Some(port) = ports {
                rule.protocols = ProtocolSet::from(Protocol::Tcp).into();
                rule.destination_ports = port.into();
            }
            rules.push(rule);
        }
    }
    if rules.is_empty() {
        return Err(ReadError {
            file: file.to_owned(),
            location: "the whole file".to_owned(),
            found: "nothing".to_owned(),
            expected: "rules: a network security group as JSON, effective rules, an ARM template, \
                       rule collection groups, or a list of addresses and names",
        });
    }
    Ok(listed(file, rules))
}

/// Makes a set of rules that all allow, so that their order only decides which rule is named. Rules
/// for addresses come first, because a listed address needs no name.
fn listed(file: &str, mut rules: Vec<Rule>) -> RuleSet {
    rules.sort_by_key(|rule| !rule.destination.names.is_empty());
    RuleSet::in_order(file, file, RuleDialect::List, rules)
}

/// Reads rows with named columns, as `rules emit --format csv` writes them. Each row becomes a
/// rule.
fn read_rows(text: &str, file: &str) -> Result<RuleSet, ReadError> {
    let error = |line: u64, found: String| ReadError {
        file: file.to_owned(),
        location: format!("line {line}"),
        found,
        expected: "rows of address,port,protocol in the order of the head line",
    };
    let rows = Columns::read(text, &[]).map_err(|(line, found)| error(line, found))?;
    let mut rules = Vec::new();
    for (line, row) in rows {
        let element = row.get_any(&["destination", "address", "name"]);
        let (scope, _) =
            read_element(element).ok_or_else(|| error(line, format!("'{element}'")))?;
        let mut rule = Rule::outbound(element, 0, Access::Allow);
        rule.location = format!("line {line}");
        rule.destination = scope;
        let ports = row.get("port");
        if !ports.is_empty() {
            let runs = ports.split_whitespace().map(PortSet::parse);
            let all = runs.collect::<Result<Vec<_>, _>>();
            let all = all.map_err(|wrong| error(line, wrong.to_string()))?;
            rule.destination_ports =
                all.iter().fold(PortSet::default(), |all, own| all.union(own)).into();
        }
        let protocol = row.get("protocol");
        if !protocol.is_empty() {
            let read = ProtocolSet::parse(protocol);
            rule.protocols =
                read.ok_or_else(|| error(line, format!("the protocol '{protocol}'")))?.into();
        }
        rules.push(rule);
    }
    Ok(listed(file, rules))
}

/// The elements of a line. Only addresses are separated by commas; in other lines a comma begins
/// another column.
fn elements(line: &str) -> Vec<&str> {
    let cells: Vec<_> =
        line.split([',', ';']).map(str::trim).filter(|cell| !cell.is_empty()).collect();
    if cells.len() > 1 && cells.iter().all(|cell| AddressSet::parse(cell).is_ok()) {
        return cells;
    }
    let is_range = AddressSet::parse(line).is_ok();
    let first = if is_range { Some(line) } else { line.split([',', ';', ' ', '\t']).next() };
    first.into_iter().collect()
}

/// Whether text follows a name that is no further column: a table or a sentence is no list.
fn has_words_behind(line: &str, element: &str) -> bool {
    let rest = line.get(element.len()..).unwrap_or_default().trim_start();
    !rest.is_empty() && !rest.starts_with([',', ';'])
}

/// Whether these may be names of hosts on the Internet, which have a dot.
fn is_listed(scope: &Scope) -> bool {
    scope.names.iter().all(|name| match name {
        NamePattern::Name(name) => name.labels().count() > 1,
        NamePattern::Ending(_) => true,
    })
}

fn read_element(element: &str) -> Option<(Scope, Option<PortSet>)> {
    if let Ok(addresses) = AddressSet::parse(element) {
        return Some((addresses.into(), None));
    }
    // Palo Alto's lists end a domain with a slash.
    let bare = element.strip_suffix('/').unwrap_or(element);
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() => {
            (host, Some(PortSet::parse(port).ok().filter(|ports| !ports.contains(0))?))
        }
        _ => (bare, None),
    };
    let unbracketed =
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(addresses) = AddressSet::parse(unbracketed) {
        return Some((addresses.into(), port));
    }
    // Squid's `.domain` stands for the domain and everything below it.
    let names = match host.strip_prefix('.') {
        Some(domain) => {
            vec![NamePattern::parse(domain).ok()?, NamePattern::parse(&format!("*.{domain}")).ok()?]
        }
        None => vec![NamePattern::parse(host).ok()?],
    };
    // A text that looks like an address and is none is a mistake, not a name.
    if names.iter().any(looks_like_address) {
        return None;
    }
    Some((Scope { names, ..Scope::default() }, port))
}

fn looks_like_address(pattern: &NamePattern) -> bool {
    match pattern {
        NamePattern::Name(name) => name
            .labels()
            .last()
            .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit())),
        NamePattern::Ending(_) => false,
    }
}
