//! Integration tests: one binary, one module a subject.

mod azure;
mod cli;
mod contract;
mod diagnosis;
mod dns;
mod golden;
#[cfg(target_os = "linux")]
mod lab;
mod loopback;
mod proxied;
mod scene;
mod stages;
mod tidy;
