//! Azure's service tags: Microsoft's weekly file, the question "which tags hold this address",
//! and what changed between two files.

mod diff;
mod file;
mod index;

pub use diff::{TagChange, TagsDiff, diff};
pub use file::{Coverage, ServiceTag, ServiceTags, TagFileError};
pub use index::TagId;
