//! Verdicts to bytes: table, JSON, JSON Lines; and JSON reports read back and compared. Pure.

mod assemble;
pub mod diff;
pub mod json;
pub mod merge;
pub mod resolve;
mod route;
#[cfg(test)]
mod sample;
mod terminal;

pub use crate::saved;
pub use terminal::{Style, table};
