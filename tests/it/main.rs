//! Integration tests: one binary, one module a subject.

mod contract;
mod diagnosis;
mod golden;
mod scene;
