//! `dns_*`: what the answers of the name servers mean, resolver by resolver.

use std::net::SocketAddr;
use std::sync::Arc;

use super::case::Case;
use super::finding::Draft;
use super::words::{last_name, list, lookup_evidence, lookup_summary, resolver_name};
use super::{obstacle, sinkhole, system};
use crate::model::{
    Cause, Destination, DnsFailure, Family, Lookup, LookupOutcome, Obstacle, Origin, Owner, Record,
    Resolver, Role, deciding, servers,
};

/// How much an outcome says about the name, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// No server answered.
    Silent,
    /// The server answered, but with an error or with bytes that cannot be read.
    Answered,
    /// The answer says that the name does not exist, or has no address.
    Statement,
    /// The answer has addresses.
    Addresses,
}

const fn weigh(outcome: LookupOutcome) -> Option<Weight> {
    Some(match outcome {
        LookupOutcome::Addresses => Weight::Addresses,
        LookupOutcome::NxDomain | LookupOutcome::NoData | LookupOutcome::Loop => Weight::Statement,
        LookupOutcome::ServFail
        | LookupOutcome::Refused
        | LookupOutcome::OtherCode(_)
        | LookupOutcome::TcpBlocked
        | LookupOutcome::Malformed => Weight::Answered,
        LookupOutcome::TimedOut | LookupOutcome::Unreachable | LookupOutcome::SystemError => {
            Weight::Silent
        }
        LookupOutcome::NotAsked => return None,
    })
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Draft> {
    let mut drafts = match no_way_out(case) {
        Some(draft) => vec![draft],
        None => failures(&case.record.lookups)
            .into_iter()
            .map(|draft| without_spelling(case, draft))
            .collect(),
    };
    drafts.extend(views_differ(case));
    drafts.extend(system::judge(case));
    drafts.extend(sinkhole::judge(case));
    drafts
}

/// A name of the embedded lists is spelt correctly, so the remedy does not ask to check its
/// spelling: it is for whoever runs the resolver.
fn without_spelling(case: &Case<'_>, draft: Draft) -> Draft {
    let endpoint = case.endpoint();
    let is_typed = match endpoint.origin {
        Origin::Option | Origin::ServiceUrls => true,
        Origin::List => {
            !matches!(endpoint.role, Role::Download | Role::Login | Role::Revocation | Role::Portal)
        }
        Origin::AuthKey | Origin::Discovered | Origin::Derived | Origin::Gateway => false,
    };
    let is_of_system =
        deciding(&case.record.lookups).any(|lookup| lookup.resolver == Resolver::System);
    if is_typed || is_of_system || draft.cause != Cause::DnsNxdomain {
        return draft;
    }
    draft.template(
        "Ask whoever runs {resolvers} why {host} does not exist there: a private zone for a parent \
         domain hides every public name below it, and DNS filters answer so too.",
    )
}

/// One draft for each reason that the name has no addresses; none where it has some, or where no
/// resolver was asked.
fn failures(lookups: &[Arc<Lookup>]) -> Vec<Draft> {
    let weight = deciding(lookups).filter_map(|lookup| weigh(lookup.outcome())).max();
    let Some(weight) = weight.filter(|weight| *weight < Weight::Addresses) else {
        return Vec::new();
    };
    // The resolvers that say most decide. That another one is silent is a finding of the run.
    let heaviest: Vec<&Lookup> =
        deciding(lookups).filter(|lookup| weigh(lookup.outcome()) == Some(weight)).collect();
    let mut drafts = Vec::new();
    for (index, first) in heaviest.iter().enumerate() {
        let is_alike = |other: &&&Lookup| cause(other.outcome()) == cause(first.outcome());
        if heaviest[..index].iter().any(|before| is_alike(&before)) {
            continue;
        }
        let alike: Vec<&Lookup> = heaviest.iter().filter(is_alike).copied().collect();
        drafts.extend(failure(first, &alike));
    }
    drafts
}

/// Why a name has no addresses, by those resolvers that say most: the cause, its message, and the
/// resolvers.
pub(super) fn reason(lookups: &[Arc<Lookup>]) -> Option<(Cause, String, String)> {
    let first = failures(lookups).into_iter().next()?;
    let resolvers = list(deciding(lookups).map(|lookup| resolver_name(lookup.resolver)), 4);
    Some((first.cause, first.message().to_owned(), resolvers))
}

const fn cause(outcome: LookupOutcome) -> Option<Cause> {
    match outcome {
        LookupOutcome::Addresses | LookupOutcome::NotAsked => None,
        LookupOutcome::NxDomain => Some(Cause::DnsNxdomain),
        LookupOutcome::NoData => Some(Cause::DnsNodata),
        LookupOutcome::ServFail | LookupOutcome::OtherCode(_) | LookupOutcome::SystemError => {
            Some(Cause::DnsServfail)
        }
        LookupOutcome::Refused => Some(Cause::DnsRefused),
        LookupOutcome::Loop => Some(Cause::DnsCnameLoop),
        LookupOutcome::TimedOut => Some(Cause::DnsTimeout),
        LookupOutcome::Unreachable => Some(Cause::DnsResolverUnreachable),
        LookupOutcome::TcpBlocked => Some(Cause::DnsTcpBlocked),
        LookupOutcome::Malformed => Some(Cause::DnsMalformed),
    }
}

/// What it means that the lookups in `alike` have no addresses. `lookup` is one of them and stands
/// for all. `None` where another layer has the better finding.
fn failure(lookup: &Lookup, alike: &[&Lookup]) -> Option<Draft> {
    let one_family = only_family(lookup);
    // The path judges a chain that ends at a privatelink name.
    if one_family.is_none()
        && ends_at_privatelink(lookup)
        && weigh(lookup.outcome()) == Some(Weight::Statement)
    {
        return None;
    }
    let name = &lookup.name;
    let resolvers = list(alike.iter().map(|lookup| resolver_name(lookup.resolver)), 4);
    let end = last_name(lookup);
    let is_chain = end != name.as_str();
    let outcome = lookup.outcome();
    let message = match outcome {
        LookupOutcome::Addresses | LookupOutcome::NotAsked => return None,
        LookupOutcome::NxDomain if is_chain => format!(
            "the chain of {name} ends at {end}, which does not exist, according to {resolvers}"
        ),
        LookupOutcome::NxDomain => format!("{name} does not exist, according to {resolvers}"),
        LookupOutcome::NoData if let Some(family) = one_family => {
            return Some(without_family(lookup, alike, family));
        }
        LookupOutcome::NoData if is_chain => format!(
            "the chain of {name} ends at {end}, which has no address, according to {resolvers}"
        ),
        LookupOutcome::NoData => format!("{name} has no address, according to {resolvers}"),
        LookupOutcome::ServFail => format!("{resolvers} failed to resolve {name}: SERVFAIL"),
        LookupOutcome::OtherCode(code) => {
            format!("{resolvers} failed to resolve {name}: response code {code}")
        }
        LookupOutcome::SystemError => format!("{resolvers} failed to resolve {name}"),
        LookupOutcome::Refused => format!("{resolvers} refused to answer for {name}"),
        LookupOutcome::Loop => format!("the chain of {name} leads back to itself at {end}"),
        LookupOutcome::TimedOut => format!("no answer for {name} from {resolvers}"),
        LookupOutcome::Unreachable => format!("no way to ask {resolvers} for {name}"),
        LookupOutcome::TcpBlocked => {
            format!("the answer for {name} needs TCP, and TCP 53 of {resolvers} is blocked")
        }
        LookupOutcome::Malformed => format!("no readable DNS answer for {name} from {resolvers}"),
    };
    let draft = Draft::new(cause(outcome)?, message)
        .all_evidence(alike.iter().map(|lookup| lookup_evidence(lookup)))
        .destinations(ways_to_servers(outcome, alike))
        .fact("resolvers", resolvers);
    // The operating system decides only where it disagrees with every name server.
    let is_of_system = lookup.resolver == Resolver::System;
    let draft = if is_of_system {
        draft
            .owner(Owner::Host)
            .rivals(&[Cause::DnsOsOverride, Cause::DnsViewsDiffer])
            .explained_by(Cause::DnsOsOverride)
    } else {
        draft
    };
    Some(match outcome {
        // The system may have its own reason, or repeat a name server that was not asked here.
        _ if is_of_system && outcome != LookupOutcome::SystemError => draft,
        // Silence leaves open who is silent, and these codes leave open what failed.
        LookupOutcome::TimedOut | LookupOutcome::Unreachable | LookupOutcome::OtherCode(_) => draft,
        LookupOutcome::SystemError => {
            draft.possible().rivals(&[Cause::DnsTimeout, Cause::DnsNxdomain])
        }
        LookupOutcome::Addresses
        | LookupOutcome::NxDomain
        | LookupOutcome::NoData
        | LookupOutcome::ServFail
        | LookupOutcome::Refused
        | LookupOutcome::Loop
        | LookupOutcome::TcpBlocked
        | LookupOutcome::Malformed
        | LookupOutcome::NotAsked => draft.proven(),
    })
}

/// Where a remedy that opens the way to name servers is to be applied: the name that was asked for
/// is not where the packets go. Empty where the outcome says nothing of that way.
fn ways_to_servers(outcome: LookupOutcome, alike: &[&Lookup]) -> Vec<Destination> {
    let is_to_open = |flow: &Destination| match outcome {
        LookupOutcome::TcpBlocked => flow.protocol == "tcp",
        LookupOutcome::TimedOut | LookupOutcome::Unreachable => true,
        _ => false,
    };
    alike.iter().flat_map(|lookup| flows(lookup.resolver)).filter(is_to_open).collect()
}

/// The flows to a name server. Which server the operating system asks is not known.
pub(super) fn flows(resolver: Resolver) -> impl Iterator<Item = Destination> {
    let server = match resolver {
        Resolver::Server(server) => Some(server),
        Resolver::System => None,
    };
    let flow = |server: SocketAddr, protocol| Destination {
        name: server.ip().to_string(),
        address: Some(server.ip()),
        port: server.port(),
        protocol,
    };
    ["udp", "tcp"].into_iter().filter_map(move |protocol| Some(flow(server?, protocol)))
}

/// Whether the chain of a lookup ends at a privatelink name.
pub(super) fn ends_at_privatelink(lookup: &Lookup) -> bool {
    last_name(lookup).split('.').any(|label| label == "privatelink")
}

/// The only family that was asked for (`-4`, `-6`), where the name has no address of that family.
/// Whether it has one of the other family is not known.
pub(super) fn only_family(lookup: &Lookup) -> Option<Family> {
    let mut families = lookup.exchanges.iter().map(|exchange| exchange.family);
    let first = families.next()?;
    let is_alone = families.all(|family| family == first);
    (is_alone && lookup.outcome() == LookupOutcome::NoData).then_some(first)
}

/// Whether the only thing wrong with a record's name is that one family alone was asked for.
pub(super) fn is_of_one_family(record: &Record) -> bool {
    let mut lookups = deciding(&record.lookups).peekable();
    lookups.peek().is_some() && lookups.all(|lookup| only_family(lookup).is_some())
}

/// The name has no address of the one family that was asked for, which is the option's doing and no
/// fault of DNS.
fn without_family(lookup: &Lookup, alike: &[&Lookup], family: Family) -> Draft {
    let (own, option, other) = match family {
        Family::V4 => ("IPv4 address (A)", "-4", "IPv6 (AAAA)"),
        Family::V6 => ("IPv6 address (AAAA)", "-6", "IPv4 (A)"),
    };
    let name = &lookup.name;
    let resolvers = list(alike.iter().map(|lookup| resolver_name(lookup.resolver)), 4);
    let note = match family {
        Family::V6 => " Azure Relay and most of Azure's own names have no IPv6 address.",
        Family::V4 => "",
    };
    Draft::new(
        Cause::DnsNodata,
        format!(
            "{name} has no {own}, according to {resolvers}; {other} was not asked, by {option}"
        ),
    )
    .proven()
    .all_evidence(alike.iter().map(|lookup| lookup_evidence(lookup)))
    .owner(Owner::Nobody)
    .remedy(format!(
        "Nothing is to be added to DNS for it: run the check without {option} to see how the \
         runtime would go.{note}"
    ))
}

/// No name server can be reached, and nothing else either: the fault is this host's and not that of
/// DNS.
fn no_way_out(case: &Case<'_>) -> Option<Draft> {
    let lookups = || deciding(&case.record.lookups);
    let mut errors =
        lookups().flat_map(|lookup| &lookup.exchanges).map(|exchange| match &exchange.result {
            Err(DnsFailure::Unreachable(os)) => Some(os),
            _ => None,
        });
    let first = errors.next()??;
    if !case.has_no_way_out() || !errors.all(|error| error.is_some()) {
        return None;
    }
    let draft = obstacle::draft(&Obstacle::NoRoute(first.clone()), case.endpoint());
    Some(draft.all_evidence(lookups().map(lookup_evidence)))
}

fn views_differ(case: &Case<'_>) -> Option<Draft> {
    let mut views = servers(&case.record.lookups).filter_map(Lookup::view);
    let first = views.next()?;
    if views.all(|view| view == first) {
        return None;
    }
    let seen: Vec<&Lookup> =
        servers(&case.record.lookups).filter(|lookup| lookup.view().is_some()).collect();
    let words = seen.iter().map(|lookup| {
        format!("{} says {}", resolver_name(lookup.resolver), lookup_summary(lookup))
    });
    let message = format!("the name servers disagree: {}", list(words, 3));
    let resolvers = list(seen.iter().map(|lookup| resolver_name(lookup.resolver)), 4);
    Some(
        Draft::new(Cause::DnsViewsDiffer, message)
            .proven()
            .all_evidence(seen.iter().map(|lookup| lookup_evidence(lookup)))
            .fact("resolvers", resolvers),
    )
}
