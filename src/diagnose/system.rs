//! `dns_os_override`: the operating system resolves a name otherwise than the name servers do.

use super::case::Case;
use super::finding::Draft;
use super::words::{list, lookup_evidence, lookup_summary, resolver_name};
use crate::model::{self, Cause, Lookup, LookupOutcome, View, servers};

/// Whether a lookup was asked. One that was not has no answer that the system could override.
fn is_asked(lookup: &Lookup) -> bool {
    lookup.outcome() != LookupOutcome::NotAsked
}

/// The operating system's answer, where the runtime goes by it and not by the name servers.
pub(super) fn overriding<'a>(case: &Case<'a>) -> Option<&'a Lookup> {
    if case.run.is_resolver_given { None } else { model::overriding(&case.record.lookups) }
}

pub(super) fn judge(case: &Case<'_>) -> Option<Draft> {
    let lookups = &case.record.lookups;
    let system = overriding(case)?;
    let host_port = case.endpoint().host_port();
    let asked: Vec<&Lookup> = servers(lookups).filter(|one| is_asked(one)).collect();
    let words = asked.iter().map(|lookup| {
        format!("{} says {}", resolver_name(lookup.resolver), lookup_summary(lookup))
    });
    let words = list(words, 2);
    let hosts = system.is_by_hosts_file();
    let what = match (hosts, system.view()) {
        (true, _) => format!("the hosts file sends it to {}", lookup_summary(system)),
        (false, Some(View::Addresses(_))) => {
            format!("the operating system sends it to {}", lookup_summary(system))
        }
        (false, _) => "the operating system has no address for it".to_owned(),
    };
    let draft = Draft::new(Cause::DnsOsOverride, format!("{host_port}: {what}, while {words}"))
        .evidence(lookup_evidence(system))
        .all_evidence(asked.iter().map(|lookup| lookup_evidence(lookup)))
        .fact("resolvers", list(asked.iter().map(|one| resolver_name(one.resolver)), 4));
    Some(if hosts {
        draft.proven().template(
            "If the entry of {host} in this host's hosts file is not meant to be there, take it \
             out: the runtime goes where it says, whatever DNS says later.",
        )
    } else {
        draft
    })
}
