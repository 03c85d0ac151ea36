//! Azure's service tags: Microsoft's weekly file, the question "which tags hold this address",
//! what changed between two files, and the snapshots that the program carries. Pure.

mod diff;
mod file;
mod index;
mod ranges;
mod regions;
mod snapshot;

pub use diff::{TagChange, TagsDiff, diff};
pub use file::{Coverage, ServiceTag, ServiceTags, TagFileError};
pub use index::TagId;
pub use ranges::AzureRanges;
pub use regions::regions;
pub use snapshot::{Snapshot, SnapshotError};
