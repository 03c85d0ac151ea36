//! Azure's APIs: tokens, and the security rules of a group in Resource Manager. The only room
//! that uses `reqwest`; nothing that is measured goes through it.

mod credential;
mod endpoint;
mod error;
mod exchange;
mod group;
mod operation;
mod secret;

pub use credential::{Credential, CredentialError, Kind, Surroundings};
pub use endpoint::{Endpoint, EndpointError, GroupId, GroupIdError};
pub use error::{ApiError, ArmError};
pub use exchange::{Client, Pace};
pub use group::Wrote;
pub use secret::Secret;
