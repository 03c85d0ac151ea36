//! `dns_os_override`: the operating system's own answer beside the name servers'.

use super::Case;
use super::dns::{self, in_short, resolver_name};
use super::finding::{Draft, list, place};
use crate::model::{Cause, Lookup, LookupOutcome, View, overriding};

/// What was not asked says nothing that could be overridden.
fn is_asked(lookup: &Lookup) -> bool {
    lookup.outcome() != LookupOutcome::NotAsked
}

pub(super) fn judge(case: &Case<'_>) -> Option<Draft> {
    if case.run.is_resolver_given {
        return None;
    }
    let lookups = &case.record.lookups;
    let system = overriding(lookups)?;
    let place = place(case.endpoint());
    let servers: Vec<&Lookup> = dns::servers(lookups).filter(|one| is_asked(one)).collect();
    let words = servers
        .iter()
        .map(|lookup| format!("{} says {}", resolver_name(lookup.resolver), in_short(lookup)));
    let words = list(words, 2);
    let hosts = system.is_by_hosts_file();
    let what = match (hosts, system.view()) {
        (true, _) => format!("the hosts file sends it to {}", in_short(system)),
        (false, Some(View::Addresses(_))) => {
            format!("the operating system sends it to {}", in_short(system))
        }
        (false, _) => "the operating system has no address for it".to_owned(),
    };
    let draft = Draft::new(Cause::DnsOsOverride, format!("{place}: {what}, while {words}"))
        .evidence(dns::evidence(system))
        .all_evidence(servers.iter().map(|lookup| dns::evidence(lookup)))
        .fact("resolvers", list(servers.iter().map(|one| resolver_name(one.resolver)), 4));
    Some(if hosts {
        draft.proven().template(
            "If the entry of {host} in this host's hosts file is not meant to be there, take it \
             out: the runtime goes where it says, whatever DNS says later.",
        )
    } else {
        draft
    })
}
