//! The certificate authorities of the stage, made anew for each demonstration: their keys are
//! nowhere kept.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::open_stage::StageError;

/// An authority and its own certificate.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    Current,
    Past,
}

impl Authority {
    /// A root of this organisation and name.
    pub(super) fn root(organisation: &str, name: &str) -> Result<Self, StageError> {
        let key = KeyPair::generate()?;
        let mut params = params(&[], organisation, name, Dates::Current)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&key)?.der().clone();
        Ok(Self { issuer: Issuer::new(params, key), root })
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.root.clone()
    }

    /// What a server for `name` needs that this authority vouches for.
    pub(super) fn server(&self, name: &str, dates: Dates) -> Result<Arc<ServerConfig>, StageError> {
        let key = KeyPair::generate()?;
        let leaf = params(&[name.to_owned()], "pathproof demo", name, dates)?
            .signed_by(&key, &self.issuer)?
            .der()
            .clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)?;
        Ok(Arc::new(config))
    }
}

fn params(
    names: &[String],
    organisation: &str,
    common_name: &str,
    dates: Dates,
) -> Result<CertificateParams, StageError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params.distinguished_name.push(DnType::CommonName, common_name);
    let (from, to) = match dates {
        Dates::Current => (2020, 2090),
        Dates::Past => (2020, 2024),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    Ok(params)
}
