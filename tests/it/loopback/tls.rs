//! What TLS servers say, and the configurations of real ones.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::pki::{Authority, Identity};

/// A server with `identity` that speaks TLS 1.2 and 1.3.
pub(crate) fn server(identity: &Identity) -> Arc<ServerConfig> {
    server_of(identity, rustls::ALL_VERSIONS)
}

/// A server with `identity` that speaks these versions alone.
pub(crate) fn server_of(
    identity: &Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .expect("the provider has suites for the versions")
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .expect("the key fits the certificate");
    Arc::new(config)
}

/// A server that insists on a client's certificate by `authority`.
pub(crate) fn server_with_client_auth(
    identity: &Identity,
    versions: &[&'static SupportedProtocolVersion],
    authority: &Authority,
) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).expect("an authority is a root");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .expect("there is a root");
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .expect("the provider has suites for the versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .expect("the key fits the certificate");
    Arc::new(config)
}

/// A fatal alert in clear text (RFC 5246 §7.2).
pub(crate) fn alert(code: u8) -> Vec<u8> {
    vec![21, 3, 1, 0, 2, 2, code]
}

/// A `ServerHello` of TLS 1.1 with `TLS_RSA_WITH_AES_128_CBC_SHA` (RFC 4346 §7.4.1.3).
pub(crate) fn server_hello_1_1() -> Vec<u8> {
    let mut hello = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    hello
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}
