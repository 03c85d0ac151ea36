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
    /// PKCS #7, in which Windows exports a whole chain.
    #[error(
        "{name}: this is PKCS #7 (.p7b) and no certificate: export it as PEM (Base-64 encoded \
         X.509) or as DER, or convert it by openssl pkcs7 -print_certs"
    )]
    Pkcs7 {
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

/// Whether DER begins as PKCS #7 does: behind the head of its SEQUENCE stands the identifier of
/// signed data (RFC 2315, section 14), where a certificate has another SEQUENCE.
fn is_pkcs7(bytes: &[u8]) -> bool {
    const SIGNED_DATA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let n_length = match bytes {
        [0x30, length @ 0x81..=0x84, ..] => usize::from(length - 0x80),
        _ => return false,
    };
    bytes.get(2 + n_length..).is_some_and(|content| content.starts_with(&SIGNED_DATA))
}

/// Reads the one certificate of a DER file; `name` is the file as messages call it.
///
/// # Errors
/// [`TrustError`] says what is wrong with it.
pub fn read_der(bytes: Vec<u8>, name: &str) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    if is_pkcs7(&bytes) {
        return Err(TrustError::Pkcs7 { name: name.to_owned() });
    }
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
    let has_pkcs7 =
        || text.contains("-----BEGIN PKCS7-----") || text.contains("-----BEGIN CMS-----");
    if certificates.is_empty() && has_pkcs7() {
        return Err(TrustError::Pkcs7 { name: name.to_owned() });
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
