//! Integration tests: one binary, one module a subject.

mod cli;
mod contract;
mod diagnosis;
mod dns;
mod golden;
mod loopback;
mod scene;
mod stages;
mod tidy;
