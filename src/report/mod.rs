//! Verdicts to bytes: table, JSON, JSON Lines; and JSON reports read back and compared. Pure.

mod assemble;
pub(crate) mod command;
pub mod diff;
pub mod explanation;
mod guarded;
pub mod json;
pub mod merge;
pub mod resolve;
mod route;
#[cfg(test)]
mod sample;
mod terminal;

pub use guarded::Guarded;
pub use terminal::{Style, table, verbose};
