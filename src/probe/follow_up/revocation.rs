//! The hosts that certificates name for revocation lists and OCSP: Windows asks them when it
//! checks a chain, from this host and not through the runtime's own proxy settings.
//!
//! A certificate is foreign input, and this is where it could choose whom this host talks to. So
//! only certificates of a chain that was verified are read, hosts are asked by name and on port 80
//! alone, and only at addresses where such a host can be: never this host itself, its own link or
//! the platform's metadata, and inside private networks only where this host's own roots vouch.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::cache::VouchedHost;
use crate::model::{
    AddressClass, Certificate, Endpoint, Expectation, Family, Host, HostName, Kind, Lookup, Origin,
    RevocationHost, Role, Subject, Trail, classify, going_to,
};
use crate::probe::shared::RunShared;
use crate::probe::trust::{Vouched, Voucher};
use crate::probe::walk::{self, Purpose, WalkTarget};

/// How many addresses of one name are asked.
const ADDRESSES: usize = 2;
/// How many hosts of one chain are asked.
const HOSTS: usize = 8;
/// The port of `http://`; no other is asked.
const PORT: u16 = 80;
/// No path that an authority writes is longer.
const LONGEST_PATH: usize = 512;
/// Azure's own services for its virtual machines answer at this address, which is public by class
/// (Microsoft, what-is-ip-address-168-63-129-16).
const PLATFORM: IpAddr = IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16));

/// Asks the hosts that the verified chains of `trails` name, each once a run.
pub(super) async fn ask<'a>(
    shared: &RunShared,
    trails: impl Iterator<Item = &'a Trail>,
) -> Vec<Arc<RevocationHost>> {
    let judge = &shared.settings.tls;
    let vouched: Vec<Vouched> =
        trails.filter_map(|trail| judge.vouched(&trail.tls()?.presented)).collect();
    let asked = named(&vouched).into_iter().map(async |(host, path)| {
        let probe = probe(shared, host.clone(), path);
        shared.follow_ups.revocation.get(host, probe).await.flatten()
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().collect()
}

/// The hosts that `chains` name, each once with the first path that it is named with.
fn named(chains: &[Vouched]) -> Vec<(VouchedHost, String)> {
    let mut hosts: Vec<(VouchedHost, String)> = Vec::new();
    for Vouched { by, certificates } in chains {
        let urls = certificates.iter().flat_map(|one: &Arc<Certificate>| &one.revocation);
        for (name, path) in urls.filter_map(|url| name_and_path(url)) {
            let host = VouchedHost { name, voucher: *by };
            if hosts.len() < HOSTS && !hosts.iter().any(|(known, _)| *known == host) {
                hosts.push((host, path));
            }
        }
    }
    hosts
}

/// The name and path of a URL, if it is one that may be asked: `http://` (RFC 5280 section 4.2.1.13
/// allows others, which no web server answers), a name that no resolver reads as an address, and
/// the scheme's own port.
fn name_and_path(url: &str) -> Option<(HostName, String)> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") || !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let rest = rest.split('#').next()?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.parse() == Ok(PORT) => name,
        Some(_) => return None,
        None => authority,
    };
    let name = match Host::parse(name).ok()? {
        Host::Name(name) if !is_address_in_disguise(&name) => name,
        _ => return None,
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    (path.len() <= LONGEST_PATH).then_some((name, path))
}

/// Whether a system's resolver takes the name for an IPv4 address (`127.1`, `0x7f000001`): what
/// ends in a number is one (WHATWG, URL, 3.5).
fn is_address_in_disguise(name: &HostName) -> bool {
    let last = name.labels().last().unwrap_or_default();
    last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x")
}

/// Whether a host that a chain of `voucher` names may be asked at `address`.
fn may_be_asked(address: IpAddr, voucher: Voucher) -> bool {
    let address = inner(address);
    match classify(address) {
        AddressClass::Public => address != PLATFORM,
        AddressClass::Private => voucher == Voucher::HostRoots,
        AddressClass::NotRoutable => false,
    }
}

/// The IPv4 address that a gateway on the way makes of an IPv6 one: mapped, NAT64 (RFC 6052) or
/// 6to4 (RFC 3056).
fn inner(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match v6.segments() {
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => IpAddr::V4(v4(high, low)),
        [0x2002, high, low, ..] => IpAddr::V4(v4(high, low)),
        _ => Ipv6Addr::to_ipv4_mapped(&v6).map_or(address, IpAddr::V4),
    }
}

/// `None` where the run was ended before it was asked.
async fn probe(shared: &RunShared, host: VouchedHost, path: String) -> Option<Arc<RevocationHost>> {
    let VouchedHost { name, voucher } = host;
    let lookups = shared.stop.or(shared.dns.lookup(&name)).await.ok()?;
    let mut remotes: Vec<SocketAddr> = Vec::new();
    for address in going_to(&lookups).flat_map(Lookup::addresses) {
        let remote = SocketAddr::new(address, PORT);
        let is_asked = shared.settings.families.contains(&Family::of(address))
            && may_be_asked(address, voucher);
        if is_asked && !remotes.contains(&remote) && remotes.len() < ADDRESSES {
            remotes.push(remote);
        }
    }
    let host = Host::Name(name);
    let endpoint = Endpoint {
        entry: "revocation".to_owned(),
        role: Role::Revocation,
        subject: Subject::Host(host.clone()),
        port: PORT,
        kind: Kind::Http,
        purpose: String::new(),
        source_document: String::new(),
        required: false,
        origin: Origin::Derived,
        discovered: None,
        order: 0,
        expect: Expectation::default(),
    };
    let target = WalkTarget { endpoint: &endpoint, host: &host, purpose: Purpose::Fetch(&path) };
    let trails = remotes.into_iter().map(|remote| walk::direct(shared, target, remote));
    let trails = futures_util::future::join_all(trails).await;
    Some(Arc::new(RevocationHost { host, port: PORT, path: Some(path), lookups, trails }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_certificates_lead_to_names_on_port_80_alone() {
        for (url, expected) in [
            (
                "http://crl3.digicert.com/DigiCertGlobalRootG2.crl",
                Some("crl3.digicert.com /DigiCertGlobalRootG2.crl"),
            ),
            ("HTTP://ocsp.digicert.com", Some("ocsp.digicert.com /")),
            ("http://pki.contoso.com:80/x?y#z", Some("pki.contoso.com /x?y")),
            ("http://pki.contoso.com?y", Some("pki.contoso.com /?y")),
            ("http://pki/a.crl", Some("pki /a.crl")),
            // Other ports and schemes.
            ("http://pki.contoso.com:8080/x", None),
            ("http://pki.contoso.com:9999", None),
            ("http://host:port/", None),
            ("ldap:///CN=ca,DC=contoso", None),
            ("https://pki.contoso.com/a.crl", None),
            // Addresses, in every spelling that some resolver takes.
            ("http://192.0.2.1/a.crl", None),
            ("http://127.0.0.9:8081/x.crl", None),
            ("http://169.254.169.254/metadata/instance", None),
            ("http://[2001:db8::1]:81/a.crl", None),
            ("http://[::1]/a.crl", None),
            ("http://127.1/", None),
            ("http://2130706433/", None),
            ("http://0x7f000001/", None),
            ("http://0x7f.1/", None),
            ("http://0177.0.0.1/", None),
            ("http://127.0.0.1./", None),
            // What would end the request, or send somebody's name along.
            ("http://pki.contoso.com/a\r\nX-Injected: 1", None),
            ("http://pki.contoso.com/a b", None),
            ("http://user@pki.contoso.com/", None),
            ("http:///a.crl", None),
            ("", None),
        ] {
            let found = name_and_path(url).map(|(name, path)| format!("{name} {path}"));
            assert_eq!(found.as_deref(), expected, "{url}");
        }
        assert_eq!(name_and_path(&format!("http://pki.contoso.com/{}", "a".repeat(512))), None);
    }

    #[test]
    fn addresses_are_asked_where_such_a_host_can_be() {
        for (address, by_public, by_host) in [
            ("152.199.19.160", true, true),
            ("2606:2800:21f::1", true, true),
            ("10.50.1.7", false, true),
            ("100.64.0.7", false, true),
            ("fd00::7", false, true),
            ("::ffff:10.50.1.7", false, true),
            ("64:ff9b::10.50.1.7", false, true),
            ("64:ff9b::152.199.19.160", true, true),
            ("127.0.0.1", false, false),
            ("::1", false, false),
            ("::ffff:127.0.0.1", false, false),
            ("64:ff9b::127.0.0.1", false, false),
            ("2002:7f00:1::1", false, false),
            ("0.0.0.0", false, false),
            ("::", false, false),
            ("169.254.169.254", false, false),
            ("64:ff9b::169.254.169.254", false, false),
            ("fe80::1", false, false),
            ("168.63.129.16", false, false),
            ("::ffff:168.63.129.16", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(may_be_asked(address, Voucher::PublicRoots), by_public, "{address}");
            assert_eq!(may_be_asked(address, Voucher::HostRoots), by_host, "{address}");
        }
    }

    fn vouched(by: Voucher, urls: &[&str]) -> Vouched {
        let certificate = Certificate {
            der: Arc::default(),
            fingerprint: [0; 32],
            subject: String::new(),
            issuer: String::new(),
            names: Vec::new(),
            not_before: jiff::Timestamp::MIN,
            not_after: jiff::Timestamp::MAX,
            revocation: urls.iter().map(|url| (*url).to_owned()).collect(),
        };
        Vouched { by, certificates: vec![Arc::new(certificate)] }
    }

    #[test]
    fn a_host_is_asked_once_for_each_who_vouches_and_no_chain_names_many() {
        let chains = [
            vouched(Voucher::PublicRoots, &["http://a.test/1", "http://a.test/2", "http://b.test"]),
            vouched(Voucher::HostRoots, &["http://a.test/3"]),
        ];
        let found: Vec<String> = named(&chains)
            .iter()
            .map(|(host, path)| format!("{}{path} {:?}", host.name, host.voucher))
            .collect();
        assert_eq!(found, ["a.test/1 PublicRoots", "b.test/ PublicRoots", "a.test/3 HostRoots"]);
        let many: Vec<String> = (0..100).map(|n| format!("http://h{n}.test/")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(named(&[vouched(Voucher::PublicRoots, &many)]).len(), HOSTS);
    }
}
