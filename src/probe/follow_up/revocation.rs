//! The hosts that certificates name for revocation lists and OCSP: Windows asks them when it
//! checks a chain, from this host and not through the runtime's own proxy settings.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::model::{
    Endpoint, Expectation, Family, Host as Name, Kind, Lookup, Origin, RevocationHost, Role,
    Subject, Trail, going_to,
};
use crate::probe::runner::Shared;
use crate::probe::walk::{self, Purpose, Target};

/// Of a name with many addresses, so many are asked.
const ADDRESSES: usize = 2;
/// Of one chain, so many hosts are asked.
const HOSTS: usize = 8;

/// A host and its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::probe) struct Host {
    name: Name,
    port: u16,
}

/// Asks the hosts that the chains of `trails` name, each once a run.
pub(super) async fn ask<'a>(
    shared: &Shared,
    trails: impl Iterator<Item = &'a Trail>,
) -> Vec<Arc<RevocationHost>> {
    let mut hosts: Vec<Host> = Vec::new();
    for session in trails.filter_map(Trail::tls) {
        for url in session.presented.chain.iter().flat_map(|one| &one.revocation) {
            if let Some(host) = host_of(url)
                && !hosts.contains(&host)
                && hosts.len() < HOSTS
            {
                hosts.push(host);
            }
        }
    }
    let asked = hosts.into_iter().map(async |host| {
        let probe = probe(shared, host.clone());
        shared.follow_ups.revocation.get(host, probe).await.flatten()
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().collect()
}

/// Where a URL leads, if it is an `http://` one (RFC 5280 section 4.2.1.13 allows others, which no
/// web server answers).
fn host_of(url: &str) -> Option<Host> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            (name, port.parse().ok()?)
        }
        _ => (authority, 80),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    Some(Host { name: Name::parse(name).ok()?, port })
}

/// `None` where the run was ended before it was asked.
async fn probe(shared: &Shared, host: Host) -> Option<Arc<RevocationHost>> {
    let lookups = match &host.name {
        Name::Address(_) => Vec::new(),
        Name::Name(name) => shared.stop.or(shared.dns().lookup(name)).await.ok()?,
    };
    let literal = match &host.name {
        Name::Address(address) => Some(*address),
        Name::Name(_) => None,
    };
    let named = going_to(&lookups).flat_map(Lookup::addresses);
    let mut remotes: Vec<SocketAddr> = Vec::new();
    for address in literal.into_iter().chain(named) {
        let remote = SocketAddr::new(address, host.port);
        let is_asked = shared.settings.families.contains(&Family::of(address));
        if is_asked && !remotes.contains(&remote) && remotes.len() < ADDRESSES {
            remotes.push(remote);
        }
    }
    let endpoint = Endpoint {
        entry: "revocation".to_owned(),
        role: Role::Revocation,
        subject: Subject::Host(host.name.clone()),
        port: host.port,
        kind: Kind::Http,
        purpose: String::new(),
        required: false,
        origin: Origin::Derived,
        order: 0,
        expect: Expectation::default(),
    };
    let target = Target { endpoint: &endpoint, host: &host.name, purpose: Purpose::Proof };
    let trails = remotes.into_iter().map(|remote| walk::direct(shared, target, remote));
    let trails = futures_util::future::join_all(trails).await;
    Some(Arc::new(RevocationHost { host: host.name, port: host.port, lookups, trails }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_certificates_lead_to_hosts() {
        for (url, expected) in [
            ("http://crl3.digicert.com/DigiCertGlobalRootG2.crl", Some("crl3.digicert.com 80")),
            ("HTTP://ocsp.digicert.com", Some("ocsp.digicert.com 80")),
            ("http://pki.contoso.com:8080/x?y#z", Some("pki.contoso.com 8080")),
            ("http://[2001:db8::1]:81/a.crl", Some("2001:db8::1 81")),
            ("http://192.0.2.1/a.crl", Some("192.0.2.1 80")),
            ("ldap:///CN=ca,DC=contoso", None),
            ("https://pki.contoso.com/a.crl", None),
            ("http://host:port/", None),
            ("http:///a.crl", None),
            ("", None),
        ] {
            let found = host_of(url).map(|host| format!("{} {}", host.name, host.port));
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }
}
