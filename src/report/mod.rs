//! Verdicts to bytes: table, JSON, JSON Lines. Pure.

mod assemble;
pub mod json;
