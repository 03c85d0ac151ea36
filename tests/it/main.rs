//! Integration tests: one binary, one module a subject.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests start the program and serve what it asks"
)]

mod azure;
mod cli;
mod configuration;
mod contract;
mod demo;
#[cfg(target_os = "linux")]
mod deploy;
mod diagnosis;
mod dns;
mod docs;
#[cfg(target_os = "linux")]
mod emission;
mod example;
#[cfg(target_os = "linux")]
mod exporter;
mod fleet;
mod follow_ups;
#[cfg(target_os = "linux")]
mod formats;
mod fuzz;
mod golden;
mod hostile;
mod html;
#[cfg(target_os = "linux")]
mod lab;
mod loopback;
mod packages;
mod proxied;
mod redaction;
mod sarif;
mod scene;
mod schema;
#[cfg(target_os = "linux")]
mod shell;
mod sign_in;
mod stages;
mod tidy;
