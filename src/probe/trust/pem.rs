//! Root certificates from the user's files.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};

/// Why a file of roots cannot be used. The messages name the file as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// No block of PEM holds a certificate, and it is no certificate as DER either.
    #[error(
        "{name}: no certificate inside; expected text with '-----BEGIN CERTIFICATE-----' lines, or \
         one certificate as DER"
    )]
    Empty {
        /// The file as the user named it.
        name: String,
    },
    /// A block is cut off or is not base64.
    #[error("{name}: certificate {number} cannot be decoded: {reason}")]
    Pem {
        /// The file as the user named it.
        name: String,
        /// Which certificate of the file, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A block decodes to something else than a certificate.
    #[error(
        "{name}: certificate {number} is no X.509 certificate that can serve as a root: {reason}"
    )]
    NotACertificate {
        /// The file as the user named it.
        name: String,
        /// Which certificate of the file, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Whether a file is DER, in which Windows exports a certificate, and no text: it begins with a
/// SEQUENCE whose length takes more than one byte.
#[must_use]
pub const fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x81..=0x84, ..])
}

/// Reads the one certificate of a DER file; `name` is the file as messages call it.
///
/// # Errors
/// [`TrustError`] says what is wrong with it.
pub fn read_der(bytes: Vec<u8>, name: &str) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let certificates = vec![CertificateDer::from(bytes)];
    anchors(&certificates, name)?;
    Ok(certificates)
}

/// Reads the certificates of a PEM file; `name` is the file as messages call it. Blocks of other
/// kinds are passed over, as in the bundles of operating systems.
///
/// # Errors
/// [`TrustError`] says what is wrong and with which certificate.
pub fn read_pem(text: &str, name: &str) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let number = certificates.len() + 1;
        certificates.push(certificate.map_err(|error| TrustError::Pem {
            name: name.to_owned(),
            number,
            reason: error.to_string(),
        })?);
    }
    if certificates.is_empty() {
        return Err(TrustError::Empty { name: name.to_owned() });
    }
    anchors(&certificates, name)?;
    Ok(certificates)
}

/// The certificates as trust anchors.
pub(super) fn anchors(
    certificates: &[CertificateDer<'_>],
    name: &str,
) -> Result<Vec<TrustAnchor<'static>>, TrustError> {
    certificates
        .iter()
        .enumerate()
        .map(|(index, der)| match webpki::anchor_from_trusted_cert(der) {
            Ok(anchor) => Ok(anchor.to_owned()),
            Err(error) => Err(TrustError::NotACertificate {
                name: name.to_owned(),
                number: index + 1,
                reason: error.to_string(),
            }),
        })
        .collect()
}
