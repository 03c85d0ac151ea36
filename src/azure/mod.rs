//! Azure's APIs: tokens, and of Resource Manager the security rules of a group, service tags and
//! the status of a runtime. The only room that uses `reqwest`; nothing that is measured goes
//! through it.
//!
//! `credential`, `exchange` and `error` name each other: a request needs a token, a token is asked
//! for by a request, and an error of Resource Manager may be one of the token.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room asks Azure: it waits, reads files with tokens and starts az"
)]

mod credential;
mod endpoint;
mod error;
mod exchange;
mod group;
mod operation;
mod resource;
mod runtime;
mod secret;
mod service_tags;

pub use credential::{Credential, CredentialEnvironment, CredentialError, CredentialSource};
pub use endpoint::{AzureEndpoint, AzureEndpointError};
pub use error::{ApiError, ArmError};
pub use exchange::{ArmClient, Pace};
pub use group::{GroupId, GroupIdError, WriteStatus};
pub use runtime::{RuntimeId, RuntimeIdError};
pub use secret::Secret;
pub use service_tags::{TagScope, TagScopeError};

/// Encodes a text for a form or for one segment of a path: everything but RFC 3986's unreserved
/// characters.
fn form_encoded(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}
