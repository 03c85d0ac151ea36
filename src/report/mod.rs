//! Verdicts to reports ([`assemble`]), and reports to bytes: table, JSON, JSON Lines, HTML; reports
//! compared and put side by side. Pure.

mod assemble;
pub mod change_request;
pub(crate) mod command;
pub mod commonmark;
pub mod diff;
pub mod explanation;
mod guarded;
pub mod handout;
pub mod html;
pub mod json;
pub mod merge;
pub mod resolve;
mod route;
#[cfg(test)]
mod sample;
pub mod sarif;
mod step_words;
mod terminal;
mod verdict_line;
mod wording;

pub use assemble::assemble;
pub use guarded::Guarded;
pub use terminal::{Style, table, verbose};
