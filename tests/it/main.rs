//! Integration tests: one binary, one module a subject.

mod loopback;
mod stages;
mod tidy;
