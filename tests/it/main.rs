//! Integration tests: one binary, one module a subject.

#[cfg(target_os = "linux")]
mod lab;
mod loopback;
mod stages;
mod tidy;
