//! Certificates as facts: names with placeholders, dates and judgements, and no bytes.

use std::sync::Arc;

use super::Redactor;
use crate::model::{Certificate, ChainTrust, Host, HostName, Presented, Trust, Validity};

impl Redactor<'_> {
    pub(super) fn learn_issuers(&mut self, presented: &Presented) {
        if presented.trust.public == ChainTrust::Trusted {
            let names = presented.chain.iter().map(|one| (&*one.subject, &*one.issuer));
            self.learn_authorities(&names.collect::<Vec<_>>());
        }
    }

    /// Notes the authorities of a chain that leads to a public root, given by subjects and issuers:
    /// their names are public. Whatever else the far end sent along is not on the way there.
    pub(super) fn learn_authorities(&mut self, chain: &[(&str, &str)]) {
        let Some(&(_, mut issuer)) = chain.first() else { return };
        while is_public_authority(issuer) && self.public_issuers.insert(issuer.to_owned()) {
            let above = chain.iter().find(|(subject, _)| *subject == issuer);
            let Some((_, next)) = above else { return };
            issuer = next;
        }
    }

    pub(super) fn presented(&mut self, presented: &Presented) -> Presented {
        let Presented { chain, trust } = presented;
        let Trust { public, host, validity } = &**trust;
        let trust = Trust {
            public: self.chain_trust(public),
            host: self.chain_trust(host),
            validity: match validity {
                Validity::Current => Validity::Current,
                Validity::Expired { subject, not_after } => Validity::Expired {
                    subject: self.distinguished(subject),
                    not_after: *not_after,
                },
                Validity::NotYet { subject, not_before } => Validity::NotYet {
                    subject: self.distinguished(subject),
                    not_before: *not_before,
                },
            },
        };
        let chain = chain.iter().map(|certificate| self.certificate(certificate)).collect();
        Presented { chain, trust: Arc::new(trust) }
    }

    fn chain_trust(&mut self, trust: &ChainTrust) -> ChainTrust {
        match trust {
            ChainTrust::Trusted => ChainTrust::Trusted,
            ChainTrust::UnknownIssuer => ChainTrust::UnknownIssuer,
            ChainTrust::Invalid { reason } => ChainTrust::Invalid { reason: self.sentence(reason) },
            ChainTrust::NotJudged { reason } => {
                ChainTrust::NotJudged { reason: self.sentence(reason) }
            }
        }
    }

    pub(super) fn certificate(&mut self, certificate: &Arc<Certificate>) -> Arc<Certificate> {
        if let Some(done) = self.certificates.get(&certificate.fingerprint) {
            return Arc::clone(done);
        }
        let Certificate {
            fingerprint,
            subject,
            issuer,
            names,
            not_before,
            not_after,
            revocation,
            der: _,
        } = &**certificate;
        let mut done = Certificate {
            fingerprint: *fingerprint,
            subject: self.distinguished(subject),
            issuer: self.distinguished(issuer),
            names: names.iter().map(|name| self.alternative(name)).collect(),
            not_before: *not_before,
            not_after: *not_after,
            revocation: revocation.iter().map(|url| format!("{}/", self.url(url))).collect(),
            der: Arc::default(),
        };
        // Logs of certificates find any of the public web by its digest, and its names with it.
        let is_known = self.public_issuers.contains(issuer)
            && (&done.subject, &done.issuer, &done.names) == (subject, issuer, names);
        if !is_known {
            done.fingerprint = self.key.digest("certificate", &[fingerprint]);
        }
        let done = Arc::new(done);
        self.certificates.insert(*fingerprint, Arc::clone(&done));
        done
    }

    /// A distinguished name. The same name stays the same, so that a chain still links and a
    /// certificate that signed itself still did.
    pub(super) fn distinguished(&mut self, name: &str) -> String {
        if name.is_empty() || self.public_issuers.contains(name) {
            return name.to_owned();
        }
        let (front, common) = match name.rsplit_once("CN=") {
            Some((front, common)) => (front.trim().trim_end_matches(','), common),
            None => (name, ""),
        };
        if !is_host(common) {
            return format!("CN={}", self.label("issuer", name));
        }
        let common = self.alternative(common);
        if front.is_empty() {
            format!("CN={common}")
        } else {
            format!("O={}, CN={common}", self.label("organisation", front))
        }
    }

    /// A subject alternative name: a name, a wildcard or an address.
    fn alternative(&mut self, name: &str) -> String {
        if is_host(name) || Host::parse(name).is_ok_and(|host| host.name().is_none()) {
            self.pattern(&name.to_ascii_lowercase())
        } else {
            self.label("text", name)
        }
    }
}

/// Whether a distinguished name on the way to a public root is that of an authority for everyone:
/// some of the public web's authorities bear the name of the one company that they are for.
fn is_public_authority(name: &str) -> bool {
    const OWNERS: &[&str] = &[
        "O=Amazon",
        "O=Baltimore",
        "O=DigiCert Inc",
        "O=Entrust, Inc.",
        "O=GeoTrust Inc.",
        "O=GlobalSign nv-sa",
        "O=GlobalSign",
        "O=GoDaddy.com, Inc.",
        "O=Google Trust Services",
        "O=Google Trust Services LLC",
        "O=IdenTrust",
        "O=Internet Security Research Group",
        "O=Let's Encrypt",
        "O=Microsoft Corporation",
        "O=Sectigo Limited",
        "O=The USERTRUST Network",
    ];
    let is_owner = |owner: &&str| {
        name.split_once(*owner).is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with(','))
    };
    OWNERS.iter().any(is_owner)
}

/// Whether the text is a name of at least two labels, or a wildcard before one.
fn is_host(text: &str) -> bool {
    let bare = text.strip_prefix("*.").unwrap_or(text);
    bare.contains('.') && HostName::parse(bare).is_ok() && !bare.ends_with('.')
}
