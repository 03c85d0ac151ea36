//! `dns_os_override`: the operating system's own answer beside the name servers'.

use std::net::IpAddr;
use std::sync::Arc;

use super::Case;
use super::dns::{self, View, in_short, resolver_name, view};
use super::finding::{Draft, list, place};
use crate::model::{AddressClass, Cause, Lookup, Resolver, Transport, classify};

/// The operating system's answer, where it is another than that of every name server: a hosts
/// file, a rule that sends the name to another server, an old answer in its cache.
pub(super) fn overriding(lookups: &[Arc<Lookup>]) -> Option<&Lookup> {
    let system = lookups.iter().find(|lookup| lookup.resolver == Resolver::System)?;
    let own = view(system)?;
    let mut told = dns::servers(lookups).filter_map(|lookup| Some((view(lookup)?, lookup)));
    let Some(first) = told.next() else {
        // Nobody else says anything of the name: what the system has, it has from elsewhere.
        let has_servers = dns::servers(lookups).next().is_some();
        return (has_servers && matches!(own, View::Addresses(_))).then_some(&**system);
    };
    let is_alike = |(view, lookup): (View, &Lookup)| agrees((own, system), (view, lookup));
    (!is_alike(first) && !told.any(is_alike)).then_some(&**system)
}

/// Whether a name server's answer explains the system's.
fn agrees((own, system): (View, &Lookup), (view, server): (View, &Lookup)) -> bool {
    let (View::Addresses(own), View::Addresses(other)) = (own, view) else {
        // The system does not always tell a name without addresses from one that does not exist.
        return !matches!((own, view), (View::Addresses(_), _) | (_, View::Addresses(_)));
    };
    let told = server.addresses();
    let addresses = system.addresses();
    if addresses.iter().any(|address| told.contains(address)) {
        return true;
    }
    // Many services give each who asks other public addresses. A hosts file does not ask, and
    // private addresses do not change like that.
    let is_public = |address: &IpAddr| classify(*address) == AddressClass::Public;
    own == other && !is_by_hosts_file(system) && addresses.iter().all(is_public)
}

fn is_by_hosts_file(system: &Lookup) -> bool {
    system.exchanges.iter().any(|exchange| exchange.transport == Transport::HostsFile)
}

pub(super) fn judge(case: &Case<'_>) -> Option<Draft> {
    if case.run.is_resolver_given {
        return None;
    }
    let lookups = &case.record.lookups;
    let system = overriding(lookups)?;
    let place = place(case.endpoint());
    let servers: Vec<&Lookup> = dns::servers(lookups).collect();
    let words = servers
        .iter()
        .map(|lookup| format!("{} says {}", resolver_name(lookup.resolver), in_short(lookup)));
    let words = list(words, 2);
    let hosts = is_by_hosts_file(system);
    let what = match (hosts, view(system)) {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{
        Answer, ChainLink, DnsFailure, Exchange, Family, HostName, LinkData, ResponseCode,
    };

    fn lookup(resolver: Resolver, transport: Transport, said: &str) -> Arc<Lookup> {
        let name = HostName::parse("ns.example").unwrap();
        let answer = |code, addresses: &[IpAddr]| Answer {
            code,
            chain: addresses
                .iter()
                .map(|address| ChainLink {
                    name: name.clone(),
                    ttl: 30,
                    data: LinkData::Address(*address),
                })
                .collect(),
            is_loop: false,
        };
        let result = match said {
            "nxdomain" => Ok(answer(ResponseCode::NxDomain, &[])),
            "nodata" => Ok(answer(ResponseCode::NoError, &[])),
            "servfail" => Ok(answer(ResponseCode::ServFail, &[])),
            "silence" => Err(DnsFailure::TimedOut { asked: 3 }),
            addresses => {
                let addresses: Vec<_> =
                    addresses.split(' ').map(|one| one.parse().unwrap()).collect();
                Ok(answer(ResponseCode::NoError, &addresses))
            }
        };
        let took = Duration::from_millis(1);
        let exchanges = vec![Exchange { family: Family::V4, result, transport, took }];
        Arc::new(Lookup { resolver, name: name.clone(), exchanges })
    }

    #[test]
    fn only_what_no_name_server_explains_is_an_override() {
        for (servers, system, by_hosts_file, expected) in [
            (&["40.1.1.1"][..], "40.1.1.1", false, false),
            (&["40.1.1.1"], "40.1.1.1", true, false),
            (&["40.1.1.1", "40.1.1.2"], "40.1.1.2", false, false),
            // Each who asks gets another address.
            (&["40.1.1.1"], "40.1.1.9", false, false),
            (&["40.1.1.1"], "40.1.1.9", true, true),
            (&["10.1.1.1"], "10.1.1.9", false, true),
            (&["40.1.1.1"], "10.1.1.1", false, true),
            (&["10.1.1.1"], "40.1.1.1", false, true),
            (&["40.1.1.1", "10.1.1.1"], "10.1.1.1", false, false),
            (&["nxdomain"], "10.1.1.1", true, true),
            (&["nodata"], "nxdomain", false, false),
            (&["40.1.1.1"], "nxdomain", false, true),
            (&["silence"], "40.1.1.1", false, true),
            (&["silence", "40.1.1.1"], "40.1.1.1", false, false),
            (&["servfail"], "nxdomain", false, false),
            (&["40.1.1.1"], "silence", false, false),
            (&["40.1.1.1"], "servfail", false, false),
            (&[], "40.1.1.1", false, false),
        ] {
            let server = |said: &&str| {
                let address = "10.0.0.53:53".parse().unwrap();
                lookup(Resolver::Server(address), Transport::Udp, said)
            };
            let mut lookups: Vec<_> = servers.iter().map(server).collect();
            let transport = if by_hosts_file { Transport::HostsFile } else { Transport::System };
            lookups.push(lookup(Resolver::System, transport, system));
            let found = overriding(&lookups).is_some();
            assert_eq!(found, expected, "{servers:?} {system} {by_hosts_file}");
            let decides: Vec<_> = dns::deciding(&lookups).map(|one| one.resolver).collect();
            let is_system_alone = decides == [Resolver::System];
            assert_eq!(is_system_alone, expected || servers.is_empty(), "{decides:?}");
        }
    }
}
