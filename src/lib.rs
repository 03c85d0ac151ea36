//! `pathproof`: a network path probe and endpoint allowlist verifier for hosts that run Azure's
//! self-hosted integration runtime.

pub mod archive;
pub mod cli;
pub mod diagnose;
pub mod list;
pub mod model;
pub mod plan;
pub mod probe;
pub mod report;
pub mod route;
pub mod tags;
pub mod wire;
