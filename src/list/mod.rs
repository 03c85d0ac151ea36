//! Reads endpoint lists, service URLs and authentication keys, and makes endpoints of them. The
//! room is pure: callers read the files.
//!
//! ```text
//! list text ──parse──► EndpointList ─┐
//! service URLs ──────► ServiceUrls   ├─ RunRequest ──concrete──► Concrete { endpoints, … }
//! authentication key ► AuthKey       │
//! --endpoint, --peer ► AdHoc ────────┘
//! ```

mod adhoc;
pub mod auth_key;
mod cloud;
mod concrete;
mod draft;
mod embedded;
mod entry;
mod error;
mod limits;
mod names;
mod node_status;
mod parameters;
mod pasted;
mod pattern;
mod request;
mod role;
pub mod service_urls;
mod suggest;
mod syntax;

pub use adhoc::{AdHoc, AdHocError, parse_endpoint, parse_host, parse_kind, parse_peer};
pub use auth_key::{AuthKey, AuthKeyError};
pub use cloud::infer_cloud;
pub use concrete::{Concrete, MissingName, ORDER_STEP, UntestablePattern, concrete};
pub use draft::{DraftEndpoint, DraftError, ListDraft, SCHEMA_FILE};
pub use embedded::{EmbeddedList, UnknownList, embedded, find, newest_source};
pub use entry::{EndpointList, ListEntry, default_port};
pub use error::{ListError, ListErrors, ListProblem, TextPosition};
pub use limits::MAX_INPUT_BYTES;
pub use parameters::{ParameterError, Parameters, region};
pub use pasted::PastedError;
pub use pattern::{HostPattern, PatternError};
pub use request::{DiscoveredName, ENDPOINT, RequestError, RunRequest};
pub use service_urls::{ServiceUrl, ServiceUrls, ServiceUrlsError, UrlHost};
pub use suggest::nearest;
pub use syntax::parse;

pub use crate::model::Cloud;
