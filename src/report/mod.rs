//! Verdicts to bytes: table, JSON, JSON Lines. Pure.

mod assemble;
pub mod json;
pub mod resolve;
mod route;
#[cfg(test)]
mod sample;
mod terminal;

pub use terminal::{Style, table};
