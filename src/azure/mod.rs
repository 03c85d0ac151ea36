//! Azure's APIs: tokens, and of Resource Manager the security rules of a group, service tags and
//! the status of a runtime. The only room that uses `reqwest`; nothing that is measured goes
//! through it.

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

pub use credential::{Credential, CredentialError, Kind, Surroundings};
pub use endpoint::{Endpoint, EndpointError, GroupId, GroupIdError};
pub use error::{ApiError, ArmError};
pub use exchange::{Client, Pace};
pub use group::Wrote;
pub use runtime::{RuntimeId, RuntimeIdError};
pub use secret::Secret;
pub use service_tags::{TagScope, TagScopeError};
