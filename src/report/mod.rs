//! Verdicts to reports ([`assemble`]), and reports to bytes: table, JSON, JSON Lines, Markdown,
//! HTML, CSV, JUnit, SARIF, Prometheus' text; reports compared and put side by side; pages of
//! what is no report ([`handout`], [`agent_status`], [`self_test`]). Pure.

pub mod agent_status;
mod assemble;
mod beside_rules;
pub mod bundle;
pub mod change_request;
pub(crate) mod command;
pub mod csv;
pub mod diff;
mod exit;
pub mod explanation;
mod guarded;
pub mod handout;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod merge;
pub mod metrics;
mod only_owners;
pub mod prometheus;
pub mod resolve;
mod route;
#[cfg(test)]
mod sample;
pub mod sarif;
pub mod self_test;
mod step_words;
mod terminal;
mod test_commands;
mod verdict_line;
mod wording;

pub use assemble::assemble;
pub use exit::exit;
pub use guarded::Guarded;
pub use only_owners::{Narrowed, left_out, narrowed, only_owners};
pub use terminal::{Style, table, table_of_owners, verbose};
