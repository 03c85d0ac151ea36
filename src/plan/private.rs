//! Which names are private, without anyone having said so.

use std::sync::Arc;

use crate::model::{AddressClass, Answer, Endpoint, HostName, Lookup, Reach, classify, deciding};

/// The privatelink name by which an endpoint is taken as private without being told: its chain
/// passes one, and every address is private.
#[must_use]
pub fn taken_as_private<'l>(
    endpoint: &Endpoint,
    lookups: &'l [Arc<Lookup>],
) -> Option<&'l HostName> {
    if endpoint.expect.reach != Reach::Any {
        return None;
    }
    let mut name = None;
    for lookup in deciding(lookups) {
        let addresses = || lookup.answers().flat_map(Answer::addresses);
        let has = |class| addresses().any(|address| classify(address) == class);
        // Addresses that lead nowhere are the sinkhole's matter.
        if !has(AddressClass::Private) || has(AddressClass::Public) {
            return None;
        }
        name = name.or(lookup.privatelink());
    }
    name
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::*;
    use crate::model::{
        ChainLink, Exchange, Expectation, Family, Host, Kind, LinkData, Origin, Resolver,
        ResponseCode, Role, Subject, Transport,
    };

    const LINK: &str = "a.privatelink.test";

    fn endpoint(reach: Reach) -> Endpoint {
        Endpoint {
            entry: "endpoint".into(),
            role: Role::Other,
            subject: Subject::Host(Host::parse("a.test").unwrap()),
            port: 443,
            kind: Kind::Https,
            purpose: String::new(),
            source_document: String::new(),
            required: true,
            origin: Origin::List,
            discovered: None,
            order: 0,
            expect: Expectation { reach, ..Expectation::default() },
        }
    }

    /// A view in which `a.test` leads by these names to these addresses.
    fn view(resolver: Resolver, aliases: &[&str], addresses: &[&str]) -> Arc<Lookup> {
        let name = |text: &str| HostName::parse(text).unwrap();
        let aliases = aliases.iter().map(|alias| LinkData::Alias(name(alias)));
        let addresses = addresses.iter().map(|a| LinkData::Address(a.parse::<IpAddr>().unwrap()));
        let link = |data| ChainLink { name: name("a.test"), ttl: 30, data };
        let chain = aliases.chain(addresses).map(link).collect();
        let answer = Answer { code: ResponseCode::NoError, chain, is_loop: false, is_cut: false };
        Arc::new(Lookup {
            resolver,
            name: name("a.test"),
            exchanges: vec![Exchange {
                family: Family::V4,
                result: Ok(answer),
                transport: Transport::Udp,
                took: Duration::ZERO,
            }],
        })
    }

    #[test]
    fn a_privatelink_name_and_nothing_but_private_addresses() {
        let server = Resolver::Server("127.0.0.1:53".parse().unwrap());
        let dns = |aliases: &[&str], addresses: &[&str]| view(server, aliases, addresses);
        let os = |aliases: &[&str], addresses: &[&str]| view(Resolver::System, aliases, addresses);
        for (reach, lookups, expected) in [
            (Reach::Any, vec![], false),
            (Reach::Any, vec![dns(&[LINK], &["10.0.0.5"])], true),
            (Reach::Any, vec![dns(&[LINK], &["10.0.0.5", "fd00::5"])], true),
            (Reach::Any, vec![dns(&[], &["10.0.0.5"])], false),
            (Reach::Any, vec![dns(&[LINK], &[])], false),
            (Reach::Any, vec![dns(&[LINK], &["20.0.0.5"])], false),
            (Reach::Any, vec![dns(&[LINK], &["10.0.0.5", "20.0.0.5"])], false),
            // Two views must agree, and the system's own decides.
            (Reach::Any, vec![dns(&[], &["10.0.0.6"]), dns(&[LINK], &["10.0.0.5"])], true),
            (Reach::Any, vec![dns(&[LINK], &["10.0.0.5"]), dns(&[], &["20.0.0.5"])], false),
            (Reach::Any, vec![dns(&[], &["20.0.0.5"]), os(&[LINK], &["10.0.0.5"])], true),
            // Said already, or said otherwise.
            (Reach::Private, vec![dns(&[LINK], &["10.0.0.5"])], false),
            (Reach::Public, vec![dns(&[LINK], &["10.0.0.5"])], false),
        ] {
            let found = taken_as_private(&endpoint(reach), &lookups).map(HostName::as_str);
            assert_eq!(found, expected.then_some(LINK), "{reach:?} {lookups:?}");
        }
    }
}
