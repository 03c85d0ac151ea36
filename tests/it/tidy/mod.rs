//! Conventions as failing checks. Sources are read by `syn`, as the compiler reads them, and each
//! law is shown here to fail on a small source that breaks it.

mod comments;
mod errors;
mod files;
mod names;
mod rooms;
mod source;
mod windows_code;

/// Fails with every place that breaks a law.
#[track_caller]
fn holds(law: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{law}:\n{}", broken.join("\n"));
}
