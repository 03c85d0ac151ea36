//! The cryptography of every handshake and every verification.

use std::sync::{Arc, OnceLock};

use rustls::NamedGroup;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;

/// aws-lc-rs with the key exchanges of the runtime's own TLS stack. A post-quantum key share would
/// make a ClientHello of more than one packet, which meets other middleboxes' faults than the
/// runtime's does.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let make = || {
        let mut provider = default_provider();
        provider.kx_groups.retain(|group| {
            matches!(
                group.name(),
                NamedGroup::X25519 | NamedGroup::secp256r1 | NamedGroup::secp384r1
            )
        });
        Arc::new(provider)
    };
    Arc::clone(PROVIDER.get_or_init(make))
}
