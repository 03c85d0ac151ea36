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
