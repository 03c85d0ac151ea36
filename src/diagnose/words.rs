//! How findings word what every layer speaks of: endpoints, lists, times, resolvers and what they
//! answered. It knows the model alone, so that any file of this room can use it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{
    Destination, DnsFailure, Elapsed, Exchange, LinkData, Lookup, LookupOutcome, OsError, Resolver,
    ResponseCode, Run, TimeoutBy, Trail, Transport,
};

/// `40.1.1.1:443 from 10.50.1.10:51514 at 09:13:22 UTC`, or the remote address alone where the
/// local one is not known.
pub(super) fn attempt(trail: &Trail) -> String {
    let remote = trail.remote();
    match trail.local() {
        Some(local) => format!("{remote} from {local} at {}", trail.at().strftime("%H:%M:%S UTC")),
        None => remote.to_string(),
    }
}

/// The addresses of the host that ran the check, as a firewall rule names its source.
pub(super) fn own_addresses(run: &Run) -> String {
    match &*run.vantage.addresses {
        [] => "this host".to_owned(),
        addresses => list(addresses, usize::MAX),
    }
}

/// The addresses that flows to `destinations` leave from, as a firewall rule names its source:
/// those that `trails` left from, or this host's of the family that is asked for.
pub(super) fn sources<'a>(
    run: &Run,
    trails: impl IntoIterator<Item = &'a Trail>,
    destinations: &[Destination],
) -> String {
    let to: BTreeSet<IpAddr> = destinations.iter().filter_map(|one| one.address).collect();
    let is_there =
        |trail: &&Trail| to.is_empty() || to.contains(&trail.remote().ip().to_canonical());
    let left: BTreeSet<IpAddr> = trails
        .into_iter()
        .filter(is_there)
        .filter_map(|trail| trail.local().map(|local| local.ip().to_canonical()))
        .filter(|local| !local.is_unspecified())
        .collect();
    if !left.is_empty() {
        return list(left, usize::MAX);
    }
    let fits = |own: &&IpAddr| to.is_empty() || to.iter().any(|to| to.is_ipv4() == own.is_ipv4());
    let own: Vec<&IpAddr> = run.vantage.addresses.iter().filter(fits).collect();
    if own.is_empty() { own_addresses(run) } else { list(own, usize::MAX) }
}

/// `a`, `a and b`, `a, b and 3 more`: at most `shown` items in full.
pub(super) fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>, shown: usize) -> String {
    let mut text = String::new();
    let mut rest = 0_usize;
    let mut iter = items.into_iter().enumerate().peekable();
    while let Some((index, item)) = iter.next() {
        if index >= shown {
            rest += 1;
            continue;
        }
        let is_last = iter.peek().is_none();
        let joint = match index {
            0 => "",
            _ if is_last => " and ",
            _ => ", ",
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{joint}{item}");
    }
    if rest > 0 {
        let _ = write!(text, " and {rest} more");
    }
    text
}

/// A measured time, in the one style of all reports.
pub(super) fn duration(duration: Duration) -> String {
    Elapsed(duration).to_string()
}

/// A date as in `2026-03-02`.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// `1 endpoint leads`, `2 endpoints lead`: how many endpoints do something.
pub(super) fn endpoints_that(count: usize, does: &str, others_do: &str) -> String {
    match count {
        1 => format!("1 endpoint {does}"),
        _ => format!("{count} endpoints {others_do}"),
    }
}

/// `1 SYN sent`, `2 SYNs sent`.
pub(super) fn syns_sent(syns: u32) -> String {
    format!("{syns} SYN{} sent", if syns == 1 { "" } else { "s" })
}

/// How long the far end was silent, and after how many bytes.
pub(super) fn silence(whose: &TimeoutBy, received: usize, took: Duration) -> String {
    let came = match received {
        0 => "no byte came".to_owned(),
        1 => "1 byte came, then none".to_owned(),
        _ => format!("{received} bytes came, then none"),
    };
    match whose {
        TimeoutBy::Ours(limit) => format!("{came} within our time-out of {}", duration(*limit)),
        TimeoutBy::Kernel(os) => {
            format!("{came} until the system gave up after {} ({os})", duration(took))
        }
    }
}

/// The first bytes that a far end sent, quoted and escaped, so that no terminal obeys them.
pub(super) fn quoted_bytes(bytes: &[u8]) -> String {
    const SHOWN: usize = 48;
    if bytes.is_empty() {
        return "none".to_owned();
    }
    let mut text = String::from("\"");
    for byte in &bytes[..bytes.len().min(SHOWN)] {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}", byte.escape_ascii());
    }
    text.push('"');
    if bytes.len() > SHOWN {
        text.push_str(" and more");
    }
    text
}

/// At most `longest` characters of `text`, with an ellipsis where some are left out.
pub(super) fn shorten(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// A resolver as people write it: the port only where it is not 53.
pub(super) fn resolver_name(resolver: Resolver) -> String {
    match resolver {
        Resolver::Server(address) if address.port() == 53 => address.ip().to_string(),
        Resolver::Server(address) => address.to_string(),
        Resolver::System => "the operating system".to_owned(),
    }
}

/// The end of a lookup's chain of aliases: the last alias, or the name itself where it has none.
pub(super) fn last_name(lookup: &Lookup) -> &str {
    lookup
        .answers()
        .flat_map(|answer| answer.chain.iter().rev())
        .find_map(|link| match &link.data {
            LinkData::Alias(target) => Some(target.as_str()),
            LinkData::Address(_) => None,
        })
        .unwrap_or_else(|| lookup.name.as_str())
}

/// A lookup's addresses, or in a word why it has none.
pub(super) fn lookup_summary(lookup: &Lookup) -> String {
    match lookup.outcome() {
        LookupOutcome::Addresses => list(lookup.addresses(), 2),
        other => outcome_word(other).to_owned(),
    }
}

/// One line with all that is known of a lookup: the outcome of every question, the chain of
/// aliases and the addresses.
pub(super) fn lookup_evidence(lookup: &Lookup) -> String {
    let mut line = resolver_name(lookup.resolver);
    for (index, exchange) in lookup.exchanges.iter().enumerate() {
        let joint = if index == 0 { ": " } else { ", " };
        let record_type = exchange.family.record_type();
        // Writing to a String cannot fail.
        let _ = write!(line, "{joint}{record_type} {}", exchange_outcome(exchange));
    }
    let chain = lookup.chain();
    if !chain.is_empty() {
        let _ = write!(line, "; {}", lookup.name);
        for link in &chain {
            if let LinkData::Alias(target) = &link.data {
                let _ = write!(line, " -> {target}");
            }
        }
        let addresses = lookup.addresses();
        if !addresses.is_empty() {
            let more = if lookup.is_cut() { " (and more than are kept)" } else { "" };
            let _ = write!(line, " -> {}{more}", list(addresses, 4));
        }
    }
    line
}

fn exchange_outcome(exchange: &Exchange) -> String {
    match &exchange.result {
        Ok(answer) => match (answer.outcome(), answer.code) {
            (LookupOutcome::NoData, ResponseCode::NoError) => "no data".to_owned(),
            (LookupOutcome::OtherCode(code), _) => format!("response code {code}"),
            (outcome, _) => outcome_word(outcome).to_owned(),
        },
        Err(DnsFailure::TimedOut { .. }) if exchange.transport == Transport::System => {
            format!("silent for {}", duration(exchange.took))
        }
        Err(DnsFailure::TimedOut { asked }) => format!(
            "silent ({asked} {} in {})",
            if *asked == 1 { "packet" } else { "packets" },
            duration(exchange.took)
        ),
        Err(DnsFailure::PortClosed(os)) => format!("port closed, {os}"),
        Err(DnsFailure::Unreachable(os)) => format!("unreachable, {os}"),
        Err(DnsFailure::TcpBlocked { os }) => {
            format!(
                "truncated, and TCP {}",
                os.as_ref().map_or("silent".to_owned(), OsError::to_string)
            )
        }
        Err(DnsFailure::Malformed { detail }) => format!("malformed: {detail}"),
        Err(DnsFailure::System(os)) => os.to_string(),
        Err(DnsFailure::NotAsked(_)) => "not asked".to_owned(),
    }
}

const fn outcome_word(outcome: LookupOutcome) -> &'static str {
    match outcome {
        LookupOutcome::Addresses => "answered",
        LookupOutcome::NxDomain => "NXDOMAIN",
        LookupOutcome::NoData => "no address",
        LookupOutcome::ServFail => "SERVFAIL",
        LookupOutcome::Refused => "REFUSED",
        LookupOutcome::OtherCode(_) => "another response code",
        LookupOutcome::Loop => "CNAME loop",
        LookupOutcome::TimedOut => "nothing",
        LookupOutcome::Unreachable => "nothing (unreachable)",
        LookupOutcome::TcpBlocked => "truncated",
        LookupOutcome::Malformed => "malformed",
        LookupOutcome::NotAsked => "not asked",
        LookupOutcome::SystemError => "system error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_sentences_do() {
        for (items, expected) in [
            (&["a"][..], "a"),
            (&["a", "b"], "a and b"),
            (&["a", "b", "c"], "a, b and c"),
            (&["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
            (&[], ""),
        ] {
            assert_eq!(list(items, 3), expected);
        }
    }

    #[test]
    fn foreign_bytes_are_quoted_without_control_characters() {
        assert_eq!(quoted_bytes(b"SSH-2.0\r\n\x1b[2J"), "\"SSH-2.0\\r\\n\\x1b[2J\"");
        assert_eq!(quoted_bytes(b""), "none");
        assert!(quoted_bytes(&[b'a'; 100]).ends_with("and more"));
    }
}
