//! One certificate, read for the report.

use std::net::IpAddr;

use jiff::Timestamp;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_OCSP;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::model::Certificate;

/// Reads `der`. Bytes that are no certificate make one that says so and never ends: verification
/// refuses it, and its dates must not hide that.
pub(super) fn read(der: &[u8], fingerprint: [u8; 32]) -> Certificate {
    let x509 = match X509Certificate::from_der(der) {
        Ok((_, x509)) => x509,
        Err(error) => {
            return Certificate {
                der: der.into(),
                fingerprint,
                subject: format!("unreadable certificate ({error})"),
                issuer: "unreadable certificate".to_owned(),
                names: Vec::new(),
                not_before: Timestamp::MIN,
                not_after: Timestamp::MAX,
                revocation: Vec::new(),
            };
        }
    };
    let second = |at: i64, beyond| Timestamp::from_second(at).unwrap_or(beyond);
    Certificate {
        der: der.into(),
        fingerprint,
        subject: x509.subject().to_string(),
        issuer: x509.issuer().to_string(),
        names: names(&x509),
        not_before: second(x509.validity().not_before.timestamp(), Timestamp::MIN),
        not_after: second(x509.validity().not_after.timestamp(), Timestamp::MAX),
        revocation: revocation(&x509),
    }
}

/// DNS names and addresses a client would accept (RFC 5280 §4.2.1.6).
fn names(x509: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = x509.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => address(octets).map(|address| address.to_string()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(text).collect()
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// Where revocation is published: OCSP responders (RFC 5280 §4.2.2.1) and CRLs (§4.2.1.13).
fn revocation(x509: &X509Certificate<'_>) -> Vec<String> {
    let mut urls = Vec::new();
    let mut add = |name: &GeneralName<'_>| {
        if let GeneralName::URI(url) = name {
            urls.push((*url).to_owned());
        }
    };
    for extension in x509.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::AuthorityInfoAccess(access) => access
                .accessdescs
                .iter()
                .filter(|access| access.access_method == OID_PKIX_ACCESS_DESCRIPTOR_OCSP)
                .for_each(|access| add(&access.access_location)),
            ParsedExtension::CRLDistributionPoints(points) => {
                for point in &points.points {
                    if let Some(DistributionPointName::FullName(names)) = &point.distribution_point
                    {
                        names.iter().for_each(&mut add);
                    }
                }
            }
            _ => {}
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CrlDistributionPoint, CustomExtension, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn what_reports_need_is_read() {
        let names = ["*.wild.example", "we.example", "192.0.2.1", "2001:db8::1"];
        let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
        params.not_before = date_time_ymd(2024, 2, 29);
        params.not_after = date_time_ymd(2025, 3, 1);
        params.crl_distribution_points =
            vec![CrlDistributionPoint { uris: vec!["http://crl.example/1.crl".to_owned()] }];
        params.custom_extensions = vec![authority_information_access()];
        let key = KeyPair::generate().unwrap();
        let certificate = read(params.self_signed(&key).unwrap().der(), [7; 32]);

        assert_eq!(certificate.names, names);
        assert_eq!(certificate.subject, "CN=rcgen self signed cert");
        assert_eq!(certificate.issuer, certificate.subject);
        assert_eq!(certificate.not_before.to_string(), "2024-02-29T00:00:00Z");
        assert_eq!(certificate.not_after.to_string(), "2025-03-01T00:00:00Z");
        let mut revocation = certificate.revocation;
        revocation.sort_unstable();
        assert_eq!(revocation, ["http://crl.example/1.crl", "http://ocsp.example"]);
        assert_eq!(certificate.fingerprint, [7; 32]);
    }

    #[test]
    fn bytes_that_are_no_certificate_say_so() {
        let certificate = read(b"\x30\x03abc", [0; 32]);
        assert!(certificate.subject.starts_with("unreadable certificate"));
        assert!(certificate.not_before < certificate.not_after);
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_are_read_without_panic(
            index in 0_usize..400,
            byte: u8,
            cut in 0_usize..400,
        ) {
            use std::sync::LazyLock;
            static DER: LazyLock<Vec<u8>> = LazyLock::new(|| {
                let params = CertificateParams::new(["we.example".to_owned()]).unwrap();
                params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
            });
            let mut der = DER.clone();
            if let Some(changed) = der.get_mut(index) {
                *changed = byte;
            }
            der.truncate(der.len().saturating_sub(cut));
            let certificate = read(&der, [0; 32]);
            proptest::prop_assert_eq!(&*certificate.der, &*der);
        }
    }

    /// An OCSP responder, and an issuer's certificate, which says nothing of revocation.
    fn authority_information_access() -> CustomExtension {
        let describe = |method: u8, url: &[u8]| {
            let mut method = vec![0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, method];
            method.extend(tagged(0x86, url));
            tagged(0x30, &method)
        };
        let access = [describe(1, b"http://ocsp.example"), describe(2, b"http://ca.example")];
        let value = tagged(0x30, &access.concat());
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], value)
    }

    fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 0x80, "short form");
        [&[tag, length], content].concat()
    }
}
