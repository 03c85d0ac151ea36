//! Several views of one name: name servers against each other, and the operating system's own
//! answer against all of them.

use std::net::IpAddr;
use std::sync::Arc;

use super::address::{AddressClass, classify};
use super::dns::{Answer, Lookup, LookupOutcome, Resolver, Transport};

/// What a resolver holds of a name, as views are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// It does not exist.
    Absent,
    /// It exists, without an address.
    Empty,
    /// Which classes its addresses are of, as bits.
    Addresses(u8),
}

impl Lookup {
    /// What the resolver holds of the name; `None` where it does not say.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        match self.outcome() {
            LookupOutcome::NxDomain => Some(View::Absent),
            LookupOutcome::NoData => Some(View::Empty),
            LookupOutcome::Addresses => {
                let addresses = self.answers().flat_map(Answer::addresses);
                let bits = addresses.fold(0, |bits, address| bits | 1 << classify(address) as u8);
                Some(View::Addresses(bits))
            }
            LookupOutcome::ServFail
            | LookupOutcome::Refused
            | LookupOutcome::OtherCode(_)
            | LookupOutcome::Loop
            | LookupOutcome::TimedOut
            | LookupOutcome::Unreachable
            | LookupOutcome::TcpBlocked
            | LookupOutcome::Malformed
            | LookupOutcome::NotAsked
            | LookupOutcome::SystemError => None,
        }
    }

    /// Whether the operating system has it from its hosts file.
    #[must_use]
    pub fn is_by_hosts_file(&self) -> bool {
        self.exchanges.iter().any(|exchange| exchange.transport == Transport::HostsFile)
    }
}

/// What name servers said, the operating system left out.
pub fn servers(lookups: &[Arc<Lookup>]) -> impl Iterator<Item = &Lookup> {
    let lookups = lookups.iter().map(|lookup| &**lookup);
    lookups.filter(|lookup| lookup.resolver != Resolver::System)
}

/// The lookups that decide what a name is: the operating system's own where it says something else
/// than every name server, as the runtime goes where the system says; else every name server's,
/// which show their chains.
pub fn deciding(lookups: &[Arc<Lookup>]) -> impl Iterator<Item = &Lookup> {
    let overriding = overriding(lookups);
    let has_override = overriding.is_some();
    let has_servers = servers(lookups).next().is_some();
    let others = lookups.iter().map(|lookup| &**lookup).filter(move |lookup| {
        !has_override && (!has_servers || lookup.resolver != Resolver::System)
    });
    overriding.into_iter().chain(others)
}

/// The lookups whose addresses are connected to: the operating system's own where it said anything
/// of the name (that it does not exist, too), as that is where the runtime would go; else every
/// name server's.
pub fn going_to(lookups: &[Arc<Lookup>]) -> impl Iterator<Item = &Lookup> {
    let is_of_system = |lookup: &Lookup| lookup.resolver == Resolver::System;
    let decides = lookups.iter().any(|lookup| is_of_system(lookup) && lookup.view().is_some());
    let lookups = lookups.iter().map(|lookup| &**lookup);
    lookups.filter(move |lookup| !decides || is_of_system(lookup))
}

/// The operating system's answer, where it is another than that of every name server: a hosts
/// file, a rule that sends the name to another server, an old answer in its cache.
#[must_use]
pub fn overriding(lookups: &[Arc<Lookup>]) -> Option<&Lookup> {
    let system = lookups.iter().find(|lookup| lookup.resolver == Resolver::System)?;
    let own = system.view()?;
    let mut others = servers(lookups).filter_map(|lookup| Some((lookup.view()?, lookup)));
    let Some(first) = others.next() else {
        // No name server says anything of the name, so the system has it from elsewhere. A
        // server that was not asked leaves that open.
        let is_asked = |lookup: &Lookup| lookup.outcome() != LookupOutcome::NotAsked;
        let has_servers = servers(lookups).any(is_asked);
        return (has_servers && matches!(own, View::Addresses(_))).then_some(&**system);
    };
    let is_alike = |(view, lookup): (View, &Lookup)| agrees((own, system), (view, lookup));
    (!is_alike(first) && !others.any(is_alike)).then_some(&**system)
}

/// Whether a name server's answer explains the system's.
fn agrees((own, system): (View, &Lookup), (view, server): (View, &Lookup)) -> bool {
    let (View::Addresses(own), View::Addresses(other)) = (own, view) else {
        // The system does not always tell a name without addresses from one that does not exist.
        return !matches!((own, view), (View::Addresses(_), _) | (_, View::Addresses(_)));
    };
    let known = server.addresses();
    let addresses = system.addresses();
    if addresses.iter().any(|address| known.contains(address)) {
        return true;
    }
    // Many services give each who asks other public addresses. A hosts file does not ask, and
    // private addresses do not change like that.
    let is_public = |address: &IpAddr| classify(*address) == AddressClass::Public;
    own == other && !system.is_by_hosts_file() && addresses.iter().all(is_public)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{
        Answer, ChainLink, DnsFailure, Exchange, Family, HostName, LinkData, Obstacle, ResponseCode,
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
            is_cut: false,
        };
        let result = match said {
            "nxdomain" => Ok(answer(ResponseCode::NxDomain, &[])),
            "nodata" => Ok(answer(ResponseCode::NoError, &[])),
            "servfail" => Ok(answer(ResponseCode::ServFail, &[])),
            "silence" => Err(DnsFailure::TimedOut { asked: 3 }),
            "not asked" => Err(DnsFailure::NotAsked(Obstacle::BudgetSpent)),
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
            (&["not asked"], "40.1.1.1", false, false),
            (&["not asked", "silence"], "40.1.1.1", false, true),
            (&["not asked", "10.1.1.1"], "40.1.1.1", false, true),
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
            let decides: Vec<_> = deciding(&lookups).map(|one| one.resolver).collect();
            let is_system_alone = decides == [Resolver::System];
            assert_eq!(is_system_alone, expected || servers.is_empty(), "{decides:?}");
        }
    }
}
