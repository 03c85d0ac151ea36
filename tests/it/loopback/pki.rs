//! Certificate authorities of the tests, and what they sign.

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DistinguishedName, DnType, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// From when until when a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) enum Dates {
    /// 2020 to 2090.
    Current,
    /// 2020 to 2021.
    Expired,
    /// 2090 to 2091.
    NotYet,
    /// These years, from January to January.
    Years(i32, i32),
}

/// A certificate authority: a root, or one under it.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate and those above it, the root last.
    chain: Vec<CertificateDer<'static>>,
    pem: String,
}

impl Authority {
    /// A root.
    pub(crate) fn root(name: &str) -> Self {
        let key = new_key();
        let params = authority_params(name, Dates::Current);
        let certificate = params.self_signed(&key).expect("a root signs itself");
        let chain = vec![certificate.der().clone()];
        Self { issuer: Issuer::new(params, key), chain, pem: certificate.pem() }
    }

    /// An authority under this one.
    pub(crate) fn intermediate(&self, name: &str, dates: Dates) -> Self {
        let key = new_key();
        let params = authority_params(name, dates);
        let certificate = params.signed_by(&key, &self.issuer).expect("an authority signs");
        let mut chain = vec![certificate.der().clone()];
        chain.extend(self.chain.iter().cloned());
        Self { issuer: Issuer::new(params, key), chain, pem: certificate.pem() }
    }

    /// A server's certificate for `names`, with the chain below the root.
    pub(crate) fn issue(&self, names: &[&str], dates: Dates) -> Identity {
        let key = new_key();
        let certificate =
            server_params(names, dates).signed_by(&key, &self.issuer).expect("an authority signs");
        let mut chain = vec![certificate.der().clone()];
        chain.extend(self.chain[..self.chain.len() - 1].iter().cloned());
        Identity { chain, key: key_der(&key) }
    }

    /// The same, which names these URLs for its revocation list.
    pub(crate) fn issue_revocable(&self, names: &[&str], urls: &[String]) -> Identity {
        let key = new_key();
        let mut params = server_params(names, Dates::Current);
        params.crl_distribution_points = distribution_points(urls);
        let certificate = params.signed_by(&key, &self.issuer).expect("an authority signs");
        Identity { chain: vec![certificate.der().clone()], key: key_der(&key) }
    }

    /// Its own certificate.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.chain[0].clone()
    }

    /// Its own certificate as PEM, for `--ca-file` and `--public-roots`.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }
}

/// What a server shows: a chain, leaf first, and the leaf's key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// A server's certificate that signed itself, marked as an authority or not.
    pub(crate) fn self_signed(names: &[&str], is_authority: bool) -> Self {
        let key = new_key();
        let mut params = server_params(names, Dates::Current);
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = params.self_signed(&key).expect("it signs itself");
        Self { chain: vec![certificate.der().clone()], key: key_der(&key) }
    }
}

fn distribution_points(urls: &[String]) -> Vec<CrlDistributionPoint> {
    urls.iter().map(|url| CrlDistributionPoint { uris: vec![url.clone()] }).collect()
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

fn key_der(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).expect("a key of ours can be read")
}

fn authority_params(name: &str, dates: Dates) -> CertificateParams {
    let mut params = params(&[], name, dates);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn server_params(names: &[&str], dates: Dates) -> CertificateParams {
    params(names, names.first().copied().unwrap_or("nameless"), dates)
}

fn params(names: &[&str], common_name: &str, dates: Dates) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("the names of a test are valid");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Pathproof Tests");
    params.distinguished_name.push(DnType::CommonName, common_name);
    let (from, to) = match dates {
        Dates::Current => (2020, 2090),
        Dates::Expired => (2020, 2021),
        Dates::NotYet => (2090, 2091),
        Dates::Years(from, to) => (from, to),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}
