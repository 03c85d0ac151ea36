//! Verdicts to reports ([`assemble`]), and reports to bytes: table, JSON, JSON Lines; reports
//! compared and put side by side. Pure.

mod assemble;
pub(crate) mod command;
pub mod commonmark;
pub mod diff;
pub mod explanation;
mod guarded;
pub mod json;
pub mod merge;
pub mod resolve;
mod route;
#[cfg(test)]
mod sample;
pub mod sarif;
mod terminal;

pub use assemble::assemble;
pub use guarded::Guarded;
pub use terminal::{Style, table, verbose};
