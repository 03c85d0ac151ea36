//! Certificate authorities and the certificates that the lab's web server shows.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CrlDistributionPoint, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::situation::REVOCATION;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// Which certificate a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// Of the public authority, by its intermediate.
    Public,
    /// The same without the intermediate: the most common mistake of a server.
    NoIntermediate,
    /// Of the company's inspecting firewall, whose root this host trusts.
    Corporate,
    /// Of an authority that nobody trusts.
    Unknown,
    /// Signed by itself.
    SelfSigned,
    /// Of the public authority, ended in 2021.
    Expired,
    /// Of the public authority, begins in 2999.
    NotYetValid,
    /// Of the public authority, for another name.
    OtherName,
    /// Of the public authority, with a URL at which its revocation is asked for.
    Revocable,
}

impl Leaf {
    const ALL: [Self; 9] = [
        Self::Public,
        Self::NoIntermediate,
        Self::Corporate,
        Self::Unknown,
        Self::SelfSigned,
        Self::Expired,
        Self::NotYetValid,
        Self::OtherName,
        Self::Revocable,
    ];

    /// The PEM files' name, without extension.
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::NoIntermediate => "no-intermediate",
            Self::Corporate => "corporate",
            Self::Unknown => "unknown",
            Self::SelfSigned => "self-signed",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::OtherName => "other-name",
            Self::Revocable => "revocable",
        }
    }
}

/// Where the certificates lie.
pub(super) struct Pki {
    folder: PathBuf,
}

impl Pki {
    /// Makes every authority and leaf; `names` are what the leaves are valid for.
    pub(super) fn create(folder: &Path, names: &[String]) -> Result<Self, String> {
        let pki = Self { folder: folder.to_owned() };
        pki.write_all(names).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(pki)
    }

    /// The web's roots, as `--public-roots` takes them.
    pub(super) fn public_roots(&self) -> PathBuf {
        self.folder.join("public-roots.pem")
    }

    /// What this host trusts beyond its own store: the web's roots and the company's.
    pub(super) fn host_roots(&self) -> PathBuf {
        self.folder.join("host-roots.pem")
    }

    /// The chain to show.
    pub(super) fn chain(&self, leaf: Leaf) -> PathBuf {
        self.folder.join(format!("{}.pem", leaf.file()))
    }

    /// Its key.
    pub(super) fn key(&self, leaf: Leaf) -> PathBuf {
        self.folder.join(format!("{}.key", leaf.file()))
    }

    fn write_all(&self, names: &[String]) -> Result<(), Box<dyn std::error::Error>> {
        let public = root("Lab Global Root G2")?;
        let issuing =
            CertifiedIssuer::signed_by(authority("Lab TLS Issuing CA 04"), key()?, &public)?;
        let corporate = root("Contoso Inspection Root")?;
        let unknown = root("Somebody's Root")?;
        fs::write(self.public_roots(), public.pem())?;
        fs::write(self.host_roots(), public.pem() + &corporate.pem())?;
        for leaf in Leaf::ALL {
            let mut params = server(names)?;
            let (issuer, sent) = match leaf {
                Leaf::Public
                | Leaf::Expired
                | Leaf::NotYetValid
                | Leaf::OtherName
                | Leaf::Revocable => (Some(&issuing), issuing.pem()),
                Leaf::NoIntermediate => (Some(&issuing), String::new()),
                Leaf::Corporate => (Some(&corporate), String::new()),
                Leaf::Unknown => (Some(&unknown), String::new()),
                Leaf::SelfSigned => (None, String::new()),
            };
            match leaf {
                Leaf::Expired => params.not_after = date_time_ymd(2021, 1, 1),
                Leaf::NotYetValid => params.not_before = date_time_ymd(2999, 1, 1),
                Leaf::OtherName => {
                    let other = ["portal.fabrikam.example".to_owned()];
                    params.subject_alt_names = server(&other)?.subject_alt_names;
                }
                Leaf::Revocable => {
                    let uris = vec![format!("http://{REVOCATION}/lab.crl")];
                    params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
                }
                _ => {}
            }
            let key = key()?;
            let certificate = match issuer {
                Some(issuer) => params.signed_by(&key, issuer)?,
                None => params.self_signed(&key)?,
            };
            fs::write(self.chain(leaf), certificate.pem() + &sent)?;
            fs::write(self.key(leaf), key.serialize_pem())?;
        }
        Ok(())
    }
}

fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate()
}

fn root(name: &str) -> Result<Authority, rcgen::Error> {
    CertifiedIssuer::self_signed(authority(name), key()?)
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2015, 1, 1);
    params
}

fn server(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "lab server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2999, 6, 1);
    Ok(params)
}
